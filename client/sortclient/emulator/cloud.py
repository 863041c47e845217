"""moto server as the emulated account: S3, SQS, DynamoDB, CloudFormation and STS, and no other service by itself."""

from __future__ import annotations

import io
import json
import os
import threading
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# moto would answer for two hundred services more, with inventions: its CompareFaces finds a match in any picture.
SERVICES = frozenset({"cloudformation", "dynamodb", "s3", "sqs", "sts"})
# What CDK's command line and the stack's template ask for besides these.
DEPLOYMENT_SERVICES = frozenset({"awslambda", "cloudwatch", "ecr", "iam", "logs", "sns", "ssm"})

# What moto calls the account that signs with keys that it did not issue.
ACCOUNT = "123456789012"


def make_cloud(services: Collection[str] = SERVICES) -> WSGIApplication:
    """moto's server as a WSGI application. Its state belongs to the process: there is one cloud a process."""
    # A web page may not read the pictures; moto allows every origin unless told before it is imported.
    os.environ["MOTO_DISABLE_GLOBAL_CORS"] = "true"
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from moto.s3 import notifications
    from moto.sqs.models import Queue

    import sortclient.emulator.alarms  # noqa: F401 - moto looks for it
    from sortclient.emulator.s3_events import send_event

    notifications.send_event = send_event
    # A queue forgets which functions are mapped to it: moto would call them at once, in Docker, for each message that
    # is sent. Lambda still tells of the mappings; our own event sources do the polling.
    Queue.lambda_event_source_mappings = property(lambda _: {}, lambda _, __: None)  # type: ignore[assignment]

    def create(service: Any) -> Any:
        return create_backend_app(service) if service in services else _NotEmulated(service)

    return _OneAtATime(DomainDispatcherApplication(create))


class _OneAtATime:
    """Lets moto answer one request at a time.

    moto deletes a message by putting a new list in the place of the old one: a message sent meanwhile, also by an
    S3 event, would be lost. A long poll is let in by itself, for it would keep all others out while it waits.
    """

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app
        self._lock = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        body = _body(environ)  # read before the lock is taken: the sender may be slow
        environ["wsgi.input"] = io.BytesIO(body)
        if environ.get("HTTP_X_AMZ_TARGET") == "AmazonSQS.ReceiveMessage" and b'"WaitTimeSeconds"' in body:
            return self._app(environ, start_response)
        with self._lock:
            return self._app(environ, start_response)


class _NotEmulated:
    """The answer for a service that this cloud does not have. Whoever asks has no other endpoint set for it."""

    def __init__(self, service: str) -> None:
        self._service = service

    def __call__(self, _: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        name = self._service
        hint = " Set AWS_ENDPOINT_URL_REKOGNITION." if name == "rekognition" else ""
        error = {"__type": "UnknownOperationException", "message": f"{name} is not emulated at this address.{hint}"}
        start_response(
            "400 Bad Request",
            [("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-errortype", error["__type"])],
        )
        return [json.dumps(error).encode()]


def _body(environ: WSGIEnvironment) -> bytes:
    stream: Any = environ["wsgi.input"]
    if environ.get("wsgi.input_terminated"):  # sent in chunks: the stream knows its end
        environ["CONTENT_LENGTH"] = str(len(body := stream.read()))
        return bytes(body)
    return bytes(stream.read(int(environ.get("CONTENT_LENGTH") or 0)))
