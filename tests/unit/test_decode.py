"""Decoding: every format, upright, in sRGB, no larger than asked."""

from __future__ import annotations

import random
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from sortclient.photos.decode import SMALLEST_SIDE, decode
from sortclient.photos.errors import NotAPhoto, NotComparable, Unreadable
from tests.unit.pictures import (
    CORNERS,
    FORMATS,
    STORED,
    TURNS,
    broken_second_frame,
    content,
    corners,
    exif,
    four_corners,
    multi_picture,
    picture,
    saved,
    swapped_profile,
)
from tests.unit.raw_files import box


@pytest.mark.parametrize("form", FORMATS)
def test_formats_are_recognised_by_content(form: str) -> None:
    image = decode(content(form=form))
    assert (image.mode, image.size) == ("RGB", (120, 90))


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_every_orientation_is_turned_upright(form: str, orientation: int) -> None:
    turn = STORED[orientation]
    stored = four_corners() if turn is None else four_corners().transpose(turn)
    image = decode(saved(stored, form=form, exif=exif(orientation)))
    assert (image.size, corners(image)) == ((160, 96), CORNERS)


def test_the_orientation_may_stand_in_xmp_only() -> None:
    stored = four_corners().transpose(TURNS.ROTATE_90)
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    assert corners(decode(saved(stored, form="JPEG", xmp=xmp))) == CORNERS


def turned_by_its_container(heic: bytes) -> bytes:
    """The HEIC with the property `irot` 3 (a quarter to the right: EXIF's 6), as phones write it beside EXIF."""
    at = heic.index(b"ipma") + 4 + 8  # version, flags and the number of entries
    item, count = struct.unpack(">HB", heic[at : at + 3])
    container = heic.index(b"ipco") - 4
    (length,) = struct.unpack(">I", heic[container : container + 4])
    properties = 0
    inner = container + 8
    while inner < container + length:
        inner += struct.unpack(">I", heic[inner : inner + 4])[0]
        properties += 1
    irot = box(b"irot", b"\x03")
    association = struct.pack(">HB", item, count + 1) + heic[at + 3 : at + 3 + count] + bytes((0x80 | properties + 1,))
    made = bytearray(heic[: container + length] + irot + heic[container + length : at] + association)
    made += heic[at + 3 + count :]
    added = len(made) - len(heic)
    for name, more in ((b"meta", added), (b"iprp", added), (b"ipco", len(irot)), (b"ipma", 1)):
        place = made.index(name) - 4
        made[place : place + 4] = struct.pack(">I", struct.unpack(">I", made[place : place + 4])[0] + more)
    place = made.index(b"iloc") + 4 + 8
    for _ in range(struct.unpack(">H", made[place - 2 : place])[0]):
        base = slice(place + 4, place + 8)
        made[base] = struct.pack(">I", struct.unpack(">I", made[base])[0] + added)
        place += 18
    return bytes(made)


def test_a_heic_is_turned_once_where_container_and_exif_both_say_so() -> None:
    stored = four_corners().transpose(TURNS.ROTATE_90)
    image = decode(turned_by_its_container(saved(stored, form="HEIF", exif=exif(6))))
    assert (image.size, corners(image)) == ((160, 96), CORNERS)


@pytest.mark.parametrize(
    ("size", "expected"), [((4000, 3000), (1920, 1440)), ((1000, 4000), (480, 1920)), ((200, 100), (200, 100))]
)
@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_decode_shrinks_and_never_enlarges(form: str, size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert decode(content(size=size, form=form)).size == expected


def test_a_large_jpeg_is_never_decoded_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    from PIL import JpegImagePlugin

    decoded = []
    load = JpegImagePlugin.JpegImageFile.load

    def spy(self: JpegImagePlugin.JpegImageFile) -> object:
        decoded.append(self.size)
        return load(self)

    monkeypatch.setattr(JpegImagePlugin.JpegImageFile, "load", spy)
    assert decode(content(size=(4000, 3000), exif=exif(6))).size == (1440, 1920)
    assert decoded[0] == (2000, 1500)


@pytest.mark.parametrize(
    ("mode", "value", "form", "expected"),
    [
        ("L", 200, "PNG", 200),
        ("1", 1, "PNG", 255),
        ("P", 200, "PNG", 200),
        ("LA", (200, 255), "PNG", 200),
        ("RGBA", (200, 200, 200, 255), "PNG", 200),
        ("I;16", 200 * 257, "PNG", 200),
        ("I;16", 200 * 257, "TIFF", 200),
        ("I;16B", 200 * 257, "TIFF", 200),
        ("CMYK", (0, 0, 0, 55), "TIFF", 200),
        ("CMYK", (0, 0, 0, 55), "JPEG", 200),
        ("YCbCr", (200, 128, 128), "TIFF", 200),
    ],
)
def test_every_mode_keeps_its_tones(mode: str, value: int, form: str, expected: int) -> None:
    image = Image.new(mode, (100, 100), value)
    if mode == "P":
        image.putpalette([channel for grey in range(256) for channel in (grey, grey, grey)])
    pixel = decode(saved(image, form=form)).getpixel((50, 50))
    assert isinstance(pixel, tuple)
    assert all(abs(channel - expected) <= 2 for channel in pixel), pixel


@pytest.mark.parametrize(("mode", "low", "high"), [("F", -0.5, 1.5), ("I", 100, 100_000), ("F", 7.0, 7.0)])
def test_numbers_without_a_white_are_spread_over_their_range(mode: str, low: float, high: float) -> None:
    image = Image.new(mode, (100, 100), low)
    image.paste(high, (50, 0, 100, 100))
    shown = decode(saved(image, form="TIFF"))
    assert shown.getpixel((25, 50)) == (0, 0, 0)
    assert shown.getpixel((75, 50)) == ((255, 255, 255) if high > low else (0, 0, 0))


def test_numbers_that_are_none_make_no_picture_unreadable() -> None:
    image = Image.new("F", (100, 100), float("nan"))
    assert decode(saved(image, form="TIFF")).mode == "RGB"


def test_a_palette_is_shrunk_by_its_colours_and_not_by_its_numbers() -> None:
    """Every second column white: shrunk they are grey, where picking single columns would leave stripes."""
    image = Image.new("P", (3840, 100))
    image.putpalette([0, 0, 0, 255, 255, 255])
    for x in range(0, 3840, 2):
        image.paste(1, (x, 0, x + 1, 100))
    shown = decode(saved(image, form="PNG"))
    assert set(shown.crop((100, 10, 200, 11)).tobytes()) <= set(range(100, 156))


def test_transparent_parts_become_white() -> None:
    for image in (Image.new("RGBA", (100, 100), (255, 0, 0, 0)), Image.new("LA", (100, 100), (0, 0))):
        assert decode(saved(image, form="PNG")).getpixel((50, 50)) == (255, 255, 255)


def test_a_transparent_colour_becomes_white() -> None:
    palette = Image.new("P", (100, 100), 1)
    palette.putpalette([0, 0, 0, 255, 0, 0])
    red, grey = Image.new("RGB", (100, 100), "red"), Image.new("L", (100, 100), 9)
    for image, colour in ((palette, 1), (red, (255, 0, 0)), (grey, 9)):
        assert decode(saved(image, form="PNG", transparency=colour)).getpixel((50, 50)) == (255, 255, 255)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "HEIF", "AVIF"])
def test_colours_are_converted_by_the_profile(form: str) -> None:
    pixel = decode(content("red", form=form, icc_profile=swapped_profile())).getpixel((50, 50))
    assert isinstance(pixel, tuple)
    assert pixel[0] < 60
    assert pixel[2] > 200


@pytest.mark.parametrize("profile", [b"x" * 200, b"", swapped_profile()[:300]], ids=["noise", "empty", "cut off"])
def test_a_broken_profile_is_no_profile(profile: bytes) -> None:
    pixel = decode(content("red", icc_profile=profile)).getpixel((50, 50))
    assert isinstance(pixel, tuple)
    assert pixel[0] > 250


def test_a_profile_of_other_channels_is_no_profile() -> None:
    grey = saved(Image.new("L", (100, 100), 90), form="JPEG", icc_profile=swapped_profile())
    assert decode(grey).getpixel((50, 50)) == (90, 90, 90)
    ink = saved(Image.new("CMYK", (100, 100), (0, 0, 0, 55)), form="JPEG", icc_profile=swapped_profile())
    assert decode(ink).getpixel((50, 50)) == (200, 200, 200)


def test_lab_becomes_rgb() -> None:
    pixel = decode(saved(Image.new("LAB", (100, 100), (255, 128, 128)), form="TIFF")).getpixel((50, 50))
    assert isinstance(pixel, tuple)
    assert min(pixel) > 240


def test_of_several_pictures_the_first_counts() -> None:
    pages = [Image.new("RGB", (120, 90), colour) for colour in ("red", "blue")]
    for several in (*(saved(*pages, form=form) for form in ("GIF", "TIFF", "WEBP", "PNG")), multi_picture()):
        pixel = decode(several).getpixel((50, 50))
        assert isinstance(pixel, tuple)
        assert pixel[0] > 250
        assert pixel[2] < 5
    assert decode(broken_second_frame("GIF")).size == (100, 90)


def test_the_smallest_picture_that_rekognition_takes() -> None:
    assert decode(content(size=(SMALLEST_SIDE, SMALLEST_SIDE))).size == (80, 80)
    with pytest.raises(Unreadable, match="79 x 400 px"):
        decode(content(size=(79, 400)))


@pytest.mark.parametrize("size", [(400, 400), (2400, 1800)])
def test_a_jpeg_that_is_filled_up_after_its_cut_is_no_half_picture(size: tuple[int, int]) -> None:
    """As an interrupted download leaves it. Decoders show the rest grey and say nothing."""
    noise = Image.frombytes("L", size, random.Random(7).randbytes(size[0] * size[1]))
    whole = saved(noise, form="JPEG")
    with pytest.raises(Unreadable, match=r"^cut off"):
        decode(whole[: len(whole) // 2] + bytes(len(whole) - len(whole) // 2))


@pytest.mark.parametrize("text", [b"", b"hello", b"%PDF-1.7", b"\x00" * 100])
def test_what_is_no_picture(text: bytes) -> None:
    with pytest.raises(NotAPhoto):
        decode(text)


SMALL = {form: picture(form, (90, 80)) for form in FORMATS}


@given(form=st.sampled_from(FORMATS), at=st.floats(0, 1), wrong=st.binary(min_size=1, max_size=8))
def test_no_broken_bytes_end_a_run(form: str, at: float, wrong: bytes) -> None:
    """A picture with some bytes overwritten is decoded, or cannot be compared: nothing else comes out."""
    whole = SMALL[form]
    place = int(at * len(whole))
    try:
        image = decode(whole[:place] + wrong + whole[place + len(wrong) :])
    except NotComparable:
        return
    assert image.mode == "RGB"
