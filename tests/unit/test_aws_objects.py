"""The bucket: keys, paths in metadata, what counts as present, and uploads in threads."""

from __future__ import annotations

import hashlib
import threading
from base64 import b64decode
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photosort.keys import HeadshotKey, MatchKey, PhotoKey
from photosort.work import Headshot
from sortclient.aws import upload
from sortclient.aws.failures import Missing
from sortclient.aws.objects import PATH, Objects, path_metadata
from sortclient.aws.upload import Parcel, Uploads
from tests.unit.aws_cloud import ALBUM, Cloud


@pytest.fixture
def objects(cloud: Cloud) -> Objects:
    return Objects(cloud.clients.s3, cloud.deployment.bucket, 30)


def digest(number: int) -> str:
    return f"{number:064x}"


def test_an_object_is_put_with_its_type_and_path(cloud: Cloud, objects: Objects) -> None:
    objects.put(PhotoKey(ALBUM, digest(1)), b"png", "image/png", "Sub dir/ü +%.png")
    head = cloud.clients.s3.head_object(Bucket=cloud.deployment.bucket, Key=str(PhotoKey(ALBUM, digest(1))))
    assert head["ContentType"] == "image/png"
    assert head["Metadata"] == {PATH: "Sub%20dir/%C3%BC%20%2B%25.png"}
    assert list(objects.photo_names(ALBUM, [digest(1)])) == [(digest(1), "Sub dir/ü +%.png")]


def test_a_photo_without_a_path_is_named_by_its_digest(objects: Objects) -> None:
    objects.put(PhotoKey(ALBUM, digest(1)), b"jpeg", "image/jpeg")
    assert list(objects.photo_names(ALBUM, [digest(1), digest(2)])) == [(digest(1), f"{digest(1)}.jpg")]


@given(st.text(min_size=1, max_size=1500))
def test_a_path_fits_the_metadata_whatever_it_is(path: str) -> None:
    path = path.encode("utf-8", "ignore").decode()
    for name, value in path_metadata(path).items():
        assert len(name) + len(value) <= 2048
        assert value.isascii()
        assert path.endswith(unquote(value))


def test_of_a_path_too_long_the_name_is_kept() -> None:
    assert path_metadata("ü" * 1000 + "/name.jpg") == {PATH: "name.jpg"}
    assert path_metadata("ü" * 1000) == {}


def test_pages_are_read_to_the_end_and_foreign_objects_ignored(cloud: Cloud, objects: Objects) -> None:
    expected = {digest(number) for number in range(1005)}
    for number in expected:
        cloud.clients.s3.put_object(Bucket=cloud.deployment.bucket, Key=str(PhotoKey(ALBUM, number)))
    cloud.clients.s3.put_object(Bucket=cloud.deployment.bucket, Key=f"photos/{ALBUM}/../../evil.jpg")
    cloud.clients.s3.put_object(Bucket=cloud.deployment.bucket, Key=str(PhotoKey(ALBUM + "2", digest(7777))))
    pages = list(objects.photos(ALBUM))
    assert len(pages) == 2
    assert {found for page in pages for found in page} == expected


def test_people_and_albums(cloud: Cloud, objects: Objects) -> None:
    for album in ("Zoo", ALBUM):
        objects.put(PhotoKey(album, digest(1)), b"jpeg", "image/jpeg")
    cloud.clients.s3.put_object(Bucket=cloud.deployment.bucket, Key="photos/a b/no-album-of-ours.jpg")
    objects.put(HeadshotKey(ALBUM, "Åsa & Bo", digest(2)), b"jpeg", "image/jpeg")
    assert objects.albums() == [ALBUM, "Zoo"]
    assert objects.people(ALBUM) == [Headshot("Åsa & Bo", digest(2))]
    assert objects.people("Zoo") == []


def test_what_one_person_has_is_listed_without_the_others(cloud: Cloud, objects: Objects) -> None:
    names = ("Åsa", "Åsa B", "Å", "~!2F")
    for number, person in enumerate(names):
        objects.put(HeadshotKey(ALBUM, person, digest(number)), b"jpeg", "image/jpeg")
        objects.put(PhotoKey(ALBUM, digest(number)), b"jpeg", "image/jpeg")
    assert (
        objects.copy((PhotoKey(ALBUM, digest(n)), MatchKey(ALBUM, person, digest(n))) for n, person in enumerate(names))
        == 4
    )
    for number, person in enumerate(names):
        assert objects.people(ALBUM, person=person) == [Headshot(person, digest(number))]
        assert list(objects.matches(ALBUM, person)) == [MatchKey(ALBUM, person, digest(number))]
    assert len(list(objects.matches(ALBUM))) == len(objects.people(ALBUM)) == 4


def test_copies_are_begun_a_few_at_a_time(cloud: Cloud, objects: Objects) -> None:
    """The pairs are made as they are needed: an album may have a hundred thousand."""
    objects.put(PhotoKey(ALBUM, digest(0)), b"jpeg", "image/jpeg")
    ahead = []

    def pairs() -> Iterator[tuple[PhotoKey, MatchKey]]:
        for number in range(200):
            ahead.append(number - [name for name, _ in cloud.requests].count("CopyObject"))
            yield PhotoKey(ALBUM, digest(0)), MatchKey(ALBUM, "Bo", digest(number))

    assert objects.copy(pairs()) == 200
    assert max(ahead) < 50


def test_what_is_about_to_expire_is_not_relied_on(cloud: Cloud, objects: Objects) -> None:
    """Work can wait for hours; an object that expires meanwhile would leave its cells missing."""
    objects.put(PhotoKey(ALBUM, digest(1)), b"jpeg", "image/jpeg")
    objects.put(HeadshotKey(ALBUM, "Ann", digest(2)), b"jpeg", "image/jpeg")
    assert list(objects.photos(ALBUM, lasting=True)) == [[digest(1)]]
    assert len(objects.people(ALBUM, lasting=True)) == 1
    expiring = Objects(cloud.clients.s3, cloud.deployment.bucket, 0)
    assert list(expiring.photos(ALBUM, lasting=True)) == [[]]
    assert expiring.people(ALBUM, lasting=True) == []
    assert list(expiring.photos(ALBUM)) == [[digest(1)]]
    assert len(expiring.people(ALBUM)) == 1


def test_a_checksum_that_is_known_is_sent_and_signed_and_no_other_is_computed(cloud: Cloud) -> None:
    sent: list[Any] = []
    cloud.clients.s3.meta.events.register("before-send.s3.PutObject", lambda request, **_: sent.append(request.headers))
    known = hashlib.sha256(b"jpeg").digest()
    objects = cloud.comparer().objects
    objects.put(PhotoKey(ALBUM, digest(1)), b"jpeg", "image/jpeg", sha256=known)
    objects.put(PhotoKey(ALBUM, digest(2)), b"jpeg", "image/jpeg")
    told, untold = ({name.lower(): value for name, value in headers.items()} for headers in sent)
    assert b64decode(told["x-amz-checksum-sha256"]) == known
    assert b"x-amz-checksum-sha256" in told["authorization"]
    assert "x-amz-trailer" not in told
    assert untold["x-amz-trailer"] == b"x-amz-checksum-crc32"


def test_a_bucket_that_is_gone_is_told(cloud: Cloud) -> None:
    with pytest.raises(Missing, match="make deploy"):
        Objects(cloud.clients.s3, "gone", 30).people(ALBUM)


class _Held:
    """In place of the bucket: puts that wait until they are let go."""

    def __init__(self) -> None:
        self.go, self.has_begun = threading.Event(), threading.Event()
        self.begun: list[str] = []

    def put(self, key: PhotoKey, *_: object) -> None:
        self.begun.append(key.digest)
        self.has_begun.set()
        self.go.wait(10)


def parcel(number: int, size: int = 10) -> Parcel:
    return Parcel(PhotoKey(ALBUM, digest(number)), b"x" * size, "image/jpeg")


def test_uploads_are_bounded_in_number() -> None:
    held: Any = _Held()
    with Uploads(held, lambda _: None, threads=2) as uploads:
        for number in range(4):
            assert not uploads.is_full
            uploads.begin(parcel(number))
        assert bool(uploads.is_full)
        assert list(uploads.finished()) == []
        held.go.set()
        sent: set[str] = set()
        while len(uploads):
            sent.update(done.key.digest for done in uploads.finished(timeout=5))
        assert sent == {digest(number) for number in range(4)}
        assert not uploads.is_full


def test_uploads_are_bounded_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload, "MOST_BYTES", 100)
    held: Any = _Held()
    with Uploads(held, lambda _: None, threads=8) as uploads:
        uploads.begin(parcel(1, size=60))
        assert not bool(uploads.is_full)
        uploads.begin(parcel(2, size=60))
        assert uploads.is_full
        held.go.set()


def test_closing_drops_what_has_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload, "_FAREWELL_SECONDS", 0.01)
    held: Any = _Held()
    with Uploads(held, lambda _: None, threads=1) as uploads:
        for number in range(2):
            uploads.begin(parcel(number))
        assert held.has_begun.wait(10)
    held.go.set()
    uploads._pool.shutdown()  # to the end of what had begun
    assert held.begun == [digest(0)]


def test_what_succeeded_is_yielded_before_the_error_is_raised() -> None:
    class Refusing:
        def put(self, key: PhotoKey, *_: object) -> None:
            if key.digest == digest(1):
                raise PermissionError("no")

    refusing: Any = Refusing()
    sent: list[str] = []
    with Uploads(refusing, lambda _: None, threads=2) as uploads:
        for number in (1, 0, 2):
            uploads.begin(parcel(number))
        while not all(future.done() for future in uploads._begun):
            pass
        finished = (done.key.digest for done in uploads.finished())
        with pytest.raises(PermissionError):
            sent.extend(finished)
    assert sorted(sent) == [digest(0), digest(2)]
