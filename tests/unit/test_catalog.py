"""What the catalog remembers of files, people and cells."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from photosort.comparison import Comparison, Problem
from sortclient.album import Album, Synced
from sortclient.catalog import Catalog, open_catalog, rehearse
from sortclient.errors import InputError, SortError
from sortclient.files import Stock
from sortclient.model import File, Found, Headshot, Outcome, Rejection
from sortclient.photos import READER
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


DAY_NS = 24 * 3600 * 10**9


@pytest.mark.parametrize("shift", [None, 0, -400 * DAY_NS, 400 * DAY_NS])
def test_a_changed_file_is_read_again(album: Album, folder: Path, shift: int | None) -> None:
    """Also where its date was set back to what it was, to an older one or to one in the future."""
    with_file(album, folder)
    album.identified("one.jpg", A)
    before = (folder / "one.jpg").stat()
    time.sleep(0.02)  # the system's clock for files ticks every few milliseconds
    (folder / "one.jpg").write_bytes(b"2")  # the same size
    if shift is not None:  # with none, only the inode's change time tells
        os.utime(folder / "one.jpg", ns=(before.st_atime_ns, before.st_mtime_ns + shift))
    album.scanned(scan(folder))
    assert digests(album) == {"one.jpg": None}


def test_a_file_that_changed_just_before_its_scan_is_read_once_more(
    album: Album, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have changed once more within the same tick of the clock, after it was read: nothing would tell."""
    monkeypatch.setattr("sortclient.files.SETTLED_NS", 2_000_000_000)
    with_file(album, folder)
    changed = (folder / "one.jpg").stat().st_ctime_ns
    known = []
    for seconds in (1.9, 2.0, 2.1):  # after the change
        monkeypatch.setattr(time, "time_ns", lambda seconds=seconds: changed + int(seconds * 1e9))
        album.scanned(scan(folder))
        known.append(digests(album)["one.jpg"])
        album.identified("one.jpg", A)
    assert known == [None, None, A]


def test_a_scan_that_ends_early_makes_no_file_leave_and_keeps_nobody_waiting(
    catalog: Catalog, album: Album, folder: Path, tmp_path: Path
) -> None:
    def broken() -> Iterator[Found]:
        for number in range(700):
            yield Found(File(f"{number:03}.jpg", folder / f"{number:03}.jpg", 1, 1, 1))
        with Catalog(tmp_path / "data" / "catalog.sqlite") as other:  # in the middle of a scan
            seen.append(len(digests(other.open_album("Images", None, "this machine"))))
        raise InputError("the disk was unplugged")

    seen: list[int] = []
    with_file(album, folder)
    album.identified("one.jpg", A)
    with pytest.raises(InputError):
        album.scanned(broken())
    assert seen == [501]
    assert digests(album)["one.jpg"] == A
    album.scanned(scan(folder))
    assert digests(album) == {"one.jpg": A}


def test_what_an_earlier_reader_rejected_is_looked_at_again(
    album: Album, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("rejected.jpg", "read.jpg", "unread.jpg"):
        with_file(album, folder, name)
    album.rejected("rejected.jpg", Rejection(Outcome.NOT_A_PHOTO, "other file"))
    album.identified("read.jpg", A)
    album.scanned(scan(folder))
    assert [file.path for file in album.unread()] == ["unread.jpg"]
    monkeypatch.setattr("sortclient.files.READER", READER + 1)
    album.scanned(scan(folder))
    assert [file.path for file in album.unread()] == ["rejected.jpg", "unread.jpg"]
    assert digests(album)["read.jpg"] == A


def test_what_a_scan_rejects_by_its_name_stays_so(album: Album, folder: Path) -> None:
    for _ in range(2):
        with_file(album, folder, ".hidden")
        assert [(entry.outcome, entry.detail) for entry in album.entries()] == [("not-a-photo", "hidden file")]
        assert list(album.unread()) == []


def test_stock_counts_the_same_bytes_once(album: Album, folder: Path) -> None:
    album.set_headshots("me", [Headshot("me", A, "me.jpg", b""), Headshot("me", B, "me too.jpg", b"")])
    for name in ("one.jpg", "copy.jpg", "half.jpg", "done.jpg", "unread.jpg", "notes.txt"):
        (folder / name).write_bytes(name.encode())
    album.scanned(scan(folder))
    for name, digest in (("one.jpg", C), ("copy.jpg", C), ("half.jpg", A), ("done.jpg", B)):
        album.identified(name, digest)
    album.rejected("notes.txt", Rejection(Outcome.NOT_A_PHOTO, "document"))
    for headshot, photo in ((A, A), (A, B), (B, B), (C, C)):  # the last one is nobody's headshot any more
        album.record(cell(headshot, photo, 50.0))
    assert album.stock() == Stock(files=6, photos=5, unread=1, lacking=2, comparisons=2 + 2 + 1)
    assert dict(album.partly_compared()) == {bytes.fromhex(A): 1}


def test_what_another_album_has_compared_counts_for_that_one(catalog: Catalog, album: Album, folder: Path) -> None:
    """It was charged there; here it is to be charged."""
    with_file(album, folder, "one.jpg")
    album.identified("one.jpg", C)
    shots = [Headshot("me", A, "me.jpg", b""), Headshot("me", B, "me too.jpg", b"")]
    for one in (album, other := catalog.open_album("Other", None, "this machine")):
        one.set_headshots("me", shots)
    other.record(cell(A, C, 50.0))
    other.record(cell(B, C, 50.0))
    assert album.stock() == Stock(files=1, photos=1, unread=0, lacking=1, comparisons=2)
    assert [candidate.digest for candidate in album.candidates()] == [C]
    assert dict(album.partly_compared()) == {}
    assert album.missing(C, shots) == [A, B]
    assert album.forget_gone() == 0
    assert len(other.cells(C)) == 2


def test_a_file_that_is_gone_leaves_the_album(album: Album, folder: Path) -> None:
    with_file(album, folder)
    (folder / "one.jpg").unlink()
    album.scanned(scan(folder))
    assert digests(album) == {}


def test_what_is_no_photo_is_not_read_again_but_a_broken_picture_is(album: Album, folder: Path) -> None:
    with_file(album, folder, "notes.txt")
    with_file(album, folder, "broken.jpg")
    album.rejected("notes.txt", Rejection(Outcome.NOT_A_PHOTO, "document"))
    album.rejected("broken.jpg", Rejection(Outcome.UNREADABLE, "cannot be read", lasting=False))
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
    assert [album.missing(photo, album.headshots()) for photo in (B, C)] == [[], [A]]


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
    assert catalog.open_album("Images", tmp_path, "this machine", moved=True).folder == tmp_path


def test_what_is_known_of_files_moves_with_them(catalog: Catalog, album: Album, folder: Path, tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        (folder / name).write_bytes(b"one")
    album.scanned(scan(folder))
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        album.identified(name, A)
    new = tmp_path / "new disk"
    shutil.copytree(folder, new)  # with their dates
    (new / "b.jpg").write_bytes(b"another")
    os.utime(new / "c.jpg", (1, 1))
    moved = catalog.open_album("Images", new, "this machine", moved=True)
    moved.scanned(scan(new))
    assert {entry.path: entry.digest for entry in moved.entries()} == {"a.jpg": A, "b.jpg": None, "c.jpg": None}
    moved.identified("b.jpg", B)
    (new / "b.jpg").unlink()
    (new / "b.jpg").write_bytes(b"another")
    moved.scanned(scan(new))  # from now on every change counts again
    assert {entry.path: entry.digest for entry in moved.entries()} == {"a.jpg": A, "b.jpg": None, "c.jpg": None}


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


def test_another_file_that_gets_the_path_is_read(album: Album) -> None:
    """Of two spellings of one name the first has the plain path: where it goes, the other takes the path over."""
    for name in ("first", "second"):
        album.scanned([Found(File("e.jpg", Path("/photos") / name, 1, 1, 1))])
        assert digests(album) == {"e.jpg": None}
        album.identified("e.jpg", A)


def test_what_was_asked_for_last_is_remembered(catalog: Catalog, album: Album, tmp_path: Path) -> None:
    album.set_threshold(91.5)
    album.set_output(tmp_path / "Found", "{path}")
    again = catalog.find_album("Images")
    assert again is not None
    assert (again.threshold, again.out, again.layout) == (91.5, tmp_path / "Found", "{path}")


def test_an_album_of_another_machine_is_taken_over_anew_each_time(catalog: Catalog) -> None:
    album = catalog.open_album("Far", None, "a stack")
    album.adopt([(A, "gone.jpg"), (B, "stays.jpg")])
    album.adopt([(B, "stays.jpg"), (C, "new.jpg")])
    assert digests(album) == {"stays.jpg": B, "new.jpg": C}
    assert list(album.candidates()) == []  # there is nothing here that could be read


def test_names_that_are_not_utf8_come_back_as_they_were(album: Album, folder: Path) -> None:
    odd = os.fsdecode(os.fsencode(folder) + b"/caf\xe9.jpg")
    Path(odd).write_bytes(b"x")
    album.scanned(scan(folder))
    (entry,) = album.entries()
    assert entry.path == "caf\\xe9.jpg"
    assert entry.file is not None
    assert entry.file.location == Path(odd)


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
