"""A stack in simulated time: the real functions and the real client, on the emulated AWS, under one agenda."""

from __future__ import annotations

import io
import random
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache, partial
from types import FunctionType, ModuleType
from typing import Any

import boto3
import pytest
from botocore.retries import standard
from moto import mock_aws
from moto.s3 import notifications

from photosort.stack import Environment
from photosort.telemetry import logger
from photosort.work import Work
from simulation.agenda import Actor, Agenda, Pool, wait_for_futures
from sortclient.aws import run
from sortclient.aws.comparer import AwsComparer
from sortclient.aws.session import Clients, open_session
from sortclient.aws.stack import Deployment
from sortclient.aws.watch import Pace
from tests.chaos.aws import Aws
from tests.chaos.bucket import expire, put_clocks_apart
from tests.chaos.functions import event_sources
from tests.chaos.promises import lost
from tests.chaos.weather import Weather
from tests.pipeline.cloud import BUCKET, TABLE, create_stack, new_execution_environments
from tests.unit.aws_cloud import Here

_START = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
_RETENTION_DAYS = 30
_COUNTS_AGE = 60.0  # seconds
# Following costs moto's time, not the simulation's: while nothing comes a run looks once a minute.
PACE = Pace(look=2, look_most=60)
SLOW = replace(PACE, look_most=900)  # for what takes hours


class World:
    """``aws`` tells what happened; ``commands`` counts the client's."""

    def __init__(self, seed: int, patch: pytest.MonkeyPatch, pace: Pace) -> None:
        choose = random.Random(seed)
        self.agenda = Agenda(_START)
        self.weather = Weather(choose)
        self.aws = Aws(self.agenda, self.weather, choose)
        self.patch = patch
        jitter = random.Random(f"jitter {seed}")
        _simulate(self.agenda, jitter, patch)
        put_clocks_apart(lambda: self.agenda.now, jitter, patch)
        for name, value in _environment(self.aws).items():
            patch.setenv(name, value)
        patch.setattr(run, "Workers", Here)
        patch.setattr("sortclient.files.SETTLED_NS", 0)
        patch.setattr(notifications, "send_event", self.aws.announce)
        self.aws.put_in_place(patch)
        create_stack(boto3.client("s3"), boto3.client("dynamodb"))
        self.sources = event_sources(self.aws, choose)
        self.agenda.sources.extend(self.sources)
        deployment = Deployment(
            "arn:stack",
            BUCKET,
            TABLE,
            self.aws.compare.url,
            self.aws.enroll.url,
            self.aws.dead_letters.url,
            22.5,
            _RETENTION_DAYS,
            False,
        )
        self.comparer = AwsComparer(Clients(_session(), "us-west-1"), deployment, pace)
        self.skew = choose.choice((0.0, 0.0, -60.0, 60.0))  # of the client
        self.aws.line = choose.choice((0.0, 4.0))
        self.aws.counts_age = choose.choice((0.0, _COUNTS_AGE / 3, _COUNTS_AGE))
        self.commands = 0

    def command(self, run: Callable[[], Any]) -> Any:
        """One command of the client, as a process of its own. Raises what it raises, and Died."""
        self.commands += 1
        actor = self.agenda.actor = Actor(f"client-{self.commands}", "client", self.skew)
        try:
            return run()
        finally:
            actor.dead = True  # whatever it has begun ends with it
            self.agenda.actor = self.agenda.person

    def check(self) -> None:
        """Whether the pipeline has lost anything, be it that a later command would ask for it."""
        self.aws.log.wrong.extend(lost(self.aws.log, self.aws.queues))

    def pass_a_month(self) -> None:
        """All objects expire, and all cells; these DynamoDB has not deleted yet."""
        self.agenda.pause((_RETENTION_DAYS + 1) * 86_400)
        expire(self.agenda.now, _RETENTION_DAYS)
        self.aws.log.expire()

    def drain(self, days: float = 3) -> bool:
        """Let time pass until all queues are empty; False where they are not after so long."""
        until = self.agenda.now + days * 86_400
        while self.agenda.now < until and any(queue.messages for queue in self.aws.queues):
            self.agenda.pause(60)
        return not any(queue.messages for queue in self.aws.queues)


@cache
def _session() -> boto3.Session:
    """Of the client; it keeps the service models, which take long to read."""
    return open_session().session


@contextmanager
def world(seed: int, pace: Pace = PACE) -> Iterator[World]:
    """A new stack, in new execution environments."""
    with pytest.MonkeyPatch.context() as patch, mock_aws(), new_execution_environments(), _quiet():
        yield World(seed, patch, pace)


@contextmanager
def _quiet() -> Iterator[None]:
    """Neither the functions' logs and metrics, nor the client's progress."""
    level = logger.level
    logger.setLevel("CRITICAL")
    try:
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            yield
    finally:
        logger.setLevel(level)


def _environment(aws: Aws) -> dict[str, str]:
    return {
        Environment.BUCKET: BUCKET,
        Environment.TABLE: TABLE,
        Environment.COMPARE_QUEUE: aws.compare.url,
        Environment.RETENTION_DAYS: str(_RETENTION_DAYS),
        Environment.CALLS_PER_SECOND: "10",
        Environment.THREADS: "4",
        Environment.GIVE_UP_AFTER: str(6 * 3600),
    }


def _simulate(agenda: Agenda, jitter: random.Random, patch: pytest.MonkeyPatch) -> None:
    """Every clock, every waiting and every thread of functions and client is the agenda's, and no chance is left."""
    simulated: dict[Any, Any] = {
        time.time: agenda.time,
        time.monotonic: agenda.monotonic,
        time.sleep: agenda.sleep,
        ThreadPoolExecutor: partial(Pool, agenda),
        wait: partial(wait_for_futures, agenda),
        datetime: _datetime_of(agenda),
        random: jitter,
        random.random: jitter.random,
    }
    modules = [module for name, module in list(sys.modules.items()) if name.startswith(("photosort", "sortclient.aws"))]
    for module in modules:
        for name, value in list(vars(module).items()):
            if isinstance(value, type | FunctionType | ModuleType) and value in simulated:
                patch.setattr(module, name, simulated[value])
            elif isinstance(value, type | FunctionType) and value.__module__ == module.__name__:
                _change_defaults(value.__init__ if isinstance(value, type) else value, simulated, patch)
    for function in (time.time, time.monotonic, time.sleep):
        patch.setattr(time, function.__name__, simulated[function])
    patch.setattr(standard, "RetryHandler", partial(standard.RetryHandler, sleep=agenda.sleep))
    patch.setattr(standard, "ExponentialBackoff", partial(standard.ExponentialBackoff, random=jitter.random))
    asked = Work.__init__

    def ask(work: Work, *arguments: Any, **named: Any) -> None:
        """A default of a dataclass is kept where nothing reaches it."""
        if len(arguments) < 4:
            named.setdefault("asked_at", agenda.time())
        asked(work, *arguments, **named)

    patch.setattr(Work, "__init__", ask)


def _change_defaults(function: Any, simulated: dict[Any, Any], patch: pytest.MonkeyPatch) -> None:
    defaults = getattr(function, "__kwdefaults__", None) or {}
    for name, value in list(defaults.items()):
        if callable(value) and value in simulated:
            patch.setitem(defaults, name, simulated[value])


def _datetime_of(agenda: Agenda) -> type[datetime]:
    class Simulated(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Simulated:
            return cls.fromtimestamp(agenda.time(), tz)

    return Simulated
