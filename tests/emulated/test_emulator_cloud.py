"""The emulated account: what is provisioned, what S3 announces, and what is kept out."""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import re
import threading
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from photosort.stack import Output
from sortclient.emulator.cloud import _OneAtATime


@pytest.fixture
def announced(client: Callable[..., Any], bucket: str) -> Callable[[], list[dict[str, Any]]]:
    """Let the bucket announce what is created under `photos/`; the function returns what was announced since."""
    sqs = client("sqs")
    url = sqs.create_queue(QueueName=f"test-{uuid4()}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    configuration = {
        "Id": "photos",
        "QueueArn": arn,
        "Events": ["s3:ObjectCreated:*"],
        "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "photos/"}]}},
    }
    client("s3").put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"QueueConfigurations": [configuration]}
    )

    def receive() -> list[dict[str, Any]]:
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(message["Body"]) for message in messages]

    return receive


def test_the_configuration_is_tested_with_a_message(announced: Callable[[], Any], bucket: str) -> None:
    (message,) = announced()
    assert message["Event"] == "s3:TestEvent"
    assert message["Bucket"] == bucket
    assert "Records" not in message


@pytest.mark.parametrize(
    ("key", "encoded"),
    [
        ("photos/Ana/0.jpg", "photos/Ana/0.jpg"),
        ("photos/a b.jpg", "photos/a+b.jpg"),
        ("photos/a+b.jpg", "photos/a%2Bb.jpg"),
        ("photos/M%C3%BCller%20%26%20co/0.jpg", "photos/M%25C3%25BCller%2520%2526%2520co/0.jpg"),
        ("photos/Müller.jpg", "photos/M%C3%BCller.jpg"),
    ],
)
def test_keys_come_form_encoded(
    announced: Callable[[], Any], client: Callable[..., Any], bucket: str, key: str, encoded: str
) -> None:
    announced()  # the test message
    client("s3").put_object(Bucket=bucket, Key=key, Body=b"four")
    (message,) = announced()
    assert message["Records"][0]["s3"]["object"]["key"] == encoded


def test_a_record_has_the_members_that_aws_documents(
    announced: Callable[[], Any], client: Callable[..., Any], bucket: str
) -> None:
    announced()
    answer = client("s3").put_object(Bucket=bucket, Key="photos/0.jpg", Body=b"four")
    client("s3").put_object(Bucket=bucket, Key="photos/0.jpg", Body=b"five!")
    (first,), (second,) = (message["Records"] for message in announced())
    assert first.keys() == {
        "eventVersion", "eventSource", "awsRegion", "eventTime", "eventName",
        "userIdentity", "requestParameters", "responseElements", "s3",
    }  # fmt: skip
    assert (first["eventVersion"], first["eventSource"], first["awsRegion"]) == ("2.1", "aws:s3", "us-west-1")
    assert first["eventName"] == "ObjectCreated:Put"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", first["eventTime"])
    assert first["s3"]["configurationId"] == "photos"
    assert first["s3"]["bucket"]["name"] == bucket
    stored = first["s3"]["object"]
    assert stored.keys() == {"key", "size", "eTag", "sequencer"}
    assert stored["size"] == 4
    assert stored["eTag"] == answer["ETag"].strip('"')
    assert stored["sequencer"] < second["s3"]["object"]["sequencer"]


def test_copies_and_multipart_uploads_are_announced_as_such(
    announced: Callable[[], Any], client: Callable[..., Any], bucket: str
) -> None:
    announced()
    s3 = client("s3")
    s3.put_object(Bucket=bucket, Key="elsewhere/0.jpg", Body=b"four")  # under no prefix: not announced
    s3.copy_object(Bucket=bucket, Key="photos/copy.jpg", CopySource={"Bucket": bucket, "Key": "elsewhere/0.jpg"})
    s3.copy_object(Bucket=bucket, Key="matches/copy.jpg", CopySource={"Bucket": bucket, "Key": "elsewhere/0.jpg"})
    upload = s3.create_multipart_upload(Bucket=bucket, Key="photos/parts.jpg")["UploadId"]
    part = s3.upload_part(Bucket=bucket, Key="photos/parts.jpg", UploadId=upload, PartNumber=1, Body=b"five!")
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    s3.complete_multipart_upload(Bucket=bucket, Key="photos/parts.jpg", UploadId=upload, MultipartUpload=parts)
    s3.delete_object(Bucket=bucket, Key="photos/copy.jpg")
    records = [record for message in announced() for record in message["Records"]]
    assert sorted((record["s3"]["object"]["key"], record["eventName"]) for record in records) == [
        ("photos/copy.jpg", "ObjectCreated:Copy"),
        ("photos/parts.jpg", "ObjectCreated:CompleteMultipartUpload"),
    ]


def test_a_put_that_is_refused_is_not_announced(
    announced: Callable[[], Any], client: Callable[..., Any], bucket: str
) -> None:
    announced()
    s3 = client("s3")
    s3.put_object(Bucket=bucket, Key="photos/0.jpg", Body=b"four")
    announced()
    with pytest.raises(ClientError, match="PreconditionFailed"):
        s3.put_object(Bucket=bucket, Key="photos/0.jpg", Body=b"five!", IfNoneMatch="*")
    assert announced() == []


@pytest.mark.parametrize(
    ("target", "body", "most"),
    [
        ("AmazonSQS.SendMessage", b"{}", 1),
        ("AmazonSQS.ReceiveMessage", b"{}", 1),
        ("AmazonSQS.ReceiveMessage", b'{"WaitTimeSeconds": 20}', 2),  # a long poll may not keep all others out
    ],
)
def test_moto_answers_one_request_at_a_time(target: str, body: bytes, most: int) -> None:
    """It replaces a queue's list of messages on each deletion: a message sent just then would be lost."""
    both = threading.Barrier(2)
    at_once = 0
    seen = []

    def app(environ: Any, _: Any) -> list[bytes]:
        nonlocal at_once
        at_once += 1
        assert environ["wsgi.input"].read() == body
        with contextlib.suppress(threading.BrokenBarrierError):
            both.wait(0.5)
        seen.append(at_once)
        at_once -= 1
        return []

    guarded = _OneAtATime(app)

    def ask_once() -> None:
        length = str(len(body))
        environ = {"HTTP_X_AMZ_TARGET": target, "CONTENT_LENGTH": length, "wsgi.input": io.BytesIO(body + b"next")}
        guarded(environ, lambda *_: None)  # type: ignore[arg-type, return-value]

    threads = [threading.Thread(target=ask_once) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(seen) == most


def test_the_stack_tells_all_that_the_client_needs(outputs: Mapping[str, str]) -> None:
    names = {value for name, value in vars(Output).items() if name.isupper()}
    assert outputs.keys() == names
    assert float(outputs[Output.CALLS_PER_SECOND]) > 0
    assert int(outputs[Output.RETENTION_DAYS]) > 0


def test_each_emulation_is_another_place(client: Callable[..., Any]) -> None:
    (stack,) = client("cloudformation").describe_stacks(StackName="PhotoSort")["Stacks"]
    assert re.fullmatch(r"arn:aws:cloudformation:us-west-1:\d{12}:stack/PhotoSort/[0-9a-f-]{36}", stack["StackId"])


def test_comparisons_expire(client: Callable[..., Any], outputs: Mapping[str, str]) -> None:
    ttl = client("dynamodb").describe_time_to_live(TableName=outputs[Output.TABLE])["TimeToLiveDescription"]
    assert ttl == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}


def test_motos_own_rekognition_never_answers(client: Callable[..., Any], emulated: Mapping[str, str]) -> None:
    """It finds a match in anything: a forgotten endpoint must be an error."""
    forgotten = client("sts").meta.endpoint_url
    assert forgotten == emulated["AWS_ENDPOINT_URL"] != emulated["AWS_ENDPOINT_URL_REKOGNITION"]
    status, body = ask(
        forgotten,
        "POST",
        "/",
        {"X-Amz-Target": "RekognitionService.CompareFaces", "Authorization": signed_for("rekognition")},
    )
    assert status == 400
    assert json.loads(body)["__type"] == "UnknownOperationException"
    assert b"AWS_ENDPOINT_URL_REKOGNITION" in body


@pytest.mark.parametrize("service", ["lambda", "iam", "servicequotas"])
def test_services_that_are_not_emulated_say_so(emulated: Mapping[str, str], service: str) -> None:
    status, body = ask(emulated["AWS_ENDPOINT_URL"], "POST", "/", {"Authorization": signed_for(service)})
    assert status == 400
    assert b"is not emulated" in body


def test_nobody_resets_the_account(emulated: Mapping[str, str], outputs: Mapping[str, str]) -> None:
    assert outputs
    status, _ = ask(emulated["AWS_ENDPOINT_URL"], "POST", "/moto-api/reset", {})
    assert status == 400


@pytest.mark.parametrize("endpoint", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_REKOGNITION"])
@pytest.mark.parametrize(
    ("headers", "refused"),
    [
        ({"Host": "127.0.0.1"}, False),
        ({"Host": "localhost:4566"}, False),
        ({"Host": "evil.example"}, True),
        ({"Host": "127.0.0.1.evil.example:80"}, True),
        ({"Host": "169.254.169.254"}, True),
        ({"Host": ""}, True),
        ({"Host": "["}, True),
        ({"Host": "127.0.0.1", "Origin": "https://evil.example"}, True),
        ({"Host": "127.0.0.1", "Origin": "null"}, True),
    ],
)
def test_web_pages_are_not_served(
    emulated: Mapping[str, str], endpoint: str, headers: dict[str, str], refused: bool
) -> None:
    status, _ = ask(emulated[endpoint], "GET", "/", headers)
    assert (status == 403) is refused


def signed_for(service: str) -> str:
    return f"AWS4-HMAC-SHA256 Credential=emulated/20260101/us-west-1/{service}/aws4_request, SignedHeaders=host"


def ask(url: str, method: str, path: str, headers: Mapping[str, str]) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    try:
        connection.request(method, path, headers=dict(headers))
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()
