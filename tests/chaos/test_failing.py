"""What cannot succeed ends as `failed`, with its reason, and the client does not wait for ever."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from photosort.comparison import Comparison, Problem
from simulation.agenda import Actor
from sortclient.photos.prepare import analysis_copy
from sortclient.references import Reference
from sortclient.run import EXIT_UNSETTLED
from tests.chaos.weather import Fault
from tests.chaos.world import World
from tests.pipeline.cloud import ALBUM
from tests.pipeline.world import Machine
from tests.unit.conftest import picture

_HOUR = 3600.0
Trouble = Callable[[Actor, str, Any], Fault | None]


@pytest.fixture
def ann(tmp_path: Path) -> Reference:
    return Reference("Ann", picture(tmp_path / "ann.png", "red"))


@pytest.fixture
def bad(here: Machine) -> str:
    """The digest of one of the photos."""
    return analysis_copy((here.folder / "1.png").read_bytes()).digest


def about(photo: str, operation: str, fault: Fault) -> Trouble:
    """The same happens to every such request about the photo."""
    return lambda _, name, request: fault if name == operation and photo in json.dumps(request) else None


def cells(world: World) -> dict[str, Comparison]:
    """By photo; the album has one headshot."""
    return {cell.photo: cell for cell in world.comparer.cells.all(ALBUM)}


def upload(world: World, here: Machine, *references: Reference, within: float) -> int:
    """The command, which must end ``within`` seconds."""
    begun = world.agenda.now
    status: int = world.command(lambda: here.upload(*references))
    assert world.agenda.now - begun < within
    return status


def assert_whole(world: World, here: Machine) -> None:
    """The trouble has ended: the same command asks for what failed, and for nothing else."""
    world.aws.trouble = lambda *_: None
    calls = len(world.aws.rekognition.calls)
    lacking = sum(not cell.is_verdict for cell in cells(world).values())
    assert upload(world, here, within=_HOUR) == 0
    assert len(world.aws.rekognition.calls) - calls == lacking
    assert world.drain()
    assert all(cell.is_verdict for cell in cells(world).values())
    assert len(cells(world)) == 3


@pytest.mark.parametrize(
    ("fault", "hours", "reason"),
    [
        (Fault.DENIED, 0.2, "CompareFaces: AccessDeniedException"),
        (Fault.INTERNAL, 8, "CompareFaces: InternalServerError"),
        (Fault.THROTTLED, 8, "CompareFaces: ProvisionedThroughputExceededException"),
        (Fault.SILENT, 8, "ReadTimeoutError"),
    ],
)
def test_a_comparison_that_always_fails(
    calm: World, here: Machine, ann: Reference, bad: str, fault: Fault, hours: float, reason: str
) -> None:
    calm.aws.trouble = about(bad, "CompareFaces", fault)
    assert upload(calm, here, ann, within=hours * _HOUR) == EXIT_UNSETTLED
    failed = cells(calm)[bad]
    assert failed.problem is Problem.FAILED
    assert failed.detail.endswith(reason)
    assert sum(cell.is_verdict for cell in cells(calm).values()) == 2
    assert_whole(calm, here)


def test_a_copy_that_always_fails_after_its_charge(calm: World, here: Machine, ann: Reference, bad: str) -> None:
    shot = analysis_copy(ann.file.read_bytes()).digest
    calm.aws.rekognition.similarity[shot, bad] = 99.0
    calm.aws.trouble = about(bad, "CopyObject", Fault.DENIED)
    assert upload(calm, here, ann, within=_HOUR) == EXIT_UNSETTLED
    assert cells(calm)[bad].problem is Problem.FAILED
    # Five attempts of the photo's own event, and of the headshot's, which has come within two seconds of it.
    assert [photo for _, photo in calm.aws.rekognition.calls].count(bad) in range(5, 11)


def test_a_cell_that_may_never_be_written(calm: World, here: Machine, ann: Reference, bad: str) -> None:
    calm.aws.trouble = about(bad, "PutItem", Fault.DENIED)
    assert upload(calm, here, ann, within=9 * _HOUR) == EXIT_UNSETTLED
    assert bad not in cells(calm)
    # A call for each that asked: the photo's event, the headshot's, and the client, twice.
    assert [photo for _, photo in calm.aws.rekognition.calls].count(bad) in range(1, 5)


def test_a_function_that_always_dies(calm: World, here: Machine, ann: Reference) -> None:
    """Its messages become dead letters, and these failed cells."""
    calm.aws.trouble = lambda actor, *_: Fault.DEATH if actor.kind == "compare_photos" else None
    assert upload(calm, here, ann, within=3 * _HOUR) == EXIT_UNSETTLED
    assert {cell.problem for cell in cells(calm).values()} == {Problem.FAILED}
    assert all("the function did not finish it, queue compare" in cell.detail for cell in cells(calm).values())
    assert_whole(calm, here)


def test_a_function_that_raises(calm: World, here: Machine, ann: Reference) -> None:
    def raising(*_: object) -> None:
        raise RuntimeError("a bug")

    source = calm.sources[0]
    handler, source.handler = source.handler, raising
    assert upload(calm, here, ann, within=3 * _HOUR) == EXIT_UNSETTLED
    assert {cell.problem for cell in cells(calm).values()} == {Problem.FAILED}
    source.handler = handler
    assert_whole(calm, here)


def test_an_enrolment_that_always_fails(calm: World, here: Machine, ann: Reference, tmp_path: Path) -> None:
    """A new person's column fails; the photos' own events have nothing to do with it."""
    assert upload(calm, here, ann, within=_HOUR) == 0
    calm.aws.trouble = lambda actor, *_: Fault.DENIED if actor.kind == "enroll_person" else None
    calm.agenda.pause(_HOUR)
    bob = Reference("Bob", picture(tmp_path / "bob.png", "green"))
    assert upload(calm, here, bob, within=6 * _HOUR) == EXIT_UNSETTLED
    shot = analysis_copy(bob.file.read_bytes()).digest
    column = [cell for cell in calm.comparer.cells.all(ALBUM) if cell.headshot == shot]
    assert len(column) == 3
    assert all("queue enroll" in cell.detail for cell in column)
    calm.aws.trouble = lambda *_: None
    assert upload(calm, here, within=_HOUR) == 0


def test_dead_letters_that_nobody_can_record(calm: World, here: Machine, ann: Reference) -> None:
    """Nothing says that they failed. The client asks twice more, and ends with what is pending."""
    calm.aws.trouble = lambda actor, *_: Fault.DEATH if actor.kind in ("compare_photos", "record_failures") else None
    assert upload(calm, here, ann, within=12 * _HOUR) == EXIT_UNSETTLED
    assert not cells(calm)
    calm.aws.trouble = lambda *_: None
    assert calm.drain()
    assert upload(calm, here, within=_HOUR) == 0
    assert len(cells(calm)) == 3


def test_events_that_never_come_are_asked_for(calm: World, here: Machine, ann: Reference) -> None:
    calm.patch.setattr("moto.s3.notifications.send_event", lambda *_: None)
    assert upload(calm, here, ann, within=_HOUR) == 0
    assert len(calm.aws.rekognition.calls) == 3
