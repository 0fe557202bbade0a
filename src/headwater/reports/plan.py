"""The chapters on what to do: the options, and the plans under each budget."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
from markupsafe import Markup

from headwater.reports.answer import npv_span
from headwater.reports.axes import Series
from headwater.reports.cartography import quantity_map
from headwater.reports.content import Figure, Html, Note, ReportContent, Section, both_widths, empty_note
from headwater.reports.figures import Caption, bar_chart, share_bars
from headwater.reports.labels import item, sector, status, unit, words_of
from headwater.reports.numbers import (
    currency_name,
    gap_bound,
    is_missing,
    money,
    number,
    percent,
    proved_gap,
    ratio,
    rounded,
    years,
)
from headwater.reports.summaries import chosen_counts, matching, measure_summary, ratio_classes
from headwater.reports.tables import Column, html_table, money_column
from headwater.words import _, language

ALL_OF_IT = 0.001
"""How far from the whole damage, as a share of it, still counts as all of it."""

SMALL = 0.001
"""Shares below are given as a power of ten that they do not exceed."""

ROUNDING = 1e-6
"""Part of the last figure that a share may lie above it and still count as it."""

LISTED = 30
"""Options of a plan that are listed; the rest are counted."""


def option_names(table: pd.DataFrame, key: str) -> pd.Series:
    """Names of options or measures in the current language, by identifier."""
    names = table.set_index(key)["name"]
    if language() == "zh" and "name_zh" in table:
        names = table.set_index(key)["name_zh"].replace("", None).fillna(names)
    return names


def options(content: ReportContent) -> Section:
    """Section 8: what could be done, what it costs and what it brings."""
    title = _("Options")
    lead = _(
        "Each option is a change to the system; its effect is the difference between the model with it and without."
    )
    if not content.has("options"):
        why = _("The study proposes no options.")
        return Section("options", title, lead, [empty_note(why, _("Add measures or options."))])
    blocks: list[Any] = []
    table = content.table("options")
    if content.has("appraisals") and "measure_id" in table and table["measure_id"].notna().any():
        blocks += measure_blocks(content)
    projects = table[table["kind"] == "project"]
    if len(projects):
        blocks.append(project_table(content, projects))
    if not blocks:
        blocks.append(empty_note(_("The options have not been appraised."), _("Run headwater plan.")))
    return Section("options", title, lead, blocks)


def measure_blocks(content: ReportContent) -> list[Any]:
    """The measures side by side, and how their benefit–cost ratios spread."""
    table = content.table("options")
    summary = measure_summary(table, content.table("appraisals"), content.table("effects"))
    measures = content.table("measures")
    if len(measures):
        names = summary["measure_id"].map(option_names(measures, "measure_id")).fillna(summary["measure_id"])
    else:
        names = summary["measure_id"]
    currency = content.header.currency
    columns = [
        Column("name", _("Measure")),
        Column("options", _("Options"), number, is_number=True),
        money_column("initial_cost_usd", _("Investment"), currency),
        money_column("avoided_usd_per_yr", _("Damage avoided a year"), currency),
        money_column("npv_usd", _("Net present value"), currency),
        Column("bcr_median", _("Benefit–cost ratio, median"), ratio, is_number=True),
        Column("bcr_max", _("highest"), ratio, is_number=True),
        Column("paying", _("Options that pay"), number, is_number=True),
    ]
    shown = summary.assign(name=names)
    note = _(
        "Sums over every place where the measure could go, most of which exclude each other: a comparison of "
        "measures, not a plan. An option pays when its benefit–cost ratio is 1 or more."
    )
    compared = Html(html_table(shown, columns, caption=_("The measures compared")), note)
    return [compared, *measure_notes(content, shown), ratio_figure(content, shown)]


def measure_notes(content: ReportContent, measures: pd.DataFrame) -> list[Note]:
    """Why a measure avoids all of the damage where it goes, or adds to it."""
    words = []
    columns = (measures[key].tolist() for key in ("measure_id", "name", "avoided_usd_per_yr"))
    for measure, name, avoided in zip(*columns, strict=True):
        whole = damage_before(content, measure)
        if avoided < 0:
            remark = _(
                "{measure} raises the expected damage: the curve of what it changes to starts at shallower water."
            )
        elif whole and abs(avoided - whole) <= ALL_OF_IT * whole:
            remark = _(
                "{measure} avoids all expected damage here, because damage shares are small beside what it subtracts."
            )
        else:
            continue
        words.append(remark.format(measure=name))
    return [Note(" ".join(words), kind="info")] if words else []


def damage_before(content: ReportContent, measure_id: str) -> float | None:
    """Expected annual damage [usd/yr] of what the options of a measure change; None where it is not known."""
    changes = content.table("proposed_changes" if content.has("proposed_changes") else "changes")
    damages = content.table("expected_damages")
    if changes.empty or damages.empty:
        return None
    damages = damages[damages["ead_rule"] == content.ead_rule()]
    case = content.plan_case(damages, "ead_usd_per_yr")
    if case is None:
        return None
    options_ = content.table("options")
    made = options_.loc[options_["measure_id"] == measure_id, "option_id"]
    changed = changes.loc[changes["option_id"].isin(made), "row_id"]
    mine = matching(damages, case)
    return float(mine.loc[mine["asset_id"].isin(changed), "ead_usd_per_yr"].sum())


def ratio_figure(content: ReportContent, measures: pd.DataFrame) -> Figure:
    """How the benefit–cost ratios of each measure spread."""
    joined = content.table("options").merge(content.table("appraisals"), on="option_id")
    parts = [
        _("below 0.5"), _("0.5 to 1"), _("1 to 2"), _("2 to 5"), _("5 or more"),
    ]  # fmt: skip
    rows = [
        (name, ratio_classes(joined.loc[joined["measure_id"] == measure, "bcr"]))
        for measure, name in zip(measures["measure_id"], measures["name"], strict=True)
    ]
    caption = Caption(
        "ratios", _("Benefit–cost ratios by measure"), _("Shares of the options of each measure by benefit–cost ratio.")
    )
    css = ["r1", "r2", "r3", "r4", "r5"]
    wide, narrow = both_widths(lambda width: share_bars(rows, parts, caption=caption, css=css, width=width))
    table = pd.DataFrame([[name, *counts] for name, counts in rows], columns=["name", *parts])
    columns = [Column("name", _("Measure")), *[Column(part, part, number, is_number=True) for part in parts]]
    data = html_table(table, columns, caption=caption.title)
    subtitle = _("Share of the options of each measure; from 1 upwards an option pays")
    return Figure(caption.title, wide, narrow, subtitle=subtitle, data=data)


def project_table(content: ReportContent, projects: pd.DataFrame) -> Html:
    """Real projects with their cost, sector and SDG targets."""
    names = option_names(projects, "option_id")
    rows = projects.assign(
        name=projects["option_id"].map(names), targets=_spaced(projects, "sdg_targets"),
    ).sort_values(["sector", "initial_cost_usd"], ascending=[True, False])  # fmt: skip
    currency = content.header.currency
    columns = [
        Column("name", _("Project")),
        Column("sector", _("Sector"), sector),
        Column("status", _("Status"), status),
        money_column("initial_cost_usd", _("Cost"), currency),
        Column("targets", _("SDG targets")),
    ]
    total = money(projects["initial_cost_usd"].sum(min_count=1), currency)
    caption = _("{count} real projects, {total} in all").format(count=len(projects), total=total)
    bases = list(projects["sdg_basis"].dropna().unique()) if "sdg_basis" in projects else []
    note = _("How targets were assigned: {basis}").format(basis="; ".join(bases)) if len(bases) == 1 else ""
    return Html(html_table(rows, columns, caption=caption), note)


def plan(content: ReportContent) -> Section:
    """Section 9: the plans under each budget."""
    title = _("The plan")
    lead = _("The best set of options under each budget, with the proof of how close to the best possible it is.")
    if not content.has("plan_summaries"):
        why = _("No plan was made.")
        return Section("plan", title, lead, [empty_note(why, _("Add budgets to study.toml and run headwater plan."))])
    summaries = content.table("plan_summaries").sort_values("budget_usd")
    blocks: list[Any] = [plan_table(content, summaries), plan_figure(content, summaries)]
    if content.has("plan_checks"):
        blocks.append(check_table(content, list(summaries["plan_id"])))
    if content.has("plans"):
        blocks += [chosen_map(content), chosen_table(content, summaries)]
    return Section("plan", title, lead, [block for block in blocks if block is not None])


def plan_name(content: ReportContent, plan_id: str) -> str:
    """Name of the budget behind a plan, or the plan's identifier."""
    names = {budget.plan_id: words_of(budget.name) for budget in content.header.budgets}
    return names.get(plan_id) or plan_id.replace("_", " ")


def plan_table(content: ReportContent, summaries: pd.DataFrame) -> Html:
    """The plans side by side."""
    currency = content.header.currency
    spans = [npv_span(content, plan_id) for plan_id in summaries["plan_id"]]
    rows = summaries.assign(
        name=[plan_name(content, plan_id) for plan_id in summaries["plan_id"]],
        status=[solution_status(code, gap) for code, gap in zip(summaries["status"], summaries["gap"], strict=True)],
    )
    note = _("Proved gap: how far at most the plan is from the best possible. 0% is the best possible itself.")
    if any(low is not None for low, _high in spans):
        rows[["npv_usd_low", "npv_usd_high"]] = pd.DataFrame(spans, index=rows.index, dtype=float)
        note += " " + _("Low and high: every option of the plan at its own low, and at its own high.")
    if (summaries["objective"] == "npv_usd").all():  # said by the net present value already
        rows = rows.drop(columns=["objective", "objective_value"])
    if (summaries["status"] == "optimal").all():  # said by the gap already
        rows = rows.drop(columns="status")
    columns = [
        Column("name", _("Plan")),
        money_column("budget_usd", _("Budget"), currency),
        money_column("spent_usd", _("Spent"), currency),
        Column("options", _("Options chosen"), number, is_number=True),
        money_column("npv_usd", _("Net present value"), currency),
        money_column("npv_usd_low", _("Low"), currency),
        money_column("npv_usd_high", _("High"), currency),
        Column("objective", _("Maximises"), item),
        Column("objective_value", _("Objective reached"), rounded, is_number=True),
        Column("gap", _("Proved gap"), proved_gap, is_number=True),
        Column("rounds", _("Rounds"), number, is_number=True),
        Column("status", _("Status")),
    ]
    if "rounds" in rows and rows["rounds"].notna().any():
        note += " " + _("Rounds: how often a plan was chosen and run whole to bring its sum and the models together.")
    return Html(html_table(rows, columns, caption=_("Plans by budget")), note)


def solution_status(code: str, gap: float) -> str:
    """How a plan was proved: optimal only where there is no gap at all.

    Examples
    --------
    >>> solution_status("optimal", 0.0), solution_status("optimal", 6.4e-7)
    ('proved optimal', 'proved within 0.0001%')
    """
    if code == "optimal" and not is_missing(gap) and gap > 0:
        return _("proved within {gap}").format(gap=gap_bound(gap))
    return status(code)


def check_table(content: ReportContent, order: list[str]) -> Html:
    """What the models say of each plan run whole, beside the sums of its options before and after correction."""
    checks = content.table("plan_checks")
    services = {service.service_id: words_of(service.name) for service in content.header.services}
    rows = checks.assign(
        name=[plan_name(content, plan_id) for plan_id in checks["plan_id"]],
        gain=[
            _measured(item(str(code), services.get(str(code).partition(".")[2], "")), unit(words))
            for code, words in zip(checks["item"], checks["unit"], strict=True)
        ],
        place=checks["plan_id"].map({plan_id: i for i, plan_id in enumerate(order)}),
    ).sort_values(["place", "item"])
    is_summed = "disagreement" in rows and rows["disagreement"].notna().any()
    columns = [
        Column("name", _("Plan")),
        Column("gain", _("Gain"), is_long=True),
        Column("sum_of_options", _("Sum of its options, each alone"), rounded, is_number=True),
        Column("optimiser_first", _("Optimiser, first sum"), rounded, is_number=True),
        Column("optimiser", _("Optimiser, after correction"), rounded, is_number=True),
        Column("whole_plan", _("The models run on the whole plan"), rounded, is_number=True),
        *([] if is_summed else [Column("difference", _("Difference"), rounded, is_number=True)]),
        Column("disagreement", _("Differ by"), percent, is_number=True),
    ]
    note = _("The difference is what the options do to each other; the figure to quote is that of the whole plan.")
    if is_summed:
        note = _(
            "The optimiser adds up options and what is known of how they act together; the models run on the whole "
            "plan. They differ by the distance between the optimiser, after correction, and the models, as a share of "
            "the latter. The figure to quote is that of the models."
        )
        note += " " + agreement_words(content, checks)
    hours = checks[checks["item"] == "person_hours_lost"]
    if (hours[["sum_of_options", "whole_plan"]] < 0).any(axis=None):
        note += " " + _(
            "Where person-hours rise, people who were cut off before (counted with no hours) now make a longer journey "
            "and are counted."
        )
    return Html(html_table(rows, columns, caption=_("The plans run whole")), note)


def agreement_words(content: ReportContent, checks: pd.DataFrame) -> str:
    """How near the optimiser's sums come to the models: for what the plans maximise, and for everything."""
    aims = set(content.table("plan_summaries").get("objective", pd.Series(dtype="str")))
    aimed = checks.loc[checks["item"].isin(aims), "disagreement"].max()
    furthest = checks["disagreement"].max()
    words = []
    if not is_missing(aimed):
        words.append(_("For what the plans maximise, sum and models agree within {share}.").format(share=within(aimed)))
    if is_missing(furthest):  # an infinite one: a sum where the models find nothing
        words.append(_("— under the last heading: the models find nothing where the optimiser adds something up."))
    elif is_missing(aimed) or furthest > aimed:
        words.append(_("For every gain in the table they agree within {share}.").format(share=within(furthest)))
    return " ".join(words)


def _measured(name: str, words: str) -> str:
    return _("{heading} ({unit})").format(heading=name, unit=words) if words else name


def within(share: float) -> str:
    """A share as a percentage of two figures, rounded up, so that what holds within it does.

    Examples
    --------
    >>> within(0.0), within(0.0104), within(0.01), within(2e-5)
    ('0%', '1.1%', '1%', '0.01%')
    """
    if share < SMALL:
        return gap_bound(share)
    place = 10.0 ** (math.floor(math.log10(share)) - 1)
    return percent(math.ceil(share / place - ROUNDING) * place)


def plan_figure(content: ReportContent, summaries: pd.DataFrame) -> Figure:
    """What each budget buys: money spent and net present value, or the objective where no benefit is in money."""
    currency = currency_name(content.header.currency)
    labels = [rounded(budget) for budget in summaries["budget_usd"]]
    if summaries["npv_usd"].notna().any():
        series = [
            Series(_("Spent"), summaries["spent_usd"].tolist()),
            Series(_("Net present value"), summaries["npv_usd"].astype(float).tolist()),
        ]
        axis, subtitle = currency, _("Money spent and net present value, by budget")
    else:
        axis = item(str(summaries["objective"].iloc[0]))
        series = [Series(axis, summaries["objective_value"].tolist())]
        subtitle = _("The objective by budget; the benefits of these options are not valued in money")
    caption = Caption("budgets", _("What each budget buys"), subtitle)
    budget = _("{heading} ({unit})").format(heading=_("budget"), unit=currency)
    wide, narrow = both_widths(
        lambda width: bar_chart(
            labels, series, caption=caption, axis=axis, category_axis=budget, width=width, write=rounded
        )
    )
    return Figure(caption.title, wide, narrow, subtitle=subtitle)


def chosen_map(content: ReportContent) -> Figure | None:
    """Where the chosen options are, by how many plans choose them."""
    name = "proposed_changes" if content.has("proposed_changes") else "changes"
    if not content.has(name):
        return None
    counts = chosen_counts(content.table("plans"))
    changes = content.table(name).drop_duplicates(["option_id", "row_id"])
    times = changes["option_id"].map(counts)
    by_row = times.groupby(changes["row_id"]).max().dropna()
    plans = content.table("plan_summaries")["plan_id"].nunique()
    return quantity_map(
        content,
        by_row,
        caption=Caption("map-plan", _("Where the plans act")),
        subtitle=_("By how many of the {count} plans choose to act there").format(count=plans),
        classes={n: _("{count} of {all} plans").format(count=n, all=plans) for n in range(1, plans + 1)},
    )


def chosen_table(content: ReportContent, summaries: pd.DataFrame) -> Html:
    """The options of the plan with the largest budget, and in which plans each is."""
    plans, appraisals = content.table("plans"), content.table("appraisals")
    largest = str(summaries.iloc[-1]["plan_id"])
    chosen = plans[plans["plan_id"] == largest].drop(columns=["npv_usd", "bcr"], errors="ignore")
    if len(appraisals):
        chosen = chosen.merge(appraisals[["option_id", "npv_usd", "bcr"]], on="option_id", how="left")
    if content.has("options"):
        names = option_names(content.table("options"), "option_id")
        chosen = chosen.assign(name=chosen["option_id"].map(names).fillna(chosen["option_id"]))
    else:
        chosen = chosen.assign(name=chosen["option_id"])
    chosen = chosen.sort_values("npv_usd" if "npv_usd" in chosen else "objective_value", ascending=False)
    order = list(summaries["plan_id"])
    member = plans.groupby("option_id")["plan_id"].agg(set)
    currency = content.header.currency
    columns = [
        Column("name", _("Option")),
        Column("start_year", _("Starts"), years, is_number=True),
        money_column("initial_cost_usd", _("Investment"), currency),
        money_column("npv_usd", _("Net present value"), currency),
        Column("bcr", _("Benefit–cost ratio"), ratio, is_number=True),
        Column("option_id", _("In plans, by rising budget"), lambda option: _membership(member[option], order)),
    ]
    caption = _("Options of the plan “{plan}”").format(plan=plan_name(content, largest))
    hidden = max(0, len(chosen) - LISTED)
    note = _("{count} more are in the machine-readable results.").format(count=number(hidden)) if hidden else ""
    return Html(html_table(chosen.head(LISTED), columns, caption=caption), note)


def _membership(chosen_by: set[str], order: list[str]) -> Markup:
    marks = "".join("●" if plan_id in chosen_by else "○" for plan_id in order)
    words = _("{count} of {all} plans").format(count=len(chosen_by), all=len(order))
    return Markup('<span title="{words}" role="img" aria-label="{words}">{marks}</span>').format(
        words=words, marks=marks
    )


def _spaced(table: pd.DataFrame, column: str) -> pd.Series:
    if column not in table:
        return pd.Series("", index=table.index)
    return table[column].fillna("").str.replace(";", ", ")
