"""The best portfolio, by branch and bound in HiGHS, checked in whole cents.

The solver works in floating point; what it returns is checked exactly, and a choice that exceeds the budget by a cent
is cut off and the rest solved again. Knows nothing of where the values come from.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import highspy
import numpy as np
import numpy.typing as npt
import pandas as pd

from headwater.errors import Infeasible, SolveError, TimedOut
from headwater.portfolio.model import CENTS, PortfolioModel, build_model
from headwater.schema import empty
from headwater.words import _

OPTIMAL: Literal["optimal"] = "optimal"
TIME_LIMIT: Literal["time_limit"] = "time_limit"
TOLERANCE = 1e-9
"""Feasibility and integrality tolerance asked of the solver, and the relative gap below which a bound counts as met."""
GAP = 1e-6
"""Relative gap at which a portfolio counts as proved optimal: one dollar in a million. Portfolios whose costs and
values rise together close to a millionth in a blink and to zero in hours; the gap reached is always reported."""
NODES = 1000
"""Nodes of the search for a cheaper portfolio as good as the best: a count, not seconds, so that it is repeatable."""
CHOSEN = 0.5
IMPOSSIBLE = (highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible)
"""Every variable is bounded, so the second can only mean the first."""

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Solution:
    """A portfolio and how good it is proved to be.

    Attributes
    ----------
    chosen
        Whether each option of the model is in the portfolio.
    objective
        Sum of the values of the chosen options.
    bound
        No portfolio has a larger sum.
    gap
        (bound - objective) / |objective|; 0 is proved optimal.
    status
        "optimal" or "time_limit".
    seconds
        Time spent in the solver [s].
    """

    chosen: Mask
    objective: float
    bound: float
    gap: float
    status: Literal["optimal", "time_limit"]
    seconds: float


def solve(model: PortfolioModel, *, time_limit_s: float | None = None, threads: int = 1, seed: int = 0) -> Solution:
    """The portfolio with the largest sum of values.

    Solved to a proved gap of `GAP`. Of several portfolios that are equally good a cheap one is returned, found by a
    second, bounded search; always the same for the same options, seed and number of threads. Options that add nothing
    are dropped unless a chosen one requires them or they count towards a minimum.

    Parameters
    ----------
    model
        From `build_model`.
    time_limit_s
        Time after which to stop [s].
    threads, seed
        Passed to the solver.

    Returns
    -------
    solution
        Proved optimal.

    Raises
    ------
    Infeasible
        If no portfolio meets the constraints; names a smallest set of constraints that cannot be met together.
    TimedOut
        If time ran out before the proof; carries the best `Solution` found, or None.
    SolveError
        If the solver failed.

    Examples
    --------
    >>> options = pd.DataFrame(
    ...     {"option_id": ["a", "b", "c"], "initial_cost_usd": [6.0, 5.0, 5.0], "npv_usd": [7.0, 5.0, 5.0]}
    ... )
    >>> best = solve(build_model(options, objective="npv_usd", budget_usd=10))
    >>> best.chosen.tolist(), best.objective
    ([False, True, True], 10.0)
    """
    if not len(model.value):
        return _without_options(model)
    solver = _solver(model, time_limit_s=time_limit_s, threads=threads, seed=seed)
    while True:
        status = _run(solver)
        if status == highspy.HighsModelStatus.kInfeasible:
            raise Infeasible(conflicts(model))
        chosen = _chosen(solver)
        if chosen is not None and int(model.cost_cents[chosen].sum()) > model.budget_cents:
            _cut_off(solver, chosen & (model.cost_cents > 0))
            continue
        best = _finished(model, solver, chosen, status)
        return _cheaper(model, best, threads=threads, seed=seed)


def plan(
    options: pd.DataFrame,
    *,
    budgets: Mapping[str, float],
    objective: str,
    start_year: int,
    time_limit_s: float | None = None,
    minimum_counts: Mapping[str, int] | None = None,
    minimum_by: str = "sector",
    threads: int = 1,
    seed: int = 0,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The best portfolio under each of several budgets.

    Parameters
    ----------
    options
        Table `options` joined with the column to maximise, and with `npv_usd` where it is known.
    budgets
        Budget [USD] by plan_id.
    objective
        Column to maximise.
    start_year
        Year in which the chosen options start.
    time_limit_s
        Time for each budget [s]; the best portfolio found by then is reported with its gap.
    minimum_counts, minimum_by, threads, seed
        As in `build_model` and `solve`.

    Returns
    -------
    plans
        Table `plans`: one row per chosen option, sorted by plan_id (in the order of `budgets`) and option_id.
    plan_summaries
        Table `plan_summaries`: one row per plan. The net present value is blank if that of a chosen option is.

    Raises
    ------
    TableError, AssumptionError
        As `build_model`.
    Infeasible, SolveError
        As `solve`.
    TimedOut
        If time ran out before any portfolio was found.

    Examples
    --------
    >>> options = pd.DataFrame(
    ...     {"option_id": ["a", "b"], "initial_cost_usd": [6.0, 5.0], "npv_usd": [7.0, 5.0]}
    ... )
    >>> plans, summaries = plan(options, budgets={"small": 5, "large": 11}, objective="npv_usd", start_year=2025)
    >>> plans.groupby("plan_id", sort=False)["option_id"].agg(list).to_dict()
    {'small': ['b'], 'large': ['a', 'b']}
    >>> summaries[["plan_id", "objective_value", "spent_usd", "gap", "status"]].values.tolist()
    [['small', 5.0, 5.0, 0.0, 'optimal'], ['large', 12.0, 11.0, 0.0, 'optimal']]
    """
    npv = _npv_by_option(options)
    plans, summaries = [empty("plans")], []
    for plan_id, budget in budgets.items():
        model = build_model(
            options, objective=objective, budget_usd=budget, minimum_counts=minimum_counts, minimum_by=minimum_by
        )
        best = _best_within_time(model, time_limit_s=time_limit_s, threads=threads, seed=seed)
        plans.append(_plan_rows(model, best, plan_id, start_year))
        summaries.append(_summary(model, best, plan_id, objective, npv))
    filled = [rows for rows in plans if len(rows)] or plans[:1]
    summary = pd.DataFrame(summaries, columns=empty("plan_summaries").columns)
    return pd.concat(filled, ignore_index=True), summary


def conflicts(model: PortfolioModel) -> list[str]:
    """A smallest set of constraints, by name, that no portfolio can meet together.

    Constraints are taken away one after another; one without which the rest is still impossible stays away.

    Examples
    --------
    >>> options = pd.DataFrame({"option_id": ["a"], "initial_cost_usd": [6.0], "npv_usd": [7.0], "sector": ["water"]})
    >>> conflicts(build_model(options, objective="npv_usd", budget_usd=5, minimum_counts={"water": 1}))
    ['budget', 'at least 1 of water']
    """
    kept = list(range(len(model.set_names)))
    for row_set in range(len(model.set_names)):
        trial = [s for s in kept if s != row_set]
        solver = _solver(_relaxed(model, trial), time_limit_s=None, threads=1, seed=0)
        if _run(solver) == highspy.HighsModelStatus.kInfeasible:
            kept = trial
    return [model.set_names[s] for s in kept]


# --- solver -----------------------------------------------------------------------------------------------------


def _solver(model: PortfolioModel, *, time_limit_s: float | None, threads: int, seed: int) -> highspy.Highs:
    solver = highspy.Highs()  # type: ignore[no-untyped-call]
    settings = {
        "output_flag": False, "threads": threads, "random_seed": seed, "mip_rel_gap": GAP, "mip_abs_gap": 0.0,
        "mip_feasibility_tolerance": TOLERANCE, "primal_feasibility_tolerance": TOLERANCE,
        "time_limit": math.inf if time_limit_s is None else float(time_limit_s),
    }  # fmt: skip
    for name, value in settings.items():
        if solver.setOptionValue(name, value) != highspy.HighsStatus.kOk:
            raise SolveError(_("The solver refuses {name} = {value}.").format(name=name, value=value))
    if solver.passModel(_linear_program(model)) == highspy.HighsStatus.kError:
        raise SolveError(_("The solver refuses the model."))
    return solver


def _linear_program(model: PortfolioModel) -> highspy.HighsLp:
    columns, rows = len(model.value), len(model.lower)
    program = highspy.HighsLp()
    program.num_col_, program.num_row_ = columns, rows
    program.sense_ = highspy.ObjSense.kMaximize
    program.col_cost_ = model.value / _scale(model)
    program.col_lower_, program.col_upper_ = np.zeros(columns), np.ones(columns)
    program.row_lower_, program.row_upper_ = model.lower, model.upper
    program.integrality_ = [highspy.HighsVarType.kInteger] * columns
    matrix = program.a_matrix_
    matrix.format_ = highspy.MatrixFormat.kRowwise
    matrix.num_col_, matrix.num_row_ = columns, rows
    matrix.start_, matrix.index_, matrix.value_ = model.indptr, model.indices, model.data
    return program


def _scale(model: PortfolioModel) -> float:
    """Power of ten that brings the largest value near a thousand, for the solver's tolerances to mean something."""
    largest = float(np.abs(model.value).max(initial=0.0))
    return 10.0 ** (math.floor(math.log10(largest)) - 3) if largest > 0 else 1.0


def _run(solver: highspy.Highs) -> highspy.HighsModelStatus:
    """Status after solving. What presolve alone calls impossible is tried again without it.

    With costs a billion times apart, presolve's own rounding can make a choice that exists look impossible.
    """
    status = _status(solver)
    if status in IMPOSSIBLE:
        solver.setOptionValue("presolve", "off")
        status = _status(solver)
        solver.setOptionValue("presolve", "choose")
    return highspy.HighsModelStatus.kInfeasible if status in IMPOSSIBLE else status


def _status(solver: highspy.Highs) -> highspy.HighsModelStatus:
    if solver.run() == highspy.HighsStatus.kError:
        raise SolveError(_("The solver failed."))
    return solver.getModelStatus()


def _chosen(solver: highspy.Highs) -> Mask | None:
    """The solver's choice, or None when it has found none."""
    if solver.getInfo().primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        return None
    return np.asarray(solver.getSolution().col_value) > CHOSEN


def _cut_off(solver: highspy.Highs, chosen: Mask) -> None:
    """Forbid this choice and every larger one: costs are not negative, so none of them fits the budget either."""
    places = np.flatnonzero(chosen).astype(np.int32)
    solver.addRow(-math.inf, len(places) - 1.0, len(places), places, np.ones(len(places)))


def _finished(
    model: PortfolioModel, solver: highspy.Highs, chosen: Mask | None, status: highspy.HighsModelStatus
) -> Solution:
    proved = status == highspy.HighsModelStatus.kOptimal
    if not proved and status != highspy.HighsModelStatus.kTimeLimit:
        raise SolveError(_("The solver stopped: {status}.").format(status=solver.modelStatusToString(status)))
    best = None
    if chosen is not None:
        bound = float(solver.getInfo().mip_dual_bound) * _scale(model)
        best = _solution(model, _pruned(model, chosen), bound, OPTIMAL if proved else TIME_LIMIT, solver.getRunTime())
    if best is None or not proved:
        raise TimedOut(_("Time ran out before the best portfolio was proved."), best=best)
    return best


def _cheaper(model: PortfolioModel, best: Solution, *, threads: int, seed: int) -> Solution:
    """The cheapest portfolio found that is as good as the best."""
    if not best.chosen.any() or not (model.value > 0).any():
        return best
    solver = _solver(model, time_limit_s=None, threads=threads, seed=seed)
    worth = np.flatnonzero(model.value).astype(np.int32)
    enough = best.objective / _scale(model) * (1 - math.copysign(TOLERANCE, best.objective))
    solver.addRow(enough, highspy.kHighsInf, len(worth), worth, model.value[worth] / _scale(model))
    cost = model.cost_cents / max(float(model.cost_cents.max()), 1.0) * 1000
    columns = np.arange(len(cost), dtype=np.int32)
    solver.changeColsCost(len(cost), columns, cost)
    solver.changeObjectiveSense(highspy.ObjSense.kMinimize)
    solver.setOptionValue("mip_max_nodes", NODES)
    solver.setSolution(len(cost), columns, best.chosen.astype(np.float64))
    _status(solver)
    chosen = _chosen(solver)
    if chosen is None:
        return best
    chosen = _pruned(model, chosen)
    cheaper = model.cost_cents[chosen].sum() < model.cost_cents[best.chosen].sum()
    objective = math.fsum(model.value[chosen])
    if not cheaper or objective < best.objective - TOLERANCE * abs(best.objective):
        return best
    gap = max(best.bound - objective, 0.0)
    return replace(best, chosen=chosen, objective=objective, gap=best.gap if best.gap == 0 else gap / abs(objective))


# --- answers ----------------------------------------------------------------------------------------------------


def _solution(
    model: PortfolioModel, chosen: Mask, bound: float, status: Literal["optimal", "time_limit"], seconds: float
) -> Solution:
    objective = math.fsum(model.value[chosen])
    distance = max(bound - objective, 0.0)
    gap = 0.0 if distance == 0 else distance / abs(objective) if objective else math.inf
    if status == OPTIMAL and distance <= TOLERANCE * max(abs(objective), _scale(model)):
        bound, gap = objective, 0.0
    return Solution(chosen, objective, max(bound, objective), gap, status, float(seconds))


def _without_options(model: PortfolioModel) -> Solution:
    """The empty portfolio, when there is nothing to choose from."""
    asked = sorted(set(model.row_set[model.lower > 0]))
    if asked:
        raise Infeasible([model.set_names[s] for s in asked])
    return Solution(np.zeros(0, dtype=bool), 0.0, 0.0, 0.0, OPTIMAL, 0.0)


def _pruned(model: PortfolioModel, chosen: Mask) -> Mask:
    """The choice without options that add nothing, that no other needs and that no minimum counts."""
    needed: Mask = chosen & ((model.value != 0) | model.counted)
    while True:
        wanted = model.requires[needed]
        more = needed.copy()
        more[wanted[wanted >= 0]] = True
        if (more == needed).all():
            return needed
        needed = more


def _relaxed(model: PortfolioModel, row_sets: list[int]) -> PortfolioModel:
    """The model with only some of its sets of rows in force, and nothing to maximise."""
    free = ~np.isin(model.row_set, row_sets)
    return replace(
        model,
        value=np.zeros_like(model.value),
        lower=np.where(free, -np.inf, model.lower),
        upper=np.where(free, np.inf, model.upper),
    )


def _best_within_time(model: PortfolioModel, *, time_limit_s: float | None, threads: int, seed: int) -> Solution:
    try:
        return solve(model, time_limit_s=time_limit_s, threads=threads, seed=seed)
    except TimedOut as late:
        if isinstance(late.best, Solution):
            return late.best
        raise


def _plan_rows(model: PortfolioModel, best: Solution, plan_id: str, start_year: int) -> pd.DataFrame:
    rows = pd.DataFrame(
        {
            "plan_id": plan_id,
            "option_id": model.option_ids[best.chosen],
            "start_year": start_year,
            "initial_cost_usd": model.cost_cents[best.chosen] / CENTS,
            "objective_value": model.value[best.chosen],
        }
    )
    return rows.astype({"start_year": "Int64", "plan_id": "str"})


def _summary(model: PortfolioModel, best: Solution, plan_id: str, objective: str, npv: pd.Series) -> dict[str, object]:
    chosen = model.option_ids[best.chosen]
    return {
        "plan_id": plan_id,
        "budget_usd": model.budget_cents / CENTS,
        "objective": objective,
        "objective_value": best.objective,
        "bound": best.bound,
        "gap": best.gap,
        "spent_usd": int(model.cost_cents[best.chosen].sum()) / CENTS,
        "npv_usd": float(npv.reindex(chosen).sum(skipna=False)) if len(chosen) else 0.0,
        "options": len(chosen),
        "status": best.status,
    }


def _npv_by_option(options: pd.DataFrame) -> pd.Series:
    table = options.set_index("option_id")
    return table["npv_usd"] if "npv_usd" in table.columns else pd.Series(np.nan, table.index)
