"""The chapter on finance and risk: who pays for plans and what they ask, what is left to the budget, who bears what.

Shows tables that were worked out elsewhere, and marks every judgement in them. What no source pays is a gap, shown as
one; a coverage ratio that does not exist is blank, with the reason.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from headwater.reports.axes import Series
from headwater.reports.certainty import floats, source_titles, with_basis
from headwater.reports.content import Figure, Html, Note, ReportContent, Section, both_widths, empty_note
from headwater.reports.figures import Caption, curve_chart, share_bars
from headwater.reports.labels import sector
from headwater.reports.money_figures import COST, GAIN, Span, SpanRow, flow_bars, span_rows
from headwater.reports.money_labels import (
    basis_mark,
    instrument,
    own_words,
    party,
    rate_words,
    repayment,
    risk_kind,
    sourced,
)
from headwater.reports.numbers import currency_name, is_missing, number, percent, ratio, rounded, years
from headwater.reports.plan import option_names, plan_name
from headwater.reports.tables import Column, folded, html_table, money_column
from headwater.words import _

SHARES = ("t1", "t3", "t2", "r5", "r3", "r4")
"""Colours of the sources of funds; the gap has one of its own."""

GAP = "t5"
BUDGETED = (("investment_usd", "t6"), ("maintenance_usd", "t5"), ("debt_service_usd", "t4"))
DELIVERY = (
    ("capital_usd", "t1"), ("operation_usd", "t2"), ("transaction_usd", "t3"), ("retained_risk_usd", "t5"),
    ("transferred_risk_usd", "t4"),
)  # fmt: skip


def financing(content: ReportContent) -> Section:
    """Who pays for the plans, on what terms, and who bears what can go wrong."""
    title = _("Finance and risk")
    lead = _(
        "Who pays for the plans and what they ask in return, what is left to the budget, and who bears what can go "
        "wrong. Interest rates are real, like all money here."
    )
    if not content.has("finance_summaries") and not content.has("risk_allocation"):
        why = _("Nothing was worked out on finance and risk.")
        remedy = _("Add funding.csv, risks.csv and risk_bearers.csv, then run headwater plan.")
        return Section("financing", title, lead, [empty_note(why, remedy)])
    blocks: list[Any] = []
    if content.has("finance_summaries"):
        plans = plans_by_budget(content, content.table("finance_summaries"))
        blocks += [*funding_blocks(content), finance_table(content, plans), funding_figure(content, plans)]
        blocks += profile_blocks(content, plans[-1])
    blocks += [*risk_blocks(content), *delivery_blocks(content)]
    return Section("financing", title, lead, [block for block in blocks if block is not None])


def plans_by_budget(content: ReportContent, table: pd.DataFrame) -> list[str]:
    """Plans of a table, by rising budget."""
    budgets = {budget.plan_id: budget.amount_usd for budget in content.header.budgets}
    return sorted(table["plan_id"].astype(str).unique(), key=lambda plan_id: budgets.get(plan_id, -1.0))


# --- who pays ---------------------------------------------------------------------------------------------------


def funding_blocks(content: ReportContent) -> list[Any]:
    """The sources of funds, their terms, and where those come from."""
    table = content.table("funding")
    if table.empty:
        why = _("The study states no source of funds, so the whole investment is a gap.")
        return [empty_note(why, _("Add funding.csv."))]
    titles = source_titles(content)
    rows = table.assign(
        name=own_words(table, "name"), purpose=_purposes(content, table),
        source=with_basis(table, titles),
    )  # fmt: skip
    covers = table["instrument"] == "guarantee"
    if "share" in rows:
        rows = rows.assign(share=rows["share"].where(~covers), covered=rows["share"].where(covers))
    columns = [
        Column("name", _("Source of funds")),
        Column("instrument", _("Instrument"), instrument),
        Column("share", _("Share of the investment"), percent, is_number=True),
        Column("covered", _("Share of the debt covered"), percent, is_number=True),
        money_column("received_usd_per_yr", _("Income a year"), content.header.currency),
        Column("interest_rate", _("Real rate a year"), _rate, is_number=True),
        Column("tenor_yr", _("Years to repay"), number, is_number=True),
        Column("grace_yr", _("of them grace"), number, is_number=True),
        Column("repayment", _("Repaid in"), repayment),
        Column("fee_share", _("Fee up front"), percent, is_number=True),
        Column("purpose", _("For")),
    ]
    known = [column for column in columns if column.key in rows and (rows[column.key].astype(str) != "").any()]
    known = [column for column in known if rows[column.key].notna().any()]
    blocks: list[Any] = [Html(html_table(rows, known, caption=_("Sources of funds and their terms")))]
    what = [
        Column("name", _("Source of funds")),
        Column("source", _("Source, and what to know"), sourced, is_long=True),
    ]
    return [*blocks, Html(html_table(rows, what, caption=_("Where those terms come from")))]


def _purposes(content: ReportContent, table: pd.DataFrame) -> list[str]:
    """What each source is for: a sector, a measure, or "" for every investment."""
    measures = content.table("measures")
    names = option_names(measures, "measure_id").to_dict() if len(measures) else {}
    pairs = table.reindex(columns=["for_sector", "for_measure_id"])
    return [
        names.get(measure, measure) if isinstance(measure, str) else sector(part) if isinstance(part, str) else ""
        for part, measure in zip(pairs["for_sector"], pairs["for_measure_id"], strict=True)
    ]


def finance_table(content: ReportContent, plans: list[str]) -> Html:
    """What each plan costs, who pays it, and what that means for the budget: a row a figure, a column a plan."""
    rows = floats(content.table("finance_summaries")).set_index("plan_id").reindex(plans)
    blank = pd.Series(np.nan, index=rows.index)
    found = {key: rows.get(key, blank) for key in (*_measures(), "frr_note")}
    lines = [
        (words, [write(value) for value in found[key]])
        for key, (words, write) in _measures().items()
        if words and found[key].notna().any() and (key != "contingent_usd" or (found[key] > 0).any())
    ]
    rates = [rate_words(rate, note) for rate, note in zip(found["frr"], found["frr_note"], strict=True)]
    if any(rates):
        lines.append((_("Financial rate of return"), rates))
    words = [_("Gap: investment that no source of funds pays; it is in no other figure.")]
    if found["dscr_min"].isna().all() and found["llcr"].isna().all():
        words.append(
            _(
                "There is no coverage ratio: either nothing is borrowed, or the plans earn no cash to serve a debt "
                "with. The budget serves it."
            )
        )
    else:
        words.append(_("A coverage ratio below 1 means that the cash of the plan does not serve its debt."))
    table = pd.DataFrame([[name, *cells] for name, cells in lines], columns=["name", *plans])
    currency = currency_name(content.header.currency)
    columns = [Column("name", _("Figure"))]
    columns += [Column(plan, plan_name(content, plan), is_number=True) for plan in plans]
    caption = _("{heading} ({unit})").format(heading=_("How each plan is paid for"), unit=currency)
    return Html(html_table(table, columns, caption=caption), " ".join(words))


def _measures() -> dict[str, tuple[str, Any]]:
    """Figures of a plan's finance in order: their words, and how they are written."""
    return {
        "investment_usd": (_("Investment"), rounded),
        "funded_usd": (_("Paid by the sources of funds"), rounded),
        "gap_usd": (_("Gap"), rounded),
        "weighted_rate": (_("Cost of funds, real, a year"), _rate),
        "fiscal_pv_usd": (_("Net cost to government, present value"), rounded),
        "financial_npv_usd": (_("Cash in less cash out before finance, present value"), rounded),
        "dscr_min": (_("Debt service coverage ratio, lowest"), ratio),
        "dscr_mean": (_("Debt service coverage ratio, mean"), ratio),
        "llcr": (_("Loan life coverage ratio"), ratio),
        "contingent_usd": (_("Exposure from guarantees, largest"), rounded),
        "expected_contingent_usd": (_("Risks kept by government, expected cost"), rounded),
        "frr": ("", _rate),
    }


def _rate(value: Any) -> str:
    return percent(value, figures=3)


def funding_figure(content: ReportContent, plans: list[str]) -> Figure | None:
    """Shares of the investment by source of funds, with the gap."""
    flows, funding = floats(content.table("finance_flows")), content.table("funding")
    summaries = floats(content.table("finance_summaries")).set_index("plan_id")
    drawn = flows[flows["item"] == "drawdown"] if len(flows) else pd.DataFrame(columns=["plan_id", "funding_id"])
    ids = list(dict.fromkeys(drawn["funding_id"]))
    if not ids:
        return None
    names = dict(zip(funding["funding_id"], own_words(funding, "name"), strict=True)) if len(funding) else {}
    sums = drawn.pivot_table("amount_usd", "plan_id", "funding_id", "sum").reindex(index=plans, columns=ids)
    table = sums.assign(gap=summaries["gap_usd"].reindex(plans))
    parts, css = [str(names.get(code, code)) for code in ids], [SHARES[i % len(SHARES)] for i in range(len(ids))]
    if (table["gap"] > 0).any():
        parts, css = [*parts, _("Gap: nobody pays")], [*css, GAP]
    else:
        table = table.drop(columns="gap")
    labels = [plan_name(content, plan) for plan in plans]
    rows = [(name, amounts) for name, amounts in zip(labels, table.to_numpy(dtype=float).tolist(), strict=True)]
    caption = Caption(
        "funding", _("Who pays the investment"), _("Shares of the investment of each plan, by source of funds.")
    )
    wide, narrow = both_widths(lambda width: share_bars(rows, parts, caption=caption, css=css, width=width))
    data = table.set_axis(parts, axis=1).assign(name=labels)
    columns = [Column("name", _("Plan")), *(money_column(part, part, content.header.currency) for part in parts)]
    shown = html_table(data, columns, caption=caption.title)
    return Figure(caption.title, wide, narrow, subtitle=caption.description, data=shown)


# --- what it means for government -------------------------------------------------------------------------------


def profile_blocks(content: ReportContent, plan_id: str) -> list[Any]:
    """Money of government by year, and its debt."""
    table = floats(content.table("fiscal_profile"))
    mine = table[table["plan_id"] == plan_id].sort_values("year") if len(table) else table
    if mine.empty:
        return []
    blocks: list[Any] = [profile_figure(content, mine, plan_id)]
    if (mine[["debt_usd", "contingent_usd"]] > 0).any(axis=None):
        blocks.append(debt_figure(content, mine, plan_id))
    last = int(mine.loc[mine["debt_usd"] > 0, "year"].max()) if (mine["debt_usd"] > 0).any() else 0
    if last > content.header.horizon_year:
        words = _("Debt is repaid after the horizon of {horizon}; what is owed then is followed to its end.")
        blocks.append(Note(words.format(horizon=content.header.horizon_year), kind="info"))
    return blocks


def profile_figure(content: ReportContent, rows: pd.DataFrame, plan_id: str) -> Figure:
    """What government pays and receives in each year."""
    names = {
        "investment_usd": _("Investment"),
        "maintenance_usd": _("Maintenance and operation"),
        "debt_service_usd": _("Debt service"),
        "income_usd": _("Income"),
    }
    used = [(key, css) for key, css in BUDGETED if (rows[key] != 0).any()]
    series = [Series(names[key], (-rows[key]).tolist()) for key, _css in used]
    css = [colour for _key, colour in used]
    if (rows["income_usd"] != 0).any():
        series, css = [*series, Series(names["income_usd"], rows["income_usd"].tolist())], [*css, "t1"]
    net = Series(_("Net"), (-rows["net_usd"]).tolist())
    caption = Caption(
        "fiscal",
        _("Public money by year: the plan “{plan}”").format(plan=plan_name(content, plan_id)),
        _("What government and the operator pay, below zero, and receive, above it; undiscounted."),
    )
    axis = _("{currency} a year").format(currency=currency_name(content.header.currency))
    span = [int(year) for year in rows["year"]]
    wide, narrow = both_widths(
        lambda width: flow_bars(span, series, css=css, caption=caption, net=net, axis=axis, width=width)
    )
    columns = [
        Column("year", _("Year"), years),
        *(Column(key, words, rounded, is_number=True) for key, words in names.items()),
        Column("net_usd", _("Net cost"), rounded, is_number=True),
        Column("debt_usd", _("Debt at the end of the year"), rounded, is_number=True),
        Column("contingent_usd", _("Exposure from guarantees"), rounded, is_number=True),
    ]
    data = html_table(rows, columns, caption=f"{caption.title} ({axis})")
    return Figure(caption.title, wide, narrow, subtitle=caption.description, data=data)


def debt_figure(content: ReportContent, rows: pd.DataFrame, plan_id: str) -> Figure:
    """Debt at the end of each year, and what guarantees could cost beside it."""
    series = [Series(_("Debt"), rows["debt_usd"].astype(float).tolist())]
    if (rows["contingent_usd"] > 0).any():
        series.append(Series(_("Exposure from guarantees"), rows["contingent_usd"].astype(float).tolist()))
    caption = Caption(
        "debt",
        _("Debt outstanding: the plan “{plan}”").format(plan=plan_name(content, plan_id)),
        _("At the end of each year. Guarantees are no debt, and are not added to it."),
    )
    span, axis = [float(year) for year in rows["year"]], currency_name(content.header.currency)
    wide, narrow = both_widths(
        lambda width: curve_chart(
            span, series, caption=caption, axis=axis, is_log=False, width=width, write_x=years, is_direct=False
        )
    )
    return Figure(caption.title, wide, narrow, subtitle=caption.description)


# --- what can go wrong ------------------------------------------------------------------------------------------


def risk_blocks(content: ReportContent) -> list[Any]:
    """The risk register of the largest plan, with who bears each risk and who could bear it best."""
    table = floats(content.table("risk_allocation"))
    if table.empty:
        why = _("The study has no register of risks.")
        return [empty_note(why, _("Add risks.csv and risk_bearers.csv."))]
    plan_id = plans_by_budget(content, table)[-1]
    mine = table[table["plan_id"] == plan_id]
    register = content.table("risks")
    if len(register):
        named = register.assign(
            name=own_words(register, "name"), lessen=own_words(register, "mitigation"),
            chance=[_chance(p, per) for p, per in zip(register["probability"], register["per"], strict=True)],
        )  # fmt: skip
        keep = [key for key in ("risk_id", "name", "kind", "chance", "lessen", "basis", "source_id") if key in named]
        mine = mine.merge(named[keep], on="risk_id", how="left")
    else:
        mine = mine.assign(name=mine["risk_id"])
    titles = source_titles(content)
    mine["name"] = mine["name"].fillna(mine["risk_id"])
    if "source_id" in mine:
        mine = mine.assign(source=with_basis(mine, titles))
    mine = mine.sort_values("expected_cost_usd", ascending=False)
    return [risk_figure(content, mine, plan_id), *risk_tables(content, mine, plan_id), *bearer_table(content)]


def _chance(probability: Any, per: Any) -> str:
    return _("{share} a year").format(share=percent(probability)) if per == "year" else percent(probability)


def risk_figure(content: ReportContent, rows: pd.DataFrame, plan_id: str) -> Figure:
    """What each risk costs with the party that bears it now, and with the one best able to."""
    now = rows["cost_now_usd"].astype(float) if "cost_now_usd" in rows else pd.Series(np.nan, index=rows.index)
    bars = [
        SpanRow(
            str(name),
            [Span(0.0, cost, COST, lane=0), Span(0.0, best, GAIN, lane=1)],
            f"{rounded(cost)} → {rounded(best)}" if not is_missing(cost) else rounded(best),
        )
        for name, cost, best in zip(rows["name"], now, rows["allocated_cost_usd"].astype(float), strict=True)
    ]
    caption = Caption(
        "risks",
        _("What risks cost, by who bears them: the plan “{plan}”").format(plan=plan_name(content, plan_id)),
        _("Present value of the expected cost, with the party that bears the risk today and with that best able to."),
    )
    keys, css = [_("Borne as today"), _("Borne by the party best able to")], [COST, GAIN]
    axis = currency_name(content.header.currency)
    wide, narrow = both_widths(
        lambda width: span_rows(bars, caption=caption, axis=axis, keys=keys, css=css, width=width)
    )
    return Figure(caption.title, wide, narrow, subtitle=caption.description)


def risk_tables(content: ReportContent, rows: pd.DataFrame, plan_id: str) -> list[Html]:
    """The register: what each risk costs and who bears it; then what it rests on."""
    currency = content.header.currency
    whose = [
        Column("name", _("Risk")),
        Column("party_now", _("Borne today by"), party),
        Column("party", _("Best borne by"), party),
        money_column("expected_cost_usd", _("Expected cost"), currency),
        money_column("expected_cost_usd_low", _("Low"), currency),
        money_column("expected_cost_usd_high", _("High"), currency),
        money_column("cost_now_usd", _("Cost as borne today"), currency),
        money_column("allocated_cost_usd", _("Cost if best borne"), currency),
        money_column("saving_usd", _("Saving"), currency),
    ]
    sums = ["expected_cost_usd", "cost_now_usd", "allocated_cost_usd", "saving_usd"]
    total = rows.reindex(columns=sums).astype(float).sum(min_count=1)
    if rows.reindex(columns=["cost_now_usd"]).isna().any(axis=None):
        total[["cost_now_usd", "saving_usd"]] = np.nan  # a sum of what is known only would be taken for the whole
    shown = pd.concat([rows, total.to_frame().T.assign(name=_("All risks"))], ignore_index=True)
    note = _(
        "Present value of probability times impact: what to expect on average, not what could happen. The cost with a "
        "party is the expected cost times its factor: below 1 where it controls the risk, above 1 where it asks a "
        "premium."
    )
    register = [
        Column("name", _("Risk")),
        Column("kind", _("Kind"), risk_kind),
        Column("chance", _("Probability")),
        Column("lessen", _("What lessens it"), is_long=True),
        Column("source", _("Source"), sourced, is_long=True),
    ]
    caption = _("Risks and who bears them: the plan “{plan}”").format(plan=plan_name(content, plan_id))
    pieces = [Html(html_table(shown, whose, caption=caption), note)]
    if "chance" in rows:
        pieces.append(Html(html_table(rows, register, caption=_("The register of risks"))))
    return pieces


def bearer_table(content: ReportContent) -> list[Html]:
    """The factor of every party that could bear a risk, and why, folded away."""
    table, risks = content.table("risk_bearers"), content.table("risks")
    if table.empty:
        return []
    names = dict(zip(risks["risk_id"], own_words(risks, "name"), strict=True)) if len(risks) else {}
    is_now = table["is_now"] if "is_now" in table else pd.Series(None, index=table.index, dtype=object)
    rows = table.assign(
        name=table["risk_id"].map(lambda code: names.get(code, code)),
        today=["●" if now is True or str(now).lower() == "true" else "○" for now in is_now],
        why=own_words(table, "reason"),
    )
    columns = [
        Column("name", _("Risk")),
        Column("party", _("Party"), party),
        Column("cost_factor", _("Factor on its cost"), ratio, is_number=True),
        Column("today", _("Bears it today")),
        Column("why", _("Why"), is_long=True),
        Column("basis", _("Basis"), basis_mark),
    ]
    caption = _("Who could bear each risk")
    return [Html(folded(caption, html_table(rows, columns, caption=caption)))]


def delivery_blocks(content: ReportContent) -> list[Any]:
    """Ways of delivering the largest plan, by what each costs government."""
    table, modes = floats(content.table("delivery_comparison")), content.table("delivery_modes")
    if table.empty:
        why = _("No ways of delivery were compared.")
        return [empty_note(why, _("Add delivery_modes.csv, with the register of risks."))]
    plan_id = plans_by_budget(content, table)[-1]
    rows = table[table["plan_id"] == plan_id]
    if len(modes):
        source = with_basis(modes, source_titles(content))
        named = modes.assign(name=own_words(modes, "name"), source=source)
        keep = ["mode_id", "name", "source"]
        rows = rows.merge(named[keep], on="mode_id", how="left")
    else:
        rows = rows.assign(name=rows["mode_id"])
    heads = {
        "capital_usd": _("Investment, or payments for it"),
        "operation_usd": _("Maintenance and operation"),
        "transaction_usd": _("Procurement"),
        "retained_risk_usd": _("Risks kept"),
        "transferred_risk_usd": _("Price of risks moved"),
    }
    used = [(key, css) for key, css in DELIVERY if (rows[key] != 0).any()]
    bars = [_stacked_row(row, used) for _i, row in rows.iterrows()]
    caption = Caption(
        "delivery",
        _("What each way of delivery costs government: the plan “{plan}”").format(plan=plan_name(content, plan_id)),
        _("Present value, adjusted for risk."),
    )
    axis = currency_name(content.header.currency)
    keys, css = [heads[key] for key, _css in used], [colour for _key, colour in used]
    wide, narrow = both_widths(
        lambda width: span_rows(bars, caption=caption, axis=axis, keys=keys, css=css, width=width)
    )
    columns = [
        Column("name", _("Way of delivery")),
        *(money_column(key, heads[key], content.header.currency) for key, _css in used),
        money_column("total_usd", _("In all"), content.header.currency),
        Column("saving_share", _("Saving against the reference"), percent, is_number=True),
    ]
    what = [
        Column("name", _("Way of delivery")),
        Column("source", _("Source, and what to know"), sourced, is_long=True),
    ]
    caution = _(
        "Not a test to pass or fail. The discount rate decides much, because one way pays at once and another over "
        "decades; factors that are judgements decide the rest. Benefits are taken to be the same in every way."
    )
    pieces = [Html(html_table(rows, columns, caption=_("Ways of delivery compared")))]
    if "source" in rows:
        pieces.append(Html(html_table(rows, what, caption=_("What each way of delivery rests on"))))
    return [Figure(caption.title, wide, narrow, subtitle=caption.description), Note(caution), *pieces]


def _stacked_row(row: pd.Series, used: list[tuple[str, str]]) -> SpanRow:
    ends = np.concatenate([[0.0], np.cumsum([float(row[key]) for key, _css in used])])
    spans = [Span(float(ends[i]), float(ends[i + 1]), css) for i, (_key, css) in enumerate(used) if row[used[i][0]]]
    return SpanRow(str(row["name"]), spans, rounded(row["total_usd"]))
