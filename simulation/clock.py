"""Simulated time for real threads.

One thread runs at a time. Where one waits (a sleep, a pool, a condition) the next runs; when all of them wait, the time
of the earliest is now. Nothing else may block: a real lock is never held across a wait. Which of several threads goes
on at the same moment is drawn from a seed, so a run can be repeated.
"""

from __future__ import annotations

import heapq
import itertools
import random
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import ParamSpec, TypeVar

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


# Seconds. A float of this size has no finer ones, and who sleeps for less again and again would not get on.
_TICK = 1e-6


class Stuck(RuntimeError):
    """Every thread waits for another one."""


class _Turn:
    """A thread that waits. It may be due for two reasons, a time and a notification: the first one counts."""

    def __init__(self) -> None:
        self.taken = False
        self._given = threading.Semaphore(0)

    def give(self) -> None:
        self.taken = True
        self._given.release()

    def wait(self) -> None:
        self._given.acquire()


class Clock:
    """``start`` is the first time, in seconds since 1970; the present unless it is said."""

    def __init__(self, seed: int = 0, start: float | None = None) -> None:
        self._now = time.time() if start is None else start
        self._draw = random.Random(seed)  # noqa: S311
        self._due: list[tuple[float, float, int, _Turn]] = []
        self._numbers = itertools.count()
        self._failed: BaseException | None = None
        self._first: _Turn | None = None  # of the thread that called `run`, where it waits
        self._caller = 0

    def time(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        turn = _Turn()
        self.due(turn, seconds)
        self.pause(turn)

    def spawn(self, function: Callable[[], object]) -> None:
        """Begin a thread. What it raises ends the run."""
        turn = _Turn()

        def run() -> None:
            turn.wait()
            try:
                function()
                self._next()
            except BaseException as error:  # noqa: BLE001 - raised again in the thread that called `run`
                self._fail(error)

        threading.Thread(target=run, daemon=True).start()
        self.due(turn, 0)

    def run(self, function: Callable[[], Result]) -> Result:
        """Call ``function`` as the first thread. Raises what any thread raises, which ends the run."""
        self._caller = threading.get_ident()
        return function()

    # For what waits by this clock.

    def due(self, turn: _Turn, seconds: float) -> None:
        after = max(_TICK, seconds) if seconds > 0 else 0.0
        heapq.heappush(self._due, (self._now + after, self._draw.random(), next(self._numbers), turn))

    def pause(self, turn: _Turn) -> None:
        """Let others run until it is the turn of this one."""
        if threading.get_ident() == self._caller:
            self._first = turn
        try:
            self._next()
        except Stuck as error:
            self._fail(error)
        turn.wait()
        if self._failed is not None:
            raise self._failed

    def _next(self) -> None:
        while self._due:
            at, _, _, turn = heapq.heappop(self._due)
            if not turn.taken:
                self._now = at
                turn.give()
                return
        raise Stuck("every thread waits for another one")

    def _fail(self, error: BaseException) -> None:
        self._failed = self._failed or error
        if self._first is not None and not self._first.taken:
            self._first.give()


class Condition:
    """threading.Condition by a clock. Its lock is nobody's need: no other thread runs before a wait."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: deque[_Turn] = deque()

    def __enter__(self) -> bool:
        return True

    def __exit__(self, *_: object) -> None:
        """Nothing was locked."""

    def wait(self, timeout: float | None = None) -> None:
        turn = _Turn()
        self._waiting.append(turn)
        if timeout is not None:
            self._clock.due(turn, timeout)
        self._clock.pause(turn)

    def notify(self, count: int = 1) -> None:
        while count and self._waiting:
            turn = self._waiting.popleft()
            if not turn.taken:  # its timeout may have come first
                self._clock.due(turn, 0)
                count -= 1


class Pool(Executor):
    """ThreadPoolExecutor by a clock: at most ``threads`` calls at once, in the order in which they were submitted."""

    def __init__(self, clock: Clock, threads: int) -> None:
        self._clock = clock
        self._threads = threads
        self._running = 0
        self._tasks: deque[Callable[[], None]] = deque()
        self._ended = Condition(clock)

    def submit(
        self, function: Callable[Parameters, Result], /, *args: Parameters.args, **kwargs: Parameters.kwargs
    ) -> Future[Result]:
        future: Future[Result] = Future()

        def task() -> None:
            try:
                future.set_result(function(*args, **kwargs))
            except Exception as error:  # noqa: BLE001 - the future's, as with any executor
                future.set_exception(error)

        self._tasks.append(task)
        if self._running < self._threads:
            self._running += 1
            self._clock.spawn(self._work)
        return future

    def shutdown(self, wait: bool = True, **_: bool) -> None:
        while wait and self._running:
            self._ended.wait()

    def _work(self) -> None:
        while self._tasks:
            self._tasks.popleft()()
        self._running -= 1
        self._ended.notify()
