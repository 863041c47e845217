"""The client as a person runs it, with a memory of its own: `sort`, and `upload` as a tool of the comparison.

The cloud of `upload` is the emulated AWS, and S3 the benchmark's.
"""

from __future__ import annotations

import shutil
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from bench.process import Failed
from bench.tools import Command, access
from photosort.comparison import REKOGNITION, Comparison, Problem, now
from photosort.stack import DEFAULT_STACK_NAME, Output
from sortclient.catalog import Catalog
from sortclient.folders import CACHE_VARIABLE, DATA_VARIABLE

PROGRAM = Path(sysconfig.get_path("scripts")) / "sortclient"
ALBUM = "bench"


@dataclass(frozen=True, slots=True)
class Sorting:
    """`sortclient sort`."""

    home: Path
    headshots: Sequence[Path]

    @property
    def name(self) -> str:
        return "sortclient sort"

    @property
    def catalog(self) -> Path:
        return self.home / "data" / "catalog.sqlite"

    @property
    def ledger(self) -> Path:
        return self.home / "ledger.csv"

    def environment(self, endpoint: str) -> dict[str, str]:
        return access(endpoint) | self._memory()

    def command(self, folder: Path, _: str) -> Command:
        return [PROGRAM, "sort", folder, *self._wishes(), "--ledger", self.ledger]

    def forget(self) -> None:
        shutil.rmtree(self.home, ignore_errors=True)
        self.home.mkdir(parents=True)

    def _memory(self) -> dict[str, str]:
        return {DATA_VARIABLE: str(self.catalog.parent), CACHE_VARIABLE: str(self.home / "cache")}

    def _wishes(self) -> Command:
        references = [part for headshot in self.headshots for part in ("--ref", headshot)]
        return ["--album", ALBUM, *references, "--out", self.home / "Matches"]


@dataclass(frozen=True, slots=True)
class Uploading(Sorting):
    """`sortclient upload`: one way of using it."""

    emulated: Mapping[str, str]  # the environment that attaches to the emulated AWS
    bucket: str
    options: Sequence[str] = ()
    done = (0, 3)  # 3: verdicts are still to come

    @property
    def name(self) -> str:
        return " ".join(["sortclient upload", *self.options])

    @property
    def version(self) -> str:
        return f"sortclient {version('sortclient')}, Python {sys.version.split()[0]}"

    @property
    def puts_besides(self) -> int:
        return len(self.headshots)

    def environment(self, endpoint: str) -> dict[str, str]:
        # Only S3 is the benchmark's: an endpoint of one service stands above that of all.
        attached = dict(self.emulated) | {"AWS_ENDPOINT_URL_S3": endpoint}
        return access(endpoint) | attached | self._memory()

    def command(self, folder: Path, _: str) -> Command:
        return [PROGRAM, "upload", folder, *self._wishes(), "--no-wait", "--yes", *self.options]

    def settle(self) -> None:
        """Write the cells that the pipeline would have brought: nobody's face was found in any photo.

        They go into the client's catalog by its own code, as those of a run that follows the table do.
        """
        with Catalog(self.catalog) as catalog:
            album = catalog.find_album(ALBUM)
            if album is None:
                raise Failed(f"{self.name} left no album in {self.home}")
            headshots = album.headshots()
            for digest in {entry.digest for entry in album.entries() if entry.digest is not None}:
                for shot in headshots:
                    album.record(Comparison(shot.digest, digest, None, Problem.NO_FACE, "", REKOGNITION, now()))


def bucket_of(emulated: Mapping[str, str]) -> str:
    """The bucket that the emulated stack names: the client will use this name at any endpoint."""
    import boto3

    session = boto3.Session(emulated["AWS_ACCESS_KEY_ID"], emulated["AWS_SECRET_ACCESS_KEY"])
    cloudformation = session.client("cloudformation", emulated["AWS_REGION"], endpoint_url=emulated["AWS_ENDPOINT_URL"])
    (stack,) = cloudformation.describe_stacks(StackName=DEFAULT_STACK_NAME)["Stacks"]
    return next(output["OutputValue"] for output in stack["Outputs"] if output["OutputKey"] == Output.BUCKET)
