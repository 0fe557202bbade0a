"""The solver HiGHS as the portfolio uses it: a model handed over as arrays, run, and what it found.

The solver has the columns of `headwater.portfolio.cumulative`; everyone else speaks of starts.
"""

from __future__ import annotations

import math

import highspy
import numpy as np

from headwater.errors import SolveError
from headwater.portfolio.cumulative import cumulated
from headwater.portfolio.model import PortfolioModel, active_columns
from headwater.portfolio.rows import Floats, Integers, Places, by_begun
from headwater.words import _

FEASIBILITY = 1e-9
"""Feasibility and integrality tolerance asked of the solver."""
CHOSEN = 0.5
INFEASIBLE = highspy.HighsModelStatus.kInfeasible
IMPOSSIBLE = (INFEASIBLE, highspy.HighsModelStatus.kUnboundedOrInfeasible)
"""Every variable is bounded, so the second can only mean the first."""


def loaded(
    model: PortfolioModel,
    *,
    worth: Floats | None = None,
    gap: float = 0.0,
    threads: int = 1,
    seed: int = 0,
    presolve: bool = True,
    relaxed: bool = False,
) -> highspy.Highs:
    """The solver with the model in memory, whole or `relaxed`, to maximise `worth` of its columns, if given.

    Raises
    ------
    SolveError
        If the solver refuses an option or the model.
    """
    solver = highspy.Highs()  # type: ignore[no-untyped-call]
    settings: dict[str, float | str] = {"output_flag": False, "threads": threads, "random_seed": seed}
    if not relaxed:
        settings |= {
            "mip_rel_gap": gap, "mip_abs_gap": 0.0, "mip_feasibility_tolerance": FEASIBILITY,
            "primal_feasibility_tolerance": FEASIBILITY, "presolve": "choose" if presolve else "off",
        }  # fmt: skip
    for name, value in settings.items():
        if solver.setOptionValue(name, value) != highspy.HighsStatus.kOk:
            raise SolveError(_("The solver refuses {name} = {value}.").format(name=name, value=value))
    form = cumulated(model)
    matrix = form.matrix.tocsc()  # the solver keeps columns
    rows, columns = matrix.shape
    is_integer = np.zeros_like(model.is_integer) if relaxed else model.is_integer
    costs = np.zeros(columns) if worth is None else by_begun(worth, model.decisions, model.periods)
    status = solver.passModel(
        columns, rows, matrix.nnz, int(highspy.MatrixFormat.kColwise), int(highspy.ObjSense.kMaximize), 0.0,
        costs, np.zeros(columns), form.upper, form.lower, form.upper_rows,
        matrix.indptr, matrix.indices, matrix.data, is_integer.astype(np.int32),
    )  # fmt: skip
    if status == highspy.HighsStatus.kError:
        raise SolveError(_("The solver refuses the model."))
    return solver


def set_objective(solver: highspy.Highs, model: PortfolioModel, costs: Floats, *, sense: int) -> None:
    """Maximise (+1) or minimise (-1) the sum of the costs of the model's columns."""
    costs = by_begun(costs, model.decisions, model.periods)
    solver.changeColsCost(len(costs), np.arange(len(costs), dtype=np.int32), costs)
    solver.changeObjectiveSense(highspy.ObjSense.kMaximize if sense > 0 else highspy.ObjSense.kMinimize)


def add_row(solver: highspy.Highs, model: PortfolioModel, coefficients: Floats, lower: float, upper: float) -> int:
    """Add a row given a coefficient per column of the model; its number."""
    coefficients = by_begun(coefficients, model.decisions, model.periods)
    places = np.flatnonzero(coefficients).astype(np.int32)
    solver.addRow(lower, upper, len(places), places, coefficients[places])
    return int(solver.getNumRow()) - 1


def forbid(solver: highspy.Highs, model: PortfolioModel, starts: Places) -> None:
    """Forbid that all of these starts happen together."""
    add_row(
        solver, model, np.bincount(starts, minlength=len(model.upper)).astype(np.float64), -math.inf, len(starts) - 1.0
    )


def start_from(solver: highspy.Highs, model: PortfolioModel, starts: Integers) -> None:
    """Tell the solver of a plan to start from."""
    active = np.minimum(active_columns(model, starts), model.upper)  # nothing wants interactions that are forbidden
    own = active[: model.decisions].reshape(-1, model.periods)
    own[:] = np.maximum.accumulate(own, axis=1)
    solver.setSolution(len(active), np.arange(len(active), dtype=np.int32), active)


def run(solver: highspy.Highs, *, time_limit_s: float | None = None) -> highspy.HighsModelStatus:
    """Status after solving. What presolve alone calls impossible is tried again without it.

    With costs a billion times apart, presolve's own rounding can make a plan that exists look impossible.
    """
    status = _status(solver, time_limit_s)
    if status in IMPOSSIBLE and solver.getOptionValue("presolve")[1] != "off":
        solver.setOptionValue("presolve", "off")
        status = _status(solver, time_limit_s)
        solver.setOptionValue("presolve", "choose")
    return INFEASIBLE if status in IMPOSSIBLE else status


def _status(solver: highspy.Highs, time_limit_s: float | None) -> highspy.HighsModelStatus:
    solver.setOptionValue("time_limit", math.inf if time_limit_s is None else max(float(time_limit_s), 0.0))
    if solver.run() == highspy.HighsStatus.kError:
        raise SolveError(_("The solver failed."))
    return solver.getModelStatus()


def found_starts(solver: highspy.Highs, model: PortfolioModel) -> Integers | None:
    """Period in which each option starts in the solver's plan, or -1; None when it has found no plan."""
    if solver.getInfo().primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        return None
    begun = np.asarray(solver.getSolution().col_value)[: model.decisions].reshape(-1, model.periods) > CHOSEN
    return np.where(begun.any(axis=1), begun.argmax(axis=1), -1).astype(np.int64)
