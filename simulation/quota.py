"""How an account's quota of calls a second may be enforced. AWS does not publish it, so there are two models."""

from __future__ import annotations

from collections import deque
from typing import Protocol


class Quota(Protocol):
    def admits(self, now: float) -> bool:
        """Whether a call at ``now`` (seconds, never falling) is carried out. One that is not does not count."""


class SlidingSecond:
    """The strictest reading of "calls a second": never more than ``limit`` within any second, wherever it begins."""

    def __init__(self, limit: int) -> None:
        self._admitted: deque[float] = deque(maxlen=limit)

    def admits(self, now: float) -> bool:
        full = len(self._admitted) == self._admitted.maxlen
        if full and now - self._admitted[0] < 1:
            return False
        self._admitted.append(now)
        return True


class Refilled:
    """A bucket that is refilled with ``limit`` a second and holds a second's worth: what was left unused may follow."""

    def __init__(self, limit: int) -> None:
        self._limit = self._left = float(limit)
        self._at = 0.0

    def admits(self, now: float) -> bool:
        self._left = min(self._limit, self._left + (now - self._at) * self._limit)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
