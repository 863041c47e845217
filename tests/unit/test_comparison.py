from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from hypothesis import given
from hypothesis import strategies as st

from photosort import comparison
from photosort.comparison import (
    Box,
    Comparison,
    Correction,
    Problem,
    Thresholds,
    correction_item,
    from_item,
    is_cell,
    later_than,
    now,
    read_correction,
    read_thresholds,
    thresholds_item,
    timestamp,
    to_item,
)
from tests.unit.strategies import digests, names

HEADSHOT, PHOTO = "a" * 64, "b" * 64
similarities = st.floats(0, 100).map(lambda value: round(value, 4))
parts = st.floats(0, 1).map(lambda value: round(value, 5))
moments = st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC))


@st.composite
def comparisons(draw: st.DrawFn) -> Comparison:
    problem = draw(st.none() | st.sampled_from(Problem))
    return Comparison(
        headshot=draw(digests),
        photo=draw(digests),
        similarity=draw(similarities) if problem is None else None,
        problem=problem,
        detail=draw(st.text(max_size=50)),
        engine="rekognition",
        compared_at=timestamp(draw(moments)),
        faces=draw(st.none() | st.integers(0, 100)),
        box=draw(st.none() | st.builds(Box, parts, parts, parts, parts)),
    )


corrections = st.builds(Correction, names, digests, st.none() | st.booleans(), moments.map(timestamp))
percents = st.floats(0, 100).map(lambda value: round(value, 9))


def stored(item: dict[str, Any]) -> dict[str, Any]:
    """The item as DynamoDB is sent it, and gives it back."""
    sent = TypeSerializer().serialize(item)["M"]
    return {name: TypeDeserializer().deserialize(value) for name, value in sent.items()}


@given(comparisons())
def test_a_cell_survives_the_table(cell: Comparison) -> None:
    assert from_item(stored(to_item("album", cell, expires_at=1_800_000_000))) == cell


@given(st.builds(Thresholds, percents, st.dictionaries(names, percents, max_size=5)))
def test_thresholds_survive_the_table(thresholds: Thresholds) -> None:
    assert read_thresholds(stored(thresholds_item("album", thresholds))) == thresholds


@given(corrections)
def test_a_correction_survives_the_table_and_is_never_taken_for_a_cell(correction: Correction) -> None:
    item = stored(correction_item("album", correction, expires_at=1_800_000_000))
    assert read_correction(item) == correction
    assert not is_cell(item[comparison.CELL])
    assert item[comparison.EXPIRES_AT] == 1_800_000_000
    assert comparison.COMPARED_AT not in item  # the index leaves out what has none
    assert len(item[comparison.CELL].encode()) <= 1024  # DynamoDB's limit of a sort key
    with pytest.raises(ValueError, match="not a cell"):
        from_item(item)


@given(comparisons())
def test_no_cell_is_taken_for_a_correction(cell: Comparison) -> None:
    item = to_item("album", cell, expires_at=0)
    assert is_cell(item[comparison.CELL])
    with pytest.raises(ValueError, match="not a correction"):
        read_correction(item)


@pytest.mark.parametrize(
    "key",
    [f"correction/{PHOTO}", "correction/Bo/", f"correction/B o/{PHOTO}", f"correction/Bo/x/{PHOTO}", f"Bo/{PHOTO}"],
)
def test_other_items_are_no_corrections(key: str) -> None:
    with pytest.raises(ValueError, match="not"):
        read_correction({comparison.CELL: key, comparison.IS_PERSON: True, comparison.CORRECTED_AT: ""})


@given(comparisons())
def test_a_cells_key_is_its_two_digests(cell: Comparison) -> None:
    item = to_item("album", cell, expires_at=0)
    assert item[comparison.CELL] == f"{cell.headshot}/{cell.photo}"
    assert item[comparison.ALBUM] == "album"


@given(moments, moments)
def test_times_as_text_have_the_order_of_times(one: datetime, other: datetime) -> None:
    def cut(moment: datetime) -> datetime:
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)

    assert (timestamp(one) < timestamp(other)) == (cut(one) < cut(other))


def test_times_are_utc() -> None:
    noon = datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    assert timestamp(noon) == "2026-01-01T10:00:00.000Z"


@pytest.mark.parametrize(("similarity", "problem"), [(None, None), (50.0, Problem.FAILED)])
def test_a_cell_has_either_a_similarity_or_a_problem(similarity: float | None, problem: Problem | None) -> None:
    with pytest.raises(ValueError, match="either"):
        Comparison(HEADSHOT, PHOTO, similarity, problem, "", "", "")


@pytest.mark.parametrize(
    ("problem", "settled"), [(None, True), (Problem.NO_FACE, True), (Problem.UNREADABLE, True), (Problem.FAILED, False)]
)
def test_only_a_failure_is_no_verdict(problem: Problem | None, settled: bool) -> None:
    cell = Comparison(HEADSHOT, PHOTO, 1.0 if problem is None else None, problem, "", "", "")
    assert cell.is_verdict is settled


@pytest.mark.parametrize("key", [comparison.THRESHOLD_ITEM, HEADSHOT, f"{HEADSHOT}/", f"/{PHOTO}", f"{HEADSHOT}/x"])
def test_other_items_are_no_cells(key: str) -> None:
    with pytest.raises(ValueError, match="not a cell"):
        from_item({comparison.CELL: key, comparison.COMPARED_AT: ""})


@given(st.builds(Thresholds, percents, at=moments.map(timestamp)))
def test_when_thresholds_were_said_survives_the_table(thresholds: Thresholds) -> None:
    item = stored(thresholds_item("album", thresholds))
    assert read_thresholds(item).at == thresholds.at
    del item[comparison.THRESHOLDS_AT]  # as an earlier version wrote it
    assert read_thresholds(item) == Thresholds(thresholds.album, at="")


def test_the_last_word_is_later_also_than_one_by_a_clock_ahead() -> None:
    ahead = "2999-12-31T23:59:59.999Z"
    assert later_than(ahead) == "3000-01-01T00:00:00.000Z"
    before = now()
    assert before <= later_than("") <= now()
    assert before <= later_than("2026-01-01T00:00:00.000Z") <= now()
