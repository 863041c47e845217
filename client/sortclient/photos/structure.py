"""The build of JPEG and PNG files, without decoding a pixel: where they end, what they claim, what they carry along."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from sortclient.photos.errors import Unreadable

JPEG = b"\xff\xd8\xff"
PNG = b"\x89PNG\r\n\x1a\n"

# Markers of ITU-T T.81, table B.1
_EOI, _SOS = 0xD9, 0xDA
_END = bytes((0xFF, _EOI))
_APP0, _APP1, _APP14 = 0xE0, 0xE1, 0xEE
_EXIF = b"Exif\0\0"
_TABLES = frozenset((0xC4, 0xCC, 0xDB, 0xDC, 0xDD))  # DHT, DAC, DQT, DNL, DRI
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_COMMON_FRAMES = frozenset((0xC0, 0xC1, 0xC2))  # Huffman coded: baseline, extended, progressive
_WITHOUT_LENGTH = frozenset((0x01, *range(0xD0, 0xD9)))
# A scan's data goes on over stuffed bytes, restart markers and fill bytes.
_END_OF_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")

CUT_OFF = "cut off: the file ends before its picture does"


@dataclass(frozen=True, slots=True)
class Frame:
    """What a picture claims to be."""

    width: int  # px, as stored: before it is turned upright
    height: int  # px
    common: bool  # 8 bits a channel, grey or RGB, in an encoding that every decoder reads
    extras: frozenset[bytes] = frozenset()  # PNG: the types of its chunks


def jpeg_frame(content: bytes) -> Frame | None:
    """The frame of a JPEG that is whole; None of any other."""
    frame = None
    scans = 0
    # Of a file that ends as a picture does, no scan need be searched for its end: that takes as long as hashing all.
    try:
        for marker, start, end in _segments(content, to_first_scan=content.endswith(_END)):
            scans += marker == _SOS
            if marker in _FRAMES and frame is None and end - start >= 10:
                precision, height, width, channels = (
                    content[start + 4],
                    int.from_bytes(content[start + 5 : start + 7], "big"),
                    int.from_bytes(content[start + 7 : start + 9], "big"),
                    content[start + 9],
                )
                frame = Frame(width, height, marker in _COMMON_FRAMES and precision == 8 and channels in (1, 3))
    except Unreadable:
        return None
    return frame if scans else None


def with_end(content: bytes) -> bytes:
    """A JPEG that is cut off, with an end: its decoder then shows what there is, where it would wait for more.

    What a memory card or a broken download was filled up with goes: it could be decoded, as a pattern.
    """
    return content.rstrip(b"\0\xff") + _END


def without_metadata(content: bytes) -> bytes:
    """A JPEG's picture, bit for bit, and nothing else: no EXIF, XMP, IPTC, profile, comment or thumbnail, nothing
    after its end (other pictures, a film, data of the camera's maker). The same bytes, where there is nothing of these.

    Of the application segments two say how to read the colours and stay, without what could follow in them.
    """
    kept = [content[:2]]
    for marker, start, end in _segments(content):
        body = content[start + 4 : end]
        if marker == _APP0 and body.startswith(b"JFIF\0") and len(body) >= 14:
            kept.append(b"\xff\xe0\0\x10" + body[:12] + b"\0\0")  # the last two are the size of a thumbnail
        elif marker == _APP14 and body.startswith(b"Adobe") and len(body) >= 12:
            kept.append(b"\xff\xee\0\x0e" + body[:12])
        elif marker in _TABLES or marker in _FRAMES or marker == _SOS:
            kept.append(content[start:end])
    kept.append(_END)
    return b"".join(kept)


def jpeg_exif(content: bytes) -> bytes:
    """A JPEG's EXIF, without the mark before it; empty where there is none before the picture or the end."""
    with suppress(Unreadable):
        for marker, start, end in _segments(content, to_first_scan=True):
            if marker == _APP1 and content.startswith(_EXIF, start + 4):
                return content[start + 4 + len(_EXIF) : end]
    return b""


def png_exif(content: bytes) -> bytes:
    """A PNG's EXIF, wherever it stands; empty where there is none before the end."""
    with suppress(Unreadable):
        for kind, start, end in _chunks(content):
            if kind == b"eXIf":
                return content[start:end]
    return b""


def png_frame(content: bytes) -> Frame | None:
    """The frame of a PNG that is whole; None where none begins. Raises Unreadable for one that is cut off."""
    types = {kind for kind, _, _ in _chunks(content)}
    header = content[len(PNG) :]
    if header[4:8] != b"IHDR" or b"IDAT" not in types:
        return None
    width, height = int.from_bytes(header[8:12], "big"), int.from_bytes(header[12:16], "big")
    return Frame(width, height, header[16] <= 8, frozenset(types))


def _chunks(content: bytes) -> Iterator[tuple[bytes, int, int]]:
    """(type, where its data starts, where they end) up to the end of a PNG. Raises Unreadable where that is missing."""
    kind, at = b"", len(PNG)
    while kind != b"IEND":
        kind, start = content[at + 4 : at + 8], at + 8
        end = start + int.from_bytes(content[at : at + 4], "big")
        at = end + 4  # a checksum
        if len(kind) < 4 or at > len(content):
            raise Unreadable(CUT_OFF)
        yield kind, start, end


def _segments(content: bytes, *, to_first_scan: bool = False) -> Iterator[tuple[int, int, int]]:
    """(marker, where it starts, where what belongs to it ends) up to the end of the picture, a scan with its data.

    Bytes between segments that belong to none are passed over, as decoders do. Raises Unreadable where no end comes.
    """
    at = 2
    while True:
        at = content.find(b"\xff", at)
        marker = content[at + 1] if 0 <= at < len(content) - 1 else None
        if marker is None:
            raise Unreadable(CUT_OFF)
        if marker == _EOI:
            return
        if marker in (0x00, 0xFF) or marker in _WITHOUT_LENGTH:
            at += 1 if marker == 0xFF else 2
            continue
        end = at + 2 + int.from_bytes(content[at + 2 : at + 4], "big")
        if marker == _SOS and to_first_scan:
            yield marker, at, len(content)
            return
        if marker == _SOS:
            found = _END_OF_SCAN.search(content, end)
            end = found.start() if found else len(content) + 1
        if end > len(content):
            raise Unreadable(CUT_OFF)
        yield marker, at, end
        at = end
