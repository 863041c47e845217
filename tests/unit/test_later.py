"""What sync, status and results say of an album, and their exit status."""

from __future__ import annotations

from pathlib import Path

import pytest

from photosort.comparison import Comparison, Problem
from sortclient.album import Album
from sortclient.comparer import NothingElsewhere
from sortclient.later import synchronise
from sortclient.layout import DEFAULT_LAYOUT, DEFAULT_OUT
from sortclient.model import Headshot, Link
from sortclient.outputs import Output, OutputWish, output_of, remember
from sortclient.progress import Progress
from sortclient.question import MATCHES
from sortclient.run import Wishes, finish
from sortclient.showing import show_results, show_status
from sortclient.status import status_of
from tests.unit.test_sync import below, digest_of, put


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "Matches"


def told(album: Album) -> int:
    return show_status(album, status_of(album, None), "text")


def test_every_verdict_is_settled(album: Album, folder: Path, out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(album, folder, "one.jpg", 90)
    assert synchronise(album, NothingElsewhere(), OutputWish(out), None) == told(album) == 0
    printed = capsys.readouterr()
    assert printed.err == f"1 match in {out} (1 new, 0 removed)\n"
    assert printed.out.splitlines() == [
        f"Album Images: {folder}, threshold 80",
        "1 file: 1 photo",
        "me: 1 match",
        "you: 1 no-match",
    ]


@pytest.mark.parametrize("problem", [None, Problem.FAILED], ids=["pending", "failed"])
def test_unsettled_verdicts_are_exit_status_3(
    album: Album, folder: Path, out: Path, problem: Problem | None, capsys: pytest.CaptureFixture[str]
) -> None:
    put(album, folder, "one.jpg", 90)
    album.set_headshots("she", [Headshot("she", "c" * 64, "she.jpg", b"")])
    if problem is not None:
        album.record(Comparison("c" * 64, digest_of("one.jpg"), None, problem, "why", "test", ""))
    assert synchronise(album, NothingElsewhere(), OutputWish(out), None) == told(album) == 3
    assert set(below(out)) == {"me/one.jpg"}  # what is settled is there all the same
    assert "1 verdict failed or pending" in capsys.readouterr().err  # the status is no riddle


def test_a_match_that_cannot_be_copied_is_exit_status_3(album: Album, folder: Path, out: Path) -> None:
    put(album, folder, "one.jpg", 90)
    (folder / "one.jpg").unlink()
    assert synchronise(album, NothingElsewhere(), OutputWish(out), lambda _: None) == 3
    assert finish(album, Wishes(OutputWish(out), None, yes=False, emulated=False), Progress(), lambda _: None) == 3
    assert finish(album, Wishes(OutputWish(out), None, yes=False, emulated=False), Progress(), lambda _: b"copy") == 0


def test_results_are_the_matches_or_every_row(album: Album, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(album, folder, "one.jpg", 90.04)
    show_results(album, "table", MATCHES, every=False)
    assert capsys.readouterr().out.split() == ["90.0", "match", "me", "one.jpg"]
    show_results(album, "table", MATCHES, every=True)
    assert [line.split()[1] for line in capsys.readouterr().out.splitlines()] == ["match", "no-match"]
    show_results(album, "csv", MATCHES, every=False)
    assert capsys.readouterr().out == "photo,person,outcome,similarity,detail\none.jpg,me,match,90.04,\n"


def test_where_matches_went_they_go_again_unless_said(album: Album, tmp_path: Path) -> None:
    assert output_of(album, OutputWish()) == Output(DEFAULT_OUT.resolve(), DEFAULT_LAYOUT)
    found = Output(tmp_path / "Found", "{path}", Link.HARDLINK, xmp=True)
    remember(album, found)
    assert output_of(album, OutputWish()) == found
    assert output_of(album, OutputWish(link=Link.COPY, xmp=False)) == Output(tmp_path / "Found", "{path}")
    assert output_of(album, OutputWish(tmp_path / "Else")) == Output(tmp_path / "Else")  # each folder has its own
