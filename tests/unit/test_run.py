"""A run from the quote to the exit status: what is asked, refused and pruned, and told when a disk takes no more."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from sortclient.album import Album
from sortclient.catalog import Catalog
from sortclient.comparer import Pruned
from sortclient.errors import InputError, SortError
from sortclient.folders import DATA_VARIABLE
from sortclient.layout import DEFAULT_LAYOUT
from sortclient.outputs import OutputWish
from sortclient.photos.selection import Selection
from sortclient.progress import Progress
from sortclient.run import EXIT_UNSETTLED, Wishes, finish, run
from sortclient.sorting import Order
from sortclient.spending import TooDear
from tests.unit.conftest import picture
from tests.unit.test_sorting import Oracle, reference
from tests.unit.test_sync import below, put

JPEG = b"\xff\xd8\xff\xe0 and whatever makes it one, "


@dataclass
class Dear(Oracle):
    """An oracle that is paid for."""

    calls_cost_money: bool = True
    photos: int = 0
    people: tuple[str, ...] = ()

    def other_photos(self, album: str, known: Collection[bytes]) -> int:
        return self.photos

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
        run(order, replace(wishes, max_spend=1), Dear(photos=1000))
    run(order, wishes, Dear())
    run(order, replace(wishes, max_spend=0), Dear(photos=1000))  # not the old ones


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
