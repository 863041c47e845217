"""Every hostile file gets its line, by whichever way it is looked at."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sortclient.model import File, Rejection
from sortclient.photos.errors import NotComparable
from sortclient.photos.kinds import look
from sortclient.photos.prepare import Prepared, analysis_copy, original, read
from tests.unit.hostile import PHOTO, Expected, build, cases

CASES = {name: (content, Expected(outcome, words)) for name, content, outcome, words in cases()}


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    assert len(build(folder)) >= 40
    return folder


def as_file(path: Path) -> File:
    return File(path.name, path, path.stat().st_size, 0, 0)


def outcome_of(prepare: Callable[[bytes], Prepared], path: Path) -> Prepared | Rejection:
    """As a run has it: a look first, then reading and preparing."""
    seen = look(as_file(path))
    if seen is not None:
        return seen
    try:
        return prepare(read(path))
    except NotComparable as error:
        return error.rejection


@pytest.mark.parametrize("prepare", [analysis_copy, original])
@pytest.mark.parametrize("name", CASES)
def test_every_file_has_its_line(hostile: Path, name: str, prepare: Callable[[bytes], Prepared]) -> None:
    expected = CASES[name][1]
    result = outcome_of(prepare, hostile / name)
    if expected.outcome is PHOTO:
        assert isinstance(result, Prepared), result
        return
    if prepare is original and isinstance(result, Prepared):
        # Only decoding finds it: with originals a file's build must do, and Rekognition has the last word.
        assert name in ("bad-crc.png", "bad-header-crc.png", "text-bomb.png", "no-tables.jpg")
        return
    assert isinstance(result, Rejection)
    assert result.outcome is expected.outcome
    assert expected.words in result.detail
    assert result.lasting
    assert "0x" not in result.detail, "no words of a library's"
