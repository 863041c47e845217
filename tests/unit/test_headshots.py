"""Headshots are prepared and checked before anything else happens, by the real face engine where it matters."""

from __future__ import annotations

import io
import shlex
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from PIL import Image, ImageFilter

from sortclient.album import Album
from sortclient.catalog import Catalog
from sortclient.comparer import Comparer, NothingElsewhere
from sortclient.errors import InputError
from sortclient.faces.engine import Engine
from sortclient.faces.pose import yaw
from sortclient.faces.similarity import similarities
from sortclient.headshots import Spare, check_faces, prepare_headshots
from sortclient.model import Box, Headshot, Sighting
from sortclient.photos.decode import decode
from sortclient.progress import Progress
from sortclient.references import Reference, parse_reference
from sortclient.sorting import Order, begin, plan
from tests.unit.conftest import picture
from tests.unit.face_pictures import cat, eileen, grace, on_canvas


class Seeing(NothingElsewhere):
    """A comparer that has the engine's eyes."""

    engine = "eyes"
    calls_cost_money = False

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.asked = 0

    def find_faces(self, picture: bytes) -> Sequence[Sighting]:
        self.asked += 1
        return [Sighting(face.box, yaw(face)) for face in self._engine.faces(decode(picture))]


class Told:
    """A comparer that sees what it is told to, call by call; the last answer goes on."""

    def __init__(self, *answers: Sequence[Box | Sighting]) -> None:
        self._answers = list(answers)

    def find_faces(self, picture: bytes) -> Sequence[Sighting]:
        faces = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return [face if isinstance(face, Sighting) else Sighting(face) for face in faces]


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine()


@pytest.fixture
def seeing(engine: Engine) -> Seeing:
    return Seeing(engine)


@pytest.fixture
def group(tmp_path: Path) -> Path:
    """A large picture: Eileen, a cat, Grace, and Eileen once more, smaller."""
    small = eileen().resize((400, 400))
    pictures = ((eileen(), (0, 300)), (cat(), (600, 0)), (grace(), (1200, 200)), (small, (2000, 500)))
    file = tmp_path / "group.png"
    on_canvas(*pictures, size=(2600, 1000)).save(file)
    return file


def check(comparer: object, shots: Sequence[Headshot], people: Sequence[str] = ()) -> tuple[list[Headshot], list[str]]:
    told: list[str] = []
    return check_faces(shots, cast("Comparer", comparer), told.append, people), told


def headshot(
    person: str = "me", face: int | None = None, kind: type[Headshot] = Headshot, name: str = "me.jpg"
) -> Headshot:
    """Of noise: it is as sharp as can be."""
    buffer = io.BytesIO()
    Image.effect_noise((400, 300), 90).convert("RGB").save(buffer, "JPEG")
    return kind(person, "a" * 64, name, buffer.getvalue(), face)


# -- prepared


def test_what_is_no_picture_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    for name, reason in (("notes.txt", "not a picture"), ("gone.jpg", "there is no such file")):
        for face in (None, 2):
            with pytest.raises(InputError, match=rf"{name}.*{reason}"):
                prepare_headshots([Reference("me", tmp_path / name, face)])


def test_a_headshot_of_any_name_is_remembered(tmp_path: Path, album: Album) -> None:
    headshots = prepare_headshots([Reference("me", picture(tmp_path / "\udcff.jpg"))])
    album.set_headshots("me", headshots)
    assert album.headshots() == headshots


def test_two_people_cannot_have_one_headshot(tmp_path: Path) -> None:
    file = picture(tmp_path / "me.jpg")
    for face in (None, 2):
        with pytest.raises(InputError, match=r"same headshot \(.*me\.jpg.*, .*me\.jpg"):
            prepare_headshots([Reference("me", file, face), Reference("you", file, face)])
    assert len(prepare_headshots([Reference("me", file), Reference("me", file)])) == 1


def test_a_face_is_known_by_its_pictures_bytes_and_its_number(tmp_path: Path) -> None:
    file, other = picture(tmp_path / "group.jpg"), picture(tmp_path / "same.jpg")
    whole, first, second = prepare_headshots(
        [Reference("all", file), Reference("Ana", file, 1), Reference("Bo", file, 2)]
    )
    assert len({whole.digest, first.digest, second.digest}) == 3
    (again,) = prepare_headshots([Reference("Bo", other, 2)])
    assert again.digest == second.digest
    assert (again.face, again.source) == (2, f"{other}#2")


def test_a_face_is_cut_out_of_more_pixels_than_an_analysis_copy_has(tmp_path: Path) -> None:
    file = picture(tmp_path / "group.jpg", size=(3600, 1200))
    whole, chosen = prepare_headshots([Reference("me", file), Reference("me", file, 1)])
    assert [decode(shot.content, 10_000).size for shot in (whole, chosen)] == [(1920, 640), (3000, 1000)]


def test_of_a_folder_of_people_a_broken_picture_is_left_out(tmp_path: Path) -> None:
    good, broken = picture(tmp_path / "good.png"), tmp_path / "broken.png"
    broken.write_bytes(good.read_bytes()[:60])
    told: list[str] = []
    spares = [Reference("Ana", broken, spare=True), Reference("Ana", good, spare=True)]
    (shot,) = prepare_headshots(spares, told.append)
    assert shot.source == str(good)
    (line,) = told
    assert "Left out, as Ana has another headshot" in line
    assert str(broken) in line
    with pytest.raises(InputError, match=r"broken\.png"):
        prepare_headshots([*spares[:1], Reference("Bo", good, spare=True)], told.append)
    with pytest.raises(InputError, match=r"broken\.png"):
        prepare_headshots([Reference("Ana", broken), spares[1]], told.append)


# -- checked


def test_a_headshot_needs_a_face() -> None:
    with pytest.raises(InputError, match=r"me\.jpg: no face"):
        check(Told([]), [headshot()])


def test_of_a_folder_of_people_a_picture_without_a_face_is_left_out() -> None:
    face = Box(0.2, 0.2, 0.5, 0.6)
    spares = [headshot("Ana", kind=Spare, name="1.jpg"), headshot("Ana", kind=Spare, name="2.jpg")]
    shots, told = check(Told([], [face]), spares)
    assert shots == spares[1:]
    assert told == [
        line for line in told if "Left out, as Ana has another headshot" in line and "1.jpg: no face" in line
    ]
    assert len(told) == 1
    with pytest.raises(InputError, match=r"1\.jpg: no face"):
        check(Told([], [face]), [spares[0], headshot("Bo", kind=Spare)])
    assert check(Told([]), spares[:1], people=["Ana"])[0] == []


def test_one_face_of_a_good_portrait_is_nothing_to_tell(seeing: Seeing, tmp_path: Path) -> None:
    for name, portrait in (("grace", grace()), ("eileen", eileen())):
        portrait.save(tmp_path / f"{name}.png")
        shots = prepare_headshots([Reference(name, tmp_path / f"{name}.png")])
        assert check(seeing, shots) == (shots, [])


def test_of_several_faces_the_largest_is_taken_and_how_to_take_another_can_be_copied(
    seeing: Seeing, group: Path
) -> None:
    shots = prepare_headshots([Reference("Ana María", group)])
    checked, (line,) = check(seeing, shots)
    assert checked == shots
    assert "3 faces" in line
    assert "number 2 from the left, is taken for Ana María" in line
    _, copied = line.removesuffix(".").split("--ref ")
    (argument,) = shlex.split(copied)
    assert parse_reference(argument) == Reference("Ana María", group, 1)


@pytest.mark.parametrize(("number", "her"), [(1, eileen), (2, grace), (3, eileen)])
def test_the_chosen_face_is_what_travels(
    engine: Engine, seeing: Seeing, group: Path, number: int, her: Callable[[], Image.Image]
) -> None:
    (shot,), told = check(seeing, prepare_headshots([Reference("me", group, number)]))
    assert seeing.asked == 2
    assert f"face {number} of 3 from the left" in told[0]
    (face,) = engine.faces(decode(shot.content))
    (reference,) = engine.faces(her())
    assert similarities(face.embedding[None], reference.embedding)[0] > 90
    assert min(decode(shot.content).size) >= 80


def test_a_face_is_cut_out_without_its_neighbours() -> None:
    """40 px wide in 400 x 300; the neighbour is 10 px away. Small as it is, it is enlarged to its double."""
    faces = [Box(0.525, 0.4, 0.1, 0.14), Box(0.4, 0.4, 0.1, 2 / 15)]
    (shot,), _ = check(Told(faces, [Box(4 / 9, 1 / 3, 4 / 9, 1 / 3)]), [headshot(face=1)])
    assert decode(shot.content).size == (180, 240)


def test_two_people_are_two_faces_of_one_picture(engine: Engine, seeing: Seeing, group: Path) -> None:
    shots, _ = check(seeing, prepare_headshots([Reference("Eileen", group, 1), Reference("Grace", group, 2)]))
    (one,), (other,) = (engine.faces(decode(shot.content)) for shot in shots)
    assert similarities(one.embedding[None], other.embedding)[0] < 80


def test_two_people_cannot_have_one_face(seeing: Seeing, group: Path) -> None:
    shots = prepare_headshots([Reference("Ana", group), Reference("Bo", group, 2)])
    with pytest.raises(InputError, match=r"Ana and Bo have the same face .*number 2 from the left"):
        check(seeing, shots)


def test_a_number_that_is_too_high_is_told_how_many_faces_there_are(seeing: Seeing, group: Path) -> None:
    with pytest.raises(InputError, match=r"group\.png#4: the picture shows 3 faces"):
        check(seeing, prepare_headshots([Reference("me", group, 4)]))


@pytest.mark.parametrize("seen", [[], [Box(0.0, 0.0, 0.2, 0.2), Box(0.33, 0.33, 0.33, 0.33)]])
def test_a_face_that_is_not_the_largest_in_its_part_is_not_taken(seen: list[Box]) -> None:
    faces = [Box(0.6, 0.4, 0.2, 0.2), Box(0.1, 0.4, 0.1, 0.1)]
    with pytest.raises(InputError, match="by hand"):
        check(Told(faces, seen), [headshot(face=1)])
    assert check(Told(faces, [Box(0.33, 0.33, 0.33, 0.33)]), [headshot(face=1)])[0]


def test_what_speaks_against_a_face_is_said_with_the_reason(seeing: Seeing, tmp_path: Path) -> None:
    small = grace().resize((128, 150))
    blurred = grace().filter(ImageFilter.GaussianBlur(6))
    for name, portrait, reason in (("small", small, "small (4"), ("blurred", blurred, "blurred (sharpness 0.1")):
        portrait.save(tmp_path / f"{name}.png")
        shots, (line,) = check(seeing, prepare_headshots([Reference("her", tmp_path / f"{name}.png")]))
        assert len(shots) == 1
        assert f"{name}.png: the face is {reason}" in line
    _, (line,) = check(Told([Sighting(Box(0.2, 0.2, 0.4, 0.5), -48.2)]), [headshot()])
    assert "turned away (by 48 degrees, and at most 35 are wanted)" in line


def test_how_small_a_chosen_face_is_counts_before_it_is_enlarged(seeing: Seeing, tmp_path: Path) -> None:
    on_canvas((grace().resize((128, 150)), (50, 50)), (eileen(), (400, 0)), size=(1000, 520)).save(tmp_path / "two.png")
    (shot,), told = check(seeing, prepare_headshots([Reference("her", tmp_path / "two.png", 1)]))
    assert "the face is small (4" in told[-1]
    assert min(decode(shot.content).size) > 128


def test_a_headshot_that_was_named_is_never_left_out() -> None:
    """Whoever names a file means it; of a folder that is filled by the hundred it is another matter."""
    with pytest.raises(InputError, match=r"1\.jpg: no face"):
        check(Told([], [Box(0.2, 0.2, 0.5, 0.6)]), [headshot("Ana", name="1.jpg"), headshot("Ana", name="2.jpg")])


def test_faces_are_counted_by_their_middles() -> None:
    wide, narrow = Box(0.1, 0.1, 0.6, 0.8), Box(0.2, 0.1, 0.1, 0.1)
    _, (line, *_) = check(Told([wide, narrow]), [headshot()])
    assert "2 faces. The largest, number 2 from the left" in line
    assert "#1" in line


def test_of_the_first_of_two_faces_the_other_is_the_second() -> None:
    _, (line, *_) = check(Told([Box(0.1, 0.1, 0.4, 0.5), Box(0.7, 0.1, 0.2, 0.3)]), [headshot()])
    assert "number 1 from the left" in line
    assert "#2" in line


def test_a_picture_of_a_folder_of_people_is_to_be_cropped() -> None:
    """Named with --ref it would count beside the one that stays in the folder."""
    faces = [Box(0.1, 0.1, 0.4, 0.5), Box(0.7, 0.1, 0.2, 0.3)]
    _, (line, *_) = check(Told(faces), [headshot(kind=Spare)])
    assert "crop the picture" in line
    assert "--ref" not in line


def test_a_chosen_face_is_numbered_in_a_picture_of_the_size_that_was_counted(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []

    class Measuring(Told):
        def find_faces(self, picture: bytes) -> Sequence[Sighting]:
            seen.append(decode(picture, 10_000).size)
            return super().find_faces(picture)

    file = picture(tmp_path / "group.jpg", size=(3600, 1200))
    faces = [Box(0.6, 0.4, 0.05, 0.2), Box(0.1, 0.4, 0.05, 0.2)]
    for face in (None, 1):
        with suppress(InputError):
            check(Measuring(faces), prepare_headshots([Reference("me", file, face)]))
    assert seen[:2] == [(1920, 640)] * 2


# -- in a run


def test_a_face_whose_picture_is_not_on_this_machine_is_cut_out_again(
    catalog: Catalog, folder: Path, seeing: Seeing, group: Path
) -> None:
    order = Order(folder, [Reference("me", group, 2)], "Images")

    def run() -> list[Headshot]:
        planned = plan(order, catalog, cast("Comparer", seeing), Progress())
        begin(order, planned, cast("Comparer", seeing), Progress())
        return planned.album.headshots()

    first = run()
    known = catalog.find_album("Images")
    assert known is not None
    known.set_headshots("me", [replace(shot, content=b"") for shot in first])
    known.save()
    assert run() == first


def test_a_face_that_was_cut_out_is_neither_asked_about_nor_cut_again(
    catalog: Catalog, folder: Path, seeing: Seeing, group: Path
) -> None:
    order = Order(folder, [Reference("me", group, 2)], "Images")

    def run() -> tuple[list[Headshot], int]:
        planned = plan(order, catalog, cast("Comparer", seeing), Progress())
        begin(order, planned, cast("Comparer", seeing), Progress())
        return planned.album.headshots(), planned.looks

    first, looks = run()
    assert (looks, seeing.asked) == (2, 2)
    (face,) = seeing.find_faces(first[0].content)
    assert face.box.width > 0.2
    seeing.asked = 0
    assert run() == (first, 0)
    assert seeing.asked == 0


def test_what_is_left_out_of_a_folder_of_people_is_no_headshot_of_the_album(
    catalog: Catalog, folder: Path, seeing: Seeing, tmp_path: Path
) -> None:
    cat().save(tmp_path / "cat.png")
    grace().save(tmp_path / "grace.png")
    spares = [Reference("Grace", tmp_path / name, spare=True) for name in ("cat.png", "grace.png")]
    for _ in range(2):
        order = Order(folder, spares, "Images")
        planned = plan(order, catalog, cast("Comparer", seeing), Progress())
        begin(order, planned, cast("Comparer", seeing), Progress())
        assert [shot.source for shot in planned.album.headshots()] == [str(tmp_path / "grace.png")]
    assert seeing.asked == 3
