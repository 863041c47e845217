"""The people of an album: the list, another name, and leaving, on disk, in the catalog and in the cloud."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from photosort.comparison import Thresholds
from sortclient.album import Album
from sortclient.catalog import Catalog
from sortclient.comparer import NothingElsewhere, Pruned
from sortclient.deciding import correct
from sortclient.errors import InputError
from sortclient.model import Headshot
from sortclient.names import check_album, check_person
from sortclient.outputs import Output, OutputWish, output_of
from sortclient.people import Person, check_rename, people, remove, rename
from sortclient.question import Question, Who
from sortclient.sync import Synchronised, sync
from sortclient.verdicts import verdicts
from tests.unit.test_sync import ME, YOU, below, digest_of, put


class Cloud(NothingElsewhere):
    """Refuses once, where it is told to."""

    def __init__(self) -> None:
        self.calls: list[tuple[object, ...]] = []
        self.fails = False

    def rename(self, album: str, person: str, new: str) -> None:
        self._called("rename", album, person, new)

    def remove(self, album: str, person: str, headshots: object) -> Pruned:
        self._called("remove", album, person, headshots)
        return Pruned(matches=2, cells=3)

    def _called(self, *call: object) -> None:
        self.calls.append(call)
        if self.fails:
            self.fails = False
            raise InputError("no network")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "Matches"


def test_the_list_tells_headshots_thresholds_matches_and_what_is_open(album: Album, folder: Path) -> None:
    put(album, folder, "one.jpg", 90, 10)
    put(album, folder, "two.jpg", 20, 10)
    album.set_threshold(85, "you")
    correct(album, ["two.jpg"], "me", is_person=True)
    assert list(people(album)) == [
        Person("me", ("me.jpg",), 80.0, matches=2, open=0, corrections=1),
        Person("you", ("you.jpg",), 85.0, matches=0, open=0, corrections=0),
    ]
    album.set_headshots("me", [Headshot("me", ME, "me.jpg", b""), Headshot("me", "c" * 64, "b.jpg", b"")])
    assert next(people(album)) == Person("me", ("me.jpg", "b.jpg"), 80.0, matches=2, open=0, corrections=1)
    album.set_headshots("she", [Headshot("she", "d" * 64, "she.jpg", b"")])
    assert [person.open for person in people(album)] == [0, 2, 0]


def test_another_name_keeps_all_that_is_known_and_moves_the_copies(album: Album, folder: Path, out: Path) -> None:
    put(album, folder, "one.jpg", 90, 90)
    put(album, folder, "two.jpg", 20, 10)
    album.set_threshold(85, "me")
    correct(album, ["two.jpg"], "me", is_person=True)
    sync(album, Output(out))
    both = Output(out.with_name("Both"), question=Question(Who.ALL, ("me", "you")))
    sync(album, both)
    before = [replace(verdict, person="") for verdict in verdicts(album) if verdict.person == "me"]
    inodes = {file.name: file.stat().st_ino for file in (out / "me").iterdir()}
    cloud = Cloud()
    rename(album, *check_rename(album, "me", " Ana "), cloud)
    assert cloud.calls == [("rename", "Images", "me", "Ana")]
    assert album.people() == ["Ana", "you"]
    assert [replace(verdict, person="") for verdict in verdicts(album) if verdict.person == "Ana"] == before
    assert album.thresholds == Thresholds(80.0, {"Ana": 85.0})
    assert sync(album, output_of(album, OutputWish())) == Synchronised(standing=1, moved=2)
    assert {file.name: file.stat().st_ino for file in (out / "Ana").iterdir()} == inodes
    assert not (out / "me").exists()
    question = Question(Who.ALL, ("Ana", "you"))
    assert output_of(album, OutputWish(both.out, question=question)).question == question


def test_a_rename_that_the_cloud_refused_can_be_said_again(album: Album, folder: Path) -> None:
    put(album, folder, "one.jpg", 90)
    cloud = Cloud()
    cloud.fails = True
    with pytest.raises(InputError, match="no network"):
        rename(album, "me", "Ana", cloud)
    assert album.people() == ["me", "you"]
    rename(album, "me", "Ana", cloud)
    assert album.people() == ["Ana", "you"]


@pytest.mark.parametrize(
    ("person", "new", "reason"),
    [
        ("mee", "Ana", "Did you mean 'me'"),
        ("me", "you", "has a 'you' already"),
        ("me", "me", "has a 'me' already"),
        ("me", "a/b", "Choose another name"),
        ("me", "..", "Choose another name"),
        ("me", "", "Choose another name"),
        ("me", "x" * 101, "Choose another name"),
    ],
)
def test_names_that_cannot_be_are_refused(album: Album, folder: Path, person: str, new: str, reason: str) -> None:
    put(album, folder, "one.jpg", 90)
    with pytest.raises(InputError, match=reason):
        check_rename(album, person, new)


def test_a_person_who_leaves_takes_along_all_that_is_known(album: Album, folder: Path, out: Path) -> None:
    put(album, folder, "one.jpg", 90, 90)
    put(album, folder, "two.jpg", 90, 10)
    album.set_threshold(85, "me")
    correct(album, ["two.jpg"], "me", is_person=True)
    sync(album, Output(out))
    sync(album, Output(out.with_name("Mine"), "{name}", question=Question(Who.ONLY, ("me",))))
    sync(album, Output(out.with_name("Both"), question=Question(Who.ALL, ("me", "you"))))
    cloud = Cloud()
    copies, elsewhere = remove(album, "me", cloud)
    assert copies == Synchronised(removed=4)
    assert elsewhere == Pruned(matches=2, cells=3)
    assert cloud.calls == [("remove", "Images", "me", [ME])]
    assert {str(file.relative_to(out.parent)) for file in out.parent.rglob("*.jpg") if folder not in file.parents} == {
        "Matches/you/one.jpg"
    }
    assert (album.people(), album.thresholds, album.corrections()) == (["you"], Thresholds(80.0), [])
    assert set(album.cells(digest_of("one.jpg"))) == {YOU}
    assert sync(album, Output(out)) == Synchronised(standing=1)


def test_of_a_person_who_leaves_somebodys_files_and_last_copies_stay(album: Album, folder: Path, out: Path) -> None:
    for name in ("edited.jpg", "last.jpg", "own.jpg"):
        put(album, folder, name, 90)
    (out / "me").mkdir(parents=True)
    (out / "me/own.jpg").write_bytes(b"own.jpg")  # stood there before
    sync(album, Output(out))
    (out / "me/edited.jpg").write_bytes(b"retouched!")
    (folder / "last.jpg").unlink()
    copies, _ = remove(album, "me", Cloud())
    assert copies == Synchronised(kept=1, orphaned=1)
    assert set(below(out)) == {"me/edited.jpg", "me/last.jpg", "me/own.jpg"}


def test_a_removal_that_the_cloud_refused_can_be_said_again(album: Album, folder: Path, out: Path) -> None:
    put(album, folder, "one.jpg", 90)
    sync(album, Output(out))
    cloud = Cloud()
    cloud.fails = True
    with pytest.raises(InputError, match="no network"):
        remove(album, "me", cloud)
    assert album.people() == ["me", "you"]
    assert remove(album, "me", cloud)[0] == Synchronised()
    assert album.people() == ["you"]


def test_a_wrong_name_is_told_the_nearest_right_one(catalog: Catalog, album: Album, folder: Path) -> None:
    with pytest.raises(InputError, match="no people yet"):
        check_person(album, "me")
    put(album, folder, "one.jpg", 90)
    assert check_person(album, "me") == "me"
    with pytest.raises(InputError, match=r"no 'ME!' in album 'Images'. Did you mean 'me'\? Known are: me, you\."):
        check_person(album, "ME!")
    assert check_album(catalog, "Images").name == check_album(catalog, None).name == "Images"
    with pytest.raises(InputError, match=r"no album 'images'. Did you mean 'Images'\?"):
        check_album(catalog, "images")
    with pytest.raises(InputError, match=r"no album 'Zoo'. Known are: Images\."):
        check_album(catalog, "Zoo")


def test_decomposed_letters_name_the_same_person(album: Album) -> None:
    album.set_headshots("Zoë", [Headshot("Zoë", ME, "zoe.jpg", b"")])
    assert check_person(album, "Zoe\u0308") == "Zoë"
