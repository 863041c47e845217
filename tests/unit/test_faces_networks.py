"""The rebuilt networks equal dlib's own, on real faces."""

from __future__ import annotations

from typing import Any

import dlib
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from sortclient.faces.detect import Detection, Detector
from sortclient.faces.dlib_format import UnknownFormat
from sortclient.faces.engine import Engine
from sortclient.faces.models import DETECTOR, EMBEDDER, LANDMARKS, model_file
from sortclient.faces.networks import detection_network, embedding_network
from tests.unit.face_pictures import eileen, grace, on_canvas, variants


def chips() -> list[NDArray[np.uint8]]:
    """Aligned as dlib's users do it: by HOG and the 5-point predictor."""
    hog: Any = dlib.get_frontal_face_detector()
    landmarks: Any = dlib.shape_predictor(str(model_file(LANDMARKS)))
    cut = []
    for picture in variants(grace()) + variants(eileen()):
        pixels = np.asarray(picture)
        shapes = [landmarks(pixels, box) for box in hog(pixels, 1)[:1]]
        cut += [dlib.get_face_chip(pixels, shape, size=150, padding=0.25) for shape in shapes]
    return cut


def test_embeddings_equal_those_of_dlib() -> None:
    faces = chips()
    assert len(faces) >= 8
    network: Any = dlib.face_recognition_model_v1(str(model_file(EMBEDDER)))
    expected = np.array([network.compute_face_descriptor(face) for face in faces])

    found = Engine().embed(faces)

    assert found.dtype == np.float32
    assert np.abs(found - expected).max() < 1e-5
    # and they tell the two apart: dlib's numbers would be equal to any others if all were the same
    assert np.linalg.norm(expected[0] - expected[-1]) > 0.6


def both(side: int) -> Image.Image:
    """Two faces side by side, no sharper than in a picture ``side`` px wide."""
    picture = on_canvas((grace().crop((0, 0, 512, 512)), (0, 0)), (eileen(), (512, 0)), size=(1024, 512))
    small = picture.resize((side, side // 2), Image.Resampling.LANCZOS)
    return small.resize((2 * side, side), Image.Resampling.BICUBIC)


@pytest.mark.parametrize(
    ("picture", "count"),
    [(both(480), 2), (both(300), 1), (grace().crop((230, 40, 530, 340)), 1)],
    ids=["two faces", "one large enough", "cut by the edge"],
)
def test_the_network_sees_the_faces_that_dlib_sees(picture: Image.Image, count: int) -> None:
    network: Any = dlib.cnn_face_detection_model_v1(str(model_file(DETECTOR)))
    expected = network(np.asarray(picture), 0)
    assert len(expected) == count

    found = Detector().seen_by_network(picture)

    assert len(found) == count
    for face, theirs in zip(found, expected, strict=True):  # both: the surest first
        assert overlap(face, theirs.rect) >= 0.95
        assert face.score == pytest.approx(theirs.confidence, abs=0.01)


def test_a_file_that_is_not_the_model_is_an_error() -> None:
    embedder, detector = model_file(EMBEDDER).read_bytes(), model_file(DETECTOR).read_bytes()
    for network, content in (
        (embedding_network, b""),
        (embedding_network, detector),
        (embedding_network, embedder[:1_000_000]),
        (detection_network, b"no model"),
        (detection_network, embedder),
        (detection_network, detector[:500_000]),
    ):
        with pytest.raises(UnknownFormat):
            network(content)


def overlap(face: Detection, box: Any) -> float:
    """Intersection over union. dlib's rectangle holds its last row and column."""
    width = min(face.left + face.side, box.right() + 1) - max(face.left, box.left())
    height = min(face.top + face.side, box.bottom() + 1) - max(face.top, box.top())
    shared = max(0.0, width) * max(0.0, height)
    return float(shared / (face.side**2 + box.width() * box.height() - shared))
