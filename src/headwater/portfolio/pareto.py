"""Exact trade-offs: plans that cannot be better in one objective without being worse in another.

Each point of a front is the proved optimum of a problem with bounds on the objectives, so it is on the true front,
whether or not the others have been found. Searches regions where points may still be until none is left, or until
the points asked for are spread over the front. Knows neither what the objectives mean nor where the model is from.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from headwater.errors import AssumptionError, Infeasible, TimedOut
from headwater.portfolio import boxes
from headwater.portfolio.model import PortfolioModel
from headwater.portfolio.rows import Floats
from headwater.portfolio.solve import OPTIMAL, Solution, Solver
from headwater.words import _

FEWEST, MOST = 2, 5
"""Objectives of one front."""
DECIMALS = 6
"""Decimals up to which values are searched for a common step."""
FINEST_OF_RANGE, FINEST_OF_VALUE = 1e-6, 1e-8
"""Least step, of the range and of the largest total: finer differences drown in the solver's tolerances."""
TILT = 1e-3
"""Least weight of an objective beside the one that is optimised, both per range; smaller ones drown as well."""
STEEPEST = 100.0
"""Most that weights per range may differ when a region's middle is searched."""
SMALL = 2000
"""Columns up to which the solver's improvement heuristics cost more than they find."""

PART_FOR_AN_END = 0.1
"""Part of the time left that one end of the front may take."""

Progress = Callable[[int, int], None]
"""Told how many points are found and how many regions are left to search."""


@dataclass(frozen=True, eq=False)
class Front:
    """Plans none of which is better than another in every objective.

    Attributes
    ----------
    objectives
        For each objective, +1 if more is better and -1 if less is.
    points
        Totals, [points, objectives] in natural units, in the order found: first the best in each objective.
    gaps
        By how much a plan within the bounds of each point could still exceed it, in the sum of `weights`, where 1 is
        the whole range of an objective; 0 is proved optimal.
    epsilons
        Bounds of the problem that each point solves, [points, objectives] in natural units: at least where more is
        better, at most where less is; missing where there is none.
    weights
        What each problem maximises, [points, objectives] per natural unit; negative where less is better.
    starts
        Place of the period in which each option starts, or -1, [points, options].
    bounds
        Upper bounds of each problem's weighted sum, [points].
    ideal, nadir
        Best and worst of each objective on the front. The worst is of the points found.
    steps
        Least difference of each objective that tells points apart.
    is_complete
        Whether every point of the front has been found, up to `steps` and `gaps`.
    seconds
        Time spent [s].
    """

    objectives: dict[str, int]
    points: pd.DataFrame
    gaps: pd.Series
    epsilons: pd.DataFrame
    weights: pd.DataFrame
    starts: pd.DataFrame
    bounds: pd.Series
    ideal: pd.Series
    nadir: pd.Series
    steps: pd.Series
    is_complete: bool
    seconds: float


@dataclass(frozen=True, eq=False)
class _Point:
    value: Floats
    lower: Floats
    weights: Floats
    plan: Solution


@dataclass(frozen=True, eq=False)
class _Questions:
    """What stays the same from question to question; values are turned so that more is better."""

    solver: Solver
    items: tuple[str, ...]
    signs: Floats
    until: float

    def value(self, plan: Solution) -> Floats:
        return np.asarray(self.signs * np.array([plan.totals[item] for item in self.items]), dtype=np.float64)

    def ask(self, weights: Floats, lower: Floats, start: Solution | None = None) -> _Point | None:
        """The best point above `lower`, or None if there is none."""
        rest = self.until - time.monotonic()
        if rest <= 0:
            raise TimedOut(_("Time ran out before any plan was found."))
        bound = {item: float(s * v) for item, s, v in zip(self.items, self.signs, lower, strict=True) if v > -np.inf}
        more = {item: v for item, v in bound.items() if self.signs[self.items.index(item)] > 0}
        less = {item: v for item, v in bound.items() if item not in more}
        wanted = {i: float(s * w) for i, s, w in zip(self.items, self.signs, weights, strict=True) if w}
        try:
            plan = self.solver.best(
                wanted, at_least=more, at_most=less, start=start, time_limit_s=rest if rest < math.inf else None
            )
        except Infeasible:
            if bound:
                return None
            raise
        if plan.status != OPTIMAL:
            raise TimedOut(_("Time ran out before a plan was proved to be on the front."), best=plan)
        return _Point(self.value(plan), lower, weights, plan)

    def finished(self, weights: Floats, lower: Floats, start: Solution, *, part: float) -> _Point | None:
        """As `ask`, but None where the answer takes more than a part of the time that is left."""
        rest = self.until - time.monotonic()
        if rest == math.inf:
            return self.ask(weights, lower, start)
        try:
            return replace(self, until=time.monotonic() + part * rest).ask(weights, lower, start)
        except TimedOut:
            if time.monotonic() >= self.until:
                raise
            return None


def front(
    model: PortfolioModel,
    objectives: Mapping[str, int],
    *,
    limit: int | None = None,
    steps: Mapping[str, float] | None = None,
    time_limit_s: float | None = None,
    gap: float = 0.0,
    threads: int = 1,
    seed: int = 0,
    progress: Progress | None = None,
) -> Front:
    """The front of a portfolio in two to five objectives.

    Every point maximises a sum of all objectives with positive weights, within bounds on the objectives; a plan
    that were as good in all and better in one would have a larger sum and keep the same bounds, so there is none.
    The best in each objective, up to `gap`, come first; where it cannot be proved in a tenth of the time which of
    the plans near that end is best in the rest, the end is left to the search. Without `limit` and `time_limit_s`
    each region is searched for its best in one objective, the others weighted as little as numbers allow, which
    takes the fewest problems; otherwise the largest region left comes next, and its middle first, so that the
    points cover the front from the beginning.

    Parameters
    ----------
    model
        From `build_model`; its `senses`, if given, must agree with `objectives`.
    objectives
        Items, +1 where more is better and -1 where less is.
    limit
        Most points to find; all by default.
    steps
        Least difference that matters, in the unit of the item. By default the largest number of which all values are
        multiples; where that is finer than a millionth of the range or there is none, a millionth of the range. A
        plan left out exceeds some point of a complete front by less than a step in every objective where it is better.
    time_limit_s
        Time for the whole front [s]; the points found by then are returned.
    gap
        Gap at which a point counts as proved, as a share of an objective's range.
    threads, seed
        Passed to the solver.
    progress
        Called after every problem.

    Returns
    -------
    front
        Points with the plans behind them.

    Raises
    ------
    AssumptionError
        If the objectives are too few or too many, a sense is not +1 or -1, an item is unknown or has blank values, or
        `limit`, `gap` or a step is out of range.
    Infeasible
        If no plan meets the constraints.
    TimedOut
        If time ran out before the best in each objective was known.

    Source
    ------
    Bounds on objectives: Haimes, Lasdon & Wismer (1971), IEEE Transactions on Systems, Man, and Cybernetics SMC-1(3),
    296-297. doi:10.1109/TSMC.1971.4308298. Search regions: Klamroth, Lacour & Vanderpooten (2015), European Journal
    of Operational Research 245(3), 767-778. doi:10.1016/j.ejor.2015.03.031

    Examples
    --------
    >>> from headwater.portfolio.model import build_model
    >>> options = pd.DataFrame({"option_id": ["a", "b", "c"], "initial_cost_usd": [1.0, 1.0, 1.0]})
    >>> people = pd.Series({"a": 5.0, "b": 2.0, "c": 1.0})
    >>> model = build_model(options, start_years=[2025], values={"people": people}, objectives=["people"])
    >>> found = front(model, {"people": +1, "initial_cost_usd": -1})
    >>> found.points.sort_values("people").values.tolist(), found.is_complete
    ([[0.0, 0.0], [5.0, 1.0], [7.0, 2.0], [8.0, 3.0]], True)
    """
    begun = time.monotonic()
    _check(model, objectives, limit, steps, gap)
    until = math.inf if time_limit_s is None else begun + time_limit_s
    items = tuple(objectives)
    signs = np.array([objectives[item] for item in items], dtype=np.float64)
    first = _Questions(_solver(model, gap, threads, seed), items, signs, until)
    best = [first.ask(unit, np.full(len(items), -np.inf)) for unit in np.eye(len(items))]
    ends = [point for point in best if point is not None]
    most = np.array([point.plan.bound for point in ends])
    values = np.array([point.value for point in ends])
    step, scale = _steps(model, items, steps or {}, values, most)
    size = float((np.maximum(np.abs(values).max(axis=0), np.abs(most)) / scale).sum())
    questions = _Questions(_solver(model, gap / size if gap else 0.0, threads, seed), items, signs, until)
    spread = limit is not None or time_limit_s is not None
    regions = boxes.whole_space(step, np.minimum(_least(model, items, signs), values.min(axis=0)), most)
    found: list[_Point] = []
    try:
        for i, end in enumerate(ends):
            lower = np.where(np.arange(len(items)) == i, end.value - gap * scale, -np.inf)
            point = questions.finished(1 / scale, lower, end.plan, part=PART_FOR_AN_END)
            if point is not None:
                found, regions = _taken(found, regions, point)
    except TimedOut as error:
        raise TimedOut(_("Time ran out before the best in each objective was known."), best=error.best) from None
    try:
        while len(regions.corners) and (limit is None or len(found) < limit):
            if progress is not None:
                progress(len(found), len(regions.corners))
            found, regions = (_spread if spread and found else _swept)(questions, found, regions, scale)
    except TimedOut as error:  # what was found before stands
        if not found:
            raise TimedOut(_("Time ran out before the best in each objective was known."), best=error.best) from None
    is_complete = not len(regions.corners) and (limit is None or len(found) <= limit)
    return _front(model, objectives, found[:limit], most, step, is_complete, time.monotonic() - begun)


# --- the next point ---------------------------------------------------------------------------------------------

Found = tuple[list[_Point], boxes.Regions]


def _swept(questions: _Questions, found: list[_Point], regions: boxes.Regions, scale: Floats) -> Found:
    """Search the region that is largest in all but one objective for its best in that one.

    That one is not bounded, so that what is proved holds for all regions above the same bounds, and a known point
    is there to start from.
    """
    step = regions.step
    main = int(np.argmax(step / scale))
    others = np.arange(len(step)) != main
    low = boxes.first_inside(regions, regions.corners)
    corner = regions.corners[np.argmax(((regions.most - low + step) / scale)[:, others].prod(axis=1))]
    full = float(((regions.most - regions.least) / scale)[others].sum())
    tilt = min(max(PART_OF_STEP * step[main] / scale[main] / max(full, 1.0), TILT / len(step)), 1.0)
    weights = np.where(others, tilt, 1.0) / scale
    lower = np.where(others, corner + step, -np.inf)
    point = questions.ask(weights, lower, _start(found, weights, lower, step))
    found, regions = _learned(found, regions, point, weights, lower)
    return _searched(questions, found, regions, weights, corner)


PART_OF_STEP = 0.5
"""Of a step of the objective that is optimised, how much all others together may weigh."""


def _spread(questions: _Questions, found: list[_Point], regions: boxes.Regions, scale: Floats) -> Found:
    """Search the largest region, its middle first: a bulge there is what a reader would miss most."""
    points = np.array([point.value for point in found])
    low = np.maximum(boxes.first_inside(regions, regions.corners), points.min(axis=0))
    sides = np.maximum(boxes.tops(regions, points) - low, 0.0) + regions.step
    largest = int(np.argmax((sides / scale).prod(axis=1)))
    corner, side = regions.corners[largest], sides[largest]
    weights = 1 / np.maximum(side / scale, (side / scale).max() / STEEPEST)
    weights = weights / weights.max() / scale
    middle = low[largest] + np.maximum(side / (len(side) + 1), 0.0)
    point = questions.ask(weights, middle, _start(found, weights, middle, regions.step))
    found, regions = _learned(found, regions, point, weights, middle)
    return (found, regions) if point is not None else _searched(questions, found, regions, weights, corner)


def _searched(
    questions: _Questions, found: list[_Point], regions: boxes.Regions, weights: Floats, corner: Floats
) -> Found:
    """Settle a region, unless it is already: it is empty, or it is split by a point of its own."""
    if not _is_left(regions, corner):
        return found, regions
    lower = corner + regions.step
    point = questions.ask(weights, lower)
    found, regions = _learned(found, regions, point, weights, lower)
    if _is_left(regions, corner):  # its best is, within rounding, a point that is known
        regions = boxes.with_proof(regions, lower, weights, -np.inf)
    return found, regions


def _is_left(regions: boxes.Regions, corner: Floats) -> bool:
    return bool((regions.corners == corner).all(axis=1).any())


def _learned(
    found: list[_Point], regions: boxes.Regions, point: _Point | None, weights: Floats, lower: Floats
) -> Found:
    """What a solve adds: a proof, and perhaps a point."""
    regions = boxes.with_proof(regions, lower, weights, -np.inf if point is None else point.plan.bound)
    return (found, regions) if point is None else _taken(found, regions, point)


def _taken(found: list[_Point], regions: boxes.Regions, point: _Point) -> Found:
    """The point added unless it is known or, within the gap, no better than a known one."""
    close = boxes.PART * regions.step
    if any((other.value >= point.value - close).all() for other in found):
        return found, regions
    kept = [other for other in found if not (point.value >= other.value - close).all()]
    return [*kept, point], boxes.without(regions, point.value)


def _start(found: list[_Point], weights: Floats, lower: Floats, step: Floats) -> Solution | None:
    """The best known plan above `lower`."""
    inside = [point for point in found if (point.value >= lower - boxes.PART * step).all()]
    return max(inside, key=lambda point: float(weights @ point.value)).plan if inside else None


# --- scales -----------------------------------------------------------------------------------------------------


def _steps(
    model: PortfolioModel, items: tuple[str, ...], given: Mapping[str, float], values: Floats, most: Floats
) -> tuple[Floats, Floats]:
    """Least difference and range of each objective."""
    ranges = most - values.min(axis=0)
    largest = np.abs(np.vstack([values, most])).max(axis=0)
    finest = np.maximum(FINEST_OF_RANGE * ranges, FINEST_OF_VALUE * largest)
    common = np.array([common_step(model.values[item]) for item in items])
    step = np.where(common > finest, common, np.where(finest > 0, finest, 1.0))
    step = np.array([given.get(item, own) for item, own in zip(items, step, strict=True)])
    return step, np.maximum(ranges, step)


def common_step(values: Floats) -> float:
    """The largest number of which all values are multiples, up to six decimals; 0 if there is none.

    Examples
    --------
    >>> common_step(np.array([6.0, 0.0, -9.0])), common_step(np.array([0.25, 1.5])), common_step(np.array([np.pi]))
    (3.0, 0.25, 0.0)
    """
    sizes = np.unique(np.abs(values[values != 0]))
    for power in range(DECIMALS + 1):
        scaled = sizes * 10.0**power
        whole = np.rint(scaled)
        if scaled.max(initial=0.0) < 2.0**53 and (np.abs(scaled - whole) <= TINY * np.maximum(scaled, 1.0)).all():
            return float(np.gcd.reduce(whole.astype(np.int64))) / 10.0**power if len(sizes) else 1.0
    return 0.0


TINY = 1e-12
"""Relative rounding of a decimal number."""


def _least(model: PortfolioModel, items: tuple[str, ...], signs: Floats) -> Floats:
    """Values that no plan falls short of: for each option and interaction the worst it can add."""
    worst = []
    for item, sign in zip(items, signs, strict=True):
        amounts = np.minimum(sign * model.values[item], 0.0)
        starts = amounts[: model.decisions].reshape(-1, model.periods).min(axis=1, initial=0.0).sum()
        worst.append(float(starts + amounts[model.decisions :].sum()))
    return np.array(worst)


def _solver(model: PortfolioModel, gap: float, threads: int, seed: int) -> Solver:
    """A solver for many small problems that mostly have a good plan to start from."""
    solver = Solver(model, gap=gap, threads=threads, seed=seed)
    if len(model.upper) <= SMALL:
        # HiGHS options; measured on the published knapsacks, all of them together halve the time and more
        for name in (
            "mip_heuristic_run_feasibility_jump", "mip_heuristic_run_rins", "mip_heuristic_run_rens",
            "mip_allow_cut_separation_at_nodes", "mip_allow_restart", "mip_detect_symmetry",
        ):  # fmt: skip
            solver._highs.setOptionValue(name, False)
    return solver


# --- the answer -------------------------------------------------------------------------------------------------


def _front(
    model: PortfolioModel,
    objectives: Mapping[str, int],
    found: list[_Point],
    most: Floats,
    step: Floats,
    is_complete: bool,
    seconds: float,
) -> Front:
    items = list(objectives)
    signs = np.array([objectives[item] for item in items], dtype=np.float64)
    index = pd.RangeIndex(len(found), name="point")

    def table(rows: list[Floats]) -> pd.DataFrame:
        return pd.DataFrame(np.array(rows) * signs + 0.0, index, items)

    points = table([point.value for point in found])
    lower = [np.where(np.isfinite(point.lower), point.lower, np.nan) for point in found]
    distances = [max(point.plan.bound - point.plan.objective, 0.0) for point in found]
    worst = np.array([point.value for point in found]).min(axis=0)
    return Front(
        objectives=dict(objectives),
        points=points,
        gaps=pd.Series(distances, index, dtype="float64", name="gap"),
        epsilons=table(lower),
        weights=table([point.weights for point in found]),
        starts=pd.DataFrame(np.array([point.plan.starts for point in found]), index, model.option_ids),
        bounds=pd.Series([point.plan.bound for point in found], index, dtype="float64", name="bound"),
        ideal=pd.Series(most * signs + 0.0, items, name="ideal"),
        nadir=pd.Series(worst * signs + 0.0, items, name="nadir"),
        steps=pd.Series(step, items, name="step"),
        is_complete=is_complete,
        seconds=seconds,
    )


def _check(
    model: PortfolioModel,
    objectives: Mapping[str, int],
    limit: int | None,
    steps: Mapping[str, float] | None,
    gap: float,
) -> None:
    if not FEWEST <= len(objectives) <= MOST:
        message = _("A front has {fewest} to {most} objectives; {count} are given.")
        raise AssumptionError(message.format(fewest=FEWEST, most=MOST, count=len(objectives)))
    unknown = [item for item in objectives if item not in model.values]
    if unknown:
        message = _("There are no values of {names}; there are {known}.")
        raise AssumptionError(message.format(names=", ".join(unknown), known=", ".join(model.values)))
    wrong = [item for item, sense in objectives.items() if sense not in (-1, 1)]
    if wrong:
        message = _("Say of {items} whether more (+1) or less (-1) is better.")
        raise AssumptionError(message.format(items=", ".join(wrong)))
    if limit is not None and limit < 1:
        raise AssumptionError(_("A front of {limit} points is asked for; ask for at least 1.").format(limit=limit))
    if not 0 <= gap < 1:
        raise AssumptionError(_("The gap is {gap}; give a share from 0 to below 1.").format(gap=gap))
    for item, step in (steps or {}).items():
        if item not in objectives or not 0 < step < math.inf:
            message = _("The step of {item} is {step}; give a positive number for an objective of the front.")
            raise AssumptionError(message.format(item=item, step=step))
