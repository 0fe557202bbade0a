"""Yearly benefits of options in money, from the effects that have a value.

Effects come in from the models; nothing here knows how they were found, nor discounts them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from headwater.appraisal.cash_flow import Floats, check_rate
from headwater.errors import UnitError
from headwater.schema import check
from headwater.words import _

AMOUNTS = ["amount", "amount_low", "amount_high"]
MONEY_PER_YEAR = "USD/yr"


def annual_benefits(effects: pd.DataFrame, *, items: Sequence[str] = ("ead_usd_per_yr",)) -> pd.DataFrame:
    """Benefit of each option in a year, at the level of the base year: the sum of its effects in money.

    Low and high are the lowest and highest of the sums of the amounts, low amounts and high amounts, so that they
    always enclose the amount; they are blank unless every effect has both.

    Parameters
    ----------
    effects
        Table `effects`: gain from each option.
    items
        Items that count, all in USD/yr.

    Returns
    -------
    benefits
        Frame [USD/yr] with amount, amount_low, amount_high, indexed by sorted option_id. Options without any of the
        items are absent.

    Raises
    ------
    TableError
        If `effects` breaks its schema.
    UnitError
        If an item that counts is not in USD/yr.

    Examples
    --------
    >>> saved = pd.DataFrame(
    ...     {"option_id": ["a"], "item": ["ead_usd_per_yr"], "unit": ["USD/yr"], "amount": [5.0],
    ...      "amount_low": [4.0], "amount_high": [7.0]}
    ... )
    >>> annual_benefits(saved).loc["a"].tolist()
    [5.0, 4.0, 7.0]
    """
    check(effects, "effects")
    money = effects[effects["item"].isin(list(items))]
    _check_unit(money)
    sums = money.reindex(columns=AMOUNTS).astype("float64").groupby(money["option_id"]).sum(skipna=False)
    bounded = sums.notna().all(axis=1)
    return sums.assign(
        amount_low=sums.min(axis=1).where(bounded), amount_high=sums.max(axis=1).where(bounded)
    ).rename_axis("option_id")


def benefit_profile(start_years: Floats, *, base_year: int, horizon_year: int, annual_growth: float = 0.0) -> Floats:
    """Benefit in each year per unit of benefit at the base year's level.

    Nothing up to and including the start year; from the year after it to the horizon, `(1 + growth)^(year - base)`.

    Parameters
    ----------
    start_years
        Year of the investment, per option.
    base_year, horizon_year
        First and last year, both included.
    annual_growth
        Growth of the benefit in real terms [1/yr], above -1.

    Returns
    -------
    profile
        Array, shape (options, years).

    Raises
    ------
    AssumptionError
        If the growth is -100 % or below.

    Examples
    --------
    >>> benefit_profile(np.array([2026.0]), base_year=2025, horizon_year=2028, annual_growth=1.0).tolist()
    [[0.0, 0.0, 4.0, 8.0]]
    """
    check_rate(annual_growth, "annual_growth")
    years = np.arange(base_year, horizon_year + 1)
    growth = (1.0 + annual_growth) ** (years - base_year).astype(np.float64)
    return np.where(years[None, :] > start_years[:, None], growth[None, :], 0.0)


def _check_unit(money: pd.DataFrame) -> None:
    wrong = money[money["unit"] != MONEY_PER_YEAR]
    if len(wrong):
        first = wrong.iloc[0]
        message = _("Effect {item} of {option} is in {unit}; benefits in money must be in {expected}.")
        raise UnitError(
            message.format(item=first["item"], option=first["option_id"], unit=first["unit"], expected=MONEY_PER_YEAR)
        )
