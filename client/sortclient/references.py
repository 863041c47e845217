"""What a person names as headshots: ``--ref [NAME=]FILE[#FACE]``, and ``--people DIR``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from photosort.keys import BadName, check_name
from sortclient.errors import InputError
from sortclient.model import File, Found, Kind, Outcome
from sortclient.photos.errors import NotAPhoto
from sortclient.photos.kinds import look
from sortclient.photos.scan import printable, scan
from sortclient.photos.selection import Selection

_CHOSEN = re.compile(r"(?P<file>.+)#(?P<face>[0-9]{1,4})", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Reference:
    """A picture that is to be a headshot of ``person``.

    ``face`` is which one of its faces, counted from the left, from 1. A ``spare`` one is left out where it cannot be
    used, as long as its person has another.
    """

    person: str
    file: Path
    face: int | None = None
    spare: bool = False


def parse_reference(text: str) -> Reference:
    """``FILE`` (the name is the file's stem) or ``NAME=FILE``, and where one of its faces is meant ``#N`` after it.

    A file whose own name holds a `=`, or ends like that, is taken as it is.
    """
    name, equals, file = text.partition("=")
    whole, face = _chosen(text)
    if not equals or _is_file(whole):
        name = whole.stem
    else:
        whole, face = _chosen(file)
    if whole == Path():
        raise InputError(f"--ref {text}: it names no file. Write --ref NAME=FILE.")
    if face == 0:
        raise InputError(f"--ref {text}: faces are counted from the left, from 1.")
    try:
        return Reference(check_name(name.strip()), whole, face)
    except BadName as error:
        raise InputError(f"--ref {text}: {error}. Write --ref NAME=FILE.") from error


def references_in(folder: Path) -> list[Reference]:
    """What ``--people FOLDER`` names: ``Ana.jpg`` is a headshot of Ana, and so is every picture below ``Ana/``.

    Hidden and system files are passed over, and what is no picture by its first bytes. Raises InputError where a name
    cannot be a person's, and where there is no picture, in all or in the folder of a person.
    """
    if not folder.is_dir():
        raise InputError(
            f"--people {folder}: there is no such folder. Name one with a folder or a picture for each person."
        )
    rows = list(scan(folder, Selection(follow_links=True)))
    found = [_found(folder, row.file) for row in rows if _may_be_picture(row)]
    people = {reference.person for reference in found}
    clutter = {row.file.path.partition("/")[0] for row in rows if _in_clutter(row)}
    for place in sorted(folder.iterdir()):
        name = printable(place.name)
        if place.is_dir() and name not in people | clutter and not name.startswith("."):
            raise InputError(f"--people {folder}: no picture is in {name}. Put one there, or take the folder away.")
    if not found:
        raise InputError(f"--people {folder}: no picture is there. Put one there for each person, named after them.")
    return found


def _chosen(text: str) -> tuple[Path, int | None]:
    """The file that is named, and which of its faces."""
    found = _CHOSEN.fullmatch(text)
    if found is None or _is_file(Path(text)):
        return _expanded(text), None
    return _expanded(found["file"]), int(found["face"])


def _expanded(text: str) -> Path:
    try:
        return Path(text).expanduser()
    except RuntimeError:  # `~somebody` who is not known here: then it is a file's name
        return Path(text)


def _is_file(path: Path) -> bool:
    try:
        return _expanded(str(path)).is_file()
    except OSError:  # a name that is too long to be one
        return False


def _may_be_picture(row: Found) -> bool:
    """Whether it is one, or could not be looked at: then why not is said where it is read."""
    rejection = row.rejection or look(row.file)
    return rejection is None or rejection.outcome is not Outcome.NOT_A_PHOTO


def _in_clutter(row: Found) -> bool:
    """Whether it lies in a hidden or system folder of the first level, as the scan says."""
    top, below, _ = row.file.path.partition("/")
    return bool(below) and row.rejection in {
        NotAPhoto(kind, f"in {top}").rejection for kind in (Kind.HIDDEN, Kind.SYSTEM)
    }


def _found(folder: Path, file: File) -> Reference:
    first = file.location.relative_to(folder).parts[0]
    name = printable(first if (folder / first).is_dir() else Path(first).stem)
    try:
        return Reference(check_name(name), file.location, spare=True)
    except BadName as error:
        raise InputError(f"--people {folder}: {error}. Give it another name there.") from error
