"""Simulated time and the event source: what the benchmark of the quota rests on."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from simulation.agenda import Actor, Agenda, Pool
from simulation.event_source import COLD_START, EventSource
from simulation.quota import Refilled, SlidingSecond
from simulation.sqs import Queue

# --- time


def test_time_jumps_to_whoever_wakes_first() -> None:
    agenda = Agenda(1000)
    seen: list[tuple[float, str]] = []

    def walk(name: str, seconds: float) -> None:
        for _ in range(2):
            agenda.sleep(seconds)
            seen.append((agenda.time(), name))

    agenda.spawn(agenda.actor, lambda: walk("slow", 3600))
    agenda.spawn(agenda.actor, lambda: walk("fast", 1000))
    agenda.sleep(7200.5)

    assert seen == [(2000, "fast"), (3000, "fast"), (4600, "slow"), (8200, "slow")]


def test_a_pool_does_so_much_at_once_and_no_more() -> None:
    agenda = Agenda(0)
    with Pool(agenda, 2) as pool:
        futures = [pool.submit(lambda: (agenda.sleep(10), agenda.time())[1]) for _ in range(5)]

    assert [future.result() for future in futures] == [10, 10, 20, 20, 30]


def test_a_future_keeps_what_its_call_raised() -> None:
    with Pool(Agenda(0), 1) as pool:
        future = pool.submit(lambda: 1 / 0)

    assert isinstance(future.exception(), ZeroDivisionError)


def test_threads_take_turns_in_one_order() -> None:
    agenda, seen = Agenda(0), []
    with Pool(agenda, 8) as pool:
        for number in range(8):
            pool.submit(lambda number=number: (agenda.sleep(1), seen.append(number)))

    assert seen == list(range(8))


def test_a_wait_ends_by_a_notification_or_its_time() -> None:
    agenda = Agenda(0)
    ended: list[float] = []

    def wait(seconds: float) -> None:
        agenda.wait(seconds)
        ended.append(agenda.time())

    agenda.spawn(agenda.actor, lambda: wait(3))
    agenda.sleep(4)
    agenda.spawn(agenda.actor, lambda: wait(math.inf))
    agenda.sleep(1)
    agenda.notify()
    agenda.sleep(1)

    assert ended == [3, 5]


def test_a_wait_too_short_for_a_float_passes_some_time() -> None:
    agenda = Agenda(1e9)
    agenda.sleep(1e-12)

    assert agenda.now > 1e9


def test_threads_that_wait_for_each_other_and_errors_of_any_thread_end_the_run() -> None:
    with pytest.raises(AssertionError, match="everybody waits"):
        Agenda(0).wait()

    failing = Agenda(0)
    failing.spawn(failing.actor, lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        failing.sleep(1)


def test_whoever_is_past_their_end_is_dead() -> None:
    """A function's invocation, which Lambda ends; nothing of it goes on, and what it began neither."""
    agenda = Agenda(0)
    actor, seen = Actor("f", "f", deadline=5), []

    def invoke() -> None:
        seen.append("begun")
        agenda.sleep(10)
        seen.append("ended")

    agenda.spawn(actor, invoke)
    agenda.sleep(20)

    assert (seen, actor.dead) == (["begun"], True)


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

    def __init__(self, agenda: Agenda, seconds: float, answer: Callable[[list[str]], object] = lambda _: None) -> None:
        self.agenda, self.seconds, self.answer = agenda, seconds, answer
        self.batches: list[tuple[float, int]] = []  # when, of how many messages
        self.bodies: list[str] = []
        self.at_once = self.most_at_once = 0

    def start(self) -> Worked:
        return self

    def invoke(self, records: Sequence[dict[str, Any]], seconds_left: Callable[[], float]) -> object:
        self.batches.append((self.agenda.time(), len(records)))
        self.bodies += [record["body"] for record in records]
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.agenda.sleep(self.seconds)
        self.at_once -= 1
        return self.answer([record["messageId"] for record in records])


def work_off(queue: Queue, agenda: Agenda, worked: Worked, **options: Any) -> EventSource:
    options = {"batch_size": 10, "window": 0, "max_concurrency": 5, "timeout": 100} | options
    source = EventSource(agenda, queue, worked.start, draw=random.Random(1), **options)
    source.run()
    return source


def filled(agenda: Agenda, messages: int, **options: Any) -> Queue:
    queue = Queue("queue", agenda.time, **options)
    for number in range(messages):
        queue.send(str(number))
    return queue


def test_every_message_is_handed_over_once_and_deleted() -> None:
    agenda = Agenda(0)
    queue, worked = filled(agenda, 95, visibility=600), Worked(agenda, 5)
    work_off(queue, agenda, worked)

    assert sorted(worked.bodies, key=int) == [str(number) for number in range(95)]
    assert queue.messages == {}
    assert worked.most_at_once == 5


def test_environments_are_used_again_while_they_are_warm() -> None:
    agenda = Agenda(0)
    worked = Worked(agenda, 5)
    source = work_off(filled(agenda, 100, visibility=600), agenda, worked, max_concurrency=2)

    assert len(source.started) == worked.most_at_once == 2
    assert len(worked.batches) == 10
    assert worked.batches[0][0] >= COLD_START
    assert agenda.time() < 5 * 5 + COLD_START + 3


def test_five_batches_begin_and_five_more_a_second_follow() -> None:
    agenda = Agenda(0)
    source = work_off(filled(agenda, 400, visibility=6000), agenda, Worked(agenda, 60), max_concurrency=20)

    ready = [at - COLD_START for at in source.started]
    assert sum(at < 0.15 for at in ready) == 5
    assert sum(at < 1.15 for at in ready) == 10
    assert len(ready) == 20


@pytest.mark.parametrize(("waiting", "sizes"), [(25, [25]), (250, [100, 100, 50])])
def test_a_window_fills_a_batch(waiting: int, sizes: list[int]) -> None:
    agenda = Agenda(0)
    worked = Worked(agenda, 5)
    work_off(filled(agenda, waiting, visibility=600), agenda, worked, batch_size=100, window=2, max_concurrency=1)

    assert [size for _, size in worked.batches] == sizes
    assert (worked.batches[0][0] > 2) == (waiting < 100)  # the window is waited for only where the batch is not full


def test_what_is_reported_or_raised_comes_again_after_the_visibility_timeout() -> None:
    agenda = Agenda(0)
    dead = Queue("dead", agenda.time)
    queue = filled(agenda, 3, visibility=60, max_receives=3, dead_letters=dead)

    def report_first(ids: list[str]) -> object:
        if len(worked.batches) == 2:
            raise RuntimeError("a crash")
        return {"batchItemFailures": [{"itemIdentifier": ids[0]}]}

    worked = Worked(agenda, 1, report_first)
    work_off(queue, agenda, worked)

    assert [size for _, size in worked.batches] == [3, 1, 1]
    assert all(later[0] - earlier[0] >= 58 for earlier, later in zip(worked.batches, worked.batches[1:], strict=False))
    assert len(dead.messages) == 1


def test_who_outlasts_the_timeout_has_done_nothing() -> None:
    agenda = Agenda(0)
    dead = Queue("dead", agenda.time)
    queue = filled(agenda, 2, visibility=60, max_receives=1, dead_letters=dead)
    work_off(queue, agenda, Worked(agenda, 20), timeout=10)

    assert len(dead.messages) == 2
