"""What a file is, by its first bytes."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sortclient.model import File, Kind, Outcome
from sortclient.photos.errors import NotAPhoto, NotComparable
from sortclient.photos.kinds import check, look
from tests.unit.pictures import FORMATS, archive, film, picture
from tests.unit.raw_files import box, dng

RAW_STARTS = {
    "CR2": b"II*\0\x10\0\0\0CR\x02\0",
    "NEF": b"MM\0*\0\0\0\x08",
    "ARW": b"II*\0\x08\0\0\0",
    "RAF": b"FUJIFILMCCD-RAW 0201FF129502",
    "ORF": b"IIRO\x08\0\0\0",
    "ORF, older": b"IIRS\x08\0\0\0",
    "ORF, oldest": b"MMOR\0\0\0\x08",
    "RW2": b"IIU\0\x18\0\0\0",
    "CR3": box(b"ftyp", b"crx \0\0\0\1crx isom"),
    "DNG": dng()[:200],
    "HEIC, its brand among others": box(b"ftyp", b"isom\0\0\0\0isommif1heic"),
}


def as_file(path: Path, size: int | None = None) -> File:
    return File(path.name, path, path.stat().st_size if size is None else size, 0, 0)


def reason(head: bytes, size: int, name: str = "") -> str | None:
    """Why a file that begins so is not worth reading; None where it is."""
    try:
        check(head, size, name)
    except NotComparable as error:
        return str(error)
    return None


@pytest.mark.parametrize("name", ["a", "a.jpg", "a.mp4", "a.txt", "a.xmp", "a.zip"])
@pytest.mark.parametrize("form", FORMATS)
def test_a_picture_is_one_whatever_its_name(tmp_path: Path, form: str, name: str) -> None:
    (tmp_path / name).write_bytes(picture(form))
    assert look(as_file(tmp_path / name)) is None


@pytest.mark.parametrize("start", RAW_STARTS.values(), ids=RAW_STARTS)
def test_raw_files_are_worth_reading(start: bytes) -> None:
    assert reason(start + bytes(100), 1_000_000) is None


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.mp4", film(b"isom"), Kind.VIDEO),
        ("a.wmv", b"\x30\x26\xb2\x75\x8e\x66\xcf\x11" + bytes(50), Kind.VIDEO),
        ("a.wma", b"\x30\x26\xb2\x75\x8e\x66\xcf\x11" + bytes(50), Kind.AUDIO),
        ("a.ogv", b"OggS" + bytes(50), Kind.VIDEO),
        ("a.ogg", b"OggS" + bytes(50), Kind.AUDIO),
        ("a.docx", archive(), Kind.DOCUMENT),
        ("a.zip", archive(), Kind.ARCHIVE),
        ("a.doc", b"\x80\x81" + bytes(50), Kind.DOCUMENT),
        ("a.mpg", b"\x80\x81" + bytes(50), Kind.VIDEO),
        ("a", b"\x80\x81" + bytes(50), Kind.OTHER),
        ("a.xmp", b"\x80\x81" + bytes(50), Kind.SIDECAR),
        ("a.txt", b"The wide world", Kind.DOCUMENT),
        ("a.txt", "ü".encode() * 511 + b"a" + "ü".encode(), Kind.DOCUMENT),  # the head ends in a character
    ],
)
def test_the_name_refines_what_the_bytes_do_not_tell(tmp_path: Path, name: str, content: bytes, kind: Kind) -> None:
    (tmp_path / name).write_bytes(content)
    found = look(as_file(tmp_path / name))
    assert found is not None
    assert found.outcome is Outcome.NOT_A_PHOTO
    assert found.detail.split(":")[0] == kind
    assert found.lasting


def test_a_film_of_40_gb_costs_one_small_read(tmp_path: Path) -> None:
    with (tmp_path / "film.mp4").open("wb") as file:
        file.write(film(b"mp42"))
        file.truncate(40 << 30)
    found = look(as_file(tmp_path / "film.mp4"))
    assert found is not None
    assert found.detail.startswith("video: ")


def test_a_picture_too_large_to_be_read_says_so(tmp_path: Path) -> None:
    with (tmp_path / "scan.tif").open("wb") as file:
        file.write(picture("TIFF"))
        file.truncate(3 << 30)
    found = look(as_file(tmp_path / "scan.tif"))
    assert found is not None
    assert (found.outcome, found.detail) == (Outcome.UNREADABLE, "3.0 GiB; pictures of up to 1 GiB are read")


def test_a_file_that_vanished_may_come_back(tmp_path: Path) -> None:
    found = look(as_file(tmp_path / "gone.jpg", size=10))
    assert found is not None
    assert (found.outcome, found.lasting) == (Outcome.UNREADABLE, False)
    assert "No such file" in found.detail


@given(head=st.binary(max_size=1024), name=st.text(max_size=20))
def test_any_start_of_a_file_has_an_answer(head: bytes, name: str) -> None:
    try:
        check(head, len(head), name)
    except NotAPhoto as error:
        assert Kind(str(error).split(":")[0])  # noqa: PT017 - either answer is right, and this one has its form


PICTURE_STARTS = [picture(form)[:24] for form in FORMATS] + [start[:24] for start in RAW_STARTS.values()]


@given(
    start=st.sampled_from(PICTURE_STARTS), rest=st.binary(max_size=600), name=st.sampled_from(["a", "a.mov", "a.txt"])
)
def test_nothing_that_follows_makes_a_picture_another_thing(start: bytes, rest: bytes, name: str) -> None:
    assert reason(start + rest, 24 + len(rest), name) is None


def test_neither_does_what_others_are_known_by() -> None:
    for at, other in ((257, b"ustar"), (188, b"G" + bytes(187) + b"G")):
        for whole in (picture(), picture("GIF"), picture("TIFF")):
            assert reason((whole[:at] + other + whole[at + len(other) :])[:1024], len(whole)) is None
