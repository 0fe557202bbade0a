"""Cost schedules: countable by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from headwater.appraisal.costs import cost_schedule
from headwater.errors import AssumptionError, TableError

PERIOD = {"base_year": 2025, "horizon_year": 2035}


def option(**values: object) -> pd.DataFrame:
    return pd.DataFrame([{"option_id": "o", "initial_cost_usd": 1000.0} | values])


def by_year(table: pd.DataFrame, **keywords: object) -> dict[int, float]:
    costs = cost_schedule(table, **(PERIOD | keywords)).loc["o"]
    return {int(year): float(cost) for year, cost in costs[costs != 0].items()}


def test_investment_in_the_start_year() -> None:
    assert by_year(option()) == {2025: 1000}
    assert by_year(option(), start_year=2030) == {2030: 1000}
    starts = pd.Series({"o": 2028, "other": 2030})
    assert by_year(option(), start_year=starts) == {2028: 1000}


def test_routine_to_the_end_and_periodic_not_in_the_last_year() -> None:
    table = option(periodic_cost_usd=100.0, periodic_interval_yr=5, routine_cost_usd=1.0, routine_interval_yr=1)
    assert by_year(table) == {2025: 1000, **dict.fromkeys(range(2026, 2036), 1), 2030: 101}
    assert by_year(table, horizon_year=2036)[2035] == 101
    assert by_year(table, start_year=2029) == {2029: 1000, **dict.fromkeys(range(2030, 2036), 1), 2034: 101}


def test_renewal_at_the_end_of_life_but_not_of_the_horizon() -> None:
    table = option(lifetime_yr=5, periodic_cost_usd=10.0, periodic_interval_yr=2, routine_cost_usd=1.0,
                   routine_interval_yr=5)  # fmt: skip
    assert by_year(table) == {2025: 1000, 2027: 10, 2029: 10, 2030: 1001, 2032: 10, 2034: 10, 2035: 1}
    assert by_year(option(lifetime_yr=4), start_year=2026) == {2026: 1000, 2030: 1000, 2034: 1000}
    assert by_year(option(lifetime_yr=1), horizon_year=2027) == {2025: 1000, 2026: 1000}


def test_unknown_investment_leaves_the_row_blank() -> None:
    assert cost_schedule(option(initial_cost_usd=np.nan), **PERIOD).isna().all(axis=None)


def test_types_of_the_study_reader() -> None:
    table = option(periodic_cost_usd=100.0, periodic_interval_yr=5, lifetime_yr=None, routine_cost_usd=None)
    typed = table.astype({"periodic_interval_yr": "Int64", "lifetime_yr": "Int64"})
    assert by_year(typed) == {2025: 1000, 2030: 100}


@pytest.mark.parametrize(
    ("values", "column"),
    [
        ({"initial_cost_usd": -1.0}, "initial_cost_usd"),
        ({"periodic_cost_usd": -1.0, "periodic_interval_yr": 1}, "periodic_cost_usd"),
        ({"routine_cost_usd": 5.0}, "routine_interval_yr"),
        ({"lifetime_yr": 0}, "lifetime_yr"),
    ],
)
def test_faults(values: dict[str, object], column: str) -> None:
    with pytest.raises(TableError) as caught:
        cost_schedule(option(**values), **PERIOD)
    assert [(f.row, f.column) for f in caught.value.faults] == [(2, column)]


def test_option_twice_is_a_fault() -> None:
    with pytest.raises(TableError, match="more than once"):
        cost_schedule(pd.concat([option(), option()]), **PERIOD)


@pytest.mark.parametrize("start", [2024, 2036, pd.Series({"x": 2026})])
def test_start_must_be_within_the_horizon(start: int | pd.Series) -> None:
    with pytest.raises(AssumptionError, match="start year of o"):
        cost_schedule(option(), **PERIOD, start_year=start)
