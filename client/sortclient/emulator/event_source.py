"""Polls a queue as Lambda's event source for SQS does.

Batches of up to a size and within a window; at most so many invocations at once, and no message is received that
has no invocation waiting for it; what succeeded is deleted, what failed stays invisible until its visibility timeout
has passed. The redrive to the dead letters is the queue's: moto does it instead of delivering once too often.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from sortclient.emulator.function import FunctionFailed

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import DeleteMessageBatchRequestEntryTypeDef, MessageTypeDef

# An empty receive costs 3 ms of a core. Lambda polls for up to 20 s at a time instead.
_POLL_EVERY = 0.2  # seconds
_MOST_A_CALL = 10  # SQS's limit

_log = logging.getLogger(__name__)


class EventSource:
    """``invoke`` gets the event of a batch and returns the function's result, or raises FunctionFailed."""

    def __init__(
        self,
        sqs: SQSClient,
        queue_url: str,
        invoke: Callable[[Mapping[str, Any]], object],
        *,
        batch_size: int,
        max_concurrency: int,
        window: float = 0,
    ) -> None:
        self._sqs = sqs
        self._queue_url = queue_url
        self._queue_arn = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])["Attributes"][
            "QueueArn"
        ]
        self._invoke = invoke
        self._batch_size = batch_size
        self._window = window
        self._free = threading.Semaphore(max_concurrency)
        self._invocations = ThreadPoolExecutor(max_concurrency, thread_name_prefix="invocation")
        self._stop = threading.Event()
        self._poller = threading.Thread(target=self._poll, name=f"poll {queue_url}", daemon=True)
        self._poller.start()

    def close(self) -> None:
        """Poll no more, and wait for the invocations under way."""
        self._stop.set()
        self._poller.join()
        self._invocations.shutdown(wait=True)

    def _poll(self) -> None:
        while not self._stop.is_set():
            if not self._free.acquire(timeout=_POLL_EVERY):
                continue
            batch = self._gather()
            if batch:
                self._invocations.submit(self._process, batch)
            else:
                self._free.release()
                self._stop.wait(_POLL_EVERY)

    def _gather(self) -> list[MessageTypeDef]:
        batch = self._receive(self._batch_size)
        ends = time.monotonic() + self._window
        while batch and len(batch) < self._batch_size and time.monotonic() < ends and not self._stop.is_set():
            self._stop.wait(_POLL_EVERY)
            batch += self._receive(self._batch_size - len(batch))
        return batch

    def _receive(self, wanted: int) -> list[MessageTypeDef]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return self._sqs.receive_message(
                QueueUrl=self._queue_url,
                MaxNumberOfMessages=min(wanted, _MOST_A_CALL),
                MessageAttributeNames=["All"],
                MessageSystemAttributeNames=["All"],
            ).get("Messages", [])
        except (BotoCoreError, ClientError):
            _log.exception("receive from %s", self._queue_url)
            return []

    def _process(self, batch: list[MessageTypeDef]) -> None:
        try:
            result = self._invoke({"Records": [record(message, self._queue_arn) for message in batch]})
            failed = failures(result, [message["MessageId"] for message in batch])
            if failed:
                _log.warning("%d of %d messages failed: %s", len(failed), len(batch), sorted(failed))
            self._delete([message for message in batch if message["MessageId"] not in failed])
        except FunctionFailed as error:
            _log.warning("%d of %d messages failed: %s", len(batch), len(batch), error)
        finally:
            self._free.release()

    def _delete(self, messages: list[MessageTypeDef]) -> None:
        """What cannot be deleted comes again: at least once is all that SQS promises."""
        from botocore.exceptions import BotoCoreError, ClientError

        for start in range(0, len(messages), _MOST_A_CALL):
            entries: list[DeleteMessageBatchRequestEntryTypeDef] = [
                {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
                for number, message in enumerate(messages[start : start + _MOST_A_CALL])
            ]
            try:
                self._sqs.delete_message_batch(QueueUrl=self._queue_url, Entries=entries)
            except (BotoCoreError, ClientError):
                _log.exception("delete from %s", self._queue_url)


def record(message: MessageTypeDef, queue_arn: str) -> dict[str, Any]:
    """A message as the function gets it."""
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message.get("Attributes", {}),
        "messageAttributes": {},
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": queue_arn.split(":")[3],
    }


def failures(result: object, message_ids: Collection[str]) -> set[str]:
    """The messages that a function's result calls failed, with ReportBatchItemFailures.

    No result, an empty one, or an empty or missing list is a complete success; a result of another form, a bad entry
    or an unknown message is a complete failure. Source: AWS Lambda developer guide, "Handling errors for an SQS
    event source in Lambda".
    """
    everything = set(message_ids)
    if result is None:
        return set()
    if not isinstance(result, dict):
        return everything
    entries = result.get("batchItemFailures") or []
    if not isinstance(entries, list):
        return everything
    failed = {str(entry.get("itemIdentifier")) if isinstance(entry, dict) else "" for entry in entries}
    return failed if failed <= everything else everything
