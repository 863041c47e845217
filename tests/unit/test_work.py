from __future__ import annotations

import json

import pytest
from hypothesis import given

from photosort.work import HEADSHOTS_A_MESSAGE, PHOTOS_A_MESSAGE, Headshot, MalformedWork, Work, from_message, is_work
from tests.unit.strategies import works


@given(works)
def test_work_reads_back_as_what_was_written(work: Work) -> None:
    message = json.loads(work.to_message())
    assert is_work(message)
    assert from_message(message) == work


@given(works)
def test_a_message_is_ascii(work: Work) -> None:
    """So that its characters can be counted as SQS counts bytes."""
    assert work.to_message().isascii()


def test_the_largest_message_fits_into_a_queue() -> None:
    shots = tuple(Headshot("愛" * 33, "a" * 64) for _ in range(HEADSHOTS_A_MESSAGE))
    work = Work("愛" * 33, tuple("b" * 64 for _ in range(PHOTOS_A_MESSAGE)), shots, reason="x" * 1000)
    assert len(work.to_message().encode()) < 256 * 1024
    assert from_message(json.loads(work.to_message())) == work


GOOD = json.loads(Work("album", ("a" * 64,), (Headshot("Bo", "b" * 64),)).to_message())


@pytest.mark.parametrize(
    "change",
    [
        {"album": None},
        {"album": ""},
        {"album": "a/b"},
        {"photos": []},
        {"photos": None},
        {"photos": ["x"]},
        {"photos": [1]},
        {"photos": ["a" * 64] * (PHOTOS_A_MESSAGE + 1)},
        {"headshots": [["Bo", "b" * 64]] * (HEADSHOTS_A_MESSAGE + 1)},
        {"headshots": [["Bo"]]},
        {"headshots": [["", "b" * 64]]},
        {"headshots": "Bo"},
        {"asked_at": "yesterday"},
        {"attempt": None},
    ],
)
def test_what_only_resembles_work_is_malformed(change: dict[str, object]) -> None:
    with pytest.raises(MalformedWork):
        from_message(GOOD | change)


@pytest.mark.parametrize("name", sorted(GOOD.keys() - {"form"}))
def test_nothing_of_a_message_may_be_missing(name: str) -> None:
    with pytest.raises(MalformedWork):
        from_message({key: value for key, value in GOOD.items() if key != name})


@pytest.mark.parametrize("message", [None, [], "work", {}, {"form": "photosort-work-2"}, {"Records": []}])
def test_other_messages_are_not_work(message: object) -> None:
    assert not is_work(message)
