"""Progress on stderr: a bar on a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

Item = TypeVar("Item")

LINE_EVERY = 5.0  # seconds between two lines in a log


class Progress:
    """Counts what happens in a run and shows it, stage by stage.

    Comparing is the stage with counts of its own; every other one has a name, and how many of how many are done.
    """

    def __init__(self) -> None:
        self.identified = self.uploaded = self.compared = self.matches = 0
        self.sent = 0  # bytes
        self.total = 0  # of the comparisons, or of the stage; 0: nobody knows
        self.waiting = ""
        self._stage = ""  # empty while comparing
        self._done = 0
        self._started = self._shown_at = time.monotonic()
        self._console: Console | None = None
        self._bar: Bar | None = None
        self._task: TaskID | None = None
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._ticker: threading.Thread | None = None

    def __enter__(self) -> Progress:
        from rich.console import Console

        self._console = Console(stderr=True, highlight=False, emoji=False, soft_wrap=True)
        if self._console.is_terminal:
            from rich.progress import BarColumn, TextColumn
            from rich.progress import Progress as Bar

            self._bar = Bar(BarColumn(), TextColumn("{task.description}"), console=self._console, transient=True)
            self._bar.start()
            self._task = self._bar.add_task("starting", total=None)
        else:
            # One slow answer must not make a log look dead; a bar moves by itself.
            self._ticker = threading.Thread(target=self._tick, name="progress", daemon=True)
            self._ticker.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
        if self._ticker is not None:
            self._ended.set()
            self._ticker.join()

    def _tick(self) -> None:
        while not self._ended.wait(1):
            self.show()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """No bar while a person is asked something."""
        if self._bar is not None:
            self._bar.stop()
        try:
            yield
        finally:
            if self._bar is not None:
                self._bar.start()

    def tell(self, line: str) -> None:
        """A line that stays."""
        if self._console is None:
            sys.stderr.write(f"{line}\n")
        else:
            self._console.print(line, markup=False)

    def stage(self, name: str, done: int = 0, total: int = 0) -> None:
        """``name`` is what goes on from now, ``done`` (of ``total``, where that is known) how far it is."""
        begins = name != self._stage
        self._stage, self._done, self.total = name, done, total
        self.show(at_once=begins)

    def counting(self, items: Iterable[Item], name: str, total: int = 0) -> Iterator[Item]:
        """``items``, lazily, as a stage: each counts as done when the next one is asked for."""
        self.stage(name, 0, total)
        for done, item in enumerate(items, 1):
            yield item
            self.stage(name, done, total)

    def comparing(self, total: int) -> None:
        """From now on ``total`` comparisons are made, at most: speed and time left are theirs."""
        self._stage, self.total, self._started = "", total, time.monotonic()
        self.show(at_once=True)

    def show(self, at_once: bool = False) -> None:
        """Bring the display up to date; cheap to call for each event. A log gets its line when it is time for one."""
        now = time.monotonic()
        if self._bar is not None and self._task is not None:
            if at_once or now - self._shown_at >= 0.1:
                self._shown_at = now
                self._bar.update(
                    self._task,
                    completed=self._done if self._stage else self.compared,
                    total=self.total or None,
                    description=self.line(),
                )
        elif now - self._shown_at >= LINE_EVERY:
            with self._lock:
                if now - self._shown_at < LINE_EVERY:  # the other thread was first
                    return
                self._shown_at = now
            self.tell(self.line())

    def line(self) -> str:
        if self._stage:
            done = f"{self._done} of {self.total}" if self.total else str(self._done or "")
            return f"{self._stage}: {done}" if done else self._stage
        elapsed = time.monotonic() - self._started
        speed = self.compared / elapsed if elapsed > 0 else 0.0
        parts = [f"prepared {self.identified}"]
        if self.uploaded:
            parts.append(f"uploaded {self.uploaded} ({self.sent / 1e6:.1f} MB)")
        parts += [f"compared {self.compared} of {self.total}", f"matches {self.matches}", f"{speed:.1f}/s"]
        if speed > 0 and self.total > self.compared and elapsed > 3:
            parts.append(f"{duration((self.total - self.compared) / speed)} left")
        if self.waiting:
            parts.append(self.waiting)
        return ", ".join(parts)


def duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
