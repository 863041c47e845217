"""A pool of processes with back-pressure: results in the order they come, a bounded number of items in work.

Decoding and dlib hold the GIL, so processes are what makes two cores work. A picture that kills its process
costs its own result and nobody else's.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from multiprocessing.connection import wait as wait_for
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Crashed(Exception):
    """The process that had this item died of it (out of memory, a fault in a decoder)."""


class Workers:
    """``processes`` worker processes, started when first needed, gone with this process however it ends."""

    def __init__(self, processes: int | None = None) -> None:
        self.processes = processes or os.cpu_count() or 1
        self._executor: ProcessPoolExecutor | None = None

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Drop what waits; what is in work ends by itself."""
        if self._executor is not None:
            self._executor.shutdown(wait=True, cancel_futures=True)
            self._executor = None

    def submit(self, function: Callable[[Item], Result], item: Item) -> Future[Result]:
        if self._executor is None:
            # Spawned, not forked: a forked copy of a process with threads (uploads, ONNX Runtime) can deadlock.
            self._executor = ProcessPoolExecutor(
                self.processes, multiprocessing.get_context("spawn"), initializer=_begin_work
            )
        with _interrupts_held():
            return self._executor.submit(function, item)

    def map(
        self, function: Callable[[Item], Result], items: Iterable[Item], window: int | None = None
    ) -> Iterator[tuple[Item, Result | Crashed]]:
        """Yield (item, result) as they are done, at most ``window`` items begun and not yet yielded.

        An exception that ``function`` raises is raised here; results that a caller wants to see are returned.
        """
        items = iter(items)
        window = window or self.processes * 4
        begun: dict[Future[Result], Item] = {}
        while True:
            for item in islice(items, window - len(begun)):
                begun[self._begin(function, item)] = item
            if not begun:
                return
            done, _ = wait(begun, return_when=FIRST_COMPLETED)
            if any(isinstance(future.exception(), BrokenProcessPool) for future in done):
                yield from self._one_by_one(function, list(begun.values()))
                begun.clear()
                continue
            for future in done:
                yield begun.pop(future), future.result()

    def _begin(self, function: Callable[[Item], Result], item: Item) -> Future[Result]:
        """``submit``, but a pool that broke since the last look is told by the future, which knows its item."""
        try:
            return self.submit(function, item)
        except BrokenProcessPool as broken:
            future: Future[Result] = Future()
            future.set_exception(broken)
            return future

    def _one_by_one(
        self, function: Callable[[Item], Result], items: list[Item]
    ) -> Iterator[tuple[Item, Result | Crashed]]:
        """A process died and took the pool with it: find out of which item, alone."""
        self.close()
        for item in items:
            try:
                yield item, self.submit(function, item).result()
            except BrokenProcessPool:
                self.close()
                yield item, Crashed("reading it ended the process that did it")


def map_in_threads(
    function: Callable[[Item], Result], items: Iterable[Item], threads: int
) -> Iterator[tuple[Item, Result]]:
    """Yield (item, result) in the items' order, at most ``threads * 2`` items begun and not yet yielded.

    For what lets go of the interpreter (reading, hashing): a large result comes without being copied between processes.
    """
    with ThreadPoolExecutor(threads) as pool:
        begun: deque[tuple[Item, Future[Result]]] = deque()
        try:
            for item in items:
                begun.append((item, pool.submit(function, item)))
                if len(begun) == threads * 2:
                    first, future = begun.popleft()
                    yield first, future.result()
            while begun:
                first, future = begun.popleft()
                yield first, future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Submitting may start a process, which inherits what is held: a Ctrl-C before it has said that it leaves that to
    its parent would end it with a traceback. One that comes here meanwhile arrives a moment later.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin_work() -> None:
    """What libraries in C write about broken pictures (libtiff, LibRaw) is none of the user's: it would stand in the
    middle of the progress, without the file's name. An item's result says what came of it.
    """
    live_with_parent()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)


def live_with_parent() -> None:
    """Leave Ctrl-C to the parent, and end when it is gone, also when it was killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_exit_after, args=(parent.sentinel,), daemon=True).start()


def _exit_after(sentinel: int) -> None:
    wait_for([sentinel])
    os._exit(1)
