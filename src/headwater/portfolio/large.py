"""Plans from thousands of options: the relaxation first, then branch and bound over the few options it leaves open.

A plan is found by fixing what the relaxation is sure of. What was fixed is remembered with what it could have been
worth at most, so that the bound stays a bound on all plans and not only on those that were looked at.
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import highspy
import numpy as np
from scipy.sparse import csr_array

from headwater.errors import AssumptionError, SolveError, TimedOut
from headwater.portfolio import highs, relax
from headwater.portfolio.bound import Prices, Relaxation
from headwater.portfolio.model import PortfolioModel, active_columns, is_allowed, pruned, totals
from headwater.portfolio.rows import Floats, Integers, Mask, power_of_ten
from headwater.portfolio.solve import OPTIMAL, TIME_LIMIT, Solution, Solver
from headwater.words import _

TARGET = 5e-4
ROUGH, FINE = 1e-4, 1e-5
"""Tolerances of the relaxation: the prices of a rough one prove nearly the same bound in a tenth of the time."""
FEW = 300
"""Up to so many decisions the relaxation is solved exactly: it takes no time."""
TAKEN = 1e-3
"""Share from which the relaxed plan is held to take a start."""
FIRST_OPEN, SPARE, MORE_OPEN = 100, 1.25, 2.0
"""Options left open at first, or so many times those that the relaxation splits; and how much more in each round."""
ROUNDS = 3
"""Rounds with the prices of a rough relaxation before they are worked out more finely."""
NODES = 1000
"""Nodes of the search in one round that is not the last: a count, not seconds, so that it is repeatable."""
SLACK = 1e-7
"""Relative amount by which rows of fixed options may be broken before these are opened again."""
PART_OF_TARGET = 0.2
"""Gap of a round's own search, as a part of the target."""

Progress = Callable[[float, float, float], None]
"""Told the best value found so far (missing while there is none), the bound, and the seconds spent."""


def solve_large(
    model: PortfolioModel,
    objective: str | Mapping[str, float],
    *,
    sense: int = 1,
    target_gap: float = TARGET,
    time_limit_s: float | None = 300.0,
    threads: int = 1,
    seed: int = 0,
    progress: Progress | None = None,
) -> Solution:
    """A plan proved to be within a small gap of the best, where plain branch and bound would take hours.

    The relaxation gives a bound and, for each option, what another start than the one it takes would lose. Options that
    lose least stay open, more of them in every round, and are decided by branch and bound; all others are fixed. A plan
    outside a round's choices loses at least what the cheapest of them that was excluded loses: so the bound is the
    larger of that and the round's own. The last round, if it comes to that, leaves everything open.

    Parameters
    ----------
    model
        From `build_model`.
    objective, sense
        An item, or weights of items, to maximise (+1) or minimise (-1).
    target_gap
        Share of the objective within which to prove the plan.
    time_limit_s
        Time [s].
    threads, seed
        Passed to the solver.
    progress
        Called with the best value, the bound and the seconds spent, whenever one of the first two changes.

    Returns
    -------
    solution
        Status "optimal" if proved within `target_gap`, "time_limit" otherwise. Totals are exact, and budgets kept to
        the cent.

    Raises
    ------
    Infeasible
        If no plan meets the constraints.
    TimedOut
        If time ran out before any plan was found.
    AssumptionError
        If an item is unknown, has blank values, or was not to be optimised in this direction.
    SolveError
        If the solver failed.

    Examples
    --------
    >>> import pandas as pd
    >>> from headwater.portfolio.model import build_model, common_budget
    >>> options = pd.DataFrame({"option_id": ["a", "b", "c"], "initial_cost_usd": [6.0, 5.0, 5.0]})
    >>> npv = pd.Series({"a": 7.0, "b": 5.0, "c": 5.0})
    >>> model = build_model(
    ...     options, start_years=[2025], values={"npv_usd": npv}, objectives=["npv_usd"], budgets=common_budget(10)
    ... )
    >>> solve_large(model, "npv_usd").starts.tolist()
    [-1, 0, 0]
    """
    weights = {objective: 1.0} if isinstance(objective, str) else dict(objective)
    worth = sense * worth_of(model, weights, sense)
    if not model.decisions:
        return Solver(model, time_limit_s=time_limit_s, threads=threads, seed=seed).best(weights, sense=sense)
    clock = Clock(time_limit_s)
    search = Search(model, worth, target_gap, clock, threads, seed, sense, progress)
    relaxation = Relaxation(model, threads=threads, seed=seed)
    tolerances = [None] if model.decisions <= FEW else [ROUGH, FINE, None]
    for tolerance in tolerances:
        prices = relaxation.prices(worth, tolerance=tolerance, time_limit_s=clock.left())
        if prices is None and tolerance is None and not clock.is_over():
            raise relax.infeasible(model, {}, {}, explain=True)
        if prices is not None:
            search.rounds(prices, most=None if tolerance is None else ROUNDS)
        if search.is_done() or clock.is_over():
            break
    if search.starts is None:
        if clock.is_over():
            raise TimedOut(_("Time ran out before any plan was found."))
        raise relax.infeasible(model, {}, {}, explain=True)
    sums = totals(model, search.starts)
    value = math.fsum(sums[item] * weight for item, weight in weights.items())
    distance = max(search.bound - sense * value, 0.0)
    gap = 0.0 if distance == 0 else distance / abs(value) if value else math.inf
    status = OPTIMAL if gap <= target_gap else TIME_LIMIT
    return Solution(search.starts, sums, value, value + sense * distance, gap, status, clock.spent())


def worth_of(model: PortfolioModel, weights: Mapping[str, float], sense: int) -> Floats:
    """What each column adds to a weighted sum, after checking that the model can optimise it in this direction."""
    for item, weight in weights.items():
        values = model.values.get(item)
        if values is None:
            message = _("There are no values of {names}; there are {known}.")
            raise AssumptionError(message.format(names=item, known=", ".join(model.values)))
        if np.isnan(values).any():
            message = _("Some values of {item} are blank; name it among the objectives of the model.")
            raise AssumptionError(message.format(item=item))
        if not math.isfinite(weight):
            raise AssumptionError(_("Weights and bounds must be finite numbers."))
        direction = math.copysign(1, weight) * sense
        is_bound_by_it = weight and model.senses is not None and values[model.decisions :].any()
        if is_bound_by_it and (model.senses or {}).get(item, 0) != direction:
            message = _("The model was not built to optimise or bound {item} in this direction.")
            raise AssumptionError(message.format(item=item))
    parts = [model.values[item] * weight for item, weight in weights.items()]
    return np.asarray(np.sum(parts, axis=0), dtype=np.float64)


@dataclass
class Clock:
    """Seconds since it was made, and those that are left."""

    limit: float | None
    begun: float = field(default_factory=time.monotonic)

    def spent(self) -> float:
        return time.monotonic() - self.begun

    def left(self) -> float | None:
        return None if self.limit is None else max(self.limit - self.spent(), 0.0)

    def is_over(self) -> bool:
        return self.limit is not None and self.spent() >= self.limit


# --- rounds -----------------------------------------------------------------------------------------------------


@dataclass
class Search:
    """The best plan and the bound so far; `worth` is to be maximised."""

    model: PortfolioModel
    worth: Floats
    target: float
    clock: Clock
    threads: int = 1
    seed: int = 0
    sense: int = 1
    progress: Progress | None = None
    starts: Integers | None = None
    value: float = -math.inf
    bound: float = math.inf

    def __post_init__(self) -> None:
        self._matrix = self.model.matrix

    def rounds(self, prices: Prices, *, most: int | None) -> None:
        """Open more and more options until the gap is small enough, nothing is left to open, or time is over."""
        self.proved(prices.bound)
        ranked = Ranked(prices)
        count = max(FIRST_OPEN, math.ceil(SPARE * ranked.split))
        for _round in itertools.count() if most is None else range(most):
            is_open, outside = ranked.opened(count)
            is_last = bool(np.isinf(outside))
            inside = self.one_round(ranked.base, is_open, nodes=None if is_last else NODES)
            self.proved(max(inside, prices.bound - outside, self.value))
            if self.is_done() or is_last or self.clock.is_over():
                return
            count = math.ceil(count * MORE_OPEN)

    def is_done(self) -> bool:
        """Whether the gap is small enough."""
        return self.starts is not None and self.bound - self.value <= self.target * abs(self.value)

    def one_round(self, base: Integers, is_open: Mask, *, nodes: int | None) -> float:
        """Decide the open starts, all others as in `base`; a bound on the plans that were looked at."""
        while True:
            part = _part(self.model, self._matrix, self.worth, base, is_open)
            if not len(part.broken):
                break
            closed = ~is_open.any(axis=1) & self._touched(part.broken)
            if not closed.any():
                return -math.inf
            is_open = is_open | closed[:, None]
        if not len(part.columns):
            self.found(base)
            return part.constant
        return self._branch(part, base, is_open, nodes)

    def _touched(self, rows: Integers) -> Mask:
        """Options that have a part in these rows."""
        columns = np.unique(self._matrix[rows].indices)
        own = columns[columns < self.model.decisions] // self.model.periods
        touched = np.zeros(len(self.model.option_ids), dtype=bool)
        touched[own] = True
        return touched

    def _branch(self, part: _Part, base: Integers, is_open: Mask, nodes: int | None) -> float:
        unit = power_of_ten(float(np.abs(part.worth).max(initial=0.0)))
        solver = _loaded(self.model, part, unit, self.threads, self.seed)
        solver.setOptionValue("mip_rel_gap", 0.0)
        scale = max(abs(self.bound if math.isfinite(self.bound) else part.constant), unit * TAKEN)
        solver.setOptionValue("mip_abs_gap", PART_OF_TARGET * self.target * scale / unit)
        if nodes is not None:
            solver.setOptionValue("mip_max_nodes", nodes)
            enough = self.bound - 2 * PART_OF_TARGET * self.target * abs(self.bound)
            solver.setOptionValue("objective_target", -(enough - part.constant) / unit)
        if self.starts is not None:
            active = np.minimum(active_columns(self.model, self.starts), self.model.upper)[part.columns]
            solver.setSolution(len(active), np.arange(len(active), dtype=np.int32), active)

        def told(event: highspy.highs.HighsCallbackEvent) -> None:
            self.found(self._whole(part, base, is_open, np.asarray(event.data_out.mip_solution)))

        if self.progress is not None:
            solver.cbMipImprovingSolution.subscribe(told)
        limit = self.clock.left()
        while True:
            status = highs.run(solver, time_limit_s=limit)
            if status == highs.INFEASIBLE:
                return -math.inf
            info = solver.getInfo()
            bound = -float(info.mip_dual_bound) * unit + part.constant
            bound += abs(bound) * SLACK * PART_OF_TARGET
            if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
                return bound
            starts = self._whole(part, base, is_open, np.asarray(solver.getSolution().col_value))
            if self.found(starts) or not _cut_off(self.model, solver, part, starts):
                return bound
            limit = self.clock.left()

    def _whole(self, part: _Part, base: Integers, is_open: Mask, values: Floats) -> Integers:
        """The plan that the solver's values of the open columns stand for."""
        whole = np.zeros(len(self.model.upper))
        whole[part.columns] = values
        own = whole[: self.model.decisions].reshape(-1, self.model.periods)
        starts = np.where(own.max(axis=1) > highs.CHOSEN, own.argmax(axis=1), -1)
        return np.where(is_open.any(axis=1), starts, base).astype(np.int64)

    def found(self, starts: Integers) -> bool:
        """Keep a plan if it is allowed, to the cent, and the best so far; whether it is allowed."""
        if not is_allowed(self.model, starts):
            return False
        lean = pruned(self.model, starts, self.worth != 0)
        starts = lean if is_allowed(self.model, lean) else starts
        value = math.fsum(self.worth[active_columns(self.model, starts)])
        if value > self.value:
            self.starts, self.value = starts, value
            self._tell()
        return True

    def proved(self, bound: float) -> None:
        """Keep a bound that holds for every plan."""
        if bound < self.bound:
            self.bound = bound
            self._tell()

    def _tell(self) -> None:
        if self.progress is not None:
            best = self.sense * self.value if self.starts is not None else math.nan
            self.progress(best, self.sense * max(self.bound, self.value), self.clock.spent())


class Ranked:
    """Options in the order in which to open them.

    Those that the relaxation splits come first, then those that lose least by another start.
    """

    def __init__(self, prices: Prices) -> None:
        count, states = prices.loss.shape
        each = np.arange(count)
        state = prices.share.argmax(axis=1)
        self.base = np.where(state < states - 1, state, -1).astype(np.int64)
        self._taken: Mask = np.asarray(prices.share > TAKEN)
        self._taken[each, state] = True
        self.split = int((self._taken.sum(axis=1) > 1).sum())
        self._loss = prices.loss
        others = prices.loss.copy()
        others[each, state] = np.inf
        self._least = others.min(axis=1)
        self._order = np.lexsort([self._least, self._taken.sum(axis=1) <= 1])

    def opened(self, count: int) -> tuple[Mask, float]:
        """Starts that are open [options, periods + 1] if so many options are, and the least loss outside of them."""
        if count >= len(self._order):
            return np.isfinite(self._loss), math.inf
        within = float(self._least[self._order[count - 1]])
        chosen = np.zeros(len(self._order), dtype=bool)
        chosen[self._order[:count]] = True
        is_open = chosen[:, None] & ((self._loss <= within) | self._taken)
        stays = ~is_open
        stays[~chosen, np.where(self.base < 0, self._loss.shape[1] - 1, self.base)[~chosen]] = False
        return is_open, float(self._loss[stays].min(initial=np.inf))


# --- one round as a smaller model -------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Part:
    """A model of some columns, the others fixed.

    Attributes
    ----------
    columns
        Columns of the whole model that are left.
    constant, worth
        What the fixed columns are worth, and each of the others.
    matrix, lower, upper_rows
        Rows that are left.
    broken
        Rows of the whole model that the fixed columns break by themselves.
    """

    columns: Integers
    constant: float
    worth: Floats
    matrix: csr_array
    lower: Floats
    upper_rows: Floats
    broken: Integers


def _part(model: PortfolioModel, matrix: csr_array, worth: Floats, base: Integers, is_open: Mask) -> _Part:
    option: Mask = np.asarray(is_open.any(axis=1))
    joint = np.zeros(0, dtype=bool)
    if len(model.joints):
        joint = np.asarray(np.logical_or.reduceat(option[model.joints.members], model.joints.indptr[:-1]))
    belongs = np.append(np.repeat(option, model.periods), np.repeat(joint, model.periods))
    fixed = np.minimum(active_columns(model, base), model.upper) * ~belongs
    free = np.append(is_open[:, :-1].ravel(), np.repeat(joint, model.periods)) & (model.upper > 0)
    columns = np.flatnonzero(free)
    rows = csr_array(matrix[:, columns])
    entries = np.diff(rows.indptr)
    used = matrix @ fixed
    lower, upper = model.lower - used, model.upper_rows - used
    slack = SLACK * (1 + np.abs(used))
    broken = np.flatnonzero((entries == 0) & ((lower > slack) | (upper < -slack)))
    kept = np.flatnonzero(entries > 0)
    constant = math.fsum(worth[fixed > 0] * fixed[fixed > 0])
    return _Part(columns, constant, worth[columns], csr_array(rows[kept]), lower[kept], upper[kept], broken)


def _loaded(model: PortfolioModel, part: _Part, unit: float, threads: int, seed: int) -> highspy.Highs:
    """The solver with a part of the model, as minimising what is not gained."""
    solver = highspy.Highs()  # type: ignore[no-untyped-call]
    settings = {
        "output_flag": False, "threads": threads, "random_seed": seed,
        "mip_feasibility_tolerance": highs.FEASIBILITY, "primal_feasibility_tolerance": highs.FEASIBILITY,
    }  # fmt: skip
    for name, value in settings.items():
        if solver.setOptionValue(name, value) != highspy.HighsStatus.kOk:
            raise SolveError(_("The solver refuses {name} = {value}.").format(name=name, value=value))
    rows, columns = part.matrix.shape
    status = solver.passModel(
        columns, rows, part.matrix.nnz, int(highspy.MatrixFormat.kRowwise), int(highspy.ObjSense.kMinimize), 0.0,
        -part.worth / unit, np.zeros(columns), model.upper[part.columns], part.lower, part.upper_rows,
        part.matrix.indptr.astype(np.int32), part.matrix.indices.astype(np.int32), part.matrix.data,
        model.is_integer[part.columns].astype(np.int32),
    )  # fmt: skip
    if status == highspy.HighsStatus.kError:
        raise SolveError(_("The solver refuses the model."))
    return solver


def _cut_off(model: PortfolioModel, solver: highspy.Highs, part: _Part, starts: Integers) -> bool:
    """Forbid one plan that a tolerance let through; whether that can be said in the open columns."""
    active = active_columns(model, starts)[part.columns]
    own = np.flatnonzero(model.is_integer[part.columns]).astype(np.int32)
    if not len(own):
        return False
    signs = np.where(active[own], 1.0, -1.0)
    solver.addRow(-math.inf, float(active[own].sum()) - 1.0, len(own), own, signs)
    return True
