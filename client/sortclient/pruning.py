"""Pruning: what is remembered and kept of photos that have left the folder goes, here and in the cloud."""

from __future__ import annotations

from sortclient.album import Album
from sortclient.comparer import Comparer, Pruned
from sortclient.ledger import counted
from sortclient.progress import Progress


def prune(album: Album, comparer: Comparer, progress: Progress) -> bool:
    """Remove what belongs to photos that the album had and has no longer; returns False where that cannot be told.

    What this machine never had is not touched: another one may have sent it. After comparing only: until every file was
    read, an object in the cloud may be the one of a file that was not.
    """
    if reason := _doubt(album):
        progress.tell(f"Nothing was pruned: {reason}, so nobody knows whether the others are gone.")
        return False
    removed = Pruned()
    progress.stage("pruning")
    for step in comparer.prune(album.name, album.digests_gone()):
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


def _doubt(album: Album) -> str:
    """Why photos that the scan did not find may be there all the same; empty where they are gone."""
    if not album.digests():
        return "no photo is left in the folder"
    if unreached := album.unreached():
        return f"{counted(unreached, 'file')} could not be read"
    if hidden := album.behind_links():
        return f"{counted(hidden, 'file')} lay behind links that are not followed now"
    return ""
