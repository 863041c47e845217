"""Putting an original in its place as a copy, a hard link or a symbolic link; what stands there afterwards."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sortclient import placing
from sortclient.copies import Synced
from sortclient.model import Link
from sortclient.placing import NoLink, place_original, state_of

TIME = 10**18  # ns
LINKS = [Link.HARDLINK, Link.SYMLINK]


@pytest.fixture
def original(tmp_path: Path) -> Path:
    file = tmp_path / "Images" / "one.jpg"
    file.parent.mkdir()
    file.write_bytes(b"a picture of me")
    os.utime(file, ns=(TIME, TIME))
    return file


@pytest.fixture
def place(tmp_path: Path) -> Path:
    out = tmp_path / "Matches"
    out.mkdir()
    return out / "one.jpg"


def put(original: Path, place: Path, link: Link) -> Synced:
    """Place it; returns what a sync remembers of that."""
    place_original(original, place, place.with_name(".part"), link)
    status = place.lstat()
    size, time = (0, 0) if link is Link.SYMLINK else (status.st_size, status.st_mtime_ns)
    return Synced(place.name, "d" * 64, size, time, link=link)


# -- putting


@pytest.mark.parametrize("link", Link)
def test_the_picture_stands_in_its_place_and_nothing_beside_it(original: Path, place: Path, link: Link) -> None:
    for _ in range(2):
        put(original, place, link)
        assert place.read_bytes() == b"a picture of me"
        assert place.stat().st_mtime_ns == TIME
        assert list(place.parent.iterdir()) == [place]
    assert place.is_symlink() == (link is Link.SYMLINK)
    assert place.samefile(original) == (link is not Link.COPY)


@pytest.mark.parametrize("before", Link)
@pytest.mark.parametrize("link", Link)
def test_another_form_takes_the_place_and_leaves_the_original(
    original: Path, place: Path, before: Link, link: Link
) -> None:
    """What is written must never go through a link that stands there."""
    put(original, place, before)
    other = original.with_name("two.jpg")
    other.write_bytes(b"another picture")
    put(other, place, link)
    assert place.read_bytes() == b"another picture"
    assert original.read_bytes() == b"a picture of me"


@pytest.mark.parametrize("link", Link)
@pytest.mark.parametrize("left", Link)
def test_what_a_killed_run_left_beside_is_taken_away_and_not_written_through(
    original: Path, place: Path, link: Link, left: Link
) -> None:
    other = original.with_name("two.jpg")
    other.write_bytes(b"another picture")
    place_original(other, place.with_name(".part"), place.with_name("other part"), left)
    put(original, place, link)
    assert list(place.parent.iterdir()) == [place]
    assert other.read_bytes() == b"another picture"


def test_a_symbolic_link_is_absolute(
    original: Path, place: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    put(original.relative_to(tmp_path), place, Link.SYMLINK)
    assert place.readlink() == original


def test_of_a_photo_that_is_a_link_the_file_itself_is_hard_linked(original: Path, place: Path) -> None:
    linked = original.with_name("link.jpg")
    linked.symlink_to(original)
    copy = put(linked, place, Link.HARDLINK)
    assert not place.is_symlink()
    assert place.samefile(original)
    assert state_of(place, copy, linked) == "unchanged"


def refuse(monkeypatch: pytest.MonkeyPatch, link: Link, number: int, winerror: int | None = None) -> None:
    """The file system answers so to every such link."""

    def refused(part: Path, target: Path) -> None:
        error = OSError(number, os.strerror(number), str(target), None, str(part))
        if winerror is not None:
            error.winerror = winerror  # type: ignore[attr-defined, unused-ignore] # as only Windows has it
        raise error

    monkeypatch.setattr(Path, "hardlink_to" if link is Link.HARDLINK else "symlink_to", refused)


@pytest.mark.parametrize(
    ("link", "number", "winerror", "words"),
    [
        (Link.HARDLINK, errno.EXDEV, None, "different disks. Say --link copy or --link symlink."),
        (Link.HARDLINK, errno.EPERM, None, "does not allow it. Say --link copy or --link symlink."),
        (Link.HARDLINK, errno.EOPNOTSUPP, None, "the disk has none. Say"),
        (Link.HARDLINK, errno.EMLINK, None, "as many as its disk takes. Say"),
        (Link.SYMLINK, errno.EPERM, None, "symbolic links .* Say --link copy or --link hardlink."),
        (Link.SYMLINK, errno.EINVAL, 1314, "does not allow it. Say --link copy or --link hardlink."),
    ],
)
def test_a_link_that_cannot_be_is_one_line_that_names_the_way_out(
    original: Path,
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    link: Link,
    number: int,
    winerror: int | None,
    words: str,
) -> None:
    refuse(monkeypatch, link, number, winerror)
    with pytest.raises(NoLink, match=words) as told:
        put(original, place, link)
    assert "\n" not in str(told.value)
    assert list(place.parent.iterdir()) == []


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EINVAL])
def test_what_any_file_would_meet_is_no_matter_of_links(
    original: Path, place: Path, monkeypatch: pytest.MonkeyPatch, link: Link, number: int
) -> None:
    refuse(monkeypatch, link, number)
    with pytest.raises(OSError, match=os.strerror(number)):
        put(original, place, link)


# -- sharing blocks (Linux)

linux = pytest.mark.skipif(sys.platform != "linux", reason="FICLONE is Linux'")


def answer(monkeypatch: pytest.MonkeyPatch, number: int) -> list[int]:
    """The file system answers so to FICLONE; returns the requests that it got."""
    asked: list[int] = []

    def ioctl(_target: int, request: int, _source: int) -> int:
        asked.append(request)
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("fcntl.ioctl", ioctl)
    return asked


@linux
@pytest.mark.parametrize(
    "number", [errno.EOPNOTSUPP, errno.ENOTTY, errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EPERM, errno.EBADF]
)
def test_where_blocks_cannot_be_shared_they_are_copied(
    original: Path, place: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    asked = answer(monkeypatch, number)
    put(original, place, Link.COPY)
    assert asked == [0x40049409]
    assert place.read_bytes() == b"a picture of me"


@linux
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS])
def test_a_full_or_broken_disk_is_raised_with_the_name_of_the_file(
    original: Path, place: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    answer(monkeypatch, number)
    monkeypatch.setattr("shutil.copyfile", None)  # it is not asked
    with pytest.raises(OSError, match=os.strerror(number)) as told:
        put(original, place, Link.COPY)
    assert told.value.errno == number
    assert told.value.filename == str(place.with_name(".part"))
    assert list(place.parent.iterdir()) == []


def _mounted(tmp_path: Path, make: list[str]) -> Iterator[Path]:
    image, point = tmp_path / "disk", tmp_path / "mounted"
    with image.open("wb") as file:
        file.truncate(400 * 2**20)  # XFS takes no smaller one than 300 MB; it is sparse
    point.mkdir()
    if shutil.which(make[0]) is None:
        pytest.skip(f"{make[0]} is not installed")
    subprocess.run([*make, str(image)], check=True, capture_output=True)
    mounting = subprocess.run(
        ["mount", "-o", "loop", str(image), str(point)], check=False, capture_output=True, text=True
    )
    if mounting.returncode:
        pytest.skip(f"no disk can be mounted here: {mounting.stderr.strip()}")
    try:
        yield point
    finally:
        subprocess.run(["umount", str(point)], check=True)


@pytest.fixture(params=[["mkfs.btrfs", "-q"], ["mkfs.xfs", "-q", "-m", "reflink=1"]], ids=["btrfs", "xfs"])
def sharing(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A disk whose file system shares blocks."""
    yield from _mounted(tmp_path, request.param)


def _free(disk: Path) -> int:
    """Bytes, once everything is on the disk."""
    descriptor = os.open(disk, os.O_RDONLY)
    try:
        subprocess.run(["sync", "--file-system", str(disk)], check=True)
        status = os.fstatvfs(descriptor)
    finally:
        os.close(descriptor)
    return status.f_bfree * status.f_frsize


@linux
@pytest.mark.long
def test_on_a_real_disk_that_shares_blocks_a_copy_takes_no_room_and_is_a_file_of_its_own(
    sharing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = 40 * 2**20
    original, place = sharing / "one.jpg", sharing / "two.jpg"
    original.write_bytes(os.urandom(size))
    os.utime(original, ns=(TIME, TIME))
    before = _free(sharing)
    copy = put(original, place, Link.COPY)
    assert before - _free(sharing) < size / 20
    assert place.read_bytes() == original.read_bytes()
    assert place.stat().st_mtime_ns == TIME
    assert not place.samefile(original)
    assert state_of(place, copy) == "unchanged"

    with place.open("rb+") as file:
        file.write(b"retouched")
    assert original.read_bytes()[:9] != b"retouched"

    # What the measure says of a copy that is one.
    monkeypatch.setattr(placing, "_cloned", lambda *_: False)
    put(original, sharing / "three.jpg", Link.COPY)
    assert before - _free(sharing) > size * 0.9


@linux
@pytest.mark.long
def test_between_two_real_disks_there_are_copies_and_symbolic_links_and_no_hard_links(
    sharing: Path, original: Path
) -> None:
    with pytest.raises(NoLink, match="they are on different disks"):
        put(original, sharing / "one.jpg", Link.HARDLINK)
    for link in (Link.COPY, Link.SYMLINK):
        put(original, sharing / "one.jpg", link)
        assert (sharing / "one.jpg").read_bytes() == b"a picture of me"


@linux
@pytest.mark.long
@pytest.mark.parametrize("link", LINKS)
def test_a_real_disk_that_has_no_links_says_so(tmp_path: Path, link: Link) -> None:
    for disk in _mounted(tmp_path, ["mkfs.vfat"]):
        (disk / "one.jpg").write_bytes(b"a picture of me")
        with pytest.raises(NoLink, match="the disk has none"):
            put(disk / "one.jpg", disk / "two.jpg", link)
        put(disk / "one.jpg", disk / "two.jpg", Link.COPY)
        assert (disk / "two.jpg").read_bytes() == b"a picture of me"


# -- what stands there


@pytest.mark.parametrize("link", Link)
def test_what_was_put_there_is_unchanged_until_it_is_gone(original: Path, place: Path, link: Link) -> None:
    copy = put(original, place, link)
    assert state_of(place, copy, original) == "unchanged"
    place.unlink()
    assert state_of(place, copy, original) == "gone"


@pytest.mark.parametrize("link", Link)
def test_another_file_in_its_place_is_somebodys(original: Path, place: Path, link: Link) -> None:
    copy = put(original, place, link)
    place.unlink()
    place.write_bytes(b"retouched by hand")
    assert state_of(place, copy, original) == "changed"


@pytest.mark.parametrize("link", [Link.COPY, Link.HARDLINK])
@pytest.mark.parametrize("dead", [False, True])
def test_a_symbolic_link_where_a_file_was_put_is_somebodys(original: Path, place: Path, link: Link, dead: bool) -> None:
    """Also one that leads to a file of the same size and time."""
    copy = put(original, place, link)
    place.unlink()
    place.symlink_to(original.with_name("nowhere.jpg") if dead else original)
    assert state_of(place, copy, original) == "changed"


def test_a_copy_needs_no_original_to_be_known(original: Path, place: Path) -> None:
    copy = put(original, place, Link.COPY)
    assert state_of(place, copy) == "unchanged"
    os.utime(place, ns=(TIME + 1, TIME + 1))
    assert state_of(place, copy) == "changed"


def test_a_hard_link_whose_picture_was_changed_under_either_name_is_still_ours(original: Path, place: Path) -> None:
    """It is the original itself: to take the name away loses nothing."""
    copy = put(original, place, Link.HARDLINK)
    place.write_bytes(b"retouched by hand")
    assert original.read_bytes() == b"retouched by hand"
    assert state_of(place, copy, original) == "unchanged"


def test_a_hard_link_whose_original_was_replaced_or_is_away_is_known_by_size_and_time(
    original: Path, place: Path
) -> None:
    copy = put(original, place, Link.HARDLINK)
    original.unlink()
    assert state_of(place, copy, original) == "unchanged"
    original.write_bytes(b"a new picture under the old name")
    assert state_of(place, copy, original) == "unchanged"
    assert state_of(place, copy, None) == "unchanged"
    place.write_bytes(b"retouched by hand")
    assert state_of(place, copy, original) == "changed"
    assert state_of(place, copy, None) == "changed"


def test_a_symbolic_link_is_ours_also_while_the_disk_of_the_original_is_away(original: Path, place: Path) -> None:
    copy = put(original, place, Link.SYMLINK)
    original.unlink()
    assert state_of(place, copy, original) == "unchanged"


def test_a_symbolic_link_that_leads_elsewhere_is_somebodys(original: Path, place: Path) -> None:
    copy = put(original, place, Link.SYMLINK)
    other = original.with_name("two.jpg")
    other.write_bytes(b"another picture")
    place.unlink()
    place.symlink_to(other)
    assert state_of(place, copy, original) == "changed"
    assert state_of(place, copy, None) == "changed"


def test_the_symbolic_link_of_a_folder_that_moved_is_gone_and_made_anew(original: Path, place: Path) -> None:
    copy = put(original, place, Link.SYMLINK)
    moved = original.parent.rename(original.parent.with_name("Moved")) / original.name
    assert state_of(place, copy, moved) == "gone"
    assert state_of(place, put(moved, place, Link.SYMLINK), moved) == "unchanged"
    assert place.read_bytes() == b"a picture of me"


def test_a_symbolic_link_through_another_name_of_the_folder_is_ours(original: Path, place: Path) -> None:
    """The folder may be found by a link on one day, and by its own name on another."""
    copy = put(original, place, Link.SYMLINK)
    other = original.parent.with_name("Photos")
    other.symlink_to(original.parent)
    assert state_of(place, copy, other / original.name) == "unchanged"


def test_a_photo_that_was_moved_where_its_symbolic_link_stood_is_somebodys(original: Path, place: Path) -> None:
    """It leads to where the original leads, and is the only one there is."""
    copy = put(original, place, Link.SYMLINK)
    original.rename(place)
    original.symlink_to(place)
    assert state_of(place, copy, original) == "changed"
