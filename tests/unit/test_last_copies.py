"""No photo is lost: not where a copy has become the photo itself, nor where it may be the last one there is."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sortclient.album import Album
from sortclient.comparer import NothingElsewhere
from sortclient.model import Link
from sortclient.outputs import Output
from sortclient.people import remove, rename
from sortclient.photos.scan import scan
from sortclient.question import Question, Who
from sortclient.sync import Synchronised, sync
from sortclient.undoing import Undone, last_manifest, removable, undo
from tests.unit.test_sync import below, digest_of, put


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "Matches"


def _tune(album: Album, out: Output) -> None:
    album.set_threshold(99)
    sync(album, out)


def _undo(album: Album, _: Output) -> None:
    undo(album, last_manifest(album))


def _remove(album: Album, _: Output) -> None:
    remove(album, "me", NothingElsewhere())


REMOVALS = pytest.mark.parametrize("take_away", [_tune, _undo, _remove])
FILES = pytest.mark.parametrize("link", [Link.COPY, Link.HARDLINK])


@REMOVALS
@FILES
def test_an_original_that_became_a_link_to_its_copy(
    album: Album, folder: Path, out: Path, link: Link, take_away: Callable[[Album, Output], None]
) -> None:
    """As tools leave it that look for duplicates."""
    put(album, folder, "one.jpg", 90)
    output = Output(out, link=link)
    sync(album, output)
    (folder / "one.jpg").unlink()
    (folder / "one.jpg").symlink_to(out / "me/one.jpg")
    take_away(album, output)
    assert (folder / "one.jpg").read_bytes() == b"one.jpg"


@REMOVALS
@FILES
def test_a_folder_of_matches_that_became_a_link_to_the_originals(
    album: Album, folder: Path, out: Path, link: Link, take_away: Callable[[Album, Output], None]
) -> None:
    put(album, folder, "one.jpg", 90)
    output = Output(out, link=link)
    sync(album, output)
    (out / "me/one.jpg").unlink()
    (out / "me").rmdir()
    (out / "me").symlink_to(folder)
    os.utime(folder / "one.jpg")  # whatever its time
    take_away(album, output)
    assert (folder / "one.jpg").read_bytes() == b"one.jpg"


def test_an_output_that_became_the_album(album: Album, folder: Path, out: Path) -> None:
    put(album, folder, "one.jpg", 90)
    sync(album, Output(out, "{path}"))
    (folder / "one.jpg").unlink()
    album.scanned(scan(out))  # as `--moved` does
    album.identified("one.jpg", digest_of("one.jpg"))
    assert undo(album, last_manifest(album)) == Undone(kept=1)
    assert below(out) == {"one.jpg": b"one.jpg"}


def test_undo_keeps_the_last_copy_also_after_the_photo_was_forgotten(album: Album, folder: Path, out: Path) -> None:
    put(album, folder, "one.jpg", 90)
    sync(album, Output(out))
    (folder / "one.jpg").unlink()
    album.scanned(scan(folder))
    album.forget_gone()
    assert list(removable(album, last_manifest(album))) == []
    assert undo(album, last_manifest(album)) == Undone(last=1)
    assert below(out) == {"me/one.jpg": b"one.jpg"}


def test_undo_keeps_the_copy_of_a_photo_whose_name_another_picture_took(album: Album, folder: Path, out: Path) -> None:
    """A camera that counts anew."""
    put(album, folder, "one.jpg", 90)
    sync(album, Output(out))
    (folder / "one.jpg").write_bytes(b"something else entirely")
    assert undo(album, last_manifest(album)) == Undone(last=1)
    assert below(out) == {"me/one.jpg": b"one.jpg"}


def test_a_link_is_not_put_in_the_place_of_the_only_content(album: Album, folder: Path, out: Path) -> None:
    put(album, folder, "one.jpg", 90)
    sync(album, Output(out))
    (folder / "one.jpg").unlink()
    (folder / "one.jpg").symlink_to(out / "me/one.jpg")
    for link in (Link.SYMLINK, Link.HARDLINK, Link.COPY):
        sync(album, Output(out, link=link))
        assert (folder / "one.jpg").read_bytes() == b"one.jpg"


def test_undo_removes_nothing_that_is_not_ours(album: Album, folder: Path, out: Path) -> None:
    put(album, folder, "one.jpg", 90)
    sync(album, Output(out))
    ((key, copy),) = album.synced(out).items()
    album.put_synced(out, *key, replace(copy, ours=False))  # somebody's own, in the place of one that was deleted
    assert undo(album, last_manifest(album)) == Undone(kept=1)
    assert below(out) == {"me/one.jpg": b"one.jpg"}


def test_undo_after_another_name_still_knows_its_files(album: Album, folder: Path, out: Path) -> None:
    put(album, folder, "one.jpg", 90)
    sync(album, Output(out))
    rename(album, "me", "Ana", NothingElsewhere())
    sync(album, Output(out))
    assert below(out) == {"Ana/one.jpg": b"one.jpg"}
    assert undo(album, last_manifest(album)) == Undone(removed=1)


def test_another_name_moves_the_copies_of_a_question_too(album: Album, folder: Path, out: Path) -> None:
    """Taking them away first would lose the one whose original has changed since."""
    put(album, folder, "both.jpg", 90, 90)
    sync(album, Output(out, question=Question(Who.ALL, ("me", "you"))))
    (folder / "both.jpg").write_bytes(b"edited since it was compared")
    rename(album, "me", "Ana", NothingElsewhere())
    assert sync(album, Output(out, question=Question(Who.ALL, ("Ana", "you")))) == Synchronised(moved=1)
    assert below(out) == {"Ana and you/both.jpg": b"both.jpg"}


def test_a_photo_of_two_people_in_one_place_stays_ours_when_it_is_replaced(
    album: Album, folder: Path, out: Path
) -> None:
    put(album, folder, "both.jpg", 90, 90)
    sync(album, Output(out, "{path}"))
    put(album, folder, "both.jpg", 90, 90, content=b"another picture of both")
    assert sync(album, Output(out, "{path}")) == Synchronised(renewed=1, standing=1)
    assert all(copy.ours for copy in album.synced(out).values())
    album.set_threshold(95)
    assert sync(album, Output(out, "{path}")).removed == 1


def test_a_copy_that_a_killed_run_had_moved_is_still_ours(album: Album, folder: Path, out: Path) -> None:
    put(album, folder, "one.jpg", 90)
    sync(album, Output(out))
    (out / "me/one.jpg").rename(out / "one.jpg")  # and the catalog was not told
    assert sync(album, Output(out, "{path}")) == Synchronised(standing=1)
    album.set_threshold(95)
    assert sync(album, Output(out, "{path}")) == Synchronised(removed=1)


def test_a_name_that_changes_its_case_moves_its_copies(album: Album, folder: Path, out: Path) -> None:
    put(album, folder, "one.jpg", 90)
    sync(album, Output(out))
    rename(album, "me", "Me", NothingElsewhere())
    assert sync(album, Output(out)) == Synchronised(moved=1)
    assert set(below(out)) == {"Me/one.jpg"}


def test_copies_of_people_whom_the_album_does_not_know_stay_and_are_counted(
    album: Album, folder: Path, out: Path
) -> None:
    """Another machine may have removed them, or their headshots have expired in the cloud."""
    put(album, folder, "one.jpg", 90)
    sync(album, Output(out))
    album.set_headshots("me", [])
    assert sync(album, Output(out)) == Synchronised(strangers=1)
    assert below(out) == {"me/one.jpg": b"one.jpg"}


def test_where_a_folder_of_matches_is_away_that_is_said_of_a_person_who_leaves(
    album: Album, folder: Path, out: Path
) -> None:
    put(album, folder, "one.jpg", 90)
    sync(album, Output(out))
    out.rename(out.with_name("unplugged"))
    assert remove(album, "me", NothingElsewhere())[0] == Synchronised(gone=1)


def test_a_folder_of_a_question_is_free_again_once_its_people_left(album: Album, folder: Path, out: Path) -> None:
    put(album, folder, "both.jpg", 90, 90)
    sync(album, Output(out, question=Question(Who.ALL, ("me", "you"))))
    remove(album, "me", NothingElsewhere())
    assert (album.output(out), album.synced(out), below(out)) == (None, {}, {})
