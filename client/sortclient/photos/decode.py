"""Pictures from bytes: upright, RGB, no larger than asked."""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sortclient.photos import colour, raw
from sortclient.photos.errors import NotComparable, Unreadable
from sortclient.photos.kinds import HEAD, check
from sortclient.photos.structure import CUT_OFF, JPEG, jpeg_frame, with_end

if TYPE_CHECKING:
    from PIL import Image

# Rekognition's smallest face is 40 px in a 1920x1080 picture and grows in proportion above that:
# a larger picture shows it nothing more.
ANALYSIS_SIDE = 1920  # px, long side
SMALLEST_SIDE = 80  # px; Rekognition refuses less
MOST_PIXELS = 250_000_000  # decoding needs 3 bytes a pixel; cameras are below 200 million

# Multi-picture files (MPO) are opened as JPEG; Pillow registers no opener of that name, and naming it raises KeyError.
_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "HEIF", "AVIF", "JPEG2000")
_ORIENTATION = 0x0112  # the EXIF tag
_TOO_LARGE = f"claims more than {MOST_PIXELS // 1_000_000} million px"


def decode(content: bytes, longest_side: int = ANALYSIS_SIDE) -> Image.Image:
    """The picture upright, in RGB (sRGB), its long side at most ``longest_side`` px (never enlarged).

    A JPEG is decoded at the smallest of libjpeg's scales that is still large enough, so a 12-megapixel photo
    is never decoded in full. Of several pictures in one file it is the first. Raises NotAPhoto or Unreadable.
    """
    from PIL.Image import DecompressionBombError

    check(content[:HEAD], len(content))
    try:
        with without_warnings():
            return _decoded(content, longest_side)
    except NotComparable:
        raise
    except DecompressionBombError as error:
        raise Unreadable(_TOO_LARGE) from error
    except Exception as error:  # broken bytes make the decoders raise anything, and one file must not end a run
        raise Unreadable("broken or cut off: it cannot be decoded") from error


@contextmanager
def without_warnings() -> Iterator[None]:
    """Pillow warns of broken metadata, and of sizes that are checked here: nothing that a person can act on."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def check_size(width: int, height: int) -> None:
    """Before anything is allocated for them. Raises Unreadable."""
    if width * height > MOST_PIXELS:
        raise Unreadable(_TOO_LARGE)
    if min(width, height) < SMALLEST_SIDE:
        raise Unreadable(f"{width} x {height} px; at least {SMALLEST_SIDE} a side are needed")


def orientation(image: Image.Image) -> int:
    """EXIF's number, 1 to 8. One that is broken turns nothing."""
    try:
        found = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # noqa: BLE001 - broken EXIF makes Pillow raise anything, and the picture may be whole
        return 1
    return found if isinstance(found, int) and 1 <= found <= 8 else 1


def opened(content: bytes) -> Image.Image:
    """A picture by its header: its pixels come when they are asked for. Raises Unreadable, and what Pillow raises."""
    from PIL import Image
    from pillow_heif import register_heif_opener

    register_heif_opener()
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS // 2  # Pillow refuses its double, of tiles and frames too
    image = Image.open(io.BytesIO(content), formats=_FORMATS)
    check_size(*image.size)
    return image


def _decoded(content: bytes, longest_side: int) -> Image.Image:
    from PIL import Image

    cut_off = content.startswith(JPEG) and jpeg_frame(content) is None
    if cut_off:
        content = with_end(content)
    image = raw.preview(content, MOST_PIXELS) if raw.may_be_raw(content[:HEAD]) else None
    image = image or opened(content)
    check_size(*image.size)
    profile = image.info.get("icc_profile")
    shrink = min(1.0, longest_side / max(image.size))
    image.draft(image.mode, (round(image.width * shrink), round(image.height * shrink)))
    image.load()
    if cut_off and not _shows_nearly_all(image):
        raise Unreadable(CUT_OFF)
    turn = _turn(orientation(image))  # after loading: Pillow turns TIFF pictures itself, and then no longer says so
    image = colour.resizable(image)
    image.thumbnail((longest_side, longest_side), Image.Resampling.LANCZOS, reducing_gap=2.0)
    image = colour.srgb(image, profile)
    return image if turn is None else image.transpose(turn)


def _shows_nearly_all(image: Image.Image) -> bool:
    """Whether a JPEG that had no end lacked little more than that, as many do that were saved from a failing card.

    What is missing is an even grey at the bottom. A progressive one is coarse instead, and nobody can say how much.
    """
    lowest = image.crop((0, image.height - math.ceil(image.height / 16), image.width, image.height))
    return "progressive" not in image.info and lowest.getcolors(1) is None


def _turn(number: int) -> Image.Transpose | None:
    """What makes a picture with this EXIF orientation upright."""
    from PIL import Image

    turns = Image.Transpose
    return {
        2: turns.FLIP_LEFT_RIGHT,
        3: turns.ROTATE_180,
        4: turns.FLIP_TOP_BOTTOM,
        5: turns.TRANSPOSE,
        6: turns.ROTATE_270,
        7: turns.TRANSVERSE,
        8: turns.ROTATE_90,
    }.get(number)
