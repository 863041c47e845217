"""Finding, decoding and preparing photos."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from sortclient.photos.decode import SMALLEST_SIDE, decode
from sortclient.photos.errors import NotAPhoto, Unreadable
from sortclient.photos.prepare import analysis_copy, analysis_digest, original, read

ORIENTATION = 0x0112


def content(colour: str = "teal", size: tuple[int, int] = (120, 90), form: str = "JPEG", **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, form, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "HEIF", "AVIF", "JPEG2000"])
def test_formats_are_recognised_by_content(form: str) -> None:
    image = decode(content(form=form))
    assert (image.mode, image.size) == ("RGB", (120, 90))


def test_decode_turns_the_picture_upright() -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    assert decode(content(exif=exif)).size == (90, 120)


@pytest.mark.parametrize(
    ("size", "expected"), [((4000, 3000), (1920, 1440)), ((1000, 4000), (480, 1920)), ((200, 100), (200, 100))]
)
def test_decode_shrinks_and_never_enlarges(size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert decode(content(size=size)).size == expected


def test_a_large_jpeg_is_never_decoded_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    from PIL import JpegImagePlugin

    decoded = []
    load = JpegImagePlugin.JpegImageFile.load

    def spy(self: JpegImagePlugin.JpegImageFile) -> object:
        decoded.append(self.size)
        return load(self)

    monkeypatch.setattr(JpegImagePlugin.JpegImageFile, "load", spy)
    assert decode(content(size=(4000, 3000))).size == (1920, 1440)
    assert decoded[0] == (2000, 1500)


@pytest.mark.parametrize("mode", ["L", "1", "P", "RGBA", "LA", "CMYK", "I;16"])
def test_every_mode_becomes_rgb(mode: str) -> None:
    buffer = io.BytesIO()
    Image.new("L", (100, 100), 200).convert(mode).save(buffer, "TIFF" if mode == "CMYK" else "PNG")
    assert decode(buffer.getvalue()).mode == "RGB"


def test_transparent_parts_become_white() -> None:
    buffer = io.BytesIO()
    Image.new("RGBA", (100, 100), (255, 0, 0, 0)).save(buffer, "PNG")
    assert decode(buffer.getvalue()).getpixel((50, 50)) == (255, 255, 255)


def test_a_transparent_colour_of_a_palette_becomes_white() -> None:
    buffer = io.BytesIO()
    image = Image.new("P", (100, 100), 1)
    image.putpalette([0, 0, 0, 255, 0, 0])
    image.save(buffer, "PNG", transparency=1)
    assert decode(buffer.getvalue()).getpixel((50, 50)) == (255, 255, 255)


def test_the_smallest_picture_that_rekognition_takes() -> None:
    assert decode(content(size=(SMALLEST_SIDE, SMALLEST_SIDE))).size == (80, 80)


@pytest.mark.parametrize("text", [b"", b"hello", b"%PDF-1.7", b"\x00" * 100])
def test_what_is_no_picture(text: bytes) -> None:
    with pytest.raises(NotAPhoto):
        decode(text)


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (content(size=(400, 400))[:-500], "cut off"),
        (content(form="PNG", size=(400, 400))[:150], "broken"),
        (content(form="AVIF", size=(400, 400))[:-20] + bytes(20), "broken"),
        (content(form="AVIF", size=(400, 400)).replace(b"pitm", b"pitn"), "broken"),
        (content(size=(79, 400)), "at least 80"),
        (content(form="PNG", size=(20_000, 20_000), compress_level=1), "million"),
    ],
    ids=["truncated jpeg", "truncated png", "broken avif", "avif without a picture", "too small", "too large"],
)
def test_pictures_that_cannot_be_compared(broken: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        decode(broken)


def test_a_file_that_cannot_be_read_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="No such file"):
        read(tmp_path / "gone.jpg")
    with pytest.raises(Unreadable, match="directory"):
        read(tmp_path)


def test_the_analysis_copy_is_a_jpeg_without_metadata() -> None:
    exif = Image.Exif()
    exif[0x010F] = "Camera maker"
    exif.get_ifd(0x8825)[1] = "N"  # the block of GPS data
    full = content(size=(3000, 2000), exif=exif, comment=b"a comment", icc_profile=b"x" * 200)
    copy = analysis_copy(full)
    with Image.open(io.BytesIO(copy.content)) as image:
        assert (image.format, image.size, copy.content_type) == ("JPEG", (1920, 1280), "image/jpeg")
        assert not image.getexif()
        assert not {"exif", "icc_profile", "comment"} & image.info.keys()


def test_a_digest_names_the_bytes_and_how_they_were_prepared() -> None:
    one, other = content("teal"), content("red")
    assert analysis_copy(one).digest == analysis_digest(one) != analysis_digest(other)
    assert original(one).digest != analysis_digest(one)
    assert len(analysis_digest(one)) == 64


def test_originals_travel_as_they_are_where_rekognition_takes_them() -> None:
    for form, kind in (("JPEG", "image/jpeg"), ("PNG", "image/png")):
        data = content(form=form)
        assert (original(data).content, original(data).content_type) == (data, kind)
    for excess in (0, 1):  # Rekognition's limit is 15 MB; what follows a JPEG's end is no part of its picture
        large = content() + b"\0" * (15 * 1024 * 1024 + excess - len(content()))
        assert (original(large) == analysis_copy(large)) == bool(excess)
    webp = content(form="WEBP")
    assert original(webp) == analysis_copy(webp)
    with pytest.raises(Unreadable):
        original(content(size=(400, 400))[:-500])
