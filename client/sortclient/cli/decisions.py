"""`tune` and `correct`: what a person decides after comparing."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from photosort.stack import DEFAULT_STACK_NAME
from sortclient.cli import options
from sortclient.cli.app import app
from sortclient.cli.opening import elsewhere_of, held_album
from sortclient.errors import InputError


@app.command()
def tune(
    album: options.AlbumArgument = None,
    person: options.Person = None,
    threshold: Annotated[
        float | None,
        typer.Option("--threshold", metavar="N", help="Least similarity of a match from now on, in per cent."),
    ] = None,
    reset: Annotated[bool, typer.Option("--reset", help="Give --person the album's threshold again.")] = False,
    show: Annotated[bool, typer.Option("--show", help="Print how many matches each threshold would give.")] = False,
    suggest: Annotated[
        bool,
        typer.Option(
            "--suggest",
            help="Propose a threshold, from ten photos that `correct` was told --is of, and ten with --is-not.",
        ),
    ] = False,
    profile: options.Profile = None,
    region: options.Region = None,
    stack: options.Stack = DEFAULT_STACK_NAME,
) -> None:
    """Move the threshold of an album or of one person: the matches follow, nothing is compared again.

    sortclient tune Images --show

    sortclient tune Images --person Ana --threshold 85
    """
    from sortclient.deciding import check_threshold, own_thresholds, set_threshold
    from sortclient.later import catch_up, synchronise
    from sortclient.names import check_person
    from sortclient.outputs import OutputWish, output_of
    from sortclient.showing import show_curves, show_left_behind, show_suggestion
    from sortclient.tuning import curves

    if [threshold is not None, reset, show, suggest].count(True) != 1:
        raise InputError("Say one of --threshold N, --reset, --show and --suggest.")
    if reset and person is None:
        raise InputError("--reset gives a person the album's threshold: say whom with --person NAME.")
    if threshold is not None:
        threshold = check_threshold(threshold)
    with held_album(album) as (catalog, known):
        person = None if person is None else check_person(known, person)
        if show:
            show_curves(curves(known, person))
        elif suggest:
            show_suggestion(known, person)
        else:
            output_of(known, OutputWish())  # what it refuses is refused before anything is decided
            elsewhere, fetch, comparer = elsewhere_of(known, profile, region, stack)
            if comparer is not None:
                known = catch_up(catalog, comparer, known.name, known)
            set_threshold(known, threshold, person)
            if person is None and (line := own_thresholds(known)):
                sys.stderr.write(f"{line}\n")
            status = synchronise(known, elsewhere, OutputWish(), fetch)
            show_left_behind(known)
            raise typer.Exit(status)


@app.command()
def correct(
    album: Annotated[str, typer.Argument(metavar="ALBUM", help="The album.")],
    photos: Annotated[
        list[str],
        typer.Argument(
            metavar="PHOTO...",
            help="Photos, as `results` names them, or their files or copies. Before names that begin with a dash: --",
        ),
    ],
    person: Annotated[str, typer.Option("--person", metavar="NAME", help="Who is meant.")],
    is_person: Annotated[bool, typer.Option("--is", help="The person is in these photos.")] = False,
    is_not: Annotated[bool, typer.Option("--is-not", help="The person is not.")] = False,
    forget: Annotated[bool, typer.Option("--forget", help="Take back what was said: similarities decide.")] = False,
) -> None:
    """Say who is in a photo, or is not: it holds for the photo's bytes, in later runs and at every threshold.

    sortclient correct Images 2019/beach.jpg --person Ana --is-not
    """
    from sortclient.deciding import correct as say
    from sortclient.later import after_correction
    from sortclient.showing import show_left_behind

    if [is_person, is_not, forget].count(True) != 1:
        raise InputError("Say one of --is, --is-not and --forget.")
    with held_album(album) as (_, known):
        entries = say(known, photos, person, None if forget else is_person)
        status = after_correction(known, entries)
        show_left_behind(known)
        raise typer.Exit(status)
