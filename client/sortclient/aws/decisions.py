"""What people decide, as the cloud keeps it: their corrections in the table, and the copies in `matches/`."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from photosort.chunks import chunks
from photosort.comparison import (
    CELL,
    CORRECTED_AT,
    CORRECTIONS,
    EXPIRES_AT,
    Correction,
    correction_item,
    corrections_prefix,
    read_correction,
)
from photosort.keys import MatchKey, PhotoKey
from sortclient.aws.failures import explained
from sortclient.aws.objects import DELETED_AT_ONCE, Objects
from sortclient.aws.session import THREADS
from sortclient.aws.table import Table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_DAY = 86_400  # seconds


class Corrections:
    """The corrections of all albums in one table, each kept for ``retention_days`` from when it was last put."""

    def __init__(self, dynamodb: DynamoDBClient, table: str, retention_days: int) -> None:
        self._table, self._life = Table(dynamodb, table), retention_days * _DAY

    def all(self, album: str, person: str | None = None) -> Iterator[Correction]:
        """Those of everybody or of one, also the ones that take an earlier one back."""
        from boto3.dynamodb.conditions import Key

        prefix = CORRECTIONS if person is None else corrections_prefix(person)
        with explained():
            yield from map(read_correction, self._table.query(album, Key(CELL).begins_with(prefix)))

    def put(self, album: str, corrections: Iterable[Correction]) -> None:
        """Write those that are not older than what stands there. To put what stands there keeps it for longer."""
        with explained(), ThreadPoolExecutor(THREADS) as pool:
            for _ in pool.map(lambda correction: self._put(album, correction), corrections):
                pass

    def remove(self, album: str, person: str) -> int:
        """Delete all of the person's, and return how many."""
        with explained():
            return self._table.delete_all(album, self._table.keys(album, corrections_prefix(person)))

    def _put(self, album: str, correction: Correction) -> bool:
        from boto3.dynamodb.conditions import Attr

        now = int(time.time())
        older = Attr(CORRECTED_AT).not_exists() | Attr(CORRECTED_AT).lte(correction.at) | Attr(EXPIRES_AT).lt(now)
        return self._table.put(correction_item(album, correction, now + self._life), older)


@dataclass(frozen=True, slots=True)
class Reconciled:
    """How many objects of `matches/` came and went."""

    copied: int = 0
    removed: int = 0


def reconcile(
    objects: Objects, album: str, wanted: Mapping[str, Collection[bytes]], refuted: Callable[[str, bytes], bool]
) -> Reconciled:
    """Make `matches/` follow the decision. ``wanted`` are the photos (digests) that are to be there, by person;
    ``refuted`` says of a (person, photo) that is there whether it is decided otherwise. What is neither stays.

    A wanted photo that has expired in the cloud is left out: it is sent again when something is compared with it.
    """
    absent = {person: set(photos) for person, photos in wanted.items()}
    removed = 0
    for copies in chunks(objects.matches(album), DELETED_AT_ONCE):
        refused = [copy for copy in copies if refuted(copy.person, bytes.fromhex(copy.digest))]
        objects.remove(refused)
        removed += len(refused)
        for copy in copies:
            absent.get(copy.person, set()).discard(bytes.fromhex(copy.digest))
    copied = objects.copy(_absent_copies(objects, album, absent)) if any(absent.values()) else 0
    return Reconciled(copied, removed)


def _absent_copies(
    objects: Objects, album: str, absent: Mapping[str, Collection[bytes]]
) -> Iterator[tuple[PhotoKey, MatchKey]]:
    """From where to where, of the photos that are there."""
    for digests in objects.photos(album):
        for digest in digests:
            photo = bytes.fromhex(digest)
            for person, photos in absent.items():
                if photo in photos:
                    yield PhotoKey(album, digest), MatchKey(album, person, digest)
