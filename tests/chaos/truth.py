"""What a story's people have and look for, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.pipeline.fake_rekognition import NO_FACE


@dataclass
class Truth:
    """How it must be in the end."""

    threshold: float = 80.0
    people: dict[str, list[str]] = field(default_factory=dict)  # name -> digests of the headshots
    photos: dict[str, str] = field(default_factory=dict)  # path -> digest, of those that can be compared
    unreadable: set[str] = field(default_factory=set)  # digests that Rekognition does not take
    similarity: dict[tuple[str, str], float | None] = field(default_factory=dict)

    def cells(self) -> dict[tuple[str, str], float | str]:
        """(headshot, photo) -> the similarity, or the problem's name."""
        shots = {shot for shots in self.people.values() for shot in shots}
        return {(shot, photo): self._cell(shot, photo) for shot in shots for photo in set(self.photos.values())}

    def matches(self) -> set[tuple[str, str]]:
        """(person, photo's path)."""
        return {
            (person, path)
            for person, shots in self.people.items()
            for path, photo in self.photos.items()
            if any(isinstance(cell := self._cell(shot, photo), float) and cell >= self.threshold for shot in shots)
        }

    def _cell(self, shot: str, photo: str) -> float | str:
        if photo in self.unreadable:
            return "unreadable"
        similarity = self.similarity[shot, photo]
        return "no-face" if similarity is NO_FACE else similarity
