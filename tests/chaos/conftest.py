from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.world import SLOW, World, world
from tests.pipeline.world import Machine
from tests.unit.conftest import picture


@pytest.fixture
def calm() -> Iterator[World]:
    """A world in which nothing happens but what the test says."""
    with world(seed=0, pace=SLOW) as one:
        one.weather.calm()
        one.aws.line = one.aws.counts_age = 0
        yield one


@pytest.fixture
def here(calm: World, tmp_path: Path) -> Machine:
    """A machine with three photos."""
    for number in range(3):
        picture(tmp_path / "Images" / f"{number}.png", f"#0000{number}0")
    return Machine(calm, tmp_path / "here", tmp_path / "Images")
