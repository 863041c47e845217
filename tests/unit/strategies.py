"""What hypothesis makes keys and work of."""

from __future__ import annotations

from hypothesis import strategies as st

from photosort.keys import BadName, HeadshotKey, MatchKey, PhotoKey, check_name
from photosort.work import PHOTOS_A_MESSAGE, Headshot, Work


def _is_name(name: str) -> bool:
    try:
        check_name(name)
    except BadName:
        return False
    return True


# What no name may hold is left out from the start: hypothesis gives up where nearly all that it makes is thrown away.
_characters = st.characters(exclude_categories=("C", "Zl", "Zp"), exclude_characters='/\\:*?"<>|')
names = st.text(_characters, min_size=1, max_size=40).filter(_is_name).map(check_name)
digests = st.binary(min_size=32, max_size=32).map(bytes.hex)
keys = st.one_of(
    st.builds(HeadshotKey, names, names, digests),
    st.builds(PhotoKey, names, digests),
    st.builds(MatchKey, names, names, digests),
)
works = st.builds(
    Work,
    album=names,
    photos=st.lists(digests, min_size=1, max_size=PHOTOS_A_MESSAGE).map(tuple),
    headshots=st.none() | st.lists(st.builds(Headshot, names, digests), max_size=5).map(tuple),
    asked_at=st.floats(0, 4e9),
    attempt=st.integers(0, 1000),
    reason=st.text(max_size=30),
)
