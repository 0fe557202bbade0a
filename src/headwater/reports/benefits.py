"""What the benefits of plans rest on: what has no value in money, the values of what has, jobs, and goals served.

Shows the study's own tables `unit_values`, `flows`, `jobs` and `sdg_contributions`. Adds up effects of a plan's
options; never adds up numbers of jobs, which are different answers to one question.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from headwater.reports.certainty import floats, source_titles, with_basis
from headwater.reports.content import Html, ReportContent, empty_note
from headwater.reports.labels import item, sector, unit
from headwater.reports.money_labels import goal, headline, line_name, party, sourced
from headwater.reports.numbers import is_missing, number, percent, rounded
from headwater.reports.plan import option_names, plan_name
from headwater.reports.tables import Column, folded, html_table, money_column
from headwater.words import _, language

DAMAGE = "ead_usd_per_yr"
"""The one effect that is money by itself."""

BASES = 3
"""Reasons that are listed for each goal."""


def unpriced_blocks(content: ReportContent, plan_id: str) -> list[Any]:
    """What the plan achieves that has no value in money, and the values of what has."""
    blocks: list[Any] = []
    effects, plans = floats(content.table("effects")), content.table("plans")
    values = content.table("unit_values")
    priced = {DAMAGE, *(values["item"] if len(values) else [])}
    if len(effects) and len(plans):
        chosen = plans.loc[plans["plan_id"] == plan_id, "option_id"]
        mine = effects[effects["option_id"].isin(chosen) & ~effects["item"].isin(priced)]
        if len(mine):
            blocks.append(unpriced_table(content, mine, plan_id))
    return [*blocks, *value_blocks(content, values), *stated_flows(content)]


def unpriced_table(content: ReportContent, effects: pd.DataFrame, plan_id: str) -> Html:
    """Effects of a plan that stay out of its money, added up over its options."""
    rows = effects.groupby(["item", "unit"])[["amount"]].sum(min_count=1).reset_index()
    checks = content.table("plan_checks")
    if len(checks):
        whole = checks[checks["plan_id"] == plan_id].set_index("item")["whole_plan"]
        rows["whole"] = rows["item"].map(whole)
    moved = rows.drop(columns=["item", "unit"]).fillna(0.0).ne(0).any(axis=1)
    rows = rows[moved] if moved.any() else rows
    columns = [
        Column("item", _("What the plan achieves"), lambda code: headline(item(code))),
        Column("unit", _("Unit"), unit),
        Column("amount", _("Sum of its options, each alone"), rounded, is_number=True),
    ]
    if "whole" in rows and rows["whole"].notna().any():
        columns.append(Column("whole", _("The models run on the whole plan"), rounded, is_number=True))
    note = _("These have no value in money in this study. They are left out of the money, and do not count as nothing.")
    caption = _("Not in money: the plan “{plan}”").format(plan=plan_name(content, plan_id))
    return Html(html_table(rows.sort_values("item"), columns, caption=caption), note)


def value_blocks(content: ReportContent, values: pd.DataFrame) -> list[Any]:
    """What one unit of each effect is worth, who says so, and what to know about it."""
    if values.empty:
        why = _("Only avoided damage is counted in money: the study gives no other effect a value.")
        return [empty_note(why, _("Add unit_values.csv."))]
    titles = source_titles(content)
    rows = values.assign(
        name=[headline(item(code)) for code in values["item"]],
        source=with_basis(values, titles),
    )
    currency = content.header.currency
    columns = [
        Column("name", _("Effect")),
        Column("unit", _("Unit"), unit),
        money_column("usd_per_unit", _("Value of one unit"), currency),
        money_column("usd_per_unit_low", _("Low"), currency),
        money_column("usd_per_unit_high", _("High"), currency),
        Column("annual_growth", _("Growth a year"), percent, is_number=True),
        Column("benefit", _("Counted as"), line_name),
        Column("gains", _("Who gains"), party),
    ]
    known = [
        Column("name", _("Effect")),
        Column("source", _("Source, and what to know"), sourced, is_long=True),
    ]
    note = _("Avoided damage needs no value: it is money already.")
    return [
        Html(html_table(rows, columns, caption=_("What effects are worth in money")), note),
        Html(html_table(rows, known, caption=_("Where those values come from"))),
    ]


def stated_flows(content: ReportContent) -> list[Html]:
    """Money that the study states beside costs and effects, folded away; what several measures share in one row."""
    flows = content.table("flows")
    if flows.empty:
        return []
    measures, options, titles = content.table("measures"), content.table("options"), source_titles(content)
    names: dict[Any, str] = {}
    for table, key in ((measures, "measure_id"), (options, "option_id")):
        if len(table):
            names |= option_names(table, key).to_dict()
    owner = flows.reindex(columns=["measure_id", "option_id"])
    rows = flows.assign(
        owner=[
            names.get(key, key)
            for key in owner["measure_id"].where(owner["measure_id"].notna(), owner["option_id"]).astype(str)
        ],
        source=with_basis(flows, titles),
        ages=[
            _ages(first, last) for first, last in zip(flows["from_age_yr"], _column(flows, "to_age_yr"), strict=True)
        ],
        what=[_flow_unit(code, about) for code, about in zip(flows["unit"], _column(flows, "value_item"), strict=True)],
    )
    keys = ["item", "amount", "what", "ages", "source"]
    grouped = rows.groupby(keys, sort=False, dropna=False)[["owner"]]
    together = grouped.agg(_joined).reset_index()
    columns = [
        Column("item", _("Line"), line_name),
        Column("owner", _("Belongs to"), is_long=True),
        Column("amount", _("Amount"), number, is_number=True),
        Column("what", _("Unit")),
        Column("ages", _("Years after the start"), is_number=True),
        Column("source", _("Source, and what to know"), sourced, is_long=True),
    ]
    caption = _("Money that the study states line by line")
    return [Html(folded(caption, html_table(together, columns, caption=caption)))]


def _joined(words: pd.Series) -> str:
    return _("; ").join(words.drop_duplicates())


def _column(table: pd.DataFrame, name: str) -> pd.Series:
    return table[name] if name in table else pd.Series([None] * len(table), index=table.index, dtype=object)


def _flow_unit(code: str, about: Any) -> str:
    if code == "USD/capital":
        return _("USD per USD of investment")
    return headline(item(str(about))) if code == "unit" and isinstance(about, str) else unit(code)


def _ages(first: Any, last: Any) -> str:
    if is_missing(last):
        return _("{year} onwards").format(year=number(first))
    return number(first) if first == last else f"{number(first)}–{number(last)}"


# --- jobs and goals ---------------------------------------------------------------------------------------------


def contribution_blocks(content: ReportContent, plan_id: str) -> list[Any]:
    """Jobs of a plan, and the goals it serves."""
    return [*job_blocks(content, plan_id), *goal_blocks(content, plan_id)]


def job_blocks(content: ReportContent, plan_id: str) -> list[Any]:
    """Job-years by multiplier, one row each: alternatives, never a sum."""
    jobs = floats(content.table("jobs"))
    mine = jobs[jobs["plan_id"] == plan_id] if len(jobs) else jobs
    if mine.empty:
        why = _("No figure of jobs is given: no published multiplier holds for this place.")
        return [empty_note(why, _("Nothing is carried over from elsewhere."))]
    titles = source_titles(content)
    if language() == "zh":
        mine = mine.assign(
            **{name: mine[f"{name}_zh"].fillna(mine[name]) for name in ("kind", "coverage") if f"{name}_zh" in mine}
        )
    rows = mine.assign(source=mine["source_id"].map(lambda code: titles.get(code, code))).dropna(axis=1, how="all")
    columns = [
        Column("sector", _("Sector"), sector),
        Column("kind", _("Jobs counted")),
        money_column("usd", _("Spending"), content.header.currency),
        Column("job_years", _("Job-years"), rounded, is_number=True),
        Column("job_years_low", _("Low"), rounded, is_number=True),
        Column("job_years_high", _("High"), rounded, is_number=True),
        Column("coverage", _("What is counted, and where it holds"), is_long=True),
        Column("source", _("Source"), is_long=True),
    ]
    note = _(
        "Rows of one sector are alternatives, each by its own source: never add them up. Jobs are not a benefit in "
        "money here; many who take them would have worked elsewhere."
    )
    caption = _("Jobs from building: the plan “{plan}”").format(plan=plan_name(content, plan_id))
    return [Html(html_table(rows, columns, caption=caption), note)]


def goal_blocks(content: ReportContent, plan_id: str) -> list[Any]:
    """SDG targets that the options of a plan serve, by goal; of all plans where this one's serve none."""
    served, plans = content.table("sdg_contributions"), content.table("plans")
    if len(served) and len(plans):
        served = served[served["option_id"].isin(plans.loc[plans["plan_id"] == plan_id, "option_id"])]
    if served.empty:
        why = _("No option of this plan names a target of the Sustainable Development Goals.")
        return [empty_note(why, _("Fill in the columns sdg_targets and sdg_basis of options.csv."))]
    rows = served.assign(goal=served["target"].astype(str).str.split(".").str[0].astype(int))
    table = pd.DataFrame(
        [
            {
                "goal": goal(code),
                "direct": _targets(part, "direct"),
                "indirect": _targets(part, "indirect"),
                "options": part["option_id"].nunique(),
                "basis": _joined(part["basis"].drop_duplicates().head(BASES)),
            }
            for code in sorted(set(rows["goal"]))
            for part in [rows[rows["goal"] == code]]
        ]
    )
    columns = [
        Column("goal", _("Goal")),
        Column("direct", _("Targets served directly")),
        Column("indirect", _("indirectly")),
        Column("options", _("Options"), number, is_number=True),
        Column("basis", _("Basis"), is_long=True),
    ]
    note = _(
        "Direct: the target's own text names the service. Indirect: there is evidence that better service helps. Only "
        "targets that an option itself names are counted."
    )
    caption = _("Sustainable Development Goals that the plan “{plan}” serves").format(plan=plan_name(content, plan_id))
    return [Html(html_table(table, columns, caption=caption), note)]


def _targets(rows: pd.DataFrame, influence: str) -> str:
    """Targets in order; one that is served both ways is direct."""
    mine = set(rows.loc[rows["influence"] == influence, "target"].astype(str))
    if influence == "indirect":
        mine -= set(rows.loc[rows["influence"] == "direct", "target"].astype(str))
    return ", ".join(sorted(mine, key=lambda code: (len(code.partition(".")[2]), code)))
