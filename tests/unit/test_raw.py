"""RAW files: by their preview, upright; developed where there is none."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PIL import Image

from sortclient.photos.decode import decode
from tests.unit.pictures import CORNERS, STORED, TURNS, corners, exif, four_corners, saved
from tests.unit.raw_files import arw, cr2, cr3, dng, halves, nef, orf, raf, rw2


@pytest.mark.parametrize("orientation", STORED)
def test_a_raw_file_is_shown_by_its_preview_upright(orientation: int) -> None:
    turn = STORED[orientation]
    stored = four_corners() if turn is None else four_corners().transpose(turn)
    preview = saved(stored.resize((stored.width * 15, stored.height * 15)), form="JPEG")
    image = decode(dng(preview, preview_size=(stored.width * 15, stored.height * 15), orientation=orientation))
    assert (image.size, corners(image)) == ((1920, 1152), CORNERS)


def exif_first(jpeg: bytes) -> bytes:
    """As cameras write it, without JFIF: LibRaw leaves such a preview alone, and puts EXIF of its own before others."""
    return jpeg[:2] + jpeg[jpeg.index(b"\xff\xe1") :]


@pytest.mark.parametrize("own_exif", [True, False])
@pytest.mark.parametrize("form", [nef, arw, cr2, cr3, rw2, orf, raf])
def test_every_makers_preview_is_found_and_upright(form: Callable[[bytes, int], bytes], own_exif: bool) -> None:
    stored = four_corners().resize((2400, 1440)).transpose(TURNS.ROTATE_90)
    own_exif = own_exif or form is raf
    preview = exif_first(saved(stored, form="JPEG", exif=exif(6))) if own_exif else saved(stored, form="JPEG")
    image = decode(form(preview, 6))
    assert (image.size, corners(image)) == ((1920, 1152), CORNERS)


def test_a_preview_that_says_itself_how_it_lies_is_turned_once() -> None:
    stored = four_corners().resize((2400, 1440)).transpose(TURNS.ROTATE_90)
    preview = saved(stored, form="JPEG", exif=exif(6))
    assert corners(decode(dng(preview, preview_size=stored.size, orientation=6))) == CORNERS


def test_a_preview_is_believed_more_than_the_raw_file() -> None:
    """It was stored upright, and says so."""
    preview = exif_first(saved(four_corners().resize((2400, 1440)), form="JPEG", exif=exif(1)))
    assert corners(decode(dng(preview, preview_size=(2400, 1440), orientation=6))) == CORNERS


def test_a_preview_that_does_not_say_how_it_lies_is_turned_as_the_raw_file_says() -> None:
    tags = Image.Exif()
    tags[0x010F] = "Maker"
    stored = four_corners().resize((2400, 1440)).transpose(TURNS.ROTATE_90)
    preview = exif_first(saved(stored, form="JPEG", exif=tags))
    assert corners(decode(dng(preview, preview_size=stored.size, orientation=6))) == CORNERS


def test_a_raw_file_without_a_preview_that_shows_faces_is_developed() -> None:
    """Its sensor saw green."""
    small = halves("red", "blue", (160, 120))
    for raw in (dng(size=(2400, 1800)), dng(small, size=(2400, 1800), preview_size=(160, 120))):
        image = decode(raw)
        assert image.size == (1200, 900)
        assert image.getpixel((600, 450)) == (0, 255, 0)


def test_a_raw_file_whose_preview_is_broken_is_developed() -> None:
    broken = halves("red", "blue", (2000, 1500))[:5000]
    assert decode(dng(broken, size=(2400, 1800))).getpixel((600, 450)) == (0, 255, 0)


def test_a_preview_is_not_passed_over_where_the_sensor_saw_no_more() -> None:
    image = decode(dng(halves("red", "blue", (160, 120)), size=(160, 120), preview_size=(160, 120)))
    assert image.size == (160, 120)


def test_a_camera_that_is_named_makes_no_raw_file_of_a_picture() -> None:
    """LibRaw would take 16 bits of grey for a sensor's."""
    tags = Image.Exif()
    tags[0x010F], tags[0x0110] = "Canon", "EOS 5D"
    for mode in ("I;16", "L", "RGB"):
        assert decode(saved(Image.new(mode, (300, 200)), form="TIFF", exif=tags)).size == (300, 200)
