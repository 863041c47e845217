"""What a person decides after comparing, and what follows from it: thresholds, corrections, and the cloud's matches."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from photosort.comparison import Correction, later_than
from sortclient.album import Album
from sortclient.comparer import THIS_MACHINE, Decided, Elsewhere
from sortclient.errors import InputError
from sortclient.model import Entry
from sortclient.names import check_person
from sortclient.photos.scan import printable
from sortclient.verdicts import Decider, matches


def check_threshold(threshold: float) -> float:
    """As the table can hold it, or an InputError."""
    if math.isnan(threshold) or not 0 <= threshold <= 100:  # the option's own bounds let NaN through
        raise InputError(f"--threshold {threshold:g}: name a number from 0 to 100.")
    return round(threshold, 4)


def set_threshold(album: Album, threshold: float | None, person: str | None = None) -> None:
    """Of the album, or of one person, who has the album's again with None. Verdicts follow: cells hold similarities."""
    if threshold is not None:
        album.set_threshold(threshold, person)
    elif person is not None:
        album.drop_threshold(person)
    album.save()


def own_thresholds(album: Album) -> str:
    """What to say where the album's threshold was set: whose verdicts do not follow it. Empty where all do."""
    people, own = album.people(), album.thresholds.people
    theirs = ", ".join(f"{person} ({own[person]:g})" for person in people if person in own)
    undo = "`sortclient tune --person NAME --reset` takes one back"
    return theirs and f"With thresholds of their own, as before: {theirs}. {undo}."


def correct(album: Album, photos: Sequence[str], person: str, is_person: bool | None) -> list[Entry]:
    """What is said of these photos and the person holds from now on, for their bytes; None takes it back.

    Raises InputError, and then nothing has changed, for a person or a file that the album has not.
    """
    person = check_person(album, person)
    entries = [_photo(album, text) for text in photos]
    earlier = {(said.person, said.photo): said.at for said in album.corrections()}
    album.correct(
        Correction(person, entry.digest, is_person, later_than(earlier.get((person, entry.digest), "")))
        for entry in entries
        if entry.digest is not None
    )
    album.save()
    return entries


def hear(album: Album, elsewhere: Elsewhere) -> None:
    """Take over what was said on other machines, where it was said later than what stands here.

    Thresholds of the same time are the cloud's: only a person's name may have changed there, or gone.
    """
    thresholds = elsewhere.thresholds(album.name)
    if thresholds is not None and thresholds.at >= album.thresholds.at:
        album.set_thresholds(thresholds)
    album.correct(elsewhere.corrections(album.name))
    album.save()


def settle(album: Album, elsewhere: Elsewhere) -> None:
    """Make `matches/` and what else the cloud keeps follow, where anything was decided or compared since it last did.

    A digest says so. What is compared the pipeline puts there by itself, but by the thresholds of that moment, and it
    knows no corrections: a cell that comes after a decision may have been compared before it. What was said of people
    whom the album has no longer stays here.
    """
    if elsewhere.place == THIS_MACHINE:
        return
    decider = Decider(album)
    corrections = [said for said in album.corrections() if said.person in decider.people]
    parts = decider.thresholds, sorted(decider.people.items()), corrections, album.compared
    decided = hashlib.sha256(repr(parts).encode()).hexdigest()
    if decided == album.settled:
        return
    elsewhere.decide(
        album.name,
        Decided(
            decider.thresholds,
            corrections,
            _matched(album),
            lambda person, photo: decider.is_refuted(person, photo.hex()),
        ),
    )
    album.set_settled(decided)
    album.save()


def _matched(album: Album) -> Mapping[str, Collection[bytes]]:
    matched: dict[str, set[bytes]] = {}
    for verdict in matches(album):
        assert verdict.entry.digest is not None  # noqa: S101 (a match has been read)
        matched.setdefault(verdict.person, set()).add(bytes.fromhex(verdict.entry.digest))
    return matched


def _photo(album: Album, text: str) -> Entry:
    """The photo that ``text`` names: its path in the album, its file, or a copy of it that a sync made."""
    entry = album.entry(printable(text)) or _entry_of_file(album, Path(text).expanduser())
    if entry is None:
        raise InputError(
            f"Album '{album.name}' has no photo {printable(text)}. Name it as `sortclient results --every` does."
        )
    if entry.digest is None:
        why = entry.detail or entry.outcome or "it was not read yet"
        raise InputError(f"{entry.path} cannot be corrected: {why}. Only photos that were read show anybody.")
    return entry


def _entry_of_file(album: Album, file: Path) -> Entry | None:
    file = file.parent.resolve() / file.name  # the link itself, where it is one
    if album.folder is not None and file.is_relative_to(album.folder):
        return album.entry(printable(file.relative_to(album.folder).as_posix()))
    for out in album.outs():
        if file.is_relative_to(out):
            target = file.relative_to(out).as_posix()
            copies = album.synced(out).items()
            return next((album.entry(path) for (_, path), copy in copies if copy.target == target), None)
    return None
