"""WSGI servers that only this machine reaches."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

HOST = "127.0.0.1"
_NAMES = (HOST, "localhost")


class LoopbackOnly:
    """Refuses what did not come from a program on this machine that meant this server.

    The socket is bound to loopback, but a web page in this machine's browser reaches loopback too: under a
    name of its own that resolves to 127.0.0.1 (the Host header tells), or as a cross-origin request (the Origin
    header tells). Pictures of people lie here and no signature is checked, so neither gets an answer.
    """

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if _hostname(environ.get("HTTP_HOST", "")) not in _NAMES or "HTTP_ORIGIN" in environ:
            status = HTTPStatus.FORBIDDEN
            start_response(f"{status.value} {status.phrase}", [("Content-Type", "text/plain")])
            return [b"Only programs on this machine are served, by the address 127.0.0.1.\n"]
        return self._app(environ, start_response)


class LoopbackServer:
    """``app`` on 127.0.0.1 and ``port`` (0: a free one), a thread a request; it serves from the moment it is made.

    Raises OSError where the port is taken.
    """

    def __init__(self, app: WSGIApplication, port: int = 0) -> None:
        import socket

        from moto.moto_server.werkzeug_app import MotoRequestHandler
        from werkzeug.serving import make_server

        class Handler(MotoRequestHandler):
            def log_request(self, *_: object) -> None:
                """Say nothing: a line for each request would drown the functions' log."""

        # werkzeug ends the process where it cannot bind; we bind, so that the caller gets the error.
        with socket.create_server((HOST, port)) as listening:
            self._server = make_server(
                HOST, port, LoopbackOnly(app), threaded=True, request_handler=Handler, fd=listening.fileno()
            )
        self.url = f"http://{HOST}:{self._server.server_address[1]}"
        # It looks so often (in seconds) whether it shall end.
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name=self.url, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()


def _hostname(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None
