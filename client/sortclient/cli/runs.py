"""`upload` and `sort`: the whole job, with AWS or on this machine; and `retry`, what is left of it."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

import typer

from photosort.stack import DEFAULT_STACK_NAME
from sortclient.cli import options
from sortclient.cli.app import app
from sortclient.cli.opening import held_album, open_stack, stack_of, stack_or_nobody, unasked

if TYPE_CHECKING:
    from sortclient.run import Wishes
    from sortclient.sorting import Order


@app.command()
def upload(
    folder: options.Folder,
    ref: options.RefFromNowOn = None,
    people: options.PeopleFromNowOn = None,
    album: options.AlbumName = None,
    out: options.Out = None,
    layout: options.Layout = None,
    link: options.LinkForm = None,
    xmp: options.Xmp = None,
    threshold: options.Threshold = None,
    ledger: options.LedgerFile = None,
    include: options.Include = None,
    exclude: options.Exclude = None,
    follow_links: options.FollowLinks = False,
    moved: options.Moved = False,
    originals: options.Originals = False,
    no_wait: options.NoWait = False,
    yes: options.Yes = False,
    max_spend: options.MaxSpend = None,
    prune: options.Prune = False,
    dry_run: options.DryRun = False,
    emulate: Annotated[
        bool,
        typer.Option(
            "--emulate",
            help="Against an emulated AWS on this machine, for this one command: of the album nothing is remembered"
            " after it. For several commands see `sortclient emulator`.",
        ),
    ] = False,
    profile: options.Profile = None,
    region: options.Region = None,
    stack: options.Stack = DEFAULT_STACK_NAME,
) -> None:
    """Sort a folder with AWS: upload small copies, compare them there, bring the matches to --out.

    sortclient upload ./Images --ref me.jpg
    """
    from sortclient.outputs import OutputWish
    from sortclient.photos.selection import Selection
    from sortclient.run import Wishes, order_of, run

    order = order_of(
        folder,
        ref or [],
        people,
        album,
        threshold,
        originals=originals,
        wait=not no_wait,
        selection=Selection(tuple(include or ()), tuple(exclude or ()), follow_links),
        moved=moved,
    )
    output = OutputWish(out, layout, link, xmp)
    wishes = Wishes.checked(order, output, ledger, yes=yes, max_spend=max_spend, prune=prune, emulated=emulate)
    if dry_run:
        from sortclient.rehearsal import dry_run as rehearse

        raise typer.Exit(rehearse(order, wishes, unasked() if emulate else stack_or_nobody(profile, region, stack)))
    with ExitStack() as stays:
        if emulate:
            from sortclient.emulator.child import emulated_aws

            # From here on this process is a client like any other: only addresses and the catalog's place differ.
            os.environ.update(stays.enter_context(emulated_aws()))
            profile, region, stack = None, None, DEFAULT_STACK_NAME
        comparer = open_stack(profile, region, stack)
        raise typer.Exit(run(order, wishes, comparer, fetch=comparer.fetcher(order.album)))


@app.command()
def sort(
    folder: options.Folder,
    ref: options.RefFromNowOn = None,
    people: options.PeopleFromNowOn = None,
    album: options.AlbumName = None,
    out: options.Out = None,
    layout: options.Layout = None,
    link: options.LinkForm = None,
    xmp: options.Xmp = None,
    threshold: options.Threshold = None,
    ledger: options.LedgerFile = None,
    include: options.Include = None,
    exclude: options.Exclude = None,
    follow_links: options.FollowLinks = False,
    moved: options.Moved = False,
    prune: options.Prune = False,
    dry_run: options.DryRun = False,
) -> None:
    """Sort a folder on this machine: nothing is uploaded, nothing is charged.

    sortclient sort ./Images --ref me.jpg
    """
    from sortclient.faces.comparer import LocalComparer
    from sortclient.outputs import OutputWish
    from sortclient.photos.selection import Selection
    from sortclient.run import Wishes, order_of, run

    selection = Selection(tuple(include or ()), tuple(exclude or ()), follow_links)
    order = order_of(folder, ref or [], people, album, threshold, selection=selection, moved=moved)
    wishes = Wishes.checked(order, OutputWish(out, layout, link, xmp), ledger, prune=prune)
    if dry_run:
        from sortclient.rehearsal import Unasked
        from sortclient.rehearsal import dry_run as rehearse

        raise typer.Exit(rehearse(order, wishes, Unasked(LocalComparer.engine, LocalComparer.place)))
    with LocalComparer() as comparer:
        raise typer.Exit(run(order, wishes, comparer))


@app.command()
def retry(
    album: options.AlbumArgument = None,
    originals: options.Originals = False,
    no_wait: options.NoWait = False,
    yes: options.Yes = False,
    max_spend: options.MaxSpend = None,
    dry_run: options.DryRun = False,
    profile: options.Profile = None,
    region: options.Region = None,
    stack: options.Stack = DEFAULT_STACK_NAME,
) -> None:
    """Ask again for what failed or is missing of an album.

    The folder is not looked through: that is `sort` or `upload`. Photos that have expired in the cloud are sent again,
    as they were (with --originals where they were uploaded so).

    sortclient retry Images
    """
    from sortclient.catalog import open_catalog
    from sortclient.names import check_album
    from sortclient.outputs import OutputWish
    from sortclient.run import Wishes, rest_of

    with open_catalog() as catalog:
        known = check_album(catalog, album)
        order = rest_of(known, originals=originals, wait=not no_wait)
        place = known.place
    wishes = Wishes.checked(order, OutputWish(), None, yes=yes, max_spend=max_spend)
    raise typer.Exit(run_as_known(order, wishes, place, profile, region, stack, dry_run=dry_run))


def run_as_known(
    order: Order,
    wishes: Wishes,
    place: str,
    profile: str | None,
    region: str | None,
    stack: str,
    *,
    dry_run: bool,
) -> int:
    """Do what is ordered of an album that is compared in ``place``, or say what that would be; the exit status."""
    from sortclient.faces.comparer import LocalComparer
    from sortclient.later import catch_up
    from sortclient.run import run

    here = place == LocalComparer.place
    if dry_run:
        from sortclient.rehearsal import Unasked
        from sortclient.rehearsal import dry_run as rehearse

        where = Unasked(LocalComparer.engine, place) if here else stack_or_nobody(profile, region, stack)
        return rehearse(order, wishes, where)
    if here:
        with LocalComparer() as local:
            return run(order, wishes, local)
    comparer = stack_of(order.album, place, profile, region, stack)
    with held_album(order.album) as (catalog, known):
        catch_up(catalog, comparer, known.name, known)  # what has come meanwhile is neither asked for nor quoted
    return run(order, wishes, comparer, fetch=comparer.fetcher(order.album))
