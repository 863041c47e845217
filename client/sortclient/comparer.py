"""What produces comparisons. Two implement it: the AWS pipeline and this machine.

Data flows one way: the sorting use case hands over the files, the comparer yields events, the catalog
records them. A comparer writes nothing to the catalog and knows nothing of outcomes or folders of matches.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from photosort.comparison import Comparison
from sortclient.model import Box, File, Headshot, Rejection

THIS_MACHINE = "this machine"  # the place of albums that are compared here


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file that may need comparing. ``digest`` is known where the file is unchanged since an earlier run."""

    file: File
    digest: str | None


@dataclass(frozen=True, slots=True)
class Request:
    """What one run asks of a comparer. It is read in one thread, the one that pulls the events."""

    album: str
    threshold: float  # per cent; only the cloud needs it, to fill `matches/` as verdicts come
    headshots: Sequence[Headshot]
    candidates: Callable[[], Iterator[Candidate]]  # a fresh, lazy pass over the files; thousands, so never a list
    # A photo's digest -> digests of the headshots it has no cell with. Cells that had failed before this run count as
    # missing; one that fails in this run is a cell once it was yielded as Compared.
    missing: Callable[[str], Sequence[str]]
    originals: bool = False  # upload the files as they are
    wait: bool = True  # follow the verdicts to the end


@dataclass(frozen=True, slots=True)
class Identified:
    """The file was read and is a photo with these bytes."""

    file: File
    digest: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """The file was read and cannot be compared, by anybody, as it is."""

    file: File
    rejection: Rejection


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


Event = Identified | Rejected | Uploaded | Compared | Waiting


class Comparer(Protocol):
    @property
    def place(self) -> str:
        """Where the albums of this comparer are compared: THIS_MACHINE, or the id of a deployed stack."""

    @property
    def engine(self) -> str:
        """What the cells of this comparer carry as their engine; cells of another one are not mixed with them."""

    @property
    def calls_cost_money(self) -> bool:
        """Whether each new cell is charged for."""

    def find_faces(self, picture: bytes) -> Sequence[Box]:
        """The faces in a headshot's analysis copy, largest first; asked before anything of the album travels."""

    def compare(self, request: Request) -> Generator[Event, None, None]:
        """Do what ``request`` asks. Closing the generator early stops the work and loses nothing."""

    def prune(self, album: str, gone: Collection[bytes]) -> Iterator[Pruned]:
        """Remove what is kept outside of this machine of the album's photos with the digests ``gone``.

        Yields what was removed, step by step. Stopped early, the same call goes on there.
        """

    def other_photos(self, album: str, known: Collection[bytes]) -> int:
        """How many photos of the album are kept outside of this machine with digests that are not in ``known``.

        A new headshot is compared with them, too, and charged for.
        """

    def other_headshots(self, album: str, people: Collection[str]) -> int:
        """How many headshots of others than ``people`` the album has outside of this machine.

        A new photo is compared with them, too, and charged for.
        """

    def to_send(self, album: str, photos: Collection[bytes]) -> Collection[bytes]:
        """Which of the photos would be sent (again) for a comparison.

        What is sent is compared with every headshot, and charged for: the cells with the others may have expired there.
        """
