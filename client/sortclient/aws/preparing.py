"""What a worker process does for an upload: read a file and make what travels of it."""

from __future__ import annotations

from dataclasses import dataclass

from sortclient.comparer import Candidate
from sortclient.model import Outcome
from sortclient.photos.decode import NotAPhoto, Unreadable
from sortclient.photos.prepare import Prepared, analysis_copy, original, read


@dataclass(frozen=True, slots=True)
class Job:
    candidate: Candidate
    originals: bool


@dataclass(frozen=True, slots=True)
class Rejection:
    outcome: Outcome
    detail: str


def prepare(job: Job) -> Prepared | Rejection:
    """Never raises for what a file can be: results cross from process to process."""
    try:
        content = read(job.candidate.file.location)
        return original(content) if job.originals else analysis_copy(content)
    except NotAPhoto as error:
        return Rejection(Outcome.NOT_A_PHOTO, str(error))
    except Unreadable as error:
        return Rejection(Outcome.UNREADABLE, str(error))
