"""The matches on disk follow the verdicts."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import pytest

from photosort.comparison import Comparison
from sortclient.album import Album
from sortclient.errors import InputError, SortError
from sortclient.layout import DEFAULT_LAYOUT, check_layout, check_out
from sortclient.model import Headshot
from sortclient.outputs import Output
from sortclient.photos.scan import scan
from sortclient.sync import Synchronised, sync

ME, YOU = "a" * 64, "b" * 64


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "Matches"


def digest_of(name: str) -> str:
    return name.encode().hex().ljust(64, "0")[:64]


def put(album: Album, folder: Path, name: str, me: float, you: float = 0.0, content: bytes | None = None) -> None:
    """A photo with its cells."""
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content or name.encode())
    album.set_headshots("me", [Headshot("me", ME, "me.jpg", b"")])
    album.set_headshots("you", [Headshot("you", YOU, "you.jpg", b"")])
    album.scanned(scan(folder))
    digest = digest_of(name if content is None else content.decode())
    album.identified(name, digest)
    for headshot, similarity in ((ME, me), (YOU, you)):
        album.record(Comparison(headshot, digest, similarity, None, "", "test", ""))


def below(out: Path) -> dict[str, bytes]:
    return {str(file.relative_to(out)): file.read_bytes() for file in out.rglob("*") if file.is_file()}


def test_matches_are_copied_with_their_folders_and_times(album: Album, folder: Path, out: Path) -> None:
    put(album, folder, "one.jpg", 90)
    put(album, folder, "sub/one.jpg", 90, 85)
    put(album, folder, "no.jpg", 10)
    os.utime(folder / "one.jpg", ns=(10**18, 10**18))
    album.scanned(scan(folder))
    album.identified("one.jpg", digest_of("one.jpg"))
    assert sync(album, Output(out)) == Synchronised(added=3)
    assert below(out) == {"me/one.jpg": b"one.jpg", "me/sub/one.jpg": b"sub/one.jpg", "you/sub/one.jpg": b"sub/one.jpg"}
    assert (out / "me/one.jpg").stat().st_mtime_ns == 10**18
    assert sync(album, Output(out)) == Synchronised(standing=3)


def test_a_date_beyond_what_the_catalog_can_keep(album: Album, folder: Path, out: Path) -> None:
    put(album, folder, "one.jpg", 90)
    late = 13_600_000_000 * 10**9  # the year 2400
    os.utime(folder / "one.jpg", ns=(late, late))
    album.scanned(scan(folder))
    album.identified("one.jpg", digest_of("one.jpg"))
    for done in (Synchronised(added=1), Synchronised(standing=1)):
        album.scanned(scan(folder))
        assert sync(album, Output(out)) == done


def test_what_is_no_match_any_more_is_taken_away(album: Album, folder: Path, out: Path) -> None:
    put(album, folder, "sub/one.jpg", 90)
    put(album, folder, "two.jpg", 90)
    sync(album, Output(out))
    put(album, folder, "sub/one.jpg", 10, content=b"another picture")
    assert sync(album, Output(out)) == Synchronised(standing=1, removed=1)
    assert below(out) == {"me/two.jpg": b"two.jpg"}
    assert not (out / "me/sub").exists()


def test_a_file_that_somebody_changed_or_put_there_is_never_removed(album: Album, folder: Path, out: Path) -> None:
    put(album, folder, "one.jpg", 90)
    sync(album, Output(out))
    (out / "me/one.jpg").write_bytes(b"retouched by hand")
    (out / "me/own.jpg").write_bytes(b"not ours")
    album.set_threshold(95)
    assert sync(album, Output(out)) == Synchronised(kept=1)
    assert sync(album, Output(out)) == Synchronised()  # from then on it is somebody's, and not spoken of again
    assert below(out) == {"me/one.jpg": b"retouched by hand", "me/own.jpg": b"not ours"}


def test_originals_deleted_since_the_last_scan_leave_their_copies_whatever_is_asked(
    album: Album, folder: Path, out: Path
) -> None:
    put(album, folder, "one.jpg", 90)
    put(album, folder, "two.jpg", 99)
    sync(album, Output(out))
    for name in ("one.jpg", "two.jpg"):
        (folder / name).unlink()
    album.set_threshold(95)
    assert sync(album, Output(out)) == Synchronised(standing=1, orphaned=1)
    assert sync(album, Output(out, "{path}")) == Synchronised(moved=1, orphaned=1)
    assert set(below(out)) == {"me/one.jpg", "two.jpg"}


def test_a_foreign_file_of_the_same_name_is_never_overwritten(album: Album, folder: Path, out: Path) -> None:
    put(album, folder, "one.jpg", 90)
    (out / "me").mkdir(parents=True)
    (out / "me/one.jpg").write_bytes(b"not ours")
    sync(album, Output(out))
    assert below(out) == {"me/one.jpg": b"not ours", "me/one (2).jpg": b"one.jpg"}
    assert sync(album, Output(out)) == Synchronised(standing=1)


def test_the_same_bytes_that_stood_there_before_serve_and_are_never_removed(
    album: Album, folder: Path, out: Path
) -> None:
    put(album, folder, "one.jpg", 90)
    put(album, folder, "two.jpg", 90)
    (out / "me").mkdir(parents=True)
    (out / "me/one.jpg").write_bytes(b"one.jpg")
    assert sync(album, Output(out)) == Synchronised(added=1, standing=1)
    assert below(out) == {"me/one.jpg": b"one.jpg", "me/two.jpg": b"two.jpg"}
    put(album, folder, "one.jpg", 90, content=b"another picture of me")
    sync(album, Output(out))
    assert below(out)["me/one.jpg"] == b"one.jpg"
    assert below(out)["me/one (2).jpg"] == b"another picture of me"
    album.set_threshold(99)
    assert sync(album, Output(out)) == Synchronised(removed=2)
    assert below(out) == {"me/one.jpg": b"one.jpg"}


def test_a_copy_may_be_the_last_one_and_stays_when_its_photo_leaves_the_folder(
    album: Album, folder: Path, out: Path
) -> None:
    put(album, folder, "one.jpg", 90)
    sync(album, Output(out))
    (folder / "one.jpg").rename(folder.parent / "aside.jpg")
    album.scanned(scan(folder))
    for _ in range(2):  # nor is it forgotten: a photo that comes back finds its copy
        assert sync(album, Output(out)) == Synchronised(orphaned=1)
    assert below(out) == {"me/one.jpg": b"one.jpg"}
    (folder.parent / "aside.jpg").rename(folder / "one.jpg")
    album.scanned(scan(folder))
    album.identified("one.jpg", digest_of("one.jpg"))
    assert sync(album, Output(out)) == Synchronised(standing=1)


def test_names_that_a_file_system_may_take_for_one_are_kept_apart(album: Album, folder: Path, out: Path) -> None:
    put(album, folder, "One.jpg", 90)
    put(album, folder, "one.jpg", 90)
    sync(album, Output(out))
    assert sorted(below(out).values()) == [b"One.jpg", b"one.jpg"]
    assert len({name.casefold() for name in below(out)}) == 2


@pytest.mark.parametrize(
    ("layout", "names"),
    [
        ("{path}", {"sub/one.jpg"}),
        ("PhotosWith{person}/{path}", {"PhotosWithme/sub/one.jpg", "PhotosWithyou/sub/one.jpg"}),
    ],
)
def test_layouts(album: Album, folder: Path, out: Path, layout: str, names: set[str]) -> None:
    put(album, folder, "sub/one.jpg", 90, 90)
    sync(album, Output(out, layout))
    assert set(below(out)) == names
    assert sync(album, Output(out, layout)).added == 0


def test_without_folders_of_people_a_copy_stays_while_anybody_matches(album: Album, folder: Path, out: Path) -> None:
    put(album, folder, "one.jpg", 90, 85)
    sync(album, Output(out, "{path}"))
    album.set_threshold(87)  # no match for `you` any more
    sync(album, Output(out, "{path}"))
    assert set(below(out)) == {"one.jpg"}
    album.set_threshold(99)
    sync(album, Output(out, "{path}"))
    assert below(out) == {}


def test_another_layout_moves_everything(album: Album, folder: Path, out: Path) -> None:
    put(album, folder, "one.jpg", 90)
    sync(album, Output(out))
    sync(album, Output(out, "PhotosWith{person}/{path}"))
    assert set(below(out)) == {"PhotosWithme/one.jpg"}


def test_a_changed_original_is_not_copied_and_the_cloud_copy_is_named_one(
    album: Album, folder: Path, out: Path
) -> None:
    put(album, folder, "one.jpg", 90)
    (folder / "one.jpg").write_bytes(b"changed since it was compared")
    assert sync(album, Output(out)) == Synchronised(missing=1)
    assert below(out) == {}
    fetched = {digest_of("one.jpg"): b"the copy"}
    assert sync(album, Output(out), fetched.get) == Synchronised(added=1, copies=1)
    assert below(out) == {"me/one.jpg": b"the copy"}


def test_a_full_disk_leaves_no_half_file_and_one_line(
    album: Album, folder: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(album, folder, "one.jpg", 90)

    def full(_: Path, part: Path) -> None:
        part.write_bytes(b"ha")
        raise OSError(28, "No space left on device", str(part))

    with monkeypatch.context() as patch:
        patch.setattr("shutil.copyfile", full)
        with pytest.raises(SortError, match="No space left on device"):
            sync(album, Output(out))
    assert below(out) == {}
    sync(album, Output(out))
    assert below(out) == {"me/one.jpg": b"one.jpg"}


def test_a_name_may_be_as_long_as_the_disk_allows(album: Album, folder: Path, out: Path) -> None:
    name = "写" * 83 + ".jpg"  # 253 bytes
    put(album, folder, name, 90)
    sync(album, Output(out))
    assert below(out) == {f"me/{name}": name.encode()}


@pytest.mark.parametrize("name", ["\udcff" * 200 + "{}.jpg", "a.{}" + "\udcff" * 200])
def test_a_name_that_its_escapes_make_too_long_is_cut(album: Album, folder: Path, out: Path, name: str) -> None:
    """A byte that is not UTF-8 is written as four characters. Two that are cut to the same name are kept apart."""
    for number in "12":
        (folder / name.format(number)).write_text(number)
    album.set_headshots("me", [Headshot("me", ME, "me.jpg", b"")])
    album.scanned(scan(folder))
    for index, entry in enumerate(list(album.entries())):
        album.identified(entry.path, digest_of(str(index)))
        album.record(Comparison(ME, digest_of(str(index)), 90, None, "", "test", ""))
    assert sync(album, Output(out)) == Synchronised(added=2)
    assert sorted(below(out).values()) == [b"1", b"2"]
    assert sync(album, Output(out)) == Synchronised(standing=2)


@pytest.mark.parametrize(("person", "layout"), [("Images", DEFAULT_LAYOUT), ("me", "Images/sub/{path}")])
def test_the_originals_are_never_taken_for_copies(
    album: Album, folder: Path, tmp_path: Path, person: str, layout: str
) -> None:
    """The output folder holds the sorted one, and a person's name or the layout leads back into it."""
    put(album, folder, "one.jpg", 90)
    album.set_headshots("me", [])
    album.set_headshots(person, [Headshot(person, ME, "me.jpg", b"")])
    for threshold in (80, 99):
        album.set_threshold(threshold)
        with suppress(SortError):
            sync(album, Output(tmp_path, layout))
        assert below(folder) == {"one.jpg": b"one.jpg"}
    album.set_threshold(80)
    with pytest.raises(SortError, match="in the sorted folder"):
        sync(album, Output(tmp_path, layout))


def test_a_link_that_leads_out_is_not_followed(album: Album, folder: Path, out: Path, tmp_path: Path) -> None:
    put(album, folder, "one.jpg", 90)
    out.mkdir()
    (tmp_path / "elsewhere").mkdir()
    (out / "me").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SortError, match="leads out"):
        sync(album, Output(out))
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize(
    "layout",
    [
        *("{person}", "{path}/{person}", "{path", "../{path}", "/{path}", "a//{path}", "{}"),
        *("{path!x}", "{path:d}", "{path:.2}", "{path.x}", "\udcff{path}", "a\n{path}"),
    ],
)
def test_layouts_that_are_refused(layout: str) -> None:
    with pytest.raises(InputError):
        check_layout(layout)


def test_the_output_may_not_lie_in_the_folder(folder: Path, tmp_path: Path) -> None:
    for inside in (folder, folder / "Matches", folder / "a" / "b", folder / "a" / ".."):
        with pytest.raises(InputError, match="inside the sorted folder"):
            check_out(inside, folder)
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="is not a folder"):
        check_out(tmp_path / "file", folder)
    assert check_out(tmp_path / "Matches", folder) == tmp_path / "Matches"
