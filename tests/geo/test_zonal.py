"""What lies under each asset, nodata kept apart from zero."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from headwater.errors import PlaceError
from headwater.geo.coverage import Coverage, coverage
from headwater.geo.grid import Grid
from headwater.geo.zonal import amount_above, share_without_data, zonal_max, zonal_mean, zonal_sum

ROW = Grid("EPSG:4326", (1, 0, 0, 0, -1, 1), width=4, height=1)
NAN = float("nan")


@pytest.fixture(scope="module")
def assets() -> Coverage:
    texts = [
        "MULTIPOINT (0.5 0.5, 1.5 0.5, 1.6 0.5, 2.5 0.5)",
        "POINT (3.5 0.5)",
        None,
        "POINT (9 9)",
        "POINT (0.1 0.1)",
    ]
    return coverage(gpd.GeoSeries(shapely.from_wkt(texts), index=list("abcde"), crs="EPSG:4326"), ROW)


def same(found: pd.Series, expected: list[float]) -> None:
    assert found.index.tolist() == list("abcde")
    np.testing.assert_allclose(found, expected)


def test_by_hand(assets: Coverage) -> None:
    depths = [2.0, 0.5, NAN, 0.0]  # one value for each of the four cells
    same(zonal_mean(assets, depths), [1.0, 0.0, NAN, NAN, 2.0])
    same(zonal_max(assets, depths), [2.0, 0.0, NAN, NAN, 2.0])
    same(amount_above(assets, depths, threshold=0.5), [1.0, 0.0, NAN, 0.0, 1.0])
    same(share_without_data(assets, depths), [0.25, 0.0, NAN, NAN, 0.0])


def test_no_data_is_not_zero(assets: Coverage) -> None:
    nothing = [NAN] * 4
    same(zonal_mean(assets, nothing), [NAN, NAN, NAN, NAN, NAN])
    same(zonal_max(assets, nothing), [NAN, NAN, NAN, NAN, NAN])
    same(share_without_data(assets, nothing), [1.0, 1.0, NAN, NAN, 1.0])
    same(zonal_max(assets, [-3.0, -1.0, -2.0, -9.0]), [-1.0, -9.0, NAN, NAN, -3.0])


def test_layers_are_columns(assets: Coverage) -> None:
    layers = np.array([[2.0, 0.5, NAN, 0.0], [1.0, 1.0, 1.0, 7.0]])
    means = zonal_mean(assets, layers)
    assert means.shape == (5, 2)
    for layer in range(2):
        pd.testing.assert_series_equal(means[layer], zonal_mean(assets, layers[layer]), check_names=False)


def test_a_line_without_length_still_meets_what_is_there() -> None:
    dot = coverage(
        gpd.GeoSeries(shapely.from_wkt(["LINESTRING (0.5 0.5, 0.5 0.5)"]), index=["d"], crs="EPSG:4326"), ROW
    )
    assert zonal_max(dot, [4.0])["d"] == 4
    assert share_without_data(dot, [NAN])["d"] == 1
    assert share_without_data(dot, [4.0])["d"] == 0


def test_people_are_shared_out_without_loss() -> None:
    grid = Grid("EPSG:4326", (1, 0, 0, 0, -1, 60), width=6, height=6)
    rng = np.random.default_rng(3)
    people = rng.uniform(0, 1000, grid.size)
    whole, cut = shapely.box(0, 54, 6, 60), shapely.LineString([(-1, 55.3), (3.3, 58.1), (7, 56.2)])
    zones = gpd.GeoSeries(list(shapely.get_parts(shapely.ops.split(whole, cut))), crs="EPSG:4326")
    found = coverage(zones, grid)
    assert len(zones) == 2
    assert zonal_sum(found, people[found.touched_cells()[0]]).sum() == pytest.approx(people.sum(), rel=1e-6)


def test_a_point_has_no_share_of_a_cell(assets: Coverage) -> None:
    with pytest.raises(PlaceError, match=r"no share.*a, b, d, e"):
        zonal_sum(assets, [1.0, 1, 1, 1])


def test_values_must_be_one_per_touched_cell(assets: Coverage) -> None:
    with pytest.raises(PlaceError, match="4 touched cells"):
        zonal_mean(assets, [1.0, 2.0])
