"""`sortclient upload` as a tool of the comparison. Its cloud is the emulated AWS, and S3 the benchmark's."""

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
class Client:
    """One way of using the client: its memory, its cloud, its options."""

    home: Path
    headshot: Path
    emulated: Mapping[str, str]  # the environment that attaches to the emulated AWS
    bucket: str
    options: Sequence[str] = ()
    puts_besides = 1  # the headshot
    done = (0, 3)  # 3: verdicts are still to come

    @property
    def name(self) -> str:
        return " ".join(["sortclient upload", *self.options])

    @property
    def version(self) -> str:
        return f"sortclient {version('sortclient')}, Python {sys.version.split()[0]}"

    def environment(self, endpoint: str) -> dict[str, str]:
        own = {DATA_VARIABLE: str(self.home / "data"), CACHE_VARIABLE: str(self.home / "cache")}
        # Only S3 is the benchmark's: an endpoint of one service stands above that of all.
        return access(endpoint) | dict(self.emulated) | {"AWS_ENDPOINT_URL_S3": endpoint} | own

    def command(self, folder: Path, _: str) -> Command:
        return [PROGRAM, "upload", folder, "--album", ALBUM, "--ref", self.headshot, "--out", self.home / "Matches",
                "--no-wait", "--yes", *self.options]  # fmt: skip

    def forget(self) -> None:
        shutil.rmtree(self.home, ignore_errors=True)
        self.home.mkdir(parents=True)

    def settle(self) -> None:
        """Write the cells that the pipeline would have brought: nobody's face was found in any photo.

        They go into the client's catalog by its own code, as those of a run that follows the table do.
        """
        with Catalog(self.home / "data" / "catalog.sqlite") as catalog:
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
