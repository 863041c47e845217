"""What comes after a run: `sync`, `status`, `results` and `undo`."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

import typer

from photosort.stack import DEFAULT_STACK_NAME
from sortclient.cli import options
from sortclient.cli.app import app
from sortclient.cli.opening import elsewhere_of, held_album, open_stack, stack_of
from sortclient.cli.options import Format, Told
from sortclient.errors import InputError

if TYPE_CHECKING:
    from sortclient.aws.comparer import AwsComparer
    from sortclient.catalog import Catalog


@app.command()
def sync(
    album: options.AlbumArgument = None,
    out: options.Out = None,
    layout: options.Layout = None,
    link: options.LinkForm = None,
    xmp: options.Xmp = None,
    any_of: options.AnyOf = None,
    all_of: options.AllOf = None,
    only: options.Only = None,
    none: options.Nobody = False,
    since: options.Since = None,
    until: options.Until = None,
    ledger: options.LedgerFile = None,
    profile: options.Profile = None,
    region: options.Region = None,
    stack: options.Stack = DEFAULT_STACK_NAME,
) -> None:
    """Bring the matches of an album to --out, and take away those that are none any more.

    With --any, --all, --only, --none, --since or --until the photos that answer go to a folder of their own, which
    --out must name; it follows when it is asked for again.

    sortclient sync Images --out ./Matches

    sortclient sync Images --all Ana,Bo --since 2019 --link hardlink --out ./Both
    """
    from sortclient.catalog import open_catalog
    from sortclient.comparer import NothingElsewhere
    from sortclient.folders import data_folder
    from sortclient.holding import hold
    from sortclient.later import catch_up, check_place, synchronise
    from sortclient.ledger import check_ledger_file
    from sortclient.outputs import OutputWish
    from sortclient.question import asked

    if ledger is not None:
        check_ledger_file(ledger)
    with open_catalog() as catalog, ExitStack() as held:
        known = catalog.find_album(album)
        held.enter_context(hold(data_folder(), known.name if known else album or ""))
        comparer = None
        if known is None or known.place != NothingElsewhere.place:
            comparer = (
                stack_of(known.name, known.place, profile, region, stack)
                if known
                else _stack_with(catalog, album, profile, region, stack)
            )
            known = catch_up(catalog, comparer, album, known)
        elsewhere = comparer or NothingElsewhere()
        check_place(known, elsewhere)
        question = asked(
            known, any_of=any_of or (), all_of=all_of or (), only=only or (), none=none, since=since, until=until
        )
        wish = OutputWish(out, layout, link, xmp, question)
        wish.check(known.folder)
        fetch = comparer.fetcher(known.name) if comparer else None
        raise typer.Exit(synchronise(known, elsewhere, wish, fetch, ledger))


@app.command()
def status(
    album: options.AlbumArgument = None,
    form: options.ToldAs = Told.TEXT,
    profile: options.Profile = None,
    region: options.Region = None,
    stack: options.Stack = DEFAULT_STACK_NAME,
) -> None:
    """Tell how far an album is, what is to come, and what failed.

    The queues are those of all the albums in the cloud, the rest is this one's.

    sortclient status Images
    """
    from sortclient.catalog import open_catalog
    from sortclient.folders import data_folder
    from sortclient.holding import Held, hold
    from sortclient.later import catch_up
    from sortclient.names import check_album
    from sortclient.showing import show_status
    from sortclient.status import status_of

    with open_catalog() as catalog:
        known = check_album(catalog, album)
        _, _, comparer = elsewhere_of(known, profile, region, stack)
        running = False
        try:
            with hold(data_folder(), known.name):
                if comparer is not None:
                    known = catch_up(catalog, comparer, album, known, roughly=True)
        except Held as held:  # by a run: what it has seen is in the catalog
            running = True
            typer.echo(f"The counts so far of what is being done {held.holder}", err=True)
        traffic = None if comparer is None else comparer.traffic(known.name)
        raise typer.Exit(show_status(known, status_of(known, traffic, running=running), form.value))


@app.command()
def results(
    album: options.AlbumArgument = None,
    form: options.Form = Format.TABLE,
    every: Annotated[bool, typer.Option("--every", help="Every file with its outcome, not only the matches.")] = False,
    any_of: options.AnyOf = None,
    all_of: options.AllOf = None,
    only: options.Only = None,
    none: options.Nobody = False,
    since: options.Since = None,
    until: options.Until = None,
) -> None:
    """Print the matches of an album, or the photos that answer, from what this machine remembers.

    sortclient results Images --only Ana --until 2019-06 --format csv
    """
    from sortclient.catalog import open_catalog
    from sortclient.names import check_album
    from sortclient.question import MATCHES, asked
    from sortclient.showing import show_results

    with open_catalog() as catalog:
        known = check_album(catalog, album)
        question = asked(
            known, any_of=any_of or (), all_of=all_of or (), only=only or (), none=none, since=since, until=until
        )
        if every and question != MATCHES:
            raise InputError(f"--every prints all files, {question} some of them. Say one of the two.")
        show_results(known, form.value, question, every=every)


@app.command()
def undo(
    album: options.AlbumArgument = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the files that would be removed; remove nothing.")
    ] = False,
) -> None:
    """Remove what the last sync of an album added, where nobody has changed it since; said again, what the sync before
    added.

    `sort`, `upload`, `tune` and the others that bring matches sync, too.

    sortclient undo Images
    """
    from sortclient.showing import show_undo

    with held_album(album) as (_, known):
        raise typer.Exit(show_undo(known, dry_run=dry_run))


def _stack_with(
    catalog: Catalog, album: str | None, profile: str | None, region: str | None, stack: str
) -> AwsComparer:
    """The stack, for an album that this machine does not know and that the stack may have."""
    from sortclient.aws.failures import AwsError
    from sortclient.names import nearest

    try:
        return open_stack(profile, region, stack)
    except AwsError as error:
        if album is None:
            raise
        here = nearest(album, catalog.album_names())
        raise InputError(
            f"There is no album '{album}' on this machine. {here} The cloud was not asked: {error}"
        ) from error
