"""Power lines of northern Ghana as a network, and a stand-in telephone exchange for every settlement.

gridfinder gives lines north of 9.45 degrees only. Beyond them the national system is taken as one pool: each part of
the network is fed from it at one place, its infeed. Both are assumptions, as are the exchanges.
"""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import shapely
from networks import named_by_place
from tables import joined

from headwater.geo.distance import geodesic_length_m, nearest
from headwater.system.noding import node_lines

LINES = "gha-power/gha_power.gpkg"
PREFIX = "gha_grid_node_"
EDGE_LATITUDE = 9.45
"""Southern edge of the lines [degrees]."""
NEAR_EDGE_DEGREES = 0.2
"""Parts of the network that come no closer to the edge than this (about 22 km) have nowhere to be fed from."""
TOLERANCE_M = 100.0
SIMPLIFIED_BY_DEGREES = 0.001
DECIMALS = 4
"""Of a degree: about 11 m, far finer than the half-kilometre cells in which lines were predicted."""
MAX_DISTANCE_M = 5_000.0
"""As `max_distance_m` of the service electricity in `studies/ghana/study.toml`."""
SOURCES = {"gridfinder": "gridfinder", "openstreetmap": "osm_gridfinder"}


def grid(data: Path, settlements: pd.DataFrame, users: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Nodes as `assets` and lines as `links`, cut back to those that lead to a settlement or another user."""
    noded = node_lines(_lines(data), tolerance_m=TOLERANCE_M, sector="energy", kind="grid_node", node_prefix=PREFIX)
    nodes, links = noded.assets.set_index("asset_id"), noded.links
    graph = nx.MultiGraph(list(zip(links["from_asset_id"], links["to_asset_id"], links["link_id"], strict=True)))
    used = _nearest_nodes(nodes, joined(settlements[["geometry"]], users[["geometry"]]))
    infeeds: list[str] = []
    for part in [*nx.connected_components(graph)]:
        if nodes.geometry.y[[*part]].min() > EDGE_LATITUDE + NEAR_EDGE_DEGREES or not used.intersection(part):
            graph.remove_nodes_from(part)
        else:
            infeeds.append(_infeed(graph.subgraph(part), nodes, links))
    _cut_back(graph, used.union(infeeds))
    return (
        _assets(nodes[nodes.index.isin(graph)], infeeds, settlements),
        _links(links[links["link_id"].isin([key for *_ends, key in graph.edges(keys=True)])]),
    )


def _lines(data: Path) -> gpd.GeoDataFrame:
    found = gpd.read_file(data / LINES)
    numbers = pd.Series(range(1, len(found) + 1)).astype(str).str.zfill(4)
    drawn = found.geometry.simplify(SIMPLIFIED_BY_DEGREES)
    table = {"link_id": "gha_power_" + numbers, "sector": "energy", "kind": "power_line"}
    return gpd.GeoDataFrame({**table, "source_id": found["source"].map(SOURCES)}, geometry=drawn, crs=found.crs)


def _nearest_nodes(nodes: gpd.GeoDataFrame, places: pd.DataFrame) -> set[str]:
    """Nodes that a place takes electricity from: the nearest, within reach."""
    here = shapely.get_coordinates(places["geometry"].dropna().to_numpy())
    at, distance_m = nearest(here, shapely.get_coordinates(nodes.geometry.to_numpy()))
    return set(nodes.index[at[distance_m <= MAX_DISTANCE_M]])


def _infeed(part: nx.MultiGraph, nodes: gpd.GeoDataFrame, links: gpd.GeoDataFrame) -> str:
    """Southernmost loose end of a part: of a line mapped in OpenStreetMap where one ends in reach, else of any."""
    mapped = set(links.loc[links["source_id"] == SOURCES["openstreetmap"], "link_id"])
    ends = [(end, key) for end, _other, key in part.edges(keys=True) if part.degree(end) == 1]
    ends += [(end, key) for _other, end, key in part.edges(keys=True) if part.degree(end) == 1]
    near = {end for end, _key in ends if nodes.geometry.y[end] <= EDGE_LATITUDE + NEAR_EDGE_DEGREES}
    first = near.intersection(end for end, key in ends if key in mapped) or near
    return min(first, key=lambda end: (nodes.geometry.y[end], end))


def _cut_back(graph: nx.MultiGraph, kept: set[str]) -> None:
    """Take loose ends away until each is the node of a place or an infeed."""
    while loose := [node for node, degree in graph.degree() if degree <= 1 and node not in kept]:
        graph.remove_nodes_from(loose)


def _assets(nodes: gpd.GeoDataFrame, infeeds: list[str], settlements: pd.DataFrame) -> pd.DataFrame:
    """Nodes named by the nearest settlement; an infeed says what it is."""
    places = shapely.points(np.round(shapely.get_coordinates(nodes.geometry.to_numpy()), DECIMALS))
    table = pd.DataFrame(nodes.drop(columns="geometry")).reset_index().assign(geometry=places)
    is_infeed = table["asset_id"].isin(infeeds)
    named = named_by_place(table, settlements)
    return named.assign(
        name=named["name"].mask(is_infeed, "Assumed infeed of the national system: " + named["name"]),
        kind=table["kind"].mask(is_infeed, "grid_infeed"),
    )


def _links(links: gpd.GeoDataFrame) -> pd.DataFrame:
    rounded = shapely.transform(links.geometry.to_numpy(), lambda xy: np.round(xy, DECIMALS))
    shapes = gpd.GeoSeries(rounded, index=links.index, crs=links.crs)
    table = pd.DataFrame(links.drop(columns="geometry"))
    return table.assign(geometry=shapes, length_m=np.round(geodesic_length_m(shapes))).reset_index(drop=True)


def exchanges(settlements: pd.DataFrame) -> pd.DataFrame:
    """One stand-in exchange at every settlement: no data on telecommunications were to be had."""
    return pd.DataFrame(
        {
            "asset_id": "gha_exchange_" + settlements["zone_id"].str.rpartition("_")[2],
            "name": "Proxy: exchange of " + settlements["name"],
            "sector": "digital",
            "kind": "exchange_proxy",
            "geometry": settlements["geometry"],
            "source_id": "headwater_proxy",
        }
    )
