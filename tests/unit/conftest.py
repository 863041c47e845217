"""Pictures and a catalog for unit tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from sortclient.album import Album
from sortclient.catalog import Catalog

if TYPE_CHECKING:
    from tests.unit.aws_cloud import Cloud, Memory


def picture(file: Path, colour: str = "teal", size: tuple[int, int] = (120, 90)) -> Path:
    """A small picture of one colour, of the format that the name says."""
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(file)
    return file


@pytest.fixture(autouse=True)
def _settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that a test has just made count as old enough to be known by their times."""
    monkeypatch.setattr("sortclient.files.SETTLED_NS", 0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "Images"
    place.mkdir()
    return place


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    with Catalog(tmp_path / "data" / "catalog.sqlite") as opened:
        yield opened


@pytest.fixture
def album(catalog: Catalog, folder: Path) -> Album:
    return catalog.open_album("Images", folder, "this machine")


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    """A stack in moto, which is heavy to import."""
    from moto import mock_aws

    from tests.unit.aws_cloud import Cloud

    with mock_aws():
        yield Cloud()


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Memory:
    """Three photos and two people, for a run of the AWS comparer whose workers are in this process."""
    from sortclient.aws import run
    from tests.unit.aws_cloud import Here, Memory, headshot
    from tests.unit.aws_cloud import picture as jpeg

    monkeypatch.setattr(run, "Workers", Here)
    folder = tmp_path / "Images"
    (folder / "sub dir").mkdir(parents=True)
    for name, colour in [("a.jpg", "red"), ("b.jpg", "green"), ("sub dir/ü.jpg", "blue")]:
        (folder / name).write_bytes(jpeg(colour))
    return Memory(folder, [headshot("Ann"), headshot("Bob", "black")])
