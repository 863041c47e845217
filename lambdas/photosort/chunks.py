"""Lazy streams in pieces of the size that a request takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")


def chunks(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """``items`` in lists of ``size``, the last one shorter. (itertools.batched is newer than Python 3.11.)"""
    items = iter(items)
    while chunk := list(islice(items, size)):
        yield chunk
