"""Lambda: event sources that deliver batches to the handlers, in execution environments that may die."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from typing import Any

from photosort import compare_photos, enroll_person, record_failures
from simulation.agenda import Actor
from simulation.context import Context
from simulation.sqs import Message, Queue
from sortclient.emulator.provisioning import SOURCES
from tests.chaos.aws import Aws
from tests.chaos.promises import forgotten, hurried

WRONG_CLOCK = 60  # seconds


class EventSource:
    """Delivers what is visible, up to ``batch`` messages at a time to up to ``most`` invocations at once."""

    def __init__(
        self,
        aws: Aws,
        queue: Queue,
        module: Any,
        *,
        batch: int,
        timeout: float,
        most: int,
        choose: random.Random,
        skews: tuple[float, ...],
    ) -> None:
        self._aws, self.queue, self._module = aws, queue, module
        self._batch, self._timeout, self._most = batch, timeout, most
        self._choose, self._skews = choose, skews
        self._running = 0
        self._numbers = itertools.count(1)
        self.handler: Callable[[Any, Any], Any] = module.handler

    def due(self) -> float | None:
        return self.queue.wakes_at() if self._running < self._most else None

    def start(self) -> None:
        most = self._choose.randint(1, self._batch)
        messages = self.queue.receive(most, self._choose)
        if not messages:
            return  # it was given up, to the dead letters
        agenda = self._aws.agenda
        name = self._module.__name__.rpartition(".")[2]
        actor = Actor(f"{name}-{next(self._numbers)}", name, self._choose.choice(self._skews))
        actor.deadline = agenda.now + self._timeout
        receipts = {message.id: message.receipt for message in messages}
        event = {"Records": [self.queue.record(message) for message in messages]}
        for message in messages:
            if message.receives == 1 and not message.given_up_by:
                self._aws.log.wrong.extend(hurried(agenda.now, message))
            if self._aws.weather.happens(0.1):  # SQS delivers it once more
                message.visible_at = agenda.now + self._aws.weather.between(0, 5)
                self._aws.log.note(agenda.now, f"{actor.name}: {message.id} is delivered twice")
        self._running += 1
        agenda.spawn(actor, lambda: self._invoke(actor, event, receipts, messages))

    def _invoke(self, actor: Actor, event: Any, receipts: dict[str, str], messages: list[Message]) -> None:
        aws, begun = self._aws, self._aws.agenda.now
        try:
            aws.agenda.pause(0.01)
            answer = self.handler(event, Context(actor.kind, lambda: actor.deadline - aws.agenda.now))
            failed = {item["itemIdentifier"] for item in answer["batchItemFailures"]}
            if failed:
                aws.log.note(aws.agenda.now, f"{actor.name}: {len(failed)} of {len(messages)} messages failed")
            done = [message for message in messages if message.id not in failed]
            self.queue.delete(receipts[message.id] for message in done if not aws.weather.happens(0.03))
            for message in done:
                missed = forgotten(aws.log, aws.queues, message.body, begun, recorded=actor.kind == "record_failures")
                aws.log.wrong.extend(f"{actor.name} {cell}" for cell in missed)
        except Exception as error:  # noqa: BLE001 - Lambda fails the batch, whatever the function raises
            aws.log.wrong.append(f"{actor.name} raised {type(error).__name__}: {error}")
        finally:
            self._running -= 1


def event_sources(aws: Aws, choose: random.Random) -> list[EventSource]:
    """As the stack configures them. One of three environments of each has a wrong clock."""
    wrong = choose.choice((-WRONG_CLOCK, 0, WRONG_CLOCK))
    about: dict[str, Any] = {"choose": choose, "skews": (0.0, 0.0, float(wrong))}
    at_once = {compare_photos: 3, enroll_person: 2, record_failures: 2}
    return [
        EventSource(aws, queue, module, batch=source.batch_size, timeout=source.function.timeout, most=most, **about)
        for queue, source, (module, most) in zip(aws.queues, SOURCES, at_once.items(), strict=True)
    ]
