"""The comparer of a deployed stack: AWS compares, the client uploads and follows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from functools import cached_property, partial

from photosort.comparison import REKOGNITION
from sortclient.aws.cells import Cells
from sortclient.aws.failures import explained
from sortclient.aws.objects import Objects
from sortclient.aws.pruning import prune
from sortclient.aws.queues import Queues
from sortclient.aws.run import Run
from sortclient.aws.session import Clients
from sortclient.aws.stack import Deployment
from sortclient.aws.watch import Pace
from sortclient.comparer import Event, Pruned, Request
from sortclient.errors import InputError
from sortclient.model import Box

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

    # A run that finds nothing new asks neither of these two, and making boto3's client of S3 takes 50 ms.

    @cached_property
    def objects(self) -> Objects:
        return Objects(self._clients.s3, self._deployment.bucket, self._deployment.retention_days)

    @cached_property
    def queues(self) -> Queues:
        return Queues(self._clients.sqs, self._deployment)

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

    def compare(self, request: Request) -> Generator[Event, None, None]:
        """Upload what is missing, follow what comes, ask again for what got lost.

        What stays missing though the queues are empty is left pending: the iterator ends. Raises AwsError; what was
        yielded before that stands, and the same request goes on there.
        """
        with explained():
            self.cells.set_threshold(request.album, request.threshold)
            if _needs_work(request):
                yield from Run(request, self.objects, self.cells, self.queues, self._pace).events()

    def prune(self, album: str, gone: Collection[bytes]) -> Iterator[Pruned]:
        """Objects and cells of the photos ``gone``. Raises AwsError; the same call goes on there."""
        with explained():
            yield from prune(self.objects, self.cells, album, gone)

    def other_photos(self, album: str, known: Collection[bytes]) -> int:
        return sum(bytes.fromhex(digest) not in known for page in self.objects.photos(album) for digest in page)

    def other_headshots(self, album: str, people: Collection[str]) -> int:
        return sum(shot.person not in people for shot in self.objects.people(album))

    def to_send(self, album: str, photos: Collection[bytes]) -> Collection[bytes]:
        present = self.objects.photos(album, lasting=True)
        return set(photos).difference(bytes.fromhex(digest) for page in present for digest in page)

    def fetcher(self, album: str) -> Callable[[str], bytes | None]:
        """From a photo's digest to the copy that was uploaded of it, for one album: what a sync takes."""
        return partial(self._download, album)

    def _download(self, album: str, digest: str) -> bytes | None:
        return self.objects.download(album, digest)


def _needs_work(request: Request) -> bool:
    return any(candidate.digest is None or request.missing(candidate.digest) for candidate in request.candidates())
