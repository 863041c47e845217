"""Putting a file in its place, whole or not at all, and looking at what stands there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Literal

from sortclient.album import Synced
from sortclient.model import File, time_kept


def write_beside(place: Path, part: Path, write: Callable[[Path], object], like: Path | None = None) -> None:
    """Write beside, flush, give it the times of ``like``, rename.

    Without flushing, a power cut can leave a name whose bytes never reached the disk, which the next sync would take
    for somebody's change. It costs what the disk has to write anyway.
    """
    part.unlink(missing_ok=True)  # of a run that was killed; it may be read-only
    try:
        write(part)
        with part.open("rb+") as written:
            os.fsync(written.fileno())
        if like is not None:
            with suppress(PermissionError):  # FAT takes no permissions; the times are set before them
                shutil.copystat(like, part)
        part.replace(place)
    finally:
        part.unlink(missing_ok=True)


def state_of(target: Path, copy: Synced) -> Literal["unchanged", "changed", "gone"]:
    try:
        status = target.stat()
    except FileNotFoundError:
        return "gone"
    return "unchanged" if (status.st_size, time_kept(status.st_mtime_ns)) == (copy.size, copy.mtime_ns) else "changed"


def unchanged(file: File | None) -> Path | None:
    """The original, where it is still the file that was compared."""
    if file is None:
        return None
    try:
        status = file.location.stat()
    except OSError:
        return None
    same = (status.st_size, time_kept(status.st_mtime_ns)) == (file.size, file.mtime_ns)
    return file.location if same else None


def remove_empty(folder: Path, out: Path) -> None:
    while folder != out and out in folder.parents:
        try:
            folder.rmdir()
        except OSError:  # not empty: somebody's files are there
            return
        folder = folder.parent
