"""The pool of processes: results, back-pressure, crashes, and no process left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from pathlib import Path

import pytest

from sortclient.workers import Crashed, Workers, map_in_threads


def square(number: int) -> int:
    return number * number


def square_or_die(number: int) -> int:
    if number == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    return number * number


def refuse(number: int) -> int:
    raise ValueError(f"not {number}")


def complain(number: int) -> int:
    os.write(2, b"TIFFReadDirectory: Warning")
    return number


def test_what_libraries_write_in_a_process_does_not_reach_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    with Workers(1) as workers:
        assert list(workers.map(complain, [1])) == [(1, 1)]
    assert "TIFF" not in capfd.readouterr().err


def test_every_item_has_its_result() -> None:
    with Workers(2) as workers:
        assert dict(workers.map(square, range(50))) == {number: number * number for number in range(50)}


def test_a_bounded_number_of_items_is_begun() -> None:
    taken = []

    def items() -> Iterator[int]:
        for number in range(100):
            taken.append(number)
            yield number

    with Workers(2) as workers:
        for count, _ in enumerate(workers.map(square, items(), window=6), start=1):
            assert len(taken) - count <= 6
    assert len(taken) == 100


def test_an_item_that_kills_its_process_costs_only_itself() -> None:
    with Workers(2) as workers:
        results = dict(workers.map(square_or_die, range(12)))
    assert isinstance(results.pop(5), Crashed)
    assert results == {number: number * number for number in range(12) if number != 5}


def blocked(_: int) -> bool:
    return signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_a_worker_never_sees_ctrl_c_and_this_process_still_does() -> None:
    with Workers(1) as workers:
        assert workers.submit(blocked, 0).result()
    assert not blocked(0)


def die_of_one(sign: Path, number: int) -> int:
    """Of item 1, when ``sign`` appears."""
    while number == 1:
        if sign.exists():
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(0.01)
    return number


def is_broken(workers: Workers) -> bool:
    """Whether it breaks within some seconds."""
    for _ in range(500):
        try:
            workers.submit(square, 0)
        except BrokenProcessPool:
            return True
        time.sleep(0.02)
    return False


def test_a_pool_that_breaks_between_two_results_loses_no_item(tmp_path: Path) -> None:
    with Workers(1) as workers:
        results = workers.map(partial(die_of_one, tmp_path / "sign"), range(8))
        assert next(results) == (0, 0)
        (tmp_path / "sign").touch()
        assert is_broken(workers)  # so that beginning the next item meets it
        rest = dict(results)
    assert isinstance(rest.pop(1), Crashed)
    assert rest == {number: number for number in range(2, 8)}


def test_what_a_worker_raises_is_raised_here() -> None:
    with Workers(1) as workers, pytest.raises(ValueError, match="not 3"):
        list(workers.map(refuse, [3]))


def test_the_processes_end_with_a_killed_parent(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(
        "import os, time\n"
        "from sortclient.workers import Workers\n"
        "if __name__ == '__main__':\n"
        "    print(Workers(1).submit(abs, -1).result(), flush=True)\n"
        "    import multiprocessing\n"
        "    print(multiprocessing.active_children()[0].pid, flush=True)\n"
        "    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        parent.stdout.readline()
        child = int(parent.stdout.readline())
        assert alive(child)
        parent.kill()
    deadline = time.monotonic() + 20
    while alive(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(child)


def alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_threads_hold_a_bounded_number_of_items_and_keep_their_order() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(20):
            taken.append(number)
            yield number

    for seen, (number, result) in enumerate(map_in_threads(square, items(), 2), 1):
        assert (number, result) == (seen - 1, square(seen - 1))
        assert len(taken) <= seen + 4
    assert seen == len(taken) == 20


def test_threads_begin_nothing_more_when_nobody_listens() -> None:
    others = set(threading.enumerate())
    squares = map_in_threads(square, iter(range(1000)), 2)
    next(squares)
    assert set(threading.enumerate()) - others
    squares.close()
    assert not set(threading.enumerate()) - others
