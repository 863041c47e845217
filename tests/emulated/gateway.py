"""A way to the emulated AWS on which requests can be refused, or their answers lost."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

# Said by S3 of a bucket that is asked too much, and of a session token that has ended.
SLOW_DOWN = (503, b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>")
EXPIRED_TOKEN = (400, b"<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>")


class Lost(Enum):
    REQUEST = "the connection ends before the request was carried out"
    ANSWER = "it was carried out, and the connection ends before the answer"


Fault = tuple[int, bytes] | Lost


@dataclass
class Gateway:
    """``fault`` is asked for each request, and says what becomes of it; None lets it pass. Without one all do."""

    address: str
    fault: Callable[[str, str], Fault | None] | None = None
    passed: list[tuple[str, str]] = field(default_factory=list)  # (method, path) of what was carried out

    def break_after(self, photos: int, fault: Fault) -> None:
        """From when so many photos were put, every request meets ``fault``."""
        self.fault = lambda *_: fault if len(self.puts("photos")) >= photos else None

    def puts(self, kind: str) -> list[str]:
        """The keys of that kind that were put, each as often as it was."""
        return [path for method, path in self.passed if method == "PUT" and f"/{kind}/" in path]


@contextmanager
def gateway(target: str) -> Iterator[Gateway]:
    """Serve on loopback what is asked of ``target``."""
    host = urlsplit(target).netloc
    ours = Gateway("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            fault = ours.fault(self.command, self.path) if ours.fault else None
            if isinstance(fault, tuple):
                self.answer(fault[0], fault[1], [("Content-Type", "application/xml")])
                return
            if fault is not Lost.REQUEST:
                ours.passed.append((self.command, self.path))
                connection = HTTPConnection(host)
                connection.request(self.command, self.path, body, {**self.headers, "Host": host})
                answer: HTTPResponse = connection.getresponse()
                content = answer.read()
                connection.close()
                if fault is None:
                    dropped = ("connection", "content-length", "date", "server", "transfer-encoding")
                    kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in dropped]
                    length = answer.getheader("Content-Length") if self.command == "HEAD" else None
                    self.answer(answer.status, content, kept, length)
                    return
            self.close_connection = True

        def answer(self, status: int, body: bytes, headers: list[tuple[str, str]], length: str | None = None) -> None:
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("Content-Length", length or str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (its name)
            """Say nothing: the requests are kept."""

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = pass_on  # noqa: N815 (the names that are looked for)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    ours.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield ours
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
