"""An album that another machine made, taken over from the cloud; the cloud is moto's."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest

from photosort.comparison import Comparison, Correction, Problem, Thresholds
from photosort.keys import HeadshotKey, PhotoKey
from sortclient import later
from sortclient.aws.objects import PATH
from sortclient.catalog import Catalog
from sortclient.errors import InputError
from sortclient.later import catch_up
from sortclient.model import Headshot
from sortclient.outputs import Output
from sortclient.sync import sync
from tests.unit.aws_cloud import ALBUM, Cloud, failure, verdict
from tests.unit.test_sync import digest_of, put

ANN, BOB = "a" * 64, "b" * 64


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


@pytest.mark.parametrize("roughly", [False, True])
def test_a_photo_that_nobody_has_compared_yet_is_pending_on_every_machine(
    cloud: Cloud, catalog: Catalog, *, roughly: bool
) -> None:
    put_person(cloud, "Ann", ANN)
    put_match(cloud, 1, "one.jpg")
    album = catch_up(catalog, cloud.comparer(), ALBUM, None, roughly=roughly)
    assert album.lacking() == 0
    waiting = put_match(cloud, 2, "two.jpg")
    cloud.comparer().cells.remove(ALBUM, [(ANN, waiting)])
    album = catch_up(catalog, cloud.comparer(), ALBUM, album, roughly=roughly)
    assert [(entry.path, entry.digest) for entry in album.entries()][1:] == [("two.jpg", waiting)]
    assert album.lacking() == 1
    cloud.write(verdict(ANN, waiting, 95.0))
    assert catch_up(catalog, cloud.comparer(), ALBUM, album, roughly=roughly).lacking() == 0


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


@pytest.mark.parametrize("few", [0, 10_000])
def test_of_very_many_missing_cells_a_rough_look_reads_those_that_came_lately(
    cloud: Cloud, catalog: Catalog, folder: Path, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what the clock of a worker, or a stopped run, hid from it stands to be read by a sync."""
    monkeypatch.setattr(later, "_FEW", few)
    comparer = cloud.comparer()
    album = catalog.open_album(ALBUM, folder, comparer.place)
    for name in ("known.jpg", "late.jpg", "hidden.jpg", "failed.jpg"):
        put(album, folder, name, 90)
    album.set_headshots("she", [Headshot("she", "c" * 64, "she.jpg", b"")])
    album.record(verdict("c" * 64, digest_of("known.jpg"), at="2026-01-01T12:00:00.000Z"))
    album.record(failure("c" * 64, digest_of("failed.jpg"), at="2026-01-01T12:00:00.000Z"))
    album.save()
    for name, at in (("late.jpg", "12:30"), ("known.jpg", "12:00"), ("hidden.jpg", "11:00"), ("failed.jpg", "11:00")):
        cloud.write(verdict("c" * 64, digest_of(name), at=f"2026-01-01T{at}:00.000Z"))
    cloud.write(verdict("c" * 64, "e" * 64, at="2026-01-01T12:30:00.000Z"))  # another machine's photo
    cloud.requests.clear()

    album = catch_up(catalog, comparer, ALBUM, album, roughly=True)
    by_key = [params for operation, params in cloud.requests if operation == "BatchGetItem"]
    assert (album.lacking(), len(album.failures()), len(by_key)) == ((1, 1, 0) if few == 0 else (0, 0, 1))
    assert album.cells(digest_of("late.jpg"))["c" * 64].is_verdict
    assert album.cells("e" * 64) == {}  # to prune would take it from the cloud

    album = catch_up(catalog, comparer, ALBUM, album)
    assert (album.lacking(), album.failures()) == (0, [])


def test_a_rough_look_at_another_machines_album_takes_over_what_is_new(cloud: Cloud, catalog: Catalog) -> None:
    put_person(cloud, "Ann", ANN)
    put_match(cloud, 1, "one.jpg")
    album = catch_up(catalog, cloud.comparer(), ALBUM, None)
    put_match(cloud, 2, "two.jpg")
    cloud.clients.s3.delete_object(Bucket=cloud.deployment.bucket, Key=str(PhotoKey(ALBUM, f"{1:064x}")))
    cloud.requests.clear()
    album = catch_up(catalog, cloud.comparer(), ALBUM, album, roughly=True)
    assert [entry.path for entry in album.entries()] == ["one.jpg", "two.jpg"]
    assert [operation for operation, _ in cloud.requests].count("HeadObject") == 1  # names that are known stay
    album = catch_up(catalog, cloud.comparer(), ALBUM, album)
    assert [entry.path for entry in album.entries()] == ["two.jpg"]
