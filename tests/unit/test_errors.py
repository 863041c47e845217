"""Every error that the services' models name has a type; the codes are read, never a message."""

from __future__ import annotations

import botocore.session
import pytest
from botocore import exceptions
from botocore.exceptions import BotoCoreError, ClientError

from photosort.comparison import Problem
from photosort.errors import (
    BadPicture,
    Gone,
    PipelineError,
    Refused,
    Throttled,
    Transient,
    Unreachable,
    VerdictStands,
    translate,
    translated,
)


def client_error(code: str, status: int = 400, message: str = "") -> ClientError:
    return ClientError(
        {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}},  # type: ignore[typeddict-item]
        "Operation",
    )


EXPECTED: dict[str, dict[str, type[PipelineError]]] = {
    "rekognition:CompareFaces": {
        "InvalidParameterException": BadPicture,
        "InvalidS3ObjectException": Unreachable,
        "ImageTooLargeException": BadPicture,
        "AccessDeniedException": Refused,
        "InternalServerError": Transient,
        "ThrottlingException": Throttled,
        "ProvisionedThroughputExceededException": Throttled,
        "InvalidImageFormatException": BadPicture,
    },
    "dynamodb:BatchGetItem": {
        "ProvisionedThroughputExceededException": Throttled,
        "ResourceNotFoundException": Refused,
        "RequestLimitExceeded": Throttled,
        "InternalServerError": Transient,
        "ThrottlingException": Throttled,
    },
    "dynamodb:PutItem": {
        "ConditionalCheckFailedException": VerdictStands,
        "ProvisionedThroughputExceededException": Throttled,
        "ResourceNotFoundException": Refused,
        "ItemCollectionSizeLimitExceededException": Refused,
        "TransactionConflictException": Transient,
        "RequestLimitExceeded": Throttled,
        "InternalServerError": Transient,
        "ReplicatedWriteConflictException": Transient,
        "ThrottlingException": Throttled,
    },
}


@pytest.mark.parametrize("operation", EXPECTED)
def test_each_modelled_error_has_its_type(operation: str) -> None:
    service, _, name = operation.partition(":")
    model = botocore.session.get_session().get_service_model(service).operation_model(name)
    modelled = {shape.name for shape in model.error_shapes}
    # An error that a newer model adds is looked at before it is relied on.
    assert modelled - EXPECTED[operation].keys() == set()
    for code, kind in EXPECTED[operation].items():
        assert type(translate(client_error(code))) is kind, code


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("SlowDown", 503, Throttled),
        ("404", 404, Gone),
        ("NoSuchKey", 404, Gone),
        ("403", 403, Refused),
        ("AccessDenied", 403, Refused),
        ("NoSuchBucket", 404, Refused),
        ("ExpiredToken", 400, Transient),
        ("Unheard", 500, Transient),
        ("Unheard", 429, Throttled),
        ("Unheard", 400, Refused),
        ("", 0, Refused),
    ],
)
def test_other_codes(code: str, status: int, kind: type[PipelineError]) -> None:
    assert type(translate(client_error(code, status))) is kind


def test_a_message_decides_nothing() -> None:
    assert type(translate(client_error("ValidationException", message="ThrottlingException SlowDown"))) is Refused


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (exceptions.ReadTimeoutError(endpoint_url="x"), Transient),
        (exceptions.ConnectTimeoutError(endpoint_url="x"), Transient),
        (exceptions.EndpointConnectionError(endpoint_url="x"), Transient),
        (exceptions.ConnectionClosedError(endpoint_url="x"), Transient),
        (exceptions.SSLError(endpoint_url="x", error=OSError("x")), Transient),
        (exceptions.ParamValidationError(report="x"), Refused),
        (exceptions.NoCredentialsError(), Refused),
    ],
)
def test_what_never_reached_aws(error: BotoCoreError, kind: type[PipelineError]) -> None:
    assert type(translate(error)) is kind


@pytest.mark.parametrize("code", ["InvalidParameterException", "InvalidImageFormatException", "ImageTooLargeException"])
def test_a_bad_picture_says_why_in_a_persons_words(code: str) -> None:
    error = translate(client_error(code))
    assert isinstance(error, BadPicture)
    assert error.problem is not Problem.FAILED
    assert "Exception" not in error.reason


def test_other_exceptions_pass() -> None:
    with pytest.raises(ZeroDivisionError), translated():
        raise ZeroDivisionError
