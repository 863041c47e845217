"""One face of a picture: how well somebody can be recognised by it, and how it is cut out from among others.

The lines below were drawn where recognising suffers. Measured with the local engine on 17 portraits of eight people,
made worse: the mean similarity with other photos of the same person (of three: with the portrait as it was), how
many of the faces fell below 80, and the sharpness, median and range. Blur (its standard deviation) and movement are in
parts of the face's side.

    as they are      96    0 of 17    0.45 (0.37 to 0.81)
    blurred 0.015    94    0 of 17    0.27 (0.18 to 0.51)
            0.02     92    0 of 17    0.21 (0.14 to 0.39)
            0.03     88    1 of 17    0.15 (0.10 to 0.20)
            0.04     82    5 of 17    0.11 (0.08 to 0.13)
    moved   0.06     94    0 of 51    0.31 (0.20 to 0.56)
            0.09     90    1 of 51    0.20 (0.13 to 0.42)
            0.12     86   10 of 51    0.17 (0.11 to 0.26)
    shrunk  50 px    95    0 of 17    0.45 (0.31 to 0.87)
            30 px    91    0 of 16, one is not found
            25 px    89    1 of 11, six are not found
    turned  20       92    0 of 24    degrees; 12 of the faces, drawn turned to either side
            30       91    0 of 24
            40       88    4 of 24
            50       82    9 of 24
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from sortclient.model import Box, Sighting
from sortclient.photos.decode import ANALYSIS_SIDE, SMALLEST_SIDE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

SMALLEST_FACE = 50  # px a side; what AWS's guide asks of the faces that Rekognition compares
LEAST_SHARPNESS = 0.2
MOST_YAW = 35.0  # degrees; AWS's guide asks for less than 45, and the local estimate is too low up there

_FINE, _COARSE = (
    32,
    16,
)  # px a side: recognising needs what shows at the first, and any face has what shows at the other

# Around a face that is cut out, on each side, in parts of its own size: detectors want to see a head.
_MARGIN = 1.0
_CLEAR_FACE = 80  # px a side; what the local detector looks for, and twice what Rekognition needs at least
_SAME = 0.3  # of the union of two boxes: what they share if both are of one face


def doubts(picture: Image.Image, face: Sighting) -> Iterator[str]:
    """What is against recognising somebody by this face of an RGB picture, in words that follow "the face is"."""
    left, top, right, bottom = _pixels(picture, face.box)
    side = min(right - left, bottom - top)
    if side < SMALLEST_FACE:
        yield f"small ({side:.0f} px a side, and {SMALLEST_FACE} are wanted)"
    sharp = sharpness(picture, face.box)
    if sharp < LEAST_SHARPNESS:
        yield f"blurred (sharpness {sharp:.2f}, and {LEAST_SHARPNESS} is wanted)"
    if face.yaw is not None and abs(face.yaw) > MOST_YAW:
        yield f"turned away (by {abs(face.yaw):.0f} degrees, and at most {MOST_YAW:.0f} are wanted)"


def sharpness(picture: Image.Image, face: Box) -> float:
    """How much of the detail that a face has at 16 px a side it has at 32 px, from about 0.08 (no more) to 0.8.

    Detail is the variance of the luminance's second difference, across, down and along both diagonals. Taking both
    sizes from one face cancels its contrast, its light and what it looks like; the least of the four directions counts,
    as movement blurs one alone.
    """
    from PIL import Image

    left, top, right, bottom = _pixels(picture, face)
    inside = (
        max(0, round(left)),
        max(0, round(top)),
        min(picture.width, round(right)),
        min(picture.height, round(bottom)),
    )
    if inside[0] >= inside[2] or inside[1] >= inside[3]:
        return 0.0
    grey = picture.crop(inside).convert("L")
    fine, coarse = (_details(grey.resize((side, side), Image.Resampling.BILINEAR)) for side in (_FINE, _COARSE))
    return min(one / other if other else 0.0 for one, other in zip(fine, coarse, strict=True))


def cut_out(picture: Image.Image, face: Box, others: Sequence[Box]) -> tuple[Image.Image, Box]:
    """The part of an RGB picture around ``face``, and where the face is in it.

    Nothing of ``others`` comes in where a straight cut can keep it out. A small face is enlarged to what detectors
    find; the part is at most 1920 px long.
    """
    from PIL import Image

    left, top, right, bottom = _pixels(picture, face)
    across, down = right - left, bottom - top
    room = [_MARGIN * across, _MARGIN * down, _MARGIN * across, _MARGIN * down]
    for other in others:
        other_left, other_top, other_right, other_bottom = _pixels(picture, other)
        gaps = (left - other_right, top - other_bottom, other_left - right, other_top - bottom)
        widest = gaps.index(max(gaps))
        room[widest] = min(room[widest], max(0.0, gaps[widest]))
    x, y = max(0, round(left - room[0])), max(0, round(top - room[1]))
    part = picture.crop(
        (x, y, min(picture.width, round(right + room[2])), min(picture.height, round(bottom + room[3])))
    )
    found = Box((left - x) / part.width, (top - y) / part.height, across / part.width, down / part.height)
    scale = max(1.0, _CLEAR_FACE / min(across, down), SMALLEST_SIDE / min(part.size))
    scale = min(scale, ANALYSIS_SIDE / max(part.size))
    size = (round(part.width * scale), round(part.height * scale))
    return part if size == part.size else part.resize(size, Image.Resampling.LANCZOS), found


def same_face(one: Box, other: Box) -> bool:
    width = min(one.left + one.width, other.left + other.width) - max(one.left, other.left)
    height = min(one.top + one.height, other.top + other.height) - max(one.top, other.top)
    if width <= 0 or height <= 0:
        return False
    shared = width * height
    return shared >= _SAME * (one.area + other.area - shared)


def _pixels(picture: Image.Image, box: Box) -> tuple[float, float, float, float]:
    """Left, top, right, bottom."""
    width, height = picture.size
    left, top = box.left * width, box.top * height
    return left, top, left + box.width * width, top + box.height * height


def _details(grey: Image.Image) -> list[float]:
    import numpy as np

    values: NDArray[np.float64] = np.asarray(grey, dtype=np.float64)
    inner = 2 * values[1:-1, 1:-1]
    pairs = (
        (values[1:-1, :-2], values[1:-1, 2:]),
        (values[:-2, 1:-1], values[2:, 1:-1]),
        (values[:-2, :-2], values[2:, 2:]),
        (values[:-2, 2:], values[2:, :-2]),
    )
    return [float((one + other - inner).var()) for one, other in pairs]
