"""Pictures from bytes: upright, RGB, no larger than asked."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING

from sortclient.model import Kind
from sortclient.photos.errors import NotAPhoto, Unreadable

if TYPE_CHECKING:
    from PIL import Image

# Rekognition's smallest face is 40 px in a 1920x1080 picture and grows in proportion above that:
# a larger picture shows it nothing more.
ANALYSIS_SIDE = 1920  # px, long side
SMALLEST_SIDE = 80  # px; Rekognition refuses less
MOST_PIXELS = 250_000_000  # decoding needs 3 bytes a pixel; cameras are below 200 million

# Multi-picture files (MPO) are opened as JPEG; Pillow registers no opener of that name, and naming it raises KeyError.
_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "HEIF", "AVIF", "JPEG2000")


def decode(content: bytes, longest_side: int = ANALYSIS_SIDE) -> Image.Image:
    """The picture upright, in RGB, its long side at most ``longest_side`` px (never enlarged).

    A JPEG is decoded at the smallest of libjpeg's scales that is still large enough, so a 12-megapixel photo
    is never decoded in full. Raises NotAPhoto or Unreadable.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    _register_heif()
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS // 2  # Pillow warns above it and refuses above its double
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            opened = Image.open(io.BytesIO(content), formats=_FORMATS)
    except UnidentifiedImageError as error:
        raise NotAPhoto(Kind.OTHER if content else Kind.EMPTY) from error
    except Image.DecompressionBombError as error:
        raise Unreadable(f"claims more than {MOST_PIXELS // 1_000_000} million px") from error
    except Exception as error:  # see below
        raise Unreadable(f"broken picture: {error}") from error
    with opened as image:
        width, height = image.size
        if min(width, height) < SMALLEST_SIDE:
            raise Unreadable(f"{width} x {height} px; at least {SMALLEST_SIDE} a side are needed")
        try:
            shrink = min(1.0, longest_side / max(width, height))
            image.draft(image.mode, (round(width * shrink), round(height * shrink)))
            upright = ImageOps.exif_transpose(image)
            upright.thumbnail((longest_side, longest_side), Image.Resampling.LANCZOS, reducing_gap=2.0)
            return _rgb(upright)
        except Exception as error:  # broken bytes make the decoders raise anything, and one file must not end a run
            raise Unreadable(f"broken picture: {error}") from error


def _rgb(image: Image.Image) -> Image.Image:
    """Transparent parts become white: what a viewer shows, and what a face detector expects of a background."""
    from PIL import Image

    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        layered = image.convert("RGBA")
        image = Image.new("RGB", layered.size, "white")
        image.paste(layered, mask=layered.getchannel("A"))
    return image if image.mode == "RGB" else image.convert("RGB")


def _register_heif() -> None:
    import pillow_heif

    pillow_heif.register_heif_opener()
