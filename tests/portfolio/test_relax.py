"""Why no plan exists, and the least that would have to give way."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.errors import Infeasible
from headwater.portfolio.model import PortfolioModel, build_model, common_budget
from headwater.portfolio.relax import conflicts, relaxation, relaxation_words
from headwater.portfolio.solve import Solver
from headwater.words import speaking

RULE = {"rule_id": "r", "rule": "at_least", "item": "options", "amount": 1.0, "source_id": "s", "column": "sector"}
WATER = RULE | {"rule_id": "w", "name": "at least 1 of water", "value": "water"}
ENERGY = RULE | {"rule_id": "e", "name": "at least 1 of energy", "value": "energy"}
OPTIONS = pd.DataFrame(
    {
        "option_id": ["o0", "o1", "o2"],
        "initial_cost_usd": [5.0, 5.0, 1.0],
        "sector": ["water", "water", "energy"],
        "exclusive_group": ["g", "g", None],
    }
)


def model_of(*rules: dict[str, Any], budgets: pd.DataFrame | None = None, **keywords: Any) -> PortfolioModel:
    keywords = {"options": OPTIONS, "start_years": [2025], "values": {"npv_usd": np.array([1.0, 1.0, 1.0])}} | keywords
    return build_model(
        objectives=["npv_usd"], budgets=budgets, rules=pd.DataFrame(list(rules)) if rules else None, **keywords
    )


def changes(model: PortfolioModel, **bounds: dict[str, float]) -> list[list[object]]:
    return relaxation(model, **bounds)[["name", "change", "amount"]].values.tolist()


def test_the_smallest_conflict_is_named() -> None:
    poor = model_of(WATER, ENERGY, budgets=common_budget(4))
    assert conflicts(poor) == ["budget", "at least 1 of water"]
    with pytest.raises(Infeasible, match="budget; at least 1 of water\nThe least change that would do") as caught:
        Solver(poor).best("npv_usd")
    assert caught.value.conflicts == ["budget", "at least 1 of water"]
    rich = model_of(WATER | {"amount": 2.0, "name": "at least 2 of water"}, budgets=common_budget(99))
    assert conflicts(rich) == ["exclusive groups", "at least 2 of water"]
    none = model_of(WATER | {"value": "waste", "name": "at least 1 of waste"}, budgets=common_budget(99))
    assert conflicts(none) == ["at least 1 of waste"]
    assert conflicts(model_of(WATER, ENERGY, budgets=common_budget(6))) == []


def test_bounds_are_named_and_explained_when_asked() -> None:
    solver = Solver(model_of(budgets=common_budget(4)))
    with pytest.raises(Infeasible) as quick:
        solver.best("npv_usd", at_least={"options": 2})
    assert quick.value.conflicts == ["at least 2 of options"]
    with pytest.raises(Infeasible, match="budget: 2 more"):
        solver.best("npv_usd", at_least={"options": 2}, explain=True)
    with pytest.raises(Infeasible) as both:
        solver.best("npv_usd", at_least={"npv_usd": 1}, at_most={"initial_cost_usd": 0.5}, explain=True)
    assert both.value.conflicts == ["at least 1 of npv_usd", "at most 0.5 of initial_cost_usd"]


def test_the_least_change_by_hand() -> None:
    """2 more of 4 is half of it; doing without water is all of that rule, and so is doing without energy."""
    assert changes(model_of(WATER, ENERGY, budgets=common_budget(4))) == [["budget", "more", 2.0]]
    assert changes(model_of(WATER, ENERGY, budgets=common_budget(1))) == [["at least 1 of water", "less", 1.0]]
    two = WATER | {"amount": 2.0, "name": "at least 2 of water"}
    assert changes(model_of(two, budgets=common_budget(5))) == [["at least 2 of water", "less", 1.0]]
    at_most = WATER | {"rule_id": "m", "rule": "at_most", "item": "npv_usd", "amount": 0.75, "name": "little worth"}
    assert changes(model_of(WATER, at_most)) == [["little worth", "more", 0.25]]
    assert changes(model_of(budgets=common_budget(9))) == []


def test_the_least_change_of_a_share() -> None:
    share = WATER | {"rule": "at_least_share", "item": "initial_cost_usd", "amount": 0.9, "name": "water's share"}
    found = relaxation(model_of(share, ENERGY))
    assert found[["name", "change"]].values.tolist() == [["water's share", "share"]]
    assert found["amount"].tolist() == pytest.approx([5 / 6])
    assert "water's share: a share of 0.833333 instead of 0.9" in relaxation_words(found)


def test_more_money_in_one_year_serves_the_later_ones() -> None:
    money = pd.DataFrame({"source": "", "start_year": [2025, 2030], "amount_usd": [1.0, 3.0]})
    early = WATER | {"by_year": 2025}
    keywords = {"start_years": [2025, 2030], "values": {"npv_usd": np.ones((3, 2))}, "budgets": money}
    found = relaxation(model_of(early, **keywords))
    assert found[["name", "start_year", "amount"]].values.tolist() == [["budget", 2025, 4.0]]
    assert relaxation_words(found) == "The least change that would do: budget of 2025: 4 more"
    found = relaxation(model_of(WATER, **keywords))
    assert found[["start_year", "amount"]].values.tolist() == [[2030, 1.0]]


def test_the_true_cost_beyond_a_budget() -> None:
    dear = OPTIONS.assign(initial_cost_usd=[7e6 + 0.25, 9e6, 1.0])
    assert changes(model_of(WATER | {"amount": 1.0}, options=dear, budgets=common_budget(4e6))) == [
        ["budget", "more", 3_000_000.25]
    ]


def test_a_budget_of_nothing() -> None:
    found = changes(model_of(ENERGY | {"amount": 1.0}, budgets=common_budget(0)))
    assert found in ([["budget", "more", 1.0]], [["at least 1 of energy", "less", 1.0]])


def test_interactions_count_where_a_rule_counts_them() -> None:
    joint = pd.DataFrame({"interaction_id": ["k"], "item": "npv_usd", "option_ids": "o0;o2", "amount": [2.0]})
    poor = model_of(WATER, budgets=common_budget(4), interactions=joint)
    assert conflicts(poor) == ["budget", "at least 1 of water"]
    assert changes(poor) == [["budget", "more", 1.0]]
    worth = RULE | {"name": "worth", "item": "npv_usd", "amount": 5.0, "column": None}
    assert conflicts(model_of(worth, interactions=joint)) == ["exclusive groups", "worth"]
    assert changes(model_of(worth, interactions=joint)) == [["worth", "less", pytest.approx(1.0)]]


def test_in_chinese() -> None:
    with speaking("zh"), pytest.raises(Infeasible) as caught:
        Solver(model_of(WATER | {"name_zh": "供水至少一项"}, budgets=common_budget(4))).best("npv_usd")
    assert "供水至少一项" in str(caught.value)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(1, 9), min_size=2, max_size=5), st.integers(0, 20), st.integers(1, 5), st.integers(1, 30),
    st.booleans(),
)  # fmt: skip
def test_the_change_is_enough_and_a_conflict_is_one(
    cost: list[int], budget: int, count: int, people: int, by_year: bool
) -> None:
    n = len(cost)
    options = pd.DataFrame({"option_id": [f"o{i}" for i in range(n)], "initial_cost_usd": cost}).astype(
        {"initial_cost_usd": float}
    )
    values = {"npv_usd": np.ones((n, 2)), "people": np.outer(np.arange(1.0, n + 1), [1, 1])}
    rules = [
        {"rule_id": "a", "name": "a", "rule": "at_least", "item": "options", "amount": float(count), "source_id": "s"},
        {"rule_id": "b", "name": "b", "rule": "at_least", "item": "people", "amount": float(people), "source_id": "s"},
    ]
    table = pd.DataFrame(rules).assign(by_year=[2025 if by_year else None, None])
    money = pd.DataFrame({"source": "", "start_year": [2025, 2030], "amount_usd": [float(budget), 1.0]})

    def model(money: pd.DataFrame, table: pd.DataFrame) -> PortfolioModel:
        return build_model(
            options, start_years=[2025, 2030], values=values, objectives=["npv_usd"], budgets=money, rules=table
        )

    asked = model(money, table)
    found = relaxation(asked)
    try:
        Solver(asked).best("npv_usd", explain=False)
    except Infeasible:
        assert len(found)
        assert conflicts(asked)
    else:
        assert found.empty
        assert conflicts(asked) == []
    for name, year, change, amount in found[["name", "start_year", "change", "amount"]].itertuples(index=False):
        if name == "budget":
            money.loc[money["start_year"] == year, "amount_usd"] += amount
        else:
            assert change == "less"
            table.loc[table["name"] == name, "amount"] -= amount
    assert Solver(model(money, table)).best("npv_usd").status == "optimal"
