"""The two sheets of a workbook that calculate: assumptions with results, and the cash flow.

The discount rate and a factor for every line are cells with names; the cash flow refers to them, and the results to the
cash flow.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from xlsxwriter.utility import xl_col_to_name

from headwater.assumptions import known_assumptions
from headwater.reports.content import ReportContent
from headwater.reports.labels import group, unit
from headwater.reports.money_labels import line_name, party
from headwater.reports.numbers import currency_name
from headwater.reports.plan_money import Floats, PlanMoney, only_rate, paid_back, rates_possible, running_signs
from headwater.reports.spreadsheet import Paper, formula, head, headings, rows, widths, write
from headwater.words import _, language

FIRST = 7
"""Column of the first year in the cash flow, from 0."""

LINES = 5
"""Row of the first line in the cash flow, from 0."""

RESULTS = 10
"""Row of the first result among the assumptions, from 0."""

FACTORS = 23
"""Row of the first factor among the assumptions, from 0."""

YEARLY = (
    "costs", "benefits", "net", "factors", "discounted", "running", "running_discounted", "signs", "signs_back",
    "paid_back",
)  # fmt: skip
"""What is worked out year by year, in rows under the lines."""


# --- cash flow --------------------------------------------------------------------------------------------------


def cash_flow(paper: Paper, sheet: Any, content: ReportContent, money: PlanMoney) -> None:
    """The sheet of the cash flow: lines by year, their totals and what follows from them."""
    currency = currency_name(content.header.currency)
    remark = _("In {currency}; amounts by line are undiscounted and before the factor. Gains are above zero.")
    without = what_is_missing(money)
    head(paper, sheet, _("Cash flow"), [remark.format(currency=currency), *without] if len(money.lines) else without)
    words = [_("Line"), _("Who pays"), _("Who gains"), _("Group"), _("Cash"), _("Factor"), _("Present value")]
    headings(paper, sheet, LINES - 1, words)
    for column, year in enumerate(money.years, start=FIRST):
        write(paper, sheet, LINES - 1, column, year, "year")
    sheet.freeze_panes(LINES, FIRST)
    sheet.repeat_rows(LINES - 1)
    sheet.repeat_columns(0)
    widths(sheet, 34, 16, 16, 22, 8, 10, 18)
    sheet.set_column(FIRST, FIRST + len(money.years) - 1, 15)
    if len(money.lines):
        _lines(paper, sheet, money)
        _yearly(paper, sheet, money)


def _lines(paper: Paper, sheet: Any, money: PlanMoney) -> None:
    worth = money.amounts @ money.factors
    years = _span(money, "factors")
    for number, line in enumerate(line_words(money)):
        at = LINES + number
        for column, word in enumerate(line):
            write(paper, sheet, at, column, word)
        formula(paper, sheet, at, 5, f"=factor_{number + 1}", 1.0, "ratio")
        mine = f"{xl_col_to_name(FIRST)}{at + 1}:{_last(money)}{at + 1}"
        formula(paper, sheet, at, 6, f"=$F{at + 1}*SUMPRODUCT({mine},{years})", worth[number], "money")
        for column, amount in enumerate(money.amounts[number], start=FIRST):
            write(paper, sheet, at, column, amount, "money")


def line_words(money: PlanMoney) -> list[tuple[str, ...]]:
    """What each line is, who pays, who gains, which group, and whether it is cash, in words."""
    return [
        (
            line_name(item),
            party(pays) if pays else "",
            party(gains) if gains else "",
            group(people) if people else "",
            _("yes") if is_cash else _("no"),
        )
        for item, pays, gains, people, is_cash, _is_cost in money.lines.itertuples(index=False)
    ]


def _yearly(paper: Paper, sheet: Any, money: PlanMoney) -> None:
    titles = {
        "costs": _("Costs"), "benefits": _("Benefits"), "net": _("Net"), "factors": _("Discount factor"),
        "discounted": _("Net, discounted"), "running": _("Running sum of the net"),
        "running_discounted": _("Running sum of the net, discounted"), "signs": _("Sign of the running sum"),
        "signs_back": _("Sign of the running sum from the last year back"),
        "paid_back": _("Paid back by then (1 is yes)"),
    }  # fmt: skip
    styles = {"factors": "factor", "signs": "whole", "signs_back": "whole", "paid_back": "whole"}
    values, write_formula = yearly_values(money), _yearly_formulas(money)
    for name in YEARLY:
        at = row_of(money, name)
        style = styles.get(name, "total" if name in ("costs", "benefits", "net") else "money")
        write(paper, sheet, at, 0, titles[name], "strong")
        for place, value in enumerate(values[name]):
            words = write_formula[name](xl_col_to_name(FIRST + place), place)
            formula(paper, sheet, at, FIRST + place, words, value, style)
    for name in ("costs", "benefits", "net") if money.has_benefits else ("costs",):
        span = _span(money, name)
        total = float(values[name] @ money.factors)
        words = f"=SUMPRODUCT({span},{_span(money, 'factors')})"
        formula(paper, sheet, row_of(money, name), 6, words, total, "total")


def yearly_values(money: PlanMoney) -> dict[str, Floats]:
    """What the rows under the lines come to, by year."""
    net, count = money.net, money.costs
    return {
        "costs": money.amounts[:count].sum(axis=0), "benefits": money.amounts[count:].sum(axis=0), "net": net,
        "factors": money.factors, "discounted": net * money.factors, "running": np.cumsum(net),
        "running_discounted": np.cumsum(net * money.factors), "signs": running_signs(net),
        "signs_back": running_signs(net[::-1])[::-1], "paid_back": paid_back(net).astype(np.float64),
    }  # fmt: skip


def _yearly_formulas(money: PlanMoney) -> dict[str, Callable[[str, int], str]]:
    """How each of those rows is worked out in the column of a year: from its letter and its place, from 0."""
    at = {name: row_of(money, name) + 1 for name in YEARLY}
    first, last, end = xl_col_to_name(FIRST), _last(money), len(money.years) - 1
    top, costs, bottom = LINES + 1, LINES + money.costs, LINES + len(money.lines)

    def total(start: int, stop: int) -> Callable[[str, int], str]:
        """Amounts of lines times their factors; nothing where there are no lines of the kind."""
        return lambda c, _t: f"=SUMPRODUCT($F{start}:$F{stop},{c}{start}:{c}{stop})" if start <= stop else "=0"

    def sign(
        row: int, sums: Callable[[str], str], is_edge: Callable[[int], bool], step: int
    ) -> Callable[[str, int], str]:
        """Sign of a sum, or that of the year beside it where the sum is zero."""
        return lambda c, t: (
            f"=IF(ABS({sums(c)})<0.005,"
            f"{'0' if is_edge(t) else xl_col_to_name(FIRST + t + step) + str(row)},SIGN({sums(c)}))"
        )

    return {
        "costs": total(top, costs),
        "benefits": total(costs + 1, bottom),
        "net": lambda c, _t: f"={c}{at['costs']}+{c}{at['benefits']}",
        "factors": lambda c, _t: f"=(1+discount_rate)^-({c}${LINES}-base_year)",
        "discounted": lambda c, _t: f"={c}{at['net']}*{c}{at['factors']}",
        "running": lambda c, _t: f"=SUM(${first}{at['net']}:{c}{at['net']})",
        "running_discounted": lambda c, _t: f"=SUM(${first}{at['discounted']}:{c}{at['discounted']})",
        "signs": sign(at["signs"], lambda c: f"{c}{at['running']}", lambda t: t == 0, -1),
        "signs_back": sign(
            at["signs_back"], lambda c: f"SUM({c}{at['net']}:${last}{at['net']})", lambda t: t == end, 1
        ),
        "paid_back": lambda c, _t: (
            f"=IF(AND(SUMPRODUCT(ABS(${first}{at['net']}:{c}{at['net']}))>0,{c}{at['running']}>-0.005),1,0)"
        ),
    }


def row_of(money: PlanMoney, name: str) -> int:
    """Row of the cash flow that holds something worked out by year, from 0."""
    return LINES + len(money.lines) + 1 + YEARLY.index(name)


def _last(money: PlanMoney) -> str:
    return str(xl_col_to_name(FIRST + len(money.years) - 1))


def _span(money: PlanMoney, name: str, *, start: int = 0, stop: int = 0) -> str:
    """Cells of a row worked out by year, `start` columns later and `stop` columns shorter."""
    at = row_of(money, name) + 1
    final = xl_col_to_name(FIRST + len(money.years) - 1 - stop)
    return f"${xl_col_to_name(FIRST + start)}${at}:${final}${at}"


# --- assumptions and results ------------------------------------------------------------------------------------


def assumptions(paper: Paper, sheet: Any, content: ReportContent, money: PlanMoney) -> None:
    """The sheet of inputs that a reader may change, and of what they come to."""
    remark = _("Yellow cells are yours to change; what depends on them follows.")
    head(paper, sheet, _("Assumptions"), [remark])
    headings(paper, sheet, 3, [_("Assumption"), _("Value"), _("Unit"), _("Source or basis")])
    header = content.header
    given = header.assumptions.get("discount_rate")
    basis = " ".join(filter(None, [given.basis, given.source_id])) if given else ""
    facts = [
        (_("Discount rate"), money.rate, "input_rate", unit("1/yr"), basis, "discount_rate"),
        (_("Base year"), money.base_year, "whole", "", "", "base_year"),
        (_("Last year"), header.horizon_year, "whole", "", "", "horizon_year"),
        (_("Prices of"), header.price_year, "whole", "", "", "price_year"),
    ]
    for at, (words, value, style, of, source, name) in enumerate(facts, start=4):
        rows(paper, sheet, at, [(words, value, of, source)], ["strong", style, "text", "text"])
        paper.book.define_name(name, "=" + paper.reference("assumptions", at, 1))
    remedy = _("write a rate above −1: 0.05 for 5 %")
    sheet.data_validation(
        4, 1, 4, 1, {"validate": "decimal", "criteria": ">", "value": -1, "error_message": remedy[:255]}
    )
    _results(paper, sheet, content, money)
    after = _factors(paper, sheet, money)
    _others(paper, sheet, content, after + 1)
    sheet.freeze_panes(4, 1)
    widths(sheet, 48, 20, 20, 34, 22, 10)


def _results(paper: Paper, sheet: Any, content: ReportContent, money: PlanMoney) -> None:
    headings(paper, sheet, RESULTS - 1, [_("Result"), _("Value"), _("As run"), _("Unit")])
    currency = currency_name(content.header.currency)
    titles = {
        "pv_costs": (_("Present value of costs"), "money", currency),
        "pv_benefits": (_("Present value of benefits"), "money", currency),
        "net_present_value": (_("Net present value"), "money", currency),
        "benefit_cost_ratio": (_("Benefit–cost ratio"), "ratio", ""),
        "rates_possible": (_("Rates of return that there can be, at most"), "whole", ""),
        "rate_of_return": (_("Economic rate of return"), "rate", _("a year")),
        "rate_note": (_("About the rate of return"), "text", ""),
        "payback_year": (_("Year by which it is paid back"), "whole", ""),
        "payback_years": (_("Years from the base year until then"), "whole", _("years")),
    }  # fmt: skip
    values = result_values(money)
    words = _result_formulas(paper, money, values)
    for at, (name, (title, style, of)) in enumerate(titles.items(), start=RESULTS):
        write(paper, sheet, at, 0, title, "strong")
        if name in words:
            formula(paper, sheet, at, 1, words[name], values[name], style)
            write(paper, sheet, at, 2, values[name], style)
        paper.book.define_name(name, "=" + paper.reference("assumptions", at, 1))
        write(paper, sheet, at, 3, of)
    for words_missing in what_is_missing(money):
        write(paper, sheet, RESULTS + len(titles), 0, words_missing)


def what_is_missing(money: PlanMoney) -> list[str]:
    """What a reader must know where there is no money, or no benefit in money."""
    if not len(money.lines):
        return [_("The plan has no money by year: there is nothing to calculate.")]
    return [] if money.has_benefits else [_("No benefit of the plan is in money: only its costs are calculated.")]


def result_values(money: PlanMoney) -> dict[str, Any]:
    """What the results come to now; text for a remark, NaN for what there is not."""
    values, net = yearly_values(money), money.net
    costs, benefits = -float(values["costs"] @ money.factors), float(values["benefits"] @ money.factors)
    paid, possible = paid_back(net), rates_possible(net)
    year = float(money.years[int(paid.argmax())]) if paid.any() else np.nan
    return {
        "pv_costs": costs, "pv_benefits": benefits, "net_present_value": benefits - costs,
        "benefit_cost_ratio": benefits / costs if costs > 0 else np.nan, "rates_possible": possible,
        "rate_of_return": only_rate(net), "rate_note": rate_notes()[min(possible, 2)],
        "payback_year": year, "payback_years": year - money.base_year,
    }  # fmt: skip


def rate_notes() -> tuple[str, str, str]:
    """What is said of a rate of return where there is none, one, or perhaps several."""
    return (
        _("There is none."),
        _("There is exactly one."),
        _("There may be several; none is shown."),
    )


def _result_formulas(paper: Paper, money: PlanMoney, values: dict[str, Any]) -> dict[str, str]:
    """How each result is worked out; only costs where no benefit is in money, nothing where nothing is."""
    if not len(money.lines):
        return {}
    sheet = f"'{paper.titles['cash_flow']}'!"
    costs = {"pv_costs": "=-" + paper.reference("cash_flow", row_of(money, "costs"), 6)}
    if not money.has_benefits:
        return costs
    net = sheet + _span(money, "net")
    changes = "+".join(
        f"SUMPRODUCT(({sheet}{_span(money, name, stop=1)}*{sheet}{_span(money, name, start=1)}<0)*1)"
        for name in ("signs", "signs_back")
    )
    level = f"IF(AND(ABS(SUM({net}))<0.005,SUMPRODUCT(ABS({net}))>0),1,0)"
    none, one, several = (text.replace('"', '""') for text in rate_notes())
    guess = round(values["rate_of_return"], 4) if np.isfinite(values["rate_of_return"]) else 0.1
    years = f"{sheet}${xl_col_to_name(FIRST)}${LINES}:${_last(money)}${LINES}"
    return costs | {
        "pv_benefits": "=" + paper.reference("cash_flow", row_of(money, "benefits"), 6),
        "net_present_value": "=pv_benefits-pv_costs",
        "benefit_cost_ratio": '=IF(pv_costs>0,pv_benefits/pv_costs,"")',
        "rates_possible": f"={changes}+{level}",
        "rate_of_return": f'=IF(rates_possible=1,IFERROR(IRR({net},{guess}),""),"")',
        "rate_note": f'=IF(rates_possible=0,"{none}",IF(rates_possible=1,"{one}","{several}"))',
        "payback_year": f'=IFERROR(INDEX({years},MATCH(1,{sheet}{_span(money, "paid_back")},0)),"")',
        "payback_years": '=IF(payback_year="","",payback_year-base_year)',
    }


def _factors(paper: Paper, sheet: Any, money: PlanMoney) -> int:
    """A factor for each line, named factor_1 and so on; says in which row the next table may begin."""
    if not len(money.lines):
        return FACTORS
    words = [_("Line"), _("Factor"), _("Who pays"), _("Who gains"), _("Group"), _("Cash")]
    headings(paper, sheet, FACTORS - 1, words)
    for number, (line, *about) in enumerate(line_words(money), start=1):
        at = FACTORS + number - 1
        rows(paper, sheet, at, [(line, 1.0, *about)], ["strong", "input_factor", *["text"] * 4])
        paper.book.define_name(f"factor_{number}", "=" + paper.reference("assumptions", at, 1))
    return FACTORS + len(money.lines)


def _others(paper: Paper, sheet: Any, content: ReportContent, at: int) -> None:
    """The other assumptions of the study: they made the amounts, and changing them here changes nothing."""
    given = [each for name, each in content.header.assumptions.items() if name != "discount_rate"]
    if not given:
        return
    known = known_assumptions()
    column = "description_zh" if language() == "zh" else "description"
    write(
        paper, sheet, at, 0, _("Other assumptions of the study: they made the amounts, which do not follow them here.")
    )
    words = [_("Assumption"), _("Value"), _("Unit"), _("Source or basis"), _("What it is")]
    headings(paper, sheet, at + 1, words)
    table = [
        (
            each.name, each.value if isinstance(each.value, int | float) else str(each.value), each.unit,
            " ".join(filter(None, [each.basis, each.source_id])),
            str(known.at[each.name, column]) if each.name in known.index else "",
        )
        for each in given
    ]  # fmt: skip
    rows(paper, sheet, at + 2, table, ["strong", "whole", "text", "text", "text"])
