"""The template of the real app, synthesized once: Node and cdk-nag take seconds."""

from __future__ import annotations

from typing import Any

import pytest

from infra.app import synthesize
from tests.infra.template_parts import Parts


@pytest.fixture(scope="session")
def template() -> dict[str, Any]:
    return synthesize()


@pytest.fixture(scope="session")
def parts(template: dict[str, Any]) -> Parts:
    return Parts(template)
