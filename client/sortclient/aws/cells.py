"""The comparisons table as the client sees it: cells by key, by time or all of them, and the album's threshold."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from photosort.chunks import chunks
from photosort.comparison import (
    ALBUM,
    CELL,
    COMPARED_AT,
    COMPARED_AT_INDEX,
    EXPIRES_AT,
    PROBLEM,
    THRESHOLD,
    THRESHOLD_ITEM,
    Comparison,
    Problem,
    cell,
    from_item,
)
from sortclient.aws.failures import Retryable, explained
from sortclient.aws.session import THREADS

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEYS_A_READ = 100  # BatchGetItem's limit
_FRUITLESS_READS = 8  # in a row, with waits that double from 0.1 s: about half a minute


class Cells:
    """The cells of all albums in one table. What has expired is not shown, also while DynamoDB still keeps it."""

    def __init__(self, dynamodb: DynamoDBClient, table: str) -> None:
        from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

        self._dynamodb, self._table = dynamodb, table
        self._to_wire, self._from_wire = TypeSerializer().serialize, TypeDeserializer().deserialize

    def threshold(self, album: str) -> float | None:
        """The album's threshold as compare_photos knows it, in per cent; None where nobody has set one."""
        with explained():
            answer = self._dynamodb.get_item(
                TableName=self._table, Key=self._item({ALBUM: album, CELL: THRESHOLD_ITEM}), ConsistentRead=True
            )
        item = answer.get("Item")
        return None if item is None else float(self._plain(item)[THRESHOLD])

    def set_threshold(self, album: str, threshold: float) -> None:
        """Write it where it differs: the pipeline fills `matches/` by it from now on."""
        if self.threshold(album) == threshold:
            return
        with explained():
            self._dynamodb.put_item(
                TableName=self._table,
                Item=self._item({ALBUM: album, CELL: THRESHOLD_ITEM, THRESHOLD: Decimal(str(threshold))}),
            )

    def read(self, album: str, wanted: Iterable[tuple[str, str]]) -> Iterator[Comparison]:
        """Those of the cells (headshot digest, photo digest) that stand, read consistently, lazily, in any order."""
        with explained():
            for batch in chunks(wanted, KEYS_A_READ):
                # A key may stand only once in a request.
                keys = {cell(headshot, photo) for headshot, photo in batch}
                yield from self._comparisons(self._get(album, keys))

    def all(self, album: str) -> Iterator[Comparison]:
        """Every cell of the album."""
        with explained():
            yield from self._comparisons(
                self._query(
                    KeyConditionExpression="#album = :album",
                    ExpressionAttributeNames={"#album": ALBUM},
                    ExpressionAttributeValues=self._item({":album": album}),
                )
            )

    def since(self, album: str, moment: str) -> Iterator[Comparison]:
        """The cells compared at ``moment`` or later, in that order. A local index: the read is consistent."""
        with explained():
            yield from self._comparisons(
                self._query(
                    IndexName=COMPARED_AT_INDEX,
                    KeyConditionExpression="#album = :album AND #at >= :moment",
                    ExpressionAttributeNames={"#album": ALBUM, "#at": COMPARED_AT},
                    ExpressionAttributeValues=self._item({":album": album, ":moment": moment}),
                )
            )

    def newest(self, album: str) -> str | None:
        """When the album's latest cell was compared; None where there is none."""
        with explained():
            answer = self._dynamodb.query(
                TableName=self._table,
                IndexName=COMPARED_AT_INDEX,
                KeyConditionExpression="#album = :album",
                ExpressionAttributeNames={"#album": ALBUM},
                ExpressionAttributeValues=self._item({":album": album}),
                ScanIndexForward=False,
                ConsistentRead=True,
                Limit=1,
            )
        return next((str(self._plain(item)[COMPARED_AT]) for item in answer["Items"]), None)

    def drop_failed(self, album: str, comparisons: Iterable[Comparison]) -> None:
        """Remove failed cells, so that what is found there later is what the next attempt wrote."""
        with explained(), ThreadPoolExecutor(THREADS) as pool:
            for _ in pool.map(lambda comparison: self._drop_failed(album, comparison), comparisons):
                pass

    def remove(self, album: str, wanted: Iterable[tuple[str, str]]) -> None:
        """Delete the cells (headshot digest, photo digest); one that is gone already is no error."""
        with explained(), ThreadPoolExecutor(THREADS) as pool:
            keys = (self._item({ALBUM: album, CELL: cell(headshot, photo)}) for headshot, photo in wanted)
            for _ in pool.map(lambda key: self._dynamodb.delete_item(TableName=self._table, Key=key), keys):
                pass

    def _drop_failed(self, album: str, comparison: Comparison) -> None:
        try:
            self._dynamodb.delete_item(
                TableName=self._table,
                Key=self._item({ALBUM: album, CELL: cell(comparison.headshot, comparison.photo)}),
                ConditionExpression="#problem = :failed",
                ExpressionAttributeNames={"#problem": PROBLEM},
                ExpressionAttributeValues=self._item({":failed": Problem.FAILED.value}),
            )
        except self._dynamodb.exceptions.ConditionalCheckFailedException:
            return  # a verdict has come in between: it stays

    def _get(self, album: str, keys: Iterable[str]) -> Iterator[Mapping[str, Any]]:
        """BatchGetItem answers what fits (16 MB, the table's capacity) and returns the rest as unprocessed."""
        request: Any = {
            self._table: {
                "Keys": [self._item({ALBUM: album, CELL: key}) for key in keys],
                "ConsistentRead": True,
            }
        }
        fruitless = 0
        while True:
            answer = self._dynamodb.batch_get_item(RequestItems=request)
            items = answer["Responses"].get(self._table, [])
            yield from items
            request = answer.get("UnprocessedKeys")
            if not request:
                return
            fruitless = 0 if items else fruitless + 1
            if fruitless > _FRUITLESS_READS:
                raise Retryable("AWS is busy: the comparisons cannot be read. Run the same command again to go on.")
            time.sleep(random.uniform(0.05, 0.1) * 2**fruitless)  # noqa: S311 (no secret: it spreads the load)

    def _query(self, **request: Any) -> Iterator[Mapping[str, Any]]:
        pages = self._dynamodb.get_paginator("query").paginate(TableName=self._table, ConsistentRead=True, **request)
        for page in pages:
            yield from page["Items"]

    def _comparisons(self, items: Iterable[Mapping[str, Any]]) -> Iterator[Comparison]:
        now = time.time()
        for item in items:
            plain = self._plain(item)
            # The threshold's item is no cell; expired cells count as gone, though DynamoDB takes days to remove them.
            if plain[CELL] != THRESHOLD_ITEM and plain.get(EXPIRES_AT, now) >= now:
                yield from_item(plain)

    def _item(self, plain: Mapping[str, Any]) -> dict[str, Any]:
        return {name: self._to_wire(value) for name, value in plain.items()}

    def _plain(self, item: Mapping[str, Any]) -> dict[str, Any]:
        return {name: self._from_wire(value) for name, value in item.items()}
