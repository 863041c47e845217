"""record_failures on moto: dead letters become failed cells, and never anything worse."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError

from photosort import clients
from photosort.comparison import Problem
from photosort.keys import HeadshotKey, PhotoKey
from photosort.work import Headshot, Work
from tests.pipeline.cloud import ALBUM, TEST_EVENT, Cloud, digest, event

ANA, BO = Headshot("Ana", digest("Ana")), Headshot("Bo", digest("Bo"))


def poison(cloud: Cloud, name: str) -> None:
    def crash(headshot: str, photo: str) -> None:
        if photo == digest(name):
            raise MemoryError

    cloud.rekognition.on_call = crash


def test_a_photo_that_always_crashes_ends_as_failed_cells(cloud: Cloud) -> None:
    cloud.headshot("Ana")
    cloud.headshot("Bo")
    bodies = [cloud.photo("good"), cloud.photo("poison")]
    poison(cloud, "poison")
    for _ in range(5):
        assert cloud.compare(*bodies).failed == ["m1"]

    batch = cloud.record(bodies[1], queue="PhotoSort-Compare")

    assert batch.failed == []
    assert batch.counts["DeadLetters"] == 1
    cells = cloud.cells()
    assert {cell.problem for (_, photo), cell in cells.items() if photo == digest("good")} == {None}
    failed = [cell for (_, photo), cell in cells.items() if photo == digest("poison")]
    assert [cell.problem for cell in failed] == [Problem.FAILED, Problem.FAILED]
    assert failed[0].detail == "given up: the function did not finish it, queue PhotoSort-Compare"


def test_work_is_recorded_with_the_reason_of_its_last_attempt(cloud: Cloud) -> None:
    work = Work(ALBUM, (digest("a"), digest("b")), (ANA, BO), attempt=7, reason="ThrottlingException")

    cloud.record(work.to_message())

    cells = cloud.cells()
    assert len(cells) == 4
    (detail,) = {cell.detail for cell in cells.values()}
    assert detail.startswith("given up: the function did not finish it, queue compare; ")
    assert detail.endswith("; after 7 attempts, the last one left because of ThrottlingException")


def test_verdicts_stand(cloud: Cloud) -> None:
    cloud.headshot("Ana")
    body = cloud.photo("a")
    cloud.rekognition.similarity[(ANA.digest, digest("a"))] = 91.0
    cloud.compare(body)
    cloud.headshot("Bo")

    batch = cloud.record(body)

    cells = cloud.cells()
    assert cells[(ANA.digest, digest("a"))].similarity == 91.0
    assert cells[(BO.digest, digest("a"))].problem is Problem.FAILED
    assert batch.counts["Failed"] == 1


def test_a_verdict_that_comes_between_the_read_and_the_write_stands(cloud: Cloud) -> None:
    cloud.headshot("Ana")
    body = cloud.photo("a")
    compared: list[bool] = []

    def compare_first(**_: object) -> None:
        if not compared:
            compared.append(True)
            cloud.compare(body)

    clients.dynamodb(10).meta.events.register("before-call.dynamodb.PutItem", compare_first)

    batch = cloud.record(body)

    assert cloud.cells()[(ANA.digest, digest("a"))].problem is None
    assert batch.counts["Failed"] == 0


def test_a_lost_enrolment_is_recorded_for_every_photo(cloud: Cloud) -> None:
    names = [f"photo {number}" for number in range(250)]
    for name in names:
        cloud.photo(name)

    cloud.record(cloud.headshot("Bo"), queue="enroll")

    assert set(cloud.cells()) == {(BO.digest, digest(name)) for name in names}


def test_photos_that_came_after_a_lost_enrolment_may_still_be_in_work(cloud: Cloud) -> None:
    for name, hour in {"before": 11, "after": 13}.items():
        cloud.photo(name)
        cloud.set_arrival(PhotoKey(ALBUM, digest(name)), datetime(2026, 1, 1, hour, tzinfo=UTC))
    body = event(HeadshotKey(ALBUM, "Bo", BO.digest), at="2026-01-01T12:00:00.000Z")

    cloud.record(body, queue="enroll")

    assert set(cloud.cells()) == {(BO.digest, digest("before"))}


def test_what_outlasts_the_deadline_is_gone_on_with_by_the_next_invocation(cloud: Cloud) -> None:
    for number in range(150):
        cloud.photo(f"photo {number}")
    body = cloud.headshot("Bo")
    cloud.clock.left = 300

    def end(params: object, **_: object) -> None:
        cloud.clock.left = 0

    clients.dynamodb(10).meta.events.register("before-call.dynamodb.PutItem", end)
    assert cloud.record(body).failed == ["m0"]
    assert len(cloud.cells()) == 99
    clients.dynamodb(10).meta.events.unregister("before-call.dynamodb.PutItem", end)
    cloud.clock.left = 300
    cloud.requests.clear()

    assert cloud.record(body).failed == []

    assert len(cloud.cells()) == 150
    assert len(cloud.asked("dynamodb:PutItem")) == 51


@pytest.mark.parametrize("body", ["", "not json", '{"Records": [{}]}', "[" * 100_000, '"\\ud800"'])
def test_a_message_that_nobody_understands_is_counted_and_done(cloud: Cloud, body: str) -> None:
    work = Work(ALBUM, (digest("a"),), (BO,))

    batch = cloud.record(body, work.to_message())

    assert batch.response() == {"batchItemFailures": []}
    assert batch.counts["DeadLetters"] == 2
    assert set(cloud.cells()) == {(BO.digest, digest("a"))}


@pytest.mark.parametrize("body", ["x" * 200 + "SECRET", event("x" * 200 + "SECRET")])
def test_no_more_than_its_beginning_is_logged(cloud: Cloud, caplog: pytest.LogCaptureFixture, body: str) -> None:
    cloud.record(body)

    logged = [vars(record) for record in caplog.records]
    assert logged[0]["body"] == body[:200]
    assert "SECRET" not in str(logged)


def test_a_test_event_asks_for_nothing(cloud: Cloud) -> None:
    assert cloud.record(TEST_EVENT).failed == []
    assert cloud.cells() == {}


def test_a_failing_table_fails_only_messages_that_need_it(cloud: Cloud) -> None:
    def refuse(**_: object) -> None:
        raise ClientError({"Error": {"Code": "ThrottlingException"}}, "PutItem")

    clients.dynamodb(10).meta.events.register("before-call.dynamodb.PutItem", refuse)

    assert cloud.record("nonsense", Work(ALBUM, (digest("a"),), (BO,)).to_message()).failed == ["m1"]
