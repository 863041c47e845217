"""People renamed, removed and corrected by the client, next to the functions: what that costs, and what it stirs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
import pytest
from moto.s3 import notifications

from photosort.comparison import Correction, now
from photosort.keys import HeadshotKey
from photosort.work import Headshot
from sortclient.aws.decisions import reconcile
from sortclient.aws.people import remove, rename
from sortclient.emulator.s3_events import send_event
from tests.pipeline.cloud import ALBUM, BUCKET, Cloud, digest, event, match

Announced = Callable[[str], list[str]]

BO = Headshot("Bo", digest("Bo"))


@pytest.fixture
def announced(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Announced:
    """Let the bucket announce as the stack's does. The function takes what S3 has sent since, for a prefix."""
    monkeypatch.setattr(notifications, "send_event", send_event)
    sqs = boto3.client("sqs")
    urls = {prefix: sqs.create_queue(QueueName=f"of-{prefix}")["QueueUrl"] for prefix in ("people", "photos")}
    arns = {
        prefix: sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        for prefix, url in urls.items()
    }
    configurations: Any = [
        {
            "QueueArn": arn,
            "Events": ["s3:ObjectCreated:*"],
            "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": f"{prefix}/"}]}},
        }
        for prefix, arn in arns.items()
    ]
    cloud.s3.put_bucket_notification_configuration(
        Bucket=BUCKET, NotificationConfiguration={"QueueConfigurations": configurations}
    )

    def take(prefix: str) -> list[str]:
        bodies = []
        while messages := sqs.receive_message(QueueUrl=urls[prefix], MaxNumberOfMessages=10).get("Messages", []):
            bodies += [message["Body"] for message in messages]
        return bodies

    for prefix in urls:
        take(prefix)  # the test event
    return take


def rename_bo(cloud: Cloud) -> None:
    rename(cloud.client_objects, cloud.client_cells, cloud.client_corrections, ALBUM, "Bo", "Robert Ø", lambda _: ())


def remove_bo(cloud: Cloud) -> None:
    remove(cloud.client_objects, cloud.client_cells, cloud.client_corrections, ALBUM, "Bo", [BO.digest])


def test_renaming_compares_nothing_and_costs_two_items_read_a_photo(cloud: Cloud, announced: Announced) -> None:
    names = [f"photo {number}" for number in range(60)]
    cloud.headshot("Bo")
    cloud.rekognition.similarity[(BO.digest, digest("photo 7"))] = 99.0
    cloud.compare(*(cloud.photo(name) for name in names))
    cells, calls = cloud.cells(), len(cloud.rekognition.calls)
    for prefix in ("people", "photos"):
        announced(prefix)

    rename_bo(cloud)
    cloud.requests.clear()
    assert announced("photos") == []
    (copied,) = announced("people")
    assert "ObjectCreated:Copy" in copied
    assert cloud.enroll(copied).failed == []
    sent = [one.work for one in cloud.sent()]
    for work in sent:
        assert cloud.compare(work.to_message()).failed == []

    assert {shot.person for work in sent for shot in work.headshots or ()} == {"Robert Ø"}
    assert sum(len(work.photos) for work in sent) == 60
    assert len(cloud.rekognition.calls) == calls
    assert cloud.cells() == cells
    assert cloud.matches() == {match("Robert Ø", "photo 7")}
    operations = [name for name, _ in cloud.requests]
    assert {name: operations.count(name) for name in operations} == {
        "s3:HeadObject": 1,
        "s3:ListObjectsV2": 1,
        "sqs:SendMessageBatch": 1,
        "dynamodb:BatchGetItem": 60,  # each the thresholds and one cell
    }
    assert {len(read["RequestItems"]["comparisons"]["Keys"]) for read in cloud.asked("dynamodb:BatchGetItem")} == {2}


def test_a_photo_that_comes_after_a_renaming_is_copied_under_the_new_name(cloud: Cloud) -> None:
    cloud.set_thresholds(99, Bo=80)
    cloud.headshot("Bo")
    rename_bo(cloud)
    cloud.rekognition.similarity[(BO.digest, digest("a"))] = 85.0

    cloud.compare(cloud.photo("a"))

    assert cloud.matches() == {match("Robert Ø", "a")}


def test_what_a_renaming_finds_unfinished_is_compared_under_the_new_name(cloud: Cloud) -> None:
    """Work that is queued with the old name finds the headshot gone; that of the copy takes its place."""
    cloud.photo("a")
    queued = cloud.enroll(cloud.headshot("Bo"))
    assert queued.failed == []
    (old,) = cloud.sent()
    rename_bo(cloud)
    cloud.rekognition.similarity[(BO.digest, digest("a"))] = 85.0

    dropped = cloud.compare(old.work.to_message())
    cloud.enroll(event(HeadshotKey(ALBUM, "Robert Ø", BO.digest), name="ObjectCreated:Copy", at=now()))
    cloud.compare(*(one.work.to_message() for one in cloud.sent()))

    assert dropped.counts["Dropped"] == 1
    assert cloud.matches() == {match("Robert Ø", "a")}
    assert set(cloud.cells()) == {(BO.digest, digest("a"))}


def test_queued_work_brings_nothing_of_a_removed_person_back(cloud: Cloud) -> None:
    cloud.photo("a")
    enrolment = cloud.headshot("Bo")
    cloud.enroll(enrolment)
    (fanned,) = cloud.sent()
    cloud.rekognition.similarity[(BO.digest, digest("a"))] = 99.0
    cloud.compare(fanned.work.to_message())
    cloud.client_corrections.put(ALBUM, [Correction("Bo", digest("b"), True, now())])
    cloud.set_thresholds(80, Bo=90)

    remove_bo(cloud)
    for batch in (
        cloud.compare(fanned.work.to_message(), cloud.photo("b")),
        cloud.enroll(enrolment),
    ):
        assert batch.failed == []

    assert cloud.cells() == {}
    assert cloud.matches() == set()
    assert cloud.sent() == []
    assert "Bo" not in str(cloud.items())
    assert "/Bo/" not in str(cloud.s3.list_objects_v2(Bucket="photosort-test"))


def test_corrections_disturb_no_function(cloud: Cloud) -> None:
    said = [Correction("Bo", digest(name), word, now()) for name, word in {"a": True, "b": False, "c": None}.items()]
    cloud.client_corrections.put(ALBUM, said)
    cloud.photo("b")
    enrolment = cloud.headshot("Bo")
    cloud.rekognition.similarity[(BO.digest, digest("b"))] = 99.0

    batches = [cloud.compare(cloud.photo("a")), cloud.enroll(enrolment)]
    batches.append(cloud.compare(*(one.work.to_message() for one in cloud.sent())))
    batches += [cloud.record(cloud.photo("c")), cloud.record(enrolment, queue="enroll")]

    assert [batch.failed for batch in batches] == [[]] * 5
    assert set(cloud.cells()) == {(BO.digest, digest(name)) for name in "abc"}
    assert set(cloud.client_corrections.all(ALBUM)) == set(said)


def test_matches_follow_a_correction_and_announce_nothing(cloud: Cloud, announced: Announced) -> None:
    cloud.headshot("Bo")
    cloud.rekognition.similarity[(BO.digest, digest("a"))] = 99.0
    cloud.compare(cloud.photo("a"), cloud.photo("b"))
    photo, other = bytes.fromhex(digest("a")), bytes.fromhex(digest("b"))
    assert (len(announced("people")), len(announced("photos"))) == (1, 2)

    reconcile(cloud.client_objects, ALBUM, {"Bo": {other}}, lambda _, digest: digest == photo)

    assert cloud.matches() == {match("Bo", "b")}
    assert announced("people") == announced("photos") == []
