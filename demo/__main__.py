"""`make demo`: sort the demo album through the emulated AWS and on this machine, and check both against the truth."""

from __future__ import annotations

import csv
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

from demo.album import DemoAlbum, build
from sortclient.folders import CACHE_VARIABLE, DATA_VARIABLE

BASE = Path("demo-album")


def main() -> int:
    shutil.rmtree(BASE, ignore_errors=True)
    album = build(BASE)
    print(f"{len(album.truth)} files in {album.folder}\n", flush=True)
    wrong = [
        *sort_and_check(album, "upload", "--emulate"),
        *sort_and_check(album, "sort"),
    ]
    print(*wrong, sep="\n")
    print(
        f"\n{len(wrong)} differences from the truth" if wrong else "\nBoth ways found exactly the people who are there."
    )
    return 1 if wrong else 0


def sort_and_check(album: DemoAlbum, command: str, *options: str) -> list[str]:
    """Run the command as a person would; return how its ledger and its matches differ from the truth."""
    out, ledger = BASE / f"Matches-{command}", BASE / f"{command}.csv"
    arguments = ["sortclient", command, str(album.folder), *options]
    for name, file in album.headshots.items():
        arguments += ["--ref", f"{name}={file}"]
    arguments += ["--out", str(out), "--ledger", str(ledger)]
    print(f"$ {shlex.join(arguments)}", flush=True)
    started = time.monotonic()
    # Catalog and cache of its own: the demo leaves no trace among a person's albums, and begins anew each time.
    own = {DATA_VARIABLE: str(BASE.resolve() / "data"), CACHE_VARIABLE: str(BASE.resolve() / "cache" / command)}
    environment = os.environ | own
    program = Path(sysconfig.get_path("scripts")) / "sortclient"
    status = subprocess.run([str(program), *arguments[1:]], env=environment, check=False).returncode
    print(f"({time.monotonic() - started:.1f} s, exit status {status})\n", flush=True)
    wrong = [] if status == 0 else [f"{command}: exit status {status}"]
    return wrong + [f"{command}: {line}" for line in differences(album, ledger, out)]


def differences(album: DemoAlbum, ledger: Path, out: Path) -> list[str]:
    """One line for each way in which ledger or matches are not what the truth says."""
    if not ledger.exists():
        return ["no ledger was written"]
    rows: dict[str, dict[str, str]] = {}
    with ledger.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            rows.setdefault(row["photo"], {})[row["person"]] = row["outcome"]
    wrong = [f"{path}: in the ledger, not in the album" for path in rows.keys() - album.truth.keys()]
    for path, people in album.truth.items():
        outcomes = rows.get(path, {})
        if people is None:
            if set(outcomes) != {""} or outcomes[""] not in ("unreadable", "not-a-photo"):
                wrong.append(f"{path}: {outcomes}, and it is no photo")
            continue
        for person in album.headshots:
            expected = "match" if person in people else ("no-match" if people else "no-face")
            if outcomes.get(person) != expected:
                wrong.append(f"{path}: {person} is {outcomes.get(person)}, not {expected}")
            if (out / person / path).exists() != (person in people):
                wrong.append(f"{path}: wrongly {'absent from' if person in people else 'in'} {out / person}")
    return wrong


if __name__ == "__main__":
    sys.exit(main())
