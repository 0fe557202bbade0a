"""Digest: a few lines of what appraisal, finance and choice found, to be printed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from headwater.words import _

Tables = Mapping[str, pd.DataFrame]
TOP = 15
MONEY = {"cost": "cost_pv_usd", "benefit": "benefit_pv_usd", "net": "npv_usd"}
"""Sums of a group of options, blank where none of them is known."""


def appraised(tables: Tables, option_id: str | None = None) -> dict[str, pd.DataFrame]:
    """The options that are worth most, or the whole-life case of one, by heading.

    Parameters
    ----------
    tables
        `appraisals`, `case_items` and `proposed_options`.
    option_id
        One option; None for the best of all.
    """
    appraisals = tables["appraisals"].merge(
        tables["proposed_options"][["option_id", "name", "approach"]], on="option_id", how="left"
    )
    if option_id is not None:
        one = appraisals[appraisals["option_id"] == option_id].drop(columns=["option_id", "name"])
        lines = tables["case_items"][tables["case_items"]["option_id"] == option_id]
        shown = lines[["item", "pays", "gains", "pv_usd", "pv_usd_low", "pv_usd_high"]]
        long = one.T.reset_index()
        long.columns = pd.Index([_("measure of worth"), _("value")])
        return {_("Lines of the case, present values"): written(shown), _("Appraisal"): written(long.dropna())}
    per_unit = "levelised_cost_usd_per_unit"
    appraisals = appraisals.assign(**{} if per_unit in appraisals else {per_unit: np.nan})
    is_valued = bool(appraisals["npv_usd"].notna().any())
    order = ["npv_usd", "option_id"] if is_valued else [per_unit, "option_id"]
    ranked = appraisals.sort_values(order, ascending=[not is_valued, True], na_position="last").head(TOP)
    best = pd.DataFrame(
        {
            _("option"): ranked["option_id"], _("cost"): ranked["cost_pv_usd"], _("benefit"): ranked["benefit_pv_usd"],
            _("net present value"): ranked["npv_usd"], _("ratio"): ranked["bcr"].round(2),
            _("rate of return"): ranked["err"].round(3),
            _("breaks even at benefits times"): ranked["break_even_benefit_factor"].round(2),
        }
    )  # fmt: skip
    if appraisals[per_unit].notna().any():
        best[_("cost of a unit of the objective")] = ranked[per_unit]
    found = {_("Options that are worth most, in present values"): written(best)}
    if appraisals["approach"].notna().any():
        found[_("Nature, grey and hybrid over the same years")] = written(_by_approach(appraisals))
    return found


def _by_approach(appraisals: pd.DataFrame) -> pd.DataFrame:
    known = {name: pd.NamedAgg(column, lambda money: money.sum(min_count=1)) for name, column in MONEY.items()}
    grouped = appraisals.groupby("approach", as_index=False).agg(
        options=("option_id", "size"), **known, paying=("npv_usd", lambda npv: int((npv > 0).sum()))
    )  # fmt: skip
    names = [_("approach"), _("options"), _("cost"), _("benefit"), _("net present value"), _("options that pay")]
    return grouped.set_axis(names, axis=1)


def financed(tables: Tables, plan_id: str | None = None) -> dict[str, pd.DataFrame]:
    """How plans are paid for and who bears what, by heading."""
    summaries, risks, modes = (
        _of_plan(tables[name], plan_id) for name in ("finance_summaries", "risk_allocation", "delivery_comparison")
    )
    columns = ["plan_id", "investment_usd", "funded_usd", "gap_usd", "weighted_rate", "dscr_min", "llcr",
               "fiscal_pv_usd", "contingent_usd"]  # fmt: skip
    found = {_("How the plans are paid for"): written(summaries[columns])}
    if len(risks):
        shown = risks[["plan_id", "risk_id", "party_now", "party", "expected_cost_usd", "allocated_cost_usd"]]
        found[_("Risks, who bears them now and who could bear them best")] = written(shown)
    if len(modes):
        found[_("Ways of delivery, present cost to government with risk")] = written(
            modes[["plan_id", "mode_id", "total_usd", "retained_risk_usd", "saving_share"]]
        )
    return found


def optimised(tables: Tables) -> dict[str, pd.DataFrame]:
    """The plans, what the models say of them, the front and what holds in every future, by heading."""
    summaries, checks = tables["plan_summaries"], tables["plan_checks"]
    found = {
        _("Plans"): written(
            summaries[
                ["plan_id", "budget_usd", "spent_usd", "options", "objective", "objective_value", "gap", "rounds"]
            ]
        )
    }
    if len(checks):
        found[_("The optimiser's sum and the models run on the whole plan")] = written(
            checks[["plan_id", "item", "sum_of_options", "optimiser", "whole_plan", "disagreement"]]
        )
    if len(tables["front"]):
        found[_("The front: plans of which none is better in everything")] = written(front_rows(tables["front"]))
    if len(tables["robustness"]):
        wide = tables["robustness"].pivot(index="rule", columns="future_id", values="regret").reset_index()
        found[_("What each plan would regret in each future")] = written(wide)
        options = tables["robust_options"]
        counts = options.groupby("class")["option_id"].size().rename(_("options")).reset_index()
        found[_("Options by how many futures choose them")] = counts
    return found


def front_rows(front: pd.DataFrame) -> pd.DataFrame:
    """The front with a column per objective, and a mark at the knees."""
    wide = front.pivot(index="point_id", columns="item", values="value")
    knees = front.groupby("point_id")["is_knee"].first()
    wide = wide.assign(**{_("knee"): np.where(knees.reindex(wide.index), "*", "")})
    return wide.reset_index().rename(columns={"point_id": _("point")}).rename_axis(columns=None)


def _of_plan(table: pd.DataFrame, plan_id: str | None) -> pd.DataFrame:
    return table if plan_id is None else table[table["plan_id"] == plan_id]


def written(table: pd.DataFrame) -> pd.DataFrame:
    """Numbers as people read them, blanks as dashes."""
    return table.map(_number)


def _number(value: object) -> object:
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return "–"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.4g}"
    return value
