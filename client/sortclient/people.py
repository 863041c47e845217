"""The people of an album: who they are, another name, and leaving."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from photosort.keys import BadName, check_name
from sortclient.album import Album
from sortclient.comparer import Elsewhere, Pruned
from sortclient.errors import InputError
from sortclient.filling import Synchronised
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
    person = check_person(album, person)
    try:
        new = check_name(new.strip())
    except BadName as error:
        raise InputError(f"{error}. Choose another name.") from error
    if new in album.people():
        raise InputError(f"Album '{album.name}' has a '{new}' already. Choose another name.")
    return person, new


def rename(album: Album, person: str, new: str, elsewhere: Elsewhere) -> None:
    """The cloud first: stopped there, the same call goes on. Cells name no person, so nothing is compared again."""
    elsewhere.rename(album.name, person, new)
    for output in outputs(album):  # a folder that answers a question about them
        if person in output.question.people:
            names = tuple(new if name == person else name for name in output.question.people)
            remember(album, replace(output, question=replace(output.question, people=names)))
    album.rename_person(person, new)
    album.save()


def remove(album: Album, person: str, elsewhere: Elsewhere) -> tuple[Synchronised, Pruned]:
    """Forget the person: copies on disk, what the cloud keeps, what the catalog knows, in this order.

    The catalog comes last: stopped before, the same call goes on. Those copies stay that a sync would leave, too.
    """
    taken_away = take_person_away(album, person)
    headshots = [shot.digest for shot in album.headshots() if shot.person == person]
    removed = elsewhere.remove(album.name, person, headshots)
    album.forget_person(person)
    album.save()
    return taken_away, removed
