"""What `retry` asks for and pays, with the functions at work beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sortclient.photos.prepare import analysis_copy
from sortclient.references import Reference
from sortclient.spending import TooDear
from tests.pipeline.cloud import Cloud
from tests.pipeline.world import Machine, World
from tests.unit.conftest import picture

DENIED, GOOD = "denied.png", ("a.png", "b.png")
PEOPLE = {"Ann": "red", "Bob": "green"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number, name in enumerate((DENIED, *GOOD)):
        picture(tmp_path / "Images" / name, f"#0000{number}0")
    return tmp_path / "Images"


@pytest.fixture
def here(world: World, cloud: Cloud, tmp_path: Path, folder: Path) -> Machine:
    """Two people and three photos, of which Rekognition may not read one."""
    machine = Machine(world, tmp_path / "here", folder)
    people = [Reference(name, picture(tmp_path / f"{name}.png", colour)) for name, colour in PEOPLE.items()]
    cloud.rekognition.errors[digest(folder / DENIED)] = "AccessDeniedException"
    assert machine.upload(*people) == 3
    cloud.rekognition.errors.clear()
    cloud.rekognition.calls.clear()
    return machine


def digest(file: Path) -> str:
    return analysis_copy(file.read_bytes()).digest


def test_what_failed_is_quoted_paid_and_compared_and_nothing_else(
    world: World, cloud: Cloud, here: Machine, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    denied = digest(folder / DENIED)
    (folder / "new.png").write_bytes(b"not looked for")
    with here.known() as album:
        ((reason, number),) = album.failures()
        cloud.rekognition.similarity[(album.headshots()[0].digest, denied)] = 99.0
    assert (number, "AccessDenied" in reason) == (2, True)
    with pytest.raises(TooDear):
        here.retry(max_spend=0)
    assert world.calls == 0
    capsys.readouterr()

    assert here.retry() == 0
    assert "At most 2 comparisons, 0.01 US$" in capsys.readouterr().err
    assert {photo for _, photo in cloud.rekognition.calls} == {denied}
    assert world.calls == 2
    assert here.matches() == {("Ann", denied)}

    assert here.retry(max_spend=0) == 0
    assert "Nothing failed or is missing" in capsys.readouterr().err
    assert world.calls == 2


def test_what_has_come_since_is_neither_quoted_nor_asked_for(
    world: World, here: Machine, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture(folder / "later.png", "blue")
    world.holds_back = True
    assert here.upload(wait=False) == 3
    world.holds_back = False
    world.deliver()
    assert world.calls == 4
    capsys.readouterr()
    assert here.retry(max_spend=0) == 0
    assert "Nothing failed or is missing" in capsys.readouterr().err
    assert world.calls == 4


def test_a_photo_that_expired_is_sent_again_where_its_file_is_the_known_one(
    world: World, cloud: Cloud, here: Machine, folder: Path
) -> None:
    world.wait_days(40)
    assert here.retry() == 0
    assert {photo for _, photo in cloud.rekognition.calls} == {digest(folder / DENIED)}
    assert world.calls == 2


@pytest.mark.parametrize("gone", [False, True])
def test_a_photo_whose_file_is_another_one_now_is_told_and_not_waited_for(
    world: World, here: Machine, folder: Path, gone: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """It would be a new photo, at a price that nobody has agreed to. What is known of it stays as it is."""
    world.wait_days(40)
    (folder / DENIED).unlink()
    if not gone:
        picture(folder / DENIED, "white")
    assert here.retry() == 3
    assert "1 file has changed or cannot be read" in capsys.readouterr().err
    assert world.calls == 0
    with here.known() as album:
        entry = album.entry(DENIED)
        assert entry is not None
        assert (entry.digest is None, album.lacking()) == (False, 2)


def test_what_still_fails_is_status_3(cloud: Cloud, here: Machine, folder: Path) -> None:
    cloud.rekognition.errors[digest(folder / DENIED)] = "AccessDeniedException"
    assert here.retry() == 3


def test_where_comparing_is_paused_all_is_sent_and_nothing_waited_for(
    world: World, here: Machine, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And what it queued is compared once, when it goes on."""
    picture(folder / "later.png", "blue")
    world.comparer.paused = world.holds_back = True
    assert here.upload() == 3
    printed = capsys.readouterr().err
    assert printed.index("Comparing is paused in the cloud") < printed.index("At most")
    assert "paused=false" in printed
    assert here.retry() == 3
    assert world.calls == 0

    world.comparer.paused = world.holds_back = False
    world.deliver()
    with here.album() as album:
        assert (album.lacking(), album.failures()) == (0, [])
    assert world.calls == 4
