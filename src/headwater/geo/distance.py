"""Lengths and areas on the ellipsoid, and the nearest of many places.

Lengths are geodesic metres, areas square metres on the ellipsoid of the coordinate reference system; never degrees,
never the units of a projection. Knows nothing of grids.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
from scipy.spatial import cKDTree

from headwater.errors import PlaceError
from headwater.geo import measure
from headwater.geo.grid import Floats, Integers, ellipsoid, to_lonlat
from headwater.geo.shapes import (
    LINE,
    NO_SHAPE,
    POLYGON,
    Ragged,
    densified,
    kinds,
    ragged,
    transformed,
    unusable,
)
from headwater.words import _

CHORD_LIMIT_M = 10_000.0
"""Segments up to this are measured by their chord (relative error below 1e-8), longer ones by the exact geodesic."""

SPHERE_RADIUS_M = 6_371_000.0
"""Radius of the sphere of `great_circle_m` [m]."""

EDGE_STEP_M = 500.0
"""Polygon edges are followed from one reference system to another in steps no longer than this."""

WGS84 = pyproj.Geod(ellps="WGS84")


def crs_of(features: gpd.GeoSeries | gpd.GeoDataFrame) -> pyproj.CRS:
    """Coordinate reference system of features.

    Raises
    ------
    PlaceError
        If they have none.
    """
    if features.crs is None:
        raise PlaceError(
            _(
                "The features have no coordinate reference system, so nothing about them can be measured. "
                "Set it, for instance EPSG:4326 for longitude and latitude."
            )
        )
    return pyproj.CRS.from_user_input(features.crs)


def geodesic_length_m(lines: gpd.GeoSeries) -> pd.Series:
    """Length of each line on the ellipsoid.

    The sum of the geodesics between its vertices. Segments up to 10 km are measured by their chord, which is within
    1e-8 of the geodesic; longer ones by the geodesic itself.

    Parameters
    ----------
    lines
        Lines in any coordinate reference system; any index.

    Returns
    -------
    length_m
        Series [m] on the same index; NaN for what is empty or missing, 0 for points and polygons.

    Raises
    ------
    PlaceError
        If the coordinate reference system is missing, a coordinate is no place on Earth, or a line jumps across the
        180th meridian.

    Source
    ------
    Karney (2013), Algorithms for geodesics, Journal of Geodesy 87, 43-55. doi:10.1007/s00190-012-0578-z

    Examples
    --------
    >>> equator = gpd.GeoSeries.from_wkt(["LINESTRING (0 0, 1 0)"], index=["equator"], crs="EPSG:4326")
    >>> float(geodesic_length_m(equator)["equator"].round(3))  # 2π · 6,378,137 m / 360
    111319.491
    """
    return _measured(lines, LINE, _line_lengths).rename("length_m")


def geodesic_area_m2(polygons: gpd.GeoSeries) -> pd.Series:
    """Area of each polygon on the ellipsoid.

    Edges are straight in longitude and latitude, as GeoJSON has them (RFC 7946, 3.1.1), or in the map the polygon is
    drawn in; for buildings and districts this is the same as geodesic edges, for an edge of ten degrees it is not.

    Parameters
    ----------
    polygons
        Valid polygons in any coordinate reference system; any index.

    Returns
    -------
    area_m2
        Series [m²] on the same index; NaN for what is empty or missing, 0 for points and lines.

    Raises
    ------
    PlaceError
        If the coordinate reference system is missing, a coordinate is no place on Earth, or a polygon jumps across
        the 180th meridian.

    Source
    ------
    Snyder (1987), Map projections: a working manual, USGS Professional Paper 1395, eq. 3-12. https://pubs.er.usgs.gov/publication/pp1395

    Examples
    --------
    >>> earth = gpd.GeoSeries.from_wkt(["POLYGON ((-180 -90, 180 -90, 180 90, -180 90, -180 -90))"], crs="EPSG:4326")
    >>> float((geodesic_area_m2(earth)[0] / 1e12).round(3))  # million km²
    510.066
    """
    return _measured(polygons, POLYGON, polygon_areas_m2).rename("area_m2")


def great_circle_m(lon0: npt.ArrayLike, lat0: npt.ArrayLike, lon1: npt.ArrayLike, lat1: npt.ArrayLike) -> Floats:
    """Distance between places on a sphere, for models that are written on one (wind fields of storms).

    By the haversine on a sphere of 6,371 km: within 0.6 % of the ellipsoid. For anything that is paid for by the
    metre use `geodesic_length_m`.

    Returns
    -------
    distance_m
        Array [m].

    Source
    ------
    Sinnott (1984), Virtues of the haversine, Sky and Telescope 68(2), 159.

    Examples
    --------
    >>> float(great_circle_m(0, 0, 180, 0).round(0))  # half of 2π · 6,371 km
    20015087.0
    """
    x0, y0, x1, y1 = (np.radians(np.asarray(angle, dtype=float)) for angle in (lon0, lat0, lon1, lat1))
    haversine = np.sin((y1 - y0) / 2) ** 2 + np.cos(y0) * np.cos(y1) * np.sin((x1 - x0) / 2) ** 2
    return np.asarray(2 * SPHERE_RADIUS_M * np.arcsin(np.sqrt(np.clip(haversine, 0, 1))))


def bearing_deg(lon0: npt.ArrayLike, lat0: npt.ArrayLike, lon1: npt.ArrayLike, lat1: npt.ArrayLike) -> Floats:
    """Direction in which the great circle sets out from the first place to the second [° clockwise from north].

    Examples
    --------
    >>> float(bearing_deg(0, 0, 1, 0))  # due east
    90.0
    """
    x0, y0, x1, y1 = (np.radians(np.asarray(angle, dtype=float)) for angle in (lon0, lat0, lon1, lat1))
    east = np.sin(x1 - x0) * np.cos(y1)
    north = np.cos(y0) * np.sin(y1) - np.sin(y0) * np.cos(y1) * np.cos(x1 - x0)
    return np.asarray(np.degrees(np.arctan2(east, north)) % 360)


def nearest(points: npt.ArrayLike, targets: npt.ArrayLike) -> tuple[Integers, Floats]:
    """Nearest target of each point, and how far it is.

    Candidates by the straight line through the Earth, the distance to them by the geodesic on WGS 84.

    Parameters
    ----------
    points, targets
        Longitude and latitude [°], one row each.

    Returns
    -------
    index
        Row of the nearest target, for each point.
    distance_m
        How far it is [m].

    Raises
    ------
    PlaceError
        If there is no target, or a coordinate is no place on Earth.

    Examples
    --------
    >>> index, distance_m = nearest([[0.9, 0]], [[0, 0], [1, 0], [179, 0]])
    >>> index.tolist(), distance_m.round(0).tolist()
    ([1], [11132.0])
    """
    here, there = _places(points), _places(targets)
    if not len(there):
        raise PlaceError(_("There is no place to be nearest to."))
    candidates = min(2, len(there))
    _chord, found = cKDTree(_cartesian(there)).query(_cartesian(here), k=candidates)
    found = np.asarray(found, dtype=np.int64).reshape(len(here), candidates)
    each = np.repeat(here, candidates, axis=0)
    _azimuth, _back, metres = WGS84.inv(*each.T, *there[found.ravel()].T)
    metres = np.asarray(metres).reshape(found.shape)
    best = metres.argmin(axis=1)[:, None]
    return np.take_along_axis(found, best, 1)[:, 0], np.take_along_axis(metres, best, 1)[:, 0]


def segment_lengths_m(shapes: Ragged, crs: pyproj.CRS, names: Any) -> Floats:
    """Geodesic length of the segment that begins at each coordinate [m]; 0 where a part ends.

    Raises
    ------
    PlaceError
        If a coordinate is no place on Earth, or a line jumps across the 180th meridian.
    """
    a, e2 = ellipsoid(crs)
    lonlat = as_lonlat(shapes, crs, names)
    metres = np.zeros(len(lonlat.coords))
    measure.segment_metres(lonlat.coords, lonlat.parts, a, e2, CHORD_LIMIT_M, metres)
    rest = np.flatnonzero(metres == measure.NOT_MEASURED)
    if rest.size:
        if crs.is_geographic:
            _check_jumps(lonlat, rest, names)
        check_places(lonlat, names)
        start, end = lonlat.coords[rest].T, lonlat.coords[rest + 1].T
        metres[rest] = pyproj.Geod(a=a, es=e2).inv(*start, *end)[2]
    return metres


def polygon_areas_m2(shapes: Ragged, crs: pyproj.CRS, names: Any) -> Floats:
    """Area of each polygon on the ellipsoid [m²], its edges straight in its coordinate reference system.

    Raises
    ------
    PlaceError
        If a coordinate is no place on Earth, or a polygon jumps across the 180th meridian.
    """
    a, e2 = ellipsoid(crs)
    lonlat = as_lonlat(shapes if crs.is_geographic else along_edges(shapes, crs), crs, names)
    areas = np.zeros(len(shapes.features) - 1)
    measure.polygon_m2(
        lonlat.coords, lonlat.parts, lonlat.features, lonlat.is_shell, a, e2, not crs.is_geographic, areas
    )
    bad = np.flatnonzero(np.isnan(areas))
    if bad.size:
        check_places(lonlat, names)
        raise unusable(lonlat, _first_jump(lonlat, int(bad[0])), bad, names)
    return areas


def check_places(lonlat: Ragged, names: Any) -> None:
    """Refuse coordinates that are no longitude and latitude.

    Raises
    ------
    PlaceError
        If a coordinate is no place on Earth.
    """
    x, y = lonlat.coords.T
    bad = np.flatnonzero(~(np.isfinite(x) & (np.abs(y) <= 90)))
    if bad.size:
        raise unusable(lonlat, int(bad[0]), np.unique(lonlat.owners(bad)), names)


def as_lonlat(shapes: Ragged, crs: pyproj.CRS, names: Any) -> Ragged:
    """Shapes in longitude and latitude [°] on their own ellipsoid."""
    if crs.is_geographic and crs.axis_info[0].unit_name == "degree":
        return shapes
    ellipsoid(crs)
    return transformed(shapes, to_lonlat(crs), names)


def along_edges(shapes: Ragged, crs: pyproj.CRS) -> Ragged:
    """Shapes with so many coordinates along their edges that they can be followed into another reference system."""
    metre = np.radians(1) * ellipsoid(crs)[0] if crs.is_geographic else crs.axis_info[0].unit_conversion_factor
    run = np.zeros(len(shapes.coords))
    run[:-1] = np.hypot(*np.diff(shapes.coords, axis=0).T) * metre
    run[shapes.parts[1:] - 1] = 0
    with np.errstate(invalid="ignore"):
        steps = np.ceil(np.nan_to_num(run, nan=0, posinf=0, neginf=0) / EDGE_STEP_M)
    return densified(shapes, np.maximum(steps, 1).astype(np.int64))[0]


def _measured(features: gpd.GeoSeries, kind: int, by: Callable[[Ragged, pyproj.CRS, Any], Floats]) -> pd.Series:
    """Measure the features of one kind; NaN for no shape, 0 for the other kinds."""
    crs, geometries, names = crs_of(features), np.asarray(features.array), features.index
    found = kinds(geometries, names)
    result = np.where(found == NO_SHAPE, np.nan, 0.0)
    chosen = np.flatnonzero(found == kind)
    if chosen.size:
        result[chosen] = by(ragged(geometries[chosen]), crs, names[chosen])
    return pd.Series(result, index=features.index)


def _line_lengths(shapes: Ragged, crs: pyproj.CRS, names: Any) -> Floats:
    return summed(segment_lengths_m(shapes, crs, names), shapes)


def summed(values: Floats, shapes: Ragged) -> Floats:
    """Sum over each feature of a value per coordinate."""
    sums = np.zeros(len(shapes.features) - 1)
    measure.feature_sums(values, shapes.parts, shapes.features, sums)
    return sums


def _check_jumps(lonlat: Ragged, segments: Integers, names: Any) -> None:
    """Refuse segments that jump across the 180th meridian."""
    bad = segments[np.abs(lonlat.coords[segments + 1, 0] - lonlat.coords[segments, 0]) > 180]
    if bad.size and np.isfinite(lonlat.coords[bad]).all() and np.isfinite(lonlat.coords[bad + 1]).all():
        raise unusable(lonlat, int(bad[0]), np.unique(lonlat.owners(bad)), names)


def _first_jump(lonlat: Ragged, feature: int) -> int:
    """First coordinate of a polygon from which an edge jumps across the 180th meridian."""
    begin, end = lonlat.starts[feature], lonlat.starts[feature + 1]
    x = lonlat.coords[begin:end, 0]
    return int(begin + np.argmax(np.abs(np.diff(x)) > 180))


def _places(lonlat: npt.ArrayLike) -> Floats:
    places = np.asarray(lonlat, dtype=float).reshape(-1, 2)
    wrong = np.flatnonzero(~(np.isfinite(places[:, 0]) & (np.abs(places[:, 1]) <= 90)))
    if wrong.size:
        x, y = places[wrong[0]]
        raise PlaceError(_("({x}, {y}) is no longitude and latitude.").format(x=x, y=y))
    return places


def _cartesian(lonlat: Floats) -> Floats:
    """Places in metres from the centre of the Earth."""
    lon, lat = np.radians(lonlat).T
    n = WGS84.a / np.sqrt(1 - WGS84.es * np.sin(lat) ** 2)
    return np.column_stack(
        [n * np.cos(lat) * np.cos(lon), n * np.cos(lat) * np.sin(lon), n * (1 - WGS84.es) * np.sin(lat)]
    )
