"""From the folder to the catalog: what is settled before anything is foreseen."""

from __future__ import annotations

import os
import sys
import tracemalloc
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from photosort.comparison import Comparison
from sortclient.album import Album
from sortclient.cli.commands import app
from sortclient.errors import InputError
from sortclient.intake import take_in
from sortclient.ledger import count
from sortclient.model import File, Found, Headshot, Rejection
from sortclient.photos import kinds
from sortclient.photos.prepare import analysis_digest, plain_original
from sortclient.photos.scan import LeftOut, scan
from sortclient.photos.selection import EVERYTHING, Selection
from sortclient.progress import Progress
from sortclient.verdicts import verdicts
from tests.unit.conftest import picture

JPEG = b"\xff\xd8\xff"  # as much of one as a first look sees


def outcomes(album: Album) -> dict[str, str | None]:
    return {entry.path: entry.outcome and f"{entry.outcome}: {entry.detail}" for entry in album.entries()}


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files whose first bytes were read."""
    files: list[str] = []

    def look(file: File) -> Rejection | None:
        files.append(file.path)
        return kinds.look(file)

    monkeypatch.setattr("sortclient.intake.look", look)
    return files


def test_what_is_no_photo_is_settled_by_its_first_bytes_and_never_again(
    album: Album, folder: Path, looked: list[str]
) -> None:
    (folder / "photo.jpg").write_bytes(JPEG)
    (folder / "clip.jpg").write_bytes(b"\0\0\0\x18ftypmp42" + bytes(12))
    (folder / "empty.png").touch()
    (folder / ".hidden").write_text("hello")
    os.mkfifo(folder / "pipe")
    album.set_headshots("me", [Headshot("me", "a" * 64, "me.jpg", b"")])
    take_in(folder, EVERYTHING, album, Progress())
    found = outcomes(album)
    assert found.pop("clip.jpg", "").startswith("not-a-photo: video")  # type: ignore[union-attr]
    assert found == {
        ".hidden": "not-a-photo: hidden file",
        "empty.png": "not-a-photo: empty file",
        "photo.jpg": None,
        "pipe": "not-a-photo: special file: pipe",
    }
    assert sorted(looked) == ["clip.jpg", "empty.png", "photo.jpg"]
    stock = album.stock()
    assert (stock.files, stock.photos, stock.comparisons) == (5, 1, 1)
    album.identified("photo.jpg", "b" * 64)
    looked.clear()
    take_in(folder, EVERYTHING, album, Progress())
    assert looked == []


def test_what_could_not_be_had_is_looked_at_again(album: Album, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "photo.jpg").write_bytes(JPEG)
    with monkeypatch.context() as without:
        without.setattr(Path, "open", lambda *_, **__: os.open("/nowhere", os.O_RDONLY))
        take_in(folder, EVERYTHING, album, Progress())
        assert outcomes(album) == {"photo.jpg": "unreadable: is gone: No such file or directory"}
    take_in(folder, EVERYTHING, album, Progress())
    assert outcomes(album) == {"photo.jpg": None}


def test_what_is_left_out_is_told_and_leaves_the_album(
    album: Album, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a.jpg", "b.png", "raw/c.jpg"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(JPEG)
    take_in(folder, EVERYTHING, album, Progress())
    assert capsys.readouterr().err == ""
    take_in(folder, Selection(include=("*.jpg",), exclude=("raw",)), album, Progress())
    assert capsys.readouterr().err == "Left out by --include and --exclude: 1 file and 1 whole folder.\n"
    assert outcomes(album) == {"a.jpg": None}
    take_in(folder, EVERYTHING, album, Progress())  # it holds for the one run
    assert len(outcomes(album)) == 3


def test_what_was_left_out_or_away_for_a_while_is_not_read_again(
    album: Album, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One run with --include, or without the disk, does not cost reading (and foreseeing the price of) everything."""
    monkeypatch.setattr("sortclient.files.SETTLED_NS", 0)
    for name in ("a.jpg", "b.jpg", "c.txt"):
        (folder / name).write_bytes(JPEG)
    take_in(folder, EVERYTHING, album, Progress())
    album.identified("b.jpg", "b" * 64)
    for selection in (Selection(include=("a.jpg",)), Selection(include=("nothing",))):
        take_in(folder, selection, album, Progress())
        assert album.entry("b.jpg") is None
        assert album.digests() == set()
    (folder / "c.txt").write_bytes(JPEG + b"more")
    take_in(folder, EVERYTHING, album, Progress())
    assert album.digests() == {bytes.fromhex("b" * 64)}
    assert outcomes(album) == {"a.jpg": None, "b.jpg": None, "c.txt": None}
    take_in(folder, Selection(include=("a.jpg",)), album, Progress())
    album.forget_gone()
    take_in(folder, EVERYTHING, album, Progress())
    assert album.digests() == set()


@pytest.mark.parametrize("command", ["sort", "upload"])
def test_the_commands_take_a_selection(command: str, folder: Path, tmp_path: Path) -> None:
    for name in ("a.jpg", "b.png", "raw/c.jpg", "linked/d.jpg"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(JPEG)
    (folder / "linked").rename(tmp_path / "elsewhere")
    (folder / "linked").symlink_to(tmp_path / "elsewhere")
    given = ["--dry-run", "--include", "*.jpg", "--include", "*.gif", "--exclude", "raw", "--follow-links"]
    arguments = [command, folder, "--ref", picture(tmp_path / "me.png"), *given, *["--emulate"] * (command == "upload")]
    told = CliRunner().invoke(app, list(map(str, arguments)), env={"SORTCLIENT_DATA": str(tmp_path / "data")})
    assert (told.exit_code, told.stdout.splitlines()[1]) == (0, "2 files: 2 photos")
    assert "1 file and 1 whole folder" in told.stderr


def test_the_output_folder_is_no_part_of_the_album(album: Album, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "Matches").mkdir()
    (tmp_path / "Matches" / "copy.jpg").write_bytes(JPEG)
    (folder / "link").symlink_to(tmp_path / "Matches")
    album.set_out(tmp_path / "Matches")
    take_in(folder, Selection(follow_links=True), album, Progress())
    assert outcomes(album) == {"link": "not-a-photo: link: leads to the output folder"}


def peak(album: Album, files: int) -> int:
    """The most memory, in bytes, that an album of so many files takes from the scan to the verdicts."""
    found = (Found(File(f"{number:06}.jpg", Path(f"/photos/{number:06}.jpg"), 1, 1, 1)) for number in range(files))
    tracemalloc.start()
    album.scanned(found)
    for number, file in enumerate(album.unread()):
        album.identified(file.path, f"{number:064x}")
        album.record(Comparison("a" * 64, f"{number:064x}", 50.0, None, "", "test", ""))
        album.save()
    assert list(album.candidates()) == []
    album.stock()
    assert count(verdicts(album)).photos == files
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


def test_memory_does_not_grow_with_the_files(album: Album) -> None:
    """Files that are held take a kilobyte each, and more."""
    album.set_headshots("me", [Headshot("me", "a" * 64, "me.jpg", b"")])
    # pathlib keeps names in the interpreter's table, which is larger the more was run before, and grows by doubling.
    names = [sys.intern(f"{number:06}.jpg") for number in range(10_000)]
    few = peak(album, 1_000)
    assert peak(album, 10_000) < few + 4_000_000
    assert len(names) == 10_000  # they are held to the end


@pytest.mark.parametrize("back", [False, True], ids=["gone", "another one in its place"])
def test_a_disk_that_goes_away_while_it_is_scanned_takes_no_file_out_of_the_album(
    album: Album, folder: Path, monkeypatch: pytest.MonkeyPatch, *, back: bool
) -> None:
    for name in ("a.jpg", "b.jpg"):
        (folder / name).write_bytes(JPEG)
    take_in(folder, EVERYTHING, album, Progress())

    def unplugged(*asked: Any) -> Generator[Found, None, LeftOut]:
        found = scan(*asked)
        yield next(found)
        folder.rename(folder.with_name("unplugged"))
        if back:
            folder.mkdir()  # the mount point
        return (yield from found)

    monkeypatch.setattr("sortclient.intake.scan", unplugged)
    with pytest.raises(InputError, match="went away"):
        take_in(folder, EVERYTHING, album, Progress())
    assert set(outcomes(album)) == {"a.jpg", "b.jpg"}


def test_files_behind_a_link_that_is_not_followed_any_more_are_not_taken_for_gone(
    album: Album, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sortclient.files.SETTLED_NS", 0)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "a.jpg").write_bytes(JPEG)
    (folder / "linked").symlink_to(elsewhere)
    following = Selection(follow_links=True)
    take_in(folder, following, album, Progress())
    album.identified("linked/a.jpg", "a" * 64)
    assert album.behind_links() == 0
    take_in(folder, EVERYTHING, album, Progress())
    assert album.behind_links() == 1
    elsewhere.rename(tmp_path / "unplugged")
    take_in(folder, following, album, Progress())
    assert album.behind_links() == 1
    (folder / "linked").unlink()
    take_in(folder, following, album, Progress())
    assert album.behind_links() == 0
    assert album.digests_gone() == {bytes.fromhex("a" * 64)}


def test_a_file_that_was_touched_or_linked_to_and_has_its_bytes_keeps_its_verdicts(album: Album, folder: Path) -> None:
    """Also where the run is refused after the scan: no match is forgotten for that, or counted in the price."""
    colours = {"same.jpg": "red", "linked.png": "green", "original.jpg": "teal", "other.jpg": "blue"}
    for name, colour in colours.items():
        picture(folder / name, colour)
    take_in(folder, EVERYTHING, album, Progress())
    for name in ("same.jpg", "linked.png", "other.jpg"):
        album.identified(name, analysis_digest((folder / name).read_bytes()), "")
    sent_as_it_is = plain_original(folder / "original.jpg")
    assert sent_as_it_is is not None
    album.identified("original.jpg", sent_as_it_is.digest, "")
    before = {entry.path: entry.digest for entry in album.entries()}
    os.utime(folder / "same.jpg", ns=(1, 1))
    os.utime(folder / "original.jpg", ns=(1, 1))
    (folder.parent / "link.png").hardlink_to(folder / "linked.png")
    picture(folder / "other.jpg", "black")
    take_in(folder, EVERYTHING, album, Progress())
    assert {entry.path: entry.digest for entry in album.entries()} == before | {"other.jpg": None}
    assert album.stock().unread == 1


def test_a_file_that_cannot_be_read_any_more_is_left_to_whoever_says_why(
    album: Album, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture(folder / "a.jpg")
    take_in(folder, EVERYTHING, album, Progress())
    album.identified("a.jpg", "a" * 64, "2019-06-30T18:00:00")
    os.utime(folder / "a.jpg", ns=(1, 1))

    def refused(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refused)
    take_in(folder, EVERYTHING, album, Progress())
    (entry,) = album.entries()
    assert (entry.digest, entry.outcome, entry.taken) == (None, None, "")
