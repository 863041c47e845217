"""Removing from the cloud what belongs to photos that an album has no longer."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from photosort.chunks import chunks
from photosort.keys import PhotoKey
from sortclient.aws.cells import Cells
from sortclient.aws.objects import DELETED_AT_ONCE, Objects
from sortclient.comparer import Pruned

_CELLS_AT_ONCE = 500


def prune(objects: Objects, cells: Cells, album: str, gone: Collection[bytes]) -> Iterator[Pruned]:
    """Photos first: work that is still queued for one finds it gone and writes no cell. What expires is left to that.

    Each part is found by listing it anew, so what a stopped run left is found by the next one.
    """
    for photos in objects.photos(album):
        keys = [PhotoKey(album, photo) for photo in photos if bytes.fromhex(photo) in gone]
        objects.remove(keys)
        yield Pruned(photos=len(keys))
    matches = (match for match in objects.matches(album) if bytes.fromhex(match.digest) in gone)
    for batch in chunks(matches, DELETED_AT_ONCE):
        objects.remove(batch)
        yield Pruned(matches=len(batch))
    left = (
        (comparison.headshot, comparison.photo)
        for comparison in cells.all(album)
        if bytes.fromhex(comparison.photo) in gone
    )
    for some in chunks(left, _CELLS_AT_ONCE):
        cells.remove(album, some)
        yield Pruned(cells=len(some))
