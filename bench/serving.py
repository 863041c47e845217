"""The benchmark's S3 as a process of its own, for the length of a block."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bench.server import CONTROL, HOST


@dataclass(frozen=True, slots=True)
class Counted:
    """What the server saw since the last look."""

    requests: dict[str, int]  # by method and status: "PUT 200"
    received: int  # bytes of bodies
    cpu: float  # seconds that the server itself used

    def of(self, method: str) -> int:
        return sum(count for kind, count in self.requests.items() if kind.startswith(f"{method} "))


@dataclass(frozen=True, slots=True)
class Serving:
    port: int

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def counted(self) -> Counted:
        return Counted(**json.loads(self._ask("POST", CONTROL)))

    def empty(self, bucket: str) -> None:
        self._ask("DELETE", f"/{bucket}")

    def _ask(self, method: str, path: str) -> bytes:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=60)
        try:
            connection.request(method, path)
            return connection.getresponse().read()
        finally:
            connection.close()


@contextmanager
def serving() -> Iterator[Serving]:
    """It ends with this process, however that ends."""
    child = subprocess.Popen(
        [sys.executable, "-m", "bench.server"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with child:
        assert child.stdin is not None and child.stdout is not None  # noqa: PT018, S101 (they are pipes)
        try:
            yield Serving(int(child.stdout.readline()))
        finally:
            child.stdin.close()
            child.wait(10)
