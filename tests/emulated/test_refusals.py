"""Bad input and missing parts: one line, what to do, the right exit status, and nothing done by halves."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from demo.album import GRACE, DemoAlbum
from tests.emulated.command import PROGRAM, Cloud, Machine, machine, refs, succeeded


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is a device of Linux")
def test_results_that_cannot_be_written_are_one_line(here: Machine, demo: DemoAlbum, small: Path) -> None:
    succeeded(here.run("sort", small, *refs(demo, GRACE)))
    with open("/dev/full", "w") as full:  # noqa: PTH123
        process = subprocess.run(
            [str(PROGRAM), "results"], env=dict(here.environment), stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert process.returncode == 1
    assert process.stderr == b"sortclient: standard output: No space left on device\n"


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        ("{things}/coffee.jpg", "no face was found"),
        ("{things}/truncated.jpg", "cut off"),
        ("{things}/../notes.txt", "not a picture"),
        ("{things}/gone.jpg", "there is no such file"),
    ],
)
@pytest.mark.parametrize("command", ["sort", "upload"])
def test_a_bad_headshot_is_one_line_and_nothing_travels(
    here: Machine, demo: DemoAlbum, small: Path, cloud: Cloud, album: str, command: str, reference: str, reason: str
) -> None:
    file = reference.format(things=demo.folder / "things")
    result = here.run(command, small, "--ref", file, "--album", album)
    assert result.returncode == 2
    *before, line = result.stderr.splitlines()
    assert reason in line
    assert all(told.startswith("At most ") for told in before)  # asking for a face is charged: the price comes first
    assert (cloud.objects("photos"), cloud.objects("people")) == ({}, {})
    assert not (here.folder / "Matches").exists()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["sort", "nowhere", "--ref", "x.jpg"], "is not a folder"),
        (["sort", "."], "Whom to look for"),
        (["sort", ".", "--ref", "x.jpg", "--out", "./inside"], "inside the sorted folder"),
        (["sort", ".", "--ref", "x.jpg", "--out", "/tmp", "--threshold", "101"], "--threshold"),
        (["sort", ".", "--ref", "x.jpg", "--out", "/tmp", "--threshold", "nan"], "--threshold"),
        (["sort", ".", "--ref", "x.jpg", "--layout", "{name}.jpg"], "{path}"),
        (["sort", ".", "--ref", "x.jpg", "--ledger", "x.xlsx"], ".csv or .json"),
        (["sort", ".", "--ref", "x.jpg", "--album", "a/b"], "--album"),
        (["sort", ".", "--ref", "Ana="], "--ref Ana=: it names no file"),
        (["sort", ".", "--ref", "x.jpg", "--layout", "../{name}"], "--layout ../{name}: "),
        (["sort", ".", "--ref", "AUX=x.jpg"], "Windows keeps it for a device"),
        (["emulator", "--port", "80000"], "'--port'"),
        (["results", "Nobody's"], "There is no album"),
        (["status"], "no album yet"),
    ],
)
def test_wrong_usage_is_refused_before_anything_happens(
    tmp_path: Path, cache: Path, arguments: list[str], reason: str
) -> None:
    there = machine(tmp_path / "there", cache)
    out = [] if "--out" in arguments or arguments[0] != "sort" else ["--out", str(tmp_path / "Matches")]
    result = there.run(*arguments, *out)
    assert result.returncode == 2, result.stderr
    assert reason in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "Matches").exists()


def test_without_credentials_upload_says_what_to_do(tmp_path: Path, cache: Path, demo: DemoAlbum, small: Path) -> None:
    there = machine(tmp_path / "there", cache)
    result = there.run("upload", small, *refs(demo, GRACE))
    assert result.returncode == 1
    assert len(result.stderr.strip().splitlines()) == 1
    assert "credentials" in result.stderr.lower()


def test_the_doctor_without_credentials(tmp_path: Path, cache: Path) -> None:
    result = machine(tmp_path / "there", cache).run("doctor")
    assert result.returncode == 1
    assert result.stdout.startswith("PROBLEM credentials: ")
    assert "aws configure" in result.stdout
    assert result.stderr == ""


def test_without_the_stack_upload_says_what_to_do(here: Machine, demo: DemoAlbum, small: Path) -> None:
    result = here.run("upload", small, *refs(demo, GRACE), "--stack", "Another")
    assert result.returncode == 1
    assert "Another" in result.stderr
    assert "deploy" in result.stderr
