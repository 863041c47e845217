"""Which files of a folder any process opens, as the kernel tells it (inotify)."""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# linux/inotify.h
_IN_OPEN, _IN_ISDIR, _IN_Q_OVERFLOW = 0x20, 0x40000000, 0x4000
_EVENT = struct.Struct("iIII")  # watch, mask, cookie, length of the name that follows


class Opened:
    """``count`` files have been opened so far, as many times as they were."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._count = 0

    @property
    def count(self) -> int:
        """Raises OverflowError where the kernel dropped events: there were many thousands."""
        while True:
            try:
                events = os.read(self._descriptor, 1 << 20)
            except BlockingIOError:
                return self._count
            position = 0
            while position < len(events):
                _, mask, _, length = _EVENT.unpack_from(events, position)
                position += _EVENT.size + length
                if mask & _IN_Q_OVERFLOW:
                    raise OverflowError("more files were opened than the kernel could tell")
                self._count += bool(mask & _IN_OPEN and not mask & _IN_ISDIR)


@contextmanager
def opened(folder: Path) -> Iterator[Opened]:
    """Watch ``folder`` and all folders below it, as they are now."""
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    if descriptor < 0:
        raise OSError(ctypes.get_errno(), "inotify cannot be used")
    try:
        for each in (folder, *(below for below in folder.rglob("*") if below.is_dir())):
            if libc.inotify_add_watch(descriptor, os.fsencode(each), _IN_OPEN) < 0:
                number = ctypes.get_errno() or errno.EIO
                raise OSError(number, os.strerror(number), str(each))
        yield Opened(descriptor)
    finally:
        os.close(descriptor)
