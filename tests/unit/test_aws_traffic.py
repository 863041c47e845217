"""How fast cells come, counted in the table by when they were compared."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from photosort.comparison import timestamp
from sortclient.aws import traffic
from tests.unit.aws_cloud import ALBUM, Cloud, verdict


def write(cloud: Cloud, *ages: float) -> None:
    """A cell for each of the ``ages``, in seconds."""
    now = datetime.now(UTC)
    for number, age in enumerate(ages):
        cloud.write(verdict("a" * 64, f"{number:064x}", at=timestamp(now - timedelta(seconds=age))))


def test_the_rate_is_that_of_two_minutes_which_end_before_a_wrong_clock_matters(cloud: Cloud) -> None:
    write(cloud, -60, 5, 20, 40, 60, 100, 140, 160, 3600)
    told = cloud.comparer().traffic(ALBUM)
    assert told.rate == pytest.approx(4 / 120, rel=0.001)
    assert (told.limit, told.paused, told.backlog.is_idle) == (22.5, False, True)
    assert cloud.comparer().traffic("another album").rate == 0


def test_of_very_many_cells_the_latest_tell_the_rate_in_one_bounded_read(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(traffic, "_MOST_COUNTED", 10)
    write(cloud, *range(140, 30, -2))  # one every two seconds
    cloud.requests.clear()
    assert cloud.comparer().traffic(ALBUM).rate == pytest.approx(0.5, rel=0.2)
    (query,) = [params for operation, params in cloud.requests if operation == "Query"]
    assert (query["Select"], query["Limit"]) == ("COUNT", 10)
