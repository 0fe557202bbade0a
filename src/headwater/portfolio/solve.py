"""The best plan, by branch and bound in HiGHS, checked in whole cents.

The solver works in floating point; what it returns is checked exactly, and a plan that exceeds a budget by a cent is
cut off and the rest solved again. Knows nothing of where the values come from.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import highspy
import numpy as np
import pandas as pd

from headwater.errors import AssumptionError, SolveError, TimedOut
from headwater.portfolio import highs, relax
from headwater.portfolio.model import (
    CENTS,
    TOLERANCE,
    PortfolioModel,
    active_columns,
    build_model,
    common_budget,
    option_values,
    over_limit,
    pruned,
    totals,
)  # fmt: skip
from headwater.portfolio.rows import Floats, Integers, Mask, power_of_ten
from headwater.schema import empty
from headwater.words import _

OPTIMAL: Literal["optimal"] = "optimal"
TIME_LIMIT: Literal["time_limit"] = "time_limit"
GAP = 1e-6
"""Relative gap at which a plan counts as proved optimal: one dollar in a million. Plans whose costs and values rise
together close to a millionth in a blink and to zero in hours; the gap reached is always reported."""
NODES = 1000
"""Nodes of the search for a cheaper plan as good as the best: a count, not seconds, so that it is repeatable."""

Progress = Callable[[float, float], None]
"""Told the best value found so far and the bound, in natural units, while the solver runs."""


@dataclass(frozen=True, eq=False)
class Solution:
    """A plan and how good it is proved to be.

    Attributes
    ----------
    starts
        Place in `start_years` of the period in which each option starts, or -1.
    totals
        Sum of every item over the plan, interactions included; missing if a value that it needs is.
    objective
        What was optimised: a total, or a weighted sum of totals.
    bound
        No plan is better than this.
    gap
        Distance between the two as a share of the objective; 0 is proved optimal.
    status
        "optimal" or "time_limit".
    seconds
        Time spent in the solver [s].
    """

    starts: Integers
    totals: dict[str, float]
    objective: float
    bound: float
    gap: float
    status: Literal["optimal", "time_limit"]
    seconds: float

    @property
    def chosen(self) -> Mask:
        """Whether each option is in the plan."""
        return self.starts >= 0


class Solver:
    """A model held in memory by the solver: objectives and bounds change in place, the model is not built again.

    Every answer depends on the question alone, not on the questions before it.

    Parameters
    ----------
    model
        From `build_model`.
    time_limit_s
        Time for each question [s].
    threads, seed
        Passed to the solver.
    gap
        Relative gap at which a plan counts as proved optimal.
    progress
        Called now and then with the best value and the bound.
    presolve
        Whether the solver may simplify the model first. Not where a column is no decision and no interaction: HiGHS
        1.10 to 1.15 call a plan optimal there that is not (tests/portfolio/test_robust.py holds a case).

    Examples
    --------
    >>> options = pd.DataFrame({"option_id": ["a", "b", "c"], "initial_cost_usd": [6.0, 5.0, 5.0]})
    >>> npv = pd.Series({"a": 7.0, "b": 5.0, "c": 5.0})
    >>> solver = Solver(
    ...     build_model(
    ...         options, start_years=[2025], values={"npv_usd": npv}, objectives=["npv_usd"], budgets=common_budget(10)
    ...     )
    ... )
    >>> best = solver.best("npv_usd")
    >>> best.starts.tolist(), best.objective
    ([-1, 0, 0], 10.0)
    >>> solver.best("npv_usd", at_most={"options": 1}).totals
    {'npv_usd': 7.0, 'initial_cost_usd': 6.0, 'options': 1.0}
    """

    def __init__(
        self,
        model: PortfolioModel,
        *,
        time_limit_s: float | None = None,
        threads: int = 1,
        seed: int = 0,
        gap: float = GAP,
        progress: Progress | None = None,
        presolve: bool = True,
    ) -> None:
        self.model = model
        self.time_limit_s = time_limit_s
        self._progress = progress
        self._unit = 1.0
        self._rows: dict[tuple[object, ...], tuple[int, float]] = {}
        self._highs = highs.loaded(model, gap=gap, threads=threads, seed=seed, presolve=presolve)
        if progress is not None:
            self._highs.cbMipLogging.subscribe(self._told)
            self._highs.cbMipImprovingSolution.subscribe(self._told)

    def best(
        self,
        objective: str | Mapping[str, float],
        *,
        sense: int = 1,
        at_least: Mapping[str, float] | None = None,
        at_most: Mapping[str, float] | None = None,
        start: Solution | None = None,
        cheapest: bool = False,
        time_limit_s: float | None = None,
        explain: bool | None = None,
    ) -> Solution:
        """The plan with the largest (`sense` +1) or smallest (-1) total.

        Options that add nothing are dropped unless a chosen one requires them or a rule counts them.

        Parameters
        ----------
        objective
            An item, or weights of items.
        sense
            +1 to maximise, -1 to minimise.
        at_least, at_most
            Bounds on the totals of items.
        start
            A plan to start the search from.
        cheapest
            Of several plans that are equally good, look for the cheapest by a second, bounded search.
        time_limit_s
            Time for this question [s]; that of the solver by default.
        explain
            Whether to work out which constraints are in conflict when no plan exists, and the least change that would
            do; by default only without `at_least` and `at_most`, where having no plan is an answer like others.

        Returns
        -------
        solution
            Proved optimal, or the best found when time ran out (`status`), with its gap.

        Raises
        ------
        Infeasible
            If no plan meets the constraints; names a smallest set of constraints that cannot be met together.
        TimedOut
            If time ran out before any plan was found.
        AssumptionError
            If an item is unknown, has blank values, or was not to be optimised in this direction.
        SolveError
            If the solver failed.
        """
        begun = self._highs.getRunTime()
        limit = self.time_limit_s if time_limit_s is None else time_limit_s
        weights = {objective: 1.0} if isinstance(objective, str) else dict(objective)
        lower, upper = dict(at_least or {}), dict(at_most or {})
        self._check(weights, sense, lower, upper)
        worth = self._columns(weights)
        if not self.model.decisions:
            return self._without_options(weights, lower, upper)
        self._bound(lower, upper)
        try:
            starts, bound, status = self._search(worth, sense, start, limit, begun)
        except _NoPlanError:
            explained = explain if explain is not None else not (lower or upper)
            raise relax.infeasible(self.model, lower, upper, explain=explained) from None
        if starts is None:
            raise TimedOut(_("Time ran out before any plan was found."))
        starts = self._pruned(starts, worth, [*lower, *upper])
        found = self._solution(weights, starts, bound, sense, status, begun)
        if cheapest and status == OPTIMAL:
            rest = None if limit is None else limit - (self._highs.getRunTime() - begun)
            found = self._cheaper(found, weights, worth, sense, [*lower, *upper], rest)
        return replace(found, seconds=self._highs.getRunTime() - begun)

    # --- the question -------------------------------------------------------------------------------------------

    def _check(
        self, weights: Mapping[str, float], sense: int, lower: Mapping[str, float], upper: Mapping[str, float]
    ) -> None:
        asked = [(item, math.copysign(1, weight) * sense) for item, weight in weights.items() if weight]
        asked += [(item, 1) for item in lower] + [(item, -1) for item in upper]
        for item, direction in asked:
            values = self.model.values.get(item)
            if values is None:
                message = _("There are no values of {names}; there are {known}.")
                raise AssumptionError(message.format(names=item, known=", ".join(self.model.values)))
            if np.isnan(values).any():
                message = _("Some values of {item} are blank; name it among the objectives of the model.")
                raise AssumptionError(message.format(item=item))
            if len(self.model.joints) and self.model.senses is not None:
                joint = values[self.model.decisions :].any()
                if joint and self.model.senses.get(item, 0) != direction:
                    message = _("The model was not built to optimise or bound {item} in this direction.")
                    raise AssumptionError(message.format(item=item))
        if not all(map(math.isfinite, [*weights.values(), *lower.values(), *upper.values()])):
            raise AssumptionError(_("Weights and bounds must be finite numbers."))

    def _columns(self, weights: Mapping[str, float]) -> Floats:
        """What each column adds to a weighted sum."""
        parts = [self.model.values[item] * weight for item, weight in weights.items()]
        return np.asarray(np.sum(parts, axis=0), dtype=np.float64)

    def _bound(self, lower: Mapping[str, float], upper: Mapping[str, float]) -> None:
        """Put the bounds on totals in force, and take away those of the question before."""
        for row, _unit in self._rows.values():
            self._highs.changeRowBounds(row, -math.inf, math.inf)
        for item in dict.fromkeys([*lower, *upper]):
            self._hold({item: 1.0}, lower.get(item, -math.inf), upper.get(item, math.inf))

    def _hold(self, weights: Mapping[str, float], lower: float, upper: float, *, use: str = "bound") -> None:
        """Keep a weighted sum between bounds; a billionth of slack lets an exact fit survive rounding."""
        key = (use, *sorted(weights.items()))
        if key not in self._rows:
            worth = self._columns(weights)
            unit = power_of_ten(float(np.abs(worth).max(initial=0.0)))
            self._rows[key] = highs.add_row(self._highs, self.model, worth / unit, -math.inf, math.inf), unit
        row, unit = self._rows[key]
        least, most = (lower - TOLERANCE * abs(lower)), (upper + TOLERANCE * abs(upper))
        self._highs.changeRowBounds(
            row, least / unit if lower > -math.inf else lower, most / unit if upper < math.inf else upper
        )

    # --- the search ---------------------------------------------------------------------------------------------

    def _search(
        self, worth: Floats, sense: int, start: Solution | None, limit: float | None, begun: float
    ) -> tuple[Integers | None, float, Literal["optimal", "time_limit"]]:
        """A plan within the limits to the cent, or None; the bound; and how the search ended."""
        self._unit = power_of_ten(float(np.abs(worth).max(initial=0.0)))
        highs.set_objective(self._highs, self.model, worth / self._unit, sense=sense)
        starts = start.starts if start is not None else None
        while True:
            self._highs.clearSolver()
            if starts is not None:
                highs.start_from(self._highs, self.model, starts)
            rest = None if limit is None else limit - (self._highs.getRunTime() - begun)
            status = highs.run(self._highs, time_limit_s=rest)
            if status == highs.INFEASIBLE:
                raise _NoPlanError
            found = highs.found_starts(self._highs, self.model)
            if found is not None and self._cut_off(found):
                continue
            if status not in (highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kTimeLimit):
                name = self._highs.modelStatusToString(status)
                raise SolveError(_("The solver stopped: {status}.").format(status=name))
            bound = float(self._highs.getInfo().mip_dual_bound) * self._unit
            return found, bound, OPTIMAL if status == highspy.HighsModelStatus.kOptimal else TIME_LIMIT

    def _cut_off(self, starts: Integers) -> bool:
        """Forbid a plan that exceeds a limit, and every larger one: costs are not negative, so none of them fits."""
        over = over_limit(self.model, active_columns(self.model, starts))
        for _row, paid in over:
            highs.forbid(self._highs, self.model, paid[self.model.cost_cents[paid] > 0])
        return bool(over)

    def _cheaper(
        self,
        best: Solution,
        weights: Mapping[str, float],
        worth: Floats,
        sense: int,
        bounded: Sequence[str],
        limit: float | None,
    ) -> Solution:
        """The cheapest plan found that is as good as the best."""
        model = self.model
        if not best.chosen.any() or not model.cost_cents.any():
            return best
        enough = (best.objective, math.inf) if sense > 0 else (-math.inf, best.objective)
        self._hold(weights, *enough, use="as good")
        cost = model.values["initial_cost_usd"]
        unit = power_of_ten(float(cost.max()))
        highs.set_objective(self._highs, model, cost / unit, sense=-1)
        self._highs.clearSolver()
        highs.start_from(self._highs, model, best.starts)
        self._highs.setOptionValue("mip_max_nodes", NODES)
        highs.run(self._highs, time_limit_s=limit)
        self._highs.setOptionValue("mip_max_nodes", highspy.kHighsIInf)
        starts = highs.found_starts(self._highs, model)
        if starts is None or over_limit(model, active_columns(model, starts)):
            return best
        starts = self._pruned(starts, worth, bounded)
        sums = totals(model, starts)
        objective = math.fsum(sums[item] * weight for item, weight in weights.items())
        worse = sense * (best.objective - objective)
        if sums["initial_cost_usd"] >= best.totals["initial_cost_usd"] or worse > 2 * TOLERANCE * abs(best.objective):
            return best
        gap = 0.0 if best.gap == 0 else _gap(objective, best.bound, sense)
        return replace(best, starts=starts, totals=sums, objective=objective, gap=gap)

    def _pruned(self, starts: Integers, worth: Floats, bounded: Sequence[str]) -> Integers:
        """The plan without options that neither the objective nor a bound nor a rule counts, and no other needs."""
        return pruned(self.model, starts, np.logical_or.reduce([worth, *(self.model.values[i] for i in bounded)]))

    # --- the answer ---------------------------------------------------------------------------------------------

    def _solution(
        self,
        weights: Mapping[str, float],
        starts: Integers,
        bound: float,
        sense: int,
        status: Literal["optimal", "time_limit"],
        begun: float,
    ) -> Solution:
        sums = totals(self.model, starts)
        objective = math.fsum(sums[item] * weight for item, weight in weights.items())
        distance = max(sense * (bound - objective), 0.0)
        if status == OPTIMAL and distance <= TOLERANCE * max(abs(objective), self._unit):
            distance = 0.0
        bound = objective + sense * distance
        return Solution(
            starts, sums, objective, bound, _gap(objective, bound, sense), status, self._highs.getRunTime() - begun
        )

    def _without_options(
        self, weights: Mapping[str, float], lower: Mapping[str, float], upper: Mapping[str, float]
    ) -> Solution:
        """The empty plan, when there is nothing to choose from."""
        model = self.model
        asked = model.row_set[(model.lower > 0) | (model.upper_rows < 0)]
        if len(asked) or any(v > 0 for v in lower.values()) or any(v < 0 for v in upper.values()):
            raise relax.infeasible(model, lower, upper, explain=False, sets=sorted(set(asked.tolist())))
        starts = np.zeros(0, dtype=np.int64)
        return self._solution(weights, starts, 0.0, 1, OPTIMAL, self._highs.getRunTime())

    def _told(self, event: highspy.highs.HighsCallbackEvent) -> None:
        """Pass on what the solver says of itself."""
        best, bound = event.data_out.mip_primal_bound, event.data_out.mip_dual_bound
        if self._progress is not None:
            self._progress(best * self._unit, bound * self._unit)


class _NoPlanError(Exception):
    """The solver has proved that there is no plan."""


def _gap(objective: float, bound: float, sense: int) -> float:
    distance = max(sense * (bound - objective), 0.0)
    return 0.0 if distance == 0 else distance / abs(objective) if objective else math.inf


# --- tables -----------------------------------------------------------------------------------------------------


def plan(
    options: pd.DataFrame,
    values: Mapping[str, pd.DataFrame | pd.Series | Floats],
    *,
    start_years: Sequence[int],
    budgets: Mapping[str, pd.DataFrame | float],
    objective: str,
    sense: int = 1,
    carries_over: bool = True,
    interactions: pd.DataFrame | None = None,
    profiles: Mapping[str, Floats] | None = None,
    rules: pd.DataFrame | None = None,
    time_limit_s: float | None = None,
    threads: int = 1,
    seed: int = 0,
    progress: Progress | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The best plan under each of several budgets.

    Parameters
    ----------
    options, values, start_years, carries_over, interactions, profiles, rules
        As in `build_model`.
    budgets
        By plan_id, a table of budgets as in `build_model`, or one amount for all options and periods [USD].
    objective, sense
        Item to maximise (+1) or minimise (-1).
    time_limit_s
        Time for each plan [s]; the best found by then is reported with its gap.
    threads, seed, progress
        As in `Solver`.

    Returns
    -------
    plans
        Table `plans`: one row per chosen option, sorted by plan_id (in the order of `budgets`) and option_id. What
        options are worth together is shared equally among them, so that rows add up to the plan's objective.
    plan_summaries
        Table `plan_summaries`: one row per plan. The net present value is blank if that of a chosen option is.

    Raises
    ------
    TableError, AssumptionError
        As `build_model`.
    Infeasible, SolveError
        As `Solver.best`.
    TimedOut
        If time ran out before any plan was found.

    Examples
    --------
    >>> options = pd.DataFrame({"option_id": ["a", "b"], "initial_cost_usd": [6.0, 5.0]})
    >>> npv = {"npv_usd": pd.Series({"a": 7.0, "b": 5.0})}
    >>> plans, summaries = plan(
    ...     options, npv, start_years=[2025], budgets={"small": 5, "large": 11}, objective="npv_usd"
    ... )
    >>> plans.groupby("plan_id", sort=False)["option_id"].agg(list).to_dict()
    {'small': ['b'], 'large': ['a', 'b']}
    >>> summaries[["plan_id", "objective_value", "spent_usd", "gap", "status"]].values.tolist()
    [['small', 5.0, 5.0, 0.0, 'optimal'], ['large', 12.0, 11.0, 0.0, 'optimal']]
    """
    plans, summaries = [empty("plans")], []
    for plan_id, budget in budgets.items():
        money = budget if isinstance(budget, pd.DataFrame) else common_budget(budget)
        model = build_model(
            options, start_years=start_years, values=values, objectives=[objective], budgets=money,
            carries_over=carries_over, interactions=interactions, profiles=profiles, rules=rules,
            senses={objective: sense},
        )  # fmt: skip
        solver = Solver(model, time_limit_s=time_limit_s, threads=threads, seed=seed, progress=progress)
        best = solver.best(objective, sense=sense, cheapest=True)
        plans.append(_plan_rows(model, best, plan_id, objective))
        summaries.append(_summary(best, plan_id, objective, money))
    filled = [rows for rows in plans if len(rows)] or plans[:1]
    summary = pd.DataFrame(summaries, columns=empty("plan_summaries").columns)
    return pd.concat(filled, ignore_index=True), summary.astype({"rounds": "Int64", "npv_usd": "float64"})


def _plan_rows(model: PortfolioModel, best: Solution, plan_id: str, objective: str) -> pd.DataFrame:
    chosen = np.flatnonzero(best.chosen)
    rows = pd.DataFrame(
        {
            "plan_id": plan_id,
            "option_id": model.option_ids[chosen],
            "start_year": np.asarray(model.start_years)[best.starts[chosen]],
            "initial_cost_usd": model.cost_cents[chosen * model.periods] / CENTS,
            "objective_value": option_values(model, best.starts, objective)[chosen],
        }
    )
    return rows.astype({"start_year": "Int64", "plan_id": "str"})


def _summary(best: Solution, plan_id: str, objective: str, budgets: pd.DataFrame) -> dict[str, object]:
    return {
        "plan_id": plan_id,
        "budget_usd": _money(budgets),
        "objective": objective,
        "objective_value": best.objective,
        "bound": best.bound,
        "gap": best.gap,
        "spent_usd": best.totals["initial_cost_usd"],
        "npv_usd": best.totals.get("npv_usd", math.nan),
        "options": int(best.chosen.sum()),
        "status": best.status,
    }


def _money(budgets: pd.DataFrame) -> float:
    """The common budget, or the sum of all where there is none; of a source's lump and dated budgets, the smaller."""
    lump = budgets["start_year"].isna() if "start_year" in budgets else pd.Series(True, budgets.index)
    source = budgets["source"].fillna("") if "source" in budgets else pd.Series("", budgets.index)
    sums = budgets.groupby([source.to_numpy(), lump.to_numpy()])["amount_usd"].sum()
    least = sums.groupby(level=0).min()
    return float(least[""] if "" in least.index else least.sum())
