"""A face as the engine describes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sortclient.model import Box

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Point = tuple[float, float]  # fractions of the picture's width and height


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    box: Box  # may reach beyond the picture, where the face does
    side: float  # px; the box is a square in the picture that was looked at, 1920 px long at most
    score: float  # the detector's; above 0, and higher the surer
    landmarks: tuple[Point, ...]  # outer and inner corner of one eye, of the other, and the base of the nose
    embedding: NDArray[np.float32]  # (128,)
