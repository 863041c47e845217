"""The real functions on the emulated AWS: from an object in S3 to a cell in the table."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from photosort.comparison import Comparison, Problem, from_item
from photosort.keys import HeadshotKey, PhotoKey, matches_prefix
from photosort.stack import Output
from tests.emulated.emulator_helpers import until

ALBUM = "Ana & Zoë 100%+"


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def cells(client: Callable[..., Any], outputs: Mapping[str, str]) -> Callable[[str], list[Comparison]]:
    import boto3

    endpoint = client("dynamodb").meta.endpoint_url
    table = boto3.resource("dynamodb", endpoint_url=endpoint).Table(outputs[Output.TABLE])

    def query(album: str) -> list[Comparison]:
        items = table.query(KeyConditionExpression="album = :album", ExpressionAttributeValues={":album": album})[
            "Items"
        ]
        return [from_item(item) for item in items]

    return query


def test_photos_become_cells_and_matches(
    client: Callable[..., Any],
    outputs: Mapping[str, str],
    cells: Callable[[str], list[Comparison]],
    grace: bytes,
    eileen: bytes,
    coffee: bytes,
) -> None:
    s3, bucket = client("s3"), outputs[Output.BUCKET]
    s3.put_object(Bucket=bucket, Key=str(HeadshotKey(ALBUM, "Grace", digest(grace))), Body=grace)
    for photo in (grace + b"another file", eileen, coffee):
        s3.put_object(Bucket=bucket, Key=str(PhotoKey(ALBUM, digest(photo))), Body=photo)
    found = until(lambda: len(done := cells(ALBUM)) == 3 and done, "three cells")
    by_photo = {cell.photo: cell for cell in found}
    assert by_photo[digest(grace + b"another file")].similarity == pytest.approx(100, abs=0.01)
    assert 0 <= by_photo[digest(eileen)].similarity < 80
    assert by_photo[digest(coffee)].problem is Problem.NO_FACE
    listed = s3.list_objects_v2(Bucket=bucket, Prefix=matches_prefix(ALBUM))["Contents"]
    assert [match["Key"].rpartition("/")[2] for match in listed] == [f"{digest(grace + b'another file')}.jpg"]


def test_a_headshot_that_comes_after_the_photos(
    client: Callable[..., Any], outputs: Mapping[str, str], cells: Callable[[str], list[Comparison]], eileen: bytes
) -> None:
    s3, bucket = client("s3"), outputs[Output.BUCKET]
    s3.put_object(Bucket=bucket, Key=str(PhotoKey("late", digest(eileen))), Body=eileen)
    s3.put_object(Bucket=bucket, Key=str(HeadshotKey("late", "Eileen", digest(eileen))), Body=eileen)
    (cell,) = until(lambda: cells("late"), "a cell")
    assert cell.similarity == pytest.approx(100, abs=0.01)


def test_a_dead_letter_becomes_a_failed_cell(
    client: Callable[..., Any], outputs: Mapping[str, str], cells: Callable[[str], list[Comparison]], coffee: bytes
) -> None:
    from photosort.work import Headshot, Work

    work = Work("dead", (digest(coffee),), (Headshot("Grace", digest(b"headshot")),), reason="on purpose")
    sqs = client("sqs")
    sqs.send_message(QueueUrl=outputs[Output.DEAD_LETTERS], MessageBody=work.to_message())
    (cell,) = until(lambda: cells("dead"), "a cell")
    assert cell.problem is Problem.FAILED
    # and a message of nobody's form does not stay for ever: it is deleted
    sqs.send_message(QueueUrl=outputs[Output.DEAD_LETTERS], MessageBody=json.dumps({"who": "knows"}))
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]

    def left() -> int:
        attributes = sqs.get_queue_attributes(QueueUrl=outputs[Output.DEAD_LETTERS], AttributeNames=names)["Attributes"]
        return sum(int(attributes[name]) for name in names)

    until(lambda: left() == 0, "an empty queue")
