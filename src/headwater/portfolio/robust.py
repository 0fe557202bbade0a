"""Plans that hold up when the future is not known: best expected value, best worst case, least regret.

The same options and constraints in every future; only what options are worth differs. Knows nothing of why.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from headwater.errors import AssumptionError, TimedOut
from headwater.portfolio.model import TOLERANCE, PortfolioModel
from headwater.portfolio.solve import Solution, Solver
from headwater.words import _

Floats = npt.NDArray[np.float64]

EXPECTED, MAXIMIN, REGRET = "expected", "maximin", "minimax_regret"
RULES = (EXPECTED, MAXIMIN, REGRET)
NO_REGRET, CONTINGENT, REGRETTED = "no_regret", "contingent", "regret"
WORTH, FLOOR = "worth in {future}", "floor"


@dataclass(frozen=True, eq=False)
class Robust:
    """Plans chosen by several rules, and what each is worth in each future.

    Attributes
    ----------
    starts
        By rule or future: period in which each option starts, or -1. A future's own plan is the best there.
    worth
        Rows by rule or future, columns by future: what the plan is worth there.
    regret
        The same shape: what the future's own best plan is worth more.
    gaps
        Proved relative gap of each plan, by rule or future.
    """

    starts: Mapping[str, npt.NDArray[np.int64]]
    worth: pd.DataFrame
    regret: pd.DataFrame
    gaps: pd.Series


def robust_plans(
    model: PortfolioModel,
    worth: Mapping[str, Floats],
    *,
    probabilities: Mapping[str, float] | None = None,
    time_limit_s: float | None = None,
    seed: int = 0,
) -> Robust:
    """The best plan of every future, and the plans of best expected worth, best worst case and least regret.

    Maximin and regret are exact: one more variable stands for the worst case over all futures, and is pushed up
    (down, for regret) together with the choice.

    Parameters
    ----------
    model
        The constraints; budgets and rules are the same in every future.
    worth
        By future: what each column of the model is worth there, more is better.
    probabilities
        Of the futures, summing to 1; alike where not given.
    time_limit_s
        Time for each plan [s]; the best found by then counts, with its gap.
    seed
        Of the solver.

    Returns
    -------
    robust
        Plans and what they are worth.

    Raises
    ------
    AssumptionError
        If there is no future, or probabilities are outside 0-1 or do not sum to 1.
    Infeasible
        If no plan meets the constraints.

    Source
    ------
    Savage (1954), The Foundations of Statistics (Dover reprint 1972, ISBN 978-0-486-13710-0): minimax on negative
    income, after Wald, and on regret.
    """
    chances = _chances(worth, probabilities)
    valued = {WORTH.format(future=future): vector for future, vector in worth.items()}
    whole = replace(model, values=model.values | valued, senses=_upward(model, valued))
    solver = Solver(whole, time_limit_s=time_limit_s, seed=seed)
    found = {future: _in_time(solver, WORTH.format(future=future)) for future in worth}
    found[EXPECTED] = _in_time(solver, {WORTH.format(future=f): chances[f] for f in worth})
    best = {future: found[future].objective for future in worth}
    for rule in (MAXIMIN, REGRET):
        found[rule] = _worst_case(whole, worth, best, rule, time_limit_s=time_limit_s, seed=seed)

    plans = {name: solution.starts for name, solution in found.items()}
    table = pd.DataFrame(
        {future: [s.totals[WORTH.format(future=future)] for s in found.values()] for future in worth}, index=list(plans)
    )
    top = table.max()
    gaps = {name: solution.gap for name, solution in found.items()}
    return Robust(plans, table, top - table, pd.Series(gaps))


def robust_options(
    robust: Robust, option_ids: pd.Index, start_years: Sequence[int], futures: Sequence[str]
) -> pd.DataFrame:
    """Table `robust_options`: in the best plans of how many futures each option is, and in which robust plans.

    No regret: in every future's best plan. Contingent: in some. Regret: in none, though a robust plan has it. Options
    in no plan at all are left out.
    """
    own = np.stack([robust.starts[future] for future in futures])
    share = (own >= 0).mean(axis=0)
    years = np.asarray(start_years, dtype=np.float64)
    every = np.stack(list(robust.starts.values()))
    begun = np.where(every >= 0, years[np.maximum(every, 0)], np.nan)
    somewhere = (every >= 0).any(axis=0)
    table = pd.DataFrame(
        {
            "option_id": option_ids.astype("str"),
            "share_of_futures": share,
            "class": np.select([share == 1, share > 0], [NO_REGRET, CONTINGENT], REGRETTED),
            "first_year": _extreme(begun, np.fmin), "last_year": _extreme(begun, np.fmax),
            **{f"in_{rule}": robust.starts[rule] >= 0 for rule in RULES},
        }
    ).iloc[np.flatnonzero(somewhere)]  # fmt: skip
    table = table.astype({"first_year": "Int64", "last_year": "Int64"})
    return table.sort_values(["share_of_futures", "option_id"], ascending=[False, True], ignore_index=True)


def pathways(robust: Robust, option_ids: pd.Index, start_years: Sequence[int], drivers: pd.DataFrame) -> pd.DataFrame:
    """Table `pathways`: what to begin now, what later, and what to watch before deciding on the rest.

    An option that starts in the first period of every future's best plan is for now; one in every future's plan, but
    later in some, for later. For the rest the signpost is the driver that tells best the futures that choose the option
    from those that do not: the one that parts them without a mistake at a threshold half-way between. Where no driver
    parts them, the option is watched without one. An option in no future's plan is not for any.

    Parameters
    ----------
    robust
        From `robust_plans`.
    option_ids
        Options of the model.
    start_years
        Years of the periods.
    drivers
        Values of what can be watched: a row per future, in the order of the futures, a column per driver.
    """
    futures = list(drivers.index)
    own = np.stack([robust.starts[future] for future in futures])
    chosen = own >= 0
    anywhere = np.flatnonzero((np.stack(list(robust.starts.values())) >= 0).any(axis=0))
    rows = [_pathway(chosen[:, i], own[:, i], str(option_ids[int(i)]), start_years, drivers) for i in anywhere]
    columns = ["option_id", "signpost", "threshold", "direction", "decide", "first_year"]
    table = pd.DataFrame(rows, columns=columns)
    return table.astype({"first_year": "Int64", "threshold": "float64"})


def _pathway(
    chosen: npt.NDArray[np.bool_], own: npt.NDArray[np.int64], option: str, years: Sequence[int], drivers: pd.DataFrame
) -> tuple[str, str, float, str | None, str, int | None]:
    first = years[int(own[chosen].min())] if chosen.any() else None
    if chosen.all():
        return (option, "", np.nan, None, "now" if (own == 0).all() else "later", first)
    if not chosen.any():
        return (option, "", np.nan, None, "never", None)
    for driver in drivers.columns:
        values = drivers[driver].to_numpy(np.float64)
        yes, no = values[chosen], values[~chosen]
        if yes.min() > no.max():
            return (option, str(driver), float((yes.min() + no.max()) / 2), "above", "watch", first)
        if yes.max() < no.min():
            return (option, str(driver), float((yes.max() + no.min()) / 2), "below", "watch", first)
    return (option, "", np.nan, None, "watch", first)


# --- the worst case -----------------------------------------------------------------------------------------------


def _worst_case(
    model: PortfolioModel, worth: Mapping[str, Floats], best: Mapping[str, float], rule: str,
    *, time_limit_s: float | None, seed: int,
) -> Solution:  # fmt: skip
    """The plan of the best worst case, or of the least largest regret.

    Both push one variable up. Bounds that no plan falls below let the solver know that what adds to a worth is of use.
    """
    unit = _unit(worth)
    lowest = {future: float(np.minimum(vector, 0.0).sum()) for future, vector in worth.items()}
    if rule == MAXIMIN:
        below = dict.fromkeys(worth, min(lowest.values()))
    else:
        most = max(best[future] - lowest[future] for future in worth)
        below = {future: best[future] - most for future in worth}
    floored = _with_floor(model, worth, below, unit=unit)
    solver = Solver(floored, time_limit_s=time_limit_s, seed=seed, presolve=False)
    counts = {WORTH.format(future=future): least - unit for future, least in lowest.items()}
    solution = _in_time(solver, FLOOR, counts=counts)
    reached = {future: solution.totals[WORTH.format(future=future)] for future in worth}
    if rule == MAXIMIN:
        value = min(reached.values())
        bound = max(solution.bound * unit + below[next(iter(worth))], value)
    else:
        value = max(best[future] - reached[future] for future in worth)
        bound = min(most - solution.bound * unit, value)
    distance = abs(bound - value)
    size = max(abs(value), *(abs(b) for b in best.values()))
    gap = 0.0 if distance <= TOLERANCE * max(size, unit) else distance / size if size else np.inf
    return replace(solution, objective=value, bound=bound, gap=gap)


def _with_floor(
    model: PortfolioModel, worth: Mapping[str, Floats], least: Mapping[str, float], *, unit: float
) -> PortfolioModel:
    """The model with one more variable z >= 0 [units], and `worth - z * unit >= least` in every future."""
    columns = len(model.upper)
    indices, data, counts = [model.indices], [model.data], []
    for vector in worth.values():
        used = np.flatnonzero(vector)
        indices.append(np.append(used, columns))
        data.append(np.append(vector[used] / unit, -1.0))
        counts.append(len(used) + 1)
    lower = np.array([least[future] / unit for future in worth])
    ends = model.indptr[-1] + np.cumsum(counts)
    return replace(
        model,
        values={item: np.append(vector, 0.0) for item, vector in model.values.items()} | {
            FLOOR: np.append(np.zeros(columns), 1.0)
        },
        senses=_upward(model, [FLOOR]),
        upper=np.append(model.upper, np.inf), is_integer=np.append(model.is_integer, False),
        indptr=np.append(model.indptr, ends), indices=np.concatenate(indices), data=np.concatenate(data),
        lower=np.append(model.lower, lower), upper_rows=np.append(model.upper_rows, np.full(len(worth), np.inf)),
        row_unit=np.append(model.row_unit, np.full(len(worth), unit)),
        row_set=np.append(model.row_set, np.full(len(worth), len(model.set_names))),
        set_names=(*model.set_names, _("the worst case over the futures")), set_kinds=(*model.set_kinds, "structure"),
    )  # fmt: skip


def _upward(model: PortfolioModel, items: Iterable[str]) -> dict[str, int] | None:
    """Senses of the model's items, and of more, of which more is better."""
    return None if model.senses is None else model.senses | dict.fromkeys(items, 1)


def _unit(worth: Mapping[str, Floats]) -> float:
    largest = max((float(np.abs(vector).max(initial=0.0)) for vector in worth.values()), default=0.0)
    return float(10.0 ** np.floor(np.log10(largest))) if largest > 0 else 1.0


def _in_time(
    solver: Solver, objective: str | Mapping[str, float], *, sense: int = 1, counts: Mapping[str, float] | None = None
) -> Solution:
    try:
        return solver.best(objective, sense=sense, at_least=counts, explain=True)
    except TimedOut as late:
        if isinstance(late.best, Solution):
            return late.best
        raise


def _chances(worth: Mapping[str, Floats], probabilities: Mapping[str, float] | None) -> dict[str, float]:
    if not worth:
        raise AssumptionError(_("There is no future to choose a plan for."))
    if probabilities is None:
        return {future: 1 / len(worth) for future in worth}
    wrong = {f: p for f, p in probabilities.items() if not 0 <= p <= 1}
    if wrong or set(probabilities) != set(worth) or abs(sum(probabilities.values()) - 1) > 1e-6:
        raise AssumptionError(
            _("Probabilities of futures must lie between 0 and 1, one for each future, and sum to 1; given: {given}.")
            .format(given=", ".join(f"{future} {p}" for future, p in probabilities.items()))
        )  # fmt: skip
    return dict(probabilities)


def _extreme(begun: Floats, which: np.ufunc) -> Floats:
    return np.asarray(which.reduce(begun, axis=0))
