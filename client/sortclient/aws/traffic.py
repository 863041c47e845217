"""How fast an album's cells come, and what waits in the queues: what `status` tells of the cloud."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from photosort.comparison import timestamp
from sortclient.aws.cells import Cells
from sortclient.aws.queues import Backlog, Queues
from sortclient.aws.stack import Deployment

# The rate is that of this window, and ends a little before now: where a worker's clock, or ours, is wrong by less than
# that, it only moves the window, and no end of it is cut off.
_WINDOW = timedelta(minutes=2)
_MARGIN = timedelta(seconds=30)

# Of more cells the last ones tell the rate as well: at 300 bytes a cell they are one read of 1 MB.
_MOST_COUNTED = 3000


@dataclass(frozen=True, slots=True)
class Traffic:
    """The album's cells that came lately, and the queues, which it shares with all the others of its stack."""

    rate: float  # cells a second, in the last two minutes
    limit: float  # calls of CompareFaces a second that the stack allows itself
    paused: bool
    backlog: Backlog


def traffic(album: str, cells: Cells, queues: Queues, deployment: Deployment) -> Traffic:
    return Traffic(_rate(cells, album), deployment.calls_per_second, deployment.paused, queues.backlog())


def _rate(cells: Cells, album: str) -> float:
    """Cells a second that came lately."""
    last = datetime.now(UTC) - _MARGIN
    number, since = cells.count(album, timestamp(last - _WINDOW), timestamp(last), _MOST_COUNTED)
    seconds = (last - datetime.fromisoformat(since)).total_seconds()
    return number / seconds if seconds > 0 else 0.0
