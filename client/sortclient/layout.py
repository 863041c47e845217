"""Where a match goes below the output folder: the template, names that file systems take, paths that stay inside."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path, PurePosixPath
from string import Formatter

from sortclient.errors import InputError
from sortclient.verdicts import Verdict

DEFAULT_OUT = Path("Matches")
DEFAULT_LAYOUT = "{person}/{path}"
LONGEST_NAME = 255  # bytes of UTF-8
FIELDS = ("person", "path", "name", "year", "month", "similarity")
NOBODY = "nobody"  # the person of a photo that shows none of the album's
UNDATED = "undated"  # the year of a photo whose date nobody knows, and its month

_ENDS = ("{path}", "{name}")
_LISTED = ", ".join(f"{{{field}}}" for field in FIELDS)
_NUMBER = re.compile(r" \((\d+)\)")


def check_layout(layout: str) -> str:
    """Return the layout, or raise InputError: it ends with the file's name, so that a copy keeps its type."""
    if not layout.isprintable():
        raise InputError(f"--layout {layout!r}: it holds a character that cannot be printed.")
    try:
        fields = {(field, form, conversion) for _, field, form, conversion in Formatter().parse(layout)}
    except ValueError as error:
        raise InputError(f"--layout {layout}: {error}. Use {_LISTED}.") from error
    fields.discard((None, None, None))  # text after the last field
    if not fields <= {(field, "", None) for field in FIELDS}:
        raise InputError(f"--layout {layout}: it may have {_LISTED}, no other fields.")
    if not layout.endswith(_ENDS):
        raise InputError(f"--layout {layout}: it needs {{path}} or {{name}} at its end.")
    if not stays_inside(layout.format(**dict.fromkeys(FIELDS, "x"))):
        raise InputError(
            f"--layout {layout}: name a path below the output folder, without .. and empty parts, "
            f"like {DEFAULT_LAYOUT}."
        )
    return layout


def check_out(out: Path, folder: Path | None) -> Path:
    """The absolute output folder. It may not lie in the sorted folder: copies would be taken for new photos."""
    out = out.expanduser().resolve()
    if folder is not None and lies_in(out, folder):
        raise InputError(f"The output folder {out} is inside the sorted folder. Name one outside with --out.")
    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is not a folder. Name another with --out.")
    return out


def target_of(layout: str, verdict: Verdict) -> str:
    """The relative target. Different places of one name are kept apart by their folders, or by a number."""
    entry = verdict.entry
    year, month = (entry.taken[:4], entry.taken[5:7]) if entry.taken else (UNDATED, UNDATED)
    filled = layout.format(
        person=verdict.person or NOBODY,
        path=entry.path,
        name=entry.path.rpartition("/")[2],
        year=year,
        month=month,
        similarity=f"{int(verdict.similarity or 0):03}",  # of one length, so that names sort by it
    )
    return "/".join(fitted(part) for part in segments(filled))


def is_at(target: str, wish: str) -> bool:
    """Whether a copy at ``target`` stands where ``wish`` says, or beside it under a number."""
    path = PurePosixPath(wish)
    places = [wish, *(str(path.with_name(fitted(path.name, found[0]))) for found in _NUMBER.finditer(target))]
    return target in places


def fitted(name: str, mark: str = "") -> str:
    """``name`` with ``mark`` before its suffix, cut to what file systems take: an escaped name can be longer."""
    suffix = PurePosixPath(name).suffix
    if len(suffix) > 20:  # no file type, a name with a dot
        suffix = ""
    end = mark + suffix
    stem = name.removesuffix(suffix).encode()[: LONGEST_NAME - len(end.encode())]
    return stem.decode(errors="ignore") + end


def segments(relative: str) -> list[str]:
    """The parts of a relative path; a path that would leave the output folder is an InputError."""
    if not stays_inside(relative):
        raise InputError(f"{relative!r} is not a path inside the output folder.")
    return relative.split("/")


def stays_inside(relative: str) -> bool:
    """Whether a path leads to something below the folder that it begins in."""
    return not any(part in ("", ".", "..") or "\0" in part for part in relative.split("/"))


def lies_in(place: Path, folder: Path) -> bool:
    """Whether ``place`` is ``folder`` or below it, also where the file system takes two spellings for one."""
    above = (place, *place.parents)
    return folder in above or (folder.exists() and any(part.exists() and part.samefile(folder) for part in above))


def names_person(layout: str) -> bool:
    return any(field == "person" for _, field, _, _ in Formatter().parse(layout))


def folded(target: str) -> str:
    """Names that some file systems take for one."""
    return unicodedata.normalize("NFC", target).casefold()
