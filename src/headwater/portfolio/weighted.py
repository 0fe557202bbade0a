"""Many plans that trade objectives against each other, each near the best for its weights, with the distance proved.

One relaxation stays in the solver's memory and its objective turns from weights to weights; each answer is made a plan.
Such plans fill the convex part of the front; points in its hollows are the work of `headwater.portfolio.pareto`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from headwater.errors import AssumptionError
from headwater.portfolio import relax
from headwater.portfolio.bound import Prices, Relaxation
from headwater.portfolio.large import Clock, Ranked, Search, worth_of
from headwater.portfolio.model import PortfolioModel, totals
from headwater.portfolio.pareto import FEWEST, MOST
from headwater.portfolio.rows import Floats, Integers
from headwater.words import _

TARGET = 5e-3
"""Gap at which a plan is good enough and the next weights come."""
NODES, OPEN, SPARE = 5, 20, 1.25
"""Nodes of the search for one plan; options left open at least, or so many times those that the relaxation splits."""


def weighted_plans(
    model: PortfolioModel,
    objectives: Mapping[str, int],
    *,
    seconds: float,
    seed: int = 0,
    threads: int = 1,
    most: int | None = None,
) -> tuple[pd.DataFrame, Integers]:
    """Plans none of which is better than another in every objective, and how far each is from the best of its weights.

    Every objective alone comes first, whose best and worst values set the scale; then weights drawn evenly, from a
    fixed seed. A longer time only adds plans to the same sequence.

    Parameters
    ----------
    model
        From `build_model`.
    objectives
        Items, and whether more (+1) or less (-1) of each is better.
    seconds
        Time [s].
    seed, threads
        Of the weights, and passed to the solver.
    most
        Weights to try; as many as time allows by default.

    Returns
    -------
    table
        One row per plan: the totals of the objectives, exact and in natural units; `weight_`ITEM, what one unit of an
        item was worth (negative where less is better); `value` and `bound`, the weighted sum and the most that any
        plan's can be; `gap`, the distance between them as a share of the value.
    starts
        [plans, options] place in `start_years` of each start, or -1.

    Raises
    ------
    Infeasible
        If no plan meets the constraints.
    AssumptionError
        If fewer than two objectives are given, or the model was not built for one of them.

    Examples
    --------
    >>> from headwater.portfolio.model import build_model, common_budget
    >>> options = pd.DataFrame({"option_id": ["a", "b"], "initial_cost_usd": [6.0, 5.0]})
    >>> values = {"km": pd.Series({"a": 7.0, "b": 5.0}), "people": pd.Series({"a": 1.0, "b": 9.0})}
    >>> model = build_model(
    ...     options, start_years=[2025], values=values, objectives=["km", "people"], budgets=common_budget(6)
    ... )
    >>> table, starts = weighted_plans(model, {"km": 1, "people": 1}, seconds=60, most=9)
    >>> table[["km", "people"]].values.tolist(), starts.tolist()
    ([[7.0, 1.0], [5.0, 9.0]], [[0, -1], [-1, 0]])
    """
    if not FEWEST <= len(objectives) <= MOST:
        raise AssumptionError(
            _("A front has {fewest} to {most} objectives; {count} are given.").format(
                fewest=FEWEST, most=MOST, count=len(objectives)
            )
        )
    items = list(objectives)
    signs = np.array([objectives[item] for item in items], dtype=np.float64)
    columns = np.array([sign * worth_of(model, {item: sign}, 1) for item, sign in objectives.items()])
    clock = Clock(seconds)
    finder = _Finder(model, columns, clock, threads, seed)
    found: list[tuple[Integers, Floats, Floats, float]] = []
    scale = np.array([1.0 / max(float(np.abs(each).max(initial=0.0)), 1e-300) for each in columns])
    for turn, share in enumerate(_shares(len(items), np.random.default_rng(seed))):
        if turn == len(items):
            scale = _scale(np.array([each[1] for each in found]), signs, scale)
        if (most is not None and turn >= most) or (found and clock.is_over()):
            break
        weights = share * scale * signs
        plan = finder.plan(weights)
        if plan is not None:
            found.append((plan[0], finder.totals(plan[0], items), weights, plan[1]))
    return _table(found, items, signs)


class _Finder:
    """Plans for one set of weights after another, from the same relaxation."""

    def __init__(self, model: PortfolioModel, columns: Floats, clock: Clock, threads: int, seed: int) -> None:
        self.model, self.columns, self.clock, self.seed, self.threads = model, columns, clock, seed, threads
        self._relaxation = Relaxation(model, threads=threads, seed=seed)
        self._known: list[Integers] = []

    def plan(self, weights: Floats) -> tuple[Integers, float] | None:
        """A plan that is good for these weights and the most that any could be worth; None if there was no time."""
        worth = np.asarray(weights @ self.columns, dtype=np.float64)
        prices = self._relaxation.prices(worth, tolerance=None)
        if prices is None:
            raise relax.infeasible(self.model, {}, {}, explain=True)
        search = Search(
            self.model, worth, TARGET, Clock(self.clock.left() if self._known else None), self.threads, self.seed
        )
        search.proved(prices.bound)
        self._rounds(search, prices)
        if search.starts is None:
            if not self._known and not self.clock.is_over():
                raise relax.infeasible(self.model, {}, {}, explain=True)
            return None
        self._known.append(search.starts)
        return search.starts, search.bound

    def _rounds(self, search: Search, prices: Prices) -> None:
        """A plan from the relaxed one; where rounding finds none, from it and the plan before that is most like it."""
        ranked = Ranked(prices)
        is_open, _outside = ranked.opened(max(OPEN, math.ceil(SPARE * ranked.split)))
        search.one_round(ranked.base, is_open, nodes=NODES)
        if search.starts is None and self._known:
            known = np.array(self._known)
            near = known[(known != ranked.base).sum(axis=1).argmin()]
            differs = np.flatnonzero(near != ranked.base)
            is_open[differs, near[differs]] = True  # -1 is the last column, not being chosen
            is_open[differs, ranked.base[differs]] = True
            kept = np.flatnonzero(is_open.any(axis=1))
            is_open[kept, near[kept]] = True
            search.found(near)
            search.one_round(ranked.base, is_open, nodes=NODES)
        if search.starts is None:
            search.rounds(prices, most=None)

    def totals(self, starts: Integers, items: list[str]) -> Floats:
        """Exact totals of the items."""
        sums = totals(self.model, starts)
        return np.array([sums[item] for item in items])


def _shares(count: int, rng: np.random.Generator) -> Iterator[Floats]:
    """Weights that add up to one: each objective alone (the others just above nothing), all alike, then at random."""
    for i in range(count):
        alone = np.full(count, 1e-3)
        alone[i] = 1.0
        yield alone / alone.sum()
    yield np.full(count, 1.0 / count)
    while True:
        drawn = rng.dirichlet(np.ones(count))
        few = rng.random(count) < 0.5
        yield drawn if rng.random() < 0.5 or few.sum() < 2 else np.where(few, drawn, 0.01 * drawn)


def _scale(ends: Floats, signs: Floats, otherwise: Floats) -> Floats:
    """One over the range of each objective among the plans that are best in one."""
    if not len(ends):
        return otherwise
    gains = ends * signs
    span = gains.max(axis=0) - gains.min(axis=0)
    return np.where(span > 0, 1.0 / np.where(span > 0, span, 1.0), otherwise)


def _table(
    found: list[tuple[Integers, Floats, Floats, float]], items: list[str], signs: Floats
) -> tuple[pd.DataFrame, Integers]:
    points = np.array([each[1] for each in found])
    kept = non_dominated(points * signs)
    weights = np.array([each[2] for each in found])[kept]
    bounds = np.array([each[3] for each in found])[kept]
    value = (weights * points[kept]).sum(axis=1)
    bound = np.maximum(bounds, value)
    table = pd.DataFrame(points[kept], columns=items)
    table = table.assign(**{f"weight_{item}": weights[:, i] for i, item in enumerate(items)})
    gap = np.divide(bound - value, np.abs(value), out=np.full(len(value), np.inf), where=value != 0)
    return table.assign(value=value, bound=bound, gap=gap), np.array([found[i][0] for i in kept])


def non_dominated(points: Floats) -> Integers:
    """Places of points that no other is as good as everywhere (more is better); of equal ones the first.

    Examples
    --------
    >>> non_dominated(np.array([[1.0, 2.0], [2.0, 1.0], [1.0, 1.0], [1.0, 2.0]])).tolist()
    [0, 1]
    """
    _distinct, first = np.unique(points, axis=0, return_index=True)
    order = np.sort(first)
    kept = np.ones(len(order), dtype=bool)
    for i, place in enumerate(order):  # one comparison with all others at a time: all at once would fill the memory
        if kept[i]:
            worse = (points[order] <= points[place]).all(axis=1)
            worse[i] = False
            kept &= ~worse
    return np.asarray(order[kept], dtype=np.int64)
