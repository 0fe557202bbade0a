"""The chapter on loss of service: what failures take from people, without and with dependencies between assets.

Every figure is told twice, with the failures that spread through dependencies and without. Hazards, scenarios, models
and epochs are never averaged: single figures are those of the planning case, and tables hold the others.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from headwater.reports.answer import service_name
from headwater.reports.cartography import zone_map
from headwater.reports.content import (
    Card,
    Cards,
    Figure,
    Html,
    Key,
    Note,
    Prose,
    ReportContent,
    Section,
    case_name,
    empty_note,
)
from headwater.reports.dependence import dependence_blocks
from headwater.reports.events import area_blocks, loss_blocks, recovery_blocks, repair_blocks
from headwater.reports.figures import Caption
from headwater.reports.labels import group as group_name
from headwater.reports.labels import hazard, rule
from headwater.reports.maps import class_breaks, graded, interval_names
from headwater.reports.numbers import compact_range, is_missing, number, percent, rounded, to_figures
from headwater.reports.propagation import failure_blocks
from headwater.reports.summaries import bounded, case_columns, matching, sides
from headwater.reports.tables import Column, folded, html_table
from headwater.words import _

TOP = 20
"""Rows of a ranking."""

OPEN = 12
"""Rows up to which the table of every case stands open."""

PEOPLE, HOURS = "population_without_per_yr", "user_hours_lost_per_yr"
"""Expected annual losses: people, and person-hours."""


def disruption(content: ReportContent) -> Section:
    """The chapter on loss of service."""
    title = _("Loss of service")
    lead = _(
        "Who loses which service when assets and links fail, for how long, and how much of that reaches people only "
        "because one system depends on another."
    )
    if not any(content.has(name) for name in ("expected_disruptions", "event_disruptions", "failures")):
        why = _("No loss of service was computed: it needs services, and zones with people.")
        remedy = _(
            "Add [[services]] to study.toml, dependency_rules for what needs what, and fragility for what fails at "
            "which intensity."
        )
        return Section("disruption", title, lead, [empty_note(why, remedy)])
    blocks = [
        *expected_blocks(content),
        *dependence_blocks(content),
        *failure_blocks(content),
        *loss_blocks(content),
        *recovery_blocks(content),
        *zone_blocks(content),
        *group_blocks(content),
        *area_blocks(content),
        *repair_blocks(content),
    ]
    return Section("disruption", title, lead, blocks)


def expected_blocks(content: ReportContent) -> list[Any]:
    """What a year takes on average: a paragraph, key figures, and every case without and with dependencies."""
    if not content.has("expected_disruptions"):
        return []
    table = content.table("expected_disruptions")
    table = table.assign(**{name: np.nan for name in bounded(HOURS) if name not in table})
    cases = content.plan_cases(table, PEOPLE)
    pairs = sides(table, [*case_columns(table), "service"], [*bounded(PEOPLE), *bounded(HOURS)])
    words = _(
        "A person counts once for each event in which less of a service reaches them than when nothing fails. Each "
        "figure is computed twice from the same failures: without dependencies, and with them, when what needs a "
        "service stops once its back-up is used up. The difference is what people lose through dependencies. The 95 % "
        "interval is that of the mean over samples; it holds no error of the hazard maps, the thresholds or the "
        "dependencies."
    )
    blocks: list[Any] = [Prose([words])]
    for case, _rows in cases:
        mine = matching(pairs, case)
        blocks.append(Prose([headline(content, case, mine)]))
        shown = mine[mine[PEOPLE] > 0]
        if len(shown):
            blocks.append(Cards([loss_card(content, row) for _i, row in shown.iterrows()]))
    blocks.append(expected_table(content, table, pairs))
    return blocks + uncovered_note(table)


def headline(content: ReportContent, case: pd.Series, pairs: pd.DataFrame) -> str:
    """The case in a sentence or two: the service that most people lose, and what dependencies add to it."""
    worst = pairs.sort_values(PEOPLE, ascending=False, kind="stable").iloc[0]
    if not worst[PEOPLE] > 0:
        return _("{case}: nobody is expected to lose a service.").format(case=case_name(case))
    words = _(
        "{case}: the service that most people lose is {service}, {people} people a year (95 %: {span}). {through} "
        "Services overlap in the people they reach and are not added up."
    )
    return words.format(
        case=case_name(case),
        service=service_name(content, str(worst["service"])),
        people=rounded(worst[PEOPLE]),
        span=_interval(worst, PEOPLE),
        through=through_words(worst),
    )


def through_words(row: pd.Series) -> str:
    """What dependencies add to a loss, in words."""
    added = row[PEOPLE] - row[f"{PEOPLE}_direct"]
    if is_missing(added) or not added > 0:
        return _("In these events dependencies add nothing.")
    words = _(
        "Without dependencies {direct}; another {added} ({share} of the whole) lose it only through dependencies."
    )
    return words.format(
        direct=rounded(row[f"{PEOPLE}_direct"]), added=rounded(added), share=percent(added / row[PEOPLE])
    )


def loss_card(content: ReportContent, row: pd.Series) -> Card:
    """Expected annual loss of one service in one case."""
    label = _("{service}: people a year who lose it").format(service=service_name(content, str(row["service"])))
    note = _("95 %: {span}. {through}").format(span=_interval(row, PEOPLE), through=through_words(row))
    if not is_missing(row[HOURS]):
        hours = _(" {hours} person-hours a year (95 %: {span}).")
        note += hours.format(hours=rounded(row[HOURS]), span=_interval(row, HOURS))
    return Card(label, rounded(row[PEOPLE]), note)


def expected_table(content: ReportContent, table: pd.DataFrame, pairs: pd.DataFrame) -> Html:
    """Every case and service, without and with dependencies side by side; folded where long."""
    about = table.drop_duplicates([*case_columns(table), "service"])
    extra = [name for name in ("person_hours_per_journey_per_yr", "ead_rule", "samples") if name in about]
    rows = pairs.merge(about[[*case_columns(table), "service", *extra]], on=[*case_columns(table), "service"])
    rows = rows.sort_values([*case_columns(table), "service"], kind="stable")
    rows = rows.assign(
        case=[case_name(row) for _i, row in rows.iterrows()],
        name=[service_name(content, str(key)) for key in rows["service"]],
        added=rows[PEOPLE] - rows[f"{PEOPLE}_direct"],
        added_hours=rows[HOURS] - rows[f"{HOURS}_direct"],
        span=[_interval(row, PEOPLE) for _i, row in rows.iterrows()],
        span_direct=[_interval(row, PEOPLE, "_direct") for _i, row in rows.iterrows()],
        span_hours=[_interval(row, HOURS) for _i, row in rows.iterrows()],
    )
    columns = [
        Column("case", _("Case")),
        Column("name", _("Service")),
        Column(PEOPLE, _("People a year, with dependencies"), rounded, is_number=True),
        Column("span", "95 %", is_number=True),
        Column(f"{PEOPLE}_direct", _("People a year, without"), rounded, is_number=True),
        Column("span_direct", "95 %", is_number=True),
        Column("added", _("through dependencies"), rounded, is_number=True),
        Column(HOURS, _("Person-hours a year, with dependencies"), rounded, is_number=True),
        Column("span_hours", "95 %", is_number=True),
        Column(f"{HOURS}_direct", _("Person-hours a year, without"), rounded, is_number=True),
        Column("added_hours", _("through dependencies"), rounded, is_number=True),
        Column("person_hours_per_journey_per_yr", _("Extra hours of a journey a year"), rounded, is_number=True),
        Column("ead_rule", _("Rule"), rule),
        Column("samples", _("Samples"), number, is_number=True),
    ]
    title = _("Expected annual loss of service, every case")
    html = html_table(rows, columns, caption=title)
    note = _("— under person-hours: a time of repair is not known, so only people are counted.")
    return Html(html if len(rows) <= OPEN else folded(title, html), note if rows[HOURS].isna().any() else "")


def uncovered_note(table: pd.DataFrame) -> list[Note]:
    """How much of what can fail no hazard layer covers."""
    if "uncovered_share" not in table or not table["uncovered_share"].gt(0).any():
        return []
    words = _(
        "Not covered is not safe: up to {share} of the assets and links that can fail lie outside the layers of a "
        "hazard and are taken not to fail."
    )
    return [Note(words.format(share=percent(table["uncovered_share"].max())))]


def zone_blocks(content: ReportContent) -> list[Any]:
    """Where people lose each service, as the share of each zone's people in an average year."""
    if not content.has("zone_disruptions", "zones"):
        return []
    table = content.table("zone_disruptions")
    table = table[table["with_cascade"].astype(bool)]
    blocks: list[Any] = []
    for case, rows in content.plan_cases(table, PEOPLE):
        for service, mine in rows.groupby("service", sort=False):
            drawn = zone_figure(content, case, str(service), mine) if mine[PEOPLE].sum() > 0 else None
            blocks += [drawn] if drawn is not None else []
    return blocks


def zone_figure(content: ReportContent, case: pd.Series, service: str, rows: pd.DataFrame) -> Figure | None:
    """Map of one service: zones by the share of their people who lose it in an average year."""
    zones = content.table("zones").set_index("zone_id")
    rows = rows.assign(name=rows["zone_id"].map(zones["name"]), share=rows[PEOPLE] / rows["population"])
    share = rows.set_index("zone_id")["share"]
    breaks = class_breaks(share)
    css = {-1: "unknown", 0: "zero", **{i + 1: f"c{i + 6 - len(breaks)}" for i in range(len(breaks))}}
    names = [*interval_names(breaks, write=percent), _("none"), _("nobody lives there")]
    bands = graded(share, breaks).map(css)
    keys = [Key(c, "point", w) for c, w in zip([*list(css.values())[2:], "zero", "unknown"], names, strict=True)]
    title = _("{service}: share of people who lose it in an average year, {hazard}").format(
        service=service_name(content, service), hazard=hazard(str(case["hazard"])).lower()
    )
    drawn = zone_map(
        content, bands, caption=Caption(f"map-loss-{case['hazard']}-{service}", title),
        subtitle=_("Dependencies counted · {case}").format(case=case_name(case, with_hazard=False)),
        keys=[key for key in keys if key.css in set(bands)],
    )  # fmt: skip
    columns = [
        Column("name", _("Place")),
        Column("population", _("People"), rounded, is_number=True),
        Column(PEOPLE, _("People a year who lose it"), rounded, is_number=True),
        Column("share", _("Share"), percent, is_number=True),
        Column(HOURS, _("Person-hours a year"), rounded, is_number=True),
    ]
    top = rows.sort_values(["share", "population"], ascending=False, kind="stable").head(TOP)
    return replace(drawn, data=html_table(top, columns, caption=title)) if drawn is not None else None


def group_blocks(content: ReportContent) -> list[Any]:
    """Who loses a service: groups of people, of the planning case of each hazard."""
    if not content.has("group_disruptions"):
        return []
    table = content.table("group_disruptions")
    return [
        group_table(content, case, rows)
        for case, rows in content.plan_cases(table[table["with_cascade"].astype(bool)], PEOPLE)
    ]


def group_table(content: ReportContent, case: pd.Series, rows: pd.DataFrame) -> Html:
    """Groups of people by service: how many lose it in an average year, beside everybody."""
    zones = content.table("zone_disruptions")
    everybody: dict[Any, float] = {}
    if len(zones):
        same = matching(zones[zones["with_cascade"].astype(bool)], case).groupby("service")
        sums = same[[PEOPLE, "population"]].sum()
        everybody = (sums[PEOPLE] / sums["population"].replace(0, np.nan)).to_dict()
    rows = rows.assign(
        everybody=[everybody.get(key, float("nan")) for key in rows["service"]],
        service=[service_name(content, str(key)) for key in rows["service"]],
        group=rows["group"].map(group_name),
        share=rows[PEOPLE] / rows["population"].replace(0, np.nan),
    )
    columns = [
        Column("service", _("Service")),
        Column("group", _("Group")),
        Column("population", _("People of the group"), rounded, is_number=True),
        Column(PEOPLE, _("of them lose it, a year"), rounded, is_number=True),
        Column("share", _("Share of the group"), percent, is_number=True),
        Column("everybody", _("Share of everybody"), percent, is_number=True),
        Column("known_share", _("Known for this share of people"), percent, is_number=True),
    ]
    caption = _("Who loses a service: {case}").format(case=case_name(case))
    note = _(
        "Dependencies counted. Within one place all groups are taken to lose a service alike, so groups differ only by "
        "where they live. The last column says for what share of the service's people the group is known at all."
    )
    return Html(html_table(rows, columns, caption=caption), note)


def _interval(row: pd.Series, value: str, side: str = "") -> str:
    low, high = row.get(f"{value}_low{side}"), row.get(f"{value}_high{side}")
    return "" if is_missing(low) or is_missing(high) else compact_range(to_figures(low), to_figures(high))
