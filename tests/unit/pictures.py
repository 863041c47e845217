"""Pictures for tests, as bytes: of one colour, of four, of noise, and the pieces that files are built of."""

from __future__ import annotations

import io
import random
import struct
import zipfile
import zlib

from PIL import Image, ImageCms
from pillow_heif import register_heif_opener

from tests.unit.raw_files import box

FORMATS = ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "HEIF", "AVIF", "JPEG2000"]
ORIENTATION = 0x0112
TURNS = Image.Transpose
# What was done to an upright picture that is stored with this orientation.
STORED = {
    1: None,
    2: TURNS.FLIP_LEFT_RIGHT,
    3: TURNS.ROTATE_180,
    4: TURNS.FLIP_TOP_BOTTOM,
    5: TURNS.TRANSPOSE,
    6: TURNS.ROTATE_90,
    7: TURNS.TRANSVERSE,
    8: TURNS.ROTATE_270,
}
CORNERS = ("red", "lime", "blue", "white")


def saved(*frames: Image.Image, form: str, **options: object) -> bytes:
    """The frames in a format, most often one."""
    buffer = io.BytesIO()
    if len(frames) > 1:
        options |= {"save_all": True, "append_images": frames[1:]}
    frames[0].save(buffer, form, **options)
    return buffer.getvalue()


def content(colour: str = "teal", size: tuple[int, int] = (120, 90), form: str = "JPEG", **options: object) -> bytes:
    return saved(Image.new("RGB", size, colour), form=form, **options)


def picture(form: str = "JPEG", size: tuple[int, int] = (400, 300), **options: object) -> bytes:
    """Noise, so that nothing compresses to a few bytes; the same each time."""
    register_heif_opener()
    noise = random.Random(7).randbytes(60 * 45 * 3)
    buffer = io.BytesIO()
    Image.frombytes("RGB", (60, 45), noise).resize(size).save(buffer, form, **options)
    return buffer.getvalue()


def four_corners() -> Image.Image:
    """Red and green above, blue and white below."""
    image = Image.new("RGB", (160, 96))
    for number, colour in enumerate(CORNERS):
        image.paste(colour, (number % 2 * 80, number // 2 * 48, number % 2 * 80 + 80, number // 2 * 48 + 48))
    return image


def corners(image: Image.Image) -> tuple[str, ...]:
    """The colours of the corners, as far as a lossy format keeps them."""
    places = [(x, y) for y in (0.25, 0.75) for x in (0.25, 0.75)]
    found = []
    for x, y in places:
        pixel = image.getpixel((int(image.width * x), int(image.height * y)))
        assert isinstance(pixel, tuple)
        rounded = tuple(255 if channel > 127 else 0 for channel in pixel)
        names = {(255, 0, 0): "red", (0, 255, 0): "lime", (0, 0, 255): "blue", (255, 255, 255): "white"}
        found.append(names[rounded])
    return tuple(found)


def exif(orientation: int) -> Image.Exif:
    tags = Image.Exif()
    tags[ORIENTATION] = orientation
    return tags


def srgb_profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def swapped_profile() -> bytes:
    """A profile in which red and blue have changed places: nobody who ignores it sees the right colours."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    tags = {}
    for place in range(132, 132 + 12 * struct.unpack(">I", profile[128:132])[0], 12):
        tags[bytes(profile[place : place + 4])] = place
    red, blue = tags[b"rXYZ"] + 4, tags[b"bXYZ"] + 4
    profile[red : red + 8], profile[blue : blue + 8] = profile[blue : blue + 8], profile[red : red + 8]
    return bytes(profile).replace("sRGB".encode("utf-16-be"), "test".encode("utf-16-be"))


def multi_picture() -> bytes:
    return saved(Image.new("RGB", (200, 150), "red"), Image.new("RGB", (200, 150), "blue"), form="MPO")


def broken_second_frame(form: str) -> bytes:
    noise = [Image.frombytes("L", (100, 90), random.Random(seed).randbytes(9000)) for seed in (1, 2)]
    whole = saved(noise[0], noise[1], form=form)
    return whole[:-2000]


def tiled(side: int) -> bytes:
    """A small TIFF, of one tile that claims ``side`` px."""
    entries = [
        (256, 300),
        (257, 200),
        (258, 8),
        (259, 1),
        (262, 1),
        (277, 1),
        (322, side),
        (323, side),
        (324, 8),
        (325, 9),
    ]
    table = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries)
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + table + bytes(4) + bytes(1000)


def picture_of_nothing(side: int) -> bytes:
    """A whole PNG of ``side`` x ``side`` px, in a few hundred kilobytes."""
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    data = zlib.compress(bytes((side // 8 + 1) * side), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def film(brand: bytes) -> bytes:
    """The beginning of an MP4 or QuickTime film."""
    return box(b"ftyp", brand + b"\0\0\x02\0" + brand + b"mp41") + box(b"mdat", b"GPS 52.5200 13.4050" + bytes(200))


def archive() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as opened:
        opened.writestr("a.txt", "text")
    return buffer.getvalue()


def chunk(kind: bytes, content: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def with_chunk(png: bytes, added: bytes) -> bytes:
    """``added`` after the header."""
    return png[:33] + added + png[33:]


def segment(marker: int, content: bytes) -> bytes:
    """A segment of a JPEG."""
    return bytes((0xFF, marker)) + struct.pack(">H", 2 + len(content)) + content
