"""Debt by year: what is drawn, what it costs, how it is repaid, and whether the money that comes in covers it.

Arithmetic on arrays whose last axis is years. Money is drawn at the end of a year; interest runs from the next. Knows
nothing of options, tables, or who lends.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from headwater.appraisal.cash_flow import Floats, check_rate, discount_factors
from headwater.errors import AssumptionError
from headwater.words import _

LEVEL, LINEAR, BULLET, SCULPTED = "level", "linear", "bullet", "sculpted"


@dataclass(frozen=True, eq=False)
class Schedule:
    """Money of one loan, or of many, by year; every array of the same shape, last axis years.

    Attributes
    ----------
    drawn
        What the lender pays out.
    interest, repayment
        What the borrower pays, both zero or more.
    fee
        Paid when the money is drawn.
    balance
        Debt at the end of the year.
    """

    drawn: Floats
    interest: Floats
    repayment: Floats
    fee: Floats
    balance: Floats

    @property
    def service(self) -> Floats:
        """Interest and repayment, without the fee."""
        return self.interest + self.repayment


def annuity_factor(interest_rate: float, years: int) -> float:
    """Worth of one unit of money at the end of each of `years` years.

    Parameters
    ----------
    interest_rate
        Rate [1/yr], above -1.
    years
        Number of payments.

    Raises
    ------
    AssumptionError
        If the rate is -100 % or below.

    Examples
    --------
    >>> annuity_factor(0.25, 2)  # 0.8 + 0.64
    1.44
    """
    check_rate(interest_rate, "interest_rate")
    if interest_rate == 0:
        return float(years)
    return float(-np.expm1(-years * np.log1p(interest_rate)) / interest_rate)


def profile(repayment: str, *, interest_rate: float, tenor_yr: int, grace_yr: int = 0) -> tuple[Floats, Floats, Floats]:
    """Interest, repayment and balance of one unit of debt, by years since it was drawn.

    In the grace years interest alone is paid. After them `level` pays the same sum each year (an annuity), `linear`
    repays the same part each year and interest on what is left, `bullet` repays everything in the last year. Where the
    real rate is below zero, inflation takes more off the debt than interest adds: no interest is paid, and the
    balance shrinks by itself.

    Parameters
    ----------
    repayment
        "level", "linear" or "bullet".
    interest_rate
        Real rate [1/yr], above -1.
    tenor_yr
        Years from drawing to the last repayment, at least 1.
    grace_yr
        Years without repayment, fewer than the tenor.

    Returns
    -------
    interest, repayment, balance
        Arrays of length tenor + 1; the first element is the year of drawing.

    Raises
    ------
    AssumptionError
        If the tenor, the grace or the rate makes no sense, or the way of repayment is not known.

    Examples
    --------
    >>> interest, repayment, balance = profile("linear", interest_rate=0.25, tenor_yr=3, grace_yr=1)
    >>> interest.tolist(), repayment.tolist(), balance.tolist()
    ([0.0, 0.25, 0.25, 0.125], [0.0, 0.0, 0.5, 0.5], [1.0, 1.0, 0.5, 0.0])
    >>> interest, repayment, balance = profile("level", interest_rate=0.25, tenor_yr=2)
    >>> (interest + repayment).round(6).tolist()  # 1 / 1.44
    [0.0, 0.694444, 0.694444]
    """
    _check_terms(interest_rate, tenor_yr, grace_yr)
    if repayment not in (LEVEL, LINEAR, BULLET):
        message = _("Repayment {name} is not known; it is one of {names}.")
        raise AssumptionError(message.format(name=repayment, names=", ".join((LEVEL, LINEAR, BULLET))))
    interest, repaid, balance = np.zeros(tenor_yr + 1), np.zeros(tenor_yr + 1), np.zeros(tenor_yr + 1)
    balance[0] = 1.0
    for age in range(1, tenor_yr + 1):
        before, left = balance[age - 1], tenor_yr - age + 1
        interest[age] = max(interest_rate, 0.0) * before
        owed = before * (1.0 + min(interest_rate, 0.0))
        if repayment == LEVEL and age > grace_yr:
            repaid[age] = before / annuity_factor(interest_rate, left) - interest[age]
        elif repayment == LINEAR and age > grace_yr:
            repaid[age] = owed / left
        if left == 1:
            repaid[age] = owed
        balance[age] = owed - repaid[age]
    return interest, repaid, balance


def schedule(
    drawn: npt.ArrayLike,
    *,
    repayment: str,
    interest_rate: float,
    tenor_yr: int,
    grace_yr: int = 0,
    fee_share: float = 0.0,
) -> Schedule:
    """Schedule of debt drawn over the years, each drawing a loan of its own on the same terms.

    Parameters
    ----------
    drawn
        Money drawn by year, last axis years. There must be `tenor_yr` years after the last drawing.
    repayment, interest_rate, tenor_yr, grace_yr
        As in `profile`.
    fee_share
        Fee, as a share of what is drawn, paid in the year of drawing.

    Raises
    ------
    AssumptionError
        If the terms make no sense, or the last repayment falls after the last year.

    Examples
    --------
    >>> loan = schedule([100, 0, 0, 0], repayment="linear", interest_rate=0.1, tenor_yr=2, fee_share=0.01)
    >>> loan.service.round(6).tolist(), loan.balance.tolist(), loan.fee.tolist()
    ([0.0, 60.0, 55.0, 0.0], [100.0, 50.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0])
    """
    money = np.asarray(drawn, dtype=np.float64)
    years = money.shape[-1]
    used = np.flatnonzero(money.reshape(-1, years).any(axis=0))
    if len(used) and used[-1] + tenor_yr >= years:
        message = _("The schedule is {years} years too short for the last repayment; add years to it.")
        raise AssumptionError(message.format(years=int(used[-1]) + tenor_yr - years + 1))
    parts = profile(repayment, interest_rate=interest_rate, tenor_yr=tenor_yr, grace_yr=grace_yr)
    age = np.arange(years)[None, :] - np.arange(years)[:, None]
    lives = (age >= 0) & (age <= tenor_yr)
    interest, repaid, balance = (money @ np.where(lives, part[np.clip(age, 0, tenor_yr)], 0.0) for part in parts)
    return Schedule(money, interest, repaid, money * fee_share, balance)


def debt_capacity(
    available: npt.ArrayLike, *, interest_rate: float, target_dscr: float, committed: npt.ArrayLike = 0.0
) -> float:
    """Debt that the money available can carry at a debt service coverage ratio.

    What may be paid each year is the money available over the ratio, less what other debt takes; the debt is the worth
    of that at the interest rate, a year before the first payment. A year without money pays nothing.

    Parameters
    ----------
    available
        Cash flow available for debt service by year, from the first year of repayment to the last.
    interest_rate
        Rate of the loan [1/yr], above -1.
    target_dscr
        Ratio of the money available to the debt service, above zero.
    committed
        Service of other debt that the same money pays, by year.

    Raises
    ------
    AssumptionError
        If the rate or the ratio makes no sense.

    Source
    ------
    Federal Highway Administration (2013), Financial Structuring and Assessment for Public-Private Partnerships: A
    Primer, chapter 9, table 9-1 (fhwa.dot.gov/ipd/p3/toolkit): 1000 a year for 25 years carries 9,833 at a ratio of
    1.30 and 11,116 at 1.15.

    Examples
    --------
    >>> debt_capacity([150, 150], interest_rate=0.25, target_dscr=1.5)  # 100 × 1.44
    144.0
    >>> round(debt_capacity([1000] * 25, interest_rate=0.06, target_dscr=1.30))
    9833
    """
    room = _room(available, target_dscr, committed)
    return float(room @ discount_factors(len(room) + 1, discount_rate=interest_rate)[1:])


def sculpted(
    available: npt.ArrayLike,
    *,
    asked: float,
    drawn_in: int,
    interest_rate: float,
    tenor_yr: int,
    target_dscr: float,
    grace_yr: int = 0,
    committed: npt.ArrayLike = 0.0,
    fee_share: float = 0.0,
) -> Schedule:
    """Schedule of a loan whose repayments follow the money available, so that the coverage ratio stays the same.

    What is drawn is the sum asked for or `debt_capacity`, whichever is less: never more than the money can carry. Where
    less than the capacity is asked for, every payment is smaller in the same proportion and the ratio is higher than
    the target. In the grace years interest alone is paid, whatever the money available. Interest that a poor year
    cannot pay is added to the debt.

    Parameters
    ----------
    available
        Cash flow available for debt service by year, over the whole axis.
    asked
        Debt wanted.
    drawn_in
        Index of the year of drawing. Repayments fall from `drawn_in + grace_yr + 1` to `drawn_in + tenor_yr`, or to
        the end of the axis.
    interest_rate, tenor_yr, grace_yr, fee_share
        As in `schedule`.
    target_dscr
        Lowest ratio of the money available to all debt service.
    committed
        Service of other debt that the same money pays first, by year.

    Raises
    ------
    AssumptionError
        If the terms make no sense.

    Source
    ------
    Corality, Debt sculpting to a target DSCR (corality.com/tutorials): principal = cash available / DSCR - interest.

    Examples
    --------
    >>> loan = sculpted([0, 150, 300], asked=500, drawn_in=0, interest_rate=0.25, tenor_yr=2, target_dscr=1.5)
    >>> loan.service.tolist()  # 150 / 1.5 and 300 / 1.5, worth 80 + 128
    [0.0, 100.0, 200.0]
    >>> loan.drawn.tolist(), loan.balance.tolist()
    ([208.0, 0.0, 0.0], [208.0, 160.0, 0.0])
    """
    _check_terms(interest_rate, tenor_yr, grace_yr)
    cash = np.asarray(available, dtype=np.float64)
    other = np.broadcast_to(np.asarray(committed, dtype=np.float64), cash.shape)
    first, end = drawn_in + grace_yr + 1, min(drawn_in + tenor_yr + 1, len(cash))
    room = np.trim_zeros(_room(cash[first:end], target_dscr, other[first:end]), "b")
    end = max(first + len(room), first)
    # a real rate below zero shrinks the debt in the grace years, so that more of it can be carried
    shrunk = (1.0 + min(interest_rate, 0.0)) ** grace_yr
    capacity = float(room @ discount_factors(len(room) + 1, discount_rate=interest_rate)[1:]) / shrunk
    paid = min(asked, capacity)

    drawn, interest, repaid, balance = (np.zeros(len(cash)) for _array in range(4))
    drawn[drawn_in] = balance[drawn_in] = paid
    payments = room * (paid / capacity if capacity > 0 else 0.0)
    for year in range(drawn_in + 1, end):
        accrued = max(interest_rate, 0.0) * balance[year - 1]
        service = accrued if year < first else payments[year - first]
        interest[year] = min(accrued, service)
        repaid[year] = service - interest[year]
        balance[year] = balance[year - 1] * (1.0 + interest_rate) - service if year < end - 1 else 0.0
    return Schedule(drawn, interest, repaid, drawn * fee_share, balance)


def interest_during_construction(drawn: npt.ArrayLike, *, interest_rate: float) -> Floats:
    """Interest by year on money drawn over the years of construction, where none is paid until it ends.

    It is added to the debt, and bears interest itself. Their sum with what was drawn is the debt when operation begins.

    Parameters
    ----------
    drawn
        Money drawn by year, last axis the years of construction.
    interest_rate
        Rate [1/yr], above -1.

    Raises
    ------
    AssumptionError
        If the rate is -100 % or below.

    Examples
    --------
    >>> interest_during_construction([100, 100, 0], interest_rate=0.5).tolist()  # on 100, then on 250
    [0.0, 50.0, 125.0]
    """
    check_rate(interest_rate, "interest_rate")
    money = np.asarray(drawn, dtype=np.float64)
    age = np.arange(money.shape[-1])[None, :] - np.arange(money.shape[-1])[:, None]
    grown = money @ np.where(age >= 0, (1.0 + interest_rate) ** np.maximum(age, 0), 0.0)
    accrued: Floats = np.diff(grown, prepend=0.0) - money
    return accrued


def dscr(available: npt.ArrayLike, service: npt.ArrayLike) -> Floats:
    """Debt service coverage ratio by year: money available over debt service; blank where no debt is served.

    Source
    ------
    Federal Highway Administration (2013), Financial Structuring and Assessment for Public-Private Partnerships: A
    Primer, chapter 9.

    Examples
    --------
    >>> dscr([150, 90, 80], [100, 100, 0]).tolist()
    [1.5, 0.9, nan]
    """
    cash, paid = np.asarray(available, dtype=np.float64), np.asarray(service, dtype=np.float64)
    ratio: Floats = np.divide(cash, paid, out=np.full(cash.shape, np.nan), where=paid > 0)
    return ratio


def llcr(available: npt.ArrayLike, *, debt: float, interest_rate: float) -> float:
    """Loan life coverage ratio: worth of the money available over the life of the loan, over the debt.

    Convention: it is taken at the end of the year before the first repayment, at the interest rate of the loan. With a
    constant coverage ratio it equals that ratio.

    Parameters
    ----------
    available
        Cash flow available for debt service by year, from the first year of repayment to the last.
    debt
        Debt at the end of the year before; where it is not above zero there is no ratio (NaN).
    interest_rate
        Rate of the loan [1/yr], above -1.

    Raises
    ------
    AssumptionError
        If the rate is -100 % or below.

    Source
    ------
    Corality, Debt sculpting to a target DSCR (corality.com/tutorials): LLCR = NPV (cash available) / debt balance.
    Euromoney Learning, glossary, Loan Life Coverage Ratio: discounted at the blended cost of debt.

    Examples
    --------
    >>> llcr([150, 150], debt=144, interest_rate=0.25)
    1.5
    """
    cash = np.asarray(available, dtype=np.float64)
    worth = float(cash @ discount_factors(len(cash) + 1, discount_rate=interest_rate)[1:])
    return worth / debt if debt > 0 else float("nan")


def _room(available: npt.ArrayLike, target_dscr: float, committed: npt.ArrayLike) -> Floats:
    if not target_dscr > 0:
        message = _("The target coverage ratio is {ratio}; it must be above zero. Lenders ask for more than 1.")
        raise AssumptionError(message.format(ratio=target_dscr))
    cash = np.asarray(available, dtype=np.float64)
    return np.asarray(np.maximum(cash / target_dscr - np.asarray(committed, dtype=np.float64), 0.0))


def _check_terms(interest_rate: float, tenor_yr: int, grace_yr: int) -> None:
    check_rate(interest_rate, "interest_rate")
    if not 0 <= grace_yr < tenor_yr:
        message = _("A loan over {tenor} years cannot have {grace} years of grace; at least one year must repay it.")
        raise AssumptionError(message.format(tenor=tenor_yr, grace=grace_yr))
