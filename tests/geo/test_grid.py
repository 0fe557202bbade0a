"""The grid: where cells lie and how large they are."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from pyproj import Geod, Transformer

from headwater.errors import PlaceError
from headwater.geo.grid import Grid, known_crs

DEGREES = Grid("EPSG:4326", (0.5, 0, -10, 0, -0.5, 20), width=40, height=60)
TURNED = Grid("EPSG:32630", (20, 15, 500_000, 15, -20, 1_000_000), width=30, height=20)


def test_a_cell_owns_the_edges_at_its_start_only() -> None:
    corners = DEGREES.cells([-10, -9.5, -10, 10, -10], [20, 20, 19.5, 20, -10])
    assert corners.tolist() == [0, 1, 40, -1, -1]


def test_rounding_does_not_move_a_place_off_an_edge() -> None:
    thirds = Grid("EPSG:4326", (1 / 3600, 0, -3.0001388888888889, 0, -1 / 3600, 11.0001388888888889), 3601, 3601)
    column = np.arange(3601)
    x, _y = thirds.places(column.astype(float), np.full(3601, 0.5))
    assert (thirds.cells(x, np.full(3601, 11.0)) == column).all()


def test_south_up_counts_rows_northward() -> None:
    south_up = Grid("EPSG:4326", (1, 0, 0, 0, 1, -5), width=10, height=10)
    assert south_up.cells([0.5, 0.5], [-4.5, 4.5]).tolist() == [0, 90]


@pytest.mark.parametrize("grid", [DEGREES, TURNED], ids=["degrees", "turned"])
def test_the_centre_of_a_cell_is_in_it(grid: Grid) -> None:
    cells = np.arange(grid.size)
    assert (grid.cells(*grid.centres(cells)) == cells).all()


def test_places_that_are_no_number_are_in_no_cell() -> None:
    assert DEGREES.cells([np.nan, np.inf], [0, 0]).tolist() == [-1, -1]


def test_area_of_a_cell_in_degrees_is_that_of_the_ellipsoid() -> None:
    # Geod measures polygons with geodesic edges: follow the parallels in small steps
    row = 55
    cell = shapely.segmentize(shapely.box(-10, 20 - 0.5 * (row + 1), -9.5, 20 - 0.5 * row), 0.001)
    expected = abs(Geod(ellps="WGS84").geometry_area_perimeter(cell)[0])
    assert DEGREES.cell_areas_m2([row * 40])[0] == pytest.approx(expected, rel=1e-9)


def test_area_of_a_turned_projected_cell_is_that_of_the_ellipsoid() -> None:
    corners = TURNED.places(np.array([3.0, 4, 4, 3]), np.array([7.0, 7, 8, 8]))
    ring = shapely.Polygon(np.column_stack(Transformer.from_crs(32630, 4326, always_xy=True).transform(*corners)))
    expected = abs(Geod(ellps="WGS84").geometry_area_perimeter(ring)[0])
    assert TURNED.cell_areas_m2([7 * 30 + 3])[0] == pytest.approx(expected, rel=1e-6)


def test_areal_scale_between_the_nodes_of_the_lattice() -> None:
    mercator = Grid("EPSG:3395", (10_000, 0, -9_000_000, 0, -10_000, 9_000_000), width=1800, height=1800)
    _x, latitude = Transformer.from_crs(3395, 4326, always_xy=True).transform(0, 9_000_000 - 10_000 * 400.5)
    sin2 = np.sin(np.radians(latitude)) ** 2
    e2 = 0.0066943799901413165
    expected = 1e8 * np.cos(np.radians(latitude)) ** 2 / (1 - e2 * sin2)  # the square of Mercator's scale
    cells = np.array([0, 400 * 1800 + 900, mercator.size - 1])
    assert mercator.cell_areas_m2(cells)[1] == pytest.approx(expected, rel=2e-5)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("EPSG:4326", (1, 0, 0, 0, -1, 0), 0, 5), "0 columns and 5 rows"),
        (("EPSG:4326", (1, 0, 0, 2, 0, 0), 5, 5), "cells without area"),
        (("EPSG:4326", (1, 0, float("nan"), 0, 1, 0), 5, 5), "cells without area"),
        (("EPSG:999999", (1, 0, 0, 0, -1, 0), 5, 5), "EPSG:999999"),
        (("", (1, 0, 0, 0, -1, 0), 5, 5), "not known"),
    ],
)
def test_impossible_grids_are_refused(arguments: tuple, said: str) -> None:
    with pytest.raises(PlaceError, match=said):
        Grid(*arguments)


def test_a_local_system_cannot_be_measured() -> None:
    local = Grid('LOCAL_CS["site",UNIT["metre",1]]', (1, 0, 0, 0, -1, 0), 5, 5)
    with pytest.raises(PlaceError, match="tied to no place"):
        local.cell_areas_m2([0])


def test_grids_are_equal_by_what_they_say() -> None:
    again = Grid("EPSG:4326", (0.5, 0, -10, 0, -0.5, 20), width=40, height=60)
    assert again == DEGREES
    assert hash(again) == hash(DEGREES)
    assert known_crs("EPSG:4326") is known_crs("EPSG:4326")
