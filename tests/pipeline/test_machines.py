"""What the client pays for, and what two machines make of one album, with the functions at work beside them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from photosort.comparison import Thresholds
from sortclient.deciding import correct, set_threshold, settle
from sortclient.people import remove, rename
from sortclient.photos.prepare import analysis_copy
from sortclient.references import Reference
from tests.pipeline.cloud import ALBUM
from tests.pipeline.world import Machine, World
from tests.unit.conftest import picture

NAMES = ("a.png", "b.png", "c.png")


def digest(file: Path) -> str:
    return analysis_copy(file.read_bytes()).digest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number, name in enumerate(NAMES):
        picture(tmp_path / "Images" / name, f"#0000{number}0")
    return tmp_path / "Images"


@pytest.fixture
def ann(tmp_path: Path) -> Reference:
    return Reference("Ann", picture(tmp_path / "ann.png", "red"))


@pytest.fixture
def bob(tmp_path: Path) -> Reference:
    return Reference("Bob", picture(tmp_path / "bob.png", "green"))


@pytest.fixture
def here(world: World, tmp_path: Path, folder: Path) -> Machine:
    """The machine that has the folder."""
    return Machine(world, tmp_path / "here", folder)


@pytest.fixture
def there(world: World, tmp_path: Path) -> Machine:
    """Another one, which knows the album from the cloud."""
    return Machine(world, tmp_path / "there")


# What is paid for once is not paid for again.


@contextmanager
def costing(world: World, calls: int) -> Iterator[None]:
    before = world.calls
    yield
    assert world.calls - before == calls


def test_going_back_to_an_earlier_headshot_pays_for_new_photos_only(
    world: World, here: Machine, folder: Path, ann: Reference, tmp_path: Path
) -> None:
    with costing(world, 3):
        here.upload(ann)
    world.wait_days(40)  # all is gone
    with costing(world, 3):
        here.upload(Reference("Ann", picture(tmp_path / "other.png", "blue")))
    world.wait_days(5)
    picture(folder / "new.png", "yellow")
    with costing(world, 1):
        here.upload(ann)


def test_photos_that_outlive_their_cells_are_not_paid_for_again(
    world: World, here: Machine, folder: Path, ann: Reference, bob: Reference
) -> None:
    """S3 deletes up to a day after the cells have expired."""
    here.upload(ann)
    world.wait_days(30.1)
    picture(folder / "new.png", "yellow")
    with costing(world, 1):
        here.upload()
    world.wait_days(30.1)
    with costing(world, 4):  # Bob's column
        here.upload(bob)


def test_another_name_costs_nothing_where_cells_have_expired(
    world: World, here: Machine, ann: Reference, bob: Reference
) -> None:
    here.upload(ann, bob)
    world.wait_days(30.1)
    with costing(world, 0), here.known() as album:
        rename(album, "Ann", "Anna", world.comparer)
        world.deliver()
    assert {shot.person for shot in world.comparer.objects.people(ALBUM)} == {"Anna", "Bob"}


# What is said on one machine holds on the other, and in the cloud.


@pytest.fixture
def similar(world: World, folder: Path, ann: Reference) -> dict[str, str]:
    """How alike Ann the photos are: a 99, b 85, c 75. Returns the photos' digests by name."""
    digests = {name: digest(folder / name) for name in NAMES}
    for name, similarity in zip(NAMES, (99.0, 85.0, 75.0), strict=True):
        world.cloud.rekognition.similarity[(digest(ann.file), digests[name])] = similarity
    return digests


def agree(world: World, *machines: Machine) -> set[str]:
    """Of which photos (digests) all say that Ann is there."""
    for machine in machines:
        assert machine.matches() == world.matches()
    return {photo for _, photo in world.matches()}


def test_thresholds_said_last_hold_on_every_machine(
    world: World, here: Machine, there: Machine, similar: dict[str, str], ann: Reference, folder: Path
) -> None:
    here.upload(ann)
    there.sync()
    assert agree(world, here, there) == {similar["a.png"], similar["b.png"]}
    with there.album() as album:
        set_threshold(album, 90)
    there.sync()
    here.sync()
    assert agree(world, here, there) == {similar["a.png"]}
    picture(folder / "new.png", "yellow")
    here.upload()
    there.sync()
    assert agree(world, here, there) == {similar["a.png"]}


def test_an_upload_hears_thresholds_before_it_compares_and_its_own_are_the_last_word(
    world: World, here: Machine, there: Machine, similar: dict[str, str], ann: Reference, bob: Reference, folder: Path
) -> None:
    here.upload(ann)
    there.sync()
    with there.album() as album:
        set_threshold(album, 90)
    there.sync()
    new = picture(folder / "new.png", "yellow")
    world.cloud.rekognition.similarity[(digest(ann.file), digest(new))] = 85.0
    here.upload()  # without a sync between
    assert agree(world, here) == {similar["a.png"]}
    with there.album() as album:
        set_threshold(album, 99)
    there.sync()
    here.upload(bob, threshold=70)
    there.sync()
    assert agree(world, here, there) == {*similar.values(), digest(new)}


def test_what_is_said_while_comparisons_are_pending_holds_once_they_come(
    world: World, here: Machine, similar: dict[str, str], ann: Reference
) -> None:
    """The pipeline knows no corrections."""
    world.holds_back = True
    here.upload(ann, wait=False)
    with here.known() as album:
        correct(album, ["a.png"], "Ann", is_person=False)
    here.sync()  # nothing has come yet
    world.deliver()
    here.sync()
    assert agree(world, here) == {similar["b.png"]}


def test_a_threshold_moved_while_comparisons_come_holds_for_them(
    world: World, here: Machine, similar: dict[str, str], ann: Reference
) -> None:
    world.holds_back = True
    here.upload(ann, wait=False)
    with here.album() as album:
        world.deliver()  # after `tune` has caught up, and by the threshold of before
        set_threshold(album, 70)
        settle(album, world.comparer)
    assert similar["c.png"] not in {photo for _, photo in world.matches()}
    here.sync()
    assert agree(world, here) == set(similar.values())


def test_a_threshold_moved_elsewhere_holds_for_photos_that_were_not_known_there(
    world: World, here: Machine, there: Machine, similar: dict[str, str], ann: Reference
) -> None:
    """A machine without the folder learns of a photo by its first cell."""
    world.holds_back = True
    here.upload(ann, wait=False)
    with there.album() as album:
        world.deliver()
        set_threshold(album, 70)
        settle(album, world.comparer)
    there.sync()
    assert agree(world, there) == set(similar.values())


def test_what_failed_and_is_compared_later_follows_what_was_said(
    world: World, here: Machine, similar: dict[str, str], ann: Reference
) -> None:
    world.cloud.rekognition.errors[similar["a.png"]] = "AccessDeniedException"
    here.upload(ann)
    assert agree(world, here) == {similar["b.png"]}
    world.cloud.rekognition.errors.clear()
    with here.known() as album:
        correct(album, ["a.png"], "Ann", is_person=False)
    here.sync()
    here.upload()
    assert agree(world, here) == {similar["b.png"]}


def test_a_copy_that_another_machine_refused_is_not_put_back_by_an_upload(
    world: World, here: Machine, there: Machine, similar: dict[str, str], ann: Reference
) -> None:
    here.upload(ann)
    with there.album() as album:
        correct(album, ["a.png"], "Ann", is_person=False)
    there.sync()
    here.upload(threshold=81)
    assert agree(world, here, there) == {similar["b.png"]}


def test_corrections_of_a_removed_person_are_not_brought_back(
    world: World, here: Machine, there: Machine, similar: dict[str, str], ann: Reference, bob: Reference
) -> None:
    here.upload(ann, bob)
    with here.known() as album:
        correct(album, ["a.png"], "Ann", is_person=True)
        correct(album, ["a.png"], "Bob", is_person=True)
    here.sync()
    there.sync()
    with here.known() as album:
        remove(album, "Ann", world.comparer)
    with there.album() as album:
        set_threshold(album, 82)
    there.sync()
    assert {said.person for said in world.comparer.corrections(ALBUM)} == {"Bob"}


def test_copies_follow_a_new_name_on_a_machine_that_only_syncs(
    world: World, here: Machine, there: Machine, similar: dict[str, str], ann: Reference, bob: Reference, tmp_path: Path
) -> None:
    here.upload(ann, bob)
    there.sync()
    out = tmp_path / "there/Matches"
    assert {file.relative_to(out).as_posix() for file in out.rglob("*.png")} == {"Ann/a.png", "Ann/b.png"}
    with here.known() as album:
        rename(album, "Ann", "Anna", world.comparer)
    there.sync()
    assert {file.relative_to(out).as_posix() for file in out.rglob("*.png")} == {"Anna/a.png", "Anna/b.png"}


def test_a_threshold_that_comes_with_an_upload_holds_though_the_other_clock_is_ahead(
    world: World, here: Machine, there: Machine, similar: dict[str, str], ann: Reference
) -> None:
    world.comparer.cells.set_thresholds(ALBUM, Thresholds(90, {}, "2999-01-01T00:00:00.000Z"))
    here.upload(ann, threshold=70)
    there.sync()
    assert agree(world, here, there) == set(similar.values())


def test_what_is_said_elsewhere_while_an_upload_lasts_holds_at_its_end(
    world: World,
    here: Machine,
    there: Machine,
    similar: dict[str, str],
    ann: Reference,
    bob: Reference,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here.upload(ann)
    deliver, said = world.deliver, []

    def meanwhile() -> None:
        deliver()
        if not said:
            said.append(True)
            with there.album() as album:
                correct(album, ["a.png"], "Ann", is_person=False)
            there.sync()

    monkeypatch.setattr(world, "deliver", meanwhile)
    here.upload(bob)
    assert agree(world, here) == {similar["b.png"]}
