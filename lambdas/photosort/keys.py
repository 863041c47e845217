"""Object keys: the one place that builds and reads them.

A key never changes its content, so events about it may come late, twice or in any order. In the names of
albums and people every byte but letters, digits, `-`, `_` and `.` is written as `!` and two hexadecimal digits. A slash
in a name must not make a new level, and what services make of white space, `%` and other characters differs: S3's
guide to object keys counts `!` as safe, and `%` among the characters to avoid.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import quote, unquote

PEOPLE = "people/"
PHOTOS = "photos/"
MATCHES = "matches/"

# Encoding makes three bytes of one. Two names of 100 bytes, a digest and a prefix stay below S3's 1,024.
MAX_NAME_BYTES = 100

# What Windows keeps for devices, in any case and with any extension: no folder can be called so there.
_DEVICE = re.compile(r"(con|prn|aux|nul|com[1-9]|lpt[1-9])\s*(\..*)?", re.IGNORECASE | re.DOTALL)

_DIGEST = re.compile(r"[0-9a-f]{64}")


class MalformedKey(ValueError):
    """The key is not one that this project writes. Permanent: asking again cannot help."""


class BadName(ValueError):
    """The name cannot stand for an album or a person. The message says why."""


def check_name(name: str) -> str:
    """Return ``name`` in NFC, or raise BadName where it could not be a key and a folder's name."""
    name = unicodedata.normalize("NFC", name)
    if not name or name in (".", "..") or name != name.strip():
        raise BadName(f"{name!r} is not a name: it is empty, only dots, or has blanks at an end")
    if any(character in '/\\:*?"<>|' or not character.isprintable() for character in name):
        raise BadName(f'{name!r} is not a name: it holds a control character or one of / \\ : * ? " < > |')
    if name.endswith("."):
        raise BadName(f"{name!r} is not a name: a folder's name cannot end with a dot everywhere")
    if _DEVICE.fullmatch(name):
        raise BadName(f"{name!r} is not a name: Windows keeps it for a device, so no folder can be called that")
    if len(name.encode()) > MAX_NAME_BYTES:
        raise BadName(f"{name!r} is not a name: it is longer than {MAX_NAME_BYTES} bytes")
    return name


@dataclass(frozen=True, slots=True)
class HeadshotKey:
    album: str
    person: str
    digest: str

    def __str__(self) -> str:
        return f"{people_prefix(self.album, self.person)}{self.digest}.jpg"


@dataclass(frozen=True, slots=True)
class PhotoKey:
    album: str
    digest: str

    def __str__(self) -> str:
        return f"{photos_prefix(self.album)}{self.digest}.jpg"


@dataclass(frozen=True, slots=True)
class MatchKey:
    album: str
    person: str
    digest: str

    def __str__(self) -> str:
        return f"{matches_prefix(self.album, self.person)}{self.digest}.jpg"


Key = HeadshotKey | PhotoKey | MatchKey


def people_prefix(album: str, person: str | None = None) -> str:
    """Of the headshots of all people, or of one."""
    return f"{PEOPLE}{quoted(album)}/{_folder(person)}"


def photos_prefix(album: str) -> str:
    return f"{PHOTOS}{quoted(album)}/"


def matches_prefix(album: str, person: str | None = None) -> str:
    """Of the matches of all people, or of one."""
    return f"{MATCHES}{quoted(album)}/{_folder(person)}"


def album_of(prefix: str) -> str:
    """The album whose photos stand under ``prefix``, or MalformedKey."""
    album = unquoted(prefix.removeprefix(PHOTOS).removesuffix("/"))
    if photos_prefix(album) != prefix:
        raise MalformedKey(f"not an album of this project: {prefix!r}")
    return album


def parse_key(key: str) -> Key:
    """Read a key (already form-decoded, where it came in an S3 event) or raise MalformedKey."""
    parts = key.split("/")
    parsed: Key
    match parts:
        case ["people", album, person, file]:
            parsed = HeadshotKey(unquoted(album), unquoted(person), _stem(file))
        case ["photos", album, file]:
            parsed = PhotoKey(unquoted(album), _stem(file))
        case ["matches", album, person, file]:
            parsed = MatchKey(unquoted(album), unquoted(person), _stem(file))
        case _:
            raise MalformedKey(f"not a key of this project: {key!r}")
    # Only one spelling of a key is ours: another one would name the same cell from a second object.
    if str(parsed) != key:
        raise MalformedKey(f"not written as this project writes keys: {key!r}")
    return parsed


def is_digest(text: str) -> bool:
    return _DIGEST.fullmatch(text) is not None


def quoted(name: str) -> str:
    """A name as keys hold it: ASCII, without a slash."""
    # Percent-encoding leaves `~` alone, which S3's guide does not count as safe.
    return quote(name, safe="").replace("~", "%7E").replace("%", "!")


def unquoted(text: str) -> str:
    """The name that stands so in a key, or MalformedKey."""
    try:
        return check_name(unquote(text.replace("!", "%"), errors="strict"))
    except (UnicodeDecodeError, BadName) as error:
        raise MalformedKey(f"not a name: {text!r}") from error


def _folder(person: str | None) -> str:
    return "" if person is None else f"{quoted(person)}/"


def _stem(file: str) -> str:
    digest, dot, suffix = file.partition(".")
    if not is_digest(digest) or dot + suffix != ".jpg":
        raise MalformedKey(f"not a digest and .jpg: {file!r}")
    return digest
