"""What a comparison costs, for the quote before a run."""

from __future__ import annotations

# CompareFaces is charged per call; AWS's price page has US$ 0.001 for the first million a month in most regions
# (2026-11). The price in us-west-1 could not be confirmed; a fifth is added, because a quote is an upper bound.
COMPARE_FACES_USD = 0.0012

ASK_ABOVE_USD = 1.0


def quote(comparisons: int) -> float:
    """The most that so many CompareFaces calls cost, in US$, without any free tier."""
    return comparisons * COMPARE_FACES_USD
