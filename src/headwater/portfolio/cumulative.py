"""The linear relaxation of a large portfolio, in a form that solvers are quick with, and the bound it proves.

Asked in the words "has started by period t" in place of "starts in period t", most rows have two entries in place of
a dozen. Whatever the solver answers, and however roughly, its row prices give a bound that holds: an option then takes
the start that pays best at those prices, and no plan can be worth more.
"""

from __future__ import annotations

from dataclasses import dataclass

import highspy
import numpy as np
from scipy.sparse import block_diag, csr_array, eye_array, vstack

from headwater.errors import SolveError
from headwater.portfolio import highs
from headwater.portfolio.model import PortfolioModel
from headwater.portfolio.rows import Floats, Integers, power_of_ten
from headwater.words import _

ROUNDING = 1e-11
"""Share of the sum of all terms of a bound that is added to it, for what adding them up may lose."""


@dataclass(frozen=True, eq=False)
class Cumulative:
    """Rows of a model in columns "started by", then the interactions as they are.

    Attributes
    ----------
    model
        What it is of.
    by_start
        Its columns times this are those of the model.
    kept
        Rows of the model among its rows, which come first.
    matrix, lower, upper_rows, upper
        The rows, their bounds, and the upper bounds of the columns.
    """

    model: PortfolioModel
    by_start: csr_array
    kept: Integers
    matrix: csr_array
    lower: Floats
    upper_rows: Floats
    upper: Floats


@dataclass(frozen=True, eq=False)
class Prices:
    """What the prices of the rows say.

    Attributes
    ----------
    bound
        No plan is worth more.
    loss
        [options, periods + 1]: by how much the bound falls if an option takes this start; the last column is for not
        being chosen. Infinite for starts that are forbidden.
    share
        [options, periods + 1]: how much of each start the relaxed plan takes.
    """

    bound: float
    loss: Floats
    share: Floats


def cumulated(model: PortfolioModel) -> Cumulative:
    """The rows of a model in cumulative columns."""
    count, periods = model.decisions, model.periods
    place = np.arange(count)
    later = place[place % periods > 0]
    ones = np.append(np.ones(count), -np.ones(len(later)))
    started = csr_array((ones, (np.append(place, later), np.append(place, later - 1))), shape=(count, count))
    joints = len(model.upper) - count
    by_start = csr_array(block_diag([started, eye_array(joints)])) if joints else started
    rows = csr_array(model.matrix @ by_start)
    rows.data[np.abs(rows.data) < np.finfo(np.float64).eps * np.abs(rows.data).max(initial=1.0)] = 0.0
    rows.eliminate_zeros()
    entries = np.diff(rows.indptr)
    largest = np.maximum.reduceat(np.append(rows.data, 0.0), np.minimum(rows.indptr[:-1], rows.nnz)) * (entries > 0)
    said = (entries == 1) & (largest > 0) & np.isneginf(model.lower) & (model.upper_rows >= largest)
    kept = np.flatnonzero(~said)  # the others repeat the bounds of the columns
    in_order = (
        csr_array((np.ones(len(later)), (np.arange(len(later)), later)), shape=(len(later), count)) @ by_start[:count]
    )
    possible = model.upper[:count]
    upper = np.where(place % periods == 0, possible, 1.0)
    return Cumulative(
        model,
        by_start,
        kept,
        csr_array(vstack([rows[kept], in_order], format="csr")),
        np.append(model.lower[kept], np.zeros(len(later))),
        np.append(model.upper_rows[kept], np.where(possible[later] > 0, 1.0, 0.0)),
        np.append(upper, model.upper[count:]),
    )


class Relaxation:
    """The relaxation in the solver's memory: the objective changes, the rest is not handed over again.

    Parameters
    ----------
    model
        From `build_model`.
    threads, seed
        Passed to the solver.
    """

    def __init__(self, model: PortfolioModel, *, threads: int = 1, seed: int = 0) -> None:
        self.model = model
        self._matrix = model.matrix
        self._form = cumulated(model)
        self._highs = _loaded(self._form, threads, seed)

    def prices(self, worth: Floats, *, tolerance: float | None, time_limit_s: float | None = None) -> Prices | None:
        """Prices for the largest sum of `worth` per column; None if no plan can exist or time ran out.

        Parameters
        ----------
        worth
            Of each column of the model, in natural units.
        tolerance
            Solve to this relative tolerance by a first-order method; None: exactly, by the simplex method from where
            it last stood.
        time_limit_s
            Time [s].
        """
        unit = power_of_ten(float(np.abs(worth).max(initial=0.0)))
        highs.set_objective(self._highs, self._form.by_start.T @ (worth / unit), sense=1)
        self._highs.setOptionValue("solver", "simplex" if tolerance is None else "pdlp")
        self._highs.setOptionValue("kkt_tolerance", 1e-7 if tolerance is None else tolerance)
        status = highs.run(self._highs, time_limit_s=time_limit_s)
        if status == highs.INFEASIBLE:
            return None
        found = self._highs.getSolution()
        if not found.dual_valid:
            return None
        price = np.zeros(len(self.model.lower))
        price[self._form.kept] = np.asarray(found.row_dual)[: len(self._form.kept)] * unit
        bound, loss = priced(self.model, self._matrix, worth, price)
        plan = self._form.by_start @ np.asarray(found.col_value)
        taken = np.clip(plan[: self.model.decisions], 0.0, 1.0).reshape(-1, self.model.periods)
        share = np.column_stack([taken, np.maximum(1.0 - taken.sum(axis=1), 0.0)])
        return Prices(bound, loss, share)


def priced(model: PortfolioModel, matrix: csr_array, worth: Floats, price: Floats) -> tuple[float, Floats]:
    """The bound that prices of rows prove, whatever they are, and what options lose at them.

    A plan keeps every row, so that paying `price` for what a row allows can only help it. What is left falls apart into
    options, each of which starts once at most, and interactions.
    """
    price = np.where(np.isinf(np.where(price > 0, model.upper_rows, model.lower)), 0.0, price)
    allowed = np.where(price > 0, model.upper_rows, model.lower)
    paid = np.multiply(price, allowed, out=np.zeros_like(price), where=price != 0)
    left = worth - matrix.T @ price
    own = left[: model.decisions].reshape(-1, model.periods)
    own = np.where(model.upper[: model.decisions].reshape(own.shape) > 0, own, -np.inf)
    states = np.column_stack([own, np.zeros(len(own))])
    most = states.max(axis=1)
    joint = np.maximum(left[model.decisions :], 0.0) * model.upper[model.decisions :]
    terms = np.abs(paid).sum() + most.sum() + joint.sum()
    return float(paid.sum() + most.sum() + joint.sum() + ROUNDING * terms), most[:, None] - states


def _loaded(form: Cumulative, threads: int, seed: int) -> highspy.Highs:
    solver = highspy.Highs()  # type: ignore[no-untyped-call]
    for name, value in {"output_flag": False, "threads": threads, "random_seed": seed}.items():
        solver.setOptionValue(name, value)
    rows, columns = form.matrix.shape
    status = solver.passModel(
        columns, rows, form.matrix.nnz, int(highspy.MatrixFormat.kRowwise), int(highspy.ObjSense.kMaximize), 0.0,
        np.zeros(columns), np.zeros(columns), form.upper, form.lower, form.upper_rows,
        form.matrix.indptr.astype(np.int32), form.matrix.indices.astype(np.int32), form.matrix.data,
        np.zeros(columns, dtype=np.int32),
    )  # fmt: skip
    if status == highspy.HighsStatus.kError:
        raise SolveError(_("The solver refuses the model."))
    return solver
