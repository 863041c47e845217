"""From cells to verdicts: the one place that decides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from photosort.comparison import Comparison, Problem
from sortclient.album import Album
from sortclient.model import Box, Entry, Outcome

# In the ledger's detail; the similarity stands beside it as it was found.
SAID_IS, SAID_IS_NOT = "corrected: is", "corrected: is not"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One row of the ledger. ``person`` is empty for a file that was never compared with anybody."""

    entry: Entry
    person: str
    outcome: Outcome
    similarity: float | None
    detail: str
    box: Box | None = None  # of the face that is most like the person
    faces: int | None = None  # how many the photo shows; None: not known


def verdicts(album: Album) -> Iterator[Verdict]:
    """Every (file, person) of the album, files in the order of their paths."""
    return Decider(album).verdicts(album.entries())


def matches(album: Album) -> Iterator[Verdict]:
    """Of the verdicts the matches, without a look at the other photos: few are of anybody in particular."""
    decider = Decider(album)
    thresholds = decider.thresholds
    alike = decider.verdicts(album.entries_alike(min([thresholds.album, *thresholds.people.values()])))
    return (verdict for verdict in alike if verdict.outcome is Outcome.MATCH)


def verdicts_of(album: Album, paths: Iterable[str]) -> Iterator[Verdict]:
    """As ``verdicts``, of these files; one that has left the album has none."""
    return Decider(album).verdicts(entry for path in paths if (entry := album.entry(path)) is not None)


class Decider:
    """Decides by what an album's people, thresholds and corrections are when it is made."""

    def __init__(self, album: Album) -> None:
        self._album = album
        self.thresholds = album.thresholds
        self._corrected = album.corrected()
        self.people: dict[str, list[str]] = {}
        for shot in album.headshots():
            self.people.setdefault(shot.person, []).append(shot.digest)

    def verdicts(self, entries: Iterable[Entry]) -> Iterator[Verdict]:
        for entry in entries:
            if entry.outcome is not None:
                yield Verdict(entry, "", Outcome(entry.outcome), None, entry.detail)
                continue
            cells = {} if entry.digest is None else self._album.cells(entry.digest)
            for person, headshots in self.people.items():
                said = None if entry.digest is None else self._corrected.get((person, entry.digest))
                yield decide(entry, person, headshots, cells, self.thresholds.of(person), said)

    def is_refuted(self, person: str, photo: str) -> bool:
        """Whether the photo (digest) is known to be no match of a person of the album."""
        headshots = self.people.get(person)
        if headshots is None:
            return False
        cells, threshold = self._album.cells(photo), self.thresholds.of(person)
        verdict = decide(
            Entry("", None, photo, None, ""), person, headshots, cells, threshold, self._corrected.get((person, photo))
        )
        return verdict.outcome in (Outcome.NO_MATCH, Outcome.NO_FACE)


def decide(
    entry: Entry,
    person: str,
    headshots: Sequence[str],
    cells: Mapping[str, Comparison],
    threshold: float,
    said: bool | None = None,
) -> Verdict:
    """The verdict for a (person, photo): what a person has ``said``, else the best similarity over the person's
    headshots against the threshold.

    A match stands whatever else is missing. Without one, a cell that is missing or failed could still have been
    one, so it is named before a no.
    """
    found = [cells[headshot] for headshot in headshots if headshot in cells]
    best = max(found, key=lambda cell: -1.0 if cell.similarity is None else cell.similarity, default=None)
    similarity = None if best is None else best.similarity
    outcome, detail = _outcome(found, len(headshots), similarity, threshold)
    if said is not None:
        outcome, detail = (Outcome.MATCH, SAID_IS) if said else (Outcome.NO_MATCH, SAID_IS_NOT)
    box, faces = (None, None) if best is None else (best.box, best.faces)
    return Verdict(entry, person, outcome, similarity, detail, box, faces)


def _outcome(
    found: Sequence[Comparison], headshots: int, similarity: float | None, threshold: float
) -> tuple[Outcome, str]:
    """And why, where there is more to say."""
    if similarity is not None and similarity >= threshold:
        return Outcome.MATCH, ""
    if len(found) < headshots:
        return Outcome.PENDING, "not compared yet"
    problems = {cell.problem: cell.detail for cell in found if cell.problem is not None}
    if Problem.FAILED in problems:
        return Outcome.FAILED, problems[Problem.FAILED]
    if similarity is not None:
        return Outcome.NO_MATCH, ""
    problem = Problem.UNREADABLE if Problem.UNREADABLE in problems else Problem.NO_FACE
    return Outcome(problem.value), problems.get(problem, "")
