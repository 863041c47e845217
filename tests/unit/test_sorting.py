"""The use case between a comparer and the catalog: what it asks for, and what it keeps of the answers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from photosort.comparison import Comparison, Problem
from sortclient.catalog import Catalog
from sortclient.comparer import Compared, Event, Identified, NothingElsewhere, Pruned, Rejected, Request, Waiting
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
