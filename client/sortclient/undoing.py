"""Taking back what the last sync added, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from sortclient.album import Album
from sortclient.copies import Manifest, Synced
from sortclient.errors import InputError
from sortclient.model import Entry
from sortclient.placing import Fate, fate_of, take_away, unchanged


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
        if _fate(manifest, copy, album.entry(path)) == "removed":
            yield manifest.out / copy.target


def undo(album: Album, manifest: Manifest) -> Undone:
    """Remove what the sync added and nobody has changed since. Stopped early, the same call goes on there.

    OSError of a file that cannot be removed goes through: it is known still.
    """
    done = Undone()
    for key, copy in sorted(manifest.added.items()):
        entry = album.entry(key[1])
        fate = _fate(manifest, copy, entry)
        if fate in ("removed", "gone"):
            take_away(manifest.out, copy, entry)
        setattr(done, fate, getattr(done, fate) + 1)
        if fate == "last":  # it stays the album's, and no sync's any more
            album.put_synced(manifest.out, *key, replace(copy, sync=0))
        else:
            album.drop_synced(manifest.out, *key)
        album.save()
    return done


def _fate(manifest: Manifest, copy: Synced, entry: Entry | None) -> Fate:
    """As a sync would decide; and where another picture stands under the photo's name by now, this may be the last."""
    fate = fate_of(manifest.out, copy, entry)
    replaced = entry is not None and entry.file is not None and unchanged(entry.file) is None
    return "last" if fate == "removed" and replaced else fate
