"""Pruning: what is remembered and kept of photos that have left the folder goes, here and in the cloud."""

from __future__ import annotations

from sortclient.album import Album
from sortclient.comparer import Comparer, Pruned
from sortclient.ledger import counted
from sortclient.progress import Progress


def prune(album: Album, comparer: Comparer, progress: Progress) -> bool:
    """Remove what belongs to no photo of the album as it was scanned; returns False where that cannot be told.

    After comparing only: until every file was read, an object in the cloud may be the one of a file that was not.
    """
    keep = album.digests()
    unreached = album.unreached()
    if not keep or unreached:
        reason = f"{counted(unreached, 'file')} could not be read" if unreached else "no photo is left in the folder"
        progress.tell(f"Nothing was pruned: {reason}, so nobody knows whether the others are gone.")
        return False
    removed = Pruned()
    progress.stage("pruning")
    for step in comparer.prune(album.name, keep):
        removed += step
        progress.stage("pruning", removed.photos + removed.matches + removed.cells)
    forgotten = album.forget_gone()
    album.save()
    cloud = (
        f"; in the cloud {counted(removed.photos, 'photo')}, {counted(removed.matches, 'copy', 'copies')} of matches, "
        f"{counted(removed.cells, 'comparison')}"
    )
    progress.tell(f"Pruned: {counted(forgotten, 'comparison')} here{'' if removed == Pruned() else cloud}")
    return True
