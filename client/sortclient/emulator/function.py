"""Calls a handler as Lambda does: in execution environments, each a process of its own, used again while warm.

A process of its own, because a function's modules keep state and read their environment on import: a second
environment must not see the first one's, and a handler that runs out of time can only be stopped by ending it.
"""

from __future__ import annotations

import importlib
import json
import multiprocessing
import os
import sys
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from sortclient.workers import live_with_parent

# Lambda gives 10 s to the imports before the first call; this machine may be busy with other things.
_INIT_TIMEOUT = 60.0

# What a process needs of this machine; all else of the person's environment stays outside, as it does in Lambda.
_INHERITED = ("PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR")


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """``handler`` is `module.attribute`; ``timeout`` is in seconds."""

    name: str
    handler: str
    timeout: float
    memory_mb: int


class FunctionFailed(Exception):
    """The invocation has no result: the handler raised, took too long, or its process ended."""


class ExecutionEnvironments:
    """All execution environments of one function; as many as there are invocations at once."""

    def __init__(self, function: Function, variables: Mapping[str, str], log: Path) -> None:
        self._function = function
        self._variables = dict(variables)
        self._log = log
        self._lock = threading.Lock()
        self._idle: list[_ExecutionEnvironment] = []
        self._busy: set[_ExecutionEnvironment] = set()
        self._closed = False

    def invoke(self, event: Mapping[str, Any]) -> object:
        """Call the handler and return its result, both through JSON as in Lambda. Raises FunctionFailed."""
        environment = self._take()
        try:
            result = environment.invoke(event)
        except FunctionEnded:
            environment.end()
            with self._lock:
                self._busy.discard(environment)
            raise
        except FunctionFailed:
            self._give_back(environment)
            raise
        self._give_back(environment)
        return result

    def close(self) -> None:
        """End every environment, also where a handler is at work: its invocation fails."""
        with self._lock:
            self._closed = True
            environments = [*self._idle, *self._busy]
            self._idle.clear()
        for environment in environments:
            environment.end()

    def _take(self) -> _ExecutionEnvironment:
        with self._lock:
            if self._closed:
                raise FunctionFailed("the emulated AWS is ending")
            environment = (
                self._idle.pop() if self._idle else _ExecutionEnvironment(self._function, self._variables, self._log)
            )
            self._busy.add(environment)
        return environment

    def _give_back(self, environment: _ExecutionEnvironment) -> None:
        with self._lock:
            self._busy.discard(environment)
            self._idle.append(environment)


class FunctionEnded(FunctionFailed):
    """The invocation failed and its execution environment cannot be used again."""


class _ExecutionEnvironment:
    def __init__(self, function: Function, variables: Mapping[str, str], log: Path) -> None:
        context = multiprocessing.get_context("spawn")
        self._function = function
        self._ours, theirs = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(theirs, function, dict(variables), log), name=function.name, daemon=True
        )
        self._process.start()
        theirs.close()  # only the process holds it now: its end can be seen
        self._warm = False

    def invoke(self, event: Mapping[str, Any]) -> object:
        if not self._warm:
            self._receive(_INIT_TIMEOUT)
            self._warm = True
        try:
            self._ours.send_bytes(json.dumps(event).encode())
        except OSError as error:
            raise FunctionEnded(f"{self._function.name}: its process has ended") from error
        answer = json.loads(self._receive(self._function.timeout))
        if "error" in answer:
            raise FunctionFailed(f"{self._function.name}: {answer['error']}")
        return answer["result"]

    def end(self) -> None:
        """Idempotent, and safe from a second thread: a wait for the process's answer ends with it."""
        self._process.kill()
        self._process.join()

    def _receive(self, timeout: float) -> bytes:
        try:
            if self._ours.poll(timeout):
                return self._ours.recv_bytes()
        except (EOFError, OSError) as error:
            self._process.join(1)
            raise FunctionEnded(
                f"{self._function.name}: its process ended with status {self._process.exitcode}"
            ) from error
        raise FunctionEnded(f"{self._function.name}: Task timed out after {timeout:.2f} seconds")


class Context:
    """What Lambda hands to a handler beside the event."""

    function_version = "$LATEST"

    def __init__(self, function: Function, region: str, account: str) -> None:
        self.function_name = function.name
        self.memory_limit_in_mb = str(function.memory_mb)
        self.invoked_function_arn = f"arn:aws:lambda:{region}:{account}:function:{function.name}"
        self.aws_request_id = str(uuid.uuid4())
        self.log_group_name = f"/aws/lambda/{function.name}"
        self.log_stream_name = f"emulated/{os.getpid()}"
        self._deadline = time.monotonic() + function.timeout

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._deadline - time.monotonic()) * 1000))


def _serve(connection: Connection, function: Function, variables: dict[str, str], log: Path) -> None:
    """One execution environment, from its start to the end of the pipe."""
    live_with_parent()
    _write_to(log)
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    os.environ.clear()
    os.environ.update(
        inherited
        | {"AWS_LAMBDA_FUNCTION_NAME": function.name, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb)}
        | variables
    )
    module, _, attribute = function.handler.rpartition(".")
    handler = getattr(importlib.import_module(module), attribute)
    connection.send_bytes(b"warm")
    while True:
        try:
            event = json.loads(connection.recv_bytes())
        except EOFError:
            return
        connection.send_bytes(_call(handler, event, function))


def _call(handler: Callable[[Any, Context], object], event: object, function: Function) -> bytes:
    from sortclient.emulator.cloud import ACCOUNT

    try:
        result = handler(event, Context(function, os.environ["AWS_REGION"], ACCOUNT))
        return json.dumps({"result": result}).encode()
    except Exception as error:  # noqa: BLE001 - whatever a handler raises, its invocation has failed and no more
        traceback.print_exc()
        return json.dumps({"error": f"{type(error).__name__}: {error}"}).encode()


def _write_to(log: Path) -> None:
    """What the function prints is its log, and never the output of the command that started all this."""
    file = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for standard in (sys.stdout, sys.stderr):
        os.dup2(file, standard.fileno())
    os.close(file)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
