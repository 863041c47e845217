"""The real command on a bad way to S3 and on full disks: it says what happened; the same command ends the work."""

from __future__ import annotations

import resource
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from demo.album import EILEEN, GRACE, DemoAlbum
from tests.emulated.command import EILEENS, GRACES, PROGRAM, Cloud, Machine, Result, refs, succeeded
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


def run(here: Machine, command: list[str], before: Callable[[], None] | None = None) -> Result:
    """``command`` on that machine; ``before`` narrows what its process may do."""
    return subprocess.run(
        command,
        env=dict(here.environment),
        cwd=here.folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=before,
    )


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


def test_a_match_that_the_disk_does_not_take_is_told_and_leaves_no_half_written_file(
    here: Machine, demo: DemoAlbum, small: Path, tmp_path: Path
) -> None:
    """Files of this process may not grow beyond a limit, as on a disk that takes no larger ones."""
    limit = 1_000_000
    photo = small / "Navy/turned.jpg"
    photo.write_bytes(photo.read_bytes() + bytes(limit))  # after the end of the picture: it is still that picture
    command = ["sort", str(small), *refs(demo, GRACE), "--out", str(tmp_path / "Matches")]
    process = run(here, [str(PROGRAM), *command], lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
    assert process.returncode == 3
    assert "1 could not be written" in process.stderr
    assert "File too large" in process.stderr
    assert "Traceback" not in process.stderr
    assert [file for file in (tmp_path / "Matches").rglob("*") if file.is_file() and file.name != "together.jpg"] == []

    succeeded(here.run(*command))
    found = {str(file.relative_to(tmp_path / "Matches")) for file in (tmp_path / "Matches").rglob("*.jpg")}
    assert found == GRACES


def _can_mount() -> bool:
    """Whether this user may have a small disk of its own, which only one process and its children see."""
    return (
        shutil.which("unshare") is not None and not subprocess.run(["unshare", "-rm", "true"], check=False).returncode
    )


@pytest.mark.skipif(not _can_mount(), reason="a full disk is made with `unshare` and a mount of one's own")
@pytest.mark.parametrize(("full", "words"), [("Matches", "Make room there"), ("data", "The disk of the catalog")])
def test_a_full_disk_is_one_line_and_the_next_run_goes_on(
    here: Machine, demo: DemoAlbum, small: Path, full: str, words: str
) -> None:
    (here.folder / full).mkdir(exist_ok=True)
    command = ["sort", str(small), *refs(demo, GRACE)]
    mounting = 'mount -t tmpfs -o size=100k none "$0" && exec "$@"'
    process = run(here, ["unshare", "-rm", "sh", "-c", mounting, str(here.folder / full), str(PROGRAM), *command])
    assert process.returncode == 1, process.stderr
    assert words in process.stderr.splitlines()[-1]
    assert "Traceback" not in process.stderr

    succeeded(here.run(*command))  # on the disk below
    assert here.matches() == GRACES
