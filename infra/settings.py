"""What can be chosen about a stack: from CDK context, checked before anything is synthesized.

make deploy CONTEXT="-c photosort:region=us-east-1 -c photosort:calls_per_second=100"
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from photosort.pacing import photos_a_turn
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

# Of one execution environment. Below the first it waits longer for its turn than a comparison takes; at the second its
# threads (150, of the 1,024 that Lambda allows) and its one vCPU (15 ms a call at most) are still enough.
MIN_CALLS_PER_SECOND = 0.4
MAX_CALLS_PER_SECOND = 50

# Photos in work at once for each call a second. A comparison takes 1.5 s at most, its reads and writes a tenth of one:
# the others wait for their turn, or one would be lost whenever several answers are slow.
_THREADS_A_CALL = 3

# CloudFormation's own rule.
_STACK_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,127}")
# What browsers take for an address (https://html.spec.whatwg.org/#valid-e-mail-address), with a dot in the domain. SNS
# would take more, confirm it to nobody, and every alarm would be silent.
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


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
    # The account's quota of CompareFaces a second; 25 is AWS's default in us-west-1, and more in larger regions. Beyond
    # 3,000 the messages in work would come near the 120,000 that SQS lets be in flight.
    calls_per_second: float = field(default=25.0, metadata=_between(1, 3000))
    # What of the quota the pipeline allows itself. The rest is for the client, the console, another stack.
    # Calls leave evenly and arrive not quite so: each may be late by 2% of a second before two seconds' calls meet.
    quota_share: float = field(default=0.98, metadata=_between(0.05, 1))
    # Execution environments of compare_photos at once. With two each for the other functions, the default stays
    # below the 10 that a new account may have in all. What the quota leaves over for it is not used: of 25 calls a
    # second, 4 environments make 6 each.
    max_concurrency: int = field(default=5, metadata=_between(2, 1000))
    # Of each function. With 1,769 it has one vCPU.
    memory_mb: int = field(default=1769, metadata=_between(256, 10_240))
    # Throttled work that is older becomes `failed`.
    give_up_after_hours: float = field(default=6.0, metadata=_between(0.25, 168))
    # Photos are queued and wait; nothing is compared until a deployment without it.
    paused: bool = False
    # Whom the alarms write to. Without one there is no topic: they are seen in the console only.
    alarm_email: str = ""

    @classmethod
    def from_context(cls, context: Mapping[str, Any]) -> Settings:
        """Read the keys that begin with `photosort:`. `-c` gives text, cdk.json also numbers, true and false."""
        defaults = {setting.name: setting.default for setting in dataclasses.fields(cls)}
        given: dict[str, Any] = {}
        for key, value in context.items():
            name = key.removeprefix(PREFIX)
            if name in defaults and name == key:
                raise InputError(f"context {key}: settings are written with their prefix: -c {PREFIX}{key}={value}")
            if name in defaults:
                given[name] = _read(key, value, defaults[name])
            elif key.lower().startswith(PREFIX[:-1]):  # also `photosort.region`, which CDK would take in silence
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
            not self.alarm_email or _EMAIL.fullmatch(self.alarm_email) is not None,
            "alarm_email",
            self.alarm_email,
            "must be one e-mail address, or empty",
        )
        _require(
            self.log_retention_days in LOG_RETENTION,
            "log_retention_days",
            self.log_retention_days,
            f"must be one of {', '.join(map(str, LOG_RETENTION))}",
        )
        for fits, rule in (
            (self.calls_per_second_each >= MIN_CALLS_PER_SECOND, f"few enough for {MIN_CALLS_PER_SECOND:g}"),
            (self.calls_per_second_each <= MAX_CALLS_PER_SECOND, f"enough for {MAX_CALLS_PER_SECOND:g} at most"),
        ):
            _require(
                fits,
                "max_concurrency",
                self.max_concurrency,
                f"leaves each execution environment {self.calls_per_second_each:.3g} calls a second; it must be {rule}",
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
        return self.calls_per_second_each * self.max_concurrency

    @property
    def calls_per_second_each(self) -> float:
        """The share of one execution environment. It is of whole calls, where the quota has one for each: only then do
        all together stay below the quota in every second, wherever that begins (`photosort.pacing`).
        """
        calls = self.calls_per_second / self.max_concurrency
        return self.quota_share * (math.floor(calls) if calls >= 1 else calls)

    @property
    def threads(self) -> int:
        """Photos in work at once in one execution environment."""
        return math.ceil(_THREADS_A_CALL * self.calls_per_second_each)

    @property
    def batch_size(self) -> int:
        """Messages that one invocation of compare_photos gets at most; a photo that arrives is one."""
        return photos_a_turn(self.calls_per_second_each)


def _require(holds: bool, name: str, value: object, rule: str) -> None:
    if not holds:
        raise _wrong(PREFIX + name, value, rule)


def _read(key: str, value: object, default: object) -> str | float:
    """``value`` in the type of ``default``, or InputError."""
    if isinstance(default, str):
        return str(value)
    if isinstance(default, bool):  # which is an int to Python, so it comes first
        if isinstance(value, bool) or value in ("true", "false"):
            return value in (True, "true")
        raise _wrong(key, value, "must be true or false")
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
