"""The handler that ships, held at the account's quota in simulated time. `make bench-quota` shows the same figures."""

from __future__ import annotations

import pytest

from bench.quota import ADAPTIVE, PACED, QUOTAS, UNPACED, Result, measure, shipped
from simulation.pipeline import Mode

AIM = 0.95  # of the quota
MOST_THROTTLED = 0.01


def assert_the_aim(result: Result) -> None:
    assert result.share >= AIM
    assert result.throttled <= MOST_THROTTLED * result.calls
    assert (result.lost, result.twice) == (0, 0)


def test_a_small_album_is_compared_at_the_quota() -> None:
    result = measure(shipped(25), PACED, 25, photos=200)

    assert_the_aim(result)
    assert (result.sent_back, result.sends) == (0, 0)


def test_a_fan_out_is_shared_and_what_is_left_over_travels_in_few_requests() -> None:
    """A message of 25 photos is more than a turn of work, and the first environment could take all of them."""
    result = measure(shipped(25), PACED, 25, photos=250, fanned_out=True)

    assert (result.lost, result.twice, result.throttled) == (0, 0, 0)
    assert result.seconds < 30  # one environment alone would need 51
    assert result.sends < 0.1 * result.calls


@pytest.mark.long
@pytest.mark.parametrize("quota", QUOTAS)
def test_the_pipeline_holds_the_quota(quota: int) -> None:
    assert_the_aim(measure(shipped(quota), PACED, quota))


@pytest.mark.long
@pytest.mark.parametrize("mode", [UNPACED, ADAPTIVE], ids=lambda mode: mode.name)
def test_without_the_pace_it_does_not(mode: Mode) -> None:
    """The endpoint's quota is a real one: what has no pace is refused, loses time, and still loses nothing."""
    result = measure(shipped(25), mode, 25)

    assert result.share < AIM
    assert result.throttled > MOST_THROTTLED * result.calls
    assert (result.lost, result.twice) == (0, 0)
