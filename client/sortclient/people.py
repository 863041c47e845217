"""The people of an album: who they are, another name, and leaving."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from photosort.keys import BadName, check_name
from sortclient.album import Album
from sortclient.comparer import Elsewhere, Pruned
from sortclient.errors import InputError
from sortclient.filling import Synchronised
from sortclient.layout import folded
from sortclient.model import Outcome
from sortclient.names import check_person
from sortclient.outputs import outputs, remember
from sortclient.sync import take_person_away
from sortclient.verdicts import verdicts


@dataclass(frozen=True, slots=True)
class Person:
    """A row of the list."""

    name: str
    headshots: tuple[str, ...]  # the files that they were made of
    threshold: float
    matches: int
    open: int  # verdicts that failed or are pending
    corrections: int


def people(album: Album) -> Iterator[Person]:
    """Everybody of the album, in the order of their names."""
    outcomes: dict[str, Counter[Outcome]] = {}
    for verdict in verdicts(album):
        outcomes.setdefault(verdict.person, Counter())[verdict.outcome] += 1
    said = Counter(person for person, _ in album.corrected())
    thresholds, shots = album.thresholds, album.headshots()
    for name in album.people():
        counts = outcomes.get(name, Counter())
        yield Person(
            name,
            tuple(shot.source for shot in shots if shot.person == name),
            thresholds.of(name),
            counts[Outcome.MATCH],
            counts[Outcome.FAILED] + counts[Outcome.PENDING],
            said[name],
        )


def check_rename(album: Album, person: str, new: str) -> tuple[str, str]:
    """Both names as the album has them, or an InputError."""
    _check_folder(album, "Rename")
    person = check_person(album, person)
    try:
        new = check_name(new.strip())
    except BadName as error:
        raise InputError(f"{error}. Choose another name.") from error
    if new in album.people():
        raise InputError(f"Album '{album.name}' has a '{new}' already. Choose another name.")
    check_told_apart([new], [name for name in album.people() if name != person])
    return person, new


def check_told_apart(names: Iterable[str], known: Collection[str]) -> None:
    """Refuse new names that differ only by case: of one another, or from those that are known. Some file systems take
    the folders of the two for one, and mostly they are one person.
    """
    by_folded = {folded(name): name for name in known}
    for name in names:
        other = by_folded.setdefault(folded(name), name)
        if name != other and name not in known:
            raise InputError(
                f"There is a person '{other}' already, and '{name}' differs by case only. "
                f"Write '{other}', or another name."
            )


def _check_folder(album: Album, what: str) -> None:
    """Where the folder is, the next upload would bring the person back as they were, and pay for them."""
    if album.folder is None:
        raise InputError(
            f"Album '{album.name}' is known from the cloud only. {what} people on the machine that has its folder."
        )


def rename(album: Album, person: str, new: str, elsewhere: Elsewhere) -> None:
    """The cloud first: stopped there, the same call goes on. Cells name no person, so nothing is compared again."""
    shots = [shot for shot in album.headshots() if shot.person == person]
    elsewhere.rename(album.name, person, new, lambda photo: album.verdicts_of(photo, shots))
    rename_here(album, person, new)
    album.save()


def rename_here(album: Album, person: str, new: str) -> None:
    """In the catalog alone; a sync moves the copies."""
    for output in outputs(album):  # a folder that answers a question about them
        if person in output.question.people:
            names = tuple(sorted(new if name == person else name for name in output.question.people))
            remember(album, replace(output, question=replace(output.question, people=names)))
    album.rename_person(person, new)


def remove(album: Album, person: str, elsewhere: Elsewhere) -> tuple[Synchronised, Pruned]:
    """Forget the person: copies on disk, what the cloud keeps, what the catalog knows, in this order.

    The catalog comes last: stopped before, the same call goes on. Those copies stay that a sync would leave, too.
    """
    _check_folder(album, "Remove")
    taken_away = take_person_away(album, person)
    headshots = [shot.digest for shot in album.headshots() if shot.person == person]
    removed = elsewhere.remove(album.name, person, headshots)
    album.forget_person(person)
    album.save()
    return taken_away, removed
