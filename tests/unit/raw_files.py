"""RAW files made by hand: as little of each format as LibRaw needs to read it.

A sensor's picture of 256 x 192 px that saw nothing (of a DNG: green), and the preview that a camera would have put in.
Most are TIFF files, whose directories say where the preview stands: each maker's in its own way.
"""

from __future__ import annotations

import io
import struct

from PIL import Image

_BYTE, _ASCII, _SHORT, _LONG, _RATIONAL, _OPAQUE, _SRATIONAL = 1, 2, 3, 4, 5, 7, 10
_FORMS = {_BYTE: "B", _OPAQUE: "B", _ASCII: "B", _SHORT: "H", _LONG: "I", _RATIONAL: "II", _SRATIONAL: "ii"}

_STRIP, _JPEG = (273, 279), (513, 514)  # the tags that say where data starts and how long it is

Entry = tuple[int, int, "bytes | list[int]"]

SIZE = (256, 192)
_NOTHING = bytes(SIZE[0] * SIZE[1] * 2)


def halves(left: str, right: str, size: tuple[int, int], quality: int = 90) -> bytes:
    """A JPEG of two colours, side by side."""
    image = Image.new("RGB", size, left)
    image.paste(right, (size[0] // 2, 0, *size))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def dng(
    preview: bytes | None = None,
    size: tuple[int, int] = SIZE,
    preview_size: tuple[int, int] = (2000, 1500),
    orientation: int = 1,
    make: bytes = b"Maker",
    claimed: tuple[int, int] | None = None,
) -> bytes:
    """A DNG whose sensor saw green, with a JPEG preview. ``claimed`` is a size that it says and does not have."""
    width, height = claimed or size
    green = struct.pack("<4H", 500, 4000, 4000, 500)
    rows = (green[:4] * (size[0] // 2) + green[4:] * (size[0] // 2)) * (size[1] // 2)
    sensor = [*_sensor(width, height), (50714, _SHORT, [0]), (50717, _LONG, [4095])]
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
    return _tiff(first, [(sensor, rows, _STRIP)] + ([(shown, preview, _STRIP)] if preview else []))


def nef(preview: bytes, orientation: int) -> bytes:
    shown: list[Entry] = [(254, _LONG, [1]), (259, _SHORT, [6])]
    first = _camera(b"NIKON CORPORATION", b"NIKON D90", orientation)
    return _tiff(first, [(shown, preview, _JPEG), (_sensor(), _NOTHING, _STRIP)])


def arw(preview: bytes, orientation: int) -> bytes:
    first = [*_camera(b"SONY", b"DSLR-A700", orientation), (259, _SHORT, [6])]
    below = [(_sensor(compression=32767, bits=8), _NOTHING[::2], _STRIP)]
    without = _tiff([*first, (513, _LONG, [0]), (514, _LONG, [0])], below)
    return _tiff([*first, (513, _LONG, [len(without)]), (514, _LONG, [len(preview)])], below) + preview


def cr2(preview: bytes, orientation: int) -> bytes:
    """The first directory is the preview; the sensor's picture is a lossless JPEG."""
    width, height = SIZE
    frame = b"\xff\xc3" + struct.pack(">HBHHB", 14, 14, height, width // 2, 2) + b"\0\x11\0\1\x11\0"
    table = b"\xff\xc4" + struct.pack(">H", 20) + b"\0\1" + bytes(16)
    scan = b"\xff\xda" + struct.pack(">HB", 10, 2) + b"\0\0\1\0\1\0\0" + bytes(width * height // 8 + 100)
    sensor = b"\xff\xd8" + frame + table + scan + b"\xff\xd9"
    size: list[Entry] = [(256, _SHORT, [2400]), (257, _SHORT, [1440])]
    first = [*_camera(b"Canon", b"Canon EOS 40D", orientation)[1:], *size, (258, _SHORT, [8, 8, 8]), (259, _SHORT, [6])]
    shown = _with_data(first, preview, _STRIP, 16)
    at = 16 + len(shown)
    link = 2 + 12 * (len(first) + 2)
    shown = shown[:link] + struct.pack("<I", at) + shown[link + 4 :]
    start = b"II*\0" + struct.pack("<I", 16) + b"CR\2\0" + struct.pack("<I", at)
    return start + shown + _with_data([(259, _SHORT, [6])], sensor, _STRIP, at)


def rw2(preview: bytes, orientation: int) -> bytes:
    first = [
        *_camera(b"Panasonic", b"DMC-FZ50", orientation)[1:],
        (1, _BYTE, b"0320"),
        *((tag, _SHORT, [value]) for tag, value in enumerate((*SIZE, 4, 4, SIZE[1] - 4, SIZE[0] - 4), start=2)),
        (0x2E, _OPAQUE, preview),
    ]
    return b"IIU\0" + struct.pack("<I", 24) + bytes(16) + _with_data(first, _NOTHING, (0x111, 0x117), 24)


def orf(preview: bytes, orientation: int) -> bytes:
    """The maker's note says where the preview stands, counted from its own start."""
    camera = _camera(b"OLYMPUS IMAGING CORP.  ", b"E-510           ", orientation)[1:]
    first = [*camera, *_sensor()[1:8], (0x8769, _LONG, [0])]
    exif = 8 + _length([*first, (273, _LONG, [0]), (279, _LONG, [0])]) + len(_NOTHING)
    settings = 12 + 2 + 12 + 4
    length = settings + 2 + 3 * 12 + 4
    places = ((0x100, 1), (0x101, length), (0x102, len(preview)))
    note = b"OLYMPUS\0II\3\0" + struct.pack("<HHHII", 1, 0x2020, 13, 1, settings) + bytes(4)
    note += struct.pack("<H", 3) + b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in places) + bytes(4)
    first[-1] = (0x8769, _LONG, [exif])
    said = struct.pack("<HHHII", 1, 0x927C, 7, len(note), exif + 18) + bytes(4)
    return b"IIRO" + struct.pack("<I", 8) + _with_data(first, _NOTHING, _STRIP, 8) + said + note + preview


def raf(preview: bytes, orientation: int) -> bytes:
    """How it lies only the preview's own EXIF says."""
    width, height = SIZE
    sizes = b"".join(struct.pack(">HHHH", tag, 4, height, width) for tag in (0x100, 0x121))
    parts = (preview, struct.pack(">I", 2) + sizes, _NOTHING)
    at, places = 148, b""
    for part in parts:
        places += struct.pack(">II", at, len(part))
        at += len(part)
    head = b"FUJIFILMCCD-RAW 0201FF139502" + b"FinePix S5Pro".ljust(32, b"\0") + b"0100" + bytes(20) + places
    return head.ljust(148, b"\0") + b"".join(parts)


def cr3(preview: bytes, orientation: int) -> bytes:
    """An ISO base media file, in which the preview and the sensor's picture are tracks."""
    width, height = SIZE
    size: list[Entry] = [(256, _SHORT, [width]), (257, _SHORT, [height])]
    camera = _directory([*_camera(b"Canon", b"Canon EOS R", orientation)[1:], *size], 8)
    tags = box(b"uuid", bytes.fromhex("85c0b687820f11e08111f4ce462b6a48"), box(b"CMT1", b"II*\0\x08\0\0\0" + camera))
    coded = struct.pack(">IHHIIII4BI", 0, 0x100, 0, width, height, width, height, 14, 0x40, 0, 0, 100) + bytes(28)
    start = box(b"ftyp", b"crx \0\0\0\1crx isom")

    def tracks(at: int) -> bytes:
        shown = _track(box(b"JPEG", bytes(4)), at, len(preview))
        return box(b"moov", tags, shown, _track(box(b"CMP1", coded), at + len(preview), len(_NOTHING)))

    at = len(start) + len(tracks(0)) + 8
    return start + tracks(at) + box(b"mdat", preview, _NOTHING)


def _track(description: bytes, at: int, length: int) -> bytes:
    described = box(b"stsd", struct.pack(">II", 0, 1), box(b"CRAW", bytes(82), description))
    places = box(b"stsz", struct.pack(">III", 0, length, 1)) + box(b"co64", struct.pack(">IIQ", 0, 1, at))
    table = box(b"minf", box(b"stbl", described, places))
    return box(b"trak", box(b"mdia", box(b"hdlr", bytes(8) + b"vide" + bytes(12)), table))


def box(kind: bytes, *contents: bytes) -> bytes:
    """A box of an ISO base media file."""
    content = b"".join(contents)
    return struct.pack(">I", 8 + len(content)) + kind + content


def _camera(make: bytes, model: bytes, orientation: int) -> list[Entry]:
    return [
        (254, _LONG, [1]),
        (271, _ASCII, make + b"\0"),
        (272, _ASCII, model + b"\0"),
        (274, _SHORT, [orientation]),
    ]


def _sensor(width: int = SIZE[0], height: int = SIZE[1], compression: int = 1, bits: int = 16) -> list[Entry]:
    return [
        (254, _LONG, [0]),
        (256, _LONG, [width]),
        (257, _LONG, [height]),
        (258, _SHORT, [bits]),
        (259, _SHORT, [compression]),
        (262, _SHORT, [32803]),  # a colour filter array
        (277, _SHORT, [1]),
        (278, _LONG, [height]),
        (33421, _SHORT, [2, 2]),
        (33422, _BYTE, bytes((0, 1, 1, 2))),
    ]


def _tiff(first: list[Entry], below: list[tuple[list[Entry], bytes, tuple[int, int]]]) -> bytes:
    """The first directory with ``below`` as its sub-directories, each with its data."""
    at = 8 + _length([*first, (330, _LONG, [0] * len(below))])
    offsets, parts = [], []
    for entries, data, tags in below:
        offsets.append(at)
        parts.append(_with_data(entries, data, tags, at))
        at += len(parts[-1])
    return b"II*\0" + struct.pack("<I", 8) + _directory([*first, (330, _LONG, offsets)], 8) + b"".join(parts)


def _with_data(entries: list[Entry], data: bytes, tags: tuple[int, int], at: int) -> bytes:
    """A directory that stands at ``at``, and the data of which ``tags`` say the place and the length."""
    place, length = tags
    start = at + _length([*entries, (place, _LONG, [0]), (length, _LONG, [0])])
    complete = [*entries, (place, _LONG, [start]), (length, _LONG, [len(data)])]
    return _directory(complete, at) + data + b"\0" * (len(data) % 2)


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
