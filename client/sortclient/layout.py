"""Where a match goes below the output folder: the template, names that file systems take, paths that stay inside."""

from __future__ import annotations

import unicodedata
from pathlib import Path, PurePosixPath
from string import Formatter

from sortclient.errors import InputError
from sortclient.verdicts import Verdict

DEFAULT_OUT = Path("Matches")
DEFAULT_LAYOUT = "{person}/{path}"
LONGEST_NAME = 255  # bytes of UTF-8


def check_layout(layout: str) -> str:
    """Return the layout, or raise InputError: `{path}` must be there, `{person}` may be."""
    if not layout.isprintable():
        raise InputError(f"--layout {layout!r}: it holds a character that cannot be printed.")
    try:
        fields = {(field, form, conversion) for _, field, form, conversion in Formatter().parse(layout)}
    except ValueError as error:
        raise InputError(f"--layout {layout}: {error}. Use {{person}} and {{path}}.") from error
    fields.discard((None, None, None))  # text after the last field
    path = ("path", "", None)
    if path not in fields or not fields <= {path, ("person", "", None)}:
        raise InputError(f"--layout {layout}: it needs {{path}} and may have {{person}}, no other fields.")
    segments(layout.format(person="person", path="path"))
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
    return "/".join(fitted(part) for part in segments(layout.format(person=verdict.person, path=verdict.entry.path)))


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
