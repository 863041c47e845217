"""The headshots of a run: read, prepared, and checked for a face before anything of the album is touched."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sortclient.comparer import Comparer
from sortclient.errors import InputError
from sortclient.ledger import counted
from sortclient.model import Box, Headshot
from sortclient.photos.decode import decode
from sortclient.photos.errors import NotAPhoto, NotComparable
from sortclient.photos.prepare import UNCUT_SIDE, analysis_copy, encode, read, uncut
from sortclient.photos.scan import printable
from sortclient.portraits import cut_out, doubts, same_face
from sortclient.references import Reference as Reference
from sortclient.references import parse_reference as parse_reference
from sortclient.references import references_in as references_in

if TYPE_CHECKING:
    from PIL import Image

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Spare(Headshot):
    """One that is left out where it shows no face, as long as its person has another."""


def prepare_headshots(references: Sequence[Reference], tell: Tell = lambda _: None) -> list[Headshot]:
    """Read the files. Raises InputError for what is no picture, and where two people have the same one."""
    headshots: dict[str, Headshot] = {}
    unusable: list[tuple[str, InputError]] = []
    for reference in references:
        try:
            shot = _prepared(reference)
        except InputError as error:
            if not reference.spare:
                raise
            unusable.append((reference.person, error))
            continue
        other = headshots.setdefault(shot.digest, shot)
        if other.person != shot.person:
            raise InputError(
                f"{other.person} and {shot.person} have the same headshot ({other.source}, {shot.source}). "
                "Choose a picture of its own for each."
            )
    _leave_out(unusable, {shot.person for shot in headshots.values()}, tell)
    return list(headshots.values())


def check_faces(
    headshots: Iterable[Headshot], comparer: Comparer, tell: Tell, people: Collection[str] = ()
) -> list[Headshot]:
    """Ask the comparer for the faces; return the headshots as they travel. ``people`` have others, checked before.

    A chosen face is cut out, and asked about once more. Of several faces with none chosen the largest counts, and that
    is said, as is what speaks against recognising somebody by the face. Raises InputError where there is no face or not
    the chosen one, and where two people have the same.
    """
    checked: list[Headshot] = []
    unusable: list[tuple[str, InputError]] = []
    owners: dict[tuple[str, int], str] = {}
    for shot in headshots:
        try:
            number, travelling = _checked(shot, comparer, tell)
        except InputError as error:
            if not isinstance(shot, Spare):
                raise
            unusable.append((shot.person, error))
            continue
        owner = owners.setdefault((_file(shot), number), shot.person)
        if owner != shot.person:
            raise InputError(
                f"{owner} and {shot.person} have the same face as their headshot (number {number} from the left in "
                f"{_file(shot)}). Choose a face of its own for each."
            )
        checked.append(travelling)
    _leave_out(unusable, {*people, *(shot.person for shot in checked)}, tell)
    return checked


def _prepared(reference: Reference) -> Headshot:
    file, face = reference.file, reference.face
    try:
        content = read(file)
        copy = analysis_copy(content) if face is None else uncut(content, face)
    except NotComparable as error:
        if isinstance(error.__cause__, FileNotFoundError):
            raise InputError(f"Headshot {file}: there is no such file. Check its name.") from error
        reason = f"not a picture ({error})" if isinstance(error, NotAPhoto) else error
        raise InputError(f"Headshot {file}: {reason}. Choose another picture of {reference.person}.") from error
    source = printable(str(file)) + ("" if face is None else f"#{face}")
    return (Spare if reference.spare else Headshot)(reference.person, copy.digest, source, copy.content, face)


def _leave_out(unusable: Sequence[tuple[str, InputError]], people: Collection[str], tell: Tell) -> None:
    """Say which are left out; raise the error of one whose person has no other."""
    for person, error in unusable:
        if person not in people:
            raise error
        tell(f"Left out, as {person} has another headshot. {error}")


def _checked(shot: Headshot, comparer: Comparer, tell: Tell) -> tuple[int, Headshot]:
    """The number of the face that counts, from the left, and the headshot as it travels."""
    # A chosen face has its number from a picture of the same size as one that was told how many faces it shows.
    faces = comparer.find_faces(shot.content if shot.face is None else analysis_copy(shot.content).content)
    if not faces:
        raise InputError(
            f"Headshot {shot.source}: no face was found. Choose a picture that shows {shot.person}'s face clearly."
        )
    numbered = sorted(faces, key=lambda face: face.box.left + face.box.width / 2)
    number = shot.face or numbered.index(faces[0]) + 1
    if number > len(numbered):
        raise InputError(
            f"Headshot {shot.source}: the picture shows {counted(len(numbered), 'face')}. Name another number, counted "
            "from the left."
        )
    picture = decode(shot.content, UNCUT_SIDE)
    face = numbered[number - 1]
    if shot.face is not None:
        others = [other.box for other in faces if other is not face]
        shot = replace(shot, content=_cut(shot, picture, face.box, others, comparer))
        tell(f"Headshot {shot.source}: face {number} of {len(faces)} from the left is taken for {shot.person}.")
    elif len(faces) > 1:
        tell(
            f"Headshot {shot.source}: {len(faces)} faces. The largest, number {number} from the left, is taken for "
            f"{shot.person}. If that is somebody else, {_instead(shot, number)}."
        )
    against = " and ".join(doubts(picture, face))
    if against:
        tell(
            f"Headshot {shot.source}: the face is {against}. Photos of {shot.person} may be missed; better choose, or "
            "add, another picture."
        )
    return number, shot


def _cut(shot: Headshot, picture: Image.Image, face: Box, others: Sequence[Box], comparer: Comparer) -> bytes:
    """The chosen face alone. Raises InputError where a comparer would take another one for it."""
    part, expected = cut_out(picture, face, others)
    content = encode(part)
    seen = comparer.find_faces(content)
    if not seen or not same_face(seen[0].box, expected):
        raise InputError(
            f"Headshot {shot.source}: that face cannot be cut out so that it is the largest in its part. Crop the "
            f"picture by hand, to {shot.person}'s face with some room around it."
        )
    return content


def _instead(shot: Headshot, number: int) -> str:
    """How to choose another face than the one with this number, as a command that can be copied."""
    if isinstance(shot, Spare):
        return "crop the picture"  # it would stay in its folder, beside what is named with --ref
    named = shlex.quote(f"{shot.person}={shot.source}#{2 if number == 1 else 1}")
    return f"count from the left and name the face: --ref {named}"


def _file(shot: Headshot) -> str:
    return shot.source if shot.face is None else shot.source.removesuffix(f"#{shot.face}")
