"""Pictures and a catalog for unit tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from sortclient.album import Album
from sortclient.catalog import Catalog


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
