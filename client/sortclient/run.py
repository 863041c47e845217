"""A run of `sort` or `upload`, from the order to the exit status: what a person is told, asked and left with."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from photosort.keys import BadName, check_name
from sortclient.album import Album
from sortclient.catalog import Catalog, open_catalog
from sortclient.comparer import Comparer
from sortclient.errors import InputError, SortError
from sortclient.headshots import parse_reference
from sortclient.layout import DEFAULT_LAYOUT, DEFAULT_OUT, check_layout, check_out
from sortclient.ledger import check_ledger_file, count, counted, summary, write_ledger
from sortclient.prices import ASK_ABOVE_USD, quote
from sortclient.progress import Progress
from sortclient.sorting import Order, compare, open_album, take_stock
from sortclient.sync import Fetch, Synchronised, sync
from sortclient.verdicts import verdicts

EXIT_UNSETTLED = 3


def order_of(
    folder: Path,
    references: Sequence[str],
    album: str | None,
    threshold: float | None,
    *,
    originals: bool = False,
    wait: bool = True,
) -> Order:
    """The order in the words of the design, or an InputError."""
    folder = folder.expanduser().resolve()
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder. Name the folder with the photos.")
    try:
        name = check_name(album or folder.name)
    except BadName as error:
        raise InputError(f"Album {error}. Give it a name with --album.") from error
    return Order(folder, [parse_reference(text) for text in references], name, threshold, originals, wait)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What should come of a run besides verdicts; checked before the work begins."""

    out: Path | None
    layout: str | None
    ledger: Path | None
    yes: bool  # nobody is asked about the price
    emulated: bool  # there is none

    @classmethod
    def checked(
        cls,
        order: Order,
        out: Path | None,
        layout: str | None,
        ledger: Path | None,
        *,
        yes: bool = False,
        emulated: bool = False,
    ) -> Wishes:
        if ledger is not None:
            check_ledger_file(ledger)
        if layout is not None:
            check_layout(layout)
        check_out(out or DEFAULT_OUT, order.folder)
        return cls(out, layout, ledger, yes, emulated)


def run(order: Order, wishes: Wishes, comparer: Comparer, fetch: Fetch | None = None) -> int:
    """Do the whole job; returns the exit status."""
    with open_catalog() as catalog, Progress() as progress:
        if not order.references and not _has_people(catalog, order):
            raise InputError("Whom to look for? Give a headshot with --ref FILE or --ref NAME=FILE.")
        album = open_album(order, catalog, comparer, progress)
        total = take_stock(order, album, progress).comparisons
        if comparer.calls_cost_money and not wishes.emulated:
            _agree(total, progress, yes=wishes.yes)
        compare(order, album, comparer, progress, total)
        return finish(album, wishes, progress, fetch)


def finish(album: Album, wishes: Wishes, progress: Progress, fetch: Fetch | None) -> int:
    """Ledger, matches on disk, summary."""
    if wishes.ledger is not None:
        write_ledger(verdicts(album), wishes.ledger)
    out, layout = output_of(album, wishes.out, wishes.layout)
    done = sync(album, out, layout, fetch)
    tally = count(verdicts(album))
    for line in (*summary(tally), synchronised(out, done)):
        progress.tell(line)
    if tally.unsettled or done.missing:
        progress.tell(
            "Some comparisons failed or are pending. The same command asks for them again; "
            "`sortclient sync` brings what has come meanwhile."
        )
        return EXIT_UNSETTLED
    return 0


def output_of(album: Album, out: Path | None, layout: str | None) -> tuple[Path, str]:
    """Where matches go: what is said now, else where they went last time, else the default."""
    return (
        check_out(out or album.out or DEFAULT_OUT, album.folder),
        check_layout(layout or album.layout or DEFAULT_LAYOUT),
    )


def synchronised(out: Path, done: Synchronised) -> str:
    """One line about a sync."""
    parts = [
        f"{counted(done.standing + done.added, 'match', 'matches')} in {out} ({done.added} new, {done.removed} removed)"
    ]
    if done.copies:
        parts.append(f"{done.copies} are the cloud's smaller copies, as the originals have changed or are elsewhere")
    if done.kept:
        parts.append(f"{done.kept} were changed by somebody and stay, though they match no more")
    if done.orphaned:
        parts.append(f"{done.orphaned} stay though their photos have left the folder")
    if done.missing:
        parts.append(f"{done.missing} could not be copied, as the photos have changed or are gone")
    return "; ".join(parts)


def _has_people(catalog: Catalog, order: Order) -> bool:
    known = catalog.find_album(order.album)
    return known is not None and bool(known.headshots())


def _agree(comparisons: int, progress: Progress, *, yes: bool) -> None:
    """Say what the run can cost at most; above a dollar a person at a terminal is asked."""
    if not comparisons:
        return
    price = quote(comparisons)
    progress.tell(
        f"At most {counted(comparisons, 'comparison')}, {price:.2f} US$ at Rekognition's list price; "
        "`sortclient sort` is free."
    )
    if price <= ASK_ABOVE_USD or yes or not sys.stdin.isatty():
        return
    with progress.paused():
        sys.stderr.write("Go on? [y/N] ")
        sys.stderr.flush()
        answer = sys.stdin.readline().strip().lower()
    if answer not in ("y", "yes"):
        raise SortError("Nothing was sent.")
