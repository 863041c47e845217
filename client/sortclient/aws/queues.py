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
class Backlog:
    """Messages waiting, in work or delayed: approximate, and up to a minute old (SQS counts so)."""

    compare: int
    enroll: int
    dead_letters: int

    @property
    def is_idle(self) -> bool:
        return self.compare == 0 and self.enroll == 0


class Queues:
    """The queues of one deployment."""

    def __init__(self, sqs: SQSClient, deployment: Deployment) -> None:
        self._sqs, self._deployment = sqs, deployment

    def backlog(self) -> Backlog:
        with explained():
            return Backlog(
                compare=self._depth(self._deployment.compare_queue),
                enroll=self._depth(self._deployment.enroll_queue),
                dead_letters=self._depth(self._deployment.dead_letters),
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

    def _depth(self, url: str) -> int:
        counts = self._sqs.get_queue_attributes(
            QueueUrl=url,
            AttributeNames=[
                "ApproximateNumberOfMessages",
                "ApproximateNumberOfMessagesNotVisible",
                "ApproximateNumberOfMessagesDelayed",
            ],
        )["Attributes"]
        return sum(int(count) for count in counts.values())
