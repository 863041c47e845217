"""The token bucket on a clock of its own: no test waits."""

from __future__ import annotations

import math
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photosort.pacing import TokenBucket


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


def test_after_a_pause_a_second_of_calls_comes_at_twice_the_pace() -> None:
    clock = Clock()
    pace = TokenBucket(10, clock=clock, sleep=clock.sleep)
    clock.now += 3600

    times = starts(pace, clock, 12)

    assert times[:10] == pytest.approx([4600 + 0.05 * turn for turn in range(10)])
    assert times[10:] == pytest.approx([4601.0, 4601.05])


def test_a_short_wait_for_work_costs_nothing() -> None:
    """Between two batches an environment waits for its last answers."""
    clock = Clock()
    pace = TokenBucket(4.9, clock=clock, sleep=clock.sleep)
    first = starts(pace, clock, 98)
    clock.now += 0.9

    assert starts(pace, clock, 98)[-1] == pytest.approx(first[-1] + 98 / 4.9, abs=0.5)


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
    rate=st.floats(0.1, 60),
    pauses=st.lists(st.floats(0, 2), min_size=1, max_size=100),
)
def test_no_second_holds_more_than_the_whole_calls_of_the_rate(rate: float, pauses: list[float]) -> None:
    clock = Clock()
    pace = TokenBucket(rate, clock=clock, sleep=clock.sleep)
    times = []
    for pause in pauses:
        clock.now += pause
        assert pace.take(within=1e9)
        times.append(clock.now)

    tokens = math.ceil(rate)
    assert all(later - first >= 1 - 1e-6 for first, later in zip(times, times[tokens:], strict=False))


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
