"""What it is worth to wait and see: to decide on an investment after the uncertain is known, not before.

Takes net present values draw by draw; does not know what they are of.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from headwater.appraisal.cash_flow import Floats
from headwater.errors import AssumptionError, InputError
from headwater.words import _


@dataclass(frozen=True)
class Waiting:
    """Deciding now against deciding later.

    Attributes
    ----------
    now_usd
        Expected worth of deciding now: investing if the mean is above zero, else nothing.
    later_usd
        Expected worth of deciding once the uncertain is known: investing in those draws only where it pays.
    value_usd
        later_usd less now_usd. Below zero, waiting costs more than it teaches.
    invest_share
        Probability that the investment is made when decided later.
    """

    now_usd: float
    later_usd: float
    value_usd: float
    invest_share: float


def value_of_waiting(
    npv_now: npt.ArrayLike, npv_later: npt.ArrayLike, *, probability: npt.ArrayLike | None = None
) -> Waiting:
    """Expected worth of deciding after the uncertain is known, less that of deciding now.

    E[max(later, 0)] − max(E[now], 0). Two assumptions make it an upper bound of what waiting is worth: that everything
    uncertain is known for sure by then, and that the chance to invest is still there. Benefits of the years of waiting
    are lost, and are missing from `npv_later`; so is what failure to act does meanwhile, if the case counts it.

    Parameters
    ----------
    npv_now
        Net present value [USD] of starting now, one per draw.
    npv_later
        Net present value of starting after the wait, in the same draws and in base-year money: discounted to the same
        year 0, and counted to the same horizon.
    probability
        Probability of each draw; all alike by default.

    Returns
    -------
    waiting
        Worth of either way of deciding, and their difference.

    Raises
    ------
    InputError
        If the draws do not match, or a value is missing or not finite.
    AssumptionError
        If the probabilities are not between 0 and 1, or do not add up to 1.

    Source
    ------
    Dixit and Pindyck (1994), Investment under Uncertainty, chapter 2: a factory that costs 1600 and sells one widget a
    year, at 200 now and from next year at 300 or 100 for ever, either as likely, at 10 %. Investing now is worth 600;
    waiting a year and investing at 300 only is worth 773.

    Examples
    --------
    >>> waiting = value_of_waiting([-1600 + 200 + 3000, -1600 + 200 + 1000], [-1600 / 1.1 + 3000, -1600 / 1.1 + 1000])
    >>> round(waiting.now_usd), round(waiting.later_usd), round(waiting.value_usd), waiting.invest_share
    (600, 773, 173, 0.5)
    """
    now, later = _draws(npv_now), _draws(npv_later)
    if len(now) != len(later) or not len(now):
        raise InputError(
            _("{now} draws now and {later} later: the same draws are needed for both, at least one.").format(
                now=len(now), later=len(later)
            )
        )
    weight = np.full(len(now), 1.0 / len(now)) if probability is None else _probabilities(probability, len(now))
    now_usd, later_usd = max(float(weight @ now), 0.0), float(weight @ np.maximum(later, 0.0))
    return Waiting(now_usd, later_usd, later_usd - now_usd, float(weight @ (later > 0)))


def delayed(money: npt.ArrayLike, *, wait_years: int) -> Floats:
    """Money of the same case begun some years later, counted to the same horizon.

    Flows move as they are; what would fall after the horizon is not counted. Right for flows that follow the start,
    such as costs; flows that follow the calendar, such as benefits that grow from the base year, are better made again
    with the later start.

    Raises
    ------
    AssumptionError
        If the years of waiting are negative.

    Examples
    --------
    >>> delayed([[-100.0, 60.0, 60.0]], wait_years=1).tolist()
    [[0.0, -100.0, 60.0]]
    """
    lines = np.atleast_2d(np.asarray(money, dtype=np.float64))
    if wait_years < 0:
        raise AssumptionError(_("{years} years of waiting: write 0 or more.").format(years=wait_years))
    years = lines.shape[1]
    moved = np.zeros_like(lines)
    moved[:, wait_years:] = lines[:, : max(years - wait_years, 0)]
    return moved


def _draws(values: npt.ArrayLike) -> Floats:
    draws = np.asarray(values, dtype=np.float64).ravel()
    if not np.isfinite(draws).all():
        raise InputError(_("A net present value among the samples is missing or not finite."))
    return draws


def _probabilities(probability: npt.ArrayLike, count: int) -> Floats:
    weight = np.asarray(probability, dtype=np.float64).ravel()
    good = len(weight) == count and bool(((weight >= 0) & (weight <= 1)).all())
    if not good or abs(float(weight.sum()) - 1.0) > 1e-9:
        raise AssumptionError(
            _(
                "The probabilities of {count} draws must be between 0 and 1 and add up to 1; these add up to {total}."
            ).format(count=count, total=float(weight.sum()))
        )
    return weight
