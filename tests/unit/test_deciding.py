"""Thresholds and corrections: what a person decides, what follows from it, and that nothing is compared for it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from photosort.comparison import Comparison, Correction, Problem, Thresholds
from sortclient.album import Album
from sortclient.comparer import Decided, NothingElsewhere
from sortclient.deciding import correct, set_threshold, settle
from sortclient.errors import InputError
from sortclient.ledger import row
from sortclient.model import Headshot, Outcome, Rejection
from sortclient.outputs import Output
from sortclient.photos.scan import scan
from sortclient.sync import Synchronised, sync
from sortclient.verdicts import matches, verdicts
from tests.unit.test_sync import below, digest_of, put


class Cloud(NothingElsewhere):
    """Notes what it is told to follow."""

    place = "a stack"

    def __init__(self) -> None:
        self.told: list[Decided] = []
        self.fails = False

    def decide(self, album: str, decided: Decided) -> None:
        assert album == "Images"
        if self.fails:
            raise InputError("no network")
        self.told.append(decided)


def outcomes(album: Album, person: str = "me") -> dict[str, str]:
    return {verdict.entry.path: verdict.outcome.value for verdict in verdicts(album) if verdict.person == person}


def test_a_person_may_have_a_threshold_of_their_own(album: Album, folder: Path) -> None:
    put(album, folder, "one.jpg", 85, 85)
    set_threshold(album, 90)
    assert outcomes(album) == outcomes(album, "you") == {"one.jpg": "no-match"}
    set_threshold(album, 85, "you")
    assert (outcomes(album), outcomes(album, "you")) == ({"one.jpg": "no-match"}, {"one.jpg": "match"})
    assert [verdict.person for verdict in matches(album)] == ["you"]
    set_threshold(album, 80)
    set_threshold(album, 99, "you")
    assert [verdict.person for verdict in matches(album)] == ["me"]
    set_threshold(album, None, "you")
    assert album.thresholds == Thresholds(80.0)


def test_what_is_said_holds_at_every_threshold_and_is_told(album: Album, folder: Path) -> None:
    put(album, folder, "one.jpg", 85)
    put(album, folder, "two.jpg", 20)
    correct(album, ["one.jpg"], "me", is_person=False)
    correct(album, ["two.jpg"], "me", is_person=True)
    for threshold in (0, 50, 100):
        album.set_threshold(threshold)
        assert outcomes(album) == {"one.jpg": "no-match", "two.jpg": "match"}
        assert [verdict.entry.path for verdict in matches(album) if verdict.person == "me"] == ["two.jpg"]
    told = {row(verdict)["photo"]: row(verdict) for verdict in verdicts(album) if verdict.person == "me"}
    assert (told["one.jpg"]["detail"], told["one.jpg"]["similarity"]) == ("corrected: is not", 85)
    assert (told["two.jpg"]["detail"], told["two.jpg"]["similarity"]) == ("corrected: is", 20)
    correct(album, ["one.jpg", "two.jpg"], "me", is_person=None)
    album.set_threshold(80)
    assert outcomes(album) == {"one.jpg": "match", "two.jpg": "no-match"}


def test_what_is_said_is_of_the_bytes_and_outlives_other_headshots(album: Album, folder: Path) -> None:
    put(album, folder, "one.jpg", 20, content=b"same")
    put(album, folder, "other name.jpg", 20, content=b"same")
    correct(album, ["one.jpg"], "me", is_person=True)
    assert outcomes(album) == {"one.jpg": "match", "other name.jpg": "match"}
    assert outcomes(album, "you") == {"one.jpg": "no-match", "other name.jpg": "no-match"}
    album.set_headshots("me", [Headshot("me", "c" * 64, "new.jpg", b"")])
    assert outcomes(album)["one.jpg"] == "match"  # though that column is not compared yet
    put(album, folder, "one.jpg", 20, content=b"another picture under the name")
    assert outcomes(album) == {"one.jpg": "no-match", "other name.jpg": "match"}


@pytest.mark.parametrize("problem", [Problem.NO_FACE, Problem.FAILED, None])
def test_who_is_there_may_be_said_where_nothing_was_found(album: Album, folder: Path, problem: Problem | None) -> None:
    put(album, folder, "one.jpg", 20)
    album.set_headshots("me", [Headshot("me", "c" * 64, "me.jpg", b"")])
    if problem:
        album.record(Comparison("c" * 64, digest_of("one.jpg"), None, problem, "why", "test", ""))
    correct(album, ["one.jpg"], "me", is_person=True)
    assert [(verdict.outcome, verdict.similarity) for verdict in matches(album)] == [(Outcome.MATCH, None)]


def test_the_copies_follow_what_is_said(album: Album, folder: Path, tmp_path: Path) -> None:
    put(album, folder, "one.jpg", 85)
    put(album, folder, "two.jpg", 20)
    out = tmp_path / "Matches"
    sync(album, Output(out))
    correct(album, [str(out / "me/one.jpg")], "me", is_person=False)  # as it is seen among the matches
    correct(album, [str(folder / "two.jpg")], "me", is_person=True)
    assert sync(album, Output(out)) == Synchronised(added=1, removed=1)
    assert set(below(out)) == {"me/two.jpg"}


def test_a_photo_is_known_by_its_path_its_file_and_its_copy(album: Album, folder: Path, tmp_path: Path) -> None:
    put(album, folder, "sub/one.jpg", 85)
    sync(album, Output(tmp_path / "Matches", "{person}-{name}"))
    for text in ("sub/one.jpg", str(folder / "sub/one.jpg"), str(tmp_path / "Matches/me-one.jpg")):
        assert [entry.path for entry in correct(album, [text], "me", is_person=True)] == ["sub/one.jpg"]


@pytest.mark.parametrize(
    ("photos", "person", "reason"),
    [
        (["one.jpg", "none.jpg"], "me", "no photo none.jpg"),
        (["/etc/passwd"], "me", "no photo"),
        (["one.jpg"], "mee", "Did you mean 'me'"),
        (["one.jpg", "notes.txt"], "me", "cannot be corrected: document"),
        (["one.jpg", "unread.jpg"], "me", "not read yet"),
    ],
)
def test_what_the_album_has_not_cannot_be_corrected_and_changes_nothing(
    album: Album, folder: Path, photos: list[str], person: str, reason: str
) -> None:
    put(album, folder, "one.jpg", 85)
    for name in ("notes.txt", "unread.jpg"):
        (folder / name).write_bytes(b"x")
    album.scanned(scan(folder))
    album.rejected("notes.txt", Rejection(Outcome.NOT_A_PHOTO, "document"))
    with pytest.raises(InputError, match=reason):
        correct(album, photos, person, is_person=True)
    assert album.corrections() == []


def test_what_was_said_last_stands_on_whatever_machine(album: Album) -> None:
    photo = "c" * 64
    for at, is_person in (("2026-02", True), ("2026-01", False), ("2026-03", None)):
        album.correct([Correction("me", photo, is_person, at)])
    assert album.corrected() == {}
    album.correct([Correction("me", photo, True, "2026-02")])  # another machine's, older than what was taken back
    assert album.corrections() == [Correction("me", photo, None, "2026-03")]


def test_the_cloud_follows_once_for_each_change(album: Album, folder: Path) -> None:
    put(album, folder, "one.jpg", 85, 10)
    put(album, folder, "two.jpg", 20, 10)
    one, two = (bytes.fromhex(digest_of(name)) for name in ("one.jpg", "two.jpg"))
    cloud = Cloud()
    settle(album, cloud)
    settle(album, cloud)
    (told,) = cloud.told
    assert told.matches == {"me": {one}}
    assert [told.refuted("me", photo) for photo in (one, two, b"x" * 32)] == [False, True, False]
    assert not told.refuted("somebody of another machine", two)

    def changes() -> Iterable[None]:
        yield set_threshold(album, 90)
        yield set_threshold(album, 80, "me")
        correct(album, ["two.jpg"], "me", is_person=True)
        yield
        correct(album, ["two.jpg"], "me", is_person=None)
        yield
        yield album.set_headshots("you", [Headshot("you", "c" * 64, "new.jpg", b"")])

    for number, _ in enumerate(changes(), 2):
        for _again in range(2):
            settle(album, cloud)
        assert len(cloud.told) == number
    assert [sorted(told.matches.get("me", ())) for told in cloud.told] == [
        [one],
        [],
        [one],
        sorted([one, two]),
        [one],
        [one],
    ]


def test_a_cloud_that_could_not_be_reached_follows_the_next_time(album: Album, folder: Path) -> None:
    put(album, folder, "one.jpg", 85)
    cloud = Cloud()
    cloud.fails = True
    with pytest.raises(InputError):
        settle(album, cloud)
    cloud.fails = False
    settle(album, cloud)
    assert len(cloud.told) == 1


def test_this_machine_has_nothing_to_follow(album: Album, folder: Path) -> None:
    put(album, folder, "one.jpg", 85)
    settle(album, NothingElsewhere())
    assert album.settled == ""
