"""Filling an output folder: one match at a time is put in its place, and nothing that is not ours is touched."""

from __future__ import annotations

import filecmp
import hashlib
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from sortclient.album import Album
from sortclient.copies import Synced
from sortclient.errors import SortError
from sortclient.layout import fitted, folded, is_at, lies_in, names_person, segments, target_of
from sortclient.model import Entry, Link, time_kept
from sortclient.outputs import Output
from sortclient.placing import original_of, place_original, state_of, unchanged, write_beside
from sortclient.verdicts import Verdict

Fetch = Callable[[str], bytes | None]  # a photo's digest -> the copy that is kept in the cloud, or None


@dataclass(slots=True)
class Synchronised:
    """What a sync did, in files."""

    standing: int = 0
    added: int = 0
    renewed: int = 0  # in the place of our own: another form, another photo's bytes, the original for the cloud's copy
    moved: int = 0  # to where another layout, or the person's new name, says
    removed: int = 0
    copies: int = 0  # of the added: the cloud's smaller copy, as the original has changed or is elsewhere
    missing: int = 0  # neither the original nor a copy could be had
    kept: int = 0  # no longer a match, but changed by somebody since
    gone: int = 0  # no longer a match, and not found where it had been left
    orphaned: int = 0  # their photos have left the folder
    undecided: int = 0  # their photos could not be read, or were not compared yet
    strangers: int = 0  # of people who are no longer in the album
    foreign: int = 0  # sidecars that somebody else wrote or changed, and that stay as they are
    refused: int = 0  # the file system took no such name, or let nobody into that folder
    refusal: str = ""  # the first of these, in words

    @property
    def incomplete(self) -> bool:
        """Whether a match is not where it should be."""
        return bool(self.missing or self.refused)


class Filler:
    """The copies that stand below an output folder, by their folded target. What it does is counted in ``done``."""

    def __init__(
        self,
        album: Album,
        output: Output,
        fetch: Fetch | None,
        before: Collection[Synced],
        keeps: Collection[Synced],
        done: Synchronised,
    ) -> None:
        """``before`` are the copies of earlier syncs, ``keeps`` those of them that are at their place."""
        self.folder, self.output, self.out, self.fetch, self.done = album.folder, output, output.out, fetch, done
        self.mark = hashlib.sha256(os.fsencode(album.name)).hexdigest()[:8]
        self.ours = {copy.target: copy for copy in before if copy.ours}  # in whatever layout
        self.sharing = Counter(folded(copy.target) for copy in before)
        self.standing: dict[str, Synced] = {}
        self.by_digest: dict[str, list[Synced]] = defaultdict(list)
        for copy in keeps:
            self._stands(copy)

    def stands(self, target: str) -> bool:
        return folded(target) in self.standing

    def put(self, verdict: Verdict, earlier: Synced | None, elsewhere: Synced | None) -> Synced | None:
        """Place one match; returns what stands now, None where there was nothing to copy from.

        ``earlier`` is its copy where that is at its place, ``elsewhere`` wherever it is.
        """
        digest = verdict.entry.digest
        assert digest is not None  # noqa: S101 (a match has been read)
        if earlier is not None:
            now = self.standing.get(folded(earlier.target))
            if now is not None and now != earlier and now.digest == digest:  # another person's row was here first
                self.done.standing += 1
                return replace(now, sync=earlier.sync)
            state = state_of(self.out / earlier.target, earlier, original_of(verdict.entry))
            if (
                earlier.digest == digest
                and state != "gone"
                and not self._could_be_better(earlier, state, verdict.entry)
            ):
                self.done.standing += 1
                return earlier
            if state == "changed" or not earlier.ours:
                # Somebody's, or the new photo itself: a run that was killed had put it there, and not said so.
                self.standing.pop(folded(earlier.target), None)
            target = earlier.target
        else:
            wish = target_of(self.output.layout, verdict)
            twin = next((copy for copy in self.by_digest[digest] if is_at(copy.target, wish)), None)
            if twin is not None and not names_person(self.output.layout):
                self.done.standing += 1
                return twin
            target = self._free(wish) if self.stands(wish) else wish
        return self._fill(verdict, digest, target, None if earlier else elsewhere)

    def _fill(self, verdict: Verdict, digest: str, target: str, elsewhere: Synced | None) -> Synced | None:
        place = self.place(target)
        place.parent.mkdir(parents=True, exist_ok=True)
        original = unchanged(verdict.entry.file)
        foreign = os.path.lexists(place) and folded(target) not in self.standing
        if foreign and original is not None and place.is_file() and filecmp.cmp(original, place, shallow=False):
            # Somebody's own copy, or one of a sync that is not remembered: it serves, and is never removed.
            self.done.standing += 1
            for earlier in (self.ours.get(target), elsewhere):  # `elsewhere`: a run that was killed had moved it
                if earlier is not None and earlier.ours and state_of(place, earlier, original) == "unchanged":
                    return self._stands(replace(earlier, target=target, digest=digest))
            return self._stands(_seen(target, place, digest, Link.COPY, ours=False))
        if foreign:
            target = self._free(target)
            place = self.place(target)
        if elsewhere is not None and self._is_movable(elsewhere, verdict):
            (self.out / elsewhere.target).replace(place)
            self.done.moved += 1
            return self._stands(replace(elsewhere, target=target, named=""))
        link = self.output.link
        if original is not None:
            place_original(original, place, self.part(place), link)
        else:
            content = self.fetch(digest) if self.fetch else None
            if content is None:
                self.done.missing += 1
                return None
            write_beside(place, self.part(place), lambda part: part.write_bytes(content))
            self.done.copies += 1
            link = Link.COPY
        self.done.added += 1
        return self._stands(_seen(target, place, digest, link, ours=True))

    def _is_movable(self, copy: Synced, verdict: Verdict) -> bool:
        """Whether the copy at another place is this photo's as it should be, and only this row's."""
        state = state_of(self.out / copy.target, copy, original_of(verdict.entry))
        return (
            copy.ours
            and copy.digest == verdict.entry.digest
            and self.sharing[folded(copy.target)] == 1
            and folded(copy.target) not in self.standing
            and state == "unchanged"
            and not self._could_be_better(copy, state, verdict.entry)
        )

    def _could_be_better(self, copy: Synced, state: str, entry: Entry) -> bool:
        """Whether the original can be had now, and there is the cloud's smaller copy, or something of another form."""
        if entry.file is None or not copy.ours or state != "unchanged":
            return False
        smaller = copy.link is Link.COPY and entry.file.size != copy.size
        return (smaller or copy.link is not self.output.link) and unchanged(entry.file) is not None

    def part(self, place: Path) -> Path:
        """Where to write beside. The album's own: runs on two albums may bring photos of one name at the same time."""
        # File systems take names of 255 bytes, a character may have four of them, and a photo's name may use them all.
        return place.with_name(f".{place.name[:55]}.{self.mark}.part")

    def _stands(self, placed: Synced) -> Synced:
        self.standing[folded(placed.target)] = placed
        self.by_digest[placed.digest].append(placed)
        return placed

    def _free(self, target: str) -> str:
        path = PurePosixPath(target)
        number = 2
        while True:
            other = str(path.with_name(fitted(path.name, f" ({number})")))
            if folded(other) not in self.standing and not os.path.lexists(self.out / other):
                return other
            number += 1

    def place(self, target: str) -> Path:
        """The place of ``target``, refused where it leads out of ``out`` (by a link), or to the originals."""
        place = self.out.joinpath(*segments(target))
        within = place.parent.resolve()
        if not within.is_relative_to(self.out):
            raise SortError(
                f"{place.parent} leads out of {self.out}. Take the link away, or name another folder with --out."
            )
        if self.folder is not None and lies_in(within, self.folder):
            raise SortError(f"{place} would lie in the sorted folder. Name another output folder with --out.")
        return place


def _seen(target: str, place: Path, digest: str, link: Link, *, ours: bool) -> Synced:
    """What stands at ``place`` now."""
    if link is Link.SYMLINK:
        return Synced(target, digest, 0, 0, ours, link)
    status = place.stat()
    return Synced(target, digest, status.st_size, time_kept(status.st_mtime_ns), ours, link)
