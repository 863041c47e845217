"""The comparer of a deployed stack: AWS compares, the client uploads and follows."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING

from photosort.comparison import REKOGNITION, Comparison, Correction, Thresholds
from sortclient.aws import people
from sortclient.aws.cells import Cells
from sortclient.aws.decisions import Corrections, reconcile
from sortclient.aws.failures import explained
from sortclient.aws.follow import came_since
from sortclient.aws.objects import Objects
from sortclient.aws.pruning import prune
from sortclient.aws.queues import Queues
from sortclient.aws.run import Run
from sortclient.aws.session import Clients
from sortclient.aws.stack import Deployment
from sortclient.aws.traffic import Traffic, traffic
from sortclient.aws.watch import Pace
from sortclient.comparer import Decided, Event, Pruned, Request
from sortclient.errors import InputError
from sortclient.model import Box, Sighting

if TYPE_CHECKING:
    from mypy_boto3_rekognition.type_defs import FaceDetailTypeDef

# What DetectFaces says of the picture itself, by code.
_BAD_PICTURE = {
    "ImageTooLargeException": "is larger than 5 MB, or than Rekognition's 10,000 px",
    "InvalidImageFormatException": "is no JPEG or PNG",
    "InvalidParameterException": "cannot be read as a picture",
}


class AwsComparer:
    """Implements `sortclient.comparer.Comparer`; ``objects``, ``cells`` and ``queues`` tell what the stack holds."""

    calls_cost_money = True
    engine = REKOGNITION

    def __init__(self, clients: Clients, deployment: Deployment, pace: Pace | None = None) -> None:
        self._clients = clients
        self._pace = pace or Pace()
        self._deployment = deployment
        self.cells = Cells(clients.dynamodb, deployment.table)
        self.place = deployment.stack_id
        self.paused = deployment.paused

    # A run that finds nothing new asks neither of these two, and making boto3's client of S3 takes 50 ms.

    @cached_property
    def objects(self) -> Objects:
        return Objects(self._clients.s3, self._deployment.bucket, self._deployment.retention_days)

    @cached_property
    def queues(self) -> Queues:
        return Queues(self._clients.sqs, self._deployment)

    @cached_property
    def _corrections(self) -> Corrections:
        return Corrections(self._clients.dynamodb, self._deployment.table, self._deployment.retention_days)

    def find_faces(self, picture: bytes) -> Sequence[Sighting]:
        """Ask Rekognition (one charged call). Raises InputError where it cannot take the picture."""
        rekognition = self._clients.rekognition
        with explained():
            try:
                answer = rekognition.detect_faces(Image={"Bytes": picture})
            except rekognition.exceptions.ClientError as error:
                reason = _BAD_PICTURE.get(error.response["Error"]["Code"])
                if reason is None:
                    raise
                raise InputError(f"The headshot {reason}. Choose another picture.") from error
        return sorted(map(_sighting, answer["FaceDetails"]), key=lambda face: face.box.area, reverse=True)

    def compare(self, request: Request) -> Generator[Event, None, None]:
        """Upload what is missing, follow what comes, ask again for what got lost.

        What stays missing though the queues are empty is left pending: the iterator ends. Raises AwsError; what was
        yielded before that stands, and the same request goes on there.
        """
        with explained():
            self.cells.set_thresholds(request.album, request.thresholds)
            if _needs_work(request):
                yield from Run(request, self.objects, self.cells, self.queues, self._pace).events()

    def prune(self, album: str, gone: Collection[bytes]) -> Iterator[Pruned]:
        """Objects and cells of the photos ``gone``. Raises AwsError; the same call goes on there."""
        with explained():
            yield from prune(self.objects, self.cells, album, gone)

    def photos(self, album: str) -> Mapping[bytes, bool]:
        return self.objects.photos_lasting(album)

    def other_headshots(self, album: str, people: Collection[str]) -> int:
        return sum(shot.person not in people for shot in self.objects.people(album))

    def rename(self, album: str, person: str, new: str, known: Callable[[str], Sequence[Comparison]]) -> None:
        people.rename(self.objects, self.cells, self._corrections, album, person, new, known)
        if self._waited_for_work():
            people.rename(self.objects, self.cells, self._corrections, album, person, new, known)

    def remove(self, album: str, person: str, headshots: Collection[str]) -> Pruned:
        removed = people.remove(self.objects, self.cells, self._corrections, album, person, headshots)
        if self._waited_for_work():
            removed += people.remove(self.objects, self.cells, self._corrections, album, person, headshots)
        return removed

    def _waited_for_work(self) -> bool:
        """Whether anything was in work. A comparison that began while the headshot was there still writes its cell,
        and its copy under the name that the person had; when it has ended, these can be taken away, too.
        """
        if self.queues.backlog().is_idle:
            return False
        time.sleep(self._pace.on_its_way)
        return True

    def thresholds(self, album: str) -> Thresholds | None:
        return self.cells.thresholds(album)

    def corrections(self, album: str) -> Iterable[Correction]:
        return self._corrections.all(album)

    def decide(self, album: str, decided: Decided) -> None:
        """Thresholds and corrections that were said later than those that stand there, and the copies in `matches/`."""
        self.cells.set_thresholds(album, decided.thresholds)
        standing = {(said.person, said.photo): said.at for said in self._corrections.all(album)}
        later = (said for said in decided.corrections if said.at > standing.get((said.person, said.photo), ""))
        self._corrections.put(album, later)
        reconcile(self.objects, album, decided.matches, decided.refuted)

    def came_since(self, album: str, newest: str) -> Iterator[Comparison]:
        """The cells since the latest that is known, as far as the workers' clocks agree. Empty: all there are."""
        return came_since(self.cells, album, newest)

    def traffic(self, album: str) -> Traffic:
        """How fast the album's cells come, and what waits."""
        return traffic(album, self.cells, self.queues, self._deployment)

    def fetcher(self, album: str) -> Callable[[str], bytes | None]:
        """From a photo's digest to the copy that was uploaded of it, for one album: what a sync takes."""
        return partial(self._download, album)

    def _download(self, album: str, digest: str) -> bytes | None:
        return self.objects.download(album, digest)


def _sighting(face: FaceDetailTypeDef) -> Sighting:
    """Pose is one of the attributes that DetectFaces always answers with."""
    box = face["BoundingBox"]
    return Sighting(Box(box["Left"], box["Top"], box["Width"], box["Height"]), face.get("Pose", {}).get("Yaw"))


def _needs_work(request: Request) -> bool:
    return any(candidate.digest is None or request.missing(candidate.digest) for candidate in request.candidates())
