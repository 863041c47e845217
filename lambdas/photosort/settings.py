"""What a function is told by its environment, read once, when its execution environment starts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from photosort.stack import Environment

Value = TypeVar("Value")


class BadSettings(RuntimeError):
    """The function cannot run as it was deployed. Names everything that is missing or wrong."""


@dataclass(frozen=True, slots=True)
class CompareSettings:
    bucket: str
    table: str
    compare_queue: str
    retention_days: float
    calls_per_second: float
    threads: int
    give_up_after: float  # seconds

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> CompareSettings:
        reader = _Reader(environment)
        settings = cls(
            bucket=reader.text(Environment.BUCKET),
            table=reader.text(Environment.TABLE),
            compare_queue=reader.text(Environment.COMPARE_QUEUE),
            retention_days=reader.number(Environment.RETENTION_DAYS, float),
            calls_per_second=reader.number(Environment.CALLS_PER_SECOND, float),
            threads=reader.number(Environment.THREADS, int),
            give_up_after=reader.number(Environment.GIVE_UP_AFTER, float),
        )
        reader.raise_any()
        return settings


@dataclass(frozen=True, slots=True)
class EnrollSettings:
    bucket: str
    compare_queue: str

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> EnrollSettings:
        reader = _Reader(environment)
        settings = cls(reader.text(Environment.BUCKET), reader.text(Environment.COMPARE_QUEUE))
        reader.raise_any()
        return settings


@dataclass(frozen=True, slots=True)
class RecordSettings:
    bucket: str
    table: str
    retention_days: float

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> RecordSettings:
        reader = _Reader(environment)
        settings = cls(
            bucket=reader.text(Environment.BUCKET),
            table=reader.text(Environment.TABLE),
            retention_days=reader.number(Environment.RETENTION_DAYS, float),
        )
        reader.raise_any()
        return settings


class _Reader:
    """Reads on after a problem, so that one failed deployment shows them all."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._problems: list[str] = []

    def text(self, name: str) -> str:
        value = self._environment.get(name, "")
        if not value:
            self._problems.append(f"{name} is missing")
        return value

    def number(self, name: str, read: Callable[[str], Value]) -> Value:
        text = self.text(name)
        try:
            value = read(text)
        except ValueError:
            if text:
                self._problems.append(f"{name} is not a number: {text!r}")
            return read("1")  # never used: raise_any follows
        if not 0 < float(str(value)) < float("inf"):
            self._problems.append(f"{name} must be above 0: {text!r}")
        return value

    def raise_any(self) -> None:
        if self._problems:
            raise BadSettings("; ".join(self._problems))
