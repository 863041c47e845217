"""Which files a folder holds, under which paths, and what of it is left out."""

from __future__ import annotations

import errno
import os
import socket
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

from sortclient.errors import InputError
from sortclient.model import Found
from sortclient.photos.scan import LeftOut, scan
from sortclient.photos.selection import EVERYTHING, Selection


def put(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"12345")


def paths(folder: Path, selection: Selection = EVERYTHING) -> list[str]:
    return [found.file.path for found in scan(folder, selection)]


def reasons(folder: Path, selection: Selection = EVERYTHING, out: Path | None = None) -> dict[str, str]:
    """The rejected: why, by path."""
    return {
        found.file.path: f"{found.rejection.outcome}: {found.rejection.detail}"
        for found in scan(folder, selection, [out] if out else [])
        if found.rejection is not None
    }


def left_out(folder: Path, selection: Selection) -> LeftOut:
    def drained() -> Iterator[Found]:
        told.append((yield from scan(folder, selection)))

    told: list[LeftOut] = []
    list(drained())
    return told[0]


def test_every_file_is_found_by_its_relative_path(folder: Path) -> None:
    put(folder, "b.jpg", "a/deep/er.png", "notes.txt", "with space, ü +%.jpg")
    found = [one.file for one in scan(folder)]
    assert [file.path for file in found] == ["a/deep/er.png", "b.jpg", "notes.txt", "with space, ü +%.jpg"]
    assert {file.size for file in found} == {5}
    assert all(file.location.is_file() for file in found)


def test_hidden_and_system_files_say_what_they_are(folder: Path) -> None:
    put(folder, "2019/.hidden.jpg", ".cache/deep/a.jpg", "._a.jpg", ".DS_Store", "x/THUMBS.DB", "y/@eaDir/b/c.jpg")
    put(folder, "a.jpg", ".git/@eaDir/d.jpg", "Icon\r")
    assert reasons(folder) == {
        "2019/.hidden.jpg": "not-a-photo: hidden file",
        ".cache/deep/a.jpg": "not-a-photo: hidden file: in .cache",
        "._a.jpg": "not-a-photo: system file: ._a.jpg",
        ".DS_Store": "not-a-photo: system file: .DS_Store",
        "x/THUMBS.DB": "not-a-photo: system file: THUMBS.DB",
        "y/@eaDir/b/c.jpg": "not-a-photo: system file: in @eaDir",
        ".git/@eaDir/d.jpg": "not-a-photo: hidden file: in .git",
        "Icon\\r": "not-a-photo: system file: Icon\\r",
    }


def test_a_hidden_folder_may_itself_be_the_album(tmp_path: Path) -> None:
    put(tmp_path / ".photos", "a.jpg")
    assert reasons(tmp_path / ".photos") == {}


def test_links_lead_to_files_and_say_why_they_do_not(folder: Path) -> None:
    put(folder, "real.jpg", "2019/b.jpg")
    (folder / "link.jpg").symlink_to("real.jpg")
    (folder / "dead.jpg").symlink_to("gone.jpg")
    (folder / "through.jpg").symlink_to("real.jpg/gone.jpg")
    (folder / "circle.jpg").symlink_to("circle.jpg")
    (folder / "loop").symlink_to(folder)
    assert paths(folder) == ["2019/b.jpg", "circle.jpg", "dead.jpg", "link.jpg", "loop", "real.jpg", "through.jpg"]
    assert reasons(folder) == {
        "circle.jpg": "not-a-photo: link: leads in a circle",
        "dead.jpg": "not-a-photo: link: leads to nothing",
        "through.jpg": "not-a-photo: link: leads to nothing",
        "loop": "not-a-photo: link: leads to a folder; --follow-links enters it",
    }
    (link,) = [found.file for found in scan(folder) if found.file.path == "link.jpg"]
    assert link.size == 5  # of what it leads to


def test_followed_links_enter_each_folder_once_and_real_ones_first(folder: Path, tmp_path: Path) -> None:
    put(folder, "z/real.jpg")
    put(tmp_path / "elsewhere", "b.jpg", "deep/c.jpg")
    (folder / "a").symlink_to(folder / "z")
    (folder / "c").symlink_to(tmp_path / "elsewhere")
    (folder / "d").symlink_to(tmp_path / "elsewhere" / "deep")
    (tmp_path / "elsewhere" / "back").symlink_to(folder)
    (folder / "up").symlink_to(tmp_path)
    put(tmp_path / "Matches", "me/z/real.jpg")
    follow = Selection(follow_links=True)
    found = list(scan(folder, follow, [tmp_path / "Matches"]))
    assert [one.file.path for one in found if one.rejection is None] == ["z/real.jpg", "c/b.jpg", "c/deep/c.jpg"]
    already = "not-a-photo: link: leads to a folder that is part of the album already"
    assert reasons(folder, follow, tmp_path / "Matches") == {
        "a": already,
        "d": already,
        "up/Images": already,
        "up/Matches": "not-a-photo: link: leads to the output folder",
        "up/elsewhere": already,
        "c/back": already,
    }
    assert all(one.file.location.is_file() for one in found if one.rejection is None)


def test_pipes_and_sockets_are_told_and_not_opened(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(folder / "pipe.jpg")
    (folder / "link.jpg").symlink_to("pipe.jpg")
    (folder / "null.jpg").symlink_to(os.devnull)
    monkeypatch.chdir(folder)  # a socket's name is short
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind("socket.jpg")
        assert reasons(folder) == {
            "link.jpg": "not-a-photo: special file: pipe",
            "null.jpg": "not-a-photo: special file: device",
            "pipe.jpg": "not-a-photo: special file: pipe",
            "socket.jpg": "not-a-photo: special file: socket",
        }


def test_what_cannot_be_looked_at_says_why_and_is_tried_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A locked folder (the tests may run as root, for whom none is), and one that vanishes as it is entered.

    What systems lock for themselves has lost nothing by it.
    """
    put(folder, "locked/inside.jpg", "vanishing/inside.jpg", "real.jpg", "System Volume Information/x", ".Trashes/x")
    listed = Path.iterdir

    def refusing(place: Path) -> Iterator[Path]:
        if place.name in ("locked", "System Volume Information", ".Trashes"):
            raise PermissionError(errno.EACCES, "Permission denied", str(place))
        if place.name == "vanishing":
            raise FileNotFoundError(errno.ENOENT, "No such file or directory", str(place))
        return listed(place)

    monkeypatch.setattr(Path, "iterdir", refusing)
    assert paths(folder) == [".Trashes", "System Volume Information", "locked", "real.jpg"]
    assert reasons(folder) == {
        ".Trashes": "not-a-photo: system file: .Trashes",
        "System Volume Information": "not-a-photo: system file: System Volume Information",
        "locked": "unreadable: cannot be looked at: Permission denied",
    }
    assert [one.rejection.lasting for one in scan(folder) if one.rejection] == [True, True, False]


@pytest.fixture
def deep(folder: Path) -> Iterator[Path]:
    """Folders in folders, 4,200 bytes of path. Python's own way of removing them is not deep enough."""
    here = os.open(folder, os.O_RDONLY)
    for _ in range(1400):
        os.mkdir("dd", dir_fd=here)
        inner = os.open("dd", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)
    yield folder
    while (folder / "dd" / "dd").exists():
        (folder / "dd" / "dd").rename(folder / "inner")
        (folder / "dd").rmdir()
        (folder / "inner").rename(folder / "dd")


def test_folders_can_be_nested_deeper_than_calls_and_than_paths_can_be_long(deep: Path) -> None:
    (found,) = scan(deep)
    assert found.file.path.count("/") + 1 > sys.getrecursionlimit()
    assert found.rejection is not None
    assert found.rejection.detail == "cannot be looked at: its path is too long for this system"


def test_which_folder_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere"):
        list(scan(tmp_path / "nowhere"))


def test_each_spelling_of_a_name_has_its_own_path(folder: Path) -> None:
    for form in ("NFC", "NFD"):
        put(folder, f"{unicodedata.normalize(form, 'é')}/{unicodedata.normalize(form, 'ü')}.jpg")  # type: ignore[arg-type]
    assert sorted(paths(folder)) == ["é (2)/ü.jpg", "é/ü.jpg"]
    (folder / "caf\\xe9.jpg").write_bytes(b"its own name")
    (folder / os.fsdecode(b"caf\xe9.jpg")).write_bytes(b"not UTF-8")
    assert {"caf\\xe9.jpg", "caf\\xe9 (2).jpg"} <= set(paths(folder))


@pytest.mark.parametrize(
    ("selection", "kept"),
    [
        (Selection(), ["2019/a.jpg", "2019/b/c.JPG", "2020/2019.png", "d.jpg", "é [1].jpg"]),
        (Selection(include=("*.jpg",)), ["2019/a.jpg", "2019/b/c.JPG", "d.jpg", "é [1].jpg"]),
        (Selection(include=("2019/",)), ["2019/a.jpg", "2019/b/c.JPG"]),
        (Selection(include=("2019/*",), exclude=("b",)), ["2019/a.jpg"]),
        (Selection(include=("*.png", "D.jpg")), ["2020/2019.png", "d.jpg"]),
        (Selection(include=("/*.jpg",)), ["d.jpg", "é [1].jpg"]),
        (Selection(include=("**/b/**",)), ["2019/b/c.JPG"]),
        (Selection(exclude=("*.jpg",)), ["2020/2019.png"]),
        (Selection(include=("*.jpg",), exclude=("*.jpg",)), []),
        (Selection(include=("É \\[1].*",)), ["é [1].jpg"]),
        (Selection(include=(unicodedata.normalize("NFD", "é*"),)), ["é [1].jpg"]),
        (Selection(exclude=("20??",)), ["d.jpg", "é [1].jpg"]),
    ],
)
def test_globs_select_as_in_a_gitignore_file(folder: Path, selection: Selection, kept: list[str]) -> None:
    put(folder, "2019/a.jpg", "2019/b/c.JPG", "2020/2019.png", "d.jpg", "é [1].jpg")
    assert paths(folder, selection) == kept


def test_excluded_folders_are_not_entered_and_what_is_left_out_is_counted(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(folder, "raw/a.jpg", "raw/b.jpg", "c.jpg", "d.png", ".hidden")
    entered = []
    listed = Path.iterdir

    def spy(place: Path) -> Iterator[Path]:
        entered.append(place)
        return listed(place)

    monkeypatch.setattr(Path, "iterdir", spy)
    assert left_out(folder, Selection(include=("*.jpg",), exclude=("raw",))) == LeftOut(files=2, folders=1)
    assert entered == [folder]


@pytest.mark.parametrize("pattern", ["", " ", "#a", "!*.jpg", "!", "a\\"])
@pytest.mark.parametrize("option", ["include", "exclude"])
def test_a_pattern_that_is_none_is_refused_in_one_line(option: str, pattern: str) -> None:
    with pytest.raises(InputError, match=f"^--{option} .*pattern") as refused:
        Selection(**{option: (pattern,)})
    assert "\n" not in str(refused.value)
