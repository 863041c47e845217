"""The bucket of a chaos run as it is, without a request, and S3's clocks: each server has its own."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.backends import get_backend
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.s3 import models as moto_s3

from sortclient.emulator import s3_events
from tests.pipeline.cloud import BUCKET

_APART = 0.95  # seconds that a server's clock is wrong


def stored() -> dict[str, Any]:
    """What the bucket holds, by key."""
    objects: dict[str, Any] = get_backend("s3")[DEFAULT_ACCOUNT_ID]["aws"].buckets[BUCKET].keys
    return objects


def arrived(key: str) -> float:
    """When the object was written, by S3's clock: seconds since 1970."""
    moment: datetime = stored()[key].last_modified
    return moment.replace(tzinfo=UTC).timestamp()


def expire(now: float, days: int) -> None:
    """What the bucket's lifecycle rule does."""
    for key in list(stored()):
        if arrived(key) < now - timedelta(days=days).total_seconds():
            del stored()[key]


@dataclass(frozen=True, slots=True)
class Objects:
    """The bucket as Rekognition looks into it."""

    def head_object(self, *, Bucket: str, Key: str) -> None:  # noqa: N803
        if Key not in stored():
            raise ClientError({"Error": {"Code": "404"}}, "HeadObject")


def put_clocks_apart(now: Callable[[], float], choose: random.Random, patch: pytest.MonkeyPatch) -> None:
    """LastModified and an event's time are of different servers, and of nobody else's clock."""

    def moment() -> float:
        return now() + choose.choice((-_APART, 0, _APART))

    class Simulated(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Simulated:
            return cls.fromtimestamp(moment(), tz)

    patch.setattr(moto_s3, "utcnow", lambda: datetime.fromtimestamp(moment(), UTC).replace(tzinfo=None))
    patch.setattr(s3_events, "datetime", Simulated)
