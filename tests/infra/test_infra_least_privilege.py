"""Each function, run on moto with the environment of the template: its role allows all that it asks for, and no more.

moto itself asks nobody's permission, so the requests are recorded and held against the template's statements. And that
none is missing: each place in the code from which the function may ask AWS has been passed by a request.
"""

from __future__ import annotations

import dataclasses
import importlib
import json
import sys
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from types import FrameType
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from moto import mock_aws

from photosort import comparison
from photosort.keys import HeadshotKey, PhotoKey
from photosort.work import Headshot, Work
from simulation.context import Context
from simulation.wire import response
from tests.infra.call_sites import PACKAGE, Site, sites
from tests.infra.template_parts import BY_LAMBDA, Parts, as_list, target
from tests.pipeline.cloud import new_execution_environments

HEADSHOT, PHOTO = HeadshotKey("Album", "Ada", "a" * 64), PhotoKey("Album", "b" * 64)
WORK = Work(PHOTO.album, (PHOTO.digest,), (Headshot(HEADSHOT.person, HEADSHOT.digest),))

Grant = tuple[str, str]  # an action, and its resource as "{name in the template}{rest of the ARN}"


class Recorder:
    """What the functions ask of AWS, as the permissions that each request needs."""

    def __init__(self) -> None:
        self.needed: set[Grant] = set()
        self.asked_from: set[tuple[str, int]] = set()  # modules, and lines of theirs

    def record(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        self.needed.update(getattr(self, f"_{model.name}")(params))
        frame: FrameType | None = sys._getframe()
        while frame is not None:
            file = Path(frame.f_code.co_filename)
            if file.parent == PACKAGE:
                self.asked_from.add((file.stem, frame.f_lineno))
            frame = frame.f_back

    def never_asked(self, found: list[Site]) -> list[Site]:
        """Where of the code no request has come from."""
        return [site for site in found if not any((site.module, line) in self.asked_from for line in site.lines)]

    def _CompareFaces(self, params: dict[str, Any]) -> Iterator[Grant]:  # noqa: N802
        yield "rekognition:CompareFaces", "*"
        for image in (params["SourceImage"], params["TargetImage"]):  # read with the caller's rights
            yield "s3:GetObject", f"{image['S3Object']['Bucket']}/{image['S3Object']['Name']}"

    def _HeadObject(self, params: dict[str, Any]) -> Iterator[Grant]:  # noqa: N802
        yield "s3:GetObject", f"{params['Bucket']}/{params['Key']}"

    def _CopyObject(self, params: dict[str, Any]) -> Iterator[Grant]:  # noqa: N802
        source = params["CopySource"]
        yield "s3:GetObject", f"{source['Bucket']}/{source['Key']}"
        yield "s3:PutObject", f"{params['Bucket']}/{params['Key']}"

    def _ListObjectsV2(self, params: dict[str, Any]) -> Iterator[Grant]:  # noqa: N802
        yield "s3:ListBucket", params["Bucket"]

    def _BatchGetItem(self, params: dict[str, Any]) -> Iterator[Grant]:  # noqa: N802
        for table in params["RequestItems"]:
            yield "dynamodb:BatchGetItem", table

    def _PutItem(self, params: dict[str, Any]) -> Iterator[Grant]:  # noqa: N802
        yield "dynamodb:PutItem", params["TableName"]

    def _SendMessageBatch(self, params: dict[str, Any]) -> Iterator[Grant]:  # noqa: N802
        yield "sqs:SendMessage", params["QueueUrl"].rpartition("/")[2]


class Aws:
    """moto with the resources of the template, and the answers of Rekognition that the test wants."""

    def __init__(self, parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
        self._parts, self._monkeypatch = parts, monkeypatch
        # S3 takes no capital letters; everything else keeps its name in the template.
        self._bucket = parts.only("AWS::S3::Bucket")[0].lower()
        self._table = parts.only("AWS::DynamoDB::Table")[0]
        self.answers: list[tuple[int, dict[str, Any]]] = []
        boto3.client("s3").create_bucket(
            Bucket=self._bucket, CreateBucketConfiguration={"LocationConstraint": "us-west-1"}
        )
        keys = [(comparison.ALBUM, "HASH"), (comparison.CELL, "RANGE")]
        boto3.client("dynamodb").create_table(
            TableName=self._table,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name, _ in keys],
            KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys],
        )
        self._queues = {
            name: boto3.client("sqs").create_queue(QueueName=name)["QueueUrl"] for name in parts.of("AWS::SQS::Queue")
        }
        for key in (HEADSHOT, PHOTO):
            boto3.client("s3").put_object(Bucket=self._bucket, Key=str(key), Body=b"jpeg")
        # What the functions make their clients from, as from now.
        self.recorder, session = Recorder(), boto3.Session()
        session.events.register("provide-client-params", self.recorder.record)
        session.events.register("before-send.rekognition", self._answer)
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", session)

    def run(self, module: str, *bodies: str) -> set[Grant]:
        """Let the function work off the messages. Returns all that was needed by now, by the names of the template."""
        _, function = self._parts.function(module)
        for name, value in function["Environment"]["Variables"].items():
            self._monkeypatch.setenv(name, value if isinstance(value, str) else self._resolve(value["Ref"]))
        handler = importlib.import_module(f"photosort.{module}").handler
        records = [{"messageId": f"m{index}", "body": body, "attributes": {}} for index, body in enumerate(bodies)]
        assert handler({"Records": records}, Context(module)) == {"batchItemFailures": []}
        bucket = self._parts.only("AWS::S3::Bucket")[0]
        return {(action, resource.replace(self._bucket, bucket)) for action, resource in self.recorder.needed}

    def _resolve(self, name: str) -> str:
        return self._queues.get(name, self._bucket if name.lower() == self._bucket else name)

    def _answer(self, **_: Any) -> AWSResponse:
        return response(*self.answers.pop(0))


@pytest.fixture
def aws(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    with mock_aws(), new_execution_environments():
        yield Aws(parts, monkeypatch)


def granted(parts: Parts, module: str) -> set[Grant]:
    """What the function's role allows it, besides what Lambda does with the role itself."""
    return {
        (action, pattern(resource))
        for statement in parts.role_statements(module)
        for action in as_list(statement["Action"])
        if action not in BY_LAMBDA
        for resource in as_list(statement["Resource"])
    }


def pattern(resource: Any) -> str:
    if isinstance(resource, str):
        return resource
    if "Fn::Join" in resource:
        _, (arn, text) = resource["Fn::Join"]
        return target(arn) + str(text)
    return target(resource)


def assert_exactly(needed: set[Grant], grants: set[Grant]) -> None:
    def allows(grant: Grant, need: Grant) -> bool:
        return grant[0] == need[0] and fnmatchcase(need[1], grant[1])

    assert needed
    assert not [need for need in needed if not any(allows(grant, need) for grant in grants)], "denied"
    assert not [grant for grant in grants if not any(allows(grant, need) for need in needed)], "never used"


def created(key: object) -> str:
    record = {"eventVersion": "2.1", "eventName": "ObjectCreated:Put", "eventTime": "2026-01-01T00:00:00.000Z"}
    return json.dumps({"Records": [{**record, "s3": {"bucket": {"name": "any"}, "object": {"key": str(key)}}}]})


def error(name: str) -> tuple[int, dict[str, Any]]:
    return 400, {"__type": name, "message": "said by Rekognition"}


def work(photos: str, **before: Any) -> str:
    """A message about photos that are not there, each named by a letter."""
    asked = Work(PHOTO.album, tuple(letter * 64 for letter in photos), WORK.headshots)
    return dataclasses.replace(asked, **before).to_message()


def test_compare_photos(aws: Aws, parts: Parts) -> None:
    unreachable, throttled, refused = map(error, ("InvalidS3ObjectException", "ThrottlingException", "AccessDenied"))
    aws.answers = [(200, {"FaceMatches": [{"Similarity": 99.0}], "UnmatchedFaces": []})]
    aws.run("compare_photos", created(PHOTO))  # a hit, with its copy
    aws.answers = [unreachable, throttled]
    aws.run("compare_photos", work("cd"))  # an expired photo; work that is sent back
    aws.answers = [refused]
    unwritten = "PutItem: AccessDeniedException"
    aws.run("compare_photos", work("e", attempt=4, reason=unwritten))  # a cell that could not be written; given up
    aws.answers = [unreachable]
    again = Work(PHOTO.album, (PHOTO.digest,), (Headshot(HEADSHOT.person, "f" * 64),))
    needed = aws.run("compare_photos", again.to_message())  # an expired headshot
    assert_exactly(needed, granted(parts, "compare_photos"))
    assert aws.recorder.never_asked(sites("compare_photos")[1]) == []


def test_enroll_person(aws: Aws, parts: Parts) -> None:
    assert_exactly(aws.run("enroll_person", created(HEADSHOT)), granted(parts, "enroll_person"))
    assert aws.recorder.never_asked(sites("enroll_person")[1]) == []


def test_record_failures(aws: Aws, parts: Parts) -> None:
    needed = aws.run("record_failures", created(PHOTO), created(HEADSHOT), WORK.to_message(), "?")
    assert_exactly(needed, granted(parts, "record_failures"))
    assert aws.recorder.never_asked(sites("record_failures")[1]) == []
