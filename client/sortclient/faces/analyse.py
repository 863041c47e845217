"""The faces in a picture's bytes: what the worker processes do.

The functions are found by their name in another process, and what they return travels back: faces, never pictures.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from sortclient.faces.face import Face
from sortclient.model import File
from sortclient.photos.decode import decode
from sortclient.photos.errors import NotComparable
from sortclient.photos.prepare import analysis_digest, read
from sortclient.photos.taken import taken

if TYPE_CHECKING:
    from sortclient.faces.cache import FaceCache
    from sortclient.faces.engine import Engine


def analyse(content: bytes) -> tuple[Face, ...]:
    """The faces in a picture, largest first. Raises NotComparable; SortError without the extra `local`."""
    return _engine().faces(decode(content))


@dataclass(frozen=True, slots=True)
class Analysed:
    digest: str
    faces: tuple[Face, ...]
    taken: str | None = None  # as in `model.Entry`; None: only the cache was asked


def analyse_file(file: File) -> Analysed | NotComparable:
    """Of a file's bytes their digest, when they were taken, and the faces: from the cache, where they are there."""
    try:
        content = read(file.location)
        return replace(analyse_once(content), taken=taken(content))
    except NotComparable as error:
        return error


def analyse_once(content: bytes) -> Analysed:
    """As ``analyse``, through the cache."""
    digest = analysis_digest(content)
    faces = _cache().get([digest]).get(digest)
    if faces is None:
        faces = analyse(content)
        _cache().put(digest, faces)
    return Analysed(digest, faces)


@cache
def _engine() -> Engine:
    """Loaded once a process, when first needed."""
    from sortclient.faces.engine import Engine

    return Engine()


@cache
def _cache() -> FaceCache:
    from sortclient.faces.cache import FaceCache
    from sortclient.faces.engine import VERSION
    from sortclient.folders import cache_folder

    return FaceCache(cache_folder(), VERSION)
