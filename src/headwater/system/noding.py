"""From lines as they were drawn to a network: nodes where they meet, links between the nodes.

Knows nothing of travel. Works on longitude and latitude; distances are geodesic metres.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from pyproj import Transformer
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from headwater.errors import Fault, InputError, TableError
from headwater.frames import longitude_latitude
from headwater.geo.distance import WGS84, geodesic_length_m
from headwater.system.network import check_lines, check_rows
from headwater.words import _

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]

DEGREE_M = 110_574.0
"""Length of the shortest degree of latitude on WGS 84 [m], at the equator; turns a tolerance into a search window."""
SAME_PLACE_M = 1e-3
"""Points closer than this are one point whatever the tolerance: the rounding of coordinates, not a gap."""


@dataclass(frozen=True)
class Noded:
    """Lines turned into a network.

    Attributes
    ----------
    assets
        The nodes, as rows of table `assets`: asset_id, name, sector, kind, geometry, source_id.
    links
        The links, as rows of table `links`; every other column of the lines is carried over.
    report
        One row per thing counted: item, amount.
    """

    assets: gpd.GeoDataFrame
    links: gpd.GeoDataFrame
    report: pd.DataFrame


@dataclass(frozen=True)
class _Segments:
    """Straight pieces of all lines: the line each belongs to, its ends, and the distance along the line of each end."""

    line: Numbers
    start: Floats
    end: Floats
    start_m: Floats
    end_m: Floats


def node_lines(
    lines: gpd.GeoDataFrame,
    *,
    tolerance_m: float,
    meet_at: Literal["ends", "vertices", "crossings"] = "vertices",
    sector: str = "transport",
    kind: str = "road_node",
    node_prefix: str = "node_",
) -> Noded:
    """Split lines where they meet, and name the nodes between.

    Ends within `tolerance_m` of one another become one node (and so do chains of such ends). A line is split where a
    node lies on it or within `tolerance_m` beside it. Lines that pass through one another without an end there meet
    at vertices they share, as in OpenStreetMap, where a road on a bridge shares none with the road below.

    Parameters
    ----------
    lines
        One row per line: link_id (unique), source_id, geometry (LineString or MultiLineString), and any other columns;
        `length_m`, `from_asset_id` and `to_asset_id` are written anew.
    tolerance_m
        Largest gap [m] closed between ends, or between an end and a line.
    meet_at
        Where lines meet: at their "ends" only; also at shared "vertices"; or at all "crossings", bridges included.
    sector, kind
        Sector and kind of the nodes.
    node_prefix
        Start of the nodes' names; numbers follow, from west to east, then from south to north.

    Returns
    -------
    noded
        The nodes, the links (a line that is split gives `link_id_1`, `link_id_2`, ... along its course) and a report.

    Raises
    ------
    TableError
        If a column is missing, a link_id repeats, or a geometry is not a line.
    PlaceError
        If the lines have no coordinate reference system.
    InputError
        If the tolerance is below zero.

    Examples
    --------
    A road that ends 5 m short of another one:

    >>> lines = gpd.GeoDataFrame(
    ...     {"link_id": ["main", "side"], "kind": "road", "source_id": "survey"},
    ...     geometry=gpd.GeoSeries.from_wkt(["LINESTRING (5 1, 5.02 1)", "LINESTRING (5.01 1.01, 5.01 1.00005)"]),
    ...     crs="EPSG:4326",
    ... )
    >>> node_lines(lines, tolerance_m=10).links[["link_id", "from_asset_id", "to_asset_id"]]
      link_id from_asset_id to_asset_id
    0  main_1        node_1      node_2
    1  main_2        node_2      node_4
    2    side        node_3      node_2
    """
    _check_lines(lines, tolerance_m)
    rows = lines.sort_values("link_id", ignore_index=True)
    parts, row, without = _drawn_parts(longitude_latitude(rows))
    segments = _segments(parts)
    window_m = max(tolerance_m, SAME_PLACE_M)

    places, label, moved_m = _merged(_meetings(parts, segments, meet_at), window_m)
    tips = slice(0, 2 * len(parts))
    cuts = _cuts(segments, places, label[tips].reshape(2, -1), moved_m[tips].reshape(2, -1), window_m)
    pieces = _pieces(segments, cuts, places)
    is_speck = (pieces["from"] == pieces["to"]) & (pieces["length_m"] <= window_m)
    names = np.array([f"{node_prefix}{i}" for i in range(1, len(places) + 1)], dtype=object)
    links = _links(rows, row, pieces[~is_speck], names)
    assets = _assets(places, names, rows, links).assign(sector=sector, kind=kind)
    report = {
        "lines": len(rows),
        "lines_without_length": without,
        "lines_split": int((~links["link_id"].isin(rows["link_id"])).groupby(links["line"]).any().sum()),
        "ends_moved": int((moved_m[tips] > SAME_PLACE_M).sum()),
        "largest_move_m": float(moved_m[tips].max(initial=0.0)),
        "pieces_dropped": int(is_speck.sum()),
        "nodes": len(assets),
        "links": len(links),
    }
    table = pd.DataFrame({"item": list(report), "amount": np.array(list(report.values()), np.float64)})
    return Noded(assets, links.drop(columns="line"), table)


def _drawn_parts(shapes: gpd.GeoSeries) -> tuple[npt.NDArray[np.object_], Numbers, int]:
    """Parts of the lines that have a length, the row each comes from, and how many rows have none."""
    parts, row = shapely.get_parts(shapes.to_numpy(), return_index=True)
    long = shapely.length(parts) > 0
    return parts[long], row[long], len(shapes) - len(np.unique(row[long]))


def _segments(parts: npt.NDArray[np.object_]) -> _Segments:
    xy, part = shapely.get_coordinates(parts, return_index=True)
    same = part[1:] == part[:-1]
    start, end, line = xy[:-1][same], xy[1:][same], part[:-1][same]
    step = np.asarray(WGS84.inv(*start.T, *end.T)[2], np.float64)
    end_m = np.cumsum(step)
    before = end_m[np.searchsorted(line, np.arange(len(parts)))] - step[np.searchsorted(line, np.arange(len(parts)))]
    return _Segments(line, start, end, end_m - step - before[line], end_m - before[line])


# --- places -----------------------------------------------------------------------------------------------------


def _meetings(parts: npt.NDArray[np.object_], segments: _Segments, meet_at: str) -> Floats:
    """Places where lines may meet: all starts, all ends, then what `meet_at` adds."""
    ends = [shapely.get_coordinates(shapely.get_point(parts, i)) for i in (0, -1)]
    if meet_at == "vertices":
        ends.append(_shared_vertices(segments))
    if meet_at == "crossings":
        ends.append(_crossings(segments))
    return np.vstack(ends)


def _shared_vertices(segments: _Segments) -> Floats:
    """Vertices that lines pass more than once, or that more than one line passes."""
    inner = segments.line[1:] == segments.line[:-1]
    moved = (segments.start[1:] != segments.end[1:]).any(axis=1)
    vertices, count = np.unique(segments.start[1:][inner & moved], axis=0, return_counts=True)
    return vertices[count > 1]


def _crossings(segments: _Segments) -> Floats:
    """Points where segments touch or cross, and the ends of stretches they share."""
    lines = shapely.linestrings(np.stack([segments.start, segments.end], axis=1))
    one, other = shapely.STRtree(lines).query(lines, predicate="intersects")
    follow = (other == one + 1) & (segments.line[one] == segments.line[other])
    pair = (one < other) & ~follow
    return np.asarray(shapely.get_coordinates(shapely.intersection(lines[one[pair]], lines[other[pair]])))


def _merged(points: Floats, window_m: float) -> tuple[Floats, Numbers, Floats]:
    """Points within the window of one another as one place: places west to east, the place of each point, its move."""
    unique, inverse = np.unique(points, axis=0, return_inverse=True)
    to_space = Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True).transform
    space = np.column_stack(to_space(unique[:, 0], unique[:, 1], np.zeros(len(unique))))
    pairs = KDTree(space).query_pairs(window_m, output_type="ndarray") if len(unique) else np.zeros((0, 2), np.int64)
    n = len(unique)
    joined = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    group = connected_components(joined, directed=False)[1] if n else np.zeros(0, np.int64)
    _first, first, place = np.unique(group, return_index=True, return_inverse=True)
    rank = np.argsort(np.argsort(first))
    places, label = unique[np.sort(first)], rank[place][inverse]
    moved = np.asarray(WGS84.inv(*points.T, *places[label].T)[2], np.float64)
    return places, label, moved


# --- pieces -----------------------------------------------------------------------------------------------------


def _cuts(segments: _Segments, places: Floats, ends: Numbers, moved_m: Floats, window_m: float) -> pd.DataFrame:
    """Where each line is cut: line, place, along_m, away_m; both ends of every line, and every passage of a place."""
    lines = np.arange(ends.shape[1])
    total = np.zeros(lines.size)
    np.maximum.at(total, segments.line, segments.end_m)
    tips = [
        pd.DataFrame({"line": lines, "place": ends[i], "along_m": along, "away_m": moved_m[i], "is_tip": True})
        for i, along in enumerate((np.zeros(lines.size), total))
    ]
    near = _passages(segments, places, window_m).assign(is_tip=False)
    cuts = pd.concat([*tips, near], ignore_index=True).sort_values(["line", "place", "along_m"], ignore_index=True)
    fresh = (cuts[["line", "place"]].diff() != 0).any(axis=1) | (cuts["along_m"].diff() > 2 * window_m)
    cuts["passage"] = fresh.cumsum()
    has_tip = cuts.groupby("passage")["is_tip"].transform("any")
    nearest = cuts["away_m"] == cuts.groupby("passage")["away_m"].transform("min")
    kept = cuts[cuts["is_tip"] | (~has_tip & nearest)]
    once = kept[kept["is_tip"] | ~kept.duplicated("passage")]
    return once.sort_values(["line", "along_m", "place"], ignore_index=True)


def _passages(segments: _Segments, places: Floats, window_m: float) -> pd.DataFrame:
    """Segments that pass within the window of a place."""
    lon, lat = places.T
    high = window_m / DEGREE_M
    wide = high / np.maximum(np.cos(np.radians(lat)), 1e-6)
    lines = shapely.linestrings(np.stack([segments.start, segments.end], axis=1))
    place, segment = shapely.STRtree(lines).query(shapely.box(lon - wide, lat - high, lon + wide, lat + high))
    start, along = segments.start[segment], segments.end[segment] - segments.start[segment]
    to_place = places[place] - start
    squash = np.column_stack([np.cos(np.radians(lat[place])), np.ones(len(place))])
    length2 = ((along * squash) ** 2).sum(axis=1)
    share = (to_place * along * squash**2).sum(axis=1) / np.where(length2 > 0, length2, 1.0)
    share = np.clip(share, 0.0, 1.0)
    foot = start + share[:, None] * along
    away = np.asarray(WGS84.inv(*places[place].T, *foot.T)[2], np.float64)
    along_m = segments.start_m[segment] + share * (segments.end_m - segments.start_m)[segment]
    table = pd.DataFrame({"line": segments.line[segment], "place": place, "along_m": along_m, "away_m": away})
    return table[away <= window_m]


def _pieces(segments: _Segments, cuts: pd.DataFrame, places: Floats) -> gpd.GeoDataFrame:
    """Lines between consecutive cuts: part, from, to, length_m, geometry.

    A vertex nearer to a cut than the place is away from the line is left out, so that no line doubles back.
    """
    line, place = cuts["line"].to_numpy(), cuts["place"].to_numpy()
    total = cuts.groupby("line")["along_m"].max().to_numpy() + 1.0
    offset = np.concatenate([[0.0], np.cumsum(total)])[:-1]
    at = offset[line] + cuts["along_m"].to_numpy()
    cut = np.flatnonzero(line[1:] == line[:-1])  # pieces, by the cut they start from

    vertex_at = offset[segments.line] + segments.start_m
    before = np.searchsorted(at, vertex_at, side="right") - 1
    after = np.minimum(before + 1, len(at) - 1)
    clear = np.maximum(cuts["away_m"].to_numpy(), SAME_PLACE_M)
    inner = (vertex_at - at[before] > clear[before]) & (at[after] - vertex_at > clear[after])
    piece = np.concatenate([cut, before[inner], cut])
    position = np.concatenate([at[cut], vertex_at[inner], at[cut + 1]])
    xy = np.vstack([places[place[cut]], segments.start[inner], places[place[cut + 1]]])
    rank = np.repeat([0, 1, 2], [len(cut), int(inner.sum()), len(cut)])
    order = np.lexsort((rank, position, piece))
    number = np.searchsorted(cut, piece[order])
    shapes = gpd.GeoSeries(shapely.linestrings(xy[order], indices=number) if len(cut) else [], crs="EPSG:4326")
    columns = {"part": line[cut], "from": place[cut], "to": place[cut + 1], "length_m": geodesic_length_m(shapes)}
    return gpd.GeoDataFrame(columns, geometry=shapes)


def _links(
    rows: gpd.GeoDataFrame, row: Numbers, pieces: gpd.GeoDataFrame, names: npt.NDArray[np.object_]
) -> gpd.GeoDataFrame:
    line = row[pieces["part"].to_numpy()]
    written = ["from_asset_id", "to_asset_id", "length_m", rows.geometry.name]
    carried = pd.DataFrame(rows).drop(columns=written, errors="ignore").iloc[line].reset_index(drop=True)
    pieces = pieces.reset_index(drop=True)
    number = pd.Series(line).groupby(line).cumcount() + 1
    several = pd.Series(line).groupby(line).transform("size") > 1
    ids = carried["link_id"].astype("str")
    carried["link_id"] = ids.where(~several, ids + "_" + number.astype("str"))
    _check_unique(carried["link_id"])
    ends = {end: pd.Series(names[pieces[end.split("_")[0]]], dtype="str") for end in ("from_asset_id", "to_asset_id")}
    return gpd.GeoDataFrame(
        carried.assign(**ends, length_m=pieces["length_m"], line=line), geometry=pieces.geometry, crs="EPSG:4326"
    )


def _assets(
    places: Floats, names: npt.NDArray[np.object_], rows: gpd.GeoDataFrame, links: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    """Nodes; each takes its source from a link that ends there."""
    ends = pd.concat([links.set_index(end)["source_id"] for end in ("from_asset_id", "to_asset_id")])
    source = ends[~ends.index.duplicated()].reindex(names)
    if len(rows):
        source = source.fillna(rows["source_id"].iloc[0])
    ids = pd.Series(names, dtype="str")
    table = {"asset_id": ids, "name": ids, "source_id": source.to_numpy()}
    return gpd.GeoDataFrame(table, geometry=gpd.points_from_xy(*places.T), crs="EPSG:4326")


# --- faults -----------------------------------------------------------------------------------------------------


def _check_lines(lines: gpd.GeoDataFrame, tolerance_m: float) -> None:
    if not tolerance_m >= 0:
        raise InputError(_("The tolerance must be zero or more, not {value} m.").format(value=tolerance_m))
    missing = [column for column in ("link_id", "source_id") if column not in lines.columns]
    problem = _("column is missing")
    remedy = _("add the column")
    if missing:
        raise TableError([Fault("lines", None, column, "", problem, remedy) for column in missing])
    _check_unique(lines["link_id"])
    check_lines(lines, name="lines")


def _check_unique(link_ids: pd.Series) -> None:
    problem, remedy = _("key appears more than once"), _("keep one row per key")
    check_rows(link_ids, link_ids.duplicated().to_numpy(), table="lines", problem=problem, remedy=remedy)
