"""What a worker process does for an upload: read a file and make what travels of it."""

from __future__ import annotations

from dataclasses import dataclass

from sortclient.comparer import Candidate
from sortclient.photos.errors import NotComparable
from sortclient.photos.prepare import Prepared, analysis_copy, original, read


@dataclass(frozen=True, slots=True)
class Job:
    candidate: Candidate
    originals: bool


def prepare(job: Job) -> Prepared | NotComparable:
    """Never raises for what a file can be: results cross from process to process."""
    try:
        content = read(job.candidate.file.location)
        return original(content) if job.originals else analysis_copy(content)
    except NotComparable as error:
        return error
