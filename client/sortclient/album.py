"""One album of the catalog: its people and cells; its files, copies and decisions come from their own modules."""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from photosort.comparison import Box, Comparison, Problem
from sortclient.copies import Copies
from sortclient.decisions import Decisions
from sortclient.files import Files, bytes_of, path_of
from sortclient.model import Headshot

_BOX = struct.Struct("<4d")

# Of a cell: its photo and its headshot are the album's. Those of others stay, for when they come back.
_COUNTS = (
    "album = ?1 AND photo IN (SELECT digest FROM present WHERE album = ?1)"
    " AND headshot IN (SELECT digest FROM headshots WHERE album = ?1)"
)


class Album(Files, Copies, Decisions):
    """A handle on one album, used from the one thread that opened the catalog."""

    def __init__(self, database: sqlite3.Connection, name: str) -> None:
        album, self.name, folder, self.place, out = database.execute(
            "SELECT id, name, folder, place, out FROM albums WHERE name = ?", (name,)
        ).fetchone()
        super().__init__(database, album)
        self.folder = path_of(folder)  # None: known from the cloud only
        self.out = path_of(out)  # where the matches went last

    @contextmanager
    def supposing(self) -> Iterator[None]:
        """What is changed inside is undone at the end."""
        self.save()
        try:
            yield
        finally:
            self._db.rollback()

    def set_out(self, out: Path) -> None:
        self._db.execute("UPDATE albums SET out = ? WHERE id = ?", (bytes_of(out), self._id))
        self.out = out

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

    def people(self) -> list[str]:
        return list(dict.fromkeys(shot.person for shot in self.headshots()))

    def rename_person(self, person: str, new: str) -> None:
        for table in ("headshots", "thresholds", "corrections", "synced"):
            self._db.execute(
                f"UPDATE OR REPLACE {table} SET person = ? WHERE album = ? AND person = ?",  # noqa: S608 (our own words)
                (new, self._id, person),
            )

    def forget_person(self, person: str) -> None:
        """Headshots, their cells, threshold and corrections. What stands on disk is for a sync to take away before."""
        self._db.execute(
            "DELETE FROM cells WHERE album = ?1 AND headshot IN"
            " (SELECT digest FROM headshots WHERE album = ?1 AND person = ?2)",
            (self._id, person),
        )
        for table in ("headshots", "thresholds", "corrections", "synced"):
            self._db.execute(
                f"DELETE FROM {table} WHERE album = ? AND person = ?",  # noqa: S608 (our own words)
                (self._id, person),
            )

    # -- cells

    def record(self, comparison: Comparison) -> None:
        """Keep a cell; a failed one never replaces a verdict."""
        box = comparison.box
        self._db.execute(
            """
            INSERT INTO cells (album, photo, headshot, similarity, problem, detail, engine, compared_at, faces, box)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (album, photo, headshot) DO UPDATE SET
                similarity = excluded.similarity, problem = excluded.problem, detail = excluded.detail,
                engine = excluded.engine, compared_at = excluded.compared_at,
                faces = excluded.faces, box = excluded.box
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
                comparison.faces,
                None if box is None else _BOX.pack(box.left, box.top, box.width, box.height),
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
                headshot.hex(),
                photo,
                similarity,
                None if problem is None else Problem(problem),
                detail,
                engine,
                at,
                faces,
                None if box is None else Box(*_BOX.unpack(box)),
            )
            for headshot, similarity, problem, detail, engine, at, faces, box in self._db.execute(
                "SELECT headshot, similarity, problem, detail, engine, compared_at, faces, box FROM cells"
                " WHERE album = ? AND photo = ?",
                (self._id, bytes.fromhex(photo)),
            )
        }

    def newest(self) -> str:
        """When the latest of the cells was compared; empty where there is none."""
        (newest,) = self._db.execute("SELECT max(compared_at) FROM cells WHERE album = ?", (self._id,)).fetchone()
        return newest or ""

    def lacking(self) -> int:
        """How many cells are missing of the photos whose bytes are known, wherever these are."""
        (wanted, standing) = self._db.execute(
            f"""
            SELECT (SELECT count(DISTINCT digest) FROM present WHERE album = ?1)
                * (SELECT count(DISTINCT digest) FROM headshots WHERE album = ?1),
                (SELECT count(*) FROM cells WHERE {_COUNTS})
            """,  # noqa: S608 (our own words)
            (self._id,),
        ).fetchone()
        return int(wanted - standing)

    def failures(self) -> list[tuple[str, int]]:
        """Why cells have failed, and how many for each reason, the commonest first."""
        return self._db.execute(
            f"SELECT detail, count(*) FROM cells WHERE {_COUNTS} AND problem = 'failed'"  # noqa: S608 (our own words)
            " GROUP BY detail ORDER BY count(*) DESC, detail",
            (self._id,),
        ).fetchall()

    def verdicts_of(self, photo: str, headshots: Sequence[Headshot]) -> list[Comparison]:
        """The photo's cells with these headshots that are settled."""
        cells = self.cells(photo)
        return [cells[shot.digest] for shot in headshots if shot.digest in cells and cells[shot.digest].is_verdict]

    def missing(self, photo: str, headshots: Sequence[Headshot]) -> list[str]:
        """Which of the headshots the photo has no cell with."""
        standing = {
            headshot.hex()
            for (headshot,) in self._db.execute(
                "SELECT headshot FROM cells WHERE album = ? AND photo = ?", (self._id, bytes.fromhex(photo))
            )
        }
        return [shot.digest for shot in headshots if shot.digest not in standing]
