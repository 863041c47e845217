"""The face engine: a picture in, its faces out, each with the 128 numbers that say whose it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sortclient.faces.detect import Detection, Detector
from sortclient.faces.face import Face
from sortclient.faces.models import EMBEDDER, LANDMARKS, check_installed, model_file
from sortclient.faces.networks import CHIP, embedding_network
from sortclient.faces.runtime import session
from sortclient.model import Box

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

# Names what decides the faces and their numbers: models, sizes, order. It stands in cells and in the cache;
# whatever would find other faces or give other numbers needs another version.
VERSION = "dlib-1"

# Of the face's size, on each side of it in a chip: what the embedding network was trained with.
_CHIP_PADDING = 0.25

# Faces embedded at once; a crowd of a hundred must not need a hundred times the memory.
_BATCH = 16


class Engine:
    """The loaded models; some 120 MB and half a second. Not for use by several threads at once."""

    def __init__(self) -> None:
        """Raises SortError where the extra `local` is not installed, or not as it should be."""
        check_installed()
        import dlib

        self._detector = Detector()
        self._landmarks: Any = dlib.shape_predictor(str(model_file(LANDMARKS)))
        self._network = session(embedding_network, model_file(EMBEDDER), fixed_shape=True)

    def faces(self, image: Image.Image) -> tuple[Face, ...]:
        """The faces in an upright RGB picture, largest first."""
        import dlib
        import numpy as np

        detections = self._detector.detect(image)
        if not detections:
            return ()
        pixels = np.asarray(image)
        shapes = [self._landmarks(pixels, _rectangle(detection)) for detection in detections]
        chips = [dlib.get_face_chip(pixels, shape, size=CHIP, padding=_CHIP_PADDING) for shape in shapes]
        embeddings = self.embed(chips)
        described = zip(detections, shapes, embeddings, strict=True)
        return tuple(_face(image, detection, shape, embedding) for detection, shape, embedding in described)

    def embed(self, chips: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """(n, 128) embeddings of n aligned faces, each uint8 (150, 150, 3) RGB; as dlib's, within 1e-6."""
        import numpy as np

        batches = [np.stack(chips[start : start + _BATCH]) for start in range(0, len(chips), _BATCH)]
        return np.concatenate([self._network.run(None, {"chips": batch})[0] for batch in batches])


def _rectangle(detection: Detection) -> Any:
    """dlib's rectangle holds its last row and column."""
    import dlib

    left, top, side = round(detection.left), round(detection.top), round(detection.side)
    return dlib.rectangle(left, top, left + side - 1, top + side - 1)


def _face(image: Image.Image, detection: Detection, shape: Any, embedding: NDArray[np.float32]) -> Face:
    width, height = image.size
    return Face(
        box=Box(detection.left / width, detection.top / height, detection.side / width, detection.side / height),
        side=detection.side,
        score=detection.score,
        landmarks=tuple((point.x / width, point.y / height) for point in shape.parts()),
        embedding=embedding,
    )
