"""Pin the Lambdas' dependencies: `python -m infra.requirements` writes lambdas/requirements.txt anew.

Every package with its version and the sha256 of the one archive that the functions' platform takes. The archives'
addresses are left out: who installs them chooses where from.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from infra.bundle import PLATFORM, REQUIREMENTS

# What the code imports. boto3 is among them because AWS advises so: the runtime's own changes under the code.
WANTED = REQUIREMENTS.with_suffix(".in")

HEADER = """\
# The Lambdas' dependencies. Written by `make lambda-requirements`; not edited by hand.
"""


def resolve(wanted: Path = WANTED) -> dict[str, Any]:
    """What pip would install for the functions' platform: its report, version 1."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"]
        command += ["--dry-run", "--ignore-installed", "--report", "-", "--target", folder, *PLATFORM]
        command += ["--requirement", str(wanted)]
        result = subprocess.run(command, stdout=subprocess.PIPE, check=True)  # noqa: S603
    report: dict[str, Any] = json.loads(result.stdout)
    return report


def lines(report: dict[str, Any]) -> str:
    pinned = []
    for package in report["install"]:
        name = package["metadata"]["name"].lower().replace("_", "-").replace(".", "-")
        archive = package["download_info"]["archive_info"]
        # pip before 23.1, which comes with Python 3.11.2 and older, knows only the second form.
        digest = archive["hashes"]["sha256"] if "hashes" in archive else archive["hash"].removeprefix("sha256=")
        pinned.append(f"{name}=={package['metadata']['version']} \\\n    --hash=sha256:{digest}\n")
    return HEADER + "".join(sorted(pinned))


def main(target: Path = REQUIREMENTS) -> None:
    target.write_text(lines(resolve()), encoding="utf-8")


if __name__ == "__main__":
    main()
