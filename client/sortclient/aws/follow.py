"""Following an album: the cells that came since the last look.

A hint that makes progress cheap and live. Whether a run is complete is decided by reading the missing cells by key,
so a worker whose clock is wrong costs time, never a cell.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from photosort.comparison import Comparison, timestamp
from sortclient.aws.cells import Cells

# Workers' clocks differ, and a cell is written a little after its time was taken: each look goes back so far.
OVERLAP = timedelta(seconds=10)

# And one that takes up what came since an earlier run: that saw a fast clock's cells, and may have missed a slow one's.
_LONG_OVERLAP = timedelta(minutes=10)

_BEGINNING = "0"  # before any time; DynamoDB takes no empty text for a key


class Follower:
    """Follows one album from when it begins: the cells that stand by then are somebody else's to read."""

    def __init__(self, cells: Cells, album: str) -> None:
        self._cells, self._album = cells, album
        self._cursor = _back(cells.newest(album))
        self._seen: set[tuple[str, str, str]] = set()
        for _ in self.look():
            pass

    def look(self) -> Iterator[Comparison]:
        """The cells since the last look, each once. Read it to the end: the next look begins where this one ended."""
        seen: set[tuple[str, str, str]] = set()
        newest = None
        for comparison in self._cells.since(self._album, self._cursor):
            newest = comparison.compared_at
            mark = (comparison.headshot, comparison.photo, newest)
            seen.add(mark)
            if mark not in self._seen:
                yield comparison
        self._cursor = max(self._cursor, _back(newest))
        self._seen = seen


def came_since(cells: Cells, album: str, newest: str) -> Iterator[Comparison]:
    """The cells that came after ``newest``, when the latest known one was compared, and some from before it."""
    return cells.since(album, _back(newest, _LONG_OVERLAP))


def _back(newest: str | None, overlap: timedelta = OVERLAP) -> str:
    """Where the next look begins. A worker whose clock is fast must not move it past what the others still write."""
    if not newest:
        return _BEGINNING
    return timestamp(min(datetime.fromisoformat(newest), datetime.now(UTC)) - overlap)
