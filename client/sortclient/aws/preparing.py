"""What workers do for an upload: read a file and make what travels of it."""

from __future__ import annotations

from dataclasses import dataclass

from sortclient.comparer import Candidate
from sortclient.photos.errors import NotComparable
from sortclient.photos.prepare import Prepared, analysis_copy, original, plain_original, read


@dataclass(frozen=True, slots=True)
class Job:
    candidate: Candidate
    originals: bool


def prepare(job: Job) -> Prepared | NotComparable:
    """In a process. Never raises for what a file can be: results cross from process to process."""
    try:
        content = read(job.candidate.file.location)
        return original(content) if job.originals else analysis_copy(content)
    except NotComparable as error:
        return error


def prepare_plain(job: Job) -> Prepared | None:
    """In a thread. None: it takes a process."""
    return plain_original(job.candidate.file.location)
