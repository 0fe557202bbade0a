"""The solver HiGHS as the portfolio uses it: a model handed over as arrays, run, and what it found."""

from __future__ import annotations

import math

import highspy
import numpy as np

from headwater.errors import SolveError
from headwater.portfolio.model import PortfolioModel, active_columns
from headwater.portfolio.rows import Floats, Integers
from headwater.words import _

FEASIBILITY = 1e-9
"""Feasibility and integrality tolerance asked of the solver."""
CHOSEN = 0.5
INFEASIBLE = highspy.HighsModelStatus.kInfeasible
IMPOSSIBLE = (INFEASIBLE, highspy.HighsModelStatus.kUnboundedOrInfeasible)
"""Every variable is bounded, so the second can only mean the first."""


def loaded(
    model: PortfolioModel, *, gap: float, threads: int = 1, seed: int = 0, presolve: bool = True
) -> highspy.Highs:
    """The solver with the model in memory, and nothing to optimise yet.

    Raises
    ------
    SolveError
        If the solver refuses an option or the model.
    """
    solver = highspy.Highs()  # type: ignore[no-untyped-call]
    settings = {
        "output_flag": False, "threads": threads, "random_seed": seed, "mip_rel_gap": gap, "mip_abs_gap": 0.0,
        "mip_feasibility_tolerance": FEASIBILITY, "primal_feasibility_tolerance": FEASIBILITY,
        "presolve": "choose" if presolve else "off",
    }  # fmt: skip
    for name, value in settings.items():
        if solver.setOptionValue(name, value) != highspy.HighsStatus.kOk:
            raise SolveError(_("The solver refuses {name} = {value}.").format(name=name, value=value))
    columns, rows = len(model.upper), len(model.lower)
    status = solver.passModel(
        columns, rows, len(model.data), int(highspy.MatrixFormat.kRowwise), int(highspy.ObjSense.kMaximize), 0.0,
        np.zeros(columns), np.zeros(columns), model.upper, model.lower, model.upper_rows,
        model.indptr, model.indices, model.data, model.is_integer.astype(np.int32),
    )  # fmt: skip
    if status == highspy.HighsStatus.kError:
        raise SolveError(_("The solver refuses the model."))
    return solver


def set_objective(solver: highspy.Highs, costs: Floats, *, sense: int) -> None:
    """Maximise (+1) or minimise (-1) the sum of the columns' costs."""
    solver.changeColsCost(len(costs), np.arange(len(costs), dtype=np.int32), costs)
    solver.changeObjectiveSense(highspy.ObjSense.kMaximize if sense > 0 else highspy.ObjSense.kMinimize)


def add_row(solver: highspy.Highs, coefficients: Floats, lower: float, upper: float) -> int:
    """Add a row given a coefficient per column; its number."""
    places = np.flatnonzero(coefficients).astype(np.int32)
    solver.addRow(lower, upper, len(places), places, coefficients[places])
    return int(solver.getNumRow()) - 1


def start_from(solver: highspy.Highs, model: PortfolioModel, starts: Integers) -> None:
    """Tell the solver of a plan to start from."""
    active = np.minimum(active_columns(model, starts), model.upper)  # nothing wants interactions that are forbidden
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
    columns = np.asarray(solver.getSolution().col_value)[: model.decisions].reshape(-1, model.periods)
    return np.where(columns.max(axis=1) > CHOSEN, columns.argmax(axis=1), -1).astype(np.int64)
