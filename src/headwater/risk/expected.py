"""Expected annual damage, from damages at a few return periods.

Five peers use five rules of integration and none prints which; here every rule has a name, and the name travels with
the figure. For fixed return periods every rule is linear in the damages, so a rule *is* a vector of weights.

Knows nothing of hazards, maps or files: a table goes in, a table comes out.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from headwater.errors import AssumptionError, Fault, InputError, TableError
from headwater.frames import with_columns
from headwater.schema import check, key_columns, load_schema
from headwater.words import _

Rule = Literal["trapezoid", "triangle", "rectangle", "loglinear"]
RULES: tuple[Rule, ...] = get_args(Rule)
DEFAULT_RULE: Rule = "rectangle"

Floats = npt.NDArray[np.float64]
Protection = float | npt.ArrayLike | None

GROUP = ["hazard", "scenario", "model", "epoch"]
"""Columns that name a set of return periods belonging together."""

BOUNDS = ["", "_low", "_high"]


def ead_weights(
    return_periods: npt.ArrayLike,
    *,
    rule: Rule = DEFAULT_RULE,
    protection_return_period_yr: Protection = None,
    no_damage_return_period_yr: float | None = None,
) -> Floats:
    r"""Weights w such that expected annual damage = Σ w·damage over the return periods.

    Damage is a function of annual probability p = 1/return period, known at the return periods given. Between two of
    them it is linear in p (in ln p for `loglinear`). Beyond the rarest, to p = 0:

    - ``trapezoid``: nothing is added;
    - ``triangle``: damage falls linearly to 0 at p = 0;
    - ``rectangle``: damage keeps its last value;
    - ``loglinear``: as rectangle.

    On the side of frequent events nothing is added, unless `no_damage_return_period_yr` says from which return period
    damage begins: damage then rises from 0 there to its value at the most frequent return period given. A protection
    standard takes away every event more frequent than it, interpolating damage where it cuts.

    Simpson's rule is refused: on uneven return periods it can give a negative expected damage.

    Parameters
    ----------
    return_periods
        Return periods [yr], each at least 1, none twice, in any order.
    rule
        Name of the rule.
    protection_return_period_yr
        Design standard [yr], one or many; missing or below the most frequent return period takes nothing away.
    no_damage_return_period_yr
        Return period [yr] up to which nothing is damaged; more frequent than all return periods given.

    Returns
    -------
    weights
        Weights [1/yr], in the order of `return_periods`; one row per protection standard when there are many.

    Raises
    ------
    AssumptionError
        If the rule is unknown or refused, or a standard is below 1 year or not more frequent than the events given.
    InputError
        If a return period is below 1 year, repeated or missing.

    Source
    ------
    Olsen et al. (2015), Water 7(1), 255-270. doi:10.3390/w7010255

    Examples
    --------
    >>> ead = ead_weights([10, 100]) @ [0, 90]  # 0.09 x 45, and a tail of 0.01 x 90
    >>> print(f"{ead:.2f}")
    4.95
    >>> ead_weights([10, 100], rule="trapezoid").round(3).tolist()
    [0.045, 0.045]
    """
    check_rule(rule)
    periods = _checked_return_periods(return_periods)
    cut = _cut_probability(protection_return_period_yr)
    order = np.argsort(periods)
    probability = 1 / periods[order]
    front = _front_probability(no_damage_return_period_yr, probability[0])

    weights = np.zeros((*cut.shape, len(periods)))
    area = _loglinear_area if rule == "loglinear" else _linear_area
    if front is not None:
        weights[..., 0] += area(front, probability[0], cut).frequent_end_is_zero
    for k in range(len(periods) - 1):
        segment = area(probability[k], probability[k + 1], cut)
        weights[..., k] += segment.frequent
        weights[..., k + 1] += segment.rare
    weights[..., -1] += _tail(rule, probability[-1], cut)

    unsorted = np.empty_like(weights)
    unsorted[..., order] = weights
    return unsorted


def expected_annual_damage(
    damages: pd.DataFrame,
    *,
    rule: Rule = DEFAULT_RULE,
    protection_return_period_yr: float | pd.Series | None = None,
    no_damage_return_period_yr: float | None = None,
) -> pd.DataFrame:
    """Expected annual damage of each asset, hazard, scenario, model and epoch.

    Parameters
    ----------
    damages
        Table `damages`, any order. Damage is missing where no layer covers the asset; the result is then missing too.
        A column `uncovered_share`, when there is one, is carried over at its largest.
    rule
        Rule of integration; see `ead_weights`.
    protection_return_period_yr
        Design standard [yr]: one for all, or a Series by asset_id. Missing means unprotected.
    no_damage_return_period_yr
        Return period [yr] up to which nothing is damaged.

    Returns
    -------
    expected_damages
        Table `expected_damages` [USD/yr], sorted by its key, each row naming the rule.

    Raises
    ------
    TableError
        If `damages` breaks its schema, or an asset lacks a return period that others of its group have.
    AssumptionError
        If the rule is unknown, or a standard cannot be used.

    Source
    ------
    Olsen et al. (2015), Water 7(1), 255-270. doi:10.3390/w7010255

    Examples
    --------
    >>> two_floods = pd.DataFrame(
    ...     {
    ...         "asset_id": "bridge", "hazard": "river_flood", "scenario": "historical", "model": None, "epoch": None,
    ...         "return_period_yr": [10.0, 100.0], "damage_usd": [0.0, 90.0],
    ...     }
    ... )
    >>> ead = expected_annual_damage(two_floods)
    >>> round(ead["ead_usd_per_yr"].item(), 2), ead["ead_rule"].item()
    (4.95, 'rectangle')
    """
    check_rule(rule)
    known = damages[damages["damage_usd"].notna()] if "damage_usd" in damages else damages
    check(known, "damages")
    table = with_columns(damages, [*load_schema("damages").index, "uncovered_share"])
    groups = [
        _group_ead(
            group,
            rule=rule,
            protection=protection_return_period_yr,
            no_damage_return_period_yr=no_damage_return_period_yr,
        )
        for _key, group in table.groupby(GROUP, dropna=False, sort=False)
    ]
    columns = list(load_schema("expected_damages").index)
    if not groups:
        return with_columns(pd.DataFrame(), columns)
    joined = with_columns(pd.concat(groups, ignore_index=True), columns)
    return joined.sort_values(key_columns("expected_damages"), ignore_index=True)


def check_rule(rule: str) -> None:
    """Raise if there is no such rule, or it is refused.

    Raises
    ------
    AssumptionError
        Naming the rules there are.
    """
    if rule == "simpson":
        raise AssumptionError(
            _(
                "Simpson's rule is not offered: on uneven return periods it can give a negative expected damage. "
                "Use one of {rules}."
            ).format(rules=", ".join(RULES))
        )
    if rule not in RULES:
        raise AssumptionError(
            _("There is no rule of integration called «{rule}». Use one of {rules}.").format(
                rule=rule, rules=", ".join(RULES)
            )
        )


# --- areas under damage against probability ------------------------------------------------------------------------


class Area(NamedTuple):
    """Weights of the damages at the frequent and the rare end of a segment, by protection standard."""

    frequent: Floats
    rare: Floats

    @property
    def frequent_end_is_zero(self) -> Floats:
        """Weight of the rare end where damage is nothing at the frequent one."""
        return self.rare


def _linear_area(frequent: float, rare: float, cut: Floats) -> Area:
    """Segment on which damage is linear in p, up to the probability where protection cuts."""
    width = np.clip(cut, rare, frequent) - rare
    reached = width / (frequent - rare)
    return Area(width * reached / 2, width * (1 - reached / 2))


def _loglinear_area(frequent: float, rare: float, cut: Floats) -> Area:
    """Segment on which damage is linear in ln p: ∫ ln(p/rare) dp = p·ln(p/rare) - p + rare."""
    upper = np.clip(cut, rare, frequent)
    on_frequent = (upper * np.log(upper / rare) - upper + rare) / np.log(frequent / rare)
    return Area(on_frequent, upper - rare - on_frequent)


def _tail(rule: str, rarest: float, cut: Floats) -> Floats:
    """Weight of the rarest event for everything rarer still."""
    upper = np.minimum(cut, rarest)
    if rule == "trapezoid":
        return np.zeros_like(upper)
    return upper * upper / rarest / 2 if rule == "triangle" else upper


# --- checks --------------------------------------------------------------------------------------------------------


def _checked_return_periods(return_periods: npt.ArrayLike) -> Floats:
    periods = np.atleast_1d(np.asarray(return_periods, dtype=float))
    bad = periods[~(periods >= 1) | np.isinf(periods)]
    if not len(periods) or len(bad):
        raise InputError(
            _("Return periods must be 1 year or more: {values}. Correct them in the table of hazard layers.").format(
                values=", ".join(f"{v:g}" for v in bad) or _("none given")
            )
        )
    if len(np.unique(periods)) < len(periods):
        raise InputError(
            _("Return periods are repeated: {values}. Keep one layer for each.").format(
                values=", ".join(f"{v:g}" for v in np.sort(periods))
            )
        )
    return periods


def _cut_probability(protection: Protection) -> Floats:
    """Annual probability above which events are held off; infinite where nothing is."""
    standard = np.asarray(np.nan if protection is None else protection, dtype=float)
    if (standard < 1).any():
        raise AssumptionError(
            _("A protection standard must be a return period of 1 year or more: {value}.").format(
                value=f"{np.nanmin(standard):g}"
            )
        )
    return np.where(np.isnan(standard), np.inf, 1 / standard)


def _front_probability(no_damage: float | None, most_frequent: float) -> float | None:
    if no_damage is None:
        return None
    if not 1 <= no_damage < 1 / most_frequent:
        raise AssumptionError(
            _(
                "no_damage_return_period_yr is {value} but must be at least 1 and less than {shortest}, the shortest "
                "return period given: leave it out, or give a smaller one."
            ).format(value=f"{no_damage:g}", shortest=f"{1 / most_frequent:g}")
        )
    return 1 / no_damage


# --- tables --------------------------------------------------------------------------------------------------------


def _group_ead(
    group: pd.DataFrame,
    *,
    rule: Rule,
    protection: float | pd.Series | None,
    no_damage_return_period_yr: float | None,
) -> pd.DataFrame:
    """One row per asset of one hazard, scenario, model and epoch."""
    assets, periods = np.unique(group["asset_id"]), np.unique(group["return_period_yr"])
    _check_complete(group, assets, periods)
    table = group.sort_values(["asset_id", "return_period_yr"])
    weights = _weights_by_asset(assets, periods, rule=rule, protection=protection, no_damage=no_damage_return_period_yr)
    result = table.iloc[:: len(periods)][["asset_id", *GROUP]].assign(ead_rule=rule)
    for bound in BOUNDS:
        values = table[f"damage_usd{bound}"].to_numpy(dtype=float).reshape(len(assets), len(periods))
        result[f"ead_usd_per_yr{bound}"] = (values * weights).sum(axis=1)
    shares = table["uncovered_share"].to_numpy(dtype=float).reshape(len(assets), len(periods))
    return result.assign(uncovered_share=shares.max(axis=1))


def _weights_by_asset(
    assets: npt.NDArray[np.object_],
    periods: Floats,
    *,
    rule: Rule,
    protection: float | pd.Series | None,
    no_damage: float | None,
) -> Floats:
    """Weights [asset, return period]; computed once per distinct standard."""
    if isinstance(protection, pd.Series):
        standard = protection.reindex(assets).to_numpy(dtype=float)
    else:
        standard = np.full(len(assets), np.nan if protection is None else protection)
    distinct, which = np.unique(standard, return_inverse=True)
    return ead_weights(
        periods, rule=rule, protection_return_period_yr=distinct, no_damage_return_period_yr=no_damage
    )[which]  # fmt: skip


def _check_complete(group: pd.DataFrame, assets: npt.NDArray[np.object_], periods: Floats) -> None:
    """A return period missing for one asset only would silently change its figure."""
    if len(group) == len(assets) * len(periods):
        return
    wanted = pd.MultiIndex.from_product([assets, periods])
    given = pd.MultiIndex.from_frame(group[["asset_id", "return_period_yr"]])
    problem = _("is missing for asset {asset} but given for others of the same hazard, scenario, model and epoch")
    raise TableError(
        [
            Fault(
                "damages", None, "return_period_yr", f"{period:g}", problem.format(asset=asset),
                _("give every asset the same return periods"),
            )
            for asset, period in wanted.difference(given)
        ]
    )  # fmt: skip
