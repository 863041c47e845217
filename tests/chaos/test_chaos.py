"""Whole runs of client and functions under faults that a seed draws: the end is that of a run without any."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]


def play(seeds: str) -> str:
    """In a process of its own, where sets of digests have an order that does not change. What it says."""
    environment = os.environ | {"PYTHONHASHSEED": "0"}
    command = [sys.executable, "-m", "tests.chaos", seeds]
    run = subprocess.run(command, cwd=_ROOT, env=environment, capture_output=True, text=True, check=False)
    return run.stdout + run.stderr


def test_a_sample_of_seeds() -> None:
    assert play("0-14") == "15 seeds played, 0 failed\n"


@pytest.mark.long
def test_all_seeds() -> None:
    assert play("0-249") == "250 seeds played, 0 failed\n"
