"""`make bench-upload`: uploading a folder of photos, compared with other tools; a markdown table on stdout.

Each tool in turn uploads the same folder to the same server on this machine, which then forgets it, several
rounds; the medians are shown. A first run finds an empty bucket, a no-change run what the first has left.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench import ceiling, photos
from bench.client import Uploading, bucket_of
from bench.process import MB, Failed, Usage, measure
from bench.serving import Counted, Serving, serving
from bench.tools import Tool, install
from sortclient.emulator.child import emulated_aws

BASE = Path("build/bench")
SMALL = (400, 300)  # px; a library's number of files matters here, not their size

_MOST_SECONDS = 1800  # of one run
_HEAD = "| tool | run | wall s | CPU s | CPU ms a file | MB sent | memory MB | requests | server's CPU s |"


@dataclass(frozen=True, slots=True)
class Result:
    usage: Usage
    counted: Counted


@dataclass(frozen=True, slots=True)
class Bench:
    """A folder and the server that it is uploaded to."""

    folder: Path
    photos: int
    server: Serving
    log: Path

    def first(self, tool: Tool) -> Result:
        self.server.empty(tool.bucket)
        tool.forget()
        result = self._run(tool)
        if result.counted.of("PUT") != self.photos + tool.puts_besides:
            raise Failed(f"{tool.name} did not put {self.photos} photos: {result.counted.requests}; see {self.log}")
        return result

    def again(self, tool: Tool) -> Result:
        result = self._run(tool)
        if result.counted.of("PUT"):
            raise Failed(f"{tool.name} sent again what had not changed: {result.counted.requests}; see {self.log}")
        return result

    def _run(self, tool: Tool) -> Result:
        url = self.server.url
        self.server.counted()
        with self.log.open("ab") as log:
            usage = measure(tool.command(self.folder, url), tool.environment(url), log, timeout=_MOST_SECONDS)
        if usage.status not in tool.done:
            raise Failed(f"{tool.name} ended with status {usage.status}; see {self.log}")
        return Result(usage, self.server.counted())


def compare(bench: Bench, tools: Sequence[Tool], rounds: int, again: int) -> Iterator[str]:
    """The table: each tool's medians over ``rounds`` first runs, and ``again`` no-change runs after each of them."""
    runs: dict[tuple[str, str], list[Result]] = {}
    for number in range(rounds):
        turn = number % len(tools)
        for tool in (*tools[turn:], *tools[:turn]):  # nobody always comes after the same one
            print(f"round {number + 1} of {rounds}: {tool.name}", file=sys.stderr, flush=True)
            runs.setdefault(("first", tool.name), []).append(bench.first(tool))
            tool.settle()
            runs.setdefault(("no change", tool.name), []).extend(bench.again(tool) for _ in range(again))
    yield _HEAD
    yield "| --- " * (_HEAD.count("|") - 1) + "|"
    for kind in ("first", "no change"):
        yield from (_row(tool.name, kind, runs[kind, tool.name], bench.photos) for tool in tools)


def _row(name: str, kind: str, results: Sequence[Result], count: int) -> str:
    wall, cpu = median(one.usage.wall for one in results), median(one.usage.cpu for one in results)
    cells = (
        f"`{name}`",
        kind,
        f"{wall:.2f}",
        f"{cpu:.2f}",
        f"{cpu / count * 1000:.2f}",
        f"{median(one.counted.received for one in results) / MB:.1f}",
        f"{median(one.usage.memory for one in results) / MB:.0f}",
        f"{median(sum(one.counted.requests.values()) for one in results):.0f}",
        f"{median(one.counted.cpu for one in results):.2f}",
    )
    return f"| {' | '.join(cells)} |"


def report(arguments: argparse.Namespace) -> Iterator[str]:
    """The lines of the report, as they are known."""
    BASE.mkdir(parents=True, exist_ok=True)
    log = BASE / "upload.log"
    log.unlink(missing_ok=True)
    large = _folder(BASE / f"photos-{arguments.photos}", arguments.photos, photos.SIZE)
    small = _folder(BASE / f"small-{arguments.small}", arguments.small, SMALL)
    headshot = photos.headshot(photos.GRACE, BASE / "grace.jpg")
    others = install(BASE / "tools")
    with ExitStack() as stack:
        server = stack.enter_context(serving())
        emulated = stack.enter_context(emulated_aws(BASE / "functions.log"))
        bucket = bucket_of(emulated)
        ours = [
            Uploading(BASE / "home", [headshot], emulated, bucket),
            Uploading(BASE / "home-originals", [headshot], emulated, bucket, ("--originals",)),
        ]
        yield f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()} {platform.release()}."
        yield from (f"- {version}" for version in (*(tool.version for tool in others), ours[0].version))
        yield from ceiling.report(server, arguments.photos)
        for folder, count, rounds in ((large, arguments.photos, arguments.rounds), (small, arguments.small, 1)):
            if count:
                size = sum(file.stat().st_size for file in folder.rglob("*.jpg"))
                yield f"\n{count:,} photos, {size / MB:,.0f} MB:\n"
                yield from compare(Bench(folder, count, server, log), [*others, *ours], rounds, arguments.again)


def _folder(folder: Path, count: int, size: tuple[int, int]) -> Path:
    if count and not folder.exists():
        print(f"Making {count} photos of {size[0]} x {size[1]} px in {folder}", file=sys.stderr, flush=True)
    photos.make(photos.Wanted(photos.numbered(folder, number), number, size) for number in range(count))
    return folder


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.upload", description=__doc__)
    parser.add_argument("--photos", type=int, default=200, help="of 12 megapixels (200)")
    parser.add_argument("--small", type=int, default=20_000, help="small ones, one round of them (20,000)")
    parser.add_argument("--rounds", type=int, default=3, help="of the large photos (3)")
    parser.add_argument("--again", type=int, default=3, help="no-change runs after each first one (3)")
    arguments = parser.parse_args()
    try:
        lines = []
        for line in report(arguments):
            print(line, flush=True)
            lines.append(line)
    except Failed as failure:
        print(failure, file=sys.stderr)
        return 1
    (BASE / "upload.md").write_text("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
