"""Is the study sound? Every table against its schema, and the tables against each other.

`CHECKS` names each consistency check; `study_faults` runs them all, so that one report holds every fault.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from headwater import schema
from headwater.errors import Fault, TableError
from headwater.journey.choose import OBJECTIVES
from headwater.options.changes import apply_changes
from headwater.risk.curves import curve_faults
from headwater.risk.hazards import layer_faults
from headwater.settings import FILE, StudyHeader, known_assumptions
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


def _assumptions(_tables: Tables, header: StudyHeader) -> Iterator[Fault]:
    """Assumptions in a unit that no model expects, and those that services cannot do without."""
    for assumption in header.assumptions.values():
        wanted = str(known_assumptions().at[assumption.name, "unit"])
        if assumption.unit not in {"", wanted} and assumption.name not in WITH_UNIT:
            remedy = _("give the value in {unit}").format(unit=wanted or "—")
            place = f"assumptions.{assumption.name}.unit"
            yield Fault(FILE, None, place, assumption.unit, _("is not the unit of this assumption"), remedy)
    for name in NEEDED_BY_SERVICES if header.services else ():
        if header.optional(name) is None:
            problem, remedy = _("is missing, and the services need it"), _("add it")
            yield Fault(FILE, None, f"assumptions.{name}", "", problem, remedy)


def _objective(_tables: Tables, header: StudyHeader) -> Iterator[Fault]:
    if header.objective not in OBJECTIVES:
        remedy = _("write one of {values}").format(values=", ".join(OBJECTIVES))
        yield Fault(FILE, None, "objectives.maximise", header.objective, _("no option has this value"), remedy)


def _services(tables: Tables, header: StudyHeader) -> Iterator[Fault]:
    for service in header.services:
        place = f"services.{service.service_id}"
        missing = set(service.facility_kinds) - set(tables["assets"]["kind"])
        if missing:
            kinds, remedy = ", ".join(sorted(missing)), _("add such assets, or correct the kind")
            yield Fault(FILE, None, place, kinds, _("no asset is of this kind"), remedy)
        if service.zone_kind not in set(tables["zones"]["kind"]):
            yield Fault(FILE, None, place, service.zone_kind, _("no zone is of this kind"), _("add such zones"))


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
    "services have facilities and people": _services,
    "prerequisites make no circle": _prerequisites,
    "options change rows and columns that exist": _changes,
}


def notices(tables: Tables, made: Tables) -> list[str]:
    """What a reader should know and no rule forbids: what could not be placed, covered or joined.

    Parameters
    ----------
    tables
        The study's tables.
    made
        Results known by now: exposures, snapping.
    """
    said = []
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
