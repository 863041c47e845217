"""The sheet of a picture and its smaller copies."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from sortclient.faces.pyramid import Copy, make_sheet

SIDES = st.integers(1, 700)


def pixels(copy: Copy) -> tuple[slice, slice]:
    return (
        slice(copy.top, copy.top + copy.size[1]),
        slice(copy.left, copy.left + copy.size[0]),
    )


@settings(deadline=None)  # the largest sheets take long on a busy machine
@given(SIDES, st.integers(5, 700))
def test_copies_lie_on_the_sheet_and_not_on_each_other(width: int, height: int) -> None:
    sheet = make_sheet(Image.new("RGB", (width, height), "white"))
    taken = np.zeros((sheet.image.height, sheet.image.width), int)
    for copy in sheet.copies:
        assert copy.left >= 11
        assert copy.top >= 11
        assert copy.left + copy.size[0] <= sheet.image.width - 11
        assert copy.top + copy.size[1] <= sheet.image.height - 11
        taken[pixels(copy)] += 1
    assert taken.max() == 1
    assert np.array_equal(np.asarray(sheet.image)[..., 0] == 255, taken == 1)


def test_copies_shrink_by_a_sixth_and_show_the_same() -> None:
    """A ramp from left to right stays one, corner on corner."""
    ramp = np.broadcast_to(np.linspace(0, 255, 320).astype(np.uint8)[None, :, None], (240, 320, 3))
    sheet = make_sheet(Image.fromarray(np.ascontiguousarray(ramp)))
    assert len(sheet.copies) > 15
    shown = np.asarray(sheet.image)
    for copy in sheet.copies[:8]:
        row = shown[pixels(copy)][copy.size[1] // 2, :, 0].astype(int)
        assert row == pytest.approx(np.linspace(0, 255, copy.size[0]), abs=len(sheet.copies))
    for one, other in pairwise(sheet.copies):
        assert other.size == (one.size[0] * 5 // 6, one.size[1] * 5 // 6)
        assert other.scale == pytest.approx(one.scale * 1.2)


def test_points_of_the_sheet_are_found_in_the_picture() -> None:
    sheet = make_sheet(Image.new("RGB", (300, 200)))
    for copy in sheet.copies[:10]:
        x, y, scale = sheet.in_picture(copy.left + copy.size[0] - 1, copy.top)
        assert (x, y, scale) == ((copy.size[0] - 1) * copy.scale, 0, copy.scale)
        assert x == pytest.approx(299, abs=4 * scale)  # sizes are rounded down, one after the other
    # in the gap or the margin it is the nearest copy that counts, and the point may lie outside of the picture
    assert sheet.in_picture(5, 20) == (-6, 9, 1)


def test_no_more_copies_than_asked_for() -> None:
    assert [copy.size for copy in make_sheet(Image.new("RGB", (192, 192)), 3).copies] == [
        (192, 192),
        (160, 160),
        (133, 133),
    ]
