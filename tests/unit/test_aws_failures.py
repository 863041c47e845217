"""Each thing that AWS, or the way to it, can refuse: a type and one line with the way out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import botocore.exceptions as botocore
import pytest

from sortclient.aws.failures import AwsError, Denied, Missing, NoCredentials, Retryable, aws_error, explained
from sortclient.aws.session import Clients, open_session

CODES: list[tuple[str, type[AwsError], str]] = [
    ("ExpiredToken", NoCredentials, "have expired"),
    ("ExpiredTokenException", NoCredentials, "have expired"),
    ("400", NoCredentials, "have expired"),
    ("RequestExpired", NoCredentials, "have expired"),
    ("InvalidClientTokenId", NoCredentials, "does not accept the credentials"),
    ("InvalidAccessKeyId", NoCredentials, "does not accept the credentials"),
    ("UnrecognizedClientException", NoCredentials, "does not accept the credentials"),
    ("SignatureDoesNotMatch", NoCredentials, "this machine's clock"),
    ("InvalidSignatureException", NoCredentials, "this machine's clock"),
    ("RequestTimeTooSkewed", NoCredentials, "this machine's clock"),
    ("AccessDenied", Denied, "may not do PutObject"),
    ("AccessDeniedException", Denied, "may not do PutObject"),
    ("403", Denied, "may not do PutObject"),
    ("OptInRequired", Denied, "not signed up"),
    ("PermanentRedirect", AwsError, "--region"),
    ("AuthorizationHeaderMalformed", AwsError, "--region"),
    ("301", AwsError, "--region"),
    ("404", Missing, "make deploy"),
    ("NoSuchBucket", Missing, "make deploy"),
    ("ResourceNotFoundException", Missing, "make deploy"),
    ("AWS.SimpleQueueService.NonExistentQueue", Missing, "make deploy"),
    ("QueueDoesNotExist", Missing, "make deploy"),
    ("SlowDown", Retryable, "AWS is busy"),
    ("ThrottlingException", Retryable, "AWS is busy"),
    ("ProvisionedThroughputExceededException", Retryable, "AWS is busy"),
    ("ServiceUnavailable", Retryable, "AWS is busy"),
    ("InternalServerError", Retryable, "AWS is busy"),
    ("503", Retryable, "AWS is busy"),
]

ENDPOINT = "https://s3.us-west-1.amazonaws.com"

WITHOUT_ANSWER: list[tuple[botocore.BotoCoreError, type[AwsError], str]] = [
    (botocore.NoCredentialsError(), NoCredentials, "aws configure"),
    (botocore.PartialCredentialsError(provider="env", cred_var="secret"), NoCredentials, "incomplete"),
    (botocore.ProfileNotFound(profile="holiday"), NoCredentials, "holiday.*--profile"),
    (botocore.SSOTokenLoadError(error_msg="no token"), NoCredentials, "aws sso login"),
    (botocore.UnauthorizedSSOTokenError(), NoCredentials, "aws sso login"),
    (botocore.TokenRetrievalError(provider="sso", error_msg="expired"), NoCredentials, "aws sso login"),
    (botocore.RefreshWithMFAUnsupportedError(), NoCredentials, "MFA"),
    (botocore.CredentialRetrievalError(provider="process", error_msg="x"), NoCredentials, "could not be loaded"),
    (botocore.InvalidRegionError(region_name="us west"), AwsError, "--region us-west-1"),
    (botocore.EndpointConnectionError(endpoint_url=ENDPOINT), Retryable, "cannot be reached.*amazonaws.*network"),
    (botocore.ConnectTimeoutError(endpoint_url=ENDPOINT), Retryable, "cannot be reached.*amazonaws"),
    (botocore.ReadTimeoutError(endpoint_url=ENDPOINT), Retryable, "cannot be reached"),
    (botocore.ConnectionClosedError(endpoint_url=ENDPOINT), Retryable, "cannot be reached"),
    (botocore.ProxyConnectionError(proxy_url="http://user:hush@proxy"), Retryable, "cannot be reached"),
    (botocore.SSLError(endpoint_url=ENDPOINT, error=OSError("bad certificate")), Retryable, "secure connection"),
]


def refusal(code: str, message: str = "") -> botocore.ClientError:
    return botocore.ClientError({"Error": {"Code": code, "Message": message}}, "PutObject")


@pytest.mark.parametrize(("code", "kind", "sentence"), CODES)
def test_an_answer_is_told_by_its_code(code: str, kind: type[AwsError], sentence: str) -> None:
    told = aws_error(refusal(code, "Signature AKIASECRET of\nseveral lines"))
    assert type(told) is kind
    assert sentence in str(told)
    assert "AKIASECRET" not in str(told)
    assert "\n" not in str(told)
    assert "{" not in str(told)


@pytest.mark.parametrize(("error", "kind", "pattern"), WITHOUT_ANSWER)
def test_no_answer_is_told_by_its_type(error: botocore.BotoCoreError, kind: type[AwsError], pattern: str) -> None:
    with pytest.raises(kind, match=pattern) as told, explained():
        raise error
    assert type(told.value) is kind
    assert "hush" not in str(told.value)
    assert "{" not in str(told.value)


def test_an_unknown_answer_says_what_aws_said_in_one_line() -> None:
    assert str(aws_error(refusal("NewCode", "first\nsecond"))) == "AWS refused PutObject: NewCode: first second"


def test_other_errors_are_left_alone() -> None:
    with pytest.raises(KeyError), explained():
        raise KeyError("ours")


def test_the_region_is_the_one_asked_for_else_the_sessions_else_the_stacks(monkeypatch: pytest.MonkeyPatch) -> None:
    assert open_session(region="eu-west-1").region == "eu-west-1"
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    assert open_session().region == "us-east-1"
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    assert open_session().region == "us-west-1"


def test_a_region_that_is_no_name_is_refused_at_once() -> None:
    with pytest.raises(AwsError, match="--region us-west-1"):
        open_session(region="evil.example/")


def test_an_unknown_profile_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    with pytest.raises(NoCredentials, match="holiday"):
        open_session(profile="holiday")


def test_every_client_keeps_one_configuration() -> None:
    clients: Clients = open_session()
    made: list[Any] = [clients.s3, clients.dynamodb, clients.sqs, clients.rekognition, clients.cloudformation]
    for client in [*made, clients.sts, clients.lambda_, clients.service_quotas]:
        config = client.meta.config
        assert config.retries["mode"] == "standard"
        assert config.user_agent_extra.startswith("sortclient/")
        assert client.meta.region_name == "us-west-1"
    assert clients.s3 is clients.s3


def test_without_credentials_the_first_request_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(NoCredentials, match="aws configure"), explained():
        open_session().sts.get_caller_identity()


class Portal(ThreadingHTTPServer):
    """What a hotel's network answers for AWS until somebody has signed in."""

    def __init__(self, status: int, body: bytes) -> None:
        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PUT = _answer  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)


@pytest.fixture
def portal(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with Portal(*request.param) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setattr("time.sleep", lambda _: None)  # between botocore's attempts
        yield
        server.shutdown()
        thread.join()


PAGE, SLOPPY = b"<html><body>Sign in</body></html>", b"\n<!DOCTYPE html><html><meta><p>Sign in"
ASKED: dict[str, Callable[[Clients], object]] = {
    "cloudformation": lambda clients: clients.cloudformation.describe_stacks(),
    "sts": lambda clients: clients.sts.get_caller_identity(),
    "dynamodb": lambda clients: clients.dynamodb.list_tables(),
    "s3": lambda clients: clients.s3.put_object(Bucket="bucket", Key="key", Body=b""),
    "sqs": lambda clients: clients.sqs.list_queues(),
}


@pytest.mark.parametrize("service", ASKED)
@pytest.mark.parametrize("portal", [(200, PAGE), (403, PAGE), (511, PAGE), (403, SLOPPY)], indirect=True)
def test_a_page_instead_of_an_answer_says_that_this_is_not_aws(portal: None, service: str) -> None:
    with pytest.raises(Retryable, match=r"Something else than AWS answered: .*--region") as told, explained():
        ASKED[service](open_session())
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("portal", [(200, b"Sign in"), (200, b""), (200, b'{"a": 1}'), (200, SLOPPY)], indirect=True)
def test_an_answer_that_cannot_be_read_says_that_this_is_not_aws(portal: None) -> None:
    """The first question of each command is the stack, and of the doctor who asks."""
    for service in ("cloudformation", "sts"):
        with pytest.raises(Retryable, match="Something else than AWS answered"), explained():
            ASKED[service](open_session())


@pytest.mark.parametrize("portal", [(503, PAGE)], indirect=True)
def test_a_page_of_a_busy_gateway_of_aws_is_told_as_busy(portal: None) -> None:
    with pytest.raises(Retryable, match="AWS is busy"), explained():
        open_session().sts.get_caller_identity()


def test_a_network_that_is_gone_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")  # nothing listens there
    monkeypatch.setattr("time.sleep", lambda _: None)  # between botocore's attempts
    with pytest.raises(Retryable, match=r"127\.0\.0\.1:9"), explained():
        open_session().sts.get_caller_identity()
