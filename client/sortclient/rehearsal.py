"""A dry run: what `sort` or `upload` would do at most, told on stdout. Nothing is sent, nothing on disk changes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from sortclient.album import Album
from sortclient.catalog import Catalog, rehearse
from sortclient.comparer import THIS_MACHINE
from sortclient.ledger import count, counted, summary
from sortclient.model import Outcome
from sortclient.prices import load_prices
from sortclient.progress import Progress
from sortclient.run import Wishes, output_of
from sortclient.sorting import Order, Plan, enlist, plan
from sortclient.spending import check_bound, price_line, quoted
from sortclient.verdicts import verdicts

_UNKNOWN = "a stack that was not looked at"


def dry_run(order: Order, wishes: Wishes, place: str | None, engine: str) -> int:
    """Plan the run on a copy of the catalog and print the plan; returns the exit status.

    ``place`` None is a deployed stack that nobody could look at: the album is taken to be there, if it is known at all.
    """
    # An emulation brings a catalog of its own, which knows nothing.
    with Catalog(Path(":memory:")) if wishes.emulated else rehearse() as catalog, Progress() as progress:
        if place is None:
            known = catalog.find_album(order.album)
            place = known.place if known and known.place != THIS_MACHINE else _UNKNOWN
        planned = plan(order, catalog, place, engine, progress)
        enlist(planned.album, planned.headshots, engine)
        if order.threshold is not None:
            planned.album.set_threshold(order.threshold)
        lines = list(_told(order, planned, wishes, place))
    for line in lines:
        sys.stdout.write(f"{line}\n")
    if place != THIS_MACHINE and not wishes.emulated:
        check_bound(quoted(order, planned, load_prices()), wishes.max_spend)
    return 0


def _told(order: Order, planned: Plan, wishes: Wishes, place: str) -> Iterator[str]:
    stock, album = planned.stock, planned.album
    yield "Dry run: nothing was sent or written. What is not known yet is counted in full."
    yield next(summary(count(verdicts(album))))
    if place != THIS_MACHINE:
        photos = stock.unread + stock.lacking
        copies = "as they are" if order.originals else "of which smaller copies travel"
        yield f"Upload: at most {counted(photos, 'photo')} ({planned.size / 1e6:.1f} MB on disk, {copies})"
    yield f"Compare: at most {counted(stock.comparisons, 'comparison')}"
    out, _ = output_of(album, wishes.out, wishes.layout)
    yield f"Copy: at most {counted(_copies(album, out), 'new match', 'new matches')} to {out}"
    if place == THIS_MACHINE or wishes.emulated:
        yield "Price: nothing; nothing leaves this machine"
        return
    prices = load_prices()
    bound = quoted(order, planned, prices)
    yield f"Calls: at most {bound.comparisons} of CompareFaces, {bound.headshots} of DetectFaces"
    yield f"Price: at most {price_line(bound, prices)}; `sortclient sort` is free"


def _copies(album: Album, out: Path) -> int:
    """Matches that do not stand below ``out``, and what may become one."""
    standing = album.synced(out).keys()
    return sum(
        verdict.outcome is Outcome.PENDING
        or (verdict.outcome is Outcome.MATCH and (verdict.person, verdict.entry.path) not in standing)
        for verdict in verdicts(album)
    )
