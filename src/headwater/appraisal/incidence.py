"""Who gains and who pays: a plan's money by party and by group of people.

Money that one party pays another is a cost to the one and a gain to the other, and nothing to both together. Equity
weights count a dollar more where it reaches the poor.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from headwater.appraisal.cash_flow import Floats, discount_factors
from headwater.appraisal.parties import COSTS, PEOPLE, check_parties
from headwater.errors import AssumptionError
from headwater.schema import SHOWN_PER_RULE, empty, load_schema
from headwater.words import _

SIDES = ("pays", "gains")


def incidence(
    cash_flows: pd.DataFrame,
    *,
    base_year: int,
    discount_rate: float,
    groups: pd.DataFrame | None = None,
    elasticity: float | None = None,
) -> pd.DataFrame:
    """What each party, and each group of people in it, gains and pays over the plan's life.

    Where a line names both sides, its money goes from `pays` to `gains`, and back where the sign is not the usual one
    of its item: a cost above zero is a saving that `pays` keeps and `gains` goes without. Both sides together have
    nothing of it. Where a line names one side only, that side has all of it: a gain above zero, a cost below. So the
    net values of all parties add up to the present value of the lines that name one side, and each is linear in the
    flows. A group is that of the people among the two sides (`parties.PEOPLE`), and of both where neither is.

    Parameters
    ----------
    cash_flows
        Table `cash_flows` of one plan or several; best from `flows.paid_lines`, where what is paid is at market prices.
        Lines that name nobody are in nobody's account.
    base_year
        Year 0.
    discount_rate
        Real discount rate [1/yr].
    groups
        Table `groups`: income of each group.
    elasticity
        Elasticity of the marginal utility of income; None for no weights. Where no group is named the weight is 1.

    Returns
    -------
    incidence
        Table `incidence`, sorted by plan, party and group.

    Raises
    ------
    TableError
        If a line names an unknown party.
    AssumptionError
        If weights are asked for and a group of the flows has no income, or a flow is before the base year.

    Examples
    --------
    >>> toll = pd.DataFrame(
    ...     {"plan_id": ["p"], "item": ["revenue"], "pays": ["users"], "gains": ["operator"], "group": [""],
    ...      "is_cash": [True], "year": [2025], "amount_usd": [10.0]}
    ... )
    >>> table = incidence(toll, base_year=2025, discount_rate=0.1)
    >>> dict(zip(table["party"], table["net_pv_usd"]))
    {'operator': 10.0, 'users': -10.0}
    """
    check_parties(cash_flows, "cash_flows", SIDES)
    if cash_flows.empty:
        return empty("incidence")
    lines = cash_flows.assign(
        **{c: cash_flows[c].astype("object").where(cash_flows[c].notna(), "") for c in (*SIDES, "group")},
        worth=_present(cash_flows, base_year, discount_rate),
    )
    sides = _accounts(lines)
    table = sides.groupby(["plan_id", "party", "group"], as_index=False)[["gain_pv_usd", "cost_pv_usd"]].sum()
    table["net_pv_usd"] = table["gain_pv_usd"] - table["cost_pv_usd"]
    weight = np.nan if elasticity is None else _weights(table["group"], groups, elasticity)
    table["weighted_net_pv_usd"] = table["net_pv_usd"] * weight
    return table[load_schema("incidence").index.tolist()]


def equity_weights(groups: pd.DataFrame, *, elasticity: float) -> pd.Series:
    """Weight of a dollar to each group: (mean income / income of the group) ^ elasticity, indexed by group.

    The mean is the simple mean over the groups of the table, which does not say how many people they are; groups of
    very different size need a table of groups alike. The source divides by the median income of all households instead.

    Parameters
    ----------
    groups
        Table `groups`.
    elasticity
        Elasticity of the marginal utility of income, 0 or more; 0 weighs all alike, 1.3 is the source's estimate.

    Raises
    ------
    AssumptionError
        If the elasticity is below 0 or not a number.

    Source
    ------
    HM Treasury, The Green Book, annex A3 (distributional analysis), paragraphs A3.13 to A3.20: income of the average
    taxpayer over that of the group, raised to the elasticity, 1.3 in Layard et al. (2008), Journal of Public Economics
    92, 1846-1857.

    Examples
    --------
    >>> table = pd.DataFrame({"group": ["poor", "rich"], "income_usd_per_yr": [500.0, 1500.0]})
    >>> equity_weights(table, elasticity=1.0).round(3).tolist()
    [2.0, 0.667]
    """
    if not elasticity >= 0:
        raise AssumptionError(_("equity_elasticity is {value}; it must be 0 or more.").format(value=elasticity))
    income = groups.set_index("group")["income_usd_per_yr"].astype("float64")
    return (income.mean() / income) ** elasticity


def _present(cash_flows: pd.DataFrame, base_year: int, discount_rate: float) -> Floats:
    years = cash_flows["year"].to_numpy(np.int64) - base_year
    if (years < 0).any():
        message = _("A flow falls in {year}, before the base year {base}.")
        raise AssumptionError(message.format(year=int(years.min()) + base_year, base=base_year))
    factors = discount_factors(int(years.max()) + 1, discount_rate=discount_rate)
    return np.asarray(cash_flows["amount_usd"].to_numpy(np.float64) * factors[years])


def _accounts(lines: pd.DataFrame) -> pd.DataFrame:
    """Gain and cost of each side of each line."""
    both = (lines["pays"] != "") & (lines["gains"] != "")
    handed = lines["worth"].where(~lines["item"].isin(COSTS), -lines["worth"])
    nobody_of_people = ~lines["pays"].isin(PEOPLE) & ~lines["gains"].isin(PEOPLE)
    parts = []
    for side, sign in zip(SIDES, (-1.0, 1.0), strict=True):
        net = lines["worth"].where(~both, sign * handed)
        group = lines["group"].where(lines[side].isin(PEOPLE) | nobody_of_people, "")
        part = pd.DataFrame({"plan_id": lines["plan_id"], "party": lines[side], "group": group})
        part = part.assign(gain_pv_usd=net.clip(lower=0.0), cost_pv_usd=(-net).clip(lower=0.0))
        parts.append(part[lines[side] != ""])
    return pd.concat(parts, ignore_index=True)


def _weights(group: pd.Series, groups: pd.DataFrame | None, elasticity: float) -> Floats:
    given = empty("groups") if groups is None else groups
    known = equity_weights(given, elasticity=elasticity)
    lacking = sorted(set(group[group != ""]) - set(known.index))
    if lacking:
        message = _("Equity weights need the income of {groups}: add it to the table groups.")
        raise AssumptionError(message.format(groups=", ".join(lacking[:SHOWN_PER_RULE])))
    return np.asarray(group.map(known.to_dict()).astype("float64").fillna(1.0).to_numpy(np.float64))
