"""What a run may spend: the quote that a person reads, is asked about, or has limited before."""

from __future__ import annotations

import math
import sys

from sortclient.errors import InputError, SortError
from sortclient.ledger import counted
from sortclient.prices import Prices, Quote, load_prices, quote
from sortclient.progress import Progress
from sortclient.sorting import Order, Plan

ASK_ABOVE_USD = 1.0

_COPY_BYTES = 1_000_000  # of an analysis copy; photographs need 0.2 to 0.8 million


class TooDear(SortError):
    """The run could cost more than the person allows."""

    exit_code = 4


def check_max_spend(most: float | None) -> None:
    if most is not None and not most >= 0:  # a NaN is no amount either
        raise InputError(f"--max-spend {most:g}: name an amount in US$, 0 or more.")


def quoted(order: Order, planned: Plan, prices: Prices) -> Quote:
    """What the plan costs at most with AWS."""
    return quote(
        prices,
        photos=planned.photos,
        comparisons=planned.comparisons,
        headshots=planned.looks,
        stored=planned.size if order.originals else planned.photos * _COPY_BYTES,
    )


def price_line(bound: Quote, prices: Prices) -> str:
    """The quote as a person reads it."""
    credit = "all" if bound.credit == bound.usd else f"{usd(bound.credit)} US$"
    terms = f"prices of {prices.region}, {prices.date}; a new account's credits may pay {credit} of it"
    return f"{usd(bound.usd)} US$ ({terms})"


def agree(order: Order, planned: Plan, progress: Progress, *, yes: bool, max_spend: float | None) -> None:
    """Say what the run can cost at most. Raises TooDear where that is above ``max_spend``, before anything is sent.

    Above a dollar a person at a terminal is asked, unless they have said yes or how much before.
    """
    prices = load_prices()
    bound = quoted(order, planned, prices)
    if not bound.calls:
        return
    progress.tell(
        f"At most {counted(bound.comparisons, 'comparison')}, {price_line(bound, prices)}; `sortclient sort` is free."
    )
    check_bound(bound, max_spend)
    if bound.usd <= ASK_ABOVE_USD or yes or max_spend is not None or not sys.stdin.isatty():
        return
    with progress.paused():
        sys.stderr.write("Go on? [y/N] ")
        sys.stderr.flush()
        answer = sys.stdin.readline().strip().lower()
    if answer not in ("y", "yes"):
        raise SortError("Nothing was sent.")


def check_bound(bound: Quote, max_spend: float | None) -> None:
    if max_spend is not None and bound.usd > max_spend:
        raise TooDear(
            f"The run costs at most {usd(bound.usd)} US$, {usd(bound.usd - max_spend)} more than "
            f"--max-spend {max_spend:g}. Nothing was sent."
        )


def usd(amount: float) -> str:
    """In cents, rounded up: a bound stays one."""
    return f"{math.ceil(amount * 100 - 1e-6) / 100:.2f}"
