"""Putting a file in its place, whole or not at all, and looking at what stands there."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Literal

from sortclient.copies import Synced
from sortclient.errors import SortError
from sortclient.model import Entry, File, Link, time_kept
from sortclient.xmp import LARGEST, is_ours, sidecar_of

_FICLONE = 0x40049409  # Linux' ioctl_ficlone(2): share the blocks of another file until either is written to
# Its answers, and a sandbox's, where this cannot be done and copying can. A disk that is full is none of them.
_NOT_CLONED = frozenset(
    {errno.EBADF, errno.EINVAL, errno.ENOSYS, errno.ENOTTY, errno.EOPNOTSUPP, errno.EPERM, errno.EXDEV}
)

# Why there can be no link. FAT and exFAT say EPERM, servers' disks the others; so does Linux of somebody else's file.
_NO_LINK = {
    errno.EXDEV: "they are on different disks",
    errno.EMLINK: "it has as many as its disk takes",
    errno.EPERM: "the disk has none, or the system does not allow it",
}
_NO_LINK |= dict.fromkeys((errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP), "the disk has none")
# Windows' words for it, which have no errno of their own: ERROR_INVALID_FUNCTION (FAT), ERROR_NOT_SUPPORTED,
# ERROR_TOO_MANY_LINKS, ERROR_PRIVILEGE_NOT_HELD.
_NO_LINK_ON_WINDOWS = {1: errno.ENOTSUP, 50: errno.ENOTSUP, 1142: errno.EMLINK, 1314: errno.EPERM}


class NoLink(SortError):
    """The file system, or the system, takes no such link."""


def place_original(original: Path, place: Path, part: Path, link: Link) -> None:
    """Put ``original`` in its place in the form of ``link``; ``part`` is where it is made before it has its name.

    Raises NoLink, and OSError for what a copy would meet, too.
    """
    if link is Link.COPY:
        write_beside(place, part, lambda part: _copy(original, part), like=original)
        return
    part.unlink(missing_ok=True)
    try:
        _link(original, part, link)
        part.replace(place)
    finally:
        part.unlink(missing_ok=True)  # it is left, too, where the place was a hard link of the original already


def _copy(original: Path, part: Path) -> None:
    """A copy, which takes no room where the file system can share blocks: btrfs, XFS, bcachefs, OCFS2."""
    if sys.platform != "linux" or not _cloned(original, part):
        shutil.copyfile(original, part)


def _cloned(original: Path, part: Path) -> bool:
    import fcntl  # Windows has none

    with original.open("rb") as source, part.open("wb") as target:
        try:
            fcntl.ioctl(target.fileno(), _FICLONE, source.fileno())
        except OSError as error:
            if error.errno not in _NOT_CLONED:
                raise OSError(error.errno, error.strerror, str(part)) from error
            return False
    return True


def _link(original: Path, part: Path, link: Link) -> None:
    try:
        if link is Link.HARDLINK:
            part.hardlink_to(os.path.realpath(original))  # of the file itself: systems differ over links to links
        else:
            part.symlink_to(original.absolute())
    except OSError as error:
        number = _NO_LINK_ON_WINDOWS.get(getattr(error, "winerror", None) or 0, error.errno)
        if number not in _NO_LINK:
            raise
        kind, other = ("hard", Link.SYMLINK) if link is Link.HARDLINK else ("symbolic", Link.HARDLINK)
        raise NoLink(
            f"{part.parent} cannot have {kind} links to {original}: {_NO_LINK[number]}."
            f" Say --link {Link.COPY} or --link {other}."
        ) from error


def write_beside(place: Path, part: Path, write: Callable[[Path], object], like: Path | None = None) -> None:
    """Write beside, flush, give it the times of ``like``, rename.

    Without flushing, a power cut can leave a name whose bytes never reached the disk, which the next sync would take
    for somebody's change. It costs what the disk has to write anyway.
    """
    part.unlink(missing_ok=True)  # of a run that was killed; it may be read-only
    try:
        write(part)
        with part.open("rb+") as written:
            os.fsync(written.fileno())
        if like is not None:
            with suppress(PermissionError):  # FAT takes no permissions; the times are set before them
                shutil.copystat(like, part)
        part.replace(place)
    finally:
        part.unlink(missing_ok=True)


def state_of(target: Path, copy: Synced, original: Path | None = None) -> Literal["unchanged", "changed", "gone"]:
    """What became of ``copy``, in the form in which it was put there. ``original``: its photo on this machine."""
    try:
        status = target.lstat()  # a link where a file was put is no such file, wherever it leads
    except FileNotFoundError:
        return "gone"
    if copy.link is Link.SYMLINK:
        return _state_of_link(target, original)
    if _is_original(target, original):
        return "changed"
    if copy.link is Link.HARDLINK and original is not None:
        with suppress(OSError):  # it is not there: size and time decide
            if os.path.samestat(status, original.stat()):
                return "unchanged"
    return "unchanged" if (status.st_size, time_kept(status.st_mtime_ns)) == (copy.size, copy.mtime_ns) else "changed"


def _is_original(target: Path, original: Path | None) -> bool:
    """Whether the copy's place is the photo itself, by a link on the way to either: then it is nobody's to remove."""
    return original is not None and os.path.realpath(target) == os.path.realpath(original)


def _state_of_link(target: Path, original: Path | None) -> Literal["unchanged", "changed", "gone"]:
    """A link to the original is ours, also while the original's disk is away.

    Any other one that leads to nothing counts as gone: so a new sync makes those anew whose folder has moved.
    """
    if not target.is_symlink():  # it may be the photo itself, and the original a link to it by now
        return "changed"
    if original is not None and os.path.realpath(target) == os.path.realpath(original):
        return "unchanged"
    return "changed" if target.exists() else "gone"


Fate = Literal["removed", "kept", "gone", "last"]


def fate_of(out: Path, copy: Synced, entry: Entry | None) -> Fate:
    """What comes of a copy that is to go, whose photo is ``entry``: one that is not ours, or that somebody changed, is
    kept; and so is one whose photo is not in the folder, as it may be the last there is.
    """
    state = state_of(out / copy.target, copy, original_of(entry))
    if state == "gone":
        return "gone"
    if not copy.ours or state == "changed":
        return "kept"
    return "removed" if is_there(entry) else "last"


def take_away(out: Path, copy: Synced, entry: Entry | None) -> Fate:
    """Let the copy go as far as it may, with what was written beside it; returns what came of it."""
    fate, target = fate_of(out, copy, entry), out / copy.target
    if fate == "removed":
        target.unlink()
    if copy.ours and fate in ("removed", "gone"):
        remove_sidecar(target)
        remove_empty(target.parent, out)
    return fate


def original_of(entry: Entry | None) -> Path | None:
    """Where the photo is on this machine, if it is."""
    return None if entry is None or entry.file is None else entry.file.location


def is_there(entry: Entry | None) -> bool:
    """Whether the photo is still in the folder, now; one that only the cloud has is in the album while it is there.

    In a folder that was locked meanwhile nothing can be seen: `Path.exists` would raise, `access` says no.
    """
    return entry is not None and (entry.file is None or os.access(entry.file.location, os.F_OK))


def remove_sidecar(photo: Path) -> None:
    """One that was written here and that nobody has changed since."""
    sidecar = sidecar_of(photo)
    if is_our_sidecar(sidecar):
        sidecar.unlink()


def is_our_sidecar(place: Path) -> bool:
    """Whether a sidecar that was written here stands there as it was written."""
    try:
        status = place.lstat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST:
            return False
        return is_ours(place.read_bytes())
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG):
            raise
        return False


def unchanged(file: File | None) -> Path | None:
    """The original, where it is still the file that was compared."""
    if file is None:
        return None
    try:
        status = file.location.stat()
    except OSError:
        return None
    same = (status.st_size, time_kept(status.st_mtime_ns)) == (file.size, file.mtime_ns)
    return file.location if same else None


def remove_empty(folder: Path, out: Path) -> None:
    while folder != out and out in folder.parents:
        try:
            folder.rmdir()
        except OSError:  # not empty: somebody's files are there
            return
        folder = folder.parent
