"""A dry run: what `sort` or `upload` would do at most, told on stdout. Nothing is sent, nothing on disk changes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from sortclient.album import Album
from sortclient.catalog import Catalog, rehearse
from sortclient.comparer import THIS_MACHINE, NothingElsewhere
from sortclient.ledger import count, counted, summary
from sortclient.model import Outcome
from sortclient.outputs import output_of
from sortclient.prices import load_prices
from sortclient.progress import Progress
from sortclient.run import Wishes
from sortclient.sorting import Order, Place, Plan, enlist, plan
from sortclient.spending import check_bound, price_line, quoted
from sortclient.verdicts import verdicts

_UNKNOWN = "a stack that was not looked at"


class Unasked(NothingElsewhere):
    """A place that nobody asks: this machine, a stack before there is one, an emulation, which ends with its run."""

    def __init__(self, engine: str, place: str = _UNKNOWN) -> None:
        self.engine, self.place = engine, place


def dry_run(order: Order, wishes: Wishes, where: Place) -> int:
    """Plan the run on a copy of the catalog and print the plan; returns the exit status."""
    # An emulation brings a catalog of its own, which knows nothing.
    with Catalog(Path(":memory:")) if wishes.emulated else rehearse() as catalog, Progress() as progress:
        known = catalog.find_album(order.album)
        if where.place == _UNKNOWN and known and known.place != THIS_MACHINE:
            where = Unasked(where.engine, known.place)
        planned = plan(order, catalog, where, progress)
        enlist(order, planned.album, planned.headshots, where.engine)
        if order.threshold is not None:
            planned.album.set_threshold(order.threshold)
        lines = list(_told(order, planned, wishes))
    for line in lines:
        sys.stdout.write(f"{line}\n")
    if planned.album.place != THIS_MACHINE and not wishes.emulated:
        check_bound(quoted(order, planned, load_prices()), wishes.max_spend)
    return 0


def _told(order: Order, planned: Plan, wishes: Wishes) -> Iterator[str]:
    album, here = planned.album, planned.album.place == THIS_MACHINE
    yield "Dry run: nothing was sent or written. What is not known yet is counted in full."
    yield next(summary(count(verdicts(album))))
    if not here:
        copies = "as they are" if order.originals else "of which smaller copies travel"
        yield f"Upload: at most {counted(planned.photos, 'photo')} ({planned.size / 1e6:.1f} MB on disk, {copies})"
    yield f"Compare: at most {counted(planned.comparisons, 'comparison')}"
    out = output_of(album, wishes.output).out
    yield f"Copy: at most {counted(_copies(album, out), 'new match', 'new matches')} to {out}"
    if wishes.prune:
        yield "Prune: what is kept of photos that are no longer in the folder, once all the others were read"
    if here or wishes.emulated:
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
