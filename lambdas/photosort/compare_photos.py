"""The compare queue's function: the photos of a batch against the headshots of their albums."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from photosort import clients
from photosort.batch import Batch
from photosort.bucket import Bucket
from photosort.chunks import chunks
from photosort.errors import OutOfTime
from photosort.events import parse_work
from photosort.pacing import TokenBucket
from photosort.photo import SHORTEST_INVOCATION, Left, PhotoComparer, Result
from photosort.sending import LONGEST_DELAY, Message, send
from photosort.settings import BadSettings, CompareSettings
from photosort.table import Table
from photosort.telemetry import emit, logger
from photosort.work import HEADSHOTS_A_MESSAGE, PHOTOS_A_MESSAGE, Headshot, Work

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_sqs import SQSClient

_FIRST_DELAY = 5  # seconds


@dataclass(slots=True)
class _Delivery:
    """One message: its works, and what came of each of their photos."""

    works: list[Work]
    results: list[tuple[Work, str, Result]] = field(default_factory=list)


@cache
def _started() -> tuple[CompareSettings, TokenBucket]:
    """Of the execution environment: the pace outlives an invocation, or each would begin a new second."""
    settings = CompareSettings.read(os.environ)
    return settings, TokenBucket(settings.calls_per_second)


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    settings, pace = _started()
    comparer = PhotoComparer(
        rekognition=clients.rekognition(settings.threads),
        bucket=Bucket(clients.s3(settings.threads), settings.bucket),
        table=Table(clients.dynamodb(settings.threads), settings.table, settings.retention_days),
        pace=pace,
        seconds_left=lambda: context.get_remaining_time_in_millis() / 1000,
        now=time.time,
        give_up_after=settings.give_up_after,
    )
    batch = compare_batch(
        event["Records"],
        comparer=comparer,
        threads=settings.threads,
        sqs=clients.sqs(),
        queue_url=settings.compare_queue,
    )
    emit(batch.counts, context)
    return batch.response()


def compare_batch(
    records: Sequence[dict[str, Any]],
    *,
    comparer: PhotoComparer,
    threads: int,
    sqs: SQSClient,
    queue_url: str,
    jitter: Callable[[], float] = random.random,
) -> Batch:
    """Compare what the SQS ``records`` ask for and send back what is left. Raises BadSettings where the function's
    timeout leaves no time for any comparison.
    """
    if comparer.seconds_left() < SHORTEST_INVOCATION:
        raise BadSettings(f"the function needs a timeout above {SHORTEST_INVOCATION:.0f} s")
    batch = Batch()
    deliveries: dict[str, _Delivery] = {}
    for record in records:
        with batch.isolated(record["messageId"]):
            deliveries[record["messageId"]] = _Delivery(parse_work(record["body"]))
    _compare_all(batch, deliveries, comparer, threads)
    for message, delivery in deliveries.items():
        for _, _, result in delivery.results:
            batch.counts.update(result.counts)
        if message not in batch.failed:
            with batch.isolated(message):
                # Once what is left is sent as new work, the message itself is done.
                batch.counts["SentBack"] += send(sqs, queue_url, _left_over(delivery.results, jitter))
    logger.info("batch", extra={"messages": len(records), "failed": len(batch.failed), "counts": dict(batch.counts)})
    return batch


def _compare_all(batch: Batch, deliveries: dict[str, _Delivery], comparer: PhotoComparer, threads: int) -> None:
    """All photos of all messages through one pool."""
    with ThreadPoolExecutor(threads) as pool:
        futures = [
            (message, work, photo, pool.submit(comparer.compare, work, photo))
            for message, delivery in deliveries.items()
            for work in delivery.works
            for photo in dict.fromkeys(work.photos)
        ]
    for message, work, photo, future in futures:
        problem = future.exception()
        if problem is None:
            result = future.result()
            deliveries[message].results.append((work, photo, result))
            problem = result.lost
        if problem is not None:
            batch.fail(message, problem, album=work.album, photo=photo)


def _left_over(results: list[tuple[Work, str, Result]], jitter: Callable[[], float]) -> Iterator[Message]:
    """Photos that lack the same headshots for the same reason travel together."""
    groups: dict[tuple[int, tuple[Headshot, ...] | None, str], tuple[Work, Left, list[str]]] = {}
    for work, photo, result in results:
        for left in result.left:
            key = (id(work), left.headshots, left.error.reason)
            groups.setdefault(key, (work, left, []))[2].append(photo)
    for work, left, photos in groups.values():
        again, delay = _again(work, left, jitter)
        for headshots in chunks(left.headshots, HEADSHOTS_A_MESSAGE) if left.headshots else [None]:
            for some in chunks(photos, PHOTOS_A_MESSAGE):
                asked = None if headshots is None else tuple(headshots)
                yield Message(replace(again, photos=tuple(some), headshots=asked), delay)


def _again(work: Work, left: Left, jitter: Callable[[], float]) -> tuple[Work, int]:
    """The work as its next attempt, and the seconds to wait before: 5, 10, 20 ... with half of it random.

    What only lacked time was not attempted, and waits for nothing.
    """
    again = replace(work, reason=left.error.reason)
    if isinstance(left.error, OutOfTime):
        return again, 0
    delay = min(LONGEST_DELAY, _FIRST_DELAY * 2 ** min(work.attempt, 20))
    return replace(again, attempt=work.attempt + 1), round(delay * (0.5 + jitter() / 2))
