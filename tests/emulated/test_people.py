"""Many people, with the real faces and the real handlers: the same for albums compared by AWS and on this machine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from demo.album import EILEEN, GRACE, DemoAlbum
from tests.emulated.command import EILEENS, GRACES, Cloud, Machine, machine, refs, settled, succeeded

BOTH = {"together.jpg"}


@pytest.fixture(params=["upload", "sort"])
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def album(request: pytest.FixtureRequest, way: str) -> str:
    return f"{way} {request.node.originalname}"[:60]


def people(there: Machine, album: str) -> dict[str, Any]:
    printed = succeeded(there.run("people", album, "--format", "json")).stdout
    return {person["name"]: person for person in json.loads(printed)}


def results(there: Machine, album: str, *question: str) -> set[tuple[str, str]]:
    printed = succeeded(there.run("results", album, "--format", "json", *question)).stdout
    return {(row["person"], row["photo"]) for row in json.loads(printed)}


def owners(cloud: Cloud, kind: str) -> list[str]:
    return sorted(key.split("/")[2] for key in cloud.objects(kind))


def test_people_come_later_get_other_names_and_leave(
    here: Machine, demo: DemoAlbum, small: Path, album: str, way: str, cloud: Cloud
) -> None:
    succeeded(here.run(way, settled(small), *refs(demo, GRACE), "--album", album))
    photos, cells = cloud.objects("photos"), cloud.cells()

    # Added later: compared, while no picture can be read, and none is sent.
    unplugged = small.rename(small.with_name("unplugged"))
    added = here.run("people", "add", album, *refs(demo, EILEEN))
    unplugged.rename(small)
    assert people(here, album)[EILEEN]["matches"] == 2, added.stderr
    succeeded(here.run("sync", album))
    assert here.matches() == GRACES | EILEENS
    assert cloud.objects("photos") == photos
    assert cloud.cells().items() >= cells.items()
    assert len(cloud.cells()) == 2 * len(cells)

    # The same headshot costs nothing, another one is a new column.
    cells = cloud.cells()
    again = succeeded(here.run("people", "add", album, *refs(demo, EILEEN)))
    assert "At most" not in again.stderr
    assert cloud.cells() == cells
    succeeded(here.run("people", "add", album, "--ref", f"{GRACE}={demo.folder / 'Navy/mirrored.webp'}"))
    assert len(people(here, album)[GRACE]["headshots"]) == 2
    assert cloud.cells().items() >= cells.items()
    assert len(cloud.cells()) == len(cells) * 3 // 2
    assert here.matches() == GRACES | EILEENS

    # Another name: nothing is compared again, and no byte of a match is copied again.
    cells = cloud.cells()
    inodes = {file.name: file.stat().st_ino for file in (here.folder / "Matches" / GRACE).rglob("*.jpg")}
    succeeded(here.run("people", "rename", GRACE, "Amazing Grace", album))
    assert here.matches() == {match.replace(GRACE, "Amazing Grace") for match in GRACES} | EILEENS
    moved = {file.name: file.stat().st_ino for file in (here.folder / "Matches/Amazing Grace").rglob("*.jpg")}
    assert moved == inodes
    assert sorted(people(here, album)) == ["Amazing Grace", EILEEN]
    assert (cloud.cells(), cloud.objects("photos")) == (cells, photos)
    if way == "upload":
        assert owners(cloud, "people") == ["Amazing!20Grace"] * 2 + ["Eileen!20Collins"]
        assert owners(cloud, "matches") == ["Amazing!20Grace"] * 2 + ["Eileen!20Collins"] * 2

    # Who leaves leaves nothing.
    succeeded(here.run("correct", album, "together.jpg", "--person", "Amazing Grace", "--is"))
    succeeded(here.run("sync", album))
    told = succeeded(here.run("people", "remove", "Amazing Grace", album)).stderr
    assert "Amazing Grace is forgotten: 2 copies removed" in told
    assert here.matches() == EILEENS
    assert list(people(here, album)) == [EILEEN]
    assert len(cloud.cells()) == len(cells) // 3
    if way == "upload":
        assert owners(cloud, "people") == ["Eileen!20Collins"]
        assert owners(cloud, "matches") == ["Eileen!20Collins"] * 2
    assert here.run("people", "remove", "Amazing Grace", album).returncode == 2


def test_what_is_decided_is_followed_without_a_call(
    here: Machine, demo: DemoAlbum, small: Path, album: str, way: str, cloud: Cloud
) -> None:
    everybody = refs(demo, GRACE, EILEEN)
    succeeded(here.run(way, settled(small), *everybody, "--album", album))
    cells, copies = cloud.cells(), set(cloud.objects("matches"))

    # Questions.
    assert results(here, album, "--all", f"{GRACE},{EILEEN}") == {(GRACE, "together.jpg"), (EILEEN, "together.jpg")}
    assert results(here, album, "--only", GRACE) == {(GRACE, "Navy/turned.jpg")}
    assert results(here, album, "--none") == {("", "things/coffee.jpg")}
    succeeded(here.run("sync", album, "--all", f"{GRACE},{EILEEN}", "--out", "Both", "--layout", "{name}"))
    assert here.matches("Both") == BOTH
    refused = here.run("sync", album, "--none", "--out", "Both")
    assert (refused.returncode, len(refused.stderr.splitlines())) == (2, 1)

    # Thresholds: the copies follow, and only ours.
    (here.folder / "Matches" / "mine.txt").write_text("not of a sync")
    mine = {"mine.txt"}
    succeeded(here.run("tune", album, "--person", GRACE, "--threshold", "100"))
    assert here.matches() == EILEENS | mine
    assert "Grace!20Hopper" not in owners(cloud, "matches")
    succeeded(here.run("tune", album, "--threshold", "99.9"))
    assert here.matches() == {f"{EILEEN}/together.jpg"} | mine  # the very pixels of her headshot
    assert len(cloud.objects("matches")) == (1 if way == "upload" else 0)
    succeeded(here.run("tune", album, "--threshold", "80"))
    assert here.matches() == EILEENS | mine  # Grace keeps her own
    succeeded(here.run("tune", album, "--person", GRACE, "--reset"))
    assert here.matches() == GRACES | EILEENS | mine
    assert set(cloud.objects("matches")) == copies

    # Corrections: they hold for a later run and another threshold.
    succeeded(here.run("correct", album, "Matches/Grace Hopper/Navy/turned.jpg", "--person", GRACE, "--is-not"))
    succeeded(here.run("correct", album, small / "things/coffee.jpg", "--person", GRACE, "--is"))
    corrected = GRACES - {f"{GRACE}/Navy/turned.jpg"} | {f"{GRACE}/things/coffee.jpg"} | EILEENS | mine
    assert here.matches() == corrected
    succeeded(here.run(way, small, *everybody, "--album", album, "--threshold", "79"))
    assert here.matches() == corrected
    rows = json.loads(succeeded(here.run("results", album, "--every", "--format", "json")).stdout)
    said = {(row["photo"], row["detail"]) for row in rows if row["detail"].startswith("corrected")}
    assert said == {("Navy/turned.jpg", "corrected: is not"), ("things/coffee.jpg", "corrected: is")}
    if way == "upload":
        assert owners(cloud, "matches") == ["Eileen!20Collins"] * 2 + ["Grace!20Hopper"] * 2

    # Sidecars, and undo of what was added last.
    succeeded(here.run("sync", album, "--xmp", "--out", "Named", "--link", "hardlink"))
    assert len(here.matches("Named")) == 8
    succeeded(here.run("undo", album))
    assert here.matches("Named") == set()
    assert here.matches() == corrected
    assert cloud.cells() == cells


def test_a_folder_of_people_and_a_face_out_of_a_group(
    here: Machine, demo: DemoAlbum, small: Path, album: str, way: str
) -> None:
    """Grace stands on the left in the picture of both."""
    faces = here.folder / "Faces"
    (faces / EILEEN).mkdir(parents=True)
    (faces / EILEEN / "portrait.jpg").write_bytes(demo.headshots[EILEEN].read_bytes())
    group = demo.folder / "together.jpg"
    command = [way, small, "--people", faces, "--ref", f"{GRACE}={group}#1", "--album", album]
    told = succeeded(here.run(*command)).stderr
    assert "face 1 of 2 from the left is taken for Grace Hopper" in told
    assert here.matches() == GRACES | EILEENS
    again = succeeded(here.run(*command)).stderr
    assert "from the left" not in again  # known: nobody is asked again
    wrong = here.run(way, small, "--ref", f"{GRACE}={group}#3", "--album", f"{album} wrong")
    assert wrong.returncode == 2
    assert "shows 2 faces" in wrong.stderr.splitlines()[-1]
    assert "Traceback" not in wrong.stderr


@pytest.mark.parametrize("way", ["upload"], indirect=True)
def test_another_machine_sees_what_was_decided(
    here: Machine,
    demo: DemoAlbum,
    small: Path,
    album: str,
    cloud: Cloud,
    tmp_path: Path,
    cache: Path,
    emulated: Mapping[str, str],
) -> None:
    succeeded(here.run("upload", small, *refs(demo, GRACE, EILEEN), "--album", album))
    succeeded(here.run("correct", album, "Navy/turned.jpg", "--person", GRACE, "--is-not"))
    succeeded(here.run("tune", album, "--person", EILEEN, "--threshold", "100"))
    assert owners(cloud, "matches") == ["Grace!20Hopper"]
    other = machine(tmp_path / "other", cache, emulated)
    succeeded(other.run("sync", album))
    assert other.matches() == {f"{GRACE}/together.jpg"}
    succeeded(other.run("tune", album, "--person", EILEEN, "--reset"))
    assert other.matches() == {f"{GRACE}/together.jpg"} | EILEENS
    assert len(cloud.objects("matches")) == 3
