"""What samples of hazard events come to in a year and in each event, how sure that is, and whom it falls on.

Knows nothing of hazards or services: losses by return period and sample go in, means with their error come out.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from headwater.errors import InputError
from headwater.frames import with_columns
from headwater.risk.expected import DEFAULT_RULE, Rule, ead_weights
from headwater.words import _

Floats = npt.NDArray[np.float64]

NORMAL_95 = 1.959963984540054
"""Half-width of the central 95 % of a normal distribution, in standard deviations."""

GROUPS = {
    "female": "population_female",
    "male": "population_male",
    "under_15": "population_under_15",
    "over_64": "population_over_64",
    "poor": "population_poor",
}
"""Groups of people and the column of `zones` that counts them; urban and rural follow from is_urban."""


class Estimate(NamedTuple):
    """A mean over samples, its standard error, and the ends of its 95 % confidence interval.

    The interval says how far the mean would move with other samples, and nothing of errors in maps or thresholds. With
    one sample the error is not known, and it and the interval are missing.
    """

    mean: Floats
    se: Floats
    low: Floats
    high: Floats


class Statistics(NamedTuple):
    """A mean over samples, its standard error, and what 5 % and 95 % of samples lie below."""

    mean: Floats
    se: Floats
    p05: Floats
    p95: Floats


def annual(values: npt.ArrayLike, return_periods: npt.ArrayLike, *, rule: Rule = DEFAULT_RULE) -> Estimate:
    """Expected annual loss from losses sampled at some return periods.

    Each sample is integrated over annual probability by itself, with the weights of `expected.ead_weights`; mean and
    error are those of the samples' annual losses. As a sample keeps its chances over all return periods, its losses
    at them go together, and errors by return period could not simply be added up. All rules are linear in the losses,
    `loglinear` too (it is linear in the logarithm of probability), so losses of 0 need no special care. Protection
    of single items is already in the losses.

    Parameters
    ----------
    values
        Losses [return periods, samples, ...]; a missing one leaves the figure missing.
    return_periods
        Return periods [yr], each at least 1, none twice.
    rule
        Rule of integration.

    Returns
    -------
    estimate
        Of the loss per year, by whatever axes follow the samples. The interval ends at 0: no loss is below nothing.

    Raises
    ------
    AssumptionError
        If the rule is unknown or refused.
    InputError
        If there is no sample, or return periods do not fit or cannot be used.

    Examples
    --------
    >>> every_ten, every_hundred = [0.0, 0.0], [80.0, 100.0]
    >>> one = annual([every_ten, every_hundred], [10, 100])  # 0.055 x 80 and 0.055 x 100
    >>> print(f"{one.mean:.2f} {one.se:.2f}")
    4.95 0.55
    """
    losses = np.asarray(values, dtype=float)
    weights = ead_weights(return_periods, rule=rule)
    if losses.ndim < 2 or len(losses) != len(weights):
        raise InputError(
            _("Losses must be given by return period and sample, for {count} return periods.").format(
                count=len(weights)
            )
        )
    total = np.zeros(losses.shape[1:])
    for weight, loss in zip(weights, losses, strict=True):
        total += weight * loss
    return yearly(total)


def yearly(values: npt.ArrayLike) -> Estimate:
    """Expected annual loss where the samples are years themselves.

    Parameters
    ----------
    values
        Losses [samples, ...] of one year each.

    Returns
    -------
    estimate
        Of the loss per year, as in `annual`.

    Raises
    ------
    InputError
        If there is no sample.

    Examples
    --------
    >>> [round(float(figure), 2) for figure in yearly([0.0, 4.0])]
    [2.0, 2.0, 0.0, 5.92]
    """
    mean, se = _mean(np.asarray(values, dtype=float))
    return Estimate(mean, se, np.maximum(mean - NORMAL_95 * se, 0.0), mean + NORMAL_95 * se)


def event_statistics(values: npt.ArrayLike) -> Statistics:
    """Mean of samples of one event, its standard error, and the range of the middle 90 % of samples.

    Parameters
    ----------
    values
        Losses [samples, ...]; a missing one leaves the figures missing.

    Returns
    -------
    statistics
        By whatever axes follow the samples. Between two samples percentiles are interpolated.

    Raises
    ------
    InputError
        If there is no sample.

    Examples
    --------
    >>> event_statistics(np.arange(101.0)).p95.item()
    95.0
    """
    losses = np.asarray(values, dtype=float)
    mean, se = _mean(losses)
    p05, p95 = np.quantile(losses, [0.05, 0.95], axis=0)
    return Statistics(mean, se, p05, p95)


def by_group(zone_people: pd.Series, zones: pd.DataFrame) -> pd.DataFrame:
    """Which groups of people the losses of zones fall on.

    Within a zone everybody is as likely to be among those who lose the service. A zone that does not say how many of
    a group live there is left out of the group's figures, and `known_share` says how many people that leaves.

    Parameters
    ----------
    zone_people
        Expected annual number of people who lose the service, by zone_id [people/yr].
    zones
        Table `zones`; those not in `zone_people` are not counted.

    Returns
    -------
    groups
        group, population, population_without_per_yr, known_share: one row per group known in some zone. known_share
        is missing where nobody lives in the zones.

    Raises
    ------
    InputError
        If a zone is not in the table.

    Examples
    --------
    >>> zones = pd.DataFrame({"zone_id": ["a", "b"], "population": [100.0, 300.0], "population_female": [60.0, None]})
    >>> by_group(pd.Series([10.0, 30.0], index=["a", "b"]), zones)
        group  population  population_without_per_yr  known_share
    0  female        60.0                        6.0         0.25
    """
    missing = zone_people.index.difference(pd.Index(zones["zone_id"]))
    if len(missing):
        raise InputError(_("There are no zones called {names}.").format(names=", ".join(map(str, missing[:5]))))
    own = with_columns(zones.set_index("zone_id"), ["population", "is_urban", *GROUPS.values()]).loc[zone_people.index]
    people = own["population"].to_numpy(dtype=float)
    rows = [
        _group_row(group, members, people, zone_people.to_numpy(dtype=float))
        for group, members in _members(own, people).items()
        if not np.isnan(members).all()
    ]
    return pd.DataFrame(rows, columns=["group", "population", "population_without_per_yr", "known_share"])


# --- pieces ----------------------------------------------------------------------------------------------------------


def _mean(losses: Floats) -> tuple[Floats, Floats]:
    """Mean over the first axis and its standard error."""
    count = len(losses) if losses.ndim else 0
    if not count:
        raise InputError(_("There are no samples: at least one is needed."))
    mean = losses.mean(axis=0)
    if count == 1:
        return mean, np.full_like(mean, np.nan)
    return mean, losses.std(axis=0, ddof=1) / np.sqrt(count)


def _members(zones: pd.DataFrame, people: Floats) -> dict[str, Floats]:
    """People of each group in each zone; NaN where not known."""
    counted = {group: zones[column].to_numpy(dtype=float, na_value=np.nan) for group, column in GROUPS.items()}
    urban = zones["is_urban"].astype("boolean").to_numpy(dtype=float, na_value=np.nan)
    return counted | {"urban": people * urban, "rural": people * (1 - urban)}


def _group_row(group: str, members: Floats, people: Floats, losing: Floats) -> dict[str, object]:
    known = ~np.isnan(members)
    share = np.divide(members, people, out=np.zeros_like(people), where=known & (people > 0))
    everybody = people.sum()
    return {
        "group": group,
        "population": members[known].sum(),
        "population_without_per_yr": (losing[known] * share[known]).sum(),
        "known_share": people[known].sum() / everybody if everybody > 0 else np.nan,
    }
