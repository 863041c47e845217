"""Taking back what the last sync added, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sortclient.album import Album
from sortclient.copies import Key, Manifest, Synced
from sortclient.errors import InputError
from sortclient.placing import state_of, take_away


@dataclass(slots=True)
class Undone:
    """What became of the files that a sync had added."""

    removed: int = 0
    changed: int = 0  # by somebody since: they stay
    last: int = 0  # their photos are gone, and these copies may be the last: they stay
    gone: int = 0  # already


def last_manifest(album: Album) -> Manifest:
    manifest = album.last_manifest()
    if manifest is None:
        raise InputError(f"There is nothing to undo: no sync of album '{album.name}' has added anything.")
    return manifest


def added(album: Album, manifest: Manifest) -> Iterator[tuple[Key, Synced, Path | None]]:
    """What of it stands in the catalog still, in order: the copy, and its photo on this machine."""
    synced = album.synced(manifest.out)
    for key in sorted(manifest.added & synced.keys()):
        entry = album.entry(key[1])
        yield key, synced[key], entry.file.location if entry is not None and entry.file is not None else None


def undo(album: Album, manifest: Manifest) -> Undone:
    """Remove what the sync added and nobody has changed since. Stopped early, the same call goes on there.

    OSError of a file that cannot be removed goes through: the manifest stays.
    """
    done = Undone()
    for key, copy, original in list(added(album, manifest)):
        if original is not None and not original.exists() and state_of(manifest.out / copy.target, copy) != "gone":
            done.last += 1
            continue
        match take_away(manifest.out, copy, original):
            case "unchanged":
                done.removed += 1
            case "changed":
                done.changed += 1
            case "gone":
                done.gone += 1
        album.drop_synced(manifest.out, *key)
        album.save()
    album.drop_manifest(manifest.sync)
    album.save()
    return done
