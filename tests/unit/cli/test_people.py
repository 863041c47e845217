"""`people`, and what it leads to: the list, another name, leaving, adding; and `retry` on this machine."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from sortclient.album import Album
from sortclient.catalog import Catalog
from sortclient.cli.commands import app
from sortclient.comparer import THIS_MACHINE
from sortclient.model import Headshot
from tests.unit.cli.command import Command, Local, copies, succeeded
from tests.unit.conftest import picture


def test_people_by_itself_lists_them(command: Command, known: Album, catalog: Catalog, tmp_path: Path) -> None:
    table = succeeded(command("people", "Images")).out
    assert table.splitlines() == [
        "me: 2 matches, threshold 80; 1 headshot: me.jpg",
        "you: 1 match, threshold 80; 1 headshot: you.jpg",
    ]
    assert command("people").out == command("people", "list").out == command("people", "list", "Images").out == table
    assert [row["name"] for row in json.loads(command("people", "--format", "json").out)] == ["me", "you"]
    assert command("people", "Images", "--format", "csv").out.splitlines()[1:] == [
        "me,me.jpg,80.0,2,0,0",
        "you,you.jpg,80.0,1,0,0",
    ]
    catalog.open_album("Other", tmp_path, THIS_MACHINE)  # the one used last from now on
    assert command("people").out == ""
    assert command("people", "Images").out == table


def test_the_help_of_people_is_that_of_all_its_commands(command: Command) -> None:
    told = CliRunner().invoke(app, ["people", "--help"]).stdout
    for name in ("list", "add", "rename", "remove"):
        assert f"  {name} " in told


def test_a_person_gets_another_name_and_the_copies_move(
    command: Command, known: Album, catalog: Catalog, out: Path, tmp_path: Path
) -> None:
    succeeded(command("sync", "Images"))
    catalog.open_album("Other", tmp_path, THIS_MACHINE)
    told = succeeded(command("people", "rename", "me", "Ana", "Images"))
    assert "3 matches" in told.err
    assert "2 moved" in told.err
    assert copies(out) == {"Ana/mine.jpg", "Ana/both.jpg", "you/both.jpg"}
    assert known.people() == ["Ana", "you"]


def test_a_person_leaves_with_their_copies(
    command: Command, known: Album, catalog: Catalog, out: Path, tmp_path: Path
) -> None:
    succeeded(command("sync", "Images"))
    catalog.open_album("Other", tmp_path, THIS_MACHINE)
    assert succeeded(command("people", "remove", "me", "Images")).err == "me is forgotten: 2 copies removed\n"
    assert (copies(out), known.people()) == ({"you/both.jpg"}, ["you"])


def test_people_are_added_to_the_photos_that_are_known(
    command: Command, known: Album, local: Local, tmp_path: Path, folder: Path
) -> None:
    (folder / "new.jpg").write_bytes(b"\xff\xd8\xff new")
    picture(tmp_path / "Faces/Ana/1.png", "red")
    told = command("people", "add", "Images", "--people", "Faces", "--ref", f"me={picture(tmp_path / 'b.png', 'blue')}")
    assert "(7 new, " in succeeded(told).err
    shots = {(shot.person, Path(shot.source).name) for shot in known.headshots()}
    assert shots == {("Ana", "1.png"), ("me", "me.jpg"), ("me", "b.png"), ("you", "you.jpg")}
    assert known.entry("new.jpg") is None  # its folder is not looked through
    assert copies(tmp_path / "Matches") >= {"Ana/mine.jpg", "Ana/none.jpg", "me/none.jpg"}


def test_a_dry_run_of_adding_adds_nobody(command: Command, known: Album, local: Local, tmp_path: Path) -> None:
    told = succeeded(command("people", "add", "Images", "--ref", picture(tmp_path / "Ana.png"), "--dry-run"))
    assert "Compare: at most 3 comparisons" in told.out
    assert "Copy: at most 6 new matches" in told.out
    assert (known.people(), local.requests, local.looked_at) == (["me", "you"], [], 0)
    assert not (tmp_path / "Matches").exists()


def test_retry_compares_here_what_is_missing(command: Command, known: Album, local: Local, out: Path) -> None:
    known.set_headshots("she", [Headshot("she", "c" * 64, "she.jpg", b"")])
    known.save()
    assert "Compare: at most 3 comparisons" in succeeded(command("retry", "Images", "--dry-run")).out
    assert "`sortclient retry Images` asks for them" in command("status").out
    told = succeeded(command("retry"))
    assert copies(out) >= {"she/mine.jpg", "she/both.jpg", "she/none.jpg"}
    assert "At most" not in told.err
    assert local.looked_at == 0
    assert "Nothing failed or is missing" in succeeded(command("retry")).err


def test_people_are_not_added_to_an_album_without_a_folder(command: Command, catalog: Catalog, tmp_path: Path) -> None:
    catalog.open_album("Far", None, "a stack")
    told = command("people", "add", "Far", "--ref", picture(tmp_path / "Ana.png"))
    assert (told.status, "known from the cloud only" in told.err) == (2, True)


def test_sidecars_forget_a_person_who_leaves(command: Command, known: Album, tmp_path: Path) -> None:
    succeeded(command("sync", "Images", "--xmp"))
    sidecar = tmp_path / "Matches/you/both.jpg.xmp"
    assert b">me<" in sidecar.read_bytes()
    succeeded(command("people", "remove", "me", "Images"))
    assert b">you<" in sidecar.read_bytes()
    assert b">me<" not in sidecar.read_bytes()


def test_a_folder_of_a_question_answers_it_under_a_persons_new_name(
    command: Command, known: Album, tmp_path: Path
) -> None:
    """Also where the new name comes later in the alphabet than the other one."""
    succeeded(command("sync", "Images", "--all", "me,you", "--out", "Both"))
    succeeded(command("people", "rename", "me", "zoe", "Images"))
    succeeded(command("sync", "Images", "--all", "zoe,you", "--out", "Both"))
    assert copies(tmp_path / "Both") == {"you and zoe/both.jpg"}
