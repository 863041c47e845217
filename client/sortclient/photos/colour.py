"""From any mode and colour profile to RGB in sRGB, which is what a viewer shows and a face detector expects."""

from __future__ import annotations

import io
import math
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image, ImageCms

_GREYS = ("I", "I;16", "I;16B", "I;16L", "I;16N", "F")  # Pillow would clip them at 255
_AVERAGED_AS = {"1": "L", "P": "RGBA", "PA": "RGBA", "YCbCr": "RGB", "HSV": "RGB"}


def resizable(image: Image.Image) -> Image.Image:
    """The picture with 8 bits a channel and channels that may be averaged: what no picture of indices allows."""
    if image.mode in _GREYS:
        return _eight_bits(image)
    if image.mode in ("RGB", "L") and "transparency" in image.info:
        return image.convert("RGBA")
    mode = _AVERAGED_AS.get(image.mode)
    return image.convert(mode) if mode else image


def srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """RGB, by the profile where it is one that can be read. Transparent parts become white."""
    from PIL import Image, ImageCms

    if "A" in image.getbands() or image.mode == "RGBa":
        layered = image.convert("RGBA")
        image = Image.new("RGB", layered.size, "white")
        image.paste(layered, mask=layered.getchannel("A"))
    if image.mode == "LAB" or (profile and not is_srgb(profile)):
        try:
            source = ImageCms.createProfile("LAB") if image.mode == "LAB" else _opened(profile or b"")
            converted = ImageCms.profileToProfile(image, source, _target(), outputMode="RGB")
            if converted is not None:
                return converted
        except (ImageCms.PyCMSError, OSError, ValueError):  # broken, or of another number of channels: the colours
            pass  # are a little wrong then, the faces the same
    return image if image.mode == "RGB" else image.convert("RGB")


def is_srgb(profile: bytes) -> bool:
    """Whether the profile says nothing that is not assumed without one; so does a broken one."""
    from PIL import ImageCms

    try:
        return "srgb" in ImageCms.getProfileDescription(_opened(profile)).lower()
    except (ImageCms.PyCMSError, OSError):
        return True


def _opened(profile: bytes) -> ImageCms.ImageCmsProfile:
    from PIL import ImageCms

    return ImageCms.ImageCmsProfile(io.BytesIO(profile))


@cache
def _target() -> ImageCms.ImageCmsProfile:
    from PIL import ImageCms

    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def _eight_bits(image: Image.Image) -> Image.Image:
    """16 bits are divided; of other numbers nobody says what white is, so their range is spread."""
    low, high = (0.0, 65535.0) if image.mode.startswith("I;16") else _range(image)
    scale = 255 / (high - low) if high > low else 1.0
    return image.convert("F").point(lambda value: value * scale - low * scale).convert("L")


def _range(image: Image.Image) -> tuple[float, float]:
    low, high = (float(value) for value in image.getextrema())  # type: ignore[arg-type]
    return (low, high) if math.isfinite(low) and math.isfinite(high) else (0.0, 1.0)
