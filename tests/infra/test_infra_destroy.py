"""Destroying: everything goes, nothing of others does, and never without a yes."""

from __future__ import annotations

import json
from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from infra import destroy
from photosort.stack import Output
from sortclient.aws.failures import Missing
from sortclient.aws.session import Clients
from sortclient.errors import InputError, SortError

STACK = "PhotoSort"
REGION = "us-west-1"


@pytest.fixture
def clients() -> Iterator[Clients]:
    with mock_aws():
        yield Clients(boto3.Session(), REGION)


def deploy(clients: Clients, name: str = STACK, output: str = Output.BUCKET) -> str:
    """A stack with a bucket, as far as it matters here. Returns the bucket's name."""
    template = {
        "Resources": {"Bucket": {"Type": "AWS::S3::Bucket"}},
        "Outputs": {output: {"Value": {"Ref": "Bucket"}}},
    }
    clients.cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(template))
    [stack] = clients.cloudformation.describe_stacks(StackName=name)["Stacks"]
    bucket = stack["Outputs"][0]["OutputValue"]
    for number in range(3):
        clients.s3.put_object(Bucket=bucket, Key=f"photos/a/{number}.jpg", Body=b"")
    return bucket


def buckets(clients: Clients) -> list[str]:
    return [bucket["Name"] for bucket in clients.s3.list_buckets()["Buckets"]]


def stacks(clients: Clients) -> list[str]:
    return [stack["StackName"] for stack in clients.cloudformation.describe_stacks()["Stacks"]]


def yes(_: str) -> bool:
    return True


def no(_: str) -> bool:
    return False


def test_the_stack_goes_with_its_bucket_and_no_other(clients: Clients) -> None:
    deploy(clients)
    other = deploy(clients, "Other")
    assert destroy.destroy(clients, STACK, confirm=yes)
    assert buckets(clients) == [other]
    assert stacks(clients) == ["Other"]
    assert clients.s3.list_objects_v2(Bucket=other)["KeyCount"] == 3


def test_without_a_yes_nothing_changes(clients: Clients) -> None:
    bucket = deploy(clients)
    asked: list[str] = []
    assert not destroy.destroy(clients, STACK, confirm=lambda question: bool(asked.append(question)))
    assert f"'{STACK}' in {REGION}" in asked[0]
    assert clients.s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 3
    assert stacks(clients) == [STACK]


def test_another_programs_stack_is_left_alone(clients: Clients) -> None:
    bucket = deploy(clients, output="Website")
    with pytest.raises(SortError, match="names no bucket of photos"):
        destroy.destroy(clients, STACK, confirm=yes)
    assert clients.s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 3


def test_no_stack_is_one_line(clients: Clients) -> None:
    with pytest.raises(Missing, match="There is no stack 'PhotoSort' in us-west-1: nothing to delete"):
        destroy.destroy(clients, STACK, confirm=yes)


def test_more_objects_than_one_call_takes(clients: Clients) -> None:
    clients.s3.create_bucket(Bucket="large", CreateBucketConfiguration={"LocationConstraint": "us-west-1"})
    for number in range(1001):
        clients.s3.put_object(Bucket="large", Key=f"matches/{number}", Body=b"")
    destroy.empty(clients.s3, "large")
    assert clients.s3.list_objects_v2(Bucket="large")["KeyCount"] == 0


def test_a_bucket_that_is_gone_is_empty(clients: Clients) -> None:
    destroy.empty(clients.s3, "gone")
    assert clients.s3.list_buckets()["Buckets"] == []  # it was not made for that


def test_the_stack_is_the_one_that_the_same_context_deploys(
    clients: Clients, capsys: pytest.CaptureFixture[str]
) -> None:
    context = ["-c", "photosort:stack_name=Family", "-c", "photosort:region=eu-west-1"]
    deploy(clients)
    deploy(Clients(boto3.Session(), "eu-west-1"), "Family")
    assert destroy.main(["--yes", *context]) == 0
    assert capsys.readouterr().err == "Deleted.\n"
    assert stacks(clients) == [STACK]
    assert destroy.main(["--yes", *context]) == 1
    assert capsys.readouterr().err == "There is no stack 'Family' in eu-west-1: nothing to delete.\n"


@pytest.mark.parametrize("arguments", [["-c", "photosort:regoin=x"], ["-c", "photosort:region"], []])
def test_wrong_usage_is_one_line_and_deletes_nothing(
    clients: Clients, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    """The last: tests have no terminal to answer at."""
    deploy(clients)
    assert destroy.main(arguments) == InputError.exit_code
    assert capsys.readouterr().err.count("\n") == 1
    assert stacks(clients) == [STACK]
