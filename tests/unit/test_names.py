"""Whatever files are called: each has a row of its own, and each match a copy of its own, inside the output folder."""

from __future__ import annotations

import hashlib
import os
import unicodedata
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from photosort.comparison import Comparison
from sortclient.catalog import Catalog
from sortclient.layout import folded
from sortclient.model import Headshot
from sortclient.outputs import Output
from sortclient.photos.scan import printable, scan
from sortclient.sync import sync

# Names as Linux takes them: any bytes but / and NUL, at most 255, with much that looks alike.
parts = st.sampled_from(
    [b"a", b"A", b" ", b".", b".jpg", b"\\", b"\\xe9", b"\xe9", b"\n", b"\r", b"\x1b", b"\xff\xfe", b"(2)", b" (2)"]
    + [text.encode() for text in ("é", "e\u0301", "ﬁ", "İ", "ß", "\u200e", "\u0301", "K", "ạ̇", "\u2028", "日")]
)
file_names = (
    (st.lists(parts, min_size=1, max_size=8).map(b"".join) | st.binary(min_size=1, max_size=255))
    .map(lambda name: name.translate(None, b"/\0")[:255])
    .filter(lambda name: name not in (b"", b".", b".."))
)


@given(file_names)
def test_a_printable_name_is_nfc_printable_and_stays_so(name: bytes) -> None:
    shown = printable(os.fsdecode(name))
    assert shown
    assert shown.isprintable()
    assert unicodedata.is_normalized("NFC", shown)
    assert "/" not in shown
    assert printable(shown) == shown


# Names that look alike, and what these become.
twins = st.sampled_from(
    [
        *(b"\xe9", b"\\xe9", b"\\xe9 (2)", b"\n", b"\\n", b"x", b"X"),
        *map(str.encode, ("é", "e\u0301", "é (2)", "a\u0323\u0307", "a\u0307\u0323")),
    ]
)
folders = st.lists(st.tuples(file_names | twins, file_names | twins), min_size=1, max_size=12, unique=True)


def fill(place: Path, names: list[tuple[bytes, bytes]]) -> set[str]:
    """A file in a folder for each pair of names; returns what they hold, each something else."""
    for number, (folder, name) in enumerate(names):
        inner = place / os.fsdecode(folder)
        inner.mkdir(parents=True, exist_ok=True)
        (inner / os.fsdecode(name)).write_text(str(number))
    return {str(number) for number in range(len(names))}


@settings(max_examples=60, deadline=None)
@given(folders)
def test_every_file_has_a_row_of_its_own_that_opens(names: list[tuple[bytes, bytes]]) -> None:
    with TemporaryDirectory() as place:
        contents = fill(Path(place), names)
        found = [one.file for one in scan(Path(place))]
        assert {file.location.read_text() for file in found} == contents
        assert len({file.path for file in found}) == len(found) == len(contents)
        for file in found:
            assert file.path.isprintable()
            assert unicodedata.is_normalized("NFC", file.path)
        assert [one.file for one in scan(Path(place))] == found


@settings(max_examples=30, deadline=None)
@given(folders)
def test_every_match_has_a_copy_of_its_own_on_any_file_system(names: list[tuple[bytes, bytes]]) -> None:
    """Also on one for which `a` and `A` are one name: the targets differ by more than that."""
    with TemporaryDirectory() as place, Catalog(Path(place) / "catalog.sqlite") as catalog:
        folder, out = Path(place).resolve() / "Images", Path(place).resolve() / "Matches"
        fill(folder, names)
        album = catalog.open_album("Images", folder, "this machine")
        album.set_headshots("me", [Headshot("me", "a" * 64, "me.jpg", b"")])
        album.scanned(scan(folder))
        photos = {file.path: file.location.read_text() for file in album.unread()}
        for path, content in photos.items():
            digest = hashlib.sha256(content.encode()).hexdigest()
            album.identified(path, digest)
            album.record(Comparison("a" * 64, digest, 99.0, None, "", "test", ""))
        assert sync(album, Output(out)).added == len(photos)
        copies = [path for path in out.rglob("*") if path.is_file()]
        assert sorted(path.read_text() for path in copies) == sorted(photos.values())
        assert len({folded(str(path.relative_to(out))) for path in copies}) == len(copies)
        (again,) = [sync(album, Output(out))]
        assert (again.standing, again.added, again.removed) == (len(photos), 0, 0)
