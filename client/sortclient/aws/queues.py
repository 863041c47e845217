"""The queues as the client sees them: how much is waiting, and how to ask for cells."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from photosort.chunks import chunks
from photosort.work import Work
from sortclient.aws.failures import Retryable, explained
from sortclient.aws.stack import Deployment

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

# A request to SQS takes 10 messages and 256 KB; the largest work (100 headshots of people with long names that are
# not ASCII) is some 45 KB.
_MESSAGES_A_CALL = 5
_ATTEMPTS = 4


@dataclass(frozen=True, slots=True)
class Depth:
    """How many messages a queue holds: approximate, and up to a minute old (SQS counts so)."""

    waiting: int = 0
    in_work: int = 0
    delayed: int = 0  # sent back for later, as AWS was asked too often

    @property
    def total(self) -> int:
        return self.waiting + self.in_work + self.delayed


@dataclass(frozen=True, slots=True)
class Backlog:
    """What the queues of a deployment hold, of all its albums: a message does not say whose it is."""

    compare: Depth
    enroll: Depth
    dead_letters: int

    @property
    def queued(self) -> int:
        return self.compare.total + self.enroll.total

    @property
    def is_idle(self) -> bool:
        return self.queued == 0


class Queues:
    """The queues of one deployment."""

    def __init__(self, sqs: SQSClient, deployment: Deployment) -> None:
        self._sqs, self._deployment = sqs, deployment

    def backlog(self) -> Backlog:
        with explained():
            return Backlog(
                compare=self._depth(self._deployment.compare_queue),
                enroll=self._depth(self._deployment.enroll_queue),
                dead_letters=self._depth(self._deployment.dead_letters).total,
            )

    def ask(self, works: Iterable[Work]) -> None:
        """Send work straight to the compare queue. Work that already stands as verdicts costs two reads, no call."""
        with explained():
            for batch in chunks(works, _MESSAGES_A_CALL):
                self._send(batch)

    def _send(self, works: list[Work]) -> None:
        entries: list[SendMessageBatchRequestEntryTypeDef] = [
            {"Id": str(number), "MessageBody": work.to_message()} for number, work in enumerate(works)
        ]
        for _ in range(_ATTEMPTS):
            answer = self._sqs.send_message_batch(QueueUrl=self._deployment.compare_queue, Entries=entries)
            refused = {entry["Id"] for entry in answer.get("Failed", [])}
            entries = [entry for entry in entries if entry["Id"] in refused]
            if not entries:
                return
        raise Retryable("AWS is busy: the queue takes no work. Run the same command again to go on.")

    def _depth(self, url: str) -> Depth:
        counts = self._sqs.get_queue_attributes(
            QueueUrl=url,
            AttributeNames=[
                "ApproximateNumberOfMessages",
                "ApproximateNumberOfMessagesNotVisible",
                "ApproximateNumberOfMessagesDelayed",
            ],
        )["Attributes"]
        return Depth(
            waiting=int(counts["ApproximateNumberOfMessages"]),
            in_work=int(counts["ApproximateNumberOfMessagesNotVisible"]),
            delayed=int(counts["ApproximateNumberOfMessagesDelayed"]),
        )
