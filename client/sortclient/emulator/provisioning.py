"""What the deployed stack has, made on moto server: one table of facts, and the template that follows from it.

A test compares the facts with the template that CDK synthesizes. How many calls run at once differs on purpose:
the emulated AWS has this machine's cores.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from photosort import comparison, keys
from photosort.stack import DEFAULT_STACK_NAME, Environment, Output
from sortclient.emulator.function import Function
from sortclient.emulator.pipeline import QueueFunction

if TYPE_CHECKING:
    from boto3.session import Session

MAX_RECEIVE_COUNT = 5
RETENTION_DAYS = 30

# This account's quota of CompareFaces a second. The face engine is what limits: it is far below.
CALLS_PER_SECOND = 1000
MAX_CONCURRENCY = 2  # AWS's least, and a small machine's cores
THREADS = 4  # photos in work at once in one environment of compare-photos: enough to keep the face engine busy
GIVE_UP_AFTER = 6 * 3600  # seconds

_DEAD_LETTERS = "DeadLetters"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """An event source: the queue (its name in the template, and the output with its URL) and what it calls."""

    queue: str
    output: str
    function: Function
    variables: tuple[str, ...]  # that the function's environment has, besides the bucket and AWS's own
    batch_size: int = 10
    window: int = 0  # seconds in which a batch is gathered
    max_concurrency: int = MAX_CONCURRENCY
    prefix: str | None = None  # of the objects whose creation is announced on the queue

    @property
    def visibility_timeout(self) -> int:
        """Seconds; AWS asks for six times the function's timeout, and the window."""
        return 6 * int(self.function.timeout) + self.window


SOURCES = (
    Source(
        queue="CompareQueue",
        output=Output.COMPARE_QUEUE,
        function=Function(
            name="compare-photos", handler="photosort.compare_photos.handler", timeout=90, memory_mb=1769
        ),
        variables=(
            Environment.TABLE,
            Environment.COMPARE_QUEUE,
            Environment.RETENTION_DAYS,
            Environment.CALLS_PER_SECOND,
            Environment.THREADS,
            Environment.GIVE_UP_AFTER,
        ),
        batch_size=100,
        window=1,
        prefix=keys.PHOTOS,
    ),
    Source(
        queue="EnrollQueue",
        output=Output.ENROLL_QUEUE,
        function=Function(name="enroll-person", handler="photosort.enroll_person.handler", timeout=300, memory_mb=1769),
        variables=(Environment.COMPARE_QUEUE,),
        batch_size=1,
        prefix=keys.PEOPLE,
    ),
    Source(
        queue=_DEAD_LETTERS,
        output=Output.DEAD_LETTERS,
        function=Function(
            name="record-failures", handler="photosort.record_failures.handler", timeout=300, memory_mb=1769
        ),
        variables=(Environment.TABLE, Environment.RETENTION_DAYS),
    ),
)


def template() -> dict[str, Any]:
    """The stack as CloudFormation takes it. Bucket notifications and the TTL are not in it: moto's skips them."""
    outputs: dict[str, Any] = {
        Output.BUCKET: {"Ref": "Bucket"},
        Output.TABLE: {"Ref": "Table"},
        **{source.output: {"Ref": source.queue} for source in SOURCES},
        Output.CALLS_PER_SECOND: str(CALLS_PER_SECOND),
        Output.RETENTION_DAYS: str(RETENTION_DAYS),
        Output.PAUSED: "false",
    }
    return {
        "Resources": {
            "Bucket": {"Type": "AWS::S3::Bucket"},
            "Table": {"Type": "AWS::DynamoDB::Table", "Properties": _table()},
            **{source.queue: {"Type": "AWS::SQS::Queue", "Properties": _queue(source)} for source in SOURCES},
        },
        "Outputs": {name: {"Value": value} for name, value in outputs.items()},
    }


def _table() -> dict[str, Any]:
    def key_schema(sort_key: str) -> list[dict[str, str]]:
        return [
            {"AttributeName": comparison.ALBUM, "KeyType": "HASH"},
            {"AttributeName": sort_key, "KeyType": "RANGE"},
        ]

    return {
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            {"AttributeName": name, "AttributeType": "S"}
            for name in (comparison.ALBUM, comparison.CELL, comparison.COMPARED_AT)
        ],
        "KeySchema": key_schema(comparison.CELL),
        "LocalSecondaryIndexes": [
            {
                "IndexName": comparison.COMPARED_AT_INDEX,
                "KeySchema": key_schema(comparison.COMPARED_AT),
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    }


def _queue(source: Source) -> dict[str, Any]:
    properties: dict[str, Any] = {"VisibilityTimeout": source.visibility_timeout}
    if source.queue != _DEAD_LETTERS:
        properties["RedrivePolicy"] = {
            "deadLetterTargetArn": {"Fn::GetAtt": [_DEAD_LETTERS, "Arn"]},
            "maxReceiveCount": MAX_RECEIVE_COUNT,
        }
    return properties


def provision(session: Session) -> dict[str, str]:
    """Make the stack by the endpoints that the environment names; return its outputs by their names."""
    cloudformation = session.client("cloudformation")
    cloudformation.create_stack(StackName=DEFAULT_STACK_NAME, TemplateBody=json.dumps(template()))
    stack = cloudformation.describe_stacks(StackName=DEFAULT_STACK_NAME)["Stacks"][0]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    sqs = session.client("sqs")
    session.client("s3").put_bucket_notification_configuration(
        Bucket=outputs[Output.BUCKET],
        NotificationConfiguration={
            "QueueConfigurations": [
                {
                    "QueueArn": sqs.get_queue_attributes(QueueUrl=outputs[source.output], AttributeNames=["QueueArn"])[
                        "Attributes"
                    ]["QueueArn"],
                    "Events": ["s3:ObjectCreated:*"],
                    "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": source.prefix}]}},
                }
                for source in SOURCES
                if source.prefix is not None
            ]
        },
    )
    session.client("dynamodb").update_time_to_live(
        TableName=outputs[Output.TABLE],
        TimeToLiveSpecification={"Enabled": True, "AttributeName": comparison.EXPIRES_AT},
    )
    return outputs


def queue_functions(outputs: Mapping[str, str]) -> list[QueueFunction]:
    """What runs. The functions are told by their environment no more than on AWS."""
    values = {
        Environment.BUCKET: outputs[Output.BUCKET],
        Environment.TABLE: outputs[Output.TABLE],
        Environment.COMPARE_QUEUE: outputs[Output.COMPARE_QUEUE],
        Environment.RETENTION_DAYS: outputs[Output.RETENTION_DAYS],
        Environment.CALLS_PER_SECOND: str(CALLS_PER_SECOND / MAX_CONCURRENCY),
        Environment.THREADS: str(THREADS),
        Environment.GIVE_UP_AFTER: str(GIVE_UP_AFTER),
    }
    return [
        QueueFunction(
            function=source.function,
            variables={name: values[name] for name in (Environment.BUCKET, *source.variables)},
            queue_url=outputs[source.output],
            batch_size=source.batch_size,
            window=source.window,
            max_concurrency=source.max_concurrency,
        )
        for source in SOURCES
    ]
