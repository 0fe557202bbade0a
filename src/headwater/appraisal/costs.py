"""Whole-life costs of options, year by year.

Knows what an option costs and when; not what it is for, nor what money is worth over time.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from headwater.appraisal.cash_flow import Floats
from headwater.appraisal.timing import age_in_life, periodic_falls, renewal_falls, routine_falls
from headwater.errors import AssumptionError, Fault, TableError
from headwater.frames import with_columns
from headwater.schema import SHOWN_PER_RULE, faults
from headwater.words import _

COLUMNS = [
    "option_id", "initial_cost_usd", "periodic_cost_usd", "periodic_interval_yr", "routine_cost_usd",
    "routine_interval_yr", "lifetime_yr",
]  # fmt: skip


def cost_schedule(
    options: pd.DataFrame, *, base_year: int, horizon_year: int, start_year: int | pd.Series | None = None
) -> pd.DataFrame:
    """Cost of every option in every year, undiscounted.

    The investment is paid in the start year, and service runs from the year after it to the horizon. Within each life
    of `lifetime_yr` years, routine maintenance is paid every `routine_interval_yr` years, the last year included;
    periodic maintenance every `periodic_interval_yr` years but not in the last year of a life or of the horizon, and
    renewal (the investment again) at the end of each life but not in the last year of the horizon, because both would
    serve only the years after. Nothing is credited for what is left at the horizon.

    Parameters
    ----------
    options
        Table `options`; only its costs, intervals and lifetime are read. A blank maintenance cost is none, a blank
        lifetime lasts to the horizon, a blank investment is unknown and makes the whole row blank.
    base_year, horizon_year
        First and last year, both included.
    start_year
        Year of the investment: one for all, or a Series by option_id; the base year by default.

    Returns
    -------
    costs
        Frame [USD], one row per option_id in the order given, one column per year.

    Raises
    ------
    TableError
        If a cost is negative, an interval is missing for a cost that is not zero, or an option appears twice.
    AssumptionError
        If a start year is outside the horizon.

    Examples
    --------
    >>> bridge = pd.DataFrame(
    ...     {
    ...         "option_id": ["bridge"], "initial_cost_usd": [100.0],
    ...         "periodic_cost_usd": [10.0], "periodic_interval_yr": [2],
    ...         "routine_cost_usd": [1.0], "routine_interval_yr": [1],
    ...     }
    ... )
    >>> cost_schedule(bridge, base_year=2025, horizon_year=2029).loc["bridge"].tolist()
    [100.0, 1.0, 11.0, 1.0, 1.0]
    """
    lines = cost_lines(options, base_year=base_year, horizon_year=horizon_year, start_year=start_year)
    return lines["capital"] + lines["renewal"] + lines["maintenance"]


def cost_lines(
    options: pd.DataFrame, *, base_year: int, horizon_year: int, start_year: int | pd.Series | None = None
) -> dict[str, pd.DataFrame]:
    """Costs of every option by line of the business case: capital, renewal and maintenance.

    Parameters and errors are those of `cost_schedule`, which is the sum of the lines.

    Returns
    -------
    lines
        By line, a frame [USD] as that of `cost_schedule`.
    """
    check_costs(options)
    table = with_columns(options, COLUMNS).set_index("option_id").astype("float64")
    years = np.arange(base_year, horizon_year + 1)
    age = years[None, :] - start_years(table.index, start_year, base_year, horizon_year)[:, None]
    is_last = np.broadcast_to(years == horizon_year, age.shape)
    life, initial = _column(table, "lifetime_yr", np.inf), _column(table, "initial_cost_usd", np.nan)
    periodic = periodic_falls(age, _column(table, "periodic_interval_yr", np.inf), life, is_last)
    routine = routine_falls(age, _column(table, "routine_interval_yr", np.inf), life)
    lines = {
        "capital": (age == 0) * initial,
        "renewal": renewal_falls(age, life, is_last) * initial,
        "maintenance": periodic * _column(table, "periodic_cost_usd", 0.0)
        + routine * _column(table, "routine_cost_usd", 0.0),
    }
    columns = pd.Index(years, name="year")
    return {name: pd.DataFrame(money, index=table.index, columns=columns) for name, money in lines.items()}


def remaining_share(lifetime_yr: Floats, start: Floats, *, horizon_year: int) -> Floats:
    """Part of its last life that an option still has before it at the end of the horizon, on a straight line.

    Parameters
    ----------
    lifetime_yr
        Lifetime of each option [yr]; missing for one that lasts to the horizon, which has nothing left then.
    start
        Year of the investment, per option.
    horizon_year
        Last year counted.

    Returns
    -------
    share
        Array [1], from 0 (spent) to 1 (new).

    Examples
    --------
    >>> remaining_share(np.array([10.0, 10.0, np.nan]), np.array([2025, 2030, 2025.0]), horizon_year=2040).tolist()
    [0.5, 0.0, 0.0]
    """
    life = np.where(np.isnan(lifetime_yr), np.inf, lifetime_yr)
    age = horizon_year - np.asarray(start, dtype=np.float64)
    served = np.where(age > 0, age_in_life(age, life), 0.0)
    endless = np.isinf(life)
    return np.asarray(np.where(endless, 0.0, 1.0 - served / np.where(endless, 1.0, life)))


def start_years(option_ids: pd.Index, start_year: int | pd.Series | None, base_year: int, horizon_year: int) -> Floats:
    """Start year of each option, in order.

    Raises
    ------
    AssumptionError
        If one is missing, or is not between the base year and the horizon.
    """
    if isinstance(start_year, pd.Series):
        years = start_year.reindex(option_ids).to_numpy(dtype=np.float64)
    else:
        years = np.full(len(option_ids), base_year if start_year is None else start_year, dtype=np.float64)
    bad = ~((years >= base_year) & (years <= horizon_year))
    if bad.any():
        message = _("The start year of {options} is not between the base year {base} and the horizon {horizon}.")
        named = ", ".join(map(str, option_ids[bad][:SHOWN_PER_RULE]))
        raise AssumptionError(message.format(options=named, base=base_year, horizon=horizon_year))
    return years


def check_costs(options: pd.DataFrame) -> None:
    """Raise if the costs of options cannot be used.

    Raises
    ------
    TableError
        With every fault.
    """
    found = [f for f in faults(options, "options") if f.column in COLUMNS] + _interval_faults(options)
    if found:
        raise TableError(found)


def _interval_faults(options: pd.DataFrame) -> list[Fault]:
    found = []
    for kind in ("periodic", "routine"):
        cost, interval = f"{kind}_cost_usd", f"{kind}_interval_yr"
        table = with_columns(options, [cost, interval]).astype("float64").reset_index(drop=True)
        found += [
            Fault("options", int(i) + 2, interval, "", _("value is missing"), _("say every how many years it is paid"))
            for i in np.flatnonzero(table[cost].gt(0) & table[interval].isna())[:SHOWN_PER_RULE]
        ]
    return found


def _column(table: pd.DataFrame, name: str, blank: float) -> Floats:
    """A column as an array of shape (n, 1), with a value for blanks."""
    return np.asarray(table[name].fillna(blank).to_numpy(dtype=np.float64)[:, None])
