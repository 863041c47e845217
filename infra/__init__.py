"""The stack, as a CDK app.

CDK's Python library drives a Node process that it starts when it is first imported. Which Node that is has to
be said before, so it stands here, where every part of this package passes: the one that the extra `infra`
installs, whatever the machine has or lacks.
"""

from __future__ import annotations

import os

from infra.node import executable

os.environ.setdefault("JSII_NODE", str(executable()))
