"""Sidecars beside an album's copies: they name the people who were found, and follow the verdicts as the copies do."""

from __future__ import annotations

import hashlib
import os
from itertools import groupby
from pathlib import Path

from sortclient.album import Album
from sortclient.placing import is_our_sidecar, remove_sidecar, write_beside
from sortclient.verdicts import matches
from sortclient.xmp import Named, sidecar, sidecar_of


class Sidecars:
    """Where they are not ``wanted``, those that were written before go."""

    def __init__(self, album: Album, *, wanted: bool) -> None:
        self._wanted = wanted
        self._people: dict[str, list[Named]] = {}
        if wanted:
            for path, found in groupby(matches(album), key=lambda verdict: verdict.entry.path):
                self._people[path] = [Named(verdict.person, verdict.box) for verdict in found]

    def follow(self, photo: Path, path: str, named: str) -> str | None:
        """Bring the sidecar of the copy ``photo`` up to date, which names what ``named`` is a digest of.

        Returns the digest of what it names now, empty for none; None where somebody else's stands there.
        """
        if not (self._wanted or named):
            return ""
        people = self._people.get(path, [])
        wish = hashlib.sha256(repr(people).encode()).hexdigest()[:16] if people else ""
        place = sidecar_of(photo)
        if wish == named and bool(wish) == place.is_file():
            return named
        if not wish:
            remove_sidecar(photo)
            return ""
        if os.path.lexists(place) and not is_our_sidecar(place):
            return None
        content = sidecar(people, photo)
        write_beside(place, place.with_name(f".{place.name[:55]}.part"), lambda part: part.write_bytes(content))
        return wish
