"""The sorting use case: from a folder and headshots to verdicts in the catalog and matches on disk."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sortclient.album import Album
from sortclient.catalog import Catalog
from sortclient.comparer import Compared, Comparer, Event, Identified, Rejected, Request, Uploaded, Waiting
from sortclient.errors import InputError
from sortclient.files import Stock
from sortclient.headshots import Reference, check_faces, prepare_headshots
from sortclient.intake import take_in
from sortclient.model import Headshot
from sortclient.photos.selection import EVERYTHING, Selection
from sortclient.progress import Progress


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


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run will do at most. The folder is known; nothing was sent, and the album's people are as before."""

    album: Album
    headshots: Sequence[Headshot]  # of the order
    fresh: Sequence[Headshot]  # those of them that nobody has looked at for a face
    stock: Stock
    size: int  # bytes of the files that may have to be uploaded
    other_photos: int  # in the cloud and not in the folder: new headshots are compared with them, too
    other_headshots: int  # in the cloud and of nobody in the album: new photos are compared with them, too
    again: int  # comparisons of photos that have to be sent again: as new ones, with every headshot

    @property
    def photos(self) -> int:
        """That may have to be uploaded."""
        return self.stock.unread + self.stock.lacking

    @property
    def comparisons(self) -> int:
        """That may be made, and charged."""
        here = self.stock.comparisons + self.again
        return here + self.other_photos * len(self.fresh) + self.other_headshots * self.photos


class Place(Protocol):
    """What is asked of a comparer before a run."""

    @property
    def place(self) -> str: ...

    @property
    def engine(self) -> str: ...

    def other_photos(self, album: str, known: Collection[bytes]) -> int: ...

    def other_headshots(self, album: str, people: Collection[str]) -> int: ...

    def to_send(self, album: str, photos: Collection[bytes]) -> Collection[bytes]: ...


def plan(order: Order, catalog: Catalog, where: Place, progress: Progress) -> Plan:
    """Scan the folder into the catalog, and count what the order asks for there. Bad headshots are InputErrors."""
    headshots = prepare_headshots(order.references)
    known = catalog.find_album(order.album)
    standing = {shot.digest: shot.person for shot in known.headshots()} if known else {}
    if not (headshots or standing):
        raise InputError("Whom to look for? Give a headshot with --ref FILE or --ref NAME=FILE.")
    for shot in headshots:
        if standing.get(shot.digest, shot.person) != shot.person:
            other = standing[shot.digest]
            raise InputError(
                f"Headshot {shot.source} is {other}'s in album '{order.album}' already. "
                f"Write --ref '{other}={shot.source}', or name another album with --album."
            )
    album = catalog.open_album(order.album, order.folder, where.place, moved=order.moved)
    take_in(order.folder, order.selection, album, progress)
    with album.supposing():
        enlist(album, headshots, where.engine)
        stock = album.stock()
        size = sum(candidate.file.size for candidate in album.candidates()) if stock.comparisons else 0
        people = {shot.person for shot in album.headshots()}
        partly = dict(album.partly_compared()) if stock.lacking else {}
    fresh = [shot for shot in headshots if shot.digest not in standing]
    progress.stage("listing what the album has elsewhere")
    other_photos = where.other_photos(album.name, album.digests()) if fresh else 0
    other_headshots = where.other_headshots(album.name, people) if stock.comparisons else 0
    again = sum(partly[photo] for photo in where.to_send(album.name, partly.keys())) if partly else 0
    return Plan(album, headshots, fresh, stock, size, other_photos, other_headshots, again)


def begin(order: Order, planned: Plan, comparer: Comparer, progress: Progress) -> None:
    """Give the album its people as ordered, once each new headshot shows a face; one without is an InputError.

    A person named in the order has the headshots of the order from now on; the album's other people stay.
    """
    check_faces(progress.counting(planned.fresh, "headshots", len(planned.fresh)), comparer, progress.tell)
    enlist(planned.album, planned.headshots, comparer.engine)
    if order.threshold is not None:
        planned.album.set_threshold(order.threshold)
    planned.album.save()


def enlist(album: Album, headshots: Sequence[Headshot], engine: str) -> None:
    """From now on these are the headshots of their people; cells that are not worth keeping become missing ones."""
    by_person: dict[str, list[Headshot]] = {}
    for shot in headshots:
        by_person.setdefault(shot.person, []).append(shot)
    for person, shots in by_person.items():
        album.set_headshots(person, shots)
    album.forget_failed()
    album.forget_other_engines(engine)


def compare(order: Order, planned: Plan, comparer: Comparer, progress: Progress) -> None:
    """Let the comparer do what is missing and record what it yields. Stopped early, all that was recorded stays."""
    album = planned.album
    headshots = album.headshots()
    request = Request(
        album=album.name,
        threshold=album.threshold,
        headshots=headshots,
        candidates=album.candidates,
        missing=lambda digest: album.missing(digest, headshots),
        originals=order.originals,
        wait=order.wait,
    )
    recorder = _Recorder(album, progress, {shot.digest: shot.person for shot in headshots})
    progress.comparing(planned.stock.comparisons)
    with closing(comparer.compare(request)) as events:
        for event in events:
            recorder.take(event)
            album.save()
            progress.show()


class _Recorder:
    """Writes events into the catalog and counts them for the progress."""

    def __init__(self, album: Album, progress: Progress, people: dict[str, str]) -> None:
        self._album, self._progress, self._people = album, progress, people
        self._matched: set[tuple[str, bytes]] = set()

    def take(self, event: Event) -> None:
        progress = self._progress
        progress.waiting = ""
        match event:
            case Identified(file, digest):
                self._album.identified(file.path, digest)
                progress.identified += 1
            case Rejected(file, rejection):
                self._album.rejected(file.path, rejection)
                progress.identified += 1
                progress.total -= len(self._people)
            case Uploaded(size=size):
                progress.uploaded += 1
                progress.sent += size
            case Compared(comparison):
                self._album.record(comparison)
                progress.compared += 1
                if comparison.similarity is not None and comparison.similarity >= self._album.threshold:
                    self._matched.add((self._people.get(comparison.headshot, ""), bytes.fromhex(comparison.photo)))
                    progress.matches = len(self._matched)
            case Waiting(detail):
                progress.waiting = detail
