"""Verdicts, and the ledger that is made of them."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from photosort.comparison import Comparison, Problem
from sortclient.album import Album
from sortclient.errors import InputError
from sortclient.ledger import check_ledger_file, count, summary, write_csv, write_json, write_ledger
from sortclient.model import Entry, Found, Headshot, Outcome, Rejection
from sortclient.photos.scan import scan
from sortclient.verdicts import decide, matches, verdicts

A, B, PHOTO = "a" * 64, "b" * 64, "c" * 64
ENTRY = Entry("one.jpg", None, PHOTO, None, "")


def cell(headshot: str, what: float | Problem, photo: str = PHOTO) -> Comparison:
    similarity, problem = (None, what) if isinstance(what, Problem) else (what, None)
    return Comparison(headshot, photo, similarity, problem, "why" if problem else "", "test", "")


@pytest.mark.parametrize(
    ("first", "second", "outcome", "similarity"),
    [
        (79.99, 80.0, Outcome.MATCH, 80.0),  # the threshold itself is a match, and the best headshot counts
        (79.9, 10.0, Outcome.NO_MATCH, 79.9),
        (90.0, None, Outcome.MATCH, 90.0),  # what is missing cannot undo a match
        (10.0, None, Outcome.PENDING, 10.0),
        (None, None, Outcome.PENDING, None),
        (90.0, Problem.FAILED, Outcome.MATCH, 90.0),
        (10.0, Problem.FAILED, Outcome.FAILED, 10.0),
        (Problem.NO_FACE, Problem.NO_FACE, Outcome.NO_FACE, None),
        (Problem.NO_FACE, 10.0, Outcome.NO_MATCH, 10.0),
        (Problem.UNREADABLE, Problem.NO_FACE, Outcome.UNREADABLE, None),
    ],
)
def test_decide(
    first: float | Problem | None, second: float | Problem | None, outcome: Outcome, similarity: float | None
) -> None:
    cells = {shot: cell(shot, what) for shot, what in ((A, first), (B, second)) if what is not None}
    verdict = decide(ENTRY, "me", [A, B], cells, 80.0)
    assert (verdict.outcome, verdict.similarity) == (outcome, similarity)
    assert verdict.detail == {
        Outcome.PENDING: "not compared yet",
        Outcome.FAILED: "why",
        Outcome.UNREADABLE: "why",
        Outcome.NO_FACE: "why",
    }.get(outcome, "")


@pytest.fixture
def sorted_album(album: Album, folder: Path) -> Album:
    for name in ("a.jpg", "b.jpg", "same as a.jpg", "notes.txt", "unread.jpg"):
        (folder / name).write_bytes(name.encode())
    album.set_headshots("me", [Headshot("me", A, "me.jpg", b"")])
    album.set_headshots("you", [Headshot("you", B, "you.jpg", b"")])
    album.scanned(scan(folder))
    album.identified("a.jpg", PHOTO)
    album.identified("same as a.jpg", PHOTO)
    album.identified("b.jpg", "d" * 64)
    album.rejected("notes.txt", Rejection(Outcome.NOT_A_PHOTO, "document"))
    album.record(cell(A, 99.123456))
    album.record(cell(B, 3.0))
    album.record(cell(A, Problem.NO_FACE, "d" * 64))
    album.record(cell(B, Problem.NO_FACE, "d" * 64))
    return album


def test_every_file_is_in_the_ledger_and_the_counts_add_up(sorted_album: Album) -> None:
    tally = count(verdicts(sorted_album))
    assert (tally.files, tally.photos, tally.rejected) == (5, 4, {Outcome.NOT_A_PHOTO: 1})
    assert tally.people["me"] == {Outcome.MATCH: 2, Outcome.NO_FACE: 1, Outcome.PENDING: 1}
    assert all(counts.total() == tally.photos for counts in tally.people.values())
    assert tally.unsettled == 2
    assert list(summary(tally)) == [
        "5 files: 4 photos, 1 not-a-photo (1 document)",
        "me: 2 match, 1 no-face, 1 pending",
        "you: 2 no-match, 1 no-face, 1 pending",
    ]


@pytest.mark.parametrize(("threshold", "number"), [(0, 4), (3.0, 4), (3.1, 2), (99.123456, 2), (100, 0)])
def test_matches_are_those_of_all_verdicts(sorted_album: Album, threshold: float, number: int) -> None:
    sorted_album.record(cell("f" * 64, 100.0, "d" * 64))  # nobody's headshot
    sorted_album.set_threshold(threshold)
    found = list(matches(sorted_album))
    assert found == [verdict for verdict in verdicts(sorted_album) if verdict.outcome is Outcome.MATCH]
    assert len(found) == number


def test_what_is_no_photo_is_counted_by_its_kind(album: Album, folder: Path) -> None:
    details = {"a.mov": "video", "b.mkv": "video: Matroska", "c.pdf": "document", ".x": "system file: .x"}
    for name in (*details, "broken.jpg"):
        (folder / name).write_bytes(b"x")
    album.scanned(Found(found.file) for found in scan(folder))
    for name, detail in details.items():
        album.rejected(name, Rejection(Outcome.NOT_A_PHOTO, detail))
    album.rejected("broken.jpg", Rejection(Outcome.UNREADABLE, "truncated: it ends early"))
    (line,) = summary(count(verdicts(album)))
    files, _, kinds = line.partition(" (")
    assert files == "5 files: 0 photos, 1 unreadable, 4 not-a-photo"
    assert set(kinds.removesuffix(")").split(", ")) == {"2 video", "1 document", "1 system file"}


def test_what_failed_is_not_settled(sorted_album: Album) -> None:
    sorted_album.record(cell(B, Problem.FAILED, "d" * 64))  # and does not undo the verdict that stands
    assert count(verdicts(sorted_album)).unsettled == 2
    sorted_album.set_headshots("she", [Headshot("she", "e" * 64, "she.jpg", b"")])
    for photo in (PHOTO, "d" * 64):
        sorted_album.record(cell("e" * 64, Problem.FAILED, photo))
    tally = count(verdicts(sorted_album))
    assert tally.people["she"] == {Outcome.FAILED: 3, Outcome.PENDING: 1}
    assert tally.unsettled == 6


def test_the_ledger_as_csv_and_json_say_the_same(sorted_album: Album) -> None:
    text, data = io.StringIO(), io.StringIO()
    write_csv(verdicts(sorted_album), text)
    write_json(verdicts(sorted_album), data)
    rows = list(csv.DictReader(io.StringIO(text.getvalue())))
    assert list(rows[0]) == ["photo", "person", "outcome", "similarity", "detail"]
    assert len(rows) == 9  # four photos by two people, and one file that is no photo
    assert rows[0] == {"photo": "a.jpg", "person": "me", "outcome": "match", "similarity": "99.12", "detail": ""}
    assert {
        "photo": "notes.txt",
        "person": "",
        "outcome": "not-a-photo",
        "similarity": "",
        "detail": "document",
    } in rows
    assert [
        {key: "" if value is None else str(value) for key, value in row.items()} for row in json.loads(data.getvalue())
    ] == rows


def test_an_empty_ledger_is_still_json() -> None:
    data = io.StringIO()
    write_json([], data)
    assert json.loads(data.getvalue()) == []


def test_a_ledger_that_could_not_be_written_is_refused_before_the_work(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"\.csv or \.json"):
        check_ledger_file(tmp_path / "ledger.xlsx")
    with pytest.raises(InputError, match="folder does not exist"):
        check_ledger_file(tmp_path / "nowhere" / "ledger.csv")


def test_the_ledger_file_is_whole_or_the_earlier_one(sorted_album: Album, tmp_path: Path) -> None:
    file = tmp_path / "ledger.csv"
    file.write_text("earlier")

    def broken():  # type: ignore[no-untyped-def]
        yield from verdicts(sorted_album)
        raise OSError(28, "No space left on device")

    with pytest.raises(Exception, match="No space left"):
        write_ledger(broken(), file)
    assert file.read_text() == "earlier"
    assert list(tmp_path.glob("*.part")) == list(tmp_path.glob(".*.part")) == []
    write_ledger(verdicts(sorted_album), file)
    assert file.read_text(encoding="utf-8").count("\n") == 10
    with file.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    write_ledger(verdicts(sorted_album), tmp_path / "ledger.JSON")
    data = json.loads((tmp_path / "ledger.JSON").read_text(encoding="utf-8"))
    assert [row["photo"] for row in data] == [row["photo"] for row in rows]
    assert len(data) == 9
