"""An album that another machine made, taken over from the cloud; the cloud is moto's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from moto import mock_aws

from photosort.comparison import Comparison, Correction, Problem, Thresholds
from photosort.keys import HeadshotKey, PhotoKey
from sortclient.aws.objects import PATH
from sortclient.catalog import Catalog
from sortclient.errors import InputError
from sortclient.later import catch_up
from sortclient.model import Headshot
from sortclient.outputs import Output
from sortclient.sync import sync
from tests.unit.aws_cloud import ALBUM, Cloud, verdict
from tests.unit.test_sync import digest_of, put

ANN, BOB = "a" * 64, "b" * 64


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with mock_aws():
        yield Cloud()


def put_person(cloud: Cloud, person: str, headshot: str) -> str:
    key = str(HeadshotKey(ALBUM, person, headshot))
    cloud.clients.s3.put_object(Bucket=cloud.deployment.bucket, Key=key, Body=b"jpeg")
    return key


def put_match(cloud: Cloud, number: int, path: str) -> str:
    """A photo with Ann, under a path that some machine wrote; its digest."""
    digest = f"{number:064x}"
    cloud.clients.s3.put_object(
        Bucket=cloud.deployment.bucket,
        Key=str(PhotoKey(ALBUM, digest)),
        Body=b"copy",
        Metadata={PATH: quote(path)},
    )
    cloud.write(verdict(ANN, digest, 95.0))
    return digest


def test_a_path_that_leads_out_or_cannot_be_printed_gives_way_to_the_digest(
    cloud: Cloud, catalog: Catalog, tmp_path: Path
) -> None:
    put_person(cloud, "Ann", ANN)
    hostile = ["../../evil.jpg", "/etc/evil.jpg", "a//b.jpg", "a/./b.jpg", "red\x1b[31m.jpg", "nul\0.jpg"]
    digests = [put_match(cloud, number, path) for number, path in enumerate(hostile)]
    put_match(cloud, 99, "Été/good one.jpg")
    album = catch_up(catalog, cloud.comparer(), ALBUM, None)
    out = tmp_path / "out" / "Matches"
    done = sync(album, Output(out), lambda _: b"copy")
    assert done.added == len(hostile) + 1
    written = {str(file.relative_to(tmp_path / "out")) for file in (tmp_path / "out").rglob("*") if file.is_file()}
    assert written == {f"Matches/Ann/{digest}.jpg" for digest in digests} | {"Matches/Ann/Été/good one.jpg"}


def test_a_person_who_left_the_cloud_leaves_the_album(cloud: Cloud, catalog: Catalog) -> None:
    put_person(cloud, "Ann", ANN)
    bob = put_person(cloud, "Bob", BOB)
    put_match(cloud, 1, "one.jpg")
    album = catch_up(catalog, cloud.comparer(), ALBUM, None)
    assert [shot.person for shot in album.headshots()] == ["Ann", "Bob"]
    cloud.clients.s3.delete_object(Bucket=cloud.deployment.bucket, Key=bob)
    album = catch_up(catalog, cloud.comparer(), ALBUM, album)
    assert [shot.person for shot in album.headshots()] == ["Ann"]


def test_an_album_of_another_stack_is_not_looked_for_in_this_one(
    cloud: Cloud, catalog: Catalog, tmp_path: Path
) -> None:
    elsewhere = catalog.open_album("Images", tmp_path, "arn:another")
    with pytest.raises(InputError, match="--stack"):
        catch_up(catalog, cloud.comparer(), None, elsewhere)
    with pytest.raises(InputError, match="There is no album"):
        catch_up(catalog, cloud.comparer(), "Nobody's", None)


def test_what_other_machines_decided_is_taken_over_and_saved(cloud: Cloud, catalog: Catalog, tmp_path: Path) -> None:
    put_person(cloud, "Ann", ANN)
    photo = put_match(cloud, 1, "one.jpg")
    comparer = cloud.comparer()
    comparer.cells.set_thresholds(ALBUM, Thresholds(85, {"Ann": 70}))
    said = Correction("Ann", photo, False, "2026-01-01T00:00:00.000Z")
    comparer._corrections.put(ALBUM, [said])
    catch_up(catalog, comparer, ALBUM, None)
    with Catalog(tmp_path / "data" / "catalog.sqlite") as another:
        known = another.find_album(ALBUM)
        assert known is not None
        assert (known.thresholds, known.corrections()) == (Thresholds(85, {"Ann": 70}), [said])
    comparer.cells.set_thresholds(ALBUM, Thresholds(90, at="2026-01-01T00:00:00.000Z"))
    album = catch_up(catalog, comparer, ALBUM, catalog.find_album(ALBUM))
    assert album.thresholds == Thresholds(90)


def test_an_album_with_its_folder_here_keeps_its_people_and_thresholds_and_hears_cells_and_corrections(
    cloud: Cloud, catalog: Catalog, folder: Path
) -> None:
    comparer = cloud.comparer()
    album = catalog.open_album(ALBUM, folder, comparer.place)
    put(album, folder, "one.jpg", 90)
    album.set_threshold(70, "me")
    album.set_headshots("me", [Headshot("me", ANN, "me.jpg", b"jpeg"), Headshot("me", "c" * 64, "b.jpg", b"jpeg")])
    album.record(Comparison("c" * 64, digest_of("one.jpg"), None, Problem.FAILED, "why", "rekognition", ""))
    album.save()
    put_person(cloud, "Bob", BOB)
    cloud.write(verdict("c" * 64, digest_of("one.jpg"), 95.0))
    said = Correction("you", digest_of("one.jpg"), True, "2026-01-01T00:00:00.000Z")
    comparer._corrections.put(ALBUM, [said])
    album = catch_up(catalog, comparer, ALBUM, album)
    assert (album.people(), album.thresholds) == (["me", "you"], Thresholds(80, {"me": 70}))
    assert album.cells(digest_of("one.jpg"))["c" * 64].similarity == 95.0
    assert album.corrections() == [said]
