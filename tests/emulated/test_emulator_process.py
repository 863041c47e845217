"""The emulated AWS as a process: how it starts, what it exports, and that nothing of it outlives its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sortclient.emulator import access, child
from sortclient.emulator.child import emulated_aws
from sortclient.errors import InputError, SortError
from tests.emulated.emulator_helpers import PATIENCE, descendants, is_running, needs_proc, until

# A command of the client's: it starts the emulated AWS, lets the face engine and the functions work, and waits.
PARENT = textwrap.dedent(
    """
    import os, sys, time
    from pathlib import Path
    from sortclient.emulator.child import emulated_aws

    if __name__ == "__main__":
        with emulated_aws() as environment:
            os.environ.update(environment)
            import boto3
            picture = Path(sys.argv[1]).read_bytes()
            assert boto3.client("rekognition").detect_faces(Image={"Bytes": picture})["FaceDetails"]
            print("working", flush=True)
            time.sleep(600)
    """
)


@contextmanager
def working_parent(tmp_path: Path, picture: bytes) -> Iterator[tuple[subprocess.Popen[str], set[int]]]:
    """The parent at work, and all the processes below it: emulator, face engine, functions."""
    (tmp_path / "parent.py").write_text(PARENT)
    (tmp_path / "picture.jpg").write_bytes(picture)
    command = [sys.executable, str(tmp_path / "parent.py"), str(tmp_path / "picture.jpg")]
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as parent:
        assert parent.stdout is not None
        try:
            assert parent.stdout.readline() == "working\n"
            # emulator, resource tracker, face engine, and the two functions that S3's test messages have woken
            until(lambda: len(descendants(parent.pid)) >= 5, "functions at work")
            yield parent, descendants(parent.pid)
        finally:
            parent.kill()


@needs_proc
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
def test_nothing_outlives_the_parent(tmp_path: Path, grace: bytes, end: signal.Signals) -> None:
    with working_parent(tmp_path, grace) as (parent, processes):
        parent.send_signal(end)
        parent.wait(PATIENCE)
        until(lambda: not any(map(is_running, processes)), "the end of every process")
    assert not list(tmp_path.glob("sortclient-*"))  # nor do files


@needs_proc
def test_nothing_listens_beyond_loopback(emulated: object) -> None:
    assert emulated
    listening = [address for process in descendants(os.getpid()) for address in listening_addresses(process)]
    assert len(listening) == 2  # the cloud and Rekognition
    assert set(listening) == {"0100007F"}  # 127.0.0.1 as the kernel writes it


def listening_addresses(process: int) -> list[str]:
    """The local addresses of the listening TCP sockets that a process has open."""
    try:
        files = [str(file.readlink()) for file in Path(f"/proc/{process}/fd").iterdir()]
    except OSError:
        return []  # it has ended meanwhile
    addresses = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{process}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in files:
                addresses.append(fields[1].split(":")[0])
    return addresses


def test_it_runs_by_itself_and_exports_what_attaches_to_it(tmp_path: Path) -> None:
    script = "from sortclient.emulator.main import run\nif __name__ == '__main__': run()"
    (tmp_path / "alone.py").write_text(script)
    command = [sys.executable, str(tmp_path / "alone.py")]
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as alone:
        assert alone.stdout is not None
        assert alone.stderr is not None
        try:
            lines = alone.stdout.read().splitlines()  # to its end: stdout is closed when all is said
            ready = alone.stderr.readline()
        finally:
            alone.terminate()
        assert alone.wait(PATIENCE) == 0
        assert alone.stderr.read() == ""
    assert "ready" in ready
    assert list(tmp_path.iterdir()) == [tmp_path / "alone.py"]  # its log and catalog are gone
    assert lines[:2] == ["unset AWS_PROFILE", "unset AWS_DEFAULT_PROFILE"]
    exported = dict(line.removeprefix("export ").split("=", 1) for line in lines[2:])
    access.check(exported)
    assert exported.pop("SORTCLIENT_DATA").startswith(str(tmp_path))
    assert exported == access.variables(exported["AWS_ENDPOINT_URL"], exported["AWS_ENDPOINT_URL_REKOGNITION"])


def test_a_port_that_is_taken_is_said_in_one_line(emulated: dict[str, str]) -> None:
    port = emulated["AWS_ENDPOINT_URL"].rpartition(":")[2]
    command = [sys.executable, "-m", "sortclient.emulator", "--port", port]
    ended = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert ended.returncode == InputError.exit_code
    assert ended.stdout == ""
    assert ended.stderr == f"Port {port} cannot be used: Address already in use. Name another one with --port.\n"


def test_profiles_are_out_of_the_way_while_it_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """boto3 would look for a named profile in files that the emulation hides, and stop."""
    import boto3

    monkeypatch.setenv("AWS_PROFILE", "somebody")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "a real one")
    with emulated_aws(tmp_path / "log") as environment, monkeypatch.context() as attached:
        for name, value in environment.items():
            attached.setenv(name, value)
        session = boto3.Session()
        assert len(session.client("s3").list_buckets()["Buckets"]) == 1
        credentials = session.get_credentials()
        assert credentials is not None
        assert credentials.token == "emulated"
    assert os.environ["AWS_PROFILE"] == "somebody"


def test_a_missing_extra_names_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "_NEEDED", ("moto", "not_installed_anywhere"))
    with pytest.raises(SortError, match=r"pip install 'sortclient\[emulator\]'"), emulated_aws():
        pass


def test_a_child_that_does_not_start_tells_its_last_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys; sys.modules['moto'] = None")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(SortError, match="did not start: ModuleNotFoundError: No module named 'moto"), emulated_aws():
        pass


@pytest.mark.parametrize("endpoint", [None, "", "http://127.0.0.1:1", "https://rekognition.us-west-1.amazonaws.com"])
def test_without_a_rekognition_of_its_own_it_does_not_start(endpoint: str | None) -> None:
    environment = access.variables("http://127.0.0.1:1", "http://127.0.0.1:2")
    access.check(environment)
    if endpoint is None:
        del environment["AWS_ENDPOINT_URL_REKOGNITION"]
    else:
        environment["AWS_ENDPOINT_URL_REKOGNITION"] = endpoint
    with pytest.raises(SortError, match="AWS_ENDPOINT_URL_REKOGNITION"):
        access.check(environment)
