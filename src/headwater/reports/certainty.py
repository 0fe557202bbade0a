"""How sure a business case is: the spread of net present values, what moves them most, and what would turn the choice.

Shows what was worked out from the study's own table `uncertainties`; assumes no spread.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from headwater.reports.content import Figure, Html, Note, ReportContent, both_widths, empty_note
from headwater.reports.figures import Caption
from headwater.reports.labels import plain
from headwater.reports.money_figures import GAIN, TOTAL, Span, SpanRow, histogram, span_rows
from headwater.reports.money_labels import line_name, own_words, sample_share, sourced
from headwater.reports.numbers import compact, currency_name, is_missing, money, number, percent, rounded
from headwater.reports.plan import plan_name
from headwater.reports.svg import nice_ticks
from headwater.reports.tables import Column, folded, html_table, money_column
from headwater.words import _

BARS = 32
"""Bars of a distribution, about."""

FEW = 0.005
"""Shares of variance below this, either way, are the noise of sampling."""


def certainty_blocks(content: ReportContent, plans: list[str], *, is_valued: bool) -> list[Any]:
    """How sure the net present values are; `plans` by rising budget, the last in full."""
    spread = floats(content.table("npv_distribution"))
    if spread.empty:
        if not is_valued:
            return []
        why = _("How sure these figures are was not worked out: the study does not say what is uncertain.")
        return [empty_note(why, _("Add uncertainties.csv."))]
    spread = spread.set_index("plan_id")
    order = [plan for plan in plans if plan in spread.index]
    if not order:
        return []
    largest = order[-1]
    blocks: list[Any] = [
        spread_figure(content, spread.loc[order]),
        spread_table(content, spread.loc[order]),
        waiting_note(content, spread.loc[order]),
        histogram_figure(content, largest, float(spread["positive_share"].astype(float)[largest])),
    ]
    blocks += swing_blocks(content, largest)
    return [*blocks, *uncertain_blocks(content)]


def spread_figure(content: ReportContent, spread: pd.DataFrame) -> Figure:
    """Where the net present value of each plan lies: nine in ten samples, the middle half, and the median."""
    columns = ("p05_usd", "p25_usd", "p50_usd", "p75_usd", "p95_usd", "positive_share")
    rows = [
        SpanRow(
            plan_name(content, str(plan_id)),
            [Span(low, high, "t3", is_thin=True), Span(lower, upper, GAIN)],
            _("above zero in {share}").format(share=sample_share(positive)),
            [middle],
        )
        for plan_id, low, lower, middle, upper, high, positive in zip(
            spread.index, *(spread[column].astype(float) for column in columns), strict=True
        )
    ]
    caption = Caption(
        "case-spread",
        _("How sure the net present value is"),
        _("The thin bar holds nine in ten samples, the thick bar the middle half, the dot is the median."),
    )
    axis = _("{heading} ({unit})").format(heading=_("Net present value"), unit=currency_name(content.header.currency))
    wide, narrow = both_widths(lambda width: span_rows(rows, caption=caption, axis=axis, width=width))
    return Figure(caption.title, wide, narrow, subtitle=caption.description)


def spread_table(content: ReportContent, spread: pd.DataFrame) -> Html:
    """The same in numbers."""
    currency = content.header.currency
    rows = spread.assign(name=[plan_name(content, str(plan)) for plan in spread.index])
    columns = [
        Column("name", _("Plan")),
        money_column("p05_usd", _("One in twenty is below"), currency),
        money_column("p50_usd", _("Median"), currency),
        money_column("mean_usd", _("Mean"), currency),
        money_column("p95_usd", _("One in twenty is above"), currency),
        Column("positive_share", _("Share above zero"), sample_share, is_number=True),
    ]
    if "wait_value_usd" in rows and rows["wait_value_usd"].notna().any():
        columns.append(money_column("wait_value_usd", _("Worth of waiting"), currency))
    note = _(
        "{count} samples of what the study calls uncertain, drawn together. What nobody called uncertain does not vary."
    ).format(count=number(rows["samples"].max()))
    return Html(html_table(rows, columns, caption=_("Net present value of each plan in the samples")), note)


def waiting_note(content: ReportContent, spread: pd.DataFrame) -> Note | None:
    """What waiting is worth for the largest plan, where that was asked for."""
    last = spread.iloc[-1]
    wait = last.get("wait_years")
    value = float(last["wait_value_usd"]) if "wait_value_usd" in spread else np.nan
    if is_missing(value) or is_missing(wait):
        return None
    name, worth = plan_name(content, str(last.name)), money(abs(value), content.header.currency)
    if value > 0:
        words = _(
            "Waiting {count} years with the plan “{plan}”, until what is uncertain is known, is worth {money} at most: "
            "what is not yet built need not be built at a loss."
        )
    else:
        words = _(
            "Waiting {count} years with the plan “{plan}” does not pay: even if everything uncertain were known by "
            "then, it would cost {money} in benefits forgone."
        )
    return Note(words.format(count=number(wait), plan=name, money=worth), kind="info")


def binned(values: pd.Series, *, count: int = BARS) -> tuple[list[float], list[float]]:
    """Bounds of about so many bars, zero one of them where it is inside, and the share of values in each.

    Examples
    --------
    >>> binned(pd.Series([-1.0, 1.0, 3.0, 3.5]), count=4)
    ([-2.0, 0.0, 2.0, 4.0], [0.25, 0.25, 0.5])
    """
    edges = nice_ticks(float(values.min()), float(values.max()), count=count)
    shares = np.histogram(values, bins=edges)[0] / len(values)
    return edges, shares.tolist()


def histogram_figure(content: ReportContent, plan_id: str, positive: float) -> Figure | None:
    """The samples of one plan."""
    samples = content.table("npv_samples")
    values = samples.loc[samples["plan_id"] == plan_id, "npv_usd"].astype(float) if len(samples) else pd.Series()
    if len(values) < 2 or values.min() == values.max():
        return None
    edges, shares = binned(values)
    subtitle = _("Above zero in {share} of the samples").format(share=sample_share(positive))
    caption = Caption(
        "case-samples",
        _("Net present values of the plan “{plan}”").format(plan=plan_name(content, plan_id)),
        subtitle,
    )
    across = _("{heading} ({unit})").format(heading=_("Net present value"), unit=currency_name(content.header.currency))
    wide, narrow = both_widths(
        lambda width: histogram(
            edges, shares, caption=caption, axis=_("share of samples"), x_axis=across, width=width, write=compact
        )
    )
    table = pd.DataFrame({"low": edges[:-1], "high": edges[1:], "share": shares})
    columns = [
        money_column("low", _("From"), content.header.currency),
        money_column("high", _("To"), content.header.currency),
        Column("share", _("Share of samples"), percent, is_number=True),
    ]
    data = html_table(table[table["share"] > 0], columns, caption=caption.title)
    return Figure(caption.title, wide, narrow, subtitle=subtitle, data=data)


# --- what moves it ----------------------------------------------------------------------------------------------


def variable_names(content: ReportContent) -> dict[str, str]:
    """What the study calls each uncertain variable, in the current language."""
    table = content.table("uncertainties")
    return dict(zip(table["variable"], own_words(table, "name"), strict=True)) if len(table) else {}


def variable_name(code: str, names: dict[str, str]) -> str:
    """Words for an uncertain variable.

    Examples
    --------
    >>> variable_name("factor.capital", {}), variable_name("discount_rate", {"discount_rate": "Rate"})
    ('Investment: factor', 'Rate')
    """
    known = {"discount_rate": _("Discount rate"), "benefit_growth": _("Growth of benefits")}
    if names.get(code) or code in known:
        return names.get(code) or known[code]
    if code.startswith("factor."):
        return _("{line}: factor").format(line=line_name(code.removeprefix("factor.")))
    return plain(code)


def write_value(code: str, value: Any) -> str:
    """A value of a variable: rates as percentages, factors as numbers."""
    if is_missing(value):
        return ""
    return number(value, figures=3) if code.startswith("factor.") else percent(value, figures=3)


def swing_blocks(content: ReportContent, plan_id: str) -> list[Any]:
    """What one variable at a time does to the net present value, and its share of the variance."""
    table = floats(content.table("sensitivities"))
    mine = table[table["plan_id"] == plan_id] if len(table) else table
    if mine.empty:
        return []
    mine = mine.assign(swing=(mine["npv_usd_high"] - mine["npv_usd_low"]).abs()).sort_values("swing", ascending=False)
    names = variable_names(content)
    codes = [str(code) for code in mine["variable"]]
    labels = [variable_name(code, names) for code in codes]
    base = base_worth(content, plan_id)
    rows = [
        SpanRow(
            _("{heading} ({unit})").format(heading=label, unit=f"{write_value(code, low)} – {write_value(code, high)}"),
            _swing_spans(float(worth_low), float(worth_high), base),
            f"{rounded(min(worth_low, worth_high))} – {rounded(max(worth_low, worth_high))}",
        )
        for code, label, low, high, worth_low, worth_high in zip(
            codes, labels, mine["low"], mine["high"], mine["npv_usd_low"], mine["npv_usd_high"], strict=True
        )
    ]
    caption = Caption(
        "case-swings",
        _("What moves the net present value most: the plan “{plan}”").format(plan=plan_name(content, plan_id)),
        _("Each variable at its low and at its high value, all others as assumed; the line is the case as assumed."),
    )
    axis = _("{heading} ({unit})").format(heading=_("Net present value"), unit=currency_name(content.header.currency))
    keys, css = [_("At the low value"), _("At the high value")], [LOW, HIGH]
    wide, narrow = both_widths(
        lambda width: span_rows(rows, caption=caption, axis=axis, keys=keys, css=css, reference=base, width=width)
    )
    return [
        Figure(caption.title, wide, narrow, subtitle=caption.description),
        swing_table(content, mine.assign(name=labels)),
    ]


LOW, HIGH = "t4", "t2"
"""Colours of a variable at its low and its high value."""


def _swing_spans(low: float, high: float, base: float | None) -> list[Span]:
    if base is None:
        return [Span(low, high, TOTAL)]
    return [Span(low, base, LOW), Span(base, high, HIGH, lane=0 if (low - base) * (high - base) <= 0 else 1)]


def base_worth(content: ReportContent, plan_id: str) -> float | None:
    """Net present value of a plan as assumed [usd], from its cash flows."""
    flows = content.table("cash_flows")
    mine = flows[flows["plan_id"] == plan_id] if len(flows) else flows
    if mine.empty:
        return None
    rate = float(content.header.value("discount_rate"))
    factors = (1 + rate) ** -(mine["year"].astype(float) - content.header.base_year)
    return float((mine["amount_usd"].astype(float) * factors).sum())


def swing_table(content: ReportContent, rows: pd.DataFrame) -> Html:
    """Swings, switching values and shares of variance."""
    codes = rows["variable"].astype(str)
    shown = rows.assign(
        **{
            name: [write_value(code, value) for code, value in zip(codes, rows[name], strict=True)]
            for name in ("low", "base", "high", "switching_value")
            if name in rows
        },
    )
    currency = content.header.currency
    columns = [
        Column("name", _("Variable")),
        Column("low", _("Low"), is_number=True),
        Column("base", _("As assumed"), is_number=True),
        Column("high", _("High"), is_number=True),
        money_column("npv_usd_low", _("Worth at low"), currency),
        money_column("npv_usd_high", _("Worth at high"), currency),
        Column("switching_value", _("Worth nothing at"), is_number=True),
    ]
    note = _("Worth nothing at: the value at which the net present value is zero; — where there is none, or several.")
    shares = [name for name in ("first_order", "total_order") if name in rows and rows[name].notna().any()]
    if shares:
        shown[shares] = rows[shares].astype(float).where(rows[shares].abs() >= FEW, 0.0)
        columns += [
            Column("first_order", _("Share of variance, by itself"), percent, is_number=True),
            Column("total_order", _("with others"), percent, is_number=True),
        ]
        note += " " + _(
            "Shares of variance (Sobol) say how much less the result would vary if the variable were known; they take "
            "variables as independent."
        )
    return Html(html_table(shown, columns, caption=_("What the result hangs on")), note)


def uncertain_blocks(content: ReportContent) -> list[Html]:
    """What the study calls uncertain, and on what basis, folded away."""
    table = content.table("uncertainties")
    if table.empty:
        return []
    names, titles = variable_names(content), source_titles(content)
    codes = table["variable"].astype(str)
    rows = table.assign(
        name=[variable_name(code, names) for code in codes],
        **{
            column: [write_value(code, value) for code, value in zip(codes, table[column], strict=True)]
            for column in ("low", "likely", "high")
            if column in table
        },
        source=with_basis(table, titles),
    )  # fmt: skip
    columns = [
        Column("name", _("Variable")),
        Column("distribution", _("Distribution"), distribution_name),
        Column("low", _("Low"), is_number=True),
        Column("likely", _("Likely"), is_number=True),
        Column("high", _("High"), is_number=True),
        Column("source", _("Source"), sourced, is_long=True),
    ]
    caption = _("What the study calls uncertain")
    return [Html(folded(caption, html_table(rows, columns, caption=caption)))]


def distribution_name(code: str) -> str:
    """Name of a distribution."""
    return {
        "triangular": _("triangular"),
        "uniform": _("uniform"),
        "lognormal": _("log-normal (low and high: 5th and 95th percentiles)"),
        "samples": _("values given one by one"),
    }.get(code, plain(code))


def floats(table: pd.DataFrame) -> pd.DataFrame:
    """A table whose numbers are plain, with NaN where there is none.

    Examples
    --------
    >>> floats(pd.DataFrame({"usd": pd.array([1, None], dtype="Int64")}))["usd"].tolist()
    [1.0, nan]
    """
    numeric = [name for name in table if pd.api.types.is_extension_array_dtype(table[name].dtype)]
    numeric = [name for name in numeric if pd.api.types.is_any_real_numeric_dtype(table[name].dtype)]
    return table.astype(dict.fromkeys(numeric, "float64"))


def with_basis(table: pd.DataFrame, titles: dict[str, str]) -> pd.Series:
    """Whether each row is from its source or a judgement, the title of that source, and its note, as triples."""
    blank = pd.Series("", index=table.index)
    basis = table.get("basis", blank).astype(object).where(lambda words: words.notna(), "")
    codes = table.get("source_id", blank)
    notes = own_words(table, "note")
    triples = [(how, titles.get(code, code), note) for how, code, note in zip(basis, codes, notes, strict=True)]
    return pd.Series(triples, index=table.index, dtype=object)


def source_titles(content: ReportContent) -> dict[str, str]:
    """Title of each source, by its identifier."""
    table = content.sources
    return dict(zip(table["source_id"], own_words(table, "title"), strict=True)) if "title" in table else {}
