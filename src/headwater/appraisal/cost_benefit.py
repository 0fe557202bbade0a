"""Cost and benefit of options over their life: net present value, ratio, rate of return, payback.

Takes tables of options and effects. What has no value in money is not appraised here, and not counted as nothing: the
measures that need it stay blank.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from headwater.appraisal.benefits import annual_benefits, benefit_profile
from headwater.appraisal.cash_flow import Floats, discount_factors, payback, rate_of_return
from headwater.appraisal.costs import cost_schedule, start_years
from headwater.schema import load_schema
from headwater.words import _


def appraise(
    options: pd.DataFrame,
    effects: pd.DataFrame,
    *,
    base_year: int,
    horizon_year: int,
    discount_rate: float,
    annual_growth: float = 0.0,
    start_year: int | pd.Series | None = None,
    benefit_items: Sequence[str] = ("ead_usd_per_yr",),
) -> pd.DataFrame:
    """Appraisal of every option that has a known investment.

    Costs follow `cost_schedule`; the yearly benefit begins the year after the investment and runs to the horizon. The
    base year is not discounted. All money is real, of the study's price year. Low and high come from the low and high
    benefits with the same costs. An option without a benefit in money keeps its cost and has blanks elsewhere, as does
    the ratio of an option that costs nothing.

    Parameters
    ----------
    options
        Table `options`. Those with a blank investment are left out, because their cost is not known.
    effects
        Table `effects`.
    base_year, horizon_year
        First and last year counted.
    discount_rate
        Real discount rate [1/yr], above -1.
    annual_growth
        Real growth of the benefits from the base year on [1/yr], above -1.
    start_year
        Year of the investment: one for all, or a Series by option_id; the base year by default.
    benefit_items
        Effects that are benefits in money, in USD/yr.

    Returns
    -------
    appraisals
        Table `appraisals`, sorted by option_id. `payback_yr` counts from the start year; `err` is blank unless the rate
        of return is unique, and `err_note` says why.

    Raises
    ------
    TableError
        If the costs or the effects break their schemas.
    UnitError
        If a benefit is not in USD/yr.
    AssumptionError
        If a rate is -100 % or below, or a start year is outside the horizon.

    Examples
    --------
    >>> drain = pd.DataFrame({"option_id": ["drain"], "initial_cost_usd": [100.0]})
    >>> saved = pd.DataFrame(
    ...     {"option_id": ["drain"], "item": ["ead_usd_per_yr"], "unit": ["USD/yr"], "amount": [125.0]}
    ... )
    >>> table = appraise(drain, saved, base_year=2025, horizon_year=2026, discount_rate=0.25)
    >>> table.loc[0, ["npv_usd", "bcr", "err"]].astype(float).round(6).tolist()  # 125 / 1.25 - 100
    [0.0, 1.0, 0.25]
    """
    priced = options[options["initial_cost_usd"].notna()].sort_values("option_id")
    period = {"base_year": base_year, "horizon_year": horizon_year}
    costs = cost_schedule(priced, **period, start_year=start_year)
    start = start_years(costs.index, start_year, base_year, horizon_year)
    benefit = annual_benefits(effects, items=benefit_items).reindex(costs.index)
    profile = benefit_profile(start, **period, annual_growth=annual_growth)

    factors = discount_factors(costs.shape[1], discount_rate=discount_rate)
    cost_pv = costs.to_numpy() @ factors
    annuity = profile @ factors
    values = {c: benefit[f"amount{c}"].to_numpy() * annuity for c in ("", "_low", "_high")}
    net = benefit["amount"].to_numpy()[:, None] * profile - costs.to_numpy()
    rate, note = rate_of_return(net)
    table = pd.DataFrame(
        {
            "option_id": costs.index.astype("str"),
            "initial_cost_usd": priced["initial_cost_usd"].to_numpy(dtype=np.float64),
            "cost_pv_usd": cost_pv,
            "benefit_pv_usd": values[""],
            **{f"npv_usd{c}": value - cost_pv for c, value in values.items()},
            **{f"bcr{c}": _ratio(value, cost_pv) for c, value in values.items()},
            "err": rate,
            "err_note": pd.Series(note, dtype="str").replace("", None),
            "payback_yr": np.where(np.isnan(values[""]), np.nan, payback(net) - (start - base_year)),
        }
    )
    return table[load_schema("appraisals").index.tolist()]


def switching_values(appraisals: pd.DataFrame) -> pd.DataFrame:
    """What would have to change for each option to break even.

    Parameters
    ----------
    appraisals
        Table `appraisals`.

    Returns
    -------
    switching
        Frame indexed by option_id: `break_even_discount_rate` [1/yr], the rate of return; and
        `break_even_benefit_factor` [1], the factor on the benefits at which they just cover the costs: below 1 they
        may shrink to it, above 1 they would have to grow to it. Blank where there are no benefits above zero.

    Examples
    --------
    >>> wall = pd.DataFrame(
    ...     {"option_id": ["wall"], "cost_pv_usd": [100.0], "benefit_pv_usd": [400.0], "err": [0.3]}
    ... )
    >>> switching_values(wall).loc["wall"].tolist()
    [0.3, 0.25]
    """
    gains = appraisals["benefit_pv_usd"].where(appraisals["benefit_pv_usd"] > 0)
    return pd.DataFrame(
        {
            "option_id": appraisals["option_id"],
            "break_even_discount_rate": appraisals["err"],
            "break_even_benefit_factor": appraisals["cost_pv_usd"] / gains,
        }
    ).set_index("option_id")


def conventions() -> dict[str, str]:
    """The conventions behind every figure of money, in words, to print beside them."""
    return {
        "discounting": _("The base year is not discounted; money is real, of one price year."),
        "benefits": _("Benefits begin the year after the investment and run to the horizon, which is included."),
        "maintenance": _(
            "Routine maintenance runs to the last year; periodic maintenance and renewal are not paid in the last year."
        ),
        "residual": _("Nothing is credited for what is left of an option at the horizon."),
        "bounds": _("Low and high come from the low and high benefits with the same costs."),
    }


def _ratio(benefit: Floats, cost: Floats) -> Floats:
    return np.divide(benefit, cost, out=np.full_like(cost, np.nan), where=cost > 0)
