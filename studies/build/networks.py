"""Road and rail networks of a country, clipped from the world graphs.

The outline is the Natural Earth admin-1 polygons of the country, widened by a fiftieth of a degree (about 2 km), so
that border crossings and quays that its generalised outline leaves out stay in.
"""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import registry
import shapely

from headwater.geo.distance import nearest

NATURAL_EARTH = "world-natural-earth-10m/natural_earth.gpkg"
WIDENED_BY_DEGREES = 0.02
SIMPLIFIED_BY_DEGREES = 0.01
CREDIT = "Made with Natural Earth"


def outline(data: Path, iso3: str) -> shapely.Geometry:
    """Widened outline of a country [degrees]."""
    polygons = gpd.read_file(data / NATURAL_EARTH, layer="admin1_qgis_selected")
    return polygons[polygons["adm0_a3"] == iso3].union_all().buffer(WIDENED_BY_DEGREES)


def write_outline(data: Path, iso3: str, folder: Path) -> None:
    """`outline.geojson`: the country's outline, simplified for a map, with whom to credit."""
    polygons = gpd.read_file(data / NATURAL_EARTH, layer="admin1_qgis_selected")
    shape = polygons[polygons["adm0_a3"] == iso3].union_all().simplify(SIMPLIFIED_BY_DEGREES)
    rounded = shapely.set_precision(shape, 0.001)
    feature = {"type": "Feature", "properties": {"credit": CREDIT}, "geometry": shapely.geometry.mapping(rounded)}
    folder.mkdir(parents=True, exist_ok=True)
    collection = {"type": "FeatureCollection", "features": [feature]}
    (folder / "outline.geojson").write_text(json.dumps(collection) + "\n", encoding="utf-8")


def named_by_place(nodes: pd.DataFrame, places: pd.DataFrame) -> pd.DataFrame:
    """Nodes named by the nearest place and its distance: their own numbers mean nothing to a reader."""
    at, distance_m = nearest(*(shapely.get_coordinates(t["geometry"].to_numpy()) for t in (nodes, places)))
    place, km = places["name"].to_numpy()[at], np.round(distance_m / 1000).astype(int).astype(str)
    number = nodes["asset_id"].str.rpartition("_")[2]
    return nodes.assign(name=pd.Series(place, index=nodes.index) + " +" + km + " km (" + number + ")")


def network(mode: str, iso3: str, area: shapely.Geometry) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Nodes as `assets` and edges as `links` of the mode, `road` or `rail`, inside the area."""
    graph = registry.graph({"road": "world_highways", "rail": "world_railways"}[mode])
    places = graph.latitude_longitude[:, ::-1]
    inside = np.flatnonzero(shapely.contains_xy(area, places[:, 0], places[:, 1]))
    prefix = f"{iso3.lower()}_{mode}"
    return _nodes(inside, places, mode, prefix), _edges(_pairs(graph, inside), places, mode, prefix)


def _pairs(graph: registry.Graph, inside: np.ndarray) -> list[tuple[int, int, float]]:
    """Edges with both ends inside, once each, without loops and edges of no length."""
    within = set(inside.tolist())
    found = {
        (min(i, j), max(i, j)): km
        for i in within
        for j, km in ((int(j), km) for j, km in graph.neighbours[i].items())
        if j in within and j != i and km > 0
    }
    return [(a, b, km) for (a, b), km in sorted(found.items())]


def _nodes(inside: np.ndarray, places: np.ndarray, mode: str, prefix: str) -> pd.DataFrame:
    numbers = pd.Series(inside).astype(str)
    return pd.DataFrame(
        {
            "asset_id": prefix + "_node_" + numbers,
            "name": f"{mode.capitalize()} node " + numbers,
            "sector": "transport",
            "kind": f"{mode}_node",
            "geometry": shapely.points(places[inside]),
            "source_id": "osm_scgraph",
        }
    )


def _edges(pairs: list[tuple[int, int, float]], places: np.ndarray, mode: str, prefix: str) -> pd.DataFrame:
    start, end = (np.array([p[k] for p in pairs]) for k in (0, 1))
    a, b = pd.Series(start).astype(str), pd.Series(end).astype(str)
    return pd.DataFrame(
        {
            "link_id": prefix + "_" + a + "_" + b,
            "from_asset_id": prefix + "_node_" + a,
            "to_asset_id": prefix + "_node_" + b,
            "sector": "transport",
            "kind": mode,
            "geometry": shapely.linestrings(np.stack([places[start], places[end]], axis=1)),
            "length_m": np.round(np.array([p[2] for p in pairs]) * 1000),
            "source_id": "osm_scgraph",
        }
    )
