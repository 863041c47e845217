"""From cells to verdicts: the one place that decides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from photosort.comparison import Comparison, Problem
from sortclient.album import Album
from sortclient.model import Entry, Outcome


@dataclass(frozen=True, slots=True)
class Verdict:
    """One row of the ledger. ``person`` is empty for a file that was never compared with anybody."""

    entry: Entry
    person: str
    outcome: Outcome
    similarity: float | None
    detail: str


def verdicts(album: Album) -> Iterator[Verdict]:
    """Every (file, person) of the album, files in the order of their paths."""
    return _decided(album, album.entries())


def matches(album: Album) -> Iterator[Verdict]:
    """Of the verdicts the matches, without a look at the other photos: few are of anybody in particular."""
    alike = _decided(album, album.entries_alike(album.threshold))
    return (verdict for verdict in alike if verdict.outcome is Outcome.MATCH)


def verdicts_of(album: Album, paths: Iterable[str]) -> Iterator[Verdict]:
    """As ``verdicts``, of these files; one that has left the album has none."""
    return _decided(album, (entry for path in paths if (entry := album.entry(path)) is not None))


def _decided(album: Album, entries: Iterable[Entry]) -> Iterator[Verdict]:
    people: dict[str, list[str]] = {}
    for shot in album.headshots():
        people.setdefault(shot.person, []).append(shot.digest)
    for entry in entries:
        if entry.outcome is not None:
            yield Verdict(entry, "", Outcome(entry.outcome), None, entry.detail)
            continue
        cells = {} if entry.digest is None else album.cells(entry.digest)
        for person, headshots in people.items():
            yield decide(entry, person, headshots, cells, album.threshold)


def decide(
    entry: Entry, person: str, headshots: Sequence[str], cells: Mapping[str, Comparison], threshold: float
) -> Verdict:
    """The verdict for a (person, photo): the best similarity over the person's headshots against the threshold.

    A match stands whatever else is missing. Without one, a cell that is missing or failed could still have been
    one, so it is named before a no.
    """
    found = [cells[headshot] for headshot in headshots if headshot in cells]
    best = max((cell.similarity for cell in found if cell.similarity is not None), default=None)
    if best is not None and best >= threshold:
        return Verdict(entry, person, Outcome.MATCH, best, "")
    if len(found) < len(headshots):
        return Verdict(entry, person, Outcome.PENDING, best, "not compared yet")
    problems = {cell.problem: cell.detail for cell in found if cell.problem is not None}
    if Problem.FAILED in problems:
        return Verdict(entry, person, Outcome.FAILED, best, problems[Problem.FAILED])
    if best is not None:
        return Verdict(entry, person, Outcome.NO_MATCH, best, "")
    problem = Problem.UNREADABLE if Problem.UNREADABLE in problems else Problem.NO_FACE
    return Verdict(entry, person, Outcome(problem.value), None, problems.get(problem, ""))
