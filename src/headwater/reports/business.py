"""The chapter on the business case: what plans cost and bring over their whole life, and to whom.

Discounts and adds up the money of table `cash_flows`; works out no flow of its own. A benefit without a value in money
is named as such, never shown as nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from headwater.reports.axes import Series
from headwater.reports.benefits import contribution_blocks, unpriced_blocks
from headwater.reports.certainty import certainty_blocks, floats
from headwater.reports.content import Figure, Html, Note, ReportContent, Section, both_widths, empty_note
from headwater.reports.figures import Caption
from headwater.reports.labels import group, item
from headwater.reports.money_figures import (
    COST,
    GAIN,
    IN,
    OUT,
    TOTAL,
    Span,
    SpanRow,
    flow_bars,
    span_rows,
    waterfall,
)
from headwater.reports.money_labels import approach, line_name, party, rate_words
from headwater.reports.numbers import currency_name, is_missing, number, percent, ratio, rounded, years
from headwater.reports.plan import option_names, plan_name
from headwater.reports.tables import Column, html_table, money_column
from headwater.words import _

COSTS = ("capital", "renewal", "maintenance", "operation", "land", "tax")
"""Lines that are costs, whatever their sign; every other line is a benefit."""

MONEY_ITEMS = ("npv_usd", "benefit_pv_usd", "ead_usd_per_yr", "initial_cost_usd")
"""Objectives that are money themselves."""

BEST = 15
"""Options that are listed; the rest are counted."""

OWN_COLOURS = 3
"""Lines on either side of zero with a colour of their own; the rest are drawn together."""


def business(content: ReportContent) -> Section:
    """The business case of every plan, that of the largest budget in full."""
    title = _("Business case")
    if not content.has("cash_flows"):
        lead = _("What the plans cost and bring over their whole life, to whom, and how sure that is.")
        why = _("No business case was worked out.")
        remedy = _("Add budgets to study.toml and run headwater plan.")
        return Section("business", title, lead, [empty_note(why, remedy)])
    lead = _(
        "What the plans cost and bring over their whole life, to whom, and how sure that is. Money of {year} prices, "
        "discounted to {base} at {rate} a year."
    ).format(year=content.header.price_year, base=content.header.base_year, rate=percent(_rate(content)))
    flows = discounted(content)
    plans = plan_order(content, flows)
    largest, valued = plans[-1], valued_plans(flows)
    blocks: list[Any] = []
    if not valued:
        blocks.append(no_benefit_note())
    elif len(valued) < len(plans):
        blocks.append(Note(_("Where a plan has no benefit in money, its benefits and its worth are left blank.")))
    blocks += [case_table(content, flows, plans), part_valued_note(content, largest, is_valued=largest in valued)]
    blocks += [flow_figure(content, flows, largest), waterfall_figure(content, flows, largest)]
    blocks += [approach_block(content), best_options(content, largest), *incidence_blocks(content, largest)]
    blocks += certainty_blocks(content, plans, is_valued=bool(valued))
    blocks += [*unpriced_blocks(content, largest), *contribution_blocks(content, largest)]
    return Section("business", title, lead, [block for block in blocks if block is not None])


# --- the money --------------------------------------------------------------------------------------------------


def _rate(content: ReportContent) -> float:
    return float(content.header.value("discount_rate"))


def discounted(content: ReportContent) -> pd.DataFrame:
    """Table `cash_flows` with the present value of each row: worth, worth_low, worth_high [usd]."""
    flows = floats(content.table("cash_flows"))
    factors = (1 + _rate(content)) ** -(flows["year"].astype(float) - content.header.base_year)
    middle = flows["amount_usd"].astype(float)
    bounds = {
        name: (flows[column].astype(float).fillna(middle) if column in flows else middle) * factors
        for name, column in (("worth_low", "amount_usd_low"), ("worth_high", "amount_usd_high"))
    }
    return flows.assign(worth=middle * factors, is_cost=flows["item"].isin(COSTS), **bounds)


def plan_order(content: ReportContent, table: pd.DataFrame) -> list[str]:
    """Plans of a table, by rising budget; those without one come first, in their own order."""
    budgets = {budget.plan_id: budget.amount_usd for budget in content.header.budgets}
    return sorted(table["plan_id"].astype(str).unique(), key=lambda plan_id: budgets.get(plan_id, -1.0))


def valued_plans(flows: pd.DataFrame) -> set[str]:
    """Plans with a benefit in money; a harm alone does not make a case."""
    return set(flows.loc[~flows["is_cost"] & (flows["amount_usd"] > 0), "plan_id"])


def case_totals(flows: pd.DataFrame) -> pd.DataFrame:
    """Present value of costs and benefits, net present value with bounds, and ratio of each plan, by plan_id.

    Benefits, net present value and ratio are blank where no benefit has a value in money.

    Examples
    --------
    >>> rows = pd.DataFrame({"plan_id": "p", "is_cost": [True, False], "amount_usd": [-4.0, 6.0], "worth": [-4.0, 5.0],
    ...                      "worth_low": [-4.0, 3.0], "worth_high": [-4.0, 9.0]})
    >>> case_totals(rows).loc["p", ["cost", "benefit", "npv", "npv_low", "npv_high", "bcr"]].tolist()
    [4.0, 5.0, 1.0, -1.0, 5.0, 1.25]
    """
    sums = flows.groupby("plan_id")[["worth", "worth_low", "worth_high"]].sum()
    sums.columns = pd.Index(["npv", "npv_low", "npv_high"])
    cost = -flows["worth"].where(flows["is_cost"], 0.0).groupby(flows["plan_id"]).sum()
    sums = sums.assign(cost=cost, benefit=sums["npv"] + cost)
    unvalued = ~sums.index.isin(valued_plans(flows))
    sums.loc[unvalued, ["npv", "npv_low", "npv_high", "benefit"]] = np.nan
    return sums.assign(bcr=(sums["benefit"] / sums["cost"]).where(sums["cost"] > 0))


def no_benefit_note() -> Note:
    """That nothing the plans achieve has a value in money."""
    return Note(
        _(
            "Nothing that these plans achieve has a value in money. There is therefore no net present value and no "
            "benefit–cost ratio: what follows is what they cost, and what each unit of what they achieve costs. To put "
            "a value on it, add unit_values.csv."
        )
    )


def part_valued_note(content: ReportContent, plan_id: str, *, is_valued: bool) -> Note | None:
    """How many options of a plan count with their cost alone."""
    plans, appraisals = content.table("plans"), content.table("appraisals")
    if not is_valued or plans.empty or appraisals.empty or "benefit_pv_usd" not in appraisals:
        return None
    chosen = appraisals[appraisals["option_id"].isin(plans.loc[plans["plan_id"] == plan_id, "option_id"])]
    bare = int(chosen["benefit_pv_usd"].isna().sum())
    if not bare:
        return None
    words = _(
        "{count} of the {all} options of the plan “{plan}” have no benefit in money: their costs are in its net "
        "present value, what they achieve is not."
    )
    return Note(words.format(count=number(bare), all=number(len(chosen)), plan=plan_name(content, plan_id)))


def case_table(content: ReportContent, flows: pd.DataFrame, plans: list[str]) -> Html:
    """The plans side by side."""
    totals = case_totals(flows).reindex(plans)
    capital = -flows.loc[flows["item"] == "capital"].groupby("plan_id")["amount_usd"].sum()
    spans = zip(totals["npv_low"], totals["npv_high"], strict=True)
    rows = totals.assign(
        name=[plan_name(content, plan) for plan in plans],
        capital=capital,
        span=[_span(low, high) for low, high in spans],
    )
    currency = content.header.currency
    columns = [
        Column("name", _("Plan")),
        money_column("capital", _("Investment"), currency),
        money_column("cost", _("Costs, present value"), currency),
    ]
    if totals["npv"].notna().any():
        columns += [
            money_column("benefit", _("Benefits, present value"), currency),
            money_column("npv", _("Net present value"), currency),
            Column("span", _("Low–high"), is_number=True),
            Column("bcr", _("Benefit–cost ratio"), ratio, is_number=True),
        ]
    per_unit = unit_cost(content, totals["cost"])
    if per_unit is not None:
        heading, cost = per_unit
        rows["per_unit"] = cost
        columns.append(money_column("per_unit", heading, currency))
    note = _(
        "The base year is not discounted. Benefits begin the year after the investment and run to {horizon}; nothing "
        "is credited after it unless the study says so."
    ).format(horizon=content.header.horizon_year)
    if totals["npv"].notna().any():
        note += " " + _("Low and high take every line at its worse and its better bound.")
    return Html(html_table(rows, columns, caption=_("The business case of each plan")), note)


def _span(low: float, high: float) -> str:
    """Low and high in one cell; blank where they are the same or not known."""
    if is_missing(low) or is_missing(high) or low == high:
        return ""
    return _("{low} to {high}").format(low=rounded(low), high=rounded(high))


def unit_cost(content: ReportContent, cost: pd.Series) -> tuple[str, pd.Series] | None:
    """Cost per unit of a plan's objective, where that is no money: the words of a heading, and usd by plan_id."""
    summaries = content.table("plan_summaries")
    if summaries.empty or summaries["objective"].isin(MONEY_ITEMS).any() or len(set(summaries["objective"])) > 1:
        return None
    reached = summaries.set_index("plan_id")["objective_value"].astype(float)
    heading = _("Costs per unit: {item}").format(item=item(str(summaries["objective"].iloc[0])))
    return heading, (cost / reached.where(reached > 0)).reindex(cost.index)


# --- figures of one plan ----------------------------------------------------------------------------------------


def flow_figure(content: ReportContent, flows: pd.DataFrame, plan_id: str) -> Figure:
    """Money by year: costs below zero, benefits above, and the net of both."""
    mine = flows[flows["plan_id"] == plan_id]
    span = range(content.header.base_year, max(int(mine["year"].max()), content.header.horizon_year) + 1)
    by_year = mine.pivot_table("amount_usd", "year", "item", "sum").reindex(span)
    costs, benefits = sides(mine)
    series, css = [], []
    for lines, colours, rest in ((costs, OUT, _("Other costs")), (benefits, IN, _("Other benefits"))):
        own, others = lines[:OWN_COLOURS], lines[OWN_COLOURS:]
        series += [Series(line_name(code), by_year[code].tolist()) for code in own]
        css += list(colours[: len(own)])
        if others:
            series.append(Series(rest, by_year[others].sum(axis=1, min_count=1).tolist()))
            css.append(colours[OWN_COLOURS])
    is_valued = plan_id in valued_plans(flows)
    net = Series(_("Net"), by_year.sum(axis=1).tolist()) if is_valued else None
    caption = Caption(
        "case-flows",
        _("Money by year: the plan “{plan}”").format(plan=plan_name(content, plan_id)),
        _("Costs below zero and benefits above it, by year and line of the business case, undiscounted."),
    )
    axis = _("{currency} a year").format(currency=currency_name(content.header.currency))
    wide, narrow = both_widths(
        lambda width: flow_bars(list(span), series, css=css, caption=caption, net=net, axis=axis, width=width)
    )
    table = by_year[[*costs, *benefits]].dropna(how="all").rename(columns=line_name).rename_axis(None, axis=1)
    columns = [Column("year", _("Year"), years)]
    columns += [Column(name, name, rounded, is_number=True) for name in table.columns]
    data = html_table(table.reset_index(), columns, caption=f"{caption.title} ({axis})")
    return Figure(caption.title, wide, narrow, subtitle=caption.description, data=data)


def sides(flows: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Lines of a plan that take money away over its life, and lines that bring it, those of most money first."""
    worth = flows.groupby("item")["worth"].sum().sort_values()
    return [str(code) for code in worth.index[worth < 0]], [str(code) for code in worth.index[worth >= 0][::-1]]


def waterfall_figure(content: ReportContent, flows: pd.DataFrame, plan_id: str) -> Figure:
    """From the first cost to the net present value, line by line; to the sum of the costs where nothing is valued."""
    mine = flows[flows["plan_id"] == plan_id]
    is_valued = plan_id in valued_plans(flows)
    worth = mine.groupby("item")["worth"].sum()
    order = [code for side in sides(mine) for code in side]
    total = _("Net present value") if is_valued else _("All that is known in money")
    steps = [(line_name(code), float(worth[code]), rounded(worth[code])) for code in order]
    *rows, last = waterfall(steps, total)
    rows.append(SpanRow(total, last.spans, rounded(float(worth.sum()))))
    title = _("From costs to net present value: the plan “{plan}”") if is_valued else _("What the plan “{plan}” costs")
    caption = Caption(
        "case-waterfall",
        title.format(plan=plan_name(content, plan_id)),
        _("Present value of each line; each bar begins where the one above it ends."),
    )
    keys, css = [_("Takes away"), _("Adds"), total], [COST, GAIN, TOTAL]
    axis = currency_name(content.header.currency)
    wide, narrow = both_widths(
        lambda width: span_rows(rows, caption=caption, axis=axis, keys=keys, css=css, width=width)
    )
    names = ["worth"] if not is_valued else ["worth", "worth_low", "worth_high"]
    table = mine.groupby("item")[names].sum().reindex(order)
    table = pd.concat([table, table.sum().to_frame("").T]).assign(name=[*[line_name(code) for code in order], total])
    currency = content.header.currency
    columns = [
        Column("name", _("Line")),
        money_column("worth", _("Present value"), currency),
        money_column("worth_low", _("Low"), currency),
        money_column("worth_high", _("High"), currency),
    ]
    data = html_table(table, columns, caption=caption.title)
    return Figure(caption.title, wide, narrow, subtitle=caption.description, data=data)


# --- options ----------------------------------------------------------------------------------------------------


def approach_block(content: ReportContent) -> Html | Note | None:
    """Nature-based, grey and hybrid options side by side."""
    options, appraisals = content.table("options"), floats(content.table("appraisals"))
    if options.empty or appraisals.empty:
        return None
    own = options.set_index("option_id").get("approach", pd.Series(dtype=object))
    table = appraisals.assign(approach=appraisals["option_id"].map(own))
    if table["approach"].isna().all():
        why = _("No option says whether it works with nature, with concrete and steel, or with both.")
        return empty_note(why, _("Fill in the column approach of measures.csv or options.csv."))
    grouped = table.groupby("approach")
    money = [name for name in ("cost_pv_usd", "benefit_pv_usd", "npv_usd") if name in table]
    rows = grouped[money].sum(min_count=1).assign(options=grouped.size())
    rows = rows.reindex(columns=["cost_pv_usd", "benefit_pv_usd", "npv_usd", "options"])
    known = table[table["benefit_pv_usd"].notna()].groupby("approach") if "benefit_pv_usd" in table else None
    if known is not None:
        rows["bcr"] = known["benefit_pv_usd"].sum() / known["cost_pv_usd"].sum()
        rows["paying"] = (table["npv_usd"] > 0).groupby(table["approach"]).sum()
    rows.loc[rows["npv_usd"].isna(), "paying"] = np.nan
    order = [code for code in ("nature", "hybrid", "grey") if code in rows.index]
    rows = rows.reindex([*order, *(code for code in rows.index if code not in order)])
    currency = content.header.currency
    columns = [
        Column("name", _("Approach")),
        Column("options", _("Options"), number, is_number=True),
        money_column("cost_pv_usd", _("Costs, present value"), currency),
        money_column("benefit_pv_usd", _("Benefits, present value"), currency),
        money_column("npv_usd", _("Net present value"), currency),
        Column("bcr", _("Benefit–cost ratio"), ratio, is_number=True),
        Column("paying", _("Options that pay"), number, is_number=True),
    ]
    note = _(
        "Sums over every option appraised, many of which exclude each other: a comparison of ways of working, not a "
        "plan."
    )
    named = rows.assign(name=[approach(str(code)) for code in rows.index]).dropna(axis=1, how="all")
    return Html(html_table(named, columns, caption=_("Nature-based, hybrid and grey options side by side")), note)


def _yes_no(is_in: bool) -> str:
    return _("yes") if is_in else _("no")


def best_options(content: ReportContent, plan_id: str) -> Html | None:
    """The best options by what they return, or by what a unit of their effect costs where nothing is valued."""
    appraisals, plans = floats(content.table("appraisals")), content.table("plans")
    if appraisals.empty:
        return None
    levelised = "levelised_cost_usd_per_unit"
    has_ratio = "bcr" in appraisals and appraisals["bcr"].notna().any()
    if not has_ratio and (levelised not in appraisals or appraisals[levelised].isna().all()):
        return None
    by = "npv_usd" if has_ratio else levelised
    ranked = appraisals[appraisals[by].notna()].sort_values([by, "option_id"], ascending=[not has_ratio, True])
    names = option_names(content.table("options"), "option_id") if content.has("options") else pd.Series(dtype=object)
    mine = set(plans.loc[plans["plan_id"] == plan_id, "option_id"]) if len(plans) else set()
    shown = ranked.head(BEST)
    rates = shown.reindex(columns=["err", "err_note"])
    shown = shown.assign(
        name=shown["option_id"].map(names).fillna(shown["option_id"]),
        rate=[rate_words(rate, note) for rate, note in zip(rates["err"], rates["err_note"], strict=True)],
        chosen=shown["option_id"].isin(mine),
    )
    currency = content.header.currency
    columns = [
        Column("name", _("Option")),
        Column("chosen", _("In the plan “{plan}”").format(plan=plan_name(content, plan_id)), _yes_no),
        money_column("cost_pv_usd", _("Costs, present value"), currency),
    ]
    note = _("{count} more are in the machine-readable results.").format(count=number(len(ranked) - len(shown)))
    words = [note] if len(ranked) > len(shown) else []
    if has_ratio:
        columns += [
            money_column("npv_usd", _("Net present value"), currency),
            Column("bcr", _("Benefit–cost ratio"), ratio, is_number=True),
            Column("rate", _("Economic rate of return")),
            Column("break_even_benefit_factor", _("Breaks even at benefits times"), ratio, is_number=True),
            Column("payback_yr", _("Pays back after (years)"), number, is_number=True),
        ]
        words.append(
            _("Breaks even at benefits times 0.4: benefits of 40% of what is expected would still cover the costs.")
        )
    if levelised in shown and shown[levelised].notna().any():
        code = next(iter(shown["levelised_item"].dropna()), "") if "levelised_item" in shown else ""
        heading = _("Cost per unit and year: {item}").format(item=item(str(code)))
        columns.append(money_column(levelised, heading, currency))
        words.append(_("Cost per unit and year: present value of costs over that of the units gained in every year."))
    caption = (
        _("Options with the largest net present value") if has_ratio else _("Options that achieve most for their cost")
    )
    return Html(html_table(shown, columns, caption=caption), " ".join(words))


# --- who gains and who pays -------------------------------------------------------------------------------------


def incidence_blocks(content: ReportContent, plan_id: str) -> list[Any]:
    """Gains and payments of each party, and of each group of people in it."""
    table = floats(content.table("incidence"))
    mine = table[table["plan_id"] == plan_id] if len(table) else table
    if mine.empty:
        return []
    people = mine["group"].fillna("").astype(str) if "group" in mine else pd.Series("", index=mine.index)
    names = [
        party(code) if not code_of else _("{party}: {group}").format(party=party(code), group=group(code_of))
        for code, code_of in zip(mine["party"], people, strict=True)
    ]
    rows = mine.assign(name=names).sort_values("net_pv_usd", ascending=False)
    columns = ("name", "gain_pv_usd", "cost_pv_usd", "net_pv_usd")
    bars = [
        SpanRow(name, [Span(-float(cost), 0.0, COST), Span(0.0, float(gain), GAIN)], rounded(net), [float(net)])
        for name, gain, cost, net in zip(*(rows[key] for key in columns), strict=True)
    ]
    caption = Caption(
        "case-parties",
        _("Who gains and who pays: the plan “{plan}”").format(plan=plan_name(content, plan_id)),
        _("Present value of what each party receives, to the right, and pays, to the left; the dot is the net."),
    )
    keys, css = [_("Pays"), _("Gains"), _("Net")], [COST, GAIN, TOTAL]
    axis = currency_name(content.header.currency)
    wide, narrow = both_widths(
        lambda width: span_rows(bars, caption=caption, axis=axis, keys=keys, css=css, width=width)
    )
    figure = Figure(caption.title, wide, narrow, subtitle=caption.description)
    currency = content.header.currency
    heads = [
        Column("name", _("Party")),
        money_column("gain_pv_usd", _("Gains"), currency),
        money_column("cost_pv_usd", _("Pays"), currency),
        money_column("net_pv_usd", _("Net"), currency),
    ]
    if "weighted_net_pv_usd" in rows and rows["weighted_net_pv_usd"].notna().any():
        heads.append(money_column("weighted_net_pv_usd", _("Net, with equity weights"), currency))
    note = _(
        "Costs of a plan are the income of those who build and run it. The country does not count that as a gain, so "
        "the net of all parties is not the net present value."
    )
    return [figure, Html(html_table(rows, heads, caption=_("Gains and payments by party")), note)]
