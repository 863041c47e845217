from __future__ import annotations

from collections.abc import Iterator

import pytest
from moto import mock_aws

from tests.pipeline.cloud import Cloud, new_execution_environments
from tests.pipeline.world import World


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    """An empty stack, in new execution environments."""
    # boto3's own session stays from test to test: a new one reads all service models again, 0.15 s of CPU a test.
    with mock_aws(config={"core": {"reset_boto3_session": False}}), new_execution_environments():
        yield Cloud()


@pytest.fixture
def world(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> World:
    """The client's own runs beside the functions; the files of a folder are old enough to be trusted."""
    monkeypatch.setattr("sortclient.files.SETTLED_NS", 0)
    return World(cloud, monkeypatch)


@pytest.fixture
def photo(cloud: Cloud) -> str:
    """The message about a new photo; its album has one headshot."""
    cloud.headshot("Bo")
    return cloud.photo("a")
