"""One album in the place of S3, DynamoDB and Rekognition: what compare_photos asks of them, at AWS's latencies."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from photosort.comparison import ALBUM, CELL, cell
from photosort.keys import HeadshotKey, parse_key
from simulation.agenda import Agenda
from simulation.quota import Quota
from simulation.wire import AwsError, Operation, answers, attach, text_response

# Seconds. Of small requests within a region; of CompareFaces, from its arrival; and of the way to it.
STORE_LATENCY = (0.010, 0.030)
COMPARING = (0.3, 1.5)
NETWORK = (0.001, 0.006)
REFUSING = (0.005, 0.015)

_MATCHES = 0.05  # of all pairs: what a match costs more is a copy
_THROTTLED = ("ProvisionedThroughputExceededException", "ThrottlingException")
_BOX = {"Width": 0.2, "Height": 0.3, "Left": 0.4, "Top": 0.1}
_FACE = {"BoundingBox": _BOX, "Confidence": 99.5}


@dataclass(slots=True)
class Account:
    """``admitted`` and ``throttled`` are when CompareFaces was called; ``compared`` counts pairs (headshot, photo)."""

    agenda: Agenda
    quota: Quota
    draw: random.Random
    headshots: Sequence[HeadshotKey]
    cells: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    compared: Counter[str] = field(default_factory=Counter)
    admitted: list[float] = field(default_factory=list)
    throttled: list[float] = field(default_factory=list)
    requests: Counter[str] = field(default_factory=Counter)

    def attach_rekognition(self, client: Any) -> None:
        """After what botocore itself does before it sends: its adaptive mode waits there."""
        self._count(client)
        by_event = answers(client.meta.service_model, {"CompareFaces": self._compare_faces})
        client.meta.events.register_last("before-send", lambda event_name, **sent: by_event[event_name](**sent))

    def attach_dynamodb(self, client: Any) -> None:
        self.attach_store(client, {"BatchGetItem": self._batch_get_item, "PutItem": self._put_item})

    def attach_s3(self, client: Any) -> None:
        self.attach_store(client, {})
        client.meta.events.register_first("before-send.s3.ListObjectsV2", self._list)
        client.meta.events.register_first("before-send.s3.CopyObject", self._copy)

    def attach_store(self, client: Any, operations: Mapping[str, Operation]) -> None:
        """Answer, then take the time that the way and the service take."""
        self._count(client)
        attach(client, operations)
        client.meta.events.register_last("before-send", lambda **_: self._pass(STORE_LATENCY))

    def _count(self, client: Any) -> None:
        def count(event_name: str, **_: object) -> None:
            self.requests[event_name.rpartition(".")[2]] += 1

        client.meta.events.register_first("before-send", count)

    def _pass(self, between: tuple[float, float]) -> None:
        self.agenda.sleep(self.draw.uniform(*between))

    def _compare_faces(self, request: dict[str, Any]) -> dict[str, Any]:
        headshot, photo = (
            parse_key(request[image]["S3Object"]["Name"]).digest for image in ("SourceImage", "TargetImage")
        )
        self._pass(NETWORK)
        if not self.quota.admits(self.agenda.now):
            self.throttled.append(self.agenda.now)
            self._pass(REFUSING)
            raise AwsError(self.draw.choice(_THROTTLED))
        self.admitted.append(self.agenda.now)
        self.compared[cell(headshot, photo)] += 1
        self._pass(COMPARING)
        matches = [{"Similarity": 97.0, "Face": _FACE}] if self.draw.random() < _MATCHES else []
        return {"SourceImageFace": _FACE, "FaceMatches": matches, "UnmatchedFaces": [_FACE]}

    def _batch_get_item(self, request: dict[str, Any]) -> dict[str, Any]:
        ((table, asked),) = request["RequestItems"].items()
        found = [self.cells[key[CELL]["S"]] for key in asked["Keys"] if key[CELL]["S"] in self.cells]
        return {"Responses": {table: found}, "UnprocessedKeys": {}}

    def _put_item(self, request: dict[str, Any]) -> dict[str, Any]:
        item = request["Item"]
        assert item[ALBUM]["S"] == self.headshots[0].album  # noqa: S101
        self.cells[item[CELL]["S"]] = item
        return {}

    def _list(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        prefix = unquote(parse_qs(urlsplit(request.url).query)["prefix"][0])
        keys = [str(key) for key in self.headshots if str(key).startswith(prefix)]
        contents = "".join(
            f"<Contents><Key>{key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><Size>9</Size></Contents>"
            for key in keys
        )
        return text_response(200, f"<ListBucketResult><IsTruncated>false</IsTruncated>{contents}</ListBucketResult>")

    def _copy(self, **_: Any) -> AWSResponse:
        return text_response(200, '<CopyObjectResult><ETag>"0"</ETag></CopyObjectResult>')
