"""What people's folders hold besides whole pictures: files of every way to be broken, each with its expected line.

``build(folder)`` writes them. Nothing is downloaded: each is made, and broken where its format breaks.
"""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from sortclient.model import Outcome
from tests.unit.pictures import (
    ORIENTATION,
    archive,
    broken_second_frame,
    chunk,
    film,
    multi_picture,
    picture,
    picture_of_nothing,
    saved,
    segment,
    srgb_profile,
    tiled,
    with_chunk,
)
from tests.unit.raw_files import arw, box, cr2, cr3, dng, halves, nef, orf, raf, rw2

PHOTO = None  # expected of what is a photo after all
UNREADABLE, NOT_A_PHOTO = Outcome.UNREADABLE, Outcome.NOT_A_PHOTO


@dataclass(frozen=True, slots=True)
class Expected:
    """``outcome`` is None for a photo; ``words`` stand in the detail of any other."""

    outcome: Outcome | None
    words: str = ""


Case = tuple[str, bytes, Outcome | None, str]


def build(folder: Path) -> dict[str, Expected]:
    """Write every hostile file; its name -> what is expected of it."""
    expected = {}
    for name, content, outcome, words in cases():
        assert name not in expected
        (folder / name).write_bytes(content)
        expected[name] = Expected(outcome, words)
    return expected


def cases() -> Iterator[Case]:
    yield from _other_kinds()
    yield from _wrong_names()
    yield from _cut_off()
    yield from _claims()
    yield from _sizes()
    yield from _broken_metadata()
    yield from _broken_pictures()
    yield from _good_after_all()


def _other_kinds() -> Iterator[Case]:
    yield "empty.jpg", b"", NOT_A_PHOTO, "empty file"
    yield "holiday.mp4", film(b"isom"), NOT_A_PHOTO, "video: MP4"
    yield "IMG_1.MOV", film(b"qt  "), NOT_A_PHOTO, "video: MP4 or QuickTime"
    yield "old.mov", box(b"moov", bytes(100)), NOT_A_PHOTO, "video: QuickTime"
    yield "film.mkv", b"\x1a\x45\xdf\xa3" + bytes(200), NOT_A_PHOTO, "video: Matroska"
    yield "film.avi", b"RIFF\x80\0\0\0AVI LIST" + bytes(100), NOT_A_PHOTO, "video: AVI"
    yield "camera.mts", (b"\0\0\0\0G" + bytes(187)) * 6, NOT_A_PHOTO, "video: MPEG transport stream"
    yield "camera.mpg", b"\0\0\x01\xba" + bytes(100), NOT_A_PHOTO, "video: MPEG"
    yield "motion.mj2", bytes.fromhex("0000000c6a5020200d0a870a") + film(b"mjp2"), NOT_A_PHOTO, "video: Motion"
    yield "song.mp3", b"ID3\x04" + bytes(100), NOT_A_PHOTO, "audio: MP3"
    yield "memo.m4a", film(b"M4A "), NOT_A_PHOTO, "audio: MPEG-4"
    yield "memo.wav", b"RIFF\x80\0\0\0WAVEfmt " + bytes(100), NOT_A_PHOTO, "audio: WAV"
    yield "letter.pdf", b"%PDF-1.7\n" + bytes(100), NOT_A_PHOTO, "document: PDF"
    yield "letter.doc", bytes.fromhex("d0cf11e0a1b11ae1") + bytes(500), NOT_A_PHOTO, "document: Microsoft Office"
    yield "letter.docx", archive(), NOT_A_PHOTO, "document"
    yield "notes.txt", "Grüße\n".encode(), NOT_A_PHOTO, "document: text"
    yield "latin.txt", "Grüße\n".encode("latin-1"), NOT_A_PHOTO, "document"
    yield "wide.txt", "Grüße\n".encode("utf-16"), NOT_A_PHOTO, "document: text"
    yield "photos.zip", archive(), NOT_A_PHOTO, "archive: ZIP"
    yield "backup.tar", b"a.jpg".ljust(257, b"\0") + b"ustar" + bytes(300), NOT_A_PHOTO, "archive: tar"
    yield "backup.gz", b"\x1f\x8b\x08" + bytes(100), NOT_A_PHOTO, "archive: gzip"
    yield "IMG_1.xmp", b'<?xpacket begin=""?><x:xmpmeta xmlns:x="adobe:ns:meta/"/>', NOT_A_PHOTO, "sidecar: XMP"
    yield "IMG_1.AAE", b'<?xml version="1.0"?><plist version="1.0"/>', NOT_A_PHOTO, "sidecar: AAE"
    yield "MVI_1.THM", picture(size=(160, 120)), NOT_A_PHOTO, "sidecar: THM"
    yield "IMG_1.jpg.json", b'{"title": "IMG_1.jpg"}', NOT_A_PHOTO, "sidecar"
    yield "._IMG_1.jpg", b"\0\x05\x16\x07\0\x02\0\0" + bytes(100), NOT_A_PHOTO, "sidecar: AppleDouble"
    yield "drawing.svg", b'<svg xmlns="http://www.w3.org/2000/svg"/>', NOT_A_PHOTO, "SVG"
    yield "layers.psd", b"8BPS\0\x01" + bytes(100), NOT_A_PHOTO, "Photoshop"
    yield "new.jxl", b"\xff\x0a" + bytes(100), NOT_A_PHOTO, "JPEG XL"
    yield "unknown.bin", random.Random(1).randbytes(500), NOT_A_PHOTO, "other file"


def _wrong_names() -> Iterator[Case]:
    yield "text.jpg", b"This is no picture.\n", NOT_A_PHOTO, "document: text, though its name says .jpg"
    yield "page.png", b"<!DOCTYPE html><html></html>", NOT_A_PHOTO, "document: web page, though its name says .png"
    yield "film.jpg", film(b"mp42"), NOT_A_PHOTO, "video: MP4 or QuickTime, though its name says .jpg"
    yield "pdf.heic", b"%PDF-1.4\n", NOT_A_PHOTO, "document: PDF, though its name says .heic"
    yield "archive.nef", archive(), NOT_A_PHOTO, "archive: ZIP, though its name says .nef"
    yield "lost.jpg", bytes(5000), NOT_A_PHOTO, "other file: no picture, though its name says .jpg"
    yield "bm.bmp", b"BM, Hoffmann und andere, ein Text", NOT_A_PHOTO, "document: text"
    yield "polyglot.jpg", b"%PDF-1.7\n" + picture(), NOT_A_PHOTO, "document: PDF"
    yield "jpeg.txt", picture(), PHOTO, ""
    yield "png.jpg", picture("PNG"), PHOTO, ""
    yield "heic.jpg", picture("HEIF"), PHOTO, ""
    yield "photo.mp4", picture("WEBP"), PHOTO, ""
    yield "photo", picture("TIFF"), PHOTO, ""
    yield "photo.xmp", picture(), PHOTO, ""


def _cut_off() -> Iterator[Case]:
    names = {"JPEG2000": "jp2", "HEIF": "heic", "TIFF": "tif"}
    for form in ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "HEIF", "AVIF", "JPEG2000"):
        whole = picture(form)
        for share in (0.1, 0.6, 0.9 if form == "JPEG" else 0.98):
            name = f"cut-{share * 100:.0f}.{names.get(form, form.lower())}"
            yield name, whole[: int(len(whole) * share)], UNREADABLE, "cut off"
    whole = picture(progressive=True)
    yield "cut-progressive.jpg", whole[: len(whole) * 2 // 3], UNREADABLE, "cut off"
    yield "cut-at-the-very-end.jpg", picture()[:-20], PHOTO, ""
    yield "cut-at-the-very-end-and-filled-up.jpg", picture()[:-2] + bytes(3000), PHOTO, ""
    yield "cut-filled-up.jpg", picture()[:-3000] + bytes(3000), UNREADABLE, "cut off"
    yield "cut-only-start.jpg", b"\xff\xd8\xff", UNREADABLE, "cut off"
    yield "cut-only-start.png", b"\x89PNG\r\n\x1a\n", UNREADABLE, "cut off"
    yield "cut.dng", dng(halves("red", "blue", (2000, 1500)))[:3000], UNREADABLE, "cut off"
    yield "cut.cr3", box(b"ftyp", b"crx \0\0\0\1crx isom") + bytes(300), UNREADABLE, "cut off"
    yield "cut.raf", b"FUJIFILMCCD-RAW 0201" + bytes(300), UNREADABLE, "cut off"
    yield "cut.rw2", b"IIU\0\x08\0\0\0" + bytes(300), UNREADABLE, "cut off"
    yield "cut.orf", b"IIRO\x08\0\0\0" + bytes(300), UNREADABLE, "cut off"


def _claims() -> Iterator[Case]:
    """A few bytes that claim 100,000 px a side: 30 GB, if somebody believed them."""
    side = 100_000
    large = "million px"
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    yield "claims.png", b"\x89PNG\r\n\x1a\n" + chunks, UNREADABLE, large
    bmp = bytearray(picture("BMP"))
    bmp[18:26] = struct.pack("<ii", side, side)
    yield "claims.bmp", bytes(bmp), UNREADABLE, large
    gif = bytearray(picture("GIF"))
    gif[6:10] = struct.pack("<HH", 65_535, 65_535)
    yield "claims.gif", bytes(gif), UNREADABLE, large
    jpeg = picture()
    at = jpeg.index(b"\xff\xc0")
    yield "claims.jpg", jpeg[: at + 5] + struct.pack(">HH", 65_000, 65_000) + jpeg[at + 9 :], UNREADABLE, large
    tiff = picture("TIFF")
    for tag in (256, 257):
        for form in ("H", "L"):  # Pillow writes either
            number = {"H": 3, "L": 4}[form]
            for value in (400, 300):
                old = struct.pack("<HHII", tag, number, 1, value)
                tiff = tiff.replace(old, struct.pack("<HHII", tag, 4, 1, side))
    yield "claims.tif", tiff, UNREADABLE, large
    yield "claims-tile.tif", tiled(side), UNREADABLE, "broken"
    webp = bytearray(picture("WEBP", lossless=True))
    at = webp.index(b"VP8L") + 9
    webp[at : at + 4] = struct.pack("<I", 16_383 | 16_383 << 14)
    yield "claims.webp", bytes(webp), UNREADABLE, ""
    jp2 = picture("JPEG2000")
    for code in (b"ihdr", b"\xff\x51"):
        at = jp2.index(code) + (4 if code == b"ihdr" else 6)
        jp2 = jp2[:at] + struct.pack(">II", side, side) + jp2[at + 8 :]
    yield "claims.jp2", jp2, UNREADABLE, large
    heic = picture("HEIF")
    at = heic.index(b"ispe") + 8
    yield "claims.heic", heic[:at] + struct.pack(">II", side, side) + heic[at + 8 :], UNREADABLE, ""
    avif = picture("AVIF")
    at = avif.index(b"ispe") + 8
    yield "claims.avif", avif[:at] + struct.pack(">II", side, side) + avif[at + 8 :], UNREADABLE, ""
    yield "claims.dng", dng(claimed=(side, side)), UNREADABLE, ""
    yield "bomb.png", picture_of_nothing(20_000), UNREADABLE, large


def _sizes() -> Iterator[Case]:
    for form, suffix in (("JPEG", "jpg"), ("PNG", "png"), ("GIF", "gif"), ("WEBP", "webp"), ("HEIF", "heic")):
        yield f"small.{suffix}", picture(form, (79, 300)), UNREADABLE, "at least 80"
    yield "dot.gif", picture("GIF", (1, 1)), UNREADABLE, "at least 80"
    yield "smallest.jpg", picture(size=(80, 80)), PHOTO, ""
    yield "strip.png", picture("PNG", (6000, 90)), PHOTO, ""


def _broken_metadata() -> Iterator[Case]:
    """The picture is whole: it must not be lost for what stands beside it."""
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    good = exif.tobytes()
    directory = struct.pack("<2sHIH", b"II", 42, 8, 1)
    loop = b"Exif\0\0" + directory + struct.pack("<HHII", 0x8769, 4, 1, 8) + struct.pack("<I", 8)
    yield "exif-cut.jpg", picture(exif=good[:-9]), PHOTO, ""
    yield "exif-noise.jpg", picture(exif=b"Exif\0\0" + random.Random(3).randbytes(400)), PHOTO, ""
    yield "exif-loop.jpg", picture(exif=loop), PHOTO, ""
    yield "exif-far.jpg", picture(exif=b"Exif\0\0II*\0" + struct.pack("<I", 0xFFFFFFF0)), PHOTO, ""
    yield "exif-noise.png", picture("PNG", exif=b"Exif\0\0" + random.Random(4).randbytes(400)), PHOTO, ""
    yield "exif-noise.webp", picture("WEBP", exif=b"Exif\0\0" + random.Random(4).randbytes(400)), PHOTO, ""
    orientation = struct.pack("<HHIHH", ORIENTATION, 3, 1, 99, 0)
    yield "orientation-99.jpg", picture(exif=b"Exif\0\0" + directory + orientation + bytes(4)), PHOTO, ""
    words = struct.pack("<HHI", ORIENTATION, 2, 4) + b"abc\0"
    yield "orientation-text.jpg", picture(exif=b"Exif\0\0" + directory + words + bytes(4)), PHOTO, ""
    yield "profile-noise.jpg", picture(icc_profile=random.Random(5).randbytes(700)), PHOTO, ""
    yield "profile-cut.png", picture("PNG", icc_profile=srgb_profile()[:100]), PHOTO, ""
    jpeg = picture()
    yield "mpf-noise.jpg", jpeg[:2] + segment(0xE2, b"MPF\0" + b"II*\0" + bytes(20)) + jpeg[2:], PHOTO, ""
    yield "comments.jpg", jpeg[:2] + segment(0xFE, b"x" * 65_000) * 100 + jpeg[2:], PHOTO, ""
    yield "text.png", with_chunk(picture("PNG"), chunk(b"tEXt", b"Comment\0" + b"x" * 2_000_000)), PHOTO, ""


def _broken_pictures() -> Iterator[Case]:
    jpeg = picture()
    yield "segment-too-long.jpg", jpeg[:2] + b"\xff\xe1\xff\xff" + jpeg[2:4000], UNREADABLE, "cut off"
    yield "no-tables.jpg", jpeg[:2] + jpeg[jpeg.index(b"\xff\xc0") :], UNREADABLE, "broken"
    yield "no-picture.jpg", b"\xff\xd8" + segment(0xFE, b"nothing") + b"\xff\xd9", UNREADABLE, "broken"
    png = picture("PNG")
    flipped = bytearray(png)
    flipped[len(png) // 2] ^= 0xFF
    yield "bad-crc.png", bytes(flipped), UNREADABLE, "broken"
    yield "bad-header-crc.png", png[:29] + b"\0\0\0\0" + png[33:], UNREADABLE, "broken"
    yield "no-data.png", png[:33] + chunk(b"IEND", b""), UNREADABLE, "broken"
    bomb = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(200_000_000)))
    yield "text-bomb.png", with_chunk(png, bomb), UNREADABLE, "broken"
    heic = picture("HEIF")
    yield "no-primary.heic", heic.replace(b"pitm", b"pitn"), UNREADABLE, "broken"
    tiff = picture("TIFF")
    yield "directory-beyond.tif", tiff[:4] + struct.pack("<I", len(tiff) * 2) + tiff[8:], UNREADABLE, "broken"
    yield "directory-loop.tif", b"II*\0" + struct.pack("<IHI", 8, 0, 8), UNREADABLE, "broken"
    yield "only-preview-noise.dng", dng(bytes(5000), claimed=(3000, 2000)), UNREADABLE, "broken"


def _good_after_all() -> Iterator[Case]:
    first, second = picture(), picture(size=(200, 150))
    yield "with-film.jpg", first + film(b"mp42"), PHOTO, ""
    yield "two.mpo", multi_picture(), PHOTO, ""
    yield "two.jpg", first + second, PHOTO, ""
    yield "cmyk.jpg", saved(Image.new("CMYK", (200, 150), (10, 20, 30, 0)), form="JPEG"), PHOTO, ""
    yield "grey.jpg", saved(Image.new("L", (200, 150), 90), form="JPEG"), PHOTO, ""
    yield "progressive.jpg", picture(progressive=True), PHOTO, ""
    yield "deep.png", saved(Image.new("I;16", (200, 150), 40_000), form="PNG"), PHOTO, ""
    yield "broken-second.gif", broken_second_frame("GIF"), PHOTO, ""
    pages = [Image.new("RGB", (200, 150), tint) for tint in ("red", "blue")]
    yield "many-pages.tif", saved(*pages, form="TIFF"), PHOTO, ""
    yield "moving.webp", saved(*pages, form="WEBP"), PHOTO, ""
    yield "cut-in-preview.dng", dng(halves("red", "blue", (2000, 1500)))[:-20_000], PHOTO, ""  # it can be developed
    for make in (nef, arw, cr2, cr3, rw2, orf, raf):
        yield f"photo.{make.__name__}", make(halves("red", "blue", (2400, 1440)), 6), PHOTO, ""
    yield "photo.dng", dng(halves("red", "blue", (2000, 1500)), orientation=6), PHOTO, ""
