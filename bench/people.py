"""`make bench-people`: a person added to an album whose photos are known, and a moved threshold.

The photos are tiny files whose faces are put into the cache of faces beforehand: what is measured is all but finding
faces. The same commands on an album of one photo tell what starting up takes of it.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

from bench.client import PROGRAM
from bench.opened import opened
from bench.process import MB, Failed, Usage, measure
from demo.album import EILEEN, GRACE, build
from sortclient.folders import CACHE_VARIABLE, DATA_VARIABLE

BASE = Path("build/bench/people")
_EACH = 100  # every so many photos show one of the two, in turn
_NOISE = 0.03  # standard deviation of an embedding's numbers between photos of one person


@dataclass(frozen=True, slots=True)
class Home:
    """An album, and the folders of somebody who has nothing else."""

    folder: Path
    headshots: dict[str, Path]

    def run(self, *command: str | Path) -> Usage:
        environment = os.environ | {
            DATA_VARIABLE: str(self.folder.with_suffix(".data")),
            CACHE_VARIABLE: str(BASE / "cache"),
        }
        with (BASE / "people.log").open("ab") as log:
            usage = measure([PROGRAM, *command], environment, log, timeout=600)
        if usage.status:
            raise Failed(f"{command} ended with status {usage.status}; see {BASE / 'people.log'}")
        return usage

    @property
    def matches(self) -> Path:
        return self.folder.with_suffix(".matches")

    def ref(self, person: str) -> list[str]:
        return ["--ref", f"{person}={self.headshots[person]}"]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.people", description=__doc__)
    parser.add_argument("--photos", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    shutil.rmtree(BASE, ignore_errors=True)
    demo = build(BASE / "demo")
    many = Home(BASE / "many", demo.headshots)
    one = replace(many, folder=BASE / "one")
    try:
        for home, count in ((many, arguments.photos), (one, 1)):
            _make(home.folder, count, demo.headshots)
            home.run("sort", home.folder, *home.ref(GRACE), "--out", home.matches)
        for line in _report(many, one, arguments.photos, arguments.rounds):
            print(line, flush=True)
    except Failed as failure:
        print(failure, file=sys.stderr)
        return 1
    return 0


def _report(many: Home, one: Home, count: int, rounds: int) -> Iterator[str]:
    steps: Sequence[tuple[str, list[str]]] = (
        ("`people add`, a second person", ["people", "add", *many.ref(EILEEN)]),
        ("`tune --threshold 90`", ["tune", "--threshold", "90"]),
        ("`tune --threshold 80`", ["tune", "--threshold", "80"]),
        ("`results --only`", ["results", "--only", GRACE]),
        ("`people rename`", ["people", "rename", EILEEN, "Ms Collins"]),
        ("`people remove`", ["people", "remove", "Ms Collins"]),
    )
    seen: dict[str, list[tuple[Usage, Usage]]] = {what: [] for what, _ in steps}
    looked_at = 0
    for _ in range(rounds):
        for what, command in steps:
            with opened(many.folder) as files:
                usage = many.run(*command)
                looked_at += files.count if what.startswith("`people add") else 0
            seen[what].append((usage, one.run(*command)))
    yield f"{os.cpu_count()} cores; {count:,} known photos, medians of {rounds} rounds.\n"
    yield "| command | s | starting up (album of one photo) | difference | MB |"
    yield "| --- | --- | --- | --- | --- |"
    for what, usages in seen.items():
        wall, start = (statistics.median(pair[which].wall for pair in usages) for which in (0, 1))
        memory = max(usage.memory for usage, _ in usages)
        yield f"| {what} | {wall:.2f} | {start:.2f} | {wall - start:.2f} | {memory / MB:.0f} |"
    yield f"\nPhotos opened while a person was added: {looked_at // rounds} (her matches, to copy them)."


def _make(folder: Path, count: int, headshots: dict[str, Path]) -> None:
    """Photos that differ in a comment, and their faces in the cache: those of the two now and then, else of nobody."""
    import numpy as np
    from PIL import Image

    from sortclient.faces.analyse import analyse
    from sortclient.faces.cache import FaceCache
    from sortclient.faces.engine import VERSION
    from sortclient.photos.prepare import analysis_digest

    folder.mkdir()
    cache = FaceCache(BASE / "cache", VERSION)
    random = np.random.default_rng(1)
    people = [analyse(headshots[person].read_bytes())[0] for person in (GRACE, EILEEN)]
    for number in range(count):
        buffer = BytesIO()
        Image.new("RGB", (96, 96), (number % 256, number // 256 % 256, 90)).save(buffer, "JPEG", comment=str(number))
        (folder / f"{number:06}.jpg").write_bytes(buffer.getvalue())
        of = people[number // _EACH % 2]
        embedding = of.embedding + random.normal(0, _NOISE, 128) if number % _EACH == 0 else random.normal(0, 0.12, 128)
        face = replace(of, embedding=embedding.astype(np.float32))
        cache.put(analysis_digest(buffer.getvalue()), [face])
    cache.close()


if __name__ == "__main__":
    sys.exit(main())
