"""The network that assets and links form: nodes, times, connected parts, and where places join it.

Knows nothing of hazards, people or files. A node is an asset; a link joins two of them and can be travelled both ways.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from headwater.errors import AssumptionError, Fault, TableError
from headwater.frames import longitude_latitude
from headwater.geo.distance import WGS84, geodesic_length_m, nearest
from headwater.schema import check
from headwater.system.paths import Graph, build_graph
from headwater.words import _

Floats = npt.NDArray[np.float64]

SHOWN = 5
"""Links named in a message; the rest are counted."""

LINES = (1, 2, 5)
"""Geometry types of shapely that are lines: LineString, LinearRing, MultiLineString."""


@dataclass(frozen=True)
class Network:
    """A network ready for travel: rows of nodes and links, sorted by name, and the graph between them.

    Attributes
    ----------
    node_ids, link_ids
        Names, sorted; the position of a name is its number in every array below.
    lon, lat
        float64 [nodes]; where each node is [degrees]; missing when not known.
    from_node, to_node
        int32 [links]; nodes at the ends.
    length_m, hours
        float64 [links]; length along the link and time in normal conditions.
    graph
        The undirected graph of nodes and links, weighted by hours.
    """

    node_ids: pd.Index
    link_ids: pd.Index
    lon: Floats
    lat: Floats
    from_node: npt.NDArray[np.int32]
    to_node: npt.NDArray[np.int32]
    length_m: Floats
    hours: Floats
    graph: Graph

    @property
    def is_linked(self) -> npt.NDArray[np.bool_]:
        """Whether each node has a link to another node."""
        return self.graph.degree > 0


def build_network(
    assets: pd.DataFrame,
    links: pd.DataFrame,
    *,
    node_kinds: Collection[str] | None = None,
    default_speed_km_per_h: float | None = None,
) -> Network:
    """The network of the links given, and of the assets at their ends.

    Give the links of one mode: roads together, power lines together. The length of a link is `length_m`, else the
    geodesic length of its line, else that of the straight line between its ends; its time is length over speed. Rows
    are put in order of their names, so that the order they come in changes nothing.

    Parameters
    ----------
    assets
        Table `assets`, with or without geometry.
    links
        Table `links`, with or without geometry.
    node_kinds
        Kinds of asset that are nodes even when no link refers to them, such as a junction on an island. By default
        the kinds found at the ends of links.
    default_speed_km_per_h
        Speed [km/h] of links that have none.

    Raises
    ------
    TableError
        If a table breaks its schema, or a link refers to an asset that is not there, is not a line, or has no
        length of any sort.
    AssumptionError
        If links have no speed and no default is given; names the first few.
    PlaceError
        If geometry comes without a coordinate reference system.

    Examples
    --------
    >>> assets = pd.DataFrame({"asset_id": ["x", "y"], "name": ["X", "Y"], "source_id": "survey"})
    >>> assets = assets.assign(sector="transport", kind="road_node")
    >>> links = pd.DataFrame({"link_id": ["xy"], "from_asset_id": "x", "to_asset_id": "y", "length_m": 2250.0})
    >>> links = links.assign(speed_km_per_h=45.0, sector="transport", kind="road", source_id="survey")
    >>> build_network(assets, links).hours.tolist()
    [0.05]
    """
    check(assets, "assets")
    check(links, "links")
    check_lines(links, name="links")
    rows = links.reset_index(drop=True)
    from_row, to_row = _end_rows(rows, assets)
    chosen = _node_rows(assets, np.concatenate([from_row, to_row]), node_kinds)
    nodes = assets.iloc[chosen]
    names = pd.Index(nodes["asset_id"].astype("str"), name="asset_id")
    lon, lat = _points(nodes)

    order = np.argsort(rows["link_id"].to_numpy(dtype=object), kind="stable").astype(np.int64)
    number = np.full(len(assets), -1, np.int32)
    number[chosen] = np.arange(len(chosen))
    from_node, to_node = number[from_row][order], number[to_row][order]
    ends_m = WGS84.inv(lon[from_node], lat[from_node], lon[to_node], lat[to_node])[2]
    length_m = _lengths_m(rows, order, ends_m)
    hours = length_m / 1000 / _speeds(rows, default_speed_km_per_h)[order]
    link_ids = pd.Index(rows["link_id"].astype("str").iloc[order], name="link_id")
    graph = build_graph(from_node, to_node, hours, node_count=len(names))
    return Network(names, link_ids, lon, lat, from_node, to_node, length_m, hours, graph)


def components(network: Network) -> pd.DataFrame:
    """The connected parts of the network, largest first.

    Returns
    -------
    components
        Table `components`: part 1 has most nodes; of parts with as many nodes, the longer comes first.

    Examples
    --------
    >>> row = {"sector": "transport", "kind": "junction", "source_id": "survey"}
    >>> assets = pd.DataFrame([{"asset_id": i, "name": i, **row} for i in ("isle", "town", "village")])
    >>> links = pd.DataFrame({"link_id": ["t_v"], "from_asset_id": "town", "to_asset_id": "village"})
    >>> components(build_network(assets, links.assign(length_m=9000.0, **row), default_speed_km_per_h=60))
       component  nodes  links  length_m
    0          1      2      1    9000.0
    1          2      1      0       0.0
    """
    label = _labels(network)
    parts = pd.DataFrame({"nodes": np.bincount(label)})
    home = label[network.from_node]
    parts["links"] = np.bincount(home, minlength=len(parts))
    parts["length_m"] = np.bincount(home, weights=network.length_m, minlength=len(parts))
    parts.insert(0, "component", np.arange(1, len(parts) + 1))
    return parts


def component_of_nodes(network: Network) -> pd.Series:
    """The connected part each node belongs to, numbered as in `components`.

    Returns
    -------
    component
        Series of whole numbers from 1, indexed by asset_id.
    """
    return pd.Series(_labels(network) + 1, index=network.node_ids, name="component")


def snap(items: gpd.GeoSeries, network: Network, *, max_distance_m: float) -> pd.DataFrame:
    """Where places join the network: the nearest node that has a link, by geodesic distance.

    An area joins at a point inside it. Nodes without links lead nowhere, so nothing joins there.

    Parameters
    ----------
    items
        Points or areas, indexed by name; missing geometry is allowed.
    network
        The network.
    max_distance_m
        Items farther than this [m] from every node do not join.

    Returns
    -------
    snapping
        Table `snapping`, sorted by item_id. An item without a place has no distance; an item too far away has a
        distance and no node.

    Raises
    ------
    PlaceError
        If the items have no coordinate reference system.

    Examples
    --------
    >>> row = {"sector": "transport", "kind": "junction", "source_id": "survey"}
    >>> assets = gpd.GeoDataFrame(
    ...     [{"asset_id": i, "name": i, **row} for i in ("town", "village")],
    ...     geometry=gpd.points_from_xy([5.0, 5.1], [0.0, 0.0]), crs="EPSG:4326",
    ... )
    >>> links = pd.DataFrame({"link_id": ["t_v"], "from_asset_id": "town", "to_asset_id": "village"}).assign(**row)
    >>> network = build_network(assets, links, default_speed_km_per_h=60)
    >>> farms = gpd.GeoSeries(gpd.points_from_xy([5.01, 6.0], [0.0, 0.0]), index=["near", "far"], crs="EPSG:4326")
    >>> snap(farms, network, max_distance_m=2000).round(0)
      item_id node_id  distance_m  is_snapped
    0     far     NaN    100188.0       False
    1    near    town      1113.0        True
    """
    shapes = longitude_latitude(items)
    points = shapes.representative_point()
    located = ~(shapes.isna() | shapes.is_empty).to_numpy()
    distance, node = np.full(len(shapes), np.nan), np.full(len(shapes), -1)
    targets = np.flatnonzero(network.is_linked & np.isfinite(network.lon))
    if targets.size and located.any():
        places, first = np.unique(
            np.column_stack([network.lon, network.lat])[targets], axis=0, return_index=True
        )  # of nodes in one place, the first by name
        found, away = nearest(np.column_stack([points.x, points.y])[located], places)
        distance[located], node[located] = away, targets[first[found]]
    near = distance <= max_distance_m
    table = pd.DataFrame({"item_id": shapes.index.astype("str"), "distance_m": distance, "is_snapped": near})
    table.insert(1, "node_id", names_at(network.node_ids, np.where(near, node, -1)))
    return table.sort_values("item_id", ignore_index=True)


def positions(values: Iterable[object], names: Iterable[object]) -> npt.NDArray[np.int64]:
    """Position of each value among unique names, -1 where it is none of them."""
    index = pd.Index(np.asarray(names, dtype=object))
    return np.asarray(index.get_indexer(pd.Index(np.asarray(values, dtype=object))), np.int64)


def names_at(names: pd.Index | npt.NDArray, position: npt.NDArray) -> pd.Series:
    """Names at positions, missing at -1."""
    found = pd.Series(pd.NA, index=range(len(position)), dtype="str")
    known = position >= 0
    found[known] = np.asarray(names, dtype=object)[position[known]]
    return found


# --- nodes ------------------------------------------------------------------------------------------------------


def row_faults(values: pd.Series, is_bad: npt.NDArray, *, table: str, problem: str, remedy: str) -> list[Fault]:
    """One fault per bad row of a column, rows counted as a spreadsheet does."""
    column, rows = str(values.name), np.flatnonzero(is_bad)
    return [Fault(table, int(i) + 2, column, str(values.iloc[i]), problem, remedy) for i in rows]


def check_rows(values: pd.Series, is_bad: npt.NDArray, *, table: str, problem: str, remedy: str) -> None:
    """Raise TableError if any row of a column is bad."""
    if np.any(is_bad):
        raise TableError(row_faults(values, is_bad, table=table, problem=problem, remedy=remedy))


def check_lines(table: pd.DataFrame, *, name: str) -> None:
    """Raise TableError if any geometry of a table is something else than a line; missing geometry is allowed."""
    if "geometry" not in table.columns and not isinstance(table, gpd.GeoDataFrame):
        return
    shapes = np.asarray(table.geometry, dtype=object)
    is_line = np.isin(shapely.get_type_id(shapes), LINES)
    kinds = pd.Series([getattr(shape, "geom_type", "") for shape in shapes], name="geometry")
    problem = _("the geometry of a link is a line")
    remedy = _("draw the line, or leave the geometry blank")
    check_rows(kinds, ~is_line & ~shapely.is_missing(shapes), table=name, problem=problem, remedy=remedy)


def _end_rows(links: pd.DataFrame, assets: pd.DataFrame) -> list[npt.NDArray[np.int64]]:
    """Rows of `assets` at the start and at the end of each link."""
    problem = _("is not in the table {table}").format(table="assets")
    remedy = _("add a row with this {key} to {table}, or correct the value").format(key="asset_id", table="assets")
    columns = [links[end] for end in ("from_asset_id", "to_asset_id")]
    rows = [positions(column, assets["asset_id"]) for column in columns]
    found = [
        fault
        for column, row in zip(columns, rows, strict=True)
        for fault in row_faults(column, row < 0, table="links", problem=problem, remedy=remedy)
    ]
    if found:
        raise TableError(found)
    return rows


def _node_rows(
    assets: pd.DataFrame, ends: npt.NDArray[np.int64], node_kinds: Collection[str] | None
) -> npt.NDArray[np.int64]:
    """Rows of the assets that are nodes, in order of their names."""
    kind = assets["kind"].to_numpy(dtype=object)
    is_node = np.zeros(len(assets), np.bool_)
    is_node[ends] = True
    kinds = pd.unique(kind[is_node]) if node_kinds is None else list(node_kinds)
    rows = np.flatnonzero(is_node | (positions(kind, kinds) >= 0))
    return rows[np.argsort(assets["asset_id"].to_numpy(dtype=object)[rows], kind="stable")]


def _points(nodes: pd.DataFrame) -> tuple[Floats, Floats]:
    if "geometry" not in nodes.columns:
        return np.full(len(nodes), np.nan), np.full(len(nodes), np.nan)
    points = longitude_latitude(nodes).representative_point()
    return points.x.to_numpy(np.float64), points.y.to_numpy(np.float64)


def _labels(network: Network) -> npt.NDArray[np.int64]:
    """Component of each node, 0 the largest; between equals, the one whose first node comes first."""
    n, graph = len(network.node_ids), network.graph
    matrix = csr_matrix((np.ones(graph.neighbours.size), graph.neighbours, graph.indptr), shape=(n, n))
    count, label = connected_components(matrix, directed=False)
    length = np.bincount(label[network.from_node], weights=network.length_m, minlength=count)
    rank = np.empty(count, np.int64)
    rank[np.lexsort((np.arange(count), -length, -np.bincount(label, minlength=count)))] = np.arange(count)
    return np.asarray(rank[label], np.int64)


# --- links ------------------------------------------------------------------------------------------------------


def _lengths_m(links: pd.DataFrame, order: npt.NDArray[np.int64], ends_m: Floats) -> Floats:
    """Length of each link [m], in `order`."""
    length = np.full(len(links), np.nan)
    if "length_m" in links.columns:
        length = links["length_m"].to_numpy(np.float64, na_value=np.nan).copy()
    if "geometry" in links.columns:
        shapes = longitude_latitude(links)
        drawn = ~(shapes.isna() | shapes.is_empty).to_numpy() & np.isnan(length)
        length[drawn] = geodesic_length_m(shapes[drawn])
    length = length[order]
    length = np.where(np.isnan(length), ends_m, length).astype(np.float64)
    is_lost = np.zeros(len(links), np.bool_)
    is_lost[order] = np.isnan(length)
    problem = _("has no length, no line, and ends that are not both located")
    remedy = _("fill in length_m, or draw the line, or locate both ends")
    check_rows(links["link_id"].rename("length_m"), is_lost, table="links", problem=problem, remedy=remedy)
    return length


def _speeds(links: pd.DataFrame, default: float | None) -> Floats:
    """Speed of each link [km/h]."""
    speed = pd.Series(np.nan, index=links.index)
    if "speed_km_per_h" in links.columns:
        speed = links["speed_km_per_h"].astype("float64")
    missing = links.loc[speed.isna(), "link_id"]
    if len(missing) and default is None:
        names = ", ".join(missing.astype("str").head(SHOWN)) + (" …" if len(missing) > SHOWN else "")
        message = _("{count} links have no speed: {names}. Fill in speed_km_per_h, or give a default speed.")
        raise AssumptionError(message.format(count=len(missing), names=names))
    if default is not None and not default > 0:
        raise AssumptionError(_("The default speed must be above zero, not {value}.").format(value=default))
    return np.asarray(speed.fillna(np.nan if default is None else default), np.float64)
