"""The process that is the emulated AWS: everything started, the environment printed, everything ended."""

from __future__ import annotations

import logging
import os
import shlex
import signal
import sys
import tempfile
import threading
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TextIO

from sortclient.emulator import access, pipeline
from sortclient.emulator.provisioning import provision, queue_functions
from sortclient.errors import InputError
from sortclient.folders import DATA_VARIABLE
from sortclient.workers import Workers

READY = "The emulated AWS is ready."


def run(
    port: int | None = None, log: Path | None = None, *, bare: bool = False, while_stdin_is_open: bool = False
) -> None:
    """Be the emulated AWS until SIGINT or SIGTERM, or, for a parent that may be killed, until stdin ends.

    Prints the environment that attaches to it on stdout, as lines for a shell, and closes stdout; then says on stderr
    that it is ready and where the functions' log is. A ``bare`` account has no stack in it, and the services that it
    takes to deploy one. Raises InputError where ``port`` is taken.
    """
    output = _take_stdout()
    end = threading.Event()
    _end_on_signals(end, interrupt=not while_stdin_is_open)
    if while_stdin_is_open:
        threading.Thread(target=_end_after_stdin, args=(end,), daemon=True).start()
    with ExitStack() as stack:
        # Gone at the end, also where a parent that started us was killed before.
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sortclient-emulator-")))
        log = log or folder / "functions.log"
        logging.basicConfig(filename=log, format="%(asctime)s %(name)s %(levelname)s %(message)s")
        environment = start(stack, port or 0, log, bare=bare)
        # Albums of an emulation are forgotten with it: they must not clash with what is compared elsewhere.
        environment[DATA_VARIABLE] = str(folder / "catalog")
        for name in access.UNSET:
            print(f"unset {name}", file=output)
        for name, value in environment.items():
            print(f"export {name}={shlex.quote(value)}", file=output)
        output.close()
        print(f"{READY} Its functions write to {log}", file=sys.stderr, flush=True)  # noqa: T201
        # A signal that comes just before the wait begins is handled when it wakes; unbounded, it might never wake.
        while not end.wait(timeout=1):
            pass


def start(stack: ExitStack, port: int, log: Path, *, bare: bool = False) -> dict[str, str]:
    """Start all parts; closing ``stack`` ends them. Returns the environment that attaches to them.

    It changes this process's environment, too: its own clients must find the emulated AWS and no other.
    """
    from sortclient.emulator.cloud import DEPLOYMENT_SERVICES, SERVICES, make_cloud
    from sortclient.emulator.loopback import LoopbackServer
    from sortclient.emulator.pictures import Pictures
    from sortclient.emulator.rekognition import Rekognition

    for name in access.UNSET:
        os.environ.pop(name, None)
    try:
        services = SERVICES | DEPLOYMENT_SERVICES if bare else SERVICES
        cloud = stack.enter_context(closing(LoopbackServer(make_cloud(services), port)))
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise InputError(f"Port {port} cannot be used: {reason}. Name another one with --port.") from error
    os.environ.update(access.variables(cloud.url, rekognition_url=""))

    from boto3.session import Session

    session = Session()
    pictures = Pictures(stack.enter_context(Workers()))
    endpoint = Rekognition(pictures, session.client("s3"), access.REGION)
    rekognition = stack.enter_context(closing(LoopbackServer(endpoint)))
    environment = access.variables(cloud.url, rekognition.url)
    access.check(environment)
    os.environ.update(environment)

    if not bare:
        functions = queue_functions(provision(session))
        pipeline.start(stack, session, functions, environment=environment, log=log)
    return environment


def _end_on_signals(end: threading.Event, *, interrupt: bool) -> None:
    """Ctrl-C reaches every process of a terminal: where the parent decides, it must not end the emulation first."""
    signal.signal(signal.SIGTERM, lambda *_: end.set())
    signal.signal(signal.SIGINT, (lambda *_: end.set()) if interrupt else signal.SIG_IGN)


def _end_after_stdin(end: threading.Event) -> None:
    while sys.stdin.buffer.read(1024):
        pass
    end.set()


def _take_stdout() -> TextIO:
    """Our stdout, and nobody else's: no process started from here can write to it, or keep it open."""
    output = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, sys.stdout.fileno())
    os.close(nothing)
    return output
