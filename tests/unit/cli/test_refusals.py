"""What a command refuses: one line, status 2, and nothing is changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from photosort.comparison import Thresholds
from sortclient.album import Album
from sortclient.holding import hold
from sortclient.model import Headshot
from tests.unit.cli.command import Command
from tests.unit.conftest import picture


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ("tune Images", "Say one of --threshold N, --reset, --show and --suggest"),
        ("tune Images --show --suggest", "Say one of"),
        ("tune Images --person me --reset --threshold 90", "Say one of"),
        ("tune Images --threshold 90 --show", "Say one of"),
        ("tune Images --reset", "say whom with --person"),
        ("tune Images --threshold 90 --person mee", "Did you mean 'me'"),
        ("tune Images --show --person mee", "Did you mean 'me'"),
        ("tune Images --suggest", "Too few photos"),
        ("tune Imagse --show", "Did you mean 'Images'"),
        ("correct Images mine.jpg --person me", "Say one of --is, --is-not and --forget"),
        ("correct Images mine.jpg --person me --is --is-not", "Say one of --is"),
        ("correct Images mine.jpg --person me --is-not --forget", "Say one of --is"),
        ("correct Images mine.jpg --person me --is --forget", "Say one of --is"),
        ("correct Images mine.jpg other.jpg --person me --is", "no photo other.jpg"),
        ("correct Images mine.jpg --person mee --is", "Did you mean 'me'"),
        ("correct Imagse mine.jpg --person me --is", "Did you mean 'Images'"),
        ("results Images --every --any me", "--every prints all files, --any me some of them"),
        ("results Images --every --since 2019", "--every prints all files"),
        ("results Images --any me --none", "--any and --none ask for different photos"),
        ("results Images --all mee", "Did you mean 'me'"),
        ("results Images --until soon", "--until soon"),
        ("results Imagse", "Did you mean 'Images'"),
        ("sync Images --none", "need a folder of their own: name it with --out"),
        ("sync Images --only mee --out Only", "Did you mean 'me'"),
        ("sync Images --layout {person}", "needs {path} or {name} at its end"),
        ("sync Images --out Images/Matches", "inside the sorted folder"),
        ("sync Images --ledger ledger.txt", "as .csv or .json"),
        ("undo Images", "nothing to undo"),
        ("undo Imagse", "Did you mean 'Images'"),
        ("people Imagse", "Did you mean 'Images'"),
        ("people add Images", "Whom to add?"),
        ("people add Images --people Nowhere", "no such folder"),
        ("people add Images --ref gone.jpg", "there is no such file"),
        ("people add Images --ref gone.jpg --dry-run", "there is no such file"),
        ("people add Images --ref gone.jpg --max-spend -1", "--max-spend"),
        ("people add Imagse --ref gone.jpg", "Did you mean 'Images'"),
        ("retry Imagse", "Did you mean 'Images'"),
        ("retry Images --max-spend -1", "--max-spend"),
        ("people rename mee Ana Images", "Did you mean 'me'"),
        ("people rename me you Images", "has a 'you' already"),
        ("people rename me a/b Images", "Choose another name"),
        ("people remove mee Images", "Did you mean 'me'"),
        ("people remove me Imagse", "Did you mean 'Images'"),
        ("sort Images --layout {person}", "needs {path} or {name} at its end"),
        ("sort Images --album New --layout {person}", "needs {path} or {name} at its end"),
        ("sort Images --people Nowhere", "no such folder"),
        ("upload Images --people Nowhere", "no such folder"),
    ],
)
def test_what_is_refused_is_one_line_status_2_and_changes_nothing(
    command: Command, known: Album, out: Path, arguments: str, reason: str
) -> None:
    told = command(*arguments.split())
    assert (told.status, len(told.err.splitlines())) == (2, 1), told.err
    assert told.err.startswith("sortclient: ")
    assert reason in told.err
    assert "[]" not in told.err
    assert not out.exists()
    assert (known.thresholds, known.corrections(), known.people()) == (Thresholds(), [], ["me", "you"])
    assert known.outs() == []


@pytest.mark.parametrize(
    "arguments",
    [
        *("sync Images", "tune Images --show", "undo Images", "correct Images mine.jpg --person me --is"),
        *("people rename me Ana", "people remove me", "people add Images --ref me.png"),
    ],
)
def test_an_album_that_somebody_works_on_is_left_alone(
    command: Command, known: Album, tmp_path: Path, arguments: str
) -> None:
    picture(tmp_path / "me.png")
    with hold(tmp_path / "data", "Images"):
        told = command(*arguments.split())
    assert (told.status, len(told.err.splitlines())) == (1, 1)
    assert "Album 'Images' is being worked on" in told.err
    assert known.people() == ["me", "you"]


def test_the_status_of_an_album_that_a_run_works_on_is_that_so_far(
    command: Command, known: Album, tmp_path: Path
) -> None:
    known.set_headshots("she", [Headshot("she", "c" * 64, "she.jpg", b"")])
    known.save()
    with hold(tmp_path / "data", "Images"):
        told = command("status", "Images")
    assert (told.status, told.err.startswith("The counts so far of what is being done by process ")) == (3, True)
    assert "To come: 3 comparisons; a run works on them\n" in told.out


def test_without_an_album_the_way_to_one_is_named(command: Command) -> None:
    for arguments in (["people"], ["results"], ["undo"], ["tune", "--show"]):
        told = command(*arguments)
        assert told.status == 2
        assert "There is no album yet. Sort a folder first" in told.err


@pytest.mark.parametrize("threshold", ["101", "-0.1", "nan", "inf"])
def test_a_threshold_out_of_bounds_is_one_line_and_changes_nothing(
    command: Command, known: Album, threshold: str
) -> None:
    told = command("tune", "Images", f"--threshold={threshold}")
    assert (told.status, len(told.err.splitlines())) == (2, 1)
    assert "name a number from 0 to 100" in told.err
    assert known.thresholds == Thresholds(80.0)
