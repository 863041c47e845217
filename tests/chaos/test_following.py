"""The client's following: throttled reads, credentials that expire, and a laptop that sleeps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from simulation.agenda import Actor
from sortclient.aws.failures import NoCredentials, Retryable
from sortclient.references import Reference
from tests.chaos.weather import Fault
from tests.chaos.world import World
from tests.pipeline.world import Machine
from tests.unit.conftest import picture

_HOUR = 3600.0
_READS = ("Query", "BatchGetItem", "GetQueueAttributes")


@pytest.fixture(autouse=True)
def _slow_pipeline(calm: World) -> None:
    """Nothing is compared in the first two minutes: the client is following by then."""
    for queue in (calm.aws.compare, calm.aws.enroll):
        send = queue.send
        calm.patch.setattr(queue, "send", lambda body, delay=0.0, send=send: send(body, delay + 120))


@pytest.fixture
def run(calm: World, here: Machine) -> Callable[[], int]:
    """The command."""
    ann = Reference("Ann", picture(here.home / "ann.png", "red"))
    return lambda: calm.command(lambda: here.upload(ann))


def between(calm: World, begin: float, end: float, fault: Fault, *operations: str) -> None:
    """From ``begin`` to ``end`` (seconds from now) it happens to the client's ``operations``, or to all."""
    start = calm.agenda.now

    def trouble(actor: Actor, operation: str, _: Any) -> Fault | None:
        concerned = actor.kind == "client" and (not operations or operation in operations)
        return fault if concerned and begin <= calm.agenda.now - start < end else None

    calm.aws.trouble = trouble


def assert_goes_on(calm: World, run: Callable[[], int]) -> None:
    """The same command ends what the first one began, and pays for nothing twice."""
    calm.aws.trouble = lambda *_: None
    assert calm.drain()
    assert run() == 0
    assert len(calm.aws.rekognition.calls) == 3


@pytest.mark.parametrize("fault", [Fault.THROTTLED, Fault.INTERNAL, Fault.UNREACHABLE])
def test_reads_that_fail_for_minutes_are_waited_out(calm: World, run: Callable[[], int], fault: Fault) -> None:
    between(calm, 20, 600, fault, *_READS)
    assert run() == 0


def test_reads_that_fail_for_longer_end_the_command_with_a_line(calm: World, run: Callable[[], int]) -> None:
    between(calm, 20, 6 * _HOUR, Fault.THROTTLED, *_READS)
    begun = calm.agenda.now
    with pytest.raises(Retryable, match="Run the same command again"):
        run()
    assert calm.agenda.now - begun < _HOUR
    assert_goes_on(calm, run)


def test_asking_again_is_waited_out_too(calm: World, run: Callable[[], int]) -> None:
    """S3's events got lost, and the queue takes nothing when the client asks for the cells."""
    calm.patch.setattr("moto.s3.notifications.send_event", lambda *_: None)
    between(calm, 10, 400, Fault.THROTTLED, "SendMessageBatch")
    assert run() == 0


def test_counts_that_are_a_minute_old_are_not_believed_at_once(calm: World, run: Callable[[], int]) -> None:
    """What was just announced is not among them, and seems to be lost."""
    calm.aws.counts_age = 60
    assert run() == 0
    asked = [entry for entry in calm.aws.log.entries if entry.actor.kind == "client" and "Entries" in entry.request]
    assert not asked


@pytest.mark.parametrize("begin", [0.5, 30])
def test_credentials_that_expire_are_told_and_the_next_command_goes_on(
    calm: World, run: Callable[[], int], begin: float
) -> None:
    """While photos are sent, and while cells are followed."""
    between(calm, begin, _HOUR, Fault.EXPIRED)
    with pytest.raises(NoCredentials, match=r"credentials have expired.*Run the same command again"):
        run()
    assert_goes_on(calm, run)


@pytest.mark.parametrize("failed_before", [False, True])
def test_a_laptop_sleeps_for_a_night(calm: World, run: Callable[[], int], failed_before: bool) -> None:
    """Its connections are dead when it wakes up, and its network is back a minute later. By some systems' clocks the
    night has passed, and where the network went first, it was out of reach all along.
    """
    start, slept = calm.agenda.now, []

    def trouble(actor: Actor, operation: str, _: Any) -> Fault | None:
        if actor.kind != "client" or calm.agenda.now - start < 30:
            return None
        if failed_before and not slept and calm.agenda.now - start < 90:
            return Fault.UNREACHABLE
        if not slept:
            slept.append(calm.agenda.now + 8 * _HOUR)
            calm.agenda.pause(8 * _HOUR)
            return Fault.RESET
        return Fault.UNREACHABLE if calm.agenda.now < slept[0] + 60 else None

    calm.aws.trouble = trouble
    assert run() == 0
    assert slept
