"""Photos for measuring, made of the pictures that scikit-image and matplotlib ship; the same files at every call.

What shall compress and scale as a photograph must be made as one. A photographed scene is things of all sizes before
each other, which gives natural pictures their statistics (A. Lee, D. Mumford, J. Huang: Occlusion models for natural
images, IJCV 41, 2001). So pieces of natural pictures of all sizes are laid over each other, each size covering the same
area; then come the blur of a lens and the noise of a sensor.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

SIZE = (4000, 3000)  # 12 megapixels, as phones make them
QUALITY = 94  # of the JPEG; phones use 90 to 96

GRACE, EILEEN = "grace", "eileen"
_PORTRAITS = {GRACE: ("matplotlib", "mpl-data/sample_data/grace_hopper.jpg"), EILEEN: ("skimage", "data/astronaut.png")}
_SCENES = ("chelsea.png", "coffee.png", "rocket.jpg", "motorcycle_left.png", "grass.png", "gravel.png", "brick.png")

_LARGEST, _SMALLEST = 1024, 16  # px: half the sides of the things in a scene
_LAYERS = 0.25  # of the picture that things of one octave of size cover
_ENLARGED = (1, 2)  # times: how much softer than the picture a thing may be
_BLUR = 0.5  # px, of a phone's lens
_NOISE = 3.5  # levels of 256: a sensor in daylight, after the camera's own smoothing
_NOISE_MARGIN = 500  # px

# A file that has just been written may be written again within the same tick of the file system's clock: the client
# reads such a one again at its next run, which would not be the no-change run that is measured.
_SETTLING = 3  # seconds

_MAKE, _MODEL, _ORIENTATION, _DATE_TIME, _GPS = 0x010F, 0x0110, 0x0112, 0x0132, 0x8825  # EXIF tags
_LATITUDE_REF, _LATITUDE, _LONGITUDE_REF, _LONGITUDE = 1, 2, 3, 4
_TURN_RIGHT = 6


@dataclass(frozen=True, slots=True)
class Wanted:
    """A photo to be; each number is another picture."""

    file: Path
    number: int
    size: tuple[int, int] = SIZE
    person: str | None = None  # GRACE or EILEEN: her portrait stands in the picture


def make(wanted: Iterable[Wanted]) -> None:
    """Make those that do not stand yet, in as many processes as there are cores."""
    absent = [one for one in wanted if not one.file.exists()]
    if not absent:
        return
    for folder in {one.file.parent for one in absent}:
        folder.mkdir(parents=True, exist_ok=True)
    with multiprocessing.get_context("spawn").Pool(os.cpu_count()) as pool:
        for _ in pool.imap_unordered(_make, absent, chunksize=1 + len(absent) // 1000):
            pass
    time.sleep(_SETTLING)


def numbered(folder: Path, number: int) -> Path:
    """As a camera names and files them: 500 in a folder."""
    return folder / f"{100 + number // 500}PHOTO" / f"IMG_{number:06}.jpg"


def headshot(person: str, file: Path) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    _portrait(person).save(file, quality=95)
    return file


def _make(wanted: Wanted) -> None:
    from PIL import Image

    random = Random(wanted.number)  # noqa: S311 (no secret)
    turned = _is_turned(wanted.number)
    picture = _scene(wanted.size[::-1] if turned else wanted.size, random)
    if wanted.person is not None:
        _place(_portrait(wanted.person), picture, random)
    if turned:  # the pixels lie on their side, and the tag says how to turn them
        picture = picture.transpose(Image.Transpose.ROTATE_90)
    picture = _sensed(picture, random)
    # Beside, then renamed: a run that is stopped leaves no half photo for the next one.
    beside = wanted.file.with_suffix(".part")
    picture.save(beside, "JPEG", quality=QUALITY, subsampling="4:2:0", exif=_exif(wanted.number))
    beside.rename(wanted.file)


def _is_turned(number: int) -> bool:
    """Whether the phone was held upright."""
    return number % 5 == 0


def _scene(size: tuple[int, int], random: Random) -> Image.Image:
    width, height = size
    picture = _piece(size, 1, random)
    halves, half = [], min(_LARGEST, max(size) // 4)
    while half >= _SMALLEST:
        halves += [half] * round(_LAYERS * width * height / (2 * half) ** 2)
        half //= 2
    random.shuffle(halves)  # what is near hides what is far, whichever is larger
    for half in halves:
        _lay(picture, half, random)
    return picture


def _lay(picture: Image.Image, half: int, random: Random) -> None:
    size = (round(half * random.uniform(0.7, 2)), round(half * random.uniform(0.7, 2)))
    corner = (random.randrange(-half, picture.width), random.randrange(-half, picture.height))
    piece = _piece(size, random.uniform(*_ENLARGED), random)
    picture.paste(piece, corner, _outline().resize(size))


def _piece(size: tuple[int, int], enlarged: float, random: Random) -> Image.Image:
    """A piece of some natural picture, mirrored or not, at most as large as that is."""
    from PIL import Image

    source = _natural(random.choice(_SCENES))
    enlarged = max(enlarged, size[0] / source.width, size[1] / source.height)
    width, height = size[0] / enlarged, size[1] / enlarged
    left, top = random.random() * max(0.0, source.width - width), random.random() * max(0.0, source.height - height)
    box = (left, top, min(source.width, left + width), min(source.height, top + height))
    piece = source.resize(size, Image.Resampling.BICUBIC, box)
    return piece.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if random.random() < 0.5 else piece


def _sensed(picture: Image.Image, random: Random) -> Image.Image:
    """As a camera sees it: through a lens, by a sensor with noise."""
    import numpy as np
    from PIL import Image, ImageFilter

    width, height = picture.size
    left, top = random.randrange(_NOISE_MARGIN), random.randrange(_NOISE_MARGIN)
    noise = _noise()[top : top + height, left : left + width]
    pixels = np.asarray(picture.filter(ImageFilter.GaussianBlur(_BLUR)), np.int16)
    return Image.fromarray((pixels + noise).clip(0, 255).astype(np.uint8))


def _place(portrait: Image.Image, picture: Image.Image, random: Random) -> None:
    """Head and shoulders, nearly as large as the picture: in a small one the face must be large enough to be found."""
    head = portrait.crop((portrait.width // 8, 0, portrait.width * 7 // 8, portrait.height * 2 // 3))
    scale = min(picture.height / head.height, picture.width / head.width) * random.uniform(0.8, 1)
    head = head.resize((int(head.width * scale), int(head.height * scale)))
    corner = (random.randint(0, picture.width - head.width), random.randint(0, picture.height - head.height))
    picture.paste(head, corner)


def _exif(number: int) -> Image.Exif:
    """As a phone writes it: who made it, when and where, and how to turn it."""
    from PIL import Image

    exif = Image.Exif()
    exif[_MAKE], exif[_MODEL] = "Benchmark", "Generated photo"
    exif[_DATE_TIME] = f"2026:06:01 {number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}"
    exif[_ORIENTATION] = _TURN_RIGHT if _is_turned(number) else 1
    exif.get_ifd(_GPS).update(
        {_LATITUDE_REF: "N", _LATITUDE: (48.0, 51.0, 30.0), _LONGITUDE_REF: "E", _LONGITUDE: (2.0, 17.0, 40.0)}
    )
    return exif


@cache
def _noise() -> NDArray[np.int8]:
    """Made once a process, as it takes longer than all else; each photo takes another part of it."""
    import numpy as np

    shape = (SIZE[1] + _NOISE_MARGIN, SIZE[0] + _NOISE_MARGIN, 3)
    return (np.random.default_rng(0).standard_normal(shape, np.float32) * _NOISE).round().astype(np.int8)


@cache
def _outline() -> Image.Image:
    """What makes a thing of a piece: an ellipse."""
    from PIL import Image, ImageDraw

    mask = Image.new("L", (256, 256))
    ImageDraw.Draw(mask).ellipse((0, 0, 255, 255), fill=255)
    return mask


@cache
def _natural(name: str) -> Image.Image:
    return _opened("skimage", f"data/{name}")


@cache
def _portrait(person: str) -> Image.Image:
    return _opened(*_PORTRAITS[person])


def _opened(package: str, name: str) -> Image.Image:
    from PIL import Image

    with files(package).joinpath(name).open("rb") as stream, Image.open(stream) as image:
        return image.convert("RGB")
