"""What the tests of the emulated AWS share: pictures, patience, and a view of the machine's processes."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

# How long a test waits for what must come; only a failing test waits so long.
PATIENCE = 30.0  # seconds


def jpeg(image: Image.Image, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=90, **options)
    return buffer.getvalue()


def picture(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def until(fulfilled: Callable[[], Any], what: str) -> Any:
    """Wait for ``fulfilled`` to return something true, and return it."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if value := fulfilled():
            return value
        time.sleep(0.05)
    raise AssertionError(f"{what}: waited {PATIENCE:.0f} s in vain")


def descendants(process: int) -> set[int]:
    """The processes that ``process`` started, and those that they started."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                # pid (name) state parent ...; the name may hold blanks.
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue  # it has ended meanwhile
            children.setdefault(parent, []).append(int(entry.name))
    found: set[int] = set()
    new = [process]
    while new:
        new = [child for parent in new for child in children.get(parent, [])]
        found.update(new)
    return found


def is_running(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"  # ended, and only not waited for yet


needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads the processes from /proc")
