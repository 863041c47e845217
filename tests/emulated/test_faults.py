"""The real command on a bad way to S3, and on a full disk: it says what happened; the same command ends the work."""

from __future__ import annotations

import resource
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from demo.album import EILEEN, GRACE, DemoAlbum
from tests.emulated.command import EILEENS, GRACES, PROGRAM, Cloud, Machine, refs, succeeded
from tests.emulated.gateway import EXPIRED_TOKEN, SLOW_DOWN, Fault, Gateway, Lost, gateway


@pytest.fixture
def way(emulated: Mapping[str, str]) -> Iterator[Gateway]:
    with gateway(emulated["AWS_ENDPOINT_URL_S3"]) as opened:
        yield opened


@pytest.fixture
def there(here: Machine, way: Gateway) -> Machine:
    """A machine that reaches S3 by that way only."""
    return replace(here, environment={**here.environment, "AWS_ENDPOINT_URL_S3": way.address})


@pytest.fixture
def command(small: Path, demo: DemoAlbum, album: str) -> list[str | Path]:
    return ["upload", small, *refs(demo, GRACE, EILEEN), "--album", album]


@pytest.mark.parametrize("fault", [SLOW_DOWN, Lost.REQUEST, Lost.ANSWER], ids=["busy", "request lost", "answer lost"])
def test_a_put_that_fails_once_is_repeated_and_compared_once(
    there: Machine, way: Gateway, command: list[str | Path], cloud: Cloud, fault: Fault
) -> None:
    met: Counter[str] = Counter()

    def first_put(method: str, path: str) -> Fault | None:
        if method != "PUT":
            return None
        met[path] += 1
        return fault if met[path] == 1 else None

    way.fault = first_put
    succeeded(there.run(*command))
    assert there.matches() == GRACES | EILEENS
    assert len(met) == 6  # two headshots, four photos
    assert set(met.values()) == {2}
    assert len(cloud.cells()) == 8


def test_credentials_that_expire_on_the_way_are_told_and_the_next_run_goes_on(
    there: Machine, way: Gateway, command: list[str | Path], cloud: Cloud
) -> None:
    way.break_after(2, EXPIRED_TOKEN)
    stopped = there.run(*command)
    assert stopped.returncode == 1
    assert "credentials have expired" in stopped.stderr.splitlines()[-1]
    assert "Traceback" not in stopped.stderr

    way.fault = None
    succeeded(there.run(*command))
    assert there.matches() == GRACES | EILEENS
    assert Counter(way.puts("photos")) == dict.fromkeys(way.puts("photos"), 1)  # none was sent twice
    assert len(cloud.cells()) == 8


def test_a_network_that_is_lost_is_told_and_the_next_run_goes_on(
    there: Machine, way: Gateway, command: list[str | Path], cloud: Cloud
) -> None:
    way.break_after(2, Lost.REQUEST)
    stopped = there.run(*command)
    assert stopped.returncode == 1
    assert "cannot be reached" in stopped.stderr.splitlines()[-1]
    assert "same command again" in stopped.stderr.splitlines()[-1]

    way.fault = None
    succeeded(there.run(*command))
    assert there.matches() == GRACES | EILEENS
    assert Counter(way.puts("photos")) == dict.fromkeys(way.puts("photos"), 1)
    assert len(cloud.cells()) == 8


def test_a_disk_that_takes_no_more_stops_with_a_line_and_leaves_no_half_written_match(
    here: Machine, demo: DemoAlbum, small: Path, tmp_path: Path
) -> None:
    """Files of this process may not grow beyond a limit, which the system tells as it tells a full disk."""
    limit = 1_000_000
    photo = small / "Navy/turned.jpg"
    photo.write_bytes(photo.read_bytes() + bytes(limit))  # after the end of the picture: it is still that picture
    command = ["sort", str(small), *refs(demo, GRACE), "--out", str(tmp_path / "Matches")]
    process = subprocess.run(
        [str(PROGRAM), *command],
        env=dict(here.environment),
        cwd=here.folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert process.returncode == 1
    assert "Make room" in process.stderr.splitlines()[-1]
    assert "Traceback" not in process.stderr
    assert [file for file in (tmp_path / "Matches").rglob("*") if file.is_file() and file.name != "together.jpg"] == []

    succeeded(here.run(*command))
    found = {str(file.relative_to(tmp_path / "Matches")) for file in (tmp_path / "Matches").rglob("*.jpg")}
    assert found == GRACES
