"""What the output folder refuses: one name, one folder, or everything."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest

from sortclient import sync as module
from sortclient.album import Album
from sortclient.comparer import NothingElsewhere
from sortclient.errors import SortError
from sortclient.later import synchronise
from sortclient.outputs import Output, OutputWish
from sortclient.run import EXIT_UNSETTLED
from sortclient.sync import sync
from tests.unit.test_sync import below, put


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "Matches"


@pytest.fixture
def three(album: Album, folder: Path) -> Album:
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        put(album, folder, name, 90)
    return album


def refuse(monkeypatch: pytest.MonkeyPatch, name: str, number: int) -> None:
    """The file system answers so to every write of this name."""
    copy = shutil.copyfile

    def guarded(source: Path, target: Path) -> object:
        if name in target.name:
            raise OSError(number, os.strerror(number), str(target))
        return copy(source, target)

    monkeypatch.setattr("shutil.copyfile", guarded)


@pytest.mark.parametrize("number", [errno.EINVAL, errno.EACCES, errno.ENAMETOOLONG, errno.EIO])
def test_what_is_refused_to_one_match_stops_no_other(
    three: Album, out: Path, number: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as patch:
        refuse(patch, "b.jpg", number)
        assert synchronise(three, NothingElsewhere(), OutputWish(out), None) == EXIT_UNSETTLED
    told = capsys.readouterr().err
    assert "2 new, 0 removed" in told
    assert "1 could not be written" in told
    assert os.strerror(number) in told
    assert set(below(out)) == {"me/a.jpg", "me/c.jpg"}
    assert synchronise(three, NothingElsewhere(), OutputWish(out), None) == 0
    assert set(below(out)) == {"me/a.jpg", "me/b.jpg", "me/c.jpg"}


def test_a_folder_that_cannot_be_made_costs_its_own_matches_only(album: Album, folder: Path, out: Path) -> None:
    put(album, folder, "one.jpg", 90, 90)
    out.mkdir()
    (out / "me").write_text("somebody's file where the folder of a person should be")
    done = sync(album, Output(out))
    assert (done.added, done.refused) == (1, 1)
    assert str(out / "me") in done.refusal
    assert set(below(out)) == {"me", "you/one.jpg"}


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
def test_a_full_disk_stops_at_once(three: Album, out: Path, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse(monkeypatch, "b.jpg", number)
    with pytest.raises(SortError, match=os.strerror(number)):
        sync(three, Output(out))
    assert set(below(out)) == {"me/a.jpg"}


def test_an_output_folder_that_nobody_may_write_to_stops_at_once(
    three: Album, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out.mkdir()
    refuse(monkeypatch, ".jpg", errno.EACCES)
    monkeypatch.setattr("os.access", lambda *_: False)  # a superuser may write everywhere
    with pytest.raises(SortError, match="Permission denied"):
        sync(three, Output(out))


def test_a_copy_that_cannot_be_removed_is_tried_again(three: Album, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sync(three, Output(out))
    three.set_threshold(95)
    unlink = Path.unlink

    def guarded(path: Path, missing_ok: bool = False) -> None:
        if path.name == "b.jpg":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        unlink(path, missing_ok)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", guarded)
        done = sync(three, Output(out))
        assert (done.removed, done.refused) == (2, 1)
        assert done.incomplete
    assert sync(three, Output(out)).removed == 1
    assert below(out) == {}


def test_bytes_reach_the_disk_before_their_name_does(three: Album, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    happened: list[str] = []
    flush, rename = os.fsync, Path.replace
    monkeypatch.setattr(module.os, "fsync", lambda file: (happened.append("flushed"), flush(file))[1])
    monkeypatch.setattr(Path, "replace", lambda part, place: (happened.append("named"), rename(part, place))[1])
    sync(three, Output(out))
    assert happened == ["flushed", "named"] * 3


def test_the_rest_of_a_killed_run_is_taken_away(three: Album, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is read-only where the original is, and was cut off."""
    (out / "me").mkdir(parents=True)
    parts: list[Path] = []
    copy = shutil.copyfile

    def remembered(source: Path, part: Path) -> object:
        parts.append(part)
        return copy(source, part)

    monkeypatch.setattr("shutil.copyfile", remembered)
    sync(three, Output(out))
    for part in parts:
        part.write_bytes(b"hal")
        part.chmod(0o400)
        (out / "me" / part.name.split(".")[1]).with_suffix(".jpg").unlink()
    sync(three, Output(out))
    assert below(out) == {"me/a.jpg": b"a.jpg", "me/b.jpg": b"b.jpg", "me/c.jpg": b"c.jpg"}


def test_a_file_system_without_permissions_takes_copies_and_their_times(
    three: Album, folder: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def chmod(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    with monkeypatch.context() as patch:
        patch.setattr("os.chmod", chmod)
        assert sync(three, Output(out)).added == 3
    assert (out / "me/a.jpg").stat().st_mtime_ns == (folder / "a.jpg").stat().st_mtime_ns


def test_progress_counts_the_matches(three: Album, out: Path) -> None:
    seen: list[tuple[int, int]] = []
    sync(three, Output(out), show=lambda done, total: seen.append((done, total)))
    assert seen == [(0, 3), (1, 3), (2, 3)]


def test_the_same_bytes_are_copied_under_each_of_their_names(album: Album, folder: Path, out: Path) -> None:
    for name in ("one.jpg", "sub/one.jpg", "two.jpg"):
        put(album, folder, name, 90, content=b"the same")
    for name in ("one.jpg", "sub/one.jpg", "two.jpg"):
        album.identified(name, b"the same".hex().ljust(64, "0"))
    assert sync(album, Output(out)).added == 3
    assert set(below(out)) == {"me/one.jpg", "me/sub/one.jpg", "me/two.jpg"}


def test_the_first_refusal_is_the_one_that_is_told(three: Album, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse(monkeypatch, ".jpg", errno.EINVAL)
    done = sync(three, Output(out))
    assert (done.refused, "a.jpg" in done.refusal) == (3, True)
