"""A stack in moto, found as the client finds it, and a pipeline that a test moves by hand.

The pipeline stands in for the functions: it takes what the client put or asked for, and writes cells. What it knows of
S3's events is only which objects are new; moto tells nobody.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from photosort import comparison as contract
from photosort.comparison import Comparison, Problem
from photosort.keys import HeadshotKey, PhotoKey, parse_key
from photosort.stack import DEFAULT_STACK_NAME, Output
from photosort.work import Work, from_message
from sortclient.aws.comparer import AwsComparer
from sortclient.aws.session import Clients, open_session
from sortclient.aws.stack import find_stack
from sortclient.aws.watch import Pace
from sortclient.comparer import Candidate, Compared, Event, Identified, Rejected, Request
from sortclient.model import File, Headshot
from sortclient.photos.prepare import analysis_copy, encode

ALBUM = "Grüße 2026"

TEMPLATE: dict[str, Any] = {
    "Resources": {
        "Bucket": {"Type": "AWS::S3::Bucket"},
        "Table": {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [
                    {"AttributeName": name, "AttributeType": "S"}
                    for name in (contract.ALBUM, contract.CELL, contract.COMPARED_AT)
                ],
                "KeySchema": [
                    {"AttributeName": contract.ALBUM, "KeyType": "HASH"},
                    {"AttributeName": contract.CELL, "KeyType": "RANGE"},
                ],
                "LocalSecondaryIndexes": [
                    {
                        "IndexName": contract.COMPARED_AT_INDEX,
                        "KeySchema": [
                            {"AttributeName": contract.ALBUM, "KeyType": "HASH"},
                            {"AttributeName": contract.COMPARED_AT, "KeyType": "RANGE"},
                        ],
                        "Projection": {"ProjectionType": "ALL"},
                    }
                ],
            },
        },
        "CompareQueue": {"Type": "AWS::SQS::Queue"},
        "EnrollQueue": {"Type": "AWS::SQS::Queue"},
        "DeadLetters": {"Type": "AWS::SQS::Queue"},
    },
    "Outputs": {
        Output.BUCKET: {"Value": {"Ref": "Bucket"}},
        Output.TABLE: {"Value": {"Ref": "Table"}},
        Output.COMPARE_QUEUE: {"Value": {"Ref": "CompareQueue"}},
        Output.ENROLL_QUEUE: {"Value": {"Ref": "EnrollQueue"}},
        Output.DEAD_LETTERS: {"Value": {"Ref": "DeadLetters"}},
        Output.CALLS_PER_SECOND: {"Value": "22.5"},
        Output.RETENTION_DAYS: {"Value": "30"},
        Output.PAUSED: {"Value": "false"},
    },
}

HURRIED = Pace(look=0.01, look_most=0.01, quiet=0.05, quiet_most=0.1, settle=0.01, on_its_way=0.01, unreachable=0.3)


class Cloud:
    """To be made inside ``mock_aws``."""

    def __init__(self) -> None:
        self.clients: Clients = open_session()
        self.clients.cloudformation.create_stack(StackName=DEFAULT_STACK_NAME, TemplateBody=json.dumps(TEMPLATE))
        self.deployment = find_stack(self.clients)
        self.requests: list[tuple[str, dict[str, Any]]] = []  # (operation, parameters), in the order they were made
        for client in (self.clients.s3, self.clients.dynamodb, self.clients.sqs):
            client.meta.events.register("provide-client-params", self._note)
        self.compared: set[tuple[str, str]] = set()  # keys that the pipeline has taken
        self.lost: set[str] = set()  # photos whose cells never come

    def _note(self, params: dict[str, Any], model: Any, **_: object) -> None:
        self.requests.append((model.name, params))

    def comparer(self, pace: Pace = HURRIED) -> AwsComparer:
        return AwsComparer(self.clients, self.deployment, pace)

    def stored(self) -> list[str]:
        listing = self.clients.s3.list_objects_v2(Bucket=self.deployment.bucket)
        return [entry["Key"] for entry in listing.get("Contents", [])]

    def puts(self) -> list[str]:
        return [params["Key"] for operation, params in self.requests if operation == "PutObject"]

    def asked(self) -> list[Work]:
        return [
            from_message(json.loads(entry["MessageBody"]))
            for operation, params in self.requests
            if operation == "SendMessageBatch"
            for entry in params["Entries"]
        ]

    def write(self, comparison: Comparison, expires_in: float = 3600.0) -> None:
        table = self.clients.session.resource("dynamodb", self.clients.region).Table(self.deployment.table)
        table.put_item(Item=contract.to_item(ALBUM, comparison, int(time.time() + expires_in)))

    def cell(self, headshot: str, photo: str) -> dict[str, Any] | None:
        table = self.clients.session.resource("dynamodb", self.clients.region).Table(self.deployment.table)
        return table.get_item(Key={contract.ALBUM: ALBUM, contract.CELL: contract.cell(headshot, photo)}).get("Item")

    def receive(self) -> list[Work]:
        """Take the work that the client asked for off the queue."""
        works = []
        while True:
            answer = self.clients.sqs.receive_message(
                QueueUrl=self.deployment.compare_queue, MaxNumberOfMessages=10, WaitTimeSeconds=0
            )
            for message in answer.get("Messages", []):
                works.append(from_message(json.loads(message["Body"])))
                self.clients.sqs.delete_message(
                    QueueUrl=self.deployment.compare_queue, ReceiptHandle=message["ReceiptHandle"]
                )
            if not answer.get("Messages"):
                return works

    def run_pipeline(self) -> None:
        """Compare every photo there is with every headshot there is, each pair once, and what is asked for."""
        parsed = [parse_key(key) for key in self.stored()]
        shots = [key.digest for key in parsed if isinstance(key, HeadshotKey)]
        photos = [key.digest for key in parsed if isinstance(key, PhotoKey)]
        for pair in [(shot, photo) for shot in shots for photo in photos]:
            if pair not in self.compared:
                self.compared.add(pair)
                self.compare(*pair)
        self.run_asked()

    def run_asked(self) -> None:
        """Only what was asked for: the pipeline when all of S3's events got lost."""
        for work in self.receive():
            for shot in work.headshots or ():
                for photo in work.photos:
                    self.compare(shot.digest, photo)

    def compare(self, headshot: str, photo: str) -> None:
        if photo not in self.lost:
            self.write(verdict(headshot, photo))


class Here:
    """Workers without processes: which process decodes a picture is not what most of the tests ask."""

    processes = 1

    def __enter__(self) -> Here:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def map(
        self, function: Callable[[Any], Any], items: Iterable[Any], window: int | None = None
    ) -> Iterator[tuple[Any, Any]]:
        return ((item, function(item)) for item in items)


@dataclass
class Memory:
    """What the catalog does for a run, in memory."""

    folder: Path
    headshots: list[Headshot]
    digests: dict[str, str] = field(default_factory=dict)
    cells: dict[tuple[str, str], Comparison] = field(default_factory=dict)
    rejected: dict[str, str] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)

    def request(self, **changes: Any) -> Request:
        values: dict[str, Any] = {
            "album": ALBUM,
            "thresholds": contract.Thresholds(80.0),
            "headshots": self.headshots,
            "candidates": self.candidates,
            "missing": self.missing,
            "standing": self.standing,
        }
        return Request(**values | changes)

    def candidates(self) -> Iterator[Candidate]:
        for place in sorted(entry for entry in self.folder.rglob("*") if entry.is_file()):
            path = place.relative_to(self.folder).as_posix()
            status = place.stat()
            file = File(path, place, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
            yield Candidate(file, self.digests.get(path))

    def missing(self, photo: str) -> list[str]:
        return [shot.digest for shot in self.headshots if (shot.digest, photo) not in self.cells]

    def standing(self, photo: str) -> list[Comparison]:
        return [self.cells[key] for shot in self.headshots if (key := (shot.digest, photo)) in self.cells]

    def record(self, event: Event) -> None:
        self.events.append(event)
        match event:
            case Identified(file, digest):
                self.digests[file.path] = digest
            case Rejected(file, rejection):
                self.rejected[file.path] = str(rejection.outcome)
            case Compared(comparison):
                key = (comparison.headshot, comparison.photo)
                assert key not in self.cells, "a cell was yielded twice"
                self.cells[key] = comparison

    def follow(self, events: Iterator[Event], each: Callable[[], object] = lambda: None) -> None:
        for event in events:
            self.record(event)
            each()

    def of(self, kind: type[Event]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


def picture(colour: str) -> bytes:
    return encode(Image.new("RGB", (96, 96), colour))


def headshot(person: str, colour: str = "white") -> Headshot:
    copy = analysis_copy(picture(colour))
    return Headshot(person, copy.digest, f"{person}.jpg", copy.content)


def verdict(headshot: str, photo: str, similarity: float = 50.0, at: str | None = None) -> Comparison:
    return Comparison(headshot, photo, similarity, None, "", "rekognition", at or contract.now())


def failure(headshot: str, photo: str, at: str | None = None) -> Comparison:
    return Comparison(headshot, photo, None, Problem.FAILED, "gave up", "rekognition", at or contract.now())


def digest(colour: str) -> str:
    return analysis_copy(picture(colour)).digest


def complete(memory: Memory) -> bool:
    photos = {"red", "green", "blue"}
    return set(memory.cells) == {(shot.digest, digest(colour)) for shot in memory.headshots for colour in photos}
