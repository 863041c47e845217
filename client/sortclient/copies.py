"""What the catalog remembers of an album's copies: which stand where, how each folder is filled, and what came last."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sortclient.files import bytes_of, path_of
from sortclient.model import Link

# Of an album, the latest; what was added before is nobody's mistake of today.
_SYNCS_KEPT = 20

Key = tuple[str, str]  # (person, path): whose match a copy is


@dataclass(frozen=True, slots=True)
class Synced:
    """A match on disk: where below the output folder, of which photo, and its size and time as it was left."""

    target: str
    digest: str
    size: int
    mtime_ns: int
    ours: bool = True  # a sync made it; False: the same bytes stood there before
    link: Link = Link.COPY  # of a symbolic link size and time are 0
    named: str = ""  # whom its sidecar names, and where in the picture, as a digest; empty: it has none


@dataclass(frozen=True, slots=True)
class Manifest:
    """What one sync added below ``out``."""

    sync: int
    out: Path
    at: datetime
    added: frozenset[Key]


class Copies:
    """The copies of one album, used from the one thread that opened the catalog."""

    _db: sqlite3.Connection
    _id: int

    def synced(self, out: Path) -> dict[Key, Synced]:
        """The matches that an earlier sync left below ``out``."""
        return {
            (person, path): Synced(target, digest.hex(), size, mtime_ns, bool(ours), Link(link), named)
            for person, path, target, digest, size, mtime_ns, ours, link, named in self._db.execute(
                "SELECT person, path, target, digest, size, mtime_ns, ours, link, named FROM synced"
                " WHERE album = ? AND out = ?",
                (self._id, bytes_of(out)),
            )
        }

    def put_synced(self, out: Path, person: str, path: str, copy: Synced) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO synced"
            " (album, out, person, path, target, digest, size, mtime_ns, ours, link, named)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                self._id,
                bytes_of(out),
                person,
                path,
                copy.target,
                bytes.fromhex(copy.digest),
                copy.size,
                copy.mtime_ns,
                copy.ours,
                copy.link,
                copy.named,
            ),
        )

    def drop_synced(self, out: Path, person: str, path: str) -> None:
        self._db.execute(
            "DELETE FROM synced WHERE album = ? AND out = ? AND person = ? AND path = ?",
            (self._id, bytes_of(out), person, path),
        )

    def outs(self) -> list[Path]:
        """The folders that are, or were, filled with copies of the album."""
        rows = self._db.execute(
            "SELECT out FROM outputs WHERE album = ?1 UNION SELECT out FROM synced WHERE album = ?1"
            " UNION SELECT out FROM albums WHERE id = ?1 AND out IS NOT NULL ORDER BY out",
            (self._id,),
        )
        return [found for (out,) in rows if (found := path_of(out)) is not None]

    # -- how each folder is filled

    def output(self, out: Path) -> tuple[str, Link, bool, str] | None:
        """Layout, link, whether sidecars are written, and the question, as ``out`` was filled last; None: never."""
        row = self._db.execute(
            "SELECT layout, link, xmp, question FROM outputs WHERE album = ? AND out = ?", (self._id, bytes_of(out))
        ).fetchone()
        if row is None:
            return None
        layout, link, xmp, question = row
        return layout, Link(link), bool(xmp), question

    def put_output(self, out: Path, layout: str, link: Link, xmp: bool, question: str) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO outputs (album, out, layout, link, xmp, question) VALUES (?, ?, ?, ?, ?, ?)",
            (self._id, bytes_of(out), layout, link, xmp, question),
        )

    # -- manifests

    def begin_sync(self, out: Path) -> int:
        """A new manifest; older ones than the latest few are forgotten."""
        row = self._db.execute(
            "INSERT INTO syncs (album, out, at) VALUES (?, ?, ?) RETURNING id",
            (self._id, bytes_of(out), datetime.now().astimezone().isoformat(timespec="seconds")),
        ).fetchone()
        old = "SELECT id FROM syncs WHERE album = ? ORDER BY id DESC LIMIT -1 OFFSET ?"
        self._db.execute(f"DELETE FROM added WHERE sync IN ({old})", (self._id, _SYNCS_KEPT))  # noqa: S608
        self._db.execute(f"DELETE FROM syncs WHERE id IN ({old})", (self._id, _SYNCS_KEPT))  # noqa: S608
        return int(row[0])

    def note_added(self, sync: int, person: str, path: str) -> None:
        self._db.execute("INSERT OR IGNORE INTO added (sync, person, path) VALUES (?, ?, ?)", (sync, person, path))

    def last_manifest(self) -> Manifest | None:
        """Of the last sync that added something and was not undone."""
        row = self._db.execute(
            "SELECT id, out, at FROM syncs WHERE album = ? ORDER BY id DESC LIMIT 1", (self._id,)
        ).fetchone()
        if row is None:
            return None
        sync, out, at = row
        added = self._db.execute("SELECT person, path FROM added WHERE sync = ?", (sync,)).fetchall()
        found = path_of(out)
        assert found is not None  # noqa: S101 (the column is NOT NULL)
        return Manifest(sync, found, datetime.fromisoformat(at), frozenset(added))

    def drop_manifest(self, sync: int) -> None:
        self._db.execute("DELETE FROM added WHERE sync = ?", (sync,))
        self._db.execute("DELETE FROM syncs WHERE id = ?", (sync,))
