"""A comparison: the cell (headshot, photo) of an album, and how it stands in the table.

A cell holds the similarity, or why there is none; never a decision. Who reads it decides, with the
person's other headshots and the album's threshold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from photosort.keys import is_digest

DEFAULT_THRESHOLD = 80.0  # per cent; AWS's advice for photo apps

REKOGNITION = "rekognition"  # the engine of the cells that the pipeline writes; the client drops cells of any other

# The table: the partition key, the sort key, and the index that is followed while a run lasts.
ALBUM = "album"
CELL = "cell"
COMPARED_AT = "compared_at"
COMPARED_AT_INDEX = "by-compared-at"
PROBLEM = "problem"  # absent where there is a similarity
EXPIRES_AT = "expires_at"  # seconds since 1970; the table's TTL attribute

# The sort key of the item that holds the album's threshold. Digests are hexadecimal: no cell has this key.
THRESHOLD_ITEM = "threshold"
THRESHOLD = "threshold"  # its attribute: a number, per cent; the item never expires


class Problem(StrEnum):
    """Why a cell has no similarity. The words are those of the outcomes."""

    NO_FACE = "no-face"
    UNREADABLE = "unreadable"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Comparison:
    """One cell. ``similarity`` is 0 to 100; it is None exactly where ``problem`` says why."""

    headshot: str
    photo: str
    similarity: float | None
    problem: Problem | None
    detail: str
    engine: str
    compared_at: str

    def __post_init__(self) -> None:
        if (self.similarity is None) == (self.problem is None):
            raise ValueError("a comparison has either a similarity or a problem")

    @property
    def is_verdict(self) -> bool:
        """Whether this cell is settled. A failed one is not: whoever comes by may try it again."""
        return self.problem is not Problem.FAILED


def now() -> str:
    """The time as cells hold it: UTC, milliseconds, in an order that is also the text's."""
    return timestamp(datetime.now(UTC))


def timestamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def cell(headshot: str, photo: str) -> str:
    """The sort key of a cell."""
    return f"{headshot}/{photo}"


def to_item(album: str, comparison: Comparison, expires_at: int) -> dict[str, Any]:
    """The item, for boto3's resource-style serialisation (numbers are Decimal)."""
    item: dict[str, Any] = {
        ALBUM: album,
        CELL: cell(comparison.headshot, comparison.photo),
        "detail": comparison.detail,
        "engine": comparison.engine,
        COMPARED_AT: comparison.compared_at,
        EXPIRES_AT: expires_at,
    }
    if comparison.similarity is not None:
        item["similarity"] = Decimal(f"{comparison.similarity:.4f}")
    if comparison.problem is not None:
        item[PROBLEM] = comparison.problem.value
    return item


def from_item(item: Mapping[str, Any]) -> Comparison:
    """Read an item that is a cell. Raises ValueError where it is not one of ours."""
    headshot, _, photo = str(item[CELL]).partition("/")
    if not is_digest(headshot) or not is_digest(photo):
        raise ValueError(f"not a cell: {item[CELL]!r}")
    similarity, problem = item.get("similarity"), item.get(PROBLEM)
    return Comparison(
        headshot=headshot,
        photo=photo,
        similarity=None if similarity is None else float(similarity),
        problem=None if problem is None else Problem(problem),
        detail=str(item.get("detail", "")),
        engine=str(item.get("engine", "")),
        compared_at=str(item[COMPARED_AT]),
    )
