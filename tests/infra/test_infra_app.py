"""The app as a program: what it needs, how it refuses, and that the rules it is held to are applied."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from infra import cdk, node
from infra.app import build
from infra.bundle import ROOT
from tests.infra.template_parts import Parts

# Where jsii unpacks CDK's library, once for a user. In a home of its own each process would, for 20 s.
LIBRARY = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "aws" / "jsii" / "package-cache"


def run(context: dict[str, Any], folder: Path) -> subprocess.CompletedProcess[str]:
    """The app as cdk.json starts it, with nothing in its environment that could be a credential or an account."""
    command = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["app"].split()
    assert command[0] == "python"
    environment = {
        "HOME": str(folder / "home"),
        "PATH": os.defpath,
        "JSII_RUNTIME_PACKAGE_CACHE_ROOT": str(LIBRARY),
        "CDK_OUTDIR": str(folder / "out"),
        "CDK_CONTEXT_JSON": json.dumps(context),
    }
    return subprocess.run(
        [sys.executable, *command[1:]], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def test_it_needs_no_account_no_credentials_and_no_docker(tmp_path: Path, template: dict[str, Any]) -> None:
    result = run({}, tmp_path)
    assert (result.returncode, result.stdout) == (0, ""), result.stderr
    assert json.loads((tmp_path / "out" / "PhotoSort.template.json").read_text()) == template
    [assets] = [json.loads(path.read_text()) for path in (tmp_path / "out").glob("*.assets.json")]
    [code] = [file for file in assets["files"].values() if file["source"]["packaging"] == "zip"]
    assert (tmp_path / "out" / code["source"]["path"] / "photosort" / "compare_photos.py").is_file()


def test_a_wrong_setting_is_one_line(tmp_path: Path) -> None:
    result = run({"photosort:region": "us-wset-1"}, tmp_path)
    assert result.returncode == 2
    assert result.stderr == "context photosort:region=us-wset-1: must be a region that has Rekognition\n"
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").glob("*.template.json"))


def test_settings_reach_the_template(chosen: Parts, chosen_template: dict[str, Any]) -> None:
    assert chosen.event_source("compare_photos")["ScalingConfig"]["MaximumConcurrency"] == 9
    assert chosen.function("compare_photos")[1]["Environment"]["Variables"]["PHOTOSORT_CALLS_PER_SECOND"] == "1.96"
    _, bucket = chosen.only("AWS::S3::Bucket")
    assert {rule.get("ExpirationInDays", 1) for rule in bucket["LifecycleConfiguration"]["Rules"]} == {1}
    assert "eu-west-1" in json.dumps(chosen_template)
    assert "us-west-1" not in json.dumps(chosen_template)


def test_what_breaks_a_rule_is_not_synthesized(tmp_path: Path) -> None:
    """The rules are cdk-nag's AwsSolutions; the session's template has passed them."""
    from aws_cdk import App
    from aws_cdk import aws_sqs as sqs

    app = App(outdir=str(tmp_path), analytics_reporting=False)
    sqs.Queue(build(app), "Open")
    with pytest.raises(RuntimeError, match="ValidationFailed"):
        app.synth()
    report = json.loads((tmp_path / "validation-report.json").read_text())
    broken = {violation["ruleName"] for part in report["pluginReports"] for violation in part["violations"]}
    assert broken == {"AwsSolutions-SQS3", "AwsSolutions-SQS4"}


def test_node_comes_with_the_environment() -> None:
    version = subprocess.run([node.executable(), "--version"], capture_output=True, text=True, check=True).stdout
    assert int(version.removeprefix("v").split(".")[0]) >= 22
    assert os.environ["JSII_NODE"] == str(node.executable())
    npx = subprocess.run([node.executable(), node.npx(), "--version"], capture_output=True, text=True, check=False)
    assert npx.returncode == 0, npx.stderr


def test_the_command_line_is_of_version_2() -> None:
    name, _, version = cdk.CDK_CLI.rpartition("@")
    major, minor, _ = version.split(".")
    assert name == "aws-cdk"
    assert (int(major), int(minor) >= 1148) == (2, True)
