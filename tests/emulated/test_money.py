"""The price before anything is sent, limits, and pruning: the whole command against one emulated AWS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from demo.album import EILEEN, GRACE, DemoAlbum
from tests.emulated.command import EILEENS, GRACES, Cloud, Machine, machine, refs, settled, succeeded


def on_disk(folder: Path) -> dict[str, bytes | None]:
    """Everything below a folder: names, and what files hold."""
    return {
        str(entry.relative_to(folder)): entry.read_bytes() if entry.is_file() else None for entry in folder.rglob("*")
    }


def in_cloud(cloud: Cloud) -> list[Any]:
    return [cloud.objects("people"), cloud.objects("photos"), cloud.objects("matches"), cloud.cells()]


@pytest.mark.parametrize("known", [False, True], ids=["first run", "known album"])
def test_a_dry_run_says_what_would_be_done_and_changes_nothing(
    here: Machine, demo: DemoAlbum, small: Path, album: str, cloud: Cloud, *, known: bool
) -> None:
    if known:
        succeeded(here.run("upload", settled(small), *refs(demo, GRACE), "--album", album))
        (small / "new.jpg").write_bytes((demo.folder / "things/rocket.jpg").read_bytes())
    before = (on_disk(here.folder), in_cloud(cloud))
    command = ["upload", small, *refs(demo, EILEEN), "--album", album, "--ledger", "ledger.csv", "--dry-run"]
    told = succeeded(here.run(*command))
    assert (on_disk(here.folder), in_cloud(cloud)) == before
    lines = dict(line.split(": ", 1) for line in told.stdout.splitlines())
    comparisons = 5 + 1 if known else 4  # Eileen with each photo, and Grace with the new one
    assert lines["Compare"] == f"at most {comparisons} comparisons"
    assert lines["Calls"] == f"at most {comparisons} of CompareFaces, 1 of DetectFaces"
    assert lines["Copy"] == f"at most {comparisons} new matches to {here.folder / 'Matches'}"
    assert lines["Price"].startswith("at most 0.01 US$ (prices of us-west-1, ")
    assert told.stderr == ""
    succeeded(here.run(*command[:-1]))
    assert len(cloud.cells()) == (10 if known else 4)


def test_the_price_counts_what_expired_in_the_cloud(
    here: Machine, demo: DemoAlbum, small: Path, album: str, cloud: Cloud
) -> None:
    """What this machine remembers is put back there, or the photos would be compared with everybody again."""
    command = ["upload", settled(small), "--album", album]
    succeeded(here.run(*command, *refs(demo, GRACE)))
    compared = cloud.cells()
    cloud.expire()
    command += refs(demo, EILEEN)
    assert "Compare: at most 4 comparisons\n" in succeeded(here.run(*command, "--dry-run")).stdout
    assert "At most 4 comparisons, " in succeeded(here.run(*command)).stderr
    assert len(cloud.objects("photos")) == 4
    assert len(cloud.cells()) == 8
    assert cloud.cells().items() > compared.items()  # with the times at which they were compared
    assert here.matches() == GRACES | EILEENS


def test_a_dry_run_of_sort_costs_nothing_and_changes_nothing(here: Machine, demo: DemoAlbum, small: Path) -> None:
    away = replace(here, environment={**here.environment, "SORTCLIENT_CACHE": str(here.folder / "cache")})
    for _ in range(2):
        before = on_disk(here.folder)
        told = succeeded(away.run("sort", small, *refs(demo, GRACE), "--dry-run")).stdout
        assert on_disk(here.folder) == before
        assert "Price: nothing; nothing leaves this machine\n" in told
        assert "Upload" not in told
        succeeded(away.run("sort", small, *refs(demo, GRACE)))
    assert here.matches() == GRACES


def test_the_price_can_be_asked_before_there_is_an_account(tmp_path: Path, demo: DemoAlbum, small: Path) -> None:
    nowhere = machine(tmp_path / "there", tmp_path / "cache")
    told = succeeded(nowhere.run("upload", small, *refs(demo, GRACE), "--dry-run"))
    assert "Compare: at most 4 comparisons\n" in told.stdout
    assert "Price: at most 0.01 US$" in told.stdout
    assert told.stderr.startswith("The stack was not looked at. There are no AWS credentials.")
    assert on_disk(nowhere.folder) == {}
    emulated = succeeded(nowhere.run("upload", small, *refs(demo, GRACE), "--dry-run", "--emulate"))
    assert "Price: nothing" in emulated.stdout
    assert emulated.stderr == ""
    assert on_disk(nowhere.folder) == {}


def test_above_the_limit_nothing_is_sent(
    here: Machine, demo: DemoAlbum, small: Path, album: str, cloud: Cloud, tmp_path: Path
) -> None:
    """Not even the headshot to be looked at for a face: this one has none, and nobody hears of it."""
    prices = tmp_path / "prices.toml"
    prices.write_text("compare_faces = 1.0\nrepeated = 0\n")
    dear = replace(here, environment={**here.environment, "SORTCLIENT_PRICES": str(prices)})
    command = ["upload", small, "--album", album, "--ref"]
    for more in ([], ["--dry-run"]):
        refused = dear.run(*command, demo.folder / "things/coffee.jpg", "--max-spend", "2.50", *more)
        assert refused.returncode == 4, refused.stderr
        line = refused.stderr.splitlines()[-1]
        assert line == ("sortclient: The run costs at most 4.01 US$, 1.51 more than --max-spend 2.5. Nothing was sent.")
    assert in_cloud(cloud) == [{}, {}, {}, {}]
    assert not (here.folder / "Matches").exists()
    succeeded(dear.run(*command, f"{GRACE}={demo.headshots[GRACE]}", "--max-spend", "4.01"))
    assert here.matches() == GRACES


def test_pruning_takes_out_of_the_cloud_what_left_the_folder(
    here: Machine, demo: DemoAlbum, small: Path, album: str, cloud: Cloud
) -> None:
    command = ["upload", small, *refs(demo, GRACE, EILEEN), "--album", album]
    succeeded(here.run(*command))
    (small / "together.jpg").rename(small.parent / "aside.jpg")
    gone = succeeded(here.run(*command))
    assert "4 files: 3 photos" in gone.stderr
    assert [len(part) for part in in_cloud(cloud)] == [2, 4, 4, 8]
    pruned = succeeded(here.run(*command, "--prune"))
    assert "in the cloud 1 photo, 2 copies of matches, 2 comparisons" in pruned.stderr
    assert [len(part) for part in in_cloud(cloud)] == [2, 3, 2, 6]
    for told in (here.run("status", album).stdout, here.run("results", album, "--every").stdout):
        assert "together" not in told
    (small.parent / "aside.jpg").rename(small / "together.jpg")
    succeeded(here.run(*command))
    assert [len(part) for part in in_cloud(cloud)] == [2, 4, 4, 8]


def test_an_unmounted_folder_prunes_nothing(
    here: Machine, demo: DemoAlbum, small: Path, album: str, cloud: Cloud, emulated: Mapping[str, str]
) -> None:
    command = ["upload", small, *refs(demo, GRACE), "--album", album]
    succeeded(here.run(*command))
    before = in_cloud(cloud)
    small.rename(small.with_name("Elsewhere"))
    small.mkdir()
    told = here.run(*command, "--prune")
    assert told.returncode == 3
    assert "Nothing was pruned: no photo is left in the folder" in told.stderr
    assert in_cloud(cloud) == before
    assert here.matches() == GRACES
