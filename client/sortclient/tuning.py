"""What other thresholds would give, from the similarities that are known: nothing is compared for it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from sortclient.album import Album
from sortclient.errors import InputError
from sortclient.names import nobody
from sortclient.suggestion import LEAST_SAID, Suggestion, suggest
from sortclient.verdicts import Verdict, verdicts

# What photos are asked about from and to: below hardly any shows the person, above hardly any does not.
_ASK_FROM, _ASK_TO = 20.0, 99.0

STEPS = (50, 60, 70, 75, 80, 85, 90, 95, 98, 99)  # per cent


@dataclass(frozen=True, slots=True)
class Curve:
    """How many matches each threshold would give of one person."""

    person: str
    threshold: float  # as it is now
    open: Sequence[Verdict]  # that a threshold decides, from the least similar
    said: int  # matches because somebody said so: at any threshold

    def matches(self, threshold: float) -> int:
        return self.said + len(self.open) - self._below(threshold)

    def nearest(self, number: int) -> tuple[Sequence[Verdict], Sequence[Verdict]]:
        """The ``number`` photos above the line and below it that are nearest to it, from the most similar.

        The same bytes under several names are one photo here: whoever looks at it need not do so again.
        """
        line = self._below(self.threshold)
        above = islice(_photos(self.open[line:]), number)
        return list(above)[::-1], list(islice(_photos(reversed(self.open[:line])), number))

    def _below(self, threshold: float) -> int:
        return bisect_left(self.open, threshold, key=_similarity)


def curves(album: Album, person: str | None = None) -> Iterator[Curve]:
    """Of everybody, or of one; in the order of names. Raises InputError where there is nobody."""
    if not album.people():
        raise InputError(nobody(album))
    thresholds, corrected = album.thresholds, album.corrected()
    undecided: dict[str, list[Verdict]] = {name: [] for name in album.people() if person in (None, name)}
    said = dict.fromkeys(undecided, 0)
    for verdict in verdicts(album):
        if verdict.person not in undecided or verdict.entry.digest is None:
            continue
        word = corrected.get((verdict.person, verdict.entry.digest))
        if word is not None:
            said[verdict.person] += word
        elif verdict.similarity is not None:
            undecided[verdict.person].append(verdict)
    for name, found in undecided.items():
        found.sort(key=_similarity)
        yield Curve(name, thresholds.of(name), found, said[name])


def suggestion(album: Album, person: str | None = None) -> Suggestion:
    """From what was said of everybody's photos, or of one person's. Raises InputError where that is not enough."""
    if not album.people():
        raise InputError(nobody(album))
    corrected = album.corrected()
    said: dict[bool | None, list[float]] = {True: [], False: [], None: []}
    seen = set()
    for verdict in verdicts(album):
        key = (verdict.person, verdict.entry.digest)
        if person not in (None, verdict.person) or verdict.similarity is None or key in seen:
            continue  # no threshold moves a photo without a face; and a photo is one, under however many names
        seen.add(key)
        said[corrected.get((verdict.person, verdict.entry.digest or ""))].append(verdict.similarity)
    return suggest(said[True], said[False], said[None])


def worth_asking(album: Album, person: str | None = None, number: int = 2 * LEAST_SAID) -> list[Verdict]:
    """Photos that nobody has spoken of and whose answers would teach most, from the most similar.

    An even spread: answers about the photos nearest to the line alone hardly move it.
    """
    unspoken = sorted((row for curve in curves(album, person) for row in _photos(curve.open)), key=_similarity)
    chosen: dict[tuple[str, str], Verdict] = {}
    for step in range(number):
        wish = _ASK_FROM + (_ASK_TO - _ASK_FROM) * step / max(1, number - 1)
        rest = [row for row in unspoken if (row.person, row.entry.path) not in chosen]
        if rest:
            nearest = min(rest, key=lambda row: abs(_similarity(row) - wish))
            chosen[nearest.person, nearest.entry.path] = nearest
    return sorted(chosen.values(), key=_similarity, reverse=True)


def _photos(rows: Iterable[Verdict]) -> Iterator[Verdict]:
    """Of each photo of a person one row, the first."""
    seen = set()
    for row in rows:
        if row.entry.digest not in seen:
            seen.add(row.entry.digest)
            yield row


def _similarity(verdict: Verdict) -> float:
    return verdict.similarity or 0.0
