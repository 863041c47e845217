"""How far an album is, as a person and as a program read it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from photosort.comparison import Comparison, Problem
from sortclient.album import Album
from sortclient.aws.queues import Backlog, Depth
from sortclient.aws.traffic import Traffic
from sortclient.catalog import Catalog
from sortclient.model import Headshot
from sortclient.photos.scan import scan
from sortclient.showing import show_status
from sortclient.status import status_of
from tests.unit.test_sync import ME, YOU, digest_of, put

BUSY = Traffic(0.5, 20.0, False, Backlog(Depth(3, 1, 2), Depth(1), dead_letters=0))
QUIET = replace(BUSY, rate=0.0)
IDLE = replace(QUIET, backlog=Backlog(Depth(), Depth(), 0))


@pytest.fixture
def left(album: Album, folder: Path) -> Album:
    """Two photos, one of them twice, and a file that nobody has read: of her 2 cells are missing, and 3 of the file."""
    for name in ("one.jpg", "two.jpg"):
        put(album, folder, name, 90, 10)
    (folder / "twin.jpg").write_bytes(b"two.jpg")
    (folder / "unread.jpg").write_bytes(b"who knows")
    album.scanned(scan(folder))
    album.identified("twin.jpg", digest_of("two.jpg"))
    album.set_headshots("she", [Headshot("she", "c" * 64, "she.jpg", b"")])
    album.save()
    return album


def told(album: Album, traffic: Traffic | None, capsys: pytest.CaptureFixture[str]) -> list[str]:
    assert show_status(album, status_of(album, traffic), "text") == 3
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(
    ("traffic", "line"),
    [
        (BUSY, "To come: 5 comparisons, 0.50 a second lately: about 10 s left"),
        (QUIET, "To come: 5 comparisons, none lately: about 1 s left at the stack's 20 a second, once it is this"),
        (IDLE, "Missing: 5 comparisons, and nothing is under way; `sortclient retry Images` asks for them"),
        (replace(IDLE, rate=0.5), "Missing: 5 comparisons, and nothing is under way; `sortclient retry Images`"),
        (None, "Missing: 5 comparisons, and nothing is under way; `sortclient retry Images` asks for them"),
        (replace(BUSY, paused=True), "To come: 5 comparisons, once comparing goes on"),
        (replace(IDLE, paused=True), "Missing: 5 comparisons, and nothing is under way; `sortclient retry Images`"),
    ],
    ids=["by the rate", "by the limit", "lost", "lost just then", "here", "paused", "paused and lost"],
)
def test_what_is_to_come_is_told_with_when(
    left: Album, traffic: Traffic | None, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (to_come,) = [told for told in told(left, traffic, capsys) if told.startswith(("To come", "Missing"))]
    assert to_come.startswith(line)


@pytest.mark.parametrize("traffic", [IDLE, None], ids=["in the cloud", "here"])
def test_while_a_run_works_on_the_album_nobody_is_told_to_begin_one(
    left: Album, catalog: Catalog, folder: Path, traffic: Traffic | None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert show_status(left, status_of(left, traffic, running=True), "text") == 3
    assert "To come: 5 comparisons; a run works on them\n" in capsys.readouterr().out
    begun = catalog.open_album("Begun", folder, "here")
    assert show_status(begun, status_of(begun, traffic, running=True), "text") == 3
    printed = capsys.readouterr().out
    assert "Nothing is counted yet: a run looks through the folder\n" in printed
    assert "people add" not in printed


def test_who_has_not_the_folder_is_told_where_to_retry(catalog: Catalog, capsys: pytest.CaptureFixture[str]) -> None:
    far = catalog.open_album("Far", None, "here")
    far.set_headshots("me", [Headshot("me", ME, "", b"")])
    far.adopt([(digest_of("one.jpg"), "one.jpg")])
    told(far, IDLE, capsys)
    assert show_status(far, status_of(far, IDLE), "text") == 3
    assert "`sortclient retry Far` on the machine that has the folder asks for them" in capsys.readouterr().out


def test_what_is_queued_is_said_to_be_of_all_albums(left: Album, capsys: pytest.CaptureFixture[str]) -> None:
    lines = told(left, BUSY, capsys)
    waiting = "Waiting in the cloud, for all its albums: "
    assert lines[-1] == f"{waiting}6 messages to compare (3 waiting, 1 in work, 2 put off), 1 headshot to spread"
    given_up = replace(BUSY, backlog=Backlog(Depth(), Depth(), dead_letters=2), paused=True)
    queued, paused = told(left, given_up, capsys)[-2:]
    assert queued.endswith(
        "0 messages to compare, 0 headshots to spread, 2 given up, which become failed comparisons within minutes"
    )
    assert paused.startswith("Comparing is paused: what is queued waits. `make deploy CONTEXT=")


def test_failures_are_counted_by_their_reasons_the_commonest_first(
    album: Album, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reasons = ["rare", "often", "often", "often", "some", "some", "also", "also", "seldom"]
    for number, reason in enumerate(reasons):
        put(album, folder, f"{number}.jpg", 90, 10)
        album.record(Comparison("c" * 64, digest_of(f"{number}.jpg"), None, Problem.FAILED, reason, "test", ""))
    album.set_headshots("she", [Headshot("she", "c" * 64, "she.jpg", b"")])
    # Nobody's any more: a headshot that was replaced, and a photo that has left.
    album.record(Comparison("d" * 64, digest_of("0.jpg"), None, Problem.FAILED, "past", "test", ""))
    album.record(Comparison("c" * 64, "e" * 64, None, Problem.FAILED, "past", "test", ""))
    lines = told(album, None, capsys)
    assert lines[-5:] == [
        "Failed: 9 comparisons; `sortclient retry Images` asks for them again",
        "  3 x often",
        "  2 x also",
        "  2 x some",
        "  2 x other reasons; `sortclient results Images --every` names each",
    ]


def test_a_program_reads_all_of_it(left: Album, capsys: pytest.CaptureFixture[str]) -> None:
    left.record(Comparison("c" * 64, digest_of("one.jpg"), None, Problem.FAILED, "why", "test", ""))
    assert show_status(left, status_of(left, BUSY), "json") == 3
    read = json.loads(capsys.readouterr().out)
    assert (read["files"], read["photos"], read["people"]["me"]) == (4, 4, {"match": 3, "pending": 1})
    assert read["people"]["she"] == {"failed": 1, "pending": 3}
    assert (read["missing"], read["failed"], read["seconds_left"]) == (4, 1, 8)
    assert read["failures"] == [{"reason": "why", "comparisons": 1}]
    assert read["cloud"] == {
        "rate": 0.5,
        "limit": 20.0,
        "paused": False,
        "backlog": {
            "compare": {"waiting": 3, "in_work": 1, "delayed": 2},
            "enroll": {"waiting": 1, "in_work": 0, "delayed": 0},
            "dead_letters": 0,
        },
    }


def test_of_a_settled_album_nothing_is_to_come(album: Album, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(album, folder, "one.jpg", 90, 10)
    assert {ME, YOU} == {shot.digest for shot in album.headshots()}
    assert show_status(album, status_of(album, IDLE), "text") == 0
    printed = capsys.readouterr().out
    assert "To come" not in printed
    assert "Missing" not in printed
    assert "Failed" not in printed
    assert status_of(album, BUSY).seconds_left is None
