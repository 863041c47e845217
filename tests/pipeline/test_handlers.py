"""The handlers as Lambda calls them: with the function's environment, and every request as AWS would take it."""

from __future__ import annotations

import json
import re
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from photosort import clients, compare_photos, enroll_person, record_failures
from photosort.keys import PhotoKey, parse_key
from photosort.settings import BadSettings
from photosort.stack import METRICS_NAMESPACE, Environment
from photosort.work import Headshot, Work
from simulation.context import Context
from tests.pipeline.cloud import ALBUM, BUCKET, GIVE_UP_AFTER, RETENTION_DAYS, TABLE, Cloud, digest, event, records
from tests.pipeline.fake_rekognition import NO_FACE

BO = Headshot("Bo & Zoë", digest("Bo & Zoë"))

STORES = ("BUCKET", "TABLE")
NAME = "PhotoSort-Function"


@pytest.fixture
def deployed(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    monkeypatch.setenv(Environment.BUCKET, BUCKET)
    monkeypatch.setenv(Environment.TABLE, TABLE)
    monkeypatch.setenv(Environment.COMPARE_QUEUE, cloud.queue_url)
    monkeypatch.setenv(Environment.RETENTION_DAYS, str(RETENTION_DAYS))
    monkeypatch.setenv(Environment.CALLS_PER_SECOND, "1000000")
    monkeypatch.setenv(Environment.THREADS, "10")
    monkeypatch.setenv(Environment.GIVE_UP_AFTER, str(GIVE_UP_AFTER))
    return cloud


def call(function: Any, *bodies: str) -> Any:
    return function.handler({"Records": records(bodies)}, Context(NAME))


def metrics(printed: str) -> dict[str, Any]:
    """The one line of CloudWatch's embedded metric format among those printed."""
    found: list[dict[str, Any]] = [line for line in map(json.loads, printed.splitlines()) if "_aws" in line]
    assert len(found) == 1
    return found[0]


def test_the_three_handlers_do_the_whole_path(deployed: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    deployed.rekognition.similarity[(BO.digest, digest("early"))] = 97.0
    assert call(compare_photos, deployed.photo("early")) == {"batchItemFailures": []}
    assert call(enroll_person, deployed.headshot(BO.person)) == {"batchItemFailures": []}
    capsys.readouterr()
    assert call(compare_photos, *(one.work.to_message() for one in deployed.sent()), "nonsense") == {
        "batchItemFailures": [{"itemIdentifier": "m1"}]
    }
    compared = metrics(capsys.readouterr().out)
    assert call(record_failures, "nonsense", deployed.photo("late")) == {"batchItemFailures": []}
    recorded = metrics(capsys.readouterr().out)

    assert {cell: one.similarity for cell, one in deployed.cells().items()} == {
        (BO.digest, digest("early")): 97.0,
        (BO.digest, digest("late")): None,
    }
    assert (compared["Comparisons"], compared["Matches"]) == ([1.0], [1.0])
    assert recorded["DeadLetters"] == [2.0]
    directive = recorded["_aws"]["CloudWatchMetrics"][0]
    assert directive["Namespace"] == METRICS_NAMESPACE
    assert directive["Dimensions"] == [["service"]]
    assert recorded["service"] == NAME


def test_a_batch_without_anything_to_count_prints_no_metrics(
    deployed: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    call(enroll_person, deployed.headshot("Bo"))

    assert "_aws" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("function", "missing"),
    [
        (compare_photos, [*STORES, "COMPARE_QUEUE", "RETENTION_DAYS", "CALLS_PER_SECOND", "THREADS", "GIVE_UP_AFTER"]),
        (enroll_person, ["BUCKET", "COMPARE_QUEUE"]),
        (record_failures, [*STORES, "RETENTION_DAYS"]),
    ],
)
def test_all_missing_settings_are_named_together(cloud: Cloud, function: Any, missing: list[str]) -> None:
    with pytest.raises(BadSettings) as raised:
        call(function, "{}")

    names = [getattr(Environment, name) for name in missing]
    assert str(raised.value) == "; ".join(f"{name} is missing" for name in names)


@pytest.mark.parametrize("value", ["many", "0", "-1", "nan", "inf", "1e999"])
def test_a_setting_that_is_no_number_above_zero_is_refused(
    deployed: Cloud, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv(Environment.CALLS_PER_SECOND, value)

    with pytest.raises(BadSettings, match=Environment.CALLS_PER_SECOND):
        call(compare_photos, "{}")


def test_every_request_is_one_that_aws_takes(deployed: Cloud) -> None:
    """All kinds of requests, checked against the service models and what those leave out."""
    album = "Größe +100% & 愛 d'été~(1)"
    shot = Headshot(BO.person, digest(BO.person))
    deployed.rekognition.similarity[(shot.digest, digest("a"))] = 97.0
    deployed.rekognition.similarity[(shot.digest, digest("b"))] = NO_FACE
    bodies = [deployed.photo(name, album=album) for name in ("a", "b", "c")]
    call(enroll_person, deployed.headshot(BO.person, album=album))
    deployed.rekognition.next_errors = ["ThrottlingException", "InvalidS3ObjectException"]
    call(compare_photos, *bodies)
    call(compare_photos, *bodies)
    call(record_failures, bodies[2], deployed.photo("d", album=album))

    session = botocore.session.get_session()
    for name, params in deployed.requests:
        service, _, operation = name.partition(":")
        shape = session.get_service_model(service).operation_model(operation).input_shape
        assert shape is not None
        assert not ParamValidator().validate(params, shape).has_errors(), name
    # What the functions' roles have to allow: no more, no less.
    assert {name for name, _ in deployed.requests} == {
        "rekognition:CompareFaces",
        "s3:ListObjectsV2",
        "s3:HeadObject",
        "s3:CopyObject",
        "dynamodb:BatchGetItem",
        "dynamodb:PutItem",
        "sqs:SendMessageBatch",
    }
    for params in deployed.asked("rekognition:CompareFaces"):
        for image in (params["SourceImage"], params["TargetImage"]):
            assert re.fullmatch(r"\S{1,1024}", image["S3Object"]["Name"])
            assert parse_key(image["S3Object"]["Name"]).album == album
    for params in deployed.asked("sqs:SendMessageBatch"):
        assert 0 < len(params["Entries"]) <= 10
        assert all(0 <= entry["DelaySeconds"] <= 900 for entry in params["Entries"])
    for params in deployed.asked("dynamodb:BatchGetItem"):
        assert len(params["RequestItems"][TABLE]["Keys"]) <= 100


def test_the_clients_time_out_and_share_no_connection(deployed: Cloud) -> None:
    for client in (clients.rekognition(10), clients.s3(10), clients.dynamodb(10)):
        config: Any = client.meta.config
        assert config.max_pool_connections == 10
        assert config.read_timeout <= 20
        assert client.meta.region_name == "us-west-1"
    rekognition: Any = clients.rekognition(10).meta.config
    assert rekognition.retries["total_max_attempts"] == 1
    assert clients.rekognition(10) is clients.rekognition(10)


def test_logs_name_digests_and_no_files(
    deployed: Cloud, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    deployed.headshot("Bo")
    body = deployed.put(PhotoKey(ALBUM, digest("a")), path="holiday.jpg")
    deployed.rekognition.similarity[(digest("Bo"), digest("a"))] = 97.0

    call(compare_photos, body, "nonsense", event("photos/x/y.jpg"))
    call(record_failures, body, Work(ALBUM, (digest("a"),), reason="x").to_message())

    logged = str([vars(record) for record in caplog.records]) + capsys.readouterr().out
    assert "message failed" in logged
    assert "holiday" not in logged


def test_a_photos_story_stands_in_the_logs(deployed: Cloud, caplog: pytest.LogCaptureFixture) -> None:
    deployed.headshot("Bo")
    body = deployed.photo("a")
    deployed.rekognition.next_errors = ["ThrottlingException"]

    call(compare_photos, body)
    call(compare_photos, deployed.sent()[0].work.to_message())
    call(record_failures, body)

    story = [vars(record) for record in caplog.records if digest("a") in str(vars(record))]
    assert [line["msg"] for line in story] == ["photo", "photo", "dead letter"]
    assert [(line["album"], line["attempt"], line["counts"], line["left"]) for line in story[:2]] == [
        (ALBUM, 0, {"Comparisons": 1, "Throttled": 1}, ["CompareFaces: ThrottlingException"]),
        (ALBUM, 1, {"Comparisons": 1, "NoMatches": 1}, []),
    ]
    assert story[2]["asked"] == [{"album": ALBUM, "photos": (digest("a"),)}]


def test_a_headshots_beginning_stands_in_the_logs(deployed: Cloud, caplog: pytest.LogCaptureFixture) -> None:
    deployed.photo("a")
    call(enroll_person, deployed.headshot("Bo"))

    [line] = [vars(record) for record in caplog.records if record.msg == "headshot"]
    assert (line["album"], line["headshot"], line["sent"]) == (ALBUM, digest("Bo"), 1)
    assert "person" not in line
