from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sortclient.faces.similarity import similarities

ORIGIN = np.zeros(128, np.float32)


def at(*distances: float) -> list[float]:
    """The similarities of embeddings at these distances from the reference."""
    embeddings = np.zeros((len(distances), 128), np.float32)
    embeddings[:, 5] = distances
    found: list[float] = similarities(embeddings, ORIGIN).tolist()
    return found


def test_the_fixed_points() -> None:
    same, line, far = at(0.0, 0.6, 1.2)
    assert same == 100.0
    assert line == pytest.approx(80.0, abs=1e-4)
    assert 0 < far < 5


def test_it_is_the_distance_that_counts_wherever_the_reference_lies() -> None:
    reference = np.full(128, 0.3, np.float32)
    moved = reference.copy()
    moved[[0, 1]] += np.float32(0.3), np.float32(0.4)
    assert similarities(moved[None], reference)[0] == pytest.approx(at(0.5)[0], abs=1e-4)


@given(st.floats(0, 2), st.floats(0, 2))
def test_nearer_is_more_similar(one: float, other: float) -> None:
    nearer, farther = at(*sorted((one, other)))
    assert 0 <= farther <= nearer <= 100
    if abs(one - other) > 0.01 and max(one, other) > 0.1:
        assert farther < nearer


@given(st.floats(0, 2))
def test_no_jumps(distance: float) -> None:
    here, there = at(distance, distance + 1e-4)
    assert here - there < 0.05


def test_no_embeddings() -> None:
    assert similarities(np.zeros((0, 128), np.float32), ORIGIN).shape == (0,)
