"""Work into the compare queue, in as few requests as its limits allow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from photosort.errors import Transient, translated
from photosort.work import Work

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

LONGEST_DELAY = 900  # seconds; SQS takes no more
_MESSAGES_A_REQUEST = 10
# Of all bodies of one request together. SQS now takes 1 MiB; this was the limit for years, and all our
# messages of a request hardly ever come near it.
_BYTES_A_REQUEST = 256 * 1024
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Message:
    work: Work
    delay: int = 0  # seconds


def send(client: SQSClient, queue_url: str, messages: Iterable[Message]) -> int:
    """Send all and return how many. Raises PipelineError where some could not be sent; others may have been."""
    sent = 0
    for entries in _requests(messages):
        sent += len(entries)
        for _ in range(_TRIES):
            with translated():
                answer = client.send_message_batch(QueueUrl=queue_url, Entries=entries)
            failed = {failure["Id"]: failure["Code"] for failure in answer.get("Failed", [])}
            entries = [entry for entry in entries if entry["Id"] in failed]
            if not entries:
                break
        else:
            raise Transient(f"SQS took not all messages: {', '.join(sorted(set(failed.values())))}")
    return sent


def _requests(messages: Iterable[Message]) -> Iterator[list[Any]]:
    entries: list[Any] = []
    size = 0
    for message in messages:
        body = message.work.to_message()
        if entries and (len(entries) == _MESSAGES_A_REQUEST or size + len(body) > _BYTES_A_REQUEST):
            yield entries
            entries, size = [], 0
        entries.append({"Id": str(len(entries)), "MessageBody": body, "DelaySeconds": message.delay})
        size += len(body)  # JSON as it is written here is ASCII: characters are bytes
    if entries:
        yield entries
