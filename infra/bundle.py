"""The Lambdas' code as one folder: our package and its pinned dependencies, for arm64, without Docker.

A folder is named by what went into it and appears only when it is complete. So nothing is made twice, two
processes cannot disturb each other, and equal sources give an equal asset, which CDK does not upload again.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from hashlib import sha256
from pathlib import Path

from sortclient.errors import SortError

ROOT = Path(__file__).parent.parent
REQUIREMENTS = ROOT / "lambdas" / "requirements.txt"
PACKAGE = ROOT / "lambdas" / "photosort"
BUILD = ROOT / "build" / "lambda"

PYTHON_VERSION = "3.14"
# Wheels for the functions' platform, whatever this machine is; nothing is built from source.
PLATFORM = ("--platform", "manylinux2014_aarch64", "--python-version", PYTHON_VERSION, "--only-binary=:all:")

# What pip writes about this machine and this moment: it would make a new asset of the same code.
_UNSTABLE = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json")


class BundleError(SortError):
    """The Lambdas' code could not be put together."""


def bundle(*, requirements: Path = REQUIREMENTS, package: Path = PACKAGE, build: Path = BUILD) -> Path:
    """Return the folder to be deployed, made if it does not exist. Raises BundleError."""
    pinned = requirements.read_bytes()
    dependencies = build / f"dependencies-{_digest([pinned, ' '.join(PLATFORM).encode()])}"
    _make_once(dependencies, lambda folder: _install(requirements, folder))

    sources = sorted(package.rglob("*.py"))
    contents = [part for path in sources for part in (str(path.relative_to(package)).encode(), path.read_bytes())]
    code = build / f"code-{_digest([dependencies.name.encode(), *contents])}"

    def assemble(folder: Path) -> None:
        shutil.copytree(dependencies, folder, dirs_exist_ok=True)
        for path in sources:
            target = folder / package.name / path.relative_to(package)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)

    _make_once(code, assemble)
    return code


def _install(requirements: Path, folder: Path) -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"]
    command += ["--no-compile", "--require-hashes", *PLATFORM]
    command += ["--target", str(folder), "--requirement", str(requirements)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if result.returncode != 0:
        lines = result.stderr.splitlines() or [f"pip ended with {result.returncode}"]
        said = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")] or lines
        raise BundleError(f"the Lambdas' dependencies could not be installed: {said[-1]}")
    # Commands of the packages: their first line names this machine's Python, and nothing in Lambda runs them.
    shutil.rmtree(folder / "bin", ignore_errors=True)
    for name in _UNSTABLE:
        for path in folder.glob(f"*.dist-info/{name}"):
            path.unlink()


def _make_once(target: Path, make: Callable[[Path], None]) -> None:
    """Let ``make`` fill a new folder, and give it the name ``target`` when it has."""
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix="making-") as temporary:
        folder = Path(temporary) / "content"
        folder.mkdir()
        make(folder)
        try:
            folder.rename(target)
        except OSError:
            # Somebody else was faster, with the same content. Anything else is an error.
            if not target.exists():
                raise
    _forget_older(target)


def _forget_older(target: Path) -> None:
    """Remove what an earlier state of the sources left: each is some 25 MB."""
    kind, _, _ = target.name.partition("-")
    for other in target.parent.glob(f"{kind}-*"):
        if other != target:
            shutil.rmtree(other, ignore_errors=True)


def _digest(parts: Iterable[bytes]) -> str:
    digest = sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))  # so that moving a byte from one part to the next shows
        digest.update(part)
    return digest.hexdigest()[:16]
