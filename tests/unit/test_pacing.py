"""The token bucket on a clock of its own: no test waits."""

from __future__ import annotations

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photosort.pacing import HOLD, TokenBucket


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def starts(pace: TokenBucket, clock: Clock, calls: int) -> list[float]:
    times = []
    for _ in range(calls):
        assert pace.take(within=1e9)
        times.append(clock.now)
    return times


def test_it_starts_empty() -> None:
    clock = Clock()
    pace = TokenBucket(10, clock=clock, sleep=clock.sleep)

    assert starts(pace, clock, 3) == pytest.approx([1000.1, 1000.2, 1000.3])


def test_after_a_pause_half_a_second_comes_at_once() -> None:
    clock = Clock()
    pace = TokenBucket(10, clock=clock, sleep=clock.sleep)
    clock.now += 3600

    times = starts(pace, clock, 7)

    assert times[:5] == pytest.approx([4600.0] * 5)
    assert times[5:] == pytest.approx([4600.1, 4600.2])


def test_a_slow_rate_holds_one_call() -> None:
    clock = Clock()
    pace = TokenBucket(0.5, clock=clock, sleep=clock.sleep)
    clock.now += 3600

    assert starts(pace, clock, 3) == pytest.approx([4600, 4602, 4604])


def test_a_turn_that_is_too_far_is_refused_and_not_taken() -> None:
    clock = Clock()
    pace = TokenBucket(1, clock=clock, sleep=clock.sleep)

    assert not pace.take(within=0.5)
    assert not pace.take(within=-1)
    assert clock.now == 1000.0
    assert starts(pace, clock, 1) == [1001.0]  # the refused ones used up nothing


@given(
    rate=st.floats(0.1, 200),
    pauses=st.lists(st.floats(0, 5), min_size=1, max_size=60),
)
def test_no_window_holds_more_than_the_rate_and_what_was_held(rate: float, pauses: list[float]) -> None:
    clock = Clock()
    pace = TokenBucket(rate, clock=clock, sleep=clock.sleep)
    times = []
    for pause in pauses:
        clock.now += pause
        assert pace.take(within=1e9)
        times.append(clock.now)

    held = max(1.0, HOLD * rate)
    for first, start in enumerate(times):
        for last in range(first, len(times)):
            assert last - first + 1 <= (times[last] - start) * rate + held + 1e-3


class Interrupted(float):
    """A time whose owner is held up in the midst of its calculation, so that another thread comes between."""

    def __sub__(self, other: float) -> float:
        time.sleep(0.0001)
        return float(self) - other


def test_threads_share_one_rate() -> None:
    slept: list[float] = []
    pace = TokenBucket(100, clock=lambda: Interrupted(0), sleep=slept.append)
    threads = [threading.Thread(target=lambda: [pace.take(within=1e9) for _ in range(20)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(slept) == pytest.approx([(turn + 1) / 100 for turn in range(160)])
