"""Maps, measured in the string."""

from __future__ import annotations

import re

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import GeometryCollection, LineString, MultiPoint, Point, Polygon, box

from headwater.errors import PlaceError
from headwater.reports.figures import Caption
from headwater.reports.maps import KM_PER_DEGREE, Layer, class_breaks, degrees, graded, interval_names, map_svg, view

HERE = Caption("m", "Map")


def series(*shapes: object, crs: int | None = 4326) -> gpd.GeoSeries:
    return gpd.GeoSeries(list(shapes), crs=crs)


def test_map_is_true_to_scale_at_the_middle_latitude() -> None:
    seen = view(np.array([[10.0, 59.0, 12.0, 61.0]]), width=600)
    corner, east, north = seen.pixels(np.array([[10.0, 60.0], [11.0, 60.0], [10.0, 61.0]]))
    assert (east[0] - corner[0]) / (corner[1] - north[1]) == pytest.approx(0.5, rel=1e-3)  # cos 60°


def test_scale_bar_is_as_long_as_it_says() -> None:
    svg = map_svg([Layer(series(LineString([(0, -1), (2, 1)])), "x")], caption=HERE)
    seen = view(np.array([[0.0, -1.0, 2.0, 1.0]]), width=680)
    end = float(re.search(r'class="scale" d="M8 [\d.]+v5H([\d.]+)', svg).group(1))  # type: ignore[union-attr]
    said = float(re.search(r">(\d+) km<", svg).group(1))  # type: ignore[union-attr]
    assert (end - 8) * KM_PER_DEGREE / seen.scale == pytest.approx(said, rel=0.01)


def test_north_is_up() -> None:
    svg = map_svg([Layer(series(Point(0, 0), Point(0, 1)), "x")], caption=HERE)
    south, north = (float(y) for y in re.findall(r"M[\d.]+ ([\d.]+)h0", svg))
    assert north < south


def test_detail_below_a_pixel_is_left_out() -> None:
    wiggle = LineString([(x / 1000, 1e-5 * (x % 2)) for x in range(1001)])
    svg = map_svg([Layer(series(wiggle), "x")], caption=HERE)
    assert len(svg) < 1500


def test_each_type_of_geometry_is_drawn() -> None:
    mixed = GeometryCollection([MultiPoint([(0, 0), (1, 1)]), LineString([(0, 0), (1, 0)]), box(0, 0, 1, 1)])
    svg = map_svg([Layer(series(mixed), "x")], caption=HERE)
    assert all(f'class="{kind} x"' in svg for kind in ("area", "lines", "points"))


def test_hole_of_an_area_is_drawn() -> None:
    ring = Polygon([(0, 0), (4, 0), (4, 4), (0, 4)], [[(1, 1), (2, 1), (2, 2), (1, 2)]])
    svg = map_svg([Layer(series(ring), "x")], caption=HERE)
    assert re.search(r'class="area x" d="([^"]+)"', svg).group(1).count("z") == 2  # type: ignore[union-attr]


def test_missing_and_empty_geometry_is_left_out() -> None:
    assert len(degrees(series(None, Point(), Point(1, 1)))) == 1
    assert map_svg([Layer(series(None), "x")], caption=HERE) == ""


def test_other_crs_is_brought_to_degrees() -> None:
    metres = series(Point(166021.44, 0.0), crs=32631)  # western edge of zone 31 on the equator
    assert degrees(metres).iloc[0].x == pytest.approx(0.0, abs=1e-3)


def test_geometry_without_crs_is_refused() -> None:
    with pytest.raises(PlaceError, match="CRS"):
        map_svg([Layer(series(Point(0, 0), crs=None), "x")], caption=HERE)


def test_numbers_on_the_map_do_not_touch() -> None:
    places = series(*[Point(0.5 + i / 1e4, 0.5) for i in range(5)])
    svg = map_svg([Layer(series(box(0, 0, 1, 1)), "x")], caption=HERE, marks=places)
    discs = np.array([(float(x), float(y)) for x, y in re.findall(r'class="disc" cx="([\d.]+)" cy="([\d.]+)"', svg)])
    apart = np.hypot(*(discs[:, None] - discs[None]).transpose(2, 0, 1))
    assert len(discs) == 5
    assert apart[np.triu_indices(5, 1)].min() > 20


def test_classes_keep_zero_and_unknown_apart() -> None:
    values = pd.Series([0.0, np.nan, 3.0, 30.0, 500.0], index=list("abcde"))
    assert graded(values, [1, 10, 100]).to_dict() == {"a": 0, "b": -1, "c": 1, "d": 2, "e": 3}


def test_every_positive_value_is_in_a_class() -> None:
    values = pd.Series(np.random.default_rng(1).lognormal(3, 2, 500))
    breaks = class_breaks(values)
    assert 1 <= len(breaks) <= 5
    assert (graded(values, breaks) > 0).all()


def test_no_positive_value_has_no_class() -> None:
    assert class_breaks(pd.Series([0.0, np.nan])) == []
    assert interval_names([]) == []
