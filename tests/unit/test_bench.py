"""The benchmark's S3 answers as S3 does, as far as it does; and what is measured of a command is what it did."""

from __future__ import annotations

import http.client
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from PIL import Image

from bench.handler import CASES, answering, environment_measured
from bench.opened import opened
from bench.photos import GRACE, Wanted, make
from bench.process import MB, Failed, measure
from bench.serving import Serving, serving


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with serving() as running:
        yield running


@pytest.fixture
def s3(server: Serving) -> Any:
    server.empty("bucket")
    server.counted()
    return boto3.Session("key", "secret").client("s3", "us-west-1", endpoint_url=server.url)


def test_objects_are_put_described_and_deleted(s3: Any) -> None:
    s3.put_object(
        Bucket="bucket", Key="a b/ü+.jpg", Body=b"x" * 3_000_000, Metadata={"path": "p"}, ContentType="image/jpeg"
    )
    head = s3.head_object(Bucket="bucket", Key="a b/ü+.jpg")
    assert (head["ContentLength"], head["Metadata"], head["ContentType"]) == (3_000_000, {"path": "p"}, "image/jpeg")
    s3.delete_object(Bucket="bucket", Key="a b/ü+.jpg")
    with pytest.raises(ClientError, match="404"):
        s3.head_object(Bucket="bucket", Key="a b/ü+.jpg")


def test_requests_and_bytes_are_counted_until_the_next_look(s3: Any, server: Serving) -> None:
    for number in range(3):
        s3.put_object(Bucket="bucket", Key=str(number), Body=b"x" * 1000)
    counted = server.counted()
    assert (counted.requests, counted.received) == ({"PUT 200": 3}, 3000)
    assert (server.counted().requests, server.counted().received) == ({}, 0)


def test_listings_have_pages_prefixes_and_delimiters(s3: Any) -> None:
    keys = [f"{folder}/{number:04} &.jpg" for folder in ("a", "b/c") for number in range(1100)] + ["b", "b0"]
    for key in keys:
        s3.put_object(Bucket="bucket", Key=key, Body=b"x")
    pages = list(s3.get_paginator("list_objects_v2").paginate(Bucket="bucket"))
    assert [entry["Key"] for page in pages for entry in page["Contents"]] == sorted(keys)
    assert [page["KeyCount"] for page in pages] == [1000, 1000, 202]
    below = s3.list_objects_v2(Bucket="bucket", Prefix="b/c/00")
    assert [entry["Key"] for entry in below["Contents"]] == [key for key in keys if key.startswith("b/c/00")]
    top = s3.list_objects_v2(Bucket="bucket", Delimiter="/", MaxKeys=2)
    assert [entry["Prefix"] for entry in top["CommonPrefixes"]] == ["a/"]
    rest = s3.list_objects_v2(Bucket="bucket", Delimiter="/", ContinuationToken=top["NextContinuationToken"])
    assert [entry["Prefix"] for entry in rest["CommonPrefixes"]] == ["b/"]
    assert [entry["Key"] for page in (top, rest) for entry in page["Contents"]] == ["b", "b0"]


def test_what_it_does_not_know_it_refuses(s3: Any, server: Serving) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    for method, path in (("POST", "/bucket/key?uploads"), ("GET", "/bucket/key"), ("GET", "/bucket?versions")):
        connection.request(method, path)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 501
    connection.close()


def test_a_body_that_comes_in_pieces_and_the_next_request_with_it(server: Serving) -> None:
    """What a socket brings ends where it likes: in a head, in a body, in the next request."""
    import socket

    request = b"PUT /bucket/%d HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello"
    stream = request % 1 + request % 2
    server.counted()
    for cut in range(1, len(stream)):
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.sendall(stream[:cut])
            time.sleep(0.01)  # or the server would often get both at once
            connection.sendall(stream[cut:])
            connection.shutdown(socket.SHUT_WR)
            answers = b"".join(iter(lambda: connection.recv(65536), b""))
        assert answers.count(b"200 OK") == 2
    counted = server.counted()
    assert counted.requests == {"PUT 200": 2 * (len(stream) - 1)}
    assert counted.received == 10 * (len(stream) - 1)


def test_a_command_is_measured_with_the_processes_that_it_starts(tmp_path: Path) -> None:
    child = "import time; kept = bytearray(60_000_000); time.sleep(0.8)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}]); sys.exit(3)"
    with (tmp_path / "log").open("wb") as log:
        usage = measure([sys.executable, "-c", parent], os.environ, log, timeout=60)
    assert usage.status == 3
    assert usage.memory > 60 * MB
    assert 0 < usage.cpu < 10


def test_a_command_that_does_not_end_is_ended(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as log, pytest.raises(Failed, match="more than"):
        measure([sys.executable, "-c", "import time; time.sleep(60)"], os.environ, log, timeout=0.3)


def test_the_kernel_tells_which_files_are_opened(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a").write_bytes(b"x")
    with opened(tmp_path) as files:
        list((tmp_path / "in").iterdir())
        (tmp_path / "in" / "a").stat()
        assert files.count == 0
        (tmp_path / "in" / "a").read_bytes()
        assert files.count == 1


def test_photos_are_each_their_own_and_the_same_every_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.photos._SETTLING", 0)
    for folder in ("one", "two"):
        make([Wanted(tmp_path / folder / str(number), number, (400, 300), GRACE) for number in range(2)])
    one, two = ([(tmp_path / folder / str(number)).read_bytes() for number in range(2)] for folder in ("one", "two"))
    assert one == two
    assert one[0] != one[1]
    with Image.open(tmp_path / "one" / "0") as photo:
        assert (photo.format, photo.size, photo.getexif()[0x0112]) == ("JPEG", (400, 300), 6)


def test_the_handlers_benchmark_counts_what_a_photo_costs() -> None:
    """By the handler itself, over a network: two reads, for each cell a call and a write, for each match a copy."""
    with answering() as environment:
        measured = environment_measured(environment, rounds=1, photos=10)

    reads = {"ListObjectsV2": 1, "BatchGetItem": 1}
    assert {case: measured["requests"][album] for case, album in CASES.items()} == {
        "one headshot, no match": reads | {"CompareFaces": 1, "PutItem": 1},
        "one headshot, a match": reads | {"CompareFaces": 1, "PutItem": 1, "CopyObject": 1},
        "3 headshots, one match": reads | {"CompareFaces": 3, "PutItem": 3, "CopyObject": 1},
        "3 headshots, all cells standing": reads,
    }
    assert all(ms > 0 for album in CASES.values() for ms in measured["ms"][album])
