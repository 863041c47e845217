"""What the command says to a person who made a slip, came too early, or reads the help."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from sortclient.album import Album
from sortclient.cli.commands import app
from sortclient.errors import SortError, Stopped
from sortclient.folders import DATA_VARIABLE
from sortclient.outputs import Output
from sortclient.question import Question, Who
from sortclient.sync import sync
from tests.unit.test_sync import below, put

# Where it imports what is named, a Ctrl-C comes.
INTERRUPTED = """
import sys

class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == {name!r}:
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupting())
from sortclient.cli import main
main()
"""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)


def command(*arguments: str | Path) -> Result:
    """Without what `main` does of an error."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def refused(*arguments: str | Path) -> str:
    told = command(*arguments)
    assert isinstance(told.exception, SortError), told.output
    assert told.exception.exit_code == 2
    return str(told.exception)


def help_of(*names: str) -> str:
    return " ".join(command(*names, "--help").output.split())


@pytest.mark.parametrize("name", ["typer", "sortclient.cli.runs", "sortclient.cli.commands"])
def test_a_ctrl_c_while_the_command_starts_is_one_line_too(name: str) -> None:
    process = subprocess.run(
        [sys.executable, "-c", INTERRUPTED.format(name=name), "--help"], capture_output=True, text=True, check=False
    )
    assert (process.returncode, process.stdout) == (130, "")
    assert process.stderr == f"sortclient: {Stopped()}\n"


def test_a_ctrl_c_while_options_are_read_is_the_commands_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("typer.core.TyperGroup.parse_args", interrupted)
    assert isinstance(command("status").exception, Stopped)


@pytest.mark.parametrize("port", ["80000", "65536", "-1"])
def test_a_port_that_cannot_be_is_refused(port: str) -> None:
    told = command("emulator", "--port", port)
    assert told.exit_code == 2
    assert "Invalid value for '--port'" in told.output


def test_defaults_that_are_remembered_are_said_to_be() -> None:
    for name in ("sort", "upload", "sync"):
        told = help_of(name)
        assert re.findall(r"at first ([^\]]+)\]", told)[:4] == ["Matches", "{person}/{path}", "copy", "no"]
        assert "[default: Matches]" not in told
    assert "at first 80]" in help_of("sort")
    assert "[default: 80]" not in help_of("upload")


def test_the_help_tells_what_is_not_to_be_guessed() -> None:
    assert "nothing is remembered after it" in help_of("upload")
    assert "said again, what the sync before" in help_of("undo")
    assert "begin with a dash: --" in help_of("correct")
    assert """'"Biden, Joe",Kit'""" in help_of("results")
    for name in ("sort", "upload"):
        assert "from now on, and no earlier ones; `people add` adds some" in help_of(name)
    assert "from now on" not in help_of("people", "add")


def test_a_photo_whose_name_begins_with_a_dash_can_be_corrected(album: Album, folder: Path) -> None:
    put(album, folder, "-dash.jpg", 90)
    album.save()
    told = command("correct", "--person", "me", "--is-not", "Images", "--", "-dash.jpg")
    assert told.exit_code == 0, told.output
    assert list(album.corrected().values()) == [False]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--ref", "A="], "--ref A=: it names no file. Write --ref NAME=FILE."),
        (["--ref", ""], "--ref : it names no file. Write --ref NAME=FILE."),
        (["--ref", "me.jpg", "--layout", "../{name}"], "--layout ../{name}: name a path below the output folder"),
        (["--ref", "me.jpg", "--layout", "/{path}"], "--layout /{path}: name a path below the output folder"),
        (["--ref", "me.jpg", "--layout", "{year}//{name}"], "--layout {year}//{name}: name a path below"),
        (["--ref", "con=me.jpg"], "'con' is not a name: Windows keeps it for a device"),
    ],
)
def test_a_slip_is_told_in_the_words_it_was_made_in(folder: Path, arguments: list[str], line: str) -> None:
    assert line in refused("sort", folder, *arguments)


# -- names with a comma


@pytest.fixture
def presidents(album: Album, folder: Path) -> Album:
    """An album of Biden, Joe and of Kit."""
    put(album, folder, "one.jpg", 90, 95)
    album.rename_person("me", "Biden, Joe")
    album.rename_person("you", "Kit")
    album.save()
    return album


def test_names_with_a_comma_are_listed_so_that_they_can_be_told_apart(presidents: Album) -> None:
    told = refused("tune", "Images", "--person", "Zoë", "--show")
    assert told.endswith("""Known are: "Biden, Joe", Kit.""")


def test_a_question_says_how_a_name_with_a_comma_is_written(presidents: Album) -> None:
    told = refused("results", "Images", "--any", "Biden, Joe,Kit")
    assert told.endswith("""A name with a comma stands in quotes: --any '"Biden, Joe",Kit'.""")
    assert command("results", "Images", "--any", '"Biden, Joe",Kit').output.count("one.jpg") == 2


def test_a_question_is_told_as_a_shell_understands_it() -> None:
    assert str(Question(Who.ALL, ("Biden, Joe", "Kit"), "2019")) == """--all '"Biden, Joe",Kit' --since 2019"""
    assert str(Question(Who.ANY, ("Ana", "Bo"))) == "--any Ana,Bo"


# -- nobody is left

NOBODY = "Nobody is looked for in album 'Images'. Add somebody: sortclient people add Images --ref NAME=FILE"


def test_an_album_without_people_says_how_to_add_somebody(album: Album, folder: Path) -> None:
    put(album, folder, "one.jpg", 90)
    for person in ("me", "you"):
        album.forget_person(person)
    album.save()
    assert command("people").stderr == f"{NOBODY}\n"
    assert command("people").stdout == ""
    assert command("people", "--format", "json").stdout == "[]\n"
    assert command("status").stdout.splitlines()[1:] == [NOBODY]
    assert refused("tune", "--show") == NOBODY
    assert refused("tune", "--suggest") == NOBODY
    assert refused("correct", "Images", "one.jpg", "--person", "me", "--is") == NOBODY


# -- folders that answer a question


@pytest.mark.parametrize(
    "arguments",
    [
        ["tune", "Images", "--threshold", "92"],
        ["correct", "Images", "one.jpg", "--person", "me", "--is-not"],
        ["people", "rename", "me", "Ana", "Images"],
    ],
)
def test_folders_that_answer_a_question_are_told_of_with_their_command(
    album: Album, folder: Path, tmp_path: Path, arguments: list[str]
) -> None:
    put(album, folder, "one.jpg", 90, 95)
    both = tmp_path / "Both of us"
    sync(album, Output(tmp_path / "Matches"))
    sync(album, Output(both, question=Question(Who.ALL, ("me", "you"))))
    sync(album, Output(tmp_path / "Gone", question=Question(Who.ANY, ("you",))))
    os.renames(tmp_path / "Gone", tmp_path / "Elsewhere")
    album.save()
    told = command(*arguments)
    assert told.exit_code == 0, told.output
    (line,) = [line for line in told.stderr.splitlines() if "To bring it up to date" in line]
    names = "Ana,you" if "rename" in arguments else "me,you"
    follows = f"sortclient sync Images --all {names} --out '{both}'"
    assert line == f"{both} was left as it is. To bring it up to date: {follows}"
    assert command("sync", "Images", "--all", names, "--out", both).exit_code == 0
    assert len(below(both)) == ("rename" in arguments)


def test_a_question_about_somebody_who_left_is_not_told_of(album: Album, folder: Path, tmp_path: Path) -> None:
    """It cannot be asked any more."""
    put(album, folder, "one.jpg", 90, 95)
    sync(album, Output(tmp_path / "Both", question=Question(Who.ALL, ("me", "you"))))
    album.forget_person("me")
    album.save()
    assert "up to date" not in command("tune", "Images", "--threshold", "92").output
