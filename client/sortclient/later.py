"""What comes after a run: sync, status and results of an album that is known already."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from photosort.comparison import DEFAULT_THRESHOLD
from sortclient.album import Album
from sortclient.catalog import Catalog
from sortclient.errors import InputError
from sortclient.layout import stays_inside
from sortclient.ledger import count, counted, row, summary, write_csv, write_json
from sortclient.model import Headshot
from sortclient.progress import Progress
from sortclient.run import EXIT_UNSETTLED, bring
from sortclient.sync import Fetch
from sortclient.verdicts import matches, verdicts

if TYPE_CHECKING:
    from sortclient.aws.comparer import AwsComparer
    from sortclient.aws.queues import Backlog


def catch_up(catalog: Catalog, comparer: AwsComparer, name: str | None, known: Album | None) -> Album:
    """Bring the catalog up to what the cloud knows of the album; an album of another machine is taken over whole."""
    if known is None:
        albums = comparer.objects.albums()
        if name is None or name not in albums:
            raise InputError(f"There is no album '{name or ''}'. In the cloud: {', '.join(albums) or 'none'}.")
        known = catalog.open_album(name, None, comparer.place)
    elif known.place != comparer.place:
        raise InputError(
            f"Album '{known.name}' is in {known.place}, and this is {comparer.place}. "
            "Name its stack with --stack, --region or --profile."
        )
    else:
        known = catalog.open_album(known.name, None, comparer.place)
    with Progress() as progress:
        if known.folder is None:
            _adopt(comparer, known, progress)
        else:
            found = comparer.cells.read(known.name, _unsettled_cells(known))
            for comparison in progress.counting(found, "reading comparisons"):
                known.record(comparison)
                known.save()
    known.save()
    return known


def _adopt(comparer: AwsComparer, album: Album, progress: Progress) -> None:
    people: dict[str, list[Headshot]] = {}
    for shot in comparer.objects.people(album.name):
        people.setdefault(shot.person, []).append(Headshot(shot.person, shot.digest, "", b""))
    for person in people.keys() | {shot.person for shot in album.headshots()}:
        album.set_headshots(person, people.get(person, []))
    photos = set()
    for comparison in progress.counting(comparer.cells.all(album.name), "reading comparisons"):
        album.record(comparison)
        album.save()
        photos.add(comparison.photo)
    named = progress.counting(comparer.objects.photo_names(album.name, photos), "reading names", len(photos))
    # Whoever may write to the bucket chose these paths.
    album.adopt(
        [(digest, path if stays_inside(path) and path.isprintable() else f"{digest}.jpg") for digest, path in named]
    )
    threshold = comparer.cells.threshold(album.name)
    album.set_threshold(DEFAULT_THRESHOLD if threshold is None else threshold)


def _unsettled_cells(album: Album) -> Iterator[tuple[str, str]]:
    """(headshot, photo) of the cells that are missing or failed."""
    album.forget_failed()
    album.save()
    headshots = album.headshots()
    for candidate in album.candidates():
        if candidate.digest is not None:
            for headshot in album.missing(candidate.digest, headshots):
                yield headshot, candidate.digest


def synchronise(album: Album, out: Path | None, layout: str | None, fetch: Fetch | None) -> int:
    with Progress() as progress:
        incomplete = bring(album, out, layout, fetch, progress)
        unsettled = count(verdicts(album)).unsettled
        if unsettled:
            progress.tell(f"{counted(unsettled, 'verdict')} failed or pending; `sortclient status` counts each.")
    return EXIT_UNSETTLED if incomplete or unsettled else 0


def show_status(album: Album, backlog: Backlog | None) -> int:
    tally = count(verdicts(album))
    sys.stdout.write(f"Album {album.name}: {album.folder or 'in the cloud'}, threshold {album.threshold:g}\n")
    sys.stdout.writelines(f"{line}\n" for line in summary(tally))
    if backlog is not None:
        sys.stdout.write(
            f"Waiting in the cloud: {backlog.compare} to compare, {backlog.enroll} headshots, "
            f"{backlog.dead_letters} dead letters\n"
        )
    return EXIT_UNSETTLED if tally.unsettled else 0


def show_results(album: Album, form: str, *, every: bool) -> None:
    """Matches (or every row of the ledger) on stdout."""
    rows = verdicts(album) if every else matches(album)
    if form == "csv":
        write_csv(rows, sys.stdout)
    elif form == "json":
        write_json(rows, sys.stdout)
    else:
        for verdict in rows:
            cells = row(verdict)
            similarity = "" if cells["similarity"] is None else f"{cells['similarity']:.1f}"
            sys.stdout.write(
                f"{similarity:>6}  {verdict.outcome:<11}  {verdict.person:<16}  {cells['photo']}"
                f"{'  (' + verdict.detail + ')' if verdict.detail else ''}\n"
            )
