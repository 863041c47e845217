"""The client's memory: all albums, in one SQLite file of the user's data folder.

All that comes after comparing reads this and nothing else. Losing it costs time, never correctness: files are read
again, and cells are fetched or computed again.
"""

from __future__ import annotations

import sqlite3
import time
import unicodedata
from contextlib import ExitStack, closing
from pathlib import Path

from photosort.comparison import DEFAULT_THRESHOLD
from sortclient.album import Album
from sortclient.errors import InputError, SortError
from sortclient.files import bytes_of

_SCHEMA = """
CREATE TABLE IF NOT EXISTS albums (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, folder BLOB, place TEXT NOT NULL,
    threshold REAL NOT NULL, threshold_at TEXT NOT NULL DEFAULT '', out BLOB, settled TEXT, used_at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS files (
    album INTEGER NOT NULL, path TEXT NOT NULL, location BLOB, size INTEGER, mtime_ns INTEGER, ctime_ns INTEGER,
    digest BLOB, before BLOB, taken TEXT, outcome TEXT, detail TEXT NOT NULL DEFAULT '',
    reader INTEGER NOT NULL DEFAULT 0, scan INTEGER NOT NULL, gone INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (album, path)
) WITHOUT ROWID;
CREATE VIEW IF NOT EXISTS present AS SELECT * FROM files WHERE NOT gone;
CREATE TABLE IF NOT EXISTS headshots (
    album INTEGER NOT NULL, person TEXT NOT NULL, digest BLOB NOT NULL, source TEXT NOT NULL, content BLOB,
    PRIMARY KEY (album, person, digest)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS thresholds (
    album INTEGER NOT NULL, person TEXT NOT NULL, threshold REAL NOT NULL, PRIMARY KEY (album, person)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS corrections (
    album INTEGER NOT NULL, person TEXT NOT NULL, photo BLOB NOT NULL, is_person INTEGER, at TEXT NOT NULL,
    PRIMARY KEY (album, person, photo)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS cells (
    album INTEGER NOT NULL, photo BLOB NOT NULL, headshot BLOB NOT NULL, similarity REAL, problem TEXT,
    detail TEXT NOT NULL, engine TEXT NOT NULL, compared_at TEXT NOT NULL, faces INTEGER, box BLOB,
    PRIMARY KEY (album, photo, headshot)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS outputs (
    album INTEGER NOT NULL, out BLOB NOT NULL, layout TEXT NOT NULL, link TEXT NOT NULL, xmp INTEGER NOT NULL,
    question TEXT NOT NULL, PRIMARY KEY (album, out)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS synced (
    album INTEGER NOT NULL, out BLOB NOT NULL, person TEXT NOT NULL, path TEXT NOT NULL, target TEXT NOT NULL,
    digest BLOB NOT NULL, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, ours INTEGER NOT NULL,
    link TEXT NOT NULL DEFAULT 'copy', named TEXT NOT NULL DEFAULT '', sync INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (album, out, person, path)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS syncs (
    id INTEGER PRIMARY KEY, album INTEGER NOT NULL, out BLOB NOT NULL, at TEXT NOT NULL
);
"""
# What a catalog of version 4 lacks; a newer layout of the tables above must say here what it makes of an older one.
# The next run reads each photo once more, for its date, and compares anew what costs nothing, for the number of faces;
# until then all verdicts stand.
_FROM_4 = """
ALTER TABLE albums ADD COLUMN settled TEXT;
ALTER TABLE albums ADD COLUMN threshold_at TEXT NOT NULL DEFAULT '';
ALTER TABLE files ADD COLUMN taken TEXT;
ALTER TABLE files ADD COLUMN before BLOB;
ALTER TABLE cells ADD COLUMN faces INTEGER;
ALTER TABLE cells ADD COLUMN box BLOB;
ALTER TABLE synced ADD COLUMN link TEXT NOT NULL DEFAULT 'copy';
ALTER TABLE synced ADD COLUMN named TEXT NOT NULL DEFAULT '';
ALTER TABLE synced ADD COLUMN sync INTEGER NOT NULL DEFAULT 0;
UPDATE files SET ctime_ns = 0 WHERE digest IS NOT NULL;
UPDATE cells SET engine = engine || ', faces not counted'
    WHERE album IN (SELECT id FROM albums WHERE place = 'this machine');
INSERT INTO outputs SELECT id, out, layout, 'copy', 0, '' FROM albums WHERE out IS NOT NULL AND layout IS NOT NULL;
ALTER TABLE albums DROP COLUMN layout;
"""
_VERSION = 5


class Catalog:
    """One open catalog, used from one thread."""

    def __init__(self, file: Path) -> None:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            self._db = _connect(file)
        except (sqlite3.Error, OSError) as error:
            raise _unusable(file, error) from error
        self._file = file

    def __enter__(self) -> Catalog:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """Commit and close. A full disk, a damaged catalog, or one that another process holds becomes a SortError."""
        with closing(self._db):
            try:
                # Of damage sqlite3 tells by the class itself; the others below it are mistakes of ours.
                if isinstance(error, sqlite3.OperationalError) or type(error) is sqlite3.DatabaseError:
                    raise error
                self._db.commit()
            except sqlite3.DatabaseError as refused:
                raise _unusable(self._file, refused) from refused

    def open_album(self, name: str, folder: Path | None, place: str, *, moved: bool = False) -> Album:
        """The album, made where it is new. An album belongs to one folder and one place: a clash is an InputError.

        ``moved``: its folder is this one from now on.
        """
        known = self.find_album(name)
        if known is None:
            self._db.execute(
                "INSERT INTO albums (name, folder, place, threshold, used_at) VALUES (?, ?, ?, ?, ?)",
                (name, bytes_of(folder), place, DEFAULT_THRESHOLD, time.time()),
            )
        elif known.place != place:
            raise InputError(
                f"Album '{name}' was compared elsewhere ({known.place}), not here ({place}). "
                "Choose another name with --album."
            )
        elif not moved and known.folder is not None and folder is not None and known.folder != folder:
            raise InputError(
                f"Album '{name}' is the folder {known.folder}. If that has moved here, say --moved; "
                "if this is another one, choose another name with --album."
            )
        else:
            self._db.execute(
                "UPDATE albums SET folder = coalesce(?, folder), used_at = ? WHERE name = ?",
                (bytes_of(folder), time.time(), name),
            )
        album = Album(self._db, name)
        if moved and known is not None and known.folder != folder:
            album.moved()
        album.save()
        return album

    def find_album(self, name: str | None) -> Album | None:
        """The album of that name; without a name the one used last."""
        row = self._db.execute(
            "SELECT name FROM albums WHERE name = coalesce(?, name) ORDER BY used_at DESC LIMIT 1",
            (None if name is None else unicodedata.normalize("NFC", name),),
        ).fetchone()
        return None if row is None else Album(self._db, row[0])

    def copy_into(self, other: Catalog) -> None:
        self._db.backup(other._db)

    def album_names(self) -> list[str]:
        return [name for (name,) in self._db.execute("SELECT name FROM albums ORDER BY name")]


def _connect(file: Path) -> sqlite3.Connection:
    db = sqlite3.connect(file, timeout=30)
    with ExitStack() as refused:
        refused.callback(db.close)
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, 4, _VERSION):  # before anything is written: it stays as the other version left it
            raise SortError(f"{file} was written by another version of sortclient. Move it away to start anew.")
        db.execute("PRAGMA journal_mode = WAL")  # who reads does not wait for who writes
        db.execute("PRAGMA synchronous = NORMAL")  # a power cut may lose the last cells, and never damages the file
        if version != _VERSION:  # a known catalog is opened without writing: a run may be holding it
            _bring_up_to_date(db)
        refused.pop_all()
    return db


def _bring_up_to_date(db: sqlite3.Connection) -> None:
    db.execute("BEGIN IMMEDIATE")
    version = db.execute("PRAGMA user_version").fetchone()[0]  # again: another process may have been first
    if version != _VERSION:
        for statement in (_SCHEMA + (_FROM_4 if version == 4 else "")).split(";"):
            db.execute(statement)
        db.execute(f"PRAGMA user_version = {_VERSION}")
    db.commit()


def _unusable(file: Path, error: Exception) -> SortError:
    if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
        return SortError(f"The disk of the catalog {file} is full. Make room there, then run the command again.")
    return SortError(
        f"The catalog {file} cannot be used: {error}. "
        "If it stays so, move it away, or name another folder in SORTCLIENT_DATA."
    )


def open_catalog() -> Catalog:
    """The catalog in the user's data folder."""
    return Catalog(_file())


def rehearse() -> Catalog:
    """A copy in memory of the catalog in the user's data folder: what runs on it changes nothing on disk."""
    rehearsal = Catalog(Path(":memory:"))
    if _file().exists():
        with Catalog(_file()) as real:
            real.copy_into(rehearsal)
    return rehearsal


def _file() -> Path:
    from sortclient.folders import data_folder

    return data_folder() / "catalog.sqlite"
