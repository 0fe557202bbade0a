"""Plans under budgets, and what the models say of a whole plan, on tables small enough to see through."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import pytest

from headwater.journey import choose
from headwater.schema import check, empty
from headwater.settings import Budget, StudyHeader

OPTIONS = pd.DataFrame(
    [
        ("dyke", 60.0, None, None), ("drain", 50.0, None, None), ("wall", 40.0, "shore", None),
        ("reef", 30.0, "shore", None), ("lamp", 10.0, None, "dyke"), ("loss", 1.0, None, None),
        ("priceless", None, None, None),
    ],
    columns=["option_id", "initial_cost_usd", "exclusive_group", "requires_option_id"],
).assign(name="", sector="water", kind="adapt", source_id="toy")  # fmt: skip
NPV = {"dyke": 5.0, "drain": 20.0, "wall": 12.0, "reef": 11.0, "lamp": 30.0, "loss": -1.0, "priceless": 99.0}
APPRAISALS = pd.DataFrame({"option_id": list(NPV), "npv_usd": list(NPV.values())})
EFFECTS = pd.DataFrame(
    {"option_id": ["dyke", "drain"], "item": "population_cut_off", "unit": "people", "amount": [7.0, 3.0]}
)


def header(objective: str = "npv_usd", **budgets: float) -> StudyHeader:
    return StudyHeader(
        study_id="x", title={}, summary={}, iso3="XXX", currency="USD", price_year=2025, base_year=2026,
        horizon_year=2050, crs="EPSG:4326", objective=objective,
        budgets=tuple(Budget(name, amount, {}) for name, amount in budgets.items()),
    )  # fmt: skip


def chosen(header: StudyHeader) -> dict[str, set[str]]:
    plans, summaries = choose.choices(OPTIONS, EFFECTS, APPRAISALS, header)
    check(plans, "plans")
    check(summaries, "plan_summaries")
    assert (plans["start_year"] == 2026).all()
    assert summaries["plan_id"].tolist() == [budget.plan_id for budget in header.budgets]
    return {plan: set(plans.loc[plans["plan_id"] == plan, "option_id"]) for plan in summaries["plan_id"]}


def test_plans_by_hand() -> None:
    """9 buys nothing of worth; 100 dyke, lamp, reef (46); 120 dyke, lamp, drain (55); never wall and reef."""
    assert chosen(header(none=9, some=100, more=120, plenty=1e6)) == {
        "none": set(),
        "some": {"dyke", "lamp", "reef"},
        "more": {"dyke", "lamp", "drain"},
        "plenty": {"dyke", "lamp", "drain", "wall"},
    }


def test_another_objective_chooses_by_its_effect() -> None:
    assert chosen(header("population_cut_off", little=50, enough=60)) == {"little": {"drain"}, "enough": {"dyke"}}


def test_objective_that_nothing_serves_gives_an_empty_plan() -> None:
    assert chosen(header("person_hours_lost", all=1e6)) == {"all": set()}


def test_without_budgets_there_are_no_plans() -> None:
    assert chosen(header()) == {}


@pytest.mark.parametrize(("options", "effects"), [(0, 0), (7, 0)])
@pytest.mark.parametrize("objective", ["npv_usd", "ead_usd_per_yr"])
def test_nothing_to_choose_from(objective: str, options: int, effects: int) -> None:
    plans, summaries = choose.choices(
        OPTIONS.head(options), empty("effects").head(effects), empty("appraisals"), header(objective, all=1e6)
    )
    assert plans.empty
    assert summaries[["plan_id", "options", "spent_usd"]].values.tolist() == [["all", 0, 0.0]]


# --- the whole plan -----------------------------------------------------------------------------------------------

SYSTEM = {
    "assets": pd.DataFrame({"asset_id": ["x"]}),
    "links": pd.DataFrame({"link_id": ["xy", "yz"], "speed_km_per_h": [10.0, 10.0]}),
}
CHANGES = pd.DataFrame(
    {
        "option_id": ["fast_xy", "fast_yz"], "table": "links", "row_id": ["xy", "yz"], "action": "set",
        "column": "speed_km_per_h", "value": "20",
    }
)  # fmt: skip
PLANS = pd.DataFrame({"plan_id": ["one", "two", "two", "idle"], "option_id": ["fast_xy", "fast_xy", "fast_yz", "sign"]})
ALONE = pd.DataFrame(
    {"option_id": ["fast_xy", "fast_yz"], "item": "person_hours_lost", "unit": "person-hours", "amount": [4.0, 4.0]}
)


def hours(system: Mapping[str, pd.DataFrame]) -> pd.Series:
    """Hours fall by four for the first faster road, and by one more for the second: options act on each other."""
    faster = int((system["links"]["speed_km_per_h"] > 10).sum())
    return pd.Series({"population_cut_off": 0.0, "person_hours_lost": [10.0, 6.0, 5.0][faster]})


def one_by_one(function, items) -> list:
    return [function(item) for item in items]


def test_whole_plan_is_run_and_its_difference_from_the_sum_shown() -> None:
    table = choose.whole_plan(
        SYSTEM, CHANGES, PLANS, ALONE, damage=None, service=(hours, hours(SYSTEM)), run=one_by_one
    )  # fmt: skip
    check(table, "plan_checks")
    rows = table[table["item"] == "person_hours_lost"].set_index("plan_id")
    assert rows[["sum_of_options", "whole_plan", "difference"]].to_numpy().tolist() == [
        [4, 4, 0],
        [8, 5, -3],
        [0, 0, 0],
    ]


def test_whole_plan_adds_damage_up() -> None:
    def damage(system: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
        return pd.DataFrame({"ead_usd_per_yr": 100 / system["links"]["speed_km_per_h"]})

    effects = ALONE.assign(item="ead_usd_per_yr", unit="USD/yr", amount=5.0)
    table = choose.whole_plan(
        SYSTEM, CHANGES, PLANS.iloc[:3], effects, damage=(damage, damage(SYSTEM)), service=None, run=one_by_one
    )  # fmt: skip
    assert table["difference"].to_numpy() == pytest.approx(0)
    assert table["unit"].tolist() == ["USD/yr", "USD/yr"]


def test_study_without_models_or_plans_has_nothing_to_check() -> None:
    table = choose.whole_plan(SYSTEM, CHANGES, PLANS.iloc[:0], ALONE, damage=None, service=None, run=one_by_one)
    check(table, "plan_checks")
    assert table.empty
