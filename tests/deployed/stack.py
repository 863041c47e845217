"""A stack that CDK has deployed to the emulated account, as CloudFormation got it.

moto's CloudFormation makes the resources, and leaves out what makes them a pipeline: the bucket's notifications, and
the polling of the queues. Both are read here, from the deployed template's own values. Whatever stands there in a
form that is not known is an error, so that nothing of the template is passed over in silence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sortclient.emulator.function import Function
from sortclient.emulator.pipeline import QueueFunction
from sortclient.errors import SortError

if TYPE_CHECKING:
    from boto3.session import Session


class DeployedStack:
    """What the stack ``name`` is when this is made: a later deployment needs another one."""

    def __init__(self, session: Session, name: str) -> None:
        cloudformation = session.client("cloudformation")
        self._resources: dict[str, Any] = cloudformation.get_template(StackName=name)["TemplateBody"]["Resources"]
        # Without the resources that moto does not know: they have no name either.
        self._ids = {
            resource["LogicalResourceId"]: resource["PhysicalResourceId"]
            for page in cloudformation.get_paginator("list_stack_resources").paginate(StackName=name)
            for resource in page["StackResourceSummaries"]
            if "PhysicalResourceId" in resource
        }
        self._sqs = session.client("sqs")
        self._s3 = session.client("s3")

    def functions(self) -> list[QueueFunction]:
        """Those whose queue is polled: a mapping that is not enabled leaves the messages where they are."""
        mappings = self._of("AWS::Lambda::EventSourceMapping").values()
        return [self._function(mapping) for mapping in mappings if mapping.get("Enabled", True)]

    def notify(self) -> None:
        """Give the bucket the notifications that the template asks for."""
        for name, bucket in self._of("AWS::S3::Bucket").items():
            configuration = dict(bucket.get("NotificationConfiguration", {}))
            queues = configuration.pop("QueueConfigurations", [])
            if configuration:
                raise SortError(f"The emulated AWS has no notifications of this kind: {', '.join(configuration)}")
            self._s3.put_bucket_notification_configuration(
                Bucket=self._ids[name],
                NotificationConfiguration={"QueueConfigurations": [self._notification(one) for one in queues]},
            )

    def _function(self, mapping: dict[str, Any]) -> QueueFunction:
        if mapping.get("FunctionResponseTypes") != ["ReportBatchItemFailures"]:
            raise SortError("The emulated AWS knows event sources with ReportBatchItemFailures only.")
        name = _referred(mapping["FunctionName"])
        function = self._resources[name]["Properties"]
        return QueueFunction(
            function=Function(
                name=self._ids[name],
                handler=function["Handler"],
                timeout=function["Timeout"],
                memory_mb=function["MemorySize"],
            ),
            variables={name: self._text(value) for name, value in function["Environment"]["Variables"].items()},
            queue_url=self._ids[_referred(mapping["EventSourceArn"])],
            batch_size=mapping["BatchSize"],
            window=mapping["MaximumBatchingWindowInSeconds"],
            max_concurrency=mapping["ScalingConfig"]["MaximumConcurrency"],
        )

    def _notification(self, configured: dict[str, Any]) -> Any:
        url = self._ids[_referred(configured["Queue"])]
        attributes = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
        rules = configured["Filter"]["S3Key"]["Rules"]
        return {
            "QueueArn": attributes["QueueArn"],
            "Events": [configured["Event"]],
            "Filter": {"Key": {"FilterRules": [{"Name": rule["Name"], "Value": rule["Value"]} for rule in rules]}},
        }

    def _text(self, value: Any) -> str:
        match value:
            case str():
                return value
            case {"Ref": str(name)}:
                return str(self._ids[name])
        raise _Unknown(value)

    def _of(self, kind: str) -> dict[str, dict[str, Any]]:
        return {name: part["Properties"] for name, part in self._resources.items() if part["Type"] == kind}


def _referred(value: Any) -> str:
    """The name in the template of the resource that ``value`` refers to, by its name or its ARN."""
    match value:
        case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), "Arn"]}:
            return name
    raise _Unknown(value)


class _Unknown(SortError):
    def __init__(self, value: object) -> None:
        super().__init__(f"The emulated AWS does not know what {value!r} of the template is.")
