"""All commands, for the root to know them."""

from __future__ import annotations

# In the order of the help.
from sortclient.cli import runs, albums, people, decisions, machine  # isort: skip
from sortclient.cli.app import app

__all__ = ["albums", "app", "decisions", "machine", "people", "runs"]
