"""Pictures of two women for the tests of the face engine, out of installed packages, and what can be made of them."""

from __future__ import annotations

import io
from importlib.resources import files
from pathlib import Path
from typing import Any

from PIL import Image, ImageEnhance, ImageOps

from sortclient.model import File


def grace() -> Image.Image:
    """Grace Hopper, 512 x 600; her face is some 190 px wide."""
    return _packaged("matplotlib", "mpl-data/sample_data/grace_hopper.jpg")


def eileen() -> Image.Image:
    """Eileen Collins, 512 x 512; her face is some 90 px wide."""
    return _packaged("skimage", "data/astronaut.png")


def cat() -> Image.Image:
    return _packaged("skimage", "data/chelsea.png")


def variants(picture: Image.Image) -> list[Image.Image]:
    return [
        picture,
        ImageOps.mirror(picture),
        ImageEnhance.Brightness(picture).enhance(0.4),
        picture.convert("L").convert("RGB"),
        picture.rotate(20, Image.Resampling.BICUBIC, fillcolor="grey"),
    ]


def on_canvas(*pictures: tuple[Image.Image, tuple[int, int]], size: tuple[int, int]) -> Image.Image:
    """Each picture at its place on plain grey."""
    canvas = Image.new("RGB", size, (120, 125, 130))
    for picture, place in pictures:
        canvas.paste(picture, place)
    return canvas


def as_file(picture: Image.Image, location: Path, **how: Any) -> File:
    """Write it and say what a scan would find."""
    location.parent.mkdir(parents=True, exist_ok=True)
    picture.save(location, **how)
    return found(location)


def found(location: Path) -> File:
    status = location.stat()
    return File(location.name, location, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def jpeg(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def _packaged(package: str, name: str) -> Image.Image:
    with files(package).joinpath(name).open("rb") as stream, Image.open(stream) as image:
        return image.convert("RGB")
