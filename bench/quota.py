"""`make bench-quota`: how near the account's quota of CompareFaces the pipeline comes; a markdown table on stdout.

The handler, the pace and the settings are those that ship, and the boto3 clients are real. Time is simulated, as are
the queue's event source (`simulation.event_source`) and Rekognition, which takes 0.3 to 1.5 s and refuses what exceeds
the quota within any second. Beside it: the same stack without a pace, and with botocore's adaptive retries instead.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from botocore.config import Config

from infra.settings import Settings
from photosort.chunks import chunks
from photosort.keys import HeadshotKey, PhotoKey
from photosort.pacing import TokenBucket
from photosort.work import PHOTOS_A_MESSAGE, Headshot, Work
from simulation.agenda import Agenda
from simulation.pipeline import Deployed, Mode, NoPace, run
from simulation.quota import Quota, Refilled, SlidingSecond
from simulation.sqs import Message, Queue
from simulation.stores import Account
from sortclient.emulator.provisioning import MAX_RECEIVE_COUNT, SOURCES

PACED = Mode("token bucket", lambda rate, agenda: TokenBucket(rate, clock=agenda.time, sleep=agenda.sleep))
UNPACED = Mode("no pacing", lambda *_: NoPace())
ADAPTIVE = Mode("adaptive retries", lambda *_: NoPace(), Config(retries={"mode": "adaptive"}))

QUOTAS = (5, 25, 100)
PHOTOS = 2000
_ALBUM = "Album"
_LAST = 0.02  # of the comparisons: at the end some environments have no work any more
_HEAD = "| quota | what | mode | s | % of the quota | calls | % throttled | lost | twice | sent back | SQS requests |"


@dataclass(frozen=True, slots=True)
class Result:
    """``share`` of the quota that was used in the steady phase; ``sent_back`` messages, ``sends`` requests for them."""

    seconds: float
    share: float
    calls: int
    throttled: int
    lost: int
    twice: int
    sent_back: int
    sends: int


class _Counted(Queue):
    sent = 0

    def send(self, body: str, delay: float = 0) -> Message:
        self.sent += 1
        return super().send(body, delay)


def shipped(quota: float, environments: int = 5) -> Deployed:
    """What the stack deploys for an account with this quota. A test holds the emulator's facts to the template's."""
    settings = Settings(calls_per_second=quota, max_concurrency=environments)
    source = SOURCES[0]
    return Deployed(
        calls_per_second=settings.calls_per_second_each,
        threads=settings.threads,
        max_concurrency=settings.max_concurrency,
        batch_size=settings.batch_size,
        window=source.window,
        timeout=source.function.timeout,
    )


def measure(
    deployed: Deployed,
    mode: Mode,
    quota: int,
    *,
    photos: int = PHOTOS,
    headshots: int = 1,
    fanned_out: bool = False,
    enforced: Callable[[int], Quota] = SlidingSecond,
    seed: int = 1,
) -> Result:
    """Compare an album that waits in the queue: a message a photo, as S3 sends it, or ``fanned_out`` by enroll_person.

    The steady phase begins a second after the last execution environment and ends before the last 2% of comparisons.
    """
    agenda = Agenda(time.time())  # work says by the real clock since when it is asked for
    shots = [HeadshotKey(_ALBUM, "Ana", _digest(f"headshot {number}")) for number in range(headshots)]
    account = Account(agenda, enforced(quota), random.Random(seed), shots)  # noqa: S311
    hidden = 6 * deployed.timeout + deployed.window
    queue = _Counted("compare", agenda.time, visibility=hidden, max_receives=MAX_RECEIVE_COUNT)
    for body in _fan_out(photos, shots) if fanned_out else _events(photos):
        queue.send(body)
    asked, began = queue.sent, agenda.now
    source = run(deployed, mode, account, queue)
    cells = photos * headshots
    steady_from, steady_to = max(source.started) + 1, account.admitted[int(cells * (1 - _LAST)) - 1]
    steady = sum(steady_from < at <= steady_to for at in account.admitted)
    return Result(
        seconds=agenda.now - began,
        share=steady / (steady_to - steady_from) / quota,
        calls=len(account.admitted) + len(account.throttled),
        throttled=len(account.throttled),
        lost=cells - sum("similarity" in cell for cell in account.cells.values()),
        twice=sum(account.compared.values()) - len(account.compared),
        sent_back=queue.sent - asked,
        sends=account.requests["SendMessageBatch"],
    )


def report(photos: int) -> Iterator[str]:
    """The table's lines, as they are known."""
    yield _HEAD
    yield "| --- " * (_HEAD.count("|") - 1) + "|"
    arrived = f"{photos:,} photos"
    for quota in QUOTAS:
        for mode in (PACED, UNPACED, ADAPTIVE):
            yield _row(quota, arrived, mode, measure(shipped(quota), mode, quota, photos=photos))
    for quota in QUOTAS:
        result = measure(shipped(quota), PACED, quota, photos=photos, enforced=Refilled)
        yield _row(quota, f"{arrived}; a bucket with a burst", PACED, result)
    result = measure(shipped(25), PACED, 25, photos=photos, fanned_out=True)
    yield _row(25, f"a new headshot, {arrived}", PACED, result)
    result = measure(shipped(25), PACED, 25, photos=photos, headshots=5)
    yield _row(25, f"{arrived}, 5 headshots", PACED, result)


def _row(quota: int, what: str, mode: Mode, result: Result) -> str:
    cells = (
        str(quota),
        what,
        mode.name,
        f"{result.seconds:,.0f}",
        f"{100 * result.share:.1f}",
        f"{result.calls:,}",
        f"{100 * result.throttled / result.calls:.2f}",
        str(result.lost),
        str(result.twice),
        f"{result.sent_back:,}",
        f"{result.sends:,}",
    )
    return f"| {' | '.join(cells)} |"


def _events(photos: int) -> Iterator[str]:
    """S3's messages, of their real length."""
    for number in range(photos):
        key = str(PhotoKey(_ALBUM, _digest(f"photo {number}")))
        stored = {"s3SchemaVersion": "1.0", "bucket": {"name": "bucket"}, "object": {"key": key, "size": 400_000}}
        record = {"eventVersion": "2.1", "eventName": "ObjectCreated:Put", "eventTime": "2026-01-01T00:00:00.000Z"}
        yield json.dumps({"Records": [record | {"s3": stored, "responseElements": {"x-amz-id-2": "x" * 200}}]})


def _fan_out(photos: int, shots: list[HeadshotKey]) -> Iterator[str]:
    asked = tuple(Headshot(shot.person, shot.digest) for shot in shots)
    for some in chunks((_digest(f"photo {number}") for number in range(photos)), PHOTOS_A_MESSAGE):
        yield Work(_ALBUM, tuple(some), asked).to_message()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.quota", description=__doc__)
    parser.add_argument("--photos", type=int, default=PHOTOS, help=f"that wait in the queue ({PHOTOS:,})")
    for line in report(parser.parse_args().photos):
        print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
