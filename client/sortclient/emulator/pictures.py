"""The faces of a picture, found once however many comparisons ask for them, and however many at a time."""

from __future__ import annotations

import hashlib
import io
import threading
import warnings
from collections import OrderedDict
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING

from sortclient.emulator.request_model import Refused
from sortclient.photos.decode import SMALLEST_SIDE
from sortclient.photos.errors import NotComparable
from sortclient.workers import Workers

if TYPE_CHECKING:
    from sortclient.faces.face import Face

_FORMATS = ("JPEG", "PNG")

# A face is some 700 bytes: this is a few megabytes, and more pictures than an emulated AWS is made for.
_CAPACITY = 4096


class Pictures:
    def __init__(self, workers: Workers) -> None:
        self._workers = workers
        self._pool = 0  # how often the processes were replaced
        self._lock = threading.Lock()
        self._found: OrderedDict[bytes, Future[tuple[Face, ...]]] = OrderedDict()

    def faces(self, *contents: bytes) -> list[tuple[Face, ...]]:
        """The faces of each picture, at once where there are cores for it. Raises Refused as Rekognition would."""
        for content in contents:
            check_format(content)
        pool = self._pool
        try:
            futures = [self._begin(content) for content in contents]
            return [future.result() for future in futures]
        except NotComparable as error:
            raise Refused("InvalidImageFormatException", "Request has invalid image format") from error
        except BrokenProcessPool as error:
            self._replace(pool)
            raise Refused("InternalServerError", "A process that looked for faces ended", status=500) from error

    def _begin(self, content: bytes) -> Future[tuple[Face, ...]]:
        from sortclient.faces.analyse import analyse

        digest = hashlib.sha256(content).digest()
        with self._lock:
            if digest in self._found:
                self._found.move_to_end(digest)
                return self._found[digest]
            future = self._workers.submit(analyse, content)
            self._found[digest] = future
            if len(self._found) > _CAPACITY:
                self._found.popitem(last=False)
            return future

    def _replace(self, pool: int) -> None:
        """A process died, of one of the pictures in work, and took the others with it: begin anew, but once for all."""
        with self._lock:
            if pool == self._pool:
                self._pool += 1
                self._workers.close()
                self._found.clear()


def check_format(content: bytes) -> None:
    """Raise Refused unless it is a JPEG or a PNG of at least 80 px a side; only the header is read."""
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            # Pillow warns of very many pixels; the engine has its own limit.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
                width, height = image.size
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise Refused("InvalidImageFormatException", "Request has invalid image format") from error
    if min(width, height) < SMALLEST_SIDE:
        raise Refused("InvalidParameterException", "Request has invalid parameters")
