"""From a file's bytes to what a comparer needs: the digest, and the analysis copy."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sortclient.photos.decode import ANALYSIS_SIDE, decode
from sortclient.photos.errors import NotReached

if TYPE_CHECKING:
    from PIL import Image

JPEG_QUALITY = 85
LARGEST_ORIGINAL = 15 * 1024 * 1024  # bytes; Rekognition's limit for an object in S3

# How a copy is prepared is part of its digest: a change here makes new keys instead of changing what a key holds.
_ANALYSIS = f"analysis {ANALYSIS_SIDE} {JPEG_QUALITY} 1"
_ORIGINAL = "original"


@dataclass(frozen=True, slots=True)
class Prepared:
    """What travels: ``content`` (JPEG, or with originals also PNG) under ``digest``."""

    digest: str
    content: bytes
    content_type: str


def read(location: Path) -> bytes:
    """The file's bytes, or NotReached with the reason."""
    try:
        return location.read_bytes()
    except OSError as error:
        raise NotReached(f"cannot be read: {error.strerror or error}") from error


def analysis_digest(content: bytes) -> str:
    return _digest(content, _ANALYSIS)


def analysis_copy(content: bytes) -> Prepared:
    """Upright JPEG of at most 1920 px without metadata. Raises NotComparable."""
    return Prepared(analysis_digest(content), encode(decode(content)), "image/jpeg")


def original(content: bytes) -> Prepared:
    """The file as it is, where Rekognition takes it so (JPEG or PNG, 15 MB); else the analysis copy."""
    decode(content)  # a broken or tiny picture must be known before it is paid for
    for magic, content_type in ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png")):
        if content.startswith(magic) and len(content) <= LARGEST_ORIGINAL:
            return Prepared(_digest(content, _ORIGINAL), content, content_type)
    return analysis_copy(content)


def encode(image: Image.Image) -> bytes:
    """JPEG without metadata: a new file is written, so place and camera of the original stay at home."""
    buffer = io.BytesIO()
    image.info.clear()
    image.save(buffer, "JPEG", quality=JPEG_QUALITY)
    return buffer.getvalue()


def _digest(content: bytes, how: str) -> str:
    """sha256 of the original's sha256 and how it was prepared, in hexadecimal."""
    return hashlib.sha256(hashlib.sha256(content).digest() + how.encode()).hexdigest()
