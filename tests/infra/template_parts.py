"""The template, as the tests ask for its parts."""

from __future__ import annotations

from typing import Any

Resources = dict[str, dict[str, Any]]

FUNCTIONS = ("compare_photos", "enroll_person", "record_failures")

# What Lambda itself does with a function's role, for the event source and the log.
BY_LAMBDA = {
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
}


class Parts:
    """The template's resources as the tests ask for them. What is asked for exists, or the test fails."""

    def __init__(self, template: dict[str, Any]) -> None:
        self.all: Resources = template["Resources"]

    def of(self, kind: str) -> Resources:
        found = {name: resource for name, resource in self.all.items() if resource["Type"] == kind}
        assert found, f"the template has no {kind}"
        return found

    def only(self, kind: str) -> tuple[str, dict[str, Any]]:
        """Name and properties of the one resource of this kind."""
        [(name, resource)] = self.of(kind).items()
        return name, resource["Properties"]

    def function(self, module: str) -> tuple[str, dict[str, Any]]:
        """Name and properties of the function whose handler stands in ``photosort.module``."""
        [(name, resource)] = [
            (name, resource)
            for name, resource in self.of("AWS::Lambda::Function").items()
            if resource["Properties"]["Handler"] == f"photosort.{module}.handler"
        ]
        return name, resource["Properties"]

    def event_source(self, module: str) -> dict[str, Any]:
        name, _ = self.function(module)
        [source] = [
            resource["Properties"]
            for resource in self.of("AWS::Lambda::EventSourceMapping").values()
            if resource["Properties"]["FunctionName"] == {"Ref": name}
        ]
        return dict(source)

    def queue_of(self, module: str) -> tuple[str, dict[str, Any]]:
        """Name and properties of the queue that the function reads."""
        name = target(self.event_source(module)["EventSourceArn"])
        assert self.all[name]["Type"] == "AWS::SQS::Queue"
        return name, self.all[name]["Properties"]

    def role_statements(self, module: str) -> list[dict[str, Any]]:
        role = self.all[target(self.function(module)[1]["Role"])]["Properties"]
        return [statement for policy in role["Policies"] for statement in policy["PolicyDocument"]["Statement"]]


def target(reference: Any) -> str:
    """The name of the resource whose attribute this is."""
    name, _ = reference["Fn::GetAtt"]
    return str(name)


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
