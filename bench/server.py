"""An S3 for measuring: it answers what upload tools ask, counts it, and keeps of a body only its size.

One process, one thread, no copy of a body: it is received into one buffer again and again. No signature and no checksum
is verified, so a request costs little more than reading it. What it does not know it answers with 501, for a tool
that did not get what it asked for must not look fast.

    python -m bench.server          prints its port and serves 127.0.0.1 until stdin ends

Control, for whoever measures: `POST /-/counts` returns the counts since the last call as JSON and begins anew.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter

from bench.store import NOT_IMPLEMENTED, Answer, Request, Store, parse_head

HOST = "127.0.0.1"
CONTROL = "/-/counts"

_BUFFER = 1024 * 1024
_LONGEST_HEAD = 64 * 1024


class Counts:
    """What was asked since the last look."""

    def __init__(self) -> None:
        self.requests: Counter[str] = Counter()  # by method and status
        self.received = 0  # bytes of bodies
        self._cpu = time.process_time()

    def take(self) -> bytes:
        """As JSON, with the seconds of CPU that this process used meanwhile; and begin anew."""
        now = time.process_time()
        taken = {"requests": self.requests, "received": self.received, "cpu": now - self._cpu}
        self.requests, self.received, self._cpu = Counter(), 0, now
        return json.dumps(taken).encode()


class Connection(asyncio.BufferedProtocol):
    """One client's connection: a head, then its body, then the answer; again and again."""

    def __init__(self, store: Store, counts: Counts, buffer: memoryview) -> None:
        self._store, self._counts, self._buffer = store, counts, buffer
        self._head = bytearray()
        self._request: Request | None = None  # whose body is being received
        self._left = 0  # bytes of that body

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 (it serves TCP)
        self._transport = transport

    def get_buffer(self, _: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, size: int) -> None:
        if self._request is not None and size < self._left:
            self._left -= size
            return
        received = self._buffer[:size]
        if self._request is not None:
            received = received[self._left :]
            self._finish()
        self._head += received
        while self._request is None and (end := self._head.find(b"\r\n\r\n")) >= 0:
            self._begin(bytes(self._head[:end]), end + 4)
        if len(self._head) > _LONGEST_HEAD:
            self._transport.abort()

    def _begin(self, head: bytes, length: int) -> None:
        """A head is complete: take what has come of its body."""
        try:
            request = parse_head(head)
        except ValueError:
            self._transport.abort()
            return
        if "transfer-encoding" in request.headers:  # its length is not known: nothing here needs it
            self._send(request, NOT_IMPLEMENTED)
            self._transport.close()
            return
        if request.headers.get("expect", "").lower() == "100-continue":
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        came = min(request.length, len(self._head) - length)
        del self._head[: length + came]
        self._request, self._left = request, request.length - came
        if not self._left:
            self._finish()

    def _finish(self) -> None:
        request, self._request, self._left = self._request, None, 0
        assert request is not None  # noqa: S101 (a body has a head)
        if request.bucket == "-" and request.method == "POST":
            self._send(request, Answer("200 OK", {"Content-Type": "application/json"}, self._counts.take()))
            return
        answer = self._store.answer(request)
        self._counts.requests[f"{request.method} {answer.status[:3]}"] += 1
        self._counts.received += request.length
        self._send(request, answer)

    def _send(self, request: Request, answer: Answer) -> None:
        headers = {"Content-Length": str(len(answer.body)), "x-amz-request-id": "0"} | answer.headers
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        body = b"" if request.method == "HEAD" else answer.body
        self._transport.write(f"HTTP/1.1 {answer.status}\r\n{lines}\r\n".encode("latin-1") + body)


async def serve() -> None:
    store, counts = Store(), Counts()
    buffer = memoryview(bytearray(_BUFFER))  # one is enough: what is received is used up before the next is
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(store, counts, buffer), HOST, 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.buffer.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(serve())
