"""What a comparer yields, written into the catalog and counted for the progress."""

from __future__ import annotations

from sortclient.album import Album
from sortclient.comparer import Changed, Compared, Event, Identified, InWork, Rejected, Uploaded, Waiting
from sortclient.ledger import counted
from sortclient.progress import Progress


class Recorder:
    """Writes events into the catalog and counts them for the progress."""

    def __init__(self, album: Album, progress: Progress, people: dict[str, str]) -> None:
        self._album, self._progress, self._people = album, progress, people
        self._thresholds = album.thresholds
        self._matched: set[tuple[str, bytes]] = set()
        self.changed = 0

    def take(self, event: Event) -> None:
        progress = self._progress
        progress.waiting = ""
        match event:
            case Identified(file, digest, taken):
                self._album.identified(file.path, digest, taken)
                progress.identified += 1
            case Rejected(file, rejection):
                self._album.rejected(file.path, rejection)
                progress.identified += 1
                progress.total -= len(self._people)
            case Changed():
                self.changed += 1
            case InWork(photos):
                progress.tell(
                    f"Comparisons of {counted(photos, 'photo')} may be in work, as messages are queued: they are not "
                    "asked for again, or they could be paid twice."
                )
            case Uploaded(size=size):
                progress.uploaded += 1
                progress.sent += size
            case Compared(comparison):
                self._album.record(comparison)
                progress.compared += 1
                person = self._people.get(comparison.headshot, "")
                if comparison.similarity is not None and comparison.similarity >= self._thresholds.of(person):
                    self._matched.add((person, bytes.fromhex(comparison.photo)))
                    progress.matches = len(self._matched)
            case Waiting(detail):
                progress.waiting = detail
