"""compare_photos on moto: what becomes of messages, whatever order, number or state they come in."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from photosort import comparison
from photosort.comparison import Problem
from photosort.keys import HeadshotKey, PhotoKey
from photosort.stack import Metric
from photosort.work import Headshot, Work
from tests.pipeline.cloud import ALBUM, BUCKET, RETENTION_DAYS, TEST_EVENT, Cloud, digest, event, match
from tests.pipeline.fake_rekognition import NO_FACE

ANA, BO = Headshot("Ana Zoë+", digest("Ana Zoë+")), Headshot("Bo", digest("Bo"))


def pair(headshot: Headshot, photo: str) -> tuple[str, str]:
    return headshot.digest, digest(photo)


def test_a_photo_gets_a_cell_with_each_headshot_and_a_copy_for_each_match(cloud: Cloud) -> None:
    cloud.headshot(ANA.person)
    cloud.headshot(BO.person)
    cloud.rekognition.similarity[pair(ANA, "beach")] = 97.123456

    batch = cloud.compare(cloud.photo("beach"))

    cells = cloud.cells()
    assert set(cells) == {pair(ANA, "beach"), pair(BO, "beach")}
    assert cells[pair(ANA, "beach")].similarity == pytest.approx(97.1235)
    assert cells[pair(BO, "beach")].similarity == 0.0  # faces, but nobody's
    assert {cell.engine for cell in cells.values()} == {"rekognition"}
    assert cloud.matches() == {match(ANA.person, "beach")}
    assert batch.failed == []
    assert dict(batch.counts) == {"Comparisons": 2, "Matches": 1, "NoMatches": 1, "SentBack": 0}


def test_a_copy_keeps_what_names_the_photo(cloud: Cloud) -> None:
    cloud.headshot("Bo")
    cloud.rekognition.similarity[pair(BO, "beach")] = 99.0
    body = cloud.put(PhotoKey(ALBUM, digest("beach")), path="trip/a%20b.jpg")

    cloud.compare(body)

    copied = cloud.s3.head_object(Bucket=BUCKET, Key=match("Bo", "beach"))
    assert copied["Metadata"] == {"path": "trip/a%20b.jpg"}
    assert copied["ContentType"] == "image/jpeg"


@pytest.mark.parametrize("name", ["Ana Bo", "50%", "a+b", "Zoë", "%2F", "愛 & 海", "a%20b", "a!20b", "~"])
def test_names_reach_the_objects_whatever_they_hold(cloud: Cloud, name: str) -> None:
    cloud.headshot(name, album=name)
    shot = Headshot(name, digest(name))
    cloud.rekognition.similarity[pair(shot, "beach")] = 91.0

    batch = cloud.compare(cloud.photo("beach", album=name))

    assert batch.failed == []
    assert cloud.cells(name)[pair(shot, "beach")].similarity == 91.0
    assert cloud.matches() == {match(name, "beach", album=name)}


def test_the_test_event_of_s3_asks_for_nothing(cloud: Cloud) -> None:
    batch = cloud.compare(TEST_EVENT)

    assert batch.response() == {"batchItemFailures": []}
    assert cloud.requests == []


def test_only_the_malformed_messages_of_a_batch_fail(cloud: Cloud) -> None:
    cloud.headshot("Bo")
    good = [cloud.photo("beach"), cloud.photo("sea")]
    bad = [
        "not json",
        "[]",
        '"text"',
        event(f"photos/{ALBUM}/x.jpg"),
        event(PhotoKey(ALBUM, digest("old")), version="3.0"),
        event(PhotoKey(ALBUM, digest("old")), name="ObjectRemoved:Delete"),
        event(HeadshotKey(ALBUM, "Bo", BO.digest)),  # the enroll queue's
        json.dumps({"form": "photosort-work-1", "album": ALBUM, "photos": []}),
    ]

    batch = cloud.compare(good[0], *bad, good[1])

    assert batch.failed == [f"m{index}" for index in range(1, 9)]
    assert set(cloud.cells()) == {pair(BO, "beach"), pair(BO, "sea")}


def test_an_event_may_hold_several_photos(cloud: Cloud) -> None:
    cloud.headshot("Bo")
    keys = [PhotoKey(ALBUM, digest(name)) for name in ("a", "b", "c")]
    for key in keys:
        cloud.put(key)

    cloud.compare(event(*keys, version="2.6"))

    assert set(cloud.cells()) == {pair(BO, name) for name in "abc"}


def test_a_message_delivered_again_finds_its_cell_and_is_not_charged(cloud: Cloud) -> None:
    cloud.headshot("Bo")
    messages = [cloud.photo("a"), cloud.photo("b")]
    cloud.compare(*messages)

    cloud.compare(*reversed(messages))
    cloud.compare(messages[0])

    assert sorted(cloud.rekognition.calls) == sorted([pair(BO, "a"), pair(BO, "b")])
    assert len(cloud.cells()) == 2


def test_a_cell_that_has_expired_and_is_not_deleted_yet_is_filled_anew(cloud: Cloud) -> None:
    cloud.headshot("Bo")
    message = cloud.photo("a")
    cloud.compare(message)
    cloud.clock.now += RETENTION_DAYS * 86_400 + 1

    cloud.compare(message)
    assert cloud.rekognition.calls == [pair(BO, "a")] * 2
    cloud.clock.now += RETENTION_DAYS * 86_400 + 1

    cloud.record(message)  # nor does an expired verdict stand in a failure's way
    assert [cell.problem for cell in cloud.cells().values()] == [Problem.FAILED]


def test_a_photo_that_a_batch_holds_several_times_is_charged_once(cloud: Cloud) -> None:
    cloud.headshot("Bo")
    body = cloud.photo("a")
    cloud.rekognition.similarity[pair(BO, "a")] = 88.0

    batch = cloud.compare(body, Work(ALBUM, (digest("a"),), (BO,)).to_message(), body)

    assert batch.failed == []
    # The first fills the cell before the others look for it: they are not begun side by side.
    look = ["s3:ListObjectsV2", "dynamodb:BatchGetItem"]
    fill = ["rekognition:CompareFaces", "s3:CopyObject", "dynamodb:PutItem"]
    assert [name for name, _ in cloud.requests] == [*look, *fill, "dynamodb:BatchGetItem", *look]
    assert [cell.similarity for cell in cloud.cells().values()] == [88.0]
    assert cloud.matches() == {match("Bo", "a")}


def test_a_photo_without_headshots_asks_for_nothing(cloud: Cloud) -> None:
    batch = cloud.compare(cloud.photo("a"))

    assert batch.failed == []
    assert cloud.cells() == {}
    assert cloud.sent() == []


@pytest.mark.parametrize(("headshots", "matches"), [(1, 0), (1, 1), (3, 1), (3, 3)])
def test_a_photo_costs_two_reads_a_call_and_a_write_a_cell_and_a_copy_a_match(
    cloud: Cloud, headshots: int, matches: int
) -> None:
    for number in range(headshots):
        cloud.headshot(f"Person {number}", f"shot {number}")
    for number in range(matches):
        cloud.rekognition.similarity[(digest(f"shot {number}"), digest("a"))] = 97.0
    body = cloud.photo("a")

    cloud.compare(body)

    assert Counter(name for name, _ in cloud.requests) == {
        "s3:ListObjectsV2": 1,
        "dynamodb:BatchGetItem": 1,
        "rekognition:CompareFaces": headshots,
        "dynamodb:PutItem": headshots,
        **({"s3:CopyObject": matches} if matches else {}),
    }
    read = cloud.asked("dynamodb:BatchGetItem")[0]["RequestItems"]["comparisons"]
    assert read["ConsistentRead"] is True
    assert len(read["Keys"]) == headshots + 1  # the threshold's item with the cells

    cloud.requests.clear()
    cloud.compare(body)

    assert Counter(name for name, _ in cloud.requests) == {"s3:ListObjectsV2": 1, "dynamodb:BatchGetItem": 1}


def test_an_album_may_have_more_headshots_than_a_read_holds(cloud: Cloud) -> None:
    names = [f"shot {number}" for number in range(205)]
    for name in names:
        cloud.headshot("Bo", name)
    body = cloud.photo("a")
    cloud.rekognition.similarity[(digest("shot 204"), digest("a"))] = 95.0

    cloud.compare(body)
    first = len(cloud.rekognition.calls)
    cloud.compare(body)

    assert set(cloud.cells()) == {(digest(name), digest("a")) for name in names}
    assert first == len(cloud.rekognition.calls) == 205
    assert [len(keys) for keys in _keys_read(cloud)] == 2 * [100, 100, 6]
    assert cloud.matches() == {match("Bo", "a")}


def _keys_read(cloud: Cloud) -> list[list[object]]:
    return [request["RequestItems"]["comparisons"]["Keys"] for request in cloud.asked("dynamodb:BatchGetItem")]


@pytest.mark.parametrize(
    ("threshold", "similarity", "matched"),
    [(None, 80.0, True), (None, 79.99, False), (95, 94.0, False), (60.5, 60.5, True)],
)
def test_the_albums_threshold_decides_what_is_copied(
    cloud: Cloud, threshold: float | None, similarity: float, matched: bool
) -> None:
    cloud.headshot("Bo")
    if threshold is not None:
        cloud.set_thresholds(threshold)
    cloud.rekognition.similarity[pair(BO, "a")] = similarity

    cloud.compare(cloud.photo("a"))

    assert cloud.matches() == ({match("Bo", "a")} if matched else set())
    assert cloud.cells()[pair(BO, "a")].similarity == similarity


def test_a_headshot_of_two_people_is_charged_once_and_copied_for_both(cloud: Cloud) -> None:
    cloud.headshot("Bo")
    cloud.headshot("Robert", "Bo")
    cloud.rekognition.similarity[pair(BO, "a")] = 90.0

    cloud.compare(cloud.photo("a"))

    assert cloud.rekognition.calls == [pair(BO, "a")]
    assert cloud.matches() == {match("Bo", "a"), match("Robert", "a")}


def test_each_person_is_copied_for_by_the_persons_own_threshold(cloud: Cloud) -> None:
    cloud.set_thresholds(80, **{ANA.person: 95, "Bo": 60})
    for person in (ANA.person, "Bo", "Cem"):
        cloud.headshot(person)
    for person in (ANA.person, "Bo", "Cem"):
        cloud.rekognition.similarity[(digest(person), digest("a"))] = 90.0
        cloud.rekognition.similarity[(digest(person), digest("b"))] = 70.0

    batch = cloud.compare(cloud.photo("a"), cloud.photo("b"))

    assert cloud.matches() == {match("Bo", "a"), match("Cem", "a"), match("Bo", "b")}
    assert batch.counts["Matches"] == 3
    assert batch.counts["NoMatches"] == 3


@pytest.mark.parametrize(("bo", "matched"), [(85, {"Robert", "Bo"}), (95, {"Robert"})])
def test_of_two_people_with_one_headshot_each_has_a_threshold(cloud: Cloud, bo: float, matched: set[str]) -> None:
    cloud.set_thresholds(99, Robert=90, Bo=bo, Nobody=1)
    cloud.headshot("Bo")
    cloud.headshot("Robert", "Bo")
    cloud.rekognition.similarity[pair(BO, "a")] = 90.0

    batch = cloud.compare(cloud.photo("a"))

    assert cloud.matches() == {match(person, "a") for person in matched}
    assert batch.counts["Matches"] == 1  # a cell is counted once
    operations = [name for name, _ in cloud.requests]
    assert operations.count("s3:CopyObject") == len(matched)
    assert operations.count("dynamodb:BatchGetItem") == operations.count("dynamodb:PutItem") == 1


def test_a_threshold_written_before_people_had_their_own_is_the_albums(cloud: Cloud) -> None:
    item = {"album": {"S": ALBUM}, "cell": {"S": comparison.THRESHOLD_ITEM}, "threshold": {"N": "91"}}
    cloud.dynamodb.put_item(TableName="comparisons", Item=item)
    cloud.headshot("Bo")
    cloud.rekognition.similarity[pair(BO, "a")] = 90.0

    cloud.compare(cloud.photo("a"))

    assert cloud.matches() == set()


def test_a_cell_tells_how_many_faces_there_are_and_where_the_best_one_is(cloud: Cloud) -> None:
    cloud.headshot("Bo")
    cloud.rekognition.similarity |= {pair(BO, "a"): 50.0, pair(BO, "b"): 0.0, pair(BO, "c"): NO_FACE}
    cloud.rekognition.errors |= {
        digest("d"): "InvalidParameterException",
        digest("e"): "InvalidImageFormatException",
    }

    cloud.compare(*(cloud.photo(name) for name in "abcde"))

    cells = {name: cloud.cells()[pair(BO, name)] for name in "abcde"}
    assert {name: cell.faces for name, cell in cells.items()} == {"a": 3, "b": 2, "c": 0, "d": 0, "e": None}
    assert cells["a"].box == comparison.Box(0.0, 0.8, 0.15, 0.2)  # without what reaches over the picture's edge
    assert [cells[name].box for name in "bcde"] == [None] * 4


def test_the_copy_stands_before_the_cell(cloud: Cloud) -> None:
    cloud.headshot("Bo")
    cloud.rekognition.similarity[pair(BO, "a")] = 90.0

    cloud.compare(cloud.photo("a"))

    operations = [name for name, _ in cloud.requests]
    assert operations.index("s3:CopyObject") < operations.index("dynamodb:PutItem")


@pytest.mark.parametrize(
    ("code", "problem", "counted"),
    [
        ("InvalidParameterException", Problem.NO_FACE, Metric.NO_FACE),
        ("InvalidImageFormatException", Problem.UNREADABLE, Metric.UNREADABLE),
        ("ImageTooLargeException", Problem.UNREADABLE, Metric.UNREADABLE),
    ],
)
def test_a_bad_picture_is_a_verdict(cloud: Cloud, code: str, problem: Problem, counted: str) -> None:
    cloud.headshot("Bo")
    body = cloud.photo("a")
    cloud.rekognition.errors[digest("a")] = code

    first, again = cloud.compare(body), cloud.compare(body)

    cell = cloud.cells()[pair(BO, "a")]
    assert (cell.problem, cell.similarity) == (problem, None)
    assert cell.is_verdict
    assert "Rekognition" in cell.detail
    assert first.failed == again.failed == []
    assert (first.counts[counted], again.counts[counted]) == (1, 0)
    assert len(cloud.rekognition.calls) == 1
    assert cloud.sent() == []


def test_an_answer_without_any_face_is_a_verdict(cloud: Cloud) -> None:
    cloud.headshot("Bo")
    cloud.rekognition.similarity[pair(BO, "a")] = NO_FACE

    batch = cloud.compare(cloud.photo("a"))

    assert cloud.cells()[pair(BO, "a")].problem is Problem.NO_FACE
    assert batch.counts["NoFace"] == 1


def test_cells_expire_with_what_they_were_made_of(cloud: Cloud) -> None:
    cloud.headshot("Bo")
    cloud.compare(cloud.photo("a"))

    item = cloud.dynamodb.scan(TableName="comparisons")["Items"][0]
    assert int(item[comparison.EXPIRES_AT]["N"]) == int(cloud.clock.now + 30 * 86_400)


def test_work_asks_for_its_own_headshots_only_and_needs_no_listing(cloud: Cloud) -> None:
    cloud.headshot("Bo")
    cloud.headshot(ANA.person)
    for name in ("a", "b"):
        cloud.photo(name)

    cloud.compare(Work(ALBUM, (digest("a"), digest("b")), (BO,)).to_message())

    assert set(cloud.cells()) == {pair(BO, "a"), pair(BO, "b")}
    assert cloud.asked("s3:ListObjectsV2") == []
