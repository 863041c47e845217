"""Builds the demo album. The two women are Grace Hopper (matplotlib) and Eileen Collins (scikit-image)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from PIL import Image, ImageEnhance, ImageFilter, ImageOps

GRACE, EILEEN = "Grace Hopper", "Eileen Collins"
NOBODY: frozenset[str] = frozenset()

_ORIENTATION = 0x0112  # the EXIF tag
_TURN_LEFT = 8  # its value for a picture that a viewer must turn by 90 degrees to the left

Truth = dict[str, frozenset[str] | None]  # path -> who is in it; None for a file that is no readable photo


@dataclass(frozen=True)
class DemoAlbum:
    folder: Path
    headshots: dict[str, Path]
    truth: Truth


def build(base: Path) -> DemoAlbum:
    """Make album and headshots below ``base``; the same files at every call."""
    folder = base / "Images"
    grace, eileen = (
        _portrait("matplotlib", "mpl-data/sample_data/grace_hopper.jpg"),
        _portrait("skimage", "data/astronaut.png"),
    )
    headshots = {GRACE: base / "grace.jpg", EILEEN: base / "eileen.jpg"}
    for picture, name in ((grace, GRACE), (eileen, EILEEN)):
        _save(picture, headshots[name])
    truth: Truth = {}

    def put(path: str, picture: Image.Image, people: frozenset[str]) -> None:
        _save(picture, folder / path)
        truth[path] = people

    for picture, name, where in ((grace, GRACE, "Navy"), (eileen, EILEEN, "NASA")):
        for variant, change in _VARIANTS.items():
            put(f"{where}/{variant}", change(picture), frozenset({name}))
        _save_turned_by_exif(picture, folder / where / "phone.jpg")
        truth[f"{where}/phone.jpg"] = frozenset({name})
    put("together.jpg", _side_by_side(grace, eileen), frozenset({GRACE, EILEEN}))
    put("Année 1992/Grace & Eileen, à deux +1 (100%).jpg", _side_by_side(eileen, grace), frozenset({GRACE, EILEEN}))
    for path, source in (
        ("things/cat.png", "data/chelsea.png"),
        ("things/coffee.jpg", "data/coffee.png"),
        ("things/rocket.jpg", "data/rocket.jpg"),
        ("things/deeper/bricks.png", "data/brick.png"),
        ("things/deeper/grass.jpg", "data/grass.png"),
        ("things/deeper/coins.jpg", "data/coins.png"),
    ):
        put(path, _portrait("skimage", source), NOBODY)
    whole = (folder / "things/coffee.jpg").read_bytes()
    (folder / "things/truncated.jpg").write_bytes(whole[: len(whole) // 3])
    (folder / "notes.txt").write_text("Who was first in space?\n", encoding="utf-8")
    truth["things/truncated.jpg"] = truth["notes.txt"] = None
    return DemoAlbum(folder, headshots, truth)


def _portrait(package: str, name: str) -> Image.Image:
    with files(package).joinpath(name).open("rb") as stream, Image.open(stream) as image:
        return image.convert("RGB")


def _crop(picture: Image.Image) -> Image.Image:
    width, height = picture.size
    return picture.crop((width // 8, 0, width * 7 // 8, height * 3 // 4))


def _turn(picture: Image.Image) -> Image.Image:
    return picture.rotate(12, Image.Resampling.BICUBIC, fillcolor="grey")


_VARIANTS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "turned.jpg": _turn,
    "darker.jpg": lambda picture: ImageEnhance.Brightness(picture).enhance(0.45),
    "brighter.jpg": lambda picture: ImageEnhance.Brightness(picture).enhance(1.4),
    "leaning.tiff": lambda picture: picture.rotate(-8, Image.Resampling.BICUBIC, fillcolor="grey"),
    "smaller.jpg": lambda picture: ImageOps.scale(picture, 0.6),
    "mirrored.webp": ImageOps.mirror,
    "blurred.jpg": lambda picture: picture.filter(ImageFilter.GaussianBlur(2)),
    "grey.png": ImageOps.grayscale,
    "cropped.jpg": _crop,
}


def _side_by_side(left: Image.Image, right: Image.Image) -> Image.Image:
    height = min(left.height, right.height)
    left, right = (ImageOps.scale(picture, height / picture.height) for picture in (left, right))
    both = Image.new("RGB", (left.width + right.width, height))
    both.paste(left, (0, 0))
    both.paste(right, (left.width, 0))
    return both


def _save(picture: Image.Image, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    picture.save(file, quality=90)


def _save_turned_by_exif(picture: Image.Image, file: Path) -> None:
    """As a phone held upright writes it: the pixels lie on their side, and a tag says how to turn them."""
    exif = Image.Exif()
    exif[_ORIENTATION] = _TURN_LEFT
    picture.transpose(Image.Transpose.ROTATE_270).save(file, quality=90, exif=exif)
