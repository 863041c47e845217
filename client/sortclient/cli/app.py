"""The command's root: what every command has in common."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from typer.core import TyperGroup

from sortclient.errors import Stopped


class _Commands(TyperGroup):
    """All commands. Ctrl-C gets its line here: above, Typer would end the program without a word."""

    def make_context(self, *args: Any, **more: Any) -> Any:
        with _told():
            return super().make_context(*args, **more)

    def invoke(self, ctx: Any) -> Any:
        with _told():
            return super().invoke(ctx)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt as interrupt:
        raise Stopped from interrupt


class _People(TyperGroup):
    """`people` by itself lists them, also with an album's name or an option behind it."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] != "--help"):
            args = ["list", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_Commands,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Sort a person's photos by who is in them: with AWS (upload), or on this machine (sort).",
    epilog="Exit status: 0 every file has its verdict; 2 wrong usage or input; "
    "3 some comparisons failed or are pending, or matches could not be copied; 4 dearer than --max-spend; "
    "130 stopped with Ctrl-C; 1 anything else.",
)

people = typer.Typer(
    cls=_People,
    help="List the people of an album, or add, rename and remove them."
    " An album that is called like one of the commands: people list ALBUM.\n\nsortclient people Images",
    rich_markup_mode=None,
)
app.add_typer(people, name="people")
