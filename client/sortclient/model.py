"""The words of the design as types. Nothing here reads a file or calls anybody."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Outcome(StrEnum):
    """What came of a (person, photo), or of a file that could not be compared."""

    MATCH = "match"
    NO_MATCH = "no-match"
    NO_FACE = "no-face"
    UNREADABLE = "unreadable"
    NOT_A_PHOTO = "not-a-photo"
    FAILED = "failed"
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class File:
    """A file of the folder as a scan found it.

    ``path`` is its name in the album: relative, POSIX separators, NFC, printable. ``location`` is where it is
    on this machine. The three numbers say whether it has changed since it was last read.
    """

    path: str
    location: Path
    size: int  # bytes
    mtime_ns: int
    ctime_ns: int


@dataclass(frozen=True, slots=True)
class Headshot:
    """A reference picture of a person, prepared: ``content`` is the analysis copy (JPEG)."""

    person: str
    digest: str
    source: str  # the file that it was made of, for messages
    content: bytes


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in a picture, as fractions of its width and height (the form in which Rekognition gives it)."""

    left: float
    top: float
    width: float
    height: float

    @property
    def area(self) -> float:
        return self.width * self.height


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of a file of the album. ``outcome`` is set where the file itself cannot be compared."""

    path: str
    file: File | None  # None: known from the cloud only
    digest: str | None  # None: not read yet, or rejected
    outcome: str | None
    detail: str
