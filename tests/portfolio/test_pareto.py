"""Fronts of plans: published ones, and small ones against every plan there is."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headwater.errors import AssumptionError, Infeasible, TimedOut
from headwater.portfolio.boxes import whole_space, with_proof, without
from headwater.portfolio.exchange import exchange_rates, give_up, knees, nearest
from headwater.portfolio.model import PortfolioModel, build_model, common_budget, is_allowed, totals
from headwater.portfolio.pareto import Front, common_step, front

# --- published fronts -------------------------------------------------------------------------------------------


def knapsack(folder: Path) -> tuple[PortfolioModel, dict[str, int], set[tuple[float, ...]]]:
    """A multi-objective knapsack of pyaugmecon (MIT licence), its objectives and its published front."""
    weights, room, profits, published = (
        pd.read_csv(folder / f"{name}.csv", index_col=0).to_numpy(dtype=float)
        for name in ("a", "b", "c", "pareto_sols")
    )
    names = [f"o{i:03d}" for i in range(weights.shape[1])]
    values = {f"weight_{i}": pd.Series(row, names) for i, row in enumerate(weights)}
    values |= {f"profit_{i}": pd.Series(row, names) for i, row in enumerate(profits)}
    objectives = {f"profit_{i}": 1 for i in range(len(profits))}
    limits = pd.DataFrame(
        {
            "rule_id": [f"w{i}" for i in range(len(weights))],
            "name": [f"room {i}" for i in range(len(weights))],
            "rule": "at_most",
            "item": [f"weight_{i}" for i in range(len(weights))],
            "amount": room.ravel(),
            "source_id": "pyaugmecon",
        }
    )
    options = pd.DataFrame({"option_id": names, "initial_cost_usd": 0.0})
    model = build_model(options, start_years=[2025], values=values, objectives=list(objectives), rules=limits)
    return model, objectives, set(map(tuple, published))


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("2kp50", 35),
        pytest.param("2kp100", 121, marks=pytest.mark.slow),
        pytest.param("3kp40", 389, marks=pytest.mark.slow),
    ],
)
def test_every_point_of_the_published_fronts(shared_data: Path, name: str, count: int) -> None:
    model, objectives, published = knapsack(shared_data / "pyaugmecon_mokp" / name)
    found = front(model, objectives)
    assert found.is_complete
    assert len(found.points) == len(published) == count
    assert set(map(tuple, found.points.to_numpy())) == published
    assert (found.gaps == 0).all()


def test_a_limited_front_is_spread_over_the_published_one(shared_data: Path) -> None:
    model, objectives, published = knapsack(shared_data / "pyaugmecon_mokp" / "2kp50")
    some = front(model, objectives, limit=8)
    assert len(some.points) == 8
    assert not some.is_complete
    assert set(map(tuple, some.points.to_numpy())) <= published
    ordered = some.points.sort_values("profit_0")
    every = np.array(sorted(published))
    assert ordered.iloc[[0, -1]].to_numpy().tolist() == every[[0, -1]].tolist()
    assert (ordered.diff().abs() / np.ptp(every, axis=0)).max().max() < 0.35  # evenly spaced steps would be 1/7


# --- every plan there is ----------------------------------------------------------------------------------------

SENSES = {"people": 1, "emissions": -1, "km": 1, "initial_cost_usd": -1}


@st.composite
def instances(draw: st.DrawFn) -> tuple[PortfolioModel, dict[str, int]]:
    """A small model with two periods, interactions, groups and a budget, and two to four objectives."""
    count = draw(st.sampled_from([5, 4, 3, 2, 1]))
    periods = draw(st.sampled_from([2, 1]))
    names = list("abcde")[:count]
    objectives = {i: SENSES[i] for i in draw(st.lists(st.sampled_from(sorted(SENSES)), min_size=2, unique=True))}
    rng = np.random.default_rng(draw(st.integers(0, 999)))  # amounts drawn one by one hardly ever make a long front
    unit = draw(st.sampled_from([1.0, 0.5, 1e6]))
    lowest = draw(st.sampled_from([-4, 0, 1]))
    values = {item: unit * rng.integers(lowest, 12, (count, periods)) for item in ("people", "emissions", "km")}
    options = pd.DataFrame({"option_id": names, "initial_cost_usd": rng.integers(0, 7, count).astype(float)})
    if count > 1:
        options["exclusive_group"] = [draw(st.sampled_from([None, None, None, "g"])) for _ in names]
        options["requires_option_id"] = [None, draw(st.sampled_from([None, "a"])), *[None] * (count - 2)]
    together = None
    if count > 2 and draw(st.sampled_from([True, False])):
        together = pd.DataFrame(
            {
                "interaction_id": ["i"],
                "option_ids": ["b;c"],
                "item": ["people"],
                "amount": [unit * rng.integers(-6, 10)],
                "unit": "people",
                "origin": "model",
                "plan_id": None,
            }
        )
    model = build_model(
        options,
        start_years=[2025, 2030][:periods],
        values=values,
        objectives=["people", "emissions", "km"],
        budgets=common_budget(draw(st.sampled_from([25.0, 12.0, 6.0, 0.0]))),
        interactions=together,
        senses=draw(st.sampled_from([None, SENSES])),
    )
    return model, objectives


def every_plan(model: PortfolioModel, objectives: dict[str, int]) -> np.ndarray:
    """Totals of every plan that is allowed, turned so that more is better."""
    choices = itertools.product(range(-1, model.periods), repeat=len(model.option_ids))
    plans = [np.array(starts, dtype=np.int64) for starts in choices]
    allowed = [totals(model, starts) for starts in plans if is_allowed(model, starts)]
    return np.unique([[sense * plan[item] for item, sense in objectives.items()] for plan in allowed], axis=0)


def best_of(values: np.ndarray) -> np.ndarray:
    """Those that none is as good as and better."""
    no_worse = (values[None] >= values[:, None]).all(axis=2).sum(axis=1)
    return values[no_worse == 1]


def check_points(found: Front, values: np.ndarray) -> None:
    """Each point is on the front, is what its plan adds up to, and is best within its own bounds."""
    signs = np.array(list(found.objectives.values()))
    mine = found.points.to_numpy() * signs
    assert set(map(tuple, mine.round(6))) <= set(map(tuple, best_of(values).round(6)))
    assert len(np.unique(mine.round(6), axis=0)) == len(mine)
    for point in found.points.index:
        lower = np.nan_to_num(found.epsilons.loc[point].to_numpy() * signs, nan=-np.inf)
        weights = found.weights.loc[point].to_numpy() * signs
        within = values[(values >= lower - 1e-6).all(axis=1)]
        assert (weights > 0).all()
        assert (mine[point] >= lower - 1e-6).all()
        assert (within @ weights).max() == pytest.approx(weights @ mine[point], rel=1e-9, abs=1e-9)


quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@quick
@given(instances())
def test_whole_fronts_against_every_plan(instance: tuple[PortfolioModel, dict[str, int]]) -> None:
    model, objectives = instance
    values = every_plan(model, objectives)
    found = front(model, objectives)
    signs = np.array(list(objectives.values()))
    assert found.is_complete
    assert sorted(map(tuple, (found.points.to_numpy() * signs + 0.0).round(6))) == sorted(
        map(tuple, (best_of(values) + 0.0).round(6))
    )
    check_points(found, values)
    sums = [totals(model, starts) for starts in found.starts.to_numpy()]
    assert [[plan[item] for item in objectives] for plan in sums] == (found.points + 0.0).to_numpy().tolist()
    assert (found.ideal * signs).tolist() == pytest.approx(values.max(axis=0).tolist())
    assert (found.nadir * signs).tolist() == pytest.approx(best_of(values).min(axis=0).tolist())


@quick
@given(instances(), st.integers(1, 6))
def test_limited_fronts_are_part_of_the_whole(instance: tuple[PortfolioModel, dict[str, int]], limit: int) -> None:
    model, objectives = instance
    values = every_plan(model, objectives)
    some = front(model, objectives, limit=limit)
    expected = len(best_of(values))
    assert len(some.points) == min(limit, expected)
    assert not some.is_complete or len(some.points) == expected
    check_points(some, values)
    assert len(front(model, objectives, limit=100).points) == expected


# --- by hand ----------------------------------------------------------------------------------------------------


def small(budget: float = 3.0, **columns: list[float]) -> PortfolioModel:
    options = pd.DataFrame({"option_id": ["a", "b", "c"], "initial_cost_usd": [1.0, 1.0, 1.0]})
    values = {"people": [5.0, 2.0, 1.0], "km": [0.0, 1.0, 3.0], "same": [0.0, 0.0, 0.0]} | columns
    return build_model(
        options,
        start_years=[2025],
        values={item: np.array(v)[:, None] for item, v in values.items()},
        objectives=list(values),
        budgets=common_budget(budget),
    )


def test_two_objectives_by_hand() -> None:
    told: list[tuple[int, int]] = []
    found = front(small(), {"people": 1, "initial_cost_usd": -1}, progress=lambda *now: told.append(now))
    assert sorted(found.points.to_numpy().tolist()) == [[0, 0], [5, 1], [7, 2], [8, 3]]
    assert found.points.iloc[0].tolist() == [8, 3]
    assert found.points.iloc[1].tolist() == [0, 0]
    assert found.starts.loc[0].to_dict() == {"a": 0, "b": 0, "c": 0}
    assert found.ideal.tolist() == [8, 0]
    assert found.nadir.tolist() == [0, 3]
    assert found.steps.tolist() == [1, 1]
    assert found.bounds.tolist() == pytest.approx((found.points * found.weights).sum(axis=1).tolist())
    assert told


def test_an_objective_that_does_not_vary() -> None:
    found = front(small(), {"same": 1, "people": 1})
    assert found.points.to_numpy().tolist() == [[0, 8]]
    assert found.is_complete
    assert not knees(found).any()
    assert exchange_rates(found, 0).empty


def test_a_front_of_one_point() -> None:
    found = front(small(), {"people": 1, "km": 1})
    assert found.points.to_numpy().tolist() == [[8, 4]]
    assert found.is_complete
    assert give_up(found, 0, {"people": 1}).empty


def test_the_middle_of_a_region_proves_nothing_about_its_edge() -> None:
    model = small(people=[9.0, 6.0, 0.0], emissions=[4.0, 0.0, 0.0], km=[0.0, -4.0, 0.0])
    found = front(model, {"emissions": -1, "same": -1, "km": 1, "people": 1}, limit=100)
    assert sorted(found.points["people"]) == [0, 6, 9, 15]


def test_steps_coarser_than_the_values() -> None:
    rng = np.random.default_rng(1)
    amounts = {item: rng.random(3).tolist() for item in ("people", "km")}
    model = small(budget=2.0, **amounts)
    values = best_of(every_plan(model, {"people": 1, "km": 1, "initial_cost_usd": -1}))
    exact = front(model, {"people": 1, "km": 1, "initial_cost_usd": -1})
    assert len(exact.points) == len(values)
    coarse = front(model, {"people": 1, "km": 1, "initial_cost_usd": -1}, steps={"people": 0.3, "km": 0.3})
    mine = coarse.points.to_numpy() * [1, 1, -1]
    near = (mine[None] >= values[:, None] - coarse.steps.to_numpy() - 1e-9).all(axis=2).any(axis=1)
    assert coarse.is_complete
    assert near.all()


def test_totals_of_very_different_size() -> None:
    model = small(people=[5e9, 2e9, 1e9], km=[0.0, 1e-3, 3e-3])
    found = front(model, {"people": 1, "km": 1, "initial_cost_usd": -1})
    plain = front(small(), {"people": 1, "km": 1, "initial_cost_usd": -1})
    scaled = sorted((found.points * [1e-9, 1e3, 1]).to_numpy().round(9).tolist())
    assert scaled == sorted(plain.points.to_numpy().tolist())


def test_no_plan_at_all() -> None:
    rule = {"rule_id": ["r"], "name": ["r"], "rule": ["at_least"], "item": ["people"], "amount": [99], "source_id": "x"}
    options = pd.DataFrame({"option_id": ["a"], "initial_cost_usd": [1.0]})
    model = build_model(
        options, start_years=[2025], values={"people": pd.Series({"a": 1.0})}, objectives=["people"],
        rules=pd.DataFrame(rule),
    )  # fmt: skip
    with pytest.raises(Infeasible):
        front(model, {"people": 1, "initial_cost_usd": -1})


def test_time() -> None:
    with pytest.raises(TimedOut):
        front(small(), {"people": 1, "initial_cost_usd": -1}, time_limit_s=0.0)
    found = front(small(), {"people": 1, "initial_cost_usd": -1}, time_limit_s=60.0)
    assert found.is_complete
    assert 0 < found.seconds < 60


def test_a_gap_is_a_share_of_the_range() -> None:
    found = front(small(), {"people": 1, "initial_cost_usd": -1}, gap=0.2)
    assert (found.gaps <= 0.2 + 1e-9).all()
    assert len(best_of(found.points.to_numpy() * [1, -1])) == len(found.points)


def test_the_same_again() -> None:
    one, other = (front(small(), {"people": 1, "km": 1, "initial_cost_usd": -1}, limit=4) for _ in range(2))
    pd.testing.assert_frame_equal(one.points, other.points)
    pd.testing.assert_frame_equal(one.starts, other.starts)


@pytest.mark.parametrize(
    ("objectives", "more", "words"),
    [
        ({"people": 1}, {}, "2 to 5 objectives"),
        ({f"x{i}": 1 for i in range(6)}, {}, "2 to 5 objectives"),
        ({"people": 2, "km": 1}, {}, "Say of people"),
        ({"people": 1, "happiness": 1}, {}, "happiness"),
        ({"people": 1, "km": 1}, {"limit": 0}, "at least 1"),
        ({"people": 1, "km": 1}, {"gap": -0.1}, "gap"),
        ({"people": 1, "km": 1}, {"steps": {"people": 0.0}}, "step"),
        ({"people": 1, "km": 1}, {"steps": {"same": 1.0}}, "step"),
    ],
)
def test_faults(objectives: dict[str, int], more: dict[str, object], words: str) -> None:
    with pytest.raises(AssumptionError, match=words):
        front(small(), objectives, **more)  # type: ignore[arg-type]


def test_common_step() -> None:
    assert common_step(np.array([0.0, 0.0])) == 1
    assert common_step(np.array([1e9, 2.5e9])) == 5e8
    assert common_step(np.array([0.1, 0.25])) == pytest.approx(0.05)
    assert common_step(np.array([1 / 3])) == 0


# --- search regions ---------------------------------------------------------------------------------------------


@given(st.lists(st.lists(st.integers(0, 5), min_size=3, max_size=3), min_size=1, max_size=8))
def test_regions_hold_exactly_what_no_point_is_as_good_as(found: list[list[int]]) -> None:
    points = best_of(np.unique(np.array(found, dtype=float), axis=0))
    regions = whole_space(np.ones(3), np.zeros(3), np.full(3, 6.0))
    for point in points:
        regions = without(regions, point)
    for place in itertools.product(range(7), repeat=3):
        inside = (np.array(place) > regions.corners).all(axis=1).any()
        assert inside == (not (points >= place).all(axis=1).any())
    corners = regions.corners
    assert ((corners[:, None] >= corners[None]).all(axis=2).sum(axis=1) == 1).all()  # none is part of another


def test_proofs_rule_regions_out() -> None:
    space = without(whole_space(np.ones(2), np.zeros(2), np.full(2, 9.0)), np.array([3.0, 4.0]))
    right, above = np.array([4.0, -np.inf]), np.array([-np.inf, 5.0])
    assert with_proof(space, right, np.ones(2), -np.inf).corners.tolist() == [[-np.inf, 4.0]]
    assert with_proof(space, above, np.array([1.0, 0.5]), 2.0).corners.tolist() == [[3.0, -np.inf]]
    assert len(with_proof(space, above, np.array([1.0, 0.5]), 2.5).corners) == 2  # a point at (0, 5) may exist


# --- queries ----------------------------------------------------------------------------------------------------


def made(points: list[list[float]], objectives: dict[str, int]) -> Front:
    table = pd.DataFrame(points, columns=list(objectives), dtype=float).rename_axis("point")
    signs = pd.Series(objectives, dtype=float)
    blank = table * math.nan
    return Front(
        objectives, table, blank.iloc[:, 0], blank, blank, blank, blank.iloc[:, 0],
        (table * signs).max() * signs, (table * signs).min() * signs, signs.abs(), True, 0.0,
    )  # fmt: skip


@pytest.fixture
def plain() -> Front:
    """More people and less cost; a knee at (9, 2)."""
    return made([[0, 0], [9, 2], [10, 6], [11, 10], [4, 1]], {"people": 1, "cost_usd": -1})


def test_a_knee(plain: Front) -> None:
    assert knees(plain).tolist() == [False, True, False, False, False]
    assert not knees(made([[0, 0], [5, 5], [10, 10]], {"people": 1, "cost_usd": -1})).any()
    three = made([[10, 0, 0], [0, 10, 0], [0, 0, 10], [7, 7, 7], [6, 8, 1]], {"a": 1, "b": 1, "c": 1})
    assert knees(three).tolist() == [False, False, False, True, False]


def test_what_one_would_give_up(plain: Front) -> None:
    asked = give_up(plain, 4, {"people": 5})
    assert asked.reset_index().to_numpy().tolist() == [["cost_usd", 1, 1, 5, 1]]
    assert give_up(plain, 1, {"cost_usd": 1})["loss"].to_dict() == {"people": 5}
    assert give_up(plain, 1, {"people": 5}).empty
    three = made([[1, 9, 9], [5, 8, 1], [6, 2, 8]], {"a": 1, "b": 1, "c": 1})
    assert give_up(three, 0, {"a": 3})[["point", "loss"]].to_numpy().tolist() == [[1, 1], [2, 1]]


def test_the_nearest_to_what_one_wants(plain: Front) -> None:
    points, concessions = nearest(plain, {"people": 4, "cost_usd": 2})
    assert points == [1, 4]
    assert concessions.empty
    points, concessions = nearest(plain, {"people": 10, "cost_usd": 1})
    assert points == []
    assert concessions.loc["people"].tolist() == [6, 4, 1, 1]
    assert concessions.loc["cost_usd"].tolist() == [5, 2, 1, 1]
    _, concessions = nearest(plain, {"people": 12, "cost_usd": -1})
    assert concessions["alone"].isna().all()


def test_exchange_rates(plain: Front) -> None:
    rates = exchange_rates(plain, 1).set_index("neighbour")
    assert rates.loc[2].tolist() == ["people", "cost_usd", 1, 4, 4]
    assert rates.loc[4].tolist() == ["cost_usd", "people", 1, 5, 5]
    assert sorted(rates.index) == [2, 4]


def test_faults_of_queries(plain: Front) -> None:
    with pytest.raises(AssumptionError, match="no point 9"):
        exchange_rates(plain, 9)
    with pytest.raises(AssumptionError, match="not objectives"):
        give_up(plain, 0, {"km": 1})
    with pytest.raises(AssumptionError, match="0 or more"):
        give_up(plain, 0, {"people": -1})
    with pytest.raises(AssumptionError, match="aspiration"):
        nearest(plain, {})
