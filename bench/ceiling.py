"""What the benchmark's server takes from a client that does nothing but send: what no tool can be faster than."""

from __future__ import annotations

import multiprocessing
import os
import socket
import time
from collections.abc import Iterator

from bench.process import MB
from bench.server import HOST
from bench.serving import Serving

_BUCKET = "ceiling"
_LARGE = 4_000_000  # bytes of a photo
_SMALL_REQUESTS = 20_000


def report(server: Serving, count: int) -> Iterator[str]:
    """Two lines: bytes a second with large bodies, requests a second with none."""
    for name, size, requests in (("bodies of 4 MB", _LARGE, max(count, 50)), ("bodies of 0 bytes", 0, _SMALL_REQUESTS)):
        server.counted()
        processes = os.cpu_count() or 1
        with multiprocessing.get_context("spawn").Pool(processes) as pool:
            begun = time.monotonic()  # the processes are there
            pool.starmap(_send, [(server.port, size, requests // processes)] * processes, chunksize=1)
            seconds = time.monotonic() - begun
        counted = server.counted()
        sent = counted.of("PUT")
        yield (
            f"- The server's own limit, {processes} raw clients, {name}: {sent / seconds:,.0f} requests/s, "
            f"{counted.received / seconds / MB:,.0f} MB/s, {counted.cpu / sent * 1000:.2f} ms of its CPU a request."
        )
    server.empty(_BUCKET)


def _send(port: int, size: int, requests: int) -> None:
    body = bytes(size)
    with socket.create_connection((HOST, port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for number in range(requests):
            head = f"PUT /{_BUCKET}/{os.getpid()}-{number} HTTP/1.1\r\nHost: bench\r\nContent-Length: {size}\r\n\r\n"
            connection.sendall(head.encode())
            connection.sendall(body)
            answer = connection.recv(4096)
            if not answer.startswith(b"HTTP/1.1 200"):
                raise ConnectionError(answer[:100])
