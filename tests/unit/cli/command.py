"""What a command says and how it ends, as its tests look at it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sortclient.comparer import THIS_MACHINE
from tests.unit.test_sorting import Oracle
from tests.unit.test_sync import below


@dataclass(frozen=True)
class Told:
    status: int
    out: str
    err: str


Command = Callable[..., Told]


def succeeded(told: Told) -> Told:
    assert told.status == 0, told.err
    return told


def copies(out: Path) -> set[str]:
    return set(below(out))


class Local(Oracle):
    """Instead of the face engine; its cells are of the engine of those that are there."""

    engine = "test"
    place = THIS_MACHINE

    def __enter__(self) -> Local:
        return self

    def __exit__(self, *_: object) -> None:
        pass
