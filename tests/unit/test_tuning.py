"""What other thresholds would give, and which photos are worth asking about, from the similarities that are known."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from photosort.comparison import Comparison, Problem
from sortclient.album import Album
from sortclient.deciding import correct
from sortclient.errors import InputError
from sortclient.model import Headshot
from sortclient.photos.scan import scan
from sortclient.suggestion import LEAST_SAID, TooFew
from sortclient.tuning import Curve, curves, suggestion, worth_asking
from sortclient.verdicts import Verdict
from tests.unit.test_sync import ME, YOU, digest_of, put


def fill(album: Album, folder: Path, **similarities: tuple[float, float]) -> None:
    """A photo for each name, as similar to me and to you as said."""
    for person, shot in (("me", ME), ("you", YOU)):
        album.set_headshots(person, [Headshot(person, shot, f"{person}.jpg", b"")])
    for name in similarities:
        (folder / f"{name}.jpg").write_bytes(name.encode())
    album.scanned(scan(folder))
    for name, both in similarities.items():
        album.identified(f"{name}.jpg", digest_of(name))
        for shot, similarity in zip((ME, YOU), both, strict=True):
            album.record(Comparison(shot, digest_of(name), similarity, None, "", "test", ""))


def names(rows: Sequence[Verdict]) -> list[str]:
    return [row.entry.path.removesuffix(".jpg") for row in rows]


def mine(album: Album) -> Curve:
    (curve,) = curves(album, "me")
    return curve


def test_a_curve_counts_the_matches_that_each_threshold_gives(album: Album, folder: Path) -> None:
    fill(album, folder, a=(10, 0), b=(80, 0), c=(80, 0), d=(90, 0))
    curve = mine(album)
    assert [curve.matches(threshold) for threshold in (0, 10, 10.1, 80, 80.1, 90, 100)] == [4, 4, 3, 3, 1, 1, 0]


def test_what_was_said_is_a_match_at_every_threshold_or_at_none(album: Album, folder: Path) -> None:
    fill(album, folder, a=(10, 0), b=(85, 0), c=(95, 0))
    correct(album, ["a.jpg"], "me", is_person=True)
    correct(album, ["c.jpg"], "me", is_person=False)
    assert [mine(album).matches(threshold) for threshold in (0, 85, 100)] == [2, 2, 1]


def test_each_person_has_a_curve_at_their_own_threshold(album: Album, folder: Path) -> None:
    fill(album, folder, a=(90, 10), b=(85, 20))
    album.set_threshold(15, "you")
    assert [(curve.person, curve.threshold, curve.matches(curve.threshold)) for curve in curves(album)] == [
        ("me", 80, 2),
        ("you", 15, 1),
    ]
    assert [curve.person for curve in curves(album, "you")] == ["you"]


def test_nearest_to_the_line_are_the_least_similar_above_it_and_the_most_similar_below(
    album: Album, folder: Path
) -> None:
    fill(album, folder, a=(20, 0), b=(70, 0), c=(79.9, 0), d=(80, 0), e=(81, 0), f=(99, 0))
    above, below = mine(album).nearest(2)
    assert (names(above), names(below)) == (["e", "d"], ["c", "b"])
    above, below = mine(album).nearest(4)
    assert (names(above), names(below)) == (["f", "e", "d"], ["c", "b", "a"])


def test_no_threshold_moves_a_photo_without_a_similarity(album: Album, folder: Path) -> None:
    fill(album, folder, a=(90, 0))
    for name in ("no face.jpg", "failed.jpg", "pending.jpg", "unread.jpg"):
        (folder / name).write_bytes(name.encode())
    album.scanned(scan(folder))
    for name, problem in (("no face", Problem.NO_FACE), ("failed", Problem.FAILED), ("pending", None)):
        album.identified(f"{name}.jpg", digest_of(name))
        if problem:
            album.record(Comparison(ME, digest_of(name), None, problem, "", "test", ""))
    assert names(mine(album).open) == ["a"]


# -- a suggestion


def answered(album: Album, folder: Path, person: str = "me") -> None:
    """As many of each kind as it takes: not the person up to 59, the person from 90."""
    sides = {f"{kind}{number}": base + number for kind, base in (("no", 50), ("yes", 90)) for number in range(10)}
    fill(album, folder, **{name: (value, 0) if person == "me" else (0, value) for name, value in sides.items()})
    for name in sides:
        correct(album, [f"{name}.jpg"], person, is_person=name.startswith("yes"))


def test_a_suggestion_parts_what_was_said(album: Album, folder: Path) -> None:
    answered(album, folder)
    found = suggestion(album)
    assert 59 < found.threshold <= 90
    assert (found.wrong_said, found.missed_said) == (0, 0)


def test_a_suggestion_for_one_person_hears_what_was_said_of_them_only(album: Album, folder: Path) -> None:
    answered(album, folder, "you")
    assert suggestion(album, "you").threshold == suggestion(album).threshold
    with pytest.raises(TooFew, match=f"{LEAST_SAID} more of the person"):
        suggestion(album, "me")


def test_a_photo_counts_once_under_however_many_names(album: Album, folder: Path) -> None:
    fill(album, folder, yes=(90, 0), no=(50, 0))
    for number in range(LEAST_SAID):
        for name in ("yes", "no"):
            (folder / f"{name}{number}.jpg").write_bytes(name.encode())
    album.scanned(scan(folder))
    for number in range(LEAST_SAID):
        for name in ("yes", "no"):
            album.identified(f"{name}{number}.jpg", digest_of(name))
    correct(album, ["yes.jpg"], "me", is_person=True)
    correct(album, ["no.jpg"], "me", is_person=False)
    with pytest.raises(TooFew, match=f"{LEAST_SAID - 1} more of the person .* and {LEAST_SAID - 1} more of somebody"):
        suggestion(album)


def test_what_is_expected_is_of_the_photos_that_nobody_has_spoken_of(album: Album, folder: Path) -> None:
    answered(album, folder)
    assert suggestion(album, "me").wrong == suggestion(album, "me").missed == 0
    put(album, folder, "near.jpg", 75)
    assert suggestion(album, "me").wrong + suggestion(album, "me").missed > 0


def test_an_album_without_people_has_no_threshold_to_suggest(album: Album) -> None:
    with pytest.raises(InputError, match="Nobody is looked for"):
        suggestion(album)


# -- photos to be asked about


def test_worth_asking_is_an_even_spread_from_the_most_similar(album: Album, folder: Path) -> None:
    fill(album, folder, **{f"p{number:02}": (number, 0) for number in range(100)})
    assert names(worth_asking(album, "me", 3)) == ["p99", "p59", "p20"]
    assert len(worth_asking(album, "me")) == 2 * LEAST_SAID


def test_nobody_is_asked_twice_nor_about_what_was_said(album: Album, folder: Path) -> None:
    fill(album, folder, a=(90, 5), b=(50, 6), c=(20, 7))
    correct(album, ["b.jpg"], "me", is_person=False)
    assert names(worth_asking(album, "me")) == ["a", "c"]
    assert [(row.person, row.entry.path) for row in worth_asking(album)] == [
        ("me", "a.jpg"),
        ("me", "c.jpg"),
        ("you", "c.jpg"),
        ("you", "b.jpg"),
        ("you", "a.jpg"),
    ]
    assert len(worth_asking(album, "me", 1)) == 1


def test_nobody_is_asked_about_the_same_bytes_twice(album: Album, folder: Path) -> None:
    put(album, folder, "one.jpg", 90)
    (folder / "twin.jpg").write_bytes(b"one.jpg")
    album.scanned(scan(folder))
    album.identified("twin.jpg", digest_of("one.jpg"))
    assert len(worth_asking(album, "me")) == 1
