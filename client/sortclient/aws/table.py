"""The stack's table in Python's own values: items by key and by query, and batches until all of a batch is done."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from photosort.chunks import chunks
from photosort.comparison import ALBUM, CELL, EXPIRES_AT
from sortclient.aws.failures import Retryable

if TYPE_CHECKING:
    from boto3.dynamodb.conditions import ConditionBase
    from mypy_boto3_dynamodb import DynamoDBClient

KEYS_A_READ = 100  # BatchGetItem's limit
_ITEMS_A_WRITE = 25  # BatchWriteItem's limit
_FRUITLESS_TRIES = 8  # in a row, with waits that double from 0.1 s: about half a minute

Item = dict[str, Any]


class Table:
    """What has expired is not shown, also while DynamoDB still keeps it (up to some days).

    Raises botocore's errors, and Retryable where AWS leaves a batch undone. Conditions are boto3's, which name every
    attribute by a placeholder: DynamoDB keeps many words, `at` and `is` among them, to itself.
    """

    def __init__(self, dynamodb: DynamoDBClient, name: str) -> None:
        from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

        self._dynamodb, self._name = dynamodb, name
        self._to_wire, self._from_wire = TypeSerializer().serialize, TypeDeserializer().deserialize

    def get(self, album: str, key: str) -> Item | None:
        answer = self._dynamodb.get_item(TableName=self._name, Key=self._key(album, key), ConsistentRead=True)
        return next(self._living([answer["Item"]] if "Item" in answer else []), None)

    def get_all(self, album: str, keys: Iterable[str]) -> Iterator[Item]:
        """Those of up to 100 items that are there, in any order."""
        # A key may stand only once in a request.
        request: Any = {self._name: {"Keys": [self._key(album, key) for key in set(keys)], "ConsistentRead": True}}
        patience = _Patience()
        while True:
            answer = self._dynamodb.batch_get_item(RequestItems=request)
            items = answer["Responses"].get(self._name, [])
            yield from self._living(items)
            request = answer.get("UnprocessedKeys")  # what did not fit: 16 MB, the table's capacity
            if not request:
                return
            patience.wait(fruitful=bool(items))

    def query(self, album: str, condition: ConditionBase | None = None, **request: Any) -> Iterator[Item]:
        """The album's items whose sort key meets the condition, in the key's order; or an index's, where ``request``
        names one.
        """
        for page in self._pages(album, condition, request):
            yield from self._living(page["Items"])

    def last(self, album: str, index: str) -> Item | None:
        """The index's last item of the album, be it expired."""
        page = next(self._pages(album, None, {"IndexName": index, "ScanIndexForward": False, "Limit": 1}))
        return next(map(self._plain, page["Items"]), None)

    def count(self, album: str, condition: ConditionBase, index: str, key: str, most: int) -> tuple[int, str | None]:
        """How many of the index's items meet the condition, counted from the last one back; and ``key`` of the item
        where the counting ended, None where it came to the first. The read is not consistent, at half the price.
        """
        answer = self._dynamodb.query(
            TableName=self._name,
            IndexName=index,
            Select="COUNT",
            ScanIndexForward=False,
            Limit=most,
            **self._in_album(album, condition),
        )
        ended = answer.get("LastEvaluatedKey")
        return answer["Count"], None if ended is None else str(self._from_wire(ended[key]))

    def keys(self, album: str, prefix: str) -> Iterator[str]:
        """The sort keys that begin so, those of expired items too."""
        from boto3.dynamodb.conditions import Key

        for page in self._pages(album, Key(CELL).begins_with(prefix), {}):
            yield from (str(self._from_wire(item[CELL])) for item in page["Items"])

    def put(self, item: Mapping[str, Any], condition: ConditionBase | None = None) -> bool:
        """False where what stands there does not meet the condition."""
        return self._if_met(self._dynamodb.put_item, condition, Item=self._wire(item))

    def delete(self, album: str, key: str, condition: ConditionBase | None = None) -> bool:
        """False where what stands there does not meet the condition; nothing there meets none."""
        return self._if_met(self._dynamodb.delete_item, condition, Key=self._key(album, key))

    def put_all(self, items: Iterable[Mapping[str, Any]]) -> int:
        """Put, whatever stands there, and return how many. Of items with one key the last one stays."""
        return self._write((str(item[CELL]), {"PutRequest": {"Item": self._wire(item)}}) for item in items)

    def delete_all(self, album: str, keys: Iterable[str]) -> int:
        """Delete, and return how many were given; what is gone already is no error."""
        return self._write((key, {"DeleteRequest": {"Key": self._key(album, key)}}) for key in keys)

    def _write(self, requests: Iterable[tuple[str, Any]]) -> int:
        """One request after the other: that is as much as DynamoDB takes for one album, 1,000 units a second."""
        written = 0
        for batch in chunks(requests, _ITEMS_A_WRITE):
            undone: Any = list(dict(batch).values())  # DynamoDB refuses a request with one key twice
            written += len(undone)
            patience = _Patience()
            while True:
                answer = self._dynamodb.batch_write_item(RequestItems={self._name: undone})
                before, undone = len(undone), answer.get("UnprocessedItems", {}).get(self._name)
                if not undone:
                    break
                patience.wait(fruitful=len(undone) < before)
        return written

    def _pages(self, album: str, condition: ConditionBase | None, request: Mapping[str, Any]) -> Iterator[Any]:
        paginator = self._dynamodb.get_paginator("query")
        keys = self._in_album(album, condition)
        yield from paginator.paginate(TableName=self._name, ConsistentRead=True, **keys, **request)

    def _in_album(self, album: str, condition: ConditionBase | None) -> dict[str, Any]:
        from boto3.dynamodb.conditions import Key

        in_album = Key(ALBUM).eq(album)
        return self._expression("KeyConditionExpression", in_album if condition is None else in_album & condition)

    def _if_met(self, write: Any, condition: ConditionBase | None, **request: Any) -> bool:
        if condition is not None:
            request |= self._expression("ConditionExpression", condition)
        try:
            write(TableName=self._name, **request)
        except self._dynamodb.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def _expression(self, member: str, condition: ConditionBase) -> dict[str, Any]:
        from boto3.dynamodb.conditions import ConditionExpressionBuilder

        built = ConditionExpressionBuilder().build_expression(
            condition, is_key_condition=member == "KeyConditionExpression"
        )
        return {
            member: built.condition_expression,
            "ExpressionAttributeNames": built.attribute_name_placeholders,
            "ExpressionAttributeValues": self._wire(built.attribute_value_placeholders),
        }

    def _living(self, items: Iterable[Mapping[str, Any]]) -> Iterator[Item]:
        now = time.time()
        for item in items:
            plain = self._plain(item)
            if plain.get(EXPIRES_AT, now) >= now:
                yield plain

    def _key(self, album: str, key: str) -> dict[str, Any]:
        return self._wire({ALBUM: album, CELL: key})

    def _plain(self, item: Mapping[str, Any]) -> Item:
        return {name: self._from_wire(value) for name, value in item.items()}

    def _wire(self, plain: Mapping[str, Any]) -> dict[str, Any]:
        return {name: self._to_wire(value) for name, value in plain.items()}


class _Patience:
    """Waits before what AWS left undone is asked again; raises Retryable when nothing gets through any more."""

    def __init__(self) -> None:
        self._fruitless = 0

    def wait(self, *, fruitful: bool) -> None:
        self._fruitless = 0 if fruitful else self._fruitless + 1
        if self._fruitless > _FRUITLESS_TRIES:
            raise Retryable("AWS is busy: its table takes no more requests. Run the same command again to go on.")
        time.sleep(random.uniform(0.05, 0.1) * 2**self._fruitless)  # noqa: S311 (no secret: it spreads the load)
