"""How work ends that compare_photos cannot do: given up with its reason, dropped, or a dead letter."""

from __future__ import annotations

import pytest

from photosort.comparison import Problem
from photosort.keys import PhotoKey
from photosort.photo import ATTEMPTS, SHORTEST_INVOCATION
from photosort.settings import BadSettings
from photosort.work import Headshot, Work
from tests.pipeline.cloud import ALBUM, GIVE_UP_AFTER, Cloud, digest, fail, heal

BO = Headshot("Bo", digest("Bo"))
CELL = (BO.digest, digest("a"))
THROTTLING = ["ThrottlingException", "ProvisionedThroughputExceededException"]


def test_what_is_given_up_does_not_end_the_photo(cloud: Cloud) -> None:
    shots = tuple(Headshot("Bo", digest(name)) for name in ("1", "2"))
    for name in ("1", "2"):
        cloud.headshot("Bo", name)
    cloud.photo("a")
    cloud.rekognition.errors[digest("1")] = "AccessDeniedException"

    cloud.compare(Work(ALBUM, (digest("a"),), shots, attempt=ATTEMPTS - 1).to_message())

    assert [cloud.cells()[(shot.digest, digest("a"))].problem for shot in shots] == [Problem.FAILED, None]
    assert cloud.sent() == []


def test_throttling_ends_by_age(cloud: Cloud, photo: str) -> None:
    cloud.rekognition.always = "ThrottlingException"
    body, delays, asked_at = photo, [], None
    for _ in range(200):
        batch = cloud.compare(body)
        assert batch.failed == []
        sent = cloud.sent()
        if not sent:
            break
        assert cloud.cells() == {}
        if asked_at is None:
            asked_at = cloud.clock.now = sent[0].work.asked_at
        assert sent[0].work.asked_at == asked_at
        delays.append(sent[0].delay)
        cloud.clock.now += sent[0].delay
        body = sent[0].work.to_message()

    cell = cloud.cells()[CELL]
    assert cell.problem is Problem.FAILED
    assert cell.detail == f"given up after {len(delays) + 1} attempts: CompareFaces: ThrottlingException"
    assert delays[:8] == [5, 10, 20, 40, 80, 160, 320, 640]
    assert set(delays[8:]) == {900}
    assert GIVE_UP_AFTER < sum(delays) < GIVE_UP_AFTER + 900


def test_work_that_a_long_queue_made_old_is_still_tried(cloud: Cloud, photo: str) -> None:
    cloud.rekognition.next_errors = ["ThrottlingException"]
    old = Work(ALBUM, (digest("a"),), None, asked_at=cloud.clock.now - 10 * GIVE_UP_AFTER)

    cloud.compare(old.to_message())

    assert cloud.cells() == {}
    assert len(cloud.sent()) == 1


def test_a_refusal_ends_after_a_few_attempts(cloud: Cloud, photo: str) -> None:
    cloud.rekognition.always = "AccessDeniedException"
    body = photo
    for attempt in range(1, ATTEMPTS):
        cloud.compare(body)
        (sent,) = cloud.sent()
        assert sent.work.attempt == attempt
        body = sent.work.to_message()

    cloud.compare(body)

    assert cloud.sent() == []
    cell = cloud.cells()[CELL]
    assert (cell.problem, cell.detail) == (
        Problem.FAILED,
        "given up after 5 attempts: CompareFaces: AccessDeniedException",
    )


def test_a_failed_cell_is_tried_again_by_whoever_asks(cloud: Cloud, photo: str) -> None:
    cloud.rekognition.always = "AccessDeniedException"
    cloud.compare(Work(ALBUM, (digest("a"),), (BO,), attempt=ATTEMPTS - 1).to_message())
    assert cloud.cells()[CELL].problem is Problem.FAILED
    cloud.rekognition.always = None
    cloud.rekognition.similarity[CELL] = 90.0

    cloud.compare(photo)

    assert cloud.cells()[CELL].similarity == 90.0


def test_a_failure_never_replaces_a_verdict(cloud: Cloud, photo: str) -> None:
    """Two deliveries overlap: while the one is refused for the last time, the other one writes its verdict."""

    def verdict_comes_between(*_: object) -> None:
        cloud.rekognition.on_call = lambda *_: None
        cloud.rekognition.always = None
        cloud.compare(photo)
        cloud.rekognition.always = "AccessDeniedException"

    cloud.rekognition.similarity[CELL] = 90.0
    cloud.rekognition.on_call = verdict_comes_between

    batch = cloud.compare(Work(ALBUM, (digest("a"),), (BO,), attempt=ATTEMPTS - 1).to_message())

    assert batch.counts["Failed"] == 0
    assert cloud.cells()[CELL].similarity == 90.0


def test_a_timeout_too_short_for_any_work_is_said_at_once(cloud: Cloud, photo: str) -> None:
    cloud.clock.left = SHORTEST_INVOCATION - 1

    with pytest.raises(BadSettings, match="timeout"):
        cloud.compare(photo)


def test_a_photo_that_expired_is_dropped(cloud: Cloud, photo: str) -> None:
    cloud.delete(PhotoKey(ALBUM, digest("a")))

    batch = cloud.compare(photo)

    assert batch.failed == []
    assert batch.counts["Dropped"] == 1
    assert (cloud.cells(), cloud.sent()) == ({}, [])


def test_a_headshot_that_expired_drops_only_its_own_cells(cloud: Cloud, photo: str) -> None:
    gone = Headshot("Ana", digest("Ana"))

    batch = cloud.compare(Work(ALBUM, (digest("a"),), (gone, BO)).to_message())

    assert batch.counts["Dropped"] == 1
    assert set(cloud.cells()) == {CELL}
    assert cloud.sent() == []


def test_a_photo_that_expires_before_its_copy_is_dropped(cloud: Cloud, photo: str) -> None:
    cloud.rekognition.similarity[CELL] = 90.0

    def expire(*_: object) -> None:
        cloud.delete(PhotoKey(ALBUM, digest("a")))

    cloud.rekognition.on_call = expire
    cloud.rekognition.sees_the_bucket = False  # it had read the photo before

    batch = cloud.compare(photo)

    assert batch.failed == []
    assert batch.counts["Dropped"] == 1
    assert (cloud.cells(), cloud.matches(), cloud.sent()) == ({}, set(), [])


def test_objects_that_exist_and_cannot_be_read_are_a_refusal(cloud: Cloud, photo: str) -> None:
    cloud.rekognition.always = "InvalidS3ObjectException"

    batch = cloud.compare(photo)

    assert batch.counts["Dropped"] == 0
    (sent,) = cloud.sent()
    assert sent.work.reason == "CompareFaces: InvalidS3ObjectException"
    cloud.compare(Work(ALBUM, (digest("a"),), (BO,), attempt=ATTEMPTS - 1).to_message())
    assert cloud.cells()[CELL].problem is Problem.FAILED


def test_a_look_that_is_forbidden_does_not_count_as_gone(cloud: Cloud, photo: str) -> None:
    cloud.rekognition.always = "InvalidS3ObjectException"
    fail(cloud, "s3:HeadObject", "403", 403)

    batch = cloud.compare(photo)

    assert batch.counts["Dropped"] == 0
    (sent,) = cloud.sent()
    assert sent.work.reason == "HeadObject: AccessDenied"


def test_work_whose_headshots_stay_unknown_ends_in_the_dead_letters(cloud: Cloud, photo: str) -> None:
    fail(cloud, "s3:ListObjectsV2", "AccessDenied", 403)
    other = Work(ALBUM, (digest("a"),), (BO,))

    batch = cloud.compare(Work(ALBUM, (digest("a"),), None, attempt=ATTEMPTS - 1).to_message(), other.to_message())

    assert batch.failed == ["m0"]
    assert set(cloud.cells()) == {CELL}


def test_a_failure_that_cannot_be_written_ends_in_the_dead_letters(cloud: Cloud, photo: str) -> None:
    fail(cloud, "dynamodb:PutItem", "AccessDeniedException")

    batch = cloud.compare(Work(ALBUM, (digest("a"),), (BO,), attempt=ATTEMPTS - 1).to_message())

    assert batch.failed == ["m0"]


def test_a_cell_that_may_not_be_written_is_charged_once(cloud: Cloud, photo: str) -> None:
    """A right that is missing, or an album as large as DynamoDB lets one be."""
    fail(cloud, "dynamodb:PutItem", "ItemCollectionSizeLimitExceededException")
    cloud.compare(photo)
    for _ in range(ATTEMPTS - 1):
        (sent,) = cloud.sent()
        batch = cloud.compare(sent.work.to_message())
    assert batch.failed == ["m0"]
    assert cloud.compare(sent.work.to_message()).failed == ["m0"]  # as it is delivered again
    assert len(cloud.rekognition.calls) == 1

    heal("dynamodb:PutItem")
    cloud.rekognition.similarity[CELL] = 85.0
    assert cloud.compare(sent.work.to_message()).failed == []
    assert cloud.cells()[CELL].similarity == 85.0
