"""The comparer of a deployed stack: AWS compares, the client uploads and follows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from photosort.comparison import DEFAULT_THRESHOLD, REKOGNITION, Comparison
from photosort.work import Headshot
from sortclient.aws.cells import Cells
from sortclient.aws.failures import explained
from sortclient.aws.objects import Objects
from sortclient.aws.queues import Backlog, Queues
from sortclient.aws.run import Run
from sortclient.aws.session import Clients
from sortclient.aws.stack import Deployment
from sortclient.aws.watch import Pace
from sortclient.comparer import Compared, Event, Request
from sortclient.errors import InputError
from sortclient.model import Box

__all__ = ["AwsComparer", "Backlog"]

# What DetectFaces says of the picture itself, by code.
_BAD_PICTURE = {
    "ImageTooLargeException": "is larger than 5 MB, or than Rekognition's 10,000 px",
    "InvalidImageFormatException": "is no JPEG or PNG",
    "InvalidParameterException": "cannot be read as a picture",
}


class AwsComparer:
    """Implements `sortclient.comparer.Comparer`, and tells what the stack holds of an album."""

    calls_cost_money = True
    engine = REKOGNITION

    def __init__(self, clients: Clients, deployment: Deployment, pace: Pace | None = None) -> None:
        self._clients = clients
        self._pace = pace or Pace()
        self._objects = Objects(clients.s3, deployment.bucket, deployment.retention_days)
        self._cells = Cells(clients.dynamodb, deployment.table)
        self._queues = Queues(clients.sqs, deployment)
        self.place = deployment.stack_id

    def find_faces(self, picture: bytes) -> Sequence[Box]:
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
        boxes = [face["BoundingBox"] for face in answer["FaceDetails"]]
        faces = [Box(box["Left"], box["Top"], box["Width"], box["Height"]) for box in boxes]
        return sorted(faces, key=lambda face: face.area, reverse=True)

    def compare(self, request: Request) -> Iterator[Event]:
        """Upload what is missing, follow what comes, ask again for what got lost.

        What stays missing though the queues are empty is left pending: the iterator ends. Raises AwsError; what was
        yielded before that stands, and the same request goes on there.
        """
        with explained():
            yield from Run(request, self._objects, self._cells, self._queues, self._pace).events()

    def refresh(self, album: str, wanted: Iterable[tuple[str, str]]) -> Iterator[Compared]:
        """Those of the cells (headshot digest, photo digest) that have come, without waiting for the others."""
        for comparison in self._cells.read(album, wanted):
            yield Compared(comparison)

    def albums(self) -> list[str]:
        """The names of the albums that have photos in the cloud."""
        return self._objects.albums()

    def people(self, album: str) -> list[Headshot]:
        """The album's headshots."""
        return self._objects.people(album)

    def photo_names(self, album: str, digests: Iterable[str]) -> Iterator[tuple[str, str]]:
        """(digest, path) of those photos that are still there. The path is somebody's word: check it before use."""
        return self._objects.photo_names(album, digests)

    def cells(self, album: str) -> Iterator[Comparison]:
        """Every cell of the album."""
        return self._cells.all(album)

    def threshold(self, album: str) -> float:
        """The album's threshold, in per cent."""
        threshold = self._cells.threshold(album)
        return DEFAULT_THRESHOLD if threshold is None else threshold

    def download(self, album: str, digest: str) -> bytes | None:
        """The copy that was uploaded of a photo; None where it has expired."""
        return self._objects.download(album, digest)

    def fetcher(self, album: str) -> Callable[[str], bytes | None]:
        """``download`` for the photos of one album: what a sync takes."""
        return partial(self.download, album)

    def backlog(self) -> Backlog:
        """What is waiting in the stack's queues, of all albums."""
        return self._queues.backlog()
