"""Finding the stack by its name, and saying what to do where it cannot be used."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.stub import Stubber
from moto import mock_aws

from photosort.stack import Output
from sortclient.aws.failures import AwsError, Denied, Missing
from sortclient.aws.session import Clients, open_session
from sortclient.aws.stack import find_stack
from tests.unit.aws_cloud import TEMPLATE

OUTPUTS = {
    Output.BUCKET: "bucket",
    Output.TABLE: "table",
    Output.COMPARE_QUEUE: "https://compare",
    Output.ENROLL_QUEUE: "https://enroll",
    Output.DEAD_LETTERS: "https://dead",
    Output.CALLS_PER_SECOND: "22.5",
    Output.RETENTION_DAYS: "30",
    Output.PAUSED: "false",
}


@pytest.fixture
def clients() -> Iterator[Clients]:
    with mock_aws():
        yield open_session()


def answer(status: str, outputs: dict[str, str]) -> dict[str, Any]:
    return {
        "Stacks": [
            {
                "StackName": "PhotoSort",
                "StackId": "arn:aws:cloudformation:us-west-1:1:stack/PhotoSort/1",
                "CreationTime": datetime.now(UTC),
                "StackStatus": status,
                "Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()],
            }
        ]
    }


def found(clients: Clients, status: str, outputs: dict[str, str] = OUTPUTS) -> Any:
    with Stubber(clients.cloudformation) as stub:
        stub.add_response("describe_stacks", answer(status, outputs), {"StackName": "PhotoSort"})
        return find_stack(clients)


def test_the_outputs_tell_everything(clients: Clients) -> None:
    made = clients.cloudformation.create_stack(StackName="Mine", TemplateBody=json.dumps(TEMPLATE))
    deployment = find_stack(clients, "Mine")
    assert deployment.stack_id == made["StackId"]
    assert clients.s3.head_bucket(Bucket=deployment.bucket)
    assert clients.dynamodb.describe_table(TableName=deployment.table)
    for url in (deployment.compare_queue, deployment.enroll_queue, deployment.dead_letters):
        assert clients.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    assert (deployment.calls_per_second, deployment.retention_days) == (22.5, 30)


def test_a_stack_made_again_is_another_place(clients: Clients) -> None:
    places = set()
    for _ in range(2):
        clients.cloudformation.create_stack(StackName="Mine", TemplateBody=json.dumps(TEMPLATE))
        places.add(find_stack(clients, "Mine").stack_id)
        clients.cloudformation.delete_stack(StackName="Mine")
    assert len(places) == 2


def test_a_stack_that_is_not_there(clients: Clients) -> None:
    with pytest.raises(Missing, match=r"no stack 'Other' in us-west-1.*make deploy.*--stack.*--region") as told:
        find_stack(clients, "Other")
    assert "\n" not in str(told.value)


def test_a_stack_is_looked_for_in_the_profiles_region_and_may_be_in_its_own(clients: Clients) -> None:
    elsewhere = Clients(clients.session, "eu-west-1")
    with pytest.raises(Missing, match=r"in eu-west-1\..*goes to us-west-1 unless.*--region"):
        find_stack(elsewhere)


def test_a_refusal_is_no_missing_stack(clients: Clients) -> None:
    with Stubber(clients.cloudformation) as stub:
        stub.add_client_error("describe_stacks", "AccessDenied")
        with pytest.raises(Denied, match="DescribeStacks"):
            find_stack(clients)


@pytest.mark.parametrize(
    "status", ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"]
)
def test_a_complete_stack_is_used(clients: Clients, status: str) -> None:
    assert found(clients, status).bucket == "bucket"


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        ("CREATE_IN_PROGRESS", "wait"),
        ("UPDATE_IN_PROGRESS", "wait"),
        ("REVIEW_IN_PROGRESS", "never deployed"),
        ("ROLLBACK_COMPLETE", "never deployed"),
        ("ROLLBACK_IN_PROGRESS", "never deployed"),
        ("CREATE_FAILED", "never deployed"),
        ("DELETE_IN_PROGRESS", "make destroy"),
        ("DELETE_FAILED", "make destroy"),
        ("UPDATE_FAILED", "events in CloudFormation"),
        ("UPDATE_ROLLBACK_FAILED", "events in CloudFormation"),
    ],
)
def test_an_unfinished_stack_is_not_used(clients: Clients, status: str, advice: str) -> None:
    with pytest.raises(AwsError, match=rf"{status}.*{advice}"):
        found(clients, status)


@pytest.mark.parametrize(("said", "paused"), [("true", True), ("false", False)])
def test_a_stack_says_whether_it_is_paused(clients: Clients, said: str, paused: bool) -> None:
    assert found(clients, "UPDATE_COMPLETE", OUTPUTS | {Output.PAUSED: said}).paused is paused


@pytest.mark.parametrize("name", [Output.RETENTION_DAYS, Output.PAUSED])
def test_an_older_stack_lacks_outputs(clients: Clients, name: str) -> None:
    with pytest.raises(Missing, match=rf"{name}.*make deploy"):
        found(clients, "CREATE_COMPLETE", {key: OUTPUTS[key] for key in OUTPUTS if key != name})


@pytest.mark.parametrize(("name", "value"), [(Output.RETENTION_DAYS, "a month"), (Output.PAUSED, "yes")])
def test_another_programs_outputs_are_not_taken(clients: Clients, name: str, value: str) -> None:
    with pytest.raises(Missing, match="another program"):
        found(clients, "CREATE_COMPLETE", OUTPUTS | {name: value})
