"""Which photos a question is answered with, and how it is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from photosort.comparison import Comparison, Problem
from sortclient.album import Album
from sortclient.errors import InputError
from sortclient.model import Box, Headshot
from sortclient.photos.scan import scan
from sortclient.question import MATCHES, Question, Who, asked, from_text, to_text, undated
from sortclient.verdicts import verdicts_of

ANA, BO, CEM = "a" * 64, "b" * 64, "c" * 64
PEOPLE = {"Ana": ANA, "Bo": BO, "Cem, Jr.": CEM}

# Who is in each photo, and how many faces it shows.
PHOTOS = {
    "ana.jpg": ({"Ana"}, 1),
    "ana-and-a-stranger.jpg": ({"Ana"}, 2),
    "both.jpg": ({"Ana", "Bo"}, 2),
    "bo.jpg": ({"Bo"}, 1),
    "everybody.jpg": ({"Ana", "Bo", "Cem, Jr."}, 3),
    "stranger.jpg": (set(), 1),
    "things.jpg": (set(), 0),
}


@pytest.fixture
def album(album: Album, folder: Path) -> Album:
    for person, shot in PEOPLE.items():
        album.set_headshots(person, [Headshot(person, shot, f"{person}.jpg", b"")])
    for number, (path, (people, faces)) in enumerate(PHOTOS.items()):
        digest = add(album, folder, path, number)
        for person, shot in PEOPLE.items():
            similarity = None if not faces else 95.0 if person in people else 5.0
            problem = Problem.NO_FACE if similarity is None else None
            album.record(Comparison(shot, digest, similarity, problem, "", "test", "", faces))
    return album


def add(album: Album, folder: Path, path: str, number: int, taken: str = "") -> str:
    digest = f"{number:064x}"
    (folder / path).write_bytes(str(number).encode())
    album.scanned(scan(folder))
    album.identified(path, digest, taken)
    return digest


def answer(album: Album, question: Question) -> set[str]:
    return {found[0].entry.path for found in question.photos(album)}


@pytest.mark.parametrize(
    ("question", "photos"),
    [
        (MATCHES, {"ana.jpg", "ana-and-a-stranger.jpg", "both.jpg", "bo.jpg", "everybody.jpg"}),
        (Question(Who.ANY, ("Bo",)), {"both.jpg", "bo.jpg", "everybody.jpg"}),
        (Question(Who.ANY, ("Bo", "Cem, Jr.")), {"both.jpg", "bo.jpg", "everybody.jpg"}),
        (Question(Who.ALL, ("Ana", "Bo")), {"both.jpg", "everybody.jpg"}),
        (Question(Who.ONLY, ("Ana",)), {"ana.jpg"}),
        (Question(Who.ONLY, ("Bo", "Ana")), {"both.jpg"}),
        (Question(Who.ONLY, ("Cem, Jr.",)), set()),
        (Question(Who.NONE), {"stranger.jpg", "things.jpg"}),
    ],
)
def test_each_question_has_its_photos(album: Album, question: Question, photos: set[str]) -> None:
    assert answer(album, question) == photos


def test_any_names_each_person_and_the_others_one_answer_a_photo(album: Album) -> None:
    def copies(question: Question) -> list[tuple[str, str]]:
        return [(row.person, row.entry.path) for row in question.copies(album) if row.entry.path == "both.jpg"]

    assert copies(MATCHES) == copies(Question(Who.ANY, ("Ana", "Bo"))) == [("Ana", "both.jpg"), ("Bo", "both.jpg")]
    assert copies(Question(Who.ALL, ("Ana", "Bo"))) == [("Ana and Bo", "both.jpg")]
    nobody = list(Question(Who.NONE).copies(album))
    assert [(row.person, row.outcome.value) for row in nobody] == [("", "no-match"), ("", "no-face")]


def test_cells_without_a_number_of_faces_leave_it_to_the_people_who_are_known(album: Album, folder: Path) -> None:
    digest = add(album, folder, "old.jpg", 99)
    for person, shot in PEOPLE.items():
        album.record(Comparison(shot, digest, 90.0 if person == "Ana" else 3.0, None, "", "test", ""))
    assert "old.jpg" in answer(album, Question(Who.ONLY, ("Ana",)))


@pytest.mark.parametrize("problem", [None, Problem.FAILED], ids=["pending", "failed"])
def test_what_is_not_decided_is_of_nobody_alone_and_not_of_none(
    album: Album, folder: Path, problem: Problem | None
) -> None:
    digest = add(album, folder, "open.jpg", 99)
    album.record(Comparison(ANA, digest, 95.0, None, "", "test", "", 1))
    album.record(Comparison(BO, digest, 5.0, None, "", "test", "", 1))
    if problem:
        album.record(Comparison(CEM, digest, None, problem, "", "test", ""))
    assert "open.jpg" in answer(album, Question(Who.ANY, ("Ana",)))
    assert "open.jpg" not in answer(album, Question(Who.ONLY, ("Ana",)))
    album.set_threshold(96)
    assert "open.jpg" not in answer(album, Question(Who.NONE))


@pytest.mark.parametrize(
    ("since", "until", "photos"),
    [
        ("2019", "", {"a.jpg", "b.jpg", "c.jpg"}),
        ("2019-06-30", "", {"a.jpg", "b.jpg", "c.jpg"}),
        ("2019-07", "", {"b.jpg", "c.jpg"}),
        ("2019-06", "2019-06", {"a.jpg"}),
        ("", "2019", {"a.jpg", "b.jpg"}),
        ("2019-12-31", "2019-12-31", {"b.jpg"}),
        ("2020", "2020", {"c.jpg"}),
        ("2021", "", set()),
    ],
)
def test_both_bounds_of_a_time_are_included(
    album: Album, folder: Path, since: str, until: str, photos: set[str]
) -> None:
    dates = {"a.jpg": "2019-06-30T23:59:59", "b.jpg": "2019-12-31T10:00:00", "c.jpg": "2020-01-01T00:00:00"}
    for number, (path, taken) in enumerate(dates.items(), 100):
        digest = add(album, folder, path, number, taken)
        album.record(Comparison(ANA, digest, 95.0, None, "", "test", "", 1))
    question = Question(Who.ANY, ("Ana",), since, until)
    assert answer(album, question) == photos
    assert undated(album, question) == "4 photos without a date were left out."  # Ana's
    assert undated(album, Question(Who.ANY, ("Ana",))) == ""


def test_what_still_may_become_an_answer_is_not_refuted(album: Album, folder: Path) -> None:
    digest = add(album, folder, "open.jpg", 99)
    album.record(Comparison(ANA, digest, 5.0, None, "", "test", "", 1))
    rows = list(verdicts_of(album, ["open.jpg"]))
    assert Question(Who.ANY, ("Ana",)).refuted(("Ana", "open.jpg"), rows)
    assert not Question(Who.ANY, ("Bo",)).refuted(("Bo", "open.jpg"), rows)
    assert not Question(Who.ALL, ("Ana", "Bo")).refuted(("", "open.jpg"), rows)
    assert not Question(Who.ANY, ("Ana",)).refuted(("Ana", "open.jpg"), [])  # it has left the album
    assert not Question(Who.ANY, ("Dee",)).refuted(("Dee", "open.jpg"), rows)  # nobody knows her here any more


def test_names_are_understood_with_commas_in_quotes_and_repeated(album: Album) -> None:
    assert asked(album, any_of=["Ana,Bo"]).people == ("Ana", "Bo")
    assert asked(album, any_of=["Ana", "Bo, Ana"]).people == ("Ana", "Bo")
    assert asked(album, all_of=["Cem, Jr."]).people == ("Cem, Jr.",)
    assert asked(album, only=['"Cem, Jr.",Ana']).people == ("Ana", "Cem, Jr.")  # in any order it is the same question


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"any_of": ["Anna"]}, "Did you mean 'Ana'"),
        ({"any_of": ["Zoë"]}, "Known are: Ana, Bo"),
        ({"any_of": [""]}, "Name people like this"),
        ({"any_of": ["Ana"], "none": True}, "--any and --none"),
        ({"since": "yesterday"}, "--since yesterday"),
        ({"since": "2019-02-30"}, "--since 2019-02-30"),
        ({"until": "2019-13"}, "--until 2019-13"),
        ({"until": "٢٠١٩"}, "--until"),
        ({"since": "0000"}, "--since 0000"),
        ({"since": "2020-01", "until": "2019"}, "later than"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_a_line(album: Album, options: dict[str, object], reason: str) -> None:
    with pytest.raises(InputError, match=reason) as refused:
        asked(album, **options)  # type: ignore[arg-type]
    assert "\n" not in str(refused.value)


def test_a_question_is_remembered_as_it_was_asked(album: Album) -> None:
    for question in (MATCHES, Question(Who.NONE), Question(Who.ALL, ("Ana", "Cem, Jr."), "2019", "2020-06")):
        assert from_text(to_text(question)) == question
    assert to_text(MATCHES) == ""
    assert str(Question(Who.ALL, ("Ana", "Bo"), "2019", "2020-06")) == "--all Ana,Bo --since 2019 --until 2020-06"


def test_a_photo_of_people_together_is_one_copy_as_similar_as_the_least_of_them(album: Album, folder: Path) -> None:
    """What stands in its name is what all of them reach."""
    digest = add(album, folder, "two.jpg", 99)
    for shot, similarity in ((ANA, 99.0), (BO, 85.0), (CEM, 4.0)):
        album.record(Comparison(shot, digest, similarity, None, "", "test", "", 2))
    for who in (Who.ALL, Who.ONLY):
        rows = [row for row in Question(who, ("Ana", "Bo")).copies(album) if row.entry.path == "two.jpg"]
        assert [(row.person, row.similarity) for row in rows] == [("Ana and Bo", 85.0)]


def test_a_photo_of_nobody_is_one_row_as_similar_as_the_nearest_person(album: Album, folder: Path) -> None:
    digest = add(album, folder, "near.jpg", 99)
    for shot, similarity in ((ANA, 5.0), (BO, 60.0), (CEM, 4.0)):
        album.record(Comparison(shot, digest, similarity, None, "", "test", "", 1, Box(0.1, 0.1, 0.2, 0.2)))
    (row,) = (row for row in Question(Who.NONE).copies(album) if row.entry.path == "near.jpg")
    assert (row.person, row.similarity, row.box, row.detail) == ("", 60.0, None, "")


def test_what_is_open_of_anybody_keeps_a_photo_of_people_together_from_being_refuted(
    album: Album, folder: Path
) -> None:
    digest = add(album, folder, "open.jpg", 99)
    album.record(Comparison(ANA, digest, 5.0, None, "", "test", "", 1))
    rows = list(verdicts_of(album, ["open.jpg"]))
    assert not Question(Who.ONLY, ("Ana",)).refuted("Ana", rows)
    assert not Question(Who.NONE).refuted("", rows)
    for shot in (BO, CEM):
        album.record(Comparison(shot, digest, 5.0, None, "", "test", "", 1))
    rows = list(verdicts_of(album, ["open.jpg"]))
    assert Question(Who.ONLY, ("Ana",)).refuted("Ana", rows)
    assert Question(Who.NONE).refuted("", rows)


def test_white_space_around_a_name_is_no_part_of_it(album: Album) -> None:
    assert asked(album, any_of=[" Ana , Bo "]).people == ("Ana", "Bo")


@pytest.mark.parametrize(
    ("since", "until"), [("2019-06", "2019"), ("2019-06-30", "2019-06"), ("2019", "2019-01"), ("2019", "2019")]
)
def test_a_time_that_ends_within_the_one_it_begins_in_can_be_asked(album: Album, since: str, until: str) -> None:
    question = asked(album, since=since, until=until)
    assert (question.since, question.until) == (since, until)


def test_a_date_is_asked_of_the_photos_of_the_question_only(album: Album, folder: Path) -> None:
    """Of the seven photos without a date one is of Ana and Bo and nobody else."""
    assert undated(album, Question(Who.ONLY, ("Ana", "Bo"), "2019")) == "1 photo without a date was left out."
    assert undated(album, Question(Who.NONE, (), "", "2019")) == "2 photos without a date were left out."
