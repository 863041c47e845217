"""In which form matches are put below the output folder, under which names, and what stands beside them."""

from __future__ import annotations

import errno
import os
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from photosort.comparison import Box, Comparison
from sortclient.album import Album
from sortclient.errors import InputError
from sortclient.layout import check_layout, is_at, target_of
from sortclient.model import Entry, Headshot, Link, Outcome
from sortclient.outputs import Output, OutputWish, output_of
from sortclient.photos.scan import scan
from sortclient.placing import NoLink
from sortclient.question import MATCHES, Question, Who
from sortclient.sync import Synchronised, sync
from sortclient.verdicts import Verdict
from tests.unit.test_sync import ME, YOU, below, digest_of, put

_LI = ".//{http://purl.org/dc/elements/1.1/}subject//{http://www.w3.org/1999/02/22-rdf-syntax-ns#}li"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "Matches"


# -- links


def test_hard_links_are_the_originals_under_another_name(album: Album, folder: Path, out: Path) -> None:
    put(album, folder, "one.jpg", 90)
    for done in (Synchronised(added=1), Synchronised(standing=1)):
        assert sync(album, Output(out, link=Link.HARDLINK)) == done
    assert (out / "me/one.jpg").samefile(folder / "one.jpg")
    assert not (out / "me/one.jpg").is_symlink()
    album.set_threshold(95)
    assert sync(album, Output(out, link=Link.HARDLINK)) == Synchronised(removed=1)
    assert (folder / "one.jpg").read_bytes() == b"one.jpg"


def test_symbolic_links_lead_to_the_originals(album: Album, folder: Path, out: Path) -> None:
    put(album, folder, "sub/one.jpg", 90)
    for done in (Synchronised(added=1), Synchronised(standing=1)):
        assert sync(album, Output(out, link=Link.SYMLINK)) == done
    assert (out / "me/sub/one.jpg").readlink() == folder / "sub/one.jpg"
    album.set_threshold(95)
    assert sync(album, Output(out, link=Link.SYMLINK)) == Synchronised(removed=1)
    assert (folder / "sub/one.jpg").read_bytes() == b"sub/one.jpg"


@pytest.mark.parametrize("first", Link)
@pytest.mark.parametrize("then", Link)
def test_another_form_takes_the_place_of_the_first(
    album: Album, folder: Path, out: Path, first: Link, then: Link
) -> None:
    put(album, folder, "one.jpg", 90)
    sync(album, Output(out, link=first))
    done = sync(album, Output(out, link=then))
    assert done == (Synchronised(standing=1) if first == then else Synchronised(renewed=1))
    place = out / "me/one.jpg"
    assert place.is_symlink() == (then is Link.SYMLINK)
    assert place.samefile(folder / "one.jpg") == (then is not Link.COPY)
    assert [entry.name for entry in (out / "me").iterdir()] == ["one.jpg"]
    assert sync(album, Output(out, link=then)) == Synchronised(standing=1)


def test_a_link_of_somebody_elses_is_neither_followed_nor_replaced(
    album: Album, folder: Path, out: Path, tmp_path: Path
) -> None:
    put(album, folder, "one.jpg", 90)
    (out / "me").mkdir(parents=True)
    (out / "me/one.jpg").symlink_to(tmp_path / "nowhere.jpg")
    assert sync(album, Output(out)) == Synchronised(added=1)
    assert (out / "me/one.jpg").readlink() == tmp_path / "nowhere.jpg"
    assert (out / "me/one (2).jpg").read_bytes() == b"one.jpg"
    assert not (tmp_path / "nowhere.jpg").exists()


def test_where_there_can_be_no_link_the_way_out_is_named(
    album: Album, folder: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(album, folder, "one.jpg", 90)

    def refused(*_: object, **__: object) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    monkeypatch.setattr(Path, "hardlink_to", refused)
    with pytest.raises(NoLink, match="--link copy"):
        sync(album, Output(out, link=Link.HARDLINK))
    assert below(out) == {}


def test_what_only_the_cloud_has_is_a_file_among_links(album: Album, folder: Path, out: Path) -> None:
    put(album, folder, "one.jpg", 90)
    (folder / "one.jpg").unlink()
    assert sync(album, Output(out, link=Link.SYMLINK), lambda _: b"small") == Synchronised(added=1, copies=1)
    assert sync(album, Output(out, link=Link.SYMLINK), lambda _: b"small") == Synchronised(standing=1)
    assert not (out / "me/one.jpg").is_symlink()
    put(album, folder, "one.jpg", 90)  # it is back
    assert sync(album, Output(out, link=Link.SYMLINK)) == Synchronised(renewed=1)
    assert (out / "me/one.jpg").readlink() == folder / "one.jpg"


# -- names


def verdict(path: str, taken: str = "", similarity: float | None = 87.6, person: str = "Ana") -> Verdict:
    return Verdict(Entry(path, None, None, None, "", taken), person, Outcome.MATCH, similarity, "")


@pytest.mark.parametrize(
    ("layout", "told", "target"),
    [
        ("{person}/{path}", verdict("a/b.jpg"), "Ana/a/b.jpg"),
        ("{person}/{year}/{month}/{name}", verdict("a/b.jpg", "2019-06-30T10:00:00"), "Ana/2019/06/b.jpg"),
        ("{year}-{month} {name}", verdict("a/b.jpg"), "undated-undated b.jpg"),
        ("{person}/{similarity} {name}", verdict("a/b.jpg"), "Ana/087 b.jpg"),
        ("{similarity}/{name}", verdict("b.jpg", similarity=100.0), "100/b.jpg"),
        ("{similarity}/{name}", verdict("b.jpg", similarity=None), "000/b.jpg"),
        ("{person}/{name}", verdict("b.jpg", person=""), "nobody/b.jpg"),
    ],
)
def test_fields_of_a_layout(layout: str, told: Verdict, target: str) -> None:
    assert target_of(layout, told) == target


def test_a_copy_is_at_its_place_also_under_a_number() -> None:
    assert is_at("me/a.jpg", "me/a.jpg")
    assert not is_at("me/A.JPG", "me/a.jpg")  # a person whose name got a capital letter
    assert is_at("me/a (2).jpg", "me/a.jpg")
    assert is_at("me (2)/a (3) (12).jpg", "me (2)/a (3).jpg")
    assert not is_at("me/a (2).jpg", "you/a.jpg")
    assert not is_at("me/b.jpg", "me/a.jpg")
    assert not is_at("me/a (2) b.jpg", "me/a.jpg")


def test_another_layout_moves_what_stands(album: Album, folder: Path, out: Path) -> None:
    """No byte is copied again, and a copy whose original is gone comes along."""
    put(album, folder, "sub/one.jpg", 90)
    put(album, folder, "two.jpg", 90)
    sync(album, Output(out))
    inodes = {file.name: file.stat().st_ino for file in out.rglob("*.jpg")}
    (folder / "two.jpg").unlink()
    assert sync(album, Output(out, "{similarity} {name}")) == Synchronised(moved=2)
    assert {file.name: file.stat().st_ino for file in out.rglob("*.jpg")} == {
        f"090 {name}": inode for name, inode in inodes.items()
    }
    assert sorted(entry.name for entry in out.iterdir()) == ["090 one.jpg", "090 two.jpg"]  # nor an empty folder
    assert sync(album, Output(out, "{similarity} {name}")) == Synchronised(standing=2)


def test_a_copy_for_two_people_is_not_moved_away_from_one(album: Album, folder: Path, out: Path) -> None:
    put(album, folder, "one.jpg", 90, 90)
    sync(album, Output(out, "{path}"))
    assert sync(album, Output(out)).moved == 0
    assert set(below(out)) == {"me/one.jpg", "you/one.jpg"}


def test_a_similarity_in_the_name_follows_better_headshots(album: Album, folder: Path, out: Path) -> None:
    put(album, folder, "one.jpg", 90)
    sync(album, Output(out, "{similarity}/{name}"))
    shots = [Headshot("me", digest, "me.jpg", b"") for digest in (ME, "c" * 64)]
    album.set_headshots("me", shots)
    album.record(Comparison("c" * 64, digest_of("one.jpg"), 97, None, "", "test", ""))
    assert sync(album, Output(out, "{similarity}/{name}")) == Synchronised(moved=1)
    assert set(below(out)) == {"097/one.jpg"}


@pytest.mark.parametrize("link", [Link.HARDLINK, Link.SYMLINK])
def test_another_layout_and_another_form_at_once_give_both(album: Album, folder: Path, out: Path, link: Link) -> None:
    put(album, folder, "one.jpg", 90)
    sync(album, Output(out))
    assert sync(album, Output(out, "{path}", link)) == Synchronised(added=1, removed=1)
    assert (out / "one.jpg").samefile(folder / "one.jpg")
    assert not (out / "me").exists()


@pytest.mark.parametrize("link", [Link.HARDLINK, Link.SYMLINK])
def test_a_copy_that_somebody_changed_takes_no_other_form(album: Album, folder: Path, out: Path, link: Link) -> None:
    put(album, folder, "one.jpg", 90)
    sync(album, Output(out))
    (out / "me/one.jpg").write_bytes(b"retouched by hand")
    assert sync(album, Output(out, link=link)) == Synchronised(standing=1)
    assert below(out) == {"me/one.jpg": b"retouched by hand"}


def test_a_layout_may_have_every_field() -> None:
    for layout in ("{person}/{year}/{month}/{similarity} {path}", "{similarity}{person}{name}", "{{x}}/{name}"):
        assert check_layout(layout) == layout


# -- questions


def test_a_folder_answers_one_question(album: Album, folder: Path, out: Path, tmp_path: Path) -> None:
    put(album, folder, "both.jpg", 90, 90)
    put(album, folder, "mine.jpg", 90)
    sync(album, Output(out))
    both = Question(Who.ALL, ("me", "you"))
    assert sync(album, Output(tmp_path / "Both", question=both)) == Synchronised(added=1)
    assert set(below(tmp_path / "Both")) == {"me and you/both.jpg"}
    assert album.out == out  # where later runs bring the matches
    for wish in (
        OutputWish(out, question=both),
        OutputWish(tmp_path / "Both"),
        OutputWish(tmp_path / "Both", question=replace(both, since="2019")),
    ):
        with pytest.raises(InputError, match="Name another folder"):
            output_of(album, wish)
    with pytest.raises(InputError, match="folder of their own"):
        output_of(album, OutputWish(question=both))
    assert output_of(album, OutputWish(tmp_path / "Both", question=both)).question == both
    assert output_of(album, OutputWish()).question == MATCHES
    assert set(below(out)) == {"me/both.jpg", "me/mine.jpg", "you/both.jpg"}


def test_what_answers_no_more_leaves_and_what_is_open_stays(album: Album, folder: Path, tmp_path: Path) -> None:
    put(album, folder, "a.jpg", 90, 90)
    put(album, folder, "b.jpg", 90, 90)
    both = Output(tmp_path / "Both", "{path}", question=Question(Who.ALL, ("me", "you")))
    sync(album, both)
    album.set_threshold(95, "you")
    assert sync(album, both) == Synchronised(removed=2)
    album.set_threshold(80, "you")
    sync(album, both)
    album.set_headshots("you", [Headshot("you", "c" * 64, "you.jpg", b"")])
    assert sync(album, both) == Synchronised(undecided=2)


def test_photos_of_nobody_have_a_folder_too(album: Album, folder: Path, tmp_path: Path) -> None:
    put(album, folder, "a.jpg", 90)
    put(album, folder, "b.jpg", 9)
    assert sync(album, Output(tmp_path / "None", question=Question(Who.NONE))) == Synchronised(added=1)
    assert set(below(tmp_path / "None")) == {"nobody/b.jpg"}


def test_a_folder_says_what_it_holds(album: Album, folder: Path, out: Path, tmp_path: Path) -> None:
    put(album, folder, "one.jpg", 90, 90)
    sync(album, Output(out))
    with pytest.raises(InputError, match="holds the photos of the matches"):
        output_of(album, OutputWish(out, question=Question(Who.NONE)))
    sync(album, Output(tmp_path / "None", question=Question(Who.NONE)))
    with pytest.raises(InputError, match="holds the photos of --none"):
        output_of(album, OutputWish(tmp_path / "None"))
    new = output_of(album, OutputWish(tmp_path / "Both", "{name}", question=Question(Who.ALL, ("me", "you"))))
    assert (new.layout, new.question) == ("{name}", Question(Who.ALL, ("me", "you")))


def test_a_folder_that_cannot_be_one_of_copies_is_refused_before_the_work(
    album: Album, folder: Path, tmp_path: Path
) -> None:
    for wish in (OutputWish(folder / "Matches"), OutputWish(layout="{person}")):
        with pytest.raises(InputError):
            wish.check(folder)
    OutputWish(tmp_path / "Matches", "{name}").check(folder)
    album.set_out(folder / "Matches")  # remembered from before the folder moved
    with pytest.raises(InputError, match="inside the sorted folder"):
        output_of(album, OutputWish())


# -- sidecars


@pytest.fixture
def pictures(album: Album, folder: Path) -> Album:
    """One photo of both, with the faces' places."""
    Image.new("RGB", (200, 100), "teal").save(folder / "one.png")
    for person, shot in (("me", ME), ("you", YOU)):
        album.set_headshots(person, [Headshot(person, shot, f"{person}.jpg", b"")])
    album.scanned(scan(folder))
    album.identified("one.png", "d" * 64)
    for shot, left in ((ME, 0.1), (YOU, 0.6)):
        box = Box(left, 0.2, 0.2, 0.4)
        album.record(Comparison(shot, "d" * 64, 90, None, "", "test", "", 2, box))
    return album


def named(sidecar: Path) -> list[str | None]:
    return [item.text for item in ET.fromstring(sidecar.read_bytes()).iterfind(_LI)]  # noqa: S314 (our own)


def test_a_sidecar_names_everybody_in_the_photo(pictures: Album, out: Path) -> None:
    assert sync(pictures, Output(out, xmp=True)) == Synchronised(added=2)
    for person in ("me", "you"):
        sidecar = out / person / "one.png.xmp"
        assert named(sidecar) == ["me", "you"]
        assert b'stDim:w="200"' in sidecar.read_bytes()
    times = {file: file.stat().st_mtime_ns for file in out.rglob("*.xmp")}
    assert sync(pictures, Output(out, xmp=True)) == Synchronised(standing=2)
    assert {file: file.stat().st_mtime_ns for file in out.rglob("*.xmp")} == times  # not written again


def test_sidecars_follow_the_verdicts_and_leave_with_their_copies(pictures: Album, out: Path) -> None:
    sync(pictures, Output(out, xmp=True))
    pictures.set_threshold(95, "you")
    assert sync(pictures, Output(out, xmp=True)) == Synchronised(standing=1, removed=1)
    assert set(below(out)) == {"me/one.png", "me/one.png.xmp"}
    assert named(out / "me/one.png.xmp") == ["me"]
    (out / "me/one.png.xmp").unlink()
    sync(pictures, Output(out, xmp=True))
    assert named(out / "me/one.png.xmp") == ["me"]
    sync(pictures, Output(out, "{name}", xmp=True))
    assert set(below(out)) == {"one.png", "one.png.xmp"}
    sync(pictures, Output(out, "{name}", xmp=False))
    assert set(below(out)) == {"one.png"}


def test_a_sidecar_that_somebody_changed_is_theirs(pictures: Album, out: Path) -> None:
    sync(pictures, Output(out, "{name}", xmp=True))
    sidecar = out / "one.png.xmp"
    sidecar.write_bytes(sidecar.read_bytes().replace(b"</rdf:RDF>", b"<!-- five stars --></rdf:RDF>"))
    theirs = sidecar.read_bytes()
    pictures.set_threshold(95, "you")
    assert sync(pictures, Output(out, "{name}", xmp=True)).foreign == 1
    pictures.set_threshold(95)
    assert sync(pictures, Output(out, "{name}", xmp=True)).removed == 1
    assert below(out) == {"one.png.xmp": theirs}


def test_another_programs_sidecar_is_left_alone(pictures: Album, out: Path) -> None:
    out.mkdir()
    (out / "one.png.xmp").write_bytes(b"<x:xmpmeta/>")
    assert sync(pictures, Output(out, "{name}", xmp=True)).foreign == 1
    assert (out / "one.png.xmp").read_bytes() == b"<x:xmpmeta/>"


def test_a_name_without_room_for_a_sidecar_keeps_its_copy(album: Album, folder: Path, out: Path) -> None:
    name = f"{'x' * 250}.jpg"
    put(album, folder, name, 90)
    done = sync(album, Output(out, "{name}", xmp=True))
    assert (done.added, done.refused) == (1, 1)
    assert sync(album, Output(out, "{name}")) == Synchronised(standing=1)
    album.set_threshold(95)
    assert sync(album, Output(out, "{name}")) == Synchronised(removed=1)


def test_a_sidecar_stays_somebodys_where_its_copy_is_moved_to(pictures: Album, out: Path) -> None:
    pictures.set_threshold(95, "you")
    sync(pictures, Output(out, xmp=True))
    (out / "one.png.xmp").write_bytes(b"<x:xmpmeta/>")
    done = sync(pictures, Output(out, "{name}", xmp=True))
    assert (done.moved, done.foreign) == (1, 1)
    assert (out / "one.png.xmp").read_bytes() == b"<x:xmpmeta/>"
    assert not (out / "me").exists()


def test_a_sidecar_follows_where_the_face_is(pictures: Album, out: Path) -> None:
    sync(pictures, Output(out, "{name}", xmp=True))
    before = (out / "one.png.xmp").read_bytes()
    pictures.record(Comparison(ME, "d" * 64, 90, None, "", "test", "", 2, Box(0.3, 0.2, 0.2, 0.4)))
    sync(pictures, Output(out, "{name}", xmp=True))
    assert named(out / "one.png.xmp") == ["me", "you"]
    assert (out / "one.png.xmp").read_bytes() != before


def test_one_sidecar_of_a_copy_for_two_people_is_counted_once(pictures: Album, out: Path) -> None:
    out.mkdir()
    (out / "one.png.xmp").symlink_to(out / "nowhere")  # no file, and not ours
    assert sync(pictures, Output(out, "{name}", xmp=True)).foreign == 1
    assert (out / "one.png.xmp").is_symlink()


def test_sidecars_that_are_wanted_no_more_go_also_where_the_copy_takes_another_form(pictures: Album, out: Path) -> None:
    sync(pictures, Output(out, xmp=True))
    sync(pictures, Output(out, link=Link.HARDLINK))
    assert set(below(out)) == {"me/one.png", "you/one.png"}


def test_of_two_photos_of_one_name_each_has_one_copy_for_all_its_people(album: Album, folder: Path, out: Path) -> None:
    for name in ("a/one.jpg", "b/one.jpg"):
        put(album, folder, name, 90, 90)
    assert sync(album, Output(out, "{name}")) == Synchronised(added=2, standing=2)
    assert below(out) == {"one.jpg": b"a/one.jpg", "one (2).jpg": b"b/one.jpg"}
