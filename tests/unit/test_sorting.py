"""The use case between a comparer and the catalog: what it asks for, and what it keeps of the answers."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from photosort.comparison import Comparison, Problem
from sortclient.catalog import Catalog
from sortclient.comparer import (
    Changed,
    Compared,
    Event,
    Identified,
    InWork,
    NothingElsewhere,
    Pruned,
    Rejected,
    Request,
    Waiting,
)
from sortclient.errors import InputError
from sortclient.headshots import Reference
from sortclient.model import Box, Outcome, Rejection, Sighting
from sortclient.photos.prepare import analysis_digest
from sortclient.progress import Progress
from sortclient.sorting import Order, begin, compare, plan
from tests.unit.conftest import picture

JPEG = b"\xff\xd8\xff"  # as much of one as a first look sees

Answer = Callable[[str], float | Problem | None]  # a photo's path -> what is found; None: it is no photo


@dataclass
class Oracle(NothingElsewhere):
    """A comparer that reads the files and knows the similarities by the files' names."""

    answer: Answer = lambda _: 50.0
    engine: str = "oracle 1"
    place: str = "here"
    calls_cost_money: bool = False
    looked_at: int = 0  # headshots
    requests: list[Request] = field(default_factory=list)
    closed: bool = False
    pruned: list[Pruned] = field(default_factory=list)

    def find_faces(self, picture: bytes) -> Sequence[Sighting]:
        self.looked_at += 1
        return [Sighting(Box(0.4, 0.1, 0.2, 0.2))]

    def compare(self, request: Request) -> Iterator[Event]:
        self.requests.append(request)
        try:
            yield Waiting("for nothing")
            for candidate in request.candidates():
                digest = candidate.digest or analysis_digest(candidate.file.location.read_bytes())
                found = self.answer(candidate.file.path)
                if found is None:
                    yield Rejected(candidate.file, Rejection(Outcome.NOT_A_PHOTO, "document"))
                    continue
                yield Identified(candidate.file, digest)
                similarity, problem = (None, found) if isinstance(found, Problem) else (found, None)
                for shot in request.missing(digest):
                    yield Compared(Comparison(shot, digest, similarity, problem, "", self.engine, ""))
        finally:
            self.closed = True

    def prune(self, album: str, gone: Collection[bytes]) -> Iterator[Pruned]:
        yield from self.pruned


@pytest.fixture
def order(folder: Path, tmp_path: Path) -> Order:
    """Three files, one person."""
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        (folder / name).write_bytes(JPEG + name.encode())
    return Order(folder, [reference(tmp_path, "me", "red")], "Images")


def reference(place: Path, person: str, colour: str) -> Reference:
    return Reference(person, picture(place / f"{colour}.png", colour))


def run(order: Order, catalog: Catalog, comparer: Oracle) -> tuple[int, Progress]:
    """(comparisons that were foreseen, progress at the end)."""
    progress = Progress()
    planned = plan(order, catalog, comparer, progress)
    begin(order, planned, comparer, progress)
    compare(order, planned, comparer, progress)
    return planned.stock.comparisons, progress


def test_only_what_is_missing_is_foreseen_and_asked_for(order: Order, catalog: Catalog, tmp_path: Path) -> None:
    assert run(order, catalog, Oracle())[0] == 3
    assert run(order, catalog, Oracle())[0] == 0
    both = replace(order, references=[*order.references, reference(tmp_path, "you", "blue")])
    (order.folder / "d.jpg").write_bytes(JPEG + b"new")
    total, progress = run(both, catalog, Oracle())
    assert total == progress.compared == 3 + 2  # a column, and a row
    assert run(both, catalog, Oracle())[0] == 0


def test_what_has_a_verdict_is_not_charged_again(order: Order, catalog: Catalog, tmp_path: Path) -> None:
    """Also where its photo has to be sent again: the cells that the cloud may have lost are put back before."""
    run(order, catalog, Oracle())
    both = replace(order, references=[*order.references, reference(tmp_path, "you", "blue")])
    assert plan(order, catalog, Oracle(), Progress()).comparisons == 0
    assert plan(both, catalog, Oracle(), Progress()).comparisons == 3
    (order.folder / "a.jpg").unlink()
    (order.folder / "d.jpg").write_bytes(JPEG + b"new")
    assert plan(both, catalog, Oracle(), Progress()).comparisons == 2 + 2


def test_a_plan_supposes_its_people_and_leaves_the_album_as_it_was(
    order: Order, catalog: Catalog, tmp_path: Path
) -> None:
    """Whoever finds it too dear must not meet the person, or lack cells, in later runs."""
    run(order, catalog, Oracle(lambda _: Problem.FAILED))
    another = replace(order, references=[reference(tmp_path, "you", "blue")])
    planned = plan(another, catalog, Oracle(), Progress())
    assert planned.comparisons == 6
    assert [standing.person for standing in planned.album.headshots()] == ["me"]
    assert all(planned.album.cells(digest.hex()) for digest in planned.album.digests())


def test_failed_cells_are_asked_for_again(order: Order, catalog: Catalog) -> None:
    run(order, catalog, Oracle(lambda path: Problem.FAILED if path == "b.jpg" else 50.0))
    assert [run(order, catalog, Oracle())[0] for _ in range(2)] == [1, 0]


def test_cells_of_another_engine_are_asked_for_again(order: Order, catalog: Catalog) -> None:
    run(order, catalog, Oracle())
    assert run(order, catalog, Oracle(engine="oracle 2"))[0] == 3


def test_files_that_are_no_photos_leave_what_is_foreseen(order: Order, catalog: Catalog, tmp_path: Path) -> None:
    both = replace(order, references=[*order.references, reference(tmp_path, "you", "blue")])
    total, progress = run(both, catalog, Oracle(lambda path: None if path == "b.jpg" else 90.0))
    assert (total, progress.total, progress.compared) == (6, 4, 4)
    assert (progress.identified, progress.matches) == (3, 4)


def test_matches_are_people_in_photos_not_cells(order: Order, catalog: Catalog, tmp_path: Path) -> None:
    twice = replace(order, references=[*order.references, reference(tmp_path, "me", "blue")])
    _, progress = run(twice, catalog, Oracle(lambda path: 80.0 if path == "a.jpg" else 79.9))
    assert (progress.compared, progress.matches) == (6, 1)


def test_a_headshot_is_looked_at_once(order: Order, catalog: Catalog) -> None:
    comparer = Oracle()
    run(order, catalog, comparer)
    run(order, catalog, comparer)
    assert comparer.looked_at == 1


def test_a_headshot_belongs_to_one_person_in_later_runs_too(order: Order, catalog: Catalog) -> None:
    run(order, catalog, Oracle())
    another = replace(order, references=[Reference("you", order.references[0].file)])
    with pytest.raises(InputError, match=r"is me's .*--album"):
        run(another, catalog, Oracle())
    known = catalog.find_album("Images")
    assert known is not None
    assert [shot.person for shot in known.headshots()] == ["me"]


def test_the_threshold_stays_until_another_is_said(order: Order, catalog: Catalog) -> None:
    comparer = Oracle()
    for said in (None, 91.0, None):
        run(replace(order, threshold=said), catalog, comparer)
    assert [request.thresholds.album for request in comparer.requests] == [80.0, 91.0, 91.0]


@pytest.mark.parametrize("said", [False, True])
def test_what_was_ordered_reaches_the_comparer(order: Order, catalog: Catalog, *, said: bool) -> None:
    comparer = Oracle()
    run(replace(order, originals=said, wait=not said), catalog, comparer)
    (request,) = comparer.requests
    assert (request.album, request.originals, request.wait) == ("Images", said, not said)


def test_stopped_early_what_came_is_kept_and_the_comparer_closed(
    order: Order, catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    comparer = Oracle()
    progress = Progress()

    def ctrl_c(at_once: bool = False) -> None:
        if progress.compared == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(progress, "show", ctrl_c)
    planned = plan(order, catalog, comparer, progress)
    begin(order, planned, comparer, progress)
    with pytest.raises(KeyboardInterrupt) as stopped:
        compare(order, planned, comparer, progress)
    assert comparer.closed
    del stopped
    with Catalog(tmp_path / "data" / "catalog.sqlite") as another:  # saved, not only held by this connection
        assert run(order, another, Oracle())[0] == 1


def sources(catalog: Catalog) -> list[tuple[str, str]]:
    known = catalog.find_album("Images")
    assert known is not None
    return sorted((shot.person, Path(shot.source).name) for shot in known.headshots())


def test_headshots_that_are_added_come_beside_those_there_are_and_files_stay_unlooked_at(
    order: Order, catalog: Catalog, tmp_path: Path
) -> None:
    run(replace(order, references=[*order.references, reference(tmp_path, "you", "blue")]), catalog, Oracle())
    (order.folder / "d.jpg").write_bytes(JPEG + b"new")
    added = replace(order, references=[reference(tmp_path, "me", "green")], as_known=True)
    total, progress = run(added, catalog, Oracle())
    assert total == progress.compared == 3
    assert sources(catalog) == [("me", "green.png"), ("me", "red.png"), ("you", "blue.png")]
    assert run(added, catalog, Oracle())[0] == 0
    run(replace(added, as_known=False), catalog, Oracle())
    assert sources(catalog) == [("me", "green.png"), ("you", "blue.png")]


def test_files_that_are_not_as_they_were_are_told_and_keep_what_is_known_of_them(
    order: Order, catalog: Catalog, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    class Changing(Oracle):
        def compare(self, request: Request) -> Iterator[Event]:
            yield from (Changed(candidate.file) for candidate in request.candidates())

    run(order, catalog, Oracle())
    added = replace(order, references=[reference(tmp_path, "you", "blue")], as_known=True)
    run(added, catalog, Changing())
    told = capsys.readouterr().err
    assert "3 files have changed or cannot be read" in told
    assert f"`{shlex.join(['sortclient', 'upload', str(order.folder), '--album', 'Images'])}` looks" in told
    known = catalog.find_album("Images")
    assert known is not None
    assert (len(known.digests()), known.lacking()) == (3, 3)


def test_what_is_not_asked_for_because_it_may_be_in_work_is_told(
    order: Order, catalog: Catalog, capsys: pytest.CaptureFixture[str]
) -> None:
    class Busy(Oracle):
        def compare(self, request: Request) -> Iterator[Event]:
            yield InWork(28)

    run(order, catalog, Busy())
    assert "Comparisons of 28 photos may be in work, as messages are queued" in capsys.readouterr().err


def test_of_an_album_that_people_are_added_to_a_folder_that_is_away_is_no_obstacle(
    order: Order, catalog: Catalog, tmp_path: Path
) -> None:
    run(order, catalog, Oracle())
    order.folder.rename(tmp_path / "away")
    added = replace(order, references=[reference(tmp_path, "you", "blue")], as_known=True)
    assert plan(added, catalog, Oracle(), Progress()).comparisons == 3


def test_a_spare_headshot_without_a_face_is_left_out_where_its_person_has_another_in_the_album(
    order: Order, catalog: Catalog, tmp_path: Path
) -> None:
    class Blind(Oracle):
        def find_faces(self, picture: bytes) -> Sequence[Sighting]:
            return []

    run(order, catalog, Oracle())
    spare = replace(reference(tmp_path, "me", "green"), spare=True)
    run(replace(order, references=[spare], as_known=True), catalog, Blind())
    assert sources(catalog) == [("me", "red.png")]
    with pytest.raises(InputError, match="no face was found"):
        run(replace(order, references=[spare]), catalog, Blind())
    assert sources(catalog) == [("me", "red.png")]


def test_matches_are_counted_at_each_persons_threshold(order: Order, catalog: Catalog, tmp_path: Path) -> None:
    run(order, catalog, Oracle())
    known = catalog.find_album("Images")
    assert known is not None
    known.set_threshold(90, "you")
    known.save()
    both = replace(order, references=[*order.references, reference(tmp_path, "you", "blue")])
    assert run(both, catalog, Oracle(lambda path: 95.0 if path == "a.jpg" else 85.0))[1].matches == 1


def test_what_the_comparer_is_told_of_a_photo_is_what_the_album_knows(order: Order, catalog: Catalog) -> None:
    comparer = Oracle(lambda path: Problem.FAILED if path == "b.jpg" else 50.0)
    run(order, catalog, comparer)
    (request,) = comparer.requests
    (shot,) = request.headshots
    known = {path: analysis_digest(JPEG + path.encode()) for path in ("a.jpg", "b.jpg")}
    (standing,) = request.standing(known["a.jpg"])
    assert (standing.headshot, standing.similarity) == (shot.digest, 50.0)
    assert request.standing(known["b.jpg"]) == []  # what failed is no verdict
    assert request.missing("f" * 64) == [shot.digest]


def test_when_a_photo_was_taken_is_kept(order: Order, catalog: Catalog) -> None:
    class Dated(Oracle):
        def compare(self, request: Request) -> Iterator[Event]:
            for event in super().compare(request):
                yield replace(event, taken="2019-06-30T18:00:00") if isinstance(event, Identified) else event

    run(order, catalog, Dated())
    known = catalog.find_album("Images")
    assert known is not None
    assert {entry.taken for entry in known.entries()} == {"2019-06-30T18:00:00"}


def test_a_known_headshot_under_another_name_is_called_by_it(order: Order, catalog: Catalog, tmp_path: Path) -> None:
    run(order, catalog, Oracle())
    (tmp_path / "red.png").rename(tmp_path / "moved.png")
    comparer = Oracle()
    run(replace(order, references=[Reference("me", tmp_path / "moved.png")]), catalog, comparer)
    assert sources(catalog) == [("me", "moved.png")]
    assert comparer.looked_at == 0


def test_a_headshot_that_only_the_cloud_had_is_on_this_machine_from_then_on(
    order: Order, catalog: Catalog, tmp_path: Path
) -> None:
    run(order, catalog, Oracle())
    known = catalog.find_album("Images")
    assert known is not None
    (shot,) = known.headshots()
    known.set_headshots("me", [replace(shot, content=b"")])
    known.save()
    run(order, catalog, Oracle())
    assert known.headshots() == [shot]


def test_what_was_ordered_of_a_threshold_is_saved_before_anything_is_compared(
    order: Order, catalog: Catalog, tmp_path: Path
) -> None:
    progress, comparer = Progress(), Oracle()
    planned = plan(replace(order, threshold=91.0), catalog, comparer, progress)
    begin(replace(order, threshold=91.0), planned, comparer, progress)
    with Catalog(tmp_path / "data" / "catalog.sqlite") as another:
        known = another.find_album("Images")
        assert known is not None
        assert (known.thresholds.album, known.people()) == (91.0, ["me"])


def test_a_plan_says_how_much_may_travel(order: Order, catalog: Catalog) -> None:
    assert plan(order, catalog, Oracle(), Progress()).size == 3 * len(JPEG + b"a.jpg")
    run(order, catalog, Oracle())
    assert plan(order, catalog, Oracle(), Progress()).size == 0


def test_a_headshot_that_is_not_on_this_machine_can_be_given_by_adding_it_again(order: Order, catalog: Catalog) -> None:
    """Else a run says "Name it again with --ref", and `people add --ref` changes nothing."""
    run(order, catalog, Oracle())
    known = catalog.find_album("Images")
    assert known is not None
    (shot,) = known.headshots()
    known.set_headshots("me", [replace(shot, content=b"")])
    known.save()
    run(replace(order, as_known=True), catalog, Oracle())
    assert known.headshots()[0].content == shot.content


def test_people_whose_names_differ_by_case_only_are_refused(order: Order, catalog: Catalog, tmp_path: Path) -> None:
    both = [*order.references, reference(tmp_path, "Me", "blue")]
    with pytest.raises(InputError, match="There is a person 'me' already"):
        plan(replace(order, references=both), catalog, Oracle(), Progress())
    assert catalog.find_album("Images") is None
    run(order, catalog, Oracle())
    for as_known in (False, True):
        with pytest.raises(InputError, match="There is a person 'me' already"):
            plan(replace(order, references=both[1:], as_known=as_known), catalog, Oracle(), Progress())


def told(order: Order, catalog: Catalog, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    run(order, catalog, Oracle())
    return capsys.readouterr().err


def test_headshots_that_count_no_more_are_told(
    order: Order, catalog: Catalog, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    red, green, blue = (reference(tmp_path, "me", colour) for colour in ("red", "green", "blue"))
    assert "no more" not in told(replace(order, references=[red, green]), catalog, capsys)
    assert "no more" not in told(replace(order, references=[blue], as_known=True), catalog, capsys)
    assert "no more" not in told(replace(order, references=[]), catalog, capsys)
    line = "me has 1 headshot now; 2 earlier ones count no more. `sortclient people add` adds to them.\n"
    assert line in told(replace(order, references=[red]), catalog, capsys)


def test_a_threshold_that_leaves_people_with_their_own_says_whom(
    order: Order, catalog: Catalog, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "of their own" not in told(replace(order, threshold=85), catalog, capsys)
    known = catalog.find_album("Images")
    assert known is not None
    known.set_threshold(70, "me")
    known.save()
    assert "of their own" not in told(order, catalog, capsys)
    assert "With thresholds of their own, as before: me (70)." in told(replace(order, threshold=90), catalog, capsys)


@dataclass
class Listed(Oracle):
    """A comparer whose cloud has photos already."""

    there: dict[bytes, bool] = field(default_factory=dict)
    listings: int = 0

    def photos(self, album: str) -> dict[bytes, bool]:
        self.listings += 1
        return self.there


def test_photos_that_last_in_the_cloud_are_not_foreseen_to_travel(
    order: Order, catalog: Catalog, tmp_path: Path
) -> None:
    run(order, catalog, Oracle())
    a, b, _ = (bytes.fromhex(analysis_digest(JPEG + name)) for name in (b"a.jpg", b"b.jpg", b"c.jpg"))
    cloud = Listed(there={a: True, b: False, b"another machine's": True})
    added = replace(order, references=[reference(tmp_path, "you", "blue")], as_known=True)
    planned = plan(added, catalog, cloud, Progress())
    assert (planned.photos, planned.size) == (2, 2 * len(JPEG + b"b.jpg"))  # b is about to expire, c is not there
    assert planned.comparisons == 3 + 1
    assert plan(added, catalog, Oracle(), Progress()).photos == 3  # a place that nobody asks
    (order.folder / "d.jpg").write_bytes(JPEG + b"new")
    assert plan(order, catalog, cloud, Progress()).photos == 1
    assert plan(order, catalog, cloud, Progress()).comparisons == 1  # with the photo of another machine nobody is new


def test_where_nothing_is_new_nobody_is_asked_for_photos(order: Order, catalog: Catalog) -> None:
    run(order, catalog, Oracle())
    cloud = Listed()
    plan(order, catalog, cloud, Progress())
    assert cloud.listings == 0
