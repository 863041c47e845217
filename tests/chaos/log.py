"""What happened to every request, in the order in which AWS carried them out, and which cells stand by that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from photosort.comparison import Problem, is_cell
from simulation.agenda import Actor
from tests.chaos.weather import Fault


@dataclass(slots=True)
class Entry:
    """``number`` orders what was carried out; ``status`` is None where it was not, else that of AWS's own answer.

    ``done`` is the part of the request that was carried out.
    """

    number: int
    at: float
    actor: Actor
    operation: str
    request: dict[str, Any]
    done: dict[str, Any] = field(default_factory=dict)
    fault: Fault | None = None
    status: int | None = None

    @property
    def succeeded(self) -> bool:
        return self.status is not None and self.status < 300

    @property
    def cells_put(self) -> dict[str, dict[str, Any]]:
        """The cells that it has put, by sort key."""
        one = [self.done["Item"]] if self.operation == "PutItem" and self.done else []
        items = [*one, *self._batch("PutRequest", "Item")] if self.succeeded else []
        return {item["cell"]["S"]: item for item in items if is_cell(item["cell"]["S"])}

    @property
    def cells_removed(self) -> set[str]:
        one = [self.done["Key"]] if self.operation == "DeleteItem" and self.done else []
        keys = [*one, *self._batch("DeleteRequest", "Key")] if self.succeeded else []
        return {key["cell"]["S"] for key in keys if is_cell(key["cell"]["S"])}

    def _batch(self, request: str, member: str) -> Iterator[dict[str, Any]]:
        if self.operation == "BatchWriteItem":
            for ones in self.done.get("RequestItems", {}).values():
                yield from (one[request][member] for one in ones if request in one)

    @property
    def about(self) -> str:
        """Which photo, headshot or cell, by the beginnings of the digests."""
        for name in ("Key", "Item"):
            cell = self.request.get(name, {})
            if isinstance(cell, dict) and "cell" in cell:
                return short(cell["cell"]["S"])
        if "TargetImage" in self.request:
            names = (self.request[image]["S3Object"]["Name"] for image in ("SourceImage", "TargetImage"))
            return "/".join(name[-68:-62] for name in names)
        return str(self.request.get("path", ""))[-30:]


@dataclass(slots=True)
class Log:
    """Cells are known by their sort keys."""

    start: float
    entries: list[Entry] = field(default_factory=list)
    notes: list[tuple[float, str]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)  # what must not be at any time
    verdicts: set[str] = field(default_factory=set)  # cells that are settled
    failures: set[str] = field(default_factory=set)  # cells that stand as failed
    failed_at: dict[str, float] = field(default_factory=dict)  # when a failure was last written there
    lost_events: int = 0  # of S3, which promises to lose none and loses practically none

    def note(self, at: float, text: str) -> None:
        self.notes.append((at, text))

    def enter(self, at: float, actor: Actor, operation: str, request: dict[str, Any]) -> Entry:
        entry = Entry(len(self.entries), at, actor, operation, request)
        self.entries.append(entry)
        return entry

    def take(self, entry: Entry) -> None:
        """What stands after it."""
        for cell, item in entry.cells_put.items():
            if is_failure(item):
                self.failures.add(cell)
                self.failed_at[cell] = entry.at
            else:
                self.verdicts.add(cell)
                self.failures.discard(cell)
        self.verdicts -= entry.cells_removed
        self.failures -= entry.cells_removed

    def expire(self) -> None:
        """All cells have."""
        self.verdicts.clear()
        self.failures.clear()

    def faults(self) -> Iterator[str]:
        """One line each, with the notes between."""
        lines = [
            (entry.at, f"{entry.actor.name}: {entry.operation} {entry.about}: {entry.fault}")
            for entry in self.entries
            if entry.fault is not None
        ]
        for at, line in sorted([*lines, *self.notes], key=lambda line: line[0]):
            yield f"{at - self.start:9.1f} s  {line}"


def is_failure(item: dict[str, Any]) -> bool:
    return item.get("problem", {}).get("S") == Problem.FAILED.value


def short(cell: str) -> str:
    return "/".join(part[:6] for part in cell.split("/"))
