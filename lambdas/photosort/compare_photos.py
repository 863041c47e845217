"""The compare queue's function: the photos of a batch against the headshots of their albums."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Any

from photosort import clients
from photosort.batch import Batch
from photosort.bucket import Bucket
from photosort.chunks import chunks
from photosort.errors import OutOfTime
from photosort.events import parse_work
from photosort.pacing import TokenBucket, photos_a_turn
from photosort.photo import SHORTEST_INVOCATION, Left, PhotoComparer, Result
from photosort.sending import LONGEST_DELAY, Message, send
from photosort.settings import BadSettings, CompareSettings
from photosort.stack import Metric
from photosort.table import Table
from photosort.telemetry import emit, logger
from photosort.work import HEADSHOTS_A_MESSAGE, PHOTOS_A_MESSAGE, Headshot, Work

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_sqs import SQSClient

_FIRST_DELAY = 5  # seconds


@dataclass(slots=True)
class _Delivery:
    """One message: its works, and what came of each of their photos. ``again``: it was delivered before."""

    works: list[Work]
    again: bool
    results: list[tuple[Work, str, Result]] = field(default_factory=list)


# (album, photo) -> the messages that ask for it, by their ids, and what each of them asks.
_ByPhoto = dict[tuple[str, str], list[tuple[str, Work]]]


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
        most=photos_a_turn(settings.calls_per_second),
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
    most: int,
    sqs: SQSClient,
    queue_url: str,
    jitter: Callable[[], float] = random.random,
) -> Batch:
    """Compare what the SQS ``records`` ask for, ``most`` photos of it, and send back what is left. Raises BadSettings
    where the function's timeout leaves no time for any comparison.
    """
    if comparer.seconds_left() < SHORTEST_INVOCATION:
        raise BadSettings(f"the function needs a timeout above {SHORTEST_INVOCATION:.0f} s")
    batch = Batch()
    deliveries: dict[str, _Delivery] = {}
    for record in records:
        with batch.isolated(record["messageId"]):
            again = int(record["attributes"].get("ApproximateReceiveCount", 1)) > 1
            deliveries[record["messageId"]] = _Delivery(parse_work(record["body"]), again)
    # A message may hold 25 photos: a batch of such is more than one environment should keep for itself.
    asked = list(_by_photo(deliveries).items())
    for (_, photo), works in asked[most:]:
        for message, work in works:
            left = Left(work.headshots, OutOfTime("more photos than an invocation takes on"))
            deliveries[message].results.append((work, photo, Result(left=[left])))
    # Before the rest, as somebody may be waiting for work; but once a message: where each invocation dies in its midst,
    # the messages would come back beside what was sent of them, every time more, and never become dead letters.
    fresh = {message: delivery for message, delivery in deliveries.items() if not delivery.again}
    _send_back(batch, fresh, sqs, queue_url, jitter)
    _compare_all(batch, deliveries, dict(asked[:most]), comparer, threads)
    for delivery in deliveries.values():
        for _, _, result in delivery.results:
            batch.counts.update(result.counts)
    _send_back(batch, deliveries, sqs, queue_url, jitter)
    logger.info("batch", extra={"messages": len(records), "failed": len(batch.failed), "counts": dict(batch.counts)})
    return batch


def _by_photo(deliveries: dict[str, _Delivery]) -> _ByPhoto:
    asked: _ByPhoto = {}
    for message, delivery in deliveries.items():
        for work in delivery.works:
            for photo in dict.fromkeys(work.photos):
                asked.setdefault((work.album, photo), []).append((message, work))
    return asked


def _compare_all(
    batch: Batch, deliveries: dict[str, _Delivery], asked: _ByPhoto, comparer: PhotoComparer, threads: int
) -> None:
    """All photos of all messages through one pool. What several of them ask of one photo comes one after another:
    a message that is there twice finds its cells, and is not charged.
    """
    with ThreadPoolExecutor(threads) as pool:
        futures = [
            (photo, works, pool.submit(_compare_photo, comparer, photo, [work for _, work in works]))
            for (_, photo), works in asked.items()
        ]
    for photo, works, future in futures:
        for (message, work), result in zip(works, future.result(), strict=True):
            if isinstance(result, Result):
                deliveries[message].results.append((work, photo, result))
                _log(work, photo, result)
                problem: Exception | None = result.lost
            else:
                problem = result
            if problem is not None:
                batch.fail(message, problem, album=work.album, photo=photo)


def _compare_photo(comparer: PhotoComparer, photo: str, works: list[Work]) -> list[Result | Exception]:
    """What came of each of ``works``: a bug that one of them meets fails that one."""
    results: list[Result | Exception] = []
    for work in works:
        try:
            results.append(comparer.compare(work, photo))
        except Exception as error:  # noqa: BLE001 - logged with its message
            results.append(error)
    return results


def _log(work: Work, photo: str, result: Result) -> None:
    """A line for each photo and attempt: together they are the photo's story."""
    reasons = sorted({left.error.reason for left in result.left})
    about = {"album": work.album, "photo": photo, "attempt": work.attempt, "counts": dict(result.counts)}
    logger.info("photo", extra=about | {"left": reasons})


def _send_back(
    batch: Batch, deliveries: dict[str, _Delivery], sqs: SQSClient, queue_url: str, jitter: Callable[[], float]
) -> None:
    """What is left of all messages together: most are one photo, and SQS takes ten messages a request. Once that is
    sent as new work, the messages themselves are done.
    """
    left: dict[str, list[Message]] = {}
    for message, delivery in deliveries.items():
        if message not in batch.failed:
            with batch.isolated(message):
                left[message] = list(_left_over(delivery.results, jitter))
        delivery.results.clear()
    try:
        batch.counts[Metric.SENT_BACK] += send(sqs, queue_url, chain.from_iterable(left.values()))
    except Exception as error:  # noqa: BLE001 - logged with each message
        for message in left:
            if left[message]:
                batch.fail(message, error)


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
