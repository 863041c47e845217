"""Which files a folder holds."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from sortclient.errors import InputError
from sortclient.model import File, Found


def scan(folder: Path) -> Iterator[Found]:
    """Every regular file below ``folder``, in the order of its path; linked folders are not entered.

    What cannot be looked at (a locked folder, a file in one) stands for itself: reading it says why it cannot be read.
    Raises InputError where the folder itself cannot be read.
    """
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise InputError(f"{folder}: {error.strerror}. Name a folder with photos.") from error
    yield from _files(entries, "", set())


def _files(entries: list[os.DirEntry[str]], prefix: str, taken: set[str]) -> Iterator[Found]:
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            try:
                inner = sorted(os.scandir(entry.path), key=lambda entry: entry.name)
            except FileNotFoundError:
                continue  # it vanished
            except OSError:
                yield _file(entry, prefix, taken, 0, 0, 0)
                continue
            yield from _files(inner, f"{prefix}{entry.name}/", taken)
            continue
        try:
            if entry.is_file():
                status = entry.stat()
                yield _file(entry, prefix, taken, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        except FileNotFoundError:
            continue  # it vanished, or is a link to nothing
        except OSError:
            yield _file(entry, prefix, taken, 0, 0, 0)


def _file(entry: os.DirEntry[str], prefix: str, taken: set[str], size: int, mtime_ns: int, ctime_ns: int) -> Found:
    path = printable(prefix + entry.name)
    if path in taken:  # two spellings of one name: the second keeps its own
        path = _escaped(prefix + entry.name)
    taken.add(path)
    return Found(File(path, Path(entry.path), size, mtime_ns, ctime_ns))


def printable(name: str) -> str:
    """NFC, with bytes that are not UTF-8 and control characters written as escapes."""
    text = unicodedata.normalize("NFC", os.fsencode(name).decode("utf-8", "backslashreplace"))
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def _escaped(name: str) -> str:
    return os.fsencode(name).decode("ascii", "backslashreplace")
