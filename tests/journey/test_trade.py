"""The front of a menu whose plans can be counted, and plans for futures that pull in two directions."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.journey.plans import PEOPLE, YEARS, World, effects, header, menu, npv, one_by_one

from headwater.budgets import Budget, Future
from headwater.errors import AssumptionError, NotFound
from headwater.journey import choose, trade
from headwater.schema import check, empty

COST = "initial_cost_usd"
UNITS = {PEOPLE: "people/yr", COST: "USD", "npv_usd": "USD"}
COSTS = {"a": 10.0, "b": 20.0, "c": 35.0, "d": 40.0}
ALONE = {"a": 5.0, "b": 12.0, "c": 14.0, "d": 1.0}


def wide(front: pd.DataFrame, column: str = "value") -> pd.DataFrame:
    return front.pivot(index="point_id", columns="item", values=column)


def dominated(points: np.ndarray) -> bool:
    """Whether some point is at least as good as another in everything, more being better, and better in something."""
    return any(
        (one >= other).all() and (one > other).any() for one, other in itertools.permutations(points.tolist(), 2)
        for one, other in [(np.array(one), np.array(other))]
    )  # fmt: skip


def found(
    joint: dict[str, float] | None = None, alone: dict[str, float] = ALONE, *, budget: float = 65.0,
    start_years: tuple[int, ...] = (2025,),
) -> tuple[pd.DataFrame, pd.DataFrame]:  # fmt: skip
    gains = effects(alone)
    given = menu(header(budget, trade_off=[PEOPLE, COST], start_years=start_years), COSTS, gains)
    front, plans = trade.fronts(
        given, given.header.budgets[0], World(gains, joint or {}), UNITS, run=one_by_one
    )  # fmt: skip
    check(front, "front")
    check(plans, "front_options")
    return front, plans


# --- the front ----------------------------------------------------------------------------------------------------


def by_hand(joint: dict[str, float], budget: float = 65.0) -> set[tuple[float, float]]:
    """Every set within the budget of which none is better in both."""
    world = World(effects(ALONE), joint)
    sets = [s for size in range(5) for s in itertools.combinations(COSTS, size)]
    points = {(world(s)[PEOPLE], sum(COSTS[o] for o in s)) for s in sets if sum(COSTS[o] for o in s) <= budget}
    return {
        (people, cost) for people, cost in points
        if not any(p >= people and c <= cost and (p, c) != (people, cost) for p, c in points)
    }  # fmt: skip


@pytest.mark.parametrize("joint", [{}, {"a;b": -4.0}, {"a;b;c": 30.0}, {"b;c": 9.0, "a;b": -4.0}])
def test_front_is_that_of_every_set_one_could_buy(joint: dict[str, float]) -> None:
    front, plans = found(joint)
    points = wide(front)
    assert set(zip(points[PEOPLE], points[COST], strict=True)) == by_hand(joint)
    np.testing.assert_allclose(wide(front, "whole"), points)
    assert not dominated(points.to_numpy() * [-1 if item == COST else 1 for item in points.columns])
    spent = plans.assign(cost=plans["option_id"].map(COSTS)).groupby("point_id")["cost"].sum()
    np.testing.assert_allclose(spent.reindex(points.index, fill_value=0.0), points[COST])


def test_front_says_units_gaps_bounds_and_knees() -> None:
    front, _plans = found()
    assert dict(zip(front["item"], front["unit"], strict=True)) == {PEOPLE: "people/yr", COST: "USD"}
    assert (front["gap"] <= 1e-3).all()
    assert front["is_knee"].any()
    assert front.groupby("point_id")["is_knee"].nunique().eq(1).all()
    assert front["epsilon"].notna().any()


@settings(max_examples=12)
@given(
    st.dictionaries(
        st.sampled_from([";".join(s) for size in (2, 3) for s in itertools.combinations(COSTS, size)]),
        st.integers(-12, 30).map(float), max_size=4,
    )
)  # fmt: skip
def test_points_are_what_the_models_say_or_the_difference_is_there_to_see(joint: dict[str, float]) -> None:
    front, plans = found(joint)
    world = World(effects(ALONE), joint)
    for point, rows in front[front["item"] == PEOPLE].groupby("point_id"):
        own = plans.loc[plans["point_id"] == point, "option_id"].tolist()
        assert rows["whole"].item() == pytest.approx(world(own)[PEOPLE])
    away = front["whole"] - front["value"]
    assert (away.abs() <= 0.01 * front["whole"].abs() + 1e-9).all()


def test_points_of_a_phased_budget_start_when_there_is_money() -> None:
    gains = effects(ALONE)
    budget = Budget("parts", 65, {}, amounts_usd=(20, 20, 25))
    given = menu(header(budget, trade_off=[PEOPLE, COST], start_years=YEARS), COSTS, gains)
    front, plans = trade.fronts(given, budget, World(gains, {}), UNITS, run=one_by_one)
    assert set(plans["start_year"]) > {2025}
    best = wide(front)[PEOPLE].idxmax()
    rows = plans[plans["point_id"] == best].assign(cost=lambda t: t["option_id"].map(COSTS))
    for year, money in zip(YEARS, (20, 40, 65), strict=True):
        assert rows.loc[rows["start_year"] <= year, "cost"].sum() <= money
    share = rows["start_year"].map(dict(zip(YEARS, (1.0, 0.75, 0.5), strict=True))).astype(float)
    assert wide(front).at[best, PEOPLE] == pytest.approx((rows["option_id"].map(ALONE) * share).sum())


def test_study_that_trades_nothing_off_has_no_front() -> None:
    gains = effects(ALONE)
    given = menu(header(65), COSTS, gains)
    front, plans = trade.fronts(given, given.header.budgets[0], World(gains, {}), UNITS, run=one_by_one)
    assert front.empty
    assert plans.empty


def test_number_of_points_is_what_the_study_asks_for() -> None:
    gains = effects(ALONE)
    given = menu(header(65, trade_off=[PEOPLE, COST], front_points=3), COSTS, gains)
    front, _plans = trade.fronts(given, given.header.budgets[0], World(gains, {}), UNITS, run=one_by_one)
    assert front["point_id"].nunique() == 3


# --- what would have to be given up -------------------------------------------------------------------------------

FRONT = pd.DataFrame(
    {
        "point_id": [1, 1, 2, 2, 3, 3], "item": [PEOPLE, COST] * 3, "unit": ["people/yr", "USD"] * 3,
        "value": [0.0, 0.0, 12.0, 20.0, 26.0, 55.0], "is_knee": False,
    }
)  # fmt: skip


def test_points_that_reach_an_amount_come_with_the_least_given_up_first() -> None:
    ((heading, rows),) = trade.give_up(FRONT, {PEOPLE: 10}).items()
    assert "reach" in heading
    assert rows["point_id"].tolist() == [2, 3]
    assert rows.filter(like="given up").to_numpy().ravel().tolist() == [20, 55]


def test_less_is_better_of_a_cost() -> None:
    ((_heading, rows),) = trade.give_up(FRONT, {COST: 30}).items()
    assert rows["point_id"].tolist() == [2, 1]
    assert rows.filter(like="given up").to_numpy().ravel().tolist() == [14, 26]


def test_two_amounts_at_once() -> None:
    ((_heading, rows),) = trade.give_up(FRONT, {COST: 30, PEOPLE: 12}).items()
    assert rows["point_id"].tolist() == [2]


def test_amount_that_no_point_reaches_names_the_nearest_and_what_it_lacks() -> None:
    ((heading, rows),) = trade.give_up(FRONT, {PEOPLE: 30}).items()
    assert heading.startswith("No point")
    assert rows["point_id"].tolist() == [3, 2, 1]
    assert rows.filter(like="short of").to_numpy().ravel().tolist() == [4, 18, 30]


@pytest.mark.parametrize(("front", "asked"), [(FRONT, {"happiness": 1.0}), (empty("front"), {PEOPLE: 1.0})])
def test_objective_that_the_front_has_not_is_refused(front: pd.DataFrame, asked: dict[str, float]) -> None:
    with pytest.raises(NotFound, match=next(iter(asked)).replace(".", r"\.")) as caught:
        trade.give_up(front, asked)
    assert (PEOPLE in str(caught.value)) or front.empty


# --- futures ------------------------------------------------------------------------------------------------------

WET, DRY = Future("wet", {}, assumptions={"discount_rate": 0.02}), Future("dry", {}, factors={"capital": 2.0})
WORTH = {
    "wet": npv({"dyke": [10.0], "dam": [0.0], "both": [6.0], "well": [1.0]}, [2025]),
    "dry": npv({"dyke": [0.0], "dam": [9.0], "both": [5.0], "well": [1.0]}, [2025]),
}
"""One of three things can be bought, beside a well that costs nothing: the best of each future, or a bit of both."""


def model(worth: pd.DataFrame = WORTH["wet"], objective: str = "npv_usd"):
    costs = {"dyke": 10.0, "dam": 10.0, "both": 10.0, "well": 0.0}
    given = menu(header(10, objective=objective), costs, empty("effects"), worth=worth)
    return choose.menu_model(given, given.header.budgets[0])


def robust(*futures: Future) -> dict[str, pd.DataFrame]:
    made = model()
    worth = {
        f.future_id: trade.columns_worth(made, "npv_usd", WORTH[f.future_id].reindex(made.option_ids)) for f in futures
    }
    drivers = trade.drivers(futures, {"discount_rate": 0.1})
    tables = trade.robust_tables(made, worth, futures, drivers, [2025], time_limit_s=20)
    for name in ("robustness", "robust_options", "pathways"):
        check(tables[name], name)
    return tables


def test_regrets_by_hand() -> None:
    """Wet: dyke 11. Dry: dam 10. Alike likely: dyke or both 6 and 6.5. Worst case: both 6. Regret: both 4."""
    table = robust(WET, DRY)["robustness"].set_index(["rule", "future_id"])
    assert table["value"].unstack().to_dict("index") == {
        "wet": {"wet": 11, "dry": 1}, "dry": {"wet": 1, "dry": 10}, "expected": {"wet": 7, "dry": 6},
        "maximin": {"wet": 7, "dry": 6}, "minimax_regret": {"wet": 7, "dry": 6},
    }  # fmt: skip
    assert table.loc["minimax_regret", "regret"].to_dict() == {"wet": 4, "dry": 4}
    assert (table["gap"] <= 1e-6).all()


def test_probabilities_move_the_expected_plan_and_not_the_cautious_ones() -> None:
    likely = [Future("wet", {}, probability=0.9), Future("dry", {}, probability=0.1)]
    table = robust(*likely)["robustness"].set_index(["rule", "future_id"])["value"]
    assert table["expected"].to_dict() == {"wet": 11, "dry": 1}
    assert table["maximin"].to_dict() == {"wet": 7, "dry": 6}


def test_what_every_future_takes_is_for_now_and_the_rest_has_a_signpost() -> None:
    tables = robust(WET, DRY)
    options = tables["robust_options"].set_index("option_id")
    assert options["class"].to_dict() == {
        "well": "no_regret", "dam": "contingent", "dyke": "contingent", "both": "regret",
    }  # fmt: skip
    paths = tables["pathways"].set_index("option_id")
    assert paths["decide"].to_dict() == {"well": "now", "dyke": "watch", "dam": "watch", "both": "never"}
    assert set(paths.loc[["dyke", "dam"], "signpost"]) <= {"discount_rate", "factor.capital"}
    dyke = paths.loc["dyke"]
    between = {"discount_rate": (0.06, "below"), "factor.capital": (1.5, "below")}[dyke["signpost"]]
    assert (dyke["threshold"], dyke["direction"]) == (pytest.approx(between[0]), between[1])


def test_drivers_are_what_sets_futures_apart() -> None:
    """What a future does not change stays as the study assumes it; what none changes is no driver."""
    plain = Future("plain", {}, assumptions={"discount_rate": 0.1, "planning_model": "one"})
    dear = Future("dear", {}, factors={"capital": 1.5})
    low = Future("low", {}, bound="low")
    table = trade.drivers([plain, dear, low], {"discount_rate": 0.1, "planning_model": "one"})
    assert table.to_dict("index") == {
        "plain": {"effects": 0.0, "factor.capital": 1.0}, "dear": {"effects": 0.0, "factor.capital": 1.5},
        "low": {"effects": -1.0, "factor.capital": 1.0},
    }  # fmt: skip


def test_columns_are_worth_what_options_are_in_a_future_and_interactions_what_they_are_in_the_model() -> None:
    made = model()
    assert trade.columns_worth(made, "npv_usd", WORTH["dry"].reindex(made.option_ids)).tolist() == [5, 9, 0, 1]
    costs = model(objective="initial_cost_usd")
    dearer = npv({"dyke": [20.0], "dam": [10.0], "both": [10.0], "well": [0.0]}, [2025]).reindex(costs.option_ids)
    assert trade.columns_worth(costs, "initial_cost_usd", dearer).tolist() == [-10, -10, -20, 0]


def test_worth_that_nobody_knows_in_a_future_is_not_nothing() -> None:
    made = model()
    unknown = WORTH["dry"].reindex(made.option_ids).drop("dam").reindex(made.option_ids)
    with pytest.raises(AssumptionError, match="dam"):
        trade.columns_worth(made, "npv_usd", unknown)


def test_cautious_plans_of_options_that_act_on_each_other() -> None:
    """Two that are worth 4 each and 2 more together, in one future and not in the other."""
    known = pd.DataFrame(
        {
            "interaction_id": ["p;q"], "item": PEOPLE, "option_ids": "p;q", "unit": "people/yr", "amount": 2.0,
            "origin": "model", "plan_id": None,
        }
    )  # fmt: skip
    costs, gains = {"p": 10.0, "q": 10.0, "r": 10.0}, effects({"p": 4.0, "q": 4.0, "r": 5.0})
    given = menu(header(20), costs, gains, interactions=known)
    made = choose.menu_model(given, given.header.budgets[0])
    usual = given.values[PEOPLE].reindex(made.option_ids)
    worth = {name: trade.columns_worth(made, PEOPLE, usual * factor) for name, factor in (("wet", 1.0), ("dry", 0.5))}
    futures = [Future("wet", {}), Future("dry", {}, factors={"other": 0.5})]
    tables = trade.robust_tables(made, worth, futures, trade.drivers(futures, {}), [2025], time_limit_s=20)
    table = tables["robustness"].set_index(["rule", "future_id"])["value"]
    assert table["maximin"].to_dict() == {"wet": 10, "dry": 6}
