"""One place of a study: what it is, what results say of it, from what, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from markupsafe import Markup

from headwater.errors import NotFound
from headwater.reading import Reading
from headwater.reports.answer import service_name
from headwater.reports.content import ReportContent, case_name
from headwater.reports.labels import kind as kind_name
from headwater.reports.labels import sector
from headwater.reports.numbers import hours, is_missing, number, ratio, rounded
from headwater.reports.plan import plan_name
from headwater.reports.propagation import item_name, why
from headwater.reports.tables import Column, html_table, money_column
from headwater.schema import load_schema
from headwater.study_views.places import option_places, options_at
from headwater.words import _, language

MOST_OPTIONS = 12


@dataclass(frozen=True)
class Told:
    """A part of what is told of a place: a heading, a table or words, and the result it is from ("" for inputs)."""

    heading: str
    html: Markup | str
    result: str = ""


@dataclass(frozen=True)
class Detail:
    """A place.

    Attributes
    ----------
    item_id, name, kind
        What it is.
    facts
        (what, value) from the study's own tables.
    source_id, source
        Where these come from.
    told
        What results say of it.
    """

    item_id: str
    name: str
    kind: str
    facts: Sequence[tuple[str, str]]
    source_id: str
    source: str
    told: Sequence[Told]


def detail(reading: Reading, item_id: str) -> Detail:
    """Everything there is to say of an asset, a link or a zone.

    Raises
    ------
    NotFound
        If the study has none of that name.
    """
    content = reading.content
    for table in ("assets", "links", "zones"):
        rows = content.table(table)
        if len(rows) and (rows[rows.columns[0]] == item_id).any():
            row = rows[rows[rows.columns[0]] == item_id].iloc[0]
            parts = content.components() if table != "zones" else rows.set_index("zone_id")
            told = _of_zone(content, item_id) if table == "zones" else _of_part(content, item_id)
            kind = " · ".join(
                word for word in (sector(str(row.get("sector", ""))), kind_name(str(row["kind"]))) if word
            )
            sources = reading.study.sources.drop_duplicates("source_id").set_index("source_id")["title"]
            source = str(row.get("source_id", ""))
            return Detail(
                item_id, item_name(parts, item_id), kind, _facts(table, row), source, str(sources.get(source, source)),
                told,
            )  # fmt: skip
    found = _of_new(content, item_id)
    if found is None:
        raise NotFound(_("The study has nothing by the name {name}.").format(name=item_id))
    return found


def _facts(table: str, row: pd.Series) -> list[tuple[str, str]]:
    schema = load_schema(table)
    column = "description_zh" if language() == "zh" else "description"
    found = []
    for code in schema.index:
        hidden = {"geometry", "name", "sector", "kind", "source_id"}
        if code in hidden or code not in row.index or schema.at[code, "key"] == "yes":
            continue
        value = row[code]
        if value is None or value is pd.NA or (not isinstance(value, str) and is_missing(value)) or value == "":
            continue
        words = str(schema.at[code, column] or schema.at[code, "description"])
        unit = str(schema.at[code, "unit"])
        found.append((words, _value(value, unit)))
    return found


def _value(value: Any, unit: str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or str(value) in {"True", "False"}:
        return _("yes") if value else _("no")
    return f"{number(value)} {unit}".strip() if unit not in {"", "1"} else number(value)


def _of_part(content: ReportContent, item_id: str) -> list[Told]:
    found = [*_damage(content, item_id), *_failure(content, item_id), *_cut(content, item_id)]
    options = options_at(content, item_id)
    if len(options):
        found.append(_option_table(content, options))
        plans = _plans_at(content, list(options["option_id"]))
        if plans:
            found.append(Told(_("In plans"), plans, "plans"))
    return found


def _damage(content: ReportContent, item_id: str) -> list[Told]:
    table = content.table("expected_damages")
    if table.empty:
        return []
    rows = table[(table["asset_id"] == item_id) & (table["ead_rule"] == content.ead_rule())]
    if rows.empty:
        return []
    rows = rows.assign(case=[case_name(row) for row in rows.to_dict("records")])
    currency = content.header.currency
    columns = [
        Column("case", _("Case")),
        money_column("ead_usd_per_yr", _("Expected a year"), currency),
        money_column("ead_usd_per_yr_low", _("low"), currency),
        money_column("ead_usd_per_yr_high", _("high"), currency),
    ]
    heading = _("Expected annual damage")
    return [Told(heading, html_table(rows, columns, caption=heading), "expected_damages")]


def _failure(content: ReportContent, item_id: str) -> list[Told]:
    table = content.table("failures")
    rows = table[table["item_id"] == item_id] if len(table) else table
    if rows.empty:
        return []
    rows = rows.assign(name=[service_name(content, code) for code in rows["service"]])
    columns = [
        Column("name", _("Service")),
        Column("population_without", _("People without it"), rounded, is_number=True),
        Column("population_without_direct", _("of them at once, without dependencies"), rounded, is_number=True),
        Column("user_hours_lost", _("Person-hours lost"), rounded, is_number=True),
    ]
    heading = _("If it fails alone")
    told = [Told(heading, html_table(rows, columns, caption=heading), "failures")]
    causes = content.table("causes")
    if len(causes):
        words = why(content, content.components(), causes, item_id)
        told.append(Told(_("Why: the chain of causes"), words, "causes"))
    return told


def _cut(content: ReportContent, item_id: str) -> list[Told]:
    table = content.table("criticality")
    rows = table[table["link_id"] == item_id] if len(table) else table
    if rows.empty:
        return []
    rows = rows.assign(name=[service_name(content, code) for code in rows["service"]])
    columns = [
        Column("name", _("Service")),
        Column("population_cut_off", _("People cut off"), rounded, is_number=True),
        Column("population_rerouted", _("People rerouted"), rounded, is_number=True),
        Column("person_hours_lost", _("Hours of one trip each"), rounded, is_number=True),
    ]
    heading = _("If the link is closed")
    return [Told(heading, html_table(rows, columns, caption=heading), "criticality")]


def _option_table(content: ReportContent, options: pd.DataFrame) -> Told:
    currency = content.header.currency
    columns = [
        Column("name", _("Option")),
        money_column("initial_cost_usd", _("Investment"), currency),
        money_column("npv_usd", _("Net present value"), currency),
        Column("bcr", _("Benefit–cost ratio"), ratio, is_number=True),
    ]
    heading = _("Options here")
    return Told(heading, html_table(options.head(MOST_OPTIONS), columns, caption=heading), "appraisals")


def _plans_at(content: ReportContent, option_ids: Sequence[str]) -> str:
    plans = content.table("plans")
    mine = plans[plans["option_id"].isin(option_ids)] if len(plans) else plans
    words = _("{plan}: starts in {year}")
    told = [
        words.format(plan=plan_name(content, str(plan)), year=int(year))
        for plan, year in mine.drop_duplicates("plan_id")[["plan_id", "start_year"]].itertuples(index=False)
    ]
    return _("; ").join(told)


def _of_zone(content: ReportContent, zone_id: str) -> list[Told]:
    found = []
    access = content.table("access")
    rows = access[access["zone_id"] == zone_id] if len(access) else access
    if len(rows):
        parts = content.components()
        rows = rows.assign(
            name=[service_name(content, code) for code in rows["service"]],
            to=[item_name(parts, key) if isinstance(key, str) else "" for key in rows["facility_id"]],
        )
        columns = [
            Column("name", _("Service")), Column("hours", _("Hours to it"), hours, is_number=True),
            Column("to", _("Nearest facility")),
        ]  # fmt: skip
        heading = _("Access")
        found.append(Told(heading, html_table(rows, columns, caption=heading), "access"))
    losses = content.table("zone_disruptions")
    rows = losses[(losses["zone_id"] == zone_id) & losses["with_cascade"].astype(bool)] if len(losses) else losses
    if len(rows):
        rows = rows.assign(
            name=[service_name(content, code) for code in rows["service"]],
            case=[case_name(row) for row in rows.to_dict("records")],
        )
        columns = [
            Column("name", _("Service")), Column("case", _("Case")),
            Column("population_without_per_yr", _("People without it, a year"), rounded, is_number=True),
            Column("user_hours_lost_per_yr", _("Person-hours, a year"), rounded, is_number=True),
        ]  # fmt: skip
        heading = _("Loss of services in an average year")
        found.append(Told(heading, html_table(rows, columns, caption=heading), "zone_disruptions"))
    return found


def _of_new(content: ReportContent, item_id: str) -> Detail | None:
    """Something that an option would add."""
    places = option_places(content)
    if not (places["row_id"] == item_id).any():
        return None
    changes = content.table("proposed_changes")
    mine = changes[(changes["row_id"] == item_id) & (changes["column"] != "geometry")].drop_duplicates("column")
    table = str(mine["table"].iloc[0]) if len(mine) else "links"
    schema = load_schema(table)
    column = "description_zh" if language() == "zh" else "description"
    facts = [
        (str(schema.at[code, column]) if code in schema.index else str(code), str(value))
        for code, value in zip(mine["column"], mine["value"], strict=True)
    ]
    return Detail(item_id, item_id, _("An option would add it"), facts, "", "", _of_part(content, item_id))
