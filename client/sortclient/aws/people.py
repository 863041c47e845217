"""Renaming and removing a person in the cloud. Each step finds what is left to do: a stopped call can be made again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from photosort.chunks import chunks
from photosort.comparison import Comparison
from photosort.keys import HeadshotKey
from sortclient.aws.cells import Cells
from sortclient.aws.decisions import Corrections
from sortclient.aws.objects import DELETED_AT_ONCE, Objects
from sortclient.comparer import Pruned


def rename(
    objects: Objects,
    cells: Cells,
    corrections: Corrections,
    album: str,
    old: str,
    new: str,
    known: Callable[[str], Sequence[Comparison]],
) -> None:
    """Everything of ``old`` stands under ``new`` afterwards, with what ``new`` may have already.

    No cell names a person, so all of them stand. S3 announces the copied headshots like new ones: that costs two items
    read a photo, and nothing is compared, as the verdicts that are ``known`` (of a photo's digest, with the person's
    headshots) are put back before: those there may have expired. What matches in between may be copied for the old
    name, so matches come last.
    """
    if old == new:
        return
    cells.rename_in_thresholds(album, old, new)
    headshots = [HeadshotKey(album, old, shot.digest) for shot in objects.people(album, person=old)]
    for photos in objects.photos(album) if headshots else ():
        cells.put(album, (cell for photo in photos for cell in known(photo)), objects.retention_days)
    objects.copy((key, replace(key, person=new)) for key in headshots)
    objects.remove(headshots)
    corrections.put(album, (replace(said, person=new) for said in corrections.all(album, old)))
    corrections.remove(album, old)
    for matches in chunks(objects.matches(album, old), DELETED_AT_ONCE):
        objects.copy((key, replace(key, person=new)) for key in matches)
        objects.remove(matches)


def remove(
    objects: Objects, cells: Cells, corrections: Corrections, album: str, person: str, headshots: Collection[str]
) -> Pruned:
    """Remove all that the cloud holds of the person, and return what that was. ``headshots`` are the digests that the
    person is known to have: those whose objects have expired, or went before a call was stopped, have cells still.

    Headshots go first: queued work then finds them gone, and writes no cell. A picture that another person has too
    keeps its cells, which are that one's.
    """
    shots = objects.people(album)
    own = {shot.digest for shot in shots if shot.person == person} | set(headshots)
    others = {shot.digest for shot in shots if shot.person != person}
    objects.remove(HeadshotKey(album, shot.person, shot.digest) for shot in shots if shot.person == person)
    removed = cells.remove_headshots(album, own - others)
    corrections.remove(album, person)
    cells.rename_in_thresholds(album, person, None)
    matches = 0
    for copies in chunks(objects.matches(album, person), DELETED_AT_ONCE):
        objects.remove(copies)
        matches += len(copies)
    return Pruned(matches=matches, cells=removed)
