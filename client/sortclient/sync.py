"""Matches on disk: what the verdicts say should stand below the output folder, and nothing else of ours.

Files are written beside and renamed, so a half-written one is never seen. Only files that a sync put there, and that
nobody has changed since, are ever removed.
"""

from __future__ import annotations

import filecmp
import shutil
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from string import Formatter
from typing import Literal

from sortclient.album import Album, Synced
from sortclient.errors import InputError, SortError
from sortclient.model import File, Outcome
from sortclient.verdicts import Verdict, verdicts

DEFAULT_OUT = Path("Matches")
DEFAULT_LAYOUT = "{person}/{path}"
LONGEST_NAME = 255  # bytes of UTF-8

Fetch = Callable[[str], bytes | None]  # a photo's digest -> the copy that is kept in the cloud, or None


@dataclass(slots=True)
class Synchronised:
    """What a sync did, in files."""

    standing: int = 0
    added: int = 0
    removed: int = 0
    copies: int = 0  # of the added: the cloud's smaller copy, as the original has changed or is elsewhere
    missing: int = 0  # neither the original nor a copy could be had
    kept: int = 0  # no longer a match, but changed by somebody since


def check_layout(layout: str) -> str:
    """Return the layout, or raise InputError: `{path}` must be there, `{person}` may be."""
    if not layout.isprintable():
        raise InputError(f"--layout {layout!r}: it holds a character that cannot be printed.")
    try:
        fields = {(field, form, conversion) for _, field, form, conversion in Formatter().parse(layout)}
    except ValueError as error:
        raise InputError(f"--layout {layout}: {error}. Use {{person}} and {{path}}.") from error
    fields.discard((None, None, None))  # text after the last field
    path = ("path", "", None)
    if path not in fields or not fields <= {path, ("person", "", None)}:
        raise InputError(f"--layout {layout}: it needs {{path}} and may have {{person}}, no other fields.")
    _segments(layout.format(person="person", path="path"))
    return layout


def check_out(out: Path, folder: Path | None) -> Path:
    """The absolute output folder. It may not lie in the sorted folder: copies would be taken for new photos."""
    out = out.expanduser().resolve()
    if folder is not None and _lies_in(out, folder):
        raise InputError(f"The output folder {out} is inside the sorted folder. Name one outside with --out.")
    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is not a folder. Name another with --out.")
    return out


def sync(album: Album, out: Path, layout: str, fetch: Fetch | None = None) -> Synchronised:
    """Make the files below ``out`` follow the verdicts. Raises SortError where the disk refuses; what is done stays."""
    before = album.synced(out)
    wanted = {
        (verdict.person, verdict.entry.path): verdict for verdict in verdicts(album) if verdict.outcome is Outcome.MATCH
    }
    # Another layout is another place for every file: take away what stands at the old ones.
    keeps = {key: copy for key, copy in before.items() if key in wanted and album.layout in (None, layout)}
    run = _Run(out, album.folder, layout, fetch, {_fold(copy.target): copy for copy in keeps.values()})
    try:
        for key, copy in before.items():
            if key not in keeps:
                run.remove(copy)
                album.drop_synced(out, *key)
        for key, verdict in wanted.items():
            placed = run.put(verdict, keeps.get(key))
            if placed is not None and placed != keeps.get(key):
                album.put_synced(out, *key, placed)
                album.save()
        album.set_output(out, layout)
    except OSError as error:
        raise SortError(
            f"{error.filename2 or error.filename or out}: {error.strerror or error}. "
            "Make room there or name another folder with --out, then run the command again."
        ) from error
    finally:
        album.save()
    return run.done


class _Run:
    """One sync: the copies that stand, by their folded target, and what was done."""

    def __init__(
        self, out: Path, folder: Path | None, layout: str, fetch: Fetch | None, standing: dict[str, Synced]
    ) -> None:
        self.out, self.folder, self.layout, self.fetch, self.standing = out, folder, layout, fetch, standing
        self.done = Synchronised()

    def remove(self, copy: Synced) -> None:
        if _fold(copy.target) in self.standing:  # another person's match stands at the same place
            return
        target = self.out / copy.target
        match _state(target, copy):
            case "ours":
                target.unlink()
                self.done.removed += 1
                _remove_empty(target.parent, self.out)
            case "changed":
                self.done.kept += 1

    def put(self, verdict: Verdict, earlier: Synced | None) -> Synced | None:
        """Place one match; returns what stands now, None where there was nothing to copy from."""
        digest = verdict.entry.digest
        assert digest is not None  # noqa: S101 (a match has been read)
        if earlier is not None:
            state = _state(self.out / earlier.target, earlier)
            if earlier.digest == digest and state != "gone":
                self.done.standing += 1
                return earlier
            target = earlier.target if state != "changed" else self._free(earlier.target)
        else:
            wish = _target(self.layout, verdict)
            other = self.standing.get(_fold(wish))
            if other is not None and other.digest == digest and not _names_person(self.layout):
                self.done.standing += 1
                return other
            target = wish if other is None else self._free(wish)
        return self._copy(verdict, digest, target)

    def _copy(self, verdict: Verdict, digest: str, target: str) -> Synced | None:
        place = self._place(target)
        place.parent.mkdir(parents=True, exist_ok=True)
        original = _unchanged(verdict.entry.file)
        if original is not None:
            target, place = self._beside_others(original, target, place)
            _write(place, lambda part: shutil.copyfile(original, part))
            shutil.copystat(original, place)
        else:
            content = self.fetch(digest) if self.fetch else None
            if content is None:
                self.done.missing += 1
                return None
            target, place = self._beside_others(None, target, place)
            _write(place, lambda part: part.write_bytes(content))
            self.done.copies += 1
        self.done.added += 1
        status = place.stat()
        placed = Synced(target, digest, status.st_size, status.st_mtime_ns)
        self.standing[_fold(target)] = placed
        return placed

    def _beside_others(self, original: Path | None, target: str, place: Path) -> tuple[str, Path]:
        """Never over a file that is not ours, unless it holds the same bytes (of a sync that is not remembered)."""
        if not place.exists() or _fold(target) in self.standing:
            return target, place
        if original is not None and place.is_file() and filecmp.cmp(original, place, shallow=False):
            return target, place
        free = self._free(target)
        return free, self._place(free)

    def _free(self, target: str) -> str:
        path = PurePosixPath(target)
        number = 2
        while True:
            other = str(path.with_name(_fit(path.name, f" ({number})")))
            if _fold(other) not in self.standing and not (self.out / other).exists():
                return other
            number += 1

    def _place(self, target: str) -> Path:
        """The place of ``target``, refused where it leads out of ``out`` (by a link), or to the originals."""
        place = self.out.joinpath(*_segments(target))
        within = place.parent.resolve()
        if not within.is_relative_to(self.out):
            raise SortError(
                f"{place.parent} leads out of {self.out}. Take the link away, or name another folder with --out."
            )
        if self.folder is not None and _lies_in(within, self.folder):
            raise SortError(f"{place} would lie in the sorted folder. Name another output folder with --out.")
        return place


def _target(layout: str, verdict: Verdict) -> str:
    """The relative target. Different places of one name are kept apart by their folders, or by a number."""
    return "/".join(_fit(part) for part in _segments(layout.format(person=verdict.person, path=verdict.entry.path)))


def _fit(name: str, mark: str = "") -> str:
    """``name`` with ``mark`` before its suffix, cut to what file systems take: an escaped name can be longer."""
    suffix = PurePosixPath(name).suffix
    if len(suffix) > 20:  # no file type, a name with a dot
        suffix = ""
    end = mark + suffix
    stem = name.removesuffix(suffix).encode()[: LONGEST_NAME - len(end.encode())]
    return stem.decode(errors="ignore") + end


def _segments(relative: str) -> list[str]:
    """The parts of a relative path; a path that would leave the output folder is an InputError."""
    if not stays_inside(relative):
        raise InputError(f"{relative!r} is not a path inside the output folder.")
    return relative.split("/")


def stays_inside(relative: str) -> bool:
    """Whether a path leads to something below the folder that it begins in."""
    return not any(part in ("", ".", "..") or "\0" in part for part in relative.split("/"))


def _lies_in(place: Path, folder: Path) -> bool:
    """Whether ``place`` is ``folder`` or below it, also where the file system takes two spellings for one."""
    above = (place, *place.parents)
    return folder in above or (folder.exists() and any(part.exists() and part.samefile(folder) for part in above))


def _names_person(layout: str) -> bool:
    return any(field == "person" for _, field, _, _ in Formatter().parse(layout))


def _state(target: Path, copy: Synced) -> Literal["ours", "changed", "gone"]:
    try:
        status = target.stat()
    except FileNotFoundError:
        return "gone"
    return "ours" if (status.st_size, status.st_mtime_ns) == (copy.size, copy.mtime_ns) else "changed"


def _unchanged(file: File | None) -> Path | None:
    """The original, where it is still the file that was compared."""
    if file is None:
        return None
    try:
        status = file.location.stat()
    except OSError:
        return None
    same = (status.st_size, status.st_mtime_ns) == (file.size, file.mtime_ns)
    return file.location if same else None


def _write(place: Path, write: Callable[[Path], object]) -> None:
    # File systems take names of 255 bytes, a character may have four of them, and a photo's name may use them all.
    part = place.with_name(f".{place.name[:60]}.part")
    try:
        write(part)
        part.replace(place)
    finally:
        part.unlink(missing_ok=True)


def _remove_empty(folder: Path, out: Path) -> None:
    while folder != out and out in folder.parents:
        try:
            folder.rmdir()
        except OSError:  # not empty: somebody's files are there
            return
        folder = folder.parent


def _fold(target: str) -> str:
    """Names that some file systems take for one."""
    return unicodedata.normalize("NFC", target).casefold()
