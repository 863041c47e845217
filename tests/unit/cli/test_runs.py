"""What the options of `sort` and `upload` lead to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from moto import mock_aws

from photosort.comparison import Thresholds
from sortclient.album import Album
from sortclient.catalog import Catalog
from sortclient.headshots import Reference
from sortclient.model import Link
from sortclient.outputs import OutputWish
from sortclient.photos.selection import Selection
from sortclient.run import Wishes
from sortclient.sorting import Order
from tests.unit.aws_cloud import Cloud
from tests.unit.cli.command import Command, Local, copies, succeeded
from tests.unit.conftest import picture


def test_sort_takes_what_it_is_told(
    command: Command, catalog: Catalog, local: Local, folder: Path, tmp_path: Path
) -> None:
    picture(folder / "sub/one.png", "green")
    picture(tmp_path / "Faces/Ana.png", "red")
    said = ["--people", "Faces", "--ref", f"Bo={picture(tmp_path / 'b.png', 'blue')}", "--album", "Zoo"]
    said += ["--threshold", "85", "--out", "Named", "--layout", "{person} {name}", "--link", "hardlink", "--xmp"]
    succeeded(command("sort", folder, *said, "--ledger", "ledger.json"))
    assert copies(tmp_path / "Named") == {f"{who} one.png{end}" for who in ("Ana", "Bo") for end in ("", ".xmp")}
    assert (tmp_path / "Named/Ana one.png").samefile(folder / "sub/one.png")
    zoo = catalog.find_album("Zoo")
    assert zoo is not None
    assert zoo.thresholds == Thresholds(85)
    assert len(json.loads((tmp_path / "ledger.json").read_text())) == 2
    assert catalog.find_album("Images") is None


def test_sort_follows_a_folder_that_has_moved_only_where_that_is_said(
    command: Command, known: Album, local: Local, folder: Path, tmp_path: Path
) -> None:
    folder.rename(tmp_path / "Moved")
    told = command("sort", "Moved", "--album", "Images")
    assert (told.status, "say --moved" in told.err) == (2, True)
    succeeded(command("sort", "Moved", "--album", "Images", "--moved"))


def test_upload_takes_what_it_is_told(
    command: Command, cloud: Cloud, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, bo = picture(tmp_path / "Faces/Ana.png"), picture(tmp_path / "b.png")
    begun: list[tuple[object, ...]] = []
    monkeypatch.setattr("sortclient.run.run", lambda order, wishes, *_, **__: begun.append((order, wishes)) or 3)
    said = ["--people", "Faces", "--ref", f"Bo={bo}#2", "--album", "Zoo", "--threshold", "85", "--out", "Named"]
    said += ["--layout", "{name}", "--link", "symlink", "--xmp", "--ledger", "ledger.csv", "--originals", "--no-wait"]
    said += ["--yes", "--max-spend", "5", "--prune", "--moved", "--follow-links"]
    assert command("upload", folder, *said).status == 3
    references = [Reference("Bo", bo, 2), Reference("Ana", (Path("Faces") / ana.name), spare=True)]
    selection = Selection(follow_links=True)
    order = Order(folder, references, "Zoo", 85, originals=True, wait=False, selection=selection, moved=True)
    output = OutputWish(Path("Named"), "{name}", Link.SYMLINK, xmp=True)
    wishes = Wishes(output, Path("ledger.csv"), yes=True, max_spend=5, prune=True)
    assert begun == [(order, wishes)]


def test_a_price_is_foretold_also_where_there_is_no_stack(command: Command, folder: Path, tmp_path: Path) -> None:
    picture(folder / "one.png")
    with mock_aws():  # without a stack
        told = succeeded(command("upload", folder, "--ref", picture(tmp_path / "me.png"), "--dry-run"))
    assert told.err.startswith("The stack was not looked at. ")
    assert "Compare: at most 1 comparison" in told.out.splitlines()
