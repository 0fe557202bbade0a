"""Coverage: by hand, by invariants, and beside exactextract and shapely."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyproj import Geod, Transformer

from headwater.errors import PlaceError
from headwater.geo import shapes
from headwater.geo.coverage import Coverage, cell_shares, coverage, split_lines
from headwater.geo.distance import geodesic_area_m2
from headwater.geo.grid import Grid

GEOD = Geod(ellps="WGS84")
ONE = Grid("EPSG:4326", (1, 0, 0, 0, -1, 4), width=5, height=4)
"""Five by four degrees from (0, 0) to (5, 4)."""

WORLD = Grid("EPSG:4326", (0.25, 0, -180, 0, -0.25, 90), width=1440, height=720)
METRES = Grid("EPSG:32630", (100, 0, 400_000, 0, -100, 800_000), width=300, height=200)
TURNED = Grid("EPSG:32630", (80, 60, 400_000, 60, -80, 800_000), width=300, height=200)
SOUTH_UP = Grid("EPSG:4326", (1, 0, 0, 0, 1, 0), width=5, height=4)


def of(*texts: str | None, crs: str = "EPSG:4326") -> gpd.GeoSeries:
    return gpd.GeoSeries(shapely.from_wkt(list(texts)), index=[f"a{i}" for i in range(len(texts))], crs=crs)


def entries(found: Coverage, asset: int = 0) -> dict[int, float]:
    own = slice(found.indptr[asset], found.indptr[asset + 1])
    return dict(zip(found.cells[own].tolist(), found.amounts[own].tolist(), strict=True))


# ----- by hand: points


def test_points_count_one_in_their_cell() -> None:
    found = coverage(of("POINT (0.5 3.5)", "POINT (4.5 0.5)", "POINT (5 2)"), ONE)
    assert found.indptr.tolist() == [0, 1, 2, 2]
    assert found.cells.tolist() == [0, 19]
    assert found.uncovered_share.tolist() == [0, 0, 1]
    assert found.amount_units.tolist() == ["count"] * 3


def test_points_of_one_asset_that_share_a_cell_are_counted_together() -> None:
    found = coverage(of("MULTIPOINT (0.5 3.5, 2.5 0.5, 0.6 3.6, 9 9)"), ONE)
    assert entries(found) == {0: 2, 17: 1}
    assert found.total_amounts.tolist() == [4]
    assert found.uncovered_share.tolist() == [0.25]


def test_a_point_on_a_corner_of_four_cells_is_counted_once() -> None:
    assert entries(coverage(of("POINT (2 2)"), ONE)) == {12: 1}


# ----- by hand: lines


def test_a_line_is_cut_where_it_crosses() -> None:
    found = entries(coverage(of("LINESTRING (0.5 0, 0.5 3)"), ONE))
    parallels = [GEOD.line_length([0.5, 0.5], [lat, lat + 1]) for lat in (2, 1, 0)]
    assert list(found) == [5, 10, 15]
    assert list(found.values()) == pytest.approx(parallels, rel=1e-6)


def test_a_line_on_the_edge_of_cells_is_counted_once() -> None:
    along_row = coverage(of("LINESTRING (0.25 2, 2.75 2)"), ONE)
    assert along_row.cells.tolist() == [10, 11, 12]  # the row that begins at 2°, southward
    along_column = coverage(of("LINESTRING (2 0.5, 2 2.5)"), ONE)
    assert along_column.cells.tolist() == [7, 12, 17]
    for found in (along_row, along_column):
        assert found.amounts.sum() == pytest.approx(found.total_amounts[0], rel=1e-12)


def test_a_line_through_corners_touches_no_cell_beside_them() -> None:
    assert coverage(of("LINESTRING (0 4, 4 0)"), ONE).cells.tolist() == [0, 6, 12, 18]
    assert coverage(of("LINESTRING (4 0, 0 4)"), ONE).cells.tolist() == [0, 6, 12, 18]


def test_a_line_that_ends_on_an_edge_does_not_touch_the_next_cell() -> None:
    assert coverage(of("LINESTRING (0.5 3.5, 2 3.5)", "LINESTRING (2 3.5, 0.5 3.5)"), ONE).cells.tolist() == [0, 1] * 2


def test_a_line_along_the_far_edge_of_the_grid_is_outside_and_along_the_near_edge_inside() -> None:
    found = coverage(of("LINESTRING (5 1, 5 3)", "LINESTRING (0 1, 0 3)"), ONE)
    assert found.uncovered_share.tolist() == [1, 0]


def test_visits_to_one_cell_are_one_entry() -> None:
    zigzag = "LINESTRING (0.5 3.5, 1.5 3.5, 1.5 3.4, 0.5 3.4, 0.5 3.3, 1.5 3.3)"
    found = coverage(of(zigzag), ONE)
    assert found.cells.tolist() == [0, 1]
    assert found.amounts.sum() == pytest.approx(found.total_amounts[0], rel=1e-12)


def test_parts_of_a_line_belong_to_one_asset() -> None:
    found = coverage(of("MULTILINESTRING ((0.1 3.5, 0.9 3.5), (2.1 0.5, 2.9 0.5), (0.1 3.6, 0.2 3.6))"), ONE)
    assert found.cells.tolist() == [0, 17]


def test_a_line_partly_outside_reports_what_is_not_covered() -> None:
    found = coverage(of("LINESTRING (-1 1.5, 1 1.5)", "LINESTRING (-3 2, -1 2)", "LINESTRING (-1 1.5, 6 1.5)"), ONE)
    assert found.uncovered_share.to_numpy() == pytest.approx([0.5, 1, 2 / 7], rel=1e-4)
    assert found.cells.tolist() == [10, 10, 11, 12, 13, 14]


def test_a_line_that_leaves_and_comes_back() -> None:
    found = coverage(of("LINESTRING (0.5 2.5, -1 2.5, -1 1.5, 0.5 1.5)"), ONE)
    assert found.cells.tolist() == [5, 10]


def test_a_line_without_length_is_in_its_cell_with_nothing() -> None:
    found = coverage(of("LINESTRING (1.5 1.5, 1.5 1.5)", "LINESTRING (9 9, 9 9)"), ONE)
    assert entries(found) == {11: 0.0}
    assert found.total_amounts.tolist() == [0, 0]
    assert found.uncovered_share.tolist() == [0, 1]


def test_a_closed_ring_is_a_line() -> None:
    ring = gpd.GeoSeries([shapely.LinearRing([(0.5, 0.5), (1.5, 0.5), (1.5, 1.5)])], crs="EPSG:4326")
    assert coverage(ring, ONE).cells.tolist() == [11, 15, 16]  # and not 10: it runs through a corner


def test_south_up_grids_count_rows_the_other_way() -> None:
    found = coverage(of("LINESTRING (0.5 0.5, 0.5 2.5)", "POLYGON ((1 1, 3 1, 3 2, 1 2, 1 1))"), SOUTH_UP)
    assert found.cells.tolist() == [0, 5, 10, 6, 7]


# ----- by hand: polygons


def test_a_polygon_covers_cells_by_its_area() -> None:
    shares = cell_shares(of("POLYGON ((0.5 1.5, 2.5 1.5, 2.5 3, 0.5 3, 0.5 1.5))"), ONE)
    assert dict(zip(shares["cell"], shares["share"], strict=True)) == {
        5: 0.5, 6: 1, 7: 0.5, 10: 0.25, 11: 0.5, 12: 0.25,
    }  # fmt: skip


def test_a_polygon_along_cell_edges_touches_no_cell_beside_it() -> None:
    found = coverage(of("POLYGON ((1 1, 3 1, 3 3, 1 3, 1 1))"), ONE)
    assert found.cells.tolist() == [6, 7, 11, 12]
    assert found.amounts == pytest.approx(ONE.cell_areas_m2(found.cells), rel=1e-12)


def test_holes_and_parts_of_a_polygon() -> None:
    text = "MULTIPOLYGON (((0 0, 3 0, 3 3, 0 3, 0 0), (1 1, 2 1, 2 2, 1 2, 1 1)), ((4 0, 4.5 0, 4.5 1, 4 1, 4 0)))"
    shares = cell_shares(of(text), ONE).set_index("cell")["share"]
    assert 11 not in shares.index
    assert shares.loc[19] == 0.5
    assert shares.sum() == 8.5


def test_the_way_a_ring_is_drawn_does_not_matter() -> None:
    text = "POLYGON ((0.2 0.3, 3.7 0.8, 3.1 3.2, 0.9 2.8, 0.2 0.3), (1.2 1.1, 1.3 2.2, 2.4 1.9, 1.2 1.1))"
    there = of(text)
    back = gpd.GeoSeries(shapely.reverse(there.array), index=there.index, crs=there.crs)
    pd.testing.assert_frame_equal(coverage(there, ONE).to_frame(), coverage(back, ONE).to_frame())


@pytest.mark.parametrize(
    ("box", "inside"),
    [
        ((-2, 1, 2, 3), (0, 1, 2, 3)),
        ((3, -2, 8, 2), (3, 0, 5, 2)),
        ((-1, -1, 6, 5), (0, 0, 5, 4)),
        ((6, 0, 7, 1), None),
    ],
    ids=["left", "right and below", "all round", "beside"],
)
def test_a_polygon_partly_outside_reports_what_is_not_covered(box: tuple, inside: tuple | None) -> None:
    found = coverage(gpd.GeoSeries([shapely.box(*box)], index=["z"], crs="EPSG:4326"), ONE)
    within = geodesic_area_m2(gpd.GeoSeries([shapely.box(*inside)], crs="EPSG:4326"))[0] if inside else 0.0
    assert found.amounts.sum() == pytest.approx(within, rel=1e-9)
    assert found.uncovered_share["z"] == pytest.approx(1 - within / found.total_amounts[0], abs=1e-9)


def test_a_polygon_with_edges_across_the_corner_of_the_grid() -> None:
    triangle = shapely.Polygon([(-1, 2), (2, -1), (-1, -1)])
    shares = cell_shares(gpd.GeoSeries([triangle], crs="EPSG:4326"), ONE)
    assert dict(zip(shares["cell"], shares["share"], strict=True)) == pytest.approx({15: 0.5})


def test_square_metres_within_a_large_cell_are_those_of_the_ellipsoid() -> None:
    coarse = Grid("EPSG:4326", (10, 0, 0, 0, -10, 80), width=5, height=2)
    north, south = shapely.box(12, 78, 13, 79), shapely.box(12, 71, 13, 72)
    beyond = gpd.GeoSeries([shapely.union(box, shapely.box(-3, 60, -2, 61)) for box in (north, south)], crs="EPSG:4326")
    found = coverage(beyond, coarse)
    alone = geodesic_area_m2(gpd.GeoSeries([north, south], crs="EPSG:4326")).to_numpy()
    assert found.amounts == pytest.approx(alone, rel=5e-3)  # the cell's mean alone would be 25 % and 20 % off


# ----- what has no place, and what is refused


def test_what_has_no_place_is_kept_and_marked() -> None:
    found = coverage(of(None, "LINESTRING EMPTY", "POINT (1 1)", "POLYGON EMPTY"), ONE)
    assert found.indptr.tolist() == [0, 0, 0, 1, 1]
    assert np.isnan(found.total_amounts).tolist() == [True, True, False, True]
    assert found.uncovered_share.isna().tolist() == [True, True, False, True]
    assert found.amount_units.tolist() == [None, None, "count", None]


def test_no_features_at_all() -> None:
    found = coverage(gpd.GeoSeries([], crs="EPSG:4326"), ONE)
    assert found.cells.size == 0
    assert found.uncovered_share.empty
    assert found.touched_cells()[0].size == 0


def test_points_lines_and_polygons_together_keep_their_order() -> None:
    mixed = of(
        "POLYGON ((0 0, 1 0, 1 1, 0 1, 0 0))", "POINT (2.5 2.5)", None, "LINESTRING (0.5 3.5, 1.5 3.5)", "POINT (0 1)"
    )
    found = coverage(mixed, ONE)
    assert found.kinds.tolist() == [shapes.POLYGON, shapes.POINT, shapes.NO_SHAPE, shapes.LINE, shapes.POINT]
    assert found.indptr.tolist() == [0, 1, 2, 2, 4, 5]
    assert found.cells.tolist() == [15, 7, 0, 1, 15]
    assert found.to_frame()["asset_id"].tolist() == ["a0", "a1", "a3", "a3", "a4"]


@pytest.mark.parametrize(
    ("features", "said"),
    [
        (of("POINT (1 1)", crs=None), "no coordinate reference system"),
        (of("POINT (1 1)", "GEOMETRYCOLLECTION (POINT (1 1), LINESTRING (0 0, 1 1))"), "geometry collection.*a1"),
        (of("LINESTRING (0 0, 1 91)"), "a0: latitude 91"),
        (of("LINESTRING (0 91, 1 9)"), "a0: latitude 91"),
        (of("POLYGON ((0 0, 1 91, 2 0, 0 0))"), "a0: latitude 91"),
        (of("POINT (0 0)", "POINT (500000 700000)"), "a1: latitude 700000"),
        (of("LINESTRING (179 0, -179 0)"), "a0: the shape crosses the 180th meridian near \\(179"),
        (of("POLYGON ((179 0, -179 0, -179 1, 179 1, 179 0))"), "crosses the 180th meridian"),
        (of("POLYGON ((0 0, 2 2, 2 0, 0 2, 0 0))"), "the outline crosses itself"),
        (of("MULTIPOLYGON (((0 0, 2 0, 2 2, 0 2, 0 0)), ((0 0, 2 0, 2 2, 0 2, 0 0)))"), "parts overlap"),
    ],
)
def test_what_cannot_be_measured_is_refused(features: gpd.GeoSeries, said: str) -> None:
    with pytest.raises(PlaceError, match=said):
        coverage(features, ONE)


@pytest.mark.parametrize(
    "text", ["LINESTRING (0 0, NaN 1)", "LINESTRING (Inf 0, 0 1)", "POINT (Inf 0)", "POLYGON ((0 0, 1 NaN, 1 1, 0 0))"]
)
def test_coordinates_that_are_no_number_are_refused(text: str) -> None:
    with np.errstate(invalid="ignore"):  # shapely's own
        features = of(text)
    with pytest.raises(PlaceError, match="no place"):
        coverage(features, ONE)


def test_the_whole_world_is_no_jump_across_the_180th_meridian() -> None:
    found = coverage(gpd.GeoSeries([shapely.box(-180, -90, 180, 90)], crs="EPSG:4326"), WORLD)
    assert found.cells.size == WORLD.size
    assert found.amounts == pytest.approx(WORLD.cell_areas_m2(found.cells), rel=1e-9)


# ----- other reference systems


def test_features_are_moved_to_the_grid_and_measured_in_their_own_system() -> None:
    road = of("LINESTRING (401050 799050, 405050 795050)", crs="EPSG:32630")
    here = coverage(road, METRES)
    there = coverage(road.to_crs("EPSG:4326"), METRES)
    assert here.cells.tolist() == there.cells.tolist()
    assert there.amounts == pytest.approx(here.amounts, rel=1e-6)
    to_lonlat = Transformer.from_crs(32630, 4326, always_xy=True)
    length = GEOD.line_length(*to_lonlat.transform([401050, 405050], [799050, 795050]))
    assert here.amounts.sum() == pytest.approx(length, rel=1e-7)


@pytest.mark.parametrize("grid", [METRES, TURNED], ids=["upright", "turned"])
def test_polygons_on_projected_grids_have_the_area_of_the_ellipsoid(grid: Grid) -> None:
    x, y = grid.places(np.array([10.3, 60.2, 40.1]), np.array([20.4, 30.3, 90.2]))
    field = gpd.GeoSeries([shapely.Polygon(np.column_stack([x, y]))], index=["f"], crs=grid.crs)
    found = coverage(field, grid)
    lonlat = field.segmentize(50).to_crs("EPSG:4326")
    expected = abs(GEOD.geometry_area_perimeter(lonlat.iloc[0])[0])
    assert found.amounts.sum() == pytest.approx(expected, rel=1e-6)
    assert found.uncovered_share["f"] == 0
    shares = cell_shares(field, grid)["share"]
    assert shares.sum() * grid.cell_area == pytest.approx(field.area.iloc[0], rel=1e-9)
    assert found.amounts / shares.to_numpy() == pytest.approx(grid.cell_areas_m2(found.cells), rel=1e-6)


def test_a_line_across_the_180th_meridian_in_a_projected_system() -> None:
    fiji = Grid("EPSG:3460", (1000, 0, 1_900_000, 0, -1000, 4_200_000), width=400, height=400)
    ferry = gpd.GeoSeries([shapely.LineString([(1_990_000, 4_000_000), (2_220_000, 4_000_000)])], crs="EPSG:3460")
    found = coverage(ferry, fiji)
    assert found.total_amounts[0] == pytest.approx(230_000, rel=1e-3)
    assert found.uncovered_share.tolist() == [0]
    with pytest.raises(PlaceError, match="180th meridian"):
        coverage(ferry, WORLD)


def test_places_the_other_system_does_not_have_are_refused() -> None:
    hemisphere = Grid("+proj=ortho +lat_0=0 +lon_0=0", (1000, 0, 0, 0, -1000, 1_000_000), width=10, height=10)
    with pytest.raises(PlaceError, match=r"a1: .*no place in the other"):
        coverage(of("POINT (1 1)", "POINT (170 1)"), hemisphere)


# ----- invariants

longitudes = st.floats(-179, 179, allow_subnormal=False)
latitudes = st.floats(-88, 88, allow_subnormal=False)


@st.composite
def walks(draw: st.DrawFn, longest: float) -> shapely.LineString:
    """A line somewhere on Earth with steps of up to so many degrees."""
    lon, lat = draw(longitudes), draw(latitudes)
    turns = st.tuples(st.floats(-longest, longest), st.floats(-longest, longest))
    steps = draw(st.lists(turns, min_size=1, max_size=12))
    path = np.cumsum([(lon, lat), *steps], axis=0)
    return shapely.LineString(np.clip(path, (-179.9, -89), (179.9, 89)))


def pieces_sum_to_length(line: shapely.LineString, grid: Grid, rel: float) -> None:
    found = coverage(gpd.GeoSeries([line], crs="EPSG:4326"), grid)
    length = GEOD.geometry_length(line)
    assert found.total_amounts[0] == pytest.approx(length, rel=rel, abs=1e-6)
    assert found.amounts.sum() == pytest.approx(found.total_amounts[0], rel=1e-9, abs=1e-9)
    assert (np.diff(found.cells) > 0).all()
    assert found.uncovered_share[0] == 0


@given(walks(0.05))
def test_pieces_sum_to_the_geodesic_length(line: shapely.LineString) -> None:
    pieces_sum_to_length(line, WORLD, 1e-6)


@given(walks(60))
def test_pieces_of_long_lines_sum_to_the_exact_geodesic(line: shapely.LineString) -> None:
    pieces_sum_to_length(line, WORLD, 1e-6)


@given(walks(0.05))
def test_cells_of_a_line_are_those_shapely_finds(line: shapely.LineString) -> None:
    west, north = line.bounds[0] - 0.1234567, line.bounds[3] + 0.1234567  # so that no vertex is on an edge
    grid = Grid("EPSG:4326", (0.017, 0, west, 0, -0.017, north), 100, 100)
    found = entries(coverage(gpd.GeoSeries([line], crs="EPSG:4326"), grid))
    outlines = _outlines(grid)
    length = shapely.length(shapely.intersection(shapely.node(line) if not line.is_simple else line, outlines))
    crossed = set(np.flatnonzero(length > 1e-7).tolist())
    assert crossed <= set(found)


def test_metres_fall_to_cells_by_the_local_scale() -> None:
    line = of("LINESTRING (10 0, 10 80)")  # a degree of latitude grows by 1 % from the equator to the pole
    found = coverage(line, Grid("EPSG:4326", (1, 0, 0, 0, -1, 90), width=20, height=90))
    degrees = [GEOD.line_length([10, 10], [lat, lat + 1]) for lat in range(79, -1, -1)]
    assert found.amounts == pytest.approx(degrees, rel=1e-6)


@given(st.permutations(range(6)))
@settings(max_examples=20)
def test_row_order_is_irrelevant(order: list[int]) -> None:
    features = of(
        "LINESTRING (0.5 0.5, 4.5 3.5)", "POINT (1 1)", "POLYGON ((0 0, 3 1, 2 3, 0 0))", None,
        "MULTILINESTRING ((0 0, 1 1), (2 2, 3 1))", "LINESTRING (-1 -1, 7 5)",
    )  # fmt: skip
    key = ["asset_id", "cell"]
    straight = coverage(features, ONE).to_frame().sort_values(key, ignore_index=True)
    mixed = coverage(features.iloc[order], ONE).to_frame().sort_values(key, ignore_index=True)
    pd.testing.assert_frame_equal(straight, mixed, check_exact=True)


def test_the_input_is_unchanged() -> None:
    features = of("LINESTRING (0.5 0.5, 4.5 3.5)", "POLYGON ((0 0, 3 1, 2 3, 0 0))", "POINT (1 1)")
    before = features.copy()
    coverage(features, ONE)
    coverage(features, METRES)
    split_lines(features.iloc[:1], ONE)
    assert features.geom_equals_exact(before, 0).all()


def test_threads_give_what_one_thread_gives() -> None:
    lines = _random_lines(4000, 40)  # enough coordinates for several threads
    whole = coverage(lines, ONE).to_frame()
    halves = pd.concat([coverage(part, ONE).to_frame() for part in (lines.iloc[:1000], lines.iloc[1000:])])
    pd.testing.assert_frame_equal(whole, halves.reset_index(drop=True), check_exact=True)
    with ThreadPoolExecutor(4) as pool:
        for other in pool.map(lambda _n: coverage(lines, ONE).to_frame(), range(4)):
            pd.testing.assert_frame_equal(whole, other, check_exact=True)


@pytest.mark.parametrize("grid", [ONE, Grid("EPSG:4326", (1e-4, 0, 0, 0, -1e-4, 4), 50_000, 40_000)])
def test_touched_cells_are_unique_and_found_again(grid: Grid) -> None:
    found = coverage(_random_lines(50, 5), grid)  # the second grid is too large for a bitmap
    unique, inverse = found.touched_cells()
    assert (np.diff(unique) > 0).all()
    assert (unique[inverse] == found.cells).all()
    assert set(inverse.tolist()) == set(range(len(unique)))


# ----- oracles


@st.composite
def blobs(draw: st.DrawFn) -> shapely.Geometry:
    """A polygon with holes, or several, that may reach over the edge of the grid."""
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    discs = [
        shapely.Point(*rng.uniform(-1, 6, 2)).buffer(rng.uniform(0.05, 2), quad_segs=int(rng.integers(1, 8)))
        for _ in range(draw(st.integers(1, 6)))
    ]
    holes = [shapely.Point(*rng.uniform(0, 5, 2)).buffer(rng.uniform(0.05, 0.7), quad_segs=3) for _ in range(3)]
    return shapely.difference(shapely.union_all(discs), shapely.union_all(holes))


def _outlines(grid: Grid) -> np.ndarray:
    row, col = np.divmod(np.arange(grid.size), grid.width)
    corners = [grid.places(col + dc, row + dr) for dc, dr in ((0, 0), (1, 0), (1, 1), (0, 1))]
    return shapely.polygons(np.stack([np.column_stack(corner) for corner in corners], axis=1))


def _random_lines(count: int, vertices: int) -> gpd.GeoSeries:
    rng = np.random.default_rng(11)
    paths = rng.uniform((-0.5, -0.5), (5.5, 4.5), (count, 1, 2)) + np.cumsum(
        rng.normal(0, 0.2, (count, vertices, 2)), axis=1
    )
    return gpd.GeoSeries(shapely.linestrings(paths), index=[f"r{i}" for i in range(count)], crs="EPSG:4326")


FINE = Grid("EPSG:4326", (0.3, 0, 0, 0, -0.3, 4.2), width=17, height=14)
SKEWED = Grid("EPSG:4326", (0.3, 0.1, 0, 0.05, -0.3, 4.2), width=17, height=14)


@pytest.mark.parametrize("grid", [ONE, FINE, SKEWED, SOUTH_UP], ids=["one", "fine", "skewed", "south up"])
@given(blob=blobs())
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_polygons_cover_what_shapely_intersects(grid: Grid, blob: shapely.Geometry) -> None:
    if blob.is_empty:
        return
    polygons = gpd.GeoSeries([blob], crs="EPSG:4326")
    found = np.zeros(grid.size)
    shares = cell_shares(polygons, grid)
    found[shares["cell"]] = shares["share"]
    expected = shapely.area(shapely.intersection(blob, _outlines(grid))) / grid.cell_area
    np.testing.assert_allclose(found, expected, atol=2e-9)
    within = shapely.intersection(blob, shapely.union_all(_outlines(grid)))
    assert shares["share"].sum() * grid.cell_area == pytest.approx(within.area, rel=1e-9, abs=1e-12)


@given(blob=blobs(), east=st.floats(-170, 170), north=st.floats(-80, 70))
@settings(max_examples=40)
def test_coverage_area_is_that_of_the_planar_polygon(blob: shapely.Geometry, east: float, north: float) -> None:
    moved = shapely.set_precision(shapely.affinity.translate(blob, east, north), 0)
    if moved.is_empty:
        return
    grid = Grid("EPSG:4326", (0.07, 0, east - 4, 0, -0.07, north + 9), width=200, height=200)
    shares = cell_shares(gpd.GeoSeries([moved], crs="EPSG:4326"), grid)["share"]
    assert shares.sum() * grid.cell_area == pytest.approx(moved.area, rel=1e-9)


@given(blob=blobs(), scale=st.sampled_from([1e-6, 1e-3, 1, 5]))
@settings(max_examples=40)
def test_square_metres_within_the_grid_sum_to_the_ellipsoidal_area(blob: shapely.Geometry, scale: float) -> None:
    moved = shapely.affinity.translate(shapely.affinity.scale(blob, scale, scale, origin=(0, 0)), 20, 30)
    if moved.is_empty:
        return
    found = coverage(gpd.GeoSeries([moved], crs="EPSG:4326"), WORLD)
    assert found.amounts.sum() == pytest.approx(found.total_amounts[0], rel=1e-12)
    assert found.uncovered_share[0] == 0


@pytest.mark.parametrize("seed", range(5))
def test_polygons_cover_what_exactextract_finds(seed: int) -> None:
    raster = pytest.importorskip("exactextract.raster")
    extract = pytest.importorskip("exactextract").exact_extract
    rng = np.random.default_rng(seed)
    rings = [shapely.Point(*rng.uniform(0, 4, 2)).buffer(rng.uniform(0.1, 1.5)) for _ in range(20)]
    holed = [shapely.difference(ring, ring.centroid.buffer(0.05, quad_segs=2)) for ring in rings]
    polygons = gpd.GeoDataFrame({"id": range(20)}, geometry=holed, crs="EPSG:4326")
    west, north, cell = 0.0, 4.2, 0.3
    values = raster.NumPyRasterSource(
        np.zeros(FINE.shape), xmin=west, ymin=north - 14 * cell, xmax=west + 17 * cell, ymax=north
    )
    theirs = extract(values, polygons, ["cell_id", "coverage"], include_cols=["id"], output="pandas")
    ours = cell_shares(polygons.geometry, FINE)
    for row in theirs.itertuples():
        own = ours[ours["asset_id"] == int(row.id)].set_index("cell")["share"]
        expected = pd.Series(row.coverage, index=row.cell_id)
        expected = expected[expected > 1e-7]
        assert own[own > 1e-7].index.tolist() == sorted(expected.index)
        assert own.loc[expected.index].to_numpy() == pytest.approx(expected.to_numpy(), abs=1e-6)


@pytest.mark.parametrize("grid", [FINE, SKEWED], ids=["fine", "skewed"])
def test_pieces_of_lines_are_those_shapely_cuts(grid: Grid) -> None:
    lines = _random_lines(30, 6)
    outlines = _outlines(grid)
    pieces = split_lines(lines, grid)
    by_cell = pieces.assign(planar=shapely.length(pieces.geometry.array))
    for asset_id, line in lines.items():
        # each segment on its own: the lines cross themselves
        segments = [shapely.LineString(pair) for pair in zip(line.coords[:-1], line.coords[1:], strict=True)]
        expected = sum(shapely.length(shapely.intersection(segment, outlines)) for segment in segments)
        own = by_cell[by_cell["asset_id"] == asset_id].groupby("cell")["planar"].sum()
        found = np.zeros(grid.size)
        found[own.index] = own
        np.testing.assert_allclose(found, expected, atol=1e-9)


# ----- pieces with geometry


def test_pieces_join_to_the_line_and_carry_its_metres() -> None:
    lines = _random_lines(40, 8)
    inside = lines[lines.within(shapely.box(0.01, 0.01, 4.99, 3.99))]
    assert len(inside) > 5
    pieces = split_lines(inside, ONE)
    whole = coverage(inside, ONE)
    summed = pieces.groupby(["asset_id", "cell"])["length_m"].sum()
    expected = whole.to_frame().set_index(["asset_id", "cell"])["amount"]
    assert summed.sort_index().to_numpy() == pytest.approx(expected.sort_index().to_numpy(), rel=1e-9)
    for asset_id, own in pieces.groupby("asset_id"):
        ends = shapely.get_coordinates(shapely.get_point(own.geometry.array, -1))
        begins = shapely.get_coordinates(shapely.get_point(own.geometry.array, 0))
        np.testing.assert_allclose(ends[:-1], begins[1:])
        assert shapely.length(own.geometry.array).sum() == pytest.approx(inside[asset_id].length)


def test_each_visit_to_a_cell_is_a_piece() -> None:
    pieces = split_lines(of("LINESTRING (0.98 3.5, 1.02 3.5, 1.02 3.4, 0.98 3.4)"), ONE)
    assert pieces["cell"].tolist() == [0, 1, 0]
    away = split_lines(of("LINESTRING (0.05 2.5, -0.03 2.5, -0.03 2.45, 0.05 2.45)"), ONE)
    assert away.geometry.to_wkt().tolist() == ["LINESTRING (0.05 2.5, 0 2.5)", "LINESTRING (0 2.45, 0.05 2.45)"]


def test_only_lines_are_split_and_only_polygons_share_cells() -> None:
    with pytest.raises(PlaceError, match="a1"):
        split_lines(of("LINESTRING (0 0, 1 1)", "POINT (1 1)"), ONE)
    with pytest.raises(PlaceError, match="a0"):
        cell_shares(of("LINESTRING (0 0, 1 1)"), ONE)
