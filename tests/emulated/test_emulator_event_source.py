"""Event sources: which messages come, together or at once, and which come again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any
from uuid import uuid4

import pytest

from sortclient.emulator.event_source import EventSource, failures
from sortclient.emulator.function import FunctionFailed
from tests.emulated.emulator_helpers import until

Events = list[list[dict[str, Any]]]


class Queue:
    """A queue of the test's own: a message that fails is back after a second, and is a dead letter after two times."""

    def __init__(self, sqs: Any) -> None:
        self.sqs = sqs
        name = f"test-{uuid4()}"
        self.dead_letters = sqs.create_queue(QueueName=f"{name}-dead")["QueueUrl"]
        attributes = sqs.get_queue_attributes(QueueUrl=self.dead_letters, AttributeNames=["QueueArn"])["Attributes"]
        redrive = f'{{"deadLetterTargetArn": "{attributes["QueueArn"]}", "maxReceiveCount": 2}}'
        self.url = sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "1", "RedrivePolicy": redrive})[
            "QueueUrl"
        ]

    def send(self, *bodies: str, **options: Any) -> None:
        for body in bodies:
            self.sqs.send_message(QueueUrl=self.url, MessageBody=body, **options)

    def left(self) -> int:
        """Messages that were not deleted, visible or not."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        attributes = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)["Attributes"]
        return sum(int(attributes[name]) for name in names)

    def dead(self) -> list[str]:
        received = self.sqs.receive_message(QueueUrl=self.dead_letters, MaxNumberOfMessages=10, VisibilityTimeout=60)
        return [message["Body"] for message in received.get("Messages", [])]


@pytest.fixture
def queue(client: Callable[..., Any]) -> Queue:
    return Queue(client("sqs"))


@pytest.fixture
def attach(queue: Queue) -> Iterator[Callable[..., None]]:
    with ExitStack() as stack:

        def attach(invoke: Callable[[Any], object], **options: Any) -> None:
            options = {"batch_size": 10, "max_concurrency": 2} | options
            stack.enter_context(closing(EventSource(queue.sqs, queue.url, invoke, **options)))

        yield attach


def bodies(events: Events) -> list[str]:
    return sorted(record["body"] for records in events for record in records)


def test_a_batch_comes_as_one_event_as_lambda_writes_it(queue: Queue, attach: Callable[..., None]) -> None:
    events: Events = []
    queue.send("one", "two", "three")
    attach(lambda event: events.append(event["Records"]))
    until(lambda: not queue.left(), "the messages are deleted")
    (records,) = events
    assert bodies(events) == ["one", "three", "two"]
    assert records[0].keys() == {
        "messageId", "receiptHandle", "body", "attributes", "messageAttributes", "md5OfBody",
        "eventSource", "eventSourceARN", "awsRegion",
    }  # fmt: skip
    assert records[0]["eventSource"] == "aws:sqs"
    assert records[0]["awsRegion"] == "us-west-1"
    assert records[0]["eventSourceARN"].startswith("arn:aws:sqs:us-west-1:123456789012:test-")
    assert records[0]["attributes"]["ApproximateReceiveCount"] == "1"
    assert int(records[0]["attributes"]["SentTimestamp"]) > 1_700_000_000_000  # milliseconds


def test_a_batch_is_no_larger_than_its_size(queue: Queue, attach: Callable[..., None]) -> None:
    events: Events = []
    queue.send(*map(str, range(5)))
    attach(lambda event: events.append(event["Records"]), batch_size=2)
    until(lambda: not queue.left(), "the messages are deleted")
    assert sorted(map(len, events)) == [1, 2, 2]


def test_a_window_gathers_what_comes_one_by_one(queue: Queue, attach: Callable[..., None]) -> None:
    events: Events = []
    attach(lambda event: events.append(event["Records"]), batch_size=3, window=20)
    queue.send("one")
    until(lambda: queue.left() and not events, "the first one is waited with")
    queue.send("two", "three")
    until(lambda: not queue.left(), "the messages are deleted")
    assert [len(records) for records in events] == [3]  # full, long before the window's end


def test_only_what_failed_comes_again(queue: Queue, attach: Callable[..., None]) -> None:
    events: Events = []

    def fail_bad_once(event: dict[str, Any]) -> object:
        events.append(event["Records"])
        failed = [record for record in event["Records"] if record["body"] == "bad" and len(events) == 1]
        return {"batchItemFailures": [{"itemIdentifier": record["messageId"]} for record in failed]}

    queue.send("good", "bad", "good too")
    attach(fail_bad_once)
    until(lambda: not queue.left(), "the messages are deleted")
    assert [bodies([records]) for records in events] == [["bad", "good", "good too"], ["bad"]]
    assert events[1][0]["attributes"]["ApproximateReceiveCount"] == "2"


@pytest.mark.parametrize("answer", [FunctionFailed("on purpose"), {"batchItemFailures": [{"itemIdentifier": "x"}]}])
def test_what_fails_too_often_ends_with_the_dead_letters(
    queue: Queue, attach: Callable[..., None], answer: object
) -> None:
    events: Events = []

    def fail(event: dict[str, Any]) -> object:
        events.append(event["Records"])
        if isinstance(answer, Exception):
            raise answer
        return answer

    queue.send("poison")
    attach(fail)
    assert until(queue.dead, "the message is a dead letter") == ["poison"]
    assert bodies(events) == ["poison", "poison"]  # as often as the redrive policy lets it be received
    assert not queue.left()


def test_so_many_at_once_and_no_more(queue: Queue, attach: Callable[..., None]) -> None:
    together = threading.Barrier(2, timeout=20)
    lock = threading.Lock()
    at_once = [0, 0]  # now, and at most

    def work(_: object) -> None:
        with lock:
            at_once[0] += 1
            at_once[1] = max(at_once)
        together.wait()  # breaks unless a second one is at work
        time.sleep(0.3)  # a third one would come now
        with lock:
            at_once[0] -= 1

    queue.send(*map(str, range(6)))
    attach(work, batch_size=1, max_concurrency=2)
    until(lambda: not queue.left(), "the messages are deleted")
    assert at_once == [0, 2]


def test_a_busy_function_leaves_messages_to_others(queue: Queue, attach: Callable[..., None]) -> None:
    """One that was received with nobody to work on it would count as failed once its visibility has passed."""
    release = threading.Event()
    events: Events = []

    def work(event: dict[str, Any]) -> None:
        events.append(event["Records"])
        release.wait(20)

    queue.sqs.set_queue_attributes(QueueUrl=queue.url, Attributes={"VisibilityTimeout": "60"})
    queue.send("first")
    attach(work, batch_size=1, max_concurrency=1)
    until(lambda: events, "the first message is at work")
    queue.send("second")
    time.sleep(0.6)  # three polls, if there were any
    (message,) = queue.sqs.receive_message(QueueUrl=queue.url, AttributeNames=["All"])["Messages"]
    release.set()
    assert (message["Body"], message["Attributes"]["ApproximateReceiveCount"]) == ("second", "1")


def test_a_delayed_message_comes_after_those_sent_later(queue: Queue, attach: Callable[..., None]) -> None:
    events: Events = []
    attach(lambda event: events.append(event["Records"]))
    queue.send("delayed", DelaySeconds=2)
    queue.send("at once")
    until(lambda: len(events) == 2, "both messages")
    assert [record["body"] for records in events for record in records] == ["at once", "delayed"]


IDS = ["a", "b", "c"]


@pytest.mark.parametrize("result", [None, {}, {"batchItemFailures": None}, {"batchItemFailures": []}])
def test_results_that_mean_success(result: object) -> None:
    assert failures(result, IDS) == set()


@pytest.mark.parametrize(
    "result",
    [
        "ok",
        [],
        {"batchItemFailures": "a"},
        {"batchItemFailures": ["a"]},
        {"batchItemFailures": [{"itemIdentifier": ""}]},
        {"batchItemFailures": [{"itemIdentifier": None}]},
        {"batchItemFailures": [{"itemIdentifer": "a"}]},
        {"batchItemFailures": [{"itemIdentifier": ["a"]}]},
        {"batchItemFailures": [{"itemIdentifier": "a"}, {"itemIdentifier": "unknown"}]},
    ],
)
def test_results_that_mean_failure_of_all(result: object) -> None:
    assert failures(result, IDS) == set(IDS)


def test_a_result_that_names_what_failed() -> None:
    entries = [{"itemIdentifier": "a"}, {"itemIdentifier": "c"}, {"itemIdentifier": "a"}]
    assert failures({"batchItemFailures": entries}, IDS) == {"a", "c"}
