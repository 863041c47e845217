"""The dead letters' function: what crashed or was malformed becomes `failed` cells, so that nobody waits for them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import product
from typing import TYPE_CHECKING, Any

from photosort import clients, comparison
from photosort.batch import Batch
from photosort.bucket import Bucket
from photosort.chunks import chunks
from photosort.errors import OutOfTime
from photosort.events import Enrolment, MalformedMessage, parse
from photosort.rekognition import failure
from photosort.settings import RecordSettings
from photosort.stack import Metric
from photosort.table import KEYS_A_READ, Table
from photosort.telemetry import emit, logger
from photosort.work import Work

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_THREADS = 10
# Cells are read and written in portions of one read, which holds the thresholds too.
_PORTION = KEYS_A_READ - 1
# Seconds that one portion may take: its read, and its writes by the pool; then a page of what comes next.
_TIME_FOR_A_PORTION = clients.DYNAMODB.longest * (1 + -(-_PORTION // _THREADS)) + clients.S3.longest


@cache
def _started() -> RecordSettings:
    return RecordSettings.read(os.environ)


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    settings = _started()
    batch = record_batch(
        event["Records"],
        bucket=Bucket(clients.s3(), settings.bucket),
        table=Table(clients.dynamodb(_THREADS), settings.table, settings.retention_days),
        seconds_left=lambda: context.get_remaining_time_in_millis() / 1000,
    )
    emit(batch.counts, context)
    return batch.response()


def record_batch(
    records: Sequence[dict[str, Any]], *, bucket: Bucket, table: Table, seconds_left: Callable[[], float]
) -> Batch:
    """Write a failed cell for each cell that the SQS ``records`` asked for and that does not exist.

    A message too large for one invocation fails: the next one finds what this one wrote and goes on from there.
    A message that nobody understands is logged and done, since it would come back for ever.
    """
    batch = Batch()
    for record in records:
        batch.counts[Metric.DEAD_LETTERS] += 1
        message, body = record["messageId"], record["body"]
        with batch.isolated(message):
            try:
                asked = parse(body)
            except MalformedMessage as error:
                unread = {"message_id": message, "body": body[:200], "problem": str(error)[:200]}
                logger.error("not understood", extra=unread)
                continue
            about = {"message_id": message, "attributes": record.get("attributes", {})}
            logger.warning("dead letter", extra=about | {"asked": [_named(one) for one in asked]})
            for one in asked:
                cells = _enrolled(bucket, one) if isinstance(one, Enrolment) else _worked(bucket, one)
                for written in _record(table, one, cells, _reason(record, one), seconds_left):
                    batch.counts[Metric.FAILED] += written
    return batch


def _enrolled(bucket: Bucket, enrolment: Enrolment) -> Iterator[tuple[str, str]]:
    """(headshot, photo) of each cell. Photos that came later have an event of their own, and may still be in work."""
    for photo in bucket.photos(enrolment.headshot.album, until=enrolment.arrived):
        yield enrolment.headshot.digest, photo


def _worked(bucket: Bucket, work: Work) -> Iterator[tuple[str, str]]:
    headshots = bucket.headshots(work.album) if work.headshots is None else work.headshots
    yield from product(dict.fromkeys(shot.digest for shot in headshots), work.photos)


def _record(
    table: Table,
    asked: Work | Enrolment,
    cells: Iterator[tuple[str, str]],
    reason: str,
    seconds_left: Callable[[], float],
) -> Iterator[int]:
    """Yields how many failed cells were written, portion by portion. Raises OutOfTime, or what the table raises."""
    album = asked.headshot.album if isinstance(asked, Enrolment) else asked.album
    with ThreadPoolExecutor(_THREADS) as pool:
        for portion in chunks(cells, _PORTION):
            if seconds_left() < _TIME_FOR_A_PORTION:
                raise OutOfTime("the rest is recorded by the next invocation")
            standing = table.read(album, (comparison.cell(*cell) for cell in portion)).cells
            absent = [cell for cell in portion if comparison.cell(*cell) not in standing]
            # The write is conditional all the same: a verdict may come between.
            yield sum(pool.map(lambda cell: table.put(album, failure(cell[0], cell[1], reason)), absent))


def _named(asked: Work | Enrolment) -> dict[str, object]:
    """For the log: by digests."""
    if isinstance(asked, Enrolment):
        return {"album": asked.headshot.album, "headshot": asked.headshot.digest}
    return {"album": asked.album, "photos": asked.photos}


def _reason(record: dict[str, Any], asked: Work | Enrolment) -> str:
    """In a person's words, from what SQS and the work itself tell."""
    source = str(record.get("attributes", {}).get("DeadLetterQueueSourceArn", "")).rpartition(":")[2]
    reason = "given up: the function did not finish it" + (f", queue {source}" if source else "")
    if isinstance(asked, Work) and asked.reason:
        reason += f"; after {asked.attempt} attempts, the last one left because of {asked.reason}"
    return reason
