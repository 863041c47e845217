"""The engine on pictures: which faces it finds, where, and whose they are."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sortclient.errors import SortError
from sortclient.faces import engine as engine_module
from sortclient.faces import models
from sortclient.faces.analyse import analyse
from sortclient.faces.engine import Engine
from sortclient.faces.face import Face
from sortclient.faces.similarity import similarities
from sortclient.photos.errors import NotAPhoto, Unreadable
from tests.unit.face_pictures import cat, eileen, grace, jpeg, on_canvas, variants


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine()


def similarity(one: Face, other: Face) -> float:
    return float(similarities(one.embedding[None], other.embedding)[0])


@pytest.mark.parametrize(("her", "somebody_else"), [(grace, eileen), (eileen, grace)])
def test_a_person_is_known_in_every_variant(
    engine: Engine, her: Callable[[], Image.Image], somebody_else: Callable[[], Image.Image]
) -> None:
    (reference,) = engine.faces(her())
    (other,) = engine.faces(somebody_else())
    for picture in variants(her()):
        (face,) = engine.faces(picture)
        assert similarity(face, reference) > 95
        assert similarity(face, other) < 80


def test_boxes_and_landmarks_lie_on_the_face(engine: Engine) -> None:
    (face,) = engine.faces(eileen())
    assert face.box.left == pytest.approx(0.35, abs=0.05)
    assert face.box.top == pytest.approx(0.13, abs=0.05)
    assert face.side == pytest.approx(face.box.width * 512)
    assert face.score > 0.5
    assert len(face.landmarks) == 5
    for x, y in face.landmarks:
        assert face.box.left < x < face.box.left + face.box.width
        assert face.box.top < y < face.box.top + face.box.height
    eyes, nose = face.landmarks[:4], face.landmarks[4]
    assert all(y < nose[1] for _, y in eyes)
    assert min(x for x, _ in eyes) < nose[0] < max(x for x, _ in eyes)


def test_a_wide_picture_has_its_own_fractions(engine: Engine) -> None:
    """On a canvas twice as wide as high, a square box is twice as high as wide in fractions."""
    (face,) = engine.faces(on_canvas((eileen(), (600, 50)), size=(1200, 600)))
    assert face.box.height == pytest.approx(2 * face.box.width)
    assert face.box.left * 1200 == pytest.approx(600 + 0.35 * 512, abs=30)
    assert face.box.top * 600 == pytest.approx(50 + 0.13 * 512, abs=30)


def test_small_faces_of_a_large_picture_are_found_and_known(engine: Engine) -> None:
    """70 px in 1920: the network alone, which looks at a copy of 640, cannot see them."""
    small_grace = grace().resize((205, 240), Image.Resampling.LANCZOS)
    small_eileen = eileen().resize((390, 390), Image.Resampling.LANCZOS)
    picture = on_canvas((small_grace, (1500, 900)), (small_eileen, (100, 100)), size=(1920, 1280))
    assert engine._detector.seen_by_network(picture.resize((640, 427))) == []
    references = [engine.faces(grace())[0], engine.faces(eileen())[0]]

    faces = engine.faces(picture)

    assert sorted(face.side for face in faces) == pytest.approx([72, 72], abs=14)
    right, left = sorted(faces, key=lambda face: -face.box.left)
    assert similarity(right, references[0]) > 90
    assert similarity(left, references[1]) > 90


def test_faces_that_lean_far_are_found(engine: Engine) -> None:
    """By 55 degrees: HOG does not even propose them."""
    (reference,) = engine.faces(grace())
    leaning = grace().rotate(55, Image.Resampling.BICUBIC, expand=True, fillcolor="grey")
    (face,) = engine.faces(leaning)
    assert similarity(face, reference) > 90


def test_more_faces_than_one_batch_the_largest_first(engine: Engine) -> None:
    crowd = [(grace().resize((300, 352)), (300 * column, 360 * row)) for row in range(3) for column in range(6)]
    crowd[8] = (eileen().resize((600, 600)).crop((120, 0, 420, 352)), crowd[8][1])
    picture = on_canvas(*crowd, size=(1800, 1080))

    faces = engine.faces(picture)

    assert len(faces) == 18 > engine_module._BATCH
    assert [face.side for face in faces] == sorted((face.side for face in faces), reverse=True)
    (her,) = engine.faces(eileen())
    alike = [face for face in faces if similarity(face, her) > 90]
    assert len(alike) == 1
    assert alike[0].box.left == pytest.approx((600 + 120) / 1800, abs=0.08)


def test_no_face_where_there_is_none(engine: Engine) -> None:
    assert engine.faces(cat()) == ()
    assert engine.faces(Image.new("RGB", (640, 480), "teal")) == ()
    assert engine.faces(Image.effect_noise((400, 300), 90).convert("RGB")) == ()


@pytest.mark.parametrize("size", [(80, 80), (1920, 80), (1920, 8), (8, 1920), (1920, 1), (24, 24), (25, 8)])
def test_pictures_of_any_shape_are_looked_at(engine: Engine, size: tuple[int, int]) -> None:
    assert engine.faces(Image.new("RGB", size, "teal")) == ()


def test_a_face_cut_by_the_edge_is_found(engine: Engine) -> None:
    (reference,) = engine.faces(eileen())
    (face,) = engine.faces(eileen().crop((160, 80, 380, 300)))
    assert face.box.top < 0.1
    assert similarity(face, reference) > 80


def test_the_same_picture_gives_the_same_numbers(engine: Engine) -> None:
    (one,), (other,) = engine.faces(grace()), Engine().faces(grace())
    assert (one.box, one.landmarks, one.score) == (other.box, other.landmarks, other.score)
    assert np.array_equal(one.embedding, other.embedding)


def test_analyse_takes_bytes() -> None:
    (face,) = analyse(jpeg(grace()))
    assert face.embedding.shape == (128,)
    assert analyse(jpeg(cat())) == ()
    with pytest.raises(NotAPhoto):
        analyse(b"some text")
    with pytest.raises(Unreadable):
        analyse(jpeg(grace())[:5000])


def test_without_the_extra_there_is_a_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "find_spec", lambda name: None if name == "onnxruntime" else find_spec(name))
    with pytest.raises(SortError, match=r"onnxruntime.*pip install 'sortclient\[local\]'"):
        Engine()


def test_a_damaged_model_is_an_error_with_a_way_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    damaged = tmp_path / models.EMBEDDER
    damaged.write_bytes(models.model_file(models.EMBEDDER).read_bytes()[:2_000_000])
    whole = models.model_file
    monkeypatch.setattr(engine_module, "model_file", lambda name: damaged if name == models.EMBEDDER else whole(name))
    with pytest.raises(SortError, match=r"cannot use its model.*--force-reinstall"):
        Engine()


def test_the_predictor_that_is_not_free_is_never_opened() -> None:
    """And nothing is printed: stderr belongs to the progress."""
    script = """
import sys
opened = []
sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == "open" else None)
from sortclient.faces.engine import Engine
from sortclient.faces.models import model_file
from PIL import Image
Engine().faces(Image.new("RGB", (200, 200)))
assert "pkg_resources" not in sys.modules and "face_recognition_models" not in sys.modules
assert any("resnet" in name for name in opened), opened
assert not any("68" in name for name in opened), opened
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
