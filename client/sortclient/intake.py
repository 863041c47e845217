"""From the folder to the catalog: which files there are, and which of them are worth reading."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from photosort.chunks import chunks
from sortclient.album import Album
from sortclient.comparer import Candidate
from sortclient.errors import InputError
from sortclient.ledger import counted
from sortclient.model import Found
from sortclient.photos.kinds import look
from sortclient.photos.prepare import same_as_before
from sortclient.photos.scan import scan
from sortclient.photos.selection import Selection
from sortclient.progress import Progress
from sortclient.workers import map_in_threads

# First bytes are read by threads: on a network folder each read waits for its answer, and needs no processor.
_THREADS = 16
_FILES_AT_ONCE = 512
_READERS = 4  # whole files are read by fewer: each holds two of them


def take_in(folder: Path, selection: Selection, album: Album, progress: Progress) -> None:
    """Scan ``folder`` into the album, and settle what the first bytes show to be no photo, before anything is foreseen.

    A file that was touched, copied or linked to and has its bytes still keeps its verdicts, and costs nothing.
    Raises InputError where the folder cannot be read.
    """
    album.scanned(progress.counting(_selected(folder, selection, album.outs(), progress), "scanning"))
    unread = progress.counting(album.unread(), "looking at new files", album.stock().unread)
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="look") as pool:
        for files in chunks(unread, _FILES_AT_ONCE):
            for file, rejection in zip(files, pool.map(look, files), strict=True):
                if rejection is not None:
                    album.rejected(file.path, rejection)
            album.save()
    changed = progress.counting(album.changed(), "looking at changed files")
    for candidate, taken in map_in_threads(_date_if_same, changed, _READERS):
        if taken is not None and candidate.digest is not None:
            album.identified(candidate.file.path, candidate.digest, taken)
            album.save()


def _date_if_same(candidate: Candidate) -> str | None:
    return None if candidate.digest is None else same_as_before(candidate.file.location, candidate.digest)


def _selected(folder: Path, selection: Selection, outs: Collection[Path], progress: Progress) -> Iterator[Found]:
    before = _identity(folder)
    left_out = yield from scan(folder, selection, outs)
    if _identity(folder) != before:  # what was not found there has not left the album
        raise InputError(f"{folder} went away while it was looked through. Is its disk there?")
    parts = [
        *([counted(left_out.files, "file")] if left_out.files else []),
        *([counted(left_out.folders, "whole folder")] if left_out.folders else []),
    ]
    if parts:
        progress.tell(f"Left out by --include and --exclude: {' and '.join(parts)}.")


def _identity(folder: Path) -> tuple[int, int]:
    """Another one when a disk was taken away: its folder is gone, or the empty one below it shows."""
    try:
        status = folder.stat()
    except OSError:
        return 0, 0
    return status.st_dev, status.st_ino
