"""The comparisons table, as the functions read and write it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from photosort.chunks import chunks
from photosort.comparison import (
    ALBUM,
    CELL,
    EXPIRES_AT,
    PROBLEM,
    THRESHOLD_ITEM,
    Comparison,
    Problem,
    Thresholds,
    from_item,
    read_thresholds,
    to_item,
)
from photosort.errors import Throttled, VerdictStands, translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEYS_A_READ = 100  # of BatchGetItem
_READS = 4  # of what a read leaves unprocessed, before it counts as throttled
_DAY = 86_400  # seconds

_serialize = TypeSerializer().serialize
_deserialize = TypeDeserializer().deserialize


@dataclass(frozen=True, slots=True)
class Standing:
    """What the table holds of the cells that were asked for, by sort key, and the album's thresholds."""

    cells: dict[str, Comparison]
    thresholds: Thresholds


class Table:
    def __init__(
        self,
        client: DynamoDBClient,
        name: str,
        retention_days: float,
        *,
        sleep: Callable[[float], object] = time.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._name = name
        self._retention = retention_days * _DAY
        self._sleep = sleep
        self._now = now

    def read(self, album: str, cells: Iterable[str]) -> Standing:
        """Read cells by their sort keys, and the thresholds: one request for 99 cells. Raises PipelineError.

        DynamoDB deletes what has expired within some days; until then it is no cell: whoever asks anew would wait
        for ever for one that the client does not show.
        """
        found: dict[str, Comparison] = {}
        thresholds = Thresholds()
        for chunk in chunks(dict.fromkeys([THRESHOLD_ITEM, *cells]), KEYS_A_READ):
            for item in self._batch(album, chunk):
                if item[CELL] == THRESHOLD_ITEM:
                    thresholds = read_thresholds(item)
                elif item[EXPIRES_AT] > self._now():
                    found[item[CELL]] = from_item(item)
        return Standing(found, thresholds)

    def put(self, album: str, comparison: Comparison) -> bool:
        """Write the cell. False where it is a failure and the cell holds a verdict, which then stands."""
        item = to_item(album, comparison, expires_at=int(self._now() + self._retention))
        request: dict[str, Any] = {"TableName": self._name, "Item": _serialize(item)["M"]}
        if not comparison.is_verdict:
            request |= {
                "ConditionExpression": "attribute_not_exists(#cell) OR #problem = :failed OR #expires < :now",
                "ExpressionAttributeNames": {"#cell": CELL, "#problem": PROBLEM, "#expires": EXPIRES_AT},
                "ExpressionAttributeValues": {
                    ":failed": _serialize(Problem.FAILED.value),
                    ":now": _serialize(int(self._now())),
                },
            }
        try:
            with translated():
                self._client.put_item(**request)
        except VerdictStands:
            return False
        return True

    def _batch(self, album: str, cells: list[str]) -> Iterable[dict[str, Any]]:
        keys: list[Any] = [{ALBUM: _serialize(album), CELL: _serialize(cell)} for cell in cells]
        for attempt in range(_READS):
            if attempt:
                self._sleep(0.05 * 2**attempt)
            with translated():
                answer = self._client.batch_get_item(
                    RequestItems={self._name: {"Keys": keys, "ConsistentRead": True}},
                )
            for item in answer["Responses"].get(self._name, []):
                yield {name: _deserialize(value) for name, value in item.items()}
            unprocessed = answer.get("UnprocessedKeys", {})
            if self._name not in unprocessed:
                return
            keys = list(unprocessed[self._name]["Keys"])
        raise Throttled("BatchGetItem leaves keys unprocessed")
