"""What AWS refuses, in one line with the way out. The one place that reads botocore's errors, by code.

No message repeats what AWS wrote about a signature or a token: those may hold parts of a secret.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from sortclient.errors import SortError

if TYPE_CHECKING:
    from botocore.exceptions import BotoCoreError, ClientError


class AwsError(SortError):
    """AWS did not do what was asked. Permanent, unless it is Retryable."""


class NoCredentials(AwsError):
    """There are none, or they cannot be used: nothing at all can be asked of AWS."""


class Denied(AwsError):
    """The credentials are good, and not allowed to do this."""


class Missing(AwsError):
    """A part of the stack, or the stack, is not there."""


class Retryable(AwsError):
    """Later it may work: AWS is busy or cannot be reached."""


_AGAIN = "Run the same command again to go on where it stopped."
_NOT_AWS = (
    "Something else than AWS answered: a proxy, or the sign-in page of this network. Sign in there in a browser, and "
    f"check the proxy settings and --region. {_AGAIN}"
)
_EXPIRED = f"The AWS credentials have expired. Renew them (`aws sso login`, or a new session token). {_AGAIN}"
_INVALID = (
    "AWS does not accept the credentials: the key is wrong or inactive, or this machine's clock is. "
    "Check `aws configure`, --profile and the time."
)
_BUSY = f"AWS is busy and refused {{operation}} also after several attempts. {_AGAIN}"
_DENIED = (
    "These AWS credentials may not do {operation}. Let the account's administrator allow it, or choose others "
    "with --profile; `sortclient doctor` lists what is needed."
)
_REGION = "What was asked for ({operation}) is in another AWS region. Name the stack's region with --region."
_GONE = "A part of the stack is gone ({operation} did not find it). Run `make deploy`, then the same command again."
_NOT_OPEN = (
    "The AWS account cannot use the service of {operation}: it is not signed up for, or the region is not enabled. "
    "Finish the sign-up in the AWS console, or choose another --region."
)

_BY_CODE: dict[str, tuple[type[AwsError], str]] = {
    **dict.fromkeys(
        (
            "400",  # of a HEAD, which has no body to say more; S3 answers an expired token so
            "ExpiredToken",
            "ExpiredTokenException",
            "RequestExpired",
            "TokenRefreshRequired",
        ),
        (NoCredentials, _EXPIRED),
    ),
    **dict.fromkeys(
        (
            "AuthFailure",
            "IncompleteSignature",
            "InvalidAccessKeyId",
            "InvalidClientTokenId",
            "InvalidSignatureException",
            "InvalidToken",
            "MissingAuthenticationToken",
            "MissingAuthenticationTokenException",
            "NotAuthorized",
            "RequestTimeTooSkewed",
            "SignatureDoesNotMatch",
            "UnrecognizedClientException",
        ),
        (NoCredentials, _INVALID),
    ),
    **dict.fromkeys(
        (
            "403",  # of a HEAD
            "AccessDenied",
            "AccessDeniedException",
            "AllAccessDisabled",
            "KMS.AccessDeniedException",
            "KmsAccessDenied",
            "UnauthorizedOperation",
        ),
        (Denied, _DENIED),
    ),
    **dict.fromkeys(("OptInRequired", "SubscriptionRequiredException", "NotSignedUp"), (Denied, _NOT_OPEN)),
    **dict.fromkeys(
        ("301", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "PermanentRedirect"),
        (AwsError, _REGION),
    ),
    **dict.fromkeys(
        (
            "404",  # of a HEAD
            "AWS.SimpleQueueService.NonExistentQueue",
            "NoSuchBucket",
            "QueueDoesNotExist",
            "ResourceNotFoundException",
        ),
        (Missing, _GONE),
    ),
    **dict.fromkeys(
        (
            "500",
            "502",
            "503",
            "504",
            "InternalError",
            "InternalFailure",
            "InternalServerError",
            "LimitExceededException",
            "OperationAborted",
            "ProvisionedThroughputExceededException",
            "RequestLimitExceeded",
            "RequestThrottled",
            "RequestTimeout",
            "ServiceException",
            "ServiceUnavailable",
            "SlowDown",
            "ThrottledException",
            "Throttling",
            "ThrottlingException",
            "TooManyRequestsException",
        ),
        (Retryable, _BUSY),
    ),
}


@contextmanager
def explained() -> Iterator[None]:
    """Raise what botocore raises inside as an AwsError."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise aws_error(error) from error
    except ResponseParserError as error:
        raise Retryable(_NOT_AWS) from error


def refuse_page(response_dict: dict[str, Any], **_: object) -> None:
    """Before botocore parses an answer: a web page would be read as one that lacks everything, or as a refusal.

    AWS's own gateways write pages, too, when they are busy (5xx): botocore knows those.
    """
    status, body = response_dict["status_code"], response_dict["body"]
    busy = status >= HTTPStatus.INTERNAL_SERVER_ERROR and status != HTTPStatus.NETWORK_AUTHENTICATION_REQUIRED
    if not busy and isinstance(body, bytes) and body.lstrip()[:14].lower().startswith((b"<!doctype html", b"<html")):
        raise Retryable(_NOT_AWS)


def aws_error(error: ClientError | BotoCoreError) -> AwsError:
    from botocore.exceptions import ClientError

    if isinstance(error, ClientError):
        code = error.response.get("Error", {}).get("Code", "")
        if code in _BY_CODE:
            kind, sentence = _BY_CODE[code]
            return kind(sentence.format(operation=error.operation_name))
        message = " ".join(error.response.get("Error", {}).get("Message", "").split())[:200]
        return AwsError(f"AWS refused {error.operation_name}: {code}: {message}")
    return _without_answer(error)


def _without_answer(error: BotoCoreError) -> AwsError:
    """The request was never sent, or nothing came back."""
    import botocore.exceptions as botocore

    sentences: tuple[tuple[tuple[type[Exception], ...], type[AwsError], str], ...] = (
        (
            (botocore.ProfileNotFound,),
            NoCredentials,
            "{error}. Name a profile of ~/.aws/config with --profile.",
        ),
        (
            (botocore.NoCredentialsError, botocore.NoAuthTokenError),
            NoCredentials,
            "There are no AWS credentials. Run `aws configure`, or name a profile with --profile.",
        ),
        (
            (botocore.PartialCredentialsError,),
            NoCredentials,
            "The AWS credentials are incomplete: key and secret are needed. Run `aws configure`.",
        ),
        (
            (botocore.SSOError, botocore.TokenRetrievalError, botocore.LoginError),
            NoCredentials,
            f"The AWS sign-in has ended. Run `aws sso login` (or `aws login`). {_AGAIN}",
        ),
        (
            (botocore.RefreshWithMFAUnsupportedError,),
            NoCredentials,
            "This AWS profile asks for an MFA code. Get a session token first, and use its profile.",
        ),
        (
            (botocore.CredentialRetrievalError, botocore.MetadataRetrievalError, botocore.ConfigParseError),
            NoCredentials,
            "The AWS credentials could not be loaded. Check ~/.aws/config and --profile.",
        ),
        (
            (botocore.InvalidRegionError, botocore.NoRegionError, botocore.UnknownRegionError),
            AwsError,
            "That is not the name of an AWS region. Write it as in `--region us-west-1`.",
        ),
        (
            (botocore.SSLError,),
            Retryable,
            f"No secure connection to AWS: something on the way, or this machine's clock, breaks TLS. {_AGAIN}",
        ),
        (
            (botocore.ConnectionError, botocore.HTTPClientError),
            Retryable,
            f"AWS cannot be reached ({{place}}). Check the network and --region. {_AGAIN}",
        ),
    )
    place = getattr(error, "kwargs", {}).get("endpoint_url", "no connection")
    text = " ".join(str(error).split())[:200]
    for causes, kind, sentence in sentences:
        if isinstance(error, causes):
            return kind(sentence.format(error=text.rstrip("."), place=place))
    return AwsError(f"AWS could not be asked: {type(error).__name__}: {text}")
