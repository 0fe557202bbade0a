"""A business case as a distribution: draws of what is uncertain, and the net present value of each draw.

Knows the lines of a case as arrays [lines, years] and their items; not options, hazards or who pays. What is uncertain
multiplies a whole line (`factor.ITEM`), or is the discount rate or the growth of benefits. Nothing is uncertain unless
the table says so, and no spread is assumed that nobody stated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtri
from scipy.stats import qmc

from headwater.appraisal.cash_flow import Floats, check_rate
from headwater.appraisal.marginals import BENEFIT_GROWTH, DISCOUNT_RATE, FACTOR, is_variable, marginals
from headwater.errors import AssumptionError, InputError
from headwater.frames import with_columns
from headwater.schema import empty, load_schema, parse
from headwater.words import _

GROWING = ("avoided_damage", "avoided_disruption", "time_saved", "emissions", "ecosystem_services", "health")
"""Lines of the business case that grow with `benefit_growth`, unless it is said line by line."""
QUANTILES = {"p05_usd": 0.05, "p25_usd": 0.25, "p50_usd": 0.5, "p75_usd": 0.75, "p95_usd": 0.95}
EDGE = 1e-12
"""Probability kept from 0 and 1, where a score would be infinite."""


def sample(uncertainties: pd.DataFrame, *, samples: int, seed: int) -> pd.DataFrame:
    """Draws of everything uncertain: a Latin hypercube with the stated rank correlations.

    Each variable is drawn once from each of `samples` slices of equal probability, so its distribution is met closely
    by few draws. The draws of a variable are then put in the order that gives the correlations, which leaves its
    distribution as it is (Iman and Conover 1982): scores of the standard normal distribution, cleared of the
    correlation they have by chance, are mixed along the links of `correlates_with`; a rank correlation ρ needs a
    correlation of 2 sin(πρ/6) between the scores. Variables that both move with a third one move together through it,
    by the product of their correlations. Every such set of links without a circle is possible, so there is no further
    condition.

    Parameters
    ----------
    uncertainties
        Table `uncertainties`, in any order of rows.
    samples
        Number of draws, at least 2.
    seed
        The same seed gives the same draws.

    Returns
    -------
    draws
        Frame with one row per sample, one column per variable, sorted by name.

    Raises
    ------
    TableError
        If the table cannot be drawn from; names every fault.
    AssumptionError
        If fewer than 2 samples are asked for.

    Source
    ------
    Iman and Conover (1982), A distribution-free approach to inducing rank correlation among input variables,
    Communications in Statistics: Simulation and Computation 11(3), 311-334. doi:10.1080/03610918208812265. The
    conversion of a rank correlation:
    as in the documentation of OpenTURNS, NormalCopula.

    Examples
    --------
    >>> rate = pd.DataFrame(
    ...     {"variable": ["discount_rate"], "name": ["Rate"], "distribution": ["uniform"], "low": [0.02],
    ...      "high": [0.06], "source_id": ["ministry"]}
    ... )
    >>> draws = sample(rate, samples=4, seed=1)["discount_rate"]
    >>> draws.sort_values().between([0.02, 0.03, 0.04, 0.05], [0.03, 0.04, 0.05, 0.06]).all()  # one in each quarter
    np.True_
    """
    if samples < 2:
        raise AssumptionError(_("{count} samples are too few: ask for at least 2.").format(count=samples))
    each = marginals(uncertainties)
    if not each:
        return pd.DataFrame(index=pd.RangeIndex(samples, name="sample"))
    rng = np.random.default_rng(seed)
    slices = qmc.LatinHypercube(d=len(each), rng=rng).random(samples)
    order = np.argsort(np.argsort(_linked_scores(uncertainties, slices, list(each)), axis=0), axis=0)
    placed = np.take_along_axis(np.sort(slices, axis=0), order, axis=0)
    draws = {name: marginal.ppf(placed[:, column]) for column, (name, marginal) in enumerate(each.items())}
    return pd.DataFrame(draws, index=pd.RangeIndex(samples, name="sample"))


# --- what each draw is worth ------------------------------------------------------------------------------------


def npv_samples(
    money: npt.ArrayLike,
    items: Sequence[str],
    samples: pd.DataFrame,
    *,
    discount_rate: float,
    benefit_growth: float,
    grows: npt.ArrayLike | None = None,
) -> Floats:
    """Net present value of a case in each draw.

    A factor multiplies every line of its item. The growth of benefits replaces the one that the money already holds,
    on the lines that grow: year t is multiplied by ((1 + drawn) / (1 + held))^t. A factor of a line that the case does
    not have changes nothing.

    Parameters
    ----------
    money
        Undiscounted money [USD], shape (lines, years), year 0 first: gains positive, costs negative.
    items
        Line of the business case of each row.
    samples
        One row per draw, one column per variable; variables without a column stay at their base value.
    discount_rate
        Base discount rate [1/yr].
    benefit_growth
        Growth of benefits that the money holds [1/yr].
    grows
        Whether each line grows with it; by default the lines of `GROWING`. Flows that a study states year by year grow
        by a rate of their own, so say False for them.

    Returns
    -------
    npv
        Array [USD], one value per draw.

    Raises
    ------
    InputError
        If a column of the draws is no variable, a value is missing or not finite, or items and money do not match.
    AssumptionError
        If a rate is -100 % or below.

    Examples
    --------
    >>> wall = [[-100.0, 0.0], [0.0, 120.0]]
    >>> draws = pd.DataFrame({"factor.avoided_damage": [1.0, 2.0], "discount_rate": [0.0, 0.2]})
    >>> npv_samples(wall, ["capital", "avoided_damage"], draws, discount_rate=0.1, benefit_growth=0.0).round(6).tolist()
    [20.0, 100.0]
    """
    groups, grouped = _grouped(money, items, grows)
    _check_draws(samples)
    rate = _drawn(samples, DISCOUNT_RATE, discount_rate)
    growth = _drawn(samples, BENEFIT_GROWTH, benefit_growth)
    years = np.arange(grouped.shape[1], dtype=np.float64)
    worth = ((1.0 + rate) ** -1.0)[:, None] ** years
    value = worth @ grouped.T
    grown = np.array([grows_too for _item, grows_too in groups], dtype=bool)
    if BENEFIT_GROWTH in samples and grown.any():
        value[:, grown] = (worth * ((1.0 + growth) / (1.0 + benefit_growth))[:, None] ** years) @ grouped[grown].T
    factors = np.ones_like(value)
    for column, (item, _grows) in enumerate(groups):
        if FACTOR + item in samples:
            factors[:, column] = samples[FACTOR + item].to_numpy(dtype=np.float64)
    return np.asarray((value * factors).sum(axis=1))


def sample_table(npv: Mapping[str, Floats]) -> pd.DataFrame:
    """Table `npv_samples`, from the net present values of each plan's draws.

    Examples
    --------
    >>> sample_table({"a": np.array([1.0, 2.0])}).to_numpy().tolist()
    [['a', 0, 1.0], ['a', 1, 2.0]]
    """
    parts = [
        pd.DataFrame({"plan_id": plan, "sample": np.arange(len(values)), "npv_usd": values})
        for plan, values in npv.items()
    ]
    return pd.concat(parts, ignore_index=True) if parts else empty("npv_samples")


def distribution(npv: pd.DataFrame, *, waiting: pd.DataFrame | None = None) -> pd.DataFrame:
    """Distribution of each plan's net present value: mean, percentiles, and how often it is above zero.

    Parameters
    ----------
    npv
        Table `npv_samples`.
    waiting
        Frame with wait_value_usd and wait_years, indexed by plan_id, where it was asked for.

    Returns
    -------
    distribution
        Table `npv_distribution`, sorted by plan_id. Percentiles are linear between draws.

    Raises
    ------
    InputError
        If a net present value is missing or not finite.

    Examples
    --------
    >>> one = distribution(sample_table({"a": np.array([-1.0, 1.0, 3.0])})).loc[0]
    >>> float(one["mean_usd"]), float(one["p50_usd"]), round(float(one["positive_share"]), 3)
    (1.0, 1.0, 0.667)
    """
    if not np.isfinite(npv["npv_usd"].to_numpy(dtype=np.float64)).all():
        raise InputError(_("A net present value among the samples is missing or not finite."))
    values = npv.groupby("plan_id", sort=True)["npv_usd"]
    table = pd.DataFrame({"mean_usd": values.mean()})
    for column, share in QUANTILES.items():
        table[column] = values.quantile(share)
    table["positive_share"] = npv["npv_usd"].gt(0).groupby(npv["plan_id"], sort=True).mean()
    table["samples"] = values.size()
    waited = pd.DataFrame(columns=["wait_value_usd", "wait_years"]) if waiting is None else waiting
    table["wait_value_usd"] = waited["wait_value_usd"].reindex(table.index).astype("float64")
    table["wait_years"] = waited["wait_years"].reindex(table.index).astype("Int64")
    return table.reset_index()[load_schema("npv_distribution").index.tolist()]


# --- draws ------------------------------------------------------------------------------------------------------


def _linked_scores(uncertainties: pd.DataFrame, slices: Floats, names: list[str]) -> Floats:
    """Normal scores of the draws, with the correlations of the table."""
    scores = ndtri(np.clip(slices, EDGE, 1 - EDGE))
    if len(scores) > len(names) + 1:  # clear them of the correlation they have by chance
        chance = np.atleast_2d(np.corrcoef(scores, rowvar=False))
        scores = np.linalg.solve(np.linalg.cholesky(chance), ((scores - scores.mean(0)) / scores.std(0)).T).T
    typed, _found = parse(uncertainties, "uncertainties", stray=False)
    links = with_columns(typed, ["variable", "correlates_with", "correlation"]).set_index("variable")
    partner = links["correlates_with"].dropna().astype("str").to_dict()
    strength = links["correlation"].astype("float64").to_dict()
    waiting = list(names)
    mixed = scores.copy()
    while waiting:  # each variable after the one it moves with
        ready = [name for name in waiting if partner.get(name) not in waiting]
        for name in ready:
            if name in partner:
                own, other = names.index(name), names.index(partner[name])
                r = 2.0 * np.sin(np.pi * strength[name] / 6.0)
                mixed[:, own] = r * mixed[:, other] + np.sqrt(max(1.0 - r * r, 0.0)) * scores[:, own]
        waiting = [name for name in waiting if name not in ready]
    return np.asarray(mixed)


def _drawn(samples: pd.DataFrame, name: str, base: float) -> Floats:
    check_rate(base, name)
    if name not in samples:
        return np.full(len(samples), base)
    values = samples[name].to_numpy(dtype=np.float64)
    check_rate(float(values.min(initial=base)), name)
    return values


def _check_draws(samples: pd.DataFrame) -> None:
    unknown = [str(column) for column in samples.columns if not is_variable(str(column))]
    if unknown:
        raise InputError(
            _("{names} cannot be uncertain: use discount_rate, benefit_growth or factor.ITEM.").format(
                names=", ".join(unknown)
            )
        )
    if not np.isfinite(samples.to_numpy(dtype=np.float64)).all():
        raise InputError(_("A value among the samples is missing or not finite."))


def growing_lines(items: Sequence[str], grows: npt.ArrayLike | None) -> npt.NDArray[np.bool_]:
    """Whether each line grows with the growth of benefits: as said, or by its item.

    Raises
    ------
    InputError
        If it is not said of every line.

    Examples
    --------
    >>> growing_lines(["capital", "avoided_damage"], None).tolist()
    [False, True]
    """
    if grows is None:
        return np.isin(np.asarray(items, dtype=str), GROWING)
    said = np.asarray(grows, dtype=bool)
    if said.shape != (len(items),):
        raise InputError(_("Say of each of the {count} lines whether it grows.").format(count=len(items)))
    return said


def _grouped(
    money: npt.ArrayLike, items: Sequence[str], grows: npt.ArrayLike | None
) -> tuple[list[tuple[str, bool]], Floats]:
    """Money by item and growth, year by year: few rows, however many lines a case has."""
    lines = np.asarray(money, dtype=np.float64)
    if lines.ndim != 2 or len(lines) != len(items):
        raise InputError(
            _("Money of shape {shape} does not go with {count} items: one row per line, one column per year.").format(
                shape=lines.shape, count=len(items)
            )
        )
    if not np.isfinite(lines).all():
        raise InputError(_("An amount of the case is missing or not finite: a case with a blank has no net value."))
    names, code = np.unique(np.asarray(items, dtype=str), return_inverse=True)
    grown = growing_lines(items, grows)
    total = np.zeros((2 * len(names), lines.shape[1]))
    np.add.at(total, 2 * code + grown, lines)
    return [(str(name), side) for name in names for side in (False, True)], total
