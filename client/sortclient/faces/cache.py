"""The faces of pictures, kept by content: a picture is analysed once, under whatever names and in whatever albums.

The cache only saves time. Where it cannot be read or written, a warning says so once and the work goes on without it;
what it gives back is checked, so that a damaged file costs time and never a wrong face.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from photosort.chunks import chunks
from sortclient.faces.face import Face
from sortclient.model import Box

if TYPE_CHECKING:
    import numpy as np

_log = logging.getLogger(__name__)

_FILE = "faces-1.sqlite3"  # another number for another layout
_LOCKED = 30.0  # seconds to wait for another process's write; each takes milliseconds
_DIGESTS_A_QUERY = 500


class FaceCache:
    """One process's connection to the cache in ``folder``, for the faces of one version of the engine.

    Any number of processes may use the same folder at once.
    """

    def __init__(self, folder: Path, engine: str) -> None:
        self._file = folder / _FILE
        self._engine = engine
        self._db: sqlite3.Connection | None = None
        with self._or_without():
            self._db = _open(self._file)

    def close(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None

    def get(self, digests: Iterable[str]) -> dict[str, tuple[Face, ...]]:
        """The faces of those pictures that are known, by digest; thousands at a time are fine."""
        found: dict[str, tuple[Face, ...]] = {}
        with self._or_without():
            for some in chunks(digests, _DIGESTS_A_QUERY):
                found.update(self._rows(some))
        return found

    def put(self, digest: str, faces: Sequence[Face]) -> None:
        with self._or_without():
            if self._db is not None:
                key, records = bytes.fromhex(digest), _to_records(faces)
                self._db.execute(
                    "INSERT OR REPLACE INTO pictures (digest, engine, faces, checksum) VALUES (?, ?, ?, ?)",
                    (key, self._engine, records, zlib.crc32(key + records)),
                )

    def _rows(self, digests: Sequence[str]) -> Iterator[tuple[str, tuple[Face, ...]]]:
        if self._db is None:
            return
        marks = ", ".join("?" * len(digests))
        rows = self._db.execute(
            f"SELECT digest, faces, checksum FROM pictures WHERE engine = ? AND digest IN ({marks})",  # noqa: S608
            (self._engine, *map(bytes.fromhex, digests)),
        )
        for key, records, checksum in rows:
            if zlib.crc32(key + records) == checksum:
                yield key.hex(), _from_records(records)

    @contextmanager
    def _or_without(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            _log.warning("going on without the cache of faces, %s: %s; if it stays so, delete it", self._file, error)
            self.close()


def _open(file: Path) -> sqlite3.Connection:
    """Embeddings are biometric data: nobody else on the machine may read them. SQLite's side files follow the file."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
    db = sqlite3.connect(file, timeout=_LOCKED, isolation_level=None)
    with ExitStack() as refused:
        refused.callback(db.close)
        db.execute("PRAGMA journal_mode = WAL")  # who reads does not wait for who writes
        db.execute("PRAGMA synchronous = NORMAL")  # a power cut may lose the last faces, and never damages the file
        db.execute(
            "CREATE TABLE IF NOT EXISTS pictures ("
            " digest BLOB NOT NULL, engine TEXT NOT NULL, faces BLOB NOT NULL, checksum INTEGER NOT NULL,"
            " PRIMARY KEY (digest, engine))"
        )
        refused.pop_all()
    return db


def _record() -> np.dtype[np.void]:
    """How a face lies in the cache: 640 bytes, little endian."""
    import numpy as np

    return np.dtype(
        [
            ("box", "<f8", 4),
            ("side", "<f8"),
            ("score", "<f8"),
            ("landmarks", "<f8", (5, 2)),
            ("embedding", "<f4", 128),
        ]
    )


def _to_records(faces: Sequence[Face]) -> bytes:
    import numpy as np

    records = np.empty(len(faces), _record())
    for record, face in zip(records, faces, strict=True):
        box = face.box
        record["box"] = (box.left, box.top, box.width, box.height)
        record["side"], record["score"] = face.side, face.score
        record["landmarks"], record["embedding"] = face.landmarks, face.embedding
    return records.tobytes()


def _from_records(content: bytes) -> tuple[Face, ...]:
    import numpy as np

    records = np.frombuffer(content, _record())
    columns = (records[name].tolist() for name in ("box", "side", "score", "landmarks"))
    return tuple(
        Face(Box(*box), side, score, tuple((x, y) for x, y in landmarks), embedding)
        for box, side, score, landmarks, embedding in zip(*columns, records["embedding"], strict=True)
    )
