"""What runs in Lambda knows neither the client nor what it may be tested against; the client's parts import one way."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LAMBDAS = ROOT / "lambdas"
CLIENT = ROOT / "client" / "sortclient"
OURS = {"photosort"}
THEIRS = {"aws_lambda_powertools", "boto3", "botocore"}  # what lambdas/requirements.in brings

# What the client may import of the Lambdas' package: the contract, and one helper that both sides need.
CONTRACT = {"photosort.chunks", "photosort.comparison", "photosort.keys", "photosort.stack", "photosort.work"}

# The client's parts, and which others each may import when it runs. `cli` puts them together.
GROUND = {"comparer", "errors", "folders", "model", "photos", "workers", "xmp"}
COMPARERS = {"aws", "emulator", "faces"}
READERS = {
    *(
        "album",
        "catalog",
        "copies",
        "decisions",
        "files",
        "filling",
        "holding",
        "layout",
        "ledger",
        "names",
        "outputs",
        "placing",
    ),
    *("question", "sidecars", "suggestion", "sync", "tuning", "undoing", "verdicts"),
}
USE_CASES = {
    *("deciding", "headshots", "intake", "later", "people", "portraits", "prices", "progress", "pruning"),
    *("recording", "references", "rehearsal", "run", "showing", "sorting", "spending", "status"),
}
MAY_IMPORT = {
    **dict.fromkeys(GROUND, GROUND),
    **dict.fromkeys(COMPARERS, GROUND),
    "emulator": GROUND | {"faces"},  # the Rekognition endpoint stands in front of the face engine
    **dict.fromkeys(READERS, GROUND | READERS),
    **dict.fromkeys(USE_CASES, GROUND | READERS | USE_CASES),
    "cli": GROUND | COMPARERS | READERS | USE_CASES,
}


def _sources() -> Iterator[tuple[Path, ast.Module]]:
    found = sorted(LAMBDAS.rglob("*.py"))
    assert found
    for path in found:
        yield path, ast.parse(path.read_text())


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            package = node.module in ("photosort", "sortclient")
            yield from (f"{node.module}.{alias.name}" for alias in node.names) if package else [node.module or ""]


def _checked_only_by_mypy(tree: ast.Module) -> set[str]:
    blocks = [node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    return {name for block in blocks for name in _imports(block)}


def test_the_functions_import_only_themselves_and_what_is_bundled() -> None:
    for path, tree in _sources():
        assert not [name for name in _imports(tree) if name.partition(".")[0] in ("sortclient", "infra")], path
        needed = {name.partition(".")[0] for name in set(_imports(tree)) - _checked_only_by_mypy(tree)}
        assert needed <= OURS | THEIRS | sys.stdlib_module_names, path


def test_the_clients_parts_import_one_way() -> None:
    """A comparer knows no catalog, and what reads the catalog no comparer."""
    for path in CLIENT.rglob("*.py"):
        part = path.relative_to(CLIENT).parts[0].removesuffix(".py")
        tree = ast.parse(path.read_text())
        used = set(_imports(tree)) - _checked_only_by_mypy(tree)
        others = {name.split(".")[1] for name in used if name.startswith("sortclient.")} - {part}
        assert others <= MAY_IMPORT.get(part, set()), path
        assert {name for name in used if name.startswith("photosort")} <= CONTRACT, path


def test_the_contract_needs_nothing_of_aws() -> None:
    """The client and the stack import it, and must not pay for boto3 then."""
    code = (
        "import sys, photosort.keys, photosort.comparison, photosort.work, photosort.stack\n"
        "print([name for name in ('boto3', 'botocore', 'aws_lambda_powertools') if name in sys.modules])"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]"


@pytest.mark.parametrize("command", ["", "sort", "upload", "sync", "doctor"])
def test_help_waits_for_nothing_heavy(command: str) -> None:
    code = (
        "import sys\n"
        "from sortclient.cli import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    print('status', end.code)\n"
        "heavy = ('boto3', 'botocore', 'dlib', 'moto', 'numpy', 'onnxruntime', 'PIL', 'rich', 'sqlite3')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code, *command.split(), "--help"], capture_output=True, text=True, check=True
    ).stdout
    assert printed.splitlines()[-2:] == ["status 0", "[]"]


def test_a_function_starts_with_boto3_and_powertools_and_nothing_else() -> None:
    """What they import is what a cold start takes: Powertools alone could bring pydantic, X-Ray and jsonschema."""
    code = (
        "import sys; own = set(sys.modules)\n"  # some machines' Python starts with a sitecustomize
        "import photosort.compare_photos, photosort.enroll_person, photosort.record_failures\n"
        "print(*sorted(set(sys.modules) - own))"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    modules = {name.partition(".")[0] for name in printed.split() if not name.startswith("_")}
    theirs = {"certifi", "dateutil", "jmespath", "s3transfer", "six", "typing_extensions", "urllib3"}  # what these need
    assert modules - sys.stdlib_module_names <= OURS | THEIRS | theirs
    assert not modules & {"asyncio", "ctypes", "sqlite3", "tkinter", "unittest"}


def test_nothing_under_lambdas_speaks_of_emulation() -> None:
    files = [path for path in LAMBDAS.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert files
    for path in files:
        assert not re.search(r"emulat|moto\b|localstack", path.read_text(), re.IGNORECASE), path


def test_the_package_imports_on_the_functions_python() -> None:
    """Lambda runs 3.13 and the tests often 3.11: no newer syntax may slip in, nor a module that 3.13 has dropped."""
    dropped = {"cgi", "cgitb", "crypt", "imghdr", "nntplib", "pipes", "sndhdr", "telnetlib", "uu", "xdrlib"}
    for path, tree in _sources():
        ast.parse(path.read_text(), feature_version=(3, 11))
        assert not dropped & set(_imports(tree)), path
