"""In which years a line of the business case falls, and how it grows, counted from the year an option starts.

Arrays in, arrays out. Knows no amounts. Lines of one pattern share one profile, so ten thousand options whose costs
fall alike are laid out once.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from headwater.appraisal.cash_flow import Floats

Mask = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]

CAPITAL, RENEWAL, PERIODIC, ROUTINE, SERVICE, STATED, RESIDUAL = range(7)
"""Kinds of lines: costs of an option, what it brings in each year of service, flows of given ages, and what is left."""

PATTERN = ["kind", "every", "lifetime", "first", "last", "growth"]
"""What tells the years of one line from those of another; `growth` is a factor a year from the base year on."""


def age_in_life(age: Floats, lifetime: Floats) -> Floats:
    """Years since the last renewal: 1 in the first year of service, `lifetime` in the last; an age without a lifetime.

    Examples
    --------
    >>> age_in_life(np.array([[1.0, 5.0, 6.0]]), np.array([[5.0]])).tolist()
    [[1.0, 5.0, 1.0]]
    """
    endless = np.isinf(lifetime)
    return np.asarray(np.where(endless, age, (age - 1) % np.where(endless, 1.0, lifetime) + 1))


def renewal_falls(age: Floats, lifetime: Floats, is_last: Mask) -> Mask:
    """Whether an option is renewed: at the end of each life, but not in the last year of the horizon."""
    return np.asarray((age > 0) & (age_in_life(age, lifetime) == lifetime) & ~is_last)


def periodic_falls(age: Floats, every: Floats, lifetime: Floats, is_last: Mask) -> Mask:
    """Whether periodic maintenance is paid: at its interval, but not in the last year of a life or of the horizon."""
    in_life = age_in_life(age, lifetime)
    return np.asarray((age > 0) & (in_life % every == 0) & (in_life != lifetime) & ~is_last)


def routine_falls(age: Floats, every: Floats, lifetime: Floats) -> Mask:
    """Whether routine maintenance is paid: at its interval, in the last year too."""
    return np.asarray((age > 0) & (age_in_life(age, lifetime) % every == 0))


def stated_falls(age: Floats, first: Floats, last: Floats, every: Floats) -> Mask:
    """Whether a flow falls: from its first age to its last, at its interval.

    Examples
    --------
    >>> ages = np.arange(6.0)[None, :]
    >>> stated_falls(ages, np.array([[1.0]]), np.array([[4.0]]), np.array([[3.0]])).astype(int).tolist()
    [[0, 1, 0, 0, 1, 0]]
    """
    return np.asarray((age >= first) & (age <= last) & ((age - first) % every == 0))


def patterns(lines: int, kind: int, **columns: Floats | float) -> pd.DataFrame:
    """Table of patterns of one kind; what is not given does not limit.

    Examples
    --------
    >>> patterns(1, SERVICE, growth=1.02).iloc[0].tolist()
    [4.0, 1.0, inf, 0.0, inf, 1.02]
    """
    free = {"kind": float(kind), "every": 1.0, "lifetime": np.inf, "first": 0.0, "last": np.inf, "growth": 1.0}
    return pd.DataFrame(free | columns, index=range(lines), columns=PATTERN, dtype=np.float64)


def distinct(table: pd.DataFrame) -> tuple[pd.DataFrame, Integers]:
    """Distinct rows of a table, and which of them each row is."""
    number = table.groupby(list(table.columns), sort=False).ngroup()
    return table.loc[~table.duplicated()].reset_index(drop=True), np.asarray(number, dtype=np.int64)


def profiles(table: pd.DataFrame, start: Floats, *, base_year: int, horizon_year: int) -> Floats:
    """What one unit of each line amounts to in each year.

    Parameters
    ----------
    table
        Columns `PATTERN`, one row per line.
    start
        Start year, per line.
    base_year, horizon_year
        First and last year, both included.

    Returns
    -------
    profiles
        Array [lines, years]: 0 where the line does not fall, else its growth since the base year.

    Examples
    --------
    >>> profiles(patterns(1, SERVICE, growth=2.0), np.array([2026.0]), base_year=2025, horizon_year=2028).tolist()
    [[0.0, 0.0, 4.0, 8.0]]
    """
    years = np.arange(base_year, horizon_year + 1)
    kind, every, lifetime, first, last, growth = table[PATTERN].to_numpy(np.float64).T[:, :, None]
    age = years[None, :] - np.asarray(start, dtype=np.float64)[:, None]
    is_last = np.broadcast_to(years == horizon_year, age.shape)
    falls = np.zeros(age.shape, dtype=bool)
    for each in np.unique(kind).astype(int):
        mine = kind[:, 0] == each
        falls[mine] = _falls(each, age[mine], every[mine], lifetime[mine], first[mine], last[mine], is_last[mine])
    return np.asarray(falls * growth ** (years - base_year))


def _falls(kind: int, age: Floats, every: Floats, lifetime: Floats, first: Floats, last: Floats, is_last: Mask) -> Mask:
    if kind == CAPITAL:
        return np.asarray(age == 0)
    if kind == RENEWAL:
        return renewal_falls(age, lifetime, is_last)
    if kind == PERIODIC:
        return periodic_falls(age, every, lifetime, is_last)
    if kind == ROUTINE:
        return routine_falls(age, every, lifetime)
    if kind == SERVICE:
        return np.asarray(age > 0)
    if kind == STATED:
        return stated_falls(age, first, last, every)
    return np.asarray((age >= first) & (age <= last) & is_last)
