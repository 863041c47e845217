"""The faces in a picture's bytes: what a worker process is asked for."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from sortclient.faces.face import Face
from sortclient.photos.decode import decode

if TYPE_CHECKING:
    from sortclient.faces.engine import Engine


def analyse(content: bytes) -> tuple[Face, ...]:
    """The faces in a picture, largest first. Raises NotAPhoto or Unreadable; SortError without the extra `local`."""
    return _engine().faces(decode(content))


@cache
def _engine() -> Engine:
    """Loaded once a process, when first needed."""
    from sortclient.faces.engine import Engine

    return Engine()
