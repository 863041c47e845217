"""Renaming and removing a person in the cloud: what goes, what stays, and that a stopped call can be made again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from moto import mock_aws

from photosort.comparison import Correction, Thresholds, now
from photosort.keys import HeadshotKey, Key, MatchKey, PhotoKey
from sortclient.aws.cells import Cells
from sortclient.aws.decisions import Corrections
from sortclient.aws.failures import Retryable
from sortclient.aws.objects import Objects
from sortclient.aws.people import remove, rename
from sortclient.comparer import Pruned
from tests.unit.aws_cloud import ALBUM, Cloud, verdict

ANA, BO, ANNE = "Ana Zoë", "Bo", "Anne ~ 2"
SHOTS, BOS = ("a" * 64, "b" * 64), "c" * 64
PHOTO, OTHER = "1" * 64, "2" * 64

WRITES = ("PutItem", "BatchWriteItem", "CopyObject", "DeleteObjects")


class Place:
    """A cloud with Ana (two headshots) and Bo."""

    def __init__(self) -> None:
        self.cloud = Cloud()
        clients, deployment = self.cloud.clients, self.cloud.deployment
        self.objects = Objects(clients.s3, deployment.bucket, 30)
        self.cells = Cells(clients.dynamodb, deployment.table)
        self.corrections = Corrections(clients.dynamodb, deployment.table, 30)
        keys: list[Key] = [
            *(HeadshotKey(ALBUM, ANA, shot) for shot in SHOTS),
            HeadshotKey(ALBUM, BO, BOS),
            HeadshotKey("Other", ANA, SHOTS[0]),
            *(PhotoKey(ALBUM, photo) for photo in (PHOTO, OTHER)),
            *(MatchKey(ALBUM, person, PHOTO) for person in (ANA, BO)),
            MatchKey("Other", ANA, PHOTO),
        ]
        for key in keys:
            clients.s3.put_object(Bucket=deployment.bucket, Key=str(key), Body=b"x", Metadata={"path": "a.jpg"})
        for headshot in (*SHOTS, BOS):
            for photo in (PHOTO, OTHER):
                self.cloud.write(verdict(headshot, photo))
        self.corrections.put(ALBUM, [self.said(ANA), self.said(BO)])
        self.cells.set_thresholds(ALBUM, Thresholds(80, {ANA: 90, BO: 70}))

    def said(self, person: str) -> Correction:
        return Correction(person, OTHER, True, "2026-01-01T00:00:00.000Z")

    def rename(self, old: str = ANA, new: str = ANNE) -> None:
        rename(self.objects, self.cells, self.corrections, ALBUM, old, new, lambda _: ())

    def remove(self, *headshots: str) -> Pruned:
        return remove(self.objects, self.cells, self.corrections, ALBUM, ANA, headshots)

    def state(self) -> dict[str, Any]:
        return {
            "objects": set(self.cloud.stored()),
            "cells": {(cell.headshot, cell.photo) for cell in self.cells.all(ALBUM)},
            "corrections": set(self.corrections.all(ALBUM)),
            "thresholds": self.cells.thresholds(ALBUM),
        }


@pytest.fixture
def place() -> Iterator[Place]:
    with mock_aws():
        yield Place()


def renamed(state: dict[str, Any], place: Place) -> dict[str, Any]:
    names = {str(HeadshotKey(ALBUM, ANA, shot)): str(HeadshotKey(ALBUM, ANNE, shot)) for shot in SHOTS}
    names[str(MatchKey(ALBUM, ANA, PHOTO))] = str(MatchKey(ALBUM, ANNE, PHOTO))
    return state | {
        "objects": {names.get(key, key) for key in state["objects"]},
        "corrections": {place.said(ANNE), place.said(BO)},
        "thresholds": Thresholds(80, {ANNE: 90, BO: 70}),
    }


def test_a_renamed_person_keeps_everything_under_the_new_name(place: Place) -> None:
    before = place.state()
    place.rename()
    assert place.state() == renamed(before, place)
    for key in (HeadshotKey(ALBUM, ANNE, SHOTS[0]), MatchKey(ALBUM, ANNE, PHOTO)):
        head = place.cloud.clients.s3.head_object(Bucket=place.cloud.deployment.bucket, Key=str(key))
        assert head["Metadata"] == {"path": "a.jpg"}


def test_the_same_name_and_an_unknown_one_change_nothing(place: Place) -> None:
    before = place.state()
    place.rename(ANA, ANA)
    place.rename("Nobody", ANNE)
    assert place.state() == before


def test_two_people_can_become_one(place: Place) -> None:
    place.corrections.put(ALBUM, [Correction(BO, OTHER, False, now())])  # later than what was said of Ana
    place.rename(ANA, BO)
    assert {(shot.person, shot.digest) for shot in place.objects.people(ALBUM)} == {(BO, s) for s in (*SHOTS, BOS)}
    assert [word.is_person for word in place.corrections.all(ALBUM)] == [False]
    assert [key.person for key in place.objects.matches(ALBUM)] == [BO]


def stop(place: Place, at: int) -> Callable[[], None]:
    """Let the write number ``at``, from 0, and all after it fail; the function returned lets them be again."""
    counted = [0]

    def count(model: Any, **_: object) -> None:
        if model.name in WRITES:
            counted[0] += 1
            if counted[0] > at:
                raise Retryable("the network is gone")

    clients = place.cloud.clients
    for client in (clients.s3, clients.dynamodb):
        client.meta.events.register("before-call", count)

    def heal() -> None:
        for client in (clients.s3, clients.dynamodb):
            client.meta.events.unregister("before-call", count)

    return heal


@pytest.mark.parametrize("at", range(8))
def test_a_stopped_renaming_is_finished_by_the_next(place: Place, at: int) -> None:
    """The thresholds, two headshots copied, both deleted, a correction put and deleted, a match copied and deleted."""
    before = place.state()
    heal = stop(place, at)
    with pytest.raises(Retryable):
        place.rename()
    heal()
    place.rename()
    assert place.state() == renamed(before, place)


def test_nothing_of_a_removed_person_is_left(place: Place) -> None:
    before = place.state()
    place.cloud.write(verdict(SHOTS[0], "3" * 64), expires_in=-10)
    assert place.remove(*SHOTS) == Pruned(matches=1, cells=5)
    assert place.state() == {
        "objects": before["objects"]
        - {str(MatchKey(ALBUM, ANA, PHOTO)), *(str(HeadshotKey(ALBUM, ANA, shot)) for shot in SHOTS)},
        "cells": {(BOS, PHOTO), (BOS, OTHER)},
        "corrections": {place.said(BO)},
        "thresholds": Thresholds(80, {BO: 70}),
    }
    assert place.cloud.cell(SHOTS[0], "3" * 64) is None
    assert place.remove(*SHOTS) == Pruned()


def test_headshots_go_first(place: Place) -> None:
    place.cloud.requests.clear()
    place.remove()
    writes = [(name, params) for name, params in place.cloud.requests if name in WRITES]
    name, params = writes[0]
    assert name == "DeleteObjects"
    assert all(entry["Key"].startswith("people/") for entry in params["Delete"]["Objects"])
    assert len(writes) == 5


def test_cells_of_a_headshot_that_has_expired_go_too(place: Place) -> None:
    place.objects.remove([HeadshotKey(ALBUM, ANA, SHOTS[0])])
    assert place.remove(*SHOTS).cells == 4


def test_a_picture_that_is_anothers_too_keeps_its_cells(place: Place) -> None:
    key = HeadshotKey(ALBUM, BO, SHOTS[0])
    place.cloud.clients.s3.put_object(Bucket=place.cloud.deployment.bucket, Key=str(key), Body=b"x")
    assert place.remove(*SHOTS).cells == 2
    assert {cell.headshot for cell in place.cells.all(ALBUM)} == {SHOTS[0], BOS}


@pytest.mark.parametrize("at", range(5))
def test_a_stopped_removal_is_finished_by_the_next(place: Place, at: int) -> None:
    heal = stop(place, at)
    with pytest.raises(Retryable):
        place.remove(*SHOTS)
    heal()
    place.remove(*SHOTS)
    state = place.state()
    assert not any(key.split("/")[2] == "Ana!20Zo!C3!AB" and "Other" not in key for key in state["objects"])
    assert {headshot for headshot, _ in state["cells"]} == {BOS}
    assert state["corrections"] == {place.said(BO)}
    assert state["thresholds"] == Thresholds(80, {BO: 70})
