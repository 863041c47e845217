"""enroll_person on moto: a headshot that arrives after the photos."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from photosort import clients
from photosort.errors import PipelineError
from photosort.keys import HeadshotKey, PhotoKey
from photosort.sending import Message, send
from photosort.work import Headshot, Work
from tests.pipeline.cloud import ALBUM, TEST_EVENT, Cloud, digest, event, match

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
BO = Headshot("Bo", digest("Bo"))
KEY = HeadshotKey(ALBUM, "Bo", BO.digest)


def test_a_headshot_that_comes_late_is_compared_with_every_photo(cloud: Cloud) -> None:
    names = [f"photo {number}" for number in range(60)]
    for name in names:
        cloud.compare(cloud.photo(name))
    assert cloud.cells() == {}
    cloud.rekognition.similarity[(BO.digest, digest("photo 7"))] = 99.0

    batch = cloud.enroll(cloud.headshot("Bo"))

    assert batch.failed == []
    assert batch.counts["FannedOut"] == 3
    sent = cloud.sent()
    assert [len(one.work.photos) for one in sent] == [25, 25, 10]
    assert {one.work.headshots for one in sent} == {(BO,)}
    cloud.compare(*(one.work.to_message() for one in sent))
    assert set(cloud.cells()) == {(BO.digest, digest(name)) for name in names}
    assert cloud.matches() == {match("Bo", "photo 7")}


def test_photos_that_came_after_the_headshot_have_their_own_event(cloud: Cloud) -> None:
    cloud.headshot("Bo")
    cloud.set_arrival(KEY, NOON)
    for name, seconds in {"before": -3600, "same": 0, "just after": 2, "after": 3, "much later": 3600}.items():
        cloud.photo(name)
        cloud.set_arrival(PhotoKey(ALBUM, digest(name)), NOON + timedelta(seconds=seconds))

    cloud.enroll(event(KEY))

    (sent,) = cloud.sent()
    assert set(sent.work.photos) == {digest("before"), digest("same"), digest("just after")}


def test_a_photo_that_overtook_a_slow_headshot_is_not_lost(cloud: Cloud) -> None:
    """S3 may date an object by when its upload began. This one took a minute, and the photo was compared meanwhile."""
    for name, seconds in {"meanwhile": 30, "later": 63}.items():
        photo = cloud.photo(name)
        cloud.compare(photo)
        cloud.set_arrival(PhotoKey(ALBUM, digest(name)), NOON + timedelta(seconds=seconds))
    cloud.headshot("Bo")
    cloud.set_arrival(KEY, NOON)

    cloud.enroll(event(KEY, at="2026-01-01T12:01:00.000Z"))

    (sent,) = cloud.sent()
    assert sent.work.photos == (digest("meanwhile"),)


def test_other_albums_are_left_alone(cloud: Cloud) -> None:
    for album in (ALBUM + "x", "x", ALBUM):
        cloud.photo("a", album=album)

    cloud.enroll(cloud.headshot("Bo"))

    assert [one.work.album for one in cloud.sent()] == [ALBUM]


def test_a_headshot_that_is_gone_enrolls_nobody(cloud: Cloud) -> None:
    cloud.photo("a")
    body = cloud.headshot("Bo")
    cloud.delete(KEY)

    batch = cloud.enroll(body)

    assert batch.failed == []
    assert cloud.sent() == []


def test_more_photos_than_a_page_lists(cloud: Cloud) -> None:
    names = [f"photo {number}" for number in range(1_010)]
    for name in names:
        cloud.photo(name)

    cloud.enroll(cloud.headshot("Bo"))

    assert {photo for one in cloud.sent() for photo in one.work.photos} == {digest(name) for name in names}
    assert all(len(request["Entries"]) <= 10 for request in cloud.asked("sqs:SendMessageBatch"))


def test_only_malformed_messages_fail(cloud: Cloud) -> None:
    cloud.photo("a")
    batch = cloud.enroll("{}", TEST_EVENT, cloud.headshot("Bo"), event(PhotoKey(ALBUM, digest("a"))))

    assert batch.response() == {"batchItemFailures": [{"itemIdentifier": "m0"}, {"itemIdentifier": "m3"}]}
    assert len(cloud.sent()) == 1


def test_a_headshot_enrolled_twice_is_charged_once(cloud: Cloud) -> None:
    cloud.photo("a")
    body = cloud.headshot("Bo")

    cloud.enroll(body, body)
    for one in cloud.sent():
        cloud.compare(one.work.to_message())

    assert cloud.rekognition.calls == [(BO.digest, digest("a"))]


def test_a_failing_bucket_fails_the_message(cloud: Cloud) -> None:
    body = cloud.headshot("Bo")

    def refuse(**_: object) -> None:
        raise ClientError({"Error": {"Code": "SlowDown"}}, "ListObjectsV2")

    clients.s3(10).meta.events.register("before-call.s3.ListObjectsV2", refuse)

    assert cloud.enroll(body).failed == ["m0"]


def test_entries_that_sqs_did_not_take_are_sent_again(cloud: Cloud) -> None:
    messages = [Message(Work(ALBUM, (digest(str(number)),))) for number in range(3)]
    requests: list[list[str]] = []

    def lose_one(parsed: dict[str, list[dict[str, object]]], **_: object) -> None:
        requests.append([str(entry["Id"]) for entry in parsed["Successful"]])
        if len(requests) == 1:
            lost = parsed["Successful"].pop()
            parsed["Failed"] = [{"Id": lost["Id"], "Code": "InternalError", "SenderFault": False}]

    clients.sqs().meta.events.register("after-call.sqs.SendMessageBatch", lose_one)

    assert send(clients.sqs(), cloud.queue_url, messages) == 3
    assert requests == [["0", "1", "2"], ["2"]]


def test_entries_that_sqs_never_takes_are_an_error(cloud: Cloud) -> None:
    def lose_all(parsed: dict[str, list[dict[str, object]]], **_: object) -> None:
        parsed["Failed"] = [{"Id": entry["Id"], "Code": "InternalError"} for entry in parsed.pop("Successful")]

    clients.sqs().meta.events.register("after-call.sqs.SendMessageBatch", lose_all)

    with pytest.raises(PipelineError, match="InternalError"):
        send(clients.sqs(), cloud.queue_url, [Message(Work(ALBUM, (digest("a"),)))])


def test_a_request_never_exceeds_what_sqs_takes_in_bytes(cloud: Cloud) -> None:
    shots = tuple(Headshot("愛" * 33, digest(str(number))) for number in range(100))
    messages = [Message(Work(ALBUM, (digest(str(number)),), shots)) for number in range(12)]

    send(clients.sqs(), cloud.queue_url, messages)

    requests = cloud.asked("sqs:SendMessageBatch")
    sizes = [sum(len(entry["MessageBody"].encode()) for entry in request["Entries"]) for request in requests]
    assert max(sizes) <= 256 * 1024
    assert sum(len(request["Entries"]) for request in requests) == 12
    assert len(requests) < 12
