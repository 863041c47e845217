"""Uploads in threads, a bounded number of them and of bytes: preparing waits for the network, memory stays flat."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from photosort.comparison import Comparison
from photosort.keys import HeadshotKey, PhotoKey
from sortclient.aws.objects import Objects
from sortclient.aws.session import THREADS

MOST_BYTES = 64 * 1024 * 1024  # begun and not yet sent: what a slow line can hold back
_FAREWELL_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Parcel:
    """An object to be: what is put under which key."""

    key: HeadshotKey | PhotoKey
    content: bytes
    content_type: str
    path: str | None = None
    sha256: bytes | None = None  # of the content, where that is known
    known: Sequence[Comparison] = ()  # verdicts that must stand in the table before it is there


@dataclass(frozen=True, slots=True)
class Sent:
    key: HeadshotKey | PhotoKey
    size: int  # bytes


class Uploads:
    """Puts parcels. botocore repeats what may succeed later; what it raises in the end is raised by ``finished``."""

    def __init__(
        self, objects: Objects, put_back: Callable[[Sequence[Comparison]], None], threads: int = THREADS
    ) -> None:
        """``put_back`` writes what a parcel brings of the known, in its thread and before it."""
        self._objects, self._put_back = objects, put_back
        self._most = threads * 2
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="upload")
        self._begun: dict[Future[None], Sent] = {}

    def __enter__(self) -> Uploads:
        return self

    def __exit__(self, *_: object) -> None:
        """Drop what waits. What is on its way may end: a put is whole or nothing, and the next run will see it."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        late = wait([future for future in self._begun if not future.cancelled()], _FAREWELL_SECONDS).not_done
        if not late:
            self._pool.shutdown()

    def __len__(self) -> int:
        return len(self._begun)

    @property
    def is_full(self) -> bool:
        """Whether to wait with the next one. A parcel larger than the bound may go alone."""
        return len(self._begun) >= self._most or sum(sent.size for sent in self._begun.values()) >= MOST_BYTES

    def begin(self, parcel: Parcel) -> None:
        self._begun[self._pool.submit(self._put, parcel)] = Sent(parcel.key, len(parcel.content))

    def finished(self, timeout: float = 0) -> Iterator[Sent]:
        """What has been sent since the last call, waiting up to ``timeout`` seconds for the first of them.

        Raises the error of a put that failed for good, after the ones that succeeded were yielded.
        """
        if not self._begun:
            return
        done, _ = wait(self._begun, timeout, FIRST_COMPLETED)
        errors = []
        for future in done:
            sent = self._begun.pop(future)
            error = future.exception()
            if error is None:
                yield sent
            else:
                errors.append(error)
        if errors:
            raise errors[0]

    def _put(self, parcel: Parcel) -> None:
        if parcel.known:
            self._put_back(parcel.known)
        self._objects.put(parcel.key, parcel.content, parcel.content_type, parcel.path, parcel.sha256)
