from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from hypothesis import given
from hypothesis import strategies as st

from photosort import comparison
from photosort.comparison import Comparison, Problem, from_item, timestamp, to_item

HEADSHOT, PHOTO = "a" * 64, "b" * 64
digests = st.binary(min_size=32, max_size=32).map(bytes.hex)
similarities = st.floats(0, 100).map(lambda value: round(value, 4))
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
    )


@given(comparisons())
def test_a_cell_survives_the_table(cell: Comparison) -> None:
    item = to_item("album", cell, expires_at=1_800_000_000)
    stored = TypeSerializer().serialize(item)["M"]  # what DynamoDB is sent
    read = {name: TypeDeserializer().deserialize(value) for name, value in stored.items()}
    assert from_item(read) == cell


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
