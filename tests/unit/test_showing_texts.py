"""Rows are as similar as they say, and each photo has one; lines are right for one and for several."""

from __future__ import annotations

from pathlib import Path

import pytest

from sortclient.album import Album
from sortclient.comparer import Pruned
from sortclient.deciding import correct
from sortclient.filling import Synchronised
from sortclient.question import MATCHES
from sortclient.showing import show_curves, show_removed, show_results, show_status
from sortclient.status import status_of
from sortclient.tuning import curves, worth_asking
from tests.unit.test_sync import put

Capture = pytest.CaptureFixture[str]


@pytest.mark.parametrize(
    ("similarity", "table", "ledger"),
    [(99.98, "99.9", "99.98"), (99.998, "99.9", "100.0"), (100.0, "100.0", "100.0"), (64.1, "64.1", "64.1")],
)
def test_a_table_never_says_more_than_it_is(
    album: Album, folder: Path, capsys: Capture, similarity: float, table: str, ledger: str
) -> None:
    put(album, folder, "one.jpg", similarity)
    album.set_threshold(60)
    show_results(album, "table", MATCHES, every=False)
    assert capsys.readouterr().out.split()[0] == table
    show_results(album, "csv", MATCHES, every=False)
    assert capsys.readouterr().out.splitlines()[1] == f"one.jpg,me,match,{ledger},"


def test_what_is_below_a_line_of_100_does_not_read_as_100(album: Album, folder: Path, capsys: Capture) -> None:
    put(album, folder, "one.jpg", 99.98)
    album.set_threshold(100)
    show_curves(curves(album, "me"))
    assert capsys.readouterr().out.splitlines()[-2:] == [
        " 100.0  -----------",
        "  99.9  no-match     me                one.jpg",
    ]


def _twins(album: Album, folder: Path) -> None:
    """Three names of one photo above the line and of one below, and another photo of each."""
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        put(album, folder, name, 85, 1, content=b"above")
        put(album, folder, f"below/{name}", 75, 2, content=b"below")
    put(album, folder, "far.jpg", 95, 3)
    put(album, folder, "low.jpg", 55, 4)


def test_the_same_bytes_are_shown_and_asked_about_once_for_each_person(album: Album, folder: Path) -> None:
    _twins(album, folder)
    (curve,) = curves(album, "me")
    assert [[row.similarity for row in rows] for rows in curve.nearest(2)] == [[95, 85], [75, 55]]
    assert curve.matches(80) == 4  # copies are counted by name: each has one
    assert [row.similarity for row in worth_asking(album, "me")] == [95, 85, 75, 55]
    asked = [(row.person, row.entry.digest) for row in worth_asking(album)]
    assert len(asked) == len(set(asked)) == 8
    correct(album, ["b.jpg"], "me", is_person=True)
    assert [row.similarity for row in worth_asking(album, "me")] == [95, 75, 55]


def test_a_threshold_of_somebody_with_a_comma_is_told_apart(album: Album, capsys: Capture) -> None:
    album.set_threshold(85, "Biden, Joe")
    show_status(album, status_of(album, None), "text")
    assert capsys.readouterr().out.splitlines()[0].endswith(', threshold 80, "Biden, Joe" 85')


@pytest.mark.parametrize(
    ("copies", "told"),
    [
        (Synchronised(kept=1), "1 that somebody changed stays"),
        (Synchronised(gone=1), "1 was not found where it had been put"),
        (Synchronised(gone=2), "2 were not found where they had been put"),
        (Synchronised(orphaned=1), "1 stays as its photo is gone or out of reach"),
    ],
)
def test_one_copy_that_stays_is_told_as_one(copies: Synchronised, told: str, capsys: Capture) -> None:
    show_removed("Ana", copies, Pruned())
    assert capsys.readouterr().err == f"Ana is forgotten: 0 copies removed; {told}\n"
