"""Projects of a study as a package of the Open Contracting for Infrastructure Data Standards (OC4IDS 0.9).

What the study does not know, such as the public authority, is left out, as the standard asks: no field is filled by
guess. Knows the fields and codes of the standard; draws no shape and assigns no target.
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely
from babel.core import get_global
from babel.numbers import is_currency

from headwater.files import write_atomically
from headwater.frames import with_columns
from headwater.reports.content import ReportContent
from headwater.reports.labels import country, words_of
from headwater.reports.maps import degrees
from headwater.reports.numbers import is_missing
from headwater.reports.plan import option_names
from headwater.words import _, language, speaking

VERSION = "0.9"

SECTORS: dict[str, str] = {
    "energy": "energy", "transport": "transport", "water": "waterAndWaste", "waste": "waterAndWaste",
    "digital": "communications", "nature": "naturalResources", "government": "governance", "finance": "economy",
    "agriculture": "economy",
}  # fmt: skip
"""Codes of projectSector by sector of ours; those without one, social and multi, go by what they change."""

KINDS: dict[str, tuple[str, ...]] = {
    "road": ("transport", "transport.road"), "rail": ("transport", "transport.rail"),
    "airport": ("transport", "transport.air"), "port": ("transport", "transport.water"),
    "hydro": ("energy", "energy.hydropower"), "hydropower": ("energy", "energy.hydropower"),
    "solar": ("energy", "energy.solar"), "wind": ("energy", "energy.wind"),
    "geothermal": ("energy", "energy.geothermal"), "biomass": ("energy", "energy.biomass"),
    "hospital": ("health",), "clinic": ("health",), "health": ("health",), "polyclinic": ("health",),
    "school": ("education",), "university": ("education",),
}  # fmt: skip
"""Codes of projectSector by the first word of the kinds of asset or link that an option changes."""

TYPES: dict[str, str] = {
    "build": "construction", "upgrade": "rehabilitation", "adapt": "rehabilitation", "restore": "rehabilitation",
    "retire": "decommissioning",
}  # fmt: skip
"""Codes of projectType by kind of option. Of a real project the study does not say."""

STATUSES: dict[str, str] = {
    "candidate": "identification", "": "identification", "committed": "preparation", "pipeline": "preparation",
    "active": "implementation",
}  # fmt: skip
"""Codes of projectStatus by status of an option."""

DECIMALS = 6
"""Decimal places of degrees that are kept: a tenth of a metre."""

DAYS_PER_YEAR = 365.25


def write_package(content: ReportContent, path: Path | str, *, language: str, prefix: str = "") -> Path | None:
    """Write the projects of a study as one OC4IDS project package, whole or not at all.

    Parameters
    ----------
    content
        The run; of its tables, `options`, `plans`, `plan_summaries`, `changes` (or `proposed_changes`), `assets`,
        `links`, `measures` and `sdg_contributions` are read. Any may be missing.
    path
        The file to write.
    language
        "en" or "zh".
    prefix
        Prefix of the projects' identifiers, as the OC4IDS Helpdesk assigns it to a publisher. Without one it is
        hw-COUNTRY-STUDY, which is not registered.

    Returns
    -------
    path
        The file written, or None where there is no project: a package holds at least one.

    Raises
    ------
    ValueError
        If the language is not one of `headwater.words.LANGUAGES`.
    """
    target = Path(path)
    with speaking(language):
        found = package(content, prefix=prefix)
    if found is None:
        return None
    text = json.dumps(found, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
    write_atomically(target, lambda draft: draft.write_text(text, encoding="utf-8"))
    return target


def package(content: ReportContent, *, prefix: str = "") -> dict[str, Any] | None:
    """The projects of a study as a package, in the current language; None without any.

    They are the options of the plan with the largest budget, and every option that is a real project. A project of the
    plan starts on the first day of the year that the plan gives it.

    Source
    ------
    Open Contracting Partnership and CoST, OC4IDS 0.9.5, project package schema and codelists, Apache-2.0.
    https://standard.open-contracting.org/infrastructure/
    """
    options = listed_options(content)
    if options.empty:
        return None
    header, run_on = content.header, content.provenance.get("run_on", "")
    title = words_of(header.title) or header.study_id
    projects = _projects(content, options, prefix or f"hw-{header.iso3}-{header.study_id}")
    digest = hashlib.sha256(json.dumps(projects, sort_keys=True).encode()).hexdigest()
    return _filled(
        {
            "uri": uuid.uuid5(uuid.NAMESPACE_OID, f"{header.study_id} {run_on} {digest}").urn,
            "publishedDate": _moment(run_on),
            "version": VERSION,
            "publisher": {"name": _("Study “{title}” (publisher not stated)").format(title=title)},
            "projects": projects,
        }
    )


def listed_options(content: ReportContent) -> pd.DataFrame:
    """The options that are listed as projects, with the year they start in where the largest plan chooses them."""
    known = ["option_id", "name", "sector", "kind", "measure_id", "status", "initial_cost_usd", "lifetime_yr", "region"]
    table = with_columns(content.table("options"), [*known, "sdg_targets", "sdg_basis", "source_id"])
    plans, summaries = content.table("plans"), content.table("plan_summaries")
    starts: dict[str, Any] = {}
    if len(plans) and len(summaries):
        largest = summaries.sort_values("budget_usd", kind="stable")["plan_id"].iloc[-1]
        chosen = plans[plans["plan_id"] == largest]
        starts = dict(zip(chosen["option_id"], chosen["start_year"], strict=True))
    table = table.assign(start_year=table["option_id"].map(starts).astype("float64"))
    listed = table[table["start_year"].notna() | (table["kind"] == "project")]
    return listed.drop_duplicates("option_id").sort_values("option_id", ignore_index=True)


def project_id(prefix: str, option_id: str) -> str:
    """Identifier of a project: the prefix and the option's own, marked by a hash where characters had to be replaced.

    Examples
    --------
    >>> project_id("oc4ids-qu8r7p", "p1"), project_id("hw-GHA-toy", "a b")
    ('oc4ids-qu8r7p-p1', 'hw-GHA-toy-a-b-c8687a08')
    """
    plain = re.sub(r"[^A-Za-z0-9._~-]+", "-", option_id)
    mark = "" if plain == option_id else "-" + hashlib.sha256(option_id.encode()).hexdigest()[:8]
    return f"{prefix}-{plain}{mark}"


def sector_codes(sector: str, kinds: Sequence[str]) -> list[str]:
    """Codes of projectSector: of the sector, and of the kinds that are changed; a parent stands before its parts.

    Examples
    --------
    >>> sector_codes("transport", ["road_primary"]), sector_codes("social", ["school"]), sector_codes("multi", [])
    (['transport', 'transport.road'], ['education'], [])
    """
    codes = [SECTORS[sector]] if sector in SECTORS else []
    for kind in kinds:
        codes += KINDS.get(kind.split("_")[0], ())
    return list(dict.fromkeys(codes))


# --- a project --------------------------------------------------------------------------------------------------


def _projects(content: ReportContent, options: pd.DataFrame, prefix: str) -> list[dict[str, Any]]:
    names = option_names(_named(content.table("options"), "option_id"), "option_id").to_dict()
    measures = option_names(_named(content.table("measures"), "measure_id"), "measure_id").to_dict()
    sources = with_columns(content.sources, ["source_id", "title", "publisher", "licence", "url"])
    credit = {
        row[0]: ", ".join(text for value in row[1:] if (text := _text(value)))
        for row in sources.itertuples(index=False)
    }
    places, kinds, targets = _places(content, options), _kinds(content, options), _targets(content, options)
    rows = options.to_dict("records")
    return [
        _project(
            content, row, project_id(prefix, row["option_id"]),
            title=_text(names.get(row["option_id"])) or row["option_id"],
            measure=_text(measures.get(row["measure_id"])), credit=credit.get(row["source_id"], ""),
            places=places.get(row["option_id"], []), kinds=kinds.get(row["option_id"], []),
            targets=targets.get(row["option_id"], {}),
        )
        for row in rows
    ]  # fmt: skip


def _project(
    content: ReportContent,
    row: Mapping[Any, Any],
    identifier: str,
    *,
    title: str,
    measure: str,
    credit: str,
    places: list[dict[str, Any]],
    kinds: list[str],
    targets: Mapping[str, str],
) -> dict[str, Any]:
    header = content.header
    start = None if is_missing(row["start_year"]) else int(row["start_year"])
    return _filled(
        {
            "id": identifier,
            "updated": _moment(content.provenance.get("run_on", "")),
            "language": language(),
            "identifiers": [{"id": row["option_id"], "scheme": f"Headwater {header.study_id}"}],
            "title": title,
            "description": _description(content, start, credit),
            "budget": _budget(content, row["initial_cost_usd"]),
            "period": {"startDate": _year(start)} if start else None,
            "locations": places or _elsewhere(header.iso3, _text(row["region"])),
            "status": STATUSES.get(_text(row["status"])),
            "type": TYPES.get(_text(row["kind"])),
            "sector": sector_codes(_text(row["sector"]), kinds),
            "purpose": _purpose(_text(row["kind"]), measure),
            "additionalClassifications": [
                _filled({"scheme": "sdgTarget", "id": target, "description": basis})
                for target, basis in targets.items()
            ],
            "assetLifetime": _lifetime(start, row["lifetime_yr"]),
        }
    )


def _description(content: ReportContent, start: int | None, credit: str) -> str:
    title = words_of(content.header.title) or content.header.study_id
    words = (
        _("Proposed by the study “{title}”, computed with Headwater; not a decision to build.").format(title=title)
        if start
        else _("Listed by the study “{title}”.").format(title=title)
    )
    if not credit:
        return words
    return _("{why} {remedy}").format(why=words, remedy=_("Source: {source}.").format(source=credit))


def _budget(content: ReportContent, cost: Any) -> dict[str, Any] | None:
    """The investment; none where it is unknown, or its currency is no currency's code."""
    header = content.header
    if is_missing(cost) or not is_currency(header.currency):
        return None
    words = _("Estimated investment at prices of {year}; without running costs.").format(year=header.price_year)
    return {"description": words, "amount": {"amount": round(float(cost), 2), "currency": header.currency}}


def _purpose(kind: str, measure: str) -> str:
    if kind not in ("adapt", "upgrade", "restore") or not measure:
        return ""
    return _("To reduce the damage and disruption that hazards cause: {measure}.").format(measure=measure)


def _lifetime(start: int | None, life: Any) -> dict[str, Any] | None:
    """When the asset serves: from the year after the start on, or how long where no start is known."""
    if is_missing(life):
        return None
    if start is None:
        return {"durationInDays": round(float(life) * DAYS_PER_YEAR)}
    return {"startDate": _year(start + 1), "endDate": f"{start + int(life)}-12-31T00:00:00Z"}


def _elsewhere(iso3: str, region: str) -> list[dict[str, Any]]:
    """The region as it is called, or the country, where no place is known."""
    if region:
        return [{"id": "region", "description": region}]
    iso2 = next(iter(get_global("territory_aliases").get(iso3, [])), "")
    gazetteer = {"scheme": "ISO2", "identifiers": [iso2]} if len(iso2) == 2 else None
    return [_filled({"id": "country", "description": country(iso3), "gazetteer": gazetteer})]


# --- what options change ------------------------------------------------------------------------------------------


def _changes(content: ReportContent, options: pd.DataFrame) -> pd.DataFrame:
    """What the options change, of the study and of the measures together."""
    columns = ["option_id", "table", "row_id", "action", "column", "value"]
    parts = [with_columns(content.table(name), columns)[columns] for name in ("proposed_changes", "changes")]
    table = pd.concat([part.astype(object) for part in parts], ignore_index=True)
    return table[table["option_id"].isin(options["option_id"])]


def _kinds(content: ReportContent, options: pd.DataFrame) -> dict[str, list[str]]:
    """Kinds of what each option changes or adds, sorted."""
    changes = _changes(content, options)
    kinds = content.components()["kind"].to_dict()
    added = changes[changes["column"] == "kind"]
    own = dict(zip(added["row_id"], added["value"], strict=True))
    found = changes.assign(kind=changes["row_id"].map({**kinds, **own}))[["option_id", "kind"]].dropna()
    return {str(option): sorted(set(rows["kind"])) for option, rows in found.groupby("option_id")}


def _places(content: ReportContent, options: pd.DataFrame) -> dict[str, list[dict[str, Any]]]:
    """Locations of what each option changes or adds, in degrees; of rows without a place, none."""
    changes = _changes(content, options)
    drawn = changes[(changes["column"] == "geometry") & changes["value"].notna()].drop_duplicates("row_id")
    known = content.places("assets", "links")
    shapes = dict(zip(known.index, known, strict=True))
    if len(drawn):
        own = gpd.GeoSeries(shapely.from_wkt(drawn["value"].astype(str), on_invalid="ignore"), crs=content.header.crs)
        own.index = pd.Index(drawn["row_id"])
        own = degrees(own[own.notna() & ~own.is_empty])
        shapes |= dict(zip(own.index, own, strict=True))
    found: dict[str, list[dict[str, Any]]] = {}
    rows = changes[["option_id", "row_id"]].drop_duplicates()
    for option, row in rows.itertuples(index=False):
        shape = shapes.get(row)
        if shape is not None and not shape.is_empty and shape.geom_type in GEOMETRIES:
            found.setdefault(str(option), []).append({"id": str(row), "geometry": _geometry(shape)})
    return found


GEOMETRIES = ("Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon")
"""Kinds of geometry the standard knows."""


def _geometry(shape: Any) -> dict[str, Any]:
    """A shape as GeoJSON, without heights and with coordinates to a tenth of a metre."""
    flat = shapely.transform(shapely.force_2d(shape), lambda xy: xy.round(DECIMALS))
    drawn = json.loads(shapely.to_geojson(flat))
    return {"type": drawn["type"], "coordinates": drawn["coordinates"]}


def _targets(content: ReportContent, options: pd.DataFrame) -> dict[str, dict[str, str]]:
    """SDG targets of each option and why, from the option itself and from what its measure contributes to."""
    found: dict[str, dict[str, str]] = {}
    for option, targets, basis in options[["option_id", "sdg_targets", "sdg_basis"]].itertuples(index=False):
        mine = {target: _text(basis) for target in _text(targets).split(";") if target}
        found[str(option)] = mine
    more = with_columns(content.table("sdg_contributions"), ["option_id", "target", "basis"])
    for option, target, basis in more[["option_id", "target", "basis"]].itertuples(index=False):
        if option in found:
            found[str(option)][str(target)] = found[str(option)].get(str(target)) or _text(basis)
    return found


# --- values -----------------------------------------------------------------------------------------------------


def _filled(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that hold something: the standard has no empty text, list or object."""
    return {name: value for name, value in fields.items() if value not in (None, "", [], {})}


def _year(year: int | None) -> str:
    return f"{year}-01-01T00:00:00Z" if year else ""


def _moment(day: str) -> str:
    """A day as the standard writes moments; nothing where there is none."""
    return f"{day}T00:00:00Z" if day else ""


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _named(table: pd.DataFrame, key: str) -> pd.DataFrame:
    return with_columns(table, [key, "name", "name_zh"])
