"""Corrections in the table, and `matches/` made to follow what was decided."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from photosort import comparison as contract
from photosort.comparison import Correction, Thresholds, timestamp
from photosort.keys import HeadshotKey, MatchKey, PhotoKey
from sortclient.aws import decisions
from sortclient.aws.cells import Cells
from sortclient.aws.decisions import Corrections, Reconciled, reconcile
from sortclient.aws.failures import Denied
from sortclient.aws.follow import Follower
from sortclient.aws.objects import Objects
from tests.unit.aws_cloud import ALBUM, Cloud, verdict

ANA, BO = "Ana & Zoë", "Bo"


@pytest.fixture
def corrections(cloud: Cloud) -> Corrections:
    return Corrections(cloud.clients.dynamodb, cloud.deployment.table, 30)


@pytest.fixture
def objects(cloud: Cloud) -> Objects:
    return Objects(cloud.clients.s3, cloud.deployment.bucket, 30)


def digest(number: int) -> str:
    return f"{number:064x}"


def said(person: str, photo: int, is_person: bool | None, minutes_ago: float = 0) -> Correction:
    at = timestamp(datetime(2026, 1, 1, tzinfo=UTC) - timedelta(minutes=minutes_ago))
    return Correction(person, digest(photo), is_person, at)


def test_corrections_are_kept_as_they_were_said(corrections: Corrections) -> None:
    given = [said(ANA, 1, True), said(ANA, 2, False), said(ANA, 3, None), said(BO, 1, False)]
    corrections.put(ALBUM, given)
    corrections.put("Another", [said(BO, 9, True)])
    assert set(corrections.all(ALBUM)) == set(given)
    assert set(corrections.all(ALBUM, BO)) == {given[3]}
    assert list(corrections.all(ALBUM, "B")) == []  # the beginning of a name is another name


@pytest.mark.parametrize("order", [1, -1])
def test_the_later_word_holds_whenever_it_comes(corrections: Corrections, order: int) -> None:
    words = [said(ANA, 1, True, minutes_ago=3), said(ANA, 1, None, minutes_ago=2), said(ANA, 1, False, minutes_ago=1)]
    for word in words[::order]:
        corrections.put(ALBUM, [word])
    assert list(corrections.all(ALBUM)) == [words[-1]]


def test_what_was_taken_back_is_not_brought_again_by_a_machine_that_missed_it(corrections: Corrections) -> None:
    corrections.put(ALBUM, [said(ANA, 1, None)])
    corrections.put(ALBUM, [said(ANA, 1, True, minutes_ago=5)])
    assert list(corrections.all(ALBUM)) == [said(ANA, 1, None)]


def test_a_correction_expires_and_is_kept_longer_by_putting_it_again(
    corrections: Corrections, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = time.time()
    word = said(ANA, 1, True)
    corrections.put(ALBUM, [word])
    monkeypatch.setattr("time.time", lambda: start + 29 * 86_400)
    assert list(corrections.all(ALBUM)) == [word]
    corrections.put(ALBUM, [word])
    monkeypatch.setattr("time.time", lambda: start + 58 * 86_400)
    assert list(corrections.all(ALBUM)) == [word]
    monkeypatch.setattr("time.time", lambda: start + 60 * 86_400)
    assert list(corrections.all(ALBUM)) == []
    earlier = said(ANA, 1, False, minutes_ago=1)  # what counts as gone stands in nobody's way
    corrections.put(ALBUM, [earlier])
    assert list(corrections.all(ALBUM)) == [earlier]


def test_all_corrections_of_a_person_go_and_nothing_else(cloud: Cloud, corrections: Corrections) -> None:
    cloud.write(verdict(digest(1), digest(2)))
    corrections.put(ALBUM, [said(ANA, photo, True) for photo in range(30)])
    corrections.put(ALBUM, [said(BO, 1, True), said("Ana", 1, True)])
    assert corrections.remove(ALBUM, ANA) == 30
    assert {word.person for word in corrections.all(ALBUM)} == {BO, "Ana"}
    assert len(list(Cells(cloud.clients.dynamodb, cloud.deployment.table).all(ALBUM))) == 1
    assert corrections.remove(ALBUM, ANA) == 0


def test_nobody_who_reads_cells_sees_a_correction(cloud: Cloud, corrections: Corrections) -> None:
    cells = Cells(cloud.clients.dynamodb, cloud.deployment.table)
    cells.set_thresholds(ALBUM, Thresholds(85))
    corrections.put(ALBUM, [said(ANA, 1, True), said(BO, 1, None)])
    follower = Follower(cells, ALBUM)
    assert cells.newest(ALBUM) is None
    assert list(cells.all(ALBUM)) == list(cells.since(ALBUM, "0")) == list(follower.look()) == []
    cloud.write(verdict(digest(1), digest(2)))
    assert len(list(cells.all(ALBUM))) == len(list(cells.since(ALBUM, "0"))) == len(list(follower.look())) == 1
    assert cells.thresholds(ALBUM) == Thresholds(85)
    assert set(corrections.all(ALBUM)) == {said(ANA, 1, True), said(BO, 1, None)}


def test_every_attribute_is_named_by_a_placeholder(cloud: Cloud, corrections: Corrections) -> None:
    """`at` and `is` are words that DynamoDB keeps to itself; moto takes them."""
    corrections.put(ALBUM, [said(ANA, 1, True)])
    list(corrections.all(ALBUM, ANA))
    for _, params in cloud.requests:
        text = params.get("ConditionExpression", "") + params.get("KeyConditionExpression", "")
        assert text
        names = set(params["ExpressionAttributeNames"].values())
        assert names <= {contract.ALBUM, contract.CELL, contract.CORRECTED_AT, contract.EXPIRES_AT}
        assert not any(f" {name} " in f" {text.replace('(', ' ').replace(')', ' ')} " for name in names)


def put(cloud: Cloud, *keys: MatchKey | PhotoKey | HeadshotKey) -> None:
    for key in keys:
        cloud.clients.s3.put_object(
            Bucket=cloud.deployment.bucket, Key=str(key), Body=b"x", ContentType="image/png", Metadata={"path": "a.png"}
        )


def matches(cloud: Cloud) -> set[str]:
    return {key for key in cloud.stored() if key.startswith("matches/")}


def match(person: str, photo: int) -> str:
    return str(MatchKey(ALBUM, person, digest(photo)))


def photos(*numbers: int) -> set[bytes]:
    return {bytes.fromhex(digest(number)) for number in numbers}


def test_matches_follow_the_decision(cloud: Cloud, objects: Objects) -> None:
    put(cloud, *(PhotoKey(ALBUM, digest(number)) for number in range(1, 6)))
    put(cloud, *(MatchKey(ALBUM, ANA, digest(number)) for number in (1, 2, 7)), MatchKey(ALBUM, BO, digest(2)))
    put(cloud, MatchKey(ALBUM, "Somebody else's", digest(1)), MatchKey("Other album", ANA, digest(2)))
    wanted = {ANA: photos(1, 3), BO: photos(2, 4, 6), "Cem": photos(3)}  # 6 has expired
    refuted = {(ANA, photo) for photo in photos(2)}

    done = reconcile(objects, ALBUM, wanted, lambda person, photo: (person, photo) in refuted)

    assert done == Reconciled(copied=3, removed=1)
    assert matches(cloud) == {
        *(match(ANA, number) for number in (1, 3, 7)),  # of 7 nobody has decided
        *(match(BO, number) for number in (2, 4)),
        match("Cem", 3),
        match("Somebody else's", 1),
        str(MatchKey("Other album", ANA, digest(2))),
    }
    copy = cloud.clients.s3.head_object(Bucket=cloud.deployment.bucket, Key=match(BO, 4))
    assert (copy["Metadata"], copy["ContentType"]) == ({"path": "a.png"}, "image/png")
    assert reconcile(objects, ALBUM, wanted, lambda person, photo: (person, photo) in refuted) == Reconciled()


def test_photos_are_listed_only_where_a_copy_is_absent(cloud: Cloud, objects: Objects) -> None:
    put(cloud, PhotoKey(ALBUM, digest(1)), MatchKey(ALBUM, ANA, digest(1)))
    cloud.requests.clear()
    assert reconcile(objects, ALBUM, {ANA: photos(1), BO: ()}, lambda *_: False) == Reconciled()
    prefixes = [params["Prefix"].partition("/")[0] for name, params in cloud.requests if name == "ListObjectsV2"]
    assert prefixes == ["matches"]
    assert len(cloud.requests) == 1


def test_more_than_a_page_of_everything(cloud: Cloud, objects: Objects, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decisions, "DELETED_AT_ONCE", 7)
    put(cloud, *(PhotoKey(ALBUM, digest(number)) for number in range(120)))
    put(cloud, *(MatchKey(ALBUM, ANA, digest(number)) for number in range(40)))
    wanted, gone = photos(*range(20, 120)), photos(*range(20))
    assert reconcile(objects, ALBUM, {ANA: wanted}, lambda _, photo: photo in gone) == Reconciled(80, 20)
    assert matches(cloud) == {match(ANA, number) for number in range(20, 120)}


def test_a_photo_that_expires_between_listing_and_copying_is_left_out(cloud: Cloud, objects: Objects) -> None:
    put(cloud, PhotoKey(ALBUM, digest(1)), PhotoKey(ALBUM, digest(2)))

    def expire(params: dict[str, Any], **_: object) -> None:
        if params["Key"] == match(ANA, 1):
            cloud.clients.s3.delete_object(Bucket=cloud.deployment.bucket, Key=str(PhotoKey(ALBUM, digest(1))))

    cloud.clients.s3.meta.events.register("provide-client-params.s3.CopyObject", expire)
    assert reconcile(objects, ALBUM, {ANA: photos(1, 2)}, lambda *_: False) == Reconciled(copied=1)
    assert matches(cloud) == {match(ANA, 2)}


def test_a_copy_that_is_refused_is_told(cloud: Cloud, objects: Objects) -> None:
    put(cloud, PhotoKey(ALBUM, digest(1)))

    def refuse(**_: object) -> None:
        raise cloud.clients.s3.exceptions.ClientError({"Error": {"Code": "AccessDenied"}}, "CopyObject")

    cloud.clients.s3.meta.events.register("before-call.s3.CopyObject", refuse)
    with pytest.raises(Denied, match="CopyObject"):
        reconcile(objects, ALBUM, {ANA: photos(1)}, lambda *_: False)
