"""What effects are worth: by hand."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.appraisal.benefits import products, unvalued, valued_effects, values, yearly_worth
from headwater.errors import TableError, UnitError
from headwater.schema import empty


@pytest.fixture
def effects() -> pd.DataFrame:
    return pd.DataFrame(
        [
            ("b", "ead_usd_per_yr", "USD/yr", 10.0, 8.0, 12.0),
            ("b", "tco2e", "tCO2e", 2.0, None, None),
            ("a", "ead_usd_per_yr", "USD/yr", 5.0, None, None),
            ("c", "population_cut_off", "people", 900.0, None, None),
        ],
        columns=["option_id", "item", "unit", "amount", "amount_low", "amount_high"],
    )


@pytest.fixture
def carbon() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "item": ["tco2e"], "unit": ["tCO2e"], "usd_per_unit": [50.0], "usd_per_unit_high": [80.0],
            "annual_growth": [0.5], "benefit": ["emissions"], "gains": ["communities"], "source_id": ["s"],
        }
    )  # fmt: skip


def test_only_what_has_a_value_and_an_amount(effects: pd.DataFrame, carbon: pd.DataFrame) -> None:
    table = valued_effects(effects, carbon)
    assert table[["option_id", "benefit"]].to_numpy().tolist() == [
        ["b", "avoided_damage"], ["b", "emissions"], ["a", "avoided_damage"]
    ]  # fmt: skip
    assert unvalued(effects, carbon) == ["population_cut_off"]
    assert unvalued(effects, empty("unit_values")) == ["population_cut_off", "tco2e"]


def test_bounds_that_are_not_given_are_the_value(carbon: pd.DataFrame) -> None:
    row = values(carbon).set_index("item").loc["tco2e"]
    assert row[["usd_per_unit_low", "usd_per_unit", "usd_per_unit_high"]].tolist() == [50, 50, 80]
    assert not row["is_cash"]


def test_a_study_may_value_avoided_damage_otherwise(effects: pd.DataFrame, carbon: pd.DataFrame) -> None:
    own = carbon.assign(item="ead_usd_per_yr", unit="USD/yr", usd_per_unit=0.5, usd_per_unit_high=None)
    table = valued_effects(effects, own)
    assert table["usd_per_unit"].tolist() == [0.5, 0.5]
    assert table["benefit"].unique().tolist() == ["emissions"]


def test_people_are_not_money(effects: pd.DataFrame, carbon: pd.DataFrame) -> None:
    wrong = effects.assign(unit=effects["unit"].replace({"tCO2e": "kg", "USD/yr": "USD"}))
    with pytest.raises(UnitError, match=r"ead_usd_per_yr of b is in USD; .*tco2e of b is in kg; its value is"):
        valued_effects(wrong, carbon)


def test_what_is_there_twice_is_a_fault(effects: pd.DataFrame, carbon: pd.DataFrame) -> None:
    with pytest.raises(TableError, match="more than once"):
        valued_effects(pd.concat([effects, effects]), carbon)
    with pytest.raises(TableError, match="more than once"):
        valued_effects(effects, pd.concat([carbon, carbon]))
    with pytest.raises(TableError, match="amount: value is missing"):
        valued_effects(effects.assign(amount=None), carbon)
    with pytest.raises(TableError, match="usd_per_unit"):
        values(carbon.assign(usd_per_unit=None))


def test_worth_grows_with_the_value_and_the_study(carbon: pd.DataFrame) -> None:
    worth = yearly_worth(carbon, years=3, benefit_growth=1.0)
    assert worth["tco2e"].tolist() == [50, 150, 450]  # (1 + 0.5) x (1 + 1) a year
    assert worth["ead_usd_per_yr"].tolist() == [1, 2, 4]


number = st.floats(-1e6, 1e6)


@given(st.tuples(number, number, number), st.tuples(number, number, number))
def test_bounds_enclose_every_product(amounts: tuple[float, ...], worths: tuple[float, ...]) -> None:
    names = ["amount", "amount_low", "amount_high", "usd_per_unit", "usd_per_unit_low", "usd_per_unit_high"]
    middle, low, high = products(pd.DataFrame([[*amounts, *worths]], columns=names))[:, 0]
    assert middle == amounts[0] * worths[0]
    assert all(low <= amount * worth <= high for amount in amounts for worth in worths)
