"""From a file's bytes to what a comparer needs: the digest, and the analysis copy."""

from __future__ import annotations

import hashlib
import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sortclient.photos import colour
from sortclient.photos.decode import ANALYSIS_SIDE, check_size, decode, opened, orientation, without_warnings
from sortclient.photos.errors import NotComparable, NotReached
from sortclient.photos.kinds import HEAD, check
from sortclient.photos.structure import JPEG, PNG, jpeg_frame, png_frame, without_metadata
from sortclient.photos.taken import taken

if TYPE_CHECKING:
    from PIL import Image

JPEG_QUALITY = 85
# A small JPEG travels as it is, unless it is needlessly heavy: quality 85 makes 0.1 to 0.3 bytes a pixel of a photo.
HEAVY = 0.5  # bytes a pixel
LARGEST_ORIGINAL = 15 * 1024 * 1024  # bytes; Rekognition's limit for an object in S3

# Of the picture that a face is cut out of.
UNCUT_SIDE = 3000  # px, long side: a face of a group has half as many again as in an analysis copy
_UNCUT_QUALITY = 95  # it is encoded once more when it is cut

# How a copy is prepared is part of its digest: a change here makes new keys instead of changing what a key holds.
_ANALYSIS = f"analysis {ANALYSIS_SIDE} {JPEG_QUALITY} 2"
_ORIGINAL = "original"
_CUT = f"face {{}} {UNCUT_SIDE} {_UNCUT_QUALITY} {JPEG_QUALITY} 1"


@dataclass(frozen=True, slots=True)
class Prepared:
    """What travels: ``content`` (JPEG, or with originals also PNG) under ``digest``."""

    digest: str
    content: bytes
    content_type: str
    sha256: bytes | None = None  # of the content, where that is known
    taken: str = ""  # of the file it was made of: a copy does not say any more


def read(location: Path) -> bytes:
    """The bytes of a file that is worth reading. Raises NotAPhoto and Unreadable by its start, NotReached."""
    try:
        with location.open("rb", buffering=0) as file:
            check(file.read(HEAD), os.fstat(file.fileno()).st_size, location.name)
            file.seek(0)
            return file.read()
    except OSError as error:
        raise NotReached.because(error) from error


def analysis_digest(content: bytes) -> str:
    return _digest(content, _ANALYSIS)


def analysis_copy(content: bytes) -> Prepared:
    """Upright JPEG in sRGB of at most 1920 px without metadata. Raises NotComparable.

    A JPEG that is all that already is not encoded again: it loses its metadata and no more.
    """
    image = decode(content)
    copy = _unchanged(content) or encode(image)
    return Prepared(analysis_digest(content), copy, "image/jpeg", taken=taken(content))


def uncut(content: bytes, face: int) -> Prepared:
    """What the face with this number is to be cut out of: a larger copy than for an analysis. Raises NotComparable.

    Its digest is already that of what travels. Where the face is, a comparer says: asking it may cost, and can wait.
    """
    return Prepared(
        _digest(content, _CUT.format(face)), encode(decode(content, UNCUT_SIDE), _UNCUT_QUALITY), "image/jpeg"
    )


def same_as_before(location: Path, digest: str) -> str | None:
    """When the photo was taken (see `taken`) where the file's bytes are those that ``digest`` was made of, in whichever
    way they were prepared; None where they are others, or cannot be had. Nothing is decoded.
    """
    try:
        content = location.read_bytes()
    except OSError:
        return None  # why, whoever reads it as a photo says
    sha256 = hashlib.sha256(content).digest()
    return taken(content) if digest in (_mixed(sha256, _ANALYSIS), _mixed(sha256, _ORIGINAL)) else None


def original(content: bytes) -> Prepared:
    """The file as it is, where Rekognition takes it so; else the analysis copy. Raises NotComparable.

    What is broken or tiny must be known before it is paid for, but decoding every pixel for that would take longer than
    sending them: a JPEG or PNG whose build is whole is taken for a good one.
    """
    return _as_it_is(content) or analysis_copy(content)


def plain_original(location: Path) -> Prepared | None:
    """An original that travels as it is; None leaves the file to ``original``, and so to say what may be wrong with it.

    No decoder is called, so a thread may do this: nothing holds the interpreter for long, and nothing could crash it.
    """
    try:
        with location.open("rb", buffering=0) as file:
            if not file.read(len(PNG)).startswith((JPEG, PNG)) or os.fstat(file.fileno()).st_size > LARGEST_ORIGINAL:
                return None
            file.seek(0)
            return _as_it_is(file.read())
    except (OSError, NotComparable):
        return None


def _as_it_is(content: bytes) -> Prepared | None:
    content_type = _taken_as_it_is(content)
    if content_type is None:
        return None
    sha256 = hashlib.sha256(content).digest()
    return Prepared(_mixed(sha256, _ORIGINAL), content, content_type, sha256, taken(content))


def _unchanged(content: bytes) -> bytes | None:
    """The bytes of a JPEG that is upright, small and in sRGB as it is, without its metadata; None for any other."""
    if not content.startswith(JPEG):
        return None
    with without_warnings():
        header = opened(content)
        profile = header.info.get("icc_profile")
        if max(header.size) > ANALYSIS_SIDE or orientation(header) != 1 or (profile and not colour.is_srgb(profile)):
            return None
    frame = jpeg_frame(content)
    if frame is None or not frame.common:
        return None
    bare = without_metadata(content)
    return bare if len(bare) <= HEAVY * frame.width * frame.height else None


def _taken_as_it_is(content: bytes) -> str | None:
    """The content type, where the file is whole, within Rekognition's limits, and of a kind that it surely reads.

    It reads JPEG and PNG. What it makes of CMYK and of 16 bits is not documented, and a PNG it does not turn upright.
    """
    if len(content) > LARGEST_ORIGINAL:
        return None
    for start, read_frame, content_type in ((JPEG, jpeg_frame, "image/jpeg"), (PNG, png_frame, "image/png")):
        if content.startswith(start):
            frame = read_frame(content)
            if frame is None or not frame.common or b"eXIf" in frame.extras:
                return None
            check_size(frame.width, frame.height)
            return content_type
    return None


def encode(image: Image.Image, quality: int = JPEG_QUALITY) -> bytes:
    """JPEG without metadata: a new file is written, so place and camera of the original stay at home."""
    buffer = io.BytesIO()
    image.info.clear()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def _digest(content: bytes, how: str) -> str:
    return _mixed(hashlib.sha256(content).digest(), how)


def _mixed(sha256: bytes, how: str) -> str:
    """sha256 of the original's sha256 and how it was prepared, in hexadecimal."""
    return hashlib.sha256(sha256 + how.encode()).hexdigest()
