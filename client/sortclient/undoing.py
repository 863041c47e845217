"""Taking back what the last sync added, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from sortclient.album import Album
from sortclient.copies import Manifest
from sortclient.errors import InputError
from sortclient.placing import fate_of, take_away


@dataclass(slots=True)
class Undone:
    """What became of the files that a sync had added."""

    removed: int = 0
    kept: int = 0  # changed by somebody since
    last: int = 0  # their photos are gone, and these copies may be the last: they stay
    gone: int = 0  # already


def last_manifest(album: Album) -> Manifest:
    manifest = album.last_manifest()
    if manifest is None:
        raise InputError(f"There is nothing to undo: no sync of album '{album.name}' has added what is known still.")
    return manifest


def removable(album: Album, manifest: Manifest) -> Iterator[Path]:
    """The files that ``undo`` would remove, in order."""
    for (_, path), copy in sorted(manifest.added.items()):
        if fate_of(manifest.out, copy, album.entry(path)) == "removed":
            yield manifest.out / copy.target


def undo(album: Album, manifest: Manifest) -> Undone:
    """Remove what the sync added and nobody has changed since. Stopped early, the same call goes on there.

    OSError of a file that cannot be removed goes through: it is known still.
    """
    done = Undone()
    for key, copy in sorted(manifest.added.items()):
        fate = take_away(manifest.out, copy, album.entry(key[1]))
        setattr(done, fate, getattr(done, fate) + 1)
        if fate == "last":  # it stays the album's, and no sync's any more
            album.put_synced(manifest.out, *key, replace(copy, sync=0))
        else:
            album.drop_synced(manifest.out, *key)
        album.save()
    return done
