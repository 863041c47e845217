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
    with mock_aws():
        for cached in kept:
            cached.cache_clear()
        yield Cloud()
        for cached in kept:
            cached.cache_clear()
