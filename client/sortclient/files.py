"""What the catalog remembers of an album's files: which there are, what they hold, and why some are no photos."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from photosort.chunks import chunks
from sortclient.comparer import Candidate
from sortclient.model import Entry, File, Found, Kind, Outcome, Rejection
from sortclient.photos import READER

_PAGE = 500
# A file's times are no finer than a tick of its file system: two seconds on FAT, and a server's clock may be ahead.
SETTLED_NS = 2_000_000_000
_MOVED = -1  # instead of an inode's change time, which a copy on another disk does not have
_ENTRIES = (
    "SELECT path, location, size, mtime_ns, ctime_ns, digest, outcome, detail, taken FROM present WHERE album = ?1"
)


@dataclass(frozen=True, slots=True)
class Stock:
    """What an album holds after a scan, and what it lacks: the bound for a run's work and price."""

    files: int
    photos: int  # files that are photos, or may be: their bytes are unknown
    unread: int  # of the photos: those whose bytes are unknown
    lacking: int  # different known bytes that lack a cell
    comparisons: int  # at most: an unread file counts in full, the same bytes under several names once


class Files:
    """The files of one album, used from the one thread that opened the catalog."""

    def __init__(self, database: sqlite3.Connection, album: int) -> None:
        self._db, self._id = database, album

    def save(self) -> None:
        """Cheap (30 microseconds) and often: what is not saved keeps every other run on the catalog waiting."""
        self._db.commit()

    def scanned(self, found: Iterable[Found]) -> None:
        """Take over a scan: of changed files the bytes are unknown then, files that are gone leave the album.

        A slow folder does not keep others from the catalog; a scan that ends early makes no file leave. What is known
        stays where size, times and place are the same, and the file had not changed just before the scan that led to
        reading it: a change soon after that could have left the same times. A rejection stays while the reader does.

        What is gone is remembered, and not read again where it comes back: it may have been left out of one run, or
        been on a disk that was not there.
        """
        scan = time.time_ns()
        for some in chunks(found, _PAGE):
            self._db.executemany(
                """
                INSERT INTO files (album, path, location, size, mtime_ns, ctime_ns, outcome, detail, reader, scan)
                VALUES (:album, :path, :location, :size, :mtime_ns, :ctime_ns, :outcome, :detail, :reader, :scan)
                ON CONFLICT (album, path) DO UPDATE SET
                    (digest, taken, outcome, detail, reader) = (
                        SELECT files.digest, files.taken, files.outcome, files.detail, files.reader
                        WHERE excluded.outcome IS NULL AND (files.outcome IS NULL OR files.reader = :current)
                        AND (files.size, files.mtime_ns) = (excluded.size, excluded.mtime_ns)
                        AND (files.ctime_ns = :moved OR
                            (files.ctime_ns, files.location) = (excluded.ctime_ns, excluded.location))
                        AND files.scan - files.ctime_ns >= :settled
                        UNION ALL SELECT NULL, NULL, excluded.outcome, excluded.detail, excluded.reader LIMIT 1
                    ),
                    before = coalesce(files.digest, files.before), location = excluded.location,
                    size = excluded.size, mtime_ns = excluded.mtime_ns, ctime_ns = excluded.ctime_ns,
                    scan = excluded.scan, gone = 0
                """,
                (
                    {
                        "album": self._id,
                        "path": one.file.path,
                        "location": bytes_of(one.file.location),
                        "size": one.file.size,
                        "mtime_ns": one.file.mtime_ns,
                        "ctime_ns": one.file.ctime_ns,
                        **_columns(one.rejection),
                        "scan": scan,
                        "current": READER,
                        "settled": SETTLED_NS,
                        "moved": _MOVED,
                    }
                    for one in some
                ),
            )
            self.save()
        self._db.execute("UPDATE files SET gone = 1 WHERE album = ? AND scan <> ?", (self._id, scan))
        self.save()

    def moved(self) -> None:
        """The folder is another one now: the next scan knows its files by their paths, sizes and dates."""
        self._db.execute("UPDATE files SET ctime_ns = ? WHERE album = ?", (_MOVED, self._id))

    def identified(self, path: str, digest: str, taken: str | None = None) -> None:
        """``taken`` None leaves what is known of it."""
        self._db.execute(
            "UPDATE files SET digest = ?, before = NULL, taken = coalesce(?, taken), outcome = NULL, detail = '',"
            " reader = 0 WHERE album = ? AND path = ?",
            (bytes.fromhex(digest), taken, self._id, path),
        )

    def rejected(self, path: str, rejection: Rejection) -> None:
        self._db.execute(
            "UPDATE files SET digest = NULL, before = NULL, outcome = :outcome, detail = :detail, reader = :reader"
            " WHERE album = :album AND path = :path",
            {**_columns(rejection), "album": self._id, "path": path},
        )

    def candidates(self) -> Iterator[Candidate]:
        """The files whose bytes are unknown or that lack a cell, in the order of their paths, a page at a time."""
        return self._pages(
            """
            (digest IS NULL OR
                (SELECT count(*) FROM headshots WHERE album = :album)
                > (SELECT count(*) FROM headshots JOIN cells ON cells.headshot = headshots.digest
                   WHERE headshots.album = :album AND cells.album = :album AND cells.photo = present.digest))
            """
        )

    def unread(self) -> Iterator[File]:
        """The files whose bytes are unknown, in the order of their paths, a page at a time."""
        return (candidate.file for candidate in self._pages("digest IS NULL"))

    def changed(self) -> Iterator[Candidate]:
        """Those of them that were known, and may be the same still: each with the digest that its bytes had."""
        return self._pages("digest IS NULL AND before IS NOT NULL", "before")

    def _pages(self, which: str, digest: str = "digest") -> Iterator[Candidate]:
        """Pages, because the files are changed while this is read."""
        path = ""
        while True:
            rows = self._db.execute(
                f"SELECT path, location, size, mtime_ns, ctime_ns, {digest} FROM present"  # noqa: S608 (our own words)
                " WHERE album = :album AND path > :path AND outcome IS NULL AND location IS NOT NULL"
                f" AND {which} ORDER BY path LIMIT :page",
                {"album": self._id, "path": path, "page": _PAGE},
            ).fetchall()
            for path, location, size, mtime_ns, ctime_ns, known in rows:
                file = File(path, Path(os.fsdecode(location)), size, mtime_ns, ctime_ns)
                yield Candidate(file, None if known is None else known.hex())
            if not rows:
                return

    def stock(self) -> Stock:
        """The files of this machine, counted."""
        (headshots,) = self._db.execute("SELECT count(*) FROM headshots WHERE album = ?", (self._id,)).fetchone()
        files, photos, unread = self._db.execute(
            """
            SELECT count(*), count(*) FILTER (WHERE outcome IS NULL),
                count(*) FILTER (WHERE outcome IS NULL AND digest IS NULL)
            FROM present WHERE album = ? AND location IS NOT NULL
            """,
            (self._id,),
        ).fetchone()
        lacking, missing = self._db.execute(
            """
            SELECT count(*), coalesce(sum(missing), 0) FROM (
                SELECT :headshots - (
                    SELECT count(*) FROM headshots JOIN cells ON cells.headshot = headshots.digest
                    WHERE headshots.album = :album AND cells.album = :album AND cells.photo = photos.digest
                ) AS missing
                FROM (SELECT DISTINCT digest FROM present
                      WHERE album = :album AND digest IS NOT NULL AND location IS NOT NULL) AS photos
            ) WHERE missing
            """,
            {"album": self._id, "headshots": headshots},
        ).fetchone()
        return Stock(files, photos, unread, lacking, unread * headshots + missing)

    def digests(self) -> set[bytes]:
        """Of the photos whose bytes are known."""
        return self._digests("SELECT digest FROM present WHERE album = ? AND digest IS NOT NULL")

    def digests_gone(self) -> set[bytes]:
        """Of the photos that the album once had, and has no longer under any name."""
        return self._digests(
            """
            SELECT digest FROM files WHERE album = ?1 AND digest IS NOT NULL
            UNION SELECT photo FROM cells WHERE album = ?1
            EXCEPT SELECT digest FROM present WHERE album = ?1
            """
        )

    def _digests(self, query: str) -> set[bytes]:
        return {digest for (digest,) in self._db.execute(query, (self._id,))}

    def behind_links(self) -> int:
        """How many files are gone because the link on the way to them is not followed, or leads to nothing now."""
        (number,) = self._db.execute(
            """
            SELECT count(*) FROM files JOIN present AS link ON link.album = files.album
            WHERE files.album = ? AND files.gone AND link.detail GLOB ?
            AND substr(files.path, 1, length(link.path) + 1) = link.path || '/'
            """,
            (self._id, f"{Kind.LINK}*"),
        ).fetchone()
        return int(number)

    def unreached(self) -> int:
        """How many files (or folders) could not be read, or were not: what they hold nobody knows."""
        (number,) = self._db.execute(
            "SELECT count(*) FROM present WHERE album = ? AND digest IS NULL AND"
            " (outcome IS NULL OR (outcome = ? AND reader = 0))",
            (self._id, Outcome.UNREADABLE),
        ).fetchone()
        return int(number)

    def entries(self) -> Iterator[Entry]:
        """Every file of the album, in the order of its path. Read to the end before the files are changed."""
        yield from map(_entry, self._db.execute(f"{_ENTRIES} ORDER BY path", (self._id,)))

    def entries_alike(self, similarity: float) -> Iterator[Entry]:
        """As ``entries``: those that a headshot resembles at least so much (per cent), or that are said to show one."""
        alike = (
            "digest IN (SELECT photo FROM cells WHERE album = ?1 AND similarity >= ?2"
            " UNION ALL SELECT photo FROM corrections WHERE album = ?1 AND is_person)"
        )
        rows = self._db.execute(f"{_ENTRIES} AND {alike} ORDER BY path", (self._id, similarity))
        yield from map(_entry, rows)

    def entries_of(self, digest: str) -> list[Entry]:
        """The photo under all its names."""
        rows = self._db.execute(f"{_ENTRIES} AND digest = ? ORDER BY path", (self._id, bytes.fromhex(digest)))
        return list(map(_entry, rows))

    def entry(self, path: str) -> Entry | None:
        row = self._db.execute(f"{_ENTRIES} AND path = ?", (self._id, path)).fetchone()
        return None if row is None else _entry(row)

    def adopt(self, photos: Iterable[tuple[str, str]], *, besides: bool = False) -> None:
        """Take over the (digest, path) of photos that are in the cloud and not in a folder of this machine; of those
        that were taken over before none stays, but where the new ones come ``besides``.
        """
        if not besides:
            self._db.execute("DELETE FROM files WHERE album = ? AND location IS NULL", (self._id,))
        self._db.executemany(
            "INSERT OR IGNORE INTO files (album, path, digest, scan) VALUES (?, ?, ?, 0)",
            ((self._id, path, bytes.fromhex(digest)) for digest, path in photos),
        )


def _columns(rejection: Rejection | None) -> dict[str, str | int | None]:
    if rejection is None:
        return {"outcome": None, "detail": "", "reader": 0}
    return {
        "outcome": rejection.outcome,
        "detail": rejection.detail,
        "reader": READER if rejection.lasting else 0,  # 0: of no reader, so that every scan has it looked at again
    }


def _entry(row: tuple[Any, ...]) -> Entry:
    path, location, size, mtime_ns, ctime_ns, digest, outcome, detail, taken = row
    file = None if location is None else File(path, Path(os.fsdecode(location)), size, mtime_ns, ctime_ns)
    return Entry(path, file, None if digest is None else digest.hex(), outcome, detail, taken or "")


def bytes_of(path: Path | None) -> bytes | None:
    """Paths are bytes on this machine: a name that is not UTF-8 must come back as it was."""
    return None if path is None else os.fsencode(path)


def path_of(name: bytes | None) -> Path | None:
    return None if name is None else Path(os.fsdecode(name))
