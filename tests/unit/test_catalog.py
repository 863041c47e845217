"""What the catalog remembers of albums, people and cells, and how it bears its disk and its neighbours."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from photosort.comparison import Problem
from sortclient.album import Album, Synced
from sortclient.catalog import Catalog, open_catalog, rehearse
from sortclient.errors import InputError, SortError
from sortclient.model import Headshot, Outcome, Rejection
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
        return list(album.entries()), album.headshots(), album.cells(B), album.cells(C), album.synced(tmp_path)

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
    other.set_threshold(99)
    other.set_output(tmp_path, "{path}")
    (tmp_path / "Other" / "one.jpg").unlink()
    other.scanned(scan(tmp_path / "Other"))
    assert everything() == before
    again = catalog.find_album("Images")
    assert again is not None
    assert (again.threshold, again.out, again.layout) == (80.0, None, None)


def test_what_was_asked_for_last_is_remembered(catalog: Catalog, album: Album, tmp_path: Path) -> None:
    album.set_threshold(91.5)
    album.set_output(tmp_path / "Found", "{path}")
    again = catalog.find_album("Images")
    assert again is not None
    assert (again.threshold, again.out, again.layout) == (91.5, tmp_path / "Found", "{path}")


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
