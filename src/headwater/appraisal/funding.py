"""Sources of funds: what each instrument needs to be known, and which investments it is for.

Checks the tables `funding` and investments before any money is counted.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from headwater.appraisal.debt import SCULPTED
from headwater.errors import Fault, TableError
from headwater.schema import SHOWN_PER_RULE, faults, with_optional
from headwater.words import _

LOANS = ("concessional_loan", "commercial_loan", "bond", "green_bond")
INCOMES = ("payment_for_ecosystem_services", "land_value_capture", "resilience_credit")
GREEN_BOND, GUARANTEE, EQUITY, BUDGET = "green_bond", "guarantee", "equity", "budget"
INVESTMENTS = ["option_id", "sector", "measure_id", "year", "amount_usd"]
ROUNDING = 1e-9
"""Part by which shares may exceed 1, and money the investment, from rounding alone."""


def check_funding(funding: pd.DataFrame, investments: pd.DataFrame) -> pd.DataFrame:
    """The sources of funds with every column and no blanks that mean none, sorted by funding_id.

    Parameters
    ----------
    funding
        Table `funding`.
    investments
        As in `finance`; what the sources must not pay more than once.

    Raises
    ------
    TableError
        With every fault of both.
    """
    found = faults(funding, "funding") + _investment_faults(investments)
    if found:
        raise TableError(found)
    terms = with_optional(funding, "funding")
    found = _terms_faults(terms) + _share_faults(terms, investments)
    if found:
        raise TableError(found)
    none = {"grace_yr": terms["grace_yr"].fillna(0), "fee_share": terms["fee_share"].fillna(0.0)}
    everything = {c: or_empty(terms[c]) for c in ("for_sector", "for_measure_id")}
    return terms.assign(**none, **everything).sort_values("funding_id", ignore_index=True)


def applies(funding: pd.DataFrame, investments: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Which sources are for which investments, shape (sources, investments): by sector and measure, blank for all.

    Examples
    --------
    >>> funds = pd.DataFrame({"for_sector": ["", "water", "water"], "for_measure_id": ["", "", "dam"]})
    >>> applies(funds, pd.DataFrame({"sector": ["water", "energy"], "measure_id": ["pipe", "dam"]})).tolist()
    [[True, True], [True, False], [False, False]]
    """
    fits = np.ones((len(funding), len(investments)), dtype=np.bool_)
    for wanted, has in (("for_sector", "sector"), ("for_measure_id", "measure_id")):
        want = or_empty(funding[wanted]).to_numpy()[:, None]
        fits &= (want == "") | (want == or_empty(investments[has]).to_numpy()[None, :])
    return fits


def or_empty(column: pd.Series) -> pd.Series:
    """A column of names with "" where there is none, whatever its type.

    Examples
    --------
    >>> or_empty(pd.Series([None, "dam"])).tolist()
    ['', 'dam']
    """
    return column.astype(object).where(column.notna(), "")


# --- faults -----------------------------------------------------------------------------------------------------


def _investment_faults(investments: pd.DataFrame) -> list[Fault]:
    remedy = _("give option_id, sector, measure_id, year and amount_usd of each investment")
    lacking = [c for c in INVESTMENTS if c not in investments.columns]
    if lacking:
        return [Fault("investments", None, c, "", _("column is missing"), remedy) for c in lacking]
    bad = {c: investments[c].isna() for c in ("option_id", "sector", "year")}
    bad["amount_usd"] = ~(investments["amount_usd"].astype("float64") >= 0)
    problems = {"amount_usd": _("is not an amount of zero or more")}
    return [
        Fault(
            "investments", int(i) + 2, column, _text(investments[column].iloc[i]),
            problems.get(column, _("value is missing")), remedy,
        )
        for column, rows in bad.items()
        for i in np.flatnonzero(rows)[:SHOWN_PER_RULE]
    ]  # fmt: skip


def year_faults(table: pd.DataFrame, file: str, base_year: int, horizon_year: int) -> list[Fault]:
    """Rows of a table whose year is not counted."""
    years = table["year"].astype("float64")
    problem = _("is not between the base year {base} and the horizon {horizon}")
    remedy = _("correct the year, or the years of the study")
    return [
        Fault(
            file, int(i) + 2, "year", str(table["year"].iloc[i]),
            problem.format(base=base_year, horizon=horizon_year), remedy,
        )
        for i in np.flatnonzero(~years.between(base_year, horizon_year))[:SHOWN_PER_RULE]
    ]  # fmt: skip


def _terms_faults(terms: pd.DataFrame) -> list[Fault]:
    """What an instrument needs and is not given, or is given and cannot use."""
    kind = terms["instrument"]
    is_loan, is_income = kind.isin(LOANS), kind.isin(INCOMES)
    blank = {c: terms[c].isna().to_numpy() for c in terms.columns}
    needed, needs = _("value is missing"), _("this instrument needs it; fill it in")
    unused, drop = _("has no meaning for this instrument"), _("leave it blank, or correct the instrument")
    too_long = (terms["grace_yr"].astype("Float64").fillna(0) >= terms["tenor_yr"].astype("Float64")).fillna(False)
    checks: list[tuple[npt.ArrayLike, str, str, str]] = [
        (~is_income & blank["share"], "share", needed, needs),
        (is_income & blank["share"] & blank["received_usd_per_yr"], "received_usd_per_yr", needed, needs),
        ((is_loan | (kind == EQUITY)) & blank["interest_rate"], "interest_rate", needed, needs),
        (is_loan & blank["tenor_yr"], "tenor_yr", needed, needs),
        (is_loan & blank["repayment"], "repayment", needed, needs),
        (is_loan & (terms["repayment"] == SCULPTED) & blank["target_dscr"], "target_dscr", needed, needs),
        (~is_income & ~blank["received_usd_per_yr"], "received_usd_per_yr", unused, drop),
        ((kind == EQUITY) & (terms["repayment"] == SCULPTED), "repayment", unused, drop),
        (
            is_loan & too_long, "grace_yr", _("leaves no year for repayment"),
            _("give fewer years of grace than the tenor has"),
        ),
        (
            (kind == GREEN_BOND) & blank["for_sector"] & blank["for_measure_id"], "for_sector",
            _("a green bond must say what it may be spent on"), _("fill in for_sector or for_measure_id"),
        ),
    ]  # fmt: skip
    return [
        Fault("funding", int(i) + 2, column, _text(terms[column].iloc[i]), problem, remedy)
        for bad, column, problem, remedy in checks
        for i in np.flatnonzero(np.asarray(bad, dtype=bool))
    ]


def _share_faults(terms: pd.DataFrame, investments: pd.DataFrame) -> list[Fault]:
    """Investments that their sources pay, or their guarantees cover, more than once."""
    kinds = investments.drop_duplicates(["sector", "measure_id"])
    share = terms["share"].astype("float64").fillna(0.0).to_numpy()
    covers, is_guarantee = applies(terms, kinds), (terms["instrument"] == GUARANTEE).to_numpy()
    found = []
    for which, problem in (
        (~is_guarantee, _("shares of the sources for it sum to {sum}: {names}")),
        (is_guarantee, _("shares of the guarantees for it sum to {sum}: {names}")),
    ):
        total = (share * which) @ covers
        for i in np.flatnonzero(total > 1 + ROUNDING)[:SHOWN_PER_RULE]:
            names = ", ".join(terms["funding_id"][which & covers[:, i] & (share > 0)])
            said = problem.format(sum=f"{total[i]:g}", names=names)
            remedy = _("lower shares until they sum to 1 or less for every option")
            found.append(Fault("funding", None, "share", str(kinds["option_id"].iloc[i]), said, remedy))
    return found


def _text(value: str | float | None) -> str:
    return str(value) if pd.notna(value) else ""
