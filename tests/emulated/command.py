"""The command as a person runs it: a process of its own, with a home of its own; and what it leaves in the cloud."""

from __future__ import annotations

import csv
import os
import subprocess
import sysconfig
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.album import DemoAlbum
from photosort.keys import PHOTOS, photos_prefix
from sortclient.files import SETTLED_NS

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


# The matches of the album `small`.
GRACES = {"Grace Hopper/Navy/turned.jpg", "Grace Hopper/together.jpg"}
EILEENS = {"Eileen Collins/NASA/darker.jpg", "Eileen Collins/together.jpg"}


def refs(demo: DemoAlbum, *people: str) -> list[str]:
    return [part for person in people for part in ("--ref", f"{person}={demo.headshots[person]}")]


def settled(folder: Path) -> Path:
    """``folder``, once its files are old enough that a scan can trust their times; younger ones are read again."""
    newest = max(entry.stat().st_ctime_ns for entry in folder.rglob("*"))
    time.sleep(max(0, newest + SETTLED_NS - time.time_ns()) / 1e9)
    return folder


def succeeded(result: Result) -> Result:
    assert result.returncode == 0, result.stderr
    return result


class Cloud:
    """What the emulated AWS holds of an album."""

    def __init__(self, client: Callable[..., Any], outputs: Mapping[str, str], album: str) -> None:
        self._s3, self._table = client("s3"), client("dynamodb")
        self._outputs, self._album = outputs, album

    def objects(self, kind: str) -> dict[str, Any]:
        listed = self._s3.list_objects_v2(
            Bucket=self._outputs["BucketName"], Prefix=f"{kind}/{photos_prefix(self._album).removeprefix(PHOTOS)}"
        )
        return {found["Key"]: found["LastModified"] for found in listed.get("Contents", [])}

    def expire(self) -> None:
        """Nothing of the album is left, as after the stack's 30 days."""
        for kind in ("people", "photos", "matches"):
            for key in self.objects(kind):
                self._s3.delete_object(Bucket=self._outputs["BucketName"], Key=key)
        for cell in self.cells():
            key = {"album": {"S": self._album}, "cell": {"S": cell}}
            self._table.delete_item(TableName=self._outputs["TableName"], Key=key)

    def cells(self) -> dict[str, str]:
        """When each cell was written."""
        items = self._table.query(
            TableName=self._outputs["TableName"],
            KeyConditionExpression="album = :album",
            ExpressionAttributeValues={":album": {"S": self._album}},
        )["Items"]
        return {item["cell"]["S"]: item["compared_at"]["S"] for item in items if "compared_at" in item}


def ledger_of(file: Path) -> dict[tuple[str, str], str]:
    with file.open(encoding="utf-8", newline="") as stream:
        return {(row["photo"], row["person"]): row["outcome"] for row in csv.DictReader(stream)}
