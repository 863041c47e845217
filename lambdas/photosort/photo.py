"""One photo against its headshots: which cells are missing, and filling them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from photosort import clients, comparison
from photosort.bucket import Bucket
from photosort.comparison import Comparison, Problem, Thresholds
from photosort.errors import Gone, OutOfTime, PipelineError, Refused, Throttled, Unreachable, is_refused_write
from photosort.keys import HeadshotKey, MatchKey, PhotoKey
from photosort.pacing import TokenBucket
from photosort.rekognition import compare_faces, failure
from photosort.stack import Metric
from photosort.table import Table
from photosort.work import Headshot, Work

if TYPE_CHECKING:
    from mypy_boto3_rekognition import RekognitionClient

# Nothing is begun for a photo with less than this left (seconds): one call of Rekognition, then a copy or the two looks
# at what it could not read, then the cell; and for all of the batch together, sending the rest back.
TIME_FOR_A_CELL = clients.REKOGNITION.longest + 2 * clients.S3.longest + clients.DYNAMODB.longest + clients.SQS.longest
# With less than this when the batch comes, nothing might ever be begun, and the work would go round for ever.
SHORTEST_INVOCATION = TIME_FOR_A_CELL + clients.S3.longest + clients.DYNAMODB.longest

# A refusal is not cured by waiting for hours, so it ends by attempts: within minutes a person sees what to change.
ATTEMPTS = 5

# Of verdicts that are nobody's match.
_METRICS = {None: Metric.NO_MATCHES, Problem.NO_FACE: Metric.NO_FACE, Problem.UNREADABLE: Metric.UNREADABLE}


@dataclass(frozen=True, slots=True)
class Left:
    """What of a photo is to be sent again: these headshots, or None where not even they are known."""

    headshots: tuple[Headshot, ...] | None
    error: PipelineError


@dataclass(slots=True)
class Result:
    """What came of one photo. ``lost`` is set where it can neither be finished nor recorded nor sent again."""

    counts: Counter[str] = field(default_factory=Counter)
    left: list[Left] = field(default_factory=list)
    lost: PipelineError | None = None


@dataclass(frozen=True, slots=True)
class PhotoComparer:
    """Safe to share among threads: the clients are, and it has no state of its own."""

    rekognition: RekognitionClient
    bucket: Bucket
    table: Table
    pace: TokenBucket
    seconds_left: Callable[[], float]
    now: Callable[[], float]  # seconds since 1970
    give_up_after: float  # seconds

    def compare(self, work: Work, photo: str) -> Result:
        """Fill the cells that ``work`` asks for of this photo, as far as time and AWS allow."""
        result = Result()
        headshots = work.headshots
        try:
            if self.seconds_left() < TIME_FOR_A_CELL:
                raise OutOfTime("the invocation ended first")
            if headshots is None:
                headshots = tuple(self.bucket.headshots(work.album))
            columns = _by_digest(headshots)
            if not columns:
                return result  # a photo of an album that has no people yet
            standing = self.table.read(work.album, (comparison.cell(digest, photo) for digest in columns))
        except PipelineError as error:
            self._leave(result, work, photo, headshots, error)
            return result
        missing = [
            shots
            for digest, shots in columns.items()
            if not _is_settled(standing.cells.get(comparison.cell(digest, photo)))
        ]
        self._fill(result, work, photo, missing, standing.thresholds)
        return result

    def _fill(
        self, result: Result, work: Work, photo: str, missing: list[list[Headshot]], thresholds: Thresholds
    ) -> None:
        for index, shots in enumerate(missing):
            try:
                self._fill_cell(result, work, photo, shots, thresholds)
            except Gone:
                result.counts[Metric.DROPPED] += len(missing) - index  # the photo's: nobody can ask for them any more
                return
            except PipelineError as error:
                if self._gives_up(work, error):
                    self._leave(result, work, photo, shots, error)
                    continue
                # The next cell would most likely meet the same, and each call counts against the quota. This one goes
                # last: where it is the only bad one, it does not keep the others waiting.
                rest = [*missing[index + 1 :], shots]
                self._leave(result, work, photo, [shot for column in rest for shot in column], error)
                return

    def _fill_cell(self, result: Result, work: Work, photo: str, shots: list[Headshot], thresholds: Thresholds) -> None:
        """``shots`` are one picture, of one person or (the same file under two names) of several."""
        album = work.album
        # The last call was charged, and what it said could not be kept: whether it can be is asked before another.
        if is_refused_write(work.reason) and not self.table.put(album, failure(shots[0].digest, photo, work.reason)):
            return  # a verdict has come meanwhile
        if not self.pace.take(within=self.seconds_left() - TIME_FOR_A_CELL):
            raise OutOfTime("the invocation ended before its turn came")
        headshot, photo_key = HeadshotKey(album, shots[0].person, shots[0].digest), PhotoKey(album, photo)
        result.counts[Metric.COMPARISONS] += 1
        try:
            cell = compare_faces(self.rekognition, bucket=self.bucket.name, headshot=headshot, photo=photo_key)
        except Unreachable as unreachable:
            if self.bucket.arrival(photo_key) is None:
                raise Gone(unreachable.reason) from unreachable
            if self.bucket.arrival(headshot) is None:
                result.counts[Metric.DROPPED] += 1
                return
            raise
        matched = {shot.person for shot in shots if _is_match(cell, thresholds.of(shot.person))}
        for person in matched:  # before the cell: who finds a match in the table finds its copy too
            self.bucket.copy(photo_key, MatchKey(album, person, photo))
        self.table.put(album, cell)
        result.counts[Metric.MATCHES if matched else _METRICS[cell.problem]] += 1

    def _leave(
        self,
        result: Result,
        work: Work,
        photo: str,
        headshots: tuple[Headshot, ...] | list[Headshot] | None,
        error: PipelineError,
    ) -> None:
        """For another invocation; or, where that was tried enough, with a failed cell."""
        if isinstance(error, Throttled):
            result.counts[Metric.THROTTLED] += 1
        if not self._gives_up(work, error):
            result.left.append(Left(None if headshots is None else tuple(headshots), error))
            return
        if headshots is None:  # no cell can be named: the dead letters' function will try to
            result.lost = error
            return
        detail = f"given up after {work.attempt + 1} attempts: {error.reason}"
        try:
            for digest in _by_digest(headshots):
                if self.table.put(work.album, failure(digest, photo, detail)):
                    result.counts[Metric.FAILED] += 1
        except PipelineError as unwritten:
            result.lost = unwritten

    def _gives_up(self, work: Work, error: PipelineError) -> bool:
        """Refusals end by attempts. The rest passes by itself and ends by age; but old work that has waited in a long
        queue has not been tried often, so not before it had as many attempts. Work that only needs more time
        gets it: every invocation does some of it.
        """
        if isinstance(error, OutOfTime) or work.attempt + 1 < ATTEMPTS:
            return False
        return isinstance(error, Refused) or self.now() - work.asked_at > self.give_up_after


def _by_digest(headshots: tuple[Headshot, ...] | list[Headshot]) -> dict[str, list[Headshot]]:
    columns: dict[str, list[Headshot]] = {}
    for shot in headshots:
        columns.setdefault(shot.digest, []).append(shot)
    return columns


def _is_settled(cell: Comparison | None) -> bool:
    return cell is not None and cell.is_verdict


def _is_match(cell: Comparison, threshold: float) -> bool:
    return cell.similarity is not None and cell.similarity >= threshold
