"""The doctor: a finding for each thing a run needs, whatever AWS answers."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from botocore.stub import ANY, Stubber
from moto import mock_aws
from PIL import Image

from sortclient.aws import doctor
from sortclient.aws.doctor import Finding, diagnose
from tests.unit.aws_cloud import Cloud


class Account:
    """What moto does not know or says wrongly is answered by stubs, which check the requests."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        clients = cloud.clients
        self.rekognition = Stubber(clients.rekognition)
        self.lambda_ = Stubber(clients.lambda_)
        self.quotas = Stubber(clients.service_quotas)
        for stub in (self.rekognition, self.lambda_, self.quotas):
            stub.activate()

    def healthy(self, concurrency: int = 1000, quota: float = 25.0) -> None:
        self.rekognition.add_response("detect_faces", {"FaceDetails": []}, {"Image": {"Bytes": ANY}})
        self.concurrency(concurrency)
        self.quotas.add_response(
            "get_service_quota",
            {"Quota": {"Value": quota}},
            {"ServiceCode": "rekognition", "QuotaCode": "L-73A341CE"},
        )

    def concurrency(self, free: int) -> None:
        self.lambda_.add_response("get_account_settings", {"AccountLimit": {"UnreservedConcurrentExecutions": free}})

    def findings(self) -> dict[str, Finding]:
        return {finding.name: finding for finding in diagnose(None, None, "PhotoSort")}


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with mock_aws():
        cloud = Cloud()
        monkeypatch.setattr(doctor, "open_session", lambda *_: cloud.clients)
        yield Account(cloud)


def break_requests(client: Any, operation: str, code: str) -> None:
    def refuse(**_: object) -> None:
        raise client.exceptions.ClientError({"Error": {"Code": code}}, operation)

    client.meta.events.register(f"provide-client-params.*.{operation}", refuse)


def test_a_healthy_account(account: Account) -> None:
    account.healthy()
    findings = account.findings()
    assert list(findings) == [
        "credentials",
        "Rekognition",
        "Lambda concurrency",
        "stack",
        "bucket",
        "table",
        "queues",
        "CompareFaces quota",
    ]
    assert all(finding.ok for finding in findings.values())
    assert not any(finding.advice for finding in findings.values())
    assert "123456789012" in findings["credentials"].detail
    assert findings["CompareFaces quota"].detail == "25 a second; the stack uses up to 22.5"
    account.quotas.assert_no_pending_responses()


def test_a_stack_that_is_paused(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    account.healthy()
    paused = replace(account.cloud.deployment, paused=True)
    monkeypatch.setattr(doctor, "find_stack", lambda *_: paused)
    finding = account.findings()["stack"]
    assert (finding.ok, "comparing is paused" in finding.detail) == (True, True)
    assert "paused=false" in finding.advice


def test_nothing_is_written_by_looking(account: Account) -> None:
    account.healthy()
    account.cloud.requests.clear()
    account.findings()
    assert {operation for operation, _ in account.cloud.requests} == {
        "HeadBucket",
        "ListObjectsV2",
        "GetObject",
        "GetItem",
        "Query",
        "GetQueueAttributes",
    }


def test_the_picture_is_one_that_rekognition_takes() -> None:
    with Image.open(io.BytesIO(doctor._plain_picture())) as image:
        assert (image.format, image.size) == ("JPEG", (80, 80))


def test_without_credentials_nothing_else_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    first, rest = diagnose(None, None, "PhotoSort")
    assert (first.name, first.ok) == ("credentials", False)
    assert "aws configure" in first.detail
    assert rest.ok is None


def test_a_wrong_region_or_profile_is_a_finding() -> None:
    (finding,) = diagnose(None, "no region", "PhotoSort")
    assert not finding.ok
    assert "--region us-west-1" in finding.detail


def test_a_region_without_rekognition(account: Account) -> None:
    account.healthy()
    account.cloud.clients.region = "eu-north-1"
    finding = account.findings()["Rekognition"]
    assert finding.ok is False
    assert "eu-north-1" in finding.detail
    assert "photosort:region" in finding.advice


def test_a_stack_that_is_not_there_leaves_the_rest_unlooked(account: Account) -> None:
    account.healthy()
    account.cloud.clients.cloudformation.delete_stack(StackName="PhotoSort")
    findings = account.findings()
    assert findings["stack"].ok is False
    assert "make deploy" in findings["stack"].detail
    assert [finding.ok for finding in findings.values()] == [True, True, True, False, None]


def test_each_missing_right_is_told_and_hides_no_other(account: Account) -> None:
    clients = account.cloud.clients
    account.rekognition.add_client_error("detect_faces", "AccessDeniedException")
    account.lambda_.add_client_error("get_account_settings", "AccessDeniedException")
    account.quotas.add_client_error("get_service_quota", "AccessDeniedException")
    break_requests(clients.s3, "GetObject", "AccessDenied")
    break_requests(clients.dynamodb, "Query", "AccessDeniedException")
    break_requests(clients.sqs, "GetQueueAttributes", "AccessDenied")
    findings = account.findings()
    for name, operation in {
        "Rekognition": "DetectFaces",
        "bucket": "GetObject",
        "table": "Query",
        "queues": "GetQueueAttributes",
    }.items():
        assert findings[name].ok is False
        assert operation in findings[name].detail
    # These rights only the doctor uses: a run goes well without them.
    assert findings["Lambda concurrency"].ok is None
    assert findings["CompareFaces quota"].ok is None
    assert findings["stack"].ok


def test_a_bucket_that_was_deleted_by_hand(account: Account) -> None:
    account.healthy()
    account.cloud.clients.s3.delete_bucket(Bucket=account.cloud.deployment.bucket)
    findings = account.findings()
    assert findings["bucket"].ok is False
    assert "HeadBucket did not find it" in findings["bucket"].detail
    assert findings["table"].ok


def test_a_new_accounts_small_concurrency(account: Account) -> None:
    account.healthy(concurrency=8)
    finding = account.findings()["Lambda concurrency"]
    assert finding.ok is False
    assert "max_concurrency=2" in finding.advice


@pytest.mark.parametrize(("quota", "ok", "advice"), [(5.0, False, 'calls_per_second=5"`'), (100.0, True, "faster")])
def test_a_quota_that_does_not_fit_the_stack(account: Account, quota: float, ok: bool, advice: str) -> None:
    account.healthy(quota=quota)
    finding = account.findings()["CompareFaces quota"]
    assert finding.ok is ok
    assert advice in finding.advice


def test_a_quota_that_nobody_set_is_the_default(account: Account) -> None:
    account.rekognition.add_response("detect_faces", {"FaceDetails": []})
    account.concurrency(1000)
    account.quotas.add_client_error("get_service_quota", "NoSuchResourceException")
    account.quotas.add_response("get_aws_default_service_quota", {"Quota": {"Value": 25.0}})
    assert account.findings()["CompareFaces quota"].detail.startswith("25 a second")


def test_dead_letters_are_mentioned(account: Account) -> None:
    account.healthy()
    account.cloud.clients.sqs.send_message(QueueUrl=account.cloud.deployment.dead_letters, MessageBody="dead")
    finding = account.findings()["queues"]
    assert finding.ok
    assert "1 dead letters" in finding.detail
    assert finding.advice
