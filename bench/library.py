"""`make bench-sort`: a library of generated photos sorted from start to finish, with the memory that takes over time.

Then the same command again, which finds nothing new: how long it takes, and how many photos it opened.
With --upload the same for `sortclient upload`, against the emulated AWS with the benchmark's S3.
"""

from __future__ import annotations

import argparse
import csv
import os
import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from bench import photos
from bench.client import Sorting, Uploading, bucket_of
from bench.opened import opened
from bench.photos import EILEEN, GRACE, Wanted
from bench.process import MB, Failed, Usage, measure
from bench.serving import serving
from sortclient.emulator.child import emulated_aws

BASE = Path("build/bench")

_SMALL = (400, 300)  # px; most are small, so that a run of the face engine ends within the hour
_LARGE_EVERY = 20
_PEOPLE = {7: GRACE, 32: EILEEN, 40: GRACE}  # by a photo's number modulo 100; the last of them is a large one
_MILESTONES = (100, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000)
_LOOK_EVERY = 1.0  # seconds


@dataclass(frozen=True, slots=True)
class Moment:
    seconds: float
    done: int  # photos
    memory: int  # bytes


@dataclass(frozen=True, slots=True)
class Library:
    """The folder, and how it is measured."""

    folder: Path
    wanted: Sequence[Wanted]
    log: Path
    timeout: float  # seconds, of one run

    def report(self, way: Sorting, url: str) -> Iterator[str]:
        """The first run with its memory, then the same again."""
        print(f"{way.name}: {len(self.wanted)} photos; {self.log} shows how far it is", file=sys.stderr, flush=True)
        way.forget()
        moments: list[Moment] = []

        def look(seconds: float, memory: int) -> None:
            moments.append(Moment(seconds, _done(way.catalog), memory))

        first = self._run(way, url, look)
        moments.append(Moment(first.wall, _done(way.catalog), moments[-1].memory if moments else 0))
        yield from _curve(way.name, moments, first, len(self.wanted))
        if isinstance(way, Uploading):
            way.settle()
        else:
            yield from (_found(way.ledger, person, self.wanted) for person in (GRACE, EILEEN))
        with opened(self.folder) as files:
            again = self._run(way, url)
            count = files.count
        alone = self._start_up(way, url)
        yield (
            f"The same command again: {again.wall:.2f} s, {again.memory / MB:.0f} MB, {count} photos opened; "
            f"starting up takes {alone.wall:.2f} s of it, as an album of one photo shows."
        )

    def _run(self, way: Sorting, url: str, look: Callable[[float, int], None] | None = None) -> Usage:
        with self.log.open("ab") as log:
            usage = measure(
                way.command(self.folder, url),
                way.environment(url),
                log,
                timeout=self.timeout,
                every=_LOOK_EVERY if look else 0.05,
                watch=look,
            )
        if usage.status not in (0, 3):
            raise Failed(f"{way.name} ended with status {usage.status}; see {self.log}")
        return usage

    def _start_up(self, way: Sorting, url: str) -> Usage:
        """A no-change run that has next to nothing to look at."""
        one = self.folder.with_name(f"{self.folder.name}-one")
        photos.make([Wanted(photos.numbered(one, 0), 0, _SMALL)])
        small = replace(way, home=way.home.with_name(f"{way.home.name}-one"))
        small.forget()
        alone = replace(self, folder=one)
        alone._run(small, url)
        if isinstance(small, Uploading):
            small.settle()
        return alone._run(small, url)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.library", description=__doc__)
    parser.add_argument("--photos", type=int, default=20_000, help="of which each 20th has 12 megapixels (20,000)")
    parser.add_argument("--hours", type=float, default=3, help="after which a run is given up (3)")
    parser.add_argument("--upload", action="store_true", help="measure `upload --no-wait` instead of `sort`")
    arguments = parser.parse_args()
    try:
        lines = list(_shown(_report(arguments)))
    except Failed as failure:
        print(failure, file=sys.stderr)
        return 1
    (BASE / f"library-{'upload' if arguments.upload else 'sort'}.md").write_text("\n".join(lines) + "\n")
    return 0


def _report(arguments: argparse.Namespace) -> Iterator[str]:
    folder, log = BASE / f"library-{arguments.photos}", BASE / "library.log"
    wanted = [_photo(folder, number) for number in range(arguments.photos)]
    print(f"Making {len(wanted)} photos in {folder}, where they are not there yet", file=sys.stderr, flush=True)
    photos.make(wanted)
    log.unlink(missing_ok=True)
    headshots = [photos.headshot(person, BASE / f"{person}.jpg") for person in (GRACE, EILEEN)]
    library = Library(folder, wanted, log, arguments.hours * 3600)
    size = sum(one.file.stat().st_size for one in wanted)
    yield f"{os.cpu_count()} cores; {len(wanted):,} photos, {size / MB:,.0f} MB."
    if not arguments.upload:
        yield from library.report(Sorting(BASE / "home-sort", headshots), "http://127.0.0.1:9")
        return
    with serving() as server, emulated_aws(BASE / "functions.log") as emulated:
        bucket = bucket_of(emulated)
        server.empty(bucket)
        yield from library.report(Uploading(BASE / "home-library", headshots, emulated, bucket), server.url)


def _photo(folder: Path, number: int) -> Wanted:
    size = photos.SIZE if number % _LARGE_EVERY == 0 else _SMALL
    return Wanted(photos.numbered(folder, number), number, size, _PEOPLE.get(number % 100))


def _done(catalog: Path) -> int:
    """How many files the client has identified or rejected by now, as its catalog says."""
    with suppress(sqlite3.OperationalError), closing(sqlite3.connect(f"file:{catalog}?mode=ro", uri=True)) as database:
        query = "SELECT count(*) FROM files WHERE digest IS NOT NULL OR outcome IS NOT NULL"
        return int(database.execute(query).fetchone()[0])
    return 0  # it is not there yet


def _curve(name: str, moments: Sequence[Moment], first: Usage, count: int) -> Iterator[str]:
    yield f"\n`{name}`: {first.wall:.0f} s, {first.cpu:.0f} s of CPU, {first.memory / MB:.0f} MB at most.\n"
    yield "| photos done | after s | MB at most since the row above |"
    yield "| --- | --- | --- |"
    begin = 0
    for milestone in (*(number for number in _MILESTONES if number < count), count):
        end = next((position for position, moment in enumerate(moments) if moment.done >= milestone), None)
        if end is not None and end >= begin:
            most = max(moment.memory for moment in moments[begin : end + 1])
            yield f"| {moments[end].done:,} | {moments[end].seconds:.0f} | {most / MB:.0f} |"
            begin = end + 1


def _found(ledger: Path, person: str, wanted: Sequence[Wanted]) -> str:
    """The person's matches, against the photos that she is in."""
    with ledger.open(encoding="utf-8", newline="") as stream:
        matches = {Path(row["photo"]).name for row in csv.DictReader(stream)
                   if row["person"] == person and row["outcome"] == "match"}  # fmt: skip
    shown = {one.file.name for one in wanted if one.person == person}
    return f"{person}: {len(matches & shown)} of {len(shown)} appearances found, {len(matches - shown)} wrong matches."


def _shown(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        print(line, flush=True)
        yield line


if __name__ == "__main__":
    sys.exit(main())
