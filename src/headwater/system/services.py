"""Services as graphs: who supplies each, over what it travels, and where people take it.

Tables go in; the system of systems as arrays comes out, with what a reader may hold against it: whom each service
serves, and what needs what. Knows nothing of failures. The conventions are written in `docs/design/12-services.md`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from headwater import units
from headwater.errors import AssumptionError, InputError
from headwater.frames import with_columns
from headwater.schema import check
from headwater.settings import Service
from headwater.system.access import check_one_level
from headwater.system.dependencies import build_needs
from headwater.system.joining import Joints, joined, points
from headwater.system.layers import NONE, Floats, Layer, Numbers, System
from headwater.system.network import SHOWN, build_network, names_at, positions
from headwater.system.paths import Graph, build_graph
from headwater.words import _

AREA_COLUMNS = ("zone_id", "service", "asset_id", "distance_m", "population", "demand", "unit", "way")


def build_system(
    assets: pd.DataFrame,
    links: pd.DataFrame,
    zones: pd.DataFrame,
    demand: pd.DataFrame,
    services: Sequence[Service],
    dependencies: pd.DataFrame,
    dependency_rules: pd.DataFrame,
    *,
    default_speed_km_per_h: float | None = None,
    access_speed_km_per_h: float | None = None,
    max_access_m: float | None = None,
) -> tuple[System, pd.DataFrame, pd.DataFrame]:
    """The system of systems, whom each service serves, and what assets need.

    Everything is numbered in the order of its name, so that the order of rows changes nothing.

    Parameters
    ----------
    assets, links, zones
        Tables of those names, with or without geometry.
    demand
        Table `demand`; zones without a row demand `demand_per_person` each, or are counted as people.
    services
        Services of the study, in any order.
    dependencies, dependency_rules
        Tables of those names: what single assets need, and what whole kinds of them need.
    default_speed_km_per_h
        Speed [km/h] of links that have none; only services of mode access need it.
    access_speed_km_per_h, max_access_m
        Speed off the network [km/h] and distance [m] from it; only services of mode access need them.

    Returns
    -------
    system
        The system as arrays.
    areas
        Table `service_areas`, sorted by service and zone_id, without `served_share`: see `with_served_shares`.
    needs
        Table `needs`, sorted by asset_id, service and needs_asset_id.

    Raises
    ------
    TableError
        If a table breaks its schema, zones contain one another, or dependencies contradict themselves.
    AssumptionError
        If a service of mode access lacks its assumptions, or only some zones have a demand.
    InputError
        If a service travels on links of which there are none.
    PlaceError
        If geometry comes without a coordinate reference system.

    Examples
    --------
    A plant, a substation, and a clinic beside it that needs power:

    >>> import geopandas as gpd
    >>> from headwater.schema import empty
    >>> row = {"sector": "energy", "source_id": "survey"}
    >>> kinds = {"clinic": "clinic", "plant": "solar", "sub": "substation"}
    >>> assets = gpd.GeoDataFrame(
    ...     [{"asset_id": i, "name": i, "kind": kind, **row} for i, kind in kinds.items()],
    ...     geometry=gpd.points_from_xy([5.101, 5.0, 5.1], [1.0, 1.0, 1.0]), crs="EPSG:4326",
    ... )
    >>> line = {"link_id": "line", "from_asset_id": "plant", "to_asset_id": "sub", "kind": "power_line"}
    >>> town = {"zone_id": "town", "name": "Town", "kind": "settlement", "population": 40.0, "source_id": "survey"}
    >>> zones = gpd.GeoDataFrame([town], geometry=gpd.points_from_xy([5.1], [1.001]), crs="EPSG:4326")
    >>> rule = {"rule_id": "clinics", "applies_to_sector": "energy", "applies_to_kind": "clinic", "service": "power"}
    >>> power = Service("power", ("solar",), "settlement", {}, ("power",), "network", "energy", max_distance_m=5000.0)
    >>> system, areas, needs = build_system(
    ...     assets, pd.DataFrame([line | row]), zones, empty("demand"), [power], empty("dependencies"),
    ...     pd.DataFrame([rule | {"backup_h": 8.0, "basis": "judgement"}]),
    ... )
    >>> areas[["zone_id", "asset_id", "distance_m", "way"]].round(0)
      zone_id asset_id  distance_m      way
    0    town      sub       111.0  network
    >>> needs[["asset_id", "service", "needs_asset_id", "backup_h", "is_met"]]
      asset_id service needs_asset_id  backup_h  is_met
    0   clinic   power            sub       8.0    True
    """
    for table, name in ((assets, "assets"), (links, "links"), (zones, "zones")):
        check(table, name)
    for table, name in ((demand, "demand"), (dependencies, "dependencies"), (dependency_rules, "dependency_rules")):
        if len(table):
            check(table, name)
    ordered = sorted(services, key=lambda service: service.service_id)
    world = _World(
        _sorted(assets, "asset_id"), _sorted(links, "link_id"), _sorted(zones, "zone_id"), demand,
        default_speed_km_per_h, access_speed_km_per_h, max_access_m,
    )  # fmt: skip
    built = [_layer(service, world) for service in ordered]
    layers, joints = tuple(layer for layer, _joints, _area in built), [joint for _layer, joint, _area in built]
    needs, table = build_needs(world.assets, dependencies, dependency_rules, ordered, layers, joints)
    system = System(world.asset_ids, world.link_ids, layers, needs)
    areas = [area for _layer, _joints, area in built]
    whole = pd.concat(areas, ignore_index=True) if areas else with_columns(pd.DataFrame(), AREA_COLUMNS)
    return system, whole, table


def with_served_shares(areas: pd.DataFrame, system: System, shares: Sequence[npt.ArrayLike]) -> pd.DataFrame:
    """Service areas with the share of each zone's demand that is met when nothing fails.

    Parameters
    ----------
    areas
        Table `service_areas`, without `served_share`, any order.
    system
        The system they are of.
    shares
        Per layer, shares of its zones.

    Returns
    -------
    areas
        Table `service_areas`.
    """
    known = [
        pd.Series(np.asarray(share, np.float64), index=[(zone, layer.service) for zone in layer.zone_ids], dtype=float)
        for layer, share in zip(system.layers, shares, strict=True)
    ]
    found = pd.concat(known).to_dict() if known else {}
    keys = zip(areas["zone_id"], areas["service"], strict=True)
    share = pd.Series([found[key] for key in keys], index=areas.index, dtype="float64")
    return areas.drop(columns="served_share", errors="ignore").assign(served_share=share)[
        [*AREA_COLUMNS[:-1], "served_share", AREA_COLUMNS[-1]]
    ]


def capacities(table: pd.DataFrame, unit: str) -> Floats:
    """Capacity of each asset or link in a unit; infinite where it has none in this unit or one that converts to it.

    Examples
    --------
    >>> plants = pd.DataFrame({"capacity": [1500.0, 40.0, None], "capacity_unit": ["kW", "beds", "MW"]})
    >>> capacities(plants, "MW").tolist()
    [1.5, inf, inf]
    """
    rows = with_columns(table, ["capacity", "capacity_unit"])
    given = rows["capacity_unit"].astype("str").where(rows["capacity_unit"].notna(), "")
    amount = rows["capacity"].astype("float64").to_numpy()
    result = np.full(len(rows), np.inf)
    for own in given.unique():
        if own == unit or (own in units.UNITS and unit in units.UNITS and units.quantity(own) == units.quantity(unit)):
            here = (given == own).to_numpy() & ~np.isnan(amount)
            result[here] = amount[here] if own == unit else units.convert(amount[here], own, unit)
    return result


# --- one layer ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _World:
    """What layers are made of: tables sorted by name, and how people get to a network."""

    assets: pd.DataFrame
    links: pd.DataFrame
    zones: pd.DataFrame
    demand: pd.DataFrame
    default_speed_km_per_h: float | None
    access_speed_km_per_h: float | None
    max_access_m: float | None

    @property
    def asset_ids(self) -> pd.Index:
        return _names(self.assets, "asset_id")

    @property
    def link_ids(self) -> pd.Index:
        return _names(self.links, "link_id")


@dataclass(frozen=True, eq=False)
class _Frame:
    """Nodes and links of a layer before anybody has joined it."""

    graph: Graph
    node: Numbers
    link: Numbers
    joints: Joints


def _layer(service: Service, world: _World) -> tuple[Layer, Joints, pd.DataFrame]:
    """One service as a graph, where others may join it, and the zones it serves."""
    frame = _FRAMES[service.mode](service, world)
    joints = frame.joints
    people = world.zones[world.zones["kind"] == service.zone_kind].reset_index(drop=True)
    check_one_level(people)
    demand, unit = _demand(people, world.demand, service)
    supply = capacities(world.assets, unit)
    is_source = world.assets["kind"].isin(service.facility_kinds).to_numpy() & (supply > 0)
    rows = np.flatnonzero(is_source)
    source_node, source_m = joined(world.assets.iloc[rows], joints)
    reaches = source_node >= 0
    zone_node, zone_m = joined(people, joints)
    travels = service.mode == "access"
    speed = world.access_speed_km_per_h if travels else None
    limit = capacities(world.links, unit) if service.mode == "network" else np.full(len(world.links), np.inf)
    population = people["population"].to_numpy(np.float64)
    layer = Layer(
        service=service.service_id, graph=frame.graph, node=frame.node, link=frame.link,
        source=rows[reaches].astype(np.int32), source_node=source_node[reaches],
        source_hours=_hours(source_m[reaches], speed), supply=supply[rows[reaches]],
        link_capacity=np.where(frame.link >= 0, _at(limit, frame.link), np.inf), zone_ids=_names(people, "zone_id"),
        population=population, demand=demand, zone_node=zone_node, zone_hours=_hours(zone_m, speed),
        demand_elsewhere=service.demand_elsewhere if joints.pool != NONE else 0.0, elsewhere_node=joints.pool,
        unit=unit, travels=travels,
    )  # fmt: skip
    in_pool = (zone_node == joints.pool) & (zone_node >= 0)
    way = np.select([zone_node < 0, in_pool], ["none", "pool"], "nearest" if service.mode == "nearest" else "network")
    area = pd.DataFrame(
        {
            "zone_id": people["zone_id"].astype("str"), "service": service.service_id,
            "asset_id": names_at(joints.node_ids, np.where(in_pool, NONE, zone_node)), "distance_m": zone_m,
            "population": population, "demand": demand, "unit": unit, "way": way,
        }
    ).astype({"service": "str", "unit": "str", "way": "str"})  # fmt: skip
    return layer, joints, area


def _access_frame(service: Service, world: _World) -> _Frame:
    if world.max_access_m is None or world.access_speed_km_per_h is None:
        message = _("{service} is reached by people: give access_speed_km_per_h and max_access_m.")
        raise AssumptionError(message.format(service=service.service_id))
    if not world.access_speed_km_per_h > 0:
        message = _("The access speed must be above zero, not {value} km/h.")
        raise AssumptionError(message.format(value=world.access_speed_km_per_h))
    if not world.max_access_m >= 0:
        message = _("The access distance must be zero or more, not {value} m.")
        raise AssumptionError(message.format(value=world.max_access_m))
    travelled = _travelled(service, world.links)
    network = build_network(world.assets, travelled, default_speed_km_per_h=world.default_speed_km_per_h)
    joints = Joints(network.node_ids, network.lon, network.lat, network.is_linked, NONE, world.max_access_m)
    return _Frame(
        network.graph,
        positions(network.node_ids, world.asset_ids).astype(np.int32),
        positions(network.link_ids, world.link_ids).astype(np.int32),
        joints,
    )


def _network_frame(service: Service, world: _World) -> _Frame:
    """Time and length do not matter: a line between places nobody knows still brings the service."""
    travelled = _travelled(service, world.links).assign(length_m=1.0, speed_km_per_h=1.0)
    network = build_network(world.assets, travelled)
    node = positions(network.node_ids, world.asset_ids).astype(np.int32)
    link = positions(network.link_ids, world.link_ids).astype(np.int32)
    limit = np.inf if service.max_distance_m is None else service.max_distance_m
    joints = Joints(network.node_ids, network.lon, network.lat, network.is_linked, NONE, limit)
    from_node, to_node = network.from_node, network.to_node
    if service.pool_beyond:
        pool = node.size
        is_infeed = world.assets["kind"].isin(service.infeed_kinds).to_numpy()
        infeed = np.flatnonzero(is_infeed[node]).astype(np.int32)
        from_node = np.concatenate([from_node, infeed])
        to_node = np.concatenate([to_node, np.full(infeed.size, pool, np.int32)])
        node, link = np.append(node, np.int32(NONE)), np.append(link, np.full(infeed.size, NONE, np.int32))
        joints = dataclasses.replace(joints, pool=pool)
    graph = build_graph(from_node, to_node, np.zeros(link.size), node_count=node.size)
    return _Frame(graph, node, link, joints)


def _pool_frame(_service: Service, _world: _World) -> _Frame:
    none, nowhere = np.zeros(0, np.int32), np.zeros(0)
    joints = Joints(pd.Index([], dtype="object"), nowhere, nowhere, np.zeros(0, np.bool_), 0, np.inf)
    return _Frame(build_graph(none, none, nowhere, node_count=1), np.array([NONE], np.int32), none, joints)


def _nearest_frame(service: Service, world: _World) -> _Frame:
    rows = np.flatnonzero(world.assets["kind"].isin(service.facility_kinds).to_numpy())
    lon, lat = points(world.assets.iloc[rows])
    none = np.zeros(0, np.int32)
    limit = np.inf if service.max_distance_m is None else service.max_distance_m
    joints = Joints(world.asset_ids[rows], lon, lat, np.ones(rows.size, np.bool_), NONE, limit)
    return _Frame(build_graph(none, none, np.zeros(0), node_count=rows.size), rows.astype(np.int32), none, joints)


_FRAMES = {
    "access": _access_frame, "network": _network_frame, "pool": _pool_frame, "nearest": _nearest_frame,
}  # fmt: skip


def _travelled(service: Service, links: pd.DataFrame) -> pd.DataFrame:
    travelled = links[links["kind"].astype("str").str.startswith(service.link_kinds)]
    if travelled.empty:
        message = _("No link is of a kind that {service} travels on: {kinds}")
        raise InputError(message.format(service=service.service_id, kinds=", ".join(service.link_kinds)))
    return travelled


def _demand(people: pd.DataFrame, demand: pd.DataFrame, service: Service) -> tuple[Floats, str]:
    """Demand of each zone, and its unit: that of people where the study gives none."""
    population = people["population"].to_numpy(np.float64)
    rows = demand[demand["service"] == service.service_id]
    given = positions(people["zone_id"].astype("str"), rows["zone_id"].astype("str"))
    amount = np.where(given >= 0, _at(rows["demand"].to_numpy(np.float64), given), np.nan)
    if service.demand_per_person is not None:
        return np.where(given >= 0, amount, population * service.demand_per_person), service.unit
    if not (given >= 0).any():
        return population, "people"
    lacking = people.loc[(given < 0) & (population > 0), "zone_id"].astype("str")
    if len(lacking):
        message = _(
            "{count} zones have no demand for {service}: {names}. Add rows to demand, or give demand_per_person."
        )
        names = ", ".join(lacking.head(SHOWN)) + (" …" if len(lacking) > SHOWN else "")
        raise AssumptionError(message.format(count=len(lacking), service=service.service_id, names=names))
    return np.nan_to_num(amount), service.unit


def _hours(distance_m: Floats, speed_km_per_h: float | None) -> Floats:
    """Time to the network [h]; none where it does not matter or nothing is joined."""
    return np.zeros(distance_m.size) if speed_km_per_h is None else np.nan_to_num(distance_m) / 1000 / speed_km_per_h


def _at(values: Floats, position: npt.NDArray) -> Floats:
    """Values at positions; any value at -1, and zeros where there are no values at all."""
    return values[position] if values.size else np.zeros(position.size)


def _names(table: pd.DataFrame, key: str) -> pd.Index:
    names: pd.Index = pd.Index(table[key].astype("str").to_numpy(dtype=object), name=key)
    return names


def _sorted(table: pd.DataFrame, key: str) -> pd.DataFrame:
    return table.iloc[np.argsort(table[key].astype("str").to_numpy(dtype=object), kind="stable")].reset_index(drop=True)
