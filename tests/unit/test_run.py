"""A run from the quote to the exit status: what is asked, refused and pruned, and told when a disk takes no more."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from photosort.comparison import Problem
from sortclient.album import Album
from sortclient.catalog import Catalog
from sortclient.comparer import THIS_MACHINE, Decided, Pruned
from sortclient.errors import InputError, SortError
from sortclient.folders import DATA_VARIABLE
from sortclient.headshots import Reference
from sortclient.layout import DEFAULT_LAYOUT
from sortclient.outputs import Output, OutputWish, remember
from sortclient.photos.selection import Selection
from sortclient.progress import Progress
from sortclient.question import Question, Who
from sortclient.run import EXIT_UNSETTLED, Wishes, addition_to, finish, order_of, rest_of, run, synchronised
from sortclient.sorting import Order
from sortclient.spending import TooDear
from sortclient.sync import Synchronised
from tests.unit.conftest import picture
from tests.unit.test_sorting import Oracle, reference
from tests.unit.test_sync import below, put

JPEG = b"\xff\xd8\xff\xe0 and whatever makes it one, "


@dataclass
class Dear(Oracle):
    """An oracle that is paid for."""

    calls_cost_money: bool = True
    others: int = 0  # photos that only the cloud has
    people: tuple[str, ...] = ()

    def photos(self, album: str) -> dict[bytes, bool]:
        return {number.to_bytes(32): True for number in range(self.others)}

    def other_headshots(self, album: str, people: Collection[str]) -> int:
        return len({*self.people} - {*people})


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def order(folder: Path, tmp_path: Path) -> Order:
    """Ten photos, one person."""
    for number in range(10):
        picture(folder / f"{number}.png", f"#{number}0{number}0{number}0")
    return Order(folder, [reference(tmp_path, "me", "red")], "Images")


@pytest.fixture
def wishes(tmp_path: Path) -> Wishes:
    return Wishes(OutputWish(tmp_path / "Matches"), None)


def test_what_fits_the_limit_runs_and_says_its_price(
    order: Order, wishes: Wishes, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(order, replace(wishes, max_spend=0.02), Dear()) == 0
    assert "At most 10 comparisons, 0.02 US$ (prices of us-west-1, " in capsys.readouterr().err


@pytest.mark.parametrize("yes", [False, True])
@pytest.mark.parametrize(("limit", "more"), [(0.01, "0.01"), (0.0, "0.02")])
def test_what_exceeds_the_limit_never_begins(
    order: Order, wishes: Wishes, limit: float, more: str, *, yes: bool
) -> None:
    comparer = Dear()
    with pytest.raises(TooDear, match=rf"at most 0\.02 US\$, {more} more than --max-spend {limit:g}\.") as refused:
        run(order, replace(wishes, max_spend=limit, yes=yes), comparer)
    assert refused.value.exit_code == 4
    assert comparer.looked_at == 0  # asking for the headshot's face is charged, too
    assert comparer.requests == []


def test_a_run_that_was_refused_changes_nobodys_headshots(
    order: Order, wishes: Wishes, tmp_path: Path, data: Path
) -> None:
    run(order, wishes, Dear())
    other = replace(order, references=[reference(tmp_path, "me", "blue")])
    with pytest.raises(TooDear):
        run(other, replace(wishes, max_spend=0), Dear())
    comparer = Dear()
    assert run(replace(order, references=[]), replace(wishes, max_spend=0), comparer) == 0
    assert comparer.looked_at == 0
    with Catalog(data / "catalog.sqlite") as catalog:
        album = catalog.find_album("Images")
        assert album is not None
        assert len(album.headshots()) == 1
        assert len(album.cells(next(iter(album.digests())).hex())) == 1


def test_nothing_new_costs_nothing(order: Order, wishes: Wishes, capsys: pytest.CaptureFixture[str]) -> None:
    run(order, wishes, Dear())
    capsys.readouterr()
    assert run(order, replace(wishes, max_spend=0), Dear()) == 0
    assert "At most" not in capsys.readouterr().err


def test_a_new_headshot_is_also_compared_with_photos_that_only_the_cloud_has(order: Order, wishes: Wishes) -> None:
    with pytest.raises(TooDear, match=r"at most 1\.\d\d US\$"):
        run(order, replace(wishes, max_spend=1), Dear(others=1000))
    run(order, wishes, Dear())
    run(order, replace(wishes, max_spend=0), Dear(others=1000))  # not the old ones


def test_new_photos_are_also_compared_with_people_whom_only_the_cloud_has(order: Order, wishes: Wishes) -> None:
    comparer = Dear(people=("me", "somebody", "else"))
    with pytest.raises(TooDear, match=r"at most 0\.05 US\$"):  # 10 photos, three people
        run(order, replace(wishes, max_spend=0.03), comparer)
    run(order, replace(wishes, max_spend=0.05), comparer)
    assert run(order, replace(wishes, max_spend=0), comparer) == 0  # no new photo


def test_an_emulation_has_no_price(order: Order, wishes: Wishes, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(order, replace(wishes, max_spend=0, emulated=True), Dear()) == 0
    assert "At most" not in capsys.readouterr().err


@pytest.mark.parametrize("most", [-0.01, float("nan")])
def test_no_amount_is_refused(order: Order, most: float) -> None:
    with pytest.raises(InputError, match="--max-spend"):
        Wishes.checked(order, OutputWish(), None, max_spend=most)


def test_pruning_forgets_what_is_gone_and_says_so(
    order: Order, wishes: Wishes, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(order, wishes, Oracle())
    (order.folder / "3.png").unlink()
    comparer = Oracle(pruned=[Pruned(photos=1), Pruned(matches=2), Pruned(cells=3)])
    assert run(order, replace(wishes, prune=True), comparer) == 0
    told = "Pruned: 1 comparison here; in the cloud 1 photo, 2 copies of matches, 3 comparisons\n"
    assert told in capsys.readouterr().err
    with Catalog(data / "catalog.sqlite") as catalog:
        album = catalog.find_album("Images")
        assert album is not None
        assert album.forget_gone() == 0
    assert run(order, replace(wishes, prune=True), Oracle()) == 0
    assert "Pruned: 0 comparisons here\n" in capsys.readouterr().err  # `sort` has nothing in the cloud


def test_without_being_asked_what_is_gone_is_remembered(order: Order, wishes: Wishes, data: Path) -> None:
    run(order, wishes, Oracle())
    (order.folder / "3.png").unlink()
    run(order, wishes, Oracle())
    with Catalog(data / "catalog.sqlite") as catalog:
        album = catalog.find_album("Images")
        assert album is not None
        assert album.forget_gone() == 1


def test_an_empty_folder_prunes_nothing(order: Order, wishes: Wishes, capsys: pytest.CaptureFixture[str]) -> None:
    """It may be the place where a disk is mounted, and is not today."""
    run(order, wishes, Oracle())
    for file in order.folder.iterdir():
        file.unlink()
    comparer = Oracle(pruned=[Pruned(photos=10)])
    assert run(order, replace(wishes, prune=True), comparer) == EXIT_UNSETTLED
    told = capsys.readouterr().err
    assert "Nothing was pruned: no photo is left in the folder" in told
    assert f"There is nothing to sort in {order.folder}." in told


def test_where_a_file_could_not_be_read_nothing_is_pruned(
    order: Order, wishes: Wishes, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run(order, wishes, Oracle())
    (order.folder / "new.png").write_bytes(JPEG)
    (order.folder / "3.png").unlink()
    really = Path.open

    def locked(path: Path, *options: object, **named: object) -> object:
        if path.name == "new.png":
            raise PermissionError(13, "Permission denied", str(path))
        return really(path, *options, **named)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", locked)
    assert run(order, replace(wishes, prune=True), Oracle(pruned=[Pruned(photos=1)])) == EXIT_UNSETTLED
    told = capsys.readouterr().err
    assert "Nothing was pruned: 1 file could not be read" in told
    assert "1 file or folder could not be read; --ledger FILE says which" in told


def test_where_a_link_is_not_followed_any_more_nothing_is_pruned(
    order: Order, wishes: Wishes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "elsewhere").mkdir()
    picture(tmp_path / "elsewhere/far.png", "#123456")
    (order.folder / "linked").symlink_to(tmp_path / "elsewhere")
    run(replace(order, selection=Selection(follow_links=True)), wishes, Oracle())
    assert run(order, replace(wishes, prune=True), Oracle(pruned=[Pruned(photos=1)])) == EXIT_UNSETTLED
    assert "Nothing was pruned: 1 file lay behind links" in capsys.readouterr().err


@pytest.mark.parametrize("selection", [Selection(include=("*.jpg",)), Selection(exclude=("2019/",))])
def test_pruning_needs_the_whole_folder(order: Order, selection: Selection) -> None:
    with pytest.raises(InputError, match="--prune needs the whole folder"):
        Wishes.checked(replace(order, selection=selection), OutputWish(), None, prune=True)


def test_a_ledger_that_cannot_be_written_keeps_no_match_from_its_place(
    album: Album, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(album, folder, "one.jpg", 90)
    ledger = tmp_path / "ledger.csv"
    ledger.mkdir()
    with pytest.raises(SortError, match=r"ledger\.csv could not be written"):
        finish(album, Wishes(OutputWish(tmp_path / "Matches"), ledger), Progress(), None)
    assert below(tmp_path / "Matches") == {"me/one.jpg": b"one.jpg"}
    assert "1 match in" in capsys.readouterr().err


def test_matches_that_cannot_be_written_keep_no_ledger_from_its_place(
    album: Album, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    put(album, folder, "one.jpg", 90)

    def full(_: Path, part: Path) -> None:
        raise OSError(28, "No space left on device", str(part))

    monkeypatch.setattr("shutil.copyfile", full)
    wishes = Wishes(OutputWish(tmp_path / "Matches", DEFAULT_LAYOUT), tmp_path / "ledger.csv")
    with pytest.raises(SortError, match="No space left"):
        finish(album, wishes, Progress(), None)
    assert "one.jpg,me,match" in (tmp_path / "ledger.csv").read_text()
    (tmp_path / "ledger.csv").unlink()
    (tmp_path / "ledger.csv").mkdir()
    with pytest.raises(SortError, match="ledger"):
        finish(album, wishes, Progress(), None)
    assert "No space left" in capsys.readouterr().err  # both are told


@pytest.mark.parametrize(
    ("done", "told"),
    [
        (Synchronised(standing=2, added=1, moved=3, removed=4), "6 matches in {out} (1 new, 4 removed, 3 moved)"),
        (Synchronised(standing=1, renewed=2), "3 matches in {out} (0 new, 2 replaced, 0 removed)"),
        (Synchronised(added=1, copies=1), "; 1 is the cloud's smaller copy, as its original has changed"),
        (Synchronised(added=2, copies=2), "; 2 are the cloud's smaller copies, as their originals have changed"),
        (Synchronised(kept=1), "; 1 that somebody changed stays where it is"),
        (Synchronised(kept=2), "; 2 that somebody changed stay where they are"),
        (Synchronised(gone=1), "; 1 was not found where it had been put"),
        (Synchronised(strangers=2), "; 2 stay of people who are no longer in the album"),
        (Synchronised(orphaned=1), "; 1 stays though its photo is gone, out of reach or left out"),
        (Synchronised(orphaned=2), "; 2 stay though their photos are gone, out of reach or left out"),
        (Synchronised(undecided=2), "; 2 stay as their photos could not be read or are not compared yet"),
        (Synchronised(missing=2), "; 2 could not be copied, as the photos have changed or are gone"),
        (Synchronised(foreign=1), "; 1 sidecar that somebody else wrote or changed stays as it is"),
        (Synchronised(refused=1, refusal="x: no"), "; 1 could not be written (x: no)"),
    ],
)
def test_a_line_says_what_became_of_the_copies(done: Synchronised, told: str, tmp_path: Path) -> None:
    line = synchronised(Output(tmp_path), done)
    assert told.format(out=tmp_path) in line
    assert line.count(";") == told.count(";")


def test_a_line_says_which_question_the_copies_answer(tmp_path: Path) -> None:
    both = Output(tmp_path, question=Question(Who.ALL, ("Ana", "Bo")))
    assert synchronised(both, Synchronised(added=1)).startswith(f"1 photo of --all Ana,Bo in {tmp_path} (1 new")
    assert synchronised(both, Synchronised(added=2)).startswith("2 photos of --all Ana,Bo in")


def test_what_was_decided_reaches_the_cloud_after_comparing(order: Order, wishes: Wishes) -> None:
    @dataclass
    class Following(Oracle):
        place: str = "a stack"
        told: list[Decided] = field(default_factory=list)

        def decide(self, album: str, decided: Decided) -> None:
            assert self.closed
            self.told.append(decided)

    comparer = Following(lambda _: 90.0)
    assert run(replace(order, threshold=85.0), wishes, comparer) == 0
    (decided,) = comparer.told
    assert decided.thresholds.album == 85.0
    assert len(decided.matches["me"]) == 10


def test_a_folder_that_answers_another_question_is_refused_before_the_work(
    order: Order, wishes: Wishes, data: Path, tmp_path: Path
) -> None:
    run(order, wishes, Oracle())
    with Catalog(data / "catalog.sqlite") as catalog:
        album = catalog.find_album("Images")
        assert album is not None
        remember(album, Output(tmp_path / "None", question=Question(Who.NONE)))
        album.save()
    comparer = Dear()
    with pytest.raises(InputError, match="holds the photos of --none"):
        run(order, Wishes(OutputWish(tmp_path / "None"), None, yes=True), comparer)
    assert (comparer.looked_at, comparer.requests) == (0, [])


def test_an_addition_is_to_the_album_as_it_is_known(album: Album, tmp_path: Path) -> None:
    file = picture(tmp_path / "Faces" / "Bo.png")
    order = addition_to(album, [f"Ana={file}#2"], tmp_path / "Faces")
    assert (order.folder, order.album, order.as_known, order.threshold) == (album.folder, "Images", True, None)
    assert order.references == [Reference("Ana", file, 2), Reference("Bo", file, spare=True)]
    with pytest.raises(InputError, match="Whom to add"):
        addition_to(album, [], None)


def test_the_rest_of_an_album_is_asked_for_without_a_look_at_the_folder(
    order: Order, wishes: Wishes, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    failing = {"3.png", "4.png"}
    assert run(order, wishes, Dear(lambda path: Problem.FAILED if path in failing else 50.0)) == EXIT_UNSETTLED
    assert "`sortclient retry Images` asks for them again" in capsys.readouterr().err
    picture(order.folder / "new.png", "red")
    with Catalog(data / "catalog.sqlite") as catalog:
        album = catalog.find_album("Images")
        assert album is not None
        rest = rest_of(album, wait=False)
    comparer = Dear()
    assert run(rest, wishes, comparer) == 0
    assert "At most 2 comparisons, " in capsys.readouterr().err
    assert comparer.looked_at == 0
    assert [(request.wait, request.as_known) for request in comparer.requests] == [(False, True)]
    assert run(rest, replace(wishes, max_spend=0), Dear()) == 0
    assert "Nothing failed or is missing in album Images" in capsys.readouterr().err


def test_of_an_album_of_nobody_or_without_a_folder_there_is_no_rest(catalog: Catalog, album: Album) -> None:
    with pytest.raises(InputError, match="Nobody is looked for"):
        rest_of(album)
    with pytest.raises(InputError, match="on the machine that has its folder"):
        rest_of(catalog.open_album("Far", None, "a stack"))


def test_where_comparing_is_paused_nothing_is_waited_for_and_the_way_on_is_said(
    order: Order, wishes: Wishes, capsys: pytest.CaptureFixture[str]
) -> None:
    comparer = Dear()
    comparer.paused = True
    run(order, wishes, comparer)
    assert [request.wait for request in comparer.requests] == [False]
    assert "lets it go on.\n" in capsys.readouterr().err
    run(order, wishes, comparer)  # nothing new
    assert "Comparing is paused" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("place", "paused", "wait", "told"),
    [
        ("a stack", False, True, "`sortclient retry Images` asks for them again"),
        ("a stack", False, False, "not waited for: `sortclient status Images` tells how far it is"),
        ("a stack", True, True, "not waited for: `sortclient status Images` tells how far it is"),
        (THIS_MACHINE, False, False, "`sortclient retry Images` asks for them again"),
    ],
    ids=["followed", "no wait", "paused", "here"],
)
def test_what_was_not_waited_for_is_not_to_be_asked_for_again(
    order: Order,
    wishes: Wishes,
    capsys: pytest.CaptureFixture[str],
    place: str,
    told: str,
    *,
    paused: bool,
    wait: bool,
) -> None:
    comparer = Dear(lambda _: Problem.FAILED, place=place)
    comparer.paused = paused
    assert run(replace(order, wait=wait), wishes, comparer) == EXIT_UNSETTLED
    printed = capsys.readouterr().err
    assert told in printed
    assert ("retry" in printed) == ("retry" in told)


def test_an_order_is_refused_for_a_threshold_a_name_or_a_folder_that_cannot_be(folder: Path, tmp_path: Path) -> None:
    assert order_of(folder, [], None, None, None).album == "Images"
    assert order_of(folder, [], None, "Zoo", 87.12345678).threshold == 87.1235
    assert order_of(folder, [], None, "Zoo", None).album == "Zoo"
    for place, name, threshold in ((folder, None, float("nan")), (folder, "..", None), (tmp_path / "no", None, None)):
        with pytest.raises(InputError):
            order_of(place, [], None, name, threshold)
