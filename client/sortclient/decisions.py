"""What the catalog knows, besides cells, that decides an album's verdicts: thresholds, and what a person has said."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from photosort.comparison import Correction, Thresholds, later_than


class Decisions:
    """The decisions of one album, used from the one thread that opened the catalog."""

    _db: sqlite3.Connection
    _id: int

    @property
    def thresholds(self) -> Thresholds:
        album, at = self._db.execute("SELECT threshold, threshold_at FROM albums WHERE id = ?", (self._id,)).fetchone()
        people = self._db.execute("SELECT person, threshold FROM thresholds WHERE album = ?", (self._id,))
        return Thresholds(album, dict(people.fetchall()), at)

    def set_threshold(self, threshold: float, person: str | None = None) -> None:
        """Of the album, or of one person: said now, and so the last word."""
        said = self.thresholds
        if person is None:
            self.set_thresholds(Thresholds(threshold, said.people, later_than(said.at)))
        else:
            self.set_thresholds(Thresholds(said.album, {**said.people, person: threshold}, later_than(said.at)))

    def drop_threshold(self, person: str) -> None:
        """The album's threshold is the person's: said now, too."""
        said = self.thresholds
        rest = {name: threshold for name, threshold in said.people.items() if name != person}
        self.set_thresholds(Thresholds(said.album, rest, later_than(said.at)))

    def set_thresholds(self, thresholds: Thresholds) -> None:
        """These, and when they were said."""
        self._db.execute(
            "UPDATE albums SET threshold = ?, threshold_at = ? WHERE id = ?",
            (thresholds.album, thresholds.at, self._id),
        )
        self._db.execute("DELETE FROM thresholds WHERE album = ?", (self._id,))
        self._db.executemany(
            "INSERT INTO thresholds (album, person, threshold) VALUES (?, ?, ?)",
            ((self._id, person, threshold) for person, threshold in thresholds.people.items()),
        )

    def corrections(self) -> list[Correction]:
        """All that was said, also what was taken back: another machine may still have that."""
        return [
            Correction(person, photo.hex(), None if is_person is None else bool(is_person), at)
            for person, photo, is_person, at in self._db.execute(
                "SELECT person, photo, is_person, at FROM corrections WHERE album = ? ORDER BY person, photo",
                (self._id,),
            )
        ]

    def corrected(self) -> dict[tuple[str, str], bool]:
        """By (person, photo's digest) whether it is that person: what stands of the corrections."""
        return {(said.person, said.photo): said.is_person for said in self.corrections() if said.is_person is not None}

    def correct(self, corrections: Iterable[Correction]) -> None:
        """What is said last stands, on whatever machine it was said."""
        self._db.executemany(
            """
            INSERT INTO corrections (album, person, photo, is_person, at) VALUES (?, ?, ?, ?, ?)
            ON CONFLICT (album, person, photo) DO UPDATE SET is_person = excluded.is_person, at = excluded.at
            WHERE excluded.at >= corrections.at
            """,
            ((self._id, said.person, bytes.fromhex(said.photo), said.is_person, said.at) for said in corrections),
        )

    @property
    def compared(self) -> tuple[int, str]:
        """How many verdicts the album's cells hold, and when the latest was found: with a new one this is another."""
        number, latest = self._db.execute(
            "SELECT count(*), coalesce(max(compared_at), '') FROM cells WHERE album = ? AND problem IS NOT 'failed'",
            (self._id,),
        ).fetchone()
        return number, latest

    @property
    def settled(self) -> str:
        """What `matches/` of the cloud follows, decisions and the cells they are of, as a digest; empty: not known."""
        (settled,) = self._db.execute("SELECT settled FROM albums WHERE id = ?", (self._id,)).fetchone()
        return settled or ""

    def set_settled(self, settled: str) -> None:
        self._db.execute("UPDATE albums SET settled = ? WHERE id = ?", (settled, self._id))
