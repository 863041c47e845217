"""The comparisons table as the client sees it: cells by key, by time or all of them, and the album's thresholds."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from photosort.chunks import chunks
from photosort.comparison import (
    CELL,
    COMPARED_AT,
    COMPARED_AT_INDEX,
    PROBLEM,
    THRESHOLD_ITEM,
    THRESHOLDS_AT,
    Comparison,
    Problem,
    Thresholds,
    cell,
    from_item,
    is_cell,
    read_thresholds,
    thresholds_item,
    to_item,
)
from sortclient.aws.failures import explained
from sortclient.aws.session import THREADS
from sortclient.aws.table import KEYS_A_READ as KEYS_A_READ
from sortclient.aws.table import Item, Table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_DAY = 86_400  # seconds


class Cells:
    """The cells of all albums in one table; those that have expired count as gone."""

    def __init__(self, dynamodb: DynamoDBClient, table: str) -> None:
        self._table = Table(dynamodb, table)

    def thresholds(self, album: str) -> Thresholds | None:
        """The album's thresholds as compare_photos knows them; None where nobody has set any."""
        with explained():
            item = self._table.get(album, THRESHOLD_ITEM)
        return None if item is None else read_thresholds(item)

    def set_thresholds(self, album: str, thresholds: Thresholds) -> None:
        """Write them where none stand or earlier ones: the pipeline fills `matches/` by them from now on."""
        from boto3.dynamodb.conditions import Attr

        standing = self.thresholds(album)
        if standing is None or standing.at < thresholds.at:
            earlier = Attr(THRESHOLDS_AT).not_exists() | Attr(THRESHOLDS_AT).lt(thresholds.at)
            with explained():
                self._table.put(thresholds_item(album, thresholds), earlier)

    def rename_in_thresholds(self, album: str, person: str, new: str | None) -> None:
        """Under another name, or None for a person who leaves. That is no new word: they were said when they were."""
        standing = self.thresholds(album)
        if standing is None or person not in standing.people:
            return
        people = {name: least for name, least in standing.people.items() if name != person}
        if new is not None:
            people[new] = standing.people[person]
        with explained():
            self._table.put(thresholds_item(album, replace(standing, people=people)))

    def read(self, album: str, wanted: Iterable[tuple[str, str]]) -> Iterator[Comparison]:
        """Those of the cells (headshot digest, photo digest) that stand, read consistently, lazily, in any order."""
        with explained():
            for batch in chunks(wanted, KEYS_A_READ):
                keys = (cell(headshot, photo) for headshot, photo in batch)
                yield from _comparisons(self._table.get_all(album, keys))

    def all(self, album: str) -> Iterator[Comparison]:
        """Every cell of the album."""
        with explained():
            yield from _comparisons(self._table.query(album))

    def since(self, album: str, moment: str) -> Iterator[Comparison]:
        """The cells compared at ``moment`` or later, in that order. A local index: the read is consistent."""
        from boto3.dynamodb.conditions import Key

        with explained():
            later = Key(COMPARED_AT).gte(moment)
            yield from _comparisons(self._table.query(album, later, IndexName=COMPARED_AT_INDEX))

    def count(self, album: str, first: str, last: str, most: int) -> tuple[int, str]:
        """How many cells were compared from ``first`` to ``last``, and since when they are counted: of more than
        ``most`` the latest only. One read, of at most 1 MB.
        """
        from boto3.dynamodb.conditions import Key

        with explained():
            number, since = self._table.count(
                album, Key(COMPARED_AT).between(first, last), COMPARED_AT_INDEX, COMPARED_AT, most
            )
        return number, since or first

    def newest(self, album: str) -> str | None:
        """When the album's latest cell was compared; None where there is none."""
        with explained():
            item = self._table.last(album, COMPARED_AT_INDEX)
        return None if item is None else str(item[COMPARED_AT])

    def put(self, album: str, comparisons: Iterable[Comparison], retention_days: int) -> None:
        """Write known verdicts, to be kept for so long from now. A photo that has expired, and is sent again for a new
        headshot, would else be compared with all the others anew, and charged for.

        Failed cells are left out: the write has no condition, and would replace a verdict.
        """
        expires_at = int(time.time()) + retention_days * _DAY
        with explained():
            self._table.put_all(to_item(album, known, expires_at) for known in comparisons if known.is_verdict)

    def drop_failed(self, album: str, comparisons: Iterable[Comparison]) -> None:
        """Remove failed cells, so that what is found there later is what the next attempt wrote.

        One that has become a verdict meanwhile stays.
        """
        from boto3.dynamodb.conditions import Attr

        failed = Attr(PROBLEM).eq(Problem.FAILED.value)
        with explained(), ThreadPoolExecutor(THREADS) as pool:
            keys = (cell(comparison.headshot, comparison.photo) for comparison in comparisons)
            for _ in pool.map(lambda key: self._table.delete(album, key, failed), keys):
                pass

    def remove(self, album: str, wanted: Iterable[tuple[str, str]]) -> None:
        """Delete the cells (headshot digest, photo digest); one that is gone already is no error."""
        with explained():
            self._table.delete_all(album, (cell(headshot, photo) for headshot, photo in wanted))

    def remove_headshots(self, album: str, headshots: Iterable[str]) -> int:
        """Delete all cells of the headshots (digests), and return how many. It can be stopped, and called again."""
        with explained():
            prefixes = (cell(headshot, "") for headshot in dict.fromkeys(headshots))
            return self._table.delete_all(
                album, (key for prefix in prefixes for key in self._table.keys(album, prefix))
            )


def _comparisons(items: Iterable[Item]) -> Iterator[Comparison]:
    """The table holds other items of the album, too."""
    return (from_item(item) for item in items if is_cell(str(item[CELL])))
