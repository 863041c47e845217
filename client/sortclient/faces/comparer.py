"""The comparer that is this machine: free, private, and without limits of its own."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import TYPE_CHECKING

from photosort.chunks import chunks
from photosort.comparison import Comparison, Problem, now
from sortclient.comparer import Changed, Compared, Event, Identified, NothingElsewhere, Rejected, Request
from sortclient.errors import InputError
from sortclient.faces.analyse import Analysed, analyse_file, analyse_once
from sortclient.faces.cache import FaceCache
from sortclient.faces.engine import VERSION
from sortclient.faces.face import Face
from sortclient.faces.models import check_installed
from sortclient.faces.pose import yaw
from sortclient.faces.similarity import similarities
from sortclient.folders import cache_folder
from sortclient.model import File, Headshot, Sighting
from sortclient.photos.errors import NotComparable, NotReached
from sortclient.photos.prepare import analysis_digest
from sortclient.workers import Crashed, Workers

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Candidates taken up at once: enough that looking up and comparing known faces costs little each,
# few enough that any number of photos needs the same memory.
_CHUNK = 500


class LocalComparer(NothingElsewhere):
    """Implements sortclient.comparer.Comparer. Its processes start when the first picture has to be read."""

    engine = VERSION
    calls_cost_money = False

    def __init__(self, processes: int | None = None) -> None:
        """``processes``: as many as cores, unless said. Raises SortError where the extra `local` is not installed."""
        check_installed()
        self._workers = Workers(processes)
        self._cache = FaceCache(cache_folder(), VERSION)

    def __enter__(self) -> LocalComparer:
        return self

    def __exit__(self, *_: object) -> None:
        self._workers.close()
        self._cache.close()

    def find_faces(self, picture: bytes) -> Sequence[Sighting]:
        return [Sighting(face.box, yaw(face)) for face in self._faces(picture)]

    def compare(self, request: Request) -> Generator[Event, None, None]:
        """Photos whose faces are known are compared without being read; the others are read by the processes."""
        references = {shot.digest: self._reference(shot) for shot in request.headshots}
        for chunk in chunks(request.candidates(), _CHUNK):
            known = self._cache.get(candidate.digest for candidate in chunk if candidate.digest is not None)
            pictures = [
                (candidate.file, Analysed(candidate.digest, known[candidate.digest]))
                for candidate in chunk
                if candidate.digest in known
            ]
            yield from _compared(request, references, pictures)
            before = {candidate.file: candidate.digest for candidate in chunk if candidate.digest not in known}
            for file, result in self._workers.map(analyse_file, before):
                if isinstance(result, Crashed):
                    result = NotReached(str(result))
                found = result.digest if isinstance(result, Analysed) else None
                if request.as_known and before[file] not in (None, found):
                    yield Changed(file)
                elif isinstance(result, NotComparable):
                    yield Rejected(file, result.rejection)
                else:
                    yield from _compared(request, references, [(file, result)])

    def _reference(self, shot: Headshot) -> NDArray[np.float32]:
        """The embedding of the headshot's largest face, which is the one that Rekognition compares with, too."""
        try:
            faces = self._faces(shot.content)
        except NotComparable as error:
            raise InputError(f"Headshot {shot.source} of {shot.person}: {error}. Name it again with --ref.") from error
        if not faces:
            raise InputError(f"Headshot {shot.source} of {shot.person}: no face was found. Choose another picture.")
        return faces[0].embedding

    def _faces(self, picture: bytes) -> Sequence[Face]:
        """Found by a process of the pool, so that this one never loads the models."""
        digest = analysis_digest(picture)
        known = self._cache.get([digest])
        if digest in known:
            return known[digest]
        [(_, result)] = self._workers.map(analyse_once, [picture])
        if isinstance(result, Crashed):
            raise InputError(f"A headshot cannot be used: {result}. Choose another picture.")
        return result.faces


def _compared(
    request: Request, references: dict[str, NDArray[np.float32]], pictures: Sequence[tuple[File, Analysed]]
) -> Iterator[Event]:
    """What there is to tell of ``pictures``, all compared with all references at once."""
    best = _best([picture.faces for _, picture in pictures], references)
    for position, (file, picture) in enumerate(pictures):
        yield Identified(file, picture.digest, picture.taken)
        for headshot in request.missing(picture.digest):
            yield Compared(_cell(headshot, picture, best[headshot][position]))


def _cell(headshot: str, picture: Analysed, best: tuple[float, Face] | None) -> Comparison:
    if best is None:
        return Comparison(headshot, picture.digest, None, Problem.NO_FACE, "", VERSION, now(), faces=0)
    similarity, face = best
    count = len(picture.faces)
    return Comparison(headshot, picture.digest, similarity, None, "", VERSION, now(), count, face.box)


def _best(
    pictures: Sequence[Sequence[Face]], references: dict[str, NDArray[np.float32]]
) -> dict[str, list[tuple[float, Face] | None]]:
    """For each reference and picture the face that is most like it, with its similarity; None where it has no face."""
    import numpy as np

    faces = [face for picture in pictures for face in picture]
    if not faces:
        return dict.fromkeys(references, [None] * len(pictures))
    embeddings = np.stack([face.embedding for face in faces])
    counts = [len(picture) for picture in pictures]
    pictured = np.repeat(np.arange(len(pictures)), counts)  # for each face the picture that shows it
    starts = np.cumsum([0, *filter(None, counts)])[:-1]  # of each picture that has faces
    best: dict[str, list[tuple[float, Face] | None]] = {}
    for headshot, reference in references.items():
        found = similarities(embeddings, reference)
        most_alike = np.lexsort((-found, pictured))[starts]  # picture by picture, the most alike first
        those = zip(found[most_alike].tolist(), (faces[place] for place in most_alike.tolist()), strict=True)
        best[headshot] = [next(those) if count else None for count in counts]
    return best
