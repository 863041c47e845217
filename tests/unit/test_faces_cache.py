"""The cache of faces: the same faces back, from any number of processes, and never a reason to stop."""

from __future__ import annotations

import hashlib
import logging
import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from sortclient.faces.cache import FaceCache
from sortclient.faces.face import Face
from sortclient.model import Box

VERSION = "engine-1"


def digest(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


def face(number: int) -> Face:
    numbers = np.random.default_rng(number)
    a, b, c, d = numbers.uniform(-0.1, 1, 4).tolist()
    points = tuple((x, y) for x, y in numbers.uniform(0, 1, (5, 2)).tolist())
    return Face(Box(a, b, c, d), 80.0 + number, 0.5, points, numbers.normal(size=128).astype(np.float32))


def equal(one: Face, other: Face) -> bool:
    return (one.box, one.side, one.score, one.landmarks) == (
        other.box,
        other.side,
        other.score,
        other.landmarks,
    ) and np.array_equal(one.embedding, other.embedding)


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[FaceCache]:
    opened = FaceCache(tmp_path / "new" / "cache", VERSION)
    yield opened
    opened.close()


def file_of(cache: FaceCache) -> Path:
    return cache._file


def test_the_same_faces_come_back(cache: FaceCache) -> None:
    cache.put(digest(1), (face(1), face(2)))
    cache.put(digest(2), ())
    found = cache.get([digest(1), digest(2), digest(3)])
    assert found.keys() == {digest(1), digest(2)}
    assert found[digest(2)] == ()
    one, two = found[digest(1)]
    assert equal(one, face(1))
    assert equal(two, face(2))
    assert one.embedding.dtype == np.float32


def test_thousands_at_once(cache: FaceCache) -> None:
    kept = (face(1),)
    for number in range(1200):
        cache.put(digest(number), kept)
    found = cache.get(digest(number) for number in range(2000))
    assert found.keys() == {digest(number) for number in range(1200)}


def test_another_engine_sees_none_of_it(cache: FaceCache, tmp_path: Path) -> None:
    cache.put(digest(1), (face(1),))
    other = FaceCache(file_of(cache).parent, "engine-2")
    assert other.get([digest(1)]) == {}
    other.put(digest(1), ())
    assert equal(cache.get([digest(1)])[digest(1)][0], face(1))
    other.close()


def test_nobody_else_may_read_it(cache: FaceCache) -> None:
    cache.put(digest(1), (face(1),))
    folder = file_of(cache).parent
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    files = list(folder.iterdir())
    assert len(files) >= 2  # with what SQLite keeps beside it
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_damaged_faces_are_missing_ones(cache: FaceCache) -> None:
    cache.put(digest(1), (face(1),))
    cache.put(digest(2), (face(2),))
    with sqlite3.connect(file_of(cache)) as db:
        records = bytearray(
            db.execute("SELECT faces FROM pictures WHERE digest = ?", (bytes.fromhex(digest(1)),)).fetchone()[0]
        )
        records[300] ^= 1
        db.execute("UPDATE pictures SET faces = ? WHERE digest = ?", (bytes(records), bytes.fromhex(digest(1))))
    db.close()
    assert cache.get([digest(1), digest(2)]).keys() == {digest(2)}


def goes_on_without(cache: FaceCache, caplog: pytest.LogCaptureFixture) -> None:
    assert cache.get([digest(1)]) == {}
    cache.put(digest(1), (face(1),))
    assert cache.get([digest(1)]) == {}
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert str(file_of(cache)) in record.message
    cache.close()


def test_a_corrupt_file_is_warned_about_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "faces-1.sqlite3").write_bytes(b"SQLite format 3\0" + os.urandom(8000))
    goes_on_without(FaceCache(tmp_path, VERSION), caplog)


def test_a_file_of_another_layout_is_warned_about_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with sqlite3.connect(tmp_path / "faces-1.sqlite3") as db:
        db.execute("CREATE TABLE pictures (name TEXT)")
    db.close()
    goes_on_without(FaceCache(tmp_path, VERSION), caplog)


def test_a_folder_that_cannot_be_made_is_warned_about_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("in the way")
    goes_on_without(FaceCache(tmp_path / "file" / "cache", VERSION), caplog)


def test_a_full_disk_is_warned_about_once(cache: FaceCache, caplog: pytest.LogCaptureFixture) -> None:
    """SQLite's own limit on the file's size gives the error of a full disk."""
    db = cache._db
    assert db is not None
    db.execute("PRAGMA max_page_count = 5")
    for number in range(50):
        cache.put(digest(number), (face(number),))
    (record,) = caplog.records
    assert "full" in record.message


_WRITER = """
import sys
from pathlib import Path
from sortclient.faces.cache import FaceCache
from tests.unit.test_faces_cache import VERSION, digest, face
sys.stdin.readline()
cache = FaceCache(Path(sys.argv[1]), VERSION)
for number in range(int(sys.argv[2]), 200, 2):
    cache.put(digest(number), (face(number),))
    assert digest(number) in cache.get([digest(number)])
cache.close()
"""


def test_processes_make_and_fill_it_at_once(tmp_path: Path) -> None:
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(tmp_path / "cache"), str(which)],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for which in (0, 1, 0, 1)  # two pairs that write the same pictures
    ]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        _, errors = writer.communicate(timeout=60)
        assert (writer.returncode, errors) == (0, "")
    cache = FaceCache(tmp_path / "cache", VERSION)
    found = cache.get(digest(number) for number in range(200))
    assert all(equal(found[digest(number)][0], face(number)) for number in range(200))
    cache.close()
