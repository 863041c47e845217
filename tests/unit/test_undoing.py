"""Undo removes exactly what the last sync added."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from photosort.comparison import Comparison
from sortclient.album import Album
from sortclient.catalog import Catalog
from sortclient.errors import InputError
from sortclient.model import Headshot, Link
from sortclient.outputs import Output
from sortclient.showing import show_undo
from sortclient.sync import Synchronised, sync
from sortclient.undoing import Undone, last_manifest, removable, undo
from tests.unit.test_sync import ME, below, digest_of, put


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "Matches"


def undo_last(album: Album) -> Undone:
    return undo(album, last_manifest(album))


def test_only_the_last_syncs_files_go_and_then_those_of_the_one_before(album: Album, folder: Path, out: Path) -> None:
    put(album, folder, "one.jpg", 90)
    put(album, folder, "sub/two.jpg", 90)
    sync(album, Output(out))
    put(album, folder, "three.jpg", 90)
    sync(album, Output(out))
    sync(album, Output(out))  # one that adds nothing
    assert list(removable(album, last_manifest(album))) == [out / "me/three.jpg"]
    assert undo_last(album) == Undone(removed=1)
    assert set(below(out)) == {"me/one.jpg", "me/sub/two.jpg"}
    assert undo_last(album) == Undone(removed=2)
    assert list(out.iterdir()) == []  # nor an empty folder
    with pytest.raises(InputError, match="nothing to undo"):
        undo_last(album)
    assert sync(album, Output(out)) == Synchronised(added=3)


def test_what_stood_there_before_is_not_of_the_sync(album: Album, folder: Path, out: Path) -> None:
    put(album, folder, "one.jpg", 90)
    put(album, folder, "two.jpg", 90)
    (out / "me").mkdir(parents=True)
    (out / "me/one.jpg").write_bytes(b"one.jpg")  # the same bytes, somebody's own copy
    (out / "me/notes.txt").write_bytes(b"mine")
    sync(album, Output(out))
    assert undo_last(album) == Undone(removed=1)
    assert set(below(out)) == {"me/one.jpg", "me/notes.txt"}


def test_files_changed_since_are_not_touched(album: Album, folder: Path, out: Path) -> None:
    for name in ("edited.jpg", "touched.jpg", "gone.jpg", "replaced.jpg", "as it was.jpg"):
        put(album, folder, name, 90)
    sync(album, Output(out))
    (out / "me/edited.jpg").write_bytes(b"retouched!")
    os.utime(out / "me/touched.jpg", ns=(1, 1))
    (out / "me/gone.jpg").unlink()
    (out / "me/replaced.jpg").unlink()
    (out / "me/replaced.jpg").symlink_to(folder / "replaced.jpg")
    assert undo_last(album) == Undone(removed=1, kept=3, gone=1)
    assert set(below(out)) == {"me/edited.jpg", "me/touched.jpg", "me/replaced.jpg"}


def test_copies_that_may_be_the_last_stay(album: Album, folder: Path, out: Path) -> None:
    put(album, folder, "one.jpg", 90)
    put(album, folder, "two.jpg", 90)
    sync(album, Output(out))
    (folder / "one.jpg").unlink()
    assert undo_last(album) == Undone(removed=1, last=1)
    assert below(out) == {"me/one.jpg": b"one.jpg"}


@pytest.mark.parametrize("link", [Link.HARDLINK, Link.SYMLINK])
def test_links_go_and_originals_stay(album: Album, folder: Path, out: Path, link: Link) -> None:
    put(album, folder, "one.jpg", 90)
    sync(album, Output(out, link=link))
    assert undo_last(album) == Undone(removed=1)
    assert (list(out.iterdir()), (folder / "one.jpg").read_bytes()) == ([], b"one.jpg")


def test_a_sync_that_was_stopped_can_be_undone(
    album: Album, folder: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        put(album, folder, name, 90)

    def show(done: int, _total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sync(album, Output(out), show=show)
    assert set(below(out)) == {"me/a.jpg", "me/b.jpg"}
    assert undo_last(album) == Undone(removed=2)


def test_an_undo_that_was_stopped_goes_on(
    album: Album, folder: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        put(album, folder, name, 90)
    sync(album, Output(out))
    unlink = Path.unlink

    def refused(path: Path, **options: bool) -> None:
        if path.name == "b.jpg":
            raise PermissionError(13, "Permission denied", str(path))
        unlink(path, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", refused)
        with pytest.raises(PermissionError):
            undo_last(album)
    assert undo_last(album) == Undone(removed=2)


def test_what_took_the_place_of_an_earlier_copy_was_not_added(album: Album, folder: Path, out: Path) -> None:
    """Undoing that would leave nothing where something stood before."""
    put(album, folder, "one.jpg", 90)
    sync(album, Output(out))
    put(album, folder, "one.jpg", 90, content=b"another picture")
    put(album, folder, "two.jpg", 90)
    sync(album, Output(out, link=Link.HARDLINK))
    assert undo_last(album) == Undone(removed=1)
    assert below(out) == {"me/one.jpg": b"another picture"}
    assert undo_last(album) == Undone(removed=1)
    assert below(out) == {}


def test_only_the_latest_manifests_are_kept(album: Album, folder: Path, out: Path) -> None:
    for number in range(25):
        put(album, folder, f"{number:02}.jpg", 90)
        sync(album, Output(out))
    undone = 0
    while album.last_manifest():
        undone += undo_last(album).removed
    assert undone == 20
    assert len(below(out)) == 5


def test_a_last_copy_that_is_gone_too_is_gone(album: Album, folder: Path, out: Path) -> None:
    put(album, folder, "one.jpg", 90)
    sync(album, Output(out))
    (folder / "one.jpg").unlink()
    (out / "me/one.jpg").unlink()
    assert undo_last(album) == Undone(gone=1)
    assert album.synced(out) == {}


def test_a_last_copy_stays_known_and_is_not_of_the_next_sync(album: Album, folder: Path, out: Path) -> None:
    put(album, folder, "one.jpg", 90)
    sync(album, Output(out))
    (folder / "one.jpg").rename(folder.parent / "aside.jpg")
    assert undo_last(album) == Undone(last=1)
    (folder.parent / "aside.jpg").rename(folder / "one.jpg")
    put(album, folder, "two.jpg", 90)
    album.identified("one.jpg", digest_of("one.jpg"))
    assert sync(album, Output(out)) == Synchronised(added=1, standing=1)
    assert undo_last(album) == Undone(removed=1)
    assert below(out) == {"me/one.jpg": b"one.jpg"}


def test_copies_of_photos_that_only_the_cloud_has_can_be_had_again_and_go(catalog: Catalog, out: Path) -> None:
    album = catalog.open_album("Far", None, "a stack")
    album.set_headshots("me", [Headshot("me", ME, "", b"")])
    album.adopt([(digest_of("one.jpg"), "one.jpg")])
    album.record(Comparison(ME, digest_of("one.jpg"), 90, None, "", "test", ""))
    sync(album, Output(out), lambda _: b"small")
    assert undo_last(album) == Undone(removed=1)
    assert below(out) == {}


def test_each_step_of_undoing_is_saved(
    album: Album, folder: Path, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.jpg", "b.jpg"):
        put(album, folder, name, 90)
    sync(album, Output(out))
    left: list[tuple[int, bool]] = []

    def look() -> None:
        with Catalog(tmp_path / "data" / "catalog.sqlite") as another:
            known = another.find_album("Images")
            assert known is not None
            left.append((len(known.synced(out)), known.last_manifest() is not None))

    unlink = Path.unlink

    def looking(path: Path, **options: bool) -> None:
        look()
        unlink(path, **options)

    monkeypatch.setattr(Path, "unlink", looking)
    undo_last(album)
    look()
    assert left == [(2, True), (1, True), (0, False)]


def test_many_syncs_of_one_album_forget_no_other_albums(
    catalog: Catalog, album: Album, folder: Path, out: Path, tmp_path: Path
) -> None:
    other = catalog.open_album("Other", tmp_path / "Other", "this machine")
    put(other, tmp_path / "Other", "one.jpg", 90)
    sync(other, Output(tmp_path / "Others"))
    for number in range(21):
        put(album, folder, f"{number:02}.jpg", 90)
        sync(album, Output(out))
    assert undo_last(other) == Undone(removed=1)
    assert below(tmp_path / "Others") == {}


def test_a_dry_run_of_undo_lists_only_what_undo_removes(
    album: Album, folder: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A copy may be the last one: then it stays, and is not listed either."""
    put(album, folder, "one.jpg", 90)
    put(album, folder, "last.jpg", 90)
    sync(album, Output(out))
    (folder / "last.jpg").unlink()
    show_undo(album, dry_run=True)
    listed = set(capsys.readouterr().out.splitlines())
    before = below(out)
    show_undo(album, dry_run=False)
    assert listed == {str(out / name) for name in before.keys() - below(out).keys()}


def test_a_copy_beside_one_that_somebody_changed_is_new(album: Album, folder: Path, out: Path) -> None:
    put(album, folder, "one.jpg", 90)
    sync(album, Output(out))
    (out / "me/one.jpg").write_bytes(b"retouched!")
    put(album, folder, "one.jpg", 90, content=b"another picture")
    assert sync(album, Output(out)) == Synchronised(added=1)
    assert undo_last(album) == Undone(removed=1)
    assert below(out) == {"me/one.jpg": b"retouched!"}
