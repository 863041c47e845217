"""Simulated time and the event source: what the benchmark of the quota rests on."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from simulation.clock import Clock, Condition, Pool, Stuck
from simulation.event_source import COLD_START, EventSource
from simulation.quota import Refilled, SlidingSecond
from simulation.sqs import Queue

# --- time


def test_time_jumps_to_whoever_wakes_first() -> None:
    clock = Clock(start=1000)
    seen: list[tuple[float, str]] = []

    def walk(name: str, seconds: float) -> None:
        for _ in range(2):
            clock.sleep(seconds)
            seen.append((clock.time(), name))

    def main() -> None:
        clock.spawn(lambda: walk("slow", 3600))
        clock.spawn(lambda: walk("fast", 1000))
        clock.sleep(7200.5)

    clock.run(main)

    assert seen == [(2000, "fast"), (3000, "fast"), (4600, "slow"), (8200, "slow")]


def test_a_pool_does_so_much_at_once_and_no_more() -> None:
    clock = Clock(start=0)

    def main() -> list[float]:
        with Pool(clock, 2) as pool:
            futures = [pool.submit(lambda: (clock.sleep(10), clock.time())[1]) for _ in range(5)]
        return [future.result() for future in futures]

    assert clock.run(main) == [10, 10, 20, 20, 30]


def test_a_future_keeps_what_its_call_raised() -> None:
    clock = Clock()

    def main() -> BaseException | None:
        with Pool(clock, 1) as pool:
            future = pool.submit(lambda: 1 / 0)
        return future.exception()

    assert isinstance(clock.run(main), ZeroDivisionError)


def test_a_seed_decides_who_goes_on_first_and_repeats_it() -> None:
    def order(seed: int) -> list[int]:
        clock, seen = Clock(seed), []

        def main() -> None:
            with Pool(clock, 8) as pool:
                for number in range(8):
                    pool.submit(lambda number=number: (clock.sleep(1), seen.append(number)))

        clock.run(main)
        return seen

    assert order(1) == order(1)
    assert len({tuple(order(seed)) for seed in range(5)}) > 1


def test_a_condition_ends_by_its_notification_or_its_timeout() -> None:
    clock = Clock(start=0)
    condition = Condition(clock)
    ended: list[float] = []

    def wait(timeout: float | None) -> None:
        with condition:
            condition.wait(timeout)
        ended.append(clock.time())

    def main() -> None:
        clock.spawn(lambda: wait(3))
        clock.sleep(1)
        clock.spawn(lambda: wait(None))
        clock.sleep(4)
        condition.notify()
        clock.sleep(1)

    clock.run(main)

    assert ended == [3, 5]


def test_threads_that_wait_for_each_other_and_errors_of_any_thread_end_the_run() -> None:
    clock = Clock()
    with pytest.raises(Stuck):
        clock.run(Condition(clock).wait)

    failing = Clock()

    def main() -> None:
        failing.spawn(lambda: 1 / 0)
        failing.sleep(1)

    with pytest.raises(ZeroDivisionError):
        failing.run(main)


# --- quotas


def test_a_sliding_second_admits_its_limit_in_any_second() -> None:
    quota = SlidingSecond(2)
    assert [quota.admits(now) for now in (0, 0.5, 0.9, 1.0, 1.4, 1.5)] == [True, True, False, True, False, True]


def test_a_refilled_bucket_lets_a_second_of_calls_follow() -> None:
    quota = Refilled(2)
    assert [quota.admits(now) for now in (10, 10, 10, 10.5, 12, 12, 12)] == [True, True, False, True, True, True, False]


# --- the event source


class Worked:
    """Executions of a function that takes ``seconds`` and answers with what ``answer`` makes of the ids."""

    def __init__(self, clock: Clock, seconds: float, answer: Callable[[list[str]], object] = lambda _: None) -> None:
        self.clock, self.seconds, self.answer = clock, seconds, answer
        self.batches: list[tuple[float, int]] = []  # when, of how many messages
        self.bodies: list[str] = []
        self.at_once = self.most_at_once = 0

    def start(self) -> Worked:
        return self

    def invoke(self, records: Sequence[dict[str, Any]], seconds_left: Callable[[], float]) -> object:
        self.batches.append((self.clock.time(), len(records)))
        self.bodies += [record["body"] for record in records]
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.clock.sleep(self.seconds)
        self.at_once -= 1
        return self.answer([record["messageId"] for record in records])


def work_off(queue: Queue, clock: Clock, worked: Worked, **options: Any) -> EventSource:
    options = {"batch_size": 10, "window": 0, "max_concurrency": 5, "timeout": 100} | options
    source = EventSource(clock, queue, worked.start, draw=random.Random(1), **options)
    clock.run(source.run)
    return source


def filled(clock: Clock, messages: int, **options: Any) -> Queue:
    queue = Queue("queue", clock.time, **options)
    for number in range(messages):
        queue.send(str(number))
    return queue


def test_every_message_is_handed_over_once_and_deleted() -> None:
    clock = Clock()
    queue, worked = filled(clock, 95, visibility=600), Worked(clock, 5)
    work_off(queue, clock, worked)

    assert sorted(worked.bodies, key=int) == [str(number) for number in range(95)]
    assert queue.messages == {}
    assert worked.most_at_once == 5


def test_environments_are_used_again_while_they_are_warm() -> None:
    clock = Clock(start=0)
    worked = Worked(clock, 5)
    source = work_off(filled(clock, 100, visibility=600), clock, worked, max_concurrency=2)

    assert len(source.started) == worked.most_at_once == 2
    assert len(worked.batches) == 10
    assert worked.batches[0][0] >= COLD_START
    assert clock.time() < 5 * 5 + COLD_START + 3


def test_five_batches_begin_and_five_more_a_second_follow() -> None:
    clock = Clock(start=0)
    source = work_off(filled(clock, 400, visibility=6000), clock, Worked(clock, 60), max_concurrency=20)

    ready = [at - COLD_START for at in source.started]
    assert sum(at < 0.15 for at in ready) == 5
    assert sum(at < 1.15 for at in ready) == 10
    assert len(ready) == 20


@pytest.mark.parametrize(("waiting", "sizes"), [(25, [25]), (250, [100, 100, 50])])
def test_a_window_fills_a_batch(waiting: int, sizes: list[int]) -> None:
    clock = Clock(start=0)
    worked = Worked(clock, 5)
    work_off(filled(clock, waiting, visibility=600), clock, worked, batch_size=100, window=2, max_concurrency=1)

    assert [size for _, size in worked.batches] == sizes
    assert (worked.batches[0][0] > 2) == (waiting < 100)  # the window is waited for only where the batch is not full


def test_what_is_reported_or_raised_comes_again_after_the_visibility_timeout() -> None:
    clock = Clock(start=0)
    dead = Queue("dead", clock.time)
    queue = filled(clock, 3, visibility=60, max_receives=3, dead_letters=dead)

    def report_first(ids: list[str]) -> object:
        if len(worked.batches) == 2:
            raise RuntimeError("a crash")
        return {"batchItemFailures": [{"itemIdentifier": ids[0]}]}

    worked = Worked(clock, 1, report_first)
    work_off(queue, clock, worked)

    assert [size for _, size in worked.batches] == [3, 1, 1]
    assert all(later[0] - earlier[0] >= 58 for earlier, later in zip(worked.batches, worked.batches[1:], strict=False))
    assert len(dead.messages) == 1


def test_who_outlasts_the_timeout_has_done_nothing() -> None:
    clock = Clock()
    dead = Queue("dead", clock.time)
    queue = filled(clock, 2, visibility=60, max_receives=1, dead_letters=dead)
    work_off(queue, clock, Worked(clock, 20), timeout=10)

    assert len(dead.messages) == 2
