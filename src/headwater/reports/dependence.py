"""What the chapter on loss of service assumes: the services, who supplies and takes them, and what needs what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from headwater.errors import UnitError
from headwater.reports.answer import service_name
from headwater.reports.content import Html, Note, ReportContent
from headwater.reports.labels import hazard as hazard_name
from headwater.reports.labels import kind as kind_name
from headwater.reports.labels import sector as sector_name
from headwater.reports.labels import unit as unit_name
from headwater.reports.labels import words_of
from headwater.reports.numbers import hours, kilometres, number, rounded, to_figures
from headwater.reports.tables import Column, html_table
from headwater.settings import Service
from headwater.units import convert
from headwater.words import _, language


def dependence_blocks(content: ReportContent) -> list[Any]:
    """The services, the dependencies, and what was left out of them."""
    blocks: list[Any] = []
    if content.has("service_areas"):
        blocks.append(service_table(content))
    if content.has("needs") or content.has("dependency_rules"):
        blocks.append(dependency_table(content))
        blocks += unmet_note(content)
    if any(content.has(name) for name in ("fragility", "recovery")) or content.has("service_areas"):
        blocks.append(value_table(content))
    return blocks


def service_table(content: ReportContent) -> Html:
    """Each service: who supplies it, what counts as being served, demand, supply, people served, ways joined."""
    areas = content.table("service_areas")
    known = {service.service_id: service for service in content.header.services}
    order = [key for key in known if key in set(areas["service"])]
    order += [key for key in areas["service"].drop_duplicates() if key not in known]
    rows = [_service_row(content, key, areas[areas["service"] == key], known.get(key)) for key in order]
    columns = [
        Column("name", _("Service")),
        Column("mode", _("How it is brought"), is_long=True),
        Column("standard", _("What counts as being served"), is_long=True),
        Column("suppliers", _("Suppliers"), is_long=True),
        Column("supply", _("Supply"), is_number=True),
        Column("demand", _("Demand"), is_number=True),
        Column("unit", _("Unit"), unit_name),
        Column("people", _("People"), rounded, is_number=True),
        Column("served", _("Served when nothing fails"), rounded, is_number=True),
        Column("ways", _("Places by how they are joined"), is_long=True),
    ]
    note = _(
        "A place loses a service when less of its demand is met than when nothing fails; people who were never served "
        "cannot lose it. Supply: the capacity of the suppliers where it is known in the unit of the service. Demand: "
        "that of people in no zone is in it."
    )
    return Html(html_table(pd.DataFrame(rows), columns, caption=_("The services")), note)


def dependency_table(content: ReportContent) -> Html:
    """Every rule and every dependency the study gives itself: how many assets, back-up, distance, and on what basis."""
    rows = [*_rule_rows(content), *_given_rows(content)]
    columns = [
        Column("what", _("What needs it")),
        Column("service", _("Service it needs")),
        Column("assets", _("Assets"), number, is_number=True),
        Column("unmet", _("Never met"), number, is_number=True),
        Column("backup", _("Works without it for"), is_number=True),
        Column("distance", _("Taken from no farther than"), kilometres, is_number=True),
        Column("basis", _("Basis"), is_long=True),
        Column("note", _("Why"), is_long=True),
    ]
    note = _(
        "Where the basis is a judgement, no source says so: change it in dependency_rules or dependencies and run the "
        "study again. A rule switched off counts for nothing."
    )
    return Html(html_table(pd.DataFrame(rows), columns, caption=_("What needs what: every dependency assumed")), note)


def value_table(content: ReportContent) -> Html:
    """Every other value assumed: demand and reach of services, when things stop, and how long repair takes."""
    rows = [*_reach_rows(content), *_threshold_rows(content), *_repair_rows(content)]
    columns = [
        Column("what", _("Of what")),
        Column("kind", _("Which value"), is_long=True),
        Column("value", _("Value"), is_number=True),
        Column("bounds", _("Between"), is_number=True),
        Column("basis", _("Basis"), is_long=True),
    ]
    note = _(
        "A value between bounds is drawn anew in every sample; single failures and drawn areas take the value itself."
    )
    return Html(html_table(pd.DataFrame(rows), columns, caption=_("Every other value assumed")), note)


def _reach_rows(content: ReportContent) -> list[dict[str, Any]]:
    rows = []
    for service in content.header.services:
        unit = unit_name(service.unit)
        values = {}
        if service.max_distance_m is not None:
            values[_("farthest place it is taken from")] = kilometres(service.max_distance_m)
        if service.demand_per_person is not None:
            values[_("demand of a thousand people")] = f"{number(1000 * service.demand_per_person)} {unit}"
        if service.demand_elsewhere:
            values[_("demand of people in no zone")] = f"{number(service.demand_elsewhere)} {unit}"
        basis = _basis(content, service.basis or "source", service.source_id or None)
        rows += [
            {"what": words_of(service.name), "kind": kind, "value": value, "bounds": "", "basis": basis}
            for kind, value in values.items()
        ]
    return rows


def _threshold_rows(content: ReportContent) -> list[dict[str, Any]]:
    columns = ["hazard", "kind", "sector", "fails_from", "fails_from_low", "fails_from_high", "basis", "source_id"]
    layers = content.table("hazard_layers")
    units = layers.drop_duplicates("hazard").set_index("hazard")["unit"] if len(layers) else pd.Series(dtype=object)
    return [
        {
            "what": _of_what(row),
            "kind": _("stops from this intensity: {hazard}").format(hazard=hazard_name(row["hazard"])),
            "value": f"{number(row['fails_from'])} {unit_name(str(units.get(row['hazard'], '')))}".strip(),
            "bounds": _bounds(row["fails_from_low"], row["fails_from_high"]),
            "basis": _basis(content, row["basis"], row["source_id"]),
        }
        for row in content.table("fragility").reindex(columns=columns).to_dict("records")
    ]


def _repair_rows(content: ReportContent) -> list[dict[str, Any]]:
    columns = ["hazard", "kind", "sector", "repair_h", "repair_h_low", "repair_h_high", "basis", "source_id"]
    return [
        {
            "what": _of_what(row),
            "kind": _("repair after any hazard")
            if row["hazard"] == "any"
            else _("repair: {hazard}").format(hazard=hazard_name(row["hazard"])),
            "value": hours(row["repair_h"]),
            "bounds": _bounds(row["repair_h_low"], row["repair_h_high"]),
            "basis": _basis(content, row["basis"], row["source_id"]),
        }
        for row in content.table("recovery").reindex(columns=columns).to_dict("records")
    ]


def _of_what(row: Mapping[Any, Any]) -> str:
    if row["kind"] == "any":
        return _("{sector}: everything else").format(sector=sector_name(str(row["sector"])))
    return kind_name(str(row["kind"]))


def _bounds(low: Any, high: Any) -> str:
    return "" if pd.isna(low) or pd.isna(high) else f"{number(low)}–{number(high)}"


def unmet_note(content: ReportContent) -> list[Note]:
    """How many dependencies could not be counted."""
    needs = content.table("needs")
    if needs.empty:
        return []
    unmet = needs.loc[~needs["is_met"].astype(bool), ["asset_id", "service"]].drop_duplicates()
    if unmet.empty:
        return []
    words = _(
        "{count} dependencies are not met even when nothing fails, because no supplier is within reach of the data. "
        "They are left out of every event, so what hangs on them is not counted."
    )
    return [Note(words.format(count=number(len(unmet))))]


def way_name(code: object) -> str:
    """How a place is joined to a service, in words."""
    return {
        "network": _("over the network"),
        "pool": _("to the common pool"),
        "nearest": _("to the nearest supplier"),
        "none": _("not at all"),
    }.get(str(code), str(code))


def mode_name(code: object) -> str:
    """How a service reaches people, in words."""
    return {
        "access": _("people travel to the nearest facility"),
        "network": _("brought over its network"),
        "pool": _("one common pool, no network known"),
        "nearest": _("from the nearest supplier, no network known"),
    }.get(str(code), str(code))


def _service_row(content: ReportContent, key: str, areas: pd.DataFrame, service: Service | None) -> dict[str, Any]:
    units = areas["unit"].astype(str)
    unit = units.iloc[0]
    ways = areas["way"].value_counts()
    joined = [
        _("{way}: {count}").format(way=way_name(way), count=number(ways[way]))
        for way in ("network", "pool", "nearest", "none")
        if way in ways
    ]
    return {
        "name": service_name(content, key),
        "mode": mode_name(service.mode) if service else "",
        "standard": words_of(service.standard) if service and service.standard else "",
        "unit": unit,
        "people": areas["population"].sum(),
        "served": (areas["population"] * areas["served_share"]).sum(),
        "demand": rounded(areas["demand"].sum() + (service.demand_elsewhere if service else 0.0)),
        "ways": _("; ").join(joined),
        **_supply(content, service, unit),
    }


def _supply(content: ReportContent, service: Service | None, unit: str) -> dict[str, str]:
    """Suppliers by kind, and their capacity in the unit of the service."""
    assets = content.table("assets")
    mine = assets[assets["kind"].isin(service.facility_kinds)] if service is not None and len(assets) else assets[:0]
    if mine.empty:
        return {"suppliers": "", "supply": ""}
    counts = mine["kind"].value_counts()
    suppliers = _(", ").join(f"{kind_name(str(kind))} {number(count)}" for kind, count in counts.items())
    capacity = [_in_unit(c, u, unit) for c, u in zip(_column(mine, "capacity"), _column(mine, "capacity_unit"),
                                                     strict=True)]  # fmt: skip
    open_ended = sum(value is None for value in capacity)
    total = rounded(sum(value for value in capacity if value is not None))
    if open_ended == len(mine):
        return {"suppliers": suppliers, "supply": _("not limited")}
    supply = _("{total}; {count} not limited").format(total=total, count=open_ended) if open_ended else total
    return {"suppliers": suppliers, "supply": supply}


def _in_unit(capacity: Any, unit: Any, wanted: str) -> float | None:
    if pd.isna(capacity) or pd.isna(unit):
        return None
    try:
        return float(capacity) if unit == wanted else float(convert(float(capacity), str(unit), wanted))
    except UnitError:
        return None


def _column(table: pd.DataFrame, name: str) -> pd.Series:
    return table[name] if name in table else pd.Series(np.nan, index=table.index, dtype=object)


def _rule_rows(content: ReportContent) -> list[dict[str, Any]]:
    """One row for each rule, with what it was applied to."""
    rules, needs = content.table("dependency_rules"), content.table("needs")
    columns = [
        "rule_id", "applies_to_kind", "service", "max_distance_m", "backup_h", "is_on", "basis", "source_id", "note",
        "note_zh",
    ]  # fmt: skip
    rows = []
    for rule in rules.reindex(columns=columns).to_dict("records"):
        mine = needs[needs["rule_id"] == rule["rule_id"]] if len(needs) else needs
        is_off = not pd.isna(rule["is_on"]) and not bool(rule["is_on"])
        kind = _("everything") if rule["applies_to_kind"] == "any" else kind_name(str(rule["applies_to_kind"]))
        chinese = rule["note_zh"] if language() == "zh" else None
        own_backup = mine["backup_h"].dropna() if len(mine) else pd.Series([rule["backup_h"]]).fillna(0.0)
        rows.append(
            {
                "what": _("{kind} (switched off)").format(kind=kind) if is_off else kind,
                "service": service_name(content, str(rule["service"])),
                **_counts(mine),
                "backup": _span(own_backup),
                "distance": rule["max_distance_m"],
                "basis": _basis(content, rule["basis"], rule["source_id"]),
                "note": words_of(chinese) or words_of(rule["note"]),
            }
        )
    return rows


def _given_rows(content: ReportContent) -> list[dict[str, Any]]:
    """Dependencies that no rule of the table made, by kind of asset, service, basis and source."""
    needs, rules = content.table("needs"), content.table("dependency_rules")
    if needs.empty:
        return []
    known = set(rules["rule_id"]) if len(rules) else set()
    given = needs[~_column(needs, "rule_id").isin(known)]
    kinds = given["asset_id"].map(content.components()["kind"]).astype(object)
    given = given.assign(kind=kinds.where(kinds.notna(), ""), source_id=_column(given, "source_id"))
    groups = given.groupby(["kind", "service", "basis", "source_id"], dropna=False)
    return [
        {
            "what": kind_name(str(kind)),
            "service": service_name(content, str(service)),
            **_counts(rows),
            "backup": _span(rows["backup_h"]),
            "distance": float("nan"),
            "basis": _basis(content, basis, source),
            "note": _("given by the study, asset by asset"),
        }
        for (kind, service, basis, source), rows in groups
    ]


def _counts(needs: pd.DataFrame) -> dict[str, int]:
    """Assets that need something, and those of them for which it is not there."""
    if needs.empty:
        return {"assets": 0, "unmet": 0}
    unmet = needs.loc[~needs["is_met"].astype(bool), "asset_id"]
    return {"assets": needs["asset_id"].nunique(), "unmet": unmet.nunique()}


def _span(values: pd.Series) -> str:
    """The back-up time, or its range [h]."""
    known = values[np.isfinite(values.astype(float))]
    if known.empty:
        return _("for ever") if len(values) else ""
    low, high = (to_figures(end) for end in (known.min(), known.max()))
    return hours(low) if low == high else f"{number(low)}–{hours(high)}"


def _basis(content: ReportContent, basis: Any, source: Any) -> str:
    words = _("judgement") if basis == "judgement" else _("source")
    titles = content.sources.set_index("source_id")["title"] if len(content.sources) else pd.Series(dtype=object)
    if pd.isna(source) or not str(source):
        return words
    return _("{basis}: {source}").format(basis=words, source=str(titles.get(source, source)))
