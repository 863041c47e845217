"""When the camera took a picture, as its own clock said.

Of EXIF's dates two say that: when the picture was taken, and when it was digitized, which a camera does at once. The
third, DateTime, programs set anew when they save. The times of the file and a date in its name are no better: they say
when it was copied, sent or exported. So a picture that does not say it itself has no date; a wrong one would put it
into a wrong year, and nobody would know why. LibRaw is not asked, as it takes DateTime, too.

The directories are read here, by slices alone: these raise nothing, wherever broken bytes point. That takes
microseconds and, for what travels as an original, no decoder: threads may do it.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from sortclient.photos.decode import opened, without_warnings
from sortclient.photos.kinds import HEAD, RAW, RAW_BRAND, TIFF, brands
from sortclient.photos.structure import JPEG, PNG, jpeg_exif, png_exif

# Exif 2.32, tables 1 and 2; RAW files that follow TIFF/EP (ISO 12234-2) have the dates in their first directory.
_EXIF, _ORIGINAL, _DIGITIZED = 0x8769, 0x9003, 0x9004
_ASCII, _LENGTH = 2, 19  # the type of a date, and its bytes without the zero at the end
_DATE = re.compile(rb"(\d{4}):(\d\d):(\d\d) (\d\d):(\d\d):(\d\d)")
_FIRST_PHOTO = 1826  # the year of Niépce's view from his window; programs that know no date write the year 1

_PANASONIC_PREVIEW = 0x2E  # the tag of a whole JPEG; some older cameras have the dates only there
_RAF = b"FUJIFILMCCD-RAW "
_RAF_PREVIEW = 84  # where the place of its JPEG stands
_CR3_EXIF, _CR3_START = b"CMT2", 1 << 16  # a box near the start, whose content is a TIFF file

_Order = Literal["little", "big"]
_ORDERS: dict[bytes, _Order] = {b"II": "little", b"MM": "big"}


def taken(content: bytes) -> str:
    """As `2019-06-30T18:00:00`; empty where the file does not say. Decodes no pixels, and raises nothing.

    Nothing is known of CRW, MRW, JPEG 2000 and BigTIFF files, nor of BMP and GIF, which have no place for it.
    """
    return next(filter(None, map(_date, _exifs(content))), "")


def _exifs(content: bytes) -> Iterator[bytes]:
    """EXIF is a TIFF file by itself; this is where each format has it."""
    if content.startswith(JPEG):
        yield jpeg_exif(content)
    elif content.startswith(PNG):
        yield png_exif(content)
    elif content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        yield _webp_exif(content)
    elif content.startswith(_RAF):
        place, length = struct.unpack(">II", content[_RAF_PREVIEW : _RAF_PREVIEW + 8].ljust(8, b"\0"))
        yield jpeg_exif(content[place : place + length])
    elif content.startswith((*TIFF, *RAW)):
        yield content
        yield _panasonic_exif(content)
    elif RAW_BRAND in (found := brands(content[:HEAD])):
        _, _, behind = content[:_CR3_START].partition(_CR3_EXIF)
        yield behind
    elif found:
        yield _heif_exif(content)


def _date(exif: bytes) -> str:
    order = _ORDERS.get(exif[:2])
    if order is None:
        return ""
    first = _directory(exif, order, int.from_bytes(exif[4:8], order))
    _, _, at = first.get(_EXIF, (0, 0, len(exif)))
    directories = (_directory(exif, order, at), first)
    entries = (directory[tag] for tag in (_ORIGINAL, _DIGITIZED) for directory in directories if tag in directory)
    dates = (exif[place : place + _LENGTH] for kind, count, place in entries if kind == _ASCII and count >= _LENGTH)
    return next(filter(None, map(_iso, dates)), "")


def _directory(tiff: bytes, order: _Order, at: int) -> dict[int, tuple[int, int, int]]:
    """The TIFF directory at ``at``: tag -> (type, count, where the value stands, if it is longer than 4 bytes)."""
    number = int.from_bytes(tiff[at : at + 2], order)
    table = tiff[at + 2 : at + 2 + 12 * number]
    form = "<HHII" if order == "little" else ">HHII"
    whole = len(table) // 12 * 12
    return {tag: (kind, count, place) for tag, kind, count, place in struct.iter_unpack(form, table[:whole])}


def _iso(date: bytes) -> str:
    """Empty for what is none: blanks, zeros, the 31st of February."""
    match = _DATE.fullmatch(date)
    if match is None:
        return ""
    year, month, day, hour, minute, second = map(int, match.groups())
    try:
        when = datetime(year, month, day, hour, minute, second)
    except ValueError:
        return ""
    return when.isoformat() if year >= _FIRST_PHOTO else ""


def _webp_exif(content: bytes) -> bytes:
    at, end = 12, min(len(content), 8 + int.from_bytes(content[4:8], "little"))
    while at < end:
        length = int.from_bytes(content[at + 4 : at + 8], "little")
        if content[at : at + 4] == b"EXIF":
            return _without_mark(content[at + 8 : at + 8 + length])
        at += 8 + length + length % 2
    return b""


def _panasonic_exif(content: bytes) -> bytes:
    if not content.startswith(b"IIU\0"):
        return b""
    first = _directory(content, "little", int.from_bytes(content[4:8], "little"))
    _, length, place = first.get(_PANASONIC_PREVIEW, (0, 0, 0))
    return jpeg_exif(content[place : place + length])


def _heif_exif(content: bytes) -> bytes:
    """Of HEIC and AVIF, whose tables say in many ways where it stands."""
    try:
        with without_warnings():
            exif = opened(content).info.get("exif")
    except Exception:  # noqa: BLE001 - broken bytes make the libraries raise anything, and the picture may be whole
        return b""
    return _without_mark(exif) if isinstance(exif, bytes) else b""


def _without_mark(exif: bytes) -> bytes:
    """JPEG's mark has no place in other formats, but many programs write it there."""
    return exif.removeprefix(b"Exif\0\0")
