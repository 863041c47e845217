"""Which files a folder holds."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from sortclient.errors import InputError
from sortclient.model import File


def scan(folder: Path) -> Iterator[File]:
    """Every regular file below ``folder``, in the order of its path; linked folders are not entered.

    Raises InputError where the folder itself cannot be read.
    """
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise InputError(f"{folder}: {error.strerror}. Name a folder with photos.") from error
    yield from _files(entries, "", set())


def _files(entries: list[os.DirEntry[str]], prefix: str, taken: set[str]) -> Iterator[File]:
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            try:
                inner = sorted(os.scandir(entry.path), key=lambda entry: entry.name)
            except OSError:
                continue
            yield from _files(inner, f"{prefix}{entry.name}/", taken)
            continue
        try:
            if not entry.is_file():
                continue
            status = entry.stat()
        except OSError:
            continue  # it vanished, or is a link to nothing
        path = _printable(prefix + entry.name)
        if path in taken:  # two spellings of one name: the second keeps its own
            path = _escaped(prefix + entry.name)
        taken.add(path)
        yield File(path, Path(entry.path), status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def _printable(name: str) -> str:
    """NFC, with bytes that are not UTF-8 and control characters written as escapes."""
    text = unicodedata.normalize("NFC", os.fsencode(name).decode("utf-8", "backslashreplace"))
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def _escaped(name: str) -> str:
    return os.fsencode(name).decode("ascii", "backslashreplace")
