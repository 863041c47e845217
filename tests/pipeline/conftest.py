from __future__ import annotations

from collections.abc import Iterator

import pytest
from moto import mock_aws

from photosort import clients, compare_photos, enroll_person, record_failures
from tests.pipeline.cloud import Cloud


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    """An empty stack, in new execution environments."""
    kept = [clients.s3, clients.dynamodb, clients.sqs, clients.rekognition]
    kept += [function._started for function in (compare_photos, enroll_person, record_failures)]
    # boto3's own session stays from test to test: a new one reads all service models again, 0.15 s of CPU a test.
    with mock_aws(config={"core": {"reset_boto3_session": False}}):
        for cached in kept:
            cached.cache_clear()
        yield Cloud()
        for cached in kept:
            cached.cache_clear()
