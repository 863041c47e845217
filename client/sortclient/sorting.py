"""The sorting use case: from a folder and headshots to verdicts in the catalog and matches on disk."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from sortclient.album import Album
from sortclient.catalog import Catalog
from sortclient.comparer import THIS_MACHINE, Comparer, Elsewhere, Request
from sortclient.deciding import own_thresholds
from sortclient.errors import InputError
from sortclient.files import Stock
from sortclient.headshots import Reference, check_faces, prepare_headshots
from sortclient.intake import take_in
from sortclient.ledger import counted
from sortclient.model import Headshot
from sortclient.people import check_told_apart
from sortclient.photos.selection import EVERYTHING, Selection
from sortclient.progress import Progress
from sortclient.recording import Recorder


@dataclass(frozen=True, slots=True)
class Order:
    """What a person asks for. ``threshold`` None keeps the album's."""

    folder: Path  # absolute
    references: Sequence[Reference]
    album: str
    threshold: float | None = None
    originals: bool = False
    wait: bool = True
    selection: Selection = EVERYTHING
    moved: bool = False  # the album's folder was another one until now
    # The album as it is known: its folder is not looked through, a file that has changed is left alone, and headshots
    # come beside those that their people have.
    as_known: bool = False

    @property
    def is_retry(self) -> bool:
        """Whether nobody and nothing is new: failed and missing cells are all that can be asked for."""
        return self.as_known and not self.references


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run will do at most. The folder is known; nothing was sent, and the album's people are as before."""

    album: Album
    headshots: Sequence[Headshot]  # of the order
    fresh: Sequence[Headshot]  # those of them that nobody has looked at for a face
    stock: Stock
    photos: int  # that may have to be uploaded
    size: int  # bytes of their files
    other_photos: int  # in the cloud and not in the folder: new headshots are compared with them, too
    other_headshots: int  # in the cloud and of nobody in the album: new photos are compared with them, too

    @property
    def comparisons(self) -> int:
        """That may be made, and charged."""
        return self.stock.comparisons + self.other_photos * len(self.fresh) + self.other_headshots * self.photos

    @property
    def looks(self) -> int:
        """How often a comparer may be asked for faces: a chosen one is looked at again once it was cut out."""
        return sum(1 if shot.face is None else 2 for shot in self.fresh)


class Place(Elsewhere, Protocol):
    """What is asked of a comparer before a run."""

    @property
    def engine(self) -> str: ...


def plan(order: Order, catalog: Catalog, where: Place, progress: Progress) -> Plan:
    """Scan the folder into the catalog, and count what the order asks for there. Bad headshots are InputErrors."""
    headshots = prepare_headshots(order.references, progress.tell)
    known = catalog.find_album(order.album)
    standing = {shot.digest: shot for shot in known.headshots()} if known else {}
    if not (headshots or standing):
        raise InputError("Whom to look for? Give a headshot with --ref FILE or --ref NAME=FILE.")
    for shot in headshots:
        other = standing.get(shot.digest, shot).person
        if other != shot.person:
            raise InputError(
                f"Headshot {shot.source} is {other}'s in album '{order.album}' already. "
                f"Write --ref '{other}={shot.source}', or name another album with --album."
            )
    check_told_apart([shot.person for shot in headshots], {shot.person for shot in standing.values()})
    headshots = [_as_it_stands(shot, standing) for shot in headshots]
    album = catalog.open_album(order.album, order.folder, where.place, moved=order.moved)
    if not order.as_known:
        take_in(order.folder, order.selection, album, progress)
    with album.supposing():
        enlist(order, album, headshots, where.engine)
        stock = album.stock()
        unread, lacking = _to_send(album) if stock.comparisons else (0, {})
        people = {shot.person for shot in album.headshots()}
    fresh = [shot for shot in headshots if shot.digest not in standing or shot.face]
    progress.stage("listing what the album has elsewhere")
    there = where.photos(album.name) if fresh or stock.comparisons else {}
    sent = {digest: size for digest, size in lacking.items() if not there.get(digest)}
    other_headshots = where.other_headshots(album.name, people) if stock.comparisons else 0
    return Plan(
        album,
        headshots,
        fresh,
        stock,
        photos=stock.unread + len(sent),
        size=unread + sum(sent.values()),
        other_photos=len(there.keys() - album.digests()) if fresh else 0,
        other_headshots=other_headshots,
    )


def _to_send(album: Album) -> tuple[int, dict[bytes, int]]:
    """Bytes of the files that are unread, and by digest those of each photo that lacks a cell."""
    unread, lacking = 0, {}
    for candidate in album.candidates():
        if candidate.digest is None:
            unread += candidate.file.size
        else:
            lacking[bytes.fromhex(candidate.digest)] = candidate.file.size
    return unread, lacking


def _as_it_stands(shot: Headshot, standing: Mapping[str, Headshot]) -> Headshot:
    """With the content that travelled before: a face that is known to be cut out there is not cut out again."""
    known = standing.get(shot.digest)
    return replace(known, source=shot.source) if known and known.content else shot


def begin(order: Order, planned: Plan, comparer: Comparer, progress: Progress) -> None:
    """Give the album its people as ordered, once each new headshot shows a face; one without is an InputError.

    A person named in the order has the headshots of the order from now on (of `as_known` those before, too); others
    stay.
    """
    looked_at = [shot for shot in planned.headshots if shot not in planned.fresh]
    people = {shot.person for shot in (*looked_at, *(planned.album.headshots() if order.as_known else ()))}
    fresh = progress.counting(planned.fresh, "headshots", len(planned.fresh))
    checked = check_faces(fresh, comparer, progress.tell, people)
    before = planned.album.headshots()
    enlist(order, planned.album, [*looked_at, *checked], comparer.engine)
    for line in _replaced(before, planned.album.headshots()):
        progress.tell(line)
    if order.threshold is not None:
        planned.album.set_threshold(order.threshold)
        if line := own_thresholds(planned.album):
            progress.tell(line)
    planned.album.save()


def _replaced(before: Sequence[Headshot], now: Sequence[Headshot]) -> Iterator[str]:
    """A line for everybody who has lost headshots: a second `--ref` of a later run takes the place of the first."""
    standing = Counter(shot.person for shot in now)
    digests = {shot.digest for shot in now}
    for person, lost in Counter(shot.person for shot in before if shot.digest not in digests).items():
        yield (
            f"{person} has {counted(standing[person], 'headshot')} now; {lost} earlier "
            f"{'one counts' if lost == 1 else 'ones count'} no more. `sortclient people add` adds to them."
        )


def enlist(order: Order, album: Album, headshots: Sequence[Headshot], engine: str) -> None:
    """From now on the people have these headshots; cells that are not worth keeping become missing ones."""
    by_person: dict[str, dict[str, Headshot]] = {shot.person: {} for shot in headshots}
    for shot in [*headshots, *(album.headshots() if order.as_known else ())]:  # one may have no content there
        if shot.person in by_person:
            by_person[shot.person].setdefault(shot.digest, shot)
    for person, shots in by_person.items():
        album.set_headshots(person, list(shots.values()))
    album.forget_failed()
    album.forget_other_engines(engine)


def compare(order: Order, planned: Plan, comparer: Comparer, progress: Progress) -> None:
    """Let the comparer do what is missing and record what it yields. Stopped early, all that was recorded stays."""
    album = planned.album
    headshots = album.headshots()
    request = Request(
        album=album.name,
        thresholds=album.thresholds,
        headshots=headshots,
        candidates=album.candidates,
        missing=lambda digest: album.missing(digest, headshots),
        standing=lambda digest: album.verdicts_of(digest, headshots),
        originals=order.originals,
        wait=order.wait,
        as_known=order.as_known,
    )
    recorder = Recorder(album, progress, {shot.digest: shot.person for shot in headshots})
    progress.comparing(planned.stock.comparisons)
    with closing(comparer.compare(request)) as events:
        for event in events:
            recorder.take(event)
            album.save()
            progress.show()
    if recorder.changed:
        look = "sort" if comparer.place == THIS_MACHINE else "upload"
        command = shlex.join(["sortclient", look, str(order.folder), "--album", order.album])
        progress.tell(
            f"{counted(recorder.changed, 'file has', 'files have')} changed or cannot be read: nothing was asked for "
            f"there. `{command}` looks at the folder anew."
        )
