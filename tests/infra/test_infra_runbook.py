"""The runbook against what it speaks of: alarms and parts of the template, AWS's service models, our own commands."""

from __future__ import annotations

import json
import re
import shlex
import sqlite3
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
import jmespath  # type: ignore[import-untyped]
import pytest
from boto3.dynamodb.types import TypeSerializer
from botocore import xform_name
from botocore.model import OperationModel, ServiceModel
from botocore.validate import ParamValidator

from infra.bundle import ROOT
from infra.settings import PREFIX, Settings
from photosort.comparison import Thresholds, thresholds_item, to_item
from photosort.rekognition import failure
from photosort.stack import Output
from tests.infra.template_parts import FUNCTIONS, Parts

RUNBOOK = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
BLOCKS = "\n".join(re.findall(r"```sh\n(.*?)```", RUNBOOK, re.DOTALL))
CODE = BLOCKS + "\n".join(re.findall(r"`([^`\n]+)`", RUNBOOK))

# Values that only the shell knows, and what stands for them: long enough for any, and a number too. `output` and `part`
# are functions of the runbook's first block.
SHELL = re.compile(r"\$\((?:output|part|date)[^()]*\)|\$\w+")
STANDS = "0" * 36

# The AWS CLI's own options, those it adds where an operation has pages, and one that is called otherwise in the API.
OF_THE_CLI = {"query", "output"}
OF_PAGES = {"max-items"}
RENAMED = {"notification-endpoint": "endpoint"}

SESSION = botocore.session.get_session()


def commands() -> list[str]:
    """Every `aws` command, without what the shell does around it."""
    found = []
    for line in CODE.splitlines():
        text = SHELL.sub(STANDS, line)
        body = re.fullmatch(r"(?:\w+=\$\(|\w+\(\) \{ )?(aws .*?)(?:; \}|\))?", text)
        if body:
            found.append(body[1])
    return found


def options(words: list[str]) -> dict[str, list[str]]:
    given: dict[str, list[str]] = {}
    for word in words:
        if word.startswith("--"):
            given[word[2:]] = current = []
        else:
            current.append(word)
    return given


def read(shape: Any, words: list[str]) -> Any:
    """The words as the CLI reads them for a parameter of this shape."""
    if shape.type_name == "boolean":
        assert not words
        return True
    if shape.type_name == "list" and shape.member.type_name == "string":
        return words
    [word] = words
    if shape.type_name in ("list", "map", "structure"):
        return json.loads(word)
    if shape.type_name in ("integer", "long", "double"):
        return float(word) if shape.type_name == "double" else int(word)
    values = getattr(shape, "enum", [])
    assert not values or word in values, f"{word} is none of {values}"
    return word


def operation_of(service: str, command: str) -> tuple[OperationModel, bool]:
    """The operation, and whether it has pages."""
    model = model_of(service)
    names = {xform_name(name, "-"): name for name in model.operation_names}
    pages = SESSION.get_component("data_loader").load_service_model(model.service_name, "paginators-1")["pagination"]
    return model.operation_model(names[command]), names[command] in pages


@cache
def model_of(service: str) -> ServiceModel:
    return SESSION.get_service_model({"s3api": "s3"}.get(service, service))


def test_the_commands_are_found() -> None:
    assert len(commands()) > 30
    assert sum(line.count("aws ") for line in BLOCKS.splitlines()) == len(
        [line for line in BLOCKS.splitlines() if "aws " in line]
    )


@pytest.mark.parametrize("command", sorted(set(commands())))
def test_every_aws_command_is_one_that_aws_knows(command: str) -> None:
    _, service, name, *words = shlex.split(command)
    operation, has_pages = operation_of(service, name)
    shape = operation.input_shape
    assert shape is not None
    members = shape.members
    known = {xform_name(member, "-"): member for member in members}
    given = {}
    for option, values in options(words).items():
        if option == "query":
            jmespath.compile(values[0])
        if option in OF_THE_CLI or (has_pages and option in OF_PAGES):
            continue
        member = known[RENAMED.get(option, option.removeprefix("no-"))]
        given[member] = read(members[member], values)
    problems = ParamValidator().validate(given, shape)
    assert not problems.has_errors(), problems.generate_report()


def calls(function: str) -> Iterator[list[str]]:
    for arguments in re.findall(rf"(?:\$\(|^){function} ([^()$\n]+)\)?", BLOCKS, re.MULTILINE):
        yield arguments.split()


def test_every_output_and_part_is_the_stacks(parts: Parts, chosen: Parts) -> None:
    outputs = {value for name, value in vars(Output).items() if name.isupper()}
    asked = [name for [name] in calls("output")]
    assert len(asked) >= 5
    assert set(asked) <= outputs
    named = list(calls("part"))
    assert len(named) > 10
    for kind, beginning in named:
        of = chosen if kind.startswith("AWS::SNS::") else parts  # the topic is there with an address only
        assert len([name for name in of.of(kind) if name.startswith(beginning)]) == 1, (kind, beginning)


def test_every_alarm_has_its_section_and_every_section_its_alarm(parts: Parts) -> None:
    alarms = [each["Properties"]["AlarmName"] for each in parts.of("AWS::CloudWatch::Alarm").values()]
    section = RUNBOOK.partition("## Alarms\n")[2].partition("\n## ")[0]
    titles = [name for title in re.findall(r"^### (.+)$", section, re.MULTILINE) for name in title.split(", ")]
    assert sorted(f"{Settings().stack_name}-{title}" for title in titles) == sorted(alarms)
    for text in section.split("\n### ")[1:]:
        assert [word.lower() for word in re.findall(r"\*\*(.+?)\*\*", text)] == ["means", "how bad", "look", "do"]
        assert "```sh" in text
    for name in re.findall(r"\$STACK-(\w+)", BLOCKS):
        assert name in titles


def test_our_own_commands_targets_and_settings_exist() -> None:
    import typer

    from sortclient.cli.commands import app

    known = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    used = set(re.findall(r"^sortclient (\w+)", CODE, re.MULTILINE))
    assert {"status", "doctor", "retry"} <= used <= known
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z-]+)", CODE)) <= targets
    chosen = dict(re.findall(rf"{PREFIX}(\w+)(?:=|\": \")([\w@.]+)", RUNBOOK))
    assert len(chosen) >= 5
    Settings.from_context({f"{PREFIX}{name}": value for name, value in chosen.items()})


def test_the_waits_are_the_queues(parts: Parts) -> None:
    waits = [parts.queue_of(module)[1]["VisibilityTimeout"] // 60 for module in FUNCTIONS]
    said = f"(`compare_photos` after {waits[0]} minutes, the others after {waits[1]})"
    assert said in " ".join(RUNBOOK.split())
    assert waits[1] == waits[2] == 30  # "half an hour", elsewhere


def test_the_cells_of_a_photo_are_found_without_a_filter_that_dynamodb_refuses() -> None:
    """A filter must not name a part of the table's key, which moto does not mind: so the command line picks them."""
    [command] = [command for command in commands() if "dynamodb query" in command]
    given = options(shlex.split(command)[3:])
    assert "filter-expression" not in given
    cells = [failure("1" * 64, photo * 64, "why") for photo in "02"]
    stored = [TypeSerializer().serialize(to_item("Images", cell, 0))["M"] for cell in cells]
    stored.append(TypeSerializer().serialize(thresholds_item("Images", Thresholds()))["M"])
    [query] = given["query"]
    assert jmespath.search(query, {"Items": stored}) == [[f"{'1' * 64}/{'0' * 64}", None, "failed", "why"]]


def test_links_lead_somewhere() -> None:
    titles = re.findall(r"^#+ (.+)$", RUNBOOK, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}
    links = re.findall(r"\]\(([^)]+)\)", RUNBOOK)
    assert links
    for link in links:
        path, _, anchor = link.partition("#")
        assert (ROOT / "docs" / path).exists() if path else anchor in anchors, link


def test_the_catalog_answers_its_question(tmp_path: Path) -> None:
    from sortclient.catalog import Catalog

    path = tmp_path / "catalog.sqlite"
    with Catalog(path):
        pass
    [statement] = re.findall(r'catalog\.sqlite "(SELECT .+)"', BLOCKS)
    with sqlite3.connect(path) as connection:
        assert connection.execute(statement).fetchall() == []
