"""The stack's resources on moto, and what the tests do with them. The functions' own code does all the rest."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus

import boto3
from botocore.exceptions import ClientError
from moto.backends import get_backend
from moto.core.models import DEFAULT_ACCOUNT_ID

from photosort import clients, compare_photos, comparison, enroll_person, record_failures, work
from photosort.batch import Batch
from photosort.bucket import Bucket
from photosort.comparison import Comparison, Thresholds
from photosort.keys import HeadshotKey, Key, MatchKey, PhotoKey
from photosort.pacing import TokenBucket
from photosort.photo import PhotoComparer
from photosort.table import Table
from sortclient.aws.cells import Cells
from sortclient.aws.decisions import Corrections
from sortclient.aws.objects import Objects
from tests.pipeline.fake_rekognition import FakeRekognition

ALBUM = "Été 50% + 1"
BUCKET = "photosort-test"
TABLE = "comparisons"
GIVE_UP_AFTER = 6 * 3600.0
RETENTION_DAYS = 30.0


@contextmanager
def new_execution_environments() -> Iterator[None]:
    """Functions that make their clients, and read their settings, anew; nothing of it is kept."""
    kept = [clients.s3, clients.dynamodb, clients.sqs, clients.rekognition]
    kept += [function._started for function in (compare_photos, enroll_person, record_failures)]
    for cached in kept:
        cached.cache_clear()
    yield
    for cached in kept:
        cached.cache_clear()


def digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


@dataclass
class Clock:
    """Seconds since 1970, and until the function's timeout; a test moves both."""

    now: float = field(default_factory=time.time)
    left: float = 120.0


@dataclass(frozen=True)
class Sent:
    work: work.Work
    delay: int


class Cloud:
    def __init__(self) -> None:
        self.clock = Clock()
        self.requests: list[tuple[str, dict[str, Any]]] = []  # (operation, parameters) of the functions' clients
        self.s3, self.dynamodb = boto3.client("s3"), boto3.client("dynamodb")
        create_stack(self.s3, self.dynamodb)
        self.queue_url = boto3.client("sqs").create_queue(QueueName="compare")["QueueUrl"]
        self.rekognition = FakeRekognition(self.s3)
        for client in (clients.s3(10), clients.s3(), clients.dynamodb(10), clients.sqs(), clients.rekognition(10)):
            client.meta.events.register("before-parameter-build", self._record)
        self.rekognition.attach(clients.rekognition(10))

    def _record(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        self.requests.append((f"{model.service_model.service_name}:{model.name}", dict(params)))

    # What a client does.

    def put(self, key: Key, *, path: str = "a.jpg") -> str:
        self.s3.put_object(Bucket=BUCKET, Key=str(key), Body=b"jpeg", ContentType="image/jpeg", Metadata={"path": path})
        return event(key, at=datetime.now(UTC).isoformat())

    def photo(self, name: str, album: str = ALBUM) -> str:
        """Upload a photo and return the message that S3 sends."""
        return self.put(PhotoKey(album, digest(name)))

    def headshot(self, person: str, name: str = "", album: str = ALBUM) -> str:
        return self.put(HeadshotKey(album, person, digest(name or person)))

    def set_thresholds(self, threshold: float, **people: float) -> None:
        self.client_cells.set_thresholds(ALBUM, Thresholds(threshold, people))

    @property
    def client_cells(self) -> Cells:
        return Cells(self.dynamodb, TABLE)

    @property
    def client_objects(self) -> Objects:
        return Objects(self.s3, BUCKET, int(RETENTION_DAYS))

    @property
    def client_corrections(self) -> Corrections:
        return Corrections(self.dynamodb, TABLE, int(RETENTION_DAYS))

    def delete(self, key: Key) -> None:
        self.s3.delete_object(Bucket=BUCKET, Key=str(key))

    def set_arrival(self, key: Key, arrived: datetime) -> None:
        objects = get_backend("s3")[DEFAULT_ACCOUNT_ID]["aws"].buckets[BUCKET].keys
        objects[str(key)].last_modified = arrived

    # What the event sources do.

    def compare(self, *bodies: str, most: int = 1000, receives: int = 1, **changed: Any) -> Batch:
        """Deliver messages to compare_photos, with ids m0, m1 ..., for the first time or the ``receives``-th."""
        comparer = PhotoComparer(
            rekognition=clients.rekognition(10),
            bucket=self.bucket,
            table=self.table,
            pace=TokenBucket(1_000_000),
            seconds_left=lambda: self.clock.left,
            now=lambda: self.clock.now,
            give_up_after=GIVE_UP_AFTER,
        )
        return compare_photos.compare_batch(
            records(bodies, {"ApproximateReceiveCount": str(receives)}),
            comparer=replace(comparer, **changed),
            threads=10,
            most=most,
            sqs=clients.sqs(),
            queue_url=self.queue_url,
            jitter=lambda: 1.0,
        )

    def enroll(self, *bodies: str) -> Batch:
        return enroll_person.enroll_batch(
            records(bodies), bucket=self.bucket, sqs=clients.sqs(), queue_url=self.queue_url
        )

    def record(self, *bodies: str, queue: str = "compare") -> Batch:
        arn = f"arn:aws:sqs:us-west-1:{DEFAULT_ACCOUNT_ID}:{queue}"
        return record_failures.record_batch(
            records(bodies, {"DeadLetterQueueSourceArn": arn, "ApproximateReceiveCount": "6"}),
            bucket=self.bucket,
            table=self.table,
            seconds_left=lambda: self.clock.left,
        )

    @property
    def bucket(self) -> Bucket:
        return Bucket(clients.s3(10), BUCKET)

    @property
    def table(self) -> Table:
        return Table(clients.dynamodb(10), TABLE, RETENTION_DAYS, sleep=lambda _: None, now=lambda: self.clock.now)

    # What came of it.

    def sent(self) -> list[Sent]:
        """Take all work out of the compare queue, whatever its delay."""
        queue = get_backend("sqs")[DEFAULT_ACCOUNT_ID]["us-west-1"].get_queue("compare")
        taken = [Sent(work.from_message(json.loads(message.body)), _delay(message)) for message in queue._messages]
        queue._messages.clear()
        return taken

    def cells(self, album: str = ALBUM) -> dict[tuple[str, str], Comparison]:
        """(headshot, photo) -> the cell, be it expired."""
        from boto3.dynamodb.types import TypeDeserializer

        read = (
            {name: TypeDeserializer().deserialize(value) for name, value in item.items()} for item in self.items(album)
        )
        cells = [comparison.from_item(item) for item in read if comparison.is_cell(item["cell"])]
        return {(cell.headshot, cell.photo): cell for cell in cells}

    def items(self, album: str = ALBUM) -> list[dict[str, Any]]:
        """All that the table holds of the album, as DynamoDB writes it."""
        return self.dynamodb.query(
            TableName=TABLE,
            KeyConditionExpression="album = :album",
            ExpressionAttributeValues={":album": {"S": album}},
            ConsistentRead=True,
        )["Items"]

    def matches(self) -> set[str]:
        listed = self.s3.list_objects_v2(Bucket=BUCKET, Prefix="matches/").get("Contents", [])
        return {entry["Key"] for entry in listed}

    def asked(self, operation: str) -> list[dict[str, Any]]:
        return [params for name, params in self.requests if name == operation]


def create_stack(s3: Any, dynamodb: Any) -> None:
    """The bucket and the table, as the stack has them."""
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "us-west-1"})
    dynamodb.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": comparison.ALBUM, "AttributeType": "S"},
            {"AttributeName": comparison.CELL, "AttributeType": "S"},
            {"AttributeName": comparison.COMPARED_AT, "AttributeType": "S"},
        ],
        KeySchema=[
            {"AttributeName": comparison.ALBUM, "KeyType": "HASH"},
            {"AttributeName": comparison.CELL, "KeyType": "RANGE"},
        ],
        LocalSecondaryIndexes=[
            {
                "IndexName": comparison.COMPARED_AT_INDEX,
                "KeySchema": [
                    {"AttributeName": comparison.ALBUM, "KeyType": "HASH"},
                    {"AttributeName": comparison.COMPARED_AT, "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )


def _delay(message: Any) -> int:
    """In seconds; moto keeps when the message was sent, and until when it is delayed, in milliseconds."""
    return round(float(max(0.0, message.delayed_until - message.sent_timestamp)) / 1000)


def match(person: str, photo: str, album: str = ALBUM) -> str:
    return str(MatchKey(album, person, digest(photo)))


def event(
    *keys: Key | str,
    version: str = "2.1",
    name: str = "ObjectCreated:Put",
    at: str = "2026-01-01T00:00:00.000Z",
) -> str:
    """An S3 event as AWS writes it: the key form-encoded, over the encoding that it already has."""
    return json.dumps(
        {
            "Records": [
                {
                    "eventVersion": version,
                    "eventSource": "aws:s3",
                    "awsRegion": "us-west-1",
                    "eventTime": at,
                    "eventName": name,
                    "s3": {
                        "s3SchemaVersion": "1.0",
                        "bucket": {"name": BUCKET},
                        "object": {"key": quote_plus(str(key), safe="/"), "size": 4, "sequencer": "0A"},
                    },
                }
                for key in keys
            ]
        }
    )


TEST_EVENT = json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": BUCKET, "RequestId": "0"})


def records(bodies: Iterable[str], attributes: dict[str, str] | None = None) -> list[dict[str, Any]]:
    """SQS records as Lambda passes them on; their ids are m0, m1 ..."""
    return [
        {"messageId": f"m{index}", "body": body, "attributes": attributes or {}, "eventSource": "aws:sqs"}
        for index, body in enumerate(bodies)
    ]


def fail(cloud: Cloud, operation: str, code: str, status: int = 400) -> None:
    """Let every call of the operation by the functions' clients end with the error."""
    service, _, name = operation.partition(":")
    client = {"s3": clients.s3(10), "dynamodb": clients.dynamodb(10), "sqs": clients.sqs()}[service]

    def refuse(**_: object) -> None:
        response = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
        raise ClientError(response, name)  # type: ignore[arg-type]

    client.meta.events.register(f"before-call.{service}.{name}", refuse, unique_id=f"fail {name}")


def heal(operation: str) -> None:
    service, _, name = operation.partition(":")
    client = {"s3": clients.s3(10), "dynamodb": clients.dynamodb(10), "sqs": clients.sqs()}[service]
    client.meta.events.unregister(f"before-call.{service}.{name}", unique_id=f"fail {name}")
