"""Proposing a threshold from what a person has said of some photos: is, or is not, the person who is looked for.

The chance that a photo shows the person is a logistic curve of its similarity, fitted to what was said. Said are most
often photos near the line, which are no random sample of the album. That does no harm: a curve *given the similarity*
does not depend on which similarities were asked about. What does harm is asking by the answer: of somebody who corrects
mistakes only, every yes is below the line and every no above it.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, pstdev

from sortclient.errors import InputError

LEAST_SAID = 10  # of each kind

# Similarities pile up near 0 and 100, so the curve is one of their log odds. 0 and 100 themselves have none: in per
# cent, what is nearer to them than this counts as this.
_EDGE = 0.1

# How much of a doubt each kind of answer begins with, in answers, so that the curve stays finite where no photo of one
# kind is as similar as one of the other. Platt has 1: fair to a number that may say nothing, but a similarity is
# made to tell people apart. On simulated albums 1 foresees twice the errors there are, 0.1 as many.
_DOUBT = 0.1

_ROUNDS = 100  # of Newton's method; it takes about ten


class TooFew(InputError):
    """Not enough was said yet."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A threshold and what it is expected to cost.

    ``wrong`` and ``missed`` are of the photos that nobody has spoken of; with few answers, within a factor of three.
    """

    threshold: float  # per cent, with one decimal, as it is printed; what is as similar is a match
    wrong: float  # matches that do not show the person
    missed: float  # photos of the person that are no match
    wrong_said: int  # of the photos said to be somebody else: those as similar
    missed_said: int  # of the photos said to be the person: those less similar


def suggest(yes: Sequence[float], no: Sequence[float], others: Iterable[float]) -> Suggestion:
    """The threshold with the fewest errors expected.

    All are similarities in per cent: of the photos said to be the person (``yes``), of those said not to be (``no``),
    and of those that nobody has spoken of. Raises InputError where too little was said, or the similarities say
    the contrary.
    """
    if len(yes) < LEAST_SAID or len(no) < LEAST_SAID:
        raise TooFew(_too_few(len(yes), len(no)))
    curve = _fitted(yes, no)
    album = sorted(others)
    threshold = _threshold(curve, sorted((*yes, *no)), album)
    first = bisect_left(album, threshold)
    return Suggestion(
        threshold,
        wrong=sum(1 - curve.chance(similarity) for similarity in album[first:]),
        missed=sum(curve.chance(similarity) for similarity in album[:first]),
        wrong_said=sum(similarity >= threshold for similarity in no),
        missed_said=sum(similarity < threshold for similarity in yes),
    )


def _too_few(yes: int, no: int) -> str:
    missing = [
        f"{LEAST_SAID - said} more of {whom} (sortclient correct ALBUM PHOTO --person NAME {option})"
        for said, whom, option in ((yes, "the person", "--is"), (no, "somebody else", "--is-not"))
        if said < LEAST_SAID
    ]
    return f"Too few photos have been spoken of to suggest a threshold. Say of {' and '.join(missing)}."


@dataclass(frozen=True, slots=True)
class _Curve:
    """The chance that a photo shows the person, rising with its similarity."""

    middle: float  # in log odds of the similarity: where the chance is a half
    slope: float

    def chance(self, similarity: float) -> float:
        return _logistic(self.slope * (_log_odds(similarity) - self.middle))


def _log_odds(similarity: float) -> float:
    within = min(max(similarity, _EDGE), 100 - _EDGE)
    return math.log(within / (100 - within))


def _logistic(value: float) -> float:
    return (1 + math.tanh(value / 2)) / 2  # unlike exp it does not overflow


def _fitted(yes: Sequence[float], no: Sequence[float]) -> _Curve:
    points = [_log_odds(similarity) for similarity in (*yes, *no)]
    mean, spread = fmean(points), pstdev(points)
    targets = [1 - _doubt(len(yes))] * len(yes) + [_doubt(len(no))] * len(no)
    # In units of their spread, so that a step is as safe where all lie within a hundredth of a per cent.
    level, slope = _regression([(point - mean) / spread for point in points], targets) if spread else (0.0, 0.0)
    if slope <= 0:
        raise InputError(
            "What was said contradicts the similarities: the photos of the person are no more similar than the others."
            " Where only mistakes were corrected, speak of photos near the line that were sorted rightly, too."
        )
    return _Curve(mean - spread * level / slope, slope / spread)


def _doubt(said: int) -> float:
    return _DOUBT / (said + 2 * _DOUBT)


def _regression(points: Sequence[float], targets: Sequence[float]) -> tuple[float, float]:
    """Level and slope of the likeliest logistic curve.

    J. Platt, Probabilistic Outputs for Support Vector Machines (1999), with targets a little off 0 and 1; by Newton's
    method with steps halved until they lead down, as in H.-T. Lin, C.-J. Lin, R. Weng, A Note on Platt's Probabilistic
    Outputs for Support Vector Machines (2007).
    """
    level = slope = 0.0
    cost = _cost(points, targets, level, slope)
    for _ in range(_ROUNDS):
        chances = [_logistic(level + slope * point) for point in points]
        errors = [chance - target for chance, target in zip(chances, targets, strict=True)]
        weights = [chance * (1 - chance) for chance in chances]
        down = sum(errors), sum(error * point for error, point in zip(errors, points, strict=True))
        if max(map(abs, down)) < 1e-9 * len(points):
            break
        w = sum(weights) + 1e-12  # never a division by 0
        wx = sum(weight * point for weight, point in zip(weights, points, strict=True))
        wxx = sum(weight * point * point for weight, point in zip(weights, points, strict=True)) + 1e-12
        size = w * wxx - wx * wx
        step_level, step_slope = (wxx * down[0] - wx * down[1]) / size, (w * down[1] - wx * down[0]) / size
        part = 1.0
        while (found := _cost(points, targets, level - part * step_level, slope - part * step_slope)) >= cost:
            part /= 2
            if part < 1e-10:  # as low as numbers can tell
                return level, slope
        level, slope, cost = level - part * step_level, slope - part * step_slope, found
    return level, slope


def _cost(points: Sequence[float], targets: Sequence[float], level: float, slope: float) -> float:
    """The negative log likelihood."""
    values = [level + slope * point for point in points]
    return sum(
        max(value, 0.0) + math.log1p(math.exp(-abs(value))) - target * value
        for value, target in zip(values, targets, strict=True)
    )


def _threshold(curve: _Curve, said: Sequence[float], album: Sequence[float]) -> float:
    """Where the chance is a half, the fewest errors are expected: the middle of the gap between photos there.

    It is not looked for beyond the photos that were spoken of: there the curve is a guess.
    """
    at_half = min(max(100 * _logistic(curve.middle), said[0]), math.nextafter(said[-1], math.inf))
    lower = max(_below(said, at_half), _below(album, at_half))
    upper = min(_from(said, at_half), _from(album, at_half))
    return round((lower + upper) / 2, 1)


def _below(similarities: Sequence[float], limit: float) -> float:
    index = bisect_left(similarities, limit)
    return similarities[index - 1] if index else 0.0


def _from(similarities: Sequence[float], limit: float) -> float:
    index = bisect_left(similarities, limit)
    return similarities[index] if index < len(similarities) else 100.0
