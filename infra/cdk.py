"""Run CDK's command line: `python -m infra.cdk synth`, with any arguments that `cdk` takes.

The same as calling `cdk` oneself with the environment's Python first on PATH; only that the version is pinned
and that the machine needs no Node.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from infra import node

# The last of version 2. npm's `latest` is 3, which cannot read what aws-cdk-lib 2 writes.
CDK_CLI = "aws-cdk@2.1148.1"


def main(arguments: list[str]) -> int:
    # cdk.json starts `python`, and cdk itself is a script for `node`: both are looked up on PATH.
    path = os.pathsep.join([str(Path(sys.executable).parent), str(node.folder()), os.environ.get("PATH", os.defpath)])
    command = [str(node.executable()), str(node.npx()), "--yes", CDK_CLI, *arguments]
    environment = {**os.environ, "PATH": path, "NPM_CONFIG_UPDATE_NOTIFIER": "false"}
    return subprocess.run(command, env=environment, check=False).returncode  # noqa: S603


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
