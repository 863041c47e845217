"""The command in this process: what its options lead to, what it refuses in one line, and its exit status."""

from __future__ import annotations

import csv
import json
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from moto import mock_aws
from typer.testing import CliRunner

from photosort.comparison import Comparison, Correction, Problem, Thresholds, now, to_item
from photosort.keys import HeadshotKey
from sortclient.album import Album
from sortclient.aws.table import Table
from sortclient.catalog import Catalog
from sortclient.cli import main
from sortclient.cli.commands import app
from sortclient.comparer import THIS_MACHINE
from sortclient.folders import DATA_VARIABLE
from sortclient.headshots import Reference
from sortclient.holding import hold
from sortclient.model import Headshot, Link
from sortclient.outputs import OutputWish
from sortclient.photos.scan import scan
from sortclient.photos.selection import Selection
from sortclient.run import Wishes
from sortclient.sorting import Order
from tests.unit.aws_cloud import Cloud
from tests.unit.conftest import picture
from tests.unit.test_sorting import Oracle
from tests.unit.test_sync import ME, YOU, below, digest_of, put


@dataclass(frozen=True)
class Told:
    status: int
    out: str
    err: str


Command = Callable[..., Told]


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """The whole command in ``tmp_path``, whose catalog is that of the fixtures."""
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(signal, "signal", lambda *_: None)  # pytest's own stay

    def run(*arguments: str | Path) -> Told:
        monkeypatch.setattr(sys, "argv", ["sortclient", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return Told(int(ended.value.code or 0), printed.out, printed.err)

    return run


@pytest.fixture
def known(album: Album, folder: Path) -> Album:
    """One photo of me, one of both and one of nobody, taken in 2019, 2020 and nobody knows when."""
    for name, me, you in (("mine.jpg", 90.0, 10.0), ("both.jpg", 95.0, 85.0), ("none.jpg", 20.0, 30.0)):
        put(album, folder, name, me, you)
    for name, taken in (("mine.jpg", "2019-06-30T10:00:00"), ("both.jpg", "2020-01-01T10:00:00")):
        album.identified(name, digest_of(name), taken)
    album.save()
    return album


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "Matches"


def succeeded(told: Told) -> Told:
    assert told.status == 0, told.err
    return told


def copies(out: Path) -> set[str]:
    return set(below(out))


# -- refusals


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


# -- people


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


class Local(Oracle):
    """Instead of the face engine; its cells are of the engine of those that are there."""

    engine = "test"
    place = THIS_MACHINE

    def __enter__(self) -> Local:
        return self

    def __exit__(self, *_: object) -> None:
        pass


@pytest.fixture
def local(monkeypatch: pytest.MonkeyPatch) -> Local:
    one = Local(engine="test", place=THIS_MACHINE, answer=lambda _: 88.0)

    class Made(Local):
        def __new__(cls) -> Local:  # type: ignore[misc]
            return one

    monkeypatch.setattr("sortclient.faces.comparer.LocalComparer", Made)
    return one


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


# -- tune


def test_a_threshold_is_the_albums_or_one_persons(command: Command, known: Album, out: Path) -> None:
    assert "2 matches" in succeeded(command("tune", "Images", "--threshold", "87")).err
    assert copies(out) == {"me/mine.jpg", "me/both.jpg"}
    succeeded(command("tune", "Images", "--person", "you", "--threshold", "85"))
    assert known.thresholds == Thresholds(87, {"you": 85})
    assert copies(out) == {"me/mine.jpg", "me/both.jpg", "you/both.jpg"}
    succeeded(command("tune", "--person", "you", "--reset"))
    assert known.thresholds == Thresholds(87)
    assert copies(out) == {"me/mine.jpg", "me/both.jpg"}


def test_a_threshold_is_kept_as_the_table_can_hold_it(command: Command, known: Album) -> None:
    succeeded(command("tune", "Images", "--threshold", "87.123456789"))
    assert known.thresholds.album == 87.1235
    for edge in ("0", "100"):
        succeeded(command("tune", "Images", "--threshold", edge))
        assert known.thresholds.album == float(edge)


def test_showing_a_threshold_moves_nothing(command: Command, known: Album, out: Path) -> None:
    told = succeeded(command("tune", "Images", "--person", "you", "--show"))
    assert told.out.splitlines()[0].split() == ["threshold", "you"]
    assert "       80       *1" in told.out.splitlines()
    assert succeeded(command("tune", "Images", "--show")).out.splitlines()[0].split() == ["threshold", "me", "you"]
    assert not out.exists()


def test_where_too_little_was_said_the_photos_of_that_person_are_listed(command: Command, known: Album) -> None:
    told = command("tune", "Images", "--person", "you", "--suggest")
    assert told.status == 2
    assert [line.split()[2:] for line in told.out.splitlines()[1:]] == [
        ["you", "both.jpg"],
        ["you", "none.jpg"],
        ["you", "mine.jpg"],
    ]


def test_what_is_open_is_status_3_also_of_a_threshold_and_a_name(command: Command, known: Album) -> None:
    known.set_headshots("you", [Headshot("you", "c" * 64, "new.jpg", b"")])
    known.save()
    for arguments in (["tune", "--threshold", "85"], ["people", "rename", "me", "Ana"], ["sync"], ["status"]):
        assert command(*arguments).status == 3


# -- correct


def test_what_is_said_moves_the_copies_and_can_be_taken_back(
    command: Command, known: Album, out: Path, folder: Path
) -> None:
    succeeded(command("sync", "Images"))
    told = succeeded(command("correct", "Images", "mine.jpg", folder / "both.jpg", "--person", "me", "--is-not"))
    assert told.err.splitlines()[0] == "Said of 2 photos; the same bytes under other names count with them."
    assert "The cloud" not in told.err
    assert copies(out) == {"you/both.jpg"}
    succeeded(command("correct", "Images", "none.jpg", "--person", "me", "--is"))
    assert copies(out) == {"you/both.jpg", "me/none.jpg"}
    succeeded(command("correct", "Images", "none.jpg", "mine.jpg", "--person", "me", "--forget"))
    assert copies(out) == {"you/both.jpg", "me/mine.jpg"}
    assert known.corrected() == {("me", digest_of("both.jpg")): False}


def test_before_a_first_sync_correcting_makes_no_folder(command: Command, known: Album, out: Path) -> None:
    succeeded(command("correct", "Images", "none.jpg", "--person", "me", "--is"))
    assert not out.exists()
    assert known.corrected() == {("me", digest_of("none.jpg")): True}


def test_every_name_of_the_bytes_is_counted_and_none_twice(command: Command, known: Album, folder: Path) -> None:
    (folder / "twin.jpg").write_bytes(b"mine.jpg")
    known.scanned(scan(folder))
    known.identified("twin.jpg", digest_of("mine.jpg"))
    known.save()
    told = command("correct", "Images", "mine.jpg", "twin.jpg", "--person", "me", "--is")
    assert told.err.startswith("Said of 2 photos;")


def test_a_copy_that_cannot_follow_is_status_3(command: Command, known: Album, out: Path, folder: Path) -> None:
    succeeded(command("sync", "Images"))
    (folder / "none.jpg").unlink()
    told = command("correct", "Images", "none.jpg", "--person", "me", "--is")
    assert (told.status, "1 could not be copied" in told.err) == (3, True)


def test_a_correction_without_a_network_says_when_the_cloud_follows(
    command: Command, catalog: Catalog, folder: Path
) -> None:
    far = catalog.open_album("Far", folder, "a stack")
    put(far, folder, "one.jpg", 90)
    far.save()
    told = succeeded(command("correct", "Far", "one.jpg", "--person", "me", "--is-not"))
    assert "The cloud follows with the next `sortclient sync Far`" in told.err
    assert far.corrected() == {("me", digest_of("one.jpg")): False}


# -- sync, results, undo


@pytest.mark.parametrize(
    ("question", "photos"),
    [
        ([], {("me", "mine.jpg"), ("me", "both.jpg"), ("you", "both.jpg")}),
        (["--any", "me,you"], {("me", "mine.jpg"), ("me", "both.jpg"), ("you", "both.jpg")}),
        (["--any", "you"], {("you", "both.jpg")}),
        (["--all", "me,you"], {("me", "both.jpg"), ("you", "both.jpg")}),
        (["--only", "me"], {("me", "mine.jpg")}),
        (["--none"], {("", "none.jpg")}),
        (["--since", "2020"], {("me", "both.jpg"), ("you", "both.jpg")}),
        (["--until", "2019-12-31"], {("me", "mine.jpg")}),
        (["--any", "me", "--since", "2019-07", "--until", "2020"], {("me", "both.jpg")}),
    ],
)
def test_a_question_has_the_same_answer_as_rows_and_as_copies(
    command: Command, known: Album, tmp_path: Path, question: list[str], photos: set[tuple[str, str]]
) -> None:
    rows = json.loads(succeeded(command("results", "Images", "--format", "json", *question)).out)
    assert {(row["person"], row["photo"]) for row in rows} == photos
    succeeded(command("sync", "Images", "--out", "Answer", "--layout", "{name}", *question))
    assert copies(tmp_path / "Answer") == {path for _, path in photos}


def test_a_folder_is_filled_as_it_is_said_and_so_again(command: Command, known: Album, tmp_path: Path) -> None:
    said = ["--layout", "{year}/{name}", "--link", "symlink", "--xmp", "--out", "Named"]
    succeeded(command("sync", "Images", *said))
    found = {"2019/mine.jpg", "2020/both.jpg"}
    assert copies(tmp_path / "Named") >= found
    assert (tmp_path / "Named/2019/mine.jpg").is_symlink()
    assert (tmp_path / "Named/2019/mine.jpg.xmp").is_file()
    assert "(0 new, 0 removed)" in succeeded(command("sync", "Images")).err
    succeeded(command("sync", "Images", "--no-xmp"))
    assert copies(tmp_path / "Named") == found
    succeeded(command("sync", "Images", "--link", "copy"))
    assert not (tmp_path / "Named/2019/mine.jpg").is_symlink()


def test_a_ledger_of_a_question_has_its_answer_and_one_of_matches_has_every_file(
    command: Command, known: Album, tmp_path: Path
) -> None:
    def ledger() -> set[tuple[str, str]]:
        with (tmp_path / "ledger.csv").open(encoding="utf-8", newline="") as stream:
            return {(row["person"], row["photo"]) for row in csv.DictReader(stream)}

    succeeded(command("sync", "Images", "--all", "me,you", "--out", "Both", "--ledger", "ledger.csv"))
    assert ledger() == {("me", "both.jpg"), ("you", "both.jpg")}
    succeeded(command("sync", "Images", "--ledger", "ledger.csv"))
    assert len(ledger()) == 6


def test_photos_without_a_date_are_told_of_beside_a_sync(command: Command, known: Album, folder: Path) -> None:
    put(known, folder, "undated.jpg", 99)
    known.save()
    told = succeeded(command("sync", "Images", "--any", "me", "--since", "2019", "--out", "Since"))
    assert "1 photo without a date was left out." in told.err
    assert "2 photos of --any me --since 2019 in" in told.err


def test_every_file_with_its_outcome_is_printed(command: Command, known: Album) -> None:
    assert len(command("results", "Images", "--every").out.splitlines()) == 6
    assert len(command("results", "--format", "csv").out.splitlines()) == 1 + 3


def test_undo_removes_what_was_added_and_a_dry_run_nothing(
    command: Command, known: Album, out: Path, tmp_path: Path
) -> None:
    succeeded(command("sync", "Images"))
    told = succeeded(command("undo", "--dry-run"))
    assert set(told.out.splitlines()) == {str(out / name) for name in copies(out)}
    assert len(copies(out)) == 3
    assert "3 files removed from" in succeeded(command("undo", "Images")).err
    assert copies(out) == set()
    assert command("undo", "Images").status == 2


# -- sort


def test_sort_takes_what_it_is_told(
    command: Command, catalog: Catalog, local: Local, folder: Path, tmp_path: Path
) -> None:
    picture(folder / "sub/one.png", "green")
    picture(tmp_path / "Faces/Ana.png", "red")
    said = ["--people", "Faces", "--ref", f"Bo={picture(tmp_path / 'b.png', 'blue')}", "--album", "Zoo"]
    said += ["--threshold", "85", "--out", "Named", "--layout", "{person} {name}", "--link", "hardlink", "--xmp"]
    succeeded(command("sort", folder, *said, "--ledger", "ledger.json"))
    assert copies(tmp_path / "Named") == {f"{who} one.png{end}" for who in ("Ana", "Bo") for end in ("", ".xmp")}
    assert (tmp_path / "Named/Ana one.png").samefile(folder / "sub/one.png")
    zoo = catalog.find_album("Zoo")
    assert zoo is not None
    assert zoo.thresholds == Thresholds(85)
    assert len(json.loads((tmp_path / "ledger.json").read_text())) == 2
    assert catalog.find_album("Images") is None


def test_sort_follows_a_folder_that_has_moved_only_where_that_is_said(
    command: Command, known: Album, local: Local, folder: Path, tmp_path: Path
) -> None:
    folder.rename(tmp_path / "Moved")
    told = command("sort", "Moved", "--album", "Images")
    assert (told.status, "say --moved" in told.err) == (2, True)
    succeeded(command("sort", "Moved", "--album", "Images", "--moved"))


# -- an album of the cloud; the cloud is moto's


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with mock_aws():
        yield Cloud()


@pytest.fixture
def far(cloud: Cloud, catalog: Catalog, folder: Path) -> Album:
    """An album of the stack whose folder is here, with all its cells."""
    album = catalog.open_album("Images", folder, cloud.deployment.stack_id)
    put(album, folder, "one.jpg", 90, 85)
    for person, shot in (("me", ME), ("you", YOU)):
        key = str(HeadshotKey("Images", person, shot))
        cloud.clients.s3.put_object(Bucket=cloud.deployment.bucket, Key=key, Body=b"jpeg")
    album.save()
    return album


def test_a_threshold_hears_first_what_was_said_on_other_machines(
    command: Command, cloud: Cloud, far: Album, out: Path
) -> None:
    said = Correction("me", digest_of("one.jpg"), False, "2026-01-01T00:00:00.000Z")
    cloud.comparer()._corrections.put("Images", [said])
    succeeded(command("tune", "Images", "--person", "you", "--threshold", "70"))
    assert copies(out) == {"you/one.jpg"}
    assert far.corrections() == [said]
    assert cloud.comparer().cells.thresholds("Images") == Thresholds(80, {"you": 70})


def test_what_was_corrected_here_reaches_the_cloud_with_the_next_sync(
    command: Command, cloud: Cloud, far: Album
) -> None:
    succeeded(command("correct", "Images", "one.jpg", "--person", "me", "--is-not"))
    assert list(cloud.comparer().corrections("Images")) == []
    succeeded(command("sync", "Images"))
    assert [(said.person, said.is_person) for said in cloud.comparer().corrections("Images")] == [("me", False)]


def test_names_and_leaving_reach_the_cloud(command: Command, cloud: Cloud, far: Album) -> None:
    succeeded(command("people", "rename", "me", "Ana", "Images"))
    succeeded(command("people", "remove", "you", "Images"))
    assert [shot.person for shot in cloud.comparer().objects.people("Images")] == ["Ana"]


@pytest.mark.parametrize("arguments", ["sync Images", "tune Images --threshold 90", "people rename me Ana Images"])
def test_an_album_of_another_stack_is_refused(
    command: Command, cloud: Cloud, catalog: Catalog, folder: Path, arguments: str
) -> None:
    other = catalog.open_album("Images", folder, "arn:another")
    put(other, folder, "one.jpg", 90)
    other.save()
    told = command(*arguments.split())
    assert (told.status, len(told.err.splitlines())) == (2, 1)
    assert "Name its stack with --stack" in told.err
    assert other.people() == ["me", "you"]


def test_an_album_that_nobody_knows_is_told_from_a_cloud_that_cannot_be_asked(command: Command, known: Album) -> None:
    with mock_aws():  # without a stack
        told = command("sync", "Imagse")
        assert told.status == 2
        assert "no album 'Imagse' on this machine. Did you mean 'Images'" in told.err
        assert "The cloud was not asked: " in told.err


@pytest.mark.parametrize("arguments", ["sync Images", "sync", "status", "tune --threshold 90", "people remove me"])
def test_an_album_that_is_known_is_not_denied_where_its_cloud_cannot_be_asked(
    command: Command, catalog: Catalog, folder: Path, arguments: str
) -> None:
    far = catalog.open_album("Images", folder, "a stack")
    put(far, folder, "one.jpg", 90)
    far.save()
    with mock_aws():  # without a stack
        told = command(*arguments.split())
    assert (told.status, len(told.err.splitlines())) == (1, 1)
    assert "no album" not in told.err
    assert (far.people(), far.thresholds) == (["me", "you"], Thresholds())


@pytest.mark.parametrize("arguments", ["status", "sync", "retry Images", "people remove me"])
def test_where_the_stack_is_not_found_it_is_said_where_the_album_is(
    command: Command, cloud: Cloud, far: Album, arguments: str
) -> None:
    told = command(*arguments.split(), "--region", "eu-west-1")
    assert told.status == 1
    assert "There is no stack 'PhotoSort' in eu-west-1" in told.err
    assert told.err.endswith(f"Album 'Images' is in {cloud.deployment.stack_id}.\n")
    assert far.people() == ["me", "you"]


def test_failed_comparisons_of_the_cloud_are_status_3(command: Command, cloud: Cloud, far: Album) -> None:
    far.set_headshots("you", [Headshot("you", "c" * 64, "new.jpg", b"")])
    far.record(Comparison("c" * 64, digest_of("one.jpg"), None, Problem.FAILED, "why", "test", ""))
    far.save()
    told = command("sync", "Images")
    assert (told.status, "1 verdict failed or pending" in told.err) == (3, True)


def test_the_status_of_an_album_in_the_cloud_tells_what_has_come_what_failed_and_what_is_queued(
    command: Command, cloud: Cloud, far: Album
) -> None:
    far.set_headshots("she", [Headshot("she", "c" * 64, "new.jpg", b"")])
    far.record(Comparison("c" * 64, digest_of("one.jpg"), None, Problem.FAILED, "why", "rekognition", now()))
    far.save()
    failed = to_item("Images", far.cells(digest_of("one.jpg"))["c" * 64], 2**40)
    Table(cloud.clients.dynamodb, cloud.deployment.table).put(failed)
    cloud.clients.sqs.send_message(QueueUrl=cloud.deployment.compare_queue, MessageBody="of another album")
    told = command("status")
    assert told.status == 3
    assert "Failed: 1 comparison; `sortclient retry Images` asks for them again\n  1 x why\n" in told.out
    assert "for all its albums: 1 message to compare (1 waiting" in told.out
    read = json.loads(command("status", "Images", "--format", "json").out)
    assert (read["missing"], read["failed"], read["cloud"]["limit"], read["cloud"]["paused"]) == (0, 1, 22.5, False)


def test_retry_of_the_cloud_asks_for_the_rest_of_the_album(
    command: Command, cloud: Cloud, far: Album, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[tuple[object, ...]] = []
    monkeypatch.setattr("sortclient.run.run", lambda order, wishes, *_, **__: begun.append((order, wishes)) or 3)
    far.set_headshots("she", [Headshot("she", "c" * 64, "new.jpg", b"")])
    far.save()
    came = to_item("Images", Comparison("c" * 64, digest_of("one.jpg"), 99.0, None, "", "rekognition", now()), 2**40)
    Table(cloud.clients.dynamodb, cloud.deployment.table).put(came)
    assert command("retry", "--originals", "--no-wait", "--yes", "--max-spend", "5").status == 3
    assert far.lacking() == 0  # what has come meanwhile is not quoted
    order = Order(folder, (), "Images", originals=True, wait=False, as_known=True)
    assert begun == [(order, Wishes(OutputWish(), None, yes=True, max_spend=5))]


def test_upload_takes_what_it_is_told(
    command: Command, cloud: Cloud, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, bo = picture(tmp_path / "Faces/Ana.png"), picture(tmp_path / "b.png")
    begun: list[tuple[object, ...]] = []
    monkeypatch.setattr("sortclient.run.run", lambda order, wishes, *_, **__: begun.append((order, wishes)) or 3)
    said = ["--people", "Faces", "--ref", f"Bo={bo}#2", "--album", "Zoo", "--threshold", "85", "--out", "Named"]
    said += ["--layout", "{name}", "--link", "symlink", "--xmp", "--ledger", "ledger.csv", "--originals", "--no-wait"]
    said += ["--yes", "--max-spend", "5", "--prune", "--moved", "--follow-links"]
    assert command("upload", folder, *said).status == 3
    references = [Reference("Bo", bo, 2), Reference("Ana", (Path("Faces") / ana.name), spare=True)]
    selection = Selection(follow_links=True)
    order = Order(folder, references, "Zoo", 85, originals=True, wait=False, selection=selection, moved=True)
    output = OutputWish(Path("Named"), "{name}", Link.SYMLINK, xmp=True)
    wishes = Wishes(output, Path("ledger.csv"), yes=True, max_spend=5, prune=True)
    assert begun == [(order, wishes)]


def test_a_price_is_foretold_also_where_there_is_no_stack(command: Command, folder: Path, tmp_path: Path) -> None:
    picture(folder / "one.png")
    with mock_aws():  # without a stack
        told = succeeded(command("upload", folder, "--ref", picture(tmp_path / "me.png"), "--dry-run"))
    assert told.err.startswith("The stack was not looked at. ")
    assert "Compare: at most 1 comparison" in told.out.splitlines()


def test_a_sync_knows_an_album_however_its_letters_are_composed(
    command: Command, catalog: Catalog, folder: Path
) -> None:
    album = catalog.open_album("Zoë", folder, "this machine")
    put(album, folder, "one.jpg", 90)
    album.save()
    succeeded(command("results", "Zoe\u0308"))
    succeeded(command("sync", "Zoe\u0308"))


def test_sidecars_forget_a_person_who_leaves(command: Command, known: Album, tmp_path: Path) -> None:
    succeeded(command("sync", "Images", "--xmp"))
    sidecar = tmp_path / "Matches/you/both.jpg.xmp"
    assert b">me<" in sidecar.read_bytes()
    succeeded(command("people", "remove", "me", "Images"))
    assert b">you<" in sidecar.read_bytes()
    assert b">me<" not in sidecar.read_bytes()


def test_a_folder_of_a_question_answers_it_under_a_persons_new_name(command: Command, known: Album) -> None:
    """Also where the new name comes later in the alphabet than the other one."""
    succeeded(command("sync", "Images", "--all", "me,you", "--out", "Both"))
    succeeded(command("people", "rename", "me", "zoe", "Images"))
    succeeded(command("sync", "Images", "--all", "zoe,you", "--out", "Both"))


@pytest.mark.parametrize("threshold", ["101", "-0.1", "nan", "inf"])
def test_a_threshold_out_of_bounds_is_one_line_and_changes_nothing(
    command: Command, known: Album, threshold: str
) -> None:
    told = command("tune", "Images", f"--threshold={threshold}")
    assert (told.status, len(told.err.splitlines())) == (2, 1)
    assert "name a number from 0 to 100" in told.err
    assert known.thresholds == Thresholds(80.0)
