"""What a person at a terminal sees and is asked; everybody else is not."""

from __future__ import annotations

import os
import pty
import re
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from photosort.keys import people_prefix
from tests.emulated.command import PROGRAM, Machine, machine

ABOVE_A_DOLLAR = 840  # comparisons; a little above 0.0012 US$ each


@pytest.fixture
def here(tmp_path: Path, emulated: Mapping[str, str], grace: bytes) -> Machine:
    """A machine with a headshot, attached to a cloud that is paid for as far as the client can tell."""
    made = machine(tmp_path / "here", tmp_path / "cache", emulated)
    (made.folder / "grace.jpg").write_bytes(grace)
    return made


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    """Uploading files that might be photos until they are read, into an album of the test's own."""
    folder = tmp_path / "Images"
    folder.mkdir()
    for number in range(ABOVE_A_DOLLAR):
        (folder / f"{number}.jpg").write_bytes(b"\xff\xd8\xff and no more, %d" % number)
    return ["upload", str(folder), "--ref", "grace.jpg", "--album", tmp_path.name]


def at_a_terminal(there: Machine, *arguments: str, keys: str = "") -> tuple[int, str]:
    """Run the command with its input and stderr on a terminal where ``keys`` were pressed; (status, what it shows)."""
    ours, its = pty.openpty()
    os.write(ours, keys.encode() + b"\x04")  # the end of input: a question too many is answered, not waited for
    process = subprocess.Popen(
        [str(PROGRAM), *arguments],
        cwd=there.folder,
        env={**there.environment, "TERM": "xterm"},
        stdin=its,
        stdout=subprocess.DEVNULL,
        stderr=its,
    )
    os.close(its)
    shown = b""
    try:
        while some := os.read(ours, 65536):
            shown += some
    except OSError:  # Linux says so at the end
        pass
    finally:
        os.close(ours)
    return process.wait(timeout=60), shown.decode()


def sent(client: Callable[..., Any], outputs: Mapping[str, str], command: list[str]) -> int:
    """How many headshots have left the machine: they go first."""
    listed = client("s3").list_objects_v2(Bucket=outputs["BucketName"], Prefix=people_prefix(command[-1]))
    return int(listed["KeyCount"])


@pytest.mark.parametrize("keys", ["n\n", "\n", "", "yesterday\n"])
def test_above_a_dollar_nothing_is_sent_without_a_yes(
    here: Machine, command: list[str], keys: str, client: Callable[..., Any], outputs: Mapping[str, str]
) -> None:
    status, shown = at_a_terminal(here, *command, keys=keys)
    assert status == 1, shown
    assert re.search(rf"At most {ABOVE_A_DOLLAR} comparisons, 1\.[01]\d US\$", shown)
    assert "Go on? [y/N]" in shown
    assert "Nothing was sent." in shown
    assert sent(client, outputs, command) == 0
    assert not (here.folder / "Matches").exists()


def test_a_yes_goes_on_and_a_bar_tells_how_far_it_is(
    here: Machine, command: list[str], client: Callable[..., Any], outputs: Mapping[str, str]
) -> None:
    status, shown = at_a_terminal(here, *command, keys="y\n")
    assert status == 0, shown
    assert "Go on?" in shown
    assert f"{ABOVE_A_DOLLAR} files: 0 photos, {ABOVE_A_DOLLAR} " in shown
    assert re.search(r"prepared \d+, compared 0 of \d+", shown)
    assert sent(client, outputs, command) == 1


@pytest.mark.parametrize("said", [("--yes",), ("--max-spend", "5")])
def test_nobody_is_asked_who_said_so_before(here: Machine, command: list[str], said: tuple[str, ...]) -> None:
    status, shown = at_a_terminal(here, *command, *said)
    assert status == 0, shown
    assert "At most" in shown
    assert "Go on?" not in shown


def test_nobody_is_asked_for_less_than_a_dollar(here: Machine, command: list[str]) -> None:
    for file in list(Path(command[1]).iterdir())[3:]:
        file.unlink()
    status, shown = at_a_terminal(here, *command)
    assert status == 0, shown
    assert "At most 3 comparisons, 0.01 US$" in shown
    assert "Go on?" not in shown


def test_without_a_terminal_nobody_is_asked_and_no_bar_is_drawn(here: Machine, command: list[str]) -> None:
    result = here.run(*command)
    assert result.returncode == 0, result.stderr
    assert "At most" in result.stderr
    assert "Go on?" not in result.stderr
    assert "\x1b" not in result.stderr
    assert result.stdout == ""
