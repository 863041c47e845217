"""Standard queues of SQS in simulated time: delays, visibility timeouts, redelivery, dead letters.

Which of the waiting messages come first, and whether one comes twice, is the caller's: a queue promises neither.
"""

from __future__ import annotations

import hashlib
import itertools
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from simulation.wire import AwsError, Operation

MOST_A_REQUEST = 10
MOST_BYTES = 262_144  # of the bodies of one request; SQS takes 1 MiB by now
LONGEST_DELAY = 900  # seconds

_numbers = itertools.count()


@dataclass(slots=True)
class Message:
    """``visible_at`` is when it may be received (again); ``receives`` how often it was."""

    body: str
    sent_at: float
    visible_at: float
    id: str = field(default_factory=lambda: f"m{next(_numbers)}")
    receives: int = 0
    receipt: str = ""  # of the last receive; only that one deletes it
    given_up_by: str = ""  # the queue (ARN) whose dead letter it is


class Queue:
    """``now`` is the simulated time in seconds since 1970; ``visibility`` hides a received message for so long.

    What was received ``max_receives`` times is moved to ``dead_letters`` instead of being delivered once more.
    """

    def __init__(
        self,
        name: str,
        now: Callable[[], float],
        *,
        visibility: float = 30,
        max_receives: int | None = None,
        dead_letters: Queue | None = None,
    ) -> None:
        self.name = name
        self.url = f"https://sqs.us-west-1.amazonaws.com/123456789012/{name}"
        self.arn = f"arn:aws:sqs:us-west-1:123456789012:{name}"
        self.visibility = visibility
        self.messages: dict[str, Message] = {}
        self._now = now
        self._max_receives, self._dead_letters = max_receives, dead_letters

    def send(self, body: str, delay: float = 0) -> Message:
        message = Message(body, self._now(), self._now() + delay)
        self.messages[message.id] = message
        return message

    def receive(self, most: int, choose: random.Random | None = None) -> list[Message]:
        """Up to ``most`` messages that are visible, hidden from now on; the oldest first unless ``choose`` draws."""
        waiting = [message for message in self.messages.values() if message.visible_at <= self._now()]
        if choose is not None:
            choose.shuffle(waiting)
        received: list[Message] = []
        for message in waiting:
            if len(received) == most:
                break
            if self._max_receives is not None and message.receives >= self._max_receives:
                self._give_up(message)
                continue
            message.receives += 1
            message.receipt = f"{message.id}-{message.receives}"
            message.visible_at = self._now() + self.visibility
            received.append(message)
        return received

    def delete(self, receipts: Iterable[str]) -> None:
        """A receipt of an earlier receive than the last one deletes nothing: the message is in somebody else's work."""
        for receipt in receipts:
            message = self.messages.get(receipt.rpartition("-")[0])
            if message is not None and message.receipt == receipt:
                del self.messages[message.id]

    def wakes_at(self) -> float | None:
        """When the next message is visible, which may be in the past; None where there is none at all."""
        return min((message.visible_at for message in self.messages.values()), default=None)

    def record(self, message: Message) -> dict[str, Any]:
        """The message as Lambda hands it to a function."""
        attributes = {
            "ApproximateReceiveCount": str(message.receives),
            "SentTimestamp": str(int(message.sent_at * 1000)),
            "SenderId": "AIDAIENQZJOLO23YVJ4VO",
            "ApproximateFirstReceiveTimestamp": str(int(self._now() * 1000)),
        }
        if message.given_up_by:
            attributes["DeadLetterQueueSourceArn"] = message.given_up_by
        return {
            "messageId": message.id,
            "receiptHandle": message.receipt,
            "body": message.body,
            "attributes": attributes,
            "messageAttributes": {},
            "md5OfBody": _md5(message.body),
            "eventSource": "aws:sqs",
            "eventSourceARN": self.arn,
            "awsRegion": "us-west-1",
        }

    def attributes(self) -> dict[str, str]:
        """The three counts, exact; SQS's are approximate and up to a minute old."""
        now, waiting, hidden, delayed = self._now(), 0, 0, 0
        for message in self.messages.values():
            if message.visible_at <= now:
                waiting += 1
            elif message.receives:
                hidden += 1
            else:
                delayed += 1
        return {
            "ApproximateNumberOfMessages": str(waiting),
            "ApproximateNumberOfMessagesNotVisible": str(hidden),
            "ApproximateNumberOfMessagesDelayed": str(delayed),
        }

    def _give_up(self, message: Message) -> None:
        del self.messages[message.id]
        if self._dead_letters is not None:
            self._dead_letters.send(message.body).given_up_by = self.arn


class Sqs:
    """Answers clients for these queues, as far as functions and client ask."""

    def __init__(self, queues: Iterable[Queue]) -> None:
        self._queues = {queue.url: queue for queue in queues}

    def operations(self) -> dict[str, Operation]:
        return {"SendMessageBatch": self._send_batch, "GetQueueAttributes": self._attributes}

    def _send_batch(self, request: dict[str, Any]) -> dict[str, Any]:
        queue, entries = self._queue(request), request["Entries"]
        if not 0 < len(entries) <= MOST_A_REQUEST:
            raise AwsError("AWS.SimpleQueueService.TooManyEntriesInBatchRequest")
        if len({entry["Id"] for entry in entries}) < len(entries):
            raise AwsError("AWS.SimpleQueueService.BatchEntryIdsNotDistinct")
        if sum(len(entry["MessageBody"].encode()) for entry in entries) > MOST_BYTES:
            raise AwsError("AWS.SimpleQueueService.BatchRequestTooLong")
        if any(not 0 <= entry.get("DelaySeconds", 0) <= LONGEST_DELAY for entry in entries):
            raise AwsError("InvalidParameterValue")
        return {"Successful": [self._send(queue, entry) for entry in entries], "Failed": []}

    def _send(self, queue: Queue, entry: dict[str, Any]) -> dict[str, str]:
        message = queue.send(entry["MessageBody"], entry.get("DelaySeconds", 0))
        return {"Id": entry["Id"], "MessageId": message.id, "MD5OfMessageBody": _md5(message.body)}

    def _attributes(self, request: dict[str, Any]) -> dict[str, Any]:
        attributes = self._queue(request).attributes()
        return {"Attributes": {name: attributes[name] for name in request.get("AttributeNames", attributes)}}

    def _queue(self, request: dict[str, Any]) -> Queue:
        try:
            return self._queues[request["QueueUrl"]]
        except KeyError:
            raise AwsError("AWS.SimpleQueueService.NonExistentQueue") from None


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
