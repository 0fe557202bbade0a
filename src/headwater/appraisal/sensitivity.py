"""What the worth of a business case hangs on: one variable at a time, all together, and future by future.

Takes lines of money [lines, years] with their items, and the table `uncertainties`. Nothing here draws correlated
values: a swing changes one variable only, and shares of variance are of variables that move independently.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import sobol_indices

from headwater.appraisal.cash_flow import NONE, UNIQUE, Floats, discount_factors, rate_of_return
from headwater.appraisal.marginals import BENEFIT_GROWTH, DISCOUNT_RATE, FACTOR, Marginal, is_variable, marginals
from headwater.appraisal.uncertainty import growing_lines, npv_samples
from headwater.errors import AssumptionError, Fault, TableError
from headwater.schema import load_schema
from headwater.words import _

SHARES = ["first_order", "total_order"]


def swings(
    money: npt.ArrayLike,
    items: Sequence[str],
    uncertainties: pd.DataFrame,
    *,
    plan_id: str,
    discount_rate: float,
    benefit_growth: float,
    grows: npt.ArrayLike | None = None,
) -> pd.DataFrame:
    """Net present value with one variable at its low or high and the rest at their base: the bars of a tornado.

    The base of a factor is 1; of the rates, what is handed in. Low and high are those of the table: of a lognormal its
    5th and 95th percentiles, of samples the smallest and the largest.

    Parameters
    ----------
    money, items, discount_rate, benefit_growth, grows
        As in `npv_samples`.
    uncertainties
        Table `uncertainties`.
    plan_id
        Plan to write in the table.

    Returns
    -------
    sensitivities
        Table `sensitivities`, the widest swing first; shares of variance blank. `switching_value` is blank unless
        there is exactly one: `switching` says why.

    Raises
    ------
    TableError
        If the table cannot be drawn from.
    InputError
        If the money is not whole, or does not match its items.

    Examples
    --------
    >>> wall, items = [[-100.0, 0.0], [0.0, 120.0]], ["capital", "avoided_damage"]
    >>> unsure = pd.DataFrame(
    ...     {"variable": ["factor.avoided_damage"], "name": ["Damage"], "distribution": ["uniform"], "low": [0.5],
    ...      "high": [1.5], "source_id": ["guess"]}
    ... )
    >>> bars = swings(wall, items, unsure, plan_id="a", discount_rate=0.2, benefit_growth=0.0)
    >>> bars.loc[0, ["npv_usd_low", "npv_usd_high", "switching_value"]].astype(float).round(6).tolist()
    [-50.0, 50.0, 1.0]
    """
    each = marginals(uncertainties)
    base = {DISCOUNT_RATE: discount_rate, BENEFIT_GROWTH: benefit_growth}
    bases = pd.Series({name: base.get(name, 1.0) for name in each}, dtype="float64")
    rates = {"discount_rate": discount_rate, "benefit_growth": benefit_growth, "grows": grows}
    npv = {}
    for side in ("low", "high"):
        draws = np.tile(bases.to_numpy(), (len(each), 1))
        np.fill_diagonal(draws, [getattr(m, side) for m in each.values()])
        npv[side] = npv_samples(money, items, pd.DataFrame(draws, columns=list(each)), **rates)  # type: ignore[arg-type]
    switch = switching(money, items, list(each), **rates)  # type: ignore[arg-type]
    table = pd.DataFrame(
        {
            "plan_id": plan_id,
            "variable": list(each),
            "low": [m.low for m in each.values()],
            "base": bases.to_numpy(),
            "high": [m.high for m in each.values()],
            "npv_usd_low": npv["low"],
            "npv_usd_high": npv["high"],
            "switching_value": switch["switching_value"].to_numpy(dtype=np.float64),
            "first_order": np.nan,
            "total_order": np.nan,
        }
    )
    width = (table["npv_usd_high"] - table["npv_usd_low"]).abs()
    widest = width.sort_values(ascending=False, kind="stable").index
    return table.loc[widest, load_schema("sensitivities").index.tolist()].reset_index(drop=True)


def switching(
    money: npt.ArrayLike,
    items: Sequence[str],
    variables: Sequence[str],
    *,
    discount_rate: float,
    benefit_growth: float,
    grows: npt.ArrayLike | None = None,
) -> pd.DataFrame:
    """Value of each variable at which the case is worth nothing, all else at base.

    Of a factor it is exact, since the net present value is a straight line in it. The net present value is a
    polynomial in 1 / (1 + rate), and in 1 + growth, so of those it is a root, given when it is the only one above
    -100 %. A factor below zero, which would turn a cost into a gain, is no answer.

    Returns
    -------
    switching
        Frame indexed by variable: switching_value, blank unless there is one; switching_note, "unique", "none" or
        "several".

    Raises
    ------
    InputError
        If the money is not whole, or does not match its items.

    Examples
    --------
    >>> wall, items = [[-100.0, 0.0], [0.0, 120.0]], ["capital", "avoided_damage"]
    >>> switching(
    ...     wall, items, ["discount_rate", "factor.capital", "factor.tax"], discount_rate=0.0, benefit_growth=0.0
    ... ).round(6).to_numpy().tolist()
    [[0.2, 'unique'], [1.2, 'unique'], [nan, 'none']]
    """
    one = pd.DataFrame(index=pd.RangeIndex(1))
    npv_samples(
        money, items, one, discount_rate=discount_rate, benefit_growth=benefit_growth
    )  # checks what it is given
    lines = np.asarray(money, dtype=np.float64)
    factors = discount_factors(lines.shape[1], discount_rate=discount_rate)
    names = np.asarray(items, dtype=str)
    found = [_switch(v, lines, names, factors, benefit_growth, growing_lines(items, grows)) for v in variables]
    return pd.DataFrame(
        found, columns=["switching_value", "switching_note"], index=pd.Index(list(variables), name="variable")
    )


def _switch(
    variable: str,
    lines: Floats,
    items: npt.NDArray[np.str_],
    factors: Floats,
    growth: float,
    grows: npt.NDArray[np.bool_],
) -> tuple[float, str]:
    if variable == DISCOUNT_RATE:
        rate, note = rate_of_return(lines.sum(axis=0))
        return float(rate[0]), str(note[0])
    if variable == BENEFIT_GROWTH:
        polynomial = lines[grows].sum(axis=0) * factors
        if not (polynomial[1:] != 0).any():  # nothing grows: no growth makes a difference
            return np.nan, NONE
        polynomial[0] += float(lines[~grows].sum(axis=0) @ factors)
        rate, note = rate_of_return(polynomial)  # its root is x = 1 / (1 + rate), which here is the ratio of growths
        return float((1.0 + growth) / (1.0 + rate[0]) - 1.0), str(note[0])
    its = items == variable.removeprefix(FACTOR)
    own, rest = float((lines[its] @ factors).sum()), float((lines[~its] @ factors).sum())
    value = -rest / own if own != 0 else np.nan
    return (value + 0.0, UNIQUE) if value >= 0 else (np.nan, NONE)


def variance_shares(
    money: npt.ArrayLike,
    items: Sequence[str],
    uncertainties: pd.DataFrame,
    *,
    samples: int = 4096,
    seed: int,
    discount_rate: float,
    benefit_growth: float,
    grows: npt.ArrayLike | None = None,
) -> pd.DataFrame:
    """Shares of the variance of the net present value that each variable explains (Sobol).

    Variables are taken as independent, each with its own distribution: with correlated variables the shares would no
    longer add up to a whole or mean what they say, so `correlates_with` is left aside here.

    Parameters
    ----------
    money, items, discount_rate, benefit_growth, grows
        As in `npv_samples`.
    uncertainties
        Table `uncertainties`.
    samples
        Size of each of the two base samples, a power of 2; the case is computed samples × (variables + 2) times.
    seed
        The same seed gives the same shares.

    Returns
    -------
    shares
        Frame indexed by variable, sorted by name: first_order and total_order. Blank where the net present value does
        not vary.

    Raises
    ------
    TableError
        If the table cannot be drawn from.
    AssumptionError
        If the number of samples is not a power of 2.

    Source
    ------
    As in `sobol_shares`.
    """
    each = marginals(uncertainties)

    def worth(values: Floats) -> Floats:
        draws = pd.DataFrame(values, columns=list(each))
        return npv_samples(money, items, draws, discount_rate=discount_rate, benefit_growth=benefit_growth, grows=grows)

    return sobol_shares(worth, each, samples=samples, seed=seed)


def sobol_shares(
    function: Callable[[Floats], Floats], each: Mapping[str, Marginal], *, samples: int, seed: int
) -> pd.DataFrame:
    """First- and total-order shares of variance of any function of independent variables.

    First order: the part of the variance that the variable explains by itself. Total order: that part with its
    interactions. Estimates that fall below zero by chance are shown as zero.

    Parameters
    ----------
    function
        Values [n] of the function at points [n, variables].
    each
        Distribution of each variable, in the order of the columns.
    samples
        Size of each base sample, a power of 2.
    seed
        The same seed gives the same shares.

    Returns
    -------
    shares
        Frame indexed by variable: first_order, total_order.

    Raises
    ------
    AssumptionError
        If the number of samples is not a power of 2.

    Source
    ------
    Saltelli et al. (2010), Variance based sensitivity analysis of model output, Computer Physics Communications 181(2),
    259-270, doi:10.1016/j.cpc.2009.09.018, as in scipy.stats.sobol_indices.

    Examples
    --------
    >>> even = Marginal("uniform", 0.0, 0.5, 1.0, np.empty(0))
    >>> shares = sobol_shares(lambda x: x[:, 0] + 2 * x[:, 1], {"a": even, "b": even}, samples=1024, seed=1)
    >>> shares.round(1).to_numpy().tolist()
    [[0.2, 0.2], [0.8, 0.8]]
    """
    if samples < 2 or samples & (samples - 1):
        raise AssumptionError(
            _(
                "{count} samples: the number of samples for shares of variance must be a power of 2, such as 4096."
            ).format(count=samples)
        )
    names = pd.Index(list(each), name="variable")
    blank = pd.DataFrame(np.nan, index=names, columns=SHARES)
    spread = [name for name, m in each.items() if m.high > m.low]
    if not spread:
        return blank
    fixed = np.array([m.low for m in each.values()])
    free = [list(each).index(name) for name in spread]

    def value(points: Floats) -> Floats:
        whole = np.tile(fixed, (points.shape[1], 1))
        whole[:, free] = points.T
        return np.asarray(function(whole))

    rng = np.random.default_rng(seed)
    probe = value(np.array([each[name].ppf(rng.random(16)) for name in spread]))
    if np.ptp(probe) <= np.finfo(np.float64).eps * np.abs(probe).max():
        return blank
    if len(spread) == 1:  # it explains all there is
        blank.loc[list(each)] = 0.0
        blank.loc[spread] = 1.0
        return blank
    shares = sobol_indices(func=value, n=samples, dists=[each[name] for name in spread], rng=seed)
    blank.loc[list(each)] = 0.0
    blank.loc[spread, "first_order"] = np.maximum(np.ravel(shares.first_order), 0.0)
    blank.loc[spread, "total_order"] = np.maximum(np.ravel(shares.total_order), 0.0)
    return blank


def futures_table(
    plans: Mapping[str, tuple[npt.ArrayLike, Sequence[str]]],
    futures: pd.DataFrame,
    *,
    discount_rate: float,
    benefit_growth: float,
    grows: Mapping[str, npt.ArrayLike] | None = None,
) -> pd.DataFrame:
    """Net present value of every plan in every future, side by side; no future is given a weight.

    Parameters
    ----------
    plans
        Money [lines, years] and items of each plan.
    futures
        One row per future, indexed by its name; one column per variable that a future sets. A blank keeps the base: 1
        for a factor, or the rate handed in.
    discount_rate, benefit_growth
        As in `npv_samples`.
    grows
        Whether each line of each plan grows, as in `npv_samples`.

    Returns
    -------
    worth
        Frame [USD]: plans in rows, futures in columns, in the order given.

    Raises
    ------
    TableError
        If a column is no variable, a future is named twice, a value is not finite, a rate is -100 % or below, or a
        factor is below zero; with every fault.

    Examples
    --------
    >>> plans = {"wall": ([[-100.0, 0.0], [0.0, 120.0]], ["capital", "avoided_damage"])}
    >>> futures = pd.DataFrame({"factor.avoided_damage": [None, 0.5]}, index=["as now", "mild"])
    >>> futures_table(plans, futures, discount_rate=0.0, benefit_growth=0.0).loc["wall"].tolist()
    [20.0, -40.0]
    """
    _check_futures(futures)
    base = {DISCOUNT_RATE: discount_rate, BENEFIT_GROWTH: benefit_growth}
    values = {str(column): futures[column].astype("float64").fillna(base.get(str(column), 1.0)) for column in futures}
    draws = pd.DataFrame(values, index=futures.index)
    rates = {"discount_rate": discount_rate, "benefit_growth": benefit_growth}
    said = grows or {}
    rows = [npv_samples(money, items, draws, grows=said.get(plan), **rates) for plan, (money, items) in plans.items()]
    return pd.DataFrame(
        np.array(rows).reshape(len(plans), len(futures)),
        index=pd.Index(list(plans), name="plan_id"),
        columns=pd.Index(futures.index, name="future"),
    )


def _check_futures(futures: pd.DataFrame) -> None:
    found = [
        Fault(
            "futures",
            None,
            str(c),
            "",
            _("is nothing that can be uncertain"),
            _("write discount_rate, benefit_growth or factor.ITEM"),
        )
        for c in futures.columns
        if not is_variable(str(c))
    ]
    found += [
        Fault(
            "futures",
            int(row) + 2,
            "future",
            str(futures.index[int(row)]),
            _("key appears more than once"),
            _("keep one row per key"),
        )
        for row in np.flatnonzero(futures.index.duplicated())
    ]
    for column in futures.columns:
        values = pd.to_numeric(futures[column], errors="coerce").to_numpy(dtype=np.float64)
        given = futures[column].notna().to_numpy()
        too_low = values <= -1 if not str(column).startswith(FACTOR) else values < 0
        for row in np.flatnonzero(given & (~np.isfinite(values) | too_low)):
            text = str(futures[column].iloc[row])
            problem = _("is not a number that this variable can have")
            remedy = _("write a rate above -1, or a factor of 0 or more")
            found.append(Fault("futures", int(row) + 2, str(column), text, problem, remedy))
    if found:
        raise TableError(found)


def with_shares(sensitivities: pd.DataFrame, shares: pd.DataFrame) -> pd.DataFrame:
    """The table `sensitivities` with its shares of variance filled in, variable by variable."""
    variable = sensitivities["variable"]
    return sensitivities.assign(**{column: variable.map(shares[column]).astype("float64") for column in SHARES})
