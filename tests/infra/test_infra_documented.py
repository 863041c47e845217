"""What docs/architecture.md says of settings and updates."""

from __future__ import annotations

import dataclasses
import re

import pytest

from infra.bundle import ROOT
from infra.settings import Settings
from tests.infra.template_parts import Parts

# CloudFormation knows a resource by this name. Under another one (a construct moved or renamed) it is a new and empty
# one: of the first two all would be lost, of the queues what waits.
KEPT = {
    "StorageBucket5CB7C8EA",
    "StorageComparisonsE5FFF12E",
    "QueuesCompareD988AFB2",
    "QueuesEnroll7561ED9A",
    "QueuesDeadLettersF0D5D2AD",
}


def documented() -> dict[str, str]:
    """The default of each setting, as its row says."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    section = text.partition("## Settings\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \|", section, re.MULTILINE)
    assert len(rows) == len(dict(rows))
    return {name: default.strip().strip("`") for name, default in rows}


def as_text(default: object) -> str:
    if isinstance(default, bool):
        return str(default).lower()
    return f"{default:g}" if isinstance(default, int | float) else str(default) or "none"


def test_every_setting_has_its_row_and_its_default() -> None:
    assert documented() == {setting.name: as_text(setting.default) for setting in dataclasses.fields(Settings)}


@pytest.mark.parametrize("which", ["parts", "chosen"])
def test_no_update_replaces_what_holds_data(which: str, request: pytest.FixtureRequest) -> None:
    """Whatever the settings are; and none has a name of its own, by which it could not be replaced at all."""
    parts: Parts = request.getfixturevalue(which)
    holding = {
        name: resource["Properties"]
        for kind in ("AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::SQS::Queue")
        for name, resource in parts.of(kind).items()
    }
    assert set(holding) == KEPT
    for properties in holding.values():
        assert not {"BucketName", "TableName", "QueueName"} & set(properties)
    # Keys and indexes are replaced with the table, so they are the same whatever is chosen (the contract's: see there).
    default: Parts = request.getfixturevalue("parts")
    for part in ("KeySchema", "LocalSecondaryIndexes", "AttributeDefinitions"):
        assert parts.only("AWS::DynamoDB::Table")[1][part] == default.only("AWS::DynamoDB::Table")[1][part]
