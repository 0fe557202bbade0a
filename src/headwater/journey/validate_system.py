"""Is the system of systems sound? Services, demand, dependencies, fragility, recovery and areas against each other.

`SYSTEM_CHECKS` names each check; `validate` runs them with its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import geopandas as gpd
import numpy as np
import pandas as pd

from headwater.errors import Fault
from headwater.frames import with_columns
from headwater.settings import FILE, Service, StudyHeader
from headwater.system.dependencies import dependency_faults, exactness, without_needs
from headwater.system.network import row_faults
from headwater.system.services import capacities
from headwater.words import _

Tables = Mapping[str, pd.DataFrame]
Check = Callable[[Tables, StudyHeader], Iterator[Fault]]

BOUNDED = {"fragility": "fails_from", "recovery": "repair_h", "dependency_rules": "backup_h"}
"""Columns with a low and a high bound."""

SOURCED = ("dependencies", "dependency_rules", "fragility", "recovery")


def _faults(table: str, rows: pd.DataFrame, column: str, bad: pd.Series, problem: str, remedy: str) -> Iterator[Fault]:
    is_bad = bad.fillna(value=False).to_numpy(dtype=bool)
    values = with_columns(rows, [column])[column]
    yield from row_faults(values.astype("object").fillna(""), is_bad, table=table, problem=problem, remedy=remedy)


def _ids(header: StudyHeader) -> list[str]:
    return [service.service_id for service in header.services]


def _services(tables: Tables, header: StudyHeader) -> Iterator[Fault]:
    """Kinds that nothing is of, and sources that are not there."""
    known = set(tables["sources"]["source_id"])
    for service in header.services:
        place = f"services.{service.service_id}"
        wanted = {*service.facility_kinds, *service.infeed_kinds}
        missing = wanted - set(tables["assets"]["kind"])
        if missing:
            kinds, remedy = ", ".join(sorted(missing)), _("add such assets, or correct the kind")
            yield Fault(FILE, None, place, kinds, _("no asset is of this kind"), remedy)
        if service.zone_kind not in set(tables["zones"]["kind"]):
            yield Fault(FILE, None, place, service.zone_kind, _("no zone is of this kind"), _("add such zones"))
        if service.mode in {"access", "network"}:
            links = tables["links"]["kind"].astype("str")
            if not links.str.startswith(service.link_kinds).any():
                kinds, remedy = ", ".join(service.link_kinds), _("add such links, or correct the kind")
                yield Fault(FILE, None, f"{place}.link_kinds", kinds, _("no link is of this kind"), remedy)
        if service.source_id and service.source_id not in known:
            problem, remedy = _("is not in the table sources"), _("add it there")
            yield Fault(FILE, None, f"{place}.source_id", service.source_id, problem, remedy)


def _demand(tables: Tables, header: StudyHeader) -> Iterator[Fault]:
    """Rows of services or zones that do not take part, and zones that the rows leave out."""
    demand = tables["demand"]
    remedy = _("add it to study.toml, or correct the name")
    unknown = ~demand["service"].isin(_ids(header))
    yield from _faults("demand", demand, "service", unknown, _("is not a service of the study"), remedy)
    for service in header.services:
        people = tables["zones"][tables["zones"]["kind"] == service.zone_kind]
        rows = demand[demand["service"] == service.service_id]
        strange = (demand["service"] == service.service_id) & ~demand["zone_id"].isin(people["zone_id"])
        problem = _("is no zone of the kind {kind}, which takes this service").format(kind=service.zone_kind)
        yield from _faults("demand", demand, "zone_id", strange, problem, _("give the demand of zones of this kind"))
        lacking = people[~people["zone_id"].isin(rows["zone_id"]) & (people["population"] > 0)]
        if len(rows) and service.demand_per_person is None and len(lacking):
            problem = _("{count} zones have no demand for {service}")
            remedy = _("add rows, or give demand_per_person in study.toml")
            first = str(lacking["zone_id"].iloc[0])
            problem = problem.format(count=len(lacking), service=service.service_id)
            yield Fault("demand", None, "zone_id", first, problem, remedy)


def _dependencies(tables: Tables, header: StudyHeader) -> Iterator[Fault]:
    yield from dependency_faults(tables["assets"], tables["dependencies"], header.services)


def _rules(tables: Tables, header: StudyHeader) -> Iterator[Fault]:
    rules = tables["dependency_rules"]
    remedy = _("add it to study.toml, or correct the name")
    unknown = ~rules["service"].isin(_ids(header))
    yield from _faults("dependency_rules", rules, "service", unknown, _("is not a service of the study"), remedy)
    on = with_columns(rules, ["is_on"])["is_on"].astype("boolean").fillna(value=True).astype(bool)
    says = ["applies_to_sector", "applies_to_kind", "service"]
    twice = pd.Series(False, index=rules.index)
    twice[on.to_numpy()] = rules[on.to_numpy()].duplicated(says).to_numpy()
    problem, remedy = _("applies to the same assets as another rule"), _("keep one of them, or turn one off")
    yield from _faults("dependency_rules", rules, "rule_id", twice, problem, remedy)


def _bounds(tables: Tables, _header: StudyHeader) -> Iterator[Fault]:
    for name, column in BOUNDED.items():
        rows = with_columns(tables[name], [f"{column}_low", column, f"{column}_high"]).astype("float64")
        low, middle, high = (rows[c] for c in rows.columns)
        bad = (low > middle) | (middle > high) | (low > high)
        problem, remedy = _("is not between its low and high bounds"), _("order them low ≤ value ≤ high")
        yield from _faults(name, tables[name], column, bad, problem, remedy)


def _sources(tables: Tables, _header: StudyHeader) -> Iterator[Fault]:
    for name in SOURCED:
        rows = with_columns(tables[name], ["basis", "source_id"])
        bad = (rows["basis"].fillna("source") == "source") & rows["source_id"].isna()
        problem, remedy = _("is missing, and the basis is a source"), _("name the source, or write judgement as basis")
        yield from _faults(name, tables[name], "source_id", bad, problem, remedy)


def _areas(tables: Tables, _header: StudyHeader) -> Iterator[Fault]:
    areas = tables["areas"]
    if not isinstance(areas, gpd.GeoDataFrame) or areas.empty:
        return
    shapes = areas.geometry
    wrong = shapes.notna() & ~shapes.geom_type.isin(["Polygon", "MultiPolygon"])
    rows = pd.DataFrame({"geometry": shapes.geom_type})
    yield from _faults("areas", rows, "geometry", wrong, _("is not an area"), _("draw a polygon"))
    unsound = shapes.notna() & ~shapes.is_valid & ~wrong
    problem, remedy = _("is not a valid geometry"), _("repair it, for example with shapely.make_valid")
    yield from _faults("areas", rows, "geometry", unsound, problem, remedy)


SYSTEM_CHECKS: dict[str, Check] = {
    "services have facilities and people": _services,
    "demand is of zones and services that exist": _demand,
    "dependencies do not contradict themselves": _dependencies,
    "rules of dependency name services, once": _rules,
    "times and thresholds lie between their bounds": _bounds,
    "what rests on a source names it": _sources,
    "areas are areas": _areas,
}


# --- notices ------------------------------------------------------------------------------------------------------


def system_notices(tables: Tables, made: Tables, header: StudyHeader | None) -> Iterator[str]:
    """What a reader should know of services and dependencies, and no rule forbids."""
    if header is None or not header.services:
        return
    for service in header.services:
        yield from _other_units(tables, service)
    if "needs" in made:
        yield from _out_of_reach(tables, made["needs"], header)
    yield from _no_thresholds(tables)


def _other_units(tables: Tables, service: Service) -> Iterator[str]:
    """Suppliers of a service with a demand in some unit that have no capacity in it."""
    if service.unit == "people":
        return
    suppliers = tables["assets"][tables["assets"]["kind"].isin(service.facility_kinds)]
    lacking = int(np.isinf(capacities(suppliers, service.unit)).sum())
    if lacking:
        text = _("{count} of {total} suppliers of {service} have no capacity in {unit}: they count as unlimited.")
        yield text.format(count=lacking, total=len(suppliers), service=service.service_id, unit=service.unit)


def _out_of_reach(tables: Tables, needs: pd.DataFrame, header: StudyHeader) -> Iterator[str]:
    apart = without_needs(
        tables["assets"], tables["dependencies"], tables["dependency_rules"], header.services, needs
    )  # fmt: skip
    text = _(
        "{count} assets that should need {service} are too far from it, or have no place: they count as needing none."
    )
    for service, rows in apart.groupby("service", sort=True):
        yield text.format(count=len(rows), service=service)
    unmet = needs[~needs["is_met"].astype(bool)]
    text = _("{count} dependencies on {service} are not met even when nothing fails: they are left out.")
    for service, rows in unmet.groupby("service", sort=True):
        yield text.format(count=len(rows), service=service)


def _no_thresholds(tables: Tables) -> Iterator[str]:
    """Hazards of events for which some assets and links have no threshold, in studies that give any."""
    fragility, layers = tables["fragility"], tables["hazard_layers"]
    if fragility.empty:
        return
    items = pd.concat([tables[name][["sector", "kind"]] for name in ("assets", "links")], ignore_index=True)
    text = _("{count} of {total} assets and links have no threshold for {hazard} in fragility: they never stop in it.")
    for hazard in sorted(layers.loc[layers["return_period_yr"].notna(), "hazard"].unique()):
        has = np.zeros(len(items), np.bool_)
        for row in fragility[fragility["hazard"] == hazard].itertuples():
            has |= (exactness(items["kind"], str(row.kind)) >= 0) & (items["sector"] == row.sector).to_numpy()
        if not has.all():
            yield text.format(count=int((~has).sum()), total=len(items), hazard=hazard)
