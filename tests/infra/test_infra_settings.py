"""Settings: what CDK context gives, and the one line for what it must not give."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest

from infra.settings import LOG_RETENTION, Settings
from photosort.stack import DEFAULT_REGION, DEFAULT_STACK_NAME
from sortclient.errors import InputError


def test_defaults() -> None:
    settings = Settings.from_context({})
    assert (settings.stack_name, settings.region) == (DEFAULT_STACK_NAME, DEFAULT_REGION)
    assert settings.calls_per_second_in_all == pytest.approx(24.5)
    assert settings.calls_per_second_each == pytest.approx(4.9)


@pytest.mark.parametrize("value", ["7", 7])
def test_a_number_comes_as_text_from_the_command_line_and_as_a_number_from_cdk_json(value: object) -> None:
    assert Settings.from_context({"photosort:retention_days": value}).retention_days == 7


def test_every_setting_can_be_given() -> None:
    chosen = {
        "stack_name": "Family-2026",
        "region": "eu-west-1",
        "retention_days": 3,
        "log_retention_days": 7,
        "calls_per_second": 100.0,
        "quota_share": 0.5,
        "max_concurrency": 20,
        "memory_mb": 1024,
        "give_up_after_hours": 0.5,
        "paused": "true",
        "alarm_email": "ana.b+photos@example.co.uk",
    }
    settings = Settings.from_context({f"photosort:{name}": str(value) for name, value in chosen.items()})
    assert dataclasses.asdict(settings) == chosen | {"paused": True}


@pytest.mark.parametrize(("value", "paused"), [("true", True), (True, True), ("false", False), (False, False)])
def test_a_pause_is_text_on_the_command_line_and_a_truth_in_cdk_json(value: object, paused: bool) -> None:
    assert Settings.from_context({"photosort:paused": value}).paused is paused


def test_no_address_means_no_mail() -> None:
    assert Settings.from_context({"photosort:alarm_email": ""}).alarm_email == ""


def test_context_of_others_is_left_alone() -> None:
    context = {"aws:cdk:bundling-stacks": ["*"], "@aws-cdk/core:someFlag": True, "cli-telemetry": False}
    assert Settings.from_context(context) == Settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("stack_name", "my stack"),
        ("stack_name", "1st"),
        ("stack_name", ""),
        ("stack_name", "x" * 129),
        ("region", "us-west-9"),
        ("region", "eu-north-1"),  # a region, without Rekognition
        ("region", ""),
        ("retention_days", "0"),
        ("retention_days", "-1"),
        ("retention_days", "2.5"),
        ("retention_days", 2.5),
        ("retention_days", True),
        ("retention_days", "a week"),
        ("retention_days", None),
        ("log_retention_days", "2"),
        ("calls_per_second", "nan"),
        ("calls_per_second", "inf"),
        ("calls_per_second", "0"),
        ("quota_share", "1.1"),
        ("quota_share", "0"),
        ("max_concurrency", "1"),
        ("max_concurrency", "1001"),
        ("memory_mb", "128"),
        ("give_up_after_hours", "0"),
        ("paused", "yes"),
        ("paused", ""),
        ("paused", "True"),
        ("paused", 1),
        ("paused", None),
        ("alarm_email", "ana"),
        ("alarm_email", "ana@home"),
        ("alarm_email", "ana@example.com,bo@example.com"),
        ("alarm_email", "Ana <ana@example.com>"),
        ("alarm_email", "ana b@example.com"),
        ("alarm_email", None),
    ],
)
def test_a_wrong_value_gives_one_line_that_names_it(name: str, value: object) -> None:
    with pytest.raises(InputError) as caught:
        Settings.from_context({f"photosort:{name}": value})
    assert str(caught.value).startswith(f"context photosort:{name}={value}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("context", "says"),
    [
        ({"photosort:retentiondays": "7"}, "there is no such setting; there are alarm_email, calls_per_second, "),
        ({"photosort:": "7"}, "there is no such setting"),
        ({"photosort.region": "us-east-1"}, "there is no such setting"),
        ({"PhotoSort:region": "us-east-1"}, "there is no such setting"),
        # Without the prefix CDK would take it in silence, and deploy to the default region.
        ({"region": "us-east-1"}, "-c photosort:region=us-east-1"),
    ],
)
def test_a_name_that_would_be_ignored_is_refused(context: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        Settings.from_context(context)


def test_what_does_not_fit_together_is_refused() -> None:
    with pytest.raises(InputError, match=r"max_concurrency=100: .* 0\.245 calls a second; .* few enough"):
        Settings(max_concurrency=100)
    with pytest.raises(InputError, match=r"max_concurrency=5: .* 98 calls a second; .* enough for 50"):
        Settings(calls_per_second=500)
    with pytest.raises(InputError, match="give_up_after_hours"):
        Settings(retention_days=1, give_up_after_hours=25)


@pytest.mark.parametrize(
    ("calls", "environments", "each", "threads", "batch"),
    [
        (5, 5, 0.98, 3, 20),
        (25, 5, 4.9, 15, 100),
        (100, 5, 19.6, 59, 400),
        (100, 20, 4.9, 15, 100),
        (25, 4, 5.88, 18, 120),
    ],
)
def test_what_an_environment_does_follows_from_its_share(
    calls: float, environments: int, each: float, threads: int, batch: int
) -> None:
    settings = Settings(calls_per_second=calls, max_concurrency=environments)
    assert settings.calls_per_second_each == pytest.approx(each)
    assert (settings.threads, settings.batch_size) == (threads, batch)
    assert math.ceil(each) * environments <= calls  # whole calls: all together never make more in any second


def test_log_retention_knows_cdks_names() -> None:
    from aws_cdk.aws_logs import RetentionDays

    assert all(hasattr(RetentionDays, name) for name in LOG_RETENTION.values())
