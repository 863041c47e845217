"""Errors that a person reads. Each knows its exit status; `cli.main` catches them once."""

from __future__ import annotations


class SortError(Exception):
    """Something that a person can act on: one line, what happened and what to do."""

    exit_code = 1


class InputError(SortError):
    """Wrong usage or input."""

    exit_code = 2


class Stopped(SortError):
    """Ctrl-C. The exit status is the shell's for it."""

    exit_code = 130

    def __init__(self) -> None:
        super().__init__("Stopped. What is done is kept; run the same command again to go on.")
