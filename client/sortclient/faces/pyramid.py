"""The sheet that the detection network looks at: a picture and ever smaller copies of it, side by side.

The network knows faces of one size; in one of the copies any larger face has that size. The layout is dlib's (its
input_rgb_image_pyramid): the network's cells then fall on the same pixels of each copy as there, and it finds the same
faces at the same places. Coordinates are px of the sheet, or of the picture.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

_GAP = 10  # px between two copies
_MARGIN = 11  # px around all
_FEWEST_ROWS = 5  # px; smaller copies are not made
_NOTHING = (123, 117, 104)  # the network's mean colour, which its normalisation makes 0

Size = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Copy:
    """Where on the sheet the picture stands, smaller by ``scale``."""

    left: int
    top: int
    size: Size
    scale: float

    def distance(self, x: float, y: float) -> float:
        """How far outside of this copy a point is, squared."""
        across = max(self.left - x, 0, x - (self.left + self.size[0] - 1))
        down = max(self.top - y, 0, y - (self.top + self.size[1] - 1))
        return across**2 + down**2


@dataclass(frozen=True, slots=True)
class Sheet:
    image: Image.Image
    copies: Sequence[Copy]

    def in_picture(self, x: float, y: float) -> tuple[float, float, float]:
        """The point of the picture that a point of the sheet shows, and the scale of the copy that it lies in."""
        copy = min(self.copies, key=lambda copy: copy.distance(x, y))
        return (x - copy.left) * copy.scale, (y - copy.top) * copy.scale, copy.scale


def make_sheet(picture: Image.Image, most: int | None = None) -> Sheet:
    """The sheet of an RGB picture, with at most ``most`` copies, the picture itself counted."""
    from PIL import Image

    sizes = list(islice(_sizes(picture.size), most))
    first = _first_column(sizes)
    height = sum(rows + _GAP for _, rows in sizes[:first]) - _GAP
    copies = list(_places(sizes, first, height))
    image = Image.new("RGB", (sizes[0][0] + 2 * _MARGIN, height + 2 * _MARGIN), _NOTHING)
    smaller = picture
    for copy in copies:
        smaller = _shrunk(smaller, copy.size)
        image.paste(smaller, (copy.left, copy.top))
    return Sheet(image, copies)


def _sizes(size: Size) -> Iterator[Size]:
    """Each is 5/6 of the one before."""
    while size[0] > 0 and size[1] >= _FEWEST_ROWS:
        yield size
        size = (size[0] * 5 // 6, size[1] * 5 // 6)


def _first_column(sizes: Sequence[Size]) -> int:
    """How many stand in the first column: until the next fits beside the last, and half the rest is placed."""
    width, height = sizes[0]
    total = sum(rows + _GAP for _, rows in sizes) - 2 * _GAP
    placed = last = 0
    for count, (columns, rows) in enumerate(sizes):
        if columns <= width - last - _GAP and (placed - height) * 2 >= total - height:
            return count
        placed += rows + _GAP
        last = columns
    return len(sizes)


def _places(sizes: Sequence[Size], first: int, height: int) -> Iterator[Copy]:
    """The first column downwards from the top left, the others upwards from the bottom right, while there is room."""
    top = _MARGIN
    for number, size in enumerate(sizes[:first]):
        yield Copy(_MARGIN, top, size, 1.2**number)
        top += size[1] + _GAP
    bottom = _MARGIN + height
    for number, size in enumerate(sizes[first:], first):
        left, top = _MARGIN + sizes[0][0] - size[0], bottom - size[1]
        if top < _MARGIN + sizes[0][1]:
            return  # it would cover the picture itself, which is as wide as the sheet
        yield Copy(left, top, size, 1.2**number)
        bottom = top - _GAP


def _shrunk(picture: Image.Image, size: Size) -> Image.Image:
    """Bilinear between the four nearest pixels, corners on corners; not smoothed, as it was not in training."""
    from PIL import Image

    if picture.size == size:
        return picture
    across, down = ((picture.size[side] - 1) / max(1, size[side] - 1) for side in (0, 1))
    # Pillow puts the centre of a pixel at a half: x + 0.5 of the copy is to be x * across + 0.5 of the picture.
    where = (across, 0, 0.5 - across / 2, 0, down, 0.5 - down / 2)
    return picture.transform(size, Image.Transform.AFFINE, where, Image.Resampling.BILINEAR)
