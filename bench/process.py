"""Running a command and measuring it: seconds, seconds of CPU, and memory of all its processes."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Usage:
    status: int
    wall: float  # seconds
    cpu: float  # seconds, user and system, of the process and all that it started and waited for
    memory: int  # bytes: the largest sum over its processes that was seen


class Failed(Exception):
    """A measured command did not do what it was asked."""


def measure(
    command: Sequence[str | Path],
    environment: Mapping[str, str],
    log: IO[bytes],
    *,
    timeout: float,
    every: float = 0.1,
    watch: Callable[[float, int], None] | None = None,
) -> Usage:
    """Run ``command``, its output to ``log``. ``watch`` is called with (seconds, bytes) at each look at its memory,
    every ``every`` seconds. After ``timeout`` seconds it is killed, and Failed raised.
    """
    started = time.monotonic()
    process = subprocess.Popen(
        [str(part) for part in command],
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    ended = threading.Event()
    most = [0]

    def look() -> None:
        while not ended.wait(every):
            passed = time.monotonic() - started
            if passed > timeout:
                process.kill()  # what it started ends with it: sortclient's processes see to that, the others have none
                return
            now = memory_of(process.pid)
            most[0] = max(most[0], now)
            if watch is not None:
                watch(passed, now)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        # Unlike Popen.wait this tells what this one child used, with the children that it waited for.
        _, status, used = os.wait4(process.pid, 0)
        wall = time.monotonic() - started
    finally:
        ended.set()
        looking.join()
    process.returncode = os.waitstatus_to_exitcode(status)
    if wall > timeout:
        raise Failed(f"{command[0]} took more than {timeout:.0f} s")
    return Usage(process.returncode, wall, used.ru_utime + used.ru_stime, most[0])


def memory_of(pid: int) -> int:
    """Bytes of the process and its descendants, a page that several share counted once among them (PSS)."""
    return sum(_pss(one) for one in _family(pid))


def _family(pid: int) -> Iterator[int]:
    yield pid
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
    except OSError:
        return  # it has ended
    for task in tasks:
        try:
            children = (task / "children").read_text().split()
        except OSError:
            continue
        for child in children:
            yield from _family(int(child))


def _pss(pid: int) -> int:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass  # it has ended
    return 0
