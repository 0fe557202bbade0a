"""Published figures, checked: whether items add up to the total they are printed with, and what a cut leaves.

Cases are packaged with their sources, and with a flag where a publication does not agree with itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from headwater.appraisal.coefficients import load_coefficients
from headwater.errors import AssumptionError, InputError, NotFound
from headwater.words import _, language


@dataclass(frozen=True)
class SumCheck:
    """Whether printed items add up to a printed total.

    Attributes
    ----------
    total, items_total
        The total as printed, and the sum of the items.
    difference
        items_total less total.
    allowed
        What rounding can explain: half a step of every item, and of the total.
    """

    total: float
    items_total: float
    difference: float
    allowed: float

    @property
    def adds_up(self) -> bool:
        """Whether rounding explains the difference."""
        return abs(self.difference) <= self.allowed * (1 + 1e-9)

    @property
    def flag(self) -> str:
        """What is to be said beside the total; nothing where it adds up exactly."""
        if abs(self.difference) <= 1e-9 * abs(self.total):
            return ""
        text = (
            _("The items add up to {items}, not {total}: a difference that rounding explains.")
            if self.adds_up
            else _("The items add up to {items}, not {total}: rounding does not explain it. Do not use both.")
        )
        return text.format(items=f"{self.items_total:,.6g}", total=f"{self.total:,.6g}")


def check_sum(items: Sequence[float], total: float, *, rounded_to: float | Sequence[float] = 0.0) -> SumCheck:
    """Compare a printed total with the sum of its items.

    Parameters
    ----------
    items
        Amounts as printed.
    total
        Total as printed, in the same unit.
    rounded_to
        Step that amounts are rounded to: one for all, or one for each item and then the total; 0 where they are exact.

    Returns
    -------
    check
        Sum, difference, and whether rounding explains it.

    Raises
    ------
    InputError
        If an amount is not finite, or the steps do not match the amounts.

    Examples
    --------
    >>> check_sum([0.3, 0.3, 0.3], 1.0, rounded_to=0.1).adds_up, check_sum([1.0, 2.0], 4.0, rounded_to=0.1).adds_up
    (True, False)
    """
    amounts = np.array([*items, total], dtype=np.float64)
    steps = np.atleast_1d(np.asarray(rounded_to, dtype=np.float64))
    if len(steps) not in (1, len(amounts)):
        raise InputError(
            _("There are {steps} steps of rounding for {count} items and their total.").format(
                steps=len(steps), count=len(items)
            )
        )
    if not (np.isfinite(amounts).all() and np.isfinite(steps).all() and (steps >= 0).all()):
        raise InputError(_("An amount to add up is missing or not finite."))
    added = float(amounts[:-1].sum())
    allowed = float(np.broadcast_to(steps, amounts.shape).sum() / 2)
    return SumCheck(float(total), added, added - float(total), allowed)


def published_case(case_id: str) -> pd.DataFrame:
    """Lines of a packaged case: cost, total, items, each with amount, unit, flag and source.

    Raises
    ------
    NotFound
        If there is none of that name.

    Examples
    --------
    >>> published_case("bermuda_reefs")["line"].value_counts().to_dict()
    {'item': 6, 'total': 1}
    """
    table = load_coefficients("published_cases")
    rows = table[table["case_id"] == case_id].reset_index(drop=True)
    if rows.empty:
        known = ", ".join(table["case_id"].unique())
        raise NotFound(_("There is no packaged case called {name}: {known}").format(name=case_id, known=known))
    if language() == "zh":
        rows = rows.assign(name=rows["name_zh"], flag=rows["flag_zh"])
    return rows.assign(flag=rows["flag"].fillna("")).drop(columns=["name_zh", "flag_zh"])


def check_case(case_id: str) -> SumCheck:
    """Whether the items of a packaged case add up to its total.

    Raises
    ------
    NotFound
        If there is none of that name.

    Examples
    --------
    >>> check_case("viet_nam_mangroves").adds_up, check_case("bermuda_reefs").adds_up
    (False, True)
    """
    rows = published_case(case_id)
    items, total = rows[rows["line"] == "item"], rows[rows["line"] == "total"].iloc[0]
    steps = [*items["rounded_to"].astype("float64"), float(total["rounded_to"])]
    return check_sum(items["amount"].astype("float64").tolist(), float(total["amount"]), rounded_to=steps)


def reduced(baseline: float, cut: float) -> float:
    """What a cut by a share leaves of a baseline: the target that a pledge amounts to.

    Parameters
    ----------
    baseline
        Amount without the cut, 0 or more.
    cut
        Share that is cut [1], from 0 to 1.

    Returns
    -------
    target
        In the unit of the baseline.

    Raises
    ------
    AssumptionError
        If the cut is not a share, or the baseline is negative or not finite.

    Examples
    --------
    >>> reduced(200.0, 0.25)
    150.0
    """
    if not 0.0 <= cut <= 1.0:
        raise AssumptionError(_("A cut of {cut} is not a share from 0 to 1: write 0.16 for 16 %.").format(cut=cut))
    if not (np.isfinite(baseline) and baseline >= 0):
        raise AssumptionError(
            _("A baseline of {baseline} cannot be cut: it must be finite and 0 or more.").format(baseline=baseline)
        )
    return baseline * (1.0 - cut)
