"""What can happen to one request to AWS, drawn from a seed, and how each service says so."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectionClosedError, ConnectTimeoutError, HTTPClientError, ReadTimeoutError

from photosort import clients
from simulation.wire import response, text_response
from sortclient.aws import session


class Fault(StrEnum):
    """``not``: the request was not carried out. ``lost``: it was, and who asked does not know."""

    THROTTLED = "throttled, not carried out"
    INTERNAL = "500, not carried out"
    INTERNAL_LOST = "500, carried out"
    DENIED = "denied"
    EXPIRED = "expired token"
    UNREACHABLE = "no connection"
    SILENT = "timeout, not carried out"
    SILENT_LOST = "timeout, carried out"
    RESET = "connection reset, not carried out"
    RESET_LOST = "connection reset, carried out"
    LATE = "answered late"
    SLOW = "carried out late"
    DEATH = "death before"
    DEATH_LOST = "death after"
    PARTLY = "carried out in part"

    @property
    def is_carried_out(self) -> bool:
        return self in _CARRIED_OUT


_CARRIED_OUT = {
    Fault.INTERNAL_LOST,
    Fault.SILENT_LOST,
    Fault.RESET_LOST,
    Fault.LATE,
    Fault.SLOW,
    Fault.DEATH_LOST,
    Fault.PARTLY,
}
BATCHES = ("BatchGetItem", "BatchWriteItem", "SendMessageBatch")
_WEIGHTS = dict.fromkeys(Fault, 3) | {Fault.EXPIRED: 1, Fault.THROTTLED: 5, Fault.PARTLY: 0}
_PARTLY = {"client": 0.4}  # of the batches
_LASTING = (Fault.DENIED, Fault.DEATH)  # what ends the work of a function only when it comes again and again

# What the very first of these requests meet, and the next ones, for so many.
_GALE = (Fault.DENIED, Fault.DENIED, Fault.DEATH, Fault.DEATH_LOST, Fault.UNREACHABLE, Fault.INTERNAL)
_IN_A_GALE = {
    ("client", "s3.PutObject"): 8,
    ("compare_photos", "rekognition.CompareFaces"): 30,
    ("compare_photos", "dynamodb.PutItem"): 30,
    ("compare_photos", "s3.CopyObject"): 30,
    ("enroll_person", "sqs.SendMessageBatch"): 8,
    ("record_failures", "dynamodb.PutItem"): 8,
}

# A command makes more requests, and ends at the first fault that outlasts botocore's patience; dead letters are rare.
_RATES = {"client": 1 / 3, "record_failures": 3}

# By the services' pages of common errors and their API references; what botocore retries is told by these codes.
_CODES: dict[str, dict[Fault, tuple[str, int]]] = {
    "s3": {
        Fault.THROTTLED: ("SlowDown", 503),
        Fault.INTERNAL: ("InternalError", 500),
        Fault.DENIED: ("AccessDenied", 403),
        Fault.EXPIRED: ("ExpiredToken", 400),
    },
    "dynamodb": {
        Fault.THROTTLED: ("ProvisionedThroughputExceededException", 400),
        Fault.INTERNAL: ("InternalServerError", 500),
        Fault.DENIED: ("AccessDeniedException", 400),
        Fault.EXPIRED: ("ExpiredTokenException", 400),
    },
    "sqs": {
        Fault.THROTTLED: ("ThrottlingException", 400),
        Fault.INTERNAL: ("InternalFailure", 500),
        Fault.DENIED: ("AccessDeniedException", 403),
        Fault.EXPIRED: ("ExpiredTokenException", 403),
    },
    "rekognition": {
        Fault.THROTTLED: ("ProvisionedThroughputExceededException", 400),
        Fault.INTERNAL: ("InternalServerError", 500),
        Fault.DENIED: ("AccessDeniedException", 400),
        Fault.EXPIRED: ("ExpiredTokenException", 400),
    },
}
_LIMITS = {"s3": clients.S3, "dynamodb": clients.DYNAMODB, "sqs": clients.SQS, "rekognition": clients.REKOGNITION}


def patience(kind: str, service: str) -> tuple[float, float]:
    """Seconds that an actor waits for a connection, and for an answer."""
    if kind == "client":
        return session._CONNECT_SECONDS, session._READ_SECONDS
    return _LIMITS[service].connect, _LIMITS[service].read


def refusal(fault: Fault, service: str, operation: str) -> AWSResponse:
    """The error as the service writes it."""
    code, status = _CODES[service][Fault.INTERNAL if fault is Fault.INTERNAL_LOST else fault]
    if service != "s3":
        return response(status, {"__type": f"com.amazon.coral.service#{code}", "message": "as the weather is"})
    if operation.startswith("Head"):
        return text_response(status, "")
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>weather</Message></Error>'
    # A copy that fails after its answer has begun fails inside of a 200.
    begun = operation == "CopyObject" and status == 500
    return text_response(200 if begun else status, body)


def broken(fault: Fault, url: str) -> HTTPClientError | ConnectionClosedError:
    if fault is Fault.UNREACHABLE:
        return ConnectTimeoutError(endpoint_url=url, error="weather")
    if fault in (Fault.RESET, Fault.RESET_LOST):
        return ConnectionClosedError(endpoint_url=url)
    return ReadTimeoutError(endpoint_url=url)


@dataclass(slots=True)
class Spell:
    """The same again for the same requests: what lasts longer than botocore's own retries."""

    fault: Fault
    left: int


class Weather:
    """``faults`` are left to come; after these it is calm."""

    def __init__(self, choose: random.Random) -> None:
        self._choose = choose
        self.faults = choose.choice((20, 50, 100, 200))
        self._rate = choose.choice((0.03, 0.08, 0.15, 0.3))
        self._weights = {fault: weight * choose.choice((0, 1, 1, 3)) for fault, weight in _WEIGHTS.items()}
        self._weights[choose.choice(list(Fault))] *= 5  # each season has its own
        self._spells = {
            request: Spell(choose.choice(_GALE), lasts)
            for request, lasts in _IN_A_GALE.items()
            if choose.random() < 0.3
        }

    @property
    def is_calm(self) -> bool:
        return self.faults <= 0

    def freshen(self) -> None:
        self.faults = max(self.faults, self._choose.choice((0, 20, 50)))

    def calm(self) -> None:
        self.faults = 0

    def draw(self, kind: str, operation: str) -> Fault | None:
        if self.is_calm:
            return None
        spell = self._spells.get((kind, operation))
        if spell is None:
            if operation.endswith(BATCHES) and self._choose.random() < _PARTLY.get(kind, 0.2):
                self.faults -= 1
                return Fault.PARTLY
            if self._choose.random() >= self._rate * _RATES.get(kind, 1) or not any(self._weights.values()):
                return None
            fault = self._choose.choices(list(self._weights), list(self._weights.values()))[0]
            if kind == "client":
                lasts = self._choose.choice((1, 1, 1, 2, 3, 6))
            else:
                lasts = self._choose.choice((1, 5, 15, 60) if fault in _LASTING else (1, 1, 2, 4, 15, 60))
            spell = self._spells[kind, operation] = Spell(fault, lasts)
        spell.left -= 1
        self.faults -= 1
        if not spell.left:
            del self._spells[kind, operation]
        return spell.fault

    def happens(self, chance: float) -> bool:
        return not self.is_calm and self._choose.random() < chance

    def between(self, least: float, most: float) -> float:
        return self._choose.uniform(least, most)

    def portion(self, items: list[Any]) -> tuple[list[Any], list[Any]]:
        """Some of them, and the others, in order."""
        taken = [self._choose.random() < 0.5 for _ in items]
        return (
            [item for item, yes in zip(items, taken, strict=True) if yes],
            [item for item, yes in zip(items, taken, strict=True) if not yes],
        )


def members(body: bytes | str | None) -> dict[str, Any]:
    """Of a request in JSON."""
    read: dict[str, Any] = json.loads(body or "{}")
    return read
