"""Appraisal of options: by hand, by law, and one published ratio."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.appraisal.cost_benefit import appraise, conventions, switching_values
from headwater.errors import AssumptionError, TableError
from headwater.schema import faults


def saved(amounts: dict[str, float], **bounds: dict[str, float]) -> pd.DataFrame:
    table = pd.DataFrame({"option_id": list(amounts), "item": "ead_usd_per_yr", "unit": "USD/yr"})
    table["amount"] = table["option_id"].map(amounts).astype(float)
    return table.assign(**{f"amount_{k}": table["option_id"].map(v).astype(float) for k, v in bounds.items()})


@pytest.fixture
def options() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "option_id": ["drain", "wall", "road", "free", "study"],
            "initial_cost_usd": [100.0, 1000.0, 50.0, 0.0, np.nan],
            "periodic_cost_usd": [20.0, None, None, None, None],
            "periodic_interval_yr": pd.array([2, None, None, None, None], dtype="Int64"),
        }
    )


def test_five_options_by_hand(options: pd.DataFrame) -> None:
    effects = saved({"drain": 60, "wall": 10, "free": 5}, low={"drain": 40, "free": 5}, high={"drain": 70, "free": 6})
    table = appraise(options, effects, base_year=2025, horizon_year=2028, discount_rate=0.0)
    assert faults(table, "appraisals") == []
    by_option = table.set_index("option_id")
    assert by_option.index.tolist() == ["drain", "free", "road", "wall"]  # the cost of "study" is not known
    drain = by_option.loc["drain"]
    assert drain[["cost_pv_usd", "benefit_pv_usd", "npv_usd"]].tolist() == [120, 180, 60]
    assert drain[["npv_usd_low", "npv_usd_high"]].tolist() == [0, 90]
    assert drain[["bcr", "bcr_low", "bcr_high"]].tolist() == [1.5, 1.0, 1.75]
    assert drain["payback_yr"] == 2  # 60 + 60 - 20 = 100
    assert by_option.loc["wall", ["npv_usd", "bcr"]].tolist() == [-970, 0.03]
    assert pd.isna(by_option.at["wall", "payback_yr"])
    assert pd.isna(by_option.at["wall", "npv_usd_low"])
    blanks = ["benefit_pv_usd", "npv_usd", "bcr", "err", "err_note", "payback_yr"]
    assert by_option.loc["road", blanks].isna().all()
    assert by_option.at["road", "cost_pv_usd"] == 50
    assert by_option.at["free", "npv_usd"] == 15
    assert pd.isna(by_option.at["free", "bcr"])
    assert by_option.at["free", "err_note"] == "none"


def test_growing_benefit_is_a_geometric_series() -> None:
    """Avoided damage grown and discounted from the base year on, the investment in it: 1 + ... over q = 1.02 / 1.1."""
    one = pd.DataFrame({"option_id": ["o"], "initial_cost_usd": [100.0]})
    table = appraise(one, saved({"o": 10}), base_year=2025, horizon_year=2055, discount_rate=0.1, annual_growth=0.02)
    q = 1.02 / 1.1
    assert table.at[0, "benefit_pv_usd"] == pytest.approx(10 * q * (1 - q**30) / (1 - q))


def test_published_mangrove_ratio() -> None:
    """Viet Nam mangroves (open course "Infrastructure and Climate Resilience", block 18.3, CC BY 4.0).

    Cost US$ 8.88 million, benefits 239.7 million, ratio given as 27. The items listed there (0.295 + 15 + 13.2 + 218)
    sum to 246.5, not to 239.7, which would make it 27.8: the published total is the one reproduced here.
    """
    planting = pd.DataFrame({"option_id": ["mangrove"], "initial_cost_usd": [8.88e6]})
    table = appraise(planting, saved({"mangrove": 239.7e6}), base_year=2025, horizon_year=2026, discount_rate=0.0)
    assert table.at[0, "bcr"] == pytest.approx(26.99, abs=0.005)
    assert table.at[0, "npv_usd"] == pytest.approx(230.82e6)


def test_a_later_start_is_discounted_and_pays_back_from_its_start() -> None:
    one = pd.DataFrame({"option_id": ["o"], "initial_cost_usd": [100.0]})
    table = appraise(one, saved({"o": 50}), base_year=2025, horizon_year=2030, discount_rate=0.25, start_year=2027)
    assert table.at[0, "cost_pv_usd"] == pytest.approx(64)
    assert table.at[0, "benefit_pv_usd"] == pytest.approx(50 * (0.8**3 + 0.8**4 + 0.8**5))
    assert table.at[0, "payback_yr"] == 2
    early = appraise(one, saved({"o": 50}), base_year=2027, horizon_year=2030, discount_rate=0.25)
    assert table.at[0, "err"] == pytest.approx(early.at[0, "err"])


def test_switching_values_break_even(options: pd.DataFrame) -> None:
    period = {"base_year": 2025, "horizon_year": 2040}
    table = appraise(options, saved({"drain": 60, "wall": 0}), **period, discount_rate=0.08)
    switch = switching_values(table)
    factor = switch.at["drain", "break_even_benefit_factor"]
    scaled = appraise(options, saved({"drain": 60 * factor}), **period, discount_rate=0.08)
    assert scaled.set_index("option_id").at["drain", "npv_usd"] == pytest.approx(0, abs=1e-9)
    rate = switch.at["drain", "break_even_discount_rate"]
    dear = appraise(options, saved({"drain": 60}), **period, discount_rate=rate)
    assert dear.set_index("option_id").at["drain", "npv_usd"] == pytest.approx(0, abs=1e-7)
    assert pd.isna(switch.at["wall", "break_even_benefit_factor"])


@settings(max_examples=40, deadline=None)
@given(st.floats(0, 1e6), st.floats(0, 5), st.floats(-0.05, 0.3), st.floats(-0.05, 0.05))
def test_worth_is_linear_in_the_benefit(amount: float, factor: float, rate: float, growth: float) -> None:
    one = pd.DataFrame({"option_id": ["o"], "initial_cost_usd": [1e5]})

    def worth(benefit: float) -> float:
        table = appraise(
            one, saved({"o": benefit}), base_year=2025, horizon_year=2060, discount_rate=rate, annual_growth=growth
        )
        return float(table.at[0, "npv_usd"])

    assert worth(factor * amount) - worth(0) == pytest.approx(factor * (worth(amount) - worth(0)), rel=1e-9, abs=1e-6)


def test_row_order_is_irrelevant_and_input_unchanged(options: pd.DataFrame) -> None:
    effects = saved({"drain": 60, "wall": 10})
    before = options.copy(deep=True), effects.copy(deep=True)
    period = {"base_year": 2025, "horizon_year": 2040, "discount_rate": 0.05}
    table = appraise(options, effects, **period)
    turned = appraise(options.iloc[::-1], effects.iloc[::-1], **period)
    pd.testing.assert_frame_equal(table, turned)
    pd.testing.assert_frame_equal(options, before[0])
    pd.testing.assert_frame_equal(effects, before[1])


def test_bad_assumptions_and_costs(options: pd.DataFrame) -> None:
    with pytest.raises(AssumptionError, match="discount_rate is -1"):
        appraise(options, saved({}), base_year=2025, horizon_year=2030, discount_rate=-1.0)
    with pytest.raises(TableError, match="initial_cost_usd"):
        appraise(
            options.assign(initial_cost_usd=-1.0), saved({}), base_year=2025, horizon_year=2030, discount_rate=0.05
        )


def test_conventions_are_words() -> None:
    assert set(conventions()) == {"discounting", "benefits", "maintenance", "residual", "bounds"}
    assert all(text.endswith(".") for text in conventions().values())
