"""How a face is measured, and how it is cut out."""

from __future__ import annotations

from math import cos, radians, sin

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageFilter

from sortclient.faces.engine import Engine
from sortclient.faces.face import Face
from sortclient.faces.pose import roll, yaw
from sortclient.model import Box, Sighting
from sortclient.portraits import LEAST_SHARPNESS, MOST_YAW, SMALLEST_FACE, cut_out, doubts, same_face, sharpness
from tests.unit.face_pictures import eileen, grace

PORTRAITS = {"grace": grace, "eileen": eileen}


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine()


@pytest.mark.parametrize("name", PORTRAITS)
def test_a_face_gets_less_sharp_the_more_it_is_blurred(engine: Engine, name: str) -> None:
    portrait = PORTRAITS[name]()
    (face,) = engine.faces(portrait)
    blurred = [portrait.filter(ImageFilter.GaussianBlur(part * face.side)) for part in (0.01, 0.02, 0.03, 0.05)]
    found = [sharpness(picture, face.box) for picture in (portrait, *blurred)]
    assert found == sorted(found, reverse=True)
    assert found[0] > 1.8 * LEAST_SHARPNESS
    assert found[1] > LEAST_SHARPNESS > found[3]


@pytest.mark.parametrize("name", PORTRAITS)
@pytest.mark.parametrize("step", [(1, 0), (0, 1), (1, 1), (1, -1)])
def test_a_face_that_moved_is_not_sharp_whichever_way_it_went(engine: Engine, name: str, step: tuple[int, int]) -> None:
    portrait = PORTRAITS[name]()
    (face,) = engine.faces(portrait)
    moved = portrait
    for number in range(1, round(0.14 * face.side)):
        there = ImageChops.offset(portrait, step[0] * number, step[1] * number)
        moved = Image.blend(moved, there, 1 / (number + 1))
    assert sharpness(moved, face.box) < LEAST_SHARPNESS + 0.02 < sharpness(portrait, face.box)


@pytest.mark.parametrize("name", PORTRAITS)
def test_light_size_and_the_detectors_box_change_little(engine: Engine, name: str) -> None:
    portrait = PORTRAITS[name]()
    (face,) = engine.faces(portrait)
    as_it_is = sharpness(portrait, face.box)
    for picture in (portrait.point(lambda value: value // 3), portrait.resize((300, 320))):
        assert sharpness(picture, face.box) == pytest.approx(as_it_is, rel=0.3)
    box = face.box
    taller = Box(box.left, box.top - box.height / 4, box.width, box.height * 1.4)
    assert sharpness(portrait, taller) == pytest.approx(as_it_is, rel=0.4)


def test_a_face_without_detail_or_outside_of_the_picture_is_not_sharp() -> None:
    plain = Image.new("RGB", (200, 200), "teal")
    assert sharpness(plain, Box(0.2, 0.2, 0.4, 0.4)) == 0
    assert sharpness(plain, Box(1.2, 0.2, 0.4, 0.4)) == 0


def test_each_doubt_has_its_own_line_where_it_begins() -> None:
    noise = Image.effect_noise((200, 100), 90).convert("RGB")
    just = Sighting(Box(0.1, 0.1, SMALLEST_FACE / 200, SMALLEST_FACE / 100), MOST_YAW)
    assert list(doubts(noise, just)) == []
    assert list(doubts(noise, Sighting(just.box))) == []
    smaller = Box(0.1, 0.1, (SMALLEST_FACE - 1) / 200, SMALLEST_FACE / 100)
    assert [words.split()[0] for words in doubts(noise, Sighting(smaller, -MOST_YAW - 1))] == ["small", "turned"]
    assert [words.split()[0] for words in doubts(Image.new("RGB", (200, 100)), just)] == ["blurred"]


# -- cutting


def test_a_face_is_cut_out_with_room_around_it() -> None:
    picture = Image.new("RGB", (1000, 500), "teal")
    part, face = cut_out(picture, Box(0.4, 0.4, 0.1, 0.2), [])
    assert part.size == (300, 300)
    assert (face.left, face.top, face.width, face.height) == pytest.approx((1 / 3, 1 / 3, 1 / 3, 1 / 3))


@pytest.mark.parametrize(
    ("other", "size", "place"),
    [
        (Box(0.54, 0.4, 0.1, 0.2), (240, 300), (100, 100)),  # on its right, 40 px away
        (Box(0.3, 0.4, 0.08, 0.2), (220, 300), (20, 100)),  # on its left, 20 px away
        (Box(0.4, 0.1, 0.1, 0.2), (300, 250), (100, 50)),  # above it, 50 px away
        (Box(0.45, 0.62, 0.1, 0.2), (300, 210), (100, 100)),  # below it, 10 px away, and farther right
        (Box(0.48, 0.4, 0.1, 0.2), (200, 300), (100, 100)),  # overlapping it on its right
        (Box(0.7, 0.4, 0.1, 0.2), (300, 300), (100, 100)),  # far away
    ],
)
def test_no_other_face_comes_in(other: Box, size: tuple[int, int], place: tuple[int, int]) -> None:
    part, face = cut_out(Image.new("RGB", (1000, 500)), Box(0.4, 0.4, 0.1, 0.2), [other])
    assert part.size == size
    assert (face.left * size[0], face.top * size[1]) == pytest.approx(place)


def test_a_face_at_the_edge_is_cut_at_the_edge() -> None:
    part, face = cut_out(Image.new("RGB", (1000, 500)), Box(-0.02, 0.9, 0.1, 0.2), [])
    assert part.size == (180, 150)
    assert (face.left, face.top) == pytest.approx((-20 / 180, 100 / 150))


def test_a_small_face_is_enlarged_and_a_large_part_made_smaller() -> None:
    small, _ = cut_out(Image.new("RGB", (1000, 500)), Box(0.4, 0.4, 0.02, 0.04), [])
    assert small.size == (240, 240)
    large, _ = cut_out(Image.new("RGB", (3000, 3000)), Box(0.3, 0.3, 0.3, 0.3), [])
    assert large.size == (1920, 1920)
    hemmed_in = [Box(0.3, 0.4, 0.1, 0.2), Box(0.42, 0.4, 0.1, 0.2)]
    narrow, _ = cut_out(Image.new("RGB", (1000, 500)), Box(0.4, 0.4, 0.02, 0.2), hemmed_in)
    assert min(narrow.size) >= 80


def test_boxes_of_one_face_share_most_of_it() -> None:
    box = Box(0.3, 0.3, 0.3, 0.3)
    assert same_face(box, Box(0.32, 0.2, 0.26, 0.42))
    assert not same_face(box, Box(0.5, 0.3, 0.3, 0.3))
    assert not same_face(box, Box(0.7, 0.3, 0.3, 0.3))


# -- pose


def test_a_face_towards_the_camera_is_not_turned(engine: Engine) -> None:
    for portrait in (grace(), eileen()):
        (found,) = engine.faces(portrait)
        assert abs(yaw(found)) < 10
        assert abs(roll(found)) < 10


@pytest.mark.parametrize("turned", [-40, -10, 0, 25, 60])
@pytest.mark.parametrize("leaning", [0, 30, -70])
def test_a_head_of_the_measures_that_are_assumed_tells_its_angle(turned: int, leaning: int) -> None:
    """Points across, down and towards the camera, in distances of the eyes; the picture is twice as wide as high."""
    corners = [(-0.65, 0.0, -0.054), (-0.35, 0.0, 0.0), (0.35, 0.0, 0.0), (0.65, 0.0, -0.054)]
    eyes = -0.027  # where the middle of an eye lies
    points = []
    for across, down, near in [*corners, (0.0, 0.7, eyes + 0.42)]:
        x = across * cos(radians(turned)) + near * sin(radians(turned))
        x, y = (
            x * cos(radians(leaning)) - down * sin(radians(leaning)),
            x * sin(radians(leaning)) + down * cos(radians(leaning)),
        )
        points.append(((200 + 60 * x) / 400, (100 + 60 * y) / 200))
    face = Face(Box(0.3, 0.2, 0.3, 0.6), 120.0, 1.0, tuple(points), np.zeros(128, np.float32))
    assert yaw(face) == pytest.approx(turned, abs=0.01)
    assert roll(face) == pytest.approx(leaning)


def test_a_face_that_leans_is_turned_no_farther(engine: Engine) -> None:
    for portrait in (grace(), eileen()):
        (upright,) = engine.faces(portrait)
        (leaning,) = engine.faces(portrait.rotate(-20, Image.Resampling.BICUBIC, fillcolor="grey"))
        assert yaw(leaning) == pytest.approx(yaw(upright), abs=6)
        assert roll(leaning) - roll(upright) == pytest.approx(20, abs=3)
