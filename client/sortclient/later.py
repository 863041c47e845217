"""What comes after a run, of an album that is known already: catching up with the cloud, and syncing."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from photosort.comparison import Comparison
from sortclient.album import Album
from sortclient.catalog import Catalog
from sortclient.comparer import THIS_MACHINE, Elsewhere
from sortclient.deciding import hear, settle
from sortclient.errors import InputError
from sortclient.filling import Fetch
from sortclient.layout import stays_inside
from sortclient.ledger import count, counted, write_ledger
from sortclient.model import Entry, Headshot
from sortclient.names import nearest
from sortclient.outputs import OutputWish, output_of
from sortclient.people import rename_here
from sortclient.progress import Progress
from sortclient.question import MATCHES, undated
from sortclient.run import EXIT_UNSETTLED, bring
from sortclient.status import retry_of
from sortclient.verdicts import verdicts

if TYPE_CHECKING:
    from sortclient.aws.comparer import AwsComparer


# Cells that are read by key, 100 at a time, in some seconds.
_FEW = 10_000


def catch_up(
    catalog: Catalog, comparer: AwsComparer, name: str | None, known: Album | None, *, roughly: bool = False
) -> Album:
    """Bring the catalog up to what the cloud knows of the album; an album of another machine is taken over whole.

    What has come lately is read in its order, thousands of cells at once. What is missing then is read by key, which
    decides, but takes minutes for a million: ``roughly`` leaves out more than a few.
    """
    if known is None:
        albums = comparer.objects.albums()
        if name is None or name not in albums:
            raise InputError(f"There is no album '{name or ''}' in the cloud. {nearest(name or '', albums)}")
        known = catalog.open_album(name, None, comparer.place)
    else:
        check_place(known, comparer)
        known = catalog.open_album(known.name, None, comparer.place)
    with Progress() as progress:
        if known.folder is None:
            _adopt(comparer, known, progress, roughly=roughly)
        else:
            found = chain(_lately(comparer, known), _unsettled(comparer, known, _FEW if roughly else None))
            for comparison in progress.counting(found, "reading comparisons"):
                known.record(comparison)
                known.save()
    hear(known, comparer)
    return known


def check_place(album: Album, elsewhere: Elsewhere) -> None:
    if album.place != elsewhere.place:
        raise InputError(
            f"Album '{album.name}' is in {album.place}, and this is {elsewhere.place}. "
            "Name its stack with --stack, --region or --profile; if that is gone, `upload` the folder as an album of "
            "another name (--album)."
        )


def _adopt(comparer: AwsComparer, album: Album, progress: Progress, *, roughly: bool) -> None:
    """``roughly``: what has come since, while photos and cells that are gone stay."""
    people: dict[str, list[Headshot]] = {}
    for shot in comparer.objects.people(album.name):
        people.setdefault(shot.person, []).append(Headshot(shot.person, shot.digest, "", b""))
    _follow_renaming(album, people)
    for person in people.keys() | {shot.person for shot in album.headshots()}:
        album.set_headshots(person, people.get(person, []))
    photos, known = set(), album.digests() if roughly else set()
    found = comparer.came_since(album.name, album.newest() if roughly else "")
    for comparison in progress.counting(found, "reading comparisons"):
        album.record(comparison)
        album.save()
        if bytes.fromhex(comparison.photo) not in known:
            photos.add(comparison.photo)
    for digests in comparer.objects.photos(album.name):  # without those that wait for a cell all would look settled
        photos.update(digest for digest in digests if bytes.fromhex(digest) not in known)
    named = progress.counting(comparer.objects.photo_names(album.name, photos), "reading names", len(photos))
    # Whoever may write to the bucket chose these paths.
    safe = ((digest, path if stays_inside(path) and path.isprintable() else f"{digest}.jpg") for digest, path in named)
    album.adopt(list(safe), besides=roughly)


def _follow_renaming(album: Album, people: Mapping[str, Sequence[Headshot]]) -> None:
    """Who is gone from ``people``, and whose headshots are all a newcomer's, has another name now, or the copies of
    the old one would stay for ever. Who is gone otherwise may have expired there.
    """
    before: dict[str, set[str]] = {}
    for shot in album.headshots():
        before.setdefault(shot.person, set()).add(shot.digest)
    newcomers = {name: {shot.digest for shot in shots} for name, shots in people.items() if name not in before}
    for person in before.keys() - people.keys():
        names = [name for name, digests in newcomers.items() if before[person] <= digests]
        if len(names) == 1:
            del newcomers[names[0]]
            rename_here(album, person, names[0])


def _lately(comparer: AwsComparer, album: Album) -> Iterator[Comparison]:
    """The album's cells since the latest that it has. Those of photos or headshots that it has not are others'."""
    if not _open(album):
        return
    photos, headshots = album.digests(), {shot.digest for shot in album.headshots()}
    for comparison in comparer.came_since(album.name, album.newest()):
        if comparison.headshot in headshots and bytes.fromhex(comparison.photo) in photos:
            yield comparison


def _unsettled(comparer: AwsComparer, album: Album, most: int | None) -> Iterator[Comparison]:
    """What stands in the cloud of the cells that are missing or failed; nothing where these are more than ``most``."""
    if most is not None and _open(album) > most:
        return
    album.forget_failed()
    album.save()
    yield from comparer.cells.read(album.name, _unsettled_cells(album))


def _open(album: Album) -> int:
    """How many cells are missing or failed."""
    return album.lacking() + sum(number for _, number in album.failures())


def _unsettled_cells(album: Album) -> Iterator[tuple[str, str]]:
    """(headshot, photo) of the cells that are missing."""
    headshots = album.headshots()
    for candidate in album.candidates():
        if candidate.digest is not None:
            for headshot in album.missing(candidate.digest, headshots):
                yield headshot, candidate.digest


def synchronise(
    album: Album, elsewhere: Elsewhere, wish: OutputWish, fetch: Fetch | None, ledger: Path | None = None
) -> int:
    """Make what the cloud keeps and what stands on disk follow the verdicts; returns the exit status."""
    output = output_of(album, wish)
    with Progress() as progress:
        settle(album, elsewhere)
        incomplete = bring(album, output, fetch, progress)
        if ledger is not None:
            rows = verdicts(album) if output.question == MATCHES else chain.from_iterable(output.question.photos(album))
            write_ledger(rows, ledger)
        if line := undated(album, output.question):
            progress.tell(line)
        unsettled = count(verdicts(album)).unsettled
        if unsettled:
            progress.tell(
                f"{counted(unsettled, 'verdict')} failed or pending; `sortclient status {shlex.quote(album.name)}` "
                f"counts each, {retry_of(album)} asks for them again."
            )
    return EXIT_UNSETTLED if incomplete or unsettled else 0


def after_correction(album: Album, corrected: Sequence[Entry]) -> int:
    """Bring what stands on disk up to date, from what this machine has: to correct needs no network."""
    with Progress() as progress:
        names = sum(len(album.entries_of(digest)) for digest in {entry.digest for entry in corrected if entry.digest})
        progress.tell(f"Said of {counted(names, 'photo')}; the same bytes under other names count with them.")
        incomplete = album.out is not None and bring(album, output_of(album, OutputWish()), None, progress)
        if album.place != THIS_MACHINE:
            progress.tell(f"The cloud follows with the next `sortclient sync {album.name}`, or the next upload.")
    return EXIT_UNSETTLED if incomplete else 0
