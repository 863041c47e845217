"""Two runs on one album at the same time: the second says who holds it, and nothing is harmed."""

from __future__ import annotations

import os
import re
from pathlib import Path

from demo.album import EILEEN, GRACE, DemoAlbum
from sortclient.holding import hold
from tests.emulated.command import Machine, refs, succeeded
from tests.emulated.emulator_helpers import until


def test_the_second_run_says_who_holds_the_album(here: Machine, demo: DemoAlbum, album: str) -> None:
    command = ["sort", demo.folder, *refs(demo, GRACE, EILEEN), "--album", album]
    first = here.start(*command)
    locks = (here.folder / "data").glob
    until(lambda: any(lock.stat().st_size for lock in locks("*.lock")), "the first run says that it holds the album")
    second = here.run(*command)
    _, told = first.communicate(timeout=120)

    assert second.returncode == 1
    (line,) = second.stderr.splitlines()
    assert re.search(
        rf"'{re.escape(album)}' is being worked on by process {first.pid} on \S+ since .*: sortclient sort", line
    )
    assert first.returncode == 0, told
    expected = {f"{person}/{path}" for path, people in demo.truth.items() for person in people or ()}
    assert here.matches() == expected


def test_status_of_an_album_that_is_being_uploaded_leaves_it_to_the_run(
    here: Machine, demo: DemoAlbum, small: Path, album: str
) -> None:
    command = ["upload", small, *refs(demo, GRACE), "--album", album]
    succeeded(here.run(*command))
    with hold(here.folder / "data", album):
        result = succeeded(here.run("status", album))
    assert f"by process {os.getpid()}" in result.stderr
    assert "Grace Hopper: 2 match" in result.stdout
