"""Finding faces: the network decides, and HOG tells it where in a large picture to look.

dlib's convolutional network finds faces that are turned, tilted or partly hidden, and hardly ever one that is none, but
takes long for a large picture. dlib's HOG detector needs upright faces from the front and errs more often, but is cheap
enough for the whole picture. So the network looks at a small copy, for the faces that the picture is about; HOG, made
generous, proposes places in the large one, for the small faces of a group; and the network looks at each of those.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sortclient.faces.models import DETECTOR, model_file
from sortclient.faces.networks import detection_network
from sortclient.faces.pyramid import Sheet, make_sheet
from sortclient.faces.runtime import session

if TYPE_CHECKING:
    from PIL import Image

# Both look for faces of 80 px. So the network alone finds faces from an eighth of the picture's long side on, and HOG
# proposes them from a twenty-fourth.
_NETWORK_SIDE = 640  # px, long side
_HOG_SIDE = 1920  # px, long side
_MOST_ENLARGED = 2.0  # as dlib's users let it enlarge once; more shows nothing that is there

# Far below HOG's own line, 0: what the network confirms is a face all the same.
_PROPOSED_ABOVE = -0.8

_WINDOW = 80  # px; side of the face that the network sees
_CELL = 8  # px from one of the network's cells to the next: three convolutions with stride 2
_FIRST_CELL = 14  # px; the centre of the first: three times v -> 2v + 2, from 0
_LEFT_OF_CENTRE = 39  # px of the window; 40 are right of it, and the centre itself

# A proposed place is looked at with half a face around it, at the sizes that allow for HOG's error in size: at the
# largest, the proposed face has 96 px, at the smallest 67.
_PLACE = 192  # px
_PLACE_SIZES = 3

# The network file's own number: of two detections that share more of their union, one goes.
_SAME_FACE = 0.338
# Of two detections where one lies in the other so far, both are of one face: HOG's boxes differ from the network's.
_INSIDE = 0.6


@dataclass(frozen=True, slots=True)
class Detection:
    """A square in px of the picture, which may reach beyond it."""

    left: float
    top: float
    side: float
    score: float

    def moved(self, scale: float, left: float = 0, top: float = 0) -> Detection:
        """In the picture that this one's is a copy of, smaller by ``scale``, of the part that begins there."""
        return Detection(left + self.left * scale, top + self.top * scale, self.side * scale, self.score)


class Detector:
    """Loads both models; not for use by several threads at once."""

    def __init__(self) -> None:
        import dlib

        self._network = session(detection_network, model_file(DETECTOR), fixed_shape=False)
        self._hog: Any = dlib.get_frontal_face_detector()

    def detect(self, image: Image.Image) -> list[Detection]:
        """The faces in an RGB picture, largest first."""
        found = self._in_small_copy(image)
        for place in self._proposed(image):
            if not any(_same_face(place, face) for face in found):
                found = _distinct(self._in_place(image, place), found)
        return sorted(found, key=lambda face: face.side, reverse=True)

    def seen_by_network(self, picture: Image.Image) -> list[Detection]:
        """The faces of 80 px and more that the network alone sees in an RGB picture, surest first."""
        if min(picture.size) < _CELL:
            return []  # a long strip: nothing would be left of it after the network's first convolutions
        return _distinct(self._seen(make_sheet(picture)))

    def _in_small_copy(self, image: Image.Image) -> list[Detection]:
        small = _fitted(image, _NETWORK_SIDE)
        return [face.moved(image.width / small.width) for face in self.seen_by_network(small)]

    def _proposed(self, image: Image.Image) -> Iterator[Detection]:
        import numpy as np

        large = _fitted(image.convert("L"), _HOG_SIDE)  # in colour it costs a third more and finds the same
        scale = image.width / large.width
        boxes, scores, _ = self._hog.run(np.asarray(large), 0, _PROPOSED_ABOVE)
        for box, score in zip(boxes, scores, strict=True):
            yield Detection(box.left(), box.top(), box.width(), float(score)).moved(scale)

    def _in_place(self, image: Image.Image, place: Detection) -> Iterator[Detection]:
        left, top = round(place.left - place.side / 2), round(place.top - place.side / 2)
        side = max(1, round(2 * place.side))
        crop = image.crop((left, top, left + side, top + side))
        for face in self._seen(make_sheet(_resized(crop, _PLACE, _PLACE), _PLACE_SIZES)):
            yield face.moved(side / _PLACE, left, top)

    def _seen(self, sheet: Sheet) -> Iterator[Detection]:
        """In px of the picture that the sheet shows."""
        import numpy as np

        scores = self._network.run(None, {"picture": np.asarray(sheet.image)[None]})[0][0, 0]
        for row, column in np.argwhere(scores > 0).tolist():
            x, y, scale = sheet.in_picture(_FIRST_CELL + _CELL * column, _FIRST_CELL + _CELL * row)
            corner = (x - _LEFT_OF_CENTRE * scale, y - _LEFT_OF_CENTRE * scale)
            yield Detection(*corner, _WINDOW * scale, float(scores[row, column]))


def _distinct(detections: Iterable[Detection], known: Iterable[Detection] = ()) -> list[Detection]:
    """``known`` and those of ``detections`` that are of no face already there, the surest first."""
    kept = list(known)
    for detection in sorted(detections, key=lambda detection: detection.score, reverse=True):
        if not any(_same_face(detection, other) for other in kept):
            kept.append(detection)
    return kept


def _same_face(one: Detection, other: Detection) -> bool:
    width = min(one.left + one.side, other.left + other.side) - max(one.left, other.left)
    height = min(one.top + one.side, other.top + other.side) - max(one.top, other.top)
    if width <= 0 or height <= 0:
        return False
    shared, areas = width * height, (one.side**2, other.side**2)
    return shared > _SAME_FACE * (sum(areas) - shared) or shared > _INSIDE * min(areas)


def _fitted(image: Image.Image, side: int) -> Image.Image:
    scale = min(side / max(image.size), _MOST_ENLARGED)
    return _resized(image, max(1, round(image.width * scale)), max(1, round(image.height * scale)))


def _resized(image: Image.Image, width: int, height: int) -> Image.Image:
    from PIL import Image

    return image if image.size == (width, height) else image.resize((width, height), Image.Resampling.BILINEAR)
