"""The ledger: every file of the folder with its outcome, and the counts, which add up to the files found."""

from __future__ import annotations

import csv
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from sortclient.errors import InputError, SortError
from sortclient.model import Outcome
from sortclient.placing import write_beside
from sortclient.verdicts import Verdict

COLUMNS = ("photo", "person", "outcome", "similarity", "detail")


def row(verdict: Verdict) -> dict[str, str | float | None]:
    similarity = None if verdict.similarity is None else round(verdict.similarity, 2)
    return dict(
        zip(
            COLUMNS,
            (verdict.entry.path, verdict.person, verdict.outcome.value, similarity, verdict.detail),
            strict=True,
        )
    )


def write_csv(verdicts: Iterable[Verdict], stream: TextIO) -> None:
    writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(row(verdict) for verdict in verdicts)


def write_json(verdicts: Iterable[Verdict], stream: TextIO) -> None:
    """A list of objects, one a line, so that a large ledger is written as it is read."""
    stream.write("[")
    for index, verdict in enumerate(verdicts):
        stream.write("\n" if index == 0 else ",\n")
        stream.write(json.dumps(row(verdict), ensure_ascii=False))
    stream.write("\n]\n")


_WRITERS = {".csv": write_csv, ".json": write_json}


def check_ledger_file(file: Path) -> None:
    """Refuse what could not be written before the work is done, not after it."""
    if file.suffix.lower() not in _WRITERS:
        raise InputError(f"{file}: the ledger is written as .csv or .json; name such a file.")
    if not file.absolute().parent.is_dir():
        raise InputError(f"{file}: its folder does not exist; make it, or name another file.")


def write_ledger(verdicts: Iterable[Verdict], file: Path) -> None:
    """A ledger is whole, or the earlier one."""

    def write(part: Path) -> None:
        # A byte order mark would help Excel and break scripts; the file is plain UTF-8.
        with part.open("w", encoding="utf-8", newline="") as stream:
            _WRITERS[file.suffix.lower()](verdicts, stream)

    try:
        write_beside(file, file.with_name(f".{file.name}.part"), write)
    except OSError as error:
        raise SortError(f"The ledger {file} could not be written: {error.strerror}. The verdicts are kept.") from error


@dataclass(slots=True)
class Tally:
    """The counts of a ledger. A file is in exactly one of ``photos`` and ``rejected``."""

    photos: int = 0
    rejected: Counter[Outcome] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)  # of the files that are no photos
    people: defaultdict[str, Counter[Outcome]] = field(default_factory=lambda: defaultdict(Counter))

    @property
    def files(self) -> int:
        return self.photos + self.rejected.total()

    @property
    def unsettled(self) -> int:
        """How many verdicts failed or are pending."""
        return sum(counts[Outcome.FAILED] + counts[Outcome.PENDING] for counts in self.people.values())


def count(verdicts: Iterable[Verdict]) -> Tally:
    tally = Tally()
    path = None
    for verdict in verdicts:
        if not verdict.person:
            tally.rejected[verdict.outcome] += 1
            if verdict.outcome is Outcome.NOT_A_PHOTO:
                tally.kinds[verdict.detail.partition(":")[0]] += 1
            continue
        if verdict.entry.path != path:
            path = verdict.entry.path
            tally.photos += 1
        tally.people[verdict.person][verdict.outcome] += 1
    return tally


def summary(tally: Tally) -> Iterator[str]:
    """The lines a person reads at the end."""
    parts = [counted(tally.photos, "photo")]
    parts += [f"{tally.rejected[outcome]} {outcome.value}" for outcome in Outcome if tally.rejected[outcome]]
    kinds = ", ".join(f"{number} {kind}" for kind, number in tally.kinds.most_common())
    yield f"{counted(tally.files, 'file')}: {', '.join(parts)}{f' ({kinds})' if kinds else ''}"
    for person, counts in tally.people.items():
        parts = [f"{counts[outcome]} {outcome.value}" for outcome in Outcome if counts[outcome]]
        yield f"{person}: {', '.join(parts)}"


def counted(number: int, noun: str, plural: str | None = None) -> str:
    return f"{number} {noun if number == 1 else plural or noun + 's'}"
