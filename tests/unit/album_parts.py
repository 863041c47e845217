"""What the tests of the catalog and of its files are made of."""

from __future__ import annotations

from pathlib import Path

from photosort.comparison import Comparison, Problem
from sortclient.album import Album
from sortclient.photos.scan import scan

A, B, C = "a" * 64, "b" * 64, "c" * 64


def cell(headshot: str, photo: str, similarity: float | None, problem: Problem | None = None) -> Comparison:
    return Comparison(headshot, photo, similarity, problem, "", "test", "2026-01-01T00:00:00.000Z")


def with_file(album: Album, folder: Path, name: str = "one.jpg", content: bytes = b"1") -> None:
    (folder / name).write_bytes(content)
    album.scanned(scan(folder))


def digests(album: Album) -> dict[str, str | None]:
    return {entry.path: entry.digest for entry in album.entries()}
