"""Matches on disk: what the verdicts say should stand below the output folder, and nothing else of ours.

Files are written beside, flushed and renamed, so a half-written one is never seen. Only files that a sync put there,
that nobody has changed since, and whose photo is in the folder and was compared, are ever removed: a copy may be the
last one there is, and a photo that cannot be read today may be a match tomorrow.
"""

from __future__ import annotations

import errno
import filecmp
import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path, PurePosixPath

from sortclient.album import Album
from sortclient.copies import Key, Synced
from sortclient.errors import SortError
from sortclient.layout import fitted, folded, is_at, lies_in, names_person, segments, target_of
from sortclient.model import Entry, Link, time_kept
from sortclient.outputs import Output, outputs, remember
from sortclient.placing import place_original, remove_empty, state_of, take_away, unchanged, write_beside
from sortclient.sidecars import Sidecars
from sortclient.verdicts import Verdict, verdicts_of

Fetch = Callable[[str], bytes | None]  # a photo's digest -> the copy that is kept in the cloud, or None
Show = Callable[[int, int], object]  # how many matches of how many are done

# What the next match would meet, too: a full disk, a used-up quota, a disk that is only read.
_STOPPING = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})


@dataclass(slots=True)
class Synchronised:
    """What a sync did, in files."""

    standing: int = 0
    added: int = 0
    moved: int = 0  # to where another layout, or the person's new name, says
    removed: int = 0
    copies: int = 0  # of the added: the cloud's smaller copy, as the original has changed or is elsewhere
    missing: int = 0  # neither the original nor a copy could be had
    kept: int = 0  # no longer a match, but changed by somebody since
    orphaned: int = 0  # their photos have left the folder
    undecided: int = 0  # their photos could not be read, or were not compared yet
    foreign: int = 0  # sidecars that somebody else wrote or changed, and that stay as they are
    refused: int = 0  # the file system took no such name, or let nobody into that folder
    refusal: str = ""  # the first of these, in words

    @property
    def incomplete(self) -> bool:
        """Whether a match is not where it should be."""
        return bool(self.missing or self.refused)


def _unseen(_done: int, _total: int) -> None:
    pass


def sync(album: Album, output: Output, fetch: Fetch | None = None, show: Show = _unseen) -> Synchronised:
    """Make the files below the output folder follow the verdicts.

    One that the file system refuses is counted, and the next one taken. Raises SortError where none can be written;
    what is done stays.
    """
    before = album.synced(output.out)
    wanted = {(verdict.person, verdict.entry.path): verdict for verdict in output.question.copies(album)}
    keeps = {
        key: copy
        for key, copy in before.items()
        if key in wanted and is_at(copy.target, target_of(output.layout, wanted[key]))
    }
    run = _Run(album, output, fetch, before, keeps)
    with run.to_the_end():
        left = before.keys() - wanted.keys()
        rows = groupby(verdicts_of(album, sorted({path for _, path in left})), key=lambda row: row.entry.path)
        decided = {path: list(of_photo) for path, of_photo in rows}
        run.take_away_all(left, lambda key: output.question.refuted(key[0], decided.get(key[1], [])))
        for done, (key, verdict) in enumerate(wanted.items()):
            show(done, len(wanted))
            with run.refusals():
                run.bring(key, verdict)
        remember(album, output)
    return run.done


def take_person_away(album: Album, person: str) -> Synchronised:
    """Remove the copies of a person who is about to leave the album, from every folder; each as a sync would."""
    done = Synchronised()
    for output in outputs(album):
        before = album.synced(output.out)
        named = person in output.question.people  # then the folder is about them, also where others stand beside
        theirs = {key for key in before if named or key[0] == person}
        run = _Run(album, output, None, before, {key: copy for key, copy in before.items() if key not in theirs})
        with run.to_the_end():
            run.take_away_all(theirs, lambda _: True)
        done.removed += run.done.removed
        done.kept += run.done.kept
        done.orphaned += run.done.orphaned
        done.refused += run.done.refused
        done.refusal = done.refusal or run.done.refusal
    return done


class _Run:
    """One sync: the copies that stand, by their folded target, and what was done."""

    def __init__(
        self,
        album: Album,
        output: Output,
        fetch: Fetch | None,
        before: Mapping[Key, Synced],
        keeps: Mapping[Key, Synced],
    ) -> None:
        self.album, self.output, self.out, self.fetch = album, output, output.out, fetch
        self.before, self.keeps = before, keeps
        self.mark = hashlib.sha256(os.fsencode(album.name)).hexdigest()[:8]
        self.ours = {copy.target: copy for copy in before.values() if copy.ours}  # in whatever layout
        self.sharing = Counter(folded(copy.target) for copy in before.values())
        self.standing = {folded(copy.target): copy for copy in keeps.values()}
        self.sidecars = Sidecars(album, wanted=output.xmp)
        self.manifest: int | None = None
        self.foreign: set[str] = set()  # whose sidecars are somebody else's
        self.done = Synchronised()

    @contextmanager
    def refusals(self) -> Iterator[None]:
        """Count what is refused to one file, and raise what no other file would escape."""
        try:
            yield
        except OSError as error:
            if error.errno in _STOPPING or not os.access(self.out, os.W_OK):
                raise
            self.done.refused += 1
            self.done.refusal = self.done.refusal or _reason(error, self.out)

    @contextmanager
    def to_the_end(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise SortError(
                f"{_reason(error, self.out)}. Make room there or name another folder with --out, "
                "then run the command again."
            ) from error
        finally:
            self.album.save()

    def take_away_all(self, left: Iterable[Key], is_refuted: Callable[[Key], bool]) -> None:
        """Copies that are no answer any more, as far as that is sure."""
        for key in sorted(left):
            if not _is_there(self.album.entry(key[1])):
                self.done.orphaned += 1
            elif not is_refuted(key):
                self.done.undecided += 1
            else:
                with self.refusals():
                    self.remove(key)
                    self.album.drop_synced(self.out, *key)

    def remove(self, key: Key) -> None:
        copy = self.before[key]
        if not copy.ours or folded(copy.target) in self.standing:  # there, another person's match stands
            return
        match take_away(self.out, copy, _original(self.album.entry(key[1]))):
            case "unchanged":
                self.done.removed += 1
            case "changed":
                self.done.kept += 1

    def bring(self, key: Key, verdict: Verdict) -> None:
        """Place one match, note it, and name the people in it."""
        before, added = self.keeps.get(key), self.done.added
        stood = before is not None and os.path.lexists(self.out / before.target)
        placed = self.put(verdict, before, self.before.get(key))
        if placed is None:
            return
        if key in self.before and key not in self.keeps:  # it stands at its new place
            with self.refusals():
                self.remove(key)
        if self.done.added > added and not stood:  # what took the place of our own is nothing that was not there
            if self.manifest is None:
                self.manifest = self.album.begin_sync(self.out)
            self.album.note_added(self.manifest, *key)
        self.record(key, placed)
        with self.refusals():
            named = self.sidecars.follow(self._place(placed.target), key[1], placed.named)
            if named is None:
                self.foreign.add(placed.target)
                self.done.foreign = len(self.foreign)
            self.record(key, replace(placed, named=named or ""))

    def record(self, key: Key, placed: Synced) -> None:
        if placed != self.before.get(key):
            self.album.put_synced(self.out, *key, placed)
            self.album.save()

    def put(self, verdict: Verdict, earlier: Synced | None, elsewhere: Synced | None) -> Synced | None:
        """Place one match; returns what stands now, None where there was nothing to copy from.

        ``earlier`` is its copy where that is at its place, ``elsewhere`` wherever it is.
        """
        digest = verdict.entry.digest
        assert digest is not None  # noqa: S101 (a match has been read)
        if earlier is not None:
            state = state_of(self.out / earlier.target, earlier, _original(verdict.entry))
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
            other = self.standing.get(folded(wish))
            if other is not None and other.digest == digest and not names_person(self.output.layout):
                self.done.standing += 1
                return other
            target = wish if other is None else self._free(wish)
        return self._fill(verdict, digest, target, None if earlier else elsewhere)

    def _fill(self, verdict: Verdict, digest: str, target: str, elsewhere: Synced | None) -> Synced | None:
        place = self._place(target)
        place.parent.mkdir(parents=True, exist_ok=True)
        original = unchanged(verdict.entry.file)
        foreign = os.path.lexists(place) and folded(target) not in self.standing
        if foreign and original is not None and place.is_file() and filecmp.cmp(original, place, shallow=False):
            # Somebody's own copy, or one of a sync that is not remembered: it serves, and is never removed.
            self.done.standing += 1
            earlier = self.ours.get(target)
            if earlier is not None and state_of(place, earlier, original) == "unchanged":
                return self._stands(replace(earlier, digest=digest))
            return self._stands(_seen(target, place, digest, Link.COPY, ours=False))
        if foreign:
            target = self._free(target)
            place = self._place(target)
        if elsewhere is not None and self._is_movable(elsewhere, verdict):
            (self.out / elsewhere.target).replace(place)
            self.sidecars.leave(self.out / elsewhere.target)
            remove_empty((self.out / elsewhere.target).parent, self.out)
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
        state = state_of(self.out / copy.target, copy, _original(verdict.entry))
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
        return placed

    def _free(self, target: str) -> str:
        path = PurePosixPath(target)
        number = 2
        while True:
            other = str(path.with_name(fitted(path.name, f" ({number})")))
            if folded(other) not in self.standing and not os.path.lexists(self.out / other):
                return other
            number += 1

    def _place(self, target: str) -> Path:
        """The place of ``target``, refused where it leads out of ``out`` (by a link), or to the originals."""
        place = self.out.joinpath(*segments(target))
        within = place.parent.resolve()
        if not within.is_relative_to(self.out):
            raise SortError(
                f"{place.parent} leads out of {self.out}. Take the link away, or name another folder with --out."
            )
        if self.album.folder is not None and lies_in(within, self.album.folder):
            raise SortError(f"{place} would lie in the sorted folder. Name another output folder with --out.")
        return place


def _seen(target: str, place: Path, digest: str, link: Link, *, ours: bool) -> Synced:
    """What stands at ``place`` now."""
    if link is Link.SYMLINK:
        return Synced(target, digest, 0, 0, ours, link)
    status = place.stat()
    return Synced(target, digest, status.st_size, time_kept(status.st_mtime_ns), ours, link)


def _original(entry: Entry | None) -> Path | None:
    return None if entry is None or entry.file is None else entry.file.location


def _is_there(entry: Entry | None) -> bool:
    """Whether the photo is still in the folder, now; one that only the cloud has is in the album while it is there.

    In a folder that was locked meanwhile nothing can be seen: `Path.exists` would raise, `access` says no.
    """
    return entry is not None and (entry.file is None or os.access(entry.file.location, os.F_OK))


def _reason(error: OSError, out: Path) -> str:
    return f"{error.filename2 or error.filename or out}: {error.strerror or error}"
