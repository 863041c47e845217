"""The faces in a picture's bytes: what the worker processes do.

The functions are found by their name in another process, and what they return travels back: faces, never pictures.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from sortclient.faces.face import Face
from sortclient.model import File, Outcome
from sortclient.photos.decode import NotAPhoto, Unreadable, decode
from sortclient.photos.prepare import analysis_digest, read

if TYPE_CHECKING:
    from sortclient.faces.cache import FaceCache
    from sortclient.faces.engine import Engine


def analyse(content: bytes) -> tuple[Face, ...]:
    """The faces in a picture, largest first. Raises NotAPhoto or Unreadable; SortError without the extra `local`."""
    return _engine().faces(decode(content))


@dataclass(frozen=True, slots=True)
class Analysed:
    digest: str
    faces: tuple[Face, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    outcome: Outcome  # NOT_A_PHOTO or UNREADABLE
    detail: str


def analyse_file(file: File) -> Analysed | Refused:
    """The digest of a file's bytes and its faces, from the cache where these bytes were analysed before."""
    try:
        return analyse_once(read(file.location))
    except NotAPhoto as error:
        return Refused(Outcome.NOT_A_PHOTO, str(error))
    except Unreadable as error:
        return Refused(Outcome.UNREADABLE, str(error))


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
