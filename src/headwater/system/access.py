"""How people reach a service: the nearest facility in time, over the network, and how long it takes.

Knows nothing of hazards or money. A service is named after the kind of facility that gives it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from headwater.errors import AssumptionError
from headwater.schema import check
from headwater.system.network import Network, check_rows, names_at, positions, snap
from headwater.system.paths import Forest, loads, shortest_paths
from headwater.words import _

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Journeys:
    """People and facilities joined to a network, and the shortest journey from each node.

    Attributes
    ----------
    zones
        Located zones, sorted by zone_id: zone_id, population, node (number, -1 where the zone does not join), access_m.
    facility_ids
        Nearest facility that joins at each node, "" where none does; object [nodes].
    seed_hours
        Time from that facility to its node [h]; infinite where none joins.
    people
        People whose zones join at each node.
    forest
        Shortest paths from the nearest facility to every node.
    """

    zones: pd.DataFrame
    facility_ids: npt.NDArray[np.object_]
    seed_hours: Floats
    people: Floats
    forest: Forest


def access(
    network: Network,
    zones: pd.DataFrame,
    facilities: pd.DataFrame,
    *,
    service: str,
    access_speed_km_per_h: float,
    max_access_m: float,
) -> pd.DataFrame:
    """Time from every zone to the nearest facility of a service.

    A journey has three parts: from the zone to the nearest node that has a link, straight, at the access speed; along
    the network, by the shortest time; from the last node to the facility, straight, at the access speed again. A
    facility that is itself a node with a link joins there. An area starts at a point inside it. The facility is the
    one with the smallest total time, not the nearest in distance.

    A zone that joins no node within `max_access_m`, or from whose node no facility can be reached, is not reached: it
    has no time, and its people are cut off to begin with. A zone without a place is left out, since nothing can be
    said of it: `not_located` names those.

    Parameters
    ----------
    network
        The network that people travel on.
    zones
        Table `zones`, of one level: a zone and a part of it would count the same people twice.
    facilities
        Table `assets`: those that give the service. Facilities without a place, unless they are nodes, are left out.
    service
        Name of the service.
    access_speed_km_per_h
        Speed off the network [km/h].
    max_access_m
        How far [m] a zone or a facility may be from its node.

    Returns
    -------
    access
        Table `access`, sorted by zone_id; one row per located zone.

    Raises
    ------
    TableError
        If a table breaks its schema, or the zones contain one another.
    AssumptionError
        If the access speed is not above zero, or the distance below it.
    PlaceError
        If geometry comes without a coordinate reference system.

    Examples
    --------
    A town 9 km from the hospital by road, and a village of 5 people whose road is 3 km long:

    >>> from headwater.system.network import build_network
    >>> row = {"sector": "transport", "kind": "junction", "source_id": "survey"}
    >>> assets = gpd.GeoDataFrame(
    ...     [{"asset_id": i, "name": i, **row} for i in ("hospital", "town", "village")],
    ...     geometry=gpd.points_from_xy([5.0, 5.08, 5.1], [1.0, 1.0, 1.0]), crs="EPSG:4326",
    ... )
    >>> roads = [("h_t", "hospital", "town", 9000.0), ("t_v", "town", "village", 3000.0)]
    >>> links = pd.DataFrame(roads, columns=["link_id", "from_asset_id", "to_asset_id", "length_m"])
    >>> network = build_network(assets, links.assign(**row), default_speed_km_per_h=60)
    >>> zones = assets.rename(columns={"asset_id": "zone_id"}).assign(kind="settlement", population=[0.0, 40.0, 5.0])
    >>> options = {"service": "hospital", "access_speed_km_per_h": 5, "max_access_m": 1000}
    >>> access(network, zones, assets[:1], **options)[["zone_id", "facility_id", "hours"]]
        zone_id facility_id  hours
    0  hospital    hospital   0.00
    1      town    hospital   0.15
    2   village    hospital   0.20
    """
    found = journeys(network, zones, facilities, access_speed_km_per_h=access_speed_km_per_h, max_access_m=max_access_m)
    zone = found.zones
    node = zone["node"].to_numpy()
    joined = node >= 0
    to_node_h = np.where(joined, _at(found.forest.hours, node), np.inf)
    reached = np.isfinite(to_node_h)
    root = np.where(reached, _at(found.forest.root, node), -1)
    hours = zone["access_m"].to_numpy() / 1000 / access_speed_km_per_h + to_node_h
    from_node_h = np.where(reached, _at(found.seed_hours, root), 0.0)
    along_h = np.maximum(to_node_h - from_node_h, 0.0)  # rounding must not make it negative
    return pd.DataFrame(
        {
            "zone_id": zone["zone_id"],
            "service": pd.Series(service, index=zone.index, dtype="str"),
            "population": zone["population"],
            "node_id": names_at(network.node_ids, node),
            "facility_id": names_at(found.facility_ids, root),
            "hours": np.where(reached, hours, np.nan),
            "network_hours": np.where(reached, along_h, np.nan),
            "access_m": zone["access_m"],
            "is_reached": reached,
        }
    )


def not_located(items: pd.DataFrame) -> pd.DataFrame:
    """Rows without a place, which no result about places can cover.

    Examples
    --------
    >>> not_located(pd.DataFrame({"zone_id": ["hamlet"], "population": [50.0]}))
      zone_id  population
    0  hamlet        50.0
    """
    return items[~_is_located(items)]


def access_shares(access_times: pd.DataFrame, *, thresholds_h: Sequence[float]) -> pd.DataFrame:
    """People within given times of a service.

    Parameters
    ----------
    access_times
        Table `access`.
    thresholds_h
        Times [h], any order.

    Returns
    -------
    shares
        One row per service and threshold: service, hours_at_most, population, population_share (of everybody in
        `access_times`, those not reached included; missing where nobody lives).

    Raises
    ------
    TableError
        If the table breaks its schema.

    Examples
    --------
    >>> times = pd.DataFrame({"zone_id": ["x", "y"], "service": "hospital", "population": [30.0, 10.0]})
    >>> times = times.assign(hours=[0.4, None], is_reached=[True, False])
    >>> access_shares(times, thresholds_h=[0.25, 0.5])["population_share"].tolist()
    [0.0, 0.75]
    """
    check(access_times, "access")
    people = access_times["population"].astype("float64")
    service = access_times["service"]
    total = people.groupby(service).sum()
    tables = []
    for limit in sorted(thresholds_h):
        within = people.where(access_times["hours"].astype("float64") <= limit, 0.0).groupby(service).sum()
        share = (within / total).where(total > 0)
        tables.append(pd.DataFrame({"hours_at_most": limit, "population": within, "population_share": share}))
    return pd.concat(tables).sort_index(kind="stable").reset_index()


def flows(
    network: Network,
    zones: pd.DataFrame,
    facilities: pd.DataFrame,
    *,
    service: str,
    access_speed_km_per_h: float,
    max_access_m: float,
) -> pd.DataFrame:
    """People who use each link when everybody goes once to the nearest facility.

    Of two ways that take equally long, one is taken by all. Parameters and errors are those of `access`.

    Returns
    -------
    flows
        One row per link, sorted by link_id: link_id, service, population.

    Examples
    --------
    A town 9 km from the hospital by road, and a village of 5 people whose road is 3 km long:

    >>> from headwater.system.network import build_network
    >>> row = {"sector": "transport", "kind": "junction", "source_id": "survey"}
    >>> assets = gpd.GeoDataFrame(
    ...     [{"asset_id": i, "name": i, **row} for i in ("hospital", "town", "village")],
    ...     geometry=gpd.points_from_xy([5.0, 5.08, 5.1], [1.0, 1.0, 1.0]), crs="EPSG:4326",
    ... )
    >>> roads = [("h_t", "hospital", "town", 9000.0), ("t_v", "town", "village", 3000.0)]
    >>> links = pd.DataFrame(roads, columns=["link_id", "from_asset_id", "to_asset_id", "length_m"])
    >>> network = build_network(assets, links.assign(**row), default_speed_km_per_h=60)
    >>> zones = assets.rename(columns={"asset_id": "zone_id"}).assign(kind="settlement", population=[0.0, 40.0, 5.0])
    >>> options = {"service": "hospital", "access_speed_km_per_h": 5, "max_access_m": 1000}
    >>> flows(network, zones, assets[:1], **options)[["link_id", "population"]]
      link_id  population
    0     h_t        45.0
    1     t_v         5.0
    """
    found = journeys(network, zones, facilities, access_speed_km_per_h=access_speed_km_per_h, max_access_m=max_access_m)
    load = loads(found.forest, found.people, link_count=len(network.link_ids))
    link_ids = pd.Series(network.link_ids, dtype="str")
    return pd.DataFrame({"link_id": link_ids, "service": service, "population": load})


def journeys(
    network: Network,
    zones: pd.DataFrame,
    facilities: pd.DataFrame,
    *,
    access_speed_km_per_h: float,
    max_access_m: float,
) -> Journeys:
    """Zones and facilities joined to the network, and the shortest journeys; parameters and errors as for `access`."""
    check(zones, "zones")
    check(facilities, "assets")
    check_one_level(zones)
    _check_assumptions(access_speed_km_per_h, max_access_m)
    n = len(network.node_ids)
    joined = _joined_zones(network, zones, max_access_m)
    facility_ids, seed_hours = _seeds(network, facilities, access_speed_km_per_h, max_access_m)
    at_node = joined[joined["node"] >= 0]
    people = np.bincount(at_node["node"], weights=at_node["population"], minlength=n).astype(np.float64)
    return Journeys(joined, facility_ids, seed_hours, people, shortest_paths(network.graph, seed_hours))


def _joined_zones(network: Network, zones: pd.DataFrame, max_access_m: float) -> pd.DataFrame:
    located = zones[_is_located(zones)]
    table = snap(_places(located, "zone_id"), network, max_distance_m=max_access_m)
    population = located.set_index(located["zone_id"].astype("str"))["population"].astype("float64")
    return pd.DataFrame(
        {
            "zone_id": table["item_id"],
            "population": population.reindex(table["item_id"]).to_numpy(),
            "node": positions(table["node_id"], network.node_ids),
            "access_m": table["distance_m"],
        }
    )


def _seeds(
    network: Network, facilities: pd.DataFrame, access_speed_km_per_h: float, max_access_m: float
) -> tuple[npt.NDArray[np.object_], Floats]:
    """Nearest facility at each node, and its time to the node [h]."""
    linked = network.node_ids[network.is_linked]
    is_node = positions(facilities["asset_id"], linked) >= 0
    apart = facilities[~is_node & _is_located(facilities)]
    snapped = snap(_places(apart, "asset_id"), network, max_distance_m=max_access_m)
    itself = facilities.loc[is_node, "asset_id"].astype("str")
    here = pd.DataFrame({"item_id": itself, "node_id": itself, "distance_m": 0.0, "is_snapped": True})
    both = pd.concat([here, snapped]).query("is_snapped").sort_values(["distance_m", "item_id"])
    first = both.drop_duplicates("node_id")
    ids, hours = np.full(len(network.node_ids), "", dtype=object), np.full(len(network.node_ids), np.inf)
    node = positions(first["node_id"], network.node_ids)
    ids[node] = first["item_id"].to_numpy(dtype=object)
    hours[node] = first["distance_m"].to_numpy(np.float64) / 1000 / access_speed_km_per_h
    return ids, hours


def _is_located(items: pd.DataFrame) -> npt.NDArray[np.bool_]:
    if "geometry" not in items.columns:
        return np.zeros(len(items), np.bool_)
    shapes = gpd.GeoSeries(items["geometry"])
    return np.asarray(~(shapes.isna() | shapes.is_empty), np.bool_)


def _places(items: pd.DataFrame, key: str) -> gpd.GeoSeries:
    names = items[key].astype("str").to_numpy()
    if "geometry" not in items.columns:
        return gpd.GeoSeries([None] * len(items), index=names, crs="EPSG:4326")
    return gpd.GeoSeries(items["geometry"]).set_axis(names)


def _at(values: npt.NDArray, position: npt.NDArray) -> npt.NDArray:
    """Values at positions; any value where the position is -1, and zeros where there are no values at all."""
    return values[position] if values.size else np.zeros(position.size, values.dtype)


def check_one_level(zones: pd.DataFrame) -> None:
    """Raise TableError if zones contain one another: their people would count twice."""
    if "parent_zone_id" not in zones.columns:
        return
    problem = _("the zone and its parent are both here: their people would count twice")
    remedy = _("give zones of one level only")
    is_inside = positions(zones["parent_zone_id"], zones["zone_id"]) >= 0
    check_rows(zones["parent_zone_id"], is_inside, table="zones", problem=problem, remedy=remedy)


def _check_assumptions(access_speed_km_per_h: float, max_access_m: float) -> None:
    if not access_speed_km_per_h > 0:
        message = _("The access speed must be above zero, not {value} km/h.")
        raise AssumptionError(message.format(value=access_speed_km_per_h))
    if not max_access_m >= 0:
        raise AssumptionError(_("The access distance must be zero or more, not {value} m.").format(value=max_access_m))
