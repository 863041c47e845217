"""From the distance of two embeddings to a similarity in per cent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from photosort.comparison import DEFAULT_THRESHOLD

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# dlib's model was trained so that pictures of one person lie closer than 0.6 and those of two people farther apart
# (the documentation of its dnn_face_recognition_ex, which gives 99.38 % on Labeled Faces in the Wild at this distance).
SAME_PERSON = 0.6

# How steeply similarity falls around that distance, chosen by eye and fitted to nothing: with 4, near pairs stay near
# 100 (0.3: 98.6) and far ones fall towards nothing (0.9: 32, 1.2: 3), as users of Rekognition expect.
_STEEPNESS = 4.0


def similarities(embeddings: NDArray[np.float32], reference: NDArray[np.float32]) -> NDArray[np.float64]:
    """How similar each of ``embeddings`` (n, 128) is to ``reference`` (128,): (n,) values from 0 to 100.

    100 x 0.8 ** ((d / 0.6) ** 4) of the Euclidean distance d: 100 at distance 0, 80 (the threshold for photo apps)
    at the distance that dlib calls the same person, nearer to 0 the farther; continuous, and falling throughout.
    """
    import numpy as np

    distances = np.linalg.norm(embeddings.astype(np.float64) - reference.astype(np.float64), axis=1)
    at_same_person = DEFAULT_THRESHOLD / 100
    return np.asarray(100 * at_same_person ** ((distances / SAME_PERSON) ** _STEEPNESS))
