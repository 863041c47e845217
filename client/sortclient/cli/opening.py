"""What commands open before their work: the catalog, an album that nobody else works on, and its place."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sortclient.album import Album
    from sortclient.aws.comparer import AwsComparer
    from sortclient.catalog import Catalog
    from sortclient.comparer import Elsewhere
    from sortclient.filling import Fetch
    from sortclient.sorting import Place


def open_stack(profile: str | None, region: str | None, stack: str) -> AwsComparer:
    from sortclient.aws.comparer import AwsComparer
    from sortclient.aws.session import open_session
    from sortclient.aws.stack import find_stack

    session = open_session(profile, region)
    return AwsComparer(session, find_stack(session, stack))


def stack_of(album: str, place: str, profile: str | None, region: str | None, stack: str) -> AwsComparer:
    """The stack, for an album of ``place``: who looks in a wrong region must not be left with the advice to deploy."""
    from sortclient.aws.failures import Missing

    try:
        return open_stack(profile, region, stack)
    except Missing as error:
        raise Missing(f"{error} Album '{album}' is in {place}.") from error


def stack_or_nobody(profile: str | None, region: str | None, stack: str) -> Place:
    """The stack; where it cannot be had, a line and a stand-in: a person may ask for the price before having one."""
    from sortclient.aws.failures import AwsError

    try:
        return open_stack(profile, region, stack)
    except AwsError as error:
        sys.stderr.write(f"The stack was not looked at. {error}\n")
        return unasked()


def unasked() -> Place:
    from photosort.comparison import REKOGNITION
    from sortclient.rehearsal import Unasked

    return Unasked(REKOGNITION)


def elsewhere_of(
    album: Album, profile: str | None, region: str | None, stack: str
) -> tuple[Elsewhere, Fetch | None, AwsComparer | None]:
    """What the album has outside of this machine, and how to fetch a photo's copy from there."""
    from sortclient.comparer import THIS_MACHINE, NothingElsewhere
    from sortclient.later import check_place

    if album.place == THIS_MACHINE:
        return NothingElsewhere(), None, None
    comparer = stack_of(album.name, album.place, profile, region, stack)
    check_place(album, comparer)
    return comparer, comparer.fetcher(album.name), comparer


@contextmanager
def held_album(name: str | None) -> Iterator[tuple[Catalog, Album]]:
    """The album of that name, without one the album used last, which nobody else works on meanwhile."""
    from sortclient.catalog import open_catalog
    from sortclient.folders import data_folder
    from sortclient.holding import hold
    from sortclient.names import check_album

    with open_catalog() as catalog:
        album = check_album(catalog, name)
        with hold(data_folder(), album.name):
            yield catalog, album
