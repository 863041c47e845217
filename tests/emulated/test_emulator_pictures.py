"""Pictures: each is analysed once, whoever asks, and no outcome of a dying process is kept."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import pytest
from PIL import Image

from sortclient.emulator import pictures
from sortclient.emulator.pictures import Pictures
from sortclient.emulator.request_model import Refused
from tests.emulated.emulator_helpers import jpeg, until


class Work:
    """Stands in for the pool of processes, so that a test can say when what is done, and how it ends."""

    def __init__(self) -> None:
        self.begun: list[Future[Any]] = []
        self.closed = 0

    def submit(self, _: object, __: bytes) -> Future[Any]:
        self.begun.append(Future())
        return self.begun[-1]

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
def tested(work: Work) -> Pictures:
    return Pictures(work)  # type: ignore[arg-type]


def plain(colour: str) -> bytes:
    return jpeg(Image.new("RGB", (80, 80), colour))


def test_two_at_once_and_one_later_cost_one_analysis(work: Work, tested: Pictures) -> None:
    found: list[Any] = []
    threads = [threading.Thread(target=lambda: found.append(tested.faces(plain("red")))) for _ in range(2)]
    for thread in threads:
        thread.start()
    until(lambda: work.begun, "an analysis")
    time.sleep(0.2)  # another one would begin now
    for future in work.begun:
        future.set_result(("a face",))
    for thread in threads:
        thread.join()
    assert len(work.begun) == 1
    assert tested.faces(plain("red")) == [("a face",)]
    assert found == [[("a face",)]] * 2
    assert len(work.begun) == 1


def test_both_pictures_of_a_comparison_are_begun_before_either_is_waited_for(work: Work, tested: Pictures) -> None:
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.extend(tested.faces(plain("red"), plain("blue"))))
    thread.start()
    until(lambda: len(work.begun) == 2, "two analyses")
    work.begun[1].set_result(("blue",))
    work.begun[0].set_result(("red",))
    thread.join()
    assert found == [("red",), ("blue",)]


def test_the_longest_unused_picture_is_forgotten(work: Work, tested: Pictures, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "_CAPACITY", 2)
    monkeypatch.setattr(work, "submit", _at_once(work))
    for colour in ("red", "blue", "red", "green", "red"):
        tested.faces(plain(colour))
    assert len(work.begun) == 3
    tested.faces(plain("blue"))
    assert len(work.begun) == 4


def test_a_process_that_dies_is_an_error_to_retry_and_leaves_nothing(
    work: Work, tested: Pictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "submit", _at_once(work, BrokenProcessPool("died")))
    with pytest.raises(Refused, match="InternalServerError") as refused:
        tested.faces(plain("red"))
    assert refused.value.status == 500
    assert work.closed == 1
    monkeypatch.setattr(work, "submit", _at_once(work))
    assert tested.faces(plain("red")) == [()]


def test_of_several_in_work_one_begins_anew(work: Work, tested: Pictures) -> None:
    """A second replacement would end the processes that others have begun to use meanwhile."""
    refused: list[Refused] = []

    def ask(colour: str) -> None:
        with pytest.raises(Refused) as raised:
            tested.faces(plain(colour))
        refused.append(raised.value)

    threads = [threading.Thread(target=ask, args=(colour,)) for colour in ("red", "blue")]
    for thread in threads:
        thread.start()
    until(lambda: len(work.begun) == 2, "two analyses")
    for future in work.begun:
        future.set_exception(BrokenProcessPool("died"))
    for thread in threads:
        thread.join()
    assert [error.code for error in refused] == ["InternalServerError"] * 2
    assert work.closed == 1


def _at_once(work: Work, error: Exception | None = None) -> Any:
    def submit(_: object, __: bytes) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_exception(error) if error else future.set_result(())
        work.begun.append(future)
        return future

    return submit
