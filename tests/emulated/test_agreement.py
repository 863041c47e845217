"""What the emulated AWS provisions is what CDK deploys: both are reduced to the same plain facts and compared."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from infra.settings import Settings
from infra.stack import PhotoSortStack
from photosort.stack import Output
from sortclient.emulator.provisioning import SOURCES, queue_functions

QUEUES = (Output.COMPARE_QUEUE, Output.ENROLL_QUEUE, Output.DEAD_LETTERS)


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The template, without the functions' code and the rules that it has to pass: slow, and no facts."""
    from aws_cdk import App

    app = App(outdir=str(tmp_path_factory.mktemp("cdk")), analytics_reporting=False)
    stack = PhotoSortStack(app, settings=Settings(), code=tmp_path_factory.mktemp("code"))
    template: dict[str, Any] = app.synth().get_stack_artifact(stack.artifact_id).template
    return template


@pytest.fixture(scope="module")
def queue_of(deployed: dict[str, Any]) -> dict[str, str]:
    """The logical id of a queue -> the output that names it."""
    return {deployed["Outputs"][name]["Value"]["Ref"]: name for name in QUEUES}


def resources(template: dict[str, Any], type_: str) -> dict[str, dict[str, Any]]:
    found = {
        name: resource["Properties"] for name, resource in template["Resources"].items() if resource["Type"] == type_
    }
    assert found, f"the template has no {type_}"
    return found


def test_outputs(deployed: dict[str, Any], outputs: Mapping[str, str]) -> None:
    assert deployed["Outputs"].keys() == outputs.keys()


def test_queues_hide_and_give_up_alike(
    deployed: dict[str, Any], queue_of: dict[str, str], client: Callable[..., Any], outputs: Mapping[str, str]
) -> None:
    facts = {}
    for logical_id, queue in resources(deployed, "AWS::SQS::Queue").items():
        redrive = queue.get("RedrivePolicy")
        facts[queue_of[logical_id]] = {
            "visibility": queue["VisibilityTimeout"],
            "redrive": redrive
            and (queue_of[redrive["deadLetterTargetArn"]["Fn::GetAtt"][0]], redrive["maxReceiveCount"]),
        }
    attributes = {name: queue_attributes(client, outputs[name]) for name in QUEUES}
    by_arn = {found["QueueArn"]: name for name, found in attributes.items()}
    emulated = {}
    for name, found in attributes.items():
        redrive = json.loads(found["RedrivePolicy"]) if "RedrivePolicy" in found else None
        emulated[name] = {
            "visibility": int(found["VisibilityTimeout"]),
            "redrive": redrive and (by_arn[redrive["deadLetterTargetArn"]], redrive["maxReceiveCount"]),
        }
    assert emulated == facts


def test_the_table_has_the_same_keys_and_index(
    deployed: dict[str, Any], client: Callable[..., Any], outputs: Mapping[str, str]
) -> None:
    (table,) = resources(deployed, "AWS::DynamoDB::Table").values()
    dynamodb = client("dynamodb")
    found = dynamodb.describe_table(TableName=outputs[Output.TABLE])["Table"]

    def facts(description: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "keys": description["KeySchema"],
            "types": sorted(tuple(sorted(entry.items())) for entry in description["AttributeDefinitions"]),
            "local": [
                (index["IndexName"], index["KeySchema"], index["Projection"])
                for index in description.get("LocalSecondaryIndexes", [])
            ],
            "global": description.get("GlobalSecondaryIndexes", []),
        }

    assert facts(found) == facts(table)
    assert found["BillingModeSummary"]["BillingMode"] == table["BillingMode"]
    ttl = dynamodb.describe_time_to_live(TableName=outputs[Output.TABLE])["TimeToLiveDescription"]
    assert ttl["TimeToLiveStatus"] == "ENABLED"
    assert table["TimeToLiveSpecification"] == {"AttributeName": ttl["AttributeName"], "Enabled": True}


def test_the_bucket_announces_the_same_objects_to_the_same_queues(
    deployed: dict[str, Any], queue_of: dict[str, str], client: Callable[..., Any], outputs: Mapping[str, str]
) -> None:
    (bucket,) = resources(deployed, "AWS::S3::Bucket").values()
    facts = set()
    for entry in bucket["NotificationConfiguration"]["QueueConfigurations"]:
        (rule,) = entry["Filter"]["S3Key"]["Rules"]
        facts.add((entry["Event"], rule["Name"], rule["Value"], queue_of[entry["Queue"]["Fn::GetAtt"][0]]))
    by_arn = {queue_attributes(client, outputs[name])["QueueArn"]: name for name in QUEUES}
    found = client("s3").get_bucket_notification_configuration(Bucket=outputs[Output.BUCKET])
    emulated = set()
    for entry in found["QueueConfigurations"]:
        (event,), (rule,) = entry["Events"], entry["Filter"]["Key"]["FilterRules"]
        emulated.add((event, rule["Name"].lower(), rule["Value"], by_arn[entry["QueueArn"]]))
    assert emulated == facts


def test_event_sources_call_the_same_functions_alike(deployed: dict[str, Any], queue_of: dict[str, str]) -> None:
    functions = resources(deployed, "AWS::Lambda::Function")
    facts = {}
    for source in resources(deployed, "AWS::Lambda::EventSourceMapping").values():
        function = functions[source["FunctionName"]["Ref"]]
        assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]  # as the emulated ones take it
        assert source["ScalingConfig"]["MaximumConcurrency"] >= 2
        facts[queue_of[source["EventSourceArn"]["Fn::GetAtt"][0]]] = {
            "handler": function["Handler"],
            "timeout": function["Timeout"],
            "memory": function["MemorySize"],
            "batch": source["BatchSize"],
            "window": source["MaximumBatchingWindowInSeconds"],
        }
    assert facts == {
        source.output: {
            "handler": source.function.handler,
            "timeout": source.function.timeout,
            "memory": source.function.memory_mb,
            "batch": source.batch_size,
            "window": source.window,
        }
        for source in SOURCES
    }


def test_functions_are_told_no_more_than_on_aws(deployed: dict[str, Any], outputs: Mapping[str, str]) -> None:
    """A variable that only the emulated function has would hide that the deployed one fails without it."""
    for one in queue_functions(outputs):
        (function,) = (
            function
            for function in resources(deployed, "AWS::Lambda::Function").values()
            if function["Handler"] == one.function.handler
        )
        emulated = one.variables
        assert emulated.keys() == function["Environment"]["Variables"].keys()
        for name, value in function["Environment"]["Variables"].items():
            assert isinstance(value, str) or outputs_behind(deployed, value) == [
                output for output, text in outputs.items() if text == emulated[name]
            ]


def outputs_behind(template: dict[str, Any], value: object) -> list[str]:
    """The outputs of the stack that have this very value."""
    return [name for name, output in template["Outputs"].items() if output["Value"] == value]


def queue_attributes(client: Callable[..., Any], url: str) -> dict[str, str]:
    attributes: dict[str, str] = client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return attributes
