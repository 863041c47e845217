"""What the catalog remembers of files: which stay known, which are read again, what a run has to do."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sortclient.album import Album
from sortclient.catalog import Catalog
from sortclient.errors import InputError
from sortclient.files import Stock
from sortclient.model import File, Found, Headshot, Outcome, Rejection
from sortclient.photos import READER
from sortclient.photos.scan import scan
from tests.unit.album_parts import A, B, C, cell, digests, with_file


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


def test_another_file_that_gets_the_path_is_read(album: Album) -> None:
    """Of two spellings of one name the first has the plain path: where it goes, the other takes the path over."""
    for name in ("first", "second"):
        album.scanned([Found(File("e.jpg", Path("/photos") / name, 1, 1, 1))])
        assert digests(album) == {"e.jpg": None}
        album.identified("e.jpg", A)


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
