"""Yearly benefits from effects."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from headwater.appraisal.benefits import annual_benefits, benefit_profile
from headwater.errors import AssumptionError, TableError, UnitError


@pytest.fixture
def effects() -> pd.DataFrame:
    return pd.DataFrame(
        [
            ("b", "ead_usd_per_yr", "USD/yr", 10.0, 12.0, 8.0),
            ("b", "freight_usd_per_yr", "USD/yr", 1.0, 1.0, 1.0),
            ("a", "ead_usd_per_yr", "USD/yr", 5.0, None, None),
            ("c", "population_cut_off", "people", 900.0, None, None),
        ],
        columns=["option_id", "item", "unit", "amount", "amount_low", "amount_high"],
    )


def test_only_items_in_money_count_and_bounds_enclose(effects: pd.DataFrame) -> None:
    benefits = annual_benefits(effects)
    assert benefits.index.tolist() == ["a", "b"]
    assert benefits.loc["b"].tolist() == [10, 8, 12]
    assert benefits.loc["a"].isna().tolist() == [False, True, True]


def test_items_add_up(effects: pd.DataFrame) -> None:
    benefits = annual_benefits(effects, items=("ead_usd_per_yr", "freight_usd_per_yr"))
    assert benefits.loc["b"].tolist() == [11, 9, 13]


def test_people_are_not_money(effects: pd.DataFrame) -> None:
    with pytest.raises(UnitError, match="population_cut_off of c is in people"):
        annual_benefits(effects, items=("population_cut_off",))


def test_effect_twice_is_a_fault(effects: pd.DataFrame) -> None:
    with pytest.raises(TableError, match="more than once"):
        annual_benefits(pd.concat([effects, effects]))


def test_benefits_begin_the_year_after() -> None:
    profile = benefit_profile(np.array([2025.0, 2027.0]), base_year=2025, horizon_year=2028)
    assert profile.tolist() == [[0, 1, 1, 1], [0, 0, 0, 1]]
    with pytest.raises(AssumptionError, match="annual_growth"):
        benefit_profile(np.array([2025.0]), base_year=2025, horizon_year=2028, annual_growth=-1.5)
