"""What can go wrong at AWS, as types. `translate` is the one place that knows the error codes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnection

from photosort.comparison import Problem


class PipelineError(Exception):
    """``reason`` is short and the same for every occurrence: it travels in messages and ends in a cell's detail."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Throttled(PipelineError):
    """Asked too often. The same request succeeds later."""


class Transient(PipelineError):
    """AWS or the way to it failed. The same request succeeds later."""


class OutOfTime(PipelineError):
    """The invocation ends too soon to begin this. It succeeds in another one."""


class Refused(PipelineError):
    """Denied, or asked wrongly: the deployment has to change before it succeeds."""


class Unreachable(Refused):
    """Rekognition could not read an object. Ambiguous: the object may be gone, or the deployment wrong."""


class Gone(PipelineError):
    """The object does not exist (any more)."""


class VerdictStands(PipelineError):
    """The condition of a write failed: the cell holds a verdict, which a failure must not replace."""


class BadPicture(PipelineError):
    """The picture itself is why there is no similarity. Permanent: this is the cell's verdict."""

    def __init__(self, problem: Problem, detail: str) -> None:
        super().__init__(detail)
        self.problem = problem


# Of Rekognition, DynamoDB, S3 and SQS: https://docs.aws.amazon.com/general/latest/gr/api-retries.html and each
# service's page of errors. An account's concurrent limits count as throttling: they pass by themselves.
_THROTTLED = {
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "KMS.ThrottlingException",
}
_TRANSIENT = {
    "ConditionalRequestConflict",
    "ExpiredToken",  # the role's credentials change under a long invocation
    "ExpiredTokenException",
    "InternalError",
    "InternalFailure",
    "InternalServerError",
    "OperationAborted",
    "ReplicatedWriteConflictException",
    "RequestExpired",
    "RequestTimeout",
    "RequestTimeoutException",
    "ServiceUnavailable",
    "TransactionConflictException",
}
_TYPES: dict[str, type[PipelineError]] = {
    "InvalidS3ObjectException": Unreachable,
    "ConditionalCheckFailedException": VerdictStands,
    "NoSuchKey": Gone,
    **dict.fromkeys(_THROTTLED, Throttled),
    **dict.fromkeys(_TRANSIENT, Transient),
}
_OF_A_HEAD = {"404": "NoSuchKey", "403": "AccessDenied"}  # it has no body: botocore gives its status as the code

# CompareFaces answers so also for pictures under 80 px and for a headshot without a face. Neither reaches the
# cloud: the client checks the headshot first and prepares nothing smaller.
_BAD_PICTURE = {
    "InvalidParameterException": (Problem.NO_FACE, "Rekognition found no face"),
    "InvalidImageFormatException": (Problem.UNREADABLE, "Rekognition cannot read it as JPEG or PNG"),
    "ImageTooLargeException": (Problem.UNREADABLE, "larger than the 15 MB that Rekognition takes"),
}


def translate(error: ClientError | BotoCoreError) -> PipelineError:
    """The error as one of the types above, by its code. What nobody knows is Refused: not worth hours of retries."""
    if isinstance(error, BotoCoreError):
        lost = isinstance(error, HTTPClientError | NoConnection)
        return Transient(type(error).__name__) if lost else Refused(type(error).__name__)
    code = str(error.response.get("Error", {}).get("Code", ""))
    code = _OF_A_HEAD.get(code, code)
    reason = f"{error.operation_name}: {code}"
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _BAD_PICTURE:
        return BadPicture(*_BAD_PICTURE[code])
    if code in _TYPES:
        return _TYPES[code](reason)
    if status == 429:
        return Throttled(reason)
    return Transient(reason) if status >= 500 else Refused(reason)


def is_refused_write(reason: str) -> bool:
    """Whether work was left because a cell may not be written, by the reason that it carries."""
    operation, _, code = reason.partition(": ")
    return operation == "PutItem" and code not in _THROTTLED | _TRANSIENT


@contextmanager
def translated() -> Iterator[None]:
    """Around a call of AWS: what it raises comes out as a PipelineError."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise translate(error) from error
