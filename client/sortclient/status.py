"""How far an album is: its verdicts, the comparisons to come and when, those that failed and why, what is queued."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from sortclient.album import Album
from sortclient.comparer import UNPAUSE
from sortclient.ledger import Tally, count, counted, summary
from sortclient.names import nobody, shown
from sortclient.progress import duration
from sortclient.verdicts import verdicts

if TYPE_CHECKING:
    from sortclient.aws.traffic import Traffic

_REASONS = 3  # that a person reads


@dataclass(frozen=True, slots=True)
class Status:
    """``missing`` counts cells, of a file that nobody has read yet one with each headshot."""

    tally: Tally
    missing: int
    failures: Sequence[tuple[str, int]]  # why, and how many cells, the commonest first
    traffic: Traffic | None  # None: the album is on this machine
    running: bool = False  # a run works on the album: what it has recorded so far is counted

    @property
    def failed(self) -> int:
        return sum(number for _, number in self.failures)

    @property
    def seconds_left(self) -> float | None:
        """Until the missing cells may have come: as fast as lately, else as the stack can. None: they do not come."""
        traffic = self.traffic
        if traffic is None or traffic.paused or not self.missing:
            return None
        idle = traffic.backlog.is_idle
        if idle and not self.running:  # the rate is that of cells that have come
            return None
        if traffic.rate:
            return self.missing / traffic.rate
        return None if idle else self.missing / traffic.limit


def status_of(album: Album, traffic: Traffic | None, *, running: bool = False) -> Status:
    unread = sum(1 for _ in album.unread()) * len(album.headshots())
    return Status(count(verdicts(album)), album.lacking() + unread, album.failures(), traffic, running)


def lines(album: Album, status: Status) -> Iterator[str]:
    """For a person."""
    thresholds = album.thresholds
    own = "".join(f", {shown(person)} {number:g}" for person, number in sorted(thresholds.people.items()))
    yield f"Album {album.name}: {album.folder or 'in the cloud'}, threshold {thresholds.album:g}{own}"
    # Files are counted by their verdicts, and of nobody there is none.
    if album.people():
        yield from summary(status.tally)
    else:
        yield "Nothing is counted yet: a run looks through the folder" if status.running else nobody(album)
    if status.missing:
        yield _to_come(album, status)
    if status.failures:
        yield f"Failed: {counted(status.failed, 'comparison')}; {retry_of(album)} asks for them again"
        yield from (f"  {number} x {reason}" for reason, number in status.failures[:_REASONS])
        if rest := sum(number for _, number in status.failures[_REASONS:]):
            yield f"  {rest} x other reasons; `sortclient results {shlex.quote(album.name)} --every` names each"
    if status.traffic is not None:
        yield _queued(status.traffic)
        if status.traffic.paused:
            yield f"Comparing is paused: what is queued waits. {UNPAUSE} lets it go on"


def as_json(album: Album, status: Status) -> str:
    tally, thresholds = status.tally, album.thresholds
    told = {
        "album": album.name,
        "folder": None if album.folder is None else str(album.folder),
        "threshold": thresholds.album,
        "thresholds": dict(thresholds.people),
        "files": tally.files,
        "photos": tally.photos,
        "rejected": dict(tally.rejected),
        "people": {person: dict(outcomes) for person, outcomes in tally.people.items()},
        "missing": status.missing,
        "failed": status.failed,
        "failures": [{"reason": reason, "comparisons": number} for reason, number in status.failures],
        "running": status.running,
        "seconds_left": None if status.seconds_left is None else round(status.seconds_left),
        "cloud": None if status.traffic is None else asdict(status.traffic),
    }
    return json.dumps(told, ensure_ascii=False, indent=1)


def _to_come(album: Album, status: Status) -> str:
    missing, traffic, left = counted(status.missing, "comparison"), status.traffic, status.seconds_left
    if traffic is not None and traffic.paused and not traffic.backlog.is_idle:
        return f"To come: {missing}, once comparing goes on"
    if traffic is None or left is None:
        if status.running:
            return f"To come: {missing}; a run works on them"
        return f"Missing: {missing}, and nothing is under way; {retry_of(album)} asks for them"
    about = f"about {duration(max(left, 1))} left"
    if traffic.rate:
        return f"To come: {missing}, {traffic.rate:.{1 if traffic.rate >= 1 else 2}f} a second lately: {about}"
    limit = f"at the stack's {traffic.limit:g} a second, once it is this album's turn"
    return f"To come: {missing}, none lately: {about} {limit}"


def _queued(traffic: Traffic) -> str:
    """The queues are shared: only where they are empty they tell of this album alone."""
    backlog = traffic.backlog
    compare = backlog.compare
    parts = [f"{counted(compare.total, 'message')} to compare"]
    if compare.total:
        parts[0] += f" ({compare.waiting} waiting, {compare.in_work} in work, {compare.delayed} put off)"
    parts.append(f"{counted(backlog.enroll.total, 'headshot')} to spread")
    if backlog.dead_letters:
        parts.append(f"{backlog.dead_letters} given up, which become failed comparisons within minutes")
    return f"Waiting in the cloud, for all its albums: {', '.join(parts)}"


def retry_of(album: Album) -> str:
    """What asks for the album's open cells: only who has the folder can send its photos again."""
    where = " on the machine that has the folder" if album.folder is None else ""
    return f"`sortclient retry {shlex.quote(album.name)}`{where}"
