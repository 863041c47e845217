from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from photosort.keys import (
    MATCHES,
    MAX_NAME_BYTES,
    PEOPLE,
    PHOTOS,
    BadName,
    HeadshotKey,
    Key,
    MalformedKey,
    MatchKey,
    PhotoKey,
    check_name,
    matches_prefix,
    parse_key,
    people_prefix,
    photos_prefix,
)
from tests.unit.strategies import keys, names

DIGEST = "0123456789abcdef" * 4


@given(keys)
def test_a_key_reads_back_as_what_was_written(key: Key) -> None:
    assert parse_key(str(key)) == key


@given(keys)
def test_s3_and_rekognition_take_every_key(key: Key) -> None:
    written = str(key)
    # Of the characters that S3's guide counts as safe in a key, those that we use.
    assert re.fullmatch(r"[A-Za-z0-9/!._-]+", written)
    assert len(written) <= 1024


@given(keys, keys)
def test_no_two_things_have_one_key(one: Key, other: Key) -> None:
    assume(one != other)
    assert str(one) != str(other)


@given(names, names)
def test_a_prefix_lists_its_own_album_only(album: str, other: str) -> None:
    assume(album != other)
    for prefix in (people_prefix, photos_prefix, matches_prefix):
        assert not prefix(other).startswith(prefix(album))


@given(keys)
def test_a_key_stands_under_the_prefix_of_its_album(key: Key) -> None:
    prefix = {HeadshotKey: people_prefix, PhotoKey: photos_prefix, MatchKey: matches_prefix}[type(key)]
    assert str(key).startswith(prefix(key.album))
    assert str(key).startswith({HeadshotKey: PEOPLE, PhotoKey: PHOTOS, MatchKey: MATCHES}[type(key)])


@given(st.text(max_size=100))
def test_nothing_but_a_key_is_read_as_one(text: str) -> None:
    with pytest.raises(MalformedKey):
        parse_key(text)


@given(keys, st.data())
def test_a_key_with_another_character_is_another_key_or_none(key: Key, data: st.DataObject) -> None:
    written = str(key)
    place = data.draw(st.integers(0, len(written) - 1))
    changed = written[:place] + data.draw(st.characters()) + written[place + 1 :]
    assume(changed != written)
    try:
        read = parse_key(changed)
    except MalformedKey:
        return
    assert read != key
    assert str(read) == changed


@pytest.mark.parametrize(
    "key",
    [
        "",
        "photos/",
        f"photos/a/b/{DIGEST}.jpg",
        f"photos/a/{DIGEST}.png",
        f"photos/a/{DIGEST}.jpg.jpg",
        f"photos/a/{DIGEST.upper()}.jpg",
        f"photos/a/{DIGEST[1:]}.jpg",
        f"photos/a b/{DIGEST}.jpg",
        f"photos/a+b/{DIGEST}.jpg",  # a plus is written !2B
        f"photos/a%20b/{DIGEST}.jpg",
        f"photos/a!b/{DIGEST}.jpg",  # an exclamation mark is written !21
        f"photos/!61/{DIGEST}.jpg",  # a second spelling of `a`
        f"photos/!c3!a9/{DIGEST}.jpg",  # a second spelling of `!C3!A9`
        f"photos/e!CC!81/{DIGEST}.jpg",  # not NFC
        f"photos/!FF/{DIGEST}.jpg",  # not UTF-8
        f"photos/!2E!2E/{DIGEST}.jpg",
        f"photos/../{DIGEST}.jpg",
        f"people/a/{DIGEST}.jpg",
        f"people/a//{DIGEST}.jpg",
        f"/photos/a/{DIGEST}.jpg",
        f"other/a/{DIGEST}.jpg",
    ],
)
def test_what_only_resembles_a_key_is_malformed(key: str) -> None:
    with pytest.raises(MalformedKey):
        parse_key(key)


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", " a", "a ", "a/b", "a\\b", "a:b", "a*", 'a"', "a\n", "a\x00", "a.", "x" * 101, "é" * 51, "\ud800"],
)
def test_what_cannot_be_a_folder_is_no_name(name: str) -> None:
    with pytest.raises(BadName):
        check_name(name)


@pytest.mark.parametrize("name", ["CON", "con", "Prn.jpg", "aux.tar.gz", "NUL .txt", "COM1", "lpt9.", "Com5.x"])
def test_what_windows_keeps_for_devices_is_no_name(name: str) -> None:
    with pytest.raises(BadName):
        check_name(name)


@pytest.mark.parametrize("name", ["Con Air", "Conny", "Aux-en-Provence", "COM", "COM0", "LPT10", "a.con", "Nulla"])
def test_names_that_only_begin_like_a_devices_are_names(name: str) -> None:
    assert check_name(name) == name


def test_names_are_nfc_and_measured_in_bytes() -> None:
    assert check_name("e\u0301") == "\u00e9"
    assert len(check_name("é" * 50).encode()) == MAX_NAME_BYTES


@given(names)
def test_names_stay_as_they_are(name: str) -> None:
    assert check_name(name) == name == unicodedata.normalize("NFC", name)
