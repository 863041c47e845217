"""Errors that a person reads. Each knows its exit status; `cli.main` catches them once."""

from __future__ import annotations


class SortError(Exception):
    """Something that a person can act on: one line, what happened and what to do."""

    exit_code = 1


class InputError(SortError):
    """Wrong usage or input."""

    exit_code = 2


class Interrupted(SortError):
    """Stopped on purpose; running the same command again completes the work."""

    exit_code = 130
