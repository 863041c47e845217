"""The enroll queue's function: a new headshot against every photo that was there before it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from photosort import clients
from photosort.batch import Batch
from photosort.bucket import Bucket
from photosort.chunks import chunks
from photosort.events import Enrolment, parse_enrolments
from photosort.sending import Message, send
from photosort.settings import EnrollSettings
from photosort.stack import Metric
from photosort.telemetry import emit, logger
from photosort.work import PHOTOS_A_MESSAGE, Headshot, Work

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_sqs import SQSClient


@cache
def _started() -> EnrollSettings:
    return EnrollSettings.read(os.environ)


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    settings = _started()
    batch = enroll_batch(
        event["Records"],
        bucket=Bucket(clients.s3(), settings.bucket),
        sqs=clients.sqs(),
        queue_url=settings.compare_queue,
    )
    emit(batch.counts, context)
    return batch.response()


def enroll_batch(records: Sequence[dict[str, Any]], *, bucket: Bucket, sqs: SQSClient, queue_url: str) -> Batch:
    """Fan out the photos of each headshot that the SQS ``records`` announce, as work for the compare queue."""
    batch = Batch()
    for record in records:
        with batch.isolated(record["messageId"]):
            for enrolment in parse_enrolments(record["body"]):
                sent = send(sqs, queue_url, _messages(bucket, enrolment))
                batch.counts[Metric.FANNED_OUT] += sent
                headshot = enrolment.headshot
                logger.info("headshot", extra={"album": headshot.album, "headshot": headshot.digest, "sent": sent})
    logger.info("batch", extra={"messages": len(records), "failed": len(batch.failed), "counts": dict(batch.counts)})
    return batch


def _messages(bucket: Bucket, enrolment: Enrolment) -> Iterator[Message]:
    """Lazy: the first photos are being compared while the rest is listed."""
    headshot = enrolment.headshot
    written = bucket.arrival(headshot)
    if written is None:
        return  # expired, or deleted: nobody asks for its cells any more
    # LastModified may be when an upload began: a photo that overtook a slow headshot was compared without it.
    photos = bucket.photos(headshot.album, until=max(written, enrolment.arrived))
    shots = (Headshot(headshot.person, headshot.digest),)
    for some in chunks(photos, PHOTOS_A_MESSAGE):
        yield Message(Work(headshot.album, tuple(some), shots))
