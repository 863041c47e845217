"""One run of the AWS comparer: the headshots first, then the photos, following the cells all the while.

All of it happens in the thread that pulls the events, but preparing (processes, or threads for originals) and putting
(threads).
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence

from photosort.comparison import Comparison
from photosort.keys import HeadshotKey, PhotoKey
from photosort.work import Headshot
from sortclient.aws.cells import KEYS_A_READ, Cells
from sortclient.aws.objects import Objects
from sortclient.aws.preparing import Job, prepare, prepare_plain
from sortclient.aws.queues import Queues
from sortclient.aws.upload import Parcel, Uploads
from sortclient.aws.watch import Pace, Watch
from sortclient.comparer import Changed, Event, Identified, InWork, Rejected, Request, Uploaded, Waiting
from sortclient.errors import InputError
from sortclient.photos.errors import NotComparable, NotReached
from sortclient.photos.prepare import Prepared
from sortclient.workers import Crashed, Workers, map_in_threads

_READERS = 4  # threads that read and hash originals; each holds two of them
_PAGE = 500  # originals that take a decoder, until the processes get them


class Run:
    """``events`` does the work; a run is used once."""

    def __init__(self, request: Request, objects: Objects, cells: Cells, queues: Queues, pace: Pace) -> None:
        self._request, self._objects, self._cells = request, objects, cells
        self._queues, self._pace = queues, pace
        self._present: set[bytes] = set()  # digests of the photos in the cloud, and of those on their way

    def events(self) -> Iterator[Event]:
        # Before anything is asked for: what comes from now on must not be missed.
        watch = Watch(self._request, self._cells, self._queues, self._pace)
        with Uploads(self._objects, self._put_back) as uploads:
            fresh = yield from self._enroll(uploads)
            yield from self._list_photos()
            yield from self._resume(watch, fresh)
            with Workers() as workers:
                yield from self._send(watch, workers, uploads)
        if self._request.wait:
            yield from watch.settle()

    def _enroll(self, uploads: Uploads) -> Generator[Event, None, set[str]]:
        """Upload the headshots that are not there, to the last, and return their digests.

        Headshots that these people had before go first: every new photo would be compared with them, and charged.

        enroll_person fans them out over the photos that are there already. A photo that came before its headshot had
        arrived would be compared without it, and fanned out on top: so no photo is sent before.
        """
        standing = set(self._objects.people(self._request.album, lasting=True))
        wanted = {Headshot(shot.person, shot.digest) for shot in self._request.headshots}
        people = {shot.person for shot in wanted}
        self._objects.remove(
            HeadshotKey(self._request.album, shot.person, shot.digest)
            for shot in standing - wanted
            if shot.person in people
        )
        absent = [shot for shot in self._request.headshots if Headshot(shot.person, shot.digest) not in standing]
        yield from self._put_back_columns({shot.digest for shot in absent})
        for shot in absent:
            if not shot.content:
                raise InputError(
                    f"The headshot of {shot.person} has expired in the cloud and is not on this machine. "
                    f"Name it again: `sortclient upload FOLDER --ref {shot.person}=FILE`."
                )
            key = HeadshotKey(self._request.album, shot.person, shot.digest)
            uploads.begin(Parcel(key, shot.content, "image/jpeg"))
        while len(uploads):
            yield Waiting("uploading the headshots")
            for _ in uploads.finished(timeout=1):
                pass
        return {shot.digest for shot in absent}

    def _put_back_columns(self, headshots: set[str]) -> Iterator[Event]:
        """What is known of the headshots and any photo that is there, be it about to go: all of these are fanned out,
        and where a cell has expired it would be charged for once more.
        """
        for digests in self._objects.photos(self._request.album) if headshots else ():
            known = [
                cell for digest in digests for cell in self._request.standing(digest) if cell.headshot in headshots
            ]
            self._put_back(known)
            yield Waiting("looking up what is known of the headshots")

    def _list_photos(self) -> Iterator[Event]:
        for digests in self._objects.photos(self._request.album, lasting=True):
            self._present.update(map(bytes.fromhex, digests))
            yield Waiting(f"{len(self._present)} photos are in the cloud already")

    def _resume(self, watch: Watch, fresh: set[str]) -> Iterator[Event]:
        """Take up what earlier runs left: cells that stand, cells that failed, and cells that got lost.

        Cells with ``fresh`` headshots are left out: these have no cells yet, and enroll_person asks for them.
        """
        yield from watch.look_up(self._left_over(watch, fresh))
        missing = self._request.missing
        stuck = [photo for photo in watch.wanted & self._present if not fresh.issuperset(missing(photo.hex()))]
        failed = [photo for photo in stuck if photo in watch.failed]
        if len(failed) < len(stuck) and not (yield from watch.is_idle()):
            yield InWork(len(stuck) - len(failed))
            stuck = failed
        watch.ask(stuck, besides=fresh)
        watch.failed.clear()

    def _left_over(self, watch: Watch, fresh: set[str]) -> Iterator[tuple[str, str]]:
        for candidate in self._request.candidates():
            if candidate.digest is None or bytes.fromhex(candidate.digest) in watch.wanted:
                continue
            missing = self._request.missing(candidate.digest)
            if missing:
                watch.wanted.add(bytes.fromhex(candidate.digest))
                yield from ((headshot, candidate.digest) for headshot in missing if headshot not in fresh)

    def _send(self, watch: Watch, workers: Workers, uploads: Uploads) -> Iterator[Event]:
        """Prepare and upload what is not there. Preparing waits while too much is on its way."""
        may_stand: list[tuple[str, str]] = []  # cells of photos that turned out to be in the cloud
        for job, result in self._originals(workers) if self._request.originals else workers.map(prepare, self._jobs()):
            yield from self._take(job, result, watch, uploads, may_stand)
            yield from self._progress(watch, uploads, 0)
            while uploads.is_full:
                yield from self._progress(watch, uploads, 1)
            if len(may_stand) >= KEYS_A_READ:
                yield from watch.look_up(may_stand)
                may_stand.clear()
        while len(uploads):
            yield from self._progress(watch, uploads, 1)
        yield from watch.look_up(may_stand)
        watch.ask(watch.failed & self._present)

    def _originals(self, workers: Workers) -> Iterator[tuple[Job, Prepared | NotComparable | Crashed]]:
        """Originals are some MB each, and few need more than to be read: those come from threads, not by a pipe."""
        window = workers.processes * 2  # as many as are begun are held at once
        others: list[Job] = []
        for job, result in map_in_threads(prepare_plain, self._jobs(), _READERS):
            if result is not None:
                yield job, result
                continue
            others.append(job)
            if len(others) == _PAGE:
                yield from workers.map(prepare, others, window)
                others.clear()
        yield from workers.map(prepare, others, window)

    def _jobs(self) -> Iterator[Job]:
        for candidate in self._request.candidates():
            digest = candidate.digest
            if digest is None or (self._request.missing(digest) and bytes.fromhex(digest) not in self._present):
                yield Job(candidate, self._request.originals)

    def _take(
        self,
        job: Job,
        result: Prepared | NotComparable | Crashed,
        watch: Watch,
        uploads: Uploads,
        may_stand: list[tuple[str, str]],
    ) -> Iterator[Event]:
        before, file = job.candidate.digest, job.candidate.file
        if before is not None and not (isinstance(result, Prepared) and result.digest == before):
            # The file has changed since: nobody uploads what it held, unless another file has or had the same.
            watch.wanted -= {bytes.fromhex(before)} - self._present
            if self._request.as_known:
                yield Changed(file)
                return
        if isinstance(result, Crashed):
            result = NotReached(str(result))
        if isinstance(result, NotComparable):
            yield Rejected(file, result.rejection)
            return
        yield Identified(file, result.digest, result.taken)
        missing = self._request.missing(result.digest)
        if not missing:
            return
        photo = bytes.fromhex(result.digest)
        if photo not in self._present:
            self._present.add(photo)
            key = PhotoKey(self._request.album, result.digest)
            known = self._request.standing(result.digest)
            uploads.begin(Parcel(key, result.content, result.content_type, file.path, result.sha256, known))
        elif photo not in watch.wanted:
            may_stand.extend((headshot, result.digest) for headshot in missing)
        watch.wanted.add(photo)

    def _put_back(self, known: Sequence[Comparison]) -> None:
        self._cells.put(self._request.album, known, self._objects.retention_days)

    def _progress(self, watch: Watch, uploads: Uploads, timeout: float) -> Iterator[Event]:
        for sent in uploads.finished(timeout):
            yield Uploaded(sent.key.digest, sent.size)
        yield from watch.look_if_due()
