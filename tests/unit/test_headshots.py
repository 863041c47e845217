"""Headshots are understood, prepared and checked before anything else happens."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from sortclient.album import Album
from sortclient.comparer import Comparer
from sortclient.errors import InputError
from sortclient.headshots import Reference, check_faces, parse_reference, prepare_headshots
from sortclient.model import Box, Headshot
from tests.unit.conftest import picture


@pytest.mark.parametrize(
    ("text", "person", "file"),
    [
        ("me.jpg", "me", "me.jpg"),
        ("Ana María=pics/ana.jpg", "Ana María", "pics/ana.jpg"),
        ("Ana=a=b.jpg", "Ana", "a=b.jpg"),
        ("some.where/me.tar.jpg", "me.tar", "some.where/me.tar.jpg"),
    ],
)
def test_references(text: str, person: str, file: str) -> None:
    assert parse_reference(text) == Reference(person, Path(file))


def test_a_file_with_an_equals_sign_in_its_own_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    picture(Path("a=b.jpg"))
    assert parse_reference("a=b.jpg") == Reference("a=b", Path("a=b.jpg"))


@pytest.mark.parametrize("text", ["=me.jpg", "a/b=me.jpg", "..=me.jpg", "a\x1bb=me.jpg", f"{'x' * 101}=me.jpg"])
def test_names_that_cannot_be_a_folder(text: str) -> None:
    with pytest.raises(InputError, match="NAME=FILE"):
        parse_reference(text)


def test_what_is_no_picture_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    for name, reason in (("notes.txt", "not a picture"), ("gone.jpg", "there is no such file")):
        with pytest.raises(InputError, match=rf"{name}.*{reason}"):
            prepare_headshots([Reference("me", tmp_path / name)])


def test_a_headshot_of_any_name_is_remembered(tmp_path: Path, album: Album) -> None:
    headshots = prepare_headshots([Reference("me", picture(tmp_path / "\udcff.jpg"))])
    album.set_headshots("me", headshots)
    assert album.headshots() == headshots


def test_two_people_cannot_have_one_headshot(tmp_path: Path) -> None:
    file = picture(tmp_path / "me.jpg")
    with pytest.raises(InputError, match="same headshot"):
        prepare_headshots([Reference("me", file), Reference("you", file)])
    assert len(prepare_headshots([Reference("me", file), Reference("me", file)])) == 1


class _Faces:
    """A comparer that sees as many faces as it is told."""

    def __init__(self, *boxes: Box) -> None:
        self.boxes = boxes

    def find_faces(self, picture: bytes) -> tuple[Box, ...]:
        assert picture == b"content"
        return self.boxes


def check(*boxes: Box) -> list[str]:
    told: list[str] = []
    check_faces([Headshot("me", "a" * 64, "me.jpg", b"content")], cast("Comparer", _Faces(*boxes)), told.append)
    return told


def test_a_headshot_needs_a_face() -> None:
    with pytest.raises(InputError, match=r"me\.jpg: no face"):
        check()


def test_of_several_faces_the_largest_is_taken_and_said() -> None:
    assert check(Box(0.4, 0.1, 0.2, 0.2)) == []
    (line,) = check(Box(0.7, 0.1, 0.25, 0.5), Box(0.1, 0.1, 0.1, 0.1))
    assert "2 faces" in line
    assert "right" in line
