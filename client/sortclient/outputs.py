"""How a folder of matches is filled: what is said now, else how it was filled last, else the defaults."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sortclient.album import Album
from sortclient.errors import InputError
from sortclient.layout import DEFAULT_LAYOUT, DEFAULT_OUT, check_layout, check_out
from sortclient.model import Link
from sortclient.question import MATCHES, Question, from_text, to_text


@dataclass(frozen=True, slots=True)
class Output:
    """Where copies go, how, and of which photos."""

    out: Path
    layout: str = DEFAULT_LAYOUT
    link: Link = Link.COPY
    xmp: bool = False  # a sidecar beside each copy names the people in it
    question: Question = MATCHES


@dataclass(frozen=True, slots=True)
class OutputWish:
    """What a person says of it; None: as it was the last time."""

    out: Path | None = None
    layout: str | None = None
    link: Link | None = None
    xmp: bool | None = None
    question: Question = MATCHES

    def check(self, folder: Path | None) -> None:
        """Refuse what is wrong whatever the album, before the work begins."""
        if self.layout is not None:
            check_layout(self.layout)
        if self.out is not None:
            check_out(self.out, folder)


def output_of(album: Album, wish: OutputWish) -> Output:
    """Raises InputError where the folder cannot be one of matches, or holds the answer to another question.

    A folder answers one question: filling it by another one would take away what the first had put there.
    """
    if wish.question != MATCHES and wish.out is None:
        raise InputError(f"The photos of {wish.question} need a folder of their own: name it with --out.")
    out = check_out(wish.out or album.out or DEFAULT_OUT, album.folder)
    before = _remembered(album, out) or Output(out, question=wish.question)
    if before.question != wish.question:
        holds = str(before.question) or "the matches"
        raise InputError(f"{out} holds the photos of {holds}. Name another folder with --out.")
    return Output(
        out,
        check_layout(wish.layout or before.layout),
        wish.link or before.link,
        before.xmp if wish.xmp is None else wish.xmp,
        wish.question,
    )


def remember(album: Album, output: Output) -> None:
    """A folder of everybody's matches is also where they go next time."""
    album.put_output(output.out, output.layout, output.link, output.xmp, to_text(output.question))
    if output.question == MATCHES:
        album.set_out(output.out)


def outputs(album: Album) -> list[Output]:
    """Every folder that holds copies of the album, as it was filled last; one that a stopped sync began by default."""
    return [_remembered(album, out) or Output(out) for out in album.outs()]


def _remembered(album: Album, out: Path) -> Output | None:
    row = album.output(out)
    if row is None:
        return None
    layout, link, xmp, question = row
    return Output(out, layout, link, xmp, from_text(question))
