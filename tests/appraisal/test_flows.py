"""Whole-life money: a bridge with every line by hand, and laws that hold for any case."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.appraisal.costs import cost_schedule
from headwater.appraisal.flows import (
    Flows,
    by_option,
    has_benefit,
    paid_lines,
    plan_lines,
    present_values,
    unvalued,
    whole_life,
    with_residual,
)
from headwater.errors import AssumptionError, TableError, UnitError
from headwater.schema import empty, faults

PERIOD = {"base_year": 2025, "horizon_year": 2031}


def flow(flow_id: str, **columns: object) -> dict[str, object]:
    return {"flow_id": flow_id, "option_id": "bridge", "unit": "USD", "from_age_yr": 1, "source_id": "s"} | columns


def lines(case: Flows, name: str = "money") -> dict[str, list[float]]:
    """Sums of lines by item."""
    table = pd.DataFrame(getattr(case, name)).groupby(case.rows["item"].to_numpy()).sum()
    return {item: row.tolist() for item, row in zip(table.index, table.to_numpy(), strict=True)}


@pytest.fixture
def bridge() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "option_id": ["bridge"], "measure_id": ["raise"], "initial_cost_usd": [1000.0], "periodic_cost_usd": [50.0],
            "periodic_interval_yr": [2], "routine_cost_usd": [10.0], "routine_interval_yr": [1], "lifetime_yr": [4],
        }
    )  # fmt: skip


@pytest.fixture
def effects() -> pd.DataFrame:
    return pd.DataFrame(
        [
            ("bridge", "ead_usd_per_yr", "USD/yr", 100.0, 80.0, 150.0),
            ("bridge", "travel_hours", "h", 20.0, None, 30.0),
            ("bridge", "people", "people", 9.0, None, None),
        ],
        columns=["option_id", "item", "unit", "amount", "amount_low", "amount_high"],
    )


@pytest.fixture
def unit_values() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "item": ["travel_hours", "tco2e"], "unit": ["h", "tCO2e"], "usd_per_unit": [2.0, 50.0],
            "usd_per_unit_low": [1.0, 40.0], "usd_per_unit_high": [3.0, None], "annual_growth": [None, 1.0],
            "benefit": ["time_saved", "emissions"], "gains": ["users", "communities"], "group": ["poor", None],
            "is_cash": [False, None], "source_id": ["s", "s"],
        }
    )  # fmt: skip


NOTHING = {"effects": empty("effects"), "flows": empty("flows"), "unit_values": empty("unit_values")}


def test_a_bridge_with_every_line_by_hand(
    bridge: pd.DataFrame, effects: pd.DataFrame, unit_values: pd.DataFrame
) -> None:
    flows = pd.DataFrame(
        [
            flow("a_building", item="emissions", amount=-2.0, unit="unit", value_item="tco2e", from_age_yr=0,
                 to_age_yr=0, pays="communities", is_cash=False),
            flow("b_insurance", item="operation", amount=-0.01, unit="USD/capital", shadow_factor=0.5, pays="operator",
                 gains="insurers"),
            flow("c_toll", item="revenue", amount=7.0, from_age_yr=2, to_age_yr=5, every_yr=3, pays="users",
                 gains="operator"),
            flow("d_land", item="land", amount=-100.0, from_age_yr=0, to_age_yr=0, annual_growth=1.0),
            flow("e_left", item="residual", amount=0.25, unit="USD/capital", from_age_yr=0, is_cash=False),
        ]
    )  # fmt: skip
    case = whole_life(bridge, effects, flows, unit_values, **PERIOD, start_year=2026, benefit_growth=0.0)
    assert lines(case) == {
        "capital": [0, -1000, 0, 0, 0, 0, 0],
        "renewal": [0, 0, 0, 0, 0, -1000, 0],
        "maintenance": [0, 0, -10, -60, -10, -10, -10],  # periodic in 2028, not at the end of the life in 2030
        "avoided_damage": [0, 0, 100, 100, 100, 100, 100],
        "time_saved": [0, 0, 40, 40, 40, 40, 40],
        "emissions": [0, -200, 0, 0, 0, 0, 0],  # 2 x 50 doubled in the year from 2025
        "operation": [0, 0, -5, -5, -5, -5, -5],  # 1 % of 1000, at half the market price
        "revenue": [0, 0, 0, 7, 0, 0, 7],  # ages 2 and 5
        "land": [0, -200, 0, 0, 0, 0, 0],
        "residual": [0, 0, 0, 0, 0, 0, 250],
    }
    cash = lines(case, "cash")
    assert cash["operation"] == [0, 0, -10, -10, -10, -10, -10]
    assert {item for item, money in cash.items() if any(money)} == {
        "capital", "renewal", "maintenance", "operation", "revenue", "land"
    }  # fmt: skip
    assert lines(case, "low")["time_saved"][2] == 20  # 20 x 1, for the low hours are not given
    assert lines(case, "high")["time_saved"][2] == 90
    assert lines(case, "low")["avoided_damage"][2] == 80
    assert lines(case, "low")["emissions"][1] == -200
    assert lines(case, "high")["emissions"][1] == -160
    rows = case.rows.set_index("origin")
    assert rows.loc["travel_hours", ["pays", "gains", "group"]].tolist() == ["", "users", "poor"]
    assert rows.loc["initial_cost_usd", ["pays", "gains", "group"]].iloc[0].tolist() == [
        "government",
        "contractors",
        "",
    ]
    assert rows["is_effect"].sum() == 2
    assert set(case.rows["start_year"]) == {2026}
    assert unvalued(effects, unit_values) == ["people"]


def test_effects_grow_with_the_study_and_the_value_and_flows_by_their_own_rate_alone(
    bridge: pd.DataFrame, effects: pd.DataFrame, unit_values: pd.DataFrame
) -> None:
    carbon = effects.iloc[:1].assign(item="tco2e", unit="tCO2e", amount=1.0, amount_low=None, amount_high=None)
    toll = pd.DataFrame([flow("toll", item="revenue", amount=1.0, annual_growth=0.5)])
    case = whole_life(
        bridge, carbon, toll, unit_values, base_year=2025, horizon_year=2027, benefit_growth=0.1, start_year=2025
    )
    assert lines(case)["emissions"] == pytest.approx([0, 50 * 2.2, 50 * 2.2**2])
    assert lines(case)["revenue"] == pytest.approx([0, 1.5, 2.25])


def test_costs_are_those_of_the_schedule(bridge: pd.DataFrame) -> None:
    both = pd.concat([bridge, bridge.assign(option_id="a", lifetime_yr=3, routine_interval_yr=2)])
    starts = pd.Series({"bridge": 2027, "a": 2025})
    case = whole_life(both, **NOTHING, **PERIOD, start_year=starts)
    schedule = cost_schedule(both, **PERIOD, start_year=starts).sort_index()
    assert (-by_option(case, case.money)).to_numpy().tolist() == schedule.to_numpy().tolist()


def test_flows_of_a_measure_belong_to_each_of_its_options(bridge: pd.DataFrame) -> None:
    options = pd.concat([bridge, bridge.assign(option_id="road"), bridge.assign(option_id="wall", measure_id="wall")])
    shared = pd.DataFrame([flow("toll", option_id=None, measure_id="raise", item="revenue", amount=3.0)])
    case = whole_life(options, **NOTHING | {"flows": shared}, **PERIOD)
    assert case.rows.loc[case.rows["item"] == "revenue", "option_id"].tolist() == ["bridge", "road"]


def test_options_without_a_known_investment_stay_out(bridge: pd.DataFrame, effects: pd.DataFrame) -> None:
    options = pd.concat([bridge, bridge.assign(option_id="unknown", initial_cost_usd=np.nan)])
    gains = pd.concat([effects, effects.assign(option_id="unknown")])
    case = whole_life(options, **NOTHING | {"effects": gains}, **PERIOD)
    assert set(case.rows["option_id"]) == {"bridge"}
    nobody = whole_life(bridge.assign(initial_cost_usd=np.nan), **NOTHING, **PERIOD)
    assert nobody.money.shape == (0, 7)
    assert present_values(nobody, discount_rate=0.1).empty
    assert plan_lines(nobody, "p").empty


def test_every_fault_at_once(bridge: pd.DataFrame) -> None:
    flows = pd.DataFrame(
        [
            flow("nobody", item="revenue", amount=1.0, option_id=None),
            flow("both", item="revenue", amount=1.0, measure_id="raise"),
            flow("unknown", item="revenue", amount=1.0, option_id="tunnel"),
            flow("unvalued", item="emissions", amount=1.0, unit="unit"),
            flow("backwards", item="revenue", amount=1.0, from_age_yr=3, to_age_yr=2),
            flow("left", item="residual", amount=1.0, every_yr=2),
            flow("unpaid", item="tax", amount=-1.0, gains="government"),
            flow("endless", item="revenue", amount=np.inf),
        ]
    )
    with pytest.raises(TableError) as caught:
        whole_life(bridge, **NOTHING | {"flows": flows}, **PERIOD)
    assert sorted((f.row or 0, f.column) for f in caught.value.faults) == [
        (2, "option_id"), (3, "option_id"), (4, "option_id"), (5, "value_item"), (6, "to_age_yr"), (7, "every_yr"),
        (8, "pays"), (9, "amount"),
    ]  # fmt: skip
    with pytest.raises(TableError, match="mars"):
        whole_life(
            bridge, **NOTHING | {"flows": pd.DataFrame([flow("x", item="other", amount=1.0, pays="mars")])}, **PERIOD
        )


def test_bad_input_is_refused(bridge: pd.DataFrame, effects: pd.DataFrame, unit_values: pd.DataFrame) -> None:
    with pytest.raises(UnitError, match="travel_hours of bridge is in h; its value is per min"):
        whole_life(bridge, effects, empty("flows"), unit_values.assign(unit=["min", "tCO2e"]), **PERIOD)
    with pytest.raises(AssumptionError, match="benefit_growth"):
        whole_life(bridge, **NOTHING, **PERIOD, benefit_growth=-1.0)
    with pytest.raises(AssumptionError, match="start year of bridge"):
        whole_life(bridge, **NOTHING, **PERIOD, start_year=2032)
    with pytest.raises(TableError, match="more than once"):
        whole_life(pd.concat([bridge, bridge]), **NOTHING, **PERIOD)


def test_what_is_left_on_a_straight_line(bridge: pd.DataFrame) -> None:
    endless = bridge.assign(option_id="cut", lifetime_yr=np.nan)
    case = whole_life(pd.concat([bridge, endless]), **NOTHING, **PERIOD)
    valued = with_residual(case, pd.concat([bridge, endless]))
    assert lines(valued)["residual"] == [0, 0, 0, 0, 0, 0, 500]  # renewed in 2029, half of four years left
    row = valued.rows[valued.rows["item"] == "residual"].iloc[0]
    assert row[["option_id", "pays", "gains", "is_cash"]].tolist() == ["bridge", "", "government", False]
    assert not has_benefit(case).any()
    late = whole_life(bridge, **NOTHING, **PERIOD, start_year=2031)
    assert lines(with_residual(late, bridge))["residual"][-1] == 1000
    stated = pd.DataFrame([flow("left", item="residual", amount=1.0)])
    twice = whole_life(bridge, **NOTHING | {"flows": stated}, **PERIOD)
    with pytest.raises(AssumptionError, match="bridge"):
        with_residual(twice, bridge)


def test_tables_of_options_and_plans(bridge: pd.DataFrame, effects: pd.DataFrame, unit_values: pd.DataFrame) -> None:
    options = pd.concat([bridge, bridge.assign(option_id="other")])
    tax = flow("tax", item="tax", amount=-4.0, shadow_factor=0.0, pays="operator", gains="government")
    case = whole_life(
        options,
        effects,
        pd.DataFrame([tax]),
        unit_values,
        **PERIOD,
        start_year=pd.Series({"bridge": 2025, "other": 2026}),
    )
    items = present_values(case, discount_rate=0.0)
    assert faults(items, "case_items") == []
    assert items.set_index(["option_id", "item"]).at[("other", "renewal"), "pv_usd"] == -1000
    plan = plan_lines(case, "plan")
    assert faults(plan, "cash_flows") == []
    assert plan["amount_usd"].sum() == pytest.approx(case.money.sum())
    assert plan[plan["item"] == "capital"]["year"].tolist() == [2025, 2026]
    assert "tax" not in set(plan["item"])
    paid = paid_lines(case, "plan")
    assert faults(paid, "cash_flows") == []
    assert paid.groupby("item")["amount_usd"].sum()["tax"] == -24
    assert paid.groupby("item")["amount_usd"].sum()["time_saved"] == 240
    assert set(plan_lines(case, "plan", cash=True)["item"]) == {"capital", "renewal", "maintenance", "tax"}


def test_a_line_whose_bounds_cancel_is_still_there(bridge: pd.DataFrame) -> None:
    unsure = pd.DataFrame([flow("unsure", item="other", amount=0.0, amount_low=-5.0, amount_high=5.0)])
    plan = plan_lines(whole_life(bridge, **NOTHING | {"flows": unsure}, **PERIOD), "p")
    assert len(plan[plan["item"] == "other"]) == 6


# --- laws -------------------------------------------------------------------------------------------------------


@settings(max_examples=15, deadline=None)
@given(st.floats(-1e5, 1e5), st.floats(-1e5, 1e5), st.floats(0, 4), st.floats(-0.2, 0.3))
def test_worth_is_linear_in_the_flows(one: float, other: float, factor: float, rate: float) -> None:
    bridge = pd.DataFrame({"option_id": ["bridge"], "initial_cost_usd": [1000.0]})

    def worth(amount: float) -> float:
        table = pd.DataFrame([flow("f", item="revenue", amount=amount, every_yr=2, annual_growth=0.03)])
        case = whole_life(bridge, **NOTHING | {"flows": table}, **PERIOD)
        return float(present_values(case, discount_rate=rate).set_index("item").at["revenue", "pv_usd"])

    assert worth(one + factor * other) == pytest.approx(worth(one) + factor * worth(other), rel=1e-9, abs=1e-5)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 3), st.integers(0, 4), st.integers(1, 3), st.integers(1, 5))
def test_a_later_start_shifts_every_flow(wait: int, first: int, every: int, life: int) -> None:
    bridge = pd.DataFrame({"option_id": ["bridge"], "initial_cost_usd": [100.0], "lifetime_yr": [life]})
    table = pd.DataFrame([flow("f", item="revenue", amount=7.0, from_age_yr=first, every_yr=every)])
    now = whole_life(bridge, **NOTHING | {"flows": table}, base_year=2025, horizon_year=2040)
    later = whole_life(
        bridge, **NOTHING | {"flows": table}, base_year=2025, horizon_year=2040 + wait, start_year=2025 + wait
    )
    assert lines(later).keys() == lines(now).keys()
    for item, money in lines(now).items():
        assert lines(later)[item] == [0.0] * wait + money


@settings(max_examples=20, deadline=None)
@given(st.randoms(use_true_random=False))
def test_row_order_is_irrelevant(random: object) -> None:
    options = pd.DataFrame({"option_id": ["a", "bridge", "c"], "measure_id": "m", "initial_cost_usd": [1.0, 2.0, 3.0]})
    gains = pd.DataFrame(
        [(o, i, "USD/yr" if i == "ead_usd_per_yr" else "h", 1.1) for o in "ac" for i in ("ead_usd_per_yr", "hours")],
        columns=["option_id", "item", "unit", "amount"],
    )
    hours = pd.DataFrame(
        {
            "item": ["hours"],
            "unit": "h",
            "usd_per_unit": 2.0,
            "benefit": "time_saved",
            "gains": "users",
            "source_id": "s",
        }
    )
    stated = pd.DataFrame(
        [
            flow("x", item="revenue", amount=1.0),
            flow("y", item="revenue", amount=0.1),
            flow("z", item="tax", amount=-0.3, option_id=None, measure_id="m"),
        ]
    )
    seed = random.randint(0, 2**32 - 1)  # type: ignore[attr-defined]
    turned = [table.sample(frac=1, random_state=seed) for table in (options, gains, stated)]
    before = [table.copy(deep=True) for table in turned]
    one = whole_life(options, gains, stated, hours, **PERIOD)
    other = whole_life(*turned, hours, **PERIOD)
    pd.testing.assert_frame_equal(one.rows, other.rows)
    assert (one.money == other.money).all()
    for table, copy in zip(turned, before, strict=True):
        pd.testing.assert_frame_equal(table, copy)


def test_ten_thousand_options_in_a_second_or_so() -> None:
    ids = [f"o{i:05}" for i in range(10_000)]
    options = pd.DataFrame(
        {"option_id": ids, "initial_cost_usd": 1.0, "routine_cost_usd": 0.1, "routine_interval_yr": 1}
    )
    gains = pd.DataFrame({"option_id": ids, "item": "ead_usd_per_yr", "unit": "USD/yr", "amount": 1.0})
    begun = time.perf_counter()
    case = whole_life(options, **NOTHING | {"effects": gains}, base_year=2025, horizon_year=2100)
    assert time.perf_counter() - begun < 5  # a fraction of a second on a quiet machine
    assert case.money.shape == (30_000, 76)
