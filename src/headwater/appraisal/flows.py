"""Whole-life money of options, line by line: who pays what to whom, in which year.

A line is a cost of an option, a flow that the study states, or an effect of an option that has a value in money. What
has no value stays out and is listed, not counted as nothing. Economic and financial money stand side by side: shadow
prices and what is no cash make the difference. Knows neither how effects were found nor how money is discounted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from headwater.appraisal.benefits import unvalued, yearly_worth
from headwater.appraisal.cash_flow import Floats, discount_factors
from headwater.appraisal.costs import remaining_share, start_years
from headwater.appraisal.lines import LINE, benefits_by_option, case_lines, check_flows
from headwater.appraisal.timing import CAPITAL, SERVICE, distinct, profiles
from headwater.errors import AssumptionError
from headwater.schema import SHOWN_PER_RULE, empty, load_schema
from headwater.words import _

__all__ = [
    "Flows",
    "by_option",
    "check_flows",
    "has_benefit",
    "paid_lines",
    "plan_lines",
    "present_values",
    "unvalued",
    "whole_life",
    "with_residual",
    "yearly_worth",
]


@dataclass(frozen=True, eq=False)
class Flows:
    """Whole-life money of options.

    Attributes
    ----------
    rows
        One per line: option_id, item, pays, gains, group ("" where nobody or none), is_cash, is_effect (whether a model
        gave it), origin (the cost of the option, the effect or the flow it came from) and start_year of the option.
    money, low, high
        [lines, years]; economic money [USD], undiscounted, a gain above zero and a cost below. Low and high are the
        worse and the better bound, equal to the money where there are none.
    cash
        [lines, years]; what changes hands [USD], at market prices; zero where nothing does.
    base_year
        Year of the first column.
    """

    rows: pd.DataFrame
    money: Floats
    low: Floats
    high: Floats
    cash: Floats
    base_year: int

    @property
    def years(self) -> range:
        """Years of the columns."""
        return range(self.base_year, self.base_year + self.money.shape[1])


def whole_life(
    options: pd.DataFrame,
    effects: pd.DataFrame,
    flows: pd.DataFrame,
    unit_values: pd.DataFrame,
    *,
    base_year: int,
    horizon_year: int,
    start_year: int | pd.Series | None = None,
    benefit_growth: float = 0.0,
) -> Flows:
    """Whole-life money of every option with a known investment.

    Costs follow `costs.cost_lines`. An effect that has a value counts each year from the year after the start to the
    horizon, at its amount times the value, growing from the base year on by the growth of the value and the study's
    `benefit_growth` together. A stated flow falls in the years its ages say, age 0 being the start year, and grows from
    the base year on by its own rate (and by the growth of the value, where it is in units). One of the item residual
    falls once, in the last year of the horizon, if the option is then as old as its ages say. The shadow factor
    multiplies the economic amount only. Bounds of a product are the least and the greatest of the products of bounds.

    Parameters
    ----------
    options
        Table `options`; those with a blank investment are left out.
    effects
        Table `effects`.
    flows
        Table `flows`.
    unit_values
        Table `unit_values`. Avoided damage needs no row.
    base_year, horizon_year
        First and last year, both included.
    start_year
        Year of the investment: one for all, or a Series by option_id; the base year by default.
    benefit_growth
        Real growth of the effects [1/yr], above -1.

    Returns
    -------
    flows
        Lines sorted by option_id, costs first.

    Raises
    ------
    TableError
        If a table breaks its schema, or a flow belongs to no option, to two things or has no value; names every fault.
    UnitError
        If an effect and its value are in different units.
    AssumptionError
        If a growth is -100 % or below, or a start year outside the horizon.

    Examples
    --------
    >>> wall = pd.DataFrame({"option_id": ["wall"], "initial_cost_usd": [100.0]})
    >>> saved = pd.DataFrame(
    ...     {"option_id": ["wall"], "item": ["ead_usd_per_yr"], "unit": ["USD/yr"], "amount": [60.0]}
    ... )
    >>> toll = pd.DataFrame(
    ...     {"flow_id": ["toll"], "option_id": ["wall"], "item": ["revenue"], "amount": [5.0], "unit": ["USD"],
    ...      "from_age_yr": [2], "pays": ["users"], "gains": ["operator"], "source_id": ["s"]}
    ... )
    >>> case = whole_life(wall, saved, toll, empty("unit_values"), base_year=2025, horizon_year=2027)
    >>> dict(zip(case.rows["item"], case.money.tolist()))
    {'capital': [-100.0, 0.0, 0.0], 'avoided_damage': [0.0, 60.0, 60.0], 'revenue': [0.0, 0.0, 5.0]}
    """
    lines = case_lines(options, effects, flows, unit_values, benefit_growth=benefit_growth)
    ids = pd.Index(lines.rows["option_id"].unique())
    starts = start_years(ids, start_year, base_year, horizon_year)
    start = starts[ids.get_indexer(pd.Index(lines.rows["option_id"]))]
    rows, number = distinct(lines.timing.assign(start=start))
    profile = profiles(rows, rows["start"].to_numpy(np.float64), base_year=base_year, horizon_year=horizon_year)
    kind = lines.timing["kind"].to_numpy()
    falls = np.asarray(profile.any(axis=1))
    kept = falls[number] | (kind == CAPITAL) | (kind >= SERVICE)
    each = profile[number[kept]]
    money, low, high = (_spread(amount[kept], each) for amount in lines.amounts)
    table = lines.rows[kept].assign(start_year=start[kept].astype(np.int64)).reset_index(drop=True)
    return Flows(table, money, low, high, _spread(lines.cash[kept], each), base_year=base_year)


def has_benefit(flows: Flows) -> pd.Series:
    """Whether each option has a benefit in money, indexed by option_id: a gain, or an effect that a model valued.

    A harm that the study states, such as emissions of building, does not make a case: without a benefit beside it the
    net present value would only repeat the costs.
    """
    gains = np.asarray((flows.money > 0).any(axis=1), dtype=bool)
    return benefits_by_option(flows.rows, gains)


def with_residual(flows: Flows, options: pd.DataFrame) -> Flows:
    """The flows with what is left of each option in the last year, on a straight line over its last life.

    Only where it is asked for: straight-line value is a convention, not what anybody would pay. Nobody pays it, so it
    is no cash, and it is a gain of whoever paid the investment. Options without a lifetime have nothing left.

    Parameters
    ----------
    flows
        From `whole_life`.
    options
        Table `options`: the lifetime of each.

    Raises
    ------
    AssumptionError
        If a flow of the study already gives a residual value to one of the options.

    Examples
    --------
    >>> wall = pd.DataFrame({"option_id": ["wall"], "initial_cost_usd": [100.0], "lifetime_yr": [4]})
    >>> none = [empty(name) for name in ("effects", "flows", "unit_values")]
    >>> case = whole_life(wall, *none, base_year=2025, horizon_year=2028)
    >>> with_residual(case, wall).money.tolist()
    [[-100.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 25.0]]
    """
    paid = flows.rows["origin"].eq("initial_cost_usd") & flows.rows["item"].eq("capital")
    rows = flows.rows[paid].reset_index(drop=True)
    lifetime = options.set_index("option_id").reindex(columns=["lifetime_yr"])["lifetime_yr"].astype("float64")
    share = remaining_share(
        np.asarray(lifetime.reindex(rows["option_id"]), np.float64), np.asarray(rows["start_year"], np.float64),
        horizon_year=flows.years[-1],
    )  # fmt: skip
    left = share > 0
    twice = sorted(set(flows.rows.loc[flows.rows["item"].eq("residual"), "option_id"]) & set(rows["option_id"][left]))
    if twice:
        message = _("A flow already says what is left of {options}: take it out, or do without the straight line.")
        raise AssumptionError(message.format(options=", ".join(twice[:SHOWN_PER_RULE])))
    money = np.zeros((int(left.sum()), flows.money.shape[1]))
    money[:, -1] = (-flows.money[paid.to_numpy(bool)].sum(axis=1) * share)[left]
    more = rows[left].assign(
        item="residual", gains=rows["pays"][left], pays="", is_cash=False, origin="lifetime_yr"
    )  # fmt: skip
    table = pd.concat([flows.rows, more], ignore_index=True)
    order = table["option_id"].argsort(kind="stable").to_numpy()
    arrays = {name: np.concatenate([getattr(flows, name), money])[order] for name in ("money", "low", "high")}
    cash = np.concatenate([flows.cash, np.zeros_like(money)])[order]
    return Flows(table.iloc[order].reset_index(drop=True), **arrays, cash=cash, base_year=flows.base_year)


# --- sums -------------------------------------------------------------------------------------------------------


def present_values(flows: Flows, *, discount_rate: float) -> pd.DataFrame:
    """Table `case_items`: present value of every line of every option, lines of one kind in one.

    Raises
    ------
    AssumptionError
        If the rate is -100 % or below.
    """
    factors = discount_factors(flows.money.shape[1], discount_rate=discount_rate)
    amounts = {
        "pv_usd": flows.money @ factors, "pv_usd_low": flows.low @ factors, "pv_usd_high": flows.high @ factors
    }  # fmt: skip
    table = flows.rows[["option_id", *LINE]].assign(**amounts)
    grouped = table.groupby(["option_id", *LINE], sort=False, as_index=False)[list(amounts)].sum()
    return grouped[load_schema("case_items").index.tolist()]


def plan_lines(flows: Flows, plan_id: str, *, cash: bool = False) -> pd.DataFrame:
    """Table `cash_flows` of one plan: the money of its options added up, by line and year, without empty years.

    Parameters
    ----------
    flows
        Lines of the options, each from its own start year.
    plan_id
        The plan.
    cash
        Only what changes hands, at market prices, as finance needs it; economic money by default.
    """
    arrays = [flows.cash] * 3 if cash else [flows.money, flows.low, flows.high]
    return _summed(flows, plan_id, arrays)


def paid_lines(flows: Flows, plan_id: str) -> pd.DataFrame:
    """Table `cash_flows` of what parties really give and receive, for who gains and who pays.

    Cash is at market prices, as it is paid: a tax or a toll that is no cost to the country (shadow factor 0) still
    leaves one pocket for another. What is no cash is at its economic value. Bounds are those of the amounts.
    """
    is_cash = flows.rows["is_cash"].to_numpy(bool)[:, None]
    return _summed(flows, plan_id, [np.where(is_cash, flows.cash, flows.money)] * 3)


def by_option(flows: Flows, amounts: Floats) -> pd.DataFrame:
    """Sums of an array of lines [lines, years] by option: a frame indexed by sorted option_id.

    Examples
    --------
    >>> wall = pd.DataFrame({"option_id": ["wall"], "initial_cost_usd": [100.0]})
    >>> none = [empty(name) for name in ("effects", "flows", "unit_values")]
    >>> case = whole_life(wall, *none, base_year=2025, horizon_year=2026)
    >>> by_option(case, case.money).loc["wall"].tolist()
    [-100.0, 0.0]
    """
    number, ids = pd.factorize(flows.rows["option_id"], sort=True)
    order = np.argsort(number, kind="stable")
    first = np.searchsorted(number[order], np.arange(len(ids)))
    ordered = amounts if (np.diff(number) >= 0).all() else amounts[order]
    sums = np.add.reduceat(ordered, first, axis=0) if len(ids) else np.zeros((0, amounts.shape[1]))
    return pd.DataFrame(sums, index=pd.Index(ids, name="option_id"), columns=pd.Index(flows.years, name="year"))


def _summed(flows: Flows, plan_id: str, arrays: list[Floats]) -> pd.DataFrame:
    if not len(flows.rows):
        return empty("cash_flows")
    keys = flows.rows[LINE]
    number = keys.groupby(LINE, sort=True).ngroup().to_numpy()
    lines = keys.assign(number=number).drop_duplicates("number").sort_values("number")
    sums = np.zeros((3, len(lines), flows.money.shape[1]))
    for total, array in zip(sums, arrays, strict=True):
        np.add.at(total, number, array)
    line, year = np.nonzero((sums != 0).any(axis=0))
    table = lines[LINE].iloc[line].reset_index(drop=True).assign(
        plan_id=plan_id, year=np.asarray(flows.years)[year], amount_usd=sums[0][line, year],
        amount_usd_low=sums[1][line, year], amount_usd_high=sums[2][line, year],
    )  # fmt: skip
    return table.astype({"year": "Int64"})[load_schema("cash_flows").index.tolist()]


def _spread(amounts: Floats, profile: Floats) -> Floats:
    money = amounts[:, None] * profile
    money += 0.0  # a cost in a year without it is 0, not -0
    return np.asarray(money)
