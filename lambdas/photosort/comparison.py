"""A comparison: the cell (headshot, photo) of an album, and how it stands in the table.

A cell holds the similarity, or why there is none; never a decision. Who reads it decides, with the person's other
headshots, the thresholds and the corrections, which are items of the same table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from photosort.keys import is_digest, quoted, unquoted

DEFAULT_THRESHOLD = 80.0  # per cent; AWS's advice for photo apps

REKOGNITION = "rekognition"  # the engine of the cells that the pipeline writes; the client drops cells of any other

# The table: the partition key, the sort key, and the index that is followed while a run lasts.
ALBUM = "album"
CELL = "cell"
COMPARED_AT = "compared_at"
COMPARED_AT_INDEX = "by-compared-at"
PROBLEM = "problem"  # absent where there is a similarity
EXPIRES_AT = "expires_at"  # seconds since 1970; the table's TTL attribute

# The sort key of the item that holds the album's thresholds. Digests are hexadecimal: no cell has this key.
THRESHOLD_ITEM = "threshold"
THRESHOLD = "threshold"  # its attributes: a number, per cent; the item never expires
PEOPLE = "people"  # and by person's name the numbers of those who have one of their own
THRESHOLDS_AT = "at"  # as COMPARED_AT: when they were said; the functions do without

# What the sort keys of corrections begin with; the person follows, written as in keys, and the photo's digest. They
# have no COMPARED_AT, so the index does not hold them.
CORRECTIONS = "correction/"
IS_PERSON = "is"  # true or false; NULL where what was said was taken back
CORRECTED_AT = "at"  # as COMPARED_AT


class Problem(StrEnum):
    """Why a cell has no similarity. The words are those of the outcomes."""

    NO_FACE = "no-face"
    UNREADABLE = "unreadable"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The least similarity of a match, in per cent: the album's, and that of people who have one of their own.

    Of two machines' the ones with the later ``at`` hold. Those are equal that decide alike.
    """

    album: float = DEFAULT_THRESHOLD
    people: Mapping[str, float] = field(default_factory=dict)
    at: str = field(default="", compare=False)  # as `now` writes it; empty where nobody has said any

    def of(self, person: str) -> float:
        return self.people.get(person, self.album)


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in an upright picture, as fractions of its width and height: Rekognition's form."""

    left: float
    top: float
    width: float
    height: float

    @property
    def area(self) -> float:
        return self.width * self.height


@dataclass(frozen=True, slots=True)
class Comparison:
    """One cell. ``similarity`` is 0 to 100; it is None exactly where ``problem`` says why.

    ``faces`` is how many the photo shows, ``box`` where the one is that is most like the headshot; None: nobody said.
    """

    headshot: str
    photo: str
    similarity: float | None
    problem: Problem | None
    detail: str
    engine: str
    compared_at: str
    faces: int | None = None
    box: Box | None = None

    def __post_init__(self) -> None:
        if (self.similarity is None) == (self.problem is None):
            raise ValueError("a comparison has either a similarity or a problem")

    @property
    def is_verdict(self) -> bool:
        """Whether this cell is settled. A failed one is not: whoever comes by may try it again."""
        return self.problem is not Problem.FAILED


@dataclass(frozen=True, slots=True)
class Correction:
    """What was said about a (person, photo), whatever the cells say. ``is_person`` None takes an earlier word back: it
    stays, or a machine that has the earlier one would bring it again. Of two, the one with the later ``at`` holds.
    """

    person: str
    photo: str  # digest
    is_person: bool | None
    at: str  # as `now` writes it


def now() -> str:
    """The time as cells hold it: UTC, milliseconds, in an order that is also the text's."""
    return timestamp(datetime.now(UTC))


def later_than(at: str) -> str:
    """The time for a word that takes the place of one said at ``at``, also where that was by a clock ahead of ours."""
    return max(now(), timestamp(datetime.fromisoformat(at) + timedelta(milliseconds=1)) if at else "")


def timestamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def cell(headshot: str, photo: str) -> str:
    """The sort key of a cell."""
    return f"{headshot}/{photo}"


def is_cell(key: str) -> bool:
    """Whether the sort key is a cell's, and not one of the album's other items."""
    headshot, _, photo = key.partition("/")
    return is_digest(headshot) and is_digest(photo)


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
    if comparison.faces is not None:
        item["faces"] = comparison.faces
    if comparison.box is not None:
        box = comparison.box
        item["box"] = [Decimal(f"{number:.5f}") for number in (box.left, box.top, box.width, box.height)]
    return item


def from_item(item: Mapping[str, Any]) -> Comparison:
    """Read an item that is a cell. Raises ValueError where it is not one of ours."""
    if not is_cell(str(item[CELL])):
        raise ValueError(f"not a cell: {item[CELL]!r}")
    headshot, _, photo = str(item[CELL]).partition("/")
    similarity, problem, faces, box = (item.get(name) for name in ("similarity", PROBLEM, "faces", "box"))
    return Comparison(
        headshot=headshot,
        photo=photo,
        similarity=None if similarity is None else float(similarity),
        problem=None if problem is None else Problem(problem),
        detail=str(item.get("detail", "")),
        engine=str(item.get("engine", "")),
        compared_at=str(item[COMPARED_AT]),
        faces=None if faces is None else int(faces),
        box=None if box is None else Box(*map(float, box)),
    )


def thresholds_item(album: str, thresholds: Thresholds) -> dict[str, Any]:
    """The item, for boto3's resource-style serialisation."""
    return {
        ALBUM: album,
        CELL: THRESHOLD_ITEM,
        THRESHOLD: Decimal(str(thresholds.album)),
        PEOPLE: {person: Decimal(str(threshold)) for person, threshold in thresholds.people.items()},
        THRESHOLDS_AT: thresholds.at,
    }


def read_thresholds(item: Mapping[str, Any]) -> Thresholds:
    people = {person: float(number) for person, number in item.get(PEOPLE, {}).items()}
    return Thresholds(float(item[THRESHOLD]), people, str(item.get(THRESHOLDS_AT, "")))


def corrections_prefix(person: str) -> str:
    """What the sort keys of the person's corrections begin with."""
    return f"{CORRECTIONS}{quoted(person)}/"


def correction_item(album: str, correction: Correction, expires_at: int) -> dict[str, Any]:
    """The item, for boto3's resource-style serialisation."""
    return {
        ALBUM: album,
        CELL: corrections_prefix(correction.person) + correction.photo,
        IS_PERSON: correction.is_person,
        CORRECTED_AT: correction.at,
        EXPIRES_AT: expires_at,
    }


def read_correction(item: Mapping[str, Any]) -> Correction:
    """Read an item that is a correction. Raises ValueError where it is not one of ours."""
    key = str(item[CELL])
    text, _, photo = key.removeprefix(CORRECTIONS).partition("/")
    person = unquoted(text)
    if key != corrections_prefix(person) + photo or not is_digest(photo):
        raise ValueError(f"not a correction: {key!r}")
    is_person = item[IS_PERSON]
    return Correction(person, photo, None if is_person is None else bool(is_person), str(item[CORRECTED_AT]))
