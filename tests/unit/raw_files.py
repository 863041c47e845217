"""RAW files made by hand: as little of each format as LibRaw needs to read it.

They are TIFF files with a sensor's picture and the previews that a camera would have put in.
"""

from __future__ import annotations

import io
import struct

from PIL import Image

_BYTE, _ASCII, _SHORT, _LONG, _RATIONAL, _SRATIONAL = 1, 2, 3, 4, 5, 10
_FORMS = {_BYTE: "B", _ASCII: "B", _SHORT: "H", _LONG: "I", _RATIONAL: "II", _SRATIONAL: "ii"}

Entry = tuple[int, int, "bytes | list[int]"]


def halves(left: str, right: str, size: tuple[int, int], quality: int = 90) -> bytes:
    """A JPEG of two colours, side by side."""
    image = Image.new("RGB", size, left)
    image.paste(right, (size[0] // 2, 0, *size))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def dng(
    preview: bytes | None = None,
    size: tuple[int, int] = (256, 192),
    preview_size: tuple[int, int] = (2000, 1500),
    orientation: int = 1,
    make: bytes = b"Maker",
    claimed: tuple[int, int] | None = None,
) -> bytes:
    """A DNG whose sensor saw green, with a JPEG preview. ``claimed`` is a size that it says and does not have."""
    width, height = claimed or size
    green = struct.pack("<4H", 500, 4000, 4000, 500)
    rows = (green[:4] * (size[0] // 2) + green[4:] * (size[0] // 2)) * (size[1] // 2)
    sensor: list[Entry] = [
        (254, _LONG, [0]),
        (256, _LONG, [width]),
        (257, _LONG, [height]),
        (258, _SHORT, [16]),
        (259, _SHORT, [1]),
        (262, _SHORT, [32803]),  # a colour filter array
        (277, _SHORT, [1]),
        (278, _LONG, [height]),
        (33421, _SHORT, [2, 2]),
        (33422, _BYTE, bytes((0, 1, 1, 2))),
        (50714, _SHORT, [0]),
        (50717, _LONG, [4095]),
    ]
    shown: list[Entry] = [
        (254, _LONG, [1]),
        (256, _LONG, [preview_size[0]]),
        (257, _LONG, [preview_size[1]]),
        (258, _SHORT, [8, 8, 8]),
        (259, _SHORT, [7]),
        (262, _SHORT, [6]),
        (277, _SHORT, [3]),
    ]
    first: list[Entry] = [
        (271, _ASCII, make + b"\0"),
        (272, _ASCII, b"Model\0"),
        (274, _SHORT, [orientation]),
        (50706, _BYTE, bytes((1, 4, 0, 0))),  # DNGVersion
        (50708, _ASCII, b"Maker Model\0"),
        (50721, _SRATIONAL, [1, 1, 0, 1, 0, 1, 0, 1, 1, 1, 0, 1, 0, 1, 0, 1, 1, 1]),  # ColorMatrix1
        (50728, _RATIONAL, [1, 1, 1, 1, 1, 1]),
    ]
    return _tiff([first], [(sensor, rows)] + ([(shown, preview)] if preview else []))


def _tiff(heads: list[list[Entry]], below: list[tuple[list[Entry], bytes]]) -> bytes:
    """The first directory with ``below`` as its sub-directories, each with its strip of data."""
    (first,) = heads
    at = 8 + _length([*first, (330, _LONG, [0] * len(below))])
    offsets, parts = [], []
    for entries, data in below:
        offsets.append(at)
        length = _length([*entries, (273, _LONG, [0]), (279, _LONG, [0])])
        complete = [*entries, (273, _LONG, [at + length]), (279, _LONG, [len(data)])]
        padded = data + b"\0" * (len(data) % 2)
        parts.append(_directory(complete, at) + padded)
        at += length + len(padded)
    head = _directory([*first, (330, _LONG, offsets)], 8)
    return b"II*\0" + struct.pack("<I", 8) + head + b"".join(parts)


def _length(entries: list[Entry]) -> int:
    return len(_directory(entries, 0))


def _directory(entries: list[Entry], at: int) -> bytes:
    """A TIFF directory that stands at ``at``, and what does not fit into its entries."""
    entries = sorted(entries, key=lambda entry: entry[0])
    spill = at + 2 + 12 * len(entries) + 4
    table, rest = struct.pack("<H", len(entries)), b""
    for tag, kind, values in entries:
        form = _FORMS[kind]
        count = len(values) // len(form)
        data = struct.pack(f"<{form * count}", *values)
        if len(data) > 4:
            place = struct.pack("<I", spill + len(rest))
            rest += data + b"\0" * (len(data) % 2)
        else:
            place = data.ljust(4, b"\0")
        table += struct.pack("<HHI", tag, kind, count) + place
    return table + b"\0\0\0\0" + rest
