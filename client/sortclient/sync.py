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
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from sortclient.album import Album, Synced
from sortclient.errors import SortError
from sortclient.layout import fitted, folded, lies_in, names_person, segments, target_of
from sortclient.model import Entry, File, Outcome, time_kept
from sortclient.placing import remove_empty, state_of, unchanged, write_beside
from sortclient.verdicts import Verdict, matches, verdicts_of

Fetch = Callable[[str], bytes | None]  # a photo's digest -> the copy that is kept in the cloud, or None
Show = Callable[[int, int], object]  # how many matches of how many are done

# What the next match would meet, too: a full disk, a used-up quota, a disk that is only read.
_STOPPING = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})


@dataclass(slots=True)
class Synchronised:
    """What a sync did, in files."""

    standing: int = 0
    added: int = 0
    removed: int = 0
    copies: int = 0  # of the added: the cloud's smaller copy, as the original has changed or is elsewhere
    missing: int = 0  # neither the original nor a copy could be had
    kept: int = 0  # no longer a match, but changed by somebody since
    orphaned: int = 0  # their photos have left the folder
    undecided: int = 0  # their photos could not be read, or were not compared yet
    refused: int = 0  # the file system took no such name, or let nobody into that folder
    refusal: str = ""  # the first of these, in words

    @property
    def incomplete(self) -> bool:
        """Whether a match is not where it should be."""
        return bool(self.missing or self.refused)


def _unseen(_done: int, _total: int) -> None:
    pass


def sync(album: Album, out: Path, layout: str, fetch: Fetch | None = None, show: Show = _unseen) -> Synchronised:
    """Make the files below ``out`` follow the verdicts.

    One that the file system refuses is counted, and the next one taken. Raises SortError where none can be written;
    what is done stays.
    """
    before = album.synced(out)
    wanted = {(verdict.person, verdict.entry.path): verdict for verdict in matches(album)}
    # Another layout is another place for every file.
    keeps = {key: copy for key, copy in before.items() if key in wanted and album.layout in (None, layout)}
    run = _Run(album, out, layout, fetch, before.values(), keeps.values())
    left = before.keys() - wanted.keys()
    refuted = {
        (verdict.person, verdict.entry.path)
        for verdict in verdicts_of(album, {path for _, path in left})
        if verdict.outcome in (Outcome.NO_MATCH, Outcome.NO_FACE)
    }
    try:
        for key in left:
            if not _is_there(album.entry(key[1])):
                run.done.orphaned += 1
                continue
            if key not in refuted:
                run.done.undecided += 1
                continue
            with run.refusals():
                run.remove(before[key])
                album.drop_synced(out, *key)
        for done, (key, verdict) in enumerate(wanted.items()):
            show(done, len(wanted))
            with run.refusals():
                placed = run.put(verdict, keeps.get(key))
                if placed is None or placed == keeps.get(key):
                    continue
                if key in before and key not in keeps:  # it stands at its new place
                    with run.refusals():
                        run.remove(before[key])
                album.put_synced(out, *key, placed)
                album.save()
        album.set_output(out, layout)
    except OSError as error:
        raise SortError(
            f"{_reason(error, out)}. Make room there or name another folder with --out, then run the command again."
        ) from error
    finally:
        album.save()
    return run.done


class _Run:
    """One sync: the copies that stand, by their folded target, and what was done."""

    def __init__(
        self,
        album: Album,
        out: Path,
        layout: str,
        fetch: Fetch | None,
        before: Iterable[Synced],
        keeps: Iterable[Synced],
    ) -> None:
        self.out, self.folder, self.layout, self.fetch = out, album.folder, layout, fetch
        self.mark = hashlib.sha256(os.fsencode(album.name)).hexdigest()[:8]
        self.ours = {copy.target: copy for copy in before if copy.ours}  # in whatever layout
        self.standing = {folded(copy.target): copy for copy in keeps}
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

    def remove(self, copy: Synced) -> None:
        if not copy.ours or folded(copy.target) in self.standing:  # there, another person's match stands
            return
        target = self.out / copy.target
        match state_of(target, copy):
            case "unchanged":
                target.unlink()
                self.done.removed += 1
                remove_empty(target.parent, self.out)
            case "changed":
                self.done.kept += 1

    def put(self, verdict: Verdict, earlier: Synced | None) -> Synced | None:
        """Place one match; returns what stands now, None where there was nothing to copy from."""
        digest = verdict.entry.digest
        assert digest is not None  # noqa: S101 (a match has been read)
        if earlier is not None:
            state = state_of(self.out / earlier.target, earlier)
            if (
                earlier.digest == digest
                and state != "gone"
                and not _could_be_better(earlier, state, verdict.entry.file)
            ):
                self.done.standing += 1
                return earlier
            if state == "changed" or not earlier.ours:
                # Somebody's, or the new photo itself: a run that was killed had put it there, and not said so.
                self.standing.pop(folded(earlier.target), None)
            target = earlier.target
        else:
            wish = target_of(self.layout, verdict)
            other = self.standing.get(folded(wish))
            if other is not None and other.digest == digest and not names_person(self.layout):
                self.done.standing += 1
                return other
            target = wish if other is None else self._free(wish)
        return self._copy(verdict, digest, target)

    def _copy(self, verdict: Verdict, digest: str, target: str) -> Synced | None:
        place = self._place(target)
        place.parent.mkdir(parents=True, exist_ok=True)
        original = unchanged(verdict.entry.file)
        foreign = place.exists() and folded(target) not in self.standing
        if foreign and original is not None and place.is_file() and filecmp.cmp(original, place, shallow=False):
            # Somebody's own copy, or one of a sync that is not remembered: it serves, and is never removed.
            self.done.standing += 1
            earlier = self.ours.get(target)
            ours = earlier is not None and state_of(place, earlier) == "unchanged"
            return self._stands(target, place, digest, ours=ours)
        if foreign:
            target = self._free(target)
            place = self._place(target)
        if original is not None:
            write_beside(place, self.part(place), lambda part: shutil.copyfile(original, part), like=original)
        else:
            content = self.fetch(digest) if self.fetch else None
            if content is None:
                self.done.missing += 1
                return None
            write_beside(place, self.part(place), lambda part: part.write_bytes(content))
            self.done.copies += 1
        self.done.added += 1
        return self._stands(target, place, digest, ours=True)

    def part(self, place: Path) -> Path:
        """Where to write beside. The album's own: runs on two albums may bring photos of one name at the same time."""
        # File systems take names of 255 bytes, a character may have four of them, and a photo's name may use them all.
        return place.with_name(f".{place.name[:55]}.{self.mark}.part")

    def _stands(self, target: str, place: Path, digest: str, *, ours: bool) -> Synced:
        status = place.stat()
        placed = Synced(target, digest, status.st_size, time_kept(status.st_mtime_ns), ours)
        self.standing[folded(target)] = placed
        return placed

    def _free(self, target: str) -> str:
        path = PurePosixPath(target)
        number = 2
        while True:
            other = str(path.with_name(fitted(path.name, f" ({number})")))
            if folded(other) not in self.standing and not (self.out / other).exists():
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
        if self.folder is not None and lies_in(within, self.folder):
            raise SortError(f"{place} would lie in the sorted folder. Name another output folder with --out.")
        return place


def _could_be_better(copy: Synced, state: str, file: File | None) -> bool:
    """Whether the cloud's smaller copy stands there, and the original can be had now."""
    if file is None or not copy.ours or state != "unchanged":
        return False
    return file.size != copy.size and unchanged(file) is not None


def _is_there(entry: Entry | None) -> bool:
    """Whether the photo is still in the folder, now; one that only the cloud has is in the album while it is there.

    In a folder that was locked meanwhile nothing can be seen: `Path.exists` would raise, `access` says no.
    """
    return entry is not None and (entry.file is None or os.access(entry.file.location, os.F_OK))


def _reason(error: OSError, out: Path) -> str:
    return f"{error.filename2 or error.filename or out}: {error.strerror or error}"
