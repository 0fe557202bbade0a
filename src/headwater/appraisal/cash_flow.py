"""Arithmetic of money over time, on arrays whose last axis is years from year 0.

Year 0 is not discounted. Flows are in real terms (money of one price year) and positive when received. Knows nothing
of options, damages or tables.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from headwater.errors import AssumptionError
from headwater.words import _

Floats = npt.NDArray[np.float64]
Words = npt.NDArray[np.str_]

UNIQUE, NONE, SEVERAL = "unique", "none", "several"
HALVINGS = 80
"""Halvings of the unit interval after which neighbouring floating-point numbers are reached."""
NEGLIGIBLE = 1e-12
"""Part of a row's largest flow below which a sum counts as zero."""
SAME_ROOT = 1e-6
"""Relative distance, in the growth factor 1 + rate, below which two roots count as one."""


def check_rate(rate: float, name: str) -> None:
    """Raise unless a yearly rate is above -100 %.

    Raises
    ------
    AssumptionError
        If it is not, or is not a number.
    """
    if not rate > -1.0:
        message = _("{name} is {rate}; a yearly rate must be above -1 (-100 %). Write 0.05 for 5 %.")
        raise AssumptionError(message.format(name=name, rate=rate))


def discount_factors(years: int, *, discount_rate: float) -> Floats:
    """Worth in year 0 of one unit of money in each year, `(1 + rate)^-year`.

    Parameters
    ----------
    years
        Number of years, year 0 included.
    discount_rate
        Real rate [1/yr], above -1.

    Returns
    -------
    factors
        Array of length `years`; the first is 1.

    Raises
    ------
    AssumptionError
        If the rate is -100 % or below.

    Examples
    --------
    >>> discount_factors(3, discount_rate=0.25).tolist()
    [1.0, 0.8, 0.64]
    """
    check_rate(discount_rate, "discount_rate")
    return np.asarray((1.0 + discount_rate) ** -np.arange(years, dtype=np.float64))


def present_value(flows: npt.ArrayLike, *, discount_rate: float) -> Floats:
    """Worth in year 0 of flows over the years; of net flows, their net present value.

    Parameters
    ----------
    flows
        Money by year, last axis year 0 onward.
    discount_rate
        Real rate [1/yr], above -1.

    Returns
    -------
    value
        In the money of the flows, without their last axis.

    Raises
    ------
    AssumptionError
        If the rate is -100 % or below.

    Examples
    --------
    >>> float(present_value([-100, 0, 150], discount_rate=0.25).round(6))  # 150 / 1.25² = 96
    -4.0
    """
    money = np.asarray(flows, dtype=np.float64)
    return np.asarray(money @ discount_factors(money.shape[-1], discount_rate=discount_rate))


def profitability_index(flows: npt.ArrayLike, *, discount_rate: float) -> Floats:
    """Net present value per unit of money spent in year 0.

    Raises
    ------
    AssumptionError
        If the rate is -100 % or below.

    Examples
    --------
    >>> float(profitability_index([-100, 150], discount_rate=0.25).round(6))
    0.2
    """
    money = np.asarray(flows, dtype=np.float64)
    return np.asarray(present_value(money, discount_rate=discount_rate) / -money[..., 0])


def payback(flows: npt.ArrayLike) -> Floats:
    """First year by which the flows so far, undiscounted, no longer sum to a loss.

    Parameters
    ----------
    flows
        Money by year, shape (n, years).

    Returns
    -------
    year
        Year counted from year 0, per row; NaN where that never happens, or nothing ever flows.

    Examples
    --------
    >>> payback([[-100, 40, 40, 40], [-100, 40, 40, 10]]).tolist()
    [3.0, nan]
    """
    money = np.atleast_2d(np.asarray(flows, dtype=np.float64))
    begun = np.cumsum(money != 0, axis=1) > 0
    paid = begun & (np.cumsum(money, axis=1) >= -NEGLIGIBLE * _largest(money))
    return np.where(paid.any(axis=1), paid.argmax(axis=1).astype(np.float64), np.nan)


def rate_of_return(flows: npt.ArrayLike) -> tuple[Floats, Words]:
    """Rates at which the flows are worth nothing in year 0, where there is exactly one.

    With x = 1 / (1 + rate) the net present value is a polynomial p(x), and every positive root is a rate above
    -100 %. How many there can be follows from signs (Descartes' rule, for the series of p(x) / (1 - x)): for rates
    above zero at most the sign changes in the running sums of the flows, for rates below zero at most the sign
    changes in the running sums from the last year back, and zero itself when the flows sum to nothing. Where that
    makes one, it is found by halving; where it makes more, all roots of the polynomial are computed and the real
    positive ones counted.

    Parameters
    ----------
    flows
        Money by year, shape (n, years).

    Returns
    -------
    rate
        Rate [1/yr] per row; NaN unless it is the only one.
    note
        "unique", "none" or "several" per row; "" where a flow is missing.

    Source
    ------
    Norstrøm (1972), A sufficient condition for a unique nonnegative internal rate of return, Journal of Financial and
    Quantitative Analysis 7(3), 1835-1839. doi:10.2307/2329806

    Examples
    --------
    >>> rate, note = rate_of_return([[-100, 110, 0], [-100, -10, 0], [-100, 230, -132]])
    >>> rate.round(6).tolist(), note.tolist()  # the third is worth nothing at 10 % and at 20 %
    ([0.1, nan, nan], ['unique', 'none', 'several'])
    """
    money = np.atleast_2d(np.asarray(flows, dtype=np.float64))
    known = np.asarray(np.isfinite(money).all(axis=1))
    scaled = np.where(known[:, None], money, 0.0)
    scaled = scaled / np.where(_largest(scaled) > 0, _largest(scaled), 1.0)
    above, below = _sign_changes(np.cumsum(scaled, axis=1)), _sign_changes(np.cumsum(scaled[:, ::-1], axis=1))
    level = np.logical_and(np.abs(scaled.sum(axis=1)) <= NEGLIGIBLE, (scaled != 0).any(axis=1))
    bound = np.asarray(above + below + level, dtype=np.int64)

    rate = np.where(level, 0.0, np.nan)
    one = (bound == 1) & ~level
    rate[one] = _single_rates(scaled[one], above[one] == 1)
    note = np.select([~known, bound == 0, bound == 1], ["", NONE, UNIQUE], SEVERAL).astype("<U7")
    for row in np.flatnonzero(bound > 1):
        rates = _all_rates(scaled[row])
        rate[row] = rates[0] if len(rates) == 1 else np.nan
        note[row] = (NONE, UNIQUE, SEVERAL)[min(len(rates), 2)]
    return rate, note


def _largest(money: Floats) -> Floats:
    return np.asarray(np.abs(money).max(axis=1, keepdims=True, initial=0.0))


def _sign_changes(sums: Floats) -> npt.NDArray[np.int64]:
    """Changes of sign along each row, zeros passed over."""
    signs = np.where(np.abs(sums) <= NEGLIGIBLE, 0, np.sign(sums)).astype(np.int8)
    last = np.where(signs != 0, np.arange(signs.shape[1]), -1)
    last = np.maximum.accumulate(last, axis=1)
    carried = np.where(last >= 0, np.take_along_axis(signs, np.maximum(last, 0), axis=1), 0)
    return np.asarray((carried[:, 1:] * carried[:, :-1] == -1).sum(axis=1), dtype=np.int64)


def _single_rates(money: Floats, is_above_zero: npt.NDArray[np.bool_]) -> Floats:
    """The only rate of each row, found between 0 and infinity, or between -1 and 0 with time run backwards."""
    forward = np.where(is_above_zero[:, None], money, money[:, ::-1])
    first = np.take_along_axis(forward, (forward != 0).argmax(axis=1)[:, None], axis=1)[:, 0]
    low, high = np.zeros(len(money)), np.ones(len(money))
    for _halving in range(HALVINGS):
        middle = (low + high) / 2
        before = _value(forward, middle) * np.sign(first) > 0
        low, high = np.where(before, middle, low), np.where(before, high, middle)
    root = (low + high) / 2
    return np.where(is_above_zero, 1.0 / np.maximum(root, np.finfo(np.float64).tiny) - 1.0, root - 1.0)


def _value(money: Floats, x: Floats) -> Floats:
    """The polynomial of each row at its x, by Horner's rule, divided by the power of x its first flow brings."""
    value = np.zeros(len(money))
    begun = np.cumsum(money != 0, axis=1) > 0
    for year in range(money.shape[1] - 1, -1, -1):
        value = np.where(begun[:, year], value * x + money[:, year], value)
    return value


def _all_rates(money: Floats) -> list[float]:
    """Every distinct rate above -100 % at which one row of flows is worth nothing, rising."""
    begun = np.trim_zeros(money)
    growth = np.roots(begun)
    real = np.sort(growth.real[(np.abs(growth.imag) <= SAME_ROOT * np.abs(growth)) & (growth.real > 0)])
    apart = np.diff(real, prepend=-np.inf) > SAME_ROOT * real
    return [float(g) - 1.0 for g in real[apart]]
