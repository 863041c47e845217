"""What the catalog remembers of files, people and cells."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from photosort.comparison import Comparison, Problem
from sortclient.album import Album
from sortclient.catalog import Catalog
from sortclient.errors import InputError, SortError
from sortclient.model import Headshot, Outcome
from sortclient.photos.scan import scan

A, B, C = "a" * 64, "b" * 64, "c" * 64


def cell(headshot: str, photo: str, similarity: float | None, problem: Problem | None = None) -> Comparison:
    return Comparison(headshot, photo, similarity, problem, "", "test", "2026-01-01T00:00:00.000Z")


def with_file(album: Album, folder: Path, name: str = "one.jpg", content: bytes = b"1") -> None:
    (folder / name).write_bytes(content)
    album.scanned(scan(folder))


def digests(album: Album) -> dict[str, str | None]:
    return {entry.path: entry.digest for entry in album.entries()}


def test_an_unchanged_file_keeps_its_digest(album: Album, folder: Path) -> None:
    with_file(album, folder)
    album.identified("one.jpg", A)
    album.scanned(scan(folder))
    assert digests(album) == {"one.jpg": A}


@pytest.mark.parametrize("same_time", [False, True])
def test_a_changed_file_is_read_again(album: Album, folder: Path, *, same_time: bool) -> None:
    with_file(album, folder)
    album.identified("one.jpg", A)
    before = (folder / "one.jpg").stat()
    (folder / "one.jpg").write_bytes(b"2")  # the same size
    if same_time:  # then only the inode's change time tells
        os.utime(folder / "one.jpg", ns=(before.st_atime_ns, before.st_mtime_ns))
    album.scanned(scan(folder))
    assert digests(album) == {"one.jpg": None}


def test_a_file_that_is_gone_leaves_the_album(album: Album, folder: Path) -> None:
    with_file(album, folder)
    (folder / "one.jpg").unlink()
    album.scanned(scan(folder))
    assert digests(album) == {}


def test_what_is_no_photo_is_not_read_again_but_a_broken_picture_is(album: Album, folder: Path) -> None:
    with_file(album, folder, "notes.txt")
    with_file(album, folder, "broken.jpg")
    album.rejected("notes.txt", Outcome.NOT_A_PHOTO, "not a picture")
    album.rejected("broken.jpg", Outcome.UNREADABLE, "broken picture")
    album.scanned(scan(folder))
    assert [candidate.file.path for candidate in album.candidates()] == ["broken.jpg"]


def test_candidates_are_the_files_that_lack_a_cell(album: Album, folder: Path) -> None:
    album.set_headshots("me", [Headshot("me", A, "me.jpg", b"")])
    for name in ("done.jpg", "lacking.jpg", "unread.jpg"):
        (folder / name).write_bytes(name.encode())
    album.scanned(scan(folder))
    album.identified("done.jpg", B)
    album.identified("lacking.jpg", C)
    album.record(cell(A, B, 50.0))
    assert [(found.file.path, found.digest) for found in album.candidates()] == [
        ("lacking.jpg", C),
        ("unread.jpg", None),
    ]


def test_candidates_come_in_pages_while_files_are_identified(album: Album, folder: Path) -> None:
    for number in range(1201):
        (folder / f"{number:04}.jpg").write_bytes(b"x")
    album.scanned(scan(folder))
    album.set_headshots("me", [Headshot("me", A, "me.jpg", b"")])
    seen = []
    for candidate in album.candidates():
        seen.append(candidate.file.path)
        album.identified(candidate.file.path, B)
        album.record(cell(A, B, 1.0))
    assert seen == [f"{number:04}.jpg" for number in range(1201)]


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


def test_without_a_name_the_album_used_last_is_meant(catalog: Catalog, album: Album, tmp_path: Path) -> None:
    catalog.open_album("Other", tmp_path, "this machine")
    assert catalog.find_album(None).name == "Other"  # type: ignore[union-attr]
    assert catalog.find_album("Images").name == album.name  # type: ignore[union-attr]
    assert catalog.find_album("Nobody's") is None


def test_names_that_are_not_utf8_come_back_as_they_were(album: Album, folder: Path) -> None:
    odd = os.fsdecode(os.fsencode(folder) + b"/caf\xe9.jpg")
    Path(odd).write_bytes(b"x")
    album.scanned(scan(folder))
    (entry,) = album.entries()
    assert entry.path == "caf\\xe9.jpg"
    assert entry.file is not None
    assert entry.file.location == Path(odd)


def test_the_catalog_survives_its_process(tmp_path: Path) -> None:
    for _ in range(2):
        with Catalog(tmp_path / "catalog.sqlite") as catalog:
            album = catalog.open_album("Images", tmp_path, "this machine")
            album.record(cell(A, B, 12.5))
            assert album.cells(B)[A].similarity == 12.5


def test_an_unusable_catalog_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "catalog.sqlite").write_bytes(b"this is no database, whatever it is called")
    with pytest.raises(SortError, match="cannot be used"):
        Catalog(tmp_path / "catalog.sqlite")
    newer = tmp_path / "newer.sqlite"
    database = sqlite3.connect(newer)
    database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(SortError, match="another version"):
        Catalog(newer)
