"""The best portfolio: by hand, against every portfolio there is, and to the cent."""

from __future__ import annotations

import itertools
import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.errors import Infeasible, TimedOut
from headwater.portfolio.model import build_model, to_cents
from headwater.portfolio.solve import Solution, conflicts, plan, solve
from headwater.schema import faults


def options_of(cost: list[float], value: list[float | None], **columns: list[object]) -> pd.DataFrame:
    names = [f"o{i}" for i in range(len(cost))]
    table = {"option_id": names, "initial_cost_usd": cost, "npv_usd": pd.array(value, dtype="Float64")}
    return pd.DataFrame(table | columns).astype({"npv_usd": "float64"})


def choice(table: pd.DataFrame, budget: float, **keywords: object) -> list[str]:
    model = build_model(table, objective="npv_usd", budget_usd=budget, **keywords)
    return model.option_ids[solve(model).chosen].tolist()


def test_knapsack_by_hand() -> None:
    """The densest option first would give o0 alone, worth 7."""
    table = options_of([6, 5, 5, 9, 1], [7, 5, 5, 8, -1])
    assert choice(table, 10) == ["o1", "o2"]
    assert choice(table, 5.99) in (["o1"], ["o2"])
    assert choice(table, 0) == []
    assert choice(table, 100) == ["o0", "o1", "o2", "o3"]


def test_exclusive_and_prerequisite_by_hand() -> None:
    table = options_of([1, 1, 1, 1], [5, 4, 3, -2])
    assert choice(table.assign(exclusive_group=["g", "g", None, None]), 10) == ["o0", "o2"]
    assert choice(table.assign(requires_option_id=["o3", None, None, None]), 10) == ["o0", "o1", "o2", "o3"]
    assert choice(table.assign(requires_option_id=["o3", None, None, None]), 1) == ["o1"]


def test_minimum_counts_buy_what_does_not_pay() -> None:
    table = options_of([1, 1, 2], [5, 4, -3], sector=["energy", "energy", "water"])
    assert choice(table, 3, minimum_counts={"water": 1}) == ["o0", "o2"]


def test_what_adds_nothing_is_not_bought() -> None:
    table = options_of([1, 1, 1], [0, 0, 3], requires_option_id=[None, None, "o1"])
    assert choice(table, 10) == ["o1", "o2"]


def test_budget_holds_to_the_cent() -> None:
    table = options_of([0.1, 0.2, 1e9], [1, 1, 10])
    assert choice(table, 0.3) == ["o0", "o1"]  # 0.1 + 0.2 > 0.3 in floating point
    assert choice(table, 0.29) in (["o0"], ["o1"])
    assert choice(table, 1_000_000_000.30) == ["o0", "o1", "o2"]
    assert len(choice(table, 1_000_000_000.29)) == 2


def test_ten_billion_and_a_cent() -> None:
    table = options_of([4e9 + 0.01, 3e9, 3e9], [3, 2, 2])
    assert choice(table, 7e9) == ["o1", "o2"]
    assert choice(table, 7e9 + 0.01) == ["o0", "o1"] or choice(table, 7e9 + 0.01) == ["o0", "o2"]


@st.composite
def instances(draw: st.DrawFn) -> tuple[pd.DataFrame, float]:
    n = draw(st.integers(1, 8))
    costs = st.floats(0, 1e6).map(lambda x: round(x, 2))
    values = st.one_of(st.none(), st.floats(-1e5, 1e6).map(lambda x: round(x, 2)))
    groups = st.sampled_from([None, "g", "h"])
    required = st.sampled_from([None, None, *(f"o{i}" for i in range(n))])
    cost, value, group, requires = (
        draw(st.lists(each, min_size=n, max_size=n)) for each in (costs, values, groups, required)
    )
    table = options_of(cost, value, exclusive_group=group, requires_option_id=requires)
    return table, draw(st.floats(0, float(table["initial_cost_usd"].sum()) + 1).map(lambda x: round(x, 2)))


def is_allowed(table: pd.DataFrame, cents: dict[str, int], budget: int, chosen: tuple[str, ...]) -> bool:
    rows = table.loc[list(chosen)]
    groups = rows["exclusive_group"].dropna()
    needs = rows["requires_option_id"].dropna()
    return (
        bool(rows["npv_usd"].notna().all())
        and sum(cents[o] for o in chosen) <= budget
        and groups.is_unique
        and set(needs) <= set(chosen)
    )


@settings(max_examples=60, deadline=None)
@given(instances())
def test_equals_the_best_of_all_portfolios(instance: tuple[pd.DataFrame, float]) -> None:
    table, budget = instance
    by_id = table.set_index("option_id")
    cents = dict(zip(by_id.index, to_cents(by_id["initial_cost_usd"]).tolist(), strict=True))
    allowed = [
        c
        for size in range(len(by_id) + 1)
        for c in itertools.combinations(by_id.index, size)
        if is_allowed(by_id, cents, int(to_cents(budget)), c)
    ]
    best = max(float(by_id.loc[list(c), "npv_usd"].sum()) for c in allowed)
    model = build_model(table, objective="npv_usd", budget_usd=budget)
    found = solve(model)
    assert tuple(model.option_ids[found.chosen]) in allowed
    assert found.objective == pytest.approx(best, rel=1e-9, abs=1e-6)
    assert (found.status, found.gap) == ("optimal", 0)


@settings(max_examples=25, deadline=None)
@given(instances(), st.floats(0, 1e6), st.randoms(use_true_random=False))
def test_more_money_is_never_worse_and_row_order_irrelevant(
    instance: tuple[pd.DataFrame, float], more: float, random: object
) -> None:
    table, budget = instance
    small = solve(build_model(table, objective="npv_usd", budget_usd=budget))
    large = solve(build_model(table, objective="npv_usd", budget_usd=budget + more))
    assert large.objective >= small.objective - 1e-6
    order = list(range(len(table)))
    random.shuffle(order)  # type: ignore[attr-defined]
    assert choice(table.iloc[order], budget) == choice(table, budget)


def test_impossible_names_the_smallest_conflict() -> None:
    table = options_of([5, 5, 1], [1, 1, 1], sector=["water", "water", "energy"], exclusive_group=["g", "g", None])
    poor = build_model(table, objective="npv_usd", budget_usd=4, minimum_counts={"energy": 1, "water": 1})
    assert conflicts(poor) == ["budget", "at least 1 of water"]
    with pytest.raises(Infeasible, match="budget; at least 1 of water"):
        solve(poor)
    rich = build_model(table, objective="npv_usd", budget_usd=99, minimum_counts={"water": 2})
    assert conflicts(rich) == ["exclusive groups", "at least 2 of water"]
    none = build_model(table, objective="npv_usd", budget_usd=99, minimum_counts={"waste": 1})
    assert conflicts(none) == ["at least 1 of waste"]
    with pytest.raises(Infeasible, match="at least 1 of waste"):
        solve(build_model(table.assign(npv_usd=np.nan), objective="npv_usd", budget_usd=9, minimum_counts={"waste": 1}))


def hard_instance(n: int) -> pd.DataFrame:
    """Values close to costs, which branch and bound finds hard."""
    rng = np.random.default_rng(7)
    cost = rng.integers(10_000, 90_000, n).astype(float)
    return options_of(cost.tolist(), (cost + 10_000 + rng.integers(0, 7, n)).tolist())


def test_time_limit_carries_the_best_found_and_a_bound() -> None:
    table = hard_instance(400)
    budget = float(table["initial_cost_usd"].sum() / 2)
    model = build_model(table, objective="npv_usd", budget_usd=budget)
    with pytest.raises(TimedOut, match="Time ran out") as caught:
        solve(model, time_limit_s=1.0)
    best = caught.value.best
    assert isinstance(best, Solution)
    assert best.status == "time_limit"
    assert best.bound > best.objective == pytest.approx(model.value[best.chosen].sum())
    assert best.gap == pytest.approx(best.bound / best.objective - 1)
    assert model.cost_cents[best.chosen].sum() <= model.budget_cents
    _plans, summaries = plan(table, budgets={"p": budget}, objective="npv_usd", start_year=2025, time_limit_s=1.0)
    assert summaries["status"].tolist() == ["time_limit"]
    assert 0 < summaries.at[0, "gap"] < 0.01
    assert faults(summaries, "plan_summaries") == []


def test_plan_under_three_budgets() -> None:
    table = options_of([6, 5, 5, 9], [7, 5, 5, None], exclusive_group=["g", None, None, None])
    budgets = {"low": 5.0, "middle": 10.0, "none": 0.0}
    plans, summaries = plan(table, budgets=budgets, objective="npv_usd", start_year=2025)
    assert faults(plans, "plans") == []
    assert faults(summaries, "plan_summaries") == []
    assert plans[["plan_id", "option_id"]].values.tolist()[1:] == [["middle", "o1"], ["middle", "o2"]]
    by_plan = summaries.set_index("plan_id")
    assert by_plan.index.tolist() == ["low", "middle", "none"]
    assert by_plan["npv_usd"].tolist() == [5, 10, 0]
    assert by_plan["spent_usd"].tolist() == [5, 10, 0]
    assert by_plan["options"].tolist() == [1, 2, 0]
    assert (by_plan["gap"] == 0).all()


def test_plan_by_another_objective_adds_up_worth_where_known() -> None:
    table = options_of([1, 1, 1], [4, None, 2]).assign(people=[0.0, 50.0, 10.0])
    plans, summaries = plan(table, budgets={"p": 2, "q": 1}, objective="people", start_year=2025)
    assert plans["objective_value"].tolist() == [50, 10, 50]
    assert summaries["objective_value"].tolist() == [60, 50]
    assert summaries["npv_usd"].isna().all()  # the worth of o1 is not known


def test_empty_plan_has_typed_columns() -> None:
    plans, summaries = plan(options_of([5], [1]), budgets={"p": 1}, objective="npv_usd", start_year=2025)
    assert plans.empty
    assert faults(plans, "plans") == []
    assert summaries["options"].tolist() == [0]


def test_thousands_of_options_in_seconds() -> None:
    rng = np.random.default_rng(0)
    n = 4000
    cost = rng.lognormal(12, 1, n).round(2)
    table = options_of(cost.tolist(), (cost * rng.lognormal(0.3, 0.4, n) - cost).tolist())
    table["exclusive_group"] = rng.integers(0, 700, n).astype(str)
    begun = time.process_time()
    found = solve(build_model(table, objective="npv_usd", budget_usd=2e7))
    assert time.process_time() - begun < 20
    assert found.gap == 0
