"""Events in the chapter on loss of service: how many lose it, how long it lasts, and what is repaired first.

By return period, for the planning case of each hazard, and for areas that the study draws.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from headwater.reports.answer import service_name
from headwater.reports.axes import Series
from headwater.reports.content import Figure, Html, ReportContent, both_widths, case_name
from headwater.reports.figures import Caption, curve_chart
from headwater.reports.labels import hazard
from headwater.reports.labels import kind as kind_name
from headwater.reports.numbers import compact, number, percent, rounded, years
from headwater.reports.propagation import item_name
from headwater.reports.summaries import case_columns, matching, sides
from headwater.reports.tables import Column, folded, html_table
from headwater.words import _

TOP = 20
"""Rows of an order of repair."""

MOST_CURVES = 5
"""Return periods drawn in one chart of recovery."""


def loss_blocks(content: ReportContent) -> list[Any]:
    """People without each service against return period, of the planning case of each hazard."""
    table = content.table("event_disruptions")
    events = table[table["return_period_yr"].notna()] if len(table) else table
    if events.empty:
        return []
    value = "population_without"
    parts = [value, f"{value}_p05", f"{value}_p95", f"{value}_se", "user_hours_lost", "items_failed"]
    pairs = sides(events, [*case_columns(events), "return_period_yr", "service"], parts)
    blocks: list[Any] = []
    for case, _rows in content.plan_cases(events, value):
        mine = matching(pairs, case)
        for service, rows in mine.groupby("service", sort=False):
            every = pairs[(pairs["hazard"] == case["hazard"]) & (pairs["service"] == service)]
            if rows[value].max() > 0:
                blocks.append(loss_figure(content, case, str(service), rows, every))
    return blocks


def loss_figure(
    content: ReportContent, case: pd.Series, service: str, rows: pd.DataFrame, every: pd.DataFrame
) -> Figure:
    """People without one service against return period: with dependencies solid, without dashed."""
    value, rows = "population_without", rows.sort_values("return_period_yr")
    periods = rows["return_period_yr"].tolist()
    low, high = (rows[f"{value}_{end}"].tolist() for end in ("p05", "p95"))
    series = [Series(_("with dependencies"), rows[value].tolist(), low, high)]
    if not np.allclose(rows[value], rows[f"{value}_direct"]):
        series.append(Series(_("without"), rows[f"{value}_direct"].tolist()))
    title = _("{service}: people without it by return period, {hazard}").format(
        service=service_name(content, service), hazard=hazard(str(case["hazard"])).lower()
    )
    description = _("Curves of people without the service by return period, with and without dependencies.")
    caption = Caption(f"loss-{case['hazard']}-{service}", title, description)
    wide, narrow = both_widths(
        lambda width: curve_chart(
            periods, series, caption=caption, axis=_("people, the most at any time"),
            x_axis=_("return period (years)"), width=width, write_x=number,
        )
    )  # fmt: skip
    subtitle = _("Mean; band: 5–95 % of samples, with dependencies · {case}").format(
        case=case_name(case, with_hazard=False)
    )
    if len(series) == 1:
        subtitle += " · " + _("In these events dependencies add nothing.")
    others = len(every[case_columns(every)].drop_duplicates()) - 1
    if others:
        subtitle += " · " + _("{count} more cases are in the table.").format(count=number(others))
    return Figure(caption.title, wide, narrow, subtitle=subtitle, data=_loss_table(every, title))


def recovery_blocks(content: ReportContent) -> list[Any]:
    """People without each service in the hours after an event, by return period, of the planning case."""
    curves, events = content.table("recovery_curves"), content.table("event_disruptions")
    if curves.empty or events.empty:
        return []
    layers = events[events["return_period_yr"].notna()].drop_duplicates("layer_id")
    about = layers[["layer_id", *case_columns(layers), "return_period_yr"]]
    rows = curves[curves["with_cascade"].astype(bool)].merge(about, on="layer_id")
    blocks: list[Any] = []
    for case, mine in content.plan_cases(rows, "population_without"):
        for service, curve in mine.groupby("service", sort=False):
            if curve["population_without"].max() > 0:
                blocks.append(recovery_figure(content, case, str(service), curve))
    return blocks


def recovery_figure(content: ReportContent, case: pd.Series, service: str, rows: pd.DataFrame) -> Figure:
    """People without one service in the hours after events of each return period."""
    wide_rows = rows.pivot_table("population_without", "hour", "return_period_yr", aggfunc="first").sort_index()
    over = int(np.flatnonzero((wide_rows > 0).any(axis=1))[-1])
    shown = wide_rows[: over + 2]  # up to the first hour at which all are served again
    drawn = sorted(wide_rows.columns, reverse=True)[:MOST_CURVES]
    series = [Series(_("1 in {years} years").format(years=years(p)), shown[p].tolist()) for p in drawn]
    title = _("{service}: people without it after the event, {hazard}").format(
        service=service_name(content, service), hazard=hazard(str(case["hazard"])).lower()
    )
    description = _("Curves of people without the service by hours after the event, one for each return period.")
    caption = Caption(f"recovery-{case['hazard']}-{service}", title, description)
    at = _hours_axis(shown.index)
    wide, narrow = both_widths(
        lambda width: curve_chart(
            list(at), series, caption=caption, axis=_("people"), x_axis=_("hours after the event, logarithmic"),
            width=width, write_x=lambda place: number(at[place]), is_direct=False,
        )
    )  # fmt: skip
    subtitle = _("Mean over samples, dependencies counted; each point holds from its hour on · {case}").format(
        case=case_name(case, with_hazard=False)
    )
    if len(drawn) < wide_rows.shape[1]:
        subtitle += " · " + _("The {count} rarest events are drawn.").format(count=number(len(drawn)))
    names = {period: _("1 in {years} years").format(years=years(period)) for period in wide_rows.columns}
    table = shown.rename(columns=names).reset_index()
    columns = [Column("hour", _("Hours after the event"), number, is_number=True)]
    columns += [Column(name, name, rounded, is_number=True) for name in names.values()]
    return Figure(title, wide, narrow, subtitle=subtitle, data=html_table(table, columns, caption=title))


def area_blocks(content: ReportContent) -> list[Any]:
    """What happens if everything in a drawn area fails."""
    events, areas = content.table("event_disruptions"), content.table("areas")
    if events.empty or areas.empty:
        return []
    mine = events[events["layer_id"].isin(areas["area_id"])]
    if mine.empty:
        return []
    value = "population_without"
    parts = [value, f"{value}_p05", f"{value}_p95", "user_hours_lost", "items_failed"]
    rows = sides(mine, ["layer_id", "service"], parts)
    rows = rows.assign(
        name=rows["layer_id"].map(areas.set_index("area_id")["name"]),
        service=[service_name(content, str(key)) for key in rows["service"]],
    )
    columns = [
        Column("name", _("Area in which everything fails")),
        Column("service", _("Service")),
        *_loss_columns(),
    ]
    return [Html(html_table(rows, columns, caption=_("Drawn areas")))]


def repair_blocks(content: ReportContent) -> list[Any]:
    """The order of repair after the rarest event of each hazard's planning case, and after each drawn area."""
    repairs, events, areas = (content.table(name) for name in ("repairs", "event_disruptions", "areas"))
    if repairs.empty or events.empty:
        return []
    names = dict(zip(areas["area_id"], areas["name"], strict=True)) if len(areas) else {}
    floods = events[events["return_period_yr"].notna()]
    for case, rows in content.plan_cases(floods, "population_without"):
        rarest = rows.sort_values("return_period_yr").iloc[-1]
        words = _("{case} · 1 in {years} years")
        names[rarest["layer_id"]] = words.format(case=case_name(case), years=years(rarest["return_period_yr"]))
    parts = content.components()
    tables = [
        repair_table(parts, repairs[repairs["layer_id"] == layer], str(name))
        for layer, name in names.items()
        if (repairs["layer_id"] == layer).any()
    ]
    if not tables:
        return []
    note = _(
        "Crews repair first what takes a service from most people when it fails alone. Hours and chance: over the "
        "samples in which it fails."
    )
    return [*tables[:-1], replace(tables[-1], note=note)]


def repair_table(parts: pd.DataFrame, repairs: pd.DataFrame, name: str) -> Html:
    """The order of repair after one event; folded."""
    top = repairs.sort_values("place", kind="stable").head(TOP)
    rows = top.assign(
        name=[item_name(parts, item) for item in top["item_id"]],
        kind=[kind_name(str(parts["kind"].get(item, ""))) for item in top["item_id"]],
    )
    columns = [
        Column("name", _("Asset or link")),
        Column("place", _("Place in the order"), number, is_number=True),
        Column("kind", _("Kind")),
        Column("start_h", _("Repair begins, hour"), number, is_number=True),
        Column("end_h", _("Works again, hour"), number, is_number=True),
        Column("chance", _("Chance that it fails"), percent, is_number=True),
    ]
    title = _("Order of repair: {event}").format(event=name)
    if len(top) < len(repairs):
        title += _(" (the first {count} of {all})").format(count=number(len(top)), all=number(len(repairs)))
    return Html(folded(title, html_table(rows, columns, caption=title)))


def _loss_columns() -> list[Column]:
    value = "population_without"
    return [
        Column(value, _("People, with dependencies"), rounded, is_number=True),
        Column(f"{value}_p05", _("5 % of samples below"), rounded, is_number=True),
        Column(f"{value}_p95", _("95 % of samples below"), rounded, is_number=True),
        Column(f"{value}_se", _("Standard error"), rounded, is_number=True),
        Column(f"{value}_direct", _("People, without"), rounded, is_number=True),
        Column("user_hours_lost", _("Person-hours, with dependencies"), rounded, is_number=True),
        Column("user_hours_lost_direct", _("Person-hours, without"), rounded, is_number=True),
        Column("items_failed", _("Assets and links that the event stops"), compact, is_number=True),
    ]


def _loss_table(rows: pd.DataFrame, caption: str) -> Markup:
    rows = rows.assign(case=[case_name(row, with_hazard=False) for _i, row in rows.iterrows()])
    rows = rows.sort_values([*case_columns(rows), "return_period_yr"], kind="stable")
    columns = [
        Column("case", _("Case")),
        Column("return_period_yr", _("Return period (years)"), number, is_number=True),
        *_loss_columns(),
    ]
    return html_table(rows, columns, caption=caption)


def _hours_axis(hours: pd.Index) -> dict[float, float]:
    """Hour by its position on a logarithmic axis: hour 0 stands at half the first hour after it."""
    later = [float(hour) for hour in hours if hour > 0]
    start = min(later, default=1.0) / 2
    return {(float(hour) if hour > 0 else start): float(hour) for hour in hours}
