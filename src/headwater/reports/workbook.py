"""A plan as a workbook: its money by year, with formulas that go on calculating when a reader changes an input.

Knows what stands on which sheet; what the formulas come to now is the arithmetic of `plan_money`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import xlsxwriter
from xlsxwriter.utility import xl_col_to_name

from headwater.files import write_atomically
from headwater.frames import with_columns
from headwater.reports.content import ReportContent
from headwater.reports.labels import plain, sector, status, words_of
from headwater.reports.numbers import currency_name, is_missing
from headwater.reports.plan import option_names, plan_name
from headwater.reports.plan_money import PlanMoney, plan_money
from headwater.reports.spreadsheet import SAFE, STYLES, Paper, formula, head, headings, new_sheet, rows, widths, write
from headwater.reports.workbook_money import assumptions, cash_flow, what_is_missing
from headwater.words import _, language, speaking

TOP = 4
"""First row of a table, from 0: under the title of its sheet and remarks."""


def write_workbook(content: ReportContent, plan_id: str, path: Path | str, *, language: str) -> Path:
    """Write a plan as a workbook, whole or not at all.

    Its sheets: what it is, assumptions and results, options, cash flow, finance, sources. Changing the discount rate or
    the factor of a line changes every figure that depends on it; the choice of options stays.

    Parameters
    ----------
    content
        The run. Of its tables, `plans`, `plan_summaries`, `cash_flows`, `options`, `appraisals`, `funding`,
        `finance_flows` and `finance_summaries` are read; any may be missing.
    plan_id
        The plan.
    path
        The file to write. An earlier file is replaced only once the new one is complete.
    language
        "en" or "zh".

    Returns
    -------
    path
        The file written.

    Raises
    ------
    ValueError
        If the language is not one of `headwater.words.LANGUAGES`.
    AssumptionError
        If the study gives no discount rate.
    """
    target = Path(path)
    with speaking(language):
        money = plan_money(content, plan_id)
        write_atomically(target, lambda draft: _fill(content, plan_id, money, draft))
    return target


def _fill(content: ReportContent, plan_id: str, money: PlanMoney, draft: Path) -> None:
    with xlsxwriter.Workbook(str(draft), SAFE) as book:
        titles = {
            "readme": _("Read me"), "assumptions": _("Assumptions"), "options": _("Options"),
            "cash_flow": _("Cash flow"), "finance": _("Financing"), "sources": _("Sources"),
        }  # fmt: skip
        paper = Paper(book, {name: book.add_format(look) for name, look in STYLES.items()}, titles)
        title = f"{words_of(content.header.title)}: {plan_name(content, plan_id)}"
        run_on = content.provenance.get("run_on") or f"{content.header.base_year}-01-01"
        created = dt.datetime.fromisoformat(f"{run_on}T00:00:00+00:00")  # not the clock: the same run, the same file
        book.set_properties({"title": title[:255], "comments": "Headwater", "created": created.replace(tzinfo=None)})
        sheets = {name: new_sheet(paper, name) for name in titles}
        _readme(paper, sheets["readme"], content, plan_id, money)
        assumptions(paper, sheets["assumptions"], content, money)
        _options(paper, sheets["options"], content, plan_id)
        cash_flow(paper, sheets["cash_flow"], content, money)
        _finance(paper, sheets["finance"], content, plan_id)
        _sources(paper, sheets["sources"], content)


def _readme(paper: Paper, sheet: Any, content: ReportContent, plan_id: str, money: PlanMoney) -> None:
    header, known = content.header, content.provenance
    summary = _row(content.table("plan_summaries"), plan_id)
    head(paper, sheet, words_of(header.title))
    facts = [
        (_("Plan"), plan_name(content, plan_id)),
        (_("Identifier"), plan_id),
        (_("Study"), header.study_id),
        (_("Currency"), currency_name(header.currency)),
        (_("Prices of"), str(header.price_year)),
        (_("Years"), f"{header.base_year}–{header.horizon_year}"),
        (_("Budget"), summary.get("budget_usd")),
        (_("Spent"), summary.get("spent_usd")),
        (_("Options chosen"), summary.get("options")),
        (_("Net present value in the results of the run"), summary.get("npv_usd")),
        (_("Status"), status(summary.get("status", ""))),
        (_("Version"), _("Headwater {version}.").format(version=known["version"]) if known.get("version") else ""),
        (_("Run on"), str(known.get("run_on", ""))),
    ]
    at = rows(paper, sheet, 2, facts, ["strong", "money"])
    limits = [text for limit in header.limits if (text := words_of(limit))]
    licence = _("Data keep the licence of their publisher. Attribute them when you reuse this workbook.")
    parts = {
        _("How to use it"): _uses(money), _("Conventions"): _conventions(), _("Limits"): limits,
        _("Sources and licences"): [licence],
    }  # fmt: skip
    for title, texts in parts.items():
        if texts:
            write(paper, sheet, at + 1, 0, title, "strong")
            at = rows(paper, sheet, at + 2, [[text] for text in texts], ["text"])
    widths(sheet, 44, 40)


def _uses(money: PlanMoney) -> list[str]:
    return [
        _("Change the yellow cells of the sheet of assumptions: the discount rate, and the factor of any line."),
        _("Totals, present values and rates follow by formula; what they were as run stands beside them."),
        _("Amounts by line and year are those of the run, and the choice of options is not made again."),
        *what_is_missing(money),
    ]


def _conventions() -> list[str]:
    return [
        _("The base year is not discounted; money is real, of one price year."),
        _("Money that falls t years after the base year is worth (1 + rate)^−t of itself."),
        _("Benefits begin the year after the investment and run to the horizon, which is included."),
        _("Gains are above zero and costs below. A line is a cost or a benefit by its kind, not by its sign."),
        _("A rate of return is shown only where the running sums of the money prove that there is exactly one."),
        _("An empty cell means that there is no value: not computed or not applicable. It never means zero."),
    ]


def _options(paper: Paper, sheet: Any, content: ReportContent, plan_id: str) -> None:
    table = chosen_options(content, plan_id)
    remark = _("Net present value and benefit–cost ratio are those of the option alone, begun in the base year.")
    head(paper, sheet, _("Options chosen"), [remark if len(table) else _("The plan chooses no option.")])
    currency = currency_name(content.header.currency)
    words = [
        _("Identifier"), _("Option"), _("Sector"), _("Starts"), _with_unit(_("Investment"), currency),
        _("SDG targets"), _with_unit(_("Net present value"), currency), _("Benefit–cost ratio"), _("Source"),
    ]  # fmt: skip
    headings(paper, sheet, TOP, words)
    styles = ["text", "text", "text", "whole", "money", "text", "money", "ratio", "text"]
    last = rows(paper, sheet, TOP + 1, table.itertuples(index=False), styles)
    if len(table):
        write(paper, sheet, last, 0, _("Total"), "total")
        spent = float(table["initial_cost_usd"].sum())
        formula(paper, sheet, last, 4, f"=SUM(E{TOP + 2}:E{last})", spent, "total")
        sheet.autofilter(TOP, 0, last - 1, len(words) - 1)
    _keep_headings(sheet, columns=2)
    widths(sheet, 24, 44, 22, 10, 18, 22, 20, 14, 20)


def chosen_options(content: ReportContent, plan_id: str) -> pd.DataFrame:
    """The options of a plan as the workbook lists them, in order of start."""
    plans = with_columns(content.table("plans"), ["plan_id", "option_id", "start_year", "initial_cost_usd"])
    known = ["option_id", "name", "name_zh", "sector", "sdg_targets", "source_id"]
    about, worth = (
        with_columns(content.table(name), columns).set_index("option_id")
        for name, columns in (("options", known), ("appraisals", ["option_id", "npv_usd", "bcr"]))
    )
    chosen = plans[plans["plan_id"] == plan_id].sort_values(["start_year", "option_id"], ignore_index=True)
    ids = chosen["option_id"]
    names = option_names(about.reset_index(), "option_id")
    facts = {column: texts(ids.map(about[column].to_dict())) for column in ("sector", "sdg_targets", "source_id")}
    return pd.DataFrame(
        {
            "option_id": ids, "name": texts(ids.map(names.to_dict())).replace("", None).fillna(ids),
            "sector": facts["sector"].map(sector), "start_year": chosen["start_year"],
            "initial_cost_usd": chosen["initial_cost_usd"],
            "sdg_targets": facts["sdg_targets"].str.replace(";", ", "),
            "npv_usd": ids.map(worth["npv_usd"].to_dict()), "bcr": ids.map(worth["bcr"].to_dict()),
            "source_id": facts["source_id"],
        }
    )  # fmt: skip


def _finance(paper: Paper, sheet: Any, content: ReportContent, plan_id: str) -> None:
    table = with_columns(content.table("finance_flows"), ["plan_id", "funding_id", "item", "year", "amount_usd"])
    mine = table[table["plan_id"] == plan_id]
    currency = currency_name(content.header.currency)
    remark = _(
        "In {currency}, real and undiscounted. These flows are those of the run: they do not follow the factors."
    )
    none = _("No finance was computed for this plan.")
    head(paper, sheet, _("Financing"), [remark.format(currency=currency) if len(mine) else none])
    _keep_headings(sheet, columns=3)
    widths(sheet, 40, 26, 16)
    if mine.empty:
        return
    sources = with_columns(content.table("funding"), ["funding_id", "name", "name_zh"]).set_index("funding_id")
    names = option_names(sources.reset_index(), "funding_id").to_dict()
    years = list(range(int(mine["year"].min()), int(mine["year"].max()) + 1))
    sums = mine.assign(year=mine["year"].astype(int)).groupby(["funding_id", "item", "year"], sort=True)["amount_usd"]
    by_year = sums.sum().unstack("year").reindex(columns=years)
    headings(paper, sheet, TOP, [_("Source of funds"), _("Flow"), _("Total")])
    for column, year in enumerate(years, start=3):
        write(paper, sheet, TOP, column, year, "year")
    end = xl_col_to_name(2 + len(years))
    for at, (key, amounts) in enumerate(zip(by_year.index, by_year.to_numpy(float), strict=True), start=TOP + 1):
        write(paper, sheet, at, 0, names.get(key[0]) or str(key[0]))
        write(paper, sheet, at, 1, finance_item(str(key[1])))
        formula(paper, sheet, at, 2, f"=SUM(D{at + 1}:{end}{at + 1})", float(pd.Series(amounts).sum()), "money")
        for column, amount in enumerate(amounts, start=3):
            write(paper, sheet, at, column, amount, "money")
    sheet.set_column(3, 2 + len(years), 14)
    _finance_facts(paper, sheet, content, plan_id, TOP + len(by_year) + 2)


def _finance_facts(paper: Paper, sheet: Any, content: ReportContent, plan_id: str, at: int) -> None:
    known = _row(content.table("finance_summaries"), plan_id)
    facts = [
        (_("Investment"), "investment_usd", "money"),
        (_("Investment that has a source of funds"), "funded_usd", "money"),
        (_("Investment that has none"), "gap_usd", "money"), (_("Cost of funds, weighted"), "weighted_rate", "rate"),
        (_("Lowest debt service coverage ratio"), "dscr_min", "ratio"),
        (_("Present value of what government pays, net"), "fiscal_pv_usd", "money"),
    ]  # fmt: skip
    for words, name, style in facts:
        if not is_missing(known.get(name)):
            rows(paper, sheet, at, [(words, "", known[name])], ["strong", "text", style])
            at += 1


def finance_item(code: str) -> str:
    """Name of a flow of finance."""
    return {
        "drawdown": _("drawn"),
        "interest": _("interest"),
        "repayment": _("repayment"),
        "fee": _("fees"),
        "dividend": _("dividends"),
        "income": _("income"),
        "guarantee_exposure": _("exposure under guarantees"),
    }.get(code, plain(code))


def _sources(paper: Paper, sheet: Any, content: ReportContent) -> None:
    columns = ["source_id", "title", "publisher", "licence", "url", "vintage", "caveat"]
    table = with_columns(content.sources, [*columns, "caveat_zh"])
    if language() == "zh":
        table = table.assign(caveat=texts(table["caveat_zh"]).replace("", None).fillna(table["caveat"]))
    head(paper, sheet, _("Sources"), [_("Data keep the licence of their publisher.")])
    words = [_("Identifier"), _("Source"), _("Publisher"), _("Licence"), _("Address"), _("Vintage"), _("Caveat")]
    headings(paper, sheet, TOP, words)
    shown = table[columns].apply(texts)
    styles = ["text", "long", "long", "long", "text", "text", "long"]
    rows(paper, sheet, TOP + 1, shown.itertuples(index=False), styles)
    _keep_headings(sheet, columns=1)
    widths(sheet, 20, 50, 30, 24, 44, 14, 60)


def texts(column: pd.Series) -> pd.Series:
    """A column of text whose missing values are empty text."""
    return column.astype(object).where(column.notna(), "").astype(str)


def _keep_headings(sheet: Any, *, columns: int) -> None:
    """Keep the headings and the first columns in sight, and the headings on every page printed."""
    sheet.freeze_panes(TOP + 1, columns)
    sheet.repeat_rows(TOP)


def _with_unit(words: str, unit: str) -> str:
    return _("{heading} ({unit})").format(heading=words, unit=unit)


def _row(table: pd.DataFrame, plan_id: str) -> Mapping[Any, Any]:
    """The row of a plan, or nothing."""
    if "plan_id" not in table:
        return {}
    mine = table[table["plan_id"] == plan_id]
    return mine.iloc[0].to_dict() if len(mine) else {}
