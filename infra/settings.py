"""What can be chosen about a stack: from CDK context, checked before anything is synthesized.

make deploy CONTEXT="-c photosort:region=us-east-1 -c photosort:calls_per_second=100"
"""

from __future__ import annotations

import contextlib
import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from photosort.stack import DEFAULT_REGION, DEFAULT_STACK_NAME
from sortclient.errors import InputError

PREFIX = "photosort:"

# CloudWatch Logs keeps for certain periods only: days, and the names that aws_cdk.aws_logs.RetentionDays has for
# them. None is longer than a year: the logs are about people.
LOG_RETENTION = {
    1: "ONE_DAY",
    3: "THREE_DAYS",
    5: "FIVE_DAYS",
    7: "ONE_WEEK",
    14: "TWO_WEEKS",
    30: "ONE_MONTH",
    60: "TWO_MONTHS",
    90: "THREE_MONTHS",
    120: "FOUR_MONTHS",
    150: "FIVE_MONTHS",
    180: "SIX_MONTHS",
    365: "ONE_YEAR",
}

# Below this an execution environment waits longer for its turn than a comparison takes.
MIN_CALLS_PER_SECOND = 0.5

# CloudFormation's own rule.
_STACK_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,127}")


def _between(low: float, high: float) -> Mapping[str, tuple[float, float]]:
    return {"between": (low, high)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Raises InputError, one line, for a value that the stack could not work with."""

    stack_name: str = DEFAULT_STACK_NAME
    region: str = DEFAULT_REGION
    # Objects and cells are kept so long.
    retention_days: int = field(default=30, metadata=_between(1, 3650))
    log_retention_days: int = 30
    # The account's quota of CompareFaces a second; 25 is AWS's default in us-west-1, and more in larger regions.
    calls_per_second: float = field(default=25.0, metadata=_between(1, 10_000))
    # What of the quota the pipeline allows itself. The rest is for the client, the console, another stack.
    quota_share: float = field(default=0.9, metadata=_between(0.05, 1))
    # Execution environments of compare_photos at once. With two each for the other functions, the default stays
    # below the 10 that a new account may have in all.
    max_concurrency: int = field(default=5, metadata=_between(2, 1000))
    # Photos in work at once in one execution environment. A comparison waits for Rekognition nearly all its time.
    threads: int = field(default=10, metadata=_between(1, 100))
    memory_mb: int = field(default=512, metadata=_between(256, 10_240))
    # Throttled work that is older becomes `failed`.
    give_up_after_hours: float = field(default=6.0, metadata=_between(0.25, 168))

    @classmethod
    def from_context(cls, context: Mapping[str, Any]) -> Settings:
        """Read the keys that begin with `photosort:`. `-c` gives text, cdk.json also numbers."""
        defaults = {setting.name: setting.default for setting in dataclasses.fields(cls)}
        given: dict[str, Any] = {}
        for key, value in context.items():
            name = key.removeprefix(PREFIX)
            if name in defaults and name == key:
                raise InputError(f"context {key}: settings are written with their prefix: -c {PREFIX}{key}={value}")
            if name in defaults:
                given[name] = _read(key, value, defaults[name])
            elif name != key:
                raise InputError(f"context {key}: there is no such setting; there are {', '.join(sorted(defaults))}")
        return cls(**given)

    def __post_init__(self) -> None:
        for setting in dataclasses.fields(self):
            if "between" in setting.metadata:
                low, high = setting.metadata["between"]
                value = getattr(self, setting.name)
                # Written so that a nan is outside, too.
                _require(low <= value <= high, setting.name, value, f"must lie between {low:g} and {high:g}")
        _require(
            _STACK_NAME.fullmatch(self.stack_name) is not None,
            "stack_name",
            self.stack_name,
            "must begin with a letter and hold only letters, digits and hyphens, at most 128",
        )
        _require(self.region in _regions(), "region", self.region, "must be a region that has Rekognition")
        _require(
            self.log_retention_days in LOG_RETENTION,
            "log_retention_days",
            self.log_retention_days,
            f"must be one of {', '.join(map(str, LOG_RETENTION))}",
        )
        _require(
            self.calls_per_second_each >= MIN_CALLS_PER_SECOND,
            "max_concurrency",
            self.max_concurrency,
            f"leaves each execution environment {self.calls_per_second_each:.3g} calls a second; "
            f"it must be few enough for {MIN_CALLS_PER_SECOND:g}",
        )
        _require(
            self.give_up_after_hours <= 24 * self.retention_days,
            "give_up_after_hours",
            self.give_up_after_hours,
            "must not be longer than retention_days: what is compared would be gone",
        )

    @property
    def calls_per_second_in_all(self) -> float:
        """CompareFaces a second that the whole pipeline allows itself."""
        return self.calls_per_second * self.quota_share

    @property
    def calls_per_second_each(self) -> float:
        """The share of one execution environment."""
        return self.calls_per_second_in_all / self.max_concurrency


def _require(holds: bool, name: str, value: object, rule: str) -> None:
    if not holds:
        raise _wrong(PREFIX + name, value, rule)


def _read(key: str, value: object, default: object) -> str | float:
    """``value`` in the type of ``default``, or InputError."""
    if isinstance(default, str):
        return str(value)
    whole = isinstance(default, int)
    # Neither a bool, which is a number to Python, nor 2.5 for a whole number is what somebody meant.
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        with contextlib.suppress(ValueError):
            return int(str(value)) if whole else float(value)
    raise _wrong(key, value, f"must be a {'whole ' if whole else ''}number")


def _wrong(key: str, value: object, rule: str) -> InputError:
    shown = f"{value:g}" if isinstance(value, float) else " ".join(str(value).split())
    return InputError(f"context {key}={shown}: {rule}")


def _regions() -> set[str]:
    """From botocore's own list; no call to AWS."""
    from boto3.session import Session

    session = Session()
    return {
        region
        for partition in ("aws", "aws-us-gov")
        for region in session.get_available_regions("rekognition", partition_name=partition)
    }
