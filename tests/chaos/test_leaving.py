"""Somebody is removed, or gets another name, while comparisons with them are on their way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from photosort import clients
from photosort.keys import MatchKey, parse_key
from simulation.agenda import Actor
from sortclient import people
from sortclient.aws.watch import Pace
from sortclient.photos.prepare import analysis_copy
from sortclient.references import Reference
from tests.chaos.bucket import stored
from tests.chaos.weather import Fault
from tests.chaos.world import World
from tests.pipeline.cloud import ALBUM
from tests.pipeline.world import Machine
from tests.unit.conftest import picture

Change = Callable[[Callable[[Any], object]], None]


@pytest.fixture
def meanwhile(calm: World, here: Machine, tmp_path: Path) -> Change:
    """Do something with the album while Ann and Bob, who are in all photos, are compared slowly; then all ends."""
    colours = {"Ann": "red", "Bob": "blue"}
    shots = [Reference(name, picture(tmp_path / f"{name}.png", colour)) for name, colour in colours.items()]
    for shot in shots:
        for photo in here.folder.iterdir():
            digests = (analysis_copy(file.read_bytes()).digest for file in (shot.file, photo))
            calm.aws.rekognition.similarity[tuple(digests)] = 99.0

    def late(_: Actor, operation: str, __: Any) -> Fault | None:
        return Fault.LATE if operation == "CompareFaces" else None

    def meanwhile(change: Callable[[Any], object]) -> None:
        calm.aws.trouble = late
        calm.command(lambda: here.upload(*shots, wait=False))
        calm.agenda.pause(4)

        def command() -> None:
            with here.known() as album:
                change(album)

        calm.command(command)
        assert calm.drain()

    return meanwhile


def whose_matches() -> list[str]:
    keys = (parse_key(key) for key in stored() if key.startswith("matches/"))
    return sorted(key.person for key in keys if isinstance(key, MatchKey))


def test_nothing_of_a_person_stays(calm: World, meanwhile: Change) -> None:
    meanwhile(lambda album: people.remove(album, "Ann", calm.comparer))
    assert whose_matches() == ["Bob"] * 3
    assert len(list(calm.comparer.cells.all(ALBUM))) == 3


def test_no_match_stays_under_the_old_name(calm: World, here: Machine, meanwhile: Change) -> None:
    meanwhile(lambda album: people.rename(album, "Ann", "Anne", calm.comparer))
    calm.command(here.sync)
    assert whose_matches() == ["Anne"] * 3 + ["Bob"] * 3


def test_so_long_a_call_may_be_on_its_way() -> None:
    """One comparison that had its headshot, a copy, and the cell."""
    longest = clients.REKOGNITION.connect + clients.REKOGNITION.read + clients.S3.longest + clients.DYNAMODB.longest
    assert Pace().on_its_way >= longest
