"""One execution environment of compare_photos for `bench.handler`: started, called, measured; JSON on stdout.

    python -m bench.environment ROUNDS PHOTOS ALBUM...

The albums' names say what is answered (`bench.answers`). They are called in turn, ROUNDS times each, with a batch of
PHOTOS that nobody has asked for before.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections import Counter
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any

from simulation.context import Context

_numbers = count()


def records(album: str, photos: int) -> dict[str, Any]:
    """A batch of S3's events about new photos, a message each."""
    keys = [f"photos/{album}/{sha256(b'photo %d' % next(_numbers)).hexdigest()}.jpg" for _ in range(photos)]
    return {"Records": [{"messageId": key, "body": _event(key), "attributes": {}} for key in keys]}


def _event(key: str) -> str:
    record = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "us-west-1",
        "eventTime": "2026-01-01T00:00:00.000Z",
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": "bench"}, "object": {"key": key, "size": 400_000, "sequencer": "0A"}},
    }
    return json.dumps({"Records": [record]})


def main() -> int:
    rounds, photos, albums = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    out = sys.stdout
    with Path(os.devnull).open("w") as nowhere:
        sys.stdout = nowhere  # the handler's log; Powertools looks for it when it is imported
        started, used = time.perf_counter(), time.process_time()
        from photosort import clients, compare_photos

        measured: dict[str, Any] = {"import": _since(started, used)}
        started, used = time.perf_counter(), time.process_time()
        _call(compare_photos.handler, albums[0], photos)
        measured["first"] = _since(started, used)
        for album in albums:
            _call(compare_photos.handler, album, photos)
        measured["ms"] = {album: [] for album in albums}
        for _ in range(rounds):
            for album in albums:
                used = time.process_time()
                _call(compare_photos.handler, album, photos)
                measured["ms"][album].append((time.process_time() - used) * 1000 / photos)
        # ru_maxrss is in kilobytes on Linux.
        measured["memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        threads = int(os.environ["PHOTOSORT_THREADS"])
        asked: Counter[str] = Counter()
        for client in (clients.rekognition(threads), clients.s3(threads), clients.dynamodb(threads), clients.sqs()):
            client.meta.events.register("before-send", lambda event_name, **_: asked.update([event_name]))
        measured["requests"] = {}
        for album in albums:
            asked.clear()
            _call(compare_photos.handler, album, photos)
            measured["requests"][album] = {name.rpartition(".")[2]: times / photos for name, times in asked.items()}
    json.dump(measured, out)
    return 0


def _since(started: float, used: float) -> list[float]:
    """Milliseconds that have passed, and those of CPU."""
    return [(time.perf_counter() - started) * 1000, (time.process_time() - used) * 1000]


def _call(handler: Any, album: str, photos: int) -> None:
    answer = handler(records(album, photos), Context("bench"))
    if answer["batchItemFailures"]:
        raise SystemExit(f"the handler failed on {album}: its log tells why")


if __name__ == "__main__":
    sys.exit(main())
