"""RAW files by the preview that the camera put into them, through LibRaw.

Developing one costs seconds, its preview milliseconds, and the preview is what the photographer saw. Only where there
is none that shows a face well enough, the sensor's picture is developed, at half its size.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from sortclient.photos.errors import Unreadable
from sortclient.photos.kinds import RAW, RAW_BRAND, TIFF, brands
from sortclient.photos.structure import jpeg_frame

if TYPE_CHECKING:
    import rawpy
    from PIL import Image

SMALLEST_PREVIEW = 1024  # px, long side; below it a face of Rekognition's smallest size is lost where 1920 px show it
_ORIENTATION, _SUB_DIRECTORIES, _DNG_VERSION = 0x0112, 0x014A, 0xC612
_FLIP = (1, 2, 4, 3, 5, 8, 6, 7)  # LibRaw's bits (1 mirrors, 2 turns upside down, 4 swaps the axes) as EXIF's number


def may_be_raw(head: bytes) -> bool:
    """Most RAW files are TIFF files by their first bytes, and told from pictures by what is in them only."""
    return head.startswith((*RAW, *TIFF)) or RAW_BRAND in brands(head)


def preview(content: bytes, most_pixels: int) -> Image.Image | None:
    """The largest embedded preview, with its EXIF orientation; None for what is no RAW file (a TIFF picture).

    Raises Unreadable.
    """
    import rawpy

    try:
        with rawpy.imread(io.BytesIO(content)) as raw:
            found = _embedded(raw)
            if found is None and _is_picture(content):
                return None
            if found is None or max(found.size) < min(SMALLEST_PREVIEW, max(raw.sizes.width, raw.sizes.height)):
                found = _developed(raw, most_pixels) or found
    except rawpy.LibRawError as error:
        if content.startswith(TIFF):  # a picture, or if it is none Pillow says so
            return None
        raise Unreadable("broken or cut off: a RAW file that LibRaw cannot read") from error
    if found is None:
        raise Unreadable("broken or cut off: a RAW file without a preview, and its picture cannot be developed")
    return found


def _is_picture(content: bytes) -> bool:
    """Whether it is a TIFF picture after all: LibRaw takes 16 bits of grey for a sensor's where a camera is named."""
    from PIL import Image, UnidentifiedImageError

    try:
        tags = Image.open(io.BytesIO(content), formats=("TIFF",)).getexif()
    except (UnidentifiedImageError, SyntaxError):  # it has no colours that a picture has
        return False
    return _DNG_VERSION not in tags and _SUB_DIRECTORIES not in tags


def _embedded(raw: rawpy.RawPy) -> Image.Image | None:
    """A preview is stored as the sensor lay. Its own EXIF says how to turn it, or else the RAW file's."""
    import rawpy
    from PIL import Image

    try:
        thumbnail = raw.extract_thumb()
        if isinstance(thumbnail.data, bytes):
            if jpeg_frame(thumbnail.data) is None:
                return None
            found: Image.Image = Image.open(io.BytesIO(thumbnail.data), formats=("JPEG",))
        else:
            found = Image.fromarray(thumbnail.data)
    except (rawpy.LibRawError, OSError):  # none, of a kind that LibRaw does not take out, or broken
        return None
    exif = found.getexif()
    if _ORIENTATION not in exif:
        exif[_ORIENTATION] = _FLIP[raw.sizes.flip & 7]
    return found


def _developed(raw: rawpy.RawPy, most_pixels: int) -> Image.Image | None:
    """The sensor's picture at half its size, upright; None where LibRaw cannot."""
    import rawpy
    from PIL import Image

    if raw.sizes.raw_width * raw.sizes.raw_height > most_pixels:
        return None
    try:
        return Image.fromarray(raw.postprocess(half_size=True, use_camera_wb=True))
    except rawpy.LibRawError:
        return None
