"""The table: cells by key, by time and all of them; following; and the queues that bring them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.stub import Stubber
from moto import mock_aws

from photosort import comparison as contract
from photosort.comparison import Problem, Thresholds, timestamp
from photosort.work import Headshot, Work
from sortclient.aws import table as module
from sortclient.aws.cells import Cells
from sortclient.aws.failures import Retryable
from sortclient.aws.follow import OVERLAP, Follower
from sortclient.aws.queues import Backlog, Depth, Queues
from tests.unit.aws_cloud import ALBUM, Cloud, failure, verdict


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    monkeypatch.setattr("time.sleep", lambda _: None)
    with mock_aws():
        yield Cloud()


@pytest.fixture
def cells(cloud: Cloud) -> Cells:
    return Cells(cloud.clients.dynamodb, cloud.deployment.table)


def digest(number: int) -> str:
    return f"{number:064x}"


def seconds_ago(seconds: float) -> str:
    return timestamp(datetime.now(UTC) - timedelta(seconds=seconds))


def test_cells_are_read_by_key_a_hundred_at_a_time(cloud: Cloud, cells: Cells) -> None:
    for photo in range(0, 250, 2):
        cloud.write(verdict(digest(9999), digest(photo), photo / 3))
    cloud.requests.clear()
    found = list(cells.read(ALBUM, ((digest(9999), digest(photo)) for photo in range(250))))
    assert {cell.photo: cell.similarity for cell in found} == {
        digest(photo): pytest.approx(photo / 3, abs=1e-4) for photo in range(0, 250, 2)
    }
    requests = [params["RequestItems"][cloud.deployment.table] for name, params in cloud.requests]
    assert [len(request["Keys"]) for request in requests] == [100, 100, 50]
    assert all(request["ConsistentRead"] for request in requests)


def test_a_cell_asked_for_twice_is_read_once(cloud: Cloud, cells: Cells) -> None:
    """DynamoDB refuses a request that names a key twice."""
    cloud.write(verdict(digest(1), digest(2)))
    assert len(list(cells.read(ALBUM, [(digest(1), digest(2))] * 2))) == 1


def test_unprocessed_keys_are_asked_for_until_they_are_processed(cloud: Cloud, cells: Cells) -> None:
    table = cloud.deployment.table
    wanted = [(digest(1), digest(photo)) for photo in range(3)]

    def item(photo: int) -> dict[str, Any]:
        return cells._table._wire(contract.to_item(ALBUM, verdict(digest(1), digest(photo)), 9999999999))

    def keys(*photos: int) -> dict[str, Any]:
        wanted = [cells._table._key(ALBUM, contract.cell(digest(1), digest(photo))) for photo in photos]
        return {table: {"Keys": wanted, "ConsistentRead": True}}

    with Stubber(cloud.clients.dynamodb) as stub:
        stub.add_response("batch_get_item", {"Responses": {table: [item(0)]}, "UnprocessedKeys": keys(1, 2)})
        stub.add_response(
            "batch_get_item", {"Responses": {}, "UnprocessedKeys": keys(1, 2)}, {"RequestItems": keys(1, 2)}
        )
        stub.add_response(
            "batch_get_item", {"Responses": {table: [item(2)]}, "UnprocessedKeys": {}}, {"RequestItems": keys(1, 2)}
        )
        found = list(cells.read(ALBUM, wanted))
        stub.assert_no_pending_responses()
    assert [cell.photo for cell in found] == [digest(0), digest(2)]


def test_keys_that_are_never_processed_are_told(cloud: Cloud, cells: Cells) -> None:
    table = cloud.deployment.table
    refused: Any = {table: {"Keys": [{"album": {"S": ALBUM}, "cell": {"S": "x"}}]}}
    with Stubber(cloud.clients.dynamodb) as stub:
        for _ in range(module._FRUITLESS_TRIES + 1):
            stub.add_response("batch_get_item", {"Responses": {}, "UnprocessedKeys": refused})
        with pytest.raises(Retryable, match="Run the same command again"):
            list(cells.read(ALBUM, [(digest(1), digest(2))]))
        stub.assert_no_pending_responses()


def test_expired_cells_are_not_shown_though_they_still_stand(cloud: Cloud, cells: Cells) -> None:
    cloud.write(verdict(digest(1), digest(2)), expires_in=-10)
    cloud.write(verdict(digest(1), digest(3)))
    wanted = [(digest(1), digest(2)), (digest(1), digest(3))]
    for found in (cells.read(ALBUM, wanted), cells.all(ALBUM), cells.since(ALBUM, "0")):
        assert [cell.photo for cell in found] == [digest(3)]


def test_all_cells_without_the_thresholds_item(cloud: Cloud, cells: Cells) -> None:
    cells.set_thresholds(ALBUM, Thresholds(91.25))
    cloud.write(failure(digest(1), digest(2)))
    found = list(cells.all(ALBUM))
    assert [(cell.problem, cell.detail) for cell in found] == [(Problem.FAILED, "gave up")]


@pytest.mark.parametrize("people", [{}, {"Åsa": 60.5, "is": 99.99}])
def test_thresholds_are_kept(cells: Cells, people: dict[str, float]) -> None:
    cells.set_thresholds(ALBUM, Thresholds(91.25, people))
    assert cells.thresholds(ALBUM) == Thresholds(91.25, people)
    assert cells.thresholds("another") is None


def test_thresholds_that_were_said_last_stand_whoever_comes_last(cloud: Cloud, cells: Cells) -> None:
    first, earlier, last = (
        Thresholds(80),
        Thresholds(85, {"Bo": 90}, seconds_ago(60)),
        Thresholds(70, {}, contract.now()),
    )
    for thresholds in (first, last, earlier, Thresholds(99), last):
        cells.set_thresholds(ALBUM, thresholds)
    standing = cells.thresholds(ALBUM)
    assert standing is not None
    assert (standing, standing.at) == (last, last.at)
    assert [name for name, _ in cloud.requests].count("PutItem") == 2


def test_thresholds_said_meanwhile_by_another_machine_stand(
    cloud: Cloud, cells: Cells, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = Thresholds(70, {}, contract.now())
    cells.set_thresholds(ALBUM, last)
    with monkeypatch.context() as before:
        before.setattr(cells, "thresholds", lambda _: None)
        cells.set_thresholds(ALBUM, Thresholds(85, {}, seconds_ago(60)))
    assert cells.thresholds(ALBUM) == last


def test_thresholds_without_a_time_are_older_than_any(cloud: Cloud, cells: Cells) -> None:
    """An earlier version wrote none."""
    item = contract.thresholds_item(ALBUM, Thresholds(80))
    del item["at"]
    cloud.clients.session.resource("dynamodb", cloud.clients.region).Table(cloud.deployment.table).put_item(Item=item)
    assert cells.thresholds(ALBUM) == Thresholds(80)
    cells.set_thresholds(ALBUM, Thresholds(85, {}, contract.now()))
    assert cells.thresholds(ALBUM) == Thresholds(85)


def test_known_verdicts_are_put_back_and_kept_anew(cloud: Cloud, cells: Cells) -> None:
    known = [verdict(digest(1), digest(photo), photo / 4, at=seconds_ago(1e6)) for photo in range(60)]
    known[7] = replace(known[7], faces=3, box=contract.Box(0.0, 0.25, 0.5, 0.125))
    cells.put(ALBUM, known, retention_days=30)
    assert {cell.photo: cell for cell in cells.all(ALBUM)} == {cell.photo: cell for cell in known}
    item = cloud.cell(digest(1), digest(1))
    assert item is not None
    assert abs(int(item["expires_at"]) - time.time() - 30 * 86_400) < 60


def test_a_failure_is_not_put_back_over_a_verdict(cloud: Cloud, cells: Cells) -> None:
    cloud.write(verdict(digest(1), digest(2)))
    cells.put(ALBUM, [failure(digest(1), digest(2))], 30)
    assert [cell.problem for cell in cells.all(ALBUM)] == [None]


def test_dynamodb_takes_every_batch_that_is_written(cloud: Cloud, cells: Cells) -> None:
    """At most 25 items, none of them twice, never none: moto looks at none of that where items are put."""
    cells.put(ALBUM, [], 30)
    cells.put(ALBUM, [verdict(digest(1), digest(photo % 40), photo) for photo in range(80)], 30)
    cells.remove(ALBUM, [])
    cells.remove(ALBUM, [(digest(1), digest(photo % 10)) for photo in range(40)])
    batches = [params["RequestItems"][cloud.deployment.table] for name, params in cloud.requests if "Batch" in name]
    for batch in batches:
        (keys,) = {tuple(entry) for entry in batch}
        named = [
            entry["PutRequest"]["Item"] if "PutRequest" in keys else entry["DeleteRequest"]["Key"] for entry in batch
        ]
        assert 0 < len({item["cell"]["S"] for item in named}) == len(batch) <= 25
    assert {cell.photo for cell in cells.all(ALBUM)} == {digest(photo) for photo in range(10, 40)}
    assert cells.remove_headshots(ALBUM, []) == 0


def test_the_last_of_two_equal_cells_is_put(cells: Cells) -> None:
    cells.put(ALBUM, [verdict(digest(1), digest(2), similarity) for similarity in (10, 20)], 30)
    assert [cell.similarity for cell in cells.all(ALBUM)] == [20]


def test_all_cells_of_a_headshot_go_and_no_others(cloud: Cloud, cells: Cells) -> None:
    cells.set_thresholds(ALBUM, Thresholds(85))
    cells.put(ALBUM, [verdict(digest(shot), digest(photo)) for shot in (1, 2, 3) for photo in range(30)], 30)
    cloud.write(verdict(digest(1), digest(99)), expires_in=-10)  # nor does what has expired stay
    assert cells.remove_headshots(ALBUM, [digest(1), digest(3), digest(1), digest(4)]) == 61
    assert {cell.headshot for cell in cells.all(ALBUM)} == {digest(2)}
    assert cloud.cell(digest(1), digest(99)) is None
    assert cells.thresholds(ALBUM) == Thresholds(85)
    assert cells.remove_headshots(ALBUM, [digest(1), digest(3)]) == 0


def test_items_that_were_not_processed_are_written_again(cloud: Cloud, cells: Cells) -> None:
    table = cloud.deployment.table
    known = [verdict(digest(1), digest(photo)) for photo in range(3)]
    moment = int(time.time())

    def puts(*photos: int) -> dict[str, Any]:
        items = [contract.to_item(ALBUM, known[photo], moment) for photo in photos]
        return {table: [{"PutRequest": {"Item": cells._table._wire(item)}} for item in items]}

    with Stubber(cloud.clients.dynamodb) as stub:
        stub.add_response("batch_write_item", {"UnprocessedItems": puts(1, 2)})
        stub.add_response("batch_write_item", {"UnprocessedItems": puts(1, 2)}, {"RequestItems": puts(1, 2)})
        stub.add_response("batch_write_item", {"UnprocessedItems": puts(2)}, {"RequestItems": puts(1, 2)})
        stub.add_response("batch_write_item", {}, {"RequestItems": puts(2)})
        cells.put(ALBUM, known, 30)
        stub.assert_no_pending_responses()


def test_items_that_are_never_processed_are_told(cloud: Cloud, cells: Cells) -> None:
    undone: Any = {cloud.deployment.table: [{"DeleteRequest": {"Key": {"album": {"S": ALBUM}, "cell": {"S": "x"}}}}]}
    with Stubber(cloud.clients.dynamodb) as stub:
        for _ in range(module._FRUITLESS_TRIES + 1):
            stub.add_response("batch_write_item", {"UnprocessedItems": undone})
        with pytest.raises(Retryable, match="Run the same command again"):
            cells.remove(ALBUM, [(digest(1), digest(2))])
        stub.assert_no_pending_responses()


def test_only_failed_cells_are_dropped(cloud: Cloud, cells: Cells) -> None:
    cloud.write(verdict(digest(1), digest(2)))
    cloud.write(failure(digest(1), digest(3)))
    # What was read as failed may have become a verdict since.
    cells.drop_failed(ALBUM, [failure(digest(1), digest(photo)) for photo in (2, 3, 4)])
    assert [cell.photo for cell in cells.all(ALBUM)] == [digest(2)]


def test_following_begins_with_what_comes_next(cloud: Cloud, cells: Cells) -> None:
    cloud.write(verdict(digest(1), digest(1), at=seconds_ago(0)))
    follower = Follower(cells, ALBUM)
    assert list(follower.look()) == []
    cloud.write(verdict(digest(1), digest(2)))
    assert [cell.photo for cell in follower.look()] == [digest(2)]
    assert list(follower.look()) == []


def test_following_begins_in_an_empty_album(cloud: Cloud, cells: Cells) -> None:
    follower = Follower(cells, ALBUM)
    assert list(follower.look()) == []
    cloud.write(verdict(digest(1), digest(2), at=seconds_ago(3600)))
    assert [cell.photo for cell in follower.look()] == [digest(2)]


def test_a_cell_of_a_slower_clock_is_seen_by_the_overlap(cloud: Cloud, cells: Cells) -> None:
    follower = Follower(cells, ALBUM)
    cloud.write(verdict(digest(1), digest(1), at=seconds_ago(0)))
    assert len(list(follower.look())) == 1
    cloud.write(verdict(digest(1), digest(2), at=seconds_ago(OVERLAP.total_seconds() / 2)))
    assert [cell.photo for cell in follower.look()] == [digest(2)]


def test_a_fast_clock_does_not_hide_what_the_others_write(cloud: Cloud, cells: Cells) -> None:
    follower = Follower(cells, ALBUM)
    cloud.write(verdict(digest(1), digest(1), at=seconds_ago(-600)))
    assert len(list(follower.look())) == 1
    cloud.write(verdict(digest(1), digest(2)))
    assert [cell.photo for cell in follower.look()] == [digest(2)]


def test_a_look_back_is_short(cloud: Cloud, cells: Cells) -> None:
    """The cursor moves: a run of hours does not read all of its cells each second."""
    follower = Follower(cells, ALBUM)
    cloud.write(verdict(digest(1), digest(1), at=seconds_ago(3600)))
    cloud.write(verdict(digest(1), digest(2), at=seconds_ago(0)))
    list(follower.look())
    cloud.requests.clear()
    list(follower.look())
    moments = [values[1]["S"] for values in queried(cloud)]
    assert moments
    assert all(moment > seconds_ago(OVERLAP.total_seconds() + 60) for moment in moments)


def test_the_index_is_read_consistently(cloud: Cloud, cells: Cells) -> None:
    Follower(cells, ALBUM)
    queries = [params for name, params in cloud.requests if name == "Query"]
    assert all(query["ConsistentRead"] and query["IndexName"] == contract.COMPARED_AT_INDEX for query in queries)
    # DynamoDB refuses an empty text for a key.
    assert queried(cloud) == [[{"S": ALBUM}], [{"S": ALBUM}, {"S": "0"}]]


def queried(cloud: Cloud) -> list[list[dict[str, str]]]:
    """The values of each query, the album's name first."""
    return [list(params["ExpressionAttributeValues"].values()) for name, params in cloud.requests if name == "Query"]


def test_where_everything_has_expired_a_follower_asks_no_more_than_elsewhere(cloud: Cloud, cells: Cells) -> None:
    for photo in range(5):
        cloud.write(verdict(digest(1), digest(photo), at=seconds_ago(60 + photo)), expires_in=-10)
    cloud.requests.clear()
    assert cells.newest(ALBUM) is not None
    assert len(queried(cloud)) == 1


def work(*photos: int) -> Work:
    return Work(ALBUM, tuple(digest(photo) for photo in photos), (Headshot("Åsa", digest(9)),))


def test_the_backlog_counts_waiting_delayed_and_taken_messages(cloud: Cloud) -> None:
    queues = Queues(cloud.clients.sqs, cloud.deployment)
    assert queues.backlog() == Backlog(Depth(), Depth(), 0)
    assert queues.backlog().is_idle
    send, receive = cloud.clients.sqs.send_message, cloud.clients.sqs.receive_message
    compare = cloud.deployment.compare_queue
    send(QueueUrl=compare, MessageBody="taken")
    receive(QueueUrl=compare)
    send(QueueUrl=compare, MessageBody="waiting")
    send(QueueUrl=compare, MessageBody="delayed", DelaySeconds=900)
    send(QueueUrl=cloud.deployment.dead_letters, MessageBody="dead")
    assert queues.backlog() == Backlog(Depth(1, 1, 1), Depth(), dead_letters=1)
    assert not queues.backlog().is_idle


def test_work_is_sent_a_few_messages_a_call(cloud: Cloud) -> None:
    Queues(cloud.clients.sqs, cloud.deployment).ask(work(number) for number in range(12))
    assert {asked.photos[0] for asked in cloud.receive()} == {digest(number) for number in range(12)}
    sizes = [len(params["Entries"]) for name, params in cloud.requests if name == "SendMessageBatch"]
    assert sizes == [5, 5, 2]


def test_the_largest_work_fits_a_call() -> None:
    people = tuple(Headshot("€" * 33, digest(number)) for number in range(100))
    message = Work(ALBUM, tuple(map(digest, range(25))), people).to_message()
    assert len(message.encode()) * 5 < 262_144


def test_messages_that_sqs_refused_are_sent_again(cloud: Cloud) -> None:
    url = cloud.deployment.compare_queue
    refusal = {"Id": "1", "SenderFault": False, "Code": "InternalError"}
    works = [work(number) for number in range(2)]
    entries = [{"Id": str(number), "MessageBody": item.to_message()} for number, item in enumerate(works)]
    with Stubber(cloud.clients.sqs) as stub:
        sent = {"Id": "0", "MessageId": "a", "MD5OfMessageBody": "b"}
        stub.add_response(
            "send_message_batch",
            {"Successful": [sent], "Failed": [refusal]},
            {"QueueUrl": url, "Entries": entries},
        )
        stub.add_response(
            "send_message_batch",
            {"Successful": [sent | {"Id": "1"}], "Failed": []},
            {"QueueUrl": url, "Entries": entries[1:]},
        )
        Queues(cloud.clients.sqs, cloud.deployment).ask(works)
        stub.assert_no_pending_responses()


def test_messages_that_sqs_never_takes_are_told(cloud: Cloud) -> None:
    refusal = {"Id": "0", "SenderFault": False, "Code": "InternalError"}
    with Stubber(cloud.clients.sqs) as stub:
        for _ in range(4):
            stub.add_response("send_message_batch", {"Successful": [], "Failed": [refusal]})
        with pytest.raises(Retryable, match="queue takes no work"):
            Queues(cloud.clients.sqs, cloud.deployment).ask([work(1)])
