"""One run at a time works on an album: the second one says who holds it."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO

from sortclient.errors import SortError
from sortclient.photos.scan import printable

_FAR = 1 << 30  # bytes; Windows locks a stretch of the file and lets nobody read it, so not where the holder stands


class Held(SortError):
    """Another run works on the album."""

    def __init__(self, album: str, holder: str) -> None:
        super().__init__(f"Album '{album}' is being worked on {holder}. Wait for it, or stop it.")
        self.holder = holder


@contextmanager
def hold(folder: Path, album: str) -> Iterator[None]:
    """Hold ``album`` of the catalog in ``folder``, or raise Held, which names who does; SortError where nobody can.

    The operating system keeps the lock and releases it with the process, however that ends: there is no stale one. The
    file stays; what it says counts only while it is locked.
    """
    file = folder / f"{hashlib.sha256(os.fsencode(album)).hexdigest()[:32]}.lock"  # a name may hold anything
    try:
        folder.mkdir(parents=True, exist_ok=True)
        opened = os.fdopen(os.open(file, os.O_RDWR | os.O_CREAT, 0o600), "r+", encoding="utf-8")
    except OSError as error:
        raise _unusable(file, error) from error
    with opened:
        try:
            _lock(opened)
            _sign(opened)
        except BlockingIOError as error:
            raise Held(album, _holder(opened)) from error
        except OSError as error:
            raise _unusable(file, error) from error
        yield


def _sign(opened: IO[str]) -> None:
    opened.truncate()
    command = shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])
    since = datetime.now().astimezone().isoformat(" ", "seconds")
    json.dump({"process": os.getpid(), "host": socket.gethostname(), "since": since, "command": command}, opened)
    opened.flush()


def _holder(opened: IO[str]) -> str:
    try:
        told = json.load(opened)
        command = printable(told["command"])
        return f"by process {told['process']} on {told['host']} since {told['since']}: {command}"
    except (ValueError, KeyError, TypeError):  # it has just begun, and has not said so yet
        return "by another run"


if sys.platform == "win32":
    import msvcrt

    def _lock(opened: IO[str]) -> None:
        os.lseek(opened.fileno(), _FAR, os.SEEK_SET)
        try:
            msvcrt.locking(opened.fileno(), msvcrt.LK_NBLCK, 1)
        except PermissionError as error:
            raise BlockingIOError from error
        finally:
            os.lseek(opened.fileno(), 0, os.SEEK_SET)

else:
    import fcntl

    def _lock(opened: IO[str]) -> None:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _unusable(file: Path, error: OSError) -> SortError:
    return SortError(f"{file} cannot be locked: {error.strerror}. Name another folder in SORTCLIENT_DATA.")
