"""`people`: who is looked for in an album."""

from __future__ import annotations

from typing import Annotated

import typer

from photosort.stack import DEFAULT_STACK_NAME
from sortclient.cli import options
from sortclient.cli.app import people
from sortclient.cli.opening import elsewhere_of, held_album
from sortclient.cli.options import Format
from sortclient.cli.runs import run_as_known

Name = Annotated[str, typer.Argument(metavar="NAME", help="The person.")]


@people.command("list")
def list_(album: options.AlbumArgument = None, form: options.Form = Format.TABLE) -> None:
    """Print the people of an album, with their headshots, thresholds and matches.

    sortclient people Images
    """
    from sortclient.catalog import open_catalog
    from sortclient.names import check_album
    from sortclient.showing import show_people

    with open_catalog() as catalog:
        show_people(check_album(catalog, album), form.value)


@people.command()
def add(
    album: options.AlbumArgument = None,
    ref: options.Ref = None,
    people: options.People = None,
    yes: options.Yes = False,
    max_spend: options.MaxSpend = None,
    dry_run: options.DryRun = False,
    profile: options.Profile = None,
    region: options.Region = None,
    stack: options.Stack = DEFAULT_STACK_NAME,
) -> None:
    """Add people to an album, or headshots to those that people have: they are compared with the photos that are known.

    The folder is not looked through for new photos: that is `sort` or `upload`.

    sortclient people add Images --ref Ana=ana.jpg
    """
    from sortclient.catalog import open_catalog
    from sortclient.names import check_album
    from sortclient.outputs import OutputWish
    from sortclient.run import Wishes, addition_to

    with open_catalog() as catalog:
        known = check_album(catalog, album)
        order = addition_to(known, ref or [], people)
        place = known.place
    wishes = Wishes.checked(order, OutputWish(), None, yes=yes, max_spend=max_spend)
    raise typer.Exit(run_as_known(order, wishes, place, profile, region, stack, dry_run=dry_run))


@people.command()
def rename(
    name: Name,
    new: Annotated[str, typer.Argument(metavar="NEW", help="What they are called from now on.")],
    album: options.AlbumArgument = None,
    profile: options.Profile = None,
    region: options.Region = None,
    stack: options.Stack = DEFAULT_STACK_NAME,
) -> None:
    """Call a person by another name. Nothing is compared, or paid for, again.

    Where the cloud is comparing, it waits 45 seconds for what is on its way under the old name.

    sortclient people rename me Ana Images
    """
    from sortclient.later import synchronise
    from sortclient.outputs import OutputWish, output_of
    from sortclient.people import check_rename
    from sortclient.people import rename as rename_person
    from sortclient.showing import show_left_behind

    with held_album(album) as (_, known):
        person, new = check_rename(known, name, new)
        output_of(known, OutputWish())  # what it refuses is refused before anybody has another name
        elsewhere, fetch, _ = elsewhere_of(known, profile, region, stack)
        rename_person(known, person, new, elsewhere)
        status = synchronise(known, elsewhere, OutputWish(), fetch)
        show_left_behind(known)
        raise typer.Exit(status)


@people.command()
def remove(
    name: Name,
    album: options.AlbumArgument = None,
    profile: options.Profile = None,
    region: options.Region = None,
    stack: options.Stack = DEFAULT_STACK_NAME,
) -> None:
    """Remove a person: headshots, comparisons, corrections and copies of matches, here and in the cloud.

    Copies that somebody has changed stay, and those whose photos are gone. Nothing is asked first. Where the cloud is
    comparing, it waits 45 seconds for what is on its way.

    sortclient people remove Ana Images
    """
    from sortclient.later import synchronise
    from sortclient.names import check_person
    from sortclient.outputs import OutputWish, outputs
    from sortclient.people import remove as remove_person
    from sortclient.showing import show_removed

    with held_album(album) as (_, known):
        person = check_person(known, name)
        elsewhere, fetch, _ = elsewhere_of(known, profile, region, stack)
        show_removed(person, *remove_person(known, person, elsewhere))
        if known.people() and any(output.xmp for output in outputs(known)):
            # Sidecars beside other people's copies name whoever was in the photo.
            raise typer.Exit(synchronise(known, elsewhere, OutputWish(), fetch))
