"""Is the study sound? Every table against its schema, and the tables against each other.

`CHECKS` names each consistency check; `study_faults` runs them all, so that one report holds every fault.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from headwater import schema
from headwater.assumptions import known_assumptions
from headwater.errors import Fault, TableError
from headwater.frames import longitude_latitude
from headwater.geo.distance import great_circle_m
from headwater.journey.objectives import known_objectives
from headwater.journey.validate_plan import PLAN_CHECKS
from headwater.journey.validate_system import SYSTEM_CHECKS, system_notices
from headwater.options.changes import apply_changes
from headwater.options.measures import BASES
from headwater.risk.curves import curve_faults
from headwater.risk.hazards import layer_faults, layer_groups
from headwater.settings import FILE, StudyHeader
from headwater.words import _

Tables = Mapping[str, pd.DataFrame]


NEEDED = ("sources", "assets")
"""Tables that may not be empty."""


def study_faults(tables: Tables, header: StudyHeader, *, unread: Sequence[Fault] = ()) -> list[Fault]:
    """Everything wrong with a study: every table against its schema, then the tables against each other.

    Parameters
    ----------
    tables
        Tables that could be read.
    header
        The study's header.
    unread
        What could not be read: files, and values in columns; those columns are not judged further.

    Returns
    -------
    faults
        `unread` first. The tables are held against each other only when each is sound by itself.
    """
    known = {(fault.file.partition(".")[0], fault.column) for fault in unread}
    remedy = _("add at least one")
    found = [
        Fault(n, None, "", "", _("the table has no rows"), remedy) for n in NEEDED if n in tables and tables[n].empty
    ]
    found += [
        fault
        for name, table in tables.items()
        if len(table)
        for fault in schema.faults(table, name, others=_given(tables))
        if (name, fault.column) not in known
    ]
    if unread or found:
        return [*unread, *found]
    return [fault for check in CHECKS.values() for fault in check(tables, header)]


def _given(tables: Tables) -> Tables:
    return {name: table for name, table in tables.items() if len(table) or name in NEEDED}


def _rows(table: pd.DataFrame, name: str, bad: pd.Series, column: str, problem: str, remedy: str) -> Iterator[Fault]:
    for i in np.flatnonzero(bad.fillna(value=False).to_numpy(dtype=bool)):
        yield Fault(name, int(i) + 2, column, str(table[column].iloc[i])[:80], problem, remedy)


def _one_namespace(tables: Tables, _header: StudyHeader) -> Iterator[Fault]:
    both = tables["links"]["link_id"].isin(tables["assets"]["asset_id"])
    yield from _rows(
        tables["links"], "links", both, "link_id", _("is the name of an asset too"),
        _("give assets and links names of their own"),
    )  # fmt: skip


def _geometry(tables: Tables, _header: StudyHeader) -> Iterator[Fault]:
    for name, kinds in (("assets", ()), ("zones", ()), ("links", ("LineString", "MultiLineString"))):
        table = tables[name]
        if not isinstance(table, gpd.GeoDataFrame) or table.empty:
            continue
        shapes = table.geometry
        yield from _rows(
            table, name, ~_is_sound(shapes), "geometry", _("is not a valid geometry"),
            _("repair it, for example with shapely.make_valid"),
        )  # fmt: skip
        if kinds:
            wrong = shapes.notna() & ~shapes.geom_type.isin(kinds)
            yield from _rows(table, name, wrong, "geometry", _("is not a line"), _("give a line from start to end"))
        yield from _far_off(shapes, name)
        if shapes.crs is not None and shapes.crs.is_geographic:
            yield from _rows(
                table, name, _off_the_globe(shapes), "geometry", _("lies outside longitude ±180, latitude ±90"),
                _("check the order (longitude, latitude) and the CRS"),
            )  # fmt: skip


def _is_sound(shapes: gpd.GeoSeries) -> pd.Series:
    """Whether shapes are valid, or have a flaw that no result depends on; a missing one is not unsound."""
    sound: pd.Series = shapes.is_valid | shapes.isna()
    harmless = [row for row, shape in shapes[~sound].items() if _is_harmless(shape)]
    return sound.mask(shapes.index.isin(harmless), True)


def _is_harmless(shape: shapely.Geometry) -> bool:
    """A line without length, or an area whose parts touch along an edge but do not overlap."""
    parts = shapely.get_parts(shape)
    if (shapely.get_dimensions(parts) < 2).all():
        return bool(np.isfinite(shapely.get_coordinates(parts)).all())
    if not shapely.is_valid(parts).all():
        return False
    return bool(np.isclose(shapely.union_all(parts).area, shapely.area(parts).sum(), rtol=1e-9, atol=0.0))


def _off_the_globe(shapes: gpd.GeoSeries) -> pd.Series:
    bounds = shapely.bounds(shapes.to_numpy())
    limits = np.array([-180.0, -90.0, -180.0, -90.0])
    outside = (bounds < limits) | (bounds > -limits)
    return pd.Series(outside.any(axis=1), index=shapes.index)


def _far_off(shapes: gpd.GeoSeries, name: str) -> Iterator[Fault]:
    """Shapes of which none lies where their projected CRS is used, or all have numbers that are degrees."""
    crs = shapes.crs
    bounds = shapes[shapes.notna()].bounds.to_numpy()
    if crs is None or not crs.is_projected or crs.area_of_use is None or not len(bounds):
        return
    x, y = (bounds[:, 0] + bounds[:, 2]) / 2, (bounds[:, 1] + bounds[:, 3]) / 2
    longitude, latitude = pyproj.Transformer.from_crs(crs, crs.geodetic_crs, always_xy=True).transform(x, y)
    west, south, east, north = crs.area_of_use.bounds
    width = min(360.0, (east - west if west <= east else east - west + 360) + 2 * AROUND_DEG)
    inside = ((longitude - west + AROUND_DEG) % 360 <= width) & (latitude >= south - AROUND_DEG)
    inside &= latitude <= north + AROUND_DEG
    are_degrees = bool(((np.abs(bounds[:, [0, 2]]) <= 180) & (np.abs(bounds[:, [1, 3]]) <= 90)).all())
    if are_degrees or not inside.any():
        problem = _("the coordinates do not lie where {crs} is used").format(crs=crs.name)
        remedy = _("name the CRS that they are in: study.crs in study.toml, or that of the file")
        yield Fault(name, None, "geometry", f"{x[0]:.10g} {y[0]:.10g}", problem, remedy)


def _layers(tables: Tables, _header: StudyHeader) -> Iterator[Fault]:
    yield from layer_faults(tables["hazard_layers"])


def _curves(tables: Tables, _header: StudyHeader) -> Iterator[Fault]:
    yield from curve_faults(tables["curves"])


def _bounds(tables: Tables, _header: StudyHeader) -> Iterator[Fault]:
    for name, column in (("assets", "replacement_cost_usd"), ("links", "replacement_cost_usd_per_km")):
        table = tables[name].reindex(columns=[column, f"{column}_low", f"{column}_high"])
        low, middle, high = (table[c] for c in (f"{column}_low", column, f"{column}_high"))
        bad = (low > middle) | (middle > high) | (low > high)
        yield from _rows(
            table.assign(**{column: middle}), name, bad, column, _("is not between its low and high bounds"),
            _("order them low ≤ value ≤ high"),
        )  # fmt: skip


def _sources(tables: Tables, header: StudyHeader) -> Iterator[Fault]:
    known = set(tables["sources"]["source_id"])
    for assumption in header.assumptions.values():
        if assumption.source_id and assumption.source_id not in known:
            place = f"assumptions.{assumption.name}.source_id"
            yield Fault(FILE, None, place, assumption.source_id, _("is not in the table sources"), _("add it there"))


def _assumptions(tables: Tables, header: StudyHeader) -> Iterator[Fault]:
    """Assumptions in a unit that no model expects, and those that services and plans cannot do without."""
    for assumption in header.assumptions.values():
        wanted = str(known_assumptions().at[assumption.name, "unit"])
        if assumption.unit not in {"", wanted} and assumption.name not in WITH_UNIT:
            remedy = _("give the value in {unit}").format(unit=wanted or "—")
            place = f"assumptions.{assumption.name}.unit"
            yield Fault(FILE, None, place, assumption.unit, _("is not the unit of this assumption"), remedy)
    proposed = len(tables["options"]) or len(tables["measures"])
    if proposed and header.budgets and header.objective == "npv_usd" and header.optional("discount_rate") is None:
        problem, remedy = _("is missing, and plans for net present value need it"), _("add [assumptions.discount_rate]")
        yield Fault(FILE, None, "assumptions.discount_rate", "", problem, remedy)
    for name in NEEDED_BY_SERVICES if header.access_services else ():
        if header.optional(name) is None:
            problem, remedy = _("is missing, and the services need it"), _("add it")
            yield Fault(FILE, None, f"assumptions.{name}", "", problem, remedy)


def _objective(tables: Tables, header: StudyHeader) -> Iterator[Fault]:
    known = known_objectives(header, tables["unit_values"])
    if header.objective not in known:
        remedy = _("write one of {values}").format(values=", ".join(known))
        yield Fault(FILE, None, "objectives.maximise", header.objective, _("no option has this value"), remedy)


def _prerequisites(tables: Tables, _header: StudyHeader) -> Iterator[Fault]:
    options = tables["options"]
    needs = dict(zip(options["option_id"], options.reindex(columns=["requires_option_id"]).iloc[:, 0], strict=True))
    for i, option in enumerate(options["option_id"]):
        seen, at = {option}, needs.get(option)
        while isinstance(at, str) and at not in seen:
            seen.add(at)
            at = needs.get(at)
        if at == option:
            problem = _("requires itself, through others")
            yield Fault("options", i + 2, "requires_option_id", option, problem, _("break the circle"))


def _changes(tables: Tables, _header: StudyHeader) -> Iterator[Fault]:
    """Each option applied alone, as the models will."""
    system = {name: tables[name] for name in ("assets", "links")}
    for option in sorted(tables["changes"]["option_id"].unique()):
        try:
            apply_changes(system, tables["changes"], [option])
        except TableError as error:
            yield from error.faults


WITH_UNIT = ("exposure_threshold",)
"""Assumptions whose unit is the study's choice: it is converted where it is used."""

AROUND_DEG = 1.0
"""Degrees around the area of use of a CRS that still count as within it."""

NEEDED_BY_SERVICES = ("access_speed_km_per_h", "max_access_m")

CHECKS: dict[str, Callable[[Tables, StudyHeader], Iterator[Fault]]] = {
    "assets and links share no name": _one_namespace,
    "geometry is valid and on the globe": _geometry,
    "hazard layers have the return period and unit of their kind": _layers,
    "curves rise": _curves,
    "costs lie between their bounds": _bounds,
    "assumptions name sources that exist": _sources,
    "assumptions are complete and in their units": _assumptions,
    "the objective is a value that options have": _objective,
    "prerequisites make no circle": _prerequisites,
    "options change rows and columns that exist": _changes,
    **SYSTEM_CHECKS,
    **PLAN_CHECKS,
}


def notices(tables: Tables, made: Tables, *, header: StudyHeader | None = None) -> list[str]:
    """What a reader should know and no rule forbids: what could not be placed, covered or joined.

    Parameters
    ----------
    tables
        The study's tables.
    made
        Results known by now: exposures, snapping, needs; and `rasters`, the hazard layers with what their rasters hold.
    header
        The study's header, where its values may be told of too.
    """
    said = [
        *_negative_rate(header), *_swapped(made.get("rasters")), *_out_of_reach(tables, made.get("rasters")),
        *_loose_ends(tables), *_idle_measures(tables), *system_notices(tables, made, header),
    ]  # fmt: skip
    for name in ("assets", "links", "zones"):
        table = tables[name]
        unplaced = int(table["geometry"].isna().sum()) if "geometry" in table else len(table)
        if unplaced:
            text = _("{count} of {total} rows of {table} have no place; hazards and access are not assessed there.")
            said.append(text.format(count=unplaced, total=len(table), table=name))
    layers = tables["hazard_layers"]
    unused = layers[(layers["quantity"] == "annual_probability") & (layers["hazard"] != "drought")]
    if len(unused):
        text = _("{count} hazard layers hold a yearly probability of {hazards}, which no model here uses.")
        said.append(text.format(count=len(unused), hazards=", ".join(sorted(unused["hazard"].unique()))))
    if "exposures" in made and len(made["exposures"]):
        missed = made["exposures"].groupby("asset_id")["uncovered_share"].max()
        text = _("{count} of {total} located assets and links lie partly or wholly where a hazard layer has no data.")
        if (missed > 0).any():
            said.append(text.format(count=int((missed > 0).sum()), total=len(missed)))
    if "snapping" in made and len(made["snapping"]):
        apart = int((~made["snapping"]["is_snapped"].astype(bool)).sum())
        text = _("{count} of {total} places are too far from the network to join it.")
        if apart:
            said.append(text.format(count=apart, total=len(made["snapping"])))
    return said


FAR_M = 1000.0
"""Metres between a link's line and the point of its node from which a reader is told."""

NAMED = 3
"""How many rows a notice names."""


def _named(names: Sequence[str]) -> str:
    return ", ".join(names[:NAMED]) + (" …" if len(names) > NAMED else "")


def _negative_rate(header: StudyHeader | None) -> Iterator[str]:
    rate = header.optional("discount_rate") if header else None
    if rate is not None and rate < 0:
        text = _("The discount rate is {rate}: below zero, so that a dollar later counts for more than a dollar now.")
        yield text.format(rate=rate)


def _swapped(rasters: pd.DataFrame | None) -> Iterator[str]:
    """Layers of a rarer event that are milder on the whole than those of a more frequent one."""
    if rasters is None or "mean" not in rasters:
        return
    pairs = [
        pair
        for group in layer_groups(rasters.dropna(subset=["mean"]))
        for pair in zip(group.to_dict("records"), group.to_dict("records")[1:], strict=False)
    ]
    wrong = [rare["layer_id"] for often, rare in pairs if rare["mean"] < often["mean"] * (1 - 1e-6)]
    if wrong:
        text = _("{count} hazard layers are milder on the mean than a more frequent one ({names}): are layers swapped?")
        yield text.format(count=len(wrong), names=_named(wrong))


def _out_of_reach(tables: Tables, rasters: pd.DataFrame | None) -> Iterator[str]:
    """Whether the rasters lie somewhere else than everything that they could damage."""
    if rasters is None or "west" not in rasters:
        return
    shapes = [table for name in ("assets", "links") if isinstance(table := tables[name], gpd.GeoDataFrame)]
    boxes = [longitude_latitude(table.geometry.dropna()).bounds for table in shapes]
    west, south, east, north = pd.concat(boxes).dropna().to_numpy().T if boxes else np.empty((4, 0))
    places = rasters[["west", "south", "east", "north"]].to_numpy(dtype="float64")
    touched = any(
        bool(((west <= box[2]) & (east >= box[0]) & (south <= box[3]) & (north >= box[1])).any()) for box in places
    )
    if len(west) and not touched:
        yield _("No located asset or link lies on any hazard layer: nothing is exposed to anything.")


def _loose_ends(tables: Tables) -> Iterator[str]:
    """Links whose line ends far from the point of a node that they are said to join."""
    links, assets = tables["links"], tables["assets"]
    if not isinstance(links, gpd.GeoDataFrame) or not isinstance(assets, gpd.GeoDataFrame):
        return
    nodes = assets[assets.geometry.geom_type == "Point"].set_index("asset_id").geometry
    points = longitude_latitude(nodes[~nodes.index.duplicated()]).get_coordinates()
    parts = longitude_latitude(links.set_index("link_id").geometry.dropna()).explode()
    ends = pd.concat([parts.map(lambda line, i=i: shapely.get_point(line, i)) for i in (0, -1)])
    places = gpd.GeoSeries(ends).get_coordinates()
    far: list[str] = []
    for node in ("from_asset_id", "to_asset_id"):
        wanted = points.reindex(links.set_index("link_id")[node].reindex(places.index))
        away = great_circle_m(places["x"], places["y"], wanted["x"].to_numpy(), wanted["y"].to_numpy())
        nearest = pd.Series(np.asarray(away), index=places.index).groupby(level=0, sort=False).min()
        far += nearest.index[nearest > FAR_M].tolist()
    if far:
        text = _("{count} links end more than 1 km from the point of an asset that they join: {names}.")
        yield text.format(count=len(set(far)), names=_named(list(dict.fromkeys(far))))


def _idle_measures(tables: Tables) -> Iterator[str]:
    """Measures that fit nothing in the study, by the rules of `options_from_measures`."""
    for measure in tables["measures"].to_dict("records"):
        table = tables[BASES[measure["cost_basis"]]]
        kind, start = table["kind"].astype("str"), measure.get("applies_to_kind")
        of_sector = table["sector"] == measure["applies_to_sector"]
        if pd.isna(start):
            if not of_sector.any():
                text = _("measure {name} fits nothing in the study: nothing in {table} is of the sector {sector}")
                yield text.format(
                    name=measure["measure_id"], table=BASES[measure["cost_basis"]], sector=measure["applies_to_sector"]
                )
        elif not (of_sector & kind.str.startswith(str(start))).any():
            text = _("measure {name} fits nothing in the study: no kind starts with {kind}")
            yield text.format(name=measure["measure_id"], kind=start)
