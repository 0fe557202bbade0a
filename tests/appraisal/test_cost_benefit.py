"""Appraisal of options: by hand, by law, and one published ratio."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.appraisal.cost_benefit import (
    appraise,
    compare_approaches,
    conventions,
    switching_values,
    values_by_start,
)
from headwater.appraisal.flows import by_option, whole_life
from headwater.errors import AssumptionError, TableError
from headwater.schema import empty, faults


def saved(amounts: dict[str, float], **bounds: dict[str, float]) -> pd.DataFrame:
    table = pd.DataFrame({"option_id": list(amounts), "item": "ead_usd_per_yr", "unit": "USD/yr"})
    table["amount"] = table["option_id"].map(amounts).astype(float)
    return table.assign(**{f"amount_{k}": table["option_id"].map(v).astype(float) for k, v in bounds.items()})


def appraisal(
    options: pd.DataFrame,
    effects: pd.DataFrame,
    *,
    discount_rate: float,
    flows: pd.DataFrame | None = None,
    **period: float | pd.Series,
) -> pd.DataFrame:
    stated = empty("flows") if flows is None else flows
    case = whole_life(options, effects, stated, empty("unit_values"), **period)
    return appraise(case, discount_rate=discount_rate)


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
    table = appraisal(options, effects, base_year=2025, horizon_year=2028, discount_rate=0.0)
    assert faults(table, "appraisals") == []
    by_option = table.set_index("option_id")
    assert by_option.index.tolist() == ["drain", "free", "road", "wall"]  # the cost of "study" is not known
    drain = by_option.loc["drain"]
    assert drain[["cost_pv_usd", "benefit_pv_usd", "npv_usd"]].tolist() == [120, 180, 60]
    assert drain[["npv_usd_low", "npv_usd_high"]].tolist() == [0, 90]
    assert drain["break_even_benefit_factor"] == pytest.approx(2 / 3)
    assert drain["break_even_cost_factor"] == 1.5
    assert drain[["bcr", "bcr_low", "bcr_high"]].tolist() == [1.5, 1.0, 1.75]
    assert drain["payback_yr"] == 2  # 60 + 60 - 20 = 100
    assert by_option.loc["wall", ["npv_usd", "bcr"]].tolist() == [-970, 0.03]
    assert pd.isna(by_option.at["wall", "payback_yr"])
    assert by_option.at["wall", "npv_usd_low"] == -970  # without bounds, the amount itself
    blanks = ["benefit_pv_usd", "npv_usd", "bcr", "err", "err_note", "payback_yr", "break_even_benefit_factor"]
    assert by_option[["financial_npv_usd", "frr", "frr_note"]].isna().all(axis=None)  # nobody is paid anything
    assert by_option.loc["road", blanks].isna().all()
    assert by_option.at["road", "cost_pv_usd"] == 50
    assert by_option.at["free", "npv_usd"] == 15
    assert pd.isna(by_option.at["free", "bcr"])
    assert by_option.at["free", "err_note"] == "none"


def test_growing_benefit_is_a_geometric_series() -> None:
    """Avoided damage grown and discounted from the base year on, the investment in it: 1 + ... over q = 1.02 / 1.1."""
    one = pd.DataFrame({"option_id": ["o"], "initial_cost_usd": [100.0]})
    table = appraisal(one, saved({"o": 10}), base_year=2025, horizon_year=2055, discount_rate=0.1, benefit_growth=0.02)
    q = 1.02 / 1.1
    assert table.at[0, "benefit_pv_usd"] == pytest.approx(10 * q * (1 - q**30) / (1 - q))


def test_published_mangrove_ratio() -> None:
    """Viet Nam mangroves (open course "Infrastructure and Climate Resilience", block 18.3, CC BY 4.0).

    Cost US$ 8.88 million, benefits 239.7 million, ratio given as 27. The items listed there (0.295 + 15 + 13.2 + 218)
    sum to 246.5, not to 239.7, which would make it 27.8: the published total is the one reproduced here.
    """
    planting = pd.DataFrame({"option_id": ["mangrove"], "initial_cost_usd": [8.88e6]})
    table = appraisal(planting, saved({"mangrove": 239.7e6}), base_year=2025, horizon_year=2026, discount_rate=0.0)
    assert table.at[0, "bcr"] == pytest.approx(26.99, abs=0.005)
    assert table.at[0, "npv_usd"] == pytest.approx(230.82e6)


def test_a_later_start_is_discounted_and_pays_back_from_its_start() -> None:
    one = pd.DataFrame({"option_id": ["o"], "initial_cost_usd": [100.0]})
    table = appraisal(one, saved({"o": 50}), base_year=2025, horizon_year=2030, discount_rate=0.25, start_year=2027)
    assert table.at[0, "cost_pv_usd"] == pytest.approx(64)
    assert table.at[0, "benefit_pv_usd"] == pytest.approx(50 * (0.8**3 + 0.8**4 + 0.8**5))
    assert table.at[0, "payback_yr"] == 2
    early = appraisal(one, saved({"o": 50}), base_year=2027, horizon_year=2030, discount_rate=0.25)
    assert table.at[0, "err"] == pytest.approx(early.at[0, "err"])


def test_switching_values_break_even(options: pd.DataFrame) -> None:
    period = {"base_year": 2025, "horizon_year": 2040}
    table = appraisal(options, saved({"drain": 60, "wall": 0}), **period, discount_rate=0.08)
    switch = switching_values(table)
    factor = switch.at["drain", "break_even_benefit_factor"]
    scaled = appraisal(options, saved({"drain": 60 * factor}), **period, discount_rate=0.08)
    assert scaled.set_index("option_id").at["drain", "npv_usd"] == pytest.approx(0, abs=1e-9)
    rate = switch.at["drain", "break_even_discount_rate"]
    dear = appraisal(options, saved({"drain": 60}), **period, discount_rate=rate)
    assert dear.set_index("option_id").at["drain", "npv_usd"] == pytest.approx(0, abs=1e-7)
    assert pd.isna(switch.at["wall", "break_even_benefit_factor"])


@settings(max_examples=15, deadline=None)
@given(st.floats(0, 1e6), st.floats(0, 5), st.floats(-0.05, 0.3), st.floats(-0.05, 0.05))
def test_worth_is_linear_in_the_benefit(amount: float, factor: float, rate: float, growth: float) -> None:
    one = pd.DataFrame({"option_id": ["o"], "initial_cost_usd": [1e5]})

    def worth(benefit: float) -> float:
        table = appraisal(
            one, saved({"o": benefit}), base_year=2025, horizon_year=2060, discount_rate=rate, benefit_growth=growth
        )
        return float(table.at[0, "npv_usd"])

    assert worth(factor * amount) - worth(0) == pytest.approx(factor * (worth(amount) - worth(0)), rel=1e-9, abs=1e-6)


def test_row_order_is_irrelevant_and_input_unchanged(options: pd.DataFrame) -> None:
    effects = saved({"drain": 60, "wall": 10})
    before = options.copy(deep=True), effects.copy(deep=True)
    period = {"base_year": 2025, "horizon_year": 2040, "discount_rate": 0.05}
    table = appraisal(options, effects, **period)
    turned = appraisal(options.iloc[::-1], effects.iloc[::-1], **period)
    pd.testing.assert_frame_equal(table, turned)
    pd.testing.assert_frame_equal(options, before[0])
    pd.testing.assert_frame_equal(effects, before[1])


def test_bad_assumptions_and_costs(options: pd.DataFrame) -> None:
    with pytest.raises(AssumptionError, match="discount_rate is -1"):
        appraisal(options, saved({}), base_year=2025, horizon_year=2030, discount_rate=-1.0)
    with pytest.raises(TableError, match="initial_cost_usd"):
        appraisal(
            options.assign(initial_cost_usd=-1.0), saved({}), base_year=2025, horizon_year=2030, discount_rate=0.05
        )


def flow(flow_id: str, **columns: object) -> dict[str, object]:
    return {"flow_id": flow_id, "option_id": "o", "unit": "USD", "from_age_yr": 1, "source_id": "s"} | columns


def test_economic_and_financial_money_by_hand() -> None:
    """A bridge of 100 that saves 60 a year and earns a toll; a guard at half his price; a tax that is no cost."""
    one = pd.DataFrame({"option_id": ["o"], "initial_cost_usd": [100.0]})
    flows = pd.DataFrame(
        [
            flow("toll", item="revenue", amount=55.0, shadow_factor=0.0, pays="users", gains="operator"),
            flow("guard", item="operation", amount=-10.0, shadow_factor=0.5, pays="operator", gains="users"),
            flow("tax", item="tax", amount=-5.0, shadow_factor=0.0, pays="operator", gains="government"),
        ]
    )
    row = appraisal(one, saved({"o": 60}), flows=flows, discount_rate=0.0, base_year=2025, horizon_year=2028).loc[0]
    assert row[["cost_pv_usd", "benefit_pv_usd", "npv_usd"]].tolist() == [115, 180, 65]
    assert row["financial_npv_usd"] == 20
    assert row["frr"] == pytest.approx(0.0970, abs=5e-5)  # 100 for 40 a year over three years
    assert row["frr_note"] == "unique"
    assert row["initial_cost_usd"] == 100


def test_lines_of_cost_are_costs_even_where_they_save() -> None:
    lamp = pd.DataFrame({"option_id": ["o"], "initial_cost_usd": [30.0]})
    flows = pd.DataFrame([flow("less_power", item="operation", amount=10.0), flow("light", item="other", amount=1.0)])
    row = appraisal(lamp, saved({}), flows=flows, discount_rate=0.0, base_year=2025, horizon_year=2027).loc[0]
    assert row[["cost_pv_usd", "benefit_pv_usd", "npv_usd", "bcr"]].tolist() == [10, 2, -8, 0.2]
    assert row["initial_cost_usd"] == 30


def test_capital_that_flows_add_is_cost_but_not_investment() -> None:
    one = pd.DataFrame({"option_id": ["o"], "initial_cost_usd": [100.0]})
    flows = pd.DataFrame([flow("second_year", item="capital", amount=-50.0, to_age_yr=1)])
    row = appraisal(one, saved({"o": 90}), flows=flows, discount_rate=0.0, base_year=2025, horizon_year=2027).loc[0]
    assert row[["initial_cost_usd", "cost_pv_usd", "npv_usd"]].tolist() == [100, 150, 30]


def test_rates_that_are_none_or_several_say_so() -> None:
    one = pd.DataFrame({"option_id": ["free", "mine"], "initial_cost_usd": [0.0, 100.0]})
    flows = pd.DataFrame(
        [
            flow("gold", option_id="mine", item="revenue", amount=230.0, to_age_yr=1),
            flow("closing", option_id="mine", item="operation", amount=-132.0, from_age_yr=2, to_age_yr=2),
            flow("rain", option_id="free", item="revenue", amount=1.0),
        ]
    )
    table = appraisal(one, saved({}), flows=flows, discount_rate=0.1, base_year=2025, horizon_year=2028)
    assert table["err_note"].tolist() == table["frr_note"].tolist() == ["none", "several"]
    assert table[["err", "frr"]].isna().all(axis=None)


def test_levelised_cost_by_hand(options: pd.DataFrame) -> None:
    people = saved({"drain": 10, "wall": 0}).assign(item="people", unit="people")
    case = whole_life(options, people, empty("flows"), empty("unit_values"), base_year=2025, horizon_year=2028)
    table = appraise(case, discount_rate=0.0, effects=people, levelised_item="people").set_index("option_id")
    assert table.at["drain", "levelised_cost_usd_per_unit"] == 4  # 120 for 10 people over three years
    assert table.drop(index="drain")["levelised_cost_usd_per_unit"].isna().all()
    assert set(table["levelised_item"]) == {"people"}
    with pytest.raises(AssumptionError, match="effects"):
        appraise(case, discount_rate=0.0, levelised_item="people")


def test_approaches_side_by_side() -> None:
    options = pd.DataFrame(
        {
            "option_id": ["reef", "wall", "dune", "dam", "law"], "initial_cost_usd": [10.0, 40.0, 30.0, 5.0, 1.0],
            "approach": ["nature", "grey", "nature", "grey", None],
        }
    )  # fmt: skip
    table = appraisal(
        options,
        saved({"reef": 20, "wall": 20, "dune": 10, "law": 9}),
        discount_rate=0.0,
        base_year=2025,
        horizon_year=2026,
    )
    sides = compare_approaches(table, options)
    assert sides.loc["nature", ["options", "valued", "paying"]].tolist() == [2, 2, 1]
    assert sides.loc["nature", ["cost_pv_usd", "benefit_pv_usd", "npv_usd", "bcr"]].tolist() == [40, 30, -10, 0.75]
    assert sides.loc["grey", ["options", "valued", "paying"]].tolist() == [2, 1, 0]  # the dam has no benefit in money
    assert sides.loc["grey", ["cost_pv_usd", "benefit_pv_usd", "npv_usd", "bcr"]].tolist() == [40, 20, -20, 0.5]
    assert sides.index.tolist() == ["grey", "nature"]


@settings(max_examples=15, deadline=None)
@given(
    st.integers(0, 4),
    st.integers(1, 9),
    st.floats(-0.05, 0.2),
    st.floats(-0.05, 0.05),
    st.sampled_from(["", "low", "high"]),
)
def test_values_by_start_are_those_of_each_start(
    wait: int, life: int, rate: float, growth: float, bound: Literal["", "low", "high"]
) -> None:
    one = pd.DataFrame({"option_id": ["o", "p"], "initial_cost_usd": [100.0, 5.0], "lifetime_yr": [life, None]})
    one = one.assign(routine_cost_usd=[2.0, None], routine_interval_yr=[2, None])
    effects = saved({"o": 20}, low={"o": 10}, high={"o": 50})
    flows = pd.DataFrame([flow("left", item="residual", amount=0.3, unit="USD/capital"),
                          flow("toll", item="revenue", amount=3.0, every_yr=3, annual_growth=0.01)])  # fmt: skip
    tables = (one, effects, flows, empty("unit_values"))
    period = {"base_year": 2025, "horizon_year": 2040, "benefit_growth": growth}
    values = values_by_start(*tables, **period, start_years=[2025, 2025 + wait], discount_rate=rate, bound=bound)
    case = whole_life(*tables, **period, start_year=2025 + wait)
    worth = appraise(case, discount_rate=rate).set_index("option_id")["npv_usd" + ("_" + bound if bound else "")]
    assert values.at["o", 2025 + wait] == pytest.approx(worth["o"])
    assert values.loc["p"].isna().all()


def test_a_start_too_late_for_any_benefit_is_worth_its_cost() -> None:
    one = pd.DataFrame({"option_id": ["o"], "initial_cost_usd": [100.0]})
    flows = pd.DataFrame([flow("toll", item="revenue", amount=70.0, from_age_yr=2)])
    tables = (one, saved({}), flows, empty("unit_values"))
    period = {"base_year": 2025, "horizon_year": 2028, "discount_rate": 0.0}
    values = values_by_start(*tables, **period, start_years=[2025, 2026, 2028])
    assert values.loc["o"].tolist() == [40, -30, -100]
    doubled = values_by_start(*tables, **period, start_years=[2025], factors={"revenue": 2.0, "health": 9.0})
    assert doubled.loc["o"].tolist() == [180]
    with pytest.raises(AssumptionError, match="start year"):
        values_by_start(*tables, **period, start_years=[2029])


@settings(max_examples=15, deadline=None)
@given(st.floats(5, 60), st.integers(5, 40), st.floats(0, 4))
def test_the_rate_of_return_zeroes_the_worth(amount: float, years: int, routine: float) -> None:
    one = pd.DataFrame({"option_id": ["o"], "initial_cost_usd": [100.0], "routine_cost_usd": [routine]})
    one = one.assign(routine_interval_yr=[1])
    period = {"base_year": 2025, "horizon_year": 2025 + years}
    row = appraisal(one, saved({"o": amount}), **period, discount_rate=0.05).loc[0]
    assert row["err_note"] == "unique"
    at_rate = appraisal(one, saved({"o": amount}), **period, discount_rate=row["err"]).loc[0]
    assert at_rate["npv_usd"] == pytest.approx(0, abs=1e-6 * max(100, at_rate["cost_pv_usd"]))


def test_at_a_rate_of_zero_money_adds_up(options: pd.DataFrame) -> None:
    case = whole_life(
        options,
        saved({"drain": 60, "wall": 10}),
        empty("flows"),
        empty("unit_values"),
        base_year=2025,
        horizon_year=2040,
    )
    table = appraise(case, discount_rate=0.0).set_index("option_id")
    sums = by_option(case, case.money).sum(axis=1)
    assert table["npv_usd"].dropna().to_dict() == sums[["drain", "wall"]].to_dict()


def test_a_study_without_priced_options_has_no_appraisals(options: pd.DataFrame) -> None:
    table = appraisal(
        options.assign(initial_cost_usd=np.nan),
        saved({"drain": 60}),
        discount_rate=0.1,
        base_year=2025,
        horizon_year=2030,
    )
    assert table.empty
    assert table.columns.tolist() == empty("appraisals").columns.tolist()
    tables = (options.iloc[:0], saved({}), empty("flows"), empty("unit_values"))
    assert values_by_start(*tables, start_years=[2025], base_year=2025, horizon_year=2030, discount_rate=0.1).empty


def test_conventions_are_words() -> None:
    assert set(conventions()) == {"discounting", "benefits", "maintenance", "residual", "bounds"}
    assert all(text.endswith(".") for text in conventions().values())
