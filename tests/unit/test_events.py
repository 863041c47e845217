"""Messages as the queues deliver them, without AWS."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photosort.events import Enrolment, MalformedMessage, parse, parse_enrolments, parse_work
from photosort.keys import HeadshotKey, Key, MatchKey, PhotoKey
from photosort.work import Work
from tests.unit.strategies import keys, works

DIGEST = "0123456789abcdef" * 4


def s3_event(*written: str, **changed: Any) -> str:
    record = {
        "eventVersion": "2.1",
        "eventName": "ObjectCreated:Put",
        "eventTime": "2026-01-01T12:00:00.500Z",
    } | changed
    return json.dumps({"Records": [record | {"s3": {"object": {"key": key}}} for key in written]})


def encoded(key: Key) -> str:
    return quote_plus(str(key), safe="/")


def test_many_records() -> None:
    photo, headshot = PhotoKey("a", DIGEST), HeadshotKey("a", "Bo", DIGEST)
    first, second = parse(s3_event(encoded(photo), encoded(headshot)))
    assert isinstance(first, Work)
    assert (first.album, first.photos, first.headshots, first.attempt) == ("a", (DIGEST,), None, 0)
    assert second == Enrolment(headshot, datetime(2026, 1, 1, 12, 0, 0, 500_000, tzinfo=UTC))


def test_the_test_event() -> None:
    assert parse('{"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "b"}') == []


def test_an_encoded_key() -> None:
    """A blank of ours is `!20`, and S3 form-encodes the exclamation mark, or leaves it alone as browsers do."""
    for sent in ("Mein%2120Urlaub", "Mein!20Urlaub"):
        (work,) = parse_work(s3_event(f"photos/{sent}/{DIGEST}.jpg"))
        assert work.album == "Mein Urlaub"


@pytest.mark.parametrize(
    ("album", "sent"),
    [("a~b", "a%217Eb"), ("a_b-c.d", "a_b-c.d"), ("50%", "50%2125"), ("é", "%21C3%21A9"), ("hi!", "hi%2121")],
)
def test_what_the_event_encodes_and_our_keys_do_not(album: str, sent: str) -> None:
    (work,) = parse_work(s3_event(f"photos/{sent}/{DIGEST}.jpg"))
    assert work.album == album


@pytest.mark.parametrize("time", [None, 1767268800, "", "noon"])
def test_a_headshot_without_its_time_is_malformed(time: object) -> None:
    with pytest.raises(MalformedMessage):
        parse(s3_event(encoded(HeadshotKey("a", "Bo", DIGEST)), eventTime=time))


@given(keys)
def test_every_key_comes_through_the_events_encoding(key: Key) -> None:
    body = s3_event(encoded(key))
    if isinstance(key, MatchKey):
        with pytest.raises(MalformedMessage):
            parse(body)
        return
    (asked,) = parse(body)
    if isinstance(asked, Enrolment):
        assert asked.headshot == key
    else:
        assert PhotoKey(asked.album, asked.photos[0]) == key


@given(works)
def test_work_comes_through(work: Work) -> None:
    assert parse_work(work.to_message()) == [work]


@pytest.mark.parametrize("version", ["2.0", "2.1", "2.6", "2.17"])
def test_any_minor_version_is_read(version: str) -> None:
    assert len(parse(s3_event(encoded(PhotoKey("a", DIGEST)), eventVersion=version))) == 1


@pytest.mark.parametrize(
    "change", [{"eventVersion": "3.0"}, {"eventVersion": 2.1}, {"eventName": "ObjectRemoved:Delete"}]
)
def test_other_events_are_malformed(change: dict[str, Any]) -> None:
    with pytest.raises(MalformedMessage):
        parse(s3_event(encoded(PhotoKey("a", DIGEST)), **change))


def test_a_message_in_the_wrong_queue_is_malformed() -> None:
    with pytest.raises(MalformedMessage, match="wrong queue"):
        parse_work(s3_event(encoded(HeadshotKey("a", "Bo", DIGEST))))
    with pytest.raises(MalformedMessage, match="wrong queue"):
        parse_enrolments(s3_event(encoded(PhotoKey("a", DIGEST))))


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["Records", "s3", "Event"]), inner),
    max_leaves=10,
)


@given(st.sampled_from(["eventVersion", "eventName", "s3", "key"]), json_values)
def test_a_field_of_another_kind_is_malformed(name: str, value: Any) -> None:
    record: dict[str, Any] = {"eventVersion": "2.1", "eventName": "ObjectCreated:Put", "s3": {"object": {"key": "x"}}}
    (record["s3"]["object"] if name == "key" else record)[name] = value
    with pytest.raises(MalformedMessage):
        parse(json.dumps({"Records": [record]}))


@given(st.text() | json_values.map(json.dumps))
def test_whatever_a_message_holds_is_either_read_or_malformed(body: str) -> None:
    with contextlib.suppress(MalformedMessage):
        assert parse(body) == []
