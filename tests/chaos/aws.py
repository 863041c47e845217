"""The emulated AWS of a chaos run: moto's bucket and table, queues in simulated time, and the weather on every request.

Each request waits on its way there and back, and while it does others go on: functions, their threads, the client.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from copy import copy
from functools import cache
from typing import Any
from urllib.parse import unquote, urlsplit

import botocore.session
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.model import ServiceModel
from moto.core.botocore_stubber import BotocoreStubber

from simulation.agenda import Actor, Agenda, Died
from simulation.sqs import Queue, Sqs
from simulation.wire import answers, response
from sortclient.emulator import s3_events
from sortclient.emulator.provisioning import MAX_RECEIVE_COUNT, SOURCES
from tests.chaos.bucket import Objects
from tests.chaos.log import Entry, Log, is_failure
from tests.chaos.promises import broken as broken_promises
from tests.chaos.promises import lost
from tests.chaos.weather import Fault, Weather, broken, members, patience, refusal
from tests.pipeline.cloud import TABLE
from tests.pipeline.fake_rekognition import FakeRekognition

_FACES = {"FaceDetails": [{"BoundingBox": {"Left": 0.1, "Top": 0.1, "Width": 0.8, "Height": 0.8}}]}


@cache
def _model(service: str) -> ServiceModel:
    return botocore.session.get_session().get_service_model(service)


class Aws:
    """``trouble`` is what a test wants to happen to a request; without one the weather decides.

    ``line`` is how many seconds an upload takes at most, ``counts_age`` by how many the queues' counts are late.
    """

    line = counts_age = 0.0

    def __init__(self, agenda: Agenda, weather: Weather, choose: random.Random) -> None:
        self.agenda, self.weather, self._choose = agenda, weather, choose
        self.log = Log(agenda.now)
        compare, enroll, dead_letters = (source.visibility_timeout for source in SOURCES)
        self.dead_letters = Queue("dead", agenda_time(agenda), visibility=dead_letters)
        redrive: dict[str, Any] = {"max_receives": MAX_RECEIVE_COUNT, "dead_letters": self.dead_letters}
        self.compare = Queue("compare", agenda_time(agenda), visibility=compare, **redrive)
        self.enroll = Queue("enroll", agenda_time(agenda), visibility=enroll, **redrive)
        self.queues = (self.compare, self.enroll, self.dead_letters)
        self.rekognition = FakeRekognition(Objects())
        self.trouble: Callable[[Actor, str, Any], Fault | None] = lambda *_: None
        self.on_upload: Callable[[str], None] = lambda _: None  # what happens while an object of this key is sent
        self._announced: dict[str, list[Any]] = {}
        self._own: dict[str, Callable[..., AWSResponse]] = {
            **answers(_model("sqs"), {**Sqs(self.queues).operations(), "GetQueueAttributes": self._late_counts}),
            **answers(
                _model("rekognition"),
                {"DetectFaces": lambda _: _FACES, "CompareFaces": self.rekognition.compare_faces},
            ),
        }
        self._moto = BotocoreStubber.__call__

    def _answer(self, stubber: BotocoreStubber, event_name: str, request: AWSPreparedRequest) -> AWSResponse:
        """In the place of moto's own entry: every request of every boto3 client comes here."""
        agenda, (service, operation) = self.agenda, event_name.split(".")[1:3]
        if not agenda.is_mine or agenda.actor is agenda.person:
            return self._carry_out(stubber, event_name, request)  # the test's own look
        actor = agenda.actor
        agenda.pause(self._choose.uniform(0.002, 0.04))
        told = members(request.body) if service != "s3" else {"path": urlsplit(request.url).path}
        if operation == "PutObject":
            self.on_upload(unquote(told["path"]))
            agenda.pause(self._choose.uniform(0, self.line))
        fault = self.trouble(actor, operation, told) or self.weather.draw(actor.kind, f"{service}.{operation}")
        self._deliver_once_more(actor, service, operation, told)
        if fault is Fault.SLOW:
            agenda.pause(self._choose.uniform(0.3, 0.95) * patience(actor.kind, service)[1])
        if actor.kind == "client" and operation == "SendMessageBatch":  # it asks for what is missing
            self.log.wrong.extend(lost(self.log, self.queues))
        entry = self.log.enter(agenda.now, actor, operation, told)
        entry.fault = fault
        answer = None
        if fault is Fault.PARTLY:

            def carry_out(body: dict[str, Any]) -> AWSResponse:
                entry.done = body
                return self._carry_out(stubber, event_name, _with(request, body))

            answer = _PARTS[operation](self.weather, carry_out, told)
        elif fault is None or fault.is_carried_out:
            entry.done = told
            answer = self._carry_out(stubber, event_name, request)
        entry.status = answer and answer.status_code
        self.log.wrong.extend(broken_promises(self.log, entry))
        self.log.take(entry)
        return self._way_back(entry, service, request.url, answer)

    def _deliver_once_more(self, actor: Actor, service: str, operation: str, told: dict[str, Any]) -> None:
        """At the worst moment: while a failure is about to be written or dropped, or once it stands."""
        is_about_failure = operation == "DeleteItem" or (operation == "PutItem" and is_failure(told["Item"]))
        if not is_about_failure or not self.weather.happens(0.6):
            return
        photo = (told.get("Item") or told["Key"])["cell"]["S"][-64:]
        now = operation == "DeleteItem" or self.weather.happens(0.5)
        for name in [name for name in self._announced if photo in name]:
            self.compare.send(self._announced[name][-1].body, 0 if now else self.weather.between(5, 300))
        if now:
            self.agenda.pause(0.95 * patience(actor.kind, service)[1])

    def _late_counts(self, request: dict[str, Any]) -> dict[str, Any]:
        """As SQS counts: what came a moment ago is not among it."""
        late = [copy(queue) for queue in self.queues]
        for queue in late:
            before = self.agenda.now - self.counts_age
            queue.messages = {name: message for name, message in queue.messages.items() if message.sent_at <= before}
        return dict(Sqs(late).operations()["GetQueueAttributes"](request))

    def _carry_out(self, stubber: BotocoreStubber, event_name: str, request: AWSPreparedRequest) -> AWSResponse:
        own = self._own.get(event_name)
        answer: AWSResponse = own(request=request) if own else self._moto(stubber, event_name, request)
        return answer

    def _way_back(self, entry: Entry, service: str, url: str, answer: AWSResponse | None) -> AWSResponse:
        agenda, fault, operation = self.agenda, entry.fault, entry.operation
        connecting, reading = patience(entry.actor.kind, service)
        match fault:
            case Fault.DEATH | Fault.DEATH_LOST:
                entry.actor.dead = True
                raise Died
            case Fault.UNREACHABLE:
                agenda.pause(connecting)
                raise broken(fault, url)
            case Fault.SILENT | Fault.SILENT_LOST:
                agenda.pause(reading)
                raise broken(fault, url)
            case Fault.RESET | Fault.RESET_LOST:
                raise broken(fault, url)
            case Fault.LATE:
                agenda.pause(self._choose.uniform(0.3, 0.95) * reading)
            case Fault.THROTTLED | Fault.INTERNAL | Fault.INTERNAL_LOST | Fault.DENIED | Fault.EXPIRED:
                return refusal(fault, service, operation)
        agenda.pause(self._choose.uniform(0.3, 1.5) if service == "rekognition" else self._choose.uniform(0.002, 0.04))
        assert answer is not None
        return answer

    # S3's notifications: at least once, in any order, and of one key the newest first.

    def announce(self, _account: str, event_name: Any, bucket: Any, key: Any) -> None:
        queue = {"people": self.enroll, "photos": self.compare}.get(key.name.split("/")[0])
        if queue is None or not event_name.startswith("s3:ObjectCreated"):
            return
        body = json.dumps(s3_events.event(event_name.removeprefix("s3:"), "", bucket, key))
        weather = self.weather
        if weather.happens(0.02):
            self.log.lost_events += 1
            self.log.note(self.agenda.now, f"the event of {key.name[-68:-62]} is lost")
            return
        delay = weather.between(10, 90) if weather.happens(0.15) else weather.between(0.1, 2)
        message = queue.send(body, delay)
        before = self._announced.setdefault(key.name, [])
        for earlier in before:
            if not earlier.receives and not weather.is_calm:
                earlier.visible_at = max(earlier.visible_at, message.visible_at + 1)
        before.append(message)
        if weather.happens(0.15):
            queue.send(body, delay + weather.between(0, 30 if weather.happens(0.5) else 3600))

    def put_in_place(self, patch: pytest.MonkeyPatch) -> None:
        def answer(stubber: BotocoreStubber, event_name: str, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
            return self._answer(stubber, event_name, request)

        patch.setattr(BotocoreStubber, "__call__", answer)


def agenda_time(agenda: Agenda) -> Callable[[], float]:
    """By SQS's clock, which is right whatever the actor's says."""
    return lambda: agenda.now


def _with(request: AWSPreparedRequest, body: dict[str, Any]) -> AWSPreparedRequest:
    return AWSPreparedRequest(request.method, request.url, request.headers, json.dumps(body).encode(), False)


def _read_partly(weather: Weather, carry_out: Callable[[Any], AWSResponse], body: dict[str, Any]) -> AWSResponse:
    some, others = weather.portion(body["RequestItems"][TABLE]["Keys"])
    rest = {TABLE: {**body["RequestItems"][TABLE], "Keys": others}} if others else {}
    if not some:
        return response(200, {"Responses": {TABLE: []}, "UnprocessedKeys": rest})
    fewer = {TABLE: {**body["RequestItems"][TABLE], "Keys": some}}
    return _adding(carry_out({**body, "RequestItems": fewer}), {"UnprocessedKeys": rest})


def _write_partly(weather: Weather, carry_out: Callable[[Any], AWSResponse], body: dict[str, Any]) -> AWSResponse:
    some, others = weather.portion(body["RequestItems"][TABLE])
    rest = {TABLE: others} if others else {}
    if not some:
        return response(200, {"UnprocessedItems": rest})
    return _adding(carry_out({**body, "RequestItems": {TABLE: some}}), {"UnprocessedItems": rest})


def _send_partly(weather: Weather, carry_out: Callable[[Any], AWSResponse], body: dict[str, Any]) -> AWSResponse:
    some, others = weather.portion(body["Entries"])
    failed = [{"Id": entry["Id"], "SenderFault": False, "Code": "InternalError"} for entry in others]
    if not some:
        return response(200, {"Successful": [], "Failed": failed})
    return _adding(carry_out({**body, "Entries": some}), {"Failed": failed})


def _adding(answer: AWSResponse, more: dict[str, Any]) -> AWSResponse:
    return response(answer.status_code, json.loads(answer.content) | more)


_PARTS = {"BatchGetItem": _read_partly, "BatchWriteItem": _write_partly, "SendMessageBatch": _send_partly}
