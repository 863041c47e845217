"""What the catalog remembers of an album's copies: which stand where, how each folder is filled, and what came last."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
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
    sync: int = 0  # the one that added it


@dataclass(frozen=True, slots=True)
class Manifest:
    """What one sync added below ``out``."""

    out: Path
    at: datetime
    added: Mapping[Key, Synced]


class Copies:
    """The copies of one album, used from the one thread that opened the catalog."""

    _db: sqlite3.Connection
    _id: int

    def synced(self, out: Path) -> dict[Key, Synced]:
        """The matches that an earlier sync left below ``out``."""
        return {
            (person, path): Synced(target, digest.hex(), size, mtime_ns, bool(ours), Link(link), named, sync)
            for person, path, target, digest, size, mtime_ns, ours, link, named, sync in self._db.execute(
                "SELECT person, path, target, digest, size, mtime_ns, ours, link, named, sync FROM synced"
                " WHERE album = ? AND out = ?",
                (self._id, bytes_of(out)),
            )
        }

    def put_synced(self, out: Path, person: str, path: str, copy: Synced) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO synced"
            " (album, out, person, path, target, digest, size, mtime_ns, ours, link, named, sync)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
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
                copy.sync,
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

    def drop_output(self, out: Path) -> None:
        self._db.execute("DELETE FROM outputs WHERE album = ? AND out = ?", (self._id, bytes_of(out)))

    # -- manifests

    def begin_sync(self, out: Path) -> int:
        """The number of a sync that adds something; older ones than the latest few are forgotten."""
        row = self._db.execute(
            "INSERT INTO syncs (album, out, at) VALUES (?, ?, ?) RETURNING id",
            (self._id, bytes_of(out), datetime.now().astimezone().isoformat(timespec="seconds")),
        ).fetchone()
        self._db.execute(
            "DELETE FROM syncs WHERE id IN (SELECT id FROM syncs WHERE album = ? ORDER BY id DESC LIMIT -1 OFFSET ?)",
            (self._id, _SYNCS_KEPT),
        )
        return int(row[0])

    def last_manifest(self) -> Manifest | None:
        """Of the last sync of whose copies any is known still."""
        row = self._db.execute(
            "SELECT id, syncs.out, at FROM syncs JOIN synced ON synced.sync = id WHERE syncs.album = ?"
            " ORDER BY id DESC LIMIT 1",
            (self._id,),
        ).fetchone()
        if row is None:
            return None
        sync, out, at = row
        found = path_of(out)
        assert found is not None  # noqa: S101 (the column is NOT NULL)
        added = {key: copy for key, copy in self.synced(found).items() if copy.sync == sync}
        return Manifest(found, datetime.fromisoformat(at), added)
