"""What the commands print of people, thresholds, suggestions and undoing, as a person reads it or a program does."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from sortclient.album import Album
from sortclient.comparer import Pruned
from sortclient.deciding import correct
from sortclient.model import Headshot
from sortclient.outputs import Output
from sortclient.question import Question, Who
from sortclient.showing import (
    show_curves,
    show_people,
    show_removed,
    show_results,
    show_status,
    show_suggestion,
    show_undo,
)
from sortclient.status import status_of
from sortclient.suggestion import TooFew
from sortclient.sync import Synchronised, sync
from sortclient.tuning import curves
from tests.unit.test_sync import ME, below, put
from tests.unit.test_tuning import answered, fill

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "Matches"


# -- people


@pytest.fixture
def two(album: Album, folder: Path) -> Album:
    """Me with two headshots, one of another machine and so without a file; you, who are compared with one of two."""
    put(album, folder, "one.jpg", 90, 10)
    put(album, folder, "two.jpg", 95, 10)
    shots = [Headshot("me", ME, "me.jpg", b""), Headshot("me", "c" * 64, "", b"")]
    album.set_headshots("me", shots)
    album.set_threshold(92.5, "me")
    correct(album, ["one.jpg"], "you", is_person=True)
    return album


def test_a_line_tells_each_person(two: Album, capsys: Capture) -> None:
    show_people(two, "table")
    assert capsys.readouterr().out.splitlines() == [
        "me: 1 match, threshold 92.5, 1 failed or pending; 2 headshots: me.jpg",
        "you: 1 match, threshold 80, 1 correction; 1 headshot: you.jpg",
    ]


def test_people_as_programs_read_them(two: Album, capsys: Capture) -> None:
    show_people(two, "json")
    assert json.loads(capsys.readouterr().out) == [
        {"name": "me", "headshots": ["me.jpg", ""], "threshold": 92.5, "matches": 1, "open": 1, "corrections": 0},
        {"name": "you", "headshots": ["you.jpg"], "threshold": 80, "matches": 1, "open": 0, "corrections": 1},
    ]
    two.set_headshots("me", [Headshot("me", ME, "a, b.jpg", b""), Headshot("me", "c" * 64, "c.jpg", b"")])
    show_people(two, "csv")
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert rows[0] == {
        "name": "me",
        "headshots": "a, b.jpg; c.jpg",
        "threshold": "92.5",
        "matches": "1",
        "open": "1",
        "corrections": "0",
    }
    assert [row["name"] for row in rows] == ["me", "you"]


def test_the_status_names_thresholds_of_their_own(two: Album, capsys: Capture) -> None:
    two.set_threshold(85, "Ana")
    show_status(two, status_of(two, None), "text")
    assert capsys.readouterr().out.splitlines()[0].endswith(", threshold 80, Ana 85, me 92.5")


@pytest.mark.parametrize(
    ("copies", "elsewhere", "told"),
    [
        (Synchronised(removed=1), Pruned(), "1 copy removed"),
        (
            Synchronised(removed=2, kept=3, orphaned=4),
            Pruned(),
            "2 copies removed; 3 that somebody changed stay; 4 stay as their photos are gone or out of reach",
        ),
        (Synchronised(refused=2, refusal="no"), Pruned(), "0 copies removed; 2 could not be removed (no)"),
        (Synchronised(), Pruned(matches=1, cells=2), "0 copies removed; in the cloud 1 copy and 2 comparisons"),
    ],
)
def test_what_left_with_a_person_is_told(copies: Synchronised, elsewhere: Pruned, told: str, capsys: Capture) -> None:
    show_removed("Ana", copies, elsewhere)
    assert capsys.readouterr().err == f"Ana is forgotten: {told}\n"


# -- thresholds


def test_the_table_of_thresholds_marks_the_one_that_holds_and_the_photos_next_to_it(
    album: Album, folder: Path, capsys: Capture
) -> None:
    fill(album, folder, a=(99.5, 10), b=(86, 55), c=(79, 97))
    album.set_threshold(86.5, "you")
    show_curves(curves(album))
    assert capsys.readouterr().out.splitlines() == [
        "threshold       me      you",
        "       50        3        2",
        "       60        3        1",
        "       70        3        1",
        "       75        3        1",
        "       80       *2        1",
        "       85        2        1",
        "     86.5        1       *1",
        "       90        1        1",
        "       95        1        1",
        "       98        1        0",
        "       99        1        0",
        "* is the threshold now.",
        "",
        "Nearest to me's line at 80:",
        "  99.5  match        me                a.jpg",
        "  86.0  match        me                b.jpg",
        "  80.0  -----------",
        "  79.0  no-match     me                c.jpg",
        "",
        "Nearest to you's line at 86.5:",
        "  97.0  match        you               c.jpg",
        "  86.5  -----------",
        "  55.0  no-match     you               b.jpg",
        "  10.0  no-match     you               a.jpg",
    ]


def test_a_long_name_keeps_the_columns_in_line(album: Album, folder: Path, capsys: Capture) -> None:
    fill(album, folder, a=(99.5, 10))
    album.rename_person("me", "Somebody with a long name")
    show_curves(curves(album))
    table = capsys.readouterr().out.splitlines()[:11]
    assert len({len(line) for line in table}) == 1


def test_a_suggestion_can_be_used_by_copying_its_last_line(album: Album, folder: Path, capsys: Capture) -> None:
    answered(album, folder)
    album.set_threshold(70, "me")
    show_suggestion(album, "me")
    first, *_, last = capsys.readouterr().out.splitlines()
    number = last.rpartition(" ")[2]
    assert first == f"Suggested for me's threshold: {number} (it is 70)"
    assert last == f'To use it: sortclient tune "Images" --person "me" --threshold {number}'
    show_suggestion(album, None)
    first, expected, said, last = capsys.readouterr().out.splitlines()
    assert first == f"Suggested for album Images's threshold: {number} (it is 80)"
    assert expected.endswith("about 0.0 wrong matches and 0.0 missed photos")
    assert said == "Of what was said: 0 would be wrong matches, 0 would be missed"
    assert last == f'To use it: sortclient tune "Images" --threshold {number}'


def test_where_too_little_was_said_the_photos_to_be_asked_about_are_listed(
    album: Album, folder: Path, capsys: Capture
) -> None:
    fill(album, folder, a=(90, 30), b=(50, 31))
    with pytest.raises(TooFew):
        show_suggestion(album, "me")
    heading, *lines = capsys.readouterr().out.splitlines()
    assert "to be asked about" in heading
    assert [line.split() for line in lines] == [["90.0", "match", "me", "a.jpg"], ["50.0", "no-match", "me", "b.jpg"]]


# -- results


def test_photos_without_a_date_are_told_of(album: Album, folder: Path, capsys: Capture) -> None:
    put(album, folder, "one.jpg", 90, 90)
    show_results(album, "table", Question(Who.ALL, ("me", "you"), since="2019"), every=False)
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "1 photo without a date was left out.\n")


def test_a_photo_of_people_together_has_a_row_for_each(album: Album, folder: Path, capsys: Capture) -> None:
    put(album, folder, "one.jpg", 90, 95)
    show_results(album, "json", Question(Who.ALL, ("me", "you")), every=False)
    rows = json.loads(capsys.readouterr().out)
    assert [(row["person"], row["similarity"]) for row in rows] == [("me", 90), ("you", 95)]


def test_a_correction_stands_beside_its_photo(album: Album, folder: Path, capsys: Capture) -> None:
    put(album, folder, "one.jpg", 20)
    correct(album, ["one.jpg"], "me", is_person=True)
    show_results(album, "table", Question(Who.ANY, ("me",)), every=False)
    assert capsys.readouterr().out.split() == ["20.0", "match", "me", "one.jpg", "(corrected:", "is)"]


# -- undo


def test_undoing_says_what_goes_and_what_stays(album: Album, folder: Path, out: Path, capsys: Capture) -> None:
    for name in ("one.jpg", "two.jpg", "edited.jpg", "last.jpg", "last too.jpg", "gone.jpg"):
        put(album, folder, name, 90)
    sync(album, Output(out))
    (out / "me/edited.jpg").write_bytes(b"retouched!")
    (out / "me/gone.jpg").unlink()
    before = below(out)
    assert show_undo(album, dry_run=True) == 0
    printed = capsys.readouterr()
    assert set(printed.out.splitlines()) == {
        str(out / "me" / name) for name in ("last.jpg", "last too.jpg", "one.jpg", "two.jpg")
    }
    assert "would be removed; nothing was" in printed.err
    assert below(out) == before
    for name in ("last.jpg", "last too.jpg"):
        (folder / name).unlink()
    assert show_undo(album, dry_run=False) == 0
    told = capsys.readouterr().err
    assert told.startswith("Undone: the sync of 20")
    assert told.endswith(
        f": 2 files removed from {out}; 1 that somebody changed since stays; "
        "2 stay as their photos are gone, and these may be the last copies; 1 was gone already\n"
    )
    assert set(below(out)) == {"me/edited.jpg", "me/last.jpg", "me/last too.jpg"}
