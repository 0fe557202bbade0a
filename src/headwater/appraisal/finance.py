"""Who pays for a plan and when: sources of funds, debt and its service, and what is left to the budget.

Takes the plan's cash flows, its investments and the sources of funds. The operator and government are one purse here.
What no source pays is a gap, stated and never assumed away. Knows nothing of benefits that are not money.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from headwater.appraisal import debt
from headwater.appraisal.cash_flow import Floats, discount_factors, present_value, rate_of_return
from headwater.appraisal.funding import (
    BUDGET,
    EQUITY,
    GUARANTEE,
    INCOMES,
    LOANS,
    ROUNDING,
    applies,
    check_funding,
    or_empty,
    year_faults,
)  # fmt: skip
from headwater.errors import TableError
from headwater.schema import empty, faults, load_schema

OPERATOR, PUBLIC = "operator", ("operator", "government")
RUNNING = ("maintenance", "operation")
COSTS = ("capital", "renewal", *RUNNING)
"""Lines of which an amount above zero is a saving; of any other, money between two parties is paid."""


@dataclass(frozen=True, eq=False)
class Finance:
    """How a plan is paid for.

    Attributes
    ----------
    flows
        Table `finance_flows`: every movement of every source, by year.
    summaries
        Table `finance_summaries`, one row.
    profile
        Table `fiscal_profile`: what it means for government, by year.
    """

    flows: pd.DataFrame
    summaries: pd.DataFrame
    profile: pd.DataFrame


@dataclass(frozen=True, eq=False)
class _Cash:
    """Cash of the operator and government before finance, by year [USD]; none of it below zero.

    `beyond` is the part of the investment that is no initial investment: renewals, land, and capital lines above it.
    """

    operator_income: Floats
    government_income: Floats
    running: Floats
    investment: Floats
    beyond: Floats


@dataclass(frozen=True, eq=False)
class _Source:
    """What one source of funds does: by group of investments and year where that matters."""

    terms: pd.Series
    drawn: Floats
    schedule: debt.Schedule | None = None
    income: Floats | None = None


def finance(
    cash_flows: pd.DataFrame,
    investments: pd.DataFrame,
    funding: pd.DataFrame,
    *,
    plan_id: str,
    base_year: int,
    horizon_year: int,
    discount_rate: float,
    expected_contingent_usd: float | None = None,
) -> Finance:
    """How the sources of funds pay for a plan, what they ask in return, and what that leaves to government.

    Each source pays its `share` of every investment it is for (`for_sector`, `for_measure_id`; blank for all), in the
    year of the investment. Loans and bonds are served and repaid from the year after, by `debt.schedule`; a sculpted
    loan is drawn only as far as the cash flow carries it. Equity earns its required return each year and gets its
    capital back after `tenor_yr`, at the horizon where that is blank, or as a level sum a year if `repayment` says so.
    Sources that pay by year bring in `received_usd_per_yr` from the year after the first investment they are for, over
    `tenor_yr` or to the horizon. A guarantee covers its share of the debt drawn for the investments it is for: what it
    could cost is shown apart, and never added to the debt.

    Cash available for debt service is the operator's cash income and that of sources that pay by year, less
    maintenance and operation in cash. Renewals, land, and capital lines beyond `investments`, fall on the budget.
    Where there is no debt, or never any income, there is no coverage ratio: it is blank, and the budget serves the
    debt. Coverage ratios are of years up to the horizon, beyond which income is not known. Debt that outlives the
    horizon is followed to its end.

    Parameters
    ----------
    cash_flows
        Table `cash_flows`, at market prices; rows of other plans, and rows that are not cash, are passed over. Money
        moves from who pays to who gains, whichever sign the line has in the economic case, except that a cost line
        above zero is a saving.
    investments
        One row per option and year: option_id, sector, measure_id (blank where none), year, amount_usd.
    funding
        Table `funding`.
    plan_id
        The plan.
    base_year, horizon_year
        First and last year counted.
    discount_rate
        Real discount rate [1/yr], above -1. Also what budget money costs, where its row gives no rate.
    expected_contingent_usd
        Expected present value of the risks government keeps, from `register.expected_contingent`, to print beside.

    Returns
    -------
    finance
        Tables `finance_flows`, `finance_summaries`, `fiscal_profile`. `weighted_rate` counts grants at nothing and
        leaves out fees.

    Raises
    ------
    TableError
        If a table breaks its schema, a source lacks what its instrument needs, or the sources of any investment pay
        more than all of it; names every fault.
    AssumptionError
        If a rate is -100 % or below.

    Examples
    --------
    >>> toll = pd.DataFrame({"plan_id": "p", "item": "revenue", "pays": "users", "gains": "operator", "group": "",
    ...                      "is_cash": True, "year": [2026, 2027], "amount_usd": [90.0, 82.5]})
    >>> road = pd.DataFrame({"option_id": ["road"], "sector": "transport", "measure_id": "", "year": 2025,
    ...                      "amount_usd": 200.0})
    >>> funds = pd.DataFrame({"funding_id": ["bank", "treasury"], "name": ["Bank", "Treasury"],
    ...                       "instrument": ["commercial_loan", "budget"], "share": [0.5, 0.4],
    ...                       "interest_rate": [0.1, None], "tenor_yr": [2, None], "repayment": ["linear", None],
    ...                       "source_id": "s"})
    >>> paid = finance(toll, road, funds, plan_id="p", base_year=2025, horizon_year=2027, discount_rate=0.0)
    >>> paid.summaries.loc[0, ["funded_usd", "gap_usd", "dscr_min", "dscr_mean"]].tolist()  # 90 / 60 and 82.5 / 55
    [180.0, 20.0, 1.5, 1.5]
    >>> paid.profile["net_usd"].tolist()  # 80 from the budget, then what the tolls leave over the debt
    [80.0, -30.0, -27.5]
    """
    terms = check_funding(funding, investments)
    mine = _of_plan(cash_flows, plan_id, base_year, horizon_year)
    groups = _groups(investments, base_year, horizon_year)
    covers = applies(terms, groups)
    years = np.arange(base_year, _last_year(terms, covers, groups, horizon_year) + 1)
    asked = np.where(groups["year"].to_numpy()[:, None] == years, groups["amount_usd"].to_numpy()[:, None], 0.0)
    cash = _cash(mine, asked.sum(axis=0), years)

    incomes = [_income(row, covers[i], asked, years, horizon_year) for i, row in _rows(terms)]
    income = np.sum([source for source in incomes if source is not None], axis=0) + np.zeros(len(years))
    available = np.where(years <= horizon_year, cash.operator_income + income - cash.running, 0.0)
    schedules = _schedules(terms, covers, asked, available, years, horizon_year)
    sources = [
        _Source(row, _drawn(row, covers[i], asked, schedules.get(i)), schedules.get(i), incomes[i])
        for i, row in _rows(terms)
    ]
    guarantees = {i: _guarantee(row, covers[i], sources) for i, row in _rows(terms) if row["instrument"] == GUARANTEE}

    flows = _flows(sources, guarantees, years, plan_id)
    profile = _profile(sources, guarantees, cash, income, years, plan_id)
    summary = {
        "plan_id": plan_id,
        **_funded(sources, asked.sum(), discount_rate),
        **_coverage(sources, available, cash.operator_income + income, years, horizon_year),
        **_returns(cash, income, years, horizon_year, discount_rate),
        "fiscal_pv_usd": float(present_value(profile["net_usd"], discount_rate=discount_rate)),
        "contingent_usd": float(profile["contingent_usd"].max()),
        "expected_contingent_usd": np.nan if expected_contingent_usd is None else expected_contingent_usd,
    }
    return Finance(flows, pd.DataFrame([summary])[load_schema("finance_summaries").index.tolist()], profile)


# --- what is read -----------------------------------------------------------------------------------------------


def _rows(terms: pd.DataFrame) -> list[tuple[int, pd.Series]]:
    return [(i, row) for i, (_label, row) in enumerate(terms.iterrows())]


def _of_plan(cash_flows: pd.DataFrame, plan_id: str, base_year: int, horizon_year: int) -> pd.DataFrame:
    """Cash lines of the plan.

    Raises
    ------
    TableError
        If the table breaks its schema or has years that are not counted.
    """
    found = faults(cash_flows, "cash_flows")
    if not found:
        found = year_faults(cash_flows, "cash_flows", base_year, horizon_year)
    if found:
        raise TableError(found)
    return cash_flows.loc[(cash_flows["plan_id"] == plan_id) & cash_flows["is_cash"].astype(bool)]


def _groups(investments: pd.DataFrame, base_year: int, horizon_year: int) -> pd.DataFrame:
    """Investments that every source treats alike, added up: one row per sector, measure and year."""
    found = year_faults(investments, "investments", base_year, horizon_year)
    if found:
        raise TableError(found)
    named = investments.assign(measure_id=or_empty(investments["measure_id"]))
    return named.groupby(["sector", "measure_id", "year"])["amount_usd"].sum().reset_index()


def _last_year(terms: pd.DataFrame, covers: npt.NDArray[np.bool_], groups: pd.DataFrame, horizon_year: int) -> int:
    """The horizon, or the year of the last repayment if that is later."""
    repaid = terms["instrument"].isin([*LOANS, EQUITY]).to_numpy()
    tenor = terms["tenor_yr"].astype("Float64").fillna(1).to_numpy(dtype=np.int64)
    ends = groups["year"].to_numpy(dtype=np.int64)[None, :] + tenor[:, None]
    return int(ends[covers & repaid[:, None]].max(initial=horizon_year))


def _cash(lines: pd.DataFrame, invested: Floats, years: npt.NDArray[np.int64]) -> _Cash:
    """Cash of the operator and government: what passes between the two cancels out."""
    amount, item = lines["amount_usd"].to_numpy(dtype=np.float64), lines["item"]
    pays, gains = or_empty(lines["pays"]), or_empty(lines["gains"])
    is_cost = item.isin(COSTS).to_numpy()
    # who is named alone gains or loses by the sign; between two, a cost above zero is a saving, else money is paid
    moved = np.select(
        [(pays == "").to_numpy(), (gains == "").to_numpy() | is_cost], [amount, -amount], default=np.abs(amount)
    )
    into = moved * (gains.isin(PUBLIC).to_numpy().astype(np.int64) - pays.isin(PUBLIC).to_numpy())
    at = lines["year"].to_numpy(dtype=np.int64) - years[0]

    def total(which: npt.ArrayLike) -> Floats:
        return np.bincount(at, weights=np.where(which, into, 0.0), minlength=len(years)).astype(np.float64)

    is_land = (item == "land").to_numpy() & (into < 0)
    capital, renewal = -total((item == "capital").to_numpy() | is_land), -total(item == "renewal")
    is_income = ~is_cost & (into > 0)
    operator = is_income & (gains == OPERATOR).to_numpy()
    running = -total(item.isin(RUNNING).to_numpy() | (~is_cost & ~is_land & (into < 0)))
    investment = np.maximum(capital, invested) + np.maximum(renewal, 0.0)
    return _Cash(
        operator_income=total(operator) + np.maximum(-running, 0.0),
        government_income=total(is_income & ~operator),
        running=np.maximum(running, 0.0),
        investment=investment,
        beyond=investment - invested,
    )


# --- what each source does --------------------------------------------------------------------------------------


def _income(
    row: pd.Series, covers: npt.NDArray[np.bool_], asked: Floats, years: npt.NDArray[np.int64], horizon_year: int
) -> Floats | None:
    """Income of a source that pays by year, from the year after the first investment it is for."""
    if row["instrument"] not in INCOMES or pd.isna(row["received_usd_per_yr"]):
        return None
    started = np.flatnonzero(asked[covers].sum(axis=0) > 0)
    if not len(started):
        return np.zeros(len(years))
    since = years - years[started[0]]
    until = np.inf if pd.isna(row["tenor_yr"]) else float(row["tenor_yr"])
    return np.where((since >= 1) & (since <= until) & (years <= horizon_year), float(row["received_usd_per_yr"]), 0.0)


def _schedules(
    terms: pd.DataFrame,
    covers: npt.NDArray[np.bool_],
    asked: Floats,
    available: Floats,
    years: npt.NDArray[np.int64],
    horizon_year: int,
) -> dict[int, debt.Schedule]:
    """Schedule of every source that must be served, by row; sculpted loans last, because they take what is left."""
    found: dict[int, debt.Schedule] = {}
    follows = {i: row["instrument"] in LOANS and row["repayment"] == debt.SCULPTED for i, row in _rows(terms)}
    committed = np.zeros(len(years))
    for i, row in sorted(_rows(terms), key=lambda place: follows[place[0]]):
        if row["instrument"] not in (*LOANS, EQUITY):
            continue
        wanted = asked * covers[i][:, None] * float(row["share"])
        if follows[i]:
            found[i] = _sculpted(row, wanted, available, committed)
        else:
            found[i] = _fixed(row, wanted, years, horizon_year)
        if row["instrument"] in LOANS:
            committed = committed + found[i].service.sum(axis=0)
    return found


def _fixed(row: pd.Series, drawn: Floats, years: npt.NDArray[np.int64], horizon_year: int) -> debt.Schedule:
    """Schedule of a loan, or of equity, whose tenor to the horizon differs with the year of drawing."""
    parts = []
    for at in np.flatnonzero(drawn.any(axis=0)):
        tenor = max(int(horizon_year - years[at]), 1) if pd.isna(row["tenor_yr"]) else int(row["tenor_yr"])
        one = np.where(np.arange(len(years)) == at, drawn, 0.0)
        way = debt.BULLET if pd.isna(row["repayment"]) else row["repayment"]
        parts.append(
            debt.schedule(
                one, repayment=way, interest_rate=float(row["interest_rate"]), tenor_yr=tenor,
                grace_yr=min(int(row["grace_yr"]), tenor - 1), fee_share=float(row["fee_share"]),
            )
        )  # fmt: skip
    return _sum(parts, drawn.shape)


def _sculpted(row: pd.Series, wanted: Floats, available: Floats, committed: Floats) -> debt.Schedule:
    """Schedule of a sculpted loan; what is drawn in a later year has what the earlier leaves."""
    parts, taken = [], committed
    for at in np.flatnonzero(wanted.any(axis=0)):
        asked = float(wanted[:, at].sum())
        whole = debt.sculpted(
            available, asked=asked, drawn_in=int(at), interest_rate=float(row["interest_rate"]),
            tenor_yr=int(row["tenor_yr"]), grace_yr=int(row["grace_yr"]), target_dscr=float(row["target_dscr"]),
            committed=taken, fee_share=float(row["fee_share"]),
        )  # fmt: skip
        taken = taken + whole.service
        part = (wanted[:, at] / asked)[:, None]
        parts.append(
            debt.Schedule(
                part * whole.drawn, part * whole.interest, part * whole.repayment, part * whole.fee,
                part * whole.balance,
            )
        )  # fmt: skip
    return _sum(parts, wanted.shape)


def _sum(parts: Sequence[debt.Schedule], shape: tuple[int, ...]) -> debt.Schedule:
    names = ("drawn", "interest", "repayment", "fee", "balance")
    return debt.Schedule(*(np.sum([getattr(p, name) for p in parts], axis=0) + np.zeros(shape) for name in names))


def _drawn(row: pd.Series, covers: npt.NDArray[np.bool_], asked: Floats, schedule: debt.Schedule | None) -> Floats:
    """What a source pays of each group of investments, by year."""
    if schedule is not None:
        return schedule.drawn
    share = 0.0 if row["instrument"] == GUARANTEE or pd.isna(row["share"]) else float(row["share"])
    return asked * covers[:, None] * share


def _guarantee(row: pd.Series, covers: npt.NDArray[np.bool_], sources: Sequence[_Source]) -> tuple[Floats, Floats]:
    """Debt that a guarantee covers at the end of each year, and its fee."""
    loans = [s.schedule for s in sources if s.schedule is not None and s.terms["instrument"] in LOANS]
    none = np.zeros(sources[0].drawn.shape[1])
    share = float(row["share"])
    exposure = np.sum([loan.balance[covers].sum(axis=0) for loan in loans], axis=0) * share + none
    drawn = np.sum([loan.drawn[covers].sum(axis=0) for loan in loans], axis=0) * share + none
    return exposure, drawn * float(row["fee_share"])


# --- what is told -----------------------------------------------------------------------------------------------


def _flows(
    sources: Sequence[_Source],
    guarantees: dict[int, tuple[Floats, Floats]],
    years: npt.NDArray[np.int64],
    plan_id: str,
) -> pd.DataFrame:
    """Table `finance_flows`: what is not nothing."""
    series: dict[tuple[str, str], Floats] = {}
    for i, source in enumerate(sources):
        name = str(source.terms["funding_id"])
        series[name, "drawdown"] = source.drawn.sum(axis=0)
        if source.income is not None:
            series[name, "income"] = source.income
        if i in guarantees:
            series[name, "guarantee_exposure"], series[name, "fee"] = guarantees[i]
        elif source.schedule is None:
            series[name, "fee"] = source.drawn.sum(axis=0) * float(source.terms["fee_share"])
        else:
            totals = {k: getattr(source.schedule, k).sum(axis=0) for k in ("interest", "repayment", "fee")}
            series[name, "fee"] = totals.pop("fee")
            if source.terms["instrument"] == EQUITY:
                totals = {"dividend": totals["interest"] + totals["repayment"]}
            series |= {(name, item): money for item, money in totals.items()}
    columns = load_schema("finance_flows").index.tolist()
    if not series:
        return empty("finance_flows")
    table = pd.DataFrame(series, index=pd.Index(years, name="year")).rename_axis(columns=["funding_id", "item"])
    long = table.melt(ignore_index=False, value_name="amount_usd").reset_index()
    return long[long["amount_usd"] > 0].assign(plan_id=plan_id)[columns].reset_index(drop=True)


def _profile(
    sources: Sequence[_Source],
    guarantees: dict[int, tuple[Floats, Floats]],
    cash: _Cash,
    income: Floats,
    years: npt.NDArray[np.int64],
    plan_id: str,
) -> pd.DataFrame:
    """Table `fiscal_profile`: the operator and government as one purse, year by year."""
    none = np.zeros(len(years))
    served = [s.schedule for s in sources if s.schedule is not None]
    loans = [s.schedule for s in sources if s.schedule is not None and s.terms["instrument"] in LOANS]
    fees = [s.drawn.sum(axis=0) * float(s.terms["fee_share"]) for s in sources if s.schedule is None]
    budget = np.sum([s.drawn.sum(axis=0) for s in sources if s.terms["instrument"] == BUDGET], axis=0) + none
    table = pd.DataFrame(
        {
            "plan_id": plan_id,
            "year": years,
            "investment_usd": budget + cash.beyond,
            "maintenance_usd": cash.running,
            "debt_service_usd": none
            + np.sum([(s.service + s.fee).sum(axis=0) for s in served], axis=0)
            + np.sum(fees, axis=0)
            + np.sum([fee for _exposure, fee in guarantees.values()], axis=0),
            "income_usd": cash.operator_income + cash.government_income + income,
            "debt_usd": none + np.sum([s.balance.sum(axis=0) for s in loans], axis=0),
            "contingent_usd": none + np.sum([exposure for exposure, _fee in guarantees.values()], axis=0),
        }
    )
    paid = table[["investment_usd", "maintenance_usd", "debt_service_usd"]].sum(axis=1)
    return table.assign(net_usd=paid - table["income_usd"])[load_schema("fiscal_profile").index.tolist()]


def _funded(sources: Sequence[_Source], investment: float, discount_rate: float) -> dict[str, float]:
    """What is funded, what is not, and what the money costs."""
    paid = np.array([s.drawn.sum() for s in sources])
    funded = float(paid.sum())
    gap = max(investment - funded, 0.0)
    rates = np.array([_rate(s.terms, discount_rate) for s in sources])
    return {
        "investment_usd": float(investment),
        "funded_usd": funded,
        "gap_usd": gap if gap > ROUNDING * investment else 0.0,
        "weighted_rate": float(paid @ rates / funded) if funded > 0 else np.nan,
    }


def _rate(terms: pd.Series, discount_rate: float) -> float:
    """Rate a source asks: nothing for grants and income; of the budget, the discount rate unless another is given."""
    if terms["instrument"] in (*LOANS, EQUITY):
        return float(terms["interest_rate"])
    if terms["instrument"] == BUDGET:
        return discount_rate if pd.isna(terms["interest_rate"]) else float(terms["interest_rate"])
    return 0.0


def _coverage(
    sources: Sequence[_Source], available: Floats, income: Floats, years: npt.NDArray[np.int64], horizon_year: int
) -> dict[str, float]:
    """Coverage ratios of all debt together, up to the horizon; blank without debt or without income."""
    loans = [s for s in sources if s.terms["instrument"] in LOANS and s.drawn.sum() > 0]
    blank = {"dscr_min": np.nan, "dscr_mean": np.nan, "llcr": np.nan}
    if not loans or not (income > 0).any():
        return blank
    schedules = [s.schedule for s in loans if s.schedule is not None]
    drawn, service, repaid, balance = (
        np.sum([part.sum(axis=0) for part in parts], axis=0)
        for parts in zip(*((s.drawn, s.service, s.repayment, s.balance) for s in schedules), strict=True)
    )
    ratios = debt.dscr(available, service)[years <= horizon_year]
    weights = np.array([s.drawn.sum() for s in loans])
    rate = float(weights @ np.array([float(s.terms["interest_rate"]) for s in loans]) / weights.sum())
    first, last = int((repaid > 0).argmax()), int(np.flatnonzero(service)[-1])
    later = drawn[first:] @ discount_factors(len(drawn) - first + 1, discount_rate=rate)[1:]
    known = ratios[np.isfinite(ratios)]
    if not len(known):
        return blank
    return {
        "dscr_min": float(known.min()),
        "dscr_mean": float(known.mean()),
        "llcr": debt.llcr(available[first : last + 1], debt=float(balance[first - 1] + later), interest_rate=rate),
    }


def _returns(
    cash: _Cash, income: Floats, years: npt.NDArray[np.int64], horizon_year: int, discount_rate: float
) -> dict[str, object]:
    """Worth and rate of return of the money that changes hands, before finance."""
    net = cash.operator_income + cash.government_income + income - cash.running - cash.investment
    counted = net[years <= horizon_year]
    rate, note = rate_of_return(counted[None, :])
    value = float(present_value(counted, discount_rate=discount_rate))
    return {"financial_npv_usd": value, "frr": float(rate[0]), "frr_note": str(note[0]) or None}
