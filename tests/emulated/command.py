"""The command as a person runs it: a process of its own, with a home of its own."""

from __future__ import annotations

import os
import subprocess
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PROGRAM = Path(sysconfig.get_path("scripts")) / "sortclient"

Result = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class Machine:
    """Somebody's computer: a working folder, a home, and the environment of a shell."""

    folder: Path
    environment: Mapping[str, str]

    def start(self, *arguments: str | Path) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [str(PROGRAM), *map(str, arguments)],
            cwd=self.folder,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str | Path) -> Result:
        process = self.start(*arguments)
        out, err = process.communicate(timeout=120)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def matches(self, out: str = "Matches") -> set[str]:
        below = self.folder / out
        return {str(file.relative_to(below)) for file in below.rglob("*") if file.is_file()}


def machine(folder: Path, cache: Path, attached: Mapping[str, str] | None = None) -> Machine:
    """``attached``: the environment of an emulated AWS; without it the machine has no AWS at all."""
    folder.mkdir(parents=True, exist_ok=True)
    own = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SORTCLIENT_"))}
    none = {
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    home = {"HOME": str(folder), "SORTCLIENT_DATA": str(folder / "data"), "SORTCLIENT_CACHE": str(cache)}
    return Machine(folder, own | none | dict(attached or {}) | home)
