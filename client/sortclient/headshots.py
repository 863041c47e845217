"""The headshots of a run: read, prepared, and checked for a face before anything of the album is touched."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from photosort.keys import BadName, check_name
from sortclient.comparer import Comparer
from sortclient.errors import InputError
from sortclient.model import Headshot
from sortclient.photos.errors import NotAPhoto, NotComparable
from sortclient.photos.prepare import analysis_copy, read
from sortclient.photos.scan import printable


@dataclass(frozen=True, slots=True)
class Reference:
    """What ``--ref [NAME=]FILE`` says."""

    person: str
    file: Path


def parse_reference(text: str) -> Reference:
    """``FILE`` (the name is the file's stem) or ``NAME=FILE``. A file whose own name holds a `=` is taken as it is."""
    name, equals, file = text.partition("=")
    if not equals or Path(text).is_file():
        name, file = Path(text).stem, text
    try:
        return Reference(check_name(name.strip()), Path(file).expanduser())
    except BadName as error:
        raise InputError(f"--ref {text}: {error}. Write --ref NAME=FILE.") from error


def prepare_headshots(references: Sequence[Reference]) -> list[Headshot]:
    """Read the files. Raises InputError for what is no picture, and where two people have the same one."""
    headshots: dict[str, Headshot] = {}
    for reference in references:
        try:
            copy = analysis_copy(read(reference.file))
        except NotComparable as error:
            if isinstance(error.__cause__, FileNotFoundError):
                raise InputError(f"Headshot {reference.file}: there is no such file. Check its name.") from error
            reason = f"not a picture ({error})" if isinstance(error, NotAPhoto) else error
            raise InputError(
                f"Headshot {reference.file}: {reason}. Choose another picture of {reference.person}."
            ) from error
        other = headshots.get(copy.digest)
        if other is not None and other.person != reference.person:
            raise InputError(
                f"{other.person} and {reference.person} have the same headshot ({reference.file}). "
                "Choose a picture of its own for each."
            )
        headshots[copy.digest] = Headshot(reference.person, copy.digest, printable(str(reference.file)), copy.content)
    return list(headshots.values())


def check_faces(headshots: Iterable[Headshot], comparer: Comparer, tell: Callable[[str], None]) -> None:
    """Ask the comparer for the faces. No face is an InputError; of several the largest counts, and that is said."""
    for shot in headshots:
        faces = comparer.find_faces(shot.content)
        if not faces:
            raise InputError(
                f"Headshot {shot.source}: no face was found. Choose a picture that shows {shot.person}'s face clearly."
            )
        if len(faces) > 1:
            middle = faces[0].left + faces[0].width / 2
            side = "left" if middle < 0.4 else "right" if middle > 0.6 else "middle"
            tell(
                f"Headshot {shot.source}: {len(faces)} faces; the largest ({side}) is taken for {shot.person}. "
                "Crop the picture if that is somebody else."
            )
