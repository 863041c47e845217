"""What a run on AWS costs at most, before it begins.

The prices are `prices.toml`, one small table with its date and source; the environment's SORTCLIENT_PRICES names a file
whose keys replace the table's.
"""

from __future__ import annotations

import math
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from sortclient.errors import InputError

PRICES_VARIABLE = "SORTCLIENT_PRICES"

# What is used of each, at most, by the table's keys. `lambda_gigabyte_second`: an environment of 1,769 MB makes 4.8
# calls a second at the stack's defaults, 0.37 for each; five times that is counted, for emptier queues and slow paces.
_A_PHOTO: Mapping[str, float] = {
    "s3_put": 2,  # the copy, and the list of the album's headshots
    "s3_get": 2,
    "sqs_request": 4,  # the event, two receives, one delete
    "lambda_request": 1,
    "dynamodb_read": 4,
    "log_gigabyte": 4e-6,
}
_A_COMPARISON: Mapping[str, float] = {
    "compare_faces": 1,
    "s3_put": 1,  # a match's copy
    "s3_get": 2,  # what Rekognition reads
    "lambda_gigabyte_second": 2,
    "dynamodb_write": 2,
    "dynamodb_read": 4,  # the client follows, and looks up what is missing
}
_A_HEADSHOT: Mapping[str, float] = {"detect_faces": 1, "s3_put": 1, "sqs_request": 4, "lambda_request": 1}


@dataclass(frozen=True, slots=True)
class Prices:
    """US$ a unit, by the keys of `prices.toml`, and what they hold for."""

    date: str
    region: str
    source: str
    usd: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Quote:
    """What a run does and costs, at most. ``usd`` counts no free tier; a new account's credits may pay ``credit``.

    Every call is counted once, and the table's `repeated` share of them a second time.
    """

    photos: int  # copies that are uploaded
    comparisons: int  # calls of CompareFaces
    headshots: int  # calls of DetectFaces
    usd: float
    credit: float

    @property
    def calls(self) -> int:
        """Calls of Rekognition, which is what costs."""
        return self.comparisons + self.headshots


def quote(prices: Prices, *, photos: int, comparisons: int, headshots: int, stored: int) -> Quote:
    """The upper bound for uploading ``photos`` of ``stored`` bytes in all, new ``headshots``, and the comparisons."""
    parts = ((photos, _A_PHOTO), (comparisons, _A_COMPARISON), (headshots, _A_HEADSHOT))
    once = sum(number * use * prices.usd[unit] for number, uses in parts for unit, use in uses.items())
    usd = once * (1 + prices.usd["repeated"]) + stored / 1e9 * prices.usd["s3_gigabyte"]
    return Quote(photos, comparisons, headshots, usd, min(usd, prices.usd["credits"]))


def load_prices() -> Prices:
    """The table, with the keys of the environment's SORTCLIENT_PRICES over it. Raises InputError for a bad file."""
    table = dict(_own())
    named = os.environ.get(PRICES_VARIABLE)
    if named:
        table |= _checked(Path(named).expanduser(), table)
    texts = {key: value for key, value in table.items() if isinstance(value, str)}
    usd = {key: float(value) for key, value in table.items() if not isinstance(value, str)}
    return Prices(**texts, usd=usd)


@cache
def _own() -> Mapping[str, str | float]:
    return tomllib.loads(files("sortclient").joinpath("prices.toml").read_text(encoding="utf-8"))


def _checked(file: Path, table: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of ``file``, each one of the table's and of its kind."""
    try:
        replaced = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{PRICES_VARIABLE}: {file}: {error.strerror}. Name a file that can be read.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{PRICES_VARIABLE}: {file} is no TOML: {error}.") from error
    for key, value in replaced.items():
        if key not in table:
            raise InputError(
                f"{PRICES_VARIABLE}: {file} has '{key}', which is no price. Known are: {', '.join(table)}."
            )
        if isinstance(table[key], str) != isinstance(value, str) or not (isinstance(value, str) or _is_price(value)):
            kind = "a text" if isinstance(table[key], str) else "a number, 0 or more"
            raise InputError(f"{PRICES_VARIABLE}: {file}: '{key}' must be {kind}.")
    return replaced


def _is_price(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0
