"""Simulated time with many actors and one baton: of all threads only the one that holds it runs.

Whoever waits hands the baton to who is due next, so a run is the same every time, however its threads and functions
are interwoven. Hours pass in seconds.
"""

from __future__ import annotations

import heapq
import itertools
import math
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import Future
from concurrent.futures._base import DoneAndNotDoneFutures
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

# Seconds. A float of the time has no finer ones, and who waits for less again and again would not get on.
_TICK = 1e-6


class Died(BaseException):
    """The process that made this call is no more. Nothing catches it: no line after it runs, but clean-up."""


@dataclass(eq=False, slots=True)
class Actor:
    """One process: a command of the client, an invocation of a function. ``skew`` is how wrong its clock is."""

    name: str
    kind: str
    skew: float = 0.0  # seconds
    deadline: float = math.inf  # when Lambda ends it
    dead: bool = False


@dataclass(eq=False, slots=True)
class _Task:
    """A thread of an actor. Of its entries in the agenda only the one with the latest ticket counts."""

    actor: Actor
    baton: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    ticket: int = -1


class Source(Protocol):
    """What begins by itself: an event source, once a message is visible."""

    def due(self) -> float | None: ...

    def start(self) -> None: ...


class Agenda:
    def __init__(self, start: float) -> None:
        self.now = start  # seconds since 1970
        self.person = Actor("person", "person")
        self.sources: list[Source] = []
        self.crashes: list[BaseException] = []  # what no actor may raise
        self._me = _Task(self.person)
        self._main = threading.current_thread()
        self._entries: list[tuple[float, int, _Task]] = []
        self._tickets = itertools.count()
        self._parked: list[_Task] = []
        self._threads: dict[threading.Thread, _Task] = {self._main: self._me}

    @property
    def actor(self) -> Actor:
        return self._me.actor

    @actor.setter
    def actor(self, actor: Actor) -> None:
        """Of the main thread, which is one command of the client after the other."""
        self._me.actor = actor

    @property
    def is_mine(self) -> bool:
        """Whether the running thread is one of the agenda's: the progress has one of its own."""
        return threading.current_thread() in self._threads

    def time(self) -> float:
        """By the actor's own clock."""
        return self.now + self.actor.skew

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        if self.is_mine:
            self.pause(seconds)

    def pause(self, seconds: float) -> None:
        self._check()
        self._enter(self._me, self._in(seconds))
        self._hand_over()

    def wait(self, seconds: float = math.inf) -> None:
        """Until a task of a pool has ended."""
        self._check()
        me = self._me
        self._parked.append(me)
        self._enter(me, min(self._in(seconds), me.actor.deadline))
        try:
            self._hand_over()
        finally:
            if me in self._parked:
                self._parked.remove(me)

    def notify(self) -> None:
        for task in self._parked:
            self._enter(task, self.now)
        self._parked.clear()

    def spawn(self, actor: Actor, run: Callable[[], None]) -> None:
        task = _Task(actor)
        thread = threading.Thread(target=self._live, args=(task, run), daemon=True)
        self._threads[thread] = task
        self._enter(task, self.now)
        thread.start()

    def _live(self, task: _Task, run: Callable[[], None]) -> None:
        task.baton.acquire()
        try:
            self._check()
            run()
        except Died:
            self.notify()  # who waits for it dies, too
        except BaseException as error:  # noqa: BLE001 - it ends the test, in the test's own thread
            self.crashes.append(error)
        del self._threads[threading.current_thread()]
        self._me = self._next()
        self._me.baton.release()

    def _check(self) -> None:
        if self.crashes and threading.current_thread() is self._main:
            raise self.crashes[0]
        actor = self.actor
        if self.now >= actor.deadline:
            actor.dead = True
        if actor.dead:
            raise Died

    def _in(self, seconds: float) -> float:
        return self.now + max(_TICK if seconds > 0 else 0.0, seconds)

    def _enter(self, task: _Task, at: float) -> None:
        task.ticket = next(self._tickets)
        heapq.heappush(self._entries, (at, task.ticket, task))

    def _hand_over(self) -> None:
        me, self._me = self._me, self._next()
        if self._me is not me:
            self._me.baton.release()
            me.baton.acquire()
        self._check()

    def _next(self) -> _Task:
        while True:
            wakes, ticket, task = self._entries[0]
            if ticket != task.ticket:
                heapq.heappop(self._entries)
                continue
            due = min(((at, number) for number, at in self._due() if at <= wakes), default=None)
            if due is not None:
                self.now = max(self.now, due[0])
                self.sources[due[1]].start()
                continue
            if wakes == math.inf:
                self.crashes.append(AssertionError("everybody waits for somebody else"))
                return self._threads[self._main]
            heapq.heappop(self._entries)
            self.now = max(self.now, wakes)
            return task

    def _due(self) -> Iterator[tuple[int, float]]:
        for number, source in enumerate(self.sources):
            if (at := source.due()) is not None:
                yield number, at


class Pool:
    """A ThreadPoolExecutor whose threads take turns by the agenda, and die with their process."""

    def __init__(self, agenda: Agenda, most: int, **_: object) -> None:
        self._agenda, self._most, self._running = agenda, most, 0
        self._waiting: deque[tuple[Future[Any], Callable[[], Any]]] = deque()

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()

    def submit(self, function: Callable[..., Any], *args: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self._waiting.append((future, partial(function, *args)))
        self._fill()
        return future

    def map(self, function: Callable[..., Any], *items: Iterable[Any]) -> Iterator[Any]:
        futures = [self.submit(function, *args) for args in zip(*items, strict=False)]
        return (self._result(future) for future in futures)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        while cancel_futures and self._waiting:
            self._waiting.popleft()[0].cancel()
        while wait and (self._running or self._waiting):
            self._agenda.wait()

    def _result(self, future: Future[Any]) -> Any:
        while not future.done():
            self._agenda.wait()
        return future.result()

    def _fill(self) -> None:
        while self._waiting and self._running < self._most:
            self._running += 1
            self._agenda.spawn(self._agenda.actor, partial(self._work, *self._waiting.popleft()))

    def _work(self, future: Future[Any], call: Callable[[], Any]) -> None:
        try:
            result = call()
        except Exception as error:  # noqa: BLE001 - as a future keeps it
            future.set_exception(error)
        else:
            future.set_result(result)
        self._running -= 1
        self._fill()
        self._agenda.notify()


def wait_for_futures(
    agenda: Agenda, futures: Collection[Future[Any]], timeout: float | None = None, return_when: str = ""
) -> DoneAndNotDoneFutures[Any]:
    """`concurrent.futures.wait`, for the first of them or for all; in the order in which they were begun."""
    until = agenda.now + (math.inf if timeout is None else timeout)
    needed = min(1, len(futures)) if return_when == "FIRST_COMPLETED" else len(futures)
    while sum(future.done() for future in futures) < needed and agenda.now < until:
        agenda.wait(until - agenda.now)
    done: Any = [future for future in futures if future.done()]
    pending: Any = [future for future in futures if not future.done()]
    return DoneAndNotDoneFutures(done, pending)
