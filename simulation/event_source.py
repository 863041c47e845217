"""A queue's event source as Lambda runs it, in simulated time: pollers, batches, execution environments.

From AWS's documentation: five batches at once to begin with and up to 300 more a minute while messages wait, up to
MaximumConcurrency; a batch is handed over when it is full, has 6 MB, or its window ends, which begins with its first
message; what the function does not report is deleted, all else stays hidden for the visibility timeout.

AWS does not tell how quickly a batch is gathered. Assumed is one poller for each batch, which gathers only when its
last invocation has ended, ten messages a request, one request after another; several share what waits as they come.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from simulation.agenda import Agenda
from simulation.sqs import MOST_A_REQUEST, Message, Queue
from sortclient.emulator.event_source import failures

FIRST_POLLERS = 5
MORE_POLLERS = 300 / 60  # a second
MOST_BYTES = 6_000_000  # of an invocation
_ABOUT_A_RECORD = 700  # bytes besides its body

# Seconds.
REQUEST = (0.008, 0.015)  # to SQS, from its own region
INVOKING = 0.010
COLD_START = 1.0
_NOTHING_WAITS = 0.1  # a long poll is answered as soon as a message comes; this is how exactly that is simulated


class Environment(Protocol):
    """An execution environment. ``seconds_left`` tells until the function's timeout."""

    def invoke(self, records: Sequence[dict[str, Any]], seconds_left: Callable[[], float]) -> object: ...


class EventSource:
    def __init__(
        self,
        agenda: Agenda,
        queue: Queue,
        start: Callable[[], Environment],
        *,
        batch_size: int,
        window: float,
        max_concurrency: int,
        timeout: float,
        draw: random.Random,
    ) -> None:
        self._agenda, self._queue, self._start, self._draw = agenda, queue, start, draw
        self._batch_size, self._window = batch_size, window
        self._max_concurrency, self._timeout = max_concurrency, timeout
        self._warm: list[Environment] = []
        self._busy = 0  # pollers and deletions
        self.started: list[float] = []  # when each execution environment could begin to work

    def run(self) -> None:
        """Until the queue is empty. A message that can never be deleted ends in the queue's dead letters."""
        pollers = 0
        while self._queue.messages or self._busy:
            while pollers < min(FIRST_POLLERS, self._max_concurrency):
                pollers += self._poller()
            self._agenda.sleep(1 / MORE_POLLERS)
            wakes = self._queue.wakes_at()
            if pollers < self._max_concurrency and wakes is not None and wakes <= self._agenda.now:
                pollers += self._poller()

    def _poller(self) -> int:
        self._spawn(self._poll)
        return 1

    def _spawn(self, work: Callable[[], object]) -> None:
        def counted() -> None:
            work()
            self._busy -= 1

        self._busy += 1
        self._agenda.spawn(self._agenda.actor, counted)

    def _poll(self) -> None:
        while self._queue.messages:
            batch = self._gather()
            if batch:
                self._invoke(batch)

    def _gather(self) -> list[Message]:
        batch = self._receive(self._batch_size)
        if not batch:
            wakes = self._queue.wakes_at()
            self._agenda.sleep(min(_NOTHING_WAITS, max(0.0, (wakes or 0) - self._agenda.now)))
            return []
        ends = self._agenda.now + self._window
        size = _size(batch)
        while len(batch) < self._batch_size and size < MOST_BYTES and self._agenda.now < ends:
            more = self._receive(self._batch_size - len(batch))
            size += _size(more)
            batch += more
            if not more:
                self._agenda.sleep(_NOTHING_WAITS)
        return batch

    def _receive(self, wanted: int) -> list[Message]:
        self._agenda.sleep(self._draw.uniform(*REQUEST))
        return self._queue.receive(min(wanted, MOST_A_REQUEST))

    def _invoke(self, batch: list[Message]) -> None:
        self._agenda.sleep(INVOKING)
        environment = self._warm.pop() if self._warm else self._cold()
        ends = self._agenda.now + self._timeout
        try:
            result = environment.invoke(
                [self._queue.record(message) for message in batch], lambda: ends - self._agenda.now
            )
        except Exception:  # noqa: BLE001 - of the function's: all of the batch is delivered again
            failed = {message.id for message in batch}
        else:
            late = self._agenda.now > ends
            failed = {message.id for message in batch} if late else failures(result, [message.id for message in batch])
        self._warm.append(environment)
        done = [message.receipt for message in batch if message.id not in failed]
        self._spawn(lambda: self._delete(done))

    def _cold(self) -> Environment:
        self._agenda.sleep(COLD_START)
        environment = self._start()
        self.started.append(self._agenda.now)
        return environment

    def _delete(self, receipts: list[str]) -> None:
        for first in range(0, len(receipts), MOST_A_REQUEST):
            self._agenda.sleep(self._draw.uniform(*REQUEST))
            self._queue.delete(receipts[first : first + MOST_A_REQUEST])


def _size(batch: list[Message]) -> int:
    return sum(len(message.body) + _ABOUT_A_RECORD for message in batch)
