"""What produces comparisons. Two implement it: the AWS pipeline and this machine.

Data flows one way: the sorting use case hands over the files, the comparer yields events, the catalog
records them. A comparer writes nothing to the catalog and knows nothing of outcomes or folders of matches.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from photosort.comparison import Comparison, Correction, Thresholds
from sortclient.model import File, Headshot, Rejection, Sighting

THIS_MACHINE = "this machine"  # the place of albums that are compared here

# How comparing goes on that is paused in the cloud.
UNPAUSE = '`make deploy CONTEXT="-c photosort:paused=false"`'


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file that may need comparing. ``digest`` is known where the file is unchanged since an earlier run."""

    file: File
    digest: str | None


@dataclass(frozen=True, slots=True)
class Request:
    """What one run asks of a comparer. It is read in one thread, the one that pulls the events."""

    album: str
    thresholds: Thresholds  # only the cloud needs them, to fill `matches/` as verdicts come
    headshots: Sequence[Headshot]
    candidates: Callable[[], Iterator[Candidate]]  # a fresh, lazy pass over the files; thousands, so never a list
    # A photo's digest -> digests of the headshots it has no cell with. Cells that had failed before this run count as
    # missing; one that fails in this run is a cell once it was yielded as Compared.
    missing: Callable[[str], Sequence[str]]
    # A photo's digest -> its verdicts with the headshots. Where the photo has to be sent again, the cloud may have lost
    # them, and would charge for them once more.
    standing: Callable[[str], Sequence[Comparison]]
    originals: bool = False  # upload the files as they are
    wait: bool = True  # follow the verdicts to the end
    as_known: bool = False  # a file that holds other bytes than the known ones is told as Changed, and not compared


@dataclass(frozen=True, slots=True)
class Identified:
    """The file was read and is a photo with these bytes. ``taken`` is as in `model.Entry`; None: nobody looked."""

    file: File
    digest: str
    taken: str | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """The file was read and cannot be compared, by anybody, as it is."""

    file: File
    rejection: Rejection


@dataclass(frozen=True, slots=True)
class Changed:
    """The file was to be read as it is known, and holds something else, or is gone."""

    file: File


@dataclass(frozen=True, slots=True)
class InWork:
    """So many photos lack cells that may be on their way: they are not asked for, or they could be paid twice."""

    photos: int


@dataclass(frozen=True, slots=True)
class Uploaded:
    """The photo's copy is in the cloud."""

    digest: str
    size: int  # bytes sent


@dataclass(frozen=True, slots=True)
class Compared:
    comparison: Comparison


@dataclass(frozen=True, slots=True)
class Waiting:
    """Nothing new; ``detail`` says what is being waited for, in a person's words. Keeps the progress alive."""

    detail: str


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was removed from the cloud."""

    photos: int = 0
    matches: int = 0
    cells: int = 0

    def __add__(self, other: Pruned) -> Pruned:
        return Pruned(self.photos + other.photos, self.matches + other.matches, self.cells + other.cells)


Event = Identified | Rejected | Changed | InWork | Uploaded | Compared | Waiting


@dataclass(frozen=True, slots=True)
class Decided:
    """What a person has decided of an album, and the matches that follow. Photos are digests, in bytes."""

    thresholds: Thresholds
    corrections: Sequence[Correction]
    matches: Mapping[str, Collection[bytes]]  # by person
    refuted: Callable[[str, bytes], bool]  # (person, photo) -> whether it is known to be no match


class Elsewhere(Protocol):
    """What an album has outside of this machine. A call that was stopped may be made again, and goes on there."""

    @property
    def place(self) -> str:
        """Where the albums are compared: THIS_MACHINE, or the id of a deployed stack."""

    def prune(self, album: str, gone: Collection[bytes]) -> Iterator[Pruned]:
        """Remove what is kept of the album's photos ``gone`` (digests). Yields what was removed, step by step."""

    def photos(self, album: str) -> Mapping[bytes, bool]:
        """The album's photos there (digests), and of each whether it lasts, or expires soon and is to be sent again.

        A new headshot is compared with all of them, and charged for, whoever has sent them.
        """

    def other_headshots(self, album: str, people: Collection[str]) -> int:
        """How many headshots of others than ``people`` the album has there.

        A new photo is compared with them, too, and charged for.
        """

    def rename(self, album: str, person: str, new: str, known: Callable[[str], Sequence[Comparison]]) -> None:
        """From now on the person is called ``new``; nothing is compared again.

        ``known`` is as `Request.standing`, of the person's headshots alone.
        """

    def remove(self, album: str, person: str, headshots: Collection[str]) -> Pruned:
        """Remove what is kept of the person, who has the ``headshots`` (digests)."""

    def thresholds(self, album: str) -> Thresholds | None:
        """The album's, on whatever machine they were said; None where none have come there."""

    def corrections(self, album: str) -> Iterable[Correction]:
        """What was said of the album's verdicts, on whatever machine."""

    def decide(self, album: str, decided: Decided) -> None:
        """Make what is kept there follow."""


class NothingElsewhere:
    """An album that is all on this machine, or whose place nobody asks."""

    place = THIS_MACHINE
    paused = False

    def prune(self, album: str, gone: Collection[bytes]) -> Iterator[Pruned]:  # noqa: ARG002
        return iter(())

    def photos(self, album: str) -> Mapping[bytes, bool]:  # noqa: ARG002
        return {}

    def other_headshots(self, album: str, people: Collection[str]) -> int:  # noqa: ARG002
        return 0

    def rename(self, album: str, person: str, new: str, known: Callable[[str], Sequence[Comparison]]) -> None:
        pass

    def remove(self, album: str, person: str, headshots: Collection[str]) -> Pruned:  # noqa: ARG002
        return Pruned()

    def thresholds(self, album: str) -> Thresholds | None:  # noqa: ARG002
        return None

    def corrections(self, album: str) -> Iterable[Correction]:  # noqa: ARG002
        return ()

    def decide(self, album: str, decided: Decided) -> None:
        pass


class Comparer(Elsewhere, Protocol):
    @property
    def engine(self) -> str:
        """What the cells of this comparer carry as their engine; cells of another one are not mixed with them."""

    @property
    def calls_cost_money(self) -> bool:
        """Whether each new cell is charged for."""

    @property
    def paused(self) -> bool:
        """Whether what is asked for waits until somebody lets comparing go on: no cell comes before."""

    def find_faces(self, picture: bytes) -> Sequence[Sighting]:
        """The faces in a headshot's analysis copy, largest first; asked before anything of the album travels."""

    def compare(self, request: Request) -> Generator[Event, None, None]:
        """Do what ``request`` asks. Closing the generator early stops the work and loses nothing."""
