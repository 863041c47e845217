"""The Lambdas' bundle: complete, for arm64, equal for equal sources, and never with a silent gap."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from infra import bundle, requirements
from infra.bundle import BundleError

PURE = "py3-none-any"
ARM = "py3-none-manylinux2014_aarch64"
X86 = "py3-none-manylinux2014_x86_64"

X86_64 = 0x3E  # e_machine of an ELF file's header


@pytest.fixture(scope="module")
def real() -> Path:
    return bundle.bundle()


def test_it_holds_our_package_and_what_it_imports(real: Path) -> None:
    """Proved by importing the handlers from it alone, in a Python that sees no installed package."""
    program = f"""
import sys
sys.path.insert(0, {str(real)!r})
from photosort import compare_photos, enroll_person, record_failures
import aws_lambda_powertools, boto3
for module in (compare_photos, enroll_person, record_failures, aws_lambda_powertools, boto3):
    assert module.__file__.startswith({str(real)!r}), module.__file__
    print(module.__name__, callable(getattr(module, "handler", None)))
"""
    environment = {"AWS_REGION": "us-west-1", "PYTHONDONTWRITEBYTECODE": "1"}
    result = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", program], env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.split("\n")[:3] == [
        "photosort.compare_photos True",
        "photosort.enroll_person True",
        "photosort.record_failures True",
    ]


def test_nothing_in_it_is_for_another_platform_or_for_this_machine_only(real: Path) -> None:
    files = [path for path in real.rglob("*") if path.is_file()]
    assert len(files) > 500
    machines = {path: header[18] for path in files if (header := path.read_bytes()[:20])[:4] == b"\x7fELF"}
    assert X86_64 not in machines.values()
    assert not [path for path in files if path.suffix == ".pyc" or path.name in ("RECORD", "direct_url.json")]
    assert not (real / "bin").exists()


def test_our_package_is_whole(real: Path) -> None:
    ours = {path.relative_to(bundle.PACKAGE): path.read_bytes() for path in bundle.PACKAGE.rglob("*.py")}
    assert {
        path.relative_to(real / "photosort"): path.read_bytes() for path in (real / "photosort").rglob("*.py")
    } == ours


def test_requirements_are_pinned_hashed_and_name_no_address() -> None:
    text = bundle.REQUIREMENTS.read_text(encoding="utf-8")
    pins = re.findall(r"^([a-z0-9-]+)==\S+ \\\n    --hash=sha256:[0-9a-f]{64}$", text, re.MULTILINE)
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert len(lines) == 2 * len(pins) > 0
    assert "://" not in text
    wanted = re.findall(r"^([a-z0-9-]+)", requirements.WANTED.read_text(encoding="utf-8"), re.MULTILINE)
    assert set(pins) > set(wanted) > set()


class Workshop:
    """A small project to be bundled, with one dependency in a wheel of its own: no network."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.package = folder / "ours"
        self.package.mkdir()
        (self.package / "__init__.py").write_text("VALUE = 1\n")
        self.requirements = folder / "requirements.txt"
        self.build = folder / "build"

    def require(self, tag: str = PURE, digest: str | None = None) -> Path:
        wheel = self.folder / f"needed-1.0-{tag}.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr("needed.py", "NEEDED = True\n")
            archive.writestr("needed-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: needed\nVersion: 1.0\n")
            archive.writestr("needed-1.0.dist-info/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n")
            archive.writestr("needed-1.0.dist-info/entry_points.txt", "[console_scripts]\nneed = needed:main\n")
            archive.writestr("needed-1.0.dist-info/RECORD", "")
        digest = digest or sha256(wheel.read_bytes()).hexdigest()
        self.requirements.write_text(f"needed @ {wheel.as_uri()} --hash=sha256:{digest}\n")
        return wheel

    def bundle(self) -> Path:
        return bundle.bundle(requirements=self.requirements, package=self.package, build=self.build)


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_equal_sources_are_not_bundled_twice(workshop: Workshop) -> None:
    wheel = workshop.require(ARM)
    first = workshop.bundle()
    assert {"needed.py", "ours/__init__.py"} < set(content(first))
    wheel.unlink()  # pip could not install it again
    assert workshop.bundle() == first


def test_two_machines_make_the_same_bundle(workshop: Workshop, tmp_path: Path) -> None:
    workshop.require()
    first = workshop.bundle()
    workshop.build = tmp_path / "another" / "build"
    second = workshop.bundle()
    assert (first.name, content(first)) == (second.name, content(second))
    assert not [name for name in content(first) if name.startswith("bin/") or name.endswith("RECORD")]


def test_changed_code_makes_a_new_bundle_without_installing_again(workshop: Workshop) -> None:
    wheel = workshop.require()
    first = workshop.bundle()
    wheel.unlink()
    (workshop.package / "__init__.py").write_text("VALUE = 2\n")
    second = workshop.bundle()
    assert second != first
    assert (second / "ours" / "__init__.py").read_text() == "VALUE = 2\n"
    assert not first.exists()  # nor do old ones pile up


def test_changed_requirements_are_installed(workshop: Workshop) -> None:
    workshop.require()
    assert "needed.py" in content(workshop.bundle())
    workshop.requirements.write_text("# nothing any more\n")
    assert "needed.py" not in content(workshop.bundle())


@pytest.mark.parametrize(
    ("tag", "digest", "says"),
    [
        (PURE, "0" * 64, "hash"),  # not the archive that was pinned
        (X86, None, "not a supported wheel on this platform"),
    ],
)
def test_what_cannot_be_installed_is_one_line_and_leaves_no_bundle(
    workshop: Workshop, tag: str, digest: str | None, says: str
) -> None:
    workshop.require(tag, digest)
    with pytest.raises(BundleError) as caught:
        workshop.bundle()
    message = str(caught.value)
    assert message.startswith("the Lambdas' dependencies could not be installed: ")
    assert says in message.lower()
    assert "\n" not in message
    assert list(workshop.build.iterdir()) == []


def test_a_pin_without_its_hash_is_refused(workshop: Workshop) -> None:
    wheel = workshop.require()
    workshop.requirements.write_text(f"needed @ {wheel.as_uri()}\n")
    with pytest.raises(BundleError, match="hash"):
        workshop.bundle()


def test_pinning_writes_version_and_hash(workshop: Workshop) -> None:
    wheel = workshop.require()
    wanted = workshop.folder / "wanted.in"
    wanted.write_text(f"needed @ {wheel.as_uri()}\n")
    report: dict[str, Any] = requirements.resolve(wanted)
    assert json.dumps(report)  # what pip itself says
    digest = sha256(wheel.read_bytes()).hexdigest()
    assert requirements.lines(report) == f"{requirements.HEADER}needed==1.0 \\\n    --hash=sha256:{digest}\n"
