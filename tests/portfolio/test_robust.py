"""Plans for any future: by hand, and against every plan there is."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.errors import AssumptionError
from headwater.portfolio.model import PortfolioModel, build_model
from headwater.portfolio.robust import EXPECTED, MAXIMIN, REGRET, pathways, robust_options, robust_plans


def model_of(costs: list[float], budget: float, years: tuple[int, ...] = (2025,)) -> PortfolioModel:
    ids = [f"o{i}" for i in range(len(costs))]
    options = pd.DataFrame({"option_id": ids, "initial_cost_usd": costs})
    worth = pd.DataFrame(1.0, index=ids, columns=list(years))
    budgets = pd.DataFrame({"source": [""], "start_year": pd.array([pd.NA], "Int64"), "amount_usd": [budget]})
    return build_model(options, start_years=years, values={"npv_usd": worth}, objectives=["npv_usd"], budgets=budgets)


def test_three_rules_choose_three_plans() -> None:
    """One of four options: a gamble, a sure thing, and two in between."""
    model = model_of([1.0, 1.0, 1.0], 1.0)
    worth = {"wet": np.array([10.0, 3.0, 6.0]), "dry": np.array([-4.0, 2.0, 0.0])}
    found = robust_plans(model, worth, probabilities={"wet": 0.9, "dry": 0.1})
    chosen = {rule: model.option_ids[starts >= 0].tolist() for rule, starts in found.starts.items()}
    assert chosen["wet"] == ["o0"]
    assert chosen["dry"] == ["o1"]
    assert chosen[EXPECTED] == ["o0"]  # 0.9 x 10 - 0.1 x 4 = 8.6
    assert chosen[MAXIMIN] == ["o1"]  # 2 in the worst case
    assert chosen[REGRET] == ["o2"]  # regrets 4 and 2; o0: 0 and 6; o1: 7 and 0
    assert found.regret.loc[REGRET].tolist() == [4.0, 2.0]
    assert found.worth.loc[EXPECTED].tolist() == [10.0, -4.0]
    assert (found.gaps <= 1e-6).all()

    table = robust_options(found, model.option_ids, (2025,), ["wet", "dry"]).set_index("option_id")
    assert table["share_of_futures"].to_dict() == {"o0": 0.5, "o1": 0.5, "o2": 0.0}
    assert table["class"].to_dict() == {"o0": "contingent", "o1": "contingent", "o2": "regret"}
    assert table.loc["o2", "in_minimax_regret"]

    rain = pd.DataFrame({"rain": [800.0, 200.0]}, index=["wet", "dry"])
    signs = pathways(found, model.option_ids, (2025,), rain).set_index("option_id")
    assert signs.loc["o0", ["signpost", "threshold", "direction", "decide"]].tolist() == [
        "rain",
        500.0,
        "above",
        "watch",
    ]
    assert signs.loc["o1", "direction"] == "below"
    assert signs.loc["o2", "decide"] == "never"


def test_what_every_future_takes_is_for_now() -> None:
    model = model_of([1.0, 1.0], 1.0)
    found = robust_plans(model, {"a": np.array([2.0, 1.0]), "b": np.array([3.0, 1.0])})
    assert robust_options(found, model.option_ids, (2025,), ["a", "b"])["class"].tolist() == ["no_regret"]
    rows = pathways(found, model.option_ids, (2025,), pd.DataFrame({"x": [0.0, 1.0]}, index=["a", "b"]))
    assert rows["decide"].tolist() == ["now"]


@pytest.mark.parametrize("chances", [{"a": 0.4, "b": 0.4}, {"a": 1.2, "b": -0.2}, {"a": 1.0}])
def test_probabilities_must_be_probabilities(chances: dict[str, float]) -> None:
    with pytest.raises(AssumptionError, match="sum to 1"):
        robust_plans(model_of([1.0], 1.0), {"a": np.ones(1), "b": np.ones(1)}, probabilities=chances)
    with pytest.raises(AssumptionError, match="no future"):
        robust_plans(model_of([1.0], 1.0), {})


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 5), st.integers(1, 3), st.integers(1, 2))
def test_no_plan_does_better_by_its_rule(seed: int, options: int, futures: int, periods: int) -> None:
    rng = np.random.default_rng(seed)
    costs = rng.integers(1, 10, options).astype(float)
    budget = float(rng.integers(5, 20))
    years = (2025, 2030)[:periods]
    model = model_of(costs.tolist(), budget, years)
    worth = {f"f{i}": rng.integers(-5, 20, options * periods).astype(float) for i in range(futures)}
    found = robust_plans(model, worth)

    every = []
    for plan in itertools.product(range(-1, periods), repeat=options):
        starts = np.array(plan)
        if costs[starts >= 0].sum() <= budget:
            columns = np.flatnonzero(starts >= 0) * periods + starts[starts >= 0]
            every.append([vector[columns].sum() for vector in worth.values()])
    table = np.array(every)
    best = table.max(axis=0)
    assert found.worth.loc[EXPECTED].mean() == pytest.approx(table.mean(axis=1).max())
    assert found.worth.loc[MAXIMIN].min() == pytest.approx(table.min(axis=1).max())
    assert found.regret.loc[REGRET].max() == pytest.approx((best - table).max(axis=1).min(), abs=1e-9)
    assert (found.regret.to_numpy() >= -1e-9).all()
    for future in worth:
        assert found.regret.loc[future, future] == 0


def test_interactions_built_for_one_direction_serve_every_rule() -> None:
    options = pd.DataFrame({"option_id": ["a", "b", "c"], "initial_cost_usd": [1.0, 1.0, 1.0]})
    pair = pd.DataFrame({"interaction_id": ["ab"], "item": ["npv_usd"], "option_ids": ["a;b"], "amount": [5.0]})
    worth = pd.DataFrame(1.0, index=options["option_id"], columns=[2025])
    budgets = pd.DataFrame({"source": [""], "start_year": pd.array([pd.NA], "Int64"), "amount_usd": [2.0]})
    model = build_model(
        options, start_years=[2025], values={"npv_usd": worth}, objectives=["npv_usd"], budgets=budgets,
        interactions=pair, senses={"npv_usd": 1, "initial_cost_usd": -1},
    )  # fmt: skip
    vector = model.values["npv_usd"]
    found = robust_plans(model, {"as_is": vector, "half": vector * 0.5})
    for rule in (EXPECTED, MAXIMIN, REGRET):
        assert found.worth.loc[rule].tolist() == [7.0, 3.5]


def test_the_solver_is_not_believed_where_it_is_wrong() -> None:
    """Four options, two futures: with its presolve HiGHS 1.10 to 1.15 call {b, c} best, which regrets 19; {b, d} 13."""
    model = model_of([8.0, 3.0, 1.0, 3.0], 11.0)
    worth = {"f0": np.array([15.0, 6.0, -3.0, 3.0]), "f1": np.array([10.0, 15.0, 13.0, 19.0])}
    found = robust_plans(model, worth)
    assert (found.starts[REGRET] >= 0).tolist() == [False, True, False, True]
    assert found.regret.loc[REGRET].tolist() == [12.0, 13.0]
