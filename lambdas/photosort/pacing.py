"""The pace of one execution environment: its share of the quota, as calls a second and as a turn of work."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable

# An invocation takes on so many seconds of calls. Between two of them an environment waits for its last answers, of
# which half a second cannot be caught up (3% of this); and so long, at the end of an album, one may have work that the
# others could have shared.
_SECONDS_A_TURN = 20


def photos_a_turn(rate: float) -> int:
    """How many photos an invocation takes on at ``rate`` calls a second, as if each needed one call."""
    return _SECONDS_A_TURN * math.ceil(rate)


class TokenBucket:
    """At most ``rate`` calls a second, from any number of threads.

    It has as many tokens as whole calls a second, and each comes back a second (a little more, where the rate is no
    whole number) after it was taken. So no second, wherever it begins, holds more calls than there are tokens, and
    environments whose tokens together are the quota never exceed it, whatever they do. A bucket that is refilled
    evenly must forget what a pause leaves unused, or let it follow on top of the rate; here it follows at once, but at
    twice the even pace, as AWS advises against bursts. At first the calls come evenly: an environment may take the
    place of one that has just used its tokens.
    """

    def __init__(
        self,
        rate: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        tokens = math.ceil(rate)
        self._back_after = tokens / rate
        self._apart = 1 / rate / 2
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        begin = clock() - self._back_after
        # When each token was taken, the one that comes back first at the front.
        self._taken = deque((begin + (token + 1) / rate for token in range(tokens)), maxlen=tokens)

    def take(self, within: float) -> bool:
        """Wait for this call's turn and return True; at once False where that takes more than ``within`` seconds."""
        with self._lock:
            now = self._clock()
            turn = max(now, self._taken[0] + self._back_after, self._taken[-1] + self._apart)
            if turn - now > within:
                return False
            self._taken.append(turn)
        if turn > now:
            self._sleep(turn - now)
        return True
