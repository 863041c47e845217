"""`tune` and `correct`."""

from __future__ import annotations

from pathlib import Path

import pytest

from photosort.comparison import Thresholds
from sortclient.album import Album
from sortclient.catalog import Catalog
from sortclient.model import Headshot
from sortclient.photos.scan import scan
from tests.unit.cli.command import Command, copies, succeeded
from tests.unit.test_sync import digest_of, put


def test_a_threshold_is_the_albums_or_one_persons(command: Command, known: Album, out: Path) -> None:
    assert "2 matches" in succeeded(command("tune", "Images", "--threshold", "87")).err
    assert copies(out) == {"me/mine.jpg", "me/both.jpg"}
    succeeded(command("tune", "Images", "--person", "you", "--threshold", "85"))
    assert known.thresholds == Thresholds(87, {"you": 85})
    assert copies(out) == {"me/mine.jpg", "me/both.jpg", "you/both.jpg"}
    succeeded(command("tune", "--person", "you", "--reset"))
    assert known.thresholds == Thresholds(87)
    assert copies(out) == {"me/mine.jpg", "me/both.jpg"}


def test_a_threshold_is_kept_as_the_table_can_hold_it(command: Command, known: Album) -> None:
    succeeded(command("tune", "Images", "--threshold", "87.123456789"))
    assert known.thresholds.album == 87.1235
    for edge in ("0", "100"):
        succeeded(command("tune", "Images", "--threshold", edge))
        assert known.thresholds.album == float(edge)


def test_showing_a_threshold_moves_nothing(command: Command, known: Album, out: Path) -> None:
    told = succeeded(command("tune", "Images", "--person", "you", "--show"))
    assert told.out.splitlines()[0].split() == ["threshold", "you"]
    assert "       80       *1" in told.out.splitlines()
    assert succeeded(command("tune", "Images", "--show")).out.splitlines()[0].split() == ["threshold", "me", "you"]
    assert not out.exists()


def test_where_too_little_was_said_the_photos_of_that_person_are_listed(command: Command, known: Album) -> None:
    told = command("tune", "Images", "--person", "you", "--suggest")
    assert told.status == 2
    assert [line.split()[2:] for line in told.out.splitlines()[1:]] == [
        ["you", "both.jpg"],
        ["you", "none.jpg"],
        ["you", "mine.jpg"],
    ]


def test_what_is_open_is_status_3_also_of_a_threshold_and_a_name(command: Command, known: Album) -> None:
    known.set_headshots("you", [Headshot("you", "c" * 64, "new.jpg", b"")])
    known.save()
    for arguments in (["tune", "--threshold", "85"], ["people", "rename", "me", "Ana"], ["sync"], ["status"]):
        assert command(*arguments).status == 3


def test_what_is_said_moves_the_copies_and_can_be_taken_back(
    command: Command, known: Album, out: Path, folder: Path
) -> None:
    succeeded(command("sync", "Images"))
    told = succeeded(command("correct", "Images", "mine.jpg", folder / "both.jpg", "--person", "me", "--is-not"))
    assert told.err.splitlines()[0] == "Said of 2 photos; the same bytes under other names count with them."
    assert "The cloud" not in told.err
    assert copies(out) == {"you/both.jpg"}
    succeeded(command("correct", "Images", "none.jpg", "--person", "me", "--is"))
    assert copies(out) == {"you/both.jpg", "me/none.jpg"}
    succeeded(command("correct", "Images", "none.jpg", "mine.jpg", "--person", "me", "--forget"))
    assert copies(out) == {"you/both.jpg", "me/mine.jpg"}
    assert known.corrected() == {("me", digest_of("both.jpg")): False}


def test_before_a_first_sync_correcting_makes_no_folder(command: Command, known: Album, out: Path) -> None:
    succeeded(command("correct", "Images", "none.jpg", "--person", "me", "--is"))
    assert not out.exists()
    assert known.corrected() == {("me", digest_of("none.jpg")): True}


def test_every_name_of_the_bytes_is_counted_and_none_twice(command: Command, known: Album, folder: Path) -> None:
    (folder / "twin.jpg").write_bytes(b"mine.jpg")
    known.scanned(scan(folder))
    known.identified("twin.jpg", digest_of("mine.jpg"))
    known.save()
    told = command("correct", "Images", "mine.jpg", "twin.jpg", "--person", "me", "--is")
    assert told.err.startswith("Said of 2 photos;")


def test_a_copy_that_cannot_follow_is_status_3(command: Command, known: Album, out: Path, folder: Path) -> None:
    succeeded(command("sync", "Images"))
    (folder / "none.jpg").unlink()
    told = command("correct", "Images", "none.jpg", "--person", "me", "--is")
    assert (told.status, "1 could not be copied" in told.err) == (3, True)


def test_a_correction_without_a_network_says_when_the_cloud_follows(
    command: Command, catalog: Catalog, folder: Path
) -> None:
    far = catalog.open_album("Far", folder, "a stack")
    put(far, folder, "one.jpg", 90)
    far.save()
    told = succeeded(command("correct", "Far", "one.jpg", "--person", "me", "--is-not"))
    assert "The cloud follows with the next `sortclient sync Far`" in told.err
    assert far.corrected() == {("me", digest_of("one.jpg")): False}


@pytest.mark.parametrize("arguments", ["tune Images --threshold 99", "people rename me Ana Images"])
def test_nothing_is_decided_where_the_output_folder_cannot_be_one(
    command: Command, known: Album, tmp_path: Path, arguments: str
) -> None:
    (tmp_path / "Matches").write_text("a file")
    known.set_out(tmp_path / "Matches")
    known.save()
    told = command(*arguments.split())
    assert told.status != 0
    assert "Matches is not a folder" in told.err
    assert (known.thresholds, known.people()) == (Thresholds(80), ["me", "you"])


def test_tuning_everybody_says_who_has_a_threshold_of_their_own(command: Command, known: Album) -> None:
    known.set_threshold(70, "you")
    known.save()
    line = "With thresholds of their own, as before: you (70)."
    assert line in command("tune", "Images", "--threshold", "90").err
    assert line not in command("tune", "Images", "--person", "me", "--threshold", "90").err
