"""When a picture was taken: what its camera says, or nothing."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFile

from sortclient.photos.taken import taken
from tests.unit.hostile import cases
from tests.unit.pictures import chunk, content, multi_picture, picture, segment, with_chunk
from tests.unit.raw_files import arw, box, cr2, cr3, dng, halves, nef, orf, raf, rw2

DATE_TIME, ORIGINAL, DIGITIZED = 0x0132, 0x9003, 0x9004
EXIF = 0x8769
ASCII = 2
EVENING, ISO = b"2019:06:30 18:00:00\0", "2019-06-30T18:00:00"


@dataclass(frozen=True)
class Field:
    """An entry of a TIFF directory. ``place`` and ``count`` are what it says, whatever it holds."""

    tag: int
    value: bytes
    kind: int = ASCII
    count: int | None = None
    place: int | None = None


def directory(fields: list[Field], at: int, order: str = "<") -> bytes:
    """A TIFF directory that stands at ``at``, and behind it the values."""
    spill = at + 2 + 12 * len(fields) + 4
    table, values = struct.pack(order + "H", len(fields)), b""
    for field in fields:
        place = spill + len(values) if field.place is None else field.place
        count = len(field.value) if field.count is None else field.count
        table += struct.pack(order + "HHII", field.tag, field.kind, count, place)
        values += field.value
    return table + bytes(4) + values


def exif(*below: Field, first: tuple[Field, ...] = (), order: str = "<") -> bytes:
    """EXIF whose own directory holds the fields ``below``, and whose first one those of ``first``."""
    marks = {"<": b"II*\0", ">": b"MM\0*"}
    at = 8 + len(directory([*first, Field(EXIF, b"")], 8))
    above = directory([*first, Field(EXIF, b"", 4, 1, at)], 8, order)
    return marks[order] + struct.pack(order + "I", 8) + above + directory(list(below), at, order)


def jpeg(tiff: bytes, bare: bytes | None = None) -> bytes:
    bare = bare or content()
    return bare[:2] + segment(0xE1, b"Exif\0\0" + tiff) + bare[2:]


def dated() -> bytes:
    return exif(Field(ORIGINAL, EVENING))


def dated_picture(form: str, size: tuple[int, int] = (400, 300)) -> bytes:
    """As Pillow writes it."""
    return picture(form, size, exif=b"Exif\0\0" + dated())


def with_dates(raw: bytes, *below: Field) -> bytes:
    """A RAW file that is a TIFF file: its first directory, with one entry more, moves to the end."""
    old = int.from_bytes(raw[4:8], "little")
    end = old + 2 + 12 * int.from_bytes(raw[old : old + 2], "little")
    at = len(raw)
    entries = {raw[place : place + 2]: raw[place : place + 12] for place in range(old + 2, end, 12)}
    entries[struct.pack("<H", EXIF)] = struct.pack("<HHII", EXIF, 4, 1, at)
    table = b"".join(sorted(entries.values(), key=lambda entry: struct.unpack_from("<H", entry)))
    added = directory(list(below), at)
    first = struct.pack("<H", len(entries)) + table + raw[end : end + 4]
    return raw[:4] + struct.pack("<I", at + len(added)) + raw[8:] + added + first


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "HEIF", "AVIF", "MPO"])
def test_every_format_that_has_a_place_for_it_says_when(form: str) -> None:
    assert taken(dated_picture(form)) == ISO
    assert taken(picture(form)) == ""


@pytest.mark.parametrize("form", ["BMP", "GIF", "JPEG2000"])
def test_a_format_that_has_none_says_nothing(form: str) -> None:
    assert taken(picture(form)) == ""


@pytest.mark.parametrize("form", [nef, arw, cr2, orf, rw2, lambda preview, _: dng(preview, preview_size=(400, 300))])
def test_a_raw_file_says_when(form: Callable[[bytes, int], bytes]) -> None:
    raw = form(halves("red", "blue", (400, 300)), 1)
    assert taken(raw) == ""
    assert taken(with_dates(raw, Field(ORIGINAL, EVENING))) == ISO


@pytest.mark.parametrize("form", [raf, rw2])
def test_where_a_raw_file_does_not_say_when_its_preview_does(form: Callable[[bytes, int], bytes]) -> None:
    bare = halves("red", "blue", (400, 300))
    assert taken(form(jpeg(dated(), bare), 1)) == ISO
    assert taken(form(bare, 1)) == ""


def test_a_panasonic_is_believed_more_than_its_preview() -> None:
    raw = rw2(jpeg(exif(Field(ORIGINAL, b"2001:01:01 01:01:01\0")), halves("red", "blue", (400, 300))), 1)
    assert taken(with_dates(raw, Field(ORIGINAL, EVENING))) == ISO


def test_a_raw_file_of_canons_newer_cameras_says_when() -> None:
    """Its EXIF is a box beside that of its other tags, and the dates stand in its first directory."""
    own = b"II*\0\x08\0\0\0" + directory([Field(ORIGINAL, EVENING)], 8)
    maker = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")
    others = b"II*\0\x08\0\0\0" + directory([Field(DATE_TIME, b"2001:01:01 01:01:01\0")], 8)
    start = box(b"ftyp", b"crx \0\0\0\1crx isom")
    assert taken(start + box(b"moov", box(b"uuid", maker, box(b"CMT1", others), box(b"CMT2", own)))) == ISO
    assert taken(start + box(b"moov", box(b"uuid", maker, box(b"CMT1", others)))) == ""
    assert taken(cr3(halves("red", "blue", (400, 300)), 1)) == ""


def test_tiff_ep_has_the_date_in_the_first_directory() -> None:
    assert taken(jpeg(exif(first=(Field(ORIGINAL, EVENING),)))) == ISO


def test_of_several_pictures_the_first_says_when() -> None:
    later = jpeg(exif(Field(ORIGINAL, b"2020:01:01 00:00:00\0")))
    assert taken(jpeg(dated(), multi_picture()) + later) == ISO
    assert taken(multi_picture() + later) == ""


@pytest.mark.parametrize("order", ["<", ">"])
def test_either_byte_order_is_read(order: str) -> None:
    assert taken(jpeg(exif(Field(ORIGINAL, EVENING), order=order))) == ISO


def test_when_it_was_digitized_counts_where_nothing_says_when_it_was_taken() -> None:
    digitized = Field(DIGITIZED, b"2021:02:03 04:05:06\0")
    assert taken(jpeg(exif(digitized, Field(ORIGINAL, EVENING)))) == ISO
    assert taken(jpeg(exif(digitized))) == "2021-02-03T04:05:06"
    assert taken(jpeg(exif(Field(ORIGINAL, b"0000:00:00 00:00:00\0"), digitized))) == "2021-02-03T04:05:06"


def test_when_a_program_saved_it_does_not_count() -> None:
    assert taken(jpeg(exif(first=(Field(DATE_TIME, EVENING),)))) == ""
    assert taken(jpeg(exif(Field(DATE_TIME, EVENING)))) == ""


@pytest.mark.parametrize(
    "value",
    [
        b"0000:00:00 00:00:00\0",
        b"0001:01:01 00:00:00\0",
        b"1825:12:31 23:59:59\0",
        b"    :  :     :  :  \0",
        bytes(20),
        b" " * 20,
        b"2019:13:01 00:00:00\0",
        b"2019:02:29 00:00:00\0",
        b"2019:06:30 24:00:00\0",
        b"2019:06:30 18:60:00\0",
        b"2019:06:30 18:00:61\0",
        b"2019-06-30 18:00:00\0",
        b"2019:06:30T18:00:00\0",
        b"2019:06:30\0",
        b"2019:06:30 18:00\0",
        b"\n2019:06:30 18:00:0\0",
        "\u0662\u0660\u0661\u0669:06:30 18:00:00".encode(),  # Arabic digits
        b"\xb2019:06:30 18:00:00\0",  # Latin-1's superscript
        b"\xff" * 20,
        b"-019:06:30 18:00:00\0",
    ],
)
def test_what_is_no_date_is_none(value: bytes) -> None:
    assert taken(jpeg(exif(Field(ORIGINAL, value)))) == ""


@pytest.mark.parametrize(
    "field",
    [
        Field(ORIGINAL, EVENING, kind=7),
        Field(ORIGINAL, EVENING, kind=4),
        Field(ORIGINAL, EVENING, kind=0),
        Field(ORIGINAL, EVENING, count=0),
        Field(ORIGINAL, EVENING, count=4),
        Field(ORIGINAL, EVENING, place=0xFFFFFFF0),
        Field(ORIGINAL, EVENING, count=0xFFFFFFFF, place=0),
    ],
)
def test_an_entry_that_holds_no_date_is_none(field: Field) -> None:
    assert taken(jpeg(exif(field))) == ""


@pytest.mark.parametrize(
    "value",
    [b"2019:06:30 18:00:00", b"2019:06:30 18:00:00 ", b"2019:06:30 18:00:00\0 and more", b"2019:06:30 18:00:00Z"],
)
def test_what_stands_behind_a_date_does_not_matter(value: bytes) -> None:
    assert taken(jpeg(exif(Field(ORIGINAL, value)))) == ISO
    assert taken(jpeg(exif(Field(ORIGINAL, EVENING, count=0xFFFFFFFF)))) == ISO


def test_other_segments_and_chunks_are_passed_over() -> None:
    bare = content()
    xmp = segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>2001:01:01 01:01:01</x:xmpmeta>")
    assert taken(bare[:2] + xmp * 3 + jpeg(dated(), bare)[2:]) == ISO
    png = content(form="PNG")
    assert taken(with_chunk(png, chunk(b"tEXt", b"Comment\0" + EVENING) + chunk(b"eXIf", dated()))) == ISO
    odd = b"MORE\x03\0\0\0odd\0"
    assert taken(webp_with(odd + webp_exif(dated()))) == ISO


@pytest.mark.parametrize("mark", [b"Exif\0\0", b""])
def test_jpegs_mark_before_exif_may_stand_in_other_formats_or_not(mark: bytes) -> None:
    assert taken(webp_with(webp_exif(mark + dated()))) == ISO


def webp_with(chunks: bytes) -> bytes:
    plain = content(form="WEBP")
    return plain[:4] + struct.pack("<I", len(plain) - 8 + len(chunks)) + plain[8:] + chunks


def webp_exif(value: bytes) -> bytes:
    return b"EXIF" + struct.pack("<I", len(value)) + value + b"\0" * (len(value) % 2)


def test_exif_behind_a_pngs_picture_is_found() -> None:
    png = content(form="PNG")
    assert taken(png[:-12] + chunk(b"eXIf", dated()) + png[-12:]) == ISO


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "HEIF", "AVIF"])
def test_no_pixel_is_decoded(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = dated_picture(form)

    def refuse(*_: object) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr(ImageFile.ImageFile, "load", refuse)
    monkeypatch.setattr(Image.Image, "load", refuse)
    assert taken(whole) == ISO


def test_a_picture_that_is_cut_off_says_when_all_the_same() -> None:
    for form, share in (("JPEG", 0.5), ("PNG", 0.5), ("WEBP", 1.0)):
        whole = dated_picture(form)
        assert taken(whole[: int(len(whole) * share)]) == ISO


@pytest.mark.parametrize(("name", "hostile"), [(name, data) for name, data, _, _ in cases()])
def test_a_hostile_file_says_nothing(name: str, hostile: bytes) -> None:
    assert taken(hostile) == ""


SAMPLES = {
    **{form: dated_picture(form, (100, 90)) for form in ("JPEG", "PNG", "WEBP", "TIFF", "HEIF", "AVIF")},
    "NEF": with_dates(nef(halves("red", "blue", (100, 90)), 1), Field(ORIGINAL, EVENING)),
    "RAF": raf(jpeg(dated()), 1),
    "RW2": rw2(jpeg(dated()), 1),
}


@pytest.mark.parametrize("form", SAMPLES)
def test_whatever_breaks_in_a_file_it_says_a_date_or_nothing(form: str) -> None:
    whole, chance = SAMPLES[form], random.Random(form)
    assert taken(whole) == ISO
    for _ in range(150):
        broken = bytearray(whole[: chance.randrange(len(whole))] if chance.random() < 0.3 else whole)
        for _ in range(chance.randrange(1, 30)):
            if broken:
                broken[chance.randrange(len(broken))] = chance.choice((0, 1, 0x7F, 0xFF, chance.randrange(256)))
        said = taken(bytes(broken))
        assert said == "" or len(said) == len(ISO)


@given(junk=st.binary(max_size=200), start=st.sampled_from([b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08", b"IIU\0", b""]))
def test_any_bytes_say_nothing(junk: bytes, start: bytes) -> None:
    assert taken(start + junk) == taken(jpeg(start + junk)) == ""
