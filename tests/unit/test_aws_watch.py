"""What a run of the AWS comparer waits for, asks again for, and leaves; the functions' part is moved by the test."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import Any

import pytest

from sortclient.aws import watch
from sortclient.aws.cells import Cells
from sortclient.aws.failures import Retryable
from sortclient.aws.queues import Backlog, Depth, Queues
from sortclient.comparer import Event, InWork, Uploaded, Waiting
from tests.unit.aws_cloud import (
    ALBUM,
    HURRIED,
    Cloud,
    Memory,
    complete,
    digest,
    failure,
    headshot,
    verdict,
)


def test_cells_that_came_while_nobody_waited_are_taken_up_without_asking(cloud: Cloud, memory: Memory) -> None:
    memory.follow(cloud.comparer().compare(memory.request(wait=False)))
    assert not memory.cells
    cloud.run_pipeline()
    cloud.requests.clear()
    memory.follow(cloud.comparer().compare(memory.request(wait=False)))
    assert complete(memory)
    assert not cloud.puts()
    assert not cloud.asked()


def test_lost_cells_are_asked_for_again_and_come(cloud: Cloud, memory: Memory) -> None:
    """S3's events never came: only the work that the client asks for brings the cells."""
    memory.follow(cloud.comparer().compare(memory.request()), cloud.run_asked)
    assert complete(memory)
    assert len(cloud.asked()) == 1
    work = cloud.asked()[0]
    assert work.album == ALBUM
    assert set(work.photos) == {digest("red"), digest("green"), digest("blue")}
    assert {(shot.person, shot.digest) for shot in work.headshots or ()} == {
        (shot.person, shot.digest) for shot in memory.headshots
    }


def test_what_never_comes_is_asked_for_twice_and_left_pending(cloud: Cloud, memory: Memory) -> None:
    memory.follow(cloud.comparer().compare(memory.request()), cloud.receive)
    assert not memory.cells
    assert len(cloud.asked()) == watch.MOST_ASKS


@pytest.mark.parametrize(("depths", "idle"), [((0, 0), True), ((1, 0), False), ((0, 1), False)])
def test_the_queues_are_empty_when_two_looks_say_so(
    cloud: Cloud, memory: Memory, monkeypatch: pytest.MonkeyPatch, depths: tuple[int, int], idle: bool
) -> None:
    """SQS's counts are approximate: one that misses a message must not make the client ask for paid work again."""
    queues = Queues(cloud.clients.sqs, cloud.deployment)
    backlogs = iter([Backlog(Depth(depth), Depth(), 0) for depth in depths])
    monkeypatch.setattr(queues, "backlog", lambda: next(backlogs))
    cells = Cells(cloud.clients.dynamodb, cloud.deployment.table)

    def answer() -> Generator[Event, None, None]:
        assert (yield from watch.Watch(memory.request(), cells, queues, HURRIED).is_idle()) is idle

    list(answer())


def test_while_messages_are_queued_nothing_is_asked(cloud: Cloud, memory: Memory) -> None:
    cloud.clients.sqs.send_message(QueueUrl=cloud.deployment.enroll_queue, MessageBody="in work")
    for seen, event in enumerate(cloud.comparer().compare(memory.request())):
        memory.record(event)
        if seen > 60:
            break
    assert not cloud.asked()
    assert "waiting for 3 photos, 1 messages of all albums queued" in {event.detail for event in memory.of(Waiting)}


def test_a_queue_that_is_never_empty_does_not_keep_a_run_for_ever(cloud: Cloud, memory: Memory) -> None:
    """It is other albums' work, perhaps for days. What is lost a later run asks for."""
    cloud.lost = {digest("red")}
    cloud.clients.sqs.send_message(QueueUrl=cloud.deployment.enroll_queue, MessageBody="in work")
    pace = replace(HURRIED, longest=1.0)
    memory.follow(cloud.comparer(pace).compare(memory.request()), cloud.run_pipeline)
    assert {photo for _, photo in memory.cells} == {digest("green"), digest("blue")}
    assert not cloud.asked()


def test_lost_cells_of_an_earlier_run_are_asked_for_at_once(cloud: Cloud, memory: Memory) -> None:
    memory.follow(cloud.comparer().compare(memory.request(wait=False)))
    memory.follow(cloud.comparer().compare(memory.request(wait=False)))
    assert [len(work.photos) for work in cloud.asked()] == [3]


def test_what_an_earlier_run_left_in_work_is_not_asked_for(cloud: Cloud, memory: Memory) -> None:
    """Stopped and begun anew, a run would pay twice for all that is queued."""
    memory.follow(cloud.comparer().compare(memory.request(wait=False)))
    cloud.clients.sqs.send_message(QueueUrl=cloud.deployment.compare_queue, MessageBody="in work")
    memory.follow(cloud.comparer().compare(memory.request(wait=False)))
    assert not cloud.asked()
    assert memory.of(InWork) == [InWork(3)]


def test_failed_cells_of_an_earlier_run_are_dropped_and_asked_for_again(cloud: Cloud, memory: Memory) -> None:
    memory.follow(cloud.comparer().compare(memory.request(wait=False)))
    for shot in memory.headshots:
        cloud.write(failure(shot.digest, digest("red")))
        for colour in ("green", "blue"):
            cloud.write(verdict(shot.digest, digest(colour)))
    # Other work is queued: only what failed is asked for.
    cloud.clients.sqs.send_message(QueueUrl=cloud.deployment.compare_queue, MessageBody="in work")
    memory.follow(cloud.comparer().compare(memory.request(wait=False)))
    assert cloud.cell(memory.headshots[0].digest, digest("red")) is None
    assert [work.photos for work in cloud.asked()] == [(digest("red"),)]
    assert len(memory.cells) == 4


def test_failed_cells_are_also_tried_again_by_a_machine_that_knew_nothing(cloud: Cloud, memory: Memory) -> None:
    memory.follow(cloud.comparer().compare(memory.request(wait=False)))
    for shot in memory.headshots:
        cloud.write(failure(shot.digest, digest("red"), at="2026-01-01T00:00:00.000Z"))
        for colour in ("green", "blue"):
            cloud.write(verdict(shot.digest, digest(colour), at="2026-01-01T00:00:00.000Z"))
    cloud.requests.clear()
    other = Memory(memory.folder, memory.headshots)
    other.follow(cloud.comparer().compare(other.request(wait=False)))
    assert not cloud.puts()
    assert [work.photos for work in cloud.asked()] == [(digest("red"),)]
    assert len(other.cells) == 4


def test_a_cell_that_fails_in_this_run_ends_the_waiting_for_it(cloud: Cloud, memory: Memory) -> None:
    def failing_pipeline() -> None:
        for key in [key for key in cloud.stored() if key.startswith("photos/")]:
            for shot in memory.headshots:
                pair = (shot.digest, key[-68:-4])
                if pair not in cloud.compared:
                    cloud.compared.add(pair)
                    cloud.write(failure(*pair))

    memory.follow(cloud.comparer().compare(memory.request()), failing_pipeline)
    assert complete(memory)
    assert not any(cell.is_verdict for cell in memory.cells.values())
    assert not cloud.asked()


def test_a_new_headshot_is_not_asked_for_on_top_of_its_own_fan_out(cloud: Cloud, memory: Memory) -> None:
    """Two requests for one cell that overlap are two charges. Only what the old headshots lack is asked for."""
    memory.follow(cloud.comparer().compare(memory.request(wait=False)))
    memory.headshots.append(headshot("Cid", "yellow"))
    memory.follow(cloud.comparer().compare(memory.request(wait=False)))
    assert [{shot.person for shot in work.headshots or ()} for work in cloud.asked()] == [{"Ann", "Bob"}]


def test_a_worker_whose_clock_is_slow_costs_no_cell(cloud: Cloud, memory: Memory) -> None:
    """Its cells lie before the cursor, so no look sees them: reading by key does."""
    cloud.write(verdict("0" * 64, "1" * 64))

    def slow_pipeline() -> None:
        for key in [key for key in cloud.stored() if key.startswith("photos/")]:
            for shot in memory.headshots:
                cloud.write(verdict(shot.digest, key[-68:-4], at="2026-01-01T00:00:00.000Z"))

    memory.follow(cloud.comparer().compare(memory.request()), slow_pipeline)
    assert complete(memory)
    assert not cloud.asked()


def test_following_outlives_a_network_that_is_gone_for_a_while(cloud: Cloud, memory: Memory) -> None:
    looks = 0

    def broken(params: Any, **_: object) -> None:
        nonlocal looks
        looks += 1
        if looks in (4, 5):  # after the run has begun to follow
            raise cloud.clients.dynamodb.exceptions.ClientError({"Error": {"Code": "ThrottlingException"}}, "Query")

    cloud.clients.dynamodb.meta.events.register("provide-client-params.dynamodb.Query", broken)
    memory.follow(cloud.comparer().compare(memory.request()), lambda: cloud.run_pipeline() if looks > 5 else None)
    assert complete(memory)
    assert any(event.detail.endswith("trying again") for event in memory.of(Waiting))


def test_following_gives_up_when_aws_stays_out_of_reach(cloud: Cloud, memory: Memory) -> None:
    looks = 0

    def broken(params: Any, **_: object) -> None:
        nonlocal looks
        looks += 1
        if looks > 2:  # the run has begun
            raise cloud.clients.dynamodb.exceptions.ClientError({"Error": {"Code": "ThrottlingException"}}, "Query")

    cloud.clients.dynamodb.meta.events.register("provide-client-params.dynamodb.Query", broken)
    with pytest.raises(Retryable, match="Run the same command again"):
        memory.follow(cloud.comparer().compare(memory.request()))
    assert looks > 3
    assert memory.of(Uploaded)
