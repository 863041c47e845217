"""An album that another machine made, taken over from the cloud; the cloud is moto's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from moto import mock_aws

from photosort.keys import HeadshotKey, PhotoKey
from sortclient.aws.objects import PATH
from sortclient.catalog import Catalog
from sortclient.errors import InputError
from sortclient.later import catch_up
from sortclient.outputs import Output
from sortclient.sync import sync
from tests.unit.aws_cloud import ALBUM, Cloud, verdict

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
