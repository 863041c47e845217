"""One album of the catalog: its files, people and cells, and what sync has put where."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from photosort.comparison import Comparison, Problem
from sortclient.files import Files, bytes_of, path_of
from sortclient.model import Headshot


@dataclass(frozen=True, slots=True)
class Synced:
    """A match on disk: where below the output folder, of which photo, and its size and time as it was left."""

    target: str
    digest: str
    size: int
    mtime_ns: int
    ours: bool = True  # a sync made it; False: the same bytes stood there before


class Album(Files):
    """A handle on one album, used from the one thread that opened the catalog."""

    def __init__(self, database: sqlite3.Connection, name: str) -> None:
        album, self.name, folder, self.place, self.threshold, out, layout = database.execute(
            "SELECT id, name, folder, place, threshold, out, layout FROM albums WHERE name = ?", (name,)
        ).fetchone()
        super().__init__(database, album)
        self.folder = path_of(folder)  # None: known from the cloud only
        self.out = path_of(out)  # where the last sync went
        self.layout: str | None = layout

    @contextmanager
    def supposing(self) -> Iterator[None]:
        """What is changed inside is undone at the end."""
        self.save()
        try:
            yield
        finally:
            self._db.rollback()

    def set_threshold(self, threshold: float) -> None:
        self._db.execute("UPDATE albums SET threshold = ? WHERE id = ?", (threshold, self._id))
        self.threshold = threshold

    def set_output(self, out: Path, layout: str) -> None:
        self._db.execute("UPDATE albums SET out = ?, layout = ? WHERE id = ?", (bytes_of(out), layout, self._id))
        self.out, self.layout = out, layout

    # -- people

    def headshots(self) -> list[Headshot]:
        return [
            Headshot(person, digest.hex(), source, content or b"")
            for person, digest, source, content in self._db.execute(
                "SELECT person, digest, source, content FROM headshots WHERE album = ? ORDER BY person, digest",
                (self._id,),
            )
        ]

    def set_headshots(self, person: str, headshots: Sequence[Headshot]) -> None:
        """These are the person's headshots from now on. Cells of earlier ones stay, and count no more."""
        self._db.execute("DELETE FROM headshots WHERE album = ? AND person = ?", (self._id, person))
        self._db.executemany(
            "INSERT INTO headshots (album, person, digest, source, content) VALUES (?, ?, ?, ?, ?)",
            ((self._id, person, bytes.fromhex(shot.digest), shot.source, shot.content) for shot in headshots),
        )

    # -- cells

    def record(self, comparison: Comparison) -> None:
        """Keep a cell; a failed one never replaces a verdict."""
        self._db.execute(
            """
            INSERT INTO cells (album, photo, headshot, similarity, problem, detail, engine, compared_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (album, photo, headshot) DO UPDATE SET
                similarity = excluded.similarity, problem = excluded.problem, detail = excluded.detail,
                engine = excluded.engine, compared_at = excluded.compared_at
            WHERE excluded.problem IS NOT 'failed'
            """,
            (
                self._id,
                bytes.fromhex(comparison.photo),
                bytes.fromhex(comparison.headshot),
                comparison.similarity,
                comparison.problem,
                comparison.detail,
                comparison.engine,
                comparison.compared_at,
            ),
        )

    def forget_failed(self) -> None:
        """Failed cells become missing ones: a run that begins asks for them again."""
        self._db.execute("DELETE FROM cells WHERE album = ? AND problem = 'failed'", (self._id,))

    def forget_other_engines(self, engine: str) -> None:
        """Similarities of different engines cannot be mixed: another engine's cells become missing ones."""
        self._db.execute("DELETE FROM cells WHERE album = ? AND engine <> ?", (self._id, engine))

    def forget_gone(self) -> int:
        """Forget the files that the album has no longer, and their cells; returns how many cells there were."""
        self._db.execute("DELETE FROM files WHERE album = ? AND gone", (self._id,))
        return self._db.execute(
            "DELETE FROM cells WHERE album = :album AND photo NOT IN"
            " (SELECT digest FROM files WHERE album = :album AND digest IS NOT NULL)",
            {"album": self._id},
        ).rowcount

    def cells(self, photo: str) -> dict[str, Comparison]:
        """The photo's cells by headshot."""
        return {
            headshot.hex(): Comparison(
                headshot.hex(), photo, similarity, None if problem is None else Problem(problem), detail, engine, at
            )
            for headshot, similarity, problem, detail, engine, at in self._db.execute(
                "SELECT headshot, similarity, problem, detail, engine, compared_at FROM cells"
                " WHERE album = ? AND photo = ?",
                (self._id, bytes.fromhex(photo)),
            )
        }

    def missing(self, photo: str, headshots: Sequence[Headshot]) -> list[str]:
        """Which of the headshots the photo has no cell with."""
        standing = {
            headshot.hex()
            for (headshot,) in self._db.execute(
                "SELECT headshot FROM cells WHERE album = ? AND photo = ?", (self._id, bytes.fromhex(photo))
            )
        }
        return [shot.digest for shot in headshots if shot.digest not in standing]

    # -- what sync has put where

    def synced(self, out: Path) -> dict[tuple[str, str], Synced]:
        """By (person, path): the matches that an earlier sync left below ``out``."""
        return {
            (person, path): Synced(target, digest.hex(), size, mtime_ns, bool(ours))
            for person, path, target, digest, size, mtime_ns, ours in self._db.execute(
                "SELECT person, path, target, digest, size, mtime_ns, ours FROM synced WHERE album = ? AND out = ?",
                (self._id, bytes_of(out)),
            )
        }

    def put_synced(self, out: Path, person: str, path: str, copy: Synced) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO synced (album, out, person, path, target, digest, size, mtime_ns, ours)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
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
            ),
        )

    def drop_synced(self, out: Path, person: str, path: str) -> None:
        self._db.execute(
            "DELETE FROM synced WHERE album = ? AND out = ? AND person = ? AND path = ?",
            (self._id, bytes_of(out), person, path),
        )
