"""Value for money: what each way of delivering a plan costs government, adjusted for risk.

Compares ways of delivery with a reference, the public sector comparator. It cannot tell whether a factor is right, nor
what a contract would say.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from headwater.appraisal.cash_flow import discount_factors
from headwater.appraisal.debt import annuity_factor
from headwater.errors import Fault, TableError
from headwater.schema import check, faults, load_schema, with_optional
from headwater.words import _

GOVERNMENT, CONTRACTORS = "government", "contractors"


def compare(
    delivery_modes: pd.DataFrame,
    allocation: pd.DataFrame,
    risk_bearers: pd.DataFrame,
    *,
    plan_id: str,
    capital_usd: npt.ArrayLike,
    operation_usd: npt.ArrayLike,
    discount_rate: float,
) -> pd.DataFrame:
    """Present cost to government of each way of delivery, and what it saves against the reference.

    The investment and the running cost are those of the plan times the factors of the mode. The part that private
    money pays first is repaid as a level sum over `repaid_yr` years at `financing_rate`, from the year after each
    investment, and every payment is discounted at the discount rate of the study, those after the horizon too. A risk
    that the mode transfers costs its expected cost times the factor of contractors, the premium in their price; any
    other costs the factor of government. A risk government is not among the bearers of, and that is not transferred,
    costs it nothing.

    What it is worth depends most on the discount rate, because one way pays at once and another over decades: a higher
    rate favours the later payments. Compare at several rates, with the same rate for the risks.

    Parameters
    ----------
    delivery_modes
        Table `delivery_modes`; exactly one row is the reference.
    allocation
        Table `risk_allocation` of the plan, from `register.allocate` at the same discount rate.
    risk_bearers
        Table `risk_bearers`.
    plan_id
        The plan.
    capital_usd, operation_usd
        Investment, and maintenance with operation, by year, undiscounted, base year first.
    discount_rate
        Real discount rate [1/yr], above -1.

    Returns
    -------
    comparison
        Table `delivery_comparison`, in the order of the modes. `saving_share` is blank where the reference costs
        nothing.

    Raises
    ------
    TableError
        If a table breaks its schema, there is not exactly one reference, a mode's private money lacks its terms, or it
        transfers a risk that is not known or that contractors could not bear; names every fault.
    AssumptionError
        If the rate is -100 % or below.

    Source
    ------
    World Bank, PPP Reference Guide, Assessing Value for Money of the PPP (ppp.worldbank.org): the risk-adjusted cost
    to government against the public sector comparator; it notes that the United Kingdom recalled its own method as
    biased. Federal Highway Administration (2012), Value for Money for Public-Private Partnerships: A Primer, chapter
    2: raw cost, financing, retained and transferable risk. Against it: House of Lords Economic Affairs Committee
    (2010), Private Finance Projects and off-balance sheet debt, HL Paper 63, paragraphs 31-33 and 41.

    Examples
    --------
    >>> modes = pd.DataFrame({"mode_id": ["public", "private"], "name": ["Public", "Private"],
    ...     "is_reference": [True, False], "capital_factor": [1.0, 0.9], "operation_factor": 1.0,
    ...     "transaction_share": [0.0, 0.05], "financed_share": [None, 1.0], "financing_rate": [None, 0.25],
    ...     "repaid_yr": [None, 2], "transfers": [None, "overrun"], "source_id": "s"})
    >>> risk = pd.DataFrame({"plan_id": ["p"], "risk_id": ["overrun"], "party": ["contractors"],
    ...     "expected_cost_usd": [20.0], "allocated_cost_usd": [16.0]})
    >>> bearers = pd.DataFrame({"risk_id": "overrun", "party": ["government", "contractors"],
    ...     "cost_factor": [1.0, 0.8], "source_id": "s"})
    >>> table = compare(modes, risk, bearers, plan_id="p", capital_usd=[100, 0, 0], operation_usd=[0, 10, 10],
    ...     discount_rate=0.25)  # financed at the discount rate, 90 stays 90
    >>> table[["capital_usd", "transaction_usd", "retained_risk_usd", "transferred_risk_usd"]].round(6).values.tolist()
    [[100.0, 0.0, 20.0, 0.0], [90.0, 4.5, 0.0, 16.0]]
    >>> table["total_usd"].round(6).tolist()  # 14.4 for the running cost
    [134.4, 124.9]
    """
    check_delivery(delivery_modes, allocation, risk_bearers)
    modes = with_optional(delivery_modes, "delivery_modes").reset_index(drop=True)
    capital, operation = (_worth(money, discount_rate) for money in (capital_usd, operation_usd))
    invested = capital * modes["capital_factor"].to_numpy(dtype=np.float64)
    transferred = _transfers(modes, allocation)
    expected = allocation["expected_cost_usd"].to_numpy(dtype=np.float64)
    retained = (~transferred * _factors(allocation, risk_bearers, GOVERNMENT)) @ expected
    premium = (transferred * _factors(allocation, risk_bearers, CONTRACTORS)) @ expected
    table = pd.DataFrame(
        {
            "plan_id": plan_id,
            "mode_id": modes["mode_id"],
            "capital_usd": invested * modes.apply(_paid, axis=1, discount_rate=discount_rate).to_numpy(np.float64),
            "operation_usd": operation * modes["operation_factor"].astype("float64"),
            "transaction_usd": invested * modes["transaction_share"].to_numpy(dtype=np.float64),
            "retained_risk_usd": retained,
            "transferred_risk_usd": premium,
        }
    )
    total = table.iloc[:, 2:].sum(axis=1)
    reference = float(total[_is_reference(modes)].iloc[0])
    saving = (reference - total) / reference if reference > 0 else np.nan
    return table.assign(total_usd=total, saving_share=saving)[load_schema("delivery_comparison").index.tolist()]


def check_delivery(delivery_modes: pd.DataFrame, allocation: pd.DataFrame, risk_bearers: pd.DataFrame) -> None:
    """Raise unless the modes can be compared.

    Raises
    ------
    TableError
        With every fault.
    """
    found = faults(delivery_modes, "delivery_modes")
    if found:
        raise TableError(found)
    check(allocation, "risk_allocation")
    check(risk_bearers, "risk_bearers")
    modes = with_optional(delivery_modes, "delivery_modes").reset_index(drop=True)
    found = _reference_faults(modes) + _financing_faults(modes) + _transfer_faults(modes, allocation, risk_bearers)
    if found:
        raise TableError(found)


def _worth(money: npt.ArrayLike, discount_rate: float) -> float:
    by_year = np.atleast_1d(np.asarray(money, dtype=np.float64))
    return float(by_year @ discount_factors(len(by_year), discount_rate=discount_rate))


def _paid(mode: pd.Series, *, discount_rate: float) -> float:
    """Present value that government pays per unit of investment, in the year of the investment."""
    share = 0.0 if pd.isna(mode["financed_share"]) else float(mode["financed_share"])
    if share == 0:
        return 1.0
    years, rate = int(mode["repaid_yr"]), float(mode["financing_rate"])
    return 1.0 - share + share * annuity_factor(discount_rate, years) / annuity_factor(rate, years)


def _is_reference(modes: pd.DataFrame) -> pd.Series:
    return modes["is_reference"].astype("boolean").fillna(False).astype(bool)


def _named(modes: pd.DataFrame) -> list[list[str]]:
    """Risks each mode transfers."""
    return [
        [] if pd.isna(names) else [name.strip() for name in str(names).split(";") if name.strip()]
        for names in modes["transfers"]
    ]


def _transfers(modes: pd.DataFrame, allocation: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Whether each mode transfers each risk, shape (modes, risks)."""
    transferred = [allocation["risk_id"].isin(names).to_numpy() for names in _named(modes)]
    return np.array(transferred, dtype=np.bool_).reshape(len(modes), len(allocation))


def _factors(allocation: pd.DataFrame, risk_bearers: pd.DataFrame, party: str) -> npt.NDArray[np.float64]:
    """Cost factor of a party for each risk; 0 where it is not among the bearers."""
    factors = risk_bearers[risk_bearers["party"] == party].set_index("risk_id")["cost_factor"]
    return factors.reindex(allocation["risk_id"]).fillna(0.0).to_numpy(dtype=np.float64)


def _reference_faults(modes: pd.DataFrame) -> list[Fault]:
    marked = modes.loc[_is_reference(modes), "mode_id"].tolist()
    if len(marked) == 1:
        return []
    problem = _("{count} ways of delivery are the reference").format(count=len(marked))
    remedy = _("mark exactly one: what government would do itself")
    return [Fault("delivery_modes", None, "is_reference", ", ".join(map(str, marked)), problem, remedy)]


def _financing_faults(modes: pd.DataFrame) -> list[Fault]:
    financed = modes["financed_share"].astype("float64") > 0
    return [
        Fault(
            "delivery_modes", int(i) + 2, column, "", _("value is missing"),
            _("private money pays part of the investment; say on what terms it is repaid"),
        )
        for column in ("financing_rate", "repaid_yr")
        for i in np.flatnonzero(financed & modes[column].isna())
    ]  # fmt: skip


def _transfer_faults(modes: pd.DataFrame, allocation: pd.DataFrame, risk_bearers: pd.DataFrame) -> list[Fault]:
    known = set(allocation["risk_id"])
    able = set(risk_bearers.loc[risk_bearers["party"] == CONTRACTORS, "risk_id"])
    found = []
    for row, names in enumerate(_named(modes)):
        for name in names:
            if name not in known:
                remedy = _("name risks of the register: {names}").format(names=", ".join(sorted(known)))
                found.append(Fault("delivery_modes", row + 2, "transfers", name, _("is not a known risk"), remedy))
            elif name not in able:
                problem = _("contractors are not among the parties that could bear this risk")
                remedy = _("add contractors to risk_bearers with their cost factor, or do not transfer it")
                found.append(Fault("delivery_modes", row + 2, "transfers", name, problem, remedy))
    return found
