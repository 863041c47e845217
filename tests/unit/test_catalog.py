"""What the catalog remembers of albums, people and cells, and how it bears its disk and its neighbours."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from photosort.comparison import Box, Correction, Problem, Thresholds
from sortclient.album import Album
from sortclient.catalog import Catalog, open_catalog, rehearse
from sortclient.copies import Synced
from sortclient.errors import InputError, SortError
from sortclient.model import Headshot, Link, Outcome, Rejection
from sortclient.photos.scan import scan
from tests.unit.album_parts import A, B, C, cell, digests, with_file


def test_a_failed_cell_never_replaces_a_verdict_and_is_forgotten_by_the_next_run(album: Album) -> None:
    album.record(cell(A, B, 90.0))
    album.record(cell(A, B, None, Problem.FAILED))
    assert album.cells(B)[A].similarity == 90.0
    album.record(cell(A, C, None, Problem.FAILED))
    album.forget_failed()
    assert album.cells(C) == {}
    assert A in album.cells(B)


def test_cells_of_another_engine_are_not_mixed_in(album: Album) -> None:
    album.record(cell(A, B, 90.0))
    album.forget_other_engines("a newer one")
    assert album.cells(B) == {}


def test_new_headshots_of_a_person_take_the_place_of_the_old(album: Album) -> None:
    album.set_headshots("me", [Headshot("me", A, "old.jpg", b"1")])
    album.set_headshots("you", [Headshot("you", C, "you.jpg", b"2")])
    album.set_headshots("me", [Headshot("me", B, "new.jpg", b"3")])
    assert [(shot.person, shot.digest, shot.content) for shot in album.headshots()] == [
        ("me", B, b"3"),
        ("you", C, b"2"),
    ]


def test_an_album_belongs_to_one_folder_and_one_place(catalog: Catalog, album: Album, tmp_path: Path) -> None:
    assert album.folder is not None
    with pytest.raises(InputError, match="--album"):
        catalog.open_album("Images", tmp_path, "this machine")
    with pytest.raises(InputError, match="--album"):
        catalog.open_album("Images", album.folder, "a stack")
    assert catalog.open_album("Images", tmp_path, "this machine", moved=True).folder == tmp_path


def test_without_a_name_the_album_used_last_is_meant(catalog: Catalog, album: Album, tmp_path: Path) -> None:
    catalog.open_album("Other", tmp_path, "this machine")
    assert catalog.find_album(None).name == "Other"  # type: ignore[union-attr]
    assert catalog.find_album("Images").name == album.name  # type: ignore[union-attr]
    assert catalog.find_album("Nobody's") is None
    catalog.open_album("Images", None, "this machine")
    assert catalog.find_album(None).name == "Images"  # type: ignore[union-attr]


def test_an_album_opened_without_a_folder_keeps_its_own(catalog: Catalog, album: Album, folder: Path) -> None:
    assert catalog.open_album("Images", None, "this machine").folder == folder
    assert catalog.find_album("Images").folder == folder  # type: ignore[union-attr]


def test_albums_share_a_catalog_and_nothing_else(catalog: Catalog, album: Album, folder: Path, tmp_path: Path) -> None:
    """Two albums with the same photo and the same headshot, and whatever is done to the one."""
    with_file(album, folder)
    album.identified("one.jpg", B)
    album.set_headshots("me", [Headshot("me", A, "me.jpg", b"")])
    album.record(cell(A, B, 90.0))
    album.record(cell(A, C, None, Problem.FAILED))
    album.put_synced(tmp_path, "me", "one.jpg", Synced("me/one.jpg", B, 1, 1))

    def everything() -> tuple[object, ...]:
        files, cells = list(album.entries()), (album.cells(B), album.cells(C))
        copies = album.synced(tmp_path), album.last_manifest(), album.outs()
        return files, album.headshots(), cells, copies, album.thresholds, album.corrections()

    album.set_threshold(70, "me")
    album.correct([Correction("me", B, True, "2026-01-01")])
    album.put_synced(tmp_path, "me", "one.jpg", Synced("me/one.jpg", B, 1, 1, sync=album.begin_sync(tmp_path)))
    before = everything()
    (tmp_path / "Other").mkdir()
    other = catalog.open_album("Other", tmp_path / "Other", "this machine")
    with_file(other, tmp_path / "Other")
    other.identified("one.jpg", B)
    other.set_headshots("me", [Headshot("me", A, "me.jpg", b"")])
    assert (other.cells(B), other.missing(B, other.headshots()), other.synced(tmp_path)) == ({}, [A], {})
    assert [candidate.digest for candidate in other.candidates()] == [B]
    other.set_headshots("me", [])
    other.rejected("one.jpg", Rejection(Outcome.UNREADABLE, "broken"))
    other.adopt([])
    other.forget_failed()
    other.forget_other_engines("a newer one")
    other.drop_synced(tmp_path, "me", "one.jpg")
    assert (other.corrections(), other.last_manifest()) == ([], None)
    other.correct([Correction("me", B, False, "2026-01-02")])
    other.set_threshold(60, "me")
    other.drop_threshold("me")
    other.begin_sync(tmp_path)
    other.rename_person("me", "you")
    other.forget_person("you")
    other.forget_person("me")
    other.set_thresholds(Thresholds(50.0, {"me": 10.0}))
    other.set_threshold(99)
    other.set_out(tmp_path)
    other.put_output(tmp_path, "{path}", Link.COPY, False, "")
    (tmp_path / "Other" / "one.jpg").unlink()
    other.scanned(scan(tmp_path / "Other"))
    assert everything() == before
    again = catalog.find_album("Images")
    assert again is not None
    assert (again.thresholds, again.out) == (Thresholds(80.0, {"me": 70.0}), None)
    assert again.output(tmp_path) is None


def test_what_was_asked_for_last_is_remembered(catalog: Catalog, album: Album, tmp_path: Path) -> None:
    album.set_threshold(91.5)
    album.set_threshold(60, "Ana")
    album.set_out(tmp_path / "Found")
    album.put_output(tmp_path / "Found", "{path}", Link.SYMLINK, True, "a question")
    again = catalog.find_album("Images")
    assert again is not None
    assert (again.thresholds, again.out) == (Thresholds(91.5, {"Ana": 60.0}), tmp_path / "Found")
    assert again.output(tmp_path / "Found") == ("{path}", Link.SYMLINK, True, "a question")


def test_the_catalog_survives_its_process(tmp_path: Path) -> None:
    with Catalog(tmp_path / "catalog.sqlite") as catalog:
        catalog.open_album("Images", tmp_path, "this machine").record(cell(A, B, 12.5))
    with Catalog(tmp_path / "catalog.sqlite") as catalog:
        kept = catalog.find_album("Images")
        assert kept is not None
        assert kept.cells(B)[A].similarity == 12.5


def test_a_run_holds_the_catalog_only_while_it_writes(tmp_path: Path) -> None:
    """Others read while one writes, and write as soon as that is saved."""
    file = tmp_path / "catalog.sqlite"
    with Catalog(file) as one:
        album = one.open_album("One", tmp_path, "this machine")
        album.record(cell(A, B, 12.5))  # not saved yet
        with Catalog(file) as other:
            assert other.album_names() == ["One"]
            album.save()
            other.open_album("Other", tmp_path, "this machine")
        assert one.album_names() == ["One", "Other"]


def test_a_disk_that_fills_is_one_clear_line(tmp_path: Path) -> None:
    def fill(file: Path) -> None:
        with Catalog(file) as catalog:
            catalog._db.execute("PRAGMA max_page_count = 20")  # SQLite's own full disk
            album = catalog.open_album("Images", tmp_path, "this machine")
            for number in range(10_000):
                album.record(cell(A, f"{number:064x}", 12.5))

    with pytest.raises(SortError, match=r"catalog\.sqlite is full\. Make room"):
        fill(tmp_path / "catalog.sqlite")
    with Catalog(tmp_path / "catalog.sqlite") as catalog:
        assert catalog.album_names() == ["Images"]


def test_an_unusable_catalog_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "catalog.sqlite").write_bytes(b"this is no database, whatever it is called")
    with pytest.raises(SortError, match="cannot be used"):
        Catalog(tmp_path / "catalog.sqlite")
    newer = tmp_path / "newer.sqlite"
    database = sqlite3.connect(newer)
    database.execute("PRAGMA user_version = 99")
    database.close()
    before = newer.read_bytes()
    for _ in range(2):  # being refused does not make it acceptable
        with pytest.raises(SortError, match="another version"):
            Catalog(newer)
    assert newer.read_bytes() == before


def test_a_rehearsal_knows_what_the_catalog_knows_and_changes_nothing(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SORTCLIENT_DATA", str(tmp_path / "data"))
    with open_catalog() as catalog:
        album = catalog.open_album("Images", folder, "this machine")
        with_file(album, folder)
        album.identified("one.jpg", A)

    def on_disk() -> dict[str, tuple[bytes, int]]:
        return {file.name: (file.read_bytes(), file.stat().st_mtime_ns) for file in (tmp_path / "data").iterdir()}

    before = on_disk()
    with rehearse() as rehearsal:
        again = rehearsal.open_album("Images", folder, "this machine")
        assert digests(again) == {"one.jpg": A}
        with_file(again, folder, "two.jpg")
        again.identified("two.jpg", B)
        assert digests(again) == {"one.jpg": A, "two.jpg": B}
    assert on_disk() == before


def test_a_rehearsal_needs_no_catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SORTCLIENT_DATA", str(tmp_path / "nothing"))
    with rehearse() as rehearsal:
        assert rehearsal.open_album("Images", tmp_path, "this machine").name == "Images"
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_catalog_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "catalog.sqlite"
    with Catalog(file) as catalog:
        catalog.open_album("Images", tmp_path, "here")
    content = file.read_bytes()
    file.write_bytes(content[:4096] + bytes(len(content) - 4096))  # its first page says what the others hold
    with pytest.raises(SortError, match=r"cannot be used: .*malformed.*SORTCLIENT_DATA"), Catalog(file) as catalog:
        catalog.find_album("Images")


_VERSION_4 = """
CREATE TABLE albums (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, folder BLOB, place TEXT NOT NULL,
    threshold REAL NOT NULL, out BLOB, layout TEXT, used_at REAL NOT NULL);
CREATE TABLE files (album INTEGER NOT NULL, path TEXT NOT NULL, location BLOB, size INTEGER, mtime_ns INTEGER,
    ctime_ns INTEGER, digest BLOB, outcome TEXT, detail TEXT NOT NULL DEFAULT '', reader INTEGER NOT NULL DEFAULT 0,
    scan INTEGER NOT NULL, gone INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (album, path)) WITHOUT ROWID;
CREATE VIEW present AS SELECT * FROM files WHERE NOT gone;
CREATE TABLE headshots (album INTEGER NOT NULL, person TEXT NOT NULL, digest BLOB NOT NULL, source TEXT NOT NULL,
    content BLOB, PRIMARY KEY (album, person, digest)) WITHOUT ROWID;
CREATE TABLE cells (album INTEGER NOT NULL, photo BLOB NOT NULL, headshot BLOB NOT NULL, similarity REAL, problem TEXT,
    detail TEXT NOT NULL, engine TEXT NOT NULL, compared_at TEXT NOT NULL, PRIMARY KEY (album, photo, headshot))
    WITHOUT ROWID;
CREATE TABLE synced (album INTEGER NOT NULL, out BLOB NOT NULL, person TEXT NOT NULL, path TEXT NOT NULL,
    target TEXT NOT NULL, digest BLOB NOT NULL, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, ours INTEGER NOT NULL,
    PRIMARY KEY (album, out, person, path)) WITHOUT ROWID;
INSERT INTO albums VALUES
    (1, 'Images', CAST('/photos' AS BLOB), 'this machine', 85.0, CAST('/out' AS BLOB), '{path}', 1.0);
INSERT INTO albums VALUES (2, 'New', CAST('/new' AS BLOB), 'this machine', 80.0, NULL, NULL, 0.5);
INSERT INTO files VALUES (1, 'one.jpg', CAST('/photos/one.jpg' AS BLOB), 3, 4, 5, zeroblob(32), NULL, '', 0, 6, 0);
INSERT INTO headshots VALUES (1, 'me', zeroblob(32), 'me.jpg', 'jpeg');
INSERT INTO cells VALUES (1, zeroblob(32), zeroblob(32), 90.0, NULL, '', 'dlib-1', '2026-01-01T00:00:00.000Z');
INSERT INTO synced VALUES (1, CAST('/out' AS BLOB), 'me', 'one.jpg', 'one.jpg', zeroblob(32), 3, 4, 1);
PRAGMA user_version = 4;
"""


def test_a_catalog_of_the_version_before_keeps_what_it_knows(tmp_path: Path) -> None:
    file, zeros = tmp_path / "catalog.sqlite", "0" * 64
    database = sqlite3.connect(file)
    database.executescript(_VERSION_4)
    database.close()
    for _ in range(2):
        with Catalog(file) as catalog:
            album = catalog.find_album("Images")
            assert album is not None
            assert (album.thresholds, album.out, album.people()) == (Thresholds(85.0), Path("/out"), ["me"])
            assert album.output(Path("/out")) == ("{path}", Link.COPY, False, "")
            assert album.synced(Path("/out")) == {("me", "one.jpg"): Synced("one.jpg", zeros, 3, 4)}
            (entry,) = album.entries()
            assert (entry.digest, entry.taken) == (zeros, "")
            found = album.cells(zeros)[zeros]
            assert (found.similarity, found.faces, found.box) == (90.0, None, None)
            album.forget_other_engines("dlib-1")  # a run begins: what costs nothing is compared anew, for its faces
            assert album.cells(zeros) == {}
            catalog._db.rollback()
            new = catalog.find_album("New")
            assert new is not None
            assert new.outs() == []


def test_a_cell_keeps_how_many_faces_there_are_and_where_the_one_is(album: Album) -> None:
    known = replace(cell(A, B, 90.0), faces=3, box=Box(0.1, -0.02, 0.25, 0.5))
    album.record(known)
    assert album.cells(B) == {A: known}


def test_a_photos_date_stays_while_its_bytes_do(album: Album, folder: Path) -> None:
    with_file(album, folder)
    album.identified("one.jpg", A, "2019-06-30T18:00:00")
    album.identified("one.jpg", A)  # known from before: nobody looked again
    with_file(album, folder, "two.jpg")
    assert [entry.taken for entry in album.entries()] == ["2019-06-30T18:00:00", ""]
    with_file(album, folder, "one.jpg", b"another picture")
    album.identified("one.jpg", B, "")
    assert [entry.taken for entry in album.entries()] == ["", ""]
