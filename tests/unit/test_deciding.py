"""Thresholds and corrections: what a person decides, what follows from it, and that nothing is compared for it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from photosort.comparison import Comparison, Correction, Problem, Thresholds
from sortclient.album import Album
from sortclient.catalog import Catalog
from sortclient.comparer import Decided, NothingElsewhere
from sortclient.deciding import check_threshold, correct, hear, own_thresholds, set_threshold, settle
from sortclient.errors import InputError
from sortclient.ledger import row
from sortclient.model import Headshot, Outcome, Rejection
from sortclient.outputs import Output
from sortclient.photos.scan import scan
from sortclient.sync import Synchronised, sync
from sortclient.verdicts import matches, verdicts
from tests.unit.test_sync import ME, below, digest_of, put


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


@pytest.mark.parametrize("threshold", [float("nan"), -0.1, 100.1, float("inf")])
def test_what_is_no_per_cent_is_no_threshold(threshold: float) -> None:
    with pytest.raises(InputError, match="name a number from 0 to 100"):
        check_threshold(threshold)


def test_a_threshold_has_as_many_digits_as_the_table_holds() -> None:
    assert [check_threshold(threshold) for threshold in (0, 87.123456789, 100)] == [0, 87.1235, 100]


def test_what_is_decided_is_saved(album: Album, folder: Path, tmp_path: Path) -> None:
    put(album, folder, "one.jpg", 85)
    album.save()

    def saved() -> Album:
        found = another.find_album("Images")
        assert found is not None
        return found

    with Catalog(tmp_path / "data" / "catalog.sqlite") as another:
        set_threshold(album, 90, "me")
        assert saved().thresholds == Thresholds(80, {"me": 90})
        set_threshold(album, None, "me")
        assert saved().thresholds == Thresholds(80)
        correct(album, ["one.jpg"], "me", is_person=True)
        assert len(saved().corrections()) == 1
        settle(album, Cloud())
        assert saved().settled == album.settled != ""


def test_thresholds_of_the_cloud_take_the_place_of_all_that_were_here(album: Album) -> None:
    album.set_thresholds(Thresholds(85, {"me": 90, "you": 70}))
    album.set_thresholds(Thresholds(75, {"me": 60}))
    assert album.thresholds == Thresholds(75, {"me": 60})


def test_albums_share_no_decision(catalog: Catalog, album: Album, folder: Path, tmp_path: Path) -> None:
    put(album, folder, "one.jpg", 85)
    set_threshold(album, 90, "me")
    correct(album, ["one.jpg"], "me", is_person=True)
    other = catalog.open_album("Other", tmp_path / "Other", "this machine")
    assert (other.thresholds, other.corrections()) == (Thresholds(80), [])


def test_a_photo_is_found_by_whatever_leads_to_its_folder_and_by_its_own_name(
    album: Album, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A link that is a photo of the album is not the photo that it leads to."""
    put(album, folder, "sub/one.jpg", 85)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/far.jpg").write_bytes(b"far")
    (folder / "linked.jpg").symlink_to(tmp_path / "elsewhere/far.jpg")
    (folder / "\udcff.jpg").write_bytes(b"no UTF-8")
    (tmp_path / "short").symlink_to(folder / "sub")
    album.scanned(scan(folder))
    album.identified("linked.jpg", digest_of("far"))
    album.identified("\\xff.jpg", digest_of("odd"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(folder)

    def found(text: str) -> str:
        (entry,) = correct(album, [text], "me", is_person=True)
        return entry.path

    for text in (tmp_path / "short/one.jpg", "~/Images/sub/one.jpg", "sub/../sub/one.jpg"):
        assert found(str(text)) == "sub/one.jpg"
    assert found(str(folder / "linked.jpg")) == "linked.jpg"
    for text in ("\udcff.jpg", str(folder / "\udcff.jpg"), "\\xff.jpg"):
        assert found(text) == "\\xff.jpg"


def test_a_copy_is_found_among_the_others_of_its_folder(album: Album, folder: Path, tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        put(album, folder, name, 85)
    sync(album, Output(tmp_path / "Matches"))
    for name in ("c.jpg", "a.jpg", "b.jpg"):
        assert correct(album, [str(tmp_path / "Matches/me" / name)], "me", is_person=True)[0].path == name
    (tmp_path / "Matches/me/d.jpg").write_bytes(b"somebody's")
    with pytest.raises(InputError, match="no photo"):
        correct(album, [str(tmp_path / "Matches/me/d.jpg")], "me", is_person=True)


AHEAD = "2999-01-01T00:00:00.000Z"  # by another machine's clock


def test_what_is_said_here_now_is_the_last_word_whatever_the_other_clock_says(album: Album, folder: Path) -> None:
    put(album, folder, "one.jpg", 85)
    album.correct([Correction("me", digest_of("one.jpg"), True, AHEAD)])
    correct(album, ["one.jpg"], "me", is_person=False)
    assert outcomes(album) == {"one.jpg": "no-match"}
    album.set_thresholds(Thresholds(90, {"me": 70}, AHEAD))
    for word in (lambda: set_threshold(album, 85), lambda: set_threshold(album, None, "me")):
        before = album.thresholds.at
        word()
        assert album.thresholds.at > before
    assert album.thresholds == Thresholds(85)


class Talking(Cloud):
    """Another machine has said something."""

    def __init__(self, thresholds: Thresholds | None = None, *said: Correction) -> None:
        super().__init__()
        self.heard, self.said = thresholds, said

    def thresholds(self, album: str) -> Thresholds | None:
        return self.heard

    def corrections(self, album: str) -> Iterable[Correction]:
        return self.said


@pytest.mark.parametrize(
    ("here", "there", "holds"),
    [
        (Thresholds(), Thresholds(85), 85),  # written by an earlier version
        (Thresholds(70, at="2026-02"), Thresholds(85), 70),
        (Thresholds(70, at="2026-02"), Thresholds(85, at="2026-01"), 70),
        (Thresholds(70, at="2026-01"), Thresholds(85, at="2026-02"), 85),
        (Thresholds(70, at="2026-01"), None, 70),
    ],
)
def test_of_thresholds_those_said_last_hold(
    album: Album, here: Thresholds, there: Thresholds | None, holds: float
) -> None:
    album.set_thresholds(here)
    hear(album, Talking(there))
    assert album.thresholds.album == holds
    assert album.thresholds.at == max(here.at, there.at if there else "")


def test_what_is_heard_is_saved(album: Album, tmp_path: Path) -> None:
    said = Correction("me", "c" * 64, False, "2026-01-01T00:00:00.000Z")
    hear(album, Talking(Thresholds(85, {"me": 70}, "2026-01"), said))
    with Catalog(tmp_path / "data" / "catalog.sqlite") as another:
        known = another.find_album("Images")
        assert known is not None
        assert (known.thresholds, known.thresholds.at) == (Thresholds(85, {"me": 70}), "2026-01")
        assert known.corrections() == [said]


def test_the_cloud_follows_again_once_something_else_was_compared(album: Album, folder: Path) -> None:
    """It may have been compared before what was decided: by other thresholds, and without the corrections."""
    put(album, folder, "one.jpg", 85)
    cloud = Cloud()
    settle(album, cloud)
    album.record(Comparison(ME, "c" * 64, None, Problem.FAILED, "why", "test", "2026-01"))
    settle(album, cloud)
    assert len(cloud.told) == 1  # nobody knows more than before
    album.record(Comparison(ME, "c" * 64, 85.0, None, "", "test", "2026-02"))
    for _ in range(2):
        settle(album, cloud)
    assert len(cloud.told) == 2


def test_what_was_said_of_people_who_left_stays_here(album: Album, folder: Path) -> None:
    put(album, folder, "one.jpg", 85)
    said = [Correction(person, digest_of("one.jpg"), True, "2026-01") for person in ("me", "somebody who left")]
    album.correct(said)
    cloud = Cloud()
    settle(album, cloud)
    assert cloud.told[0].corrections == said[:1]


def test_whose_thresholds_are_their_own_is_told(album: Album, folder: Path) -> None:
    put(album, folder, "one.jpg", 85)
    assert own_thresholds(album) == ""
    album.set_threshold(70, "you")
    album.set_threshold(70, "somebody who left")
    assert own_thresholds(album).startswith("With thresholds of their own, as before: you (70).")
