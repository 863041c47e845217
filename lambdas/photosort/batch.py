"""A batch of SQS messages: which of them SQS has to deliver again, and what was counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from photosort.errors import PipelineError
from photosort.events import MalformedMessage
from photosort.telemetry import logger


@dataclass(slots=True)
class Batch:
    failed: list[str] = field(default_factory=list)  # message ids
    counts: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def isolated(self, message: str) -> Iterator[None]:
        """Whatever is raised inside fails this message and no other one of the batch."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - a bug that one message meets must not take nine others with it
            self.fail(message, error)

    def fail(self, message: str, error: BaseException, **about: object) -> None:
        """SQS delivers the message again, and at last puts it into the dead letters."""
        expected = isinstance(error, MalformedMessage | PipelineError)
        logger.error(
            "message failed",
            extra={"message_id": message, "problem": f"{type(error).__name__}: {error}"[:200], **about},
            exc_info=None if expected else error,
        )
        if message not in self.failed:
            self.failed.append(message)

    def response(self) -> dict[str, Any]:
        """What a function with ReportBatchItemFailures returns."""
        return {"batchItemFailures": [{"itemIdentifier": message} for message in self.failed]}
