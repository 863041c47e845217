"""The emulated AWS for the length of one command."""

from __future__ import annotations

import importlib.util
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from sortclient.emulator import access
from sortclient.errors import SortError

_NEEDED = ("aws_lambda_powertools", "dlib", "face_recognition_models", "flask", "moto", "onnxruntime")

# It is killed where it has not ended by itself so long after it was told to.
_END_WITHIN = 10.0  # seconds


@contextmanager
def emulated_aws(log: Path | None = None, *, bare: bool = False) -> Iterator[Mapping[str, str]]:
    """Start the emulated AWS as a child process, yield the environment variables that attach to it, and end it.

    It ends with this process, however that ends. ``log`` gets what its functions write; without it that is dropped. A
    ``bare`` account has no stack in it, and the services that it takes to deploy one.
    While it runs, AWS_PROFILE and AWS_DEFAULT_PROFILE are taken out of this process's environment: boto3 insists on a
    profile that is named, and the yielded variables can only override. Raises SortError where the extra is not
    installed or the child does not start.
    """
    if any(importlib.util.find_spec(module) is None for module in _NEEDED):
        raise SortError("The emulated AWS is not installed. Install it: pip install 'sortclient[emulator]'")
    profiles = {name: os.environ.pop(name) for name in access.UNSET if name in os.environ}
    try:
        # A file without a name: nothing is left of it where this process is killed.
        with tempfile.TemporaryFile() as errors, _child(log, bare, errors) as child:
            environment = _environment(child, errors)
            access.check(environment)
            yield environment
    finally:
        os.environ.update(profiles)


@contextmanager
def _child(log: Path | None, bare: bool, errors: IO[bytes]) -> Iterator[subprocess.Popen[str]]:
    options = ["--log", str(log)] if log else []
    options += ["--bare"] if bare else []
    child = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "sortclient.emulator", *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
    )
    with child:  # closes the pipes, the child's sign to end, and waits
        try:
            yield child
        finally:
            assert child.stdin is not None  # noqa: S101 - it is a pipe
            child.stdin.close()
            try:
                child.wait(_END_WITHIN)
            except subprocess.TimeoutExpired:
                child.kill()


def _environment(child: subprocess.Popen[str], errors: IO[bytes]) -> dict[str, str]:
    """What the child exports. It does so when all of it runs, and then closes its stdout."""
    environment = {}
    assert child.stdout is not None  # noqa: S101 - it is a pipe
    for line in child.stdout:
        match shlex.split(line):
            case ["export", assignment]:
                name, _, value = assignment.partition("=")
                environment[name] = value
    if not environment:
        errors.seek(0)
        lines = errors.read().decode(errors="replace").splitlines()
        last = next((line for line in reversed(lines) if line.strip()), "it left no message")
        raise SortError(f"The emulated AWS did not start: {last}")
    return environment
