"""What compare_photos cannot do now and sends back, for itself or another one."""

from __future__ import annotations

import pytest
from botocore.exceptions import ReadTimeoutError

from photosort import clients
from photosort.pacing import TokenBucket
from photosort.photo import SHORTEST_INVOCATION, TIME_FOR_A_CELL
from photosort.work import Headshot, Work
from tests.pipeline.cloud import ALBUM, Cloud, digest, fail, heal, match

BO = Headshot("Bo", digest("Bo"))
CELL = (BO.digest, digest("a"))
THROTTLING = ["ThrottlingException", "ProvisionedThroughputExceededException"]


@pytest.mark.parametrize("code", THROTTLING)
def test_what_is_throttled_comes_again_later_and_succeeds(cloud: Cloud, photo: str, code: str) -> None:
    cloud.rekognition.next_errors = [code]
    cloud.rekognition.similarity[CELL] = 85.0

    batch = cloud.compare(photo)

    assert batch.failed == []
    assert batch.counts["Throttled"] == 1
    assert cloud.cells() == {}
    (sent,) = cloud.sent()
    assert (sent.work.album, sent.work.photos, sent.work.headshots) == (ALBUM, (digest("a"),), (BO,))
    assert (sent.work.attempt, sent.work.reason) == (1, f"CompareFaces: {code}")
    assert sent.delay == 5

    cloud.compare(sent.work.to_message())

    assert cloud.cells()[CELL].similarity == 85.0
    assert cloud.matches() == {match("Bo", "a")}
    assert cloud.sent() == []


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalServerError", "AccessDeniedException"])
def test_a_photo_that_meets_an_error_asks_for_no_other_cell_now(cloud: Cloud, code: str) -> None:
    """A stack without a permission would otherwise spend hours on refused calls before anybody hears of it."""
    shots = tuple(Headshot("Bo", digest(name)) for name in ("1", "2", "3"))
    for name in ("1", "2", "3"):
        cloud.headshot("Bo", name)
    cloud.photo("a")
    cloud.rekognition.errors[digest("2")] = code

    cloud.compare(Work(ALBUM, (digest("a"),), shots).to_message())

    assert cloud.rekognition.calls == [(digest("1"), digest("a")), (digest("2"), digest("a"))]
    (sent,) = cloud.sent()
    assert sent.work.headshots == (shots[2], shots[1])  # the one that failed last: it holds up nobody
    cloud.compare(sent.work.to_message())
    assert set(cloud.cells()) == {(digest("1"), digest("a")), (digest("3"), digest("a"))}


@pytest.mark.parametrize("error", ["InternalServerError", "timeout"])
def test_what_failed_by_chance_comes_again(cloud: Cloud, photo: str, error: str) -> None:
    if error == "timeout":

        def lose(headshot: str, photo: str) -> None:
            raise ReadTimeoutError(endpoint_url="https://rekognition")

        cloud.rekognition.on_call = lose
    else:
        cloud.rekognition.always = error

    cloud.compare(photo)

    assert len(cloud.rekognition.calls) == 1  # the client itself repeats nothing that is charged
    (sent,) = cloud.sent()
    assert sent.work.reason == ("ReadTimeoutError" if error == "timeout" else f"CompareFaces: {error}")
    assert sent.delay > 0


def test_what_outlasts_the_deadline_goes_back_without_delay(cloud: Cloud) -> None:
    for name in ("1", "2", "3", "4"):
        cloud.headshot("Bo", name)
    body = cloud.photo("a")
    cloud.clock.left = TIME_FOR_A_CELL + 30

    def take_20_seconds(*_: object) -> None:
        cloud.clock.left -= 20

    cloud.rekognition.on_call = take_20_seconds

    batch = cloud.compare(body)

    assert batch.failed == []
    assert len(cloud.rekognition.calls) == 2  # begun with 30 and 10 s to spare
    (sent,) = cloud.sent()
    assert (sent.delay, sent.work.attempt, len(sent.work.headshots or ())) == (0, 0, 2)
    cloud.clock.left = 120
    cloud.rekognition.on_call = lambda *_: None
    cloud.compare(sent.work.to_message())
    assert len(cloud.cells()) == 4
    assert len(cloud.rekognition.calls) == 4


def test_photos_that_nobody_began_go_back_together(cloud: Cloud) -> None:
    cloud.headshot("Bo")
    names = [f"photo {number}" for number in range(20)]
    for name in names:
        cloud.photo(name)
    cloud.clock.left = SHORTEST_INVOCATION

    def take_all(*_: object) -> None:
        cloud.clock.left = 0

    cloud.rekognition.on_call = take_all
    cloud.compare(Work(ALBUM, tuple(map(digest, names))).to_message())

    sent = cloud.sent()
    begun = {photo for _, photo in cloud.rekognition.calls}
    left = [photo for one in sent for photo in one.work.photos]
    assert sorted(left) == sorted({digest(name) for name in names} - begun)
    assert len(sent) <= 2  # those whose headshots were not yet read, and those whose were


def test_a_turn_that_comes_too_late_is_not_waited_for(cloud: Cloud, photo: str) -> None:
    waited: list[float] = []
    slow = TokenBucket(0.01, clock=lambda: 0.0, sleep=waited.append)  # a call in 100 seconds

    cloud.compare(photo, pace=slow)

    assert waited == []
    assert cloud.rekognition.calls == []
    (sent,) = cloud.sent()
    assert sent.delay == 0


def test_a_copy_that_fails_leaves_no_cell(cloud: Cloud, photo: str) -> None:
    cloud.rekognition.similarity[CELL] = 90.0
    fail(cloud, "s3:CopyObject", "SlowDown", 503)

    cloud.compare(photo)

    assert cloud.cells() == {}
    (sent,) = cloud.sent()
    heal("s3:CopyObject")
    cloud.compare(sent.work.to_message())
    assert cloud.cells()[CELL].similarity == 90.0
    assert cloud.matches() == {match("Bo", "a")}


@pytest.mark.parametrize("operation", ["s3:ListObjectsV2", "dynamodb:BatchGetItem", "dynamodb:PutItem"])
def test_a_throttled_read_or_write_comes_again(cloud: Cloud, photo: str, operation: str) -> None:
    fail(cloud, operation, "ThrottlingException")

    batch = cloud.compare(photo)

    assert batch.failed == []
    (sent,) = cloud.sent()
    heal(operation)
    cloud.compare(sent.work.to_message())
    assert set(cloud.cells()) == {CELL}


def test_keys_that_a_read_leaves_unprocessed_are_read_again(cloud: Cloud, photo: str) -> None:
    cloud.headshot("Ana")
    cloud.compare(photo)
    answers: list[int] = []

    def leave_one(parsed: dict[str, dict[str, object]], **_: object) -> None:
        answers.append(1)
        items = parsed["Responses"]["comparisons"]
        if len(answers) == 1:
            assert isinstance(items, list)
            item = items.pop()
            keys = [{name: item[name] for name in ("album", "cell")}]
            parsed["UnprocessedKeys"] = {"comparisons": {"Keys": keys, "ConsistentRead": True}}

    clients.dynamodb(10).meta.events.register("after-call.dynamodb.BatchGetItem", leave_one)
    cloud.compare(photo)

    assert len(answers) == 2
    assert len(cloud.rekognition.calls) == 2  # both cells were found: neither is charged again


def test_reads_that_stay_unprocessed_count_as_throttled(cloud: Cloud, photo: str) -> None:
    def leave_all(parsed: dict[str, object], **_: object) -> None:
        parsed["UnprocessedKeys"] = {"comparisons": {"Keys": [{"album": {"S": ALBUM}, "cell": {"S": "x"}}]}}

    clients.dynamodb(10).meta.events.register("after-call.dynamodb.BatchGetItem", leave_all)

    batch = cloud.compare(photo)

    assert batch.counts["Throttled"] == 1
    assert len(cloud.sent()) == 1


def test_only_messages_whose_rest_could_not_be_sent_are_delivered_again(cloud: Cloud, photo: str) -> None:
    other = cloud.photo("b")
    cloud.rekognition.errors[digest("a")] = "ThrottlingException"
    fail(cloud, "sqs:SendMessageBatch", "AWS.SimpleQueueService.NonExistentQueue")

    batch = cloud.compare(photo, other)

    assert batch.failed == ["m0"]
    assert set(cloud.cells()) == {(BO.digest, digest("b"))}


def test_a_bug_fails_only_the_message_that_meets_it(cloud: Cloud, photo: str) -> None:
    other = cloud.photo("b")

    def crash(headshot: str, photo: str) -> None:
        if photo == digest("a"):
            raise ZeroDivisionError

    cloud.rekognition.on_call = crash

    batch = cloud.compare(photo, other)

    assert batch.failed == ["m0"]
    assert set(cloud.cells()) == {(BO.digest, digest("b"))}


def test_a_message_that_is_delivered_again_is_not_sent_back_too(cloud: Cloud, photo: str) -> None:
    cloud.photo("b")

    def crash(headshot: str, photo: str) -> None:
        if photo == digest("a"):
            raise ZeroDivisionError

    cloud.rekognition.on_call = crash
    cloud.rekognition.errors[digest("b")] = "ThrottlingException"

    batch = cloud.compare(Work(ALBUM, (digest("a"), digest("b")), (BO,)).to_message())

    assert batch.failed == ["m0"]
    assert cloud.sent() == []


def test_what_is_left_is_cut_to_messages_that_can_be_read(cloud: Cloud) -> None:
    shots = tuple(Headshot(f"Person {number:03} {'愛' * 20}", digest(str(number))) for number in range(100))
    photos = tuple(digest(f"photo {number}") for number in range(25))
    cloud.clock.left = SHORTEST_INVOCATION
    ticks = iter([cloud.clock.left])

    cloud.compare(Work(ALBUM, photos, shots).to_message(), seconds_left=lambda: next(ticks, 0.0))

    (sent,) = cloud.sent()
    assert (sent.work.photos, sent.work.headshots) == (photos, shots)


def test_more_headshots_than_a_message_holds_travel_in_several(cloud: Cloud, photo: str) -> None:
    for number in range(249):
        cloud.headshot("Bo", str(number))
    cloud.rekognition.always = "ThrottlingException"

    cloud.compare(photo)

    sent = cloud.sent()
    shots = [shot.digest for one in sent for shot in one.work.headshots or ()]
    assert [len(one.work.headshots or ()) for one in sent] == [100, 100, 50]
    assert len(set(shots)) == 250


@pytest.mark.parametrize("receives", [1, 2])
def test_more_photos_than_an_invocation_takes_on_go_back_at_once(cloud: Cloud, receives: int) -> None:
    """Other environments may be waiting for work: what this one cannot do is there before it begins. But once: where an
    invocation has died with the message, the next one may, too, and a message must not multiply by dying.
    """
    cloud.headshot("Bo")
    photos = tuple(digest(f"photo {number}") for number in range(25))
    for number in range(25):
        cloud.photo(f"photo {number}")
    sent: list[int] = []
    cloud.rekognition.on_call = lambda *_: sent.append(len(cloud.asked("sqs:SendMessageBatch")))

    batch = cloud.compare(Work(ALBUM, photos, (BO,)).to_message(), most=10, receives=receives)

    assert batch.failed == []
    assert sent == [1 if receives == 1 else 0] * 10
    assert {photo for _, photo in cloud.cells()} == set(photos[:10])
    (again,) = cloud.sent()
    assert (again.delay, again.work.attempt, again.work.photos) == (0, 0, photos[10:])


def test_what_is_left_of_many_messages_goes_back_in_few_requests(cloud: Cloud) -> None:
    cloud.headshot("Bo")
    cloud.rekognition.always = "ThrottlingException"

    cloud.compare(*(cloud.photo(f"photo {number}") for number in range(25)))

    assert len(cloud.sent()) == 25
    assert [len(request["Entries"]) for request in cloud.asked("sqs:SendMessageBatch")] == [10, 10, 5]
