"""The people of an album: the list, another name, and leaving, on disk, in the catalog and in the cloud."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from photosort.comparison import Comparison, Problem, Thresholds
from sortclient.album import Album
from sortclient.catalog import Catalog
from sortclient.comparer import NothingElsewhere, Pruned
from sortclient.deciding import correct
from sortclient.errors import InputError
from sortclient.model import Headshot
from sortclient.names import check_album, check_person
from sortclient.outputs import Output, OutputWish, output_of
from sortclient.people import Person, check_rename, check_told_apart, people, remove, rename
from sortclient.question import Question, Who
from sortclient.sync import Synchronised, sync
from sortclient.verdicts import verdicts
from tests.unit.test_sync import ME, YOU, below, digest_of, put


class Cloud(NothingElsewhere):
    """Refuses once, where it is told to."""

    def __init__(self) -> None:
        self.calls: list[tuple[object, ...]] = []
        self.fails = False

    def rename(self, album: str, person: str, new: str, known: Callable[[str], Sequence[Comparison]]) -> None:
        self.known = known
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
    with pytest.raises(InputError, match="Nobody is looked for"):
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


def test_a_person_who_leaves_takes_no_copy_that_somebody_else_is_on(album: Album, folder: Path, out: Path) -> None:
    """Without folders of people one copy is for all of them."""
    put(album, folder, "one.jpg", 90, 90)
    sync(album, Output(out, "{path}"))
    assert remove(album, "me", Cloud())[0] == Synchronised()
    assert set(below(out)) == {"one.jpg"}
    assert remove(album, "you", Cloud())[0] == Synchronised(removed=1)
    assert below(out) == {}


def test_copies_that_cannot_be_removed_with_their_person_are_told(
    album: Album, folder: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(album, folder, "one.jpg", 90)
    sync(album, Output(out))
    sync(album, Output(out.with_name("Other")))

    def refused(path: Path, **_: bool) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", refused)
        copies, _ = remove(album, "me", Cloud())
    assert (copies.removed, copies.refused) == (0, 2)
    assert copies.refusal == f"{out / 'me/one.jpg'}: Permission denied"


def test_a_person_who_leaves_takes_along_what_a_stopped_sync_had_put_there(
    album: Album, folder: Path, out: Path
) -> None:
    put(album, folder, "a.jpg", 90)
    put(album, folder, "b.jpg", 90)

    def show(done: int, _total: int) -> None:
        if done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sync(album, Output(out), show=show)
    assert remove(album, "me", Cloud())[0] == Synchronised(removed=1)
    assert below(out) == {}


def test_a_folder_without_an_answer_still_asks_for_the_person_by_the_new_name(
    album: Album, folder: Path, out: Path
) -> None:
    put(album, folder, "one.jpg", 90, 10)
    sync(album, Output(out, question=Question(Who.ALL, ("me", "you"))))
    rename(album, "me", "Ana", Cloud())
    question = Question(Who.ALL, ("Ana", "you"))
    assert output_of(album, OutputWish(out, question=question)).question == question


def test_a_new_name_and_a_leaving_are_saved(album: Album, folder: Path, tmp_path: Path) -> None:
    def saved() -> list[str]:
        with Catalog(tmp_path / "data" / "catalog.sqlite") as another:
            return check_album(another, "Images").people()

    put(album, folder, "one.jpg", 90)
    album.save()
    rename(album, "me", "Ana", Cloud())
    assert saved() == ["Ana", "you"]
    remove(album, "you", Cloud())
    assert saved() == ["Ana"]


def test_verdicts_that_failed_are_open(album: Album, folder: Path) -> None:
    put(album, folder, "one.jpg", 90, 10)
    album.set_headshots("she", [Headshot("she", "d" * 64, "she.jpg", b"")])
    album.record(Comparison("d" * 64, digest_of("one.jpg"), None, Problem.FAILED, "why", "test", ""))
    assert [person.open for person in people(album)] == [0, 1, 0]


def test_an_album_is_known_however_its_letters_are_composed(catalog: Catalog, folder: Path) -> None:
    catalog.open_album("Zoë", folder, "this machine")
    assert check_album(catalog, "Zoe\u0308").name == "Zoë"


def test_of_many_names_the_first_are_listed(album: Album) -> None:
    for number in range(23):
        album.set_headshots(f"p{number:02}", [Headshot(f"p{number:02}", f"{number:064x}", "x.jpg", b"")])
    with pytest.raises(InputError, match=r"Known are: p00, .*, p19 and 3 more\.$"):
        check_person(album, "Ana")


def test_what_is_known_of_the_person_goes_along_with_a_renaming(album: Album, folder: Path) -> None:
    put(album, folder, "one.jpg", 90, 10)
    cloud = Cloud()
    rename(album, "me", "Ana", cloud)
    assert [(cell.headshot, cell.similarity) for cell in cloud.known(digest_of("one.jpg"))] == [(ME, 90)]
    assert list(cloud.known("e" * 64)) == []


def test_who_is_known_from_the_cloud_only_keeps_name_and_place(catalog: Catalog) -> None:
    """The machine with the folder would bring the person back with its next upload, and pay."""
    album = catalog.open_album("Theirs", None, "a stack")
    album.set_headshots("me", [Headshot("me", ME, "", b"")])
    cloud = Cloud()
    with pytest.raises(InputError, match=r"cloud only\. Rename people on the machine that has its folder"):
        check_rename(album, "me", "Ana")
    with pytest.raises(InputError, match=r"cloud only\. Remove people on the machine that has its folder"):
        remove(album, "me", cloud)
    assert (album.people(), cloud.calls) == (["me"], [])


def test_names_that_differ_by_case_only_are_one_persons(album: Album, folder: Path) -> None:
    put(album, folder, "one.jpg", 90)
    with pytest.raises(InputError, match="There is a person 'you' already"):
        check_rename(album, "me", "YOU")
    assert check_rename(album, "me", "Me") == ("me", "Me")


@pytest.mark.parametrize(
    ("names", "known", "other"),
    [
        (["Obama", "obama"], [], "Obama"),
        (["obama"], ["Obama"], "Obama"),
        (["STRASSE"], ["Straße"], "Straße"),
        (["Obama", "Obama"], ["Obama"], None),
        (["obama", "Obama"], ["obama", "Obama"], None),  # an earlier version let both in
    ],
)
def test_new_names_are_told_apart_by_more_than_case(names: list[str], known: list[str], other: str | None) -> None:
    if other is None:
        check_told_apart(names, known)
        return
    with pytest.raises(InputError, match=f"There is a person '{other}' already"):
        check_told_apart(names, known)
