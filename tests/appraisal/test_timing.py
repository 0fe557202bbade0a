"""Years in which lines fall: countable by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from headwater.appraisal.timing import CAPITAL, RESIDUAL, SERVICE, STATED, distinct, patterns, profiles

PERIOD = {"base_year": 2025, "horizon_year": 2030}


def years(kind: int, start: int, **columns: float) -> list[float]:
    return profiles(patterns(1, kind, **columns), np.array([float(start)]), **PERIOD)[0].tolist()


def test_ages_count_from_the_start_year() -> None:
    assert years(CAPITAL, 2027) == [0, 0, 1, 0, 0, 0]
    assert years(SERVICE, 2027) == [0, 0, 0, 1, 1, 1]
    assert years(STATED, 2026, first=0, last=0) == [0, 1, 0, 0, 0, 0]
    assert years(STATED, 2026, first=1, every=2) == [0, 0, 1, 0, 1, 0]
    assert years(STATED, 2026, first=2, last=3) == [0, 0, 0, 1, 1, 0]


def test_growth_counts_from_the_base_year() -> None:
    assert years(STATED, 2027, first=1, growth=2.0) == [0, 0, 0, 8, 16, 32]


def test_what_is_left_is_left_in_the_last_year_whatever_the_start() -> None:
    assert years(RESIDUAL, 2025) == years(RESIDUAL, 2030) == [0, 0, 0, 0, 0, 1]
    assert years(RESIDUAL, 2025, first=5) == [0, 0, 0, 0, 0, 1]
    assert years(RESIDUAL, 2026, first=5) == [0] * 6
    assert years(RESIDUAL, 2025, last=4) == [0] * 6


@given(st.integers(0, 6), st.integers(2025, 2045), st.integers(0, 10), st.integers(1, 6), st.integers(1, 9))
def test_a_later_start_shifts_all_but_the_end(kind: int, start: int, wait: int, every: int, life: int) -> None:
    """With a horizon that moves too, the years are the same, counted from the start."""
    table = patterns(1, kind, every=float(every), lifetime=float(life))
    one = profiles(table, np.array([float(start)]), base_year=2025, horizon_year=2060)
    other = profiles(table, np.array([float(start + wait)]), base_year=2025, horizon_year=2060 + wait)
    assert one[0].tolist() == other[0, wait:].tolist()
    assert not other[0, :wait].any()


def test_distinct_rows_and_which_each_is() -> None:
    table = pd.DataFrame({"a": [2.0, 1.0, 2.0], "b": [np.inf, 0.0, np.inf]})
    rows, number = distinct(table)
    pd.testing.assert_frame_equal(rows.iloc[number].reset_index(drop=True), table)
    assert len(rows) == 2
