"""What pruning removes from the cloud, what it leaves, and where a stopped one goes on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from moto import mock_aws

from photosort.comparison import Thresholds
from photosort.keys import HeadshotKey, MatchKey, PhotoKey
from sortclient.aws.comparer import AwsComparer
from sortclient.aws.failures import Denied
from sortclient.comparer import Pruned
from tests.unit.aws_cloud import ALBUM, Cloud, verdict

ME, KEPT, GONE = "e" * 64, "a" * 64, "b" * 64
DIGESTS_GONE = {bytes.fromhex(GONE)}


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with mock_aws():
        made = Cloud()
        for key in (
            HeadshotKey(ALBUM, "me", ME),
            *(PhotoKey(album, photo) for album in (ALBUM, "Other") for photo in (KEPT, GONE)),
            *(MatchKey(ALBUM, person, photo) for person in ("me", "you") for photo in (KEPT, GONE)),
        ):
            made.clients.s3.put_object(Bucket=made.deployment.bucket, Key=str(key), Body=b"x")
        for headshot in (ME, "f" * 64):
            for photo in (KEPT, GONE):
                made.write(verdict(headshot, photo))
        made.comparer().cells.set_thresholds(ALBUM, Thresholds(85))
        yield made


@pytest.fixture
def comparer(cloud: Cloud) -> AwsComparer:
    return cloud.comparer()


def test_photos_matches_of_everybody_and_cells_go(cloud: Cloud, comparer: AwsComparer) -> None:
    assert sum(comparer.prune(ALBUM, DIGESTS_GONE), Pruned()) == Pruned(photos=1, matches=2, cells=2)
    assert set(cloud.stored()) == {
        str(HeadshotKey(ALBUM, "me", ME)),
        *(str(PhotoKey("Other", photo)) for photo in (KEPT, GONE)),
        str(PhotoKey(ALBUM, KEPT)),
        *(str(MatchKey(ALBUM, person, KEPT)) for person in ("me", "you")),
    }
    assert {comparison.photo for comparison in comparer.cells.all(ALBUM)} == {KEPT}
    assert comparer.cells.thresholds(ALBUM) == Thresholds(85)
    assert sum(comparer.prune(ALBUM, DIGESTS_GONE), Pruned()) == Pruned()


def test_the_photo_goes_first_and_a_stopped_pruning_is_taken_up(cloud: Cloud, comparer: AwsComparer) -> None:
    """Work that is queued for the photo then finds it gone; with the cells first, it would be compared anew."""
    steps = comparer.prune(ALBUM, DIGESTS_GONE)
    assert next(steps) == Pruned(photos=1)
    assert str(PhotoKey(ALBUM, GONE)) not in cloud.stored()
    assert len(list(comparer.cells.all(ALBUM))) == 4
    steps.close()  # type: ignore[attr-defined]
    assert sum(comparer.prune(ALBUM, DIGESTS_GONE), Pruned()) == Pruned(matches=2, cells=2)


def test_what_s3_refuses_in_a_request_that_succeeds_is_told(cloud: Cloud, comparer: AwsComparer) -> None:
    """DeleteObjects answers 200 with an error for each key."""
    cloud.clients.s3.meta.events.register(
        "after-call.s3.DeleteObjects",
        lambda parsed, **_: parsed.update(Errors=[{"Key": "x", "Code": "AccessDenied", "Message": "no"}]),
    )
    with pytest.raises(Denied):
        list(comparer.prune(ALBUM, DIGESTS_GONE))


def test_what_only_the_cloud_has_is_counted(comparer: AwsComparer) -> None:
    assert comparer.photos(ALBUM) == {bytes.fromhex(photo): True for photo in (KEPT, GONE)}
    assert [comparer.other_headshots(ALBUM, people) for people in ({"me"}, {"you"}, set())] == [0, 1, 1]
    assert (comparer.photos("Nobody's"), comparer.other_headshots("Nobody's", set())) == ({}, 0)
