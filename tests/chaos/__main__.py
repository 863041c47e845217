"""Play the chaos runs of some seeds: `python -m tests.chaos 17` or `python -m tests.chaos 0-199`.

For each one that fails: what is wrong, the faults that led there, and how to play it alone. The exit status is 1 then.
"""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from pathlib import Path

from tests.chaos.judge import problems
from tests.chaos.story import Story
from tests.chaos.world import world


def play(seed: int, out: bool = False) -> list[str]:
    """What is wrong in the end; with the log of faults where something is, or ``out`` asks for it."""
    with tempfile.TemporaryDirectory() as home, world(seed) as one:
        story = Story(seed, one, Path(home))
        try:
            wrong = list(problems(one, story, story.tell()))
        except Exception:  # noqa: BLE001 - whatever it is, it stands in the report
            wrong = [traceback.format_exc()]
        return [*wrong, *(one.aws.log.faults() if wrong or out else ())]


def main(arguments: list[str]) -> int:
    # Sets of digests have an order of their own in each process, unless this fixes it.
    if os.environ.get("PYTHONHASHSEED") != "0":
        os.environ["PYTHONHASHSEED"] = "0"
        os.execv(sys.executable, [sys.executable, "-m", "tests.chaos", *arguments])  # noqa: S606
    played = failed = 0
    for argument in arguments:
        first, _, last = argument.partition("-")
        for seed in range(int(first), int(last or first) + 1):
            played += 1
            if lines := play(seed):
                failed += 1
                sys.stdout.write("\n  ".join([f"seed {seed} (python -m tests.chaos {seed}):", *lines]) + "\n")
    sys.stdout.write(f"{played} seeds played, {failed} failed\n")
    return 1 if failed else 0


if __name__ == "__main__":
    import tests.conftest  # noqa: F401 - no credentials, no way off this machine

    sys.exit(main(sys.argv[1:]))
