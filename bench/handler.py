"""`make bench-handler`: what compare_photos asks of AWS for a photo, its CPU, its memory, and how it starts.

The handler and boto3 are the real ones, and AWS is `bench.answers`, a process of its own, by TLS on loopback: measured
are our code, botocore and encryption. The figures are this machine's, and no Lambda's.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from bench.answers import HOST, album
from bench.process import MB, Failed
from bench.tools import access
from infra.settings import Settings
from photosort.stack import Environment

CASES = {
    "one headshot, no match": album(1),
    "one headshot, a match": album(1, matches=1),
    "3 headshots, one match": album(3, matches=1),
    "3 headshots, all cells standing": album(3, standing=3),
}
_DEPLOYED = Settings()  # by default: its batches and threads
_HANDLERS = ("compare_photos", "enroll_person", "record_failures")
_MOST_CPU = 15  # ms a photo
_MOST_IMPORT = 800  # ms
_DEAREST = 4  # packages shown

# "import time: self [us] | cumulative | imported package", the last one indented by depth.
_IMPORTED = re.compile(r"import time:\s*(\d+) \|\s*(\d+) \| ( *)(\S+)")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.handler", description=__doc__)
    parser.add_argument("--environments", type=int, default=7, help="processes that are started, one after another")
    parser.add_argument("--rounds", type=int, default=2, help="batches of each kind in each of them")
    arguments = parser.parse_args()
    try:
        with answering() as environment:
            measured = [
                environment_measured(environment, arguments.rounds, _DEPLOYED.batch_size)
                for _ in range(arguments.environments)
            ]
            imports = {name: _imports(environment, name, arguments.environments) for name in _HANDLERS}
    except Failed as failure:
        print(failure, file=sys.stderr)
        return 1
    print(f"{os.cpu_count()} cores, CPython {sys.version.split()[0]}; {arguments.environments} processes,")
    print(f"{arguments.rounds} batches of {_DEPLOYED.batch_size} photos of each kind in turn; medians.\n")
    for line in _photos(measured):
        print(line)
    print()
    for line in _starting(measured, imports):
        print(line)
    return 0


def _photos(measured: list[dict[str, Any]]) -> Iterator[str]:
    yield "| a photo with | requests | CPU ms | aim |"
    yield "| --- | --- | --- | --- |"
    for case, name in CASES.items():
        asked = measured[0]["requests"][name]
        requests = ", ".join(f"{times:g} {operation}" for operation, times in sorted(asked.items()))
        cpu = median(median(one["ms"][name]) for one in measured)
        yield f"| {case} | {requests} | {cpu:.1f} | {_MOST_CPU} |"


def _starting(
    measured: list[dict[str, Any]], imports: Mapping[str, tuple[float, Mapping[str, float]]]
) -> Iterator[str]:
    yield "| starting | ms | aim | of which |"
    yield "| --- | --- | --- | --- |"
    for name, (total, modules) in imports.items():
        dearest = ", ".join(f"`{module}` {spent:.0f}" for module, spent in modules.items())
        yield f"| importing `{name}` | {total:.0f} | {_MOST_IMPORT} | {dearest} |"
    wall, cpu = (median(one["first"][which] for one in measured) for which in (0, 1))
    yield f"| the first batch, which makes clients and connections | {wall:.0f} | | {cpu:.0f} of CPU |"
    cpu = median(one["import"][1] for one in measured)
    yield f"\nImporting `{_HANDLERS[0]}` takes {cpu:.0f} ms of CPU, whatever else the machine does."
    yield f"Most memory: {max(one['memory'] for one in measured) / MB:.0f} MB."


@contextmanager
def answering() -> Iterator[dict[str, str]]:
    """The environment of a function whose AWS is `bench.answers`, which ends with this process, however that ends."""
    with tempfile.TemporaryDirectory() as folder:
        child = subprocess.Popen(
            [sys.executable, "-m", "bench.answers", folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        with child:
            assert child.stdin is not None and child.stdout is not None  # noqa: PT018, S101 (they are pipes)
            try:
                port = child.stdout.readline().strip()
                yield access(f"https://{HOST}:{port}") | {
                    "AWS_CA_BUNDLE": str(Path(folder) / "ca.pem"),
                    Environment.BUCKET: "bench",
                    Environment.TABLE: "bench",
                    Environment.COMPARE_QUEUE: f"https://{HOST}:{port}/queue",
                    Environment.RETENTION_DAYS: "30",
                    Environment.CALLS_PER_SECOND: "1000000",
                    Environment.THREADS: str(_DEPLOYED.threads),
                    Environment.GIVE_UP_AFTER: "21600",
                }
            finally:
                child.stdin.close()
                child.wait(10)


def environment_measured(environment: dict[str, str], rounds: int, photos: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.environment", str(rounds), str(photos), *CASES.values()]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise Failed(f"an execution environment ended with status {ended.returncode}: {ended.stderr[-2000:]}")
    measured: dict[str, Any] = json.loads(ended.stdout)
    return measured


def _imports(environment: dict[str, str], handler: str, runs: int) -> tuple[float, dict[str, float]]:
    """Milliseconds in all, and of the dearest packages of it, each with what it imports itself; of the median run."""
    command = [sys.executable, "-X", "importtime", "-c", f"import photosort.{handler}"]
    seen = []
    for _ in range(runs):
        text = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stderr
        seen.append([(name, int(total) / 1000) for _, total, _, name in _IMPORTED.findall(text)])
    imported = sorted(seen, key=lambda run: run[-1][1])[len(seen) // 2]
    began = [name for name, _ in imported].index("site") + 1  # until then Python itself starts
    modules = dict(imported[began:])
    total = modules.pop(f"photosort.{handler}")
    packages = {name: spent for name, spent in modules.items() if "." not in name}
    return total, dict(sorted(packages.items(), key=lambda module: -module[1])[:_DEAREST])


if __name__ == "__main__":
    sys.exit(main())
