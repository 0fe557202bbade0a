"""Lengths and areas on the ellipsoid, and nearest places."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from headwater.errors import PlaceError
from headwater.geo.distance import bearing_deg, geodesic_area_m2, geodesic_length_m, great_circle_m, nearest

GEOD = Geod(ellps="WGS84")


def test_great_circle_and_bearing_of_open_gira() -> None:
    # nismod/open-gira (MIT), tests of open_gira.geodesic: Key West to Sombrero Key, and antipodes
    pair = (-81.78, 24.56, -81.09, 24.71)
    assert float(bearing_deg(*pair)) == pytest.approx(76.40617746089684, rel=1e-9)
    assert float(great_circle_m(*pair)) == pytest.approx(71707.82335842062, rel=1e-7)
    assert float(great_circle_m(10, 10, -170, -10)) == pytest.approx(20015086.606149975, rel=1e-7)
    assert float(great_circle_m(0.9764181, 50.9232914, 0.9764181, 50.9232914)) == 0


@given(st.floats(-180, 180), st.floats(-89.9, 89.9), st.floats(-0.5, 0.5), st.floats(-0.09, 0.09))
def test_short_segments_are_as_long_as_the_geodesic(lon: float, lat: float, east: float, north: float) -> None:
    ends = [lon, lon + east], [lat, float(np.clip(lat + north, -90, 90))]
    line = gpd.GeoSeries([shapely.LineString(np.column_stack(ends))], crs="EPSG:4326")
    assert geodesic_length_m(line)[0] == pytest.approx(GEOD.line_length(*ends), rel=1e-7, abs=1e-6)


def test_many_vertices_do_not_drift() -> None:
    path = np.column_stack([np.linspace(-1, 1, 200_001), 60 + np.cumsum(np.tile([1e-5, -0.9e-5], 100_001))[:200_001]])
    line = gpd.GeoSeries([shapely.LineString(path)], crs="EPSG:4326")
    assert geodesic_length_m(line)[0] == pytest.approx(GEOD.geometry_length(line[0]), rel=1e-8)


def test_length_by_kind_of_shape() -> None:
    shapes = shapely.from_wkt(
        ["MULTILINESTRING ((0 0, 1 0), (0 10, 0 11))", None, "POINT (0 0)", "LINESTRING (0 0, 30 40, -100 20)"]
    )
    lengths = geodesic_length_m(gpd.GeoSeries(shapes, index=list("abcd"), crs="EPSG:4326"))
    assert lengths["a"] == pytest.approx(GEOD.geometry_length(shapes[0]), rel=1e-9)
    assert np.isnan(lengths["b"])
    assert lengths["c"] == 0
    assert lengths["d"] == pytest.approx(GEOD.geometry_length(shapes[3]), rel=1e-12)
    assert lengths.name == "length_m"


def test_length_does_not_depend_on_the_projection() -> None:
    road = gpd.GeoSeries([shapely.LineString([(-0.2, 5.5), (-0.1, 5.6), (-0.1, 5.7)])], crs="EPSG:4326")
    assert geodesic_length_m(road.to_crs(32630))[0] == pytest.approx(geodesic_length_m(road)[0], rel=1e-9)


@pytest.mark.parametrize("latitude", [0, 5.6, 52, 60, 80])
def test_area_of_small_polygons_is_that_of_the_geodesic_polygon(latitude: float) -> None:
    block = shapely.Polygon([(10, latitude), (10.003, latitude), (10.002, latitude + 0.002), (10, latitude + 0.001)])
    area = geodesic_area_m2(gpd.GeoSeries([block], crs="EPSG:4326"))[0]
    fine = shapely.segmentize(block, 0.0003)
    assert area == pytest.approx(abs(GEOD.geometry_area_perimeter(fine)[0]), rel=1e-6)


def test_area_with_holes_and_parts() -> None:
    country = shapely.from_wkt(
        "MULTIPOLYGON (((0 40, 8 40, 9 52, 0 50, 0 40), (2 42, 3 42, 3 45, 2 42)), ((10 40, 11 40, 11 41, 10 40)))"
    )
    fine = shapely.segmentize(country, 0.01)
    parts = [GEOD.geometry_area_perimeter(shapely.orient_polygons(part))[0] for part in fine.geoms]
    area = geodesic_area_m2(gpd.GeoSeries([country], crs="EPSG:4326"))[0]
    assert area == pytest.approx(sum(parts), rel=1e-8)


def test_area_does_not_depend_on_the_projection() -> None:
    district = gpd.GeoSeries([shapely.Point(600_000, 700_000).buffer(30_000)], crs="EPSG:32630")
    fine = district.segmentize(20).to_crs(4326)
    assert geodesic_area_m2(district)[0] == pytest.approx(geodesic_area_m2(fine)[0], rel=1e-7)


def test_a_measure_needs_a_reference_system() -> None:
    with pytest.raises(PlaceError, match="no coordinate reference system"):
        geodesic_length_m(gpd.GeoSeries([shapely.LineString([(0, 0), (1, 1)])]))


@given(st.integers(0, 10_000))
def test_nearest_is_the_nearest_of_all(seed: int) -> None:
    rng = np.random.default_rng(seed)
    centre = rng.uniform((-179, -85), (179, 85))
    points, targets = (centre + rng.uniform(-1, 1, (size, 2)) for size in (5, 12))
    index, distance_m = nearest(points, targets)
    for point, found, metres in zip(points, index, distance_m, strict=True):
        every = [GEOD.line_length([point[0], lon], [point[1], lat]) for lon, lat in targets]
        assert metres == pytest.approx(min(every), rel=1e-9)
        assert every[found] == pytest.approx(min(every), rel=1e-9)


def test_nearest_reaches_across_the_180th_meridian() -> None:
    index, distance_m = nearest([(179.9, 0)], [(170, 0), (-179.9, 0)])
    assert index.tolist() == [1]
    assert distance_m[0] == pytest.approx(GEOD.line_length([0, 0.2], [0, 0]), rel=1e-9)


def test_nearest_of_nothing_and_of_no_place() -> None:
    assert nearest(np.empty((0, 2)), [(0, 0)])[0].size == 0
    with pytest.raises(PlaceError, match="nearest to"):
        nearest([(0, 0)], np.empty((0, 2)))
    with pytest.raises(PlaceError, match="no longitude and latitude"):
        nearest([(0, 95)], [(0, 0)])
