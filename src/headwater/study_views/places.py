"""A study on a map: its layers, each as features with a class and words, as GeoJSON with the detail a zoom can show.

A layer is a table of results joined to places; `feature_table` makes it, everything else reads it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from headwater.errors import NotFound
from headwater.reading import Reading
from headwater.reports.answer import service_name
from headwater.reports.content import ReportContent, case_name
from headwater.reports.labels import kind as kind_name
from headwater.reports.labels import sector as sector_name
from headwater.reports.maps import class_breaks, degrees, graded, interval_names
from headwater.reports.numbers import currency_name, hours, is_missing, money, rounded
from headwater.reports.plan import option_names, plan_name
from headwater.reports.propagation import item_name, worst
from headwater.study_views.points import POINT, chosen_options, point_title
from headwater.study_views.state import kept
from headwater.words import _, language

DETAILS = (700.0, 3500.0, 20000.0)
"""Parts that the longer side of the country is divided into, by detail: what is smaller is left out."""

SECTORS = ("transport", "energy", "water", "waste", "digital", "social", "nature")
GRADES = 5


@dataclass(frozen=True)
class MapLayer:
    """A layer that can be shown.

    Attributes
    ----------
    name
        In addresses.
    group
        "sector", "risk", "criticality", "service-loss", "access", "options" or "plan".
    title, about
        What it shows, and of which case, in the current language.
    result
        The result that it is made from; "" for the study's own tables.
    keys
        Classes with their words, in the order of the legend: (grade, words).
    css
        Class of the stylesheet of each grade.
    unit
        What the classes count; "" where they are no quantity.
    """

    name: str
    group: str
    title: str
    about: str = ""
    result: str = ""
    keys: Sequence[tuple[int, str]] = ()
    css: Mapping[int, str] | None = None
    unit: str = ""


def layer_names(reading: Reading) -> list[str]:
    """Layers of a study that have anything to show, without points of the front."""
    return kept(reading, "layer names", lambda: _layer_names(reading.content))


def _layer_names(content: ReportContent) -> list[str]:
    parts = content.components()
    placed = content.places("assets", "links").index
    there = set(parts.loc[parts.index.isin(placed), "sector"]) if len(parts) else set()
    names = [f"sector-{code}" for code in SECTORS if code in there]
    if content.has("asset_results") and (content.table("asset_results")["ead_usd_per_yr"].fillna(0) > 0).any():
        names.append("risk")
    if content.has("failures"):
        names.append("criticality")
    zones = content.places("zones").index
    for table, group in (("zone_disruptions", "service-loss"), ("access", "access")):
        if content.has(table) and len(zones):
            names += [f"{group}-{service}" for service in content.table(table)["service"].unique()]
    if content.has("proposed_changes"):
        names.append("options")
    if content.has("plans"):
        names += [f"plan-{plan}" for plan in content.table("plan_summaries")["plan_id"]]
    return names


def layers(reading: Reading) -> list[MapLayer]:
    """Layers of a study, in the order to offer them."""
    return [layer_of(reading, name) for name in layer_names(reading)]


def layer_of(reading: Reading, name: str) -> MapLayer:
    """A layer by its name.

    Raises
    ------
    NotFound
        If there is none of that name.
    """
    return _made(reading, name)[0]


def feature_table(reading: Reading, name: str) -> gpd.GeoDataFrame:
    """Features of a layer, indexed by what they are: name, kind, value (NaN for none), words of the value, grade.

    Raises
    ------
    NotFound
        If there is none of that name.
    """
    return _made(reading, name)[1]


def _made(reading: Reading, name: str) -> tuple[MapLayer, gpd.GeoDataFrame]:
    return kept(reading, ("layer", name, language()), lambda: _make(reading, name))


def _make(reading: Reading, name: str) -> tuple[MapLayer, gpd.GeoDataFrame]:
    group, _dash, rest = name.partition("-")
    if name.startswith("service-loss-"):
        group, rest = "service-loss", name.removeprefix("service-loss-")
    makers: dict[str, Callable[[Reading, str], tuple[MapLayer, gpd.GeoDataFrame]]] = {
        "sector": _sector, "risk": _risk, "criticality": _criticality, "service-loss": _service_loss,
        "access": _access, "options": _options, "plan": _plan, POINT: _plan,
    }  # fmt: skip
    if group not in makers or (group != POINT and name not in layer_names(reading)):
        raise NotFound(_("The map has no layer {name}.").format(name=name))
    return makers[group](reading, name if group in {"plan", POINT} else rest)


# --- the layers ---------------------------------------------------------------------------------------------------


def _sector(reading: Reading, code: str) -> tuple[MapLayer, gpd.GeoDataFrame]:
    content = reading.content
    parts = content.components()
    mine = parts[parts["sector"] == code]
    title = sector_name(code)
    layer = MapLayer(
        f"sector-{code}", "sector", title, _("Assets and links with a known place"), "", [(1, title)],
        {1: f"sector-{code}"},
    )  # fmt: skip
    return layer, _features(content, pd.Series(np.nan, index=mine.index), lambda _value: "", [1] * len(mine))


def _risk(reading: Reading, _rest: str) -> tuple[MapLayer, gpd.GeoDataFrame]:
    content = reading.content
    table = content.table("asset_results").set_index("asset_id")
    is_link = table.index.isin(content.table("links")["link_id"]) if content.has("links") else False
    values = table.loc[table["ead_usd_per_yr"].notna() | is_link, "ead_usd_per_yr"]  # junctions have nothing to damage
    currency = content.header.currency
    layer = MapLayer(
        "risk", "risk", _("Risk: expected annual damage"), _("In the planning case, all hazards together"),
        "asset_results",
    )  # fmt: skip
    words = _("{amount} a year")
    return _graded(content, layer, values, lambda value: words.format(amount=money(value, currency)),
                   unit=_("{currency} a year").format(currency=currency_name(currency)))  # fmt: skip


def _criticality(reading: Reading, _rest: str) -> tuple[MapLayer, gpd.GeoDataFrame]:
    content = reading.content
    values = worst(content.table("failures"))["people"]
    about = _("People who lose a service if it fails alone, dependencies counted")
    layer = MapLayer("criticality", "criticality", _("Criticality"), about, "failures")
    return _graded(
        content, layer, values, lambda value: _("{count} people").format(count=rounded(value)), unit=_("people")
    )


def _service_loss(reading: Reading, service: str) -> tuple[MapLayer, gpd.GeoDataFrame]:
    content = reading.content
    table = content.table("zone_disruptions")
    table = table[(table["service"] == service) & table["with_cascade"].astype(bool)]
    case = content.plan_case(table, "population_without_per_yr")
    about = _("People who lose it in an average year")
    if case is not None:
        for column in ("hazard", "scenario", "model", "epoch"):
            if column in case.index and not pd.isna(case[column]):
                table = table[table[column] == case[column]]
        about += f" · {case_name(case)}"
    values = table.groupby("zone_id")["population_without_per_yr"].sum()
    title = _("Loss of service: {service}").format(service=service_name(content, service))
    layer = MapLayer(f"service-loss-{service}", "service-loss", title, about, "zone_disruptions")
    words = _("{count} people a year")
    return _graded(
        content, layer, values, lambda value: words.format(count=rounded(value)), unit=_("people a year"), table="zones"
    )


def _access(reading: Reading, service: str) -> tuple[MapLayer, gpd.GeoDataFrame]:
    content = reading.content
    rows = content.table("access")
    rows = rows[rows["service"] == service].set_index("zone_id")
    values = rows["hours"].where(rows["is_reached"].astype(bool))
    title = _("{service}: travel time").format(service=service_name(content, service))
    layer = MapLayer(f"access-{service}", "access", title, _("Travel time to the nearest facility"), "access")
    return _graded(content, layer, values, hours, unit=_("hours"), table="zones", unknown=_("not reached"))


def _options(reading: Reading, _rest: str) -> tuple[MapLayer, gpd.GeoDataFrame]:
    content = reading.content
    places = option_places(content)
    values = places.groupby("row_id")["option_id"].nunique().astype(float)
    layer = MapLayer("options", "options", _("Options"), _("How many options would act there"), "proposed_options")
    return _graded(
        content, layer, values, lambda value: _("{count} options").format(count=rounded(value)),
        unit=_("options"), shapes=_added(places, content),
    )  # fmt: skip


def _plan(reading: Reading, name: str) -> tuple[MapLayer, gpd.GeoDataFrame]:
    content = reading.content
    chosen = chosen_options(content, name)
    places = option_places(content)
    starts = places.merge(chosen, on="option_id").groupby("row_id")["start_year"].min().astype(float)
    there = sorted({int(year) for year in chosen["start_year"].dropna()})
    years = sorted({*map(int, content.header.start_years), *there})  # the same colours in every plan
    first = GRADES - len(years)
    grades = [min(GRADES, max(1, first + 1 + years.index(int(year)))) for year in starts]
    title = point_title(content, name) if name.startswith(POINT) else plan_name(content, name.removeprefix("plan-"))
    keys = [(min(GRADES, max(1, first + 1 + i)), str(year)) for i, year in enumerate(years) if year in there]
    layer = MapLayer(
        name, "plan", _("Plan: {name}").format(name=title) if not name.startswith(POINT) else title,
        _("Where its options act, by the year they start"),
        "front_options" if name.startswith(POINT) else "plans",
        keys, _c_classes(),
    )  # fmt: skip
    words = _("starts in {year}")
    return layer, _features(
        content, starts, lambda year: words.format(year=int(year)), grades, shapes=_added(places, content)
    )


def option_places(content: ReportContent) -> pd.DataFrame:
    """What each option changes: option_id, row_id, and the shape of what it adds (None otherwise)."""
    changes = content.table("proposed_changes")
    if changes.empty:
        return pd.DataFrame({"option_id": [], "row_id": [], "shape": []}).astype(object)
    given = changes[changes["column"] == "geometry"].drop_duplicates(["option_id", "row_id"])
    shape = given.set_index(["option_id", "row_id"])["value"]
    pairs = changes[["option_id", "row_id"]].drop_duplicates()
    return pairs.assign(shape=shape.reindex(pd.MultiIndex.from_frame(pairs)).to_numpy())


def _added(places: pd.DataFrame, content: ReportContent) -> gpd.GeoSeries:
    """Shapes of what options add, in degrees."""
    new = places.dropna(subset="shape").drop_duplicates("row_id").set_index("row_id")["shape"]
    if new.empty:
        return gpd.GeoSeries([], crs=4326)
    table = content.table("links")
    crs = getattr(table["geometry"], "crs", None) if "geometry" in table else None
    return degrees(gpd.GeoSeries.from_wkt(new, crs=crs or content.header.crs))


def _c_classes() -> dict[int, str]:
    return {0: "zero", -1: "unknown", **{grade: f"c{grade}" for grade in range(1, GRADES + 1)}}


def _graded(
    content: ReportContent, layer: MapLayer, values: pd.Series, write: Callable[[float], str], *,
    unit: str, table: str = "", unknown: str = "", shapes: gpd.GeoSeries | None = None,
) -> tuple[MapLayer, gpd.GeoDataFrame]:  # fmt: skip
    """A layer of a quantity in classes."""
    values = values.astype(float)
    breaks = class_breaks(values)
    grades = graded(values, breaks)
    first = GRADES - len(breaks)
    shown = [int(grade) + (first if grade > 0 else 0) for grade in grades]
    keys = [(first + i, words) for i, words in enumerate(interval_names(breaks, write=rounded), start=1)]
    keys += [(0, _("none"))] if 0 in shown else []
    keys += [(-1, unknown or _("not known"))] if -1 in shown else []
    layer = replace(layer, keys=keys, css=_c_classes(), unit=unit)
    return layer, _features(content, values, write, shown, table=table, shapes=shapes)


def _features(
    content: ReportContent, values: pd.Series, write: Callable[[float], str], grades: Sequence[int], *,
    table: str = "", shapes: gpd.GeoSeries | None = None,
) -> gpd.GeoDataFrame:  # fmt: skip
    places = content.places(table) if table else content.places("assets", "links")
    if shapes is not None and len(shapes):
        places = gpd.GeoSeries(pd.concat([places, shapes[~shapes.index.isin(places.index)]]), crs=4326)
    parts = content.table("zones").set_index("zone_id") if table else content.components()
    rows = pd.DataFrame({"value": values, "grade": list(grades)}, index=values.index)
    rows = rows[rows.index.isin(places.index)]
    kinds = parts["kind"].reindex(rows.index) if len(parts) else pd.Series(index=rows.index, dtype=object)
    return gpd.GeoDataFrame(
        {
            "name": [item_name(parts, key) for key in rows.index],
            "kind": [kind_name(str(code)) if isinstance(code, str) else "" for code in kinds],
            "value": rows["value"],
            "words": ["" if is_missing(value) else write(float(value)) for value in rows["value"]],
            "grade": rows["grade"],
        },
        geometry=places.loc[rows.index],
        crs=4326,
    ).rename_axis("id")


# --- what is sent -------------------------------------------------------------------------------------------------


def geojson(reading: Reading, name: str, detail: int = 1) -> bytes:
    """A layer as GeoJSON with the detail of a zoom (1, 2 or 3); "outline" is the country's own.

    Raises
    ------
    NotFound
        If there is no layer of that name.
    """
    detail = min(max(detail, 1), len(DETAILS))
    return kept(reading, ("geojson", name, detail, language()), lambda: _geojson(reading, name, detail))


def _geojson(reading: Reading, name: str, detail: int) -> bytes:
    tolerance = extent_span(reading) / DETAILS[detail - 1]
    if name == "outline":
        outline = reading.content.outline
        shapes = degrees(outline) if outline is not None else gpd.GeoSeries([], crs=4326)
        rows: list[dict[str, Any]] = [{} for _shape in shapes]
    else:
        table = feature_table(reading, name)
        shapes = table.geometry
        rows = [
            {"id": str(key), "n": title, "k": kind, "w": words, "g": int(grade)}
            for key, title, kind, words, grade in zip(
                table.index, table["name"], table["kind"], table["words"], table["grade"], strict=True
            )
        ]
    decimals = max(2, math.ceil(-math.log10(tolerance)) + 1)
    simple = shapely.simplify(shapes.to_numpy(), tolerance)
    features = [
        {
            "type": "Feature",
            "id": i,
            "properties": row,
            "geometry": _rounded(json.loads(shapely.to_geojson(shape)), decimals),
        }
        for i, (row, shape) in enumerate(zip(rows, simple, strict=True))
        if not shape.is_empty
    ]
    made = {"type": "FeatureCollection", "features": features}
    return json.dumps(made, ensure_ascii=False, separators=(",", ":")).encode()


def _rounded(shape: dict[str, Any], decimals: int) -> dict[str, Any]:
    if "geometries" in shape:
        return {**shape, "geometries": [_rounded(part, decimals) for part in shape["geometries"]]}

    def near(value: Any) -> Any:
        return [near(part) for part in value] if isinstance(value, list) else round(value, decimals)

    return {**shape, "coordinates": near(shape["coordinates"])}


def extent(reading: Reading) -> list[float] | None:
    """West, south, east, north of a study [degrees]; None where nothing has a place."""

    def found() -> list[float] | None:
        content = reading.content
        bounds = [content.places("assets", "links", "zones").total_bounds]
        if content.outline is not None:
            bounds.append(degrees(content.outline).total_bounds)
        known = np.array([box for box in bounds if not np.isnan(box).any()])
        if not len(known):
            return None
        return [*np.round(known[:, :2].min(axis=0), 4).tolist(), *np.round(known[:, 2:].max(axis=0), 4).tolist()]

    return kept(reading, "extent", found)


def extent_span(reading: Reading) -> float:
    """The longer side of a study [degrees]."""
    box = extent(reading)
    return max(box[2] - box[0], box[3] - box[1], 0.01) if box else 1.0


def ranked(reading: Reading, name: str, most: int = 25) -> pd.DataFrame:
    """The features of a layer with the greatest values; of a layer without values, by name."""
    table = pd.DataFrame(feature_table(reading, name).drop(columns="geometry")).reset_index()
    if table["value"].notna().any():
        is_plan = name.startswith((POINT, "plan-"))
        return table.sort_values("value", ascending=is_plan, kind="stable").head(most)
    return table.sort_values(["kind", "name"], kind="stable").head(most)


def options_at(content: ReportContent, row_id: str) -> pd.DataFrame:
    """Options that would act on an asset or a link: option_id, name, cost, net present value, ratio."""
    places = option_places(content)
    mine = places.loc[places["row_id"] == row_id, "option_id"].unique()
    options = content.table("options")
    if options.empty or not len(mine):
        return pd.DataFrame()
    names = option_names(options, "option_id")
    rows = options.loc[options["option_id"].isin(mine), ["option_id", "initial_cost_usd"]]
    rows = rows.assign(name=rows["option_id"].map(names))
    if content.has("appraisals"):
        rows = rows.merge(content.table("appraisals")[["option_id", "npv_usd", "bcr"]], on="option_id", how="left")
    return rows.sort_values("npv_usd" if "npv_usd" in rows else "name", ascending=False, kind="stable")
