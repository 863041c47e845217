"""Names that a person gives for what must be there already; a wrong one is told the nearest right one."""

from __future__ import annotations

import shlex
import unicodedata
from collections.abc import Collection, Iterable
from difflib import get_close_matches

from sortclient.album import Album
from sortclient.catalog import Catalog
from sortclient.errors import InputError

_SHOWN = 20  # names in one message


def check_album(catalog: Catalog, name: str | None) -> Album:
    """The album of that name, without one the album used last; or an InputError."""
    album = catalog.find_album(name)
    if album is not None:
        return album
    names = catalog.album_names()
    if not names:
        start = "Sort a folder first: sortclient sort FOLDER --ref FILE."
        if name:
            start += f" Or take over an album of the cloud: sortclient sync {shlex.quote(name)}."
        raise InputError(f"There is no album '{name}'. {start}" if name else f"There is no album yet. {start}")
    raise InputError(f"There is no album '{name}'. {nearest(name or '', names)}")


def check_person(album: Album, name: str) -> str:
    """The name as the album has it, or an InputError."""
    name = unicodedata.normalize("NFC", name)
    people = album.people()
    if name in people:
        return name
    if not people:
        raise InputError(nobody(album))
    raise InputError(f"There is no '{name}' in album '{album.name}'. {nearest(name, people)}")


def nobody(album: Album) -> str:
    """What to say of an album without people."""
    add = f"sortclient people add {shlex.quote(album.name)} --ref NAME=FILE"
    return f"Nobody is looked for in album '{album.name}'. Add somebody: {add}"


def shown(name: str) -> str:
    """As it stands in a list, and is understood in one: names hold no quotes."""
    return f'"{name}"' if "," in name else name


def listed(names: Iterable[str], separator: str = ", ") -> str:
    return separator.join(map(shown, names))


def nearest(name: str, known: Collection[str]) -> str:
    """What to say after "there is no such name"."""
    by_folded = {other.casefold(): other for other in known}
    close = get_close_matches(name.casefold(), by_folded, n=1)
    names = sorted(known)
    if not names:
        return "There is none yet."
    all_of_them = listed(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
    return f"Did you mean '{by_folded[close[0]]}'? Known are: {all_of_them}." if close else f"Known are: {all_of_them}."
