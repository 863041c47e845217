"""A threshold proposed from what a person has said of some photos."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sortclient.errors import InputError
from sortclient.suggestion import LEAST_SAID, Suggestion, suggest

NO = [float(similarity) for similarity in range(50, 70, 2)]  # 50 … 68
YES = [float(similarity) for similarity in range(76, 96, 2)]  # 76 … 94


def simulated(
    seed: int, photos: int = 4000, shows: float = 0.2, yes: float = 80, no: float = 45
) -> list[tuple[float, bool]]:
    """An album whose truth is known: each photo's similarity, and whether it shows the person."""
    chance = random.Random(seed)
    truth = [chance.random() < shows for _ in range(photos)]
    return [(min(max(chance.gauss(yes if is_it else no, 11), 0), 100), is_it) for is_it in truth]


def split(album: list[tuple[float, bool]], said: int) -> tuple[list[float], list[float], list[tuple[float, bool]]]:
    """What was said of the first photos, and the rest with its truth."""
    yes = [similarity for similarity, is_it in album[:said] if is_it]
    no = [similarity for similarity, is_it in album[:said] if not is_it]
    return yes, no, album[said:]


def errors(album: list[tuple[float, bool]], threshold: float) -> tuple[int, int]:
    """Wrong and missed."""
    wrong = sum(similarity >= threshold and not is_it for similarity, is_it in album)
    return wrong, sum(similarity < threshold and is_it for similarity, is_it in album)


def test_clearly_parted_answers_are_parted_in_the_middle_of_the_gap() -> None:
    found = suggest(YES, NO, [])
    assert found == Suggestion(72.0, wrong=0, missed=0, wrong_said=0, missed_said=0)


def test_the_gap_is_that_of_all_photos_also_of_those_nobody_has_spoken_of() -> None:
    assert suggest(YES, NO, [71.0]).threshold == 73.5
    assert suggest(YES, NO, [74.0, 70.0]).threshold == 72.0


@pytest.mark.parametrize("edge", [0.0, 100.0])
def test_answers_at_the_ends_of_the_scale_are_no_obstacle(edge: float) -> None:
    found = suggest([*YES, edge], [*NO, edge], [0.0, 100.0])
    assert 0 <= found.threshold <= 100
    assert 0 <= found.wrong + found.missed <= 2
    assert suggest([100.0] * 10, [0.0] * 10, []).threshold == 50.0


@pytest.mark.parametrize("asked", ["at random", "near a line"])
def test_the_errors_foreseen_are_those_there_are_however_photos_were_chosen(asked: str) -> None:
    """Photos near the line are no random sample; the curve does not mind. In ten albums, as one is a matter of luck."""
    foreseen_wrong = foreseen_missed = wrong = missed = fewest = 0.0
    for seed in range(10):
        album = simulated(seed)
        if asked == "near a line":
            album.sort(key=lambda photo: abs(photo[0] - 65))
        yes, no, rest = split(album, 400)
        found = suggest(yes, no, (similarity for similarity, _ in rest))
        really = errors(rest, found.threshold)
        foreseen_wrong, foreseen_missed = foreseen_wrong + found.wrong, foreseen_missed + found.missed
        wrong, missed = wrong + really[0], missed + really[1]
        fewest += min(sum(errors(rest, tenth / 2)) for tenth in range(80, 160))
    assert wrong / 1.6 < foreseen_wrong < 1.6 * wrong
    assert missed / 1.6 < foreseen_missed < 1.6 * missed
    assert wrong + missed <= 1.1 * fewest + 10


def test_of_twenty_answers_few_errors_are_foreseen_in_a_large_album_far_from_the_line() -> None:
    """A curve that is too flat would foresee hundreds among thousands of photos that are nothing like the person."""
    found = suggest([98.0] * 5 + [90.0] * 5, [3.0] * 5 + [30.0] * 5, [1.0] * 9000 + [99.5] * 1000)
    assert found.wrong + found.missed < 50


def test_between_answers_that_are_clearly_parted_photos_are_in_doubt() -> None:
    found = suggest([80.0] * 10, [70.0] * 10, [74.0] * 50 + [76.0] * 50)
    assert found.threshold == 75.0
    assert 15 < found.wrong + found.missed < 50


def test_lopsided_answers_are_fitted_too() -> None:
    """Newton's method by itself runs away here."""
    found = suggest([99.0] * 6 + [100.0] * 4, [50.0] * 21 + [98.87185180821614] * 109 + [99.0], [])
    assert 98.87 < found.threshold <= 99.0
    assert (found.wrong_said, found.missed_said) == (1, 0)


def test_what_was_said_and_would_be_sorted_otherwise_is_counted() -> None:
    found = suggest([*YES, 60.0], [*NO, 80.0, 80.5], [])
    assert (found.wrong_said, found.missed_said) == (2, 1)
    assert 68 < found.threshold <= 76


def test_a_photo_as_similar_as_the_threshold_is_a_match() -> None:
    found = suggest([80.0] * 10, [79.99] * 10, [80.0] * 3)
    assert found.threshold == 80.0
    assert (found.wrong_said, found.missed_said) == (0, 0)
    assert found.missed == 0
    assert suggest([80.0] * 10, [79.99] * 10 + [80.0], []).wrong_said == 1


def test_the_line_is_not_moved_beyond_what_was_spoken_of() -> None:
    """Hardly any no among many yes: the curve would be at a half far below, where nobody has looked."""
    chance = random.Random(1)
    yes = [chance.uniform(70, 90) for _ in range(300)]
    no = [chance.uniform(70, 88) for _ in range(10)]
    found = suggest(yes, no, [10.0, 20.0, 69.0])
    assert 69.0 < found.threshold <= min(*yes, *no)
    mirrored = suggest([160 - similarity for similarity in no], [160 - similarity for similarity in yes], [91.0, 99.0])
    assert max(160 - similarity for similarity in (*yes, *no)) < mirrored.threshold <= 91.0


@pytest.mark.parametrize(("yes", "no"), [(NO, YES), ([60.0] * 10, [60.0] * 10), (YES, YES)])
def test_answers_that_contradict_the_similarities_are_told_in_one_line(yes: list[float], no: list[float]) -> None:
    with pytest.raises(InputError, match="contradicts") as told:
        suggest(yes, no, [50.0])
    assert "\n" not in str(told.value)


def test_too_few_answers_are_told_with_how_many_are_missing_of_which_kind() -> None:
    with pytest.raises(InputError, match=r"3 more of the person .* and 10 more of somebody else .*--is-not") as told:
        suggest(YES[:7], [], [])
    assert "\n" not in str(told.value)
    with pytest.raises(InputError, match="1 more of the person"):
        suggest(YES[:9], NO, [])
    with pytest.raises(InputError) as told:
        suggest(YES, NO[:9], [])
    assert "1 more of somebody else" in str(told.value)
    assert "the person" not in str(told.value)


def test_the_photos_of_a_large_album_are_passed_once() -> None:
    found = suggest(YES, NO, (photo / 1000 for photo in range(100_000)))
    assert found.threshold == pytest.approx(72, abs=1)


_SIMILARITIES = st.lists(st.floats(0, 100), min_size=LEAST_SAID, max_size=60)


@given(_SIMILARITIES, _SIMILARITIES, st.lists(st.floats(0, 100), max_size=60))
def test_any_answers_have_a_threshold_within_the_scale_or_one_line(
    yes: list[float], no: list[float], others: list[float]
) -> None:
    try:
        found = suggest(yes, no, others)
    except InputError:
        return
    assert 0 <= found.threshold <= 100
    assert round(found.threshold, 1) == found.threshold
    matches = sum(similarity >= found.threshold for similarity in others)
    assert 0 <= found.wrong <= matches
    assert 0 <= found.missed <= len(others) - matches
