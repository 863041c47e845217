"""What a run waits for: the photos that lack cells, and how their cells come.

Memory is one digest (32 bytes) a photo that lacks a cell; which cells these are the request knows.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Generator, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from photosort import work
from photosort.chunks import chunks
from photosort.comparison import Comparison
from sortclient.aws.cells import KEYS_A_READ, Cells
from sortclient.aws.failures import Retryable
from sortclient.aws.follow import Follower
from sortclient.aws.queues import Queues
from sortclient.comparer import Compared, Event, Request, Waiting

Result = TypeVar("Result")

# S3 loses practically no event, and SQS no message: what two requests do not bring, a third will not.
MOST_ASKS = 2


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a run looks, in seconds."""

    look: float = 1.0  # between two looks at the table while cells come
    look_most: float = 3.0  # and while none do
    quiet: float = 15.0  # without a new cell, until the missing ones are read by key
    quiet_most: float = 600.0  # it doubles with each such reading that brings nothing
    settle: float = 60.0  # between two readings of the queues' depth: what is older than that SQS has counted
    on_its_way: float = 45.0  # a comparison that had its headshot may end so late in a cell, and a copy in `matches/`
    unreachable: float = 900.0  # so long AWS may be out of reach while cells are followed
    # Without a wanted cell, be the queues empty or not: they are shared by all albums, and another one's work may keep
    # them full for days. Work that is throttled is given up after 6 hours, what crashes a function within two more.
    longest: float = 8 * 3600.0
    step: float = 1000.0  # more between two looks at the clock than any step takes: this machine has slept


class _Awake:
    """Seconds that this machine was awake. By some systems' clocks a laptop's night passes in one step, which must use
    up nobody's patience.
    """

    def __init__(self, step: float) -> None:
        self._step, self._at, self._passed = step, time.monotonic(), 0.0

    def now(self) -> float:
        before, self._at = self._at, time.monotonic()
        self._passed += min(self._at - before, self._step)
        return self._passed


class Watch:
    """The photos that one run wants compared."""

    def __init__(self, request: Request, cells: Cells, queues: Queues, pace: Pace) -> None:
        self._request, self._cells, self._queues, self._pace = request, cells, queues, pace
        self._follower = Follower(cells, request.album)
        self._people: dict[str, list[work.Headshot]] = {}
        for shot in request.headshots:
            self._people.setdefault(shot.digest, []).append(work.Headshot(shot.person, shot.digest))
        self.wanted: set[bytes] = set()
        self.failed: set[bytes] = set()  # photos whose failed cells were dropped: to be asked for again
        self._pause = pace.look
        self._awake = _Awake(pace.step)
        self._looked_at = self._awake.now()
        self._failing_since: float | None = None

    def look_if_due(self) -> Iterator[Event]:
        if self.wanted and self._awake.now() - self._looked_at >= self._pause:
            yield from self._patiently(self._look(), otherwise=0)

    def look_up(self, wanted: Iterable[tuple[str, str]]) -> Iterator[Event]:
        """Read cells (headshot digest, photo digest) of before this run. Failed ones are dropped, to be tried again."""
        for batch in chunks(wanted, KEYS_A_READ):
            standing = list(self._cells.read(self._request.album, batch))
            yield from self._receive(comparison for comparison in standing if comparison.is_verdict)
            failed = [comparison for comparison in standing if not comparison.is_verdict]
            self._cells.drop_failed(self._request.album, failed)
            self.failed.update(bytes.fromhex(comparison.photo) for comparison in failed)

    def ask(self, photos: Iterable[bytes], besides: Collection[str] = ()) -> None:
        """Ask the pipeline for the missing cells of ``photos``, but those with the headshots ``besides``."""
        self._queues.ask(self._works(photos, besides))

    def is_idle(self) -> Generator[Event, None, bool]:
        """Whether nothing is queued. One look does not say so: SQS's counts are approximate and late."""
        if not self._queues.backlog().is_idle:
            return False
        yield Waiting("the queues are empty; making sure")
        time.sleep(self._pace.settle)
        return self._queues.backlog().is_idle

    def settle(self) -> Iterator[Event]:
        """Follow until every wanted cell has come, or is lost: not there, nothing queued, and asked for twice; or none
        has come for so long that this run is not the one to see it. What is missing then a later run takes up.
        """
        patience, quiet_since, asks = self._pace.quiet, self._awake.now(), 0
        came_at = quiet_since
        while self.wanted and self._awake.now() - came_at < self._pace.longest:
            yield from self._patiently(self._tell(), otherwise=None)
            time.sleep(self._pause)
            came = yield from self._patiently(self._look(), otherwise=0)
            if not came and self._awake.now() - quiet_since < patience:
                continue
            if not came:
                came = yield from self._patiently(self._read_missing(), otherwise=0)
                if not came and (yield from self._patiently(self.is_idle(), otherwise=False)):
                    # What was in work a minute ago may have come; and who cannot look has not seen that it is lost.
                    came = yield from self._patiently(self._read_missing(), otherwise=1)
                    if not came and asks == MOST_ASKS:
                        return
                    if not came:
                        asks += yield from self._patiently(self._ask_again(), otherwise=0)
            patience = self._pace.quiet if came else min(patience * 2, self._pace.quiet_most)
            quiet_since = self._awake.now()
            came_at = quiet_since if came else came_at

    def _look(self) -> Generator[Event, None, int]:
        """Take the cells that came since the last look; how many of them were wanted."""
        came = yield from self._receive(self._follower.look())
        self._looked_at, self._failing_since = self._awake.now(), None
        self._pause = self._pace.look if came else min(self._pause * 1.5, self._pace.look_most)
        return came

    def _receive(self, comparisons: Iterable[Comparison]) -> Generator[Event, None, int]:
        """Yield what is wanted and lacking. Looks overlap, so a cell may come twice; it is yielded once."""
        came = 0
        for comparison in comparisons:
            photo = bytes.fromhex(comparison.photo)
            if photo in self.wanted and comparison.headshot in self._request.missing(comparison.photo):
                yield Compared(comparison)
                came += 1
                if not self._request.missing(comparison.photo):
                    self.wanted.discard(photo)
        return came

    def _read_missing(self) -> Generator[Event, None, int]:
        """Read by key what is still missing: this decides, whatever the workers' clocks said."""
        lacking = (
            (headshot, photo.hex()) for photo in list(self.wanted) for headshot in self._request.missing(photo.hex())
        )
        return (yield from self._receive(self._cells.read(self._request.album, lacking)))

    def _ask_again(self) -> Generator[Event, None, int]:
        self.ask(self.wanted)
        yield Waiting("asked again for what is missing")
        return 1

    def _works(self, photos: Iterable[bytes], besides: Collection[str]) -> Iterator[work.Work]:
        for batch in chunks(photos, work.PHOTOS_A_MESSAGE):
            digests = tuple(photo.hex() for photo in batch)
            lacking = {headshot for digest in digests for headshot in self._request.missing(digest)}
            headshots = [person for digest in sorted(lacking - set(besides)) for person in self._people[digest]]
            for some in chunks(headshots, work.HEADSHOTS_A_MESSAGE):
                yield work.Work(self._request.album, digests, tuple(some))

    def _tell(self) -> Generator[Event, None, None]:
        backlog = self._queues.backlog()
        queued = f"{backlog.queued} messages of all albums queued" if backlog.queued else "nothing queued"
        parts = [f"waiting for {len(self.wanted)} photos", queued]
        if backlog.dead_letters:
            parts.append(f"{backlog.dead_letters} given up")
        yield Waiting(", ".join(parts))

    def _patiently(self, step: Generator[Event, None, Result], otherwise: Result) -> Generator[Event, None, Result]:
        """Do a step of following. AWS out of reach for a while (a laptop that slept, throttled reads) is waited out."""
        try:
            return (yield from step)
        except Retryable:
            now = self._awake.now()
            self._failing_since = now if self._failing_since is None else self._failing_since
            if now - self._failing_since > self._pace.unreachable:
                raise
            self._looked_at = now
            yield Waiting("AWS is busy or cannot be reached; trying again")
            return otherwise
