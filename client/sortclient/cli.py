"""The command `sortclient`. Commands only read their options and call the use cases; heavy imports wait until then."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import ExitStack
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from photosort.stack import DEFAULT_STACK_NAME
from sortclient.errors import InputError, SortError, Stopped

if TYPE_CHECKING:
    from sortclient.album import Album
    from sortclient.aws.comparer import AwsComparer
    from sortclient.catalog import Catalog
    from sortclient.sorting import Place


class _Commands(TyperGroup):
    """All commands. Ctrl-C gets its line here: above, Typer would end the program without a word."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as interrupt:
            raise Stopped from interrupt


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


class Format(StrEnum):
    TABLE = "table"
    CSV = "csv"
    JSON = "json"


Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="The folder with the photos.")]
AlbumArgument = Annotated[
    str | None, typer.Argument(metavar="[ALBUM]", help="The album; the one used last if left out.")
]
Ref = Annotated[
    list[str] | None,
    typer.Option("--ref", metavar="[NAME=]FILE", help="A headshot of a person to look for. Can be repeated."),
]
AlbumName = Annotated[str | None, typer.Option("--album", help="Name of the album.  [default: the folder's name]")]
Out = Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Where the matches go.  [default: Matches]")]
Layout = Annotated[
    str | None,
    typer.Option("--layout", metavar="TEMPLATE", help="Path of a match below --out.  [default: {person}/{path}]"),
]
Threshold = Annotated[
    float | None,
    typer.Option("--threshold", min=0, max=100, help="Least similarity of a match, in per cent.  [default: 80]"),
]
LedgerFile = Annotated[
    Path | None, typer.Option("--ledger", metavar="FILE.csv|FILE.json", help="Write every file with its outcome.")
]
Include = Annotated[
    list[str] | None,
    typer.Option("--include", metavar="GLOB", help="Only files like this: '*.jpg', '2019/'. Can be repeated."),
]
Exclude = Annotated[
    list[str] | None,
    typer.Option("--exclude", metavar="GLOB", help="No files or folders like this; goes before --include."),
]
FollowLinks = Annotated[bool, typer.Option("--follow-links", help="Enter folders that links lead to.")]
Moved = Annotated[bool, typer.Option("--moved", help="The album's folder was elsewhere until now.")]
Prune = Annotated[bool, typer.Option("--prune", help="Remove what is kept of photos that are no longer in the folder.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Say what would be done and what it costs at most; do nothing.")
]
Profile = Annotated[str | None, typer.Option("--profile", help="Profile of the AWS configuration.")]
Region = Annotated[str | None, typer.Option("--region", help="AWS region.  [default: the profile's, else us-west-1]")]
Stack = Annotated[str, typer.Option("--stack", help="Name of the deployed stack.")]


@app.command()
def upload(
    folder: Folder,
    ref: Ref = None,
    album: AlbumName = None,
    out: Out = None,
    layout: Layout = None,
    threshold: Threshold = None,
    ledger: LedgerFile = None,
    include: Include = None,
    exclude: Exclude = None,
    follow_links: FollowLinks = False,
    moved: Moved = False,
    originals: Annotated[bool, typer.Option("--originals", help="Upload the files as they are (up to 15 MB).")] = False,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Return after uploading; see `sync`.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask about the cost.")] = False,
    max_spend: Annotated[
        float | None, typer.Option("--max-spend", metavar="USD", help="Do not begin a run that could cost more.")
    ] = None,
    prune: Prune = False,
    dry_run: DryRun = False,
    emulate: Annotated[bool, typer.Option("--emulate", help="Against an emulated AWS on this machine.")] = False,
    profile: Profile = None,
    region: Region = None,
    stack: Stack = DEFAULT_STACK_NAME,
) -> None:
    """Sort a folder with AWS: upload small copies, compare them there, bring the matches to --out.

    sortclient upload ./Images --ref me.jpg
    """
    from sortclient.photos.selection import Selection
    from sortclient.run import Wishes, order_of, run

    selection = Selection(tuple(include or ()), tuple(exclude or ()), follow_links)
    order = order_of(
        folder,
        ref or [],
        album,
        threshold,
        originals=originals,
        wait=not no_wait,
        selection=selection,
        moved=moved,
    )
    wishes = Wishes.checked(order, out, layout, ledger, yes=yes, max_spend=max_spend, prune=prune, emulated=emulate)
    if dry_run:
        from sortclient.rehearsal import dry_run as rehearse

        raise typer.Exit(rehearse(order, wishes, _unasked() if emulate else _place(profile, region, stack)))
    with ExitStack() as stays:
        if emulate:
            from sortclient.emulator.child import emulated_aws

            # From here on this process is a client like any other: only addresses and the catalog's place differ.
            os.environ.update(stays.enter_context(emulated_aws()))
            profile, region, stack = None, None, DEFAULT_STACK_NAME
        comparer = _aws(profile, region, stack)
        raise typer.Exit(run(order, wishes, comparer, fetch=comparer.fetcher(order.album)))


@app.command()
def sort(
    folder: Folder,
    ref: Ref = None,
    album: AlbumName = None,
    out: Out = None,
    layout: Layout = None,
    threshold: Threshold = None,
    ledger: LedgerFile = None,
    include: Include = None,
    exclude: Exclude = None,
    follow_links: FollowLinks = False,
    moved: Moved = False,
    prune: Prune = False,
    dry_run: DryRun = False,
) -> None:
    """Sort a folder on this machine: nothing is uploaded, nothing is charged.

    sortclient sort ./Images --ref me.jpg
    """
    from sortclient.faces.comparer import LocalComparer
    from sortclient.photos.selection import Selection
    from sortclient.run import Wishes, order_of, run

    selection = Selection(tuple(include or ()), tuple(exclude or ()), follow_links)
    order = order_of(folder, ref or [], album, threshold, selection=selection, moved=moved)
    wishes = Wishes.checked(order, out, layout, ledger, prune=prune)
    if dry_run:
        from sortclient.rehearsal import Unasked
        from sortclient.rehearsal import dry_run as rehearse

        raise typer.Exit(rehearse(order, wishes, Unasked(LocalComparer.engine, LocalComparer.place)))
    with LocalComparer() as comparer:
        raise typer.Exit(run(order, wishes, comparer))


@app.command()
def sync(
    album: AlbumArgument = None,
    out: Out = None,
    layout: Layout = None,
    profile: Profile = None,
    region: Region = None,
    stack: Stack = DEFAULT_STACK_NAME,
) -> None:
    """Bring the matches of an album to --out, and take away those that are none any more.

    sortclient sync Images --out ./Matches
    """
    from sortclient.comparer import THIS_MACHINE
    from sortclient.folders import data_folder
    from sortclient.holding import hold
    from sortclient.later import catch_up, synchronise

    with _catalog() as catalog, ExitStack() as held:
        known = catalog.find_album(album)
        held.enter_context(hold(data_folder(), known.name if known else album or ""))
        comparer = None
        if known is None or known.place != THIS_MACHINE:
            comparer = _aws(profile, region, stack)
            known = catch_up(catalog, comparer, album, known)
        raise typer.Exit(synchronise(known, out, layout, comparer.fetcher(known.name) if comparer else None))


@app.command()
def status(
    album: AlbumArgument = None, profile: Profile = None, region: Region = None, stack: Stack = DEFAULT_STACK_NAME
) -> None:
    """Counts of an album, and what is still waiting in the cloud."""
    from sortclient.comparer import THIS_MACHINE
    from sortclient.folders import data_folder
    from sortclient.holding import Held, hold
    from sortclient.later import catch_up, show_status

    with _catalog() as catalog:
        known = _known(catalog, album)
        backlog = None
        if known.place != THIS_MACHINE:
            comparer = _aws(profile, region, stack)
            try:
                with hold(data_folder(), known.name):
                    known = catch_up(catalog, comparer, album, known)
            except Held as held:  # by the run that follows the cloud: what it has seen is in the catalog
                typer.echo(f"The counts so far of what is being done {held.holder}", err=True)
            backlog = comparer.queues.backlog()
        raise typer.Exit(show_status(known, backlog))


@app.command()
def results(
    album: AlbumArgument = None,
    form: Annotated[Format, typer.Option("--format", help="How to print them.")] = Format.TABLE,
    every: Annotated[bool, typer.Option("--every", help="Every file with its outcome, not only the matches.")] = False,
) -> None:
    """Print the matches of an album, from what this machine remembers."""
    from sortclient.later import show_results

    with _catalog() as catalog:
        show_results(_known(catalog, album), form.value, every=every)


@app.command()
def doctor(profile: Profile = None, region: Region = None, stack: Stack = DEFAULT_STACK_NAME) -> None:
    """Check credentials, region, stack, permissions and quotas: a line each, with what to do."""
    from sortclient.aws.doctor import diagnose

    healthy = True
    for finding in diagnose(profile, region, stack):
        mark = {True: "ok", False: "PROBLEM", None: "skipped"}[finding.ok]
        advice = f" -> {finding.advice}" if finding.advice else ""
        typer.echo(f"{mark:8}{finding.name}: {finding.detail}{advice}")
        healthy = healthy and finding.ok is not False
    raise typer.Exit(0 if healthy else 1)


@app.command()
def emulator(
    port: Annotated[int | None, typer.Option("--port", help="Port of the emulated AWS.  [default: a free one]")] = None,
) -> None:
    """Run the emulated AWS by itself, printing the environment that attaches to it; Ctrl-C ends it."""
    from sortclient.emulator.main import run

    run(port)


def _aws(profile: str | None, region: str | None, stack: str) -> AwsComparer:
    from sortclient.aws.comparer import AwsComparer
    from sortclient.aws.session import open_session
    from sortclient.aws.stack import find_stack

    session = open_session(profile, region)
    return AwsComparer(session, find_stack(session, stack))


def _place(profile: str | None, region: str | None, stack: str) -> Place:
    """The stack; where it cannot be had, a line and a stand-in: a person may ask for the price before having one."""
    from sortclient.aws.failures import AwsError

    try:
        return _aws(profile, region, stack)
    except AwsError as error:
        sys.stderr.write(f"The stack was not looked at. {error}\n")
        return _unasked()


def _unasked() -> Place:
    from photosort.comparison import REKOGNITION
    from sortclient.rehearsal import Unasked

    return Unasked(REKOGNITION)


def _catalog() -> Catalog:
    from sortclient.catalog import open_catalog

    return open_catalog()


def _known(catalog: Catalog, name: str | None) -> Album:
    album = catalog.find_album(name)
    if album is None:
        names = ", ".join(catalog.album_names())
        known = f"Known are: {names}." if names else "Sort a folder first: sortclient sort FOLDER --ref FILE."
        raise InputError(f"There is no album '{name}'. {known}" if name else f"There is no album yet. {known}")
    return album


def main() -> None:
    """Run the command; the one place where errors become an exit status and a line."""
    # The end of a terminal or of a machine is a Ctrl-C too: processes are ended, and what is done is kept.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # Names of files are printed whatever the terminal's encoding.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        try:
            app()
        finally:
            sys.stdout.flush()  # at exit it would be too late for a line and a status
    except SortError as error:
        sys.stderr.write(f"sortclient: {error}\n")
        sys.exit(error.exit_code)
    except OSError as error:  # of stdout: a full disk, say
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what waits would be tried again at exit
        sys.stderr.write(f"sortclient: {error.filename or 'standard output'}: {error.strerror or error}\n")
        sys.exit(1)
