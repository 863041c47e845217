"""What must hold at any time, whatever the faults: nothing that is asked for is forgotten, and no verdict is lost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product

from photosort.comparison import cell
from photosort.events import Enrolment, parse
from photosort.keys import MATCHES, HeadshotKey, PhotoKey, parse_key
from photosort.work import Headshot, Work
from simulation.sqs import Message, Queue
from tests.chaos.bucket import arrived, stored
from tests.chaos.log import Entry, Log, is_failure, short
from tests.chaos.weather import Fault

_GIVE_UP_AFTER = 6 * 3600.0
_WRONG_CLOCK = 60.0
_FIRST_WAIT, _LONGEST_WAIT = 2.5, 450.0  # seconds; half of what the schedule of attempts has at most


def broken(log: Log, entry: Entry) -> Iterator[str]:
    """What ``entry``, which was just carried out, must not have done. ``log`` has not taken it yet."""
    who = entry.actor.name
    for key, item in entry.cells_put.items():
        if is_failure(item):
            if key in log.verdicts:
                yield f"{who} wrote a failure over the verdict {short(key)}"
            if entry.actor.kind == "compare_photos" and not _may_give_up(log, entry, key.partition("/")[2]):
                yield f"{who} gave {short(key)} up without reason: {item['detail']['S']}"
        elif entry.operation == "PutItem" and float(item.get("similarity", {}).get("N", 0)) > 98:
            photo = key.partition("/")[2]
            if not any(name.startswith(MATCHES) and photo in name for name in stored()):
                yield f"{who} wrote the cell {short(key)} before the copy"
    if entry.operation == "DeleteItem":
        yield from (f"{who} took the verdict {short(key)} away" for key in entry.cells_removed & log.verdicts)


def _may_give_up(log: Log, entry: Entry, photo: str) -> bool:
    """Where something about it was refused, or the photo has been there for hours."""
    denied = (other for other in log.entries if other.fault is Fault.DENIED)
    return any(other.actor is entry.actor or photo in str(other.request) for other in denied) or any(
        entry.at - arrived(name) > _GIVE_UP_AFTER - _WRONG_CLOCK for name in stored() if photo in name
    )


def hurried(now: float, message: Message) -> Iterator[str]:
    """Of a message that is delivered: the attempts after the first one wait, each longer than the one before."""
    for work in parse(message.body):
        if isinstance(work, Work) and work.attempt and not work.reason.startswith(("the invocation", "more photos")):
            least = min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** (work.attempt - 1)) - 1
            if now - message.sent_at < least:
                yield f"attempt {work.attempt} came after {now - message.sent_at:.0f} s, not after {least:.0f}"


def forgotten(log: Log, queues: Iterable[Queue], body: str, begun: float, *, recorded: bool) -> Iterator[str]:
    """Of a message that an invocation, ``begun`` then, has ended: the cells that it asked for and that were neither
    written nor sent on, though their objects are there. A failure counts that was written since then, and for those
    who have ``recorded`` failures any one.
    """
    headshots, photos = _present()
    asked = {key for one in parse(body) for key in _cells(one, headshots, photos, begun)}
    since = {key for key, at in log.failed_at.items() if at >= begun}
    done = log.verdicts | since | (log.failures if recorded else set())
    for key in sorted(asked - done - _queued(queues)):
        yield f"forgot the cell {short(key)}"


def lost(log: Log, queues: Iterable[Queue]) -> Iterator[str]:
    """Cells of objects that are there, which were never written and that nothing in the queues asks for: S3's events
    alone must have led to them. A failed one the client may have dropped, to ask for it anew.
    """
    if log.lost_events:
        return
    headshots, photos = _present()
    wanted = {cell(shot.digest, photo) for shot, photo in product(headshots, photos)}
    for key in sorted(wanted - log.verdicts - log.failed_at.keys() - _queued(queues)):
        yield f"nobody is to write the cell {short(key)}"


def _present() -> tuple[dict[Headshot, float], dict[str, float]]:
    """Headshots and photos (digests) that are there, and when they arrived."""
    keys = [(parse_key(name), arrived(name)) for name in list(stored())]
    shots = {Headshot(key.person, key.digest): at for key, at in keys if isinstance(key, HeadshotKey)}
    return shots, {key.digest: at for key, at in keys if isinstance(key, PhotoKey)}


def _cells(
    asked: Work | Enrolment, headshots: dict[Headshot, float], photos: dict[str, float], begun: float
) -> Iterator[str]:
    if isinstance(asked, Enrolment):
        shots = {shot.digest for shot in headshots if shot.digest == asked.headshot.digest}
        named = {photo for photo, at in photos.items() if at <= asked.arrived.timestamp()}
    else:
        wanted = headshots.keys() if asked.headshots is None else headshots.keys() & set(asked.headshots)
        shots = {shot.digest for shot in wanted if asked.headshots is not None or headshots[shot] < begun - 1}
        named = photos.keys() & set(asked.photos)
    yield from (cell(shot, photo) for shot, photo in product(shots, named))


def _queued(queues: Iterable[Queue]) -> set[str]:
    """The cells that messages ask for; work without headshots and a headshot's event ask for all."""
    headshots, photos = _present()
    known = {shot.digest for shot in headshots}
    asked: set[str] = set()
    for queue in queues:
        for message in queue.messages.values():
            for one in parse(message.body):
                if isinstance(one, Enrolment):
                    asked.update(cell(one.headshot.digest, photo) for photo in photos)
                else:
                    shots = known if one.headshots is None else {shot.digest for shot in one.headshots}
                    asked.update(cell(shot, photo) for shot, photo in product(shots, one.photos))
    return asked
