"""The words of the design as types. Nothing here reads a file or calls anybody."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from photosort.comparison import Box as Box  # the contract's


class Outcome(StrEnum):
    """What came of a (person, photo), or of a file that could not be compared."""

    MATCH = "match"
    NO_MATCH = "no-match"
    NO_FACE = "no-face"
    UNREADABLE = "unreadable"
    NOT_A_PHOTO = "not-a-photo"
    FAILED = "failed"
    PENDING = "pending"


class Kind(StrEnum):
    """What a file is that is no photo. Its word begins the detail of its line, and the summary counts by it."""

    VIDEO = "video"
    AUDIO = "audio"
    DOCUMENT = "document"
    SIDECAR = "sidecar"  # what programs write beside a photo: XMP, AAE, THM …
    ARCHIVE = "archive"
    EMPTY = "empty file"
    HIDDEN = "hidden file"
    SYSTEM = "system file"  # Thumbs.db, .DS_Store, @eaDir …
    LINK = "link"  # that leads to nothing, in a circle, or to a folder which is not entered
    SPECIAL = "special file"  # a pipe, a socket, a device
    OTHER = "other file"


class Link(StrEnum):
    """In which form a match is put below the output folder."""

    COPY = "copy"
    HARDLINK = "hardlink"  # another name of the original itself: what is changed under one is changed under both
    SYMLINK = "symlink"


_LATEST_NS = 2**63 - 1  # the largest number of the catalog: April 2262


def time_kept(ns: int) -> int:
    """A time in ns as the catalog keeps it. A broken clock may have written a later one."""
    return min(ns, _LATEST_NS)


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
class Rejection:
    """Why a file cannot be compared, by anybody, as it is."""

    outcome: Outcome  # NOT_A_PHOTO or UNREADABLE
    detail: str  # as a person can understand it; of what is no photo it begins with its Kind
    lasting: bool = True  # the same bytes will meet it again; False: another look may find them readable


@dataclass(frozen=True, slots=True)
class Found:
    """A file of a scan. ``rejection`` is set where its name or its kind of entry says enough: it is never read."""

    file: File
    rejection: Rejection | None = None


@dataclass(frozen=True, slots=True)
class Headshot:
    """A reference picture of a person, prepared: ``content`` is the analysis copy (JPEG).

    ``face`` is set where one of several is meant, counted from the left, from 1: until the faces are known ``content``
    is the whole picture, and what travels is that face.
    """

    person: str
    digest: str
    source: str  # the file that it was made of, for messages
    content: bytes
    face: int | None = None


@dataclass(frozen=True, slots=True)
class Sighting:
    """A face that a comparer sees in a headshot. ``yaw`` is how far it is turned to a side, in degrees: 0 is towards
    the camera; None where that is not known.
    """

    box: Box
    yaw: float | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of a file of the album. ``outcome`` is set where the file itself cannot be compared."""

    path: str
    file: File | None  # None: known from the cloud only
    digest: str | None  # None: not read yet, or rejected
    outcome: str | None
    detail: str
    taken: str = ""  # when, as the camera's clock said: 2019-06-30T18:00:00; empty where nobody knows
