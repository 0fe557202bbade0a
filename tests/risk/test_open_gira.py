"""Another group's worked case, value for value: Djibouti roads under Aqueduct river floods.

nismod/open-gira (commit 3acb87d, MIT), tests/integration/rasterise_osm_network and return_period_direct_damages. Two
differences are deliberate. Their pieces are one per passage through a cell, ours one per cell: 685 become 666. Their
depth of -9999 is passed through as a number; to us it is no data.
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from headwater.geo.coverage import coverage
from headwater.risk.curves import curve_set, damage_share
from headwater.risk.damage import damages
from headwater.store.rasters import read_grid, values_at

SLICE = "djibouti-latest_filter-road"
DEPTH_SUMS = [0.32149, 4.40622, 7.22563, 10.78949, 13.43173, 16.05203, 19.49698, 22.09143, 24.68033]
"""Sum of depths of 0 and above over the pieces, return periods 2 to 1,000 years."""


@pytest.fixture(scope="module")
def case(shared_data):
    return shared_data / "open-gira" / "rasterise_osm_network"


@pytest.fixture(scope="module")
def pieces(case):
    """Their pieces: the expected result."""
    return gpd.read_parquet(
        case / "expected" / "results" / "splits" / SLICE / "hazard-aqueduct-river" / "slice-0.geoparquet"
    )


@pytest.fixture(scope="module")
def rasters(case):
    return sorted((case / "data" / "results" / "input" / "hazard-aqueduct-river" / "djibouti-latest").glob("*.tif"))


@pytest.fixture(scope="module")
def roads(case, rasters):
    """Our coverage of their edges."""
    folder = case / "data" / "results" / "geoparquet" / SLICE / "processed"
    edges = gpd.read_parquet(folder / "slice-0_edges.geoparquet").set_index("edge_id")
    return coverage(edges.geometry, read_grid(rasters[0]))


@pytest.fixture(scope="module")
def depths(roads, rasters):
    return values_at(rasters, roads.grid, roads.touched_cells()[0])


def theirs_by_cell(pieces, column):
    keys = {"asset_id": pieces["edge_id"], "row": pieces["raster_j"], "col": pieces["raster_i"]}
    return pieces[column].groupby(list(keys.values())).sum().rename_axis(list(keys)).sort_index()


def test_same_cells_of_each_edge_and_same_lengths(roads, pieces):
    assert (len(roads.asset_ids), len(pieces)) == (104, 685)
    ours = roads.to_frame().set_index(["asset_id", "row", "col"])["amount"].sort_index() / 1000
    theirs = theirs_by_cell(pieces, "length_km")
    assert ours.index.equals(theirs.index)
    assert len(ours) == 666
    np.testing.assert_allclose(ours, theirs, rtol=2e-5)
    assert ours.sum() == pytest.approx(406.000989, abs=5e-7)


def test_nine_hazard_columns_value_for_value(roads, depths, rasters, pieces):
    cells, _positions = roads.touched_cells()
    at = np.searchsorted(cells, pieces["raster_j"] * roads.grid.width + pieces["raster_i"])
    for path, values, total in zip(rasters, depths, DEPTH_SUMS, strict=True):
        theirs = pieces[f"hazard-{path.stem}"].to_numpy()
        no_data = theirs == -9999
        assert no_data.sum() == 43
        assert np.isnan(values[at][no_data]).all()
        assert np.array_equal(values[at][~no_data], theirs[~no_data])
        assert round(float(theirs[~no_data].sum(dtype=float)), 5) == total


# --- damage at a return period of 1,000 years -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(shared_data):
    return shared_data / "open-gira" / "return_period_direct_damages"


@pytest.fixture(scope="module")
def edges(folder):
    path = folder / "data" / "results" / "geoparquet" / SLICE / "processed" / "slice-0_edges.geoparquet"
    return gpd.read_parquet(path).set_index("id")


@pytest.fixture(scope="module")
def curves(shared_data, edges):
    """Their curve of each asset type: the first two columns; bridges have none."""
    config = shared_data / "open-gira" / "config" / "damage_curves" / "flood"
    tables = []
    for kind in sorted(set(edges["asset_type"]) - {"road_bridge"}):
        points = pd.read_csv(config / f"{kind}.csv", comment="#").iloc[:, :2]
        points.columns = ["intensity", "damage_share"]
        tables.append(points.assign(curve_id=kind, intensity_unit="m"))
    return pd.concat(tables, ignore_index=True)


@pytest.fixture(scope="module")
def outcomes(folder):
    return folder / "expected" / "results" / "direct_damages" / SLICE / "hazard-aqueduct-river"


def test_damage_shares_of_660_pieces(folder, curves, outcomes):
    split = folder / "data" / "results" / "splits" / SLICE / "hazard-aqueduct-river" / "slice-0.parquet"
    pieces = pd.read_parquet(split)
    depth = pieces["hazard-inunriver_rcp4p5_MIROC-ESM-CHEM_2030_rp01000"].astype(float)
    depth = depth.mask(depth == -9999)
    total, count = 0.0, 0
    for kind, rows in depth.groupby(pieces["asset_type"]):
        if kind != "road_bridge":
            total += np.nansum(damage_share(rows, curves, str(kind), unit="m"))
            count += len(rows)
    expected = gpd.read_parquet(outcomes / "fraction_per_RP" / "slice-0.geoparquet")
    assert count == len(expected) == 660
    assert total == pytest.approx(4.507572804987, abs=5e-12)


def test_cost_of_82_edges(shared_data, edges, roads, depths, curves, outcomes):
    costs = pd.read_csv(shared_data / "open-gira" / "config" / "rehab_costs" / "road.csv", comment="#")
    per_km = edges["asset_type"].map(costs.set_index("asset_type").iloc[:, 0]) * edges["lanes"]
    edges = edges.reindex(roads.asset_ids)
    kinds = edges["asset_type"].where(edges["asset_type"] != "road_bridge")
    value = np.repeat(per_km.reindex(roads.asset_ids).to_numpy()[None] / 1000, 3, axis=0)
    result = damages(roads, depths[-1:], unit_values=value, curves=curve_set(curves, unit="m"), curve_id=kinds)
    ours = pd.Series(result.damage_usd[0, 0], index=roads.asset_ids)

    expected = gpd.read_parquet(outcomes / "cost_per_RP" / "slice-0.geoparquet").set_index("id")
    theirs = expected["hazard-inunriver_rcp4p5_MEAN_2030_rp01000"]
    assert theirs.sum() == pytest.approx(1_635_977.680058, abs=1e-6)
    assert kinds.notna().sum() == len(theirs) == 82
    np.testing.assert_allclose(ours[theirs.index].fillna(0), theirs, rtol=1e-5, atol=1e-6)
    assert ours.sum() == pytest.approx(1_635_977.680058, rel=1e-7)
    assert ours[kinds.isna()].isna().all()
