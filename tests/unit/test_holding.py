"""One run at a time works on an album, in real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sortclient.errors import SortError
from sortclient.holding import hold

HOLDER = """
import sys
from pathlib import Path
from sortclient.holding import hold
with hold(Path(sys.argv[1]), sys.argv[2]):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def holder(folder: Path, album: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the album until its input ends."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, folder, album], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        assert process.stdin is not None
        process.stdin.close()


def is_free(folder: Path, album: str) -> bool:
    try:
        with hold(folder, album):
            return True
    except SortError:
        return False


def test_the_second_run_says_who_holds_the_album(tmp_path: Path) -> None:
    with holder(tmp_path, "Müller's") as process:
        with pytest.raises(SortError) as refused, hold(tmp_path, "Müller's"):
            pass
        told = str(refused.value)
        assert "Album 'Müller's' is being worked on by process " in told
        assert f" {process.pid} on " in told
        assert " since 20" in told
        assert told.endswith(f": -c {tmp_path} 'Müller'\"'\"'s'. Wait for it, or stop it.")
        assert "\n" not in told
        assert is_free(tmp_path, "Another")
    assert is_free(tmp_path, "Müller's")


def test_a_killed_run_holds_nothing(tmp_path: Path) -> None:
    with holder(tmp_path, "Images") as process:
        process.send_signal(signal.SIGKILL)
        process.wait(10)
        assert is_free(tmp_path, "Images")


def test_a_failed_run_holds_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), hold(tmp_path, "Images"):
        raise RuntimeError
    assert is_free(tmp_path, "Images")


def test_the_children_of_a_run_do_not_hold_it(tmp_path: Path) -> None:
    with hold(tmp_path, "Images"):
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    with child:
        assert is_free(tmp_path, "Images")


def test_any_name_of_an_album_has_a_file_of_its_own(tmp_path: Path) -> None:
    for name in ("a/b", "..", "con", "x" * 100, "A", "a", "é", os.fsdecode(b"\xe9")):
        with hold(tmp_path / "data", name):
            assert not is_free(tmp_path / "data", name)
    assert len(list((tmp_path / "data").iterdir())) == 8
    assert list(tmp_path.iterdir()) == [tmp_path / "data"]


def test_who_has_not_said_its_name_yet_holds_the_album_too(tmp_path: Path) -> None:
    with hold(tmp_path, "Images"):
        (file,) = tmp_path.iterdir()
        file.write_text("")
        with pytest.raises(SortError, match="by another run"), hold(tmp_path, "Images"):
            pass


def test_of_many_at_once_one_gets_it(tmp_path: Path) -> None:
    """Threads have files of their own, and so locks of their own."""
    tried = threading.Barrier(8)
    held = []

    def attempt() -> None:
        tried.wait()
        try:
            with hold(tmp_path, "Images"):
                held.append(1)
                tried.wait()
        except SortError:
            tried.wait()

    threads = [threading.Thread(target=attempt) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert held == [1]


def test_a_folder_that_cannot_be_used_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SortError, match=r"cannot be locked: .*SORTCLIENT_DATA"), hold(tmp_path / "file", "Images"):
        pass
