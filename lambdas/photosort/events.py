"""What the queues deliver: an SQS message's body as the work or the enrolments that it asks for. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import unquote_plus

from photosort.keys import HeadshotKey, MalformedKey, PhotoKey, parse_key
from photosort.work import MalformedWork, Work, from_message, is_work

Asked = TypeVar("Asked")


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A headshot has arrived: compare it with the photos that were there before."""

    headshot: HeadshotKey
    arrived: datetime  # when S3 had it: who listed the album later has seen it


class MalformedMessage(ValueError):
    """Nobody of this project wrote this. Permanent: it belongs into the dead letters."""


def parse(body: str) -> list[Work | Enrolment]:
    """What the message asks for; nothing for the test event that S3 sends when notifications are configured.

    An S3 event is a list of records; work is one Work. Raises MalformedMessage.
    """
    try:
        message = json.loads(body)
        if is_work(message):
            return [from_message(message)]
        if isinstance(message, dict) and message.get("Event") == "s3:TestEvent":
            return []
        return [_asked_by(record) for record in message["Records"]]
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError, MalformedKey, MalformedWork) as error:
        raise MalformedMessage(f"{type(error).__name__}: {error}") from error


def parse_work(body: str) -> list[Work]:
    """`parse`, for the compare queue."""
    return [_expect(asked, Work) for asked in parse(body)]


def parse_enrolments(body: str) -> list[Enrolment]:
    """`parse`, for the enroll queue."""
    return [_expect(asked, Enrolment) for asked in parse(body)]


def _asked_by(record: dict[str, Any]) -> Work | Enrolment:
    # S3 raises the minor number when it adds a field: https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
    if not record["eventVersion"].startswith("2."):
        raise ValueError(f"S3 event version {record['eventVersion']}")
    if not record["eventName"].startswith("ObjectCreated:"):
        raise ValueError(f"S3 event {record['eventName']}")
    # Keys come form-encoded, over the encoding that our keys have of their own.
    match parse_key(unquote_plus(record["s3"]["object"]["key"], errors="strict")):
        case PhotoKey(album, digest):
            return Work(album, (digest,))
        case HeadshotKey() as headshot:
            return Enrolment(headshot, datetime.fromisoformat(record["eventTime"]).astimezone(UTC))
        case other:
            raise ValueError(f"nothing is to be done for {str(other)!r}")


def _expect(asked: Work | Enrolment, kind: type[Asked]) -> Asked:
    if not isinstance(asked, kind):
        raise MalformedMessage(f"{type(asked).__name__} in the wrong queue")
    return asked
