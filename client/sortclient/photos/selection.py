"""Which files of a folder belong to the album, where a person wants less, or more, than what lies in it."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from sortclient.errors import InputError

if TYPE_CHECKING:
    from pathspec import PathSpec, Pattern


@dataclass(frozen=True, slots=True)
class Selection:
    """Globs on the paths of the album, read as a .gitignore file's, but that the case of letters does not count.

    So `*.jpg` means every folder's, `2019/` all that lies in a folder of that name, and `/2019/**/*.png` only the PNG
    files somewhere below the first level's. A file is in where it matches an ``include`` (or there is none) and no
    ``exclude``. Raises InputError for a pattern that is none.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    follow_links: bool = False  # links to folders are entered

    def __post_init__(self) -> None:
        for option, patterns in (("--include", self.include), ("--exclude", self.exclude)):
            if patterns:
                _spec(option, patterns)

    def takes(self, path: str) -> bool:
        """Whether the file of this path is in, in a folder that is entered."""
        return (not self.include or _matches("--include", self.include, path)) and not self._excludes(path)

    def enters(self, path: str) -> bool:
        """Whether the folder of this path is entered."""
        return not self._excludes(f"{path}/")

    def _excludes(self, path: str) -> bool:
        return bool(self.exclude) and _matches("--exclude", self.exclude, path)


def _matches(option: str, patterns: tuple[str, ...], path: str) -> bool:
    return _spec(option, patterns).match_file(path.lower())


@cache
def _spec(option: str, patterns: tuple[str, ...]) -> PathSpec[Any]:
    from pathspec import PathSpec

    found: list[Pattern] = []
    for text in patterns:
        try:
            one = PathSpec.from_lines("gitignore", [unicodedata.normalize("NFC", text).lower()])
        except ValueError as error:
            raise InputError(f"{option} {text!r} is no pattern. Write, for example, '*.jpg' or '2019/'.") from error
        if [pattern.include for pattern in one.patterns] != [True]:  # nothing, a comment, or the negation of another
            raise InputError(f"{option} {text!r}: a pattern names files, and a first ! or # is written \\! or \\#.")
        found += one.patterns
    return PathSpec(found)


EVERYTHING = Selection()
