"""What travels of a photo, under which digest, and what never does."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFile

from sortclient.photos.decode import decode
from sortclient.photos.errors import NotAPhoto, NotReached, Unreadable
from sortclient.photos.kinds import LARGEST_FILE
from sortclient.photos.prepare import analysis_copy, analysis_digest, original, plain_original, read
from sortclient.photos.structure import without_metadata
from tests.unit.pictures import (
    CORNERS,
    STORED,
    content,
    corners,
    exif,
    film,
    four_corners,
    multi_picture,
    picture,
    saved,
    segment,
    srgb_profile,
    swapped_profile,
)

PLACE = b"52.5200 N 13.4050 E"


def photo(quality: int = 80, size: tuple[int, int] = (800, 600), **options: object) -> bytes:
    return picture("JPEG", size, quality=quality, **options)


def full_of_metadata() -> bytes:
    """A JPEG with EXIF (place, thumbnail), XMP, IPTC, a maker's segment, comments, a thumbnail in JFIF, a profile, and
    after its end a film and another picture: each tells the place.
    """
    tags = Image.Exif()
    tags[0x010F] = PLACE.decode()
    tags.get_ifd(0x8825)[1] = "N"
    tags.get_ifd(0x8825)[29] = PLACE.decode()
    bare = photo(exif=tags, xmp=b"<x:xmpmeta>" + PLACE + b"</x:xmpmeta>", comment=PLACE, icc_profile=srgb_profile())
    jfif = bare.index(b"\xff\xe0")
    end = jfif + 2 + int.from_bytes(bare[jfif + 2 : jfif + 4], "big")
    thumbnail = segment(0xE0, bare[jfif + 4 : end][:12] + b"\x04\x04" + (PLACE * 3)[:48])
    more = b"".join(
        segment(marker, PLACE * 5)
        for marker in (0xED, 0xE0, 0xE2, 0xE5, 0xEF, 0xFE)  # IPTC, JFXX, MPF, makers', a comment
    )
    middle = segment(0xEE, b"Adobe\0\x64\0\0\0\0\x01" + PLACE)
    scan = bare.index(b"\xff\xda", end)
    return bare[:2] + thumbnail + more + middle + bare[end:scan] + more + bare[scan:] + film(b"mp42") + PLACE + photo()


def test_metadata_never_leaves() -> None:
    whole = full_of_metadata()
    assert whole.count(PLACE) > 10
    for copy in (analysis_copy(whole), analysis_copy(picture("JPEG", (3000, 2000), comment=PLACE, exif=exif(6)))):
        for words in (PLACE, b"GPS", b"Exif", b"xmpmeta", b"ICC_PROFILE", b"MPF", b"ftyp"):
            assert words not in copy.content, words
        with Image.open(io.BytesIO(copy.content)) as image:
            assert not image.getexif()
            assert not {"exif", "icc_profile", "comment", "xmp"} & image.info.keys()


def test_a_jpeg_that_needs_no_change_loses_its_metadata_and_no_more() -> None:
    whole = full_of_metadata()
    copy = analysis_copy(whole)
    assert decode(copy.content).tobytes() == decode(whole).tobytes()
    assert copy.content.endswith(photo()[photo().index(b"\xff\xda") :])  # the picture's own data, bit for bit


@pytest.mark.parametrize(
    "small",
    [photo(), photo(progressive=True), saved(Image.new("L", (800, 600), 90), form="JPEG"), photo(size=(1920, 1080))],
    ids=["baseline", "progressive", "grey", "largest"],
)
def test_a_jpeg_without_metadata_is_sent_byte_for_byte(small: bytes) -> None:
    assert analysis_copy(small).content == small


@pytest.mark.parametrize(
    "changed",
    [
        photo(exif=exif(6)),
        photo(size=(1921, 1080)),
        photo(icc_profile=swapped_profile()),
        photo(quality=100, subsampling=0),
        saved(Image.new("CMYK", (800, 600), (0, 200, 200, 0)), form="JPEG"),
        picture("PNG", (800, 600)),
    ],
    ids=["turned", "large", "other colours", "heavy", "CMYK", "PNG"],
)
def test_what_needs_a_change_is_encoded_again(changed: bytes) -> None:
    copy = analysis_copy(changed).content
    assert copy != without_metadata(changed) if changed.startswith(b"\xff\xd8") else True
    with Image.open(io.BytesIO(copy)) as image:
        assert (image.format, image.mode, max(image.size) <= 1920) == ("JPEG", "RGB", True)


def test_an_srgb_profile_is_no_reason_to_encode_again() -> None:
    assert analysis_copy(photo(icc_profile=srgb_profile())).content == photo()


@pytest.mark.parametrize("orientation", STORED)
def test_the_copy_is_upright(orientation: int) -> None:
    turn = STORED[orientation]
    stored = four_corners() if turn is None else four_corners().transpose(turn)
    copy = analysis_copy(saved(stored, form="JPEG", exif=exif(orientation)))
    with Image.open(io.BytesIO(copy.content)) as image:
        assert corners(image.convert("RGB")) == CORNERS


def test_of_several_pictures_only_the_first_travels() -> None:
    copy = analysis_copy(multi_picture()).content
    assert copy.count(b"\xff\xd8\xff") == 1
    pixel = decode(copy).getpixel((50, 50))
    assert isinstance(pixel, tuple)
    assert pixel[0] > 250


@given(junk=st.binary(max_size=300), at=st.sampled_from([0xE1, 0xE2, 0xED, 0xFE]))
def test_any_metadata_leaves_the_same_picture(junk: bytes, at: int) -> None:
    bare = photo(size=(96, 80))
    dirty = bare[:2] + segment(at, junk) + bare[2:] + junk
    assert without_metadata(dirty) == bare


@pytest.mark.parametrize("other", [{}, {"size": (2400, 1600)}, {"form": "PNG"}, {"form": "HEIF"}], ids=str)
def test_when_it_was_taken_is_told_beside_a_copy_that_does_not_say_it(other: dict[str, Any], tmp_path: Path) -> None:
    tags = exif(1)
    tags.get_ifd(0x8769)[0x9003] = "2019:06:30 18:00:00"
    whole = picture(exif=tags, **other)
    copy, file = analysis_copy(whole), tmp_path / "photo"
    assert (copy.taken, analysis_copy(copy.content).taken) == ("2019-06-30T18:00:00", "")
    file.write_bytes(whole)
    for prepared in (original(whole), plain_original(file)):
        assert prepared is None or prepared.taken == copy.taken
    assert (plain_original(file) is None) == ("form" in other)


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


@pytest.mark.parametrize(
    "other",
    [
        picture("WEBP"),
        picture("HEIF"),
        saved(Image.new("CMYK", (200, 150)), form="JPEG"),
        saved(Image.new("I;16", (200, 150), 40_000), form="PNG"),
        picture("PNG", exif=exif(6)),
    ],
    ids=["WebP", "HEIC", "CMYK", "16 bits", "a PNG to be turned"],
)
def test_what_rekognition_may_not_take_travels_as_the_analysis_copy(other: bytes) -> None:
    assert original(other) == analysis_copy(other)


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_an_original_is_judged_without_decoding_it(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr(ImageFile.ImageFile, "load", refuse)
    whole = picture(form, (1200, 900))
    assert original(whole).content == whole
    with pytest.raises(Unreadable, match="79 x 400"):
        original(picture(form, (79, 400)))


def test_a_file_that_cannot_be_had_may_be_had_another_time(tmp_path: Path) -> None:
    with pytest.raises(NotReached, match="No such file") as gone:
        read(tmp_path / "gone.jpg")
    assert not gone.value.rejection.lasting
    with pytest.raises(NotReached, match="directory"):
        read(tmp_path)


def test_what_is_not_worth_reading_is_not_read(tmp_path: Path) -> None:
    """Sparse files: reading one whole would end the test, and the machine."""
    film_file, picture_file = tmp_path / "film.jpg", tmp_path / "picture.jpg"
    film_file.write_bytes(film(b"isom"))
    picture_file.write_bytes(content())
    for file in (film_file, picture_file):
        with file.open("rb+") as opened:
            opened.truncate(LARGEST_FILE + 1)
    with pytest.raises(NotAPhoto, match="video"):
        read(film_file)
    with pytest.raises(Unreadable, match="GiB"):
        read(picture_file)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_plain_original_is_the_same_as_an_original_or_is_left_to_it(form: str, tmp_path: Path) -> None:
    file = tmp_path / "photo"
    whole = picture(form, (400, 300))
    file.write_bytes(whole)
    assert plain_original(file) == (original(whole) if form != "WEBP" else None)
    file.write_bytes(whole[:-500])
    assert plain_original(file) is None
    assert plain_original(tmp_path / "gone") is None


def test_a_plain_original_knows_its_checksum(tmp_path: Path) -> None:
    file = tmp_path / "photo.jpg"
    file.write_bytes(picture("JPEG", (400, 300)))
    prepared = plain_original(file)
    assert prepared is not None
    assert prepared.sha256 == hashlib.sha256(file.read_bytes()).digest()
