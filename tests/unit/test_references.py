"""What --ref and --people name is understood, or refused in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from sortclient.errors import InputError
from sortclient.references import Reference, parse_reference, references_in
from tests.unit.conftest import picture


@pytest.mark.parametrize(
    ("text", "person", "file", "face"),
    [
        ("me.jpg", "me", "me.jpg", None),
        ("Ana María=pics/ana.jpg", "Ana María", "pics/ana.jpg", None),
        ("Ana=a=b.jpg", "Ana", "a=b.jpg", None),
        (" Ana =ana.jpg", "Ana", "ana.jpg", None),
        ("some.where/me.tar.jpg", "me.tar", "some.where/me.tar.jpg", None),
        ("Ana=group.jpg#2", "Ana", "group.jpg", 2),
        ("me.jpg#1", "me", "me.jpg", 1),
        ("Ana=a#1.jpg", "Ana", "a#1.jpg", None),
        ("Ana #1=group.jpg#12", "Ana #1", "group.jpg", 12),
        ("Ana=group.jpg#", "Ana", "group.jpg#", None),
        (f"Ana={'x' * 300}.jpg", "Ana", f"{'x' * 300}.jpg", None),
        ("~nobody-of-this-name/me.jpg", "me", "~nobody-of-this-name/me.jpg", None),
    ],
)
def test_references(text: str, person: str, file: str, face: int | None) -> None:
    assert parse_reference(text) == Reference(person, Path(file), face)


@pytest.mark.parametrize("text", ["", "A=", "=", "."])
def test_what_names_no_file_is_told_as_that(text: str) -> None:
    with pytest.raises(InputError, match=r"^--ref .*: it names no file\. Write --ref NAME=FILE\.$"):
        parse_reference(text)


def test_a_file_whose_own_name_says_more_is_taken_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a=b.jpg", "take#2", "a=take#2"):
        (tmp_path / name).touch()
    assert parse_reference("a=b.jpg") == Reference("a=b", Path("a=b.jpg"))
    assert parse_reference("a=b.jpg#3") == Reference("a=b", Path("a=b.jpg"), 3)
    assert parse_reference("take#2") == Reference("take#2", Path("take#2"))
    assert parse_reference("Ana=take#2") == Reference("Ana", Path("take#2"))
    assert parse_reference("Ana=take#2#1") == Reference("Ana", Path("take#2"), 1)
    assert parse_reference("a=take#2") == Reference("a=take#2", Path("a=take#2"))


@pytest.mark.parametrize("text", ["=me.jpg", "a/b=me.jpg", "..=me.jpg", "a\x1bb=me.jpg", f"{'x' * 101}=me.jpg"])
def test_names_that_cannot_be_a_folder(text: str) -> None:
    with pytest.raises(InputError, match="NAME=FILE"):
        parse_reference(text)


def test_faces_are_counted_from_one() -> None:
    with pytest.raises(InputError, match="from 1"):
        parse_reference("Ana=group.jpg#0")


def spare(person: str, file: Path) -> Reference:
    return Reference(person, file, spare=True)


def test_a_folder_of_people_has_a_folder_or_a_picture_for_each(tmp_path: Path) -> None:
    files = [
        picture(tmp_path / name) for name in ("Ana/2.jpg", "Ana/old/1.png", "Ana.jpg", "St. Bo.png", "St. C/1.gif")
    ]
    found = references_in(tmp_path)
    assert set(found) == {
        spare(name, file) for name, file in zip(("Ana", "Ana", "Ana", "St. Bo", "St. C"), files, strict=True)
    }
    assert found == references_in(tmp_path)


def test_pictures_are_known_by_their_first_bytes_and_clutter_is_passed_over(tmp_path: Path) -> None:
    file = picture(tmp_path / "Ana" / "1.jpg")
    unnamed = file.rename(tmp_path / "Ana" / "1")
    for name in ("notes.txt", "Ana/.hidden.jpg", "Ana/Thumbs.db", ".DS_Store", "Bo.jpg", "@eaDir/Ana/1.jpg", ".git/x"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("no picture")
    picture(tmp_path / "@eaDir" / "Cy.jpg")
    (tmp_path / ".cache").mkdir()
    assert references_in(tmp_path) == [spare("Ana", unnamed)]


def test_a_link_to_a_folder_is_a_persons_folder(tmp_path: Path) -> None:
    picture(tmp_path / "elsewhere" / "1.jpg")
    (tmp_path / "people").mkdir()
    (tmp_path / "people" / "Ana").symlink_to(tmp_path / "elsewhere")
    assert references_in(tmp_path / "people") == [spare("Ana", tmp_path / "people" / "Ana" / "1.jpg")]


def test_what_cannot_be_looked_at_stays_and_is_told_of_where_it_is_read(tmp_path: Path) -> None:
    picture(tmp_path / "Ana" / "1.jpg")
    (tmp_path / "Ana" / "2.jpg").symlink_to(tmp_path / "Ana" / ("x" * 300))
    assert len(references_in(tmp_path)) == 2


def test_a_folder_of_people_without_pictures_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        references_in(tmp_path / "gone")
    with pytest.raises(InputError, match="no such folder"):
        references_in(picture(tmp_path / "file.jpg"))
    (tmp_path / "people").mkdir()
    with pytest.raises(InputError, match="no picture is there"):
        references_in(tmp_path / "people")
    picture(tmp_path / "people" / "Ana.jpg")
    (tmp_path / "people" / "Bo").mkdir()
    with pytest.raises(InputError, match="no picture is in Bo"):
        references_in(tmp_path / "people")
    (tmp_path / "people" / "Bo" / ".DS_Store").touch()
    with pytest.raises(InputError, match="no picture is in Bo"):
        references_in(tmp_path / "people")
    picture(tmp_path / "people" / "Bo" / "1.jpg")
    assert len(references_in(tmp_path / "people")) == 2


@pytest.mark.parametrize("name", ["a:b", "ends.", " ana", "x" * 101, "a\x1bb"])
def test_a_folder_of_people_names_them_as_they_can_be_named(tmp_path: Path, name: str) -> None:
    picture(tmp_path / name / "1.jpg")
    with pytest.raises(InputError, match=r"--people .*not a name"):
        references_in(tmp_path)


def test_names_are_composed_as_the_album_has_them(tmp_path: Path) -> None:
    picture(tmp_path / "Zoe\u0308" / "1.jpg")
    assert [reference.person for reference in references_in(tmp_path)] == ["Zoë"]
