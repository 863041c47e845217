"""The table of prices, what may replace it, and the bound that is made of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sortclient.errors import InputError
from sortclient.prices import PRICES_VARIABLE, Prices, load_prices, quote

COUNTS = st.integers(0, 10**7)


def prices(**usd: float) -> Prices:
    """Nothing costs anything, but what is said."""
    free = dict.fromkeys(load_prices().usd, 0.0)
    return Prices("2026-11-22", "us-west-1", "nobody", free | usd)


def test_the_table_names_its_date_region_and_source() -> None:
    table = load_prices()
    assert table.date.startswith("20")
    assert table.region == "us-west-1"
    assert "aws.amazon.com/rekognition/pricing" in table.source


@pytest.mark.parametrize(
    ("unit", "usd"),
    [
        ("compare_faces", 1000 * 20 * 0.5),
        ("detect_faces", 3 * 0.5),
        ("s3_gigabyte", 2 * 0.5),
    ],
)
def test_each_price_is_of_its_own_unit(unit: str, usd: float) -> None:
    bound = quote(prices(**{unit: 0.5}), photos=1000, comparisons=20_000, headshots=3, stored=2_000_000_000)
    assert bound.usd == pytest.approx(usd)
    assert bound.calls == 20_003


def test_calls_that_are_made_twice_are_counted_and_stored_bytes_are_not() -> None:
    table = prices(compare_faces=1.0, s3_gigabyte=1.0, repeated=0.05)
    assert quote(table, photos=0, comparisons=100, headshots=0, stored=10**9).usd == pytest.approx(106)


def test_every_price_of_the_table_is_used() -> None:
    """A price that changes nothing would be a line that looks as if it did."""
    for unit in load_prices().usd.keys() - {"credits", "repeated"}:
        assert quote(prices(**{unit: 1.0}), photos=1, comparisons=1, headshots=1, stored=10**9).usd > 0, unit


def test_credits_are_named_and_never_taken_off() -> None:
    table = prices(compare_faces=1.0, credits=200.0)
    small, large = (quote(table, photos=0, comparisons=number, headshots=0, stored=0) for number in (150, 1000))
    assert (small.usd, small.credit) == (150, 150)
    assert (large.usd, large.credit) == (1000, 200)


@given(COUNTS, COUNTS, COUNTS, COUNTS)
def test_a_bound_is_at_least_what_its_calls_cost_and_grows_with_them(
    photos: int, comparisons: int, headshots: int, more: int
) -> None:
    table = load_prices()
    least = comparisons * table.usd["compare_faces"] + headshots * table.usd["detect_faces"]
    bound = quote(table, photos=photos, comparisons=comparisons, headshots=headshots, stored=0)
    assert bound.usd >= least
    assert quote(table, photos=photos, comparisons=comparisons + more, headshots=headshots, stored=0).usd >= bound.usd


def test_a_file_replaces_the_keys_that_it_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = load_prices()
    file = tmp_path / "mine.toml"
    file.write_text('date = "2027-01-01"\nregion = "eu-west-1"\ncompare_faces = 0.001\ncredits = 0\n')
    monkeypatch.setenv(PRICES_VARIABLE, str(file))
    mine = load_prices()
    assert (mine.date, mine.region, mine.source) == ("2027-01-01", "eu-west-1", own.source)
    assert mine.usd == {**own.usd, "compare_faces": 0.001, "credits": 0.0}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("compare_face = 1", "'compare_face', which is no price. Known are: date, "),
        ('compare_faces = "1"', "'compare_faces' must be a number, 0 or more"),
        ("compare_faces = -1", "must be a number"),
        ("compare_faces = nan", "must be a number"),
        ("compare_faces = inf", "must be a number"),
        ("compare_faces = true", "must be a number"),
        ("[compare_faces]\nfirst = 1", "must be a number"),
        ("date = 2026-11-22", "'date' must be a text"),
        ("compare_faces =", "is no TOML"),
    ],
)
def test_a_bad_file_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, words: str) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(text)
    monkeypatch.setenv(PRICES_VARIABLE, str(file))
    with pytest.raises(InputError) as refused:
        load_prices()
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("content", [None, b"\xff\xfe"], ids=["gone", "no UTF-8"])
def test_a_file_that_cannot_be_read_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    file = tmp_path / "mine.toml"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setenv(PRICES_VARIABLE, str(file))
    with pytest.raises(InputError, match=r"mine\.toml"):
        load_prices()
