"""Cost and benefit of options over their life: net present value, ratio, rates of return, payback, break-even.

Takes whole-life money line by line. What has no value in money is not appraised here, and not counted as nothing: the
measures that need it stay blank.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from headwater.appraisal.cash_flow import NEGLIGIBLE, Floats, discount_factors, payback, rate_of_return
from headwater.appraisal.costs import start_years as checked_starts
from headwater.appraisal.flows import Flows, by_option, has_benefit
from headwater.appraisal.lines import benefits_by_option, case_lines
from headwater.appraisal.parties import COSTS
from headwater.appraisal.timing import distinct, profiles
from headwater.errors import AssumptionError
from headwater.frames import with_columns
from headwater.schema import load_schema
from headwater.words import _


def appraise(
    flows: Flows, *, discount_rate: float, effects: pd.DataFrame | None = None, levelised_item: str | None = None
) -> pd.DataFrame:
    """Appraisal of every option that has whole-life money.

    Costs are the lines `parties.COSTS`, whatever their sign; every other line is a benefit. The economic measures take
    all lines at economic prices, the financial ones the cash alone. Low takes every line at its worse bound, high at
    its better one. An option without a benefit in money keeps its cost and has blanks elsewhere, as does the ratio of
    an option that costs nothing; one without cash income has no financial measures. `initial_cost_usd` is the
    investment of table `options`; flows booked under capital are in the costs, not in it.

    Parameters
    ----------
    flows
        From `whole_life`.
    discount_rate
        Real discount rate [1/yr], above -1.
    effects
        Table `effects`; needed for the levelised cost.
    levelised_item
        Effect that the levelised cost is per unit of: present value of costs over that of the units gained in the years
        of service. Of an effect that is not per year the units are counted once for each year in which they last.

    Returns
    -------
    appraisals
        Table `appraisals`, sorted by option_id. `payback_yr` counts from the start year; `err` and `frr` are blank
        unless the rate of return is unique, and their notes say why.

    Raises
    ------
    AssumptionError
        If the rate is -100 % or below, or a levelised cost is asked for without effects.

    Examples
    --------
    >>> drain = pd.DataFrame({"option_id": ["drain"], "initial_cost_usd": [100.0]})
    >>> saved = pd.DataFrame(
    ...     {"option_id": ["drain"], "item": ["ead_usd_per_yr"], "unit": ["USD/yr"], "amount": [125.0]}
    ... )
    >>> from headwater.appraisal.flows import whole_life
    >>> nothing = {name: pd.DataFrame(columns=load_schema(name).index) for name in ("flows", "unit_values")}
    >>> case = whole_life(drain, saved, **nothing, base_year=2025, horizon_year=2026)
    >>> table = appraise(case, discount_rate=0.25)
    >>> table.loc[0, ["npv_usd", "bcr", "err"]].astype(float).round(6).tolist()  # 125 / 1.25 - 100
    [0.0, 1.0, 0.25]
    """
    if levelised_item is not None and effects is None:
        raise AssumptionError(_("A levelised cost is per unit of an effect; hand in the effects."))
    factors = discount_factors(flows.money.shape[1], discount_rate=discount_rate)
    economic = _economic(flows, factors)
    own = flows.rows["origin"].eq("initial_cost_usd") & flows.rows["item"].eq("capital")
    invested = _by_option(flows, np.where(own, 0.0 - flows.cash.sum(axis=1), 0.0))
    levelised = _levelised(effects, levelised_item, economic["cost_pv_usd"], flows, factors)
    table = pd.DataFrame(
        {
            "option_id": pd.Series(_starts(flows).index, dtype="str"),
            "initial_cost_usd": invested,
            **economic,
            **_financial(flows, factors),
            "levelised_item": pd.Series(levelised_item, index=range(len(invested)), dtype="str"),
            "levelised_cost_usd_per_unit": levelised,
        }
    )
    return table[load_schema("appraisals").index.tolist()]


def values_by_start(
    options: pd.DataFrame,
    effects: pd.DataFrame,
    flows: pd.DataFrame,
    unit_values: pd.DataFrame,
    *,
    start_years: Sequence[int],
    base_year: int,
    horizon_year: int,
    discount_rate: float,
    benefit_growth: float = 0.0,
    factors: Mapping[str, float] | None = None,
    bound: str = "",
) -> pd.DataFrame:
    """Net present value in the base year of every option by the year it starts in.

    The same as `appraise` gives for each start year, without laying every line out over the years.

    Parameters
    ----------
    options, effects, flows, unit_values, base_year, horizon_year, benefit_growth
        As in `whole_life`.
    start_years
        Years to start in.
    discount_rate
        Real discount rate [1/yr].
    factors
        Factor on lines of the business case, by line; 1 for the others.
    bound
        "low" or "high" for the worse or better bound of every line, "" for the lines as they are.

    Returns
    -------
    npv
        Frame [USD], a row per option_id in sorted order, a column per start year; blank without a benefit in money in
        any of them.

    Raises
    ------
    AssumptionError
        If a rate is -100 % or below, or a start year outside the horizon.

    Examples
    --------
    >>> drain = pd.DataFrame({"option_id": ["drain"], "initial_cost_usd": [100.0]})
    >>> saved = pd.DataFrame(
    ...     {"option_id": ["drain"], "item": ["ead_usd_per_yr"], "unit": ["USD/yr"], "amount": [75.0]}
    ... )
    >>> nothing = [pd.DataFrame(columns=load_schema(name).index) for name in ("flows", "unit_values")]
    >>> values_by_start(
    ...     drain, saved, *nothing, start_years=[2025, 2026], base_year=2025, horizon_year=2027, discount_rate=0.0
    ... ).loc["drain"].tolist()
    [50.0, -25.0]
    """
    lines = case_lines(options, effects, flows, unit_values, benefit_growth=benefit_growth)
    worth = discount_factors(horizon_year - base_year + 1, discount_rate=discount_rate)
    patterns, which = distinct(lines.timing)
    number, ids = pd.factorize(lines.rows["option_id"], sort=True)
    scale = lines.rows["item"].map(dict(factors or {})).astype("float64").fillna(1.0).to_numpy(np.float64)
    amounts = lines.amounts[("", "low", "high").index(bound)] * scale
    falls, columns = np.zeros(len(patterns), dtype=bool), {}
    for year in start_years:
        start = checked_starts(pd.Index(patterns.index), year, base_year, horizon_year)
        profile = profiles(patterns, start, base_year=base_year, horizon_year=horizon_year)
        falls |= profile.any(axis=1)
        each = amounts * (profile @ worth)[which]
        columns[year] = np.bincount(number, weights=each, minlength=len(ids))
    table = pd.DataFrame(columns, index=pd.Index(ids, name="option_id")).rename_axis(columns="start_year")
    valued = benefits_by_option(lines.rows, falls[which] & (lines.amounts[0] > 0))
    return table[valued.reindex(table.index)].reindex(table.index)


def compare_approaches(appraisals: pd.DataFrame, options: pd.DataFrame) -> pd.DataFrame:
    """Nature-based, grey and hybrid options side by side over the same years.

    Parameters
    ----------
    appraisals
        Table `appraisals`.
    options
        Table `options`. Those that state no approach are left out.

    Returns
    -------
    approaches
        Frame indexed by approach: how many options, how many of them are valued (have a benefit in money) and paying
        (are worth more than they cost); cost_pv_usd, benefit_pv_usd and npv_usd [USD] and bcr [1] of the valued ones
        together. What is not valued is in no sum, so that costs and benefits are of the same options.

    Examples
    --------
    >>> worth = {"cost_pv_usd": [10.0, 90.0], "benefit_pv_usd": [40.0, 45.0], "npv_usd": [30.0, -45.0]}
    >>> table = pd.DataFrame({"option_id": ["reef", "wall"], **worth})
    >>> kinds = pd.DataFrame({"option_id": ["reef", "wall"], "approach": ["nature", "grey"]})
    >>> compare_approaches(table, kinds)["bcr"].to_dict()
    {'grey': 0.5, 'nature': 4.0}
    """
    kinds = with_columns(options, ["option_id", "approach"]).dropna()
    table = appraisals.merge(kinds, on="option_id").assign(options=1)
    money = ["cost_pv_usd", "benefit_pv_usd", "npv_usd"]
    table[money] = table[money].where(table["npv_usd"].notna())
    table = table.assign(valued=table["npv_usd"].notna(), paying=table["npv_usd"] > 0)
    grouped = table.groupby("approach")
    sums = grouped[["options", "valued", "paying"]].sum().join(grouped[money].sum(min_count=1))
    ratio = _ratio(sums["benefit_pv_usd"].to_numpy(np.float64), sums["cost_pv_usd"].to_numpy(np.float64))
    return sums.assign(bcr=ratio)


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
        "residual": _("What is left of an option at the horizon is credited only where a flow of the study says so."),
        "bounds": _("Low and high take every line at its worse and its better bound."),
    }


def _economic(flows: Flows, factors: Floats) -> dict[str, Floats | pd.Series]:
    """Columns of the economic measures; blank but for the costs where an option has no benefit in money."""
    is_cost = flows.rows["item"].isin(COSTS).to_numpy(bool)
    start = _starts(flows)
    valued = has_benefit(flows).reindex(start.index).to_numpy(bool)
    worth = {name: array @ factors for name, array in (("", flows.money), ("_low", flows.low), ("_high", flows.high))}
    cost = {bound: _by_option(flows, np.where(is_cost, 0.0 - value, 0.0)) for bound, value in worth.items()}
    brought = {bound: _by_option(flows, np.where(is_cost, 0.0, value)) for bound, value in worth.items()}
    benefit = {bound: np.where(valued, value, np.nan) for bound, value in brought.items()}
    net = by_option(flows, flows.money).to_numpy(np.float64, copy=True)
    net[~valued] = np.nan
    rate, note = rate_of_return(net)
    covers = (benefit[""] > NEGLIGIBLE * cost[""]) & (benefit[""] > 0)
    gains = np.where(covers, benefit[""], np.nan)
    return {
        "cost_pv_usd": cost[""],
        "benefit_pv_usd": benefit[""],
        **{f"npv_usd{bound}": benefit[bound] - cost[bound] for bound in benefit},
        **{f"bcr{bound}": _ratio(benefit[bound], cost[bound]) for bound in benefit},
        "err": rate,
        "err_note": _blank(note),
        "payback_yr": np.where(valued, payback(net) - (start.to_numpy(np.float64) - flows.base_year), np.nan),
        "break_even_benefit_factor": np.where(cost[""] >= 0, cost[""] / gains, np.nan),
        "break_even_cost_factor": _ratio(gains, cost[""]),
    }


def _financial(flows: Flows, factors: Floats) -> dict[str, Floats | pd.Series]:
    """Columns of the financial measures; blank where an option receives nothing."""
    receives = ~flows.rows["item"].isin(COSTS).to_numpy(bool) & (flows.cash != 0).any(axis=1)
    cash = by_option(flows, flows.cash).to_numpy(np.float64, copy=True)
    cash[_by_option(flows, receives.astype(np.float64)) == 0] = np.nan
    rate, note = rate_of_return(cash)
    return {"financial_npv_usd": cash @ factors, "frr": rate, "frr_note": _blank(note)}


def _starts(flows: Flows) -> pd.Series:
    """Start year of every option, indexed by sorted option_id."""
    return flows.rows.groupby("option_id", sort=True)["start_year"].first()


def _by_option(flows: Flows, worth: Floats) -> Floats:
    """Sums of a value per line, in the order of `_starts`."""
    number, ids = pd.factorize(flows.rows["option_id"], sort=True)
    return np.asarray(np.bincount(number, weights=worth, minlength=len(ids)), dtype=np.float64)


def _levelised(
    effects: pd.DataFrame | None, item: str | None, cost: Floats | pd.Series, flows: Flows, factors: Floats
) -> Floats:
    """Present value of costs per present value of units gained; missing where nothing is gained."""
    start = _starts(flows)
    if item is None or effects is None:
        return np.full(len(start), np.nan)
    gains = effects[effects["item"] == item].set_index("option_id")["amount"].reindex(start.index).to_numpy(np.float64)
    served = np.asarray(flows.years)[None, :] > start.to_numpy(np.int64)[:, None]
    units = gains * (served @ factors)
    return np.asarray(np.divide(cost, units, out=np.full(len(start), np.nan), where=units > 0), dtype=np.float64)


def _blank(note: np.ndarray) -> pd.Series:
    return pd.Series(note, dtype="str").replace("", None)


def _ratio(benefit: Floats, cost: Floats) -> Floats:
    return np.divide(benefit, cost, out=np.full_like(cost, np.nan), where=cost > 0)
