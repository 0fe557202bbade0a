"""Large portfolios: the same plans as the exact solver, bounds that hold, and no plan that is not allowed."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from headwater.errors import AssumptionError, Infeasible, TimedOut
from headwater.portfolio.bound import Relaxation, priced
from headwater.portfolio.cumulative import cumulated
from headwater.portfolio.large import solve_large
from headwater.portfolio.model import PortfolioModel, active_columns, build_model, common_budget, is_allowed
from headwater.portfolio.solve import Solver
from headwater.portfolio.weighted import non_dominated, weighted_plans

ITEMS = {"npv_usd": 1, "people": 1, "emissions_tco2e": -1}
YEARS = [2025, 2030, 2035]


def model_of(seed: int, count: int = 14, *, joint: bool = True, target: float = 0.1) -> PortfolioModel:
    """A portfolio with every kind of constraint, numbers at random."""
    rng = np.random.default_rng(seed)
    ids = [f"o{i:03}" for i in range(count)]
    cost = rng.integers(100, 2000, count) / 100
    table = pd.DataFrame(
        {
            "option_id": ids,
            "initial_cost_usd": cost,
            "sector": rng.choice(["water", "energy"], count),
            "exclusive_group": [f"g{i // 2}" if i < count // 3 else None for i in range(count)],
            "requires_option_id": [ids[0] if i == count - 1 else None for i in range(count)],
            "together_group": ["t" if i in (count - 2, count - 3) else None for i in range(count)],
        }
    )
    npv = np.outer(cost * rng.uniform(0.5, 2, count) - 3, [1, 0.9, 0.8])
    people = np.repeat(rng.integers(1, 50, count)[:, None], 3, axis=1)
    emissions = np.repeat(rng.integers(-20, 20, count)[:, None], 3, axis=1)
    pairs = [rng.choice(count, 2, replace=False) for _ in range(2 * count)]
    interactions = pd.DataFrame(
        {
            "interaction_id": [f"k{i}" for i in range(len(pairs))],
            "item": "npv_usd",
            "option_ids": [f"{ids[a]};{ids[b]}" for a, b in pairs],
            "unit": "USD",
            "amount": rng.normal(1, 2, len(pairs)),
            "origin": "model",
        }
    )
    rules = pd.DataFrame(
        [
            {
                "rule_id": "r", "name": "served", "rule": "at_least", "item": "people", "column": "sector",
                "value": "water", "amount": target * people[:, 0].sum() * (table["sector"] == "water").mean(),
                "source_id": "s",
            }
        ]
    )  # fmt: skip
    budget = 0.4 * cost.sum() / 3
    return build_model(
        table, start_years=YEARS, values={"npv_usd": npv, "people": people, "emissions_tco2e": emissions},
        objectives=list(ITEMS), senses=ITEMS, rules=rules, interactions=interactions if joint else None,
        budgets=pd.DataFrame({"source": "", "start_year": YEARS, "amount_usd": budget}),
        profiles={"npv_usd": np.array([1, 0.8, 0.6])},
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("item", list(ITEMS))
def test_as_good_as_the_exact_solver(seed: int, item: str) -> None:
    model, sense = model_of(seed), ITEMS[item]
    exact = Solver(model).best(item, sense=sense)
    found = solve_large(model, item, sense=sense, time_limit_s=None)
    assert is_allowed(model, found.starts)
    assert found.status == "optimal"
    assert found.gap <= 5e-4
    slack = 1e-6 * abs(exact.objective)
    assert sense * (found.bound - exact.objective) >= -slack
    assert sense * (exact.objective - found.objective) <= 5e-4 * abs(found.objective) + slack
    assert found.totals[item] == found.objective


def test_a_first_order_relaxation_and_rounds_of_open_options() -> None:
    model = model_of(1, 150, target=0.2)
    assert model.decisions > 300
    told: list[tuple[float, float, float]] = []
    found = solve_large(model, "npv_usd", target_gap=0.01, progress=lambda *now: told.append(now), time_limit_s=None)
    again = solve_large(model, "npv_usd", target_gap=0.01, time_limit_s=None)
    exact = Solver(model, gap=2e-3).best("npv_usd")
    assert is_allowed(model, found.starts)
    assert found.gap <= 0.01
    assert found.status == "optimal"
    assert (again.starts == found.starts).all()
    assert again.bound == found.bound
    assert found.bound >= exact.objective * (1 - 1e-9)
    best = np.array([each[0] for each in told])
    bound = np.array([each[1] for each in told])
    assert math.isnan(best[0])
    assert (np.diff(best[1:]) >= 0).all()
    assert (np.diff(bound) <= 1e-6).all()
    assert (bound[1:] >= best[1:]).all()
    assert best[-1] == pytest.approx(found.objective)


def test_by_hand() -> None:
    options = pd.DataFrame({"option_id": ["a", "b", "c"], "initial_cost_usd": [6.0, 5.0, 5.01]})
    npv = pd.Series({"a": 7.0, "b": 5.0, "c": 5.0})

    def best(budget: float) -> list[int]:
        model = build_model(
            options, start_years=[2025], values={"npv_usd": npv}, objectives=["npv_usd"], budgets=common_budget(budget)
        )
        return solve_large(model, "npv_usd").starts.tolist()

    assert best(10.01) == [-1, 0, 0]
    assert best(10.00) == [0, -1, -1]  # a cent short
    assert best(4.99) == [-1, -1, -1]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_any_prices_prove_a_bound(seed: int, other: int) -> None:
    """Whatever the prices: what a plan is worth stays below, and a start that it takes costs no more than is left."""
    model, rng = model_of(seed % 7), np.random.default_rng(other)
    worth = model.values["npv_usd"]
    bound, loss = priced(model, model.matrix, worth, rng.normal(0, 2, len(model.lower)))
    exact = Solver(model).best("npv_usd")
    assert bound >= exact.objective - 1e-9
    taken = loss[np.arange(len(loss)), np.where(exact.starts < 0, model.periods, exact.starts)]
    assert (bound - taken >= exact.objective - 1e-9).all()


def test_exact_prices_prove_the_relaxation() -> None:
    """The bound is the optimum of the relaxation, as scipy has it; rough prices prove no less."""
    model = model_of(3)
    worth = model.values["npv_usd"]
    both = scipy.sparse.vstack([model.matrix, -model.matrix]).tocsr()
    limits = np.append(model.upper_rows, -model.lower)
    kept = np.isfinite(limits)
    oracle = linprog(-worth, both[kept], limits[kept], bounds=np.column_stack([np.zeros(len(worth)), model.upper]))
    relaxation = Relaxation(model)
    exact, rough = (relaxation.prices(worth, tolerance=tolerance) for tolerance in (None, 1e-4))
    assert exact is not None
    assert rough is not None
    assert exact.bound == pytest.approx(-oracle.fun, rel=1e-8)
    assert rough.bound >= exact.bound - 1e-8
    assert exact.share.sum(axis=1) == pytest.approx(np.ones(len(exact.share)))
    assert Solver(model).best("npv_usd").objective <= exact.bound


def test_cumulative_rows_allow_the_same_plans() -> None:
    model = model_of(2)
    form = cumulated(model)
    rng = np.random.default_rng(0)
    exact = [Solver(model).best(item, sense=sense).starts for item, sense in ITEMS.items()]
    at_random = [rng.integers(-1, 3, len(model.option_ids)) for _ in range(50)]
    for starts in [*exact, *at_random]:
        active = active_columns(model, starts).astype(float)
        began = active.copy()
        began[: model.decisions] = np.cumsum(active[: model.decisions].reshape(-1, 3), axis=1).ravel()
        assert form.by_start @ began == pytest.approx(active)
        inside = form.matrix @ began
        fits = bool(((inside >= form.lower - 1e-9) & (inside <= form.upper_rows + 1e-9)).all())
        whole = model.matrix @ active
        assert fits == bool(((whole >= model.lower - 1e-9) & (whole <= model.upper_rows + 1e-9)).all())


def test_impossible_unknown_and_too_late() -> None:
    with pytest.raises(Infeasible, match="served"):
        solve_large(model_of(0, target=50.0), "npv_usd")
    with pytest.raises(AssumptionError, match="no values of km"):
        solve_large(model_of(0), "km")
    with pytest.raises(AssumptionError, match="direction"):
        solve_large(model_of(0), "npv_usd", sense=-1)
    with pytest.raises(TimedOut):
        solve_large(model_of(0, 150), "npv_usd", time_limit_s=0.0)


@pytest.mark.slow
def test_weighted_plans_are_allowed_apart_and_bounded() -> None:
    model = model_of(4)
    table, starts = weighted_plans(model, ITEMS, seconds=300, most=20)
    more, _starts = weighted_plans(model, ITEMS, seconds=300, most=25)
    assert len(table) == len(starts) > 3
    assert all(is_allowed(model, each) for each in starts)
    points = table[list(ITEMS)].to_numpy() * list(ITEMS.values())
    better = (points[:, None] >= points).all(axis=2) & (points[:, None] > points).any(axis=2)
    assert not better.any()
    assert (table["bound"] >= table["value"]).all()
    assert (table["gap"] >= 0).all()
    weights = table[[f"weight_{item}" for item in ITEMS]].to_numpy()
    for row, weight in zip(table.to_dict("records")[:6], weights[:6], strict=True):
        exact = Solver(model).best(dict(zip(ITEMS, weight, strict=True)))
        assert row["value"] - 1e-6 <= exact.objective <= row["bound"] + 1e-6
    kept = table[list(ITEMS)].merge(more[list(ITEMS)], how="inner")
    assert len(kept) >= len(table) - 5  # later plans may be better than some; the sequence is the same


def test_weighted_plans_of_one_objective() -> None:
    with pytest.raises(AssumptionError, match="2 to 5"):
        weighted_plans(model_of(0), {"npv_usd": 1}, seconds=1)


def test_non_dominated() -> None:
    assert non_dominated(np.array([[1.0, 1.0], [2.0, 2.0], [0.0, 3.0]])).tolist() == [1, 2]
