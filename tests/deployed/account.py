"""An emulated account that CDK's own command line deploys to, and what lies in it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
import pytest

from infra.bundle import ROOT
from photosort.stack import DEFAULT_STACK_NAME
from sortclient.emulator import pipeline
from sortclient.emulator.pipeline import QueueFunction
from tests.deployed.stack import DeployedStack
from tests.infra.test_infra_app import LIBRARY

# What npm fetches stays here: the second run of the tests needs no network.
NPM_CACHE = ROOT / "build" / "npm"

# The template and its assets are found by S3's own address, and moto's S3 takes the bucket for a part of the host where
# that is a name. Everything else must be a name: with a number moto does not find the template.
BY_NUMBER = "AWS_ENDPOINT_URL_S3"

# `direct`: of a change set moto brings back no outputs, and an update by one ends with "Stack with id
# cdk-deploy-change-set does not exist". The second: CDK asks for the value that the template's one parameter (where
# bootstrap wrote its version) had before, and moto, which does not remember one that was never given, answers with an
# error of its own.
DEPLOY = ("deploy", "--method=direct", "--no-previous-parameters", "--require-approval=never", "--no-notices")

# Long enough for the slowest first time: the Lambdas' dependencies are fetched, and CDK's library is unpacked.
PATIENCE = 900  # seconds


@dataclass(frozen=True)
class Account:
    """``environment`` attaches to it. ``home`` is where programs that write into one do."""

    environment: Mapping[str, str]
    home: Path

    @cached_property
    def session(self) -> boto3.Session:
        return boto3.Session()  # by the variables of this process: see the fixture

    def client(self, service: str) -> Any:
        return self.session.client(service)  # type: ignore[call-overload]

    def cdk(self, *arguments: str) -> str:
        """`cdk` with these arguments, as `make` calls it. What it said; fails where it fails."""
        result = self.run("infra.cdk", *arguments, "--output", str(self.home / "cdk.out"))
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout + result.stderr

    def run(self, module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        own = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "CDK_"))}
        by_name = {name: value.replace("//127.0.0.1:", "//localhost:") for name, value in self.environment.items()}
        variables = {
            **own,
            **by_name,
            BY_NUMBER: self.environment[BY_NUMBER],
            "HOME": str(self.home),
            "NPM_CONFIG_CACHE": str(NPM_CACHE),
            "NPM_CONFIG_USERCONFIG": str(Path.home() / ".npmrc"),  # where to fetch from; it is only read
            "JSII_RUNTIME_PACKAGE_CACHE_ROOT": str(LIBRARY),
        }
        command = [sys.executable, "-m", module, *arguments]
        return subprocess.run(
            command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False, timeout=PATIENCE
        )

    def skip_without_cdk(self) -> None:
        """Skip where npm cannot fetch the command line, and for no other reason."""
        result = self.run("infra.cdk", "--version")
        fetched = re.search(r"npm error code (\S+)", result.stderr)
        if result.returncode and fetched:
            pytest.skip(f"npm cannot fetch CDK's command line ({fetched[1]}): nothing was deployed")
        assert result.returncode == 0, result.stderr

    def stack(self) -> dict[str, Any]:
        [stack] = self.client("cloudformation").describe_stacks(StackName=DEFAULT_STACK_NAME)["Stacks"]
        return dict(stack)

    def outputs(self) -> dict[str, str]:
        return {output["OutputKey"]: output["OutputValue"] for output in self.stack()["Outputs"]}

    def objects(self) -> dict[str, Any]:
        """When each object of the bucket was written."""
        listed = self.client("s3").list_objects_v2(Bucket=self.outputs()["BucketName"])
        return {found["Key"]: found["LastModified"] for found in listed.get("Contents", [])}

    def items(self) -> list[str]:
        """All that the table holds."""
        items = self.client("dynamodb").scan(TableName=self.outputs()["TableName"])["Items"]
        return sorted(str(sorted(item.items())) for item in items)

    @contextmanager
    def at_work(self) -> Iterator[list[QueueFunction]]:
        """The deployed functions poll their queues meanwhile, and S3 notifies them."""
        deployed = DeployedStack(self.session, DEFAULT_STACK_NAME)
        deployed.notify()
        functions = deployed.functions()
        with ExitStack() as stack:
            pipeline.start(
                stack, self.session, functions, environment=self.environment, log=self.home / "functions.log"
            )
            yield functions
