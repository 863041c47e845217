"""A second sync over the first one: what stands, what follows a photo that has changed, what is left to its owner."""

from __future__ import annotations

import os
from pathlib import Path
from shutil import copyfile

import pytest

from photosort.comparison import Comparison
from sortclient.album import Album
from sortclient.catalog import Catalog
from sortclient.model import Headshot, Outcome, Rejection
from sortclient.outputs import Output
from sortclient.photos.scan import scan
from sortclient.sync import Synchronised, sync
from tests.unit.test_sync import below, digest_of, put

TIME = 10**18  # ns


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "Matches"


@pytest.fixture
def once(album: Album, folder: Path, out: Path) -> Path:
    """One match, synced; returns its copy."""
    put(album, folder, "one.jpg", 90)
    sync(album, Output(out))
    return out / "me" / "one.jpg"


def test_a_match_replaced_by_another_match_is_copied_over_the_first(
    album: Album, folder: Path, out: Path, once: Path
) -> None:
    put(album, folder, "one.jpg", 85, content=b"another picture of me")
    assert sync(album, Output(out)) == Synchronised(renewed=1)
    assert below(out) == {"me/one.jpg": b"another picture of me"}


def test_a_copy_that_somebody_deleted_comes_back(album: Album, out: Path, once: Path) -> None:
    once.unlink()
    assert sync(album, Output(out)) == Synchronised(added=1)
    assert below(out) == {"me/one.jpg": b"one.jpg"}


def test_a_retouched_copy_stays_when_its_photo_is_replaced(album: Album, folder: Path, out: Path, once: Path) -> None:
    once.write_bytes(b"retouched by hand")
    put(album, folder, "one.jpg", 85, content=b"another picture of me")
    sync(album, Output(out))
    assert below(out) == {"me/one.jpg": b"retouched by hand", "me/one (2).jpg": b"another picture of me"}


def test_a_copy_changed_to_the_same_size_is_somebodys(album: Album, out: Path, once: Path) -> None:
    once.write_bytes(b"ONE.JPG")
    os.utime(once, ns=(TIME, TIME))
    album.set_threshold(95)
    assert sync(album, Output(out)) == Synchronised(kept=1)
    assert below(out) == {"me/one.jpg": b"ONE.JPG"}


def test_an_original_changed_to_the_same_size_is_no_match_to_copy(album: Album, folder: Path, out: Path) -> None:
    put(album, folder, "one.jpg", 90)
    (folder / "one.jpg").write_bytes(b"ONE.JPG")
    os.utime(folder / "one.jpg", ns=(TIME, TIME))
    assert sync(album, Output(out)) == Synchronised(missing=1)


def test_a_foreign_file_of_the_same_size_and_time_is_not_taken_for_ours(album: Album, folder: Path, out: Path) -> None:
    put(album, folder, "one.jpg", 90)
    (out / "me").mkdir(parents=True)
    (out / "me/one.jpg").write_bytes(b"ONE.JPG")
    status = (folder / "one.jpg").stat()
    os.utime(out / "me/one.jpg", ns=(status.st_atime_ns, status.st_mtime_ns))
    sync(album, Output(out))
    assert below(out) == {"me/one.jpg": b"ONE.JPG", "me/one (2).jpg": b"one.jpg"}


def test_without_folders_of_people_the_one_copy_is_left_in_place(album: Album, folder: Path, out: Path) -> None:
    put(album, folder, "one.jpg", 90, 85)
    assert sync(album, Output(out, "{path}")) == Synchronised(added=1, standing=1)
    album.set_threshold(87)  # `you` is no match any more, `me` still is
    assert sync(album, Output(out, "{path}")) == Synchronised(standing=1)


def test_people_whose_names_differ_in_case_have_a_copy_each(album: Album, folder: Path, out: Path) -> None:
    put(album, folder, "one.jpg", 90)
    album.set_headshots("Me", [Headshot("Me", "c" * 64, "Me.jpg", b"")])
    album.record(Comparison("c" * 64, digest_of("one.jpg"), 90, None, "", "test", ""))
    assert sync(album, Output(out)) == Synchronised(added=2)
    assert len({name.casefold() for name in below(out)}) == 2


def test_a_number_is_free_of_our_copies_and_of_foreign_files(album: Album, folder: Path, out: Path) -> None:
    names = ("ONE.jpg", "One.jpg", "one.jpg")
    for name in names:
        put(album, folder, name, 90)
    (out / "me").mkdir(parents=True)
    (out / "me" / "One (2).jpg").write_bytes(b"not ours")
    assert sync(album, Output(out)) == Synchronised(added=3)
    found = below(out)
    assert found.pop("me/One (2).jpg") == b"not ours"
    assert sorted(found.values()) == [b"ONE.jpg", b"One.jpg", b"one.jpg"]
    assert len({name.casefold() for name in found}) == 3


def test_the_output_folder_itself_and_what_others_put_there_stay(album: Album, out: Path, once: Path) -> None:
    album.set_threshold(95)
    sync(album, Output(out))
    assert out.is_dir()
    assert list(out.iterdir()) == []


def test_an_earlier_output_is_left_as_it_was(album: Album, folder: Path, out: Path, once: Path, tmp_path: Path) -> None:
    """Each output folder has a memory of its own."""
    elsewhere = tmp_path / "Elsewhere"
    assert sync(album, Output(elsewhere)) == Synchronised(added=1)
    assert below(out) == below(elsewhere) == {"me/one.jpg": b"one.jpg"}
    album.scanned(scan(folder))
    assert sync(album, Output(out)) == Synchronised(standing=1)


@pytest.mark.parametrize("outcome", [Outcome.UNREADABLE, Outcome.NOT_A_PHOTO])
def test_a_copy_stays_when_its_photo_cannot_be_read(album: Album, out: Path, once: Path, outcome: Outcome) -> None:
    """A disk that fails, a file that was emptied: the copy may be the last one."""
    album.rejected("one.jpg", Rejection(outcome, "reason"))
    for _ in range(2):
        assert sync(album, Output(out)) == Synchronised(undecided=1)
    assert below(out) == {"me/one.jpg": b"one.jpg"}


def test_a_copy_stays_when_nobody_may_look_at_its_photo(
    album: Album, out: Path, once: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that was locked after it was scanned stops no other match."""

    def refused(path: Path, *_: object, **__: object) -> bool:
        raise PermissionError(13, "Permission denied", str(path))

    album.set_threshold(95)
    monkeypatch.setattr(Path, "exists", refused)
    monkeypatch.setattr("os.access", lambda path, _: path == out)
    assert sync(album, Output(out)) == Synchronised(orphaned=1)


def test_a_copy_stays_until_another_headshot_has_decided(album: Album, out: Path, once: Path) -> None:
    album.set_headshots("me", [Headshot("me", "c" * 64, "me too.jpg", b"")])
    assert sync(album, Output(out)) == Synchronised(undecided=1)
    album.record(Comparison("c" * 64, digest_of("one.jpg"), 10, None, "", "test", ""))
    assert sync(album, Output(out)) == Synchronised(removed=1)


def test_a_replacement_that_a_killed_run_did_not_record_is_not_made_twice(
    album: Album, folder: Path, out: Path, once: Path
) -> None:
    put(album, folder, "one.jpg", 85, content=b"another picture of me")
    once.write_bytes(b"another picture of me")
    sync(album, Output(out))
    assert below(out) == {"me/one.jpg": b"another picture of me"}


def test_another_layout_and_back_a_copy_is_still_ours(album: Album, out: Path, once: Path, tmp_path: Path) -> None:
    """The layout that is remembered is the one of the last sync, wherever that went."""
    sync(album, Output(tmp_path / "Elsewhere", "{path}"))
    assert sync(album, Output(out)) == Synchronised(standing=1)
    album.set_threshold(95)
    assert sync(album, Output(out)) == Synchronised(removed=1)


def test_a_copy_that_somebody_touched_is_not_ours_in_another_layout(album: Album, out: Path, once: Path) -> None:
    os.utime(once, ns=(TIME, TIME))
    assert sync(album, Output(out, "Photos/{path}")) == Synchronised(added=1, kept=1)
    assert sync(album, Output(out)) == Synchronised(standing=1, removed=1)
    album.set_threshold(95)
    assert sync(album, Output(out)) == Synchronised()
    assert below(out) == {"me/one.jpg": b"one.jpg"}


def test_what_stood_there_before_stays_when_it_is_no_match_any_more(album: Album, folder: Path, out: Path) -> None:
    put(album, folder, "one.jpg", 90)
    (out / "me").mkdir(parents=True)
    (out / "me/one.jpg").write_bytes(b"one.jpg")
    sync(album, Output(out))
    album.set_threshold(95)
    assert sync(album, Output(out)) == Synchronised()
    assert below(out) == {"me/one.jpg": b"one.jpg"}


def test_two_albums_never_write_the_same_file(
    catalog: Catalog, album: Album, folder: Path, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Runs on two albums may bring photos of one name to one place at the same time."""
    written: list[str] = []
    monkeypatch.setattr("shutil.copyfile", lambda source, part: (written.append(part.name), copyfile(source, part)))
    other_folder = tmp_path / "Other"
    other = catalog.open_album("Other", other_folder, "this machine")
    for one, place in ((album, folder), (other, other_folder)):
        put(one, place, "one.jpg", 90)
        sync(one, Output(out, "{path}"))
        (out / "one.jpg").unlink()
    assert len(set(written)) == 2


def test_the_clouds_smaller_copy_gives_way_to_the_original_once_that_can_be_had(
    album: Album, folder: Path, out: Path
) -> None:
    put(album, folder, "one.jpg", 90)
    away = folder.with_name("away")
    folder.rename(away)
    fetched = {digest_of("one.jpg"): b"small"}
    assert sync(album, Output(out), fetched.get) == Synchronised(added=1, copies=1)
    assert below(out) == {"me/one.jpg": b"small"}
    away.rename(folder)
    assert sync(album, Output(out), fetched.get) == Synchronised(renewed=1)
    assert below(out) == {"me/one.jpg": b"one.jpg"}
    assert sync(album, Output(out), fetched.get) == Synchronised(standing=1)


def test_what_a_sync_did_is_saved_as_it_is_done(album: Album, folder: Path, out: Path, tmp_path: Path) -> None:
    """A run may be killed: what it has put there must be known to be its own."""
    file = tmp_path / "data" / "catalog.sqlite"

    def known() -> set[str]:
        with Catalog(file) as another:
            found = another.find_album("Images")
            assert found is not None
            return {path for _, path in found.synced(out)}

    for name in ("a.jpg", "b.jpg"):
        put(album, folder, name, 90)
    album.save()
    seen: list[set[str]] = []
    sync(album, Output(out), show=lambda *_: seen.append(known()))
    assert seen == [set(), {"a.jpg"}]
    album.set_threshold(95)
    sync(album, Output(out))  # one that only removes
    assert known() == set()


def test_photos_of_one_name_out_of_different_folders_have_a_copy_each(album: Album, folder: Path, out: Path) -> None:
    for name in ("a/one.jpg", "b/one.jpg"):
        put(album, folder, name, 90)
    assert sync(album, Output(out, "{name}")) == Synchronised(added=2)
    assert below(out) == {"one.jpg": b"a/one.jpg", "one (2).jpg": b"b/one.jpg"}
    assert sync(album, Output(out, "{name}")) == Synchronised(standing=2)


def test_a_layout_with_the_word_and_not_the_name_of_a_person_has_one_copy(
    album: Album, folder: Path, out: Path
) -> None:
    put(album, folder, "one.jpg", 90, 90)
    assert sync(album, Output(out, "a person/{path}")) == Synchronised(added=1, standing=1)
    assert set(below(out)) == {"a person/one.jpg"}


def test_another_layout_leaves_what_stood_there_before_in_its_place(album: Album, folder: Path, out: Path) -> None:
    put(album, folder, "one.jpg", 90)
    (out / "me").mkdir(parents=True)
    (out / "me/one.jpg").write_bytes(b"one.jpg")
    sync(album, Output(out))
    assert sync(album, Output(out, "{path}")) == Synchronised(added=1)
    assert below(out) == {"me/one.jpg": b"one.jpg", "one.jpg": b"one.jpg"}


def test_another_layout_brings_the_photo_that_replaced_the_first_not_its_old_copy(
    album: Album, folder: Path, out: Path, once: Path
) -> None:
    put(album, folder, "one.jpg", 90, content=b"two.jpg")  # of the same size
    assert sync(album, Output(out, "{path}")) == Synchronised(added=1, removed=1)
    assert below(out) == {"one.jpg": b"two.jpg"}
