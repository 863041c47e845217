"""compare_photos' own handler, in execution environments of simulated time, fed by a queue until that is empty."""

from __future__ import annotations

import math
import random
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache, partial
from types import SimpleNamespace
from typing import Any, Protocol
from unittest.mock import patch

import boto3
import botocore.endpoint
import botocore.retries.bucket
from botocore.config import Config

from photosort import clients, compare_photos
from photosort.settings import CompareSettings
from photosort.telemetry import logger
from simulation.agenda import Agenda, Pool
from simulation.context import Context
from simulation.event_source import EventSource
from simulation.sqs import Queue, Sqs
from simulation.stores import Account


class Pace(Protocol):
    def take(self, within: float) -> bool: ...


class NoPace:
    """What remains without one: as many calls at once as there are threads."""

    def take(self, within: float) -> bool:
        return within >= 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """What the stack says of compare_photos and its event source. Seconds; ``calls_per_second`` of an environment."""

    calls_per_second: float
    threads: int
    max_concurrency: int
    batch_size: int
    window: float
    timeout: float


@dataclass(frozen=True, slots=True)
class Mode:
    """How the calls are held to a rate: by a pace of ours, by botocore's retries, or by nothing."""

    name: str
    pace: Callable[[float, Agenda], Pace]
    retries: Config | None = None


class _Condition:
    """threading.Condition by an agenda. Its lock is nobody's need, as no other thread runs before a wait; and it may
    wake without reason, as the real one.
    """

    def __init__(self, agenda: Agenda) -> None:
        self._agenda = agenda

    def __enter__(self) -> bool:
        return True

    def __exit__(self, *_: object) -> None:
        """Nothing was locked."""

    def wait(self, timeout: float = math.inf) -> None:
        self._agenda.wait(timeout)

    def notify(self) -> None:
        self._agenda.notify()


_here = threading.local()  # the environment whose invocation this thread is


class Environment:
    """Clients and a pace of its own, kept from one invocation to the next."""

    def __init__(self, deployed: Deployed, mode: Mode, account: Account, sqs: Sqs, queue: Queue) -> None:
        self.settings = CompareSettings(
            bucket="bucket",
            table="table",
            compare_queue=queue.url,
            retention_days=30,
            calls_per_second=deployed.calls_per_second,
            threads=deployed.threads,
            give_up_after=6 * 3600,
        )
        self.pace = mode.pace(deployed.calls_per_second, account.agenda)
        calling = clients.REKOGNITION.config(deployed.threads)
        self.clients = {
            "rekognition": _client("rekognition", calling.merge(mode.retries) if mode.retries else calling),
            "s3": _client("s3", clients.S3.config(deployed.threads)),
            "dynamodb": _client("dynamodb", clients.DYNAMODB.config(deployed.threads)),
            "sqs": _client("sqs", clients.SQS.config(1)),
        }
        account.attach_rekognition(self.clients["rekognition"])
        account.attach_s3(self.clients["s3"])
        account.attach_dynamodb(self.clients["dynamodb"])
        account.attach_store(self.clients["sqs"], sqs.operations())

    def invoke(self, records: Sequence[dict[str, Any]], seconds_left: Callable[[], float]) -> object:
        _here.environment = self
        return compare_photos.handler({"Records": records}, Context("compare-photos", seconds_left))  # type: ignore[arg-type]


def run(deployed: Deployed, mode: Mode, account: Account, queue: Queue) -> EventSource:
    """Work the queue off."""
    sqs = Sqs([queue])
    with _simulated(account.agenda):
        source = EventSource(
            account.agenda,
            queue,
            lambda: Environment(deployed, mode, account, sqs, queue),
            batch_size=deployed.batch_size,
            window=deployed.window,
            max_concurrency=deployed.max_concurrency,
            timeout=deployed.timeout,
            draw=account.draw,
        )
        source.run()
    return source


@contextmanager
def _simulated(agenda: Agenda) -> Iterator[None]:
    """Whatever waits or keeps something for a process does so by the agenda, or for an environment."""
    replaced = [
        (compare_photos, "_started", lambda: (_here.environment.settings, _here.environment.pace)),
        (compare_photos, "ThreadPoolExecutor", partial(Pool, agenda)),
        (compare_photos, "emit", lambda *_: None),  # its metrics go to stdout
        (compare_photos, "time", SimpleNamespace(time=agenda.time)),
        (botocore.endpoint, "time", SimpleNamespace(sleep=agenda.sleep)),
        # Of the adaptive mode. Its lock is taken by its condition only.
        (botocore.retries.bucket, "Clock", lambda: SimpleNamespace(sleep=agenda.sleep, current_time=agenda.time)),
        (
            botocore.retries.bucket,
            "threading",
            SimpleNamespace(Lock=threading.Lock, Condition=lambda _: _Condition(agenda)),
        ),
        *((clients, name, partial(_of_here, name)) for name in ("rekognition", "s3", "dynamodb", "sqs")),
    ]
    level = logger.log_level
    with ExitStack() as stack:
        for where, name, by in replaced:
            stack.enter_context(patch.object(where, name, by))
        # The retries' and the messages' jitter come from Python's one generator.
        state = random.getstate()
        stack.callback(random.setstate, state)
        random.seed(0)
        logger.setLevel("ERROR")
        stack.callback(logger.setLevel, level)
        yield


def _of_here(name: str, *_: object) -> Any:
    return _here.environment.clients[name]


@cache
def _session() -> boto3.Session:
    """One for all environments: it reads the service models."""
    return boto3.Session(aws_access_key_id="simulated", aws_secret_access_key="simulated", region_name="us-west-1")  # noqa: S106


def _client(service: str, config: Config) -> Any:
    return _session().client(service, config=config)  # type: ignore[call-overload]
