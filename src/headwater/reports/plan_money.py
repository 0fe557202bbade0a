"""The money of a plan by line and year, and what it comes to.

What the formulas of a workbook say, as arithmetic: a workbook shows these figures until it calculates itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import brentq

from headwater.frames import with_columns
from headwater.reports.content import ReportContent

Floats = npt.NDArray[np.float64]

COSTS = ("capital", "renewal", "maintenance", "operation", "land", "tax")
"""Lines that are costs, whatever their sign; the others are benefits."""

LINE = ["item", "pays", "gains", "group", "is_cash"]
"""What tells one line of a case from another."""

HALF_A_CENT = 0.005
"""Sums nearer to zero than this are zero: what floating point leaves of one."""


@dataclass(frozen=True, eq=False)
class PlanMoney:
    """The money of a plan.

    Attributes
    ----------
    lines
        A row per line: `LINE`, and is_cost; costs first.
    amounts
        [lines, years]; undiscounted, a gain above zero [money of the study].
    years
        Years of the columns.
    base_year
        Year that is not discounted.
    rate
        Real discount rate [1/yr].
    has_benefits
        Whether a benefit is in money: a line that is no cost has a gain, or the run gives the plan a net present value.
        Harms beside the costs, such as emissions of building, do not make a case.
    """

    lines: pd.DataFrame
    amounts: Floats
    years: tuple[int, ...]
    base_year: int
    rate: float
    has_benefits: bool

    @property
    def costs(self) -> int:
        """How many lines are costs."""
        return int(self.lines["is_cost"].sum())

    @property
    def factors(self) -> Floats:
        """Worth in the base year of one unit of money in each year."""
        return np.asarray((1.0 + self.rate) ** -(np.asarray(self.years, dtype=np.float64) - self.base_year))

    @property
    def net(self) -> Floats:
        """All lines together, by year."""
        return np.asarray(self.amounts.sum(axis=0))


def plan_money(content: ReportContent, plan_id: str) -> PlanMoney:
    """The money of a plan, from the table `cash_flows`: a line without an amount in a year has none there.

    Raises
    ------
    AssumptionError
        If the study gives no discount rate.
    """
    header = content.header
    flows = with_columns(content.table("cash_flows"), ["plan_id", *LINE, "year", "amount_usd"])
    mine = flows[flows["plan_id"] == plan_id].reset_index(drop=True)
    keys = mine[LINE].astype(object)
    keys = keys.where(keys.notna(), "").astype({"is_cash": bool})
    given = mine["year"].to_numpy(np.int64)
    first, last = min([header.base_year, *given]), max([header.horizon_year, *given])

    lines = keys.drop_duplicates()
    is_cost = lines["item"].isin(COSTS)
    rank = lines["item"].map({item: place for place, item in enumerate(COSTS)}).fillna(len(COSTS))
    lines = lines.assign(is_cost=is_cost, rank=rank).sort_values(["rank", "item"], kind="stable", ignore_index=True)
    place = pd.MultiIndex.from_frame(lines[LINE]).get_indexer(pd.MultiIndex.from_frame(keys))
    amounts = np.zeros((len(lines), last - first + 1))
    np.add.at(amounts, (place, given - first), mine["amount_usd"].to_numpy(np.float64))
    summaries = with_columns(content.table("plan_summaries"), ["plan_id", "npv_usd"])
    is_valued = bool(summaries.loc[summaries["plan_id"] == plan_id, "npv_usd"].notna().any())
    has_gain = bool((amounts[~lines["is_cost"].to_numpy(bool)] > 0).any())
    return PlanMoney(
        lines.drop(columns="rank"), amounts, tuple(range(int(first), int(last) + 1)), header.base_year,
        float(header.value("discount_rate")), has_benefits=len(lines) > 0 and (has_gain or is_valued),
    )  # fmt: skip


def running_signs(net: Floats) -> Floats:
    """Sign of the running sum of money by year; zero only before it first leaves zero.

    Examples
    --------
    >>> running_signs(np.array([0.0, -5.0, 5.0, 7.0])).tolist()
    [0.0, -1.0, -1.0, 1.0]
    """
    sums = np.cumsum(net)
    sign = np.where(np.abs(sums) < HALF_A_CENT, 0.0, np.sign(sums))
    last = np.maximum.accumulate(np.where(sign != 0, np.arange(len(sign)), 0))
    return np.asarray(sign[last])


def rates_possible(net: Floats) -> int:
    """How many rates of return there can be at most.

    Rates above zero: the changes of sign of the running sums. Rates below zero: those of the running sums from the last
    year back. Zero itself where the money sums to nothing.

    Source
    ------
    Norstrøm (1972), A sufficient condition for a unique nonnegative internal rate of return, Journal of Financial and
    Quantitative Analysis 7(3), 1835-1839. doi:10.2307/2329806

    Examples
    --------
    >>> rates_possible(np.array([-100.0, 110.0])), rates_possible(np.array([-100.0, 230.0, -132.0]))
    (1, 4)
    """
    changes = [int((signs[1:] * signs[:-1] < 0).sum()) for signs in (running_signs(net), running_signs(net[::-1]))]
    is_level = abs(net.sum()) < HALF_A_CENT and (net != 0).any()
    return sum(changes) + int(is_level)


def only_rate(net: Floats) -> float:
    """The rate of return [1/yr], or NaN unless the running sums prove that there is exactly one.

    Examples
    --------
    >>> round(only_rate(np.array([-100.0, 110.0])), 9), round(only_rate(np.array([-100.0, 90.0])), 9)
    (0.1, -0.1)
    """
    if rates_possible(net) != 1:
        return float("nan")
    if abs(net.sum()) < HALF_A_CENT:
        return 0.0
    money = np.trim_zeros(net)
    forward = (np.diff(running_signs(net)[np.flatnonzero(running_signs(net))]) != 0).any()
    series = money if forward else money[::-1]
    root = float(brentq(lambda x: np.polynomial.polynomial.polyval(x, series), 0.0, 1.0, xtol=1e-15))
    return 1.0 / root - 1.0 if forward else root - 1.0


def paid_back(net: Floats) -> npt.NDArray[np.bool_]:
    """By year, whether money has flowed and has not summed to a loss so far.

    Examples
    --------
    >>> paid_back(np.array([0.0, -100.0, 60.0, 60.0])).tolist()
    [False, False, False, True]
    """
    return np.asarray((np.cumsum(np.abs(net)) > 0) & (np.cumsum(net) > -HALF_A_CENT))
