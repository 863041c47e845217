"""Templates of the real app, each synthesized once: Node and cdk-nag take seconds."""

from __future__ import annotations

from typing import Any

import pytest

from infra.app import synthesize
from tests.infra.template_parts import Parts


@pytest.fixture(scope="session")
def template() -> dict[str, Any]:
    return synthesize()


@pytest.fixture(scope="session")
def chosen_template() -> dict[str, Any]:
    """With other settings than the defaults."""
    chosen = {
        "stack_name": "Family",
        "region": "eu-west-1",
        "max_concurrency": 9,
        "retention_days": 1,
        "paused": "true",
        "alarm_email": "ana@example.com",
    }
    return synthesize({f"photosort:{name}": value for name, value in chosen.items()})


@pytest.fixture(scope="session")
def chosen(chosen_template: dict[str, Any]) -> Parts:
    return Parts(chosen_template)


@pytest.fixture(scope="session")
def parts(template: dict[str, Any]) -> Parts:
    return Parts(template)
