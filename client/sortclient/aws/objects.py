"""The bucket as the client sees it: headshots and photos of an album, put, listed and fetched."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from photosort.chunks import chunks
from photosort.keys import (
    PHOTOS,
    HeadshotKey,
    Key,
    MalformedKey,
    MatchKey,
    PhotoKey,
    album_of,
    matches_prefix,
    parse_key,
    people_prefix,
    photos_prefix,
)
from photosort.work import Headshot
from sortclient.aws.failures import explained
from sortclient.aws.session import THREADS

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PATH = "path"  # the metadata entry with the photo's path, percent-encoded, so that another machine can sync

# S3 takes 2 KB of metadata, names included; the rest is left to whoever adds an entry later.
_LONGEST_PATH = 1800  # bytes, encoded

DELETED_AT_ONCE = 1000  # DeleteObjects' limit

# Work can wait in the queue for six hours before it is given up: an object with less life left counts as gone
# and is sent again, which starts its time anew.
_LIFE_NEEDED = timedelta(hours=6)


class Objects:
    """The objects of all albums in one bucket, which keeps each for ``retention_days``."""

    def __init__(self, s3: S3Client, bucket: str, retention_days: int) -> None:
        self._s3, self._bucket, self.retention_days = s3, bucket, retention_days
        self._life = timedelta(days=retention_days) - _LIFE_NEEDED

    def albums(self) -> list[str]:
        """The names of the albums that have photos here, in order."""
        names = []
        with explained():
            pages = self._s3.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=PHOTOS, Delimiter="/"
            )
            for page in pages:
                for entry in page.get("CommonPrefixes", []):
                    with suppress(MalformedKey):  # not of our writing
                        names.append(album_of(entry["Prefix"]))
        return sorted(names)

    def people(self, album: str, lasting: bool = False, person: str | None = None) -> list[Headshot]:
        """The album's headshots, of all people or of one; ``lasting`` leaves out those that are about to expire."""
        with explained():
            return [
                Headshot(key.person, key.digest)
                for page in self._pages(people_prefix(album, person), lasting)
                for key in page
                if isinstance(key, HeadshotKey)
            ]

    def photos(self, album: str, lasting: bool = False) -> Iterator[list[str]]:
        """The digests of the album's photos, up to 1,000 at a time; ``lasting`` as above."""
        with explained():
            for page in self._pages(photos_prefix(album), lasting):
                yield [key.digest for key in page if isinstance(key, PhotoKey)]

    def photos_lasting(self, album: str) -> dict[bytes, bool]:
        """The album's photos (digests), and of each whether it is not about to expire."""
        with explained():
            return {
                bytes.fromhex(key.digest): lasts
                for page in self._entries(photos_prefix(album))
                for key, lasts in page
                if isinstance(key, PhotoKey)
            }

    def matches(self, album: str, person: str | None = None) -> Iterator[MatchKey]:
        """The copies that stand for the album's matches, of all people or of one."""
        with explained():
            for page in self._pages(matches_prefix(album, person), lasting=False):
                yield from (key for key in page if isinstance(key, MatchKey))

    def photo_names(self, album: str, digests: Iterable[str]) -> Iterator[tuple[str, str]]:
        """(digest, path) of each photo that is there; without a path in its metadata it is named by its digest.

        The path is what some machine once wrote: whoever makes a file of it checks it first.
        """
        with explained(), ThreadPoolExecutor(THREADS) as pool:
            for batch in chunks(digests, THREADS * 4):
                for digest, path in zip(batch, pool.map(lambda digest: self._path(album, digest), batch), strict=True):
                    if path is not None:
                        yield digest, path

    def download(self, album: str, digest: str) -> bytes | None:
        """The photo's copy as it was uploaded; None where it has expired."""
        with explained():
            try:
                return self._s3.get_object(Bucket=self._bucket, Key=str(PhotoKey(album, digest)))["Body"].read()
            except self._s3.exceptions.NoSuchKey:
                return None

    def put(
        self,
        key: HeadshotKey | PhotoKey,
        content: bytes,
        content_type: str,
        path: str | None = None,
        sha256: bytes | None = None,
    ) -> None:
        """Put one object. Raises botocore's errors: it runs in threads, and is explained where it is waited for.

        S3 refuses a content that has not its checksum: ``sha256``, else a CRC32 that botocore computes.
        """
        checksum: dict[str, Any] = {} if sha256 is None else {"ChecksumSHA256": b64encode(sha256).decode()}
        self._s3.put_object(
            Bucket=self._bucket,
            Key=str(key),
            Body=content,
            ContentType=content_type,
            Metadata={} if path is None else path_metadata(path),
            **checksum,
        )

    def copy(self, pairs: Iterable[tuple[Key, Key]]) -> int:
        """Copy (from, to), metadata and all, and return how many. What is gone meanwhile is left out."""
        copied = 0
        with explained(), ThreadPoolExecutor(THREADS) as pool:
            for batch in chunks(pairs, THREADS * 4):
                copied += sum(pool.map(self._copy, batch))
        return copied

    def remove(self, keys: Iterable[Key]) -> None:
        """Delete the objects; one that is gone already is no error."""
        from botocore.exceptions import ClientError

        with explained():
            for batch in chunks(keys, DELETED_AT_ONCE):
                answer = self._s3.delete_objects(
                    Bucket=self._bucket, Delete={"Objects": [{"Key": str(key)} for key in batch], "Quiet": True}
                )
                for error in answer.get("Errors", []):  # the request succeeds all the same
                    raise ClientError({"Error": {"Code": error["Code"], "Message": error["Message"]}}, "DeleteObjects")

    def _pages(self, prefix: str, lasting: bool) -> Iterator[list[Key]]:
        for page in self._entries(prefix):
            yield [key for key, lasts in page if lasts or not lasting]

    def _entries(self, prefix: str) -> Iterator[list[tuple[Key, bool]]]:
        """Keys, and whether each has enough of its life left, a page of the listing at a time."""
        oldest = datetime.now(UTC) - self._life
        for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix):
            keys = []
            for entry in page.get("Contents", []):
                with suppress(MalformedKey):  # somebody else's object: nothing of ours is named so
                    keys.append((parse_key(entry["Key"]), entry["LastModified"] >= oldest))
            yield keys

    def _copy(self, pair: tuple[Key, Key]) -> bool:
        source, target = map(str, pair)
        try:
            self._s3.copy_object(Bucket=self._bucket, Key=target, CopySource={"Bucket": self._bucket, "Key": source})
        except self._s3.exceptions.NoSuchKey:
            return False
        return True

    def _path(self, album: str, digest: str) -> str | None:
        from botocore.exceptions import ClientError

        try:
            head = self._s3.head_object(Bucket=self._bucket, Key=str(PhotoKey(album, digest)))
        except ClientError as error:
            if error.response["Error"]["Code"] == "404":  # a HEAD has no body, and so no code of S3's own
                return None
            raise
        return unquote(head["Metadata"].get(PATH, "")) or f"{digest}.jpg"


def path_metadata(path: str) -> dict[str, str]:
    """The path for the object's metadata (ASCII only); of one that is too long, the file's name without its folders."""
    for text in (path, path.rpartition("/")[2]):
        encoded = quote(text)
        if len(encoded) <= _LONGEST_PATH:
            return {PATH: encoded}
    return {}
