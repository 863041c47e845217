"""The whole command with real handlers and real faces: `upload` against one emulated AWS, `sort`, and what follows."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageOps

from demo.album import EILEEN, GRACE, DemoAlbum
from tests.emulated.command import EILEENS, GRACES, Cloud, Machine, ledger_of, machine, refs, settled, succeeded

ROOT = Path(__file__).parents[2]


def test_the_demo_finds_exactly_the_people_who_are_there_both_ways(tmp_path: Path, cache: Path) -> None:
    there = machine(tmp_path, cache)
    process = subprocess.run(
        [sys.executable, "-m", "demo"],
        cwd=tmp_path,
        env={**there.environment, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stdout + process.stderr
    assert "upload demo-album/Images --emulate" in process.stdout
    ledgers = [ledger_of(tmp_path / "demo-album" / name) for name in ("upload.csv", "sort.csv")]
    assert ledgers[0] == ledgers[1]
    assert len(ledgers[0]) == 58  # 28 photos by two people, and two files that are no photos


def test_the_same_command_again_sends_and_compares_nothing(
    here: Machine, demo: DemoAlbum, small: Path, album: str, cloud: Cloud
) -> None:
    command = ["upload", settled(small), *refs(demo, GRACE, EILEEN), "--album", album]
    succeeded(here.run(*command))
    assert here.matches() == GRACES | EILEENS
    before = (cloud.objects("photos"), cloud.objects("people"), cloud.cells())
    assert [len(part) for part in before] == [4, 2, 8]
    assert len(cloud.objects("matches")) == 4
    again = succeeded(here.run(*command))
    assert (cloud.objects("photos"), cloud.objects("people"), cloud.cells()) == before
    assert "At most" not in again.stderr
    assert "4 matches" in again.stderr


def test_matches_are_the_originals_in_full(here: Machine, demo: DemoAlbum, small: Path, album: str) -> None:
    succeeded(here.run("upload", small, *refs(demo, GRACE), "--album", album))
    for name in GRACES:
        path = name.removeprefix("Grace Hopper/")
        assert (here.folder / "Matches" / name).read_bytes() == (small / path).read_bytes()


def test_a_photo_replaced_by_one_without_the_person_leaves_the_matches(
    here: Machine, demo: DemoAlbum, small: Path, album: str
) -> None:
    command = ["upload", small, *refs(demo, GRACE), "--album", album]
    succeeded(here.run(*command))
    (small / "Navy/turned.jpg").write_bytes((demo.folder / "things/rocket.jpg").read_bytes())
    succeeded(here.run(*command))
    assert here.matches() == {"Grace Hopper/together.jpg"}


def test_a_person_added_later_uploads_no_photo(
    here: Machine, demo: DemoAlbum, small: Path, album: str, cloud: Cloud
) -> None:
    succeeded(here.run("upload", small, *refs(demo, GRACE), "--album", album))
    photos, cells = cloud.objects("photos"), cloud.cells()
    succeeded(here.run("upload", small, *refs(demo, EILEEN), "--album", album))
    assert here.matches() == GRACES | EILEENS
    assert cloud.objects("photos") == photos
    assert cells.items() < cloud.cells().items()
    assert len(cloud.cells()) == 8


def test_another_headshot_of_a_person_takes_the_first_ones_place(
    here: Machine, demo: DemoAlbum, small: Path, album: str, cloud: Cloud
) -> None:
    succeeded(here.run("upload", small, *refs(demo, GRACE), "--album", album))
    (before,) = cloud.objects("people")
    other = here.folder / "other.jpg"
    with Image.open(demo.headshots[GRACE]) as picture:
        ImageOps.mirror(picture).save(other)
    succeeded(here.run("upload", small, "--ref", f"{GRACE}={other}", "--album", album))
    (after,) = cloud.objects("people")
    assert before != after
    assert here.matches() == GRACES


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_stopped_in_the_middle_and_run_again(
    here: Machine, demo: DemoAlbum, album: str, cloud: Cloud, end: signal.Signals
) -> None:
    command = ["upload", demo.folder, *refs(demo, GRACE, EILEEN), "--album", album, "--ledger", "ledger.csv"]
    process = here.start(*command)
    deadline = time.monotonic() + 60
    while len(cloud.objects("photos")) < 5 and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(end)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert "leaked" not in err
    assert "run the same command again" in err
    sent = cloud.objects("photos")
    assert 5 <= len(sent) < 28
    succeeded(here.run(*command))
    assert sent.items() <= cloud.objects("photos").items()  # none was sent twice
    assert len(cloud.cells()) == 56
    found = {
        (photo, person)
        for (photo, person), outcome in ledger_of(here.folder / "ledger.csv").items()
        if outcome == "match"
    }
    assert found == {(path, person) for path, people in demo.truth.items() for person in people or ()}


def test_without_waiting_then_status_and_sync(here: Machine, demo: DemoAlbum, small: Path, album: str) -> None:
    left = here.run("upload", small, *refs(demo, GRACE), "--album", album, "--no-wait")
    assert left.returncode == 3, left.stderr  # the last photo has just been sent
    assert "pending" in left.stderr
    deadline = time.monotonic() + 60
    while (status := here.run("status", album)).returncode == 3 and time.monotonic() < deadline:
        time.sleep(0.5)
    assert "2 match" in succeeded(status).stdout
    assert "5 files: 4 photos, 1 not-a-photo" in status.stdout
    assert "Waiting in the cloud, for all its albums: " in status.stdout
    succeeded(here.run("sync"))
    assert here.matches() == GRACES


def test_another_machine_syncs_under_the_right_names(
    here: Machine, demo: DemoAlbum, album: str, tmp_path: Path, emulated: Mapping[str, str], cache: Path
) -> None:
    odd = "Année 1992/Grace & Eileen, à deux +1 (100%).jpg"
    folder = tmp_path / "Odd"
    (folder / odd).parent.mkdir(parents=True)
    (folder / odd).write_bytes((demo.folder / odd).read_bytes())
    succeeded(here.run("upload", folder, *refs(demo, GRACE, EILEEN), "--album", album, "--threshold", "85.5"))
    there = machine(tmp_path / "there", cache, emulated)
    result = succeeded(there.run("sync", album, "--out", "Found"))
    assert there.matches("Found") == {f"{GRACE}/{odd}", f"{EILEEN}/{odd}"}
    assert "smaller copies" in result.stderr
    with Image.open(there.folder / "Found" / GRACE / odd) as copy:
        assert copy.format == "JPEG"
    assert f"Album {album}: in the cloud, threshold 85.5" in succeeded(there.run("status")).stdout


def test_results_as_table_csv_and_json_say_the_same(here: Machine, demo: DemoAlbum, small: Path) -> None:
    succeeded(here.run("sort", small, *refs(demo, GRACE, EILEEN)))
    rows = list(csv.DictReader(succeeded(here.run("results", "--format", "csv")).stdout.splitlines()))
    assert {f"{row['person']}/{row['photo']}" for row in rows} == GRACES | EILEENS
    data = json.loads(succeeded(here.run("results", "--format", "json")).stdout)
    assert [(row["photo"], str(row["similarity"])) for row in data] == [
        (row["photo"], row["similarity"]) for row in rows
    ]
    table = succeeded(here.run("results", "Small")).stdout.splitlines()
    assert len(table) == len(rows)
    assert len(succeeded(here.run("results", "--every")).stdout.splitlines()) == 9


_PROBE = """
import os, sys

def told(event, args):
    if event == "open" and isinstance(args[0], (str, bytes)) and os.fsdecode(args[0]).startswith(os.environ["BELOW"]):
        log = os.open(os.environ["OPENED"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(log, os.fsencode(args[0]) + b"\\n")
        os.close(log)

sys.addaudithook(told)
"""


def test_sort_again_reads_no_picture_and_a_threshold_decides_anew(
    here: Machine, demo: DemoAlbum, small: Path, tmp_path: Path
) -> None:
    """Every process of the command tells which files below the folder it opens."""
    (tmp_path / "probe").mkdir()
    (tmp_path / "probe" / "sitecustomize.py").write_text(_PROBE)
    path = os.pathsep.join(filter(None, [str(tmp_path / "probe"), here.environment.get("PYTHONPATH")]))
    log = tmp_path / "opened"
    watched = replace(
        here, environment={**here.environment, "PYTHONPATH": path, "BELOW": str(small), "OPENED": str(log)}
    )
    succeeded(watched.run("sort", settled(small), *refs(demo, GRACE)))
    assert here.matches() == GRACES
    assert set(map(Path, log.read_text().splitlines())) == {file for file in small.rglob("*") if file.is_file()}
    log.unlink()
    strict = succeeded(watched.run("sort", small, "--threshold", "100"))
    assert here.matches() == set()
    assert "(0 new, 2 removed)" in strict.stderr
    assert not log.exists()
    succeeded(here.run("sort", small, "--threshold", "80"))
    assert here.matches() == GRACES


def test_names_are_printed_whatever_the_terminals_encoding(tmp_path: Path, cache: Path, demo: DemoAlbum) -> None:
    there = machine(tmp_path / "there", cache)
    there = replace(there, environment={**there.environment, "PYTHONIOENCODING": "ascii"})
    folder = tmp_path / "Été"
    folder.mkdir()
    (folder / "à deux.txt").write_text("no picture")
    succeeded(there.run("sort", folder, *refs(demo, GRACE)))
    assert "\\xe0 deux.txt" in succeeded(there.run("results", "--every")).stdout


def test_originals_travel_only_when_asked_for(
    here: Machine,
    demo: DemoAlbum,
    small: Path,
    album: str,
    client: Callable[..., Any],
    outputs: Mapping[str, str],
    cloud: Cloud,
) -> None:
    succeeded(here.run("upload", small, *refs(demo, GRACE), "--album", album, "--originals"))
    assert here.matches() == GRACES
    bucket = outputs["BucketName"]
    sent = {client("s3").get_object(Bucket=bucket, Key=key)["Body"].read() for key in cloud.objects("photos")}
    assert sent == {file.read_bytes() for file in small.rglob("*.jpg")}


def test_an_emulation_is_forgotten_when_it_ends(tmp_path: Path, cache: Path, demo: DemoAlbum, small: Path) -> None:
    there = machine(tmp_path / "there", cache)
    emulated = succeeded(there.run("upload", small, *refs(demo, GRACE), "--emulate"))
    assert "At most" not in emulated.stderr  # nothing is charged
    assert there.matches() == GRACES
    succeeded(there.run("sort", small, *refs(demo, GRACE)))  # the same album name, and no clash
    assert there.matches() == GRACES
