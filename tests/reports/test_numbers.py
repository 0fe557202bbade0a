"""Numbers as people read them."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.reports import numbers
from headwater.words import speaking


@pytest.mark.parametrize(
    ("value", "english", "chinese"),
    [
        (12345678, "12.3 million", "1,235万"),
        (1_640_000, "1.64 million", "164万"),
        (878_310, "878,310", "87.8万"),
        (9_999, "9,999", "9,999"),
        (9_999.9, "10,000", "1万"),
        (999_999.9, "1 million", "100万"),
        (2.5e9, "2.5 billion", "25亿"),
        (6.9e12, "6.9 trillion", "6.9万亿"),
        (0, "0", "0"),
        (-1_500_000, "−1.5 million", "−150万"),
        (0.0042, "0.0042", "0.0042"),
    ],
)
def test_compact_by_language(value: float, english: str, chinese: str) -> None:
    assert numbers.compact(value) == english
    with speaking("zh"):
        assert numbers.compact(value) == chinese


@pytest.mark.parametrize("missing", [None, math.nan, math.inf, pd.NA, pd.NaT])
def test_missing_is_a_dash_everywhere(missing: object) -> None:
    pens = [numbers.number, numbers.compact, numbers.money, numbers.percent, numbers.hours, numbers.rounded]
    assert {pen(missing) for pen in pens} == {numbers.MISSING}
    assert numbers.money_range(missing, 5) == numbers.MISSING
    assert numbers.years(missing) == numbers.MISSING


def test_missing_length_has_no_unit() -> None:
    assert numbers.kilometres(math.nan) == numbers.MISSING


def test_money_is_rounded_to_three_figures() -> None:
    assert numbers.money(253_808) == "254,000 USD"
    assert numbers.money_range(152_285, 431_473) == "152,000–431,000 USD"


def test_range_repeats_the_unit_only_where_it_differs() -> None:
    assert numbers.compact_range(1.2e6, 3.4e6) == "1.2–3.4 million"
    assert numbers.compact_range(9e5, 1.1e6) == "900,000–1.1 million"
    with speaking("zh"):
        assert numbers.compact_range(1.2e6, 3.4e6) == "120–340万"


@given(st.floats(min_value=1e-6, max_value=1e14))
def test_what_is_written_is_near_what_is_meant(value: float) -> None:
    written = numbers.compact(value)
    digits, _space, word = written.partition(" ")
    scale = {"": 1, "million": 1e6, "billion": 1e9, "trillion": 1e12}[word]
    assert float(digits.replace(",", "")) * scale == pytest.approx(value, rel=0.006)
