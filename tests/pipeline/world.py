"""The client's own runs next to the functions: the bucket announces what is put, and a test delivers it."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.backends import get_backend
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.s3 import notifications

from photosort.comparison import EXPIRES_AT
from photosort.keys import MatchKey, parse_key
from sortclient.album import Album
from sortclient.aws import run
from sortclient.aws.comparer import AwsComparer
from sortclient.aws.session import open_session
from sortclient.aws.stack import Deployment
from sortclient.catalog import open_catalog
from sortclient.comparer import Event, Request
from sortclient.emulator.s3_events import send_event
from sortclient.folders import DATA_VARIABLE
from sortclient.later import catch_up, synchronise
from sortclient.model import Box, Sighting
from sortclient.outputs import OutputWish
from sortclient.references import Reference
from sortclient.run import Wishes, rest_of
from sortclient.run import run as run_order
from sortclient.sorting import Order
from sortclient.verdicts import matches
from tests.pipeline.cloud import ALBUM, BUCKET, TABLE, Cloud
from tests.unit.aws_cloud import HURRIED, Here

_DAY = 86_400


class _Delivering(AwsComparer):
    """Everything arrives at every step of a run, and at its end. The functions' Rekognition is asked for no faces."""

    def __init__(self, world: World, deployment: Deployment) -> None:
        super().__init__(open_session(), deployment, HURRIED)
        self._world = world

    def find_faces(self, picture: bytes) -> Sequence[Sighting]:
        return [Sighting(Box(0.1, 0.1, 0.8, 0.8))]

    def compare(self, request: Request) -> Generator[Event, None, None]:
        for event in super().compare(request):
            yield event
            self._deliver()
        self._deliver()

    def _deliver(self) -> None:
        if not self._world.holds_back:
            self._world.deliver()


class World:
    def __init__(self, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(run, "Workers", Here)
        monkeypatch.setattr(notifications, "send_event", send_event)
        self.cloud, self._sqs = cloud, boto3.client("sqs")
        self._urls = {
            name: self._sqs.create_queue(QueueName=f"of-{name}")["QueueUrl"] for name in ("people", "photos", "dead")
        }
        configurations: Any = [
            {
                "QueueArn": f"arn:aws:sqs:us-west-1:{DEFAULT_ACCOUNT_ID}:of-{name}",
                "Events": ["s3:ObjectCreated:*"],
                "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": f"{name}/"}]}},
            }
            for name in ("people", "photos")
        ]
        cloud.s3.put_bucket_notification_configuration(
            Bucket=BUCKET, NotificationConfiguration={"QueueConfigurations": configurations}
        )
        for name in ("people", "photos"):
            list(self._taken(name))  # the test event
        queues = cloud.queue_url, self._urls["people"], self._urls["dead"]
        deployment = Deployment("arn:stack", BUCKET, TABLE, *queues, 22.5, 30, paused=False)
        self.comparer = _Delivering(self, deployment)
        self.holds_back = False  # whether what is announced has to wait

    def deliver(self) -> None:
        """What the event sources do, until nothing is left."""
        for body in self._taken("people"):
            assert not self.cloud.enroll(body).failed
        while bodies := [*self._taken("photos"), *(sent.work.to_message() for sent in self.cloud.sent())]:
            for body in bodies:
                assert not self.cloud.compare(body).failed

    def _taken(self, name: str) -> Iterator[str]:
        url = self._urls[name]
        while found := self._sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            for message in found:
                self._sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                yield message["Body"]

    @property
    def calls(self) -> int:
        return len(self.cloud.rekognition.calls)

    def matches(self) -> set[tuple[str, str]]:
        """(person, photo's digest) of `matches/`."""
        keys = map(parse_key, self.cloud.matches())
        return {(key.person, key.digest) for key in keys if isinstance(key, MatchKey)}

    def wait_days(self, days: float) -> None:
        """Everything becomes so much older; of what has expired the cells are gone, and the objects a day later."""
        objects = get_backend("s3")[DEFAULT_ACCOUNT_ID]["aws"].buckets[BUCKET].keys
        for entry in self.cloud.s3.list_objects_v2(Bucket=BUCKET).get("Contents", []):
            objects[entry["Key"]].last_modified -= timedelta(days=days)
            if entry["LastModified"] - timedelta(days=days) < datetime.now(UTC) - timedelta(days=31):
                self.cloud.delete(parse_key(entry["Key"]))
        for item in self.cloud.items(ALBUM):
            if EXPIRES_AT in item:
                expires = int(item[EXPIRES_AT]["N"]) - int(days * _DAY)
                self.cloud.dynamodb.put_item(TableName=TABLE, Item={**item, EXPIRES_AT: {"N": str(expires)}})


class Machine:
    """A catalog of its own, with the folder of the album or without."""

    def __init__(self, world: World, home: Path, folder: Path | None = None) -> None:
        self.home, self.folder = home, folder
        self._world = world

    def upload(self, *references: Reference, threshold: float | None = None, wait: bool = True) -> int:
        """The whole run, as the command does it; its exit status."""
        assert self.folder is not None
        order = Order(self.folder, references, ALBUM, threshold, wait=wait)
        with self._at_home():
            return run_order(order, Wishes(OutputWish(self.home / "Matches"), None, yes=True), self._world.comparer)

    def retry(self, **wishes: Any) -> int:
        """As the command does it; its exit status."""
        with self.album() as album:
            order = rest_of(album)
        with self._at_home():
            wished = Wishes(OutputWish(self.home / "Matches"), None, **{"yes": True} | wishes)
            return run_order(order, wished, self._world.comparer)

    def sync(self) -> None:
        with self.album() as album:
            synchronise(album, self._world.comparer, OutputWish(self.home / "Matches"), lambda _: b"copy")

    @contextmanager
    def album(self) -> Iterator[Album]:
        """The album, after catching up."""
        with self._at_home(), open_catalog() as catalog:
            yield catch_up(catalog, self._world.comparer, ALBUM, catalog.find_album(ALBUM))

    @contextmanager
    def known(self) -> Iterator[Album]:
        """The album as it is known here."""
        with self._at_home(), open_catalog() as catalog:
            album = catalog.find_album(ALBUM)
            assert album is not None
            yield album

    def matches(self) -> set[tuple[str, str]]:
        """As `World.matches`: what this machine says."""
        with self.known() as album:
            return {(verdict.person, verdict.entry.digest or "") for verdict in matches(album)}

    @contextmanager
    def _at_home(self) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(DATA_VARIABLE, str(self.home))
            yield
