"""Comparing on this machine, with real processes and the real engine."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from photosort.comparison import Comparison, Problem, Thresholds
from sortclient.comparer import Candidate, Changed, Compared, Comparer, Event, Identified, Rejected, Request
from sortclient.errors import InputError, SortError
from sortclient.faces import comparer as comparer_module
from sortclient.faces import models
from sortclient.faces.comparer import LocalComparer
from sortclient.faces.engine import VERSION
from sortclient.faces.face import Face
from sortclient.headshots import Reference, prepare_headshots
from sortclient.model import Box, File, Headshot, Outcome, Rejection
from sortclient.photos.prepare import analysis_digest
from sortclient.workers import Crashed
from tests.unit.face_pictures import as_file, cat, eileen, found, grace, jpeg, on_canvas
from tests.unit.pictures import exif


@pytest.fixture(autouse=True)
def cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SORTCLIENT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def comparer() -> Iterator[LocalComparer]:
    with LocalComparer(processes=1) as opened:
        yield opened


@pytest.fixture
def headshots(tmp_path: Path) -> list[Headshot]:
    as_file(grace(), tmp_path / "grace.jpg", quality=90)
    as_file(eileen(), tmp_path / "eileen.png")
    return prepare_headshots([Reference("Grace", tmp_path / "grace.jpg"), Reference("Eileen", tmp_path / "eileen.png")])


@dataclass
class Cells:
    """A catalog's part in a run: it knows which cells exist."""

    headshots: Sequence[Headshot]
    cells: dict[tuple[str, str], Comparison] = field(default_factory=dict)

    def missing(self, digest: str) -> list[str]:
        return [shot.digest for shot in self.headshots if (shot.digest, digest) not in self.cells]

    def run(self, comparer: Comparer, candidates: Sequence[Candidate]) -> list[Event]:
        events = []
        for event in comparer.compare(self.request(candidates)):
            if isinstance(event, Compared):
                self.cells[event.comparison.headshot, event.comparison.photo] = event.comparison
            events.append(event)
        return events

    def request(self, candidates: Sequence[Candidate]) -> Request:
        return Request(
            "Images", Thresholds(), self.headshots, lambda: iter(candidates), self.missing, standing=lambda _: []
        )


def unknown(*files: File) -> list[Candidate]:
    return [Candidate(file, None) for file in files]


def identified(events: Sequence[Event]) -> dict[str, str]:
    return {event.file.path: event.digest for event in events if isinstance(event, Identified)}


def dates(events: Sequence[Event]) -> dict[str, str | None]:
    return {event.file.path: event.taken for event in events if isinstance(event, Identified)}


def test_each_photo_is_identified_and_then_compared_with_each_headshot(
    comparer: LocalComparer, headshots: list[Headshot], tmp_path: Path
) -> None:
    both = on_canvas((grace(), (0, 0)), (eileen(), (520, 0)), size=(1040, 600))
    files = [
        as_file(both, tmp_path / "both.jpg", quality=90),
        as_file(grace().convert("L"), tmp_path / "grey.png"),
        as_file(cat(), tmp_path / "cat.webp"),
    ]
    cells = Cells(headshots)

    events = cells.run(comparer, unknown(*files))

    digests = identified(events)
    assert digests == {file.path: analysis_digest(file.location.read_bytes()) for file in files}
    seen: set[str] = set()
    for event in events:
        if isinstance(event, Identified):
            seen.add(event.digest)
        else:
            assert isinstance(event, Compared)
            assert event.comparison.photo in seen
    her, other = (shot.digest for shot in headshots)
    assert len(cells.cells) == 6
    similar = {key: cell.similarity for key, cell in cells.cells.items()}
    assert similar[her, digests["both.jpg"]] == pytest.approx(100, abs=2)
    assert similar[other, digests["both.jpg"]] == pytest.approx(100, abs=2)
    assert similar[her, digests["grey.png"]] == pytest.approx(100, abs=2)
    assert 20 < (similar[other, digests["grey.png"]] or 0) < 80
    for shot in (her, other):
        cell = cells.cells[shot, digests["cat.webp"]]
        assert (cell.similarity, cell.problem, cell.engine) == (None, Problem.NO_FACE, VERSION)


def test_a_cell_says_how_many_faces_there_are_and_where_the_most_similar_one_is(
    comparer: LocalComparer, headshots: list[Headshot], tmp_path: Path
) -> None:
    both = on_canvas((eileen(), (0, 0)), (grace(), (520, 0)), size=(1040, 600))
    files = [as_file(both, tmp_path / "both.jpg", quality=90), as_file(cat(), tmp_path / "cat.png")]
    cells = Cells(headshots)
    digests = identified(cells.run(comparer, unknown(*files)))
    hers, others = (cells.cells[shot.digest, digests["both.jpg"]] for shot in headshots)
    assert (hers.faces, others.faces) == (2, 2)
    assert hers.box is not None
    assert others.box is not None
    assert others.box.left + others.box.width < 0.5 < hers.box.left
    assert hers.box.area > others.box.area
    for shot in headshots:
        cell = cells.cells[shot.digest, digests["cat.png"]]
        assert (cell.faces, cell.box) == (0, None)


def test_of_an_album_as_it_is_known_a_changed_file_is_told_and_left_alone(
    comparer: LocalComparer, headshots: list[Headshot], tmp_path: Path
) -> None:
    """Also one that is no picture now; one that nobody has read before is read."""
    names = ("changed.png", "new.png", "broken.png")
    changed, new, broken = (as_file(cat(), tmp_path / name) for name in names)
    broken.location.write_bytes(b"no picture")
    known = [Candidate(changed, "0" * 64), Candidate(new, None), Candidate(broken, "1" * 64)]
    cells = Cells(headshots)
    events = list(comparer.compare(replace(cells.request(known), as_known=True)))
    assert {event.file.path for event in events if isinstance(event, Changed)} == {changed.path, broken.path}
    assert set(identified(events)) == {new.path}
    assert not [event for event in events if isinstance(event, Rejected)]


def test_when_a_photo_was_taken_is_told_where_it_is_read(
    comparer: LocalComparer, headshots: list[Headshot], tmp_path: Path
) -> None:
    tags = exif(1)
    tags.get_ifd(0x8769)[0x9003] = "2019:06:30 18:00:00"
    dated = as_file(cat(), tmp_path / "dated.jpg", exif=tags)
    files = [dated, as_file(cat(), tmp_path / "undated.jpg")]
    cells = Cells(headshots)
    events = cells.run(comparer, unknown(*files))
    assert dates(events) == {"dated.jpg": "2019-06-30T18:00:00", "undated.jpg": ""}
    known = Candidate(dated, identified(events)["dated.jpg"])
    assert dates(cells.run(comparer, [known])) == {"dated.jpg": None}
    dated.location.rename(tmp_path / "renamed.jpg")  # its faces are known, and it is read all the same
    assert dates(cells.run(comparer, unknown(found(tmp_path / "renamed.jpg")))) == {
        "renamed.jpg": "2019-06-30T18:00:00"
    }


def test_files_that_cannot_be_compared_are_rejected_with_the_reason(
    comparer: LocalComparer, headshots: list[Headshot], tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "half.jpg").write_bytes(jpeg(grace())[:9000])
    gone = as_file(grace(), tmp_path / "gone.jpg")
    gone.location.unlink()
    files = [found(tmp_path / "notes.txt"), found(tmp_path / "half.jpg"), gone]

    events = Cells(headshots).run(comparer, unknown(*files))

    rejected = {event.file.path: event for event in events if isinstance(event, Rejected)}
    assert len(rejected) == len(events) == 3
    assert rejected["notes.txt"].rejection.outcome == Outcome.NOT_A_PHOTO
    assert rejected["half.jpg"].rejection.outcome == Outcome.UNREADABLE
    assert rejected["gone.jpg"].rejection.outcome == Outcome.UNREADABLE
    assert "No such file" in rejected["gone.jpg"].rejection.detail


def test_what_was_analysed_once_is_never_read_again(headshots: list[Headshot], tmp_path: Path) -> None:
    """A second person on the same photos, which are not even there any more."""
    photo = as_file(on_canvas((eileen(), (0, 0)), size=(800, 600)), tmp_path / "photo.jpg", quality=90)
    with LocalComparer(processes=1) as first:
        digest = identified(Cells(headshots[:1]).run(first, unknown(photo)))["photo.jpg"]
        assert first.find_faces(headshots[1].content)
    photo.location.unlink()
    cells = Cells(headshots[1:])
    with LocalComparer(processes=1) as second:
        events = cells.run(second, [Candidate(photo, digest)])
        assert second._workers._executor is None  # no process was started
    assert [type(event) for event in events] == [Identified, Compared]
    assert cells.cells[headshots[1].digest, digest].similarity == pytest.approx(100, abs=2)


def test_a_known_digest_whose_faces_are_not_cached_is_read(
    comparer: LocalComparer, headshots: list[Headshot], tmp_path: Path
) -> None:
    """And what is read counts: the file has changed since."""
    photo = as_file(grace(), tmp_path / "photo.png")
    cells = Cells(headshots)
    events = cells.run(comparer, [Candidate(photo, "0" * 64)])
    actual = analysis_digest(photo.location.read_bytes())
    assert identified(events) == {"photo.png": actual}
    assert {photo for _, photo in cells.cells} == {actual}


def test_cells_that_exist_are_not_made_again(
    comparer: LocalComparer, headshots: list[Headshot], tmp_path: Path
) -> None:
    copies = [as_file(grace(), tmp_path / name / "same.png") for name in ("one", "other")]
    cells = Cells(headshots)
    events = cells.run(comparer, unknown(*copies))
    assert sum(isinstance(event, Identified) for event in events) == 2
    assert sum(isinstance(event, Compared) for event in events) == 2
    assert all(isinstance(event, Identified) for event in cells.run(comparer, unknown(*copies)))


def test_the_largest_face_of_a_headshot_counts(comparer: LocalComparer, tmp_path: Path) -> None:
    group = on_canvas((eileen().resize((400, 400)), (0, 0)), (grace(), (500, 0)), size=(1040, 600))
    as_file(group, tmp_path / "group.png")
    shots = prepare_headshots([Reference("Grace", tmp_path / "group.png")])
    boxes = [face.box for face in comparer.find_faces(shots[0].content)]
    assert len(boxes) == 2
    assert boxes[0].area > boxes[1].area
    assert boxes[0].left > 0.5

    files = [as_file(grace(), tmp_path / "grace.png"), as_file(eileen(), tmp_path / "eileen.png")]
    cells = Cells(shots)
    digests = identified(cells.run(comparer, unknown(*files)))
    assert (cells.cells[shots[0].digest, digests["grace.png"]].similarity or 0) > 95
    assert (cells.cells[shots[0].digest, digests["eileen.png"]].similarity or 100) < 80


def test_a_headshot_without_a_face_is_an_input_error(comparer: LocalComparer, tmp_path: Path) -> None:
    as_file(cat(), tmp_path / "cat.png")
    shots = prepare_headshots([Reference("Chelsea", tmp_path / "cat.png")])
    assert comparer.find_faces(shots[0].content) == []
    with pytest.raises(InputError, match=r"cat\.png of Chelsea: no face"):
        Cells(shots).run(comparer, [])


def test_without_the_extra_it_says_so_before_anything_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(models, "find_spec", lambda name: None if name == "dlib" else find_spec(name))
    with pytest.raises(SortError, match=r"sortclient\[local\]"):
        LocalComparer()


def test_what_it_says_of_itself(comparer: LocalComparer) -> None:
    contract: Comparer = comparer
    assert (contract.place, contract.engine, contract.calls_cost_money) == ("this machine", VERSION, False)


# -- with faces made up and put into the cache: nothing is read and no process starts


def made_up(*values: float, left: float = 0.1) -> Face:
    """A face whose embedding has these first numbers."""
    embedding = np.zeros(128, np.float32)
    embedding[: len(values)] = values
    return Face(Box(left, 0.1, 0.2, 0.2), 100.0, 1.0, ((0.1, 0.1),) * 5, embedding)


def name_of(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


def nowhere(number: int) -> Candidate:
    return Candidate(File(f"{number}.jpg", Path(f"/nowhere/{number}.jpg"), 1, 1, 1), name_of(number))


def put(comparer: LocalComparer, shot: bytes, *faces: Face) -> Headshot:
    comparer._cache.put(analysis_digest(shot), faces)
    return Headshot("Somebody", hashlib.sha256(shot).hexdigest(), "shot.jpg", shot)


def expected(distance: float) -> float:
    return float(100 * 0.8 ** ((distance / 0.6) ** 4))


def test_each_photo_gets_its_own_best_face(comparer: LocalComparer) -> None:
    """Photos with none, one and several faces in one pass, against two headshots."""
    shots = [put(comparer, b"one", made_up(0.0)), put(comparer, b"two", made_up(0.0, 0.5), made_up(9.0))]
    photos: list[list[Face]] = [
        [],
        [made_up(0.3)],
        [made_up(0.9), made_up(0.2), made_up(0.4)],
        [],
        [made_up(0.0, 0.5), made_up(0.1)],
        [],
    ]
    for number, faces in enumerate(photos):
        comparer._cache.put(name_of(number), faces)
    cells = Cells(shots)
    cells.run(comparer, [nowhere(number) for number in range(len(photos))])

    one = [cells.cells[shots[0].digest, name_of(number)].similarity for number in range(len(photos))]
    two = [cells.cells[shots[1].digest, name_of(number)].similarity for number in range(len(photos))]
    assert one == [
        None,
        *(pytest.approx(expected(d), abs=1e-3) for d in (0.3, 0.2)),
        None,
        pytest.approx(99.98, abs=0.01),
        None,
    ]
    distances = (np.hypot(0.3, 0.5), np.hypot(0.2, 0.5))
    assert two == [None, *(pytest.approx(expected(d), abs=1e-3) for d in distances), None, pytest.approx(100), None]


def test_each_photo_gets_the_box_of_its_best_face(comparer: LocalComparer) -> None:
    """Of two that are as much alike it is the larger, which comes first."""
    shots = [put(comparer, b"one", made_up(0.0)), put(comparer, b"two", made_up(1.0))]
    photos = [
        [],
        [made_up(0.9, left=0.2), made_up(0.2, left=0.3), made_up(0.4, left=0.4)],
        [made_up(0.3, left=0.5)],
        [],
        [made_up(0.1, left=0.6), made_up(0.1, left=0.7)],
    ]
    for number, faces in enumerate(photos):
        comparer._cache.put(name_of(number), faces)
    cells = Cells(shots)
    cells.run(comparer, [nowhere(number) for number in range(len(photos))])
    for shot, lefts in zip(shots, ([None, 0.3, 0.5, None, 0.6], [None, 0.2, 0.5, None, 0.6]), strict=True):
        column = [cells.cells[shot.digest, name_of(number)] for number in range(len(photos))]
        assert [cell.box.left if cell.box else None for cell in column] == lefts
        assert [cell.faces for cell in column] == [0, 3, 1, 0, 2]


def test_any_number_of_photos_a_few_at_a_time(comparer: LocalComparer) -> None:
    """Flat memory: a generator of candidates is never drained ahead of what has been told."""
    shot = put(comparer, b"one", made_up(0.0))
    count = 3 * comparer_module._CHUNK
    for number in range(count):
        comparer._cache.put(name_of(number), [made_up(number / count)])
    taken = told = 0

    def candidates() -> Iterator[Candidate]:
        nonlocal taken
        for number in range(count):
            taken += 1
            yield nowhere(number)

    request = Request("Images", Thresholds(), [shot], candidates, lambda _: [shot.digest], standing=lambda _: [])
    for event in comparer.compare(request):
        told += isinstance(event, Compared)
        assert taken - told <= comparer_module._CHUNK
    assert told == taken == count
    assert comparer._workers._executor is None


def test_bytes_that_are_known_under_another_name_are_not_analysed_again(
    comparer: LocalComparer, tmp_path: Path
) -> None:
    """The digest is only known once the file is read; the faces are those of the cache, not those of the picture."""
    photo = as_file(cat(), tmp_path / "renamed.png")
    comparer._cache.put(analysis_digest(photo.location.read_bytes()), [made_up(0.3)])
    cells = Cells([put(comparer, b"one", made_up(0.0))])
    cells.run(comparer, unknown(photo))
    (cell,) = cells.cells.values()
    assert cell.similarity == pytest.approx(expected(0.3), abs=1e-3)


class DyingWorkers:
    """As Workers where every item ends its process."""

    def map(self, function: object, items: Any) -> Iterator[tuple[Any, Crashed]]:
        return ((item, Crashed("reading it ended the process that did it")) for item in items)

    def close(self) -> None:
        pass


def test_a_picture_that_ends_its_process_is_unreadable(
    comparer: LocalComparer, monkeypatch: pytest.MonkeyPatch
) -> None:
    shot = put(comparer, b"one", made_up(0.0))
    monkeypatch.setattr(comparer, "_workers", DyingWorkers())
    (event,) = Cells([shot]).run(comparer, [nowhere(1)])
    assert event == Rejected(
        nowhere(1).file, Rejection(Outcome.UNREADABLE, "reading it ended the process that did it", lasting=False)
    )
    with pytest.raises(InputError, match="ended the process"):
        comparer.find_faces(b"another")


def test_closing_early_leaves_what_was_analysed_in_the_cache(headshots: list[Headshot], tmp_path: Path) -> None:
    photos = [as_file(grace().resize((512, 600 + number)), tmp_path / f"{number}.png") for number in range(6)]
    with LocalComparer(processes=1) as first:
        events = first.compare(Cells(headshots[:1]).request(unknown(*photos)))
        event = next(events)
        assert isinstance(event, Identified)
        digest = event.digest
        events.close()  # type: ignore[attr-defined]
    event.file.location.unlink()
    with LocalComparer(processes=1) as second:
        again = Cells(headshots[:1])
        again.run(second, [Candidate(event.file, digest)])
        assert again.cells[headshots[0].digest, digest].similarity is not None


def test_a_cache_that_cannot_be_used_changes_nothing_but_the_time(
    headshots: list[Headshot], tmp_path: Path, cache_folder: Path
) -> None:
    cache_folder.write_text("in the way")
    photo = as_file(grace(), tmp_path / "photo.png")
    cells = Cells(headshots[:1])
    with LocalComparer(processes=1) as comparer:
        cells.run(comparer, unknown(photo))
    (cell,) = cells.cells.values()
    assert cell.similarity == pytest.approx(100, abs=2)


def test_the_processes_share_the_album(headshots: list[Headshot], tmp_path: Path) -> None:
    photos = [as_file(Image.new("RGB", (100, 100), (number, 0, 0)), tmp_path / f"{number}.png") for number in range(12)]
    cells = Cells(headshots[:1])
    with LocalComparer(processes=2) as comparer:
        events = cells.run(comparer, unknown(*photos))
    assert len(identified(events)) == len(cells.cells) == 12
