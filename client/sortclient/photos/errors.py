"""Why a file cannot be compared. Each knows its outcome and its reason as a person can understand it."""

from __future__ import annotations

from sortclient.model import Kind, Outcome, Rejection


class NotComparable(Exception):
    """The file cannot be compared, by anybody, as it is. The message says why, as a person can understand it."""

    outcome: Outcome
    lasting = True  # the same bytes will meet it again

    @property
    def rejection(self) -> Rejection:
        return Rejection(self.outcome, str(self), self.lasting)


class NotAPhoto(NotComparable):
    """The bytes are no picture of a format that is read here: they are of another kind."""

    outcome = Outcome.NOT_A_PHOTO

    def __init__(self, kind: Kind, more: str = "") -> None:
        super().__init__(kind, more)

    def __str__(self) -> str:
        kind, more = self.args
        return f"{kind}: {more}" if more else str(kind)


class Unreadable(NotComparable):
    """It is a picture, but it cannot be decoded."""

    outcome = Outcome.UNREADABLE


class NotReached(Unreadable):
    """The bytes could not be had, now: no permission, a fault of the disk, a process that ended."""

    lasting = False

    @classmethod
    def because(cls, error: OSError) -> NotReached:
        words = "is gone" if isinstance(error, FileNotFoundError) else "cannot be read"
        return cls(f"{words}: {error.strerror or error}")
