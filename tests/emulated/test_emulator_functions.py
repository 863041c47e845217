"""Execution environments: what a handler finds there, and what becomes of one that fails."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from sortclient.emulator.function import ExecutionEnvironments, Function, FunctionFailed
from tests.emulated.emulator_helpers import descendants, is_running, needs_proc, until

Start = Callable[..., ExecutionEnvironments]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    with ExitStack() as stack:

        def start(handler: str, timeout: float = 30) -> ExecutionEnvironments:
            function = Function(
                name="tested", handler=f"tests.emulated.emulator_handlers.{handler}", timeout=timeout, memory_mb=256
            )
            variables = {"AWS_REGION": "us-west-1", "PHOTOSORT_BUCKET": "pictures"}
            return stack.enter_context(closing(ExecutionEnvironments(function, variables, tmp_path / "log")))

        yield start


def test_the_environment_is_set_before_the_module_is_imported(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "somebody")
    environment = start("report").invoke({})["environment"]  # type: ignore[index]
    assert environment["PHOTOSORT_BUCKET"] == "pictures"
    assert environment["AWS_LAMBDA_FUNCTION_NAME"] == "tested"
    assert "AWS_PROFILE" not in environment  # nor anything else of the person's own


def test_an_environment_is_used_again_and_keeps_its_state(start: Start) -> None:
    function = start("report")
    first: Any = function.invoke({"n": 1})
    second: Any = function.invoke({"n": 2})
    assert first["process"] == second["process"] != os.getpid()
    assert (first["invocations"], second["invocations"]) == (1, 2)
    assert (first["event"], second["event"]) == ({"n": 1}, {"n": 2})
    assert first["request_id"] != second["request_id"]


def test_invocations_at_once_share_nothing(start: Start) -> None:
    function = start("misbehave")
    processes = []
    threads = [threading.Thread(target=lambda: processes.append(function.invoke({"sleep": 1}))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(processes)) == 2


def test_the_context_says_what_powertools_asks(start: Start) -> None:
    answer: Any = start("report", timeout=20).invoke({})
    assert answer["context"] == ["tested", "256", "arn:aws:lambda:us-west-1:123456789012:function:tested"]
    assert 0 < answer["remaining"] <= 20_000


def test_what_a_function_prints_goes_to_its_log(
    start: Start, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    start("report").invoke({})
    assert "printed by the handler" in (tmp_path / "log").read_text()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("event", [{"raise": "on purpose"}, {"unserialisable": True}])
def test_a_handler_that_raises_fails_its_invocation_only(start: Start, event: dict[str, Any]) -> None:
    function = start("misbehave")
    before = function.invoke({})
    with pytest.raises(FunctionFailed, match=r"LookupError: on purpose|TypeError: .* not JSON serializable"):
        function.invoke(event)
    assert function.invoke({}) == before


def test_a_process_that_ends_is_replaced(start: Start) -> None:
    function = start("misbehave")
    before = function.invoke({})
    with pytest.raises(FunctionFailed, match="ended with status 7"):
        function.invoke({"exit": 7})
    assert function.invoke({}) != before


@needs_proc
def test_a_handler_out_of_time_is_killed_and_replaced(start: Start) -> None:
    function = start("misbehave", timeout=1)
    before: Any = function.invoke({})
    with pytest.raises(FunctionFailed, match=r"Task timed out after 1\.00 seconds"):
        function.invoke({"sleep": 600})
    assert not is_running(before)
    assert function.invoke({}) != before


def test_a_handler_that_cannot_be_imported_fails(start: Start, tmp_path: Path) -> None:
    with pytest.raises(FunctionFailed, match="ended with status 1"):
        start("not_there").invoke({})
    assert "not_there" in (tmp_path / "log").read_text()


@needs_proc
def test_closing_ends_idle_and_working_environments(start: Start) -> None:
    function = start("misbehave")
    idle: Any = function.invoke({})
    with pytest.raises(FunctionFailed, match="ended with status") as failure:
        _close_while(function, {"sleep": 600})
    assert not is_running(idle)
    assert failure.type is not FunctionFailed  # the environment itself is gone
    with pytest.raises(FunctionFailed, match="is ending"):
        function.invoke({})


@needs_proc
def test_a_handler_at_work_does_not_outlive_a_killed_parent(tmp_path: Path) -> None:
    (tmp_path / "parent.py").write_text(PARENT)
    command = [sys.executable, str(tmp_path / "parent.py"), str(tmp_path / "log")]
    with subprocess.Popen(command, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}) as parent:
        try:
            log = tmp_path / "log"
            until(lambda: log.exists() and "sleeping" in log.read_text(), "the handler is at work")
            processes = descendants(parent.pid)
            assert processes
        finally:
            parent.kill()
    until(lambda: not any(map(is_running, processes)), "the end of every process")


PARENT = """
import sys
from pathlib import Path
from sortclient.emulator.function import ExecutionEnvironments, Function

if __name__ == "__main__":
    handler = "tests.emulated.emulator_handlers.misbehave"
    function = Function(name="tested", handler=handler, timeout=600, memory_mb=256)
    ExecutionEnvironments(function, {"AWS_REGION": "us-west-1"}, Path(sys.argv[1])).invoke({"sleep": 600})
"""


def _close_while(function: ExecutionEnvironments, event: dict[str, Any]) -> None:
    closer = threading.Timer(0.5, function.close)
    closer.start()
    try:
        function.invoke(event)
    finally:
        closer.join()
