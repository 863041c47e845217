"""Matches on disk: what the verdicts say should stand below the output folder, and nothing else of ours.

Files are written beside, flushed and renamed, so a half-written one is never seen. Only files that a sync put there,
that nobody has changed since, and whose photo is in the folder and was compared, are ever removed: a copy may be the
last one there is, and a photo that cannot be read today may be a match tomorrow.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from itertools import groupby
from pathlib import Path

from sortclient.album import Album
from sortclient.copies import Key, Synced
from sortclient.errors import SortError
from sortclient.filling import Fetch, Filler, Synchronised
from sortclient.layout import is_at, target_of
from sortclient.outputs import Output, outputs, remember
from sortclient.placing import Fate, is_there, take_away
from sortclient.sidecars import Sidecars
from sortclient.verdicts import Verdict, verdicts_of

Show = Callable[[int, int], object]  # how many matches of how many are done

_STALE = "stale"  # no digest: a sidecar of what stood there before, to be written anew or taken away

# What the next match would meet, too: a full disk, a used-up quota, a disk that is only read.
_STOPPING = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})


def _unseen(_done: int, _total: int) -> None:
    pass


def sync(album: Album, output: Output, fetch: Fetch | None = None, show: Show = _unseen) -> Synchronised:
    """Make the files below the output folder follow the verdicts.

    One that the file system refuses is counted, and the next one taken. Raises SortError where none can be written;
    what is done stays.
    """
    before = album.synced(output.out)
    wanted = {output.question.key(verdict): verdict for verdict in output.question.copies(album)}
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
        run.take_away_all(left, lambda key: output.question.refuted(key, decided.get(key[1], [])))
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
        if named:
            album.drop_output(output.out)
        done.removed += run.done.removed
        done.gone += run.done.gone
        done.kept += run.done.kept
        done.orphaned += run.done.orphaned
        done.refused += run.done.refused
        done.refusal = done.refusal or run.done.refusal
    return done


class _Run:
    """One sync: what stood before it, and what it did."""

    def __init__(
        self,
        album: Album,
        output: Output,
        fetch: Fetch | None,
        before: Mapping[Key, Synced],
        keeps: Mapping[Key, Synced],
    ) -> None:
        self.album, self.out, self.people = album, output.out, frozenset(album.people())
        self.before, self.keeps = before, keeps
        self.done = Synchronised()
        self.filler = Filler(album, output, fetch, before.values(), keeps.values(), self.done)
        self.sidecars = Sidecars(album, wanted=output.xmp)
        self._number: int | None = None
        self.foreign: set[str] = set()  # whose sidecars are somebody else's

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
            if not is_there(self.album.entry(key[1])):
                self.done.orphaned += 1
            elif key[0] and key[0] not in self.people:
                self.done.strangers += 1
            elif not is_refuted(key):
                self.done.undecided += 1
            else:
                with self.refusals():
                    self.done.gone += self.remove(key) == "gone"
                    self.album.drop_synced(self.out, *key)

    def remove(self, key: Key) -> Fate | None:
        """What came of the copy; None where there is none that is this row's alone."""
        copy = self.before[key]
        if not copy.ours or self.filler.stands(copy.target):  # there, another person's match stands
            return None
        fate = take_away(self.out, copy, self.album.entry(key[1]))
        self.done.removed += fate == "removed"
        self.done.kept += fate == "kept"
        return fate

    def bring(self, key: Key, verdict: Verdict) -> None:
        """Place one match, note it, and name the people in it."""
        before, added = self.keeps.get(key), self.done.added
        stood = before is not None and os.path.lexists(self.out / before.target)
        placed = self.filler.put(verdict, before, self.before.get(key))
        if placed is None:
            return
        if key in self.before and key not in self.keeps:  # it stands at its new place, and its sidecar is written anew
            with self.refusals():
                self.remove(key)
        if self.done.added > added and before is not None and stood and placed.target == before.target:
            self.done.added -= 1  # something of ours was there before: nothing that could be undone
            self.done.renewed += 1
            placed = replace(placed, sync=before.sync, named=before.named and _STALE)
        elif self.done.added > added:
            placed = replace(placed, sync=self.number())
        self.record(key, placed)
        with self.refusals():
            named = self.sidecars.follow(self.filler.place(placed.target), key[1], placed.named)
            if named is None:
                self.foreign.add(placed.target)
                self.done.foreign = len(self.foreign)
            self.record(key, replace(placed, named=named or ""))

    def number(self) -> int:
        """Of this sync, from the first that it adds."""
        if self._number is None:
            self._number = self.album.begin_sync(self.out)
        return self._number

    def record(self, key: Key, placed: Synced) -> None:
        if placed != self.before.get(key):
            self.album.put_synced(self.out, *key, placed)
            self.album.save()


def _reason(error: OSError, out: Path) -> str:
    return f"{error.filename2 or error.filename or out}: {error.strerror or error}"
