"""The real command killed (-9) at a random moment, run again, and compared with an undisturbed run."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from demo.album import EILEEN, GRACE, DemoAlbum, build
from photosort.keys import photos_prefix
from tests.emulated.command import machine

# The fixed few of `make test`; the others run in `make test-long`.
SEEDS = [seed if seed < 2 else pytest.param(seed, marks=pytest.mark.long) for seed in range(12)]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoAlbum:
    return build(tmp_path_factory.mktemp("demo"))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("command", ["sort", "upload"])
def test_killed_and_run_again_ends_as_if_undisturbed(
    tmp_path: Path,
    demo: DemoAlbum,
    emulated: Mapping[str, str],
    client: Callable[..., Any],
    outputs: Mapping[str, str],
    command: str,
    seed: int,
) -> None:
    here = machine(tmp_path / "here", tmp_path / "cache", emulated)
    album = f"killed {command} {seed}"
    arguments = [command, str(demo.folder), "--album", album, "--ledger", "ledger.csv"]
    arguments += [part for person in (GRACE, EILEEN) for part in ("--ref", f"{person}={demo.headshots[person]}")]

    process = here.start(*arguments)
    time.sleep(random.Random(f"{command} {seed}").uniform(0.3, 6))
    process.kill()
    process.communicate()
    sent = {entry["Key"]: entry["LastModified"] for entry in _photos(client, outputs, album)}

    again = here.run(*arguments)
    assert again.returncode == 0, again.stderr
    expected = {f"{person}/{path}" for path, people in demo.truth.items() for person in people or ()}
    assert here.matches() == expected  # and so no file that was half written
    assert (here.folder / "ledger.csv").read_text(encoding="utf-8").count("\n") == 59
    if command == "upload":
        now = {entry["Key"]: entry["LastModified"] for entry in _photos(client, outputs, album)}
        assert sent.items() <= now.items()  # nothing was sent twice
        assert len(now) == 28


def _photos(client: Callable[..., Any], outputs: Mapping[str, str], album: str) -> list[Any]:
    listed = client("s3").list_objects_v2(Bucket=outputs["BucketName"], Prefix=photos_prefix(album))
    found: list[Any] = listed.get("Contents", [])
    return found
