"""Work: the cells somebody asks for, as a message of the compare queue.

It is what enroll_person fans out, what compare_photos sends back for later, and what the client sends
to ask again for cells that are missing.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import Any

from photosort.keys import BadName, check_name, is_digest

PHOTOS_A_MESSAGE = 25
HEADSHOTS_A_MESSAGE = 100

_FORM = "photosort-work-1"


class MalformedWork(ValueError):
    """The message is not one that this project writes. Permanent."""


@dataclass(frozen=True, slots=True)
class Headshot:
    """Which headshot to compare with, and whose it is (for the key of a match)."""

    person: str
    digest: str


@dataclass(frozen=True, slots=True)
class Work:
    """Compare each of ``photos`` with each of ``headshots``; None stands for all that the album has when it is done."""

    album: str
    photos: tuple[str, ...]
    headshots: tuple[Headshot, ...] | None = None
    asked_at: float = field(default_factory=time.time)  # seconds since 1970, kept when the work is sent again
    attempt: int = 0
    reason: str = ""  # why the last attempt left something over

    def to_message(self) -> str:
        headshots = None if self.headshots is None else [[shot.person, shot.digest] for shot in self.headshots]
        return json.dumps(
            {
                "form": _FORM,
                "album": self.album,
                "photos": self.photos,
                "headshots": headshots,
                "asked_at": self.asked_at,
                "attempt": self.attempt,
                "reason": self.reason,
            }
        )


def is_work(message: object) -> bool:
    return isinstance(message, dict) and message.get("form") == _FORM


def from_message(message: dict[str, Any]) -> Work:
    """Read a decoded message or raise MalformedWork."""
    try:
        headshots = message["headshots"]
        work = Work(
            album=check_name(message["album"]),
            photos=tuple(_digest(photo) for photo in message["photos"]),
            headshots=None
            if headshots is None
            else tuple(Headshot(check_name(person), _digest(digest)) for person, digest in headshots),
            asked_at=float(message["asked_at"]),
            attempt=int(message["attempt"]),
            reason=str(message["reason"]),
        )
    except (KeyError, TypeError, ValueError, BadName) as error:
        raise MalformedWork(f"not work: {error}") from error
    if not 0 < len(work.photos) <= PHOTOS_A_MESSAGE or len(work.headshots or ()) > HEADSHOTS_A_MESSAGE:
        raise MalformedWork(f"work for {len(work.photos)} photos and {len(work.headshots or ())} headshots")
    return work


def _digest(text: object) -> str:
    if not isinstance(text, str) or not is_digest(text):
        raise ValueError(f"not a digest: {text!r}")
    return text
