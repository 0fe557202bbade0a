"""What the effects of options are worth in money, by the values that a study gives to units of them.

Effects come in from the models; nothing here knows how they were found, when they begin or what money is worth over
time. An effect without a value stays out and can be listed; it is not worth nothing.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from headwater.appraisal.cash_flow import Floats
from headwater.errors import TableError, UnitError
from headwater.frames import with_columns
from headwater.schema import SHOWN_PER_RULE, check, faults
from headwater.words import _

EAD = "ead_usd_per_yr"
EFFECT = ["option_id", "item", "unit", "amount", "amount_low", "amount_high"]
AMOUNTS = ("amount", "amount_low", "amount_high")
WORTHS = ("usd_per_unit", "usd_per_unit_low", "usd_per_unit_high")

OWN_VALUE = pd.DataFrame(
    {
        "item": [EAD], "unit": ["USD/yr"], "usd_per_unit": [1.0], "usd_per_unit_low": [1.0], "usd_per_unit_high": [1.0],
        "annual_growth": [0.0], "benefit": ["avoided_damage"], "gains": ["operator"], "group": [""], "is_cash": [False],
    }
)  # fmt: skip
"""Avoided damage is money as it is: whoever owns the asset is spared its repair. `unit_values` may say otherwise."""


def values(unit_values: pd.DataFrame) -> pd.DataFrame:
    """Every value of a unit, that of avoided damage included, without blanks: a bound that is not given is the value.

    Raises
    ------
    TableError
        If `unit_values` breaks its schema.

    Examples
    --------
    >>> values(pd.DataFrame())["item"].tolist()
    ['ead_usd_per_yr']
    """
    found = faults(unit_values, "unit_values") if len(unit_values) else []
    if found:
        raise TableError(found)
    columns = list(OWN_VALUE.columns)
    given = with_columns(unit_values, columns)
    table = pd.concat([OWN_VALUE[~OWN_VALUE["item"].isin(given["item"])], given.astype(object)], ignore_index=True)
    middle = table["usd_per_unit"].astype("float64")
    return table.assign(
        usd_per_unit=middle,
        annual_growth=table["annual_growth"].astype("float64").fillna(0.0),
        usd_per_unit_low=table["usd_per_unit_low"].astype("float64").fillna(middle),
        usd_per_unit_high=table["usd_per_unit_high"].astype("float64").fillna(middle),
        is_cash=table["is_cash"].astype("object").map(lambda cash: bool(cash) if pd.notna(cash) else False),
    )


def valued_effects(effects: pd.DataFrame, unit_values: pd.DataFrame) -> pd.DataFrame:
    """Effects that have a value in money, each with it.

    Parameters
    ----------
    effects
        Table `effects`.
    unit_values
        Table `unit_values`. Avoided damage needs no row.

    Returns
    -------
    valued
        Rows of `effects` with the columns of `unit_values`.

    Raises
    ------
    TableError
        If a table breaks its schema.
    UnitError
        If an effect and its value are in different units; names them all.

    Examples
    --------
    >>> gains = pd.DataFrame({"option_id": ["a", "a"], "item": ["ead_usd_per_yr", "people"],
    ...                       "unit": ["USD/yr", "people"], "amount": [5.0, 900.0]})
    >>> valued_effects(gains, pd.DataFrame())[["item", "benefit", "amount"]].to_numpy().tolist()
    [['ead_usd_per_yr', 'avoided_damage', 5.0]]
    """
    check(effects, "effects")
    table = with_columns(effects, EFFECT).merge(values(unit_values), on="item", suffixes=("", "_of_value"))
    wrong = table[table["unit"] != table["unit_of_value"]].drop_duplicates("item").head(SHOWN_PER_RULE)
    if len(wrong):
        message = _("Effect {item} of {option} is in {unit}; its value is per {expected}.")
        raise UnitError(
            " ".join(
                message.format(item=row.item, option=row.option_id, unit=row.unit, expected=row.unit_of_value)
                for row in wrong.itertuples()
            )
        )
    return table


def unvalued(effects: pd.DataFrame, unit_values: pd.DataFrame) -> list[str]:
    """Effects that have no value in money, sorted: they are in no line of any case.

    Examples
    --------
    >>> gains = pd.DataFrame({"item": ["ead_usd_per_yr", "people"]})
    >>> unvalued(gains, pd.DataFrame({"item": ["tco2e"]}))
    ['people']
    """
    given = unit_values["item"] if len(unit_values) else ()
    return sorted(set(effects["item"]) - {EAD} - set(given))


def yearly_worth(unit_values: pd.DataFrame, *, years: int, benefit_growth: float) -> dict[str, Floats]:
    """Worth of one unit a year of each effect that has a value, by year from the base year on [USD].

    Grows by the growth of the value and the study's growth of benefits together.

    Examples
    --------
    >>> yearly_worth(pd.DataFrame(), years=3, benefit_growth=1.0)["ead_usd_per_yr"].tolist()
    [1.0, 2.0, 4.0]
    """
    table = values(unit_values)
    growth = ((1 + benefit_growth) * (1 + table["annual_growth"].to_numpy(np.float64)))[:, None] ** np.arange(years)
    worth = table["usd_per_unit"].to_numpy(np.float64)[:, None] * growth
    return dict(zip(table["item"], worth, strict=True))


def products(table: pd.DataFrame) -> Floats:
    """Product of amount and value per row, and the least and greatest of the products of their bounds.

    A bound that is not given is the amount or the value itself, so the bounds always enclose the product.

    Parameters
    ----------
    table
        Columns amount, amount_low, amount_high, and usd_per_unit, usd_per_unit_low, usd_per_unit_high.

    Returns
    -------
    products
        Array [3, rows]: product, low, high.

    Examples
    --------
    >>> one = pd.DataFrame({"amount": [-2.0], "amount_low": [-3.0], "amount_high": [1.0],
    ...                     "usd_per_unit": [10.0], "usd_per_unit_low": [5.0], "usd_per_unit_high": [20.0]})
    >>> products(one)[:, 0].tolist()
    [-20.0, -60.0, 20.0]
    """
    amounts, worths = (_filled(table, names) for names in (AMOUNTS, WORTHS))
    corners = np.stack([amount * worth for amount in amounts for worth in worths])
    return np.stack([corners[0], corners.min(axis=0), corners.max(axis=0)])


def _filled(table: pd.DataFrame, names: tuple[str, str, str]) -> list[Floats]:
    """Three columns as arrays, the first in place of what is blank in the others."""
    middle, low, high = (np.asarray(pd.to_numeric(table[name].astype("object")), dtype=np.float64) for name in names)
    return [middle, np.where(np.isnan(low), middle, low), np.where(np.isnan(high), middle, high)]
