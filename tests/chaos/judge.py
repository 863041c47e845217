"""Whether a world ended as it should, and whether every charge was due."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import boto3

from photosort.comparison import is_cell
from photosort.keys import MATCHES, MatchKey, parse_key
from tests.chaos.bucket import stored
from tests.chaos.log import Entry, Log, is_failure
from tests.chaos.story import Story
from tests.chaos.world import World
from tests.pipeline.cloud import TABLE
from tests.pipeline.world import Machine

Cell = tuple[str, str]


def problems(world: World, story: Story, status: int | None) -> Iterator[str]:
    truth = story.truth
    if status != 0:
        yield f"the last command ended with {status}"
    for queue in world.aws.queues:
        if queue.messages:
            yield f"{len(queue.messages)} messages are left in {queue.name}"
    yield from _differences("cells", dict(_cells(world.agenda.now)), truth.cells())
    wanted = {(person, truth.photos[path]) for person, path in truth.matches()}
    keys = [parse_key(key) for key in stored() if key.startswith("matches/")]
    yield from _differences("matches/", {(key.person, key.digest) for key in keys if isinstance(key, MatchKey)}, wanted)
    for machine, name in ((story.here, "here"), (story.there, "there")):
        yield from _differences(f"catalog {name}", machine.matches(), wanted)
    yield from _differences("Matches", set(copies(story.here)), truth.matches())
    yield from world.aws.log.wrong
    yield from unexplained(world.aws.log)


def copies(machine: Machine) -> Iterator[tuple[str, str]]:
    """(person, path) of the copies on disk."""
    for file in (machine.home / "Matches").rglob("*"):
        if file.is_file():
            person, _, path = file.relative_to(machine.home / "Matches").as_posix().partition("/")
            yield person, path


def unexplained(log: Log) -> Iterator[str]:
    """Charges beyond one a cell that neither a fault after the call nor overlapping deliveries explain.

    A charge is a CompareFaces that was carried out. Who makes it has read the cell before. Any earlier charge of this
    cell must either be written after that reading (the two overlap), or never: then something happened to the call, to
    what follows it in its invocation, or to the invocation.
    """
    reads: dict[tuple[str, Cell], int] = {}  # by invocation and cell: the latest reading
    charges: dict[Cell, list[Entry]] = defaultdict(list)
    for entry in log.entries:
        if entry.operation == "BatchGetItem" and entry.succeeded:
            for cell in _cells_read(entry):
                reads[entry.actor.name, cell] = entry.number
        if entry.operation != "CompareFaces" or not entry.succeeded:
            continue
        cell = _pair(entry)
        read = reads[entry.actor.name, cell]
        for earlier in charges[cell]:
            if not _explained(log, earlier, cell, read):
                yield f"charged again without reason: {entry.about} by {entry.actor.name} after {earlier.actor.name}"
        charges[cell].append(entry)


def _explained(log: Log, earlier: Entry, cell: Cell, read: int) -> bool:
    """Whether whoever read ``cell`` at ``read`` could not see the verdict that ``earlier`` led to."""
    rest = [entry for entry in log.entries[earlier.number :] if entry.actor is earlier.actor]
    for entry in rest:
        item = entry.cells_put.get("/".join(cell))
        if item is not None and not is_failure(item):
            return entry.number > read
    photo = cell[1]
    return any(entry.fault is not None and photo in str(entry.request) for entry in rest) or earlier.actor.dead


def _cells_read(entry: Entry) -> Iterator[Cell]:
    for key in entry.done.get("RequestItems", {}).get(TABLE, {}).get("Keys", ()):
        headshot, _, photo = key["cell"]["S"].partition("/")
        yield headshot, photo


def _pair(entry: Entry) -> Cell:
    headshot, photo = (entry.request[image]["S3Object"]["Name"][-68:-4] for image in ("SourceImage", "TargetImage"))
    return headshot, photo


def _cells(now: float) -> Iterator[tuple[Cell, float | str]]:
    """Failures of what is gone, people who left above all, tell nobody anything: they wait for their end."""
    there = {key.rpartition("/")[2].removesuffix(".jpg") for key in stored() if not key.startswith(MATCHES)}
    pages = boto3.client("dynamodb").get_paginator("scan").paginate(TableName=TABLE)
    for page in pages:
        for item in page["Items"]:
            if is_cell(item["cell"]["S"]) and float(item["expires_at"]["N"]) > now:
                headshot, _, photo = item["cell"]["S"].partition("/")
                if is_failure(item) and not {headshot, photo} <= there:
                    continue
                value: Any = float(item["similarity"]["N"]) if "similarity" in item else item["problem"]["S"]
                yield (headshot, photo), value


def _differences(what: str, found: Any, wanted: Any) -> Iterator[str]:
    if found == wanted:
        return
    if isinstance(found, dict):
        found, wanted = set(found.items()), set(wanted.items())
    if lacking := wanted - found:
        yield f"{what}: lacks {_short(lacking)}"
    if more := found - wanted:
        yield f"{what}: has besides {_short(more)}"


def _short(values: Any) -> str:
    return ", ".join(sorted(str(value) for value in values)[:4])
