"""The pieces of nismod/open-gira (MIT; roads © OpenStreetMap contributors, ODbL): 104 roads of Djibouti on its grid."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio

from headwater.geo.coverage import coverage, split_lines
from headwater.geo.distance import geodesic_length_m
from headwater.geo.grid import Grid

STEP = "rasterise_osm_network"


@pytest.fixture(scope="module")
def folder(shared_data: Path) -> Path:
    return shared_data / "open-gira" / STEP


def theirs_and_ours(folder: Path) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, gpd.GeoSeries, Grid]:
    results = folder / "data" / "results"
    roads = gpd.read_parquet(
        results / "geoparquet" / "djibouti-latest_filter-road" / "processed" / "slice-0_edges.geoparquet"
    )
    raster = next((results / "input" / "hazard-aqueduct-river" / "djibouti-latest").glob("*.tif"))
    with rasterio.open(raster) as file:
        grid = Grid(file.crs.to_string(), tuple(file.transform)[:6], file.width, file.height)
    expected = folder / "expected" / "results" / "splits" / "djibouti-latest_filter-road" / "hazard-aqueduct-river"
    lines = roads.set_index("id").geometry if "id" in roads else roads.geometry
    return gpd.read_parquet(expected / "slice-0.geoparquet"), split_lines(lines, grid), lines, grid


def test_the_pieces_and_their_cells_are_theirs(folder: Path) -> None:
    theirs, ours, lines, grid = theirs_and_ours(folder)
    assert grid.shape == (233, 256)
    assert len(lines) == 104
    assert len(ours) == len(theirs) == 685
    assert sorted(zip(ours["col"], ours["row"], strict=True)) == sorted(
        zip(theirs["raster_i"], theirs["raster_j"], strict=True)
    )
    np.testing.assert_allclose(
        np.sort(ours["length_m"]), np.sort(geodesic_length_m(theirs.geometry)), rtol=1e-4, atol=0.05
    )


def test_the_length_is_theirs(folder: Path) -> None:
    _theirs, _ours, lines, grid = theirs_and_ours(folder)
    assert geodesic_length_m(lines).sum() / 1000 == pytest.approx(406.000989, abs=1e-6)
    found = coverage(lines, grid)
    covered = found.total_amounts * (1 - found.uncovered_share.to_numpy())
    assert found.amounts.sum() == pytest.approx(covered.sum(), rel=1e-12)
