"""Answers boto3 clients in the place of AWS, at the wire: botocore writes the request and reads the answer as ever.

For the services that speak JSON (SQS, Rekognition, DynamoDB). Requests and answers are checked against botocore's
models, so neither the code nor the simulation can use what AWS does not have.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.model import ServiceModel, Shape
from botocore.validate import ParamValidator

Operation = Callable[[dict[str, Any]], Mapping[str, Any]]


class AwsError(Exception):
    """The request gets AWS's error ``code``, with the HTTP ``status``."""

    def __init__(self, code: str, status: int = 400) -> None:
        super().__init__(code)
        self.code = code
        self.status = status


def attach(client: Any, operations: Mapping[str, Operation]) -> None:
    """Let ``operations`` (by their names in the service model) answer ``client``; the others go on to AWS, or to moto.

    Each gets the request's members, and returns the answer's or raises AwsError.
    """
    for event, answer in answers(client.meta.service_model, operations).items():
        client.meta.events.register_first(event, answer)


def answers(service: ServiceModel, operations: Mapping[str, Operation]) -> dict[str, Callable[..., AWSResponse]]:
    """What answers a request, by botocore's event before it is sent; operations as in `attach`."""
    models = {name: service.operation_model(name) for name in operations}
    return {
        f"before-send.{service.service_id.hyphenize()}.{name}": _answering(
            operation, models[name].input_shape, models[name].output_shape
        )
        for name, operation in operations.items()
    }


def response(status: int, body: Mapping[str, Any]) -> AWSResponse:
    """An answer of a service that speaks JSON."""
    return text_response(status, json.dumps(body), "application/x-amz-json-1.1")


def text_response(status: int, body: str, content_type: str = "application/xml") -> AWSResponse:
    headers: Any = {"Content-Type": content_type, "x-amzn-RequestId": "0"}
    return AWSResponse("https://aws.test", status, headers, _Raw(body.encode()))


def error(code: str, status: int = 400) -> AWSResponse:
    return response(status, {"__type": code, "message": "as the simulation says"})


def _answering(operation: Operation, asked: Shape | None, answered: Shape | None) -> Callable[..., AWSResponse]:
    def answer(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        assert isinstance(request.body, str | bytes)  # noqa: S101 - a service that speaks JSON gets no stream
        body = json.loads(request.body)
        _check(body, asked)
        try:
            answer = operation(body)
        except AwsError as refused:
            return error(refused.code, refused.status)
        _check(answer, answered)
        return response(200, answer)

    return answer


def _check(members: Mapping[str, Any], shape: Shape | None) -> None:
    if shape is None:  # nothing is asked, or nothing answered
        return
    problems = ParamValidator().validate(dict(members), shape)
    if problems.has_errors():
        raise AssertionError(f"{shape.name}: {problems.generate_report()}")


class _Raw(io.BytesIO):
    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield self.read()
