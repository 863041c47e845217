"""`make bench-verdicts`: whether analysis copies lead to the verdicts that the originals lead to.

Both go through the emulated AWS, which runs the pipeline's own code with the local face engine.
Without arguments the folder is made: photos of 12 megapixels, most of which show somebody. The ledgers are compared.
"""

from __future__ import annotations

import argparse
import csv
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench import photos
from bench.client import PROGRAM
from bench.photos import EILEEN, GRACE, Wanted
from bench.process import Failed, measure
from bench.tools import Command
from sortclient.folders import CACHE_VARIABLE, DATA_VARIABLE

BASE = Path("build/bench")

_PHOTOS = 30
_SHOWN = (GRACE, EILEEN, GRACE, EILEEN, None)  # in turn
_MOST_SECONDS = 1800

Row = tuple[str, str]  # photo, person
Ledger = dict[Row, tuple[str, str]]  # outcome, similarity


def compare(folder: Path, references: Sequence[str]) -> Iterator[str]:
    copies, originals = _ledger(folder, references), _ledger(folder, references, "--originals")
    both = copies.keys() & originals.keys()
    changed = [row for row in both if copies[row][0] != originals[row][0]]
    apart = [
        abs(float(copies[row][1]) - float(originals[row][1])) for row in both if copies[row][1] and originals[row][1]
    ]
    yield (
        f"{len(both)} verdicts, {sum(outcome == 'match' for outcome, _ in copies.values())} of them matches: "
        f"{len(changed)} changed, {len(copies.keys() ^ originals.keys())} in one ledger only; similarities differ by "
        f"{max(apart, default=0):.1f} at most, {sum(apart) / max(1, len(apart)):.2f} on average."
    )
    for photo, person in sorted(changed):
        yield f"- {photo}, {person}: {copies[photo, person]} with copies, {originals[photo, person]} with originals"


def _ledger(folder: Path, references: Sequence[str], *options: str) -> Ledger:
    home = BASE / "home-verdicts"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    ledger, log = home / "ledger.csv", home / "log"
    refs = [part for reference in references for part in ("--ref", reference)]
    command: Command = [
        PROGRAM,
        "upload",
        folder,
        "--emulate",
        *refs,
        "--out",
        home / "Matches",
        "--ledger",
        ledger,
        *options,
    ]
    own = {DATA_VARIABLE: str(home / "data"), CACHE_VARIABLE: str(home / "cache")}
    print(f"uploading {folder} {' '.join(options)}", file=sys.stderr, flush=True)
    with log.open("wb") as output:
        usage = measure(command, os.environ | own, output, timeout=_MOST_SECONDS)
    if usage.status:
        raise Failed(f"the upload ended with status {usage.status}; see {log}")
    with ledger.open(encoding="utf-8", newline="") as stream:
        return {(row["photo"], row["person"]): (row["outcome"], row["similarity"]) for row in csv.DictReader(stream)}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.verdicts", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", help="photos to compare with (generated ones)")
    parser.add_argument("--ref", action="append", metavar="[NAME=]FILE", help="a headshot; needed with a folder")
    arguments = parser.parse_args()
    folder, references = arguments.folder, arguments.ref or []
    if folder is None:
        folder = BASE / "faces"
        photos.make(
            Wanted(photos.numbered(folder, number), number, person=_SHOWN[number % len(_SHOWN)])
            for number in range(_PHOTOS)
        )
        references = [str(photos.headshot(person, BASE / f"{person}.jpg")) for person in (GRACE, EILEEN)]
    try:
        for line in compare(folder, references):
            print(line, flush=True)
    except Failed as failure:
        print(failure, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
