"""A folder as people have it, through the real commands: each file has its line, each name its match, and nothing more
is compared than there are different photos.
"""

from __future__ import annotations

import csv
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.album import GRACE, DemoAlbum
from sortclient.model import Outcome
from tests.emulated.command import Cloud, Machine, refs, succeeded
from tests.unit.hostile import build

_DEEP = "/".join(letter * 200 for letter in "abcdef") + "/deep.jpg"  # 1,214 bytes: S3's keys end at 1,024

# One photo of Grace Hopper under all of these names; some file systems do not tell some of them apart.
_NAMES = [
    "plain.jpg",
    "PLAIN.JPG",
    "caf\u00e9.jpg",
    "cafe\u0301 (NFD).jpg",
    "no suffix",
    "wrong.txt",
    "50% off + more & such #1?.jpg",
    "two\nlines.jpg",
    "'quoted' \"twice\".jpg",
    "-rf.jpg",
    " leading and trailing .jpg ",
    "\u6f22\u5b57/\u05e2\u05d1\u05e8\u05d9\u05ea/\U0001f600.jpg",
    "x" * 251 + ".jpg",
    "a/same.jpg",
    "b/same.jpg",
    _DEEP,
]
_NOT_UTF8 = b"caf\xe9.jpg"


@pytest.fixture
def messy(
    tmp_path: Path, grace: bytes, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Path, dict[str, tuple[Outcome | None, str]]]]:
    """The folder, and what is expected of the files that nobody is looked for in; None is a photo without faces."""
    folder = tmp_path / "Messy"
    (folder / "hostile").mkdir(parents=True)
    expected = {f"hostile/{name}": (one.outcome, one.words) for name, one in build(folder / "hostile").items()}
    for name in _NAMES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(grace)
    with open(os.path.join(os.fsencode(folder), _NOT_UTF8), "wb") as file:  # noqa: PTH118, PTH123 (no text)
        file.write(grace)

    left_out = Outcome.NOT_A_PHOTO
    expected["hostile/._IMG_1.jpg"] = (left_out, "system file")  # its name settles it before its bytes do
    for name, words in (
        (".hidden.jpg", "hidden file"),
        (".album/inside.jpg", "hidden file"),
        ("Thumbs.db", "system file"),
        (".DS_Store", "system file"),
        ("._plain.jpg", "system file"),
        ("@eaDir/plain.jpg/SYNOPHOTO_THUMB_XL.jpg", "system file"),
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(grace)
        expected[name] = (left_out, words)
    (folder / "to nothing.jpg").symlink_to("gone.jpg")
    (folder / "circle.jpg").symlink_to("circle.jpg")
    (folder / "to itself").symlink_to(".")
    os.mkfifo(folder / "pipe.jpg")
    expected |= {
        "to nothing.jpg": (left_out, "link: leads to nothing"),
        "circle.jpg": (left_out, "link: leads in a circle"),
        "to itself": (left_out, "--follow-links"),
        "pipe.jpg": (left_out, "special file: pipe"),
    }
    with socket.socket(socket.AF_UNIX) as listening:
        monkeypatch.chdir(folder)  # a socket's whole path is short
        listening.bind("socket.jpg")
        expected["socket.jpg"] = (left_out, "special file: socket")
        yield folder, expected


@pytest.mark.parametrize("command", ["sort", "upload"])
def test_every_file_has_its_line_and_every_name_its_match(
    here: Machine,
    demo: DemoAlbum,
    messy: tuple[Path, dict[str, tuple[Outcome | None, str]]],
    cloud: Cloud,
    album: str,
    command: str,
) -> None:
    folder, expected = messy
    arguments = [command, folder, *refs(demo, GRACE), "--album", album, "--ledger", "ledger.csv"]
    result = succeeded(here.run(*arguments))
    assert "Traceback" not in result.stderr

    with (here.folder / "ledger.csv").open(encoding="utf-8", newline="") as stream:
        lines = {line["photo"]: line for line in csv.DictReader(stream)}
    matched = {path for path, line in lines.items() if line["outcome"] == Outcome.MATCH}
    assert len(matched) == len(_NAMES) + 1  # each name once, and nothing else
    assert lines.keys() - matched == expected.keys()
    for path, (outcome, words) in expected.items():
        assert lines[path]["outcome"] == (outcome or Outcome.NO_FACE), lines[path]
        assert words in lines[path]["detail"], lines[path]

    files = [file for file in (here.folder / "Matches").rglob("*") if file.is_file()]
    assert len(files) == len(matched)
    assert {file.read_bytes() for file in files} == {(folder / "plain.jpg").read_bytes()}
    if command == "upload":
        photos = [outcome for outcome, _ in expected.values() if outcome is None]
        assert len(cloud.cells()) == len(cloud.objects("photos")) <= len(photos) + 1  # the same bytes are paid for once

    again = succeeded(here.run(*arguments))
    assert "(0 new, 0 removed)" in again.stderr
    assert "prepared" not in again.stderr
