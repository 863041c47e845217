"""A token bucket that holds the calls of one execution environment below its share of the quota."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

HOLD = 0.5  # seconds' worth of calls that may come at once after a pause


class TokenBucket:
    """At most ``rate`` calls a second, from any number of threads.

    The bucket starts empty: environments that start together must not all spend a full one. It is kept as the time
    of the next free call instead of a count (https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm), so nobody
    refills it, and each caller knows its own time and sleeps without holding the lock.
    """

    def __init__(
        self,
        rate: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._interval = 1 / rate
        self._held = max(0.0, HOLD - self._interval)  # a slow rate still lets one call through
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._next = clock() + self._interval

    def take(self, within: float) -> bool:
        """Wait for this call's turn and return True; at once False where that takes more than ``within`` seconds."""
        with self._lock:
            now = self._clock()
            turn = max(self._next, now - self._held)
            wait = max(0.0, turn - now)
            if wait > within:
                return False
            self._next = turn + self._interval
        if wait:
            self._sleep(wait)
        return True
