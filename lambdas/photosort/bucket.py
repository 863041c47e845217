"""The bucket, as the functions list it, look into it and copy inside it. Everything raises PipelineError."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from photosort.errors import Gone, translated
from photosort.keys import HeadshotKey, Key, MalformedKey, MatchKey, PhotoKey, parse_key, people_prefix, photos_prefix
from photosort.work import Headshot

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


# LastModified has whole seconds, and S3's clocks differ a little. A photo written in the headshot's own second may have
# been compared before it was there: the overlap costs at most a second call, a gap would lose a cell.
_OVERLAP = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Bucket:
    client: S3Client
    name: str

    def headshots(self, album: str) -> list[Headshot]:
        """All that the album has now. Never kept: the next photo may have one more to be compared with."""
        keys = (key for key, _ in self._list(people_prefix(album)))
        return [Headshot(key.person, key.digest) for key in keys if isinstance(key, HeadshotKey)]

    def photos(self, album: str, until: datetime) -> Iterator[str]:
        """Those that may have been compared without a headshot that arrived then. Later ones have seen it."""
        for key, arrived in self._list(photos_prefix(album)):
            if isinstance(key, PhotoKey) and arrived <= until + _OVERLAP:
                yield key.digest

    def arrival(self, key: Key) -> datetime | None:
        """When the object was written, or None where it does not exist."""
        try:
            with translated():
                return self.client.head_object(Bucket=self.name, Key=str(key))["LastModified"]
        except Gone:
            return None

    def copy(self, photo: PhotoKey, match: MatchKey) -> None:
        """With its metadata, which names the photo's path. Raises Gone where the photo has expired."""
        with translated():
            self.client.copy_object(
                Bucket=self.name, Key=str(match), CopySource={"Bucket": self.name, "Key": str(photo)}
            )

    def _list(self, prefix: str) -> Iterator[tuple[Key, datetime]]:
        pages = iter(self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=prefix))
        while True:
            with translated():
                page = next(pages, None)
            if page is None:
                return
            for listed in page.get("Contents", []):
                try:
                    yield parse_key(listed["Key"]), listed["LastModified"]
                except MalformedKey:
                    continue  # put there by hand; nothing here can name its cell
