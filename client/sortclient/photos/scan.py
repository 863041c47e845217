"""Which files a folder holds. Nothing is opened here: a name and the kind of its entry say what never needs reading."""

from __future__ import annotations

import errno
import os
import stat
import unicodedata
from collections import deque
from collections.abc import Collection, Generator, Iterator
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path, PurePosixPath

from sortclient.errors import InputError
from sortclient.model import File, Found, Kind, Rejection, time_kept
from sortclient.photos.errors import NotAPhoto, NotReached
from sortclient.photos.selection import EVERYTHING, Selection

# What systems and devices leave in folders of photos, files and folders, in lower case.
_SYSTEM = frozenset(
    (
        *("thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "$recycle.bin", "recycler"),  # Windows
        *("system volume information", "found.000"),
        *(".ds_store", ".localized", ".apdisk", ".trashes", ".fseventsd", ".spotlight-v100", "__macosx"),  # macOS
        *(".temporaryitems", ".documentrevisions-v100", ".appledouble", ".appledb", ".volumeicon.icns", "icon\r"),
        *("network trash folder", "temporary items"),
        *("@eadir", "#recycle", "#snapshot", "@tmp", ".@__thumb", "@recycle", ".@__qini", ".synologyworkingdirectory"),
        *(".thumbnails", ".nomedia", ".directory", ".trash", "lost+found"),  # Android, Linux
    )
)
_APPLE_DOUBLE = "._"  # what macOS writes beside each file on a disk that is not its own


@dataclass(slots=True)
class LeftOut:
    """What a selection keeps out. What lies in a folder is not counted: it is not entered."""

    files: int = 0
    folders: int = 0


def scan(
    folder: Path, selection: Selection = EVERYTHING, outs: Collection[Path] = ()
) -> Generator[Found, None, LeftOut]:
    """Every file below ``folder`` that is selected, those of a folder in the order of their names.

    Links to files are files. A link to a folder is one row; where the selection follows it, the folder is entered after
    all real ones, each once, and never one of ``outs``: their copies are no photos of the album. What cannot be looked
    at (a locked folder, a file in one) is a row that says why. Memory grows with the names in the open folders. Raises
    InputError where the folder itself cannot be read.
    """
    walk = _Walk(selection, outs)
    walk.waiting.append(_Place(folder, "", linked=True))
    while walk.waiting:
        yield from walk.through(walk.waiting.popleft())
    return walk.left_out


@dataclass(frozen=True, slots=True)
class _Place:
    """An entry of a folder: where it is, its path in the album, and what its name says against it."""

    location: Path
    path: str  # empty: the folder that is scanned
    clutter: Kind | None = None  # HIDDEN or SYSTEM
    within: str = ""  # the outermost hidden or system folder above it
    linked: bool = False  # a link to a folder, and now it is its turn

    @property
    def rejection(self) -> Rejection | None:
        if self.clutter is None:
            return None
        name = self.path.rpartition("/")[2] if self.clutter is Kind.SYSTEM else ""
        return NotAPhoto(self.clutter, f"in {self.within}" if self.within else name).rejection


class _Walk:
    def __init__(self, selection: Selection, outs: Collection[Path]) -> None:
        self.left_out = LeftOut()
        self.waiting: deque[_Place] = deque()  # links to folders: the real ones are entered first
        self._selection = selection
        self._entered: dict[tuple[int, int], str] = {}  # folders, and what to say of another way to them
        for out in outs:
            if out.exists():
                self._entered[_identity(out.stat())] = "leads to the output folder"

    def through(self, start: _Place) -> Iterator[Found]:
        """With a stack of its own: folders can be nested deeper than calls can."""
        open_folders = [iter((start,))]
        while open_folders:
            place = next(open_folders[-1], None)
            if place is None:
                open_folders.pop()
                continue
            found = self._look(place)
            if isinstance(found, Found):
                yield found
            elif found is not None:
                open_folders.append(found)

    def _look(self, place: _Place) -> Found | Iterator[_Place] | None:
        """The file, what a folder holds, or None for what is left out, comes later, or has vanished."""
        try:
            status = place.location.stat(follow_symlinks=place.linked)
            if stat.S_ISDIR(status.st_mode):
                return self._enter(place, status)
            rejection = place.rejection
            if rejection is None and stat.S_ISLNK(status.st_mode):
                status, rejection = _followed(place.location, status)
        except OSError as error:
            if not place.path:
                raise InputError(f"{place.location}: {error.strerror}. Name a folder with photos.") from error
            return (
                None if isinstance(error, FileNotFoundError) else _row(place, None, place.rejection or _reason(error))
            )
        if stat.S_ISDIR(status.st_mode) and self._selection.follow_links:
            self.waiting.append(replace(place, linked=True))
            return None
        if not self._selection.takes(place.path):
            self.left_out.files += 1
            return None
        return _row(place, status, rejection or _special(status))

    def _enter(self, place: _Place, status: os.stat_result) -> Found | Iterator[_Place] | None:
        if place.path and not self._selection.enters(place.path):
            self.left_out.folders += 1
            return None
        if self._selection.follow_links:  # else there is one way to each folder, and nothing to remember
            known = self._entered.get(_identity(status))
            if known is not None:
                return _row(place, status, NotAPhoto(Kind.LINK, known).rejection)
            self._entered[_identity(status)] = "leads to a folder that is part of the album already"
        return _places(place, sorted(inner.name for inner in place.location.iterdir()))


def _places(folder: _Place, names: list[str]) -> Iterator[_Place]:
    """What a folder holds, each under a path of its own: several names may look the same."""
    plain: set[str] = set()  # looked at only where a name is not printed as it is
    for name in names:
        shown = printable(name)
        if shown != name:
            plain = plain or set(names)
            shown = _free(shown, plain)
            plain.add(shown)
        clutter = folder.clutter or _clutter(name)
        within = folder.within or (folder.path.rpartition("/")[2] if folder.clutter else "")
        path = f"{folder.path}/{shown}" if folder.path else shown
        yield _Place(folder.location / name, path, clutter, within)


def _free(name: str, taken: set[str]) -> str:
    if name not in taken:
        return name
    path = PurePosixPath(name)
    return next(other for number in count(2) if (other := f"{path.stem} ({number}){path.suffix}") not in taken)


def _clutter(name: str) -> Kind | None:
    if name.startswith(_APPLE_DOUBLE) or name.lower() in _SYSTEM:
        return Kind.SYSTEM
    return Kind.HIDDEN if name.startswith(".") else None


def _followed(location: Path, link: os.stat_result) -> tuple[os.stat_result, Rejection | None]:
    """What a link leads to, or the link and why it leads nowhere."""
    try:
        target = location.stat()
    except OSError as error:
        match error.errno:
            case errno.ENOENT | errno.ENOTDIR:
                return link, NotAPhoto(Kind.LINK, "leads to nothing").rejection
            case errno.ELOOP:
                return link, NotAPhoto(Kind.LINK, "leads in a circle").rejection
        raise
    if stat.S_ISDIR(target.st_mode):
        return target, NotAPhoto(Kind.LINK, "leads to a folder; --follow-links enters it").rejection
    return target, None


def _special(status: os.stat_result) -> Rejection | None:
    """Opening a pipe waits for its other end, and reading a device may never end."""
    if stat.S_ISREG(status.st_mode):
        return None
    for is_one, what in ((stat.S_ISFIFO, "pipe"), (stat.S_ISSOCK, "socket")):
        if is_one(status.st_mode):
            return NotAPhoto(Kind.SPECIAL, what).rejection
    return NotAPhoto(Kind.SPECIAL, "device").rejection


def _reason(error: OSError) -> Rejection:
    words = "its path is too long for this system" if error.errno == errno.ENAMETOOLONG else error.strerror or error
    return NotReached(f"cannot be looked at: {words}").rejection


def _row(place: _Place, status: os.stat_result | None, rejection: Rejection | None) -> Found:
    if status is None:
        return Found(File(place.path, place.location, 0, 0, 0), rejection)
    times = time_kept(status.st_mtime_ns), time_kept(status.st_ctime_ns)
    return Found(File(place.path, place.location, status.st_size, *times), rejection)


def _identity(folder: os.stat_result) -> tuple[int, int]:
    return folder.st_dev, folder.st_ino


def printable(name: str) -> str:
    """NFC, with bytes that are not UTF-8 and control characters written as escapes."""
    text = unicodedata.normalize("NFC", os.fsencode(name).decode("utf-8", "backslashreplace"))
    if text.isprintable():
        return text
    # A letter at the end of an escape may join what combines with the character before it.
    return unicodedata.normalize("NFC", "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text))
