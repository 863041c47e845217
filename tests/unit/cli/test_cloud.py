"""An album of the cloud, which is moto's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from moto import mock_aws

from photosort.comparison import Comparison, Correction, Problem, Thresholds, now, to_item
from sortclient.album import Album
from sortclient.aws.table import Table
from sortclient.catalog import Catalog
from sortclient.model import Headshot
from sortclient.outputs import OutputWish
from sortclient.run import Wishes
from sortclient.sorting import Order
from tests.unit.aws_cloud import Cloud
from tests.unit.cli.command import Command, copies, succeeded
from tests.unit.test_sync import digest_of, put


def test_a_threshold_hears_first_what_was_said_on_other_machines(
    command: Command, cloud: Cloud, far: Album, out: Path
) -> None:
    said = Correction("me", digest_of("one.jpg"), False, "2026-01-01T00:00:00.000Z")
    cloud.comparer()._corrections.put("Images", [said])
    succeeded(command("tune", "Images", "--person", "you", "--threshold", "70"))
    assert copies(out) == {"you/one.jpg"}
    assert far.corrections() == [said]
    assert cloud.comparer().cells.thresholds("Images") == Thresholds(80, {"you": 70})


def test_what_was_corrected_here_reaches_the_cloud_with_the_next_sync(
    command: Command, cloud: Cloud, far: Album
) -> None:
    succeeded(command("correct", "Images", "one.jpg", "--person", "me", "--is-not"))
    assert list(cloud.comparer().corrections("Images")) == []
    succeeded(command("sync", "Images"))
    assert [(said.person, said.is_person) for said in cloud.comparer().corrections("Images")] == [("me", False)]


def test_names_and_leaving_reach_the_cloud(command: Command, cloud: Cloud, far: Album) -> None:
    succeeded(command("people", "rename", "me", "Ana", "Images"))
    succeeded(command("people", "remove", "you", "Images"))
    assert [shot.person for shot in cloud.comparer().objects.people("Images")] == ["Ana"]


@pytest.mark.parametrize("arguments", ["sync Images", "tune Images --threshold 90", "people rename me Ana Images"])
def test_an_album_of_another_stack_is_refused(
    command: Command, cloud: Cloud, catalog: Catalog, folder: Path, arguments: str
) -> None:
    other = catalog.open_album("Images", folder, "arn:another")
    put(other, folder, "one.jpg", 90)
    other.save()
    told = command(*arguments.split())
    assert (told.status, len(told.err.splitlines())) == (2, 1)
    assert "Name its stack with --stack" in told.err
    assert other.people() == ["me", "you"]


def test_an_album_that_nobody_knows_is_told_from_a_cloud_that_cannot_be_asked(command: Command, known: Album) -> None:
    with mock_aws():  # without a stack
        told = command("sync", "Imagse")
        assert told.status == 2
        assert "no album 'Imagse' on this machine. Did you mean 'Images'" in told.err
        assert "The cloud was not asked: " in told.err


@pytest.mark.parametrize("arguments", ["sync Images", "sync", "status", "tune --threshold 90", "people remove me"])
def test_an_album_that_is_known_is_not_denied_where_its_cloud_cannot_be_asked(
    command: Command, catalog: Catalog, folder: Path, arguments: str
) -> None:
    far = catalog.open_album("Images", folder, "a stack")
    put(far, folder, "one.jpg", 90)
    far.save()
    with mock_aws():  # without a stack
        told = command(*arguments.split())
    assert (told.status, len(told.err.splitlines())) == (1, 1)
    assert "no album" not in told.err
    assert (far.people(), far.thresholds) == (["me", "you"], Thresholds())


@pytest.mark.parametrize("arguments", ["status", "sync", "retry Images", "people remove me"])
def test_where_the_stack_is_not_found_it_is_said_where_the_album_is(
    command: Command, cloud: Cloud, far: Album, arguments: str
) -> None:
    told = command(*arguments.split(), "--region", "eu-west-1")
    assert told.status == 1
    assert "There is no stack 'PhotoSort' in eu-west-1" in told.err
    assert told.err.endswith(f"Album 'Images' is in {cloud.deployment.stack_id}.\n")
    assert far.people() == ["me", "you"]


def test_failed_comparisons_of_the_cloud_are_status_3(command: Command, cloud: Cloud, far: Album) -> None:
    far.set_headshots("you", [Headshot("you", "c" * 64, "new.jpg", b"")])
    far.record(Comparison("c" * 64, digest_of("one.jpg"), None, Problem.FAILED, "why", "test", ""))
    far.save()
    told = command("sync", "Images")
    assert (told.status, "1 verdict failed or pending" in told.err) == (3, True)


def test_the_status_of_an_album_in_the_cloud_tells_what_has_come_what_failed_and_what_is_queued(
    command: Command, cloud: Cloud, far: Album
) -> None:
    far.set_headshots("she", [Headshot("she", "c" * 64, "new.jpg", b"")])
    far.record(Comparison("c" * 64, digest_of("one.jpg"), None, Problem.FAILED, "why", "rekognition", now()))
    far.save()
    failed = to_item("Images", far.cells(digest_of("one.jpg"))["c" * 64], 2**40)
    Table(cloud.clients.dynamodb, cloud.deployment.table).put(failed)
    cloud.clients.sqs.send_message(QueueUrl=cloud.deployment.compare_queue, MessageBody="of another album")
    told = command("status")
    assert told.status == 3
    assert "Failed: 1 comparison; `sortclient retry Images` asks for them again\n  1 x why\n" in told.out
    assert "for all its albums: 1 message to compare (1 waiting" in told.out
    read = json.loads(command("status", "Images", "--format", "json").out)
    assert (read["missing"], read["failed"], read["cloud"]["limit"], read["cloud"]["paused"]) == (0, 1, 22.5, False)


def test_retry_of_the_cloud_asks_for_the_rest_of_the_album(
    command: Command, cloud: Cloud, far: Album, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[tuple[object, ...]] = []
    monkeypatch.setattr("sortclient.run.run", lambda order, wishes, *_, **__: begun.append((order, wishes)) or 3)
    far.set_headshots("she", [Headshot("she", "c" * 64, "new.jpg", b"")])
    far.save()
    came = to_item("Images", Comparison("c" * 64, digest_of("one.jpg"), 99.0, None, "", "rekognition", now()), 2**40)
    Table(cloud.clients.dynamodb, cloud.deployment.table).put(came)
    assert command("retry", "--originals", "--no-wait", "--yes", "--max-spend", "5").status == 3
    assert far.lacking() == 0  # what has come meanwhile is not quoted
    order = Order(folder, (), "Images", originals=True, wait=False, as_known=True)
    assert begun == [(order, Wishes(OutputWish(), None, yes=True, max_spend=5))]
