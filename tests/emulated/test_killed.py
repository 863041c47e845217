"""The real command killed (-9) at a random moment, run again, and compared with an undisturbed run."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from demo.album import EILEEN, GRACE, DemoAlbum
from tests.emulated.command import Cloud, ledger_of, machine, refs

# The fixed few of `make test`; the others run in `make test-long`.
SEEDS = [seed if seed < 2 else pytest.param(seed, marks=pytest.mark.long) for seed in range(12)]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("command", ["sort", "upload"])
def test_killed_and_run_again_ends_as_if_undisturbed(
    tmp_path: Path,
    demo: DemoAlbum,
    emulated: Mapping[str, str],
    cloud: Cloud,
    album: str,
    command: str,
    seed: int,
) -> None:
    here = machine(tmp_path / "here", tmp_path / "cache", emulated)
    arguments = [command, demo.folder, *refs(demo, GRACE, EILEEN), "--album", album, "--ledger", "ledger.csv"]

    process = here.start(*arguments)
    time.sleep(random.Random(f"{command} {seed}").uniform(0.3, 6))
    process.kill()
    process.communicate()
    sent = cloud.objects("photos")

    again = here.run(*arguments)
    assert again.returncode == 0, again.stderr
    expected = {f"{person}/{path}" for path, people in demo.truth.items() for person in people or ()}
    assert here.matches() == expected  # and so no file that was half written
    assert len(ledger_of(here.folder / "ledger.csv")) == 58
    if command == "upload":
        assert sent.items() <= cloud.objects("photos").items()  # nothing was sent twice
        assert len(cloud.cells()) == 56
