"""Kilometres of road under water in Djibouti, against shapely and pyproj."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from pyproj import Geod

from headwater.geo.coverage import coverage
from headwater.risk.damage import damages_table, exposures
from headwater.risk.expected import RULES, ead_weights, expected_annual_damage
from headwater.risk.hazards import layer_groups, layers_from_names
from headwater.store.rasters import read_grid, values_at

THRESHOLD_M = 0.1


@pytest.fixture(scope="module")
def folder(shared_data):
    return shared_data / "dji-roads-floods"


@pytest.fixture(scope="module")
def roads(folder):
    edges = gpd.read_file(folder / "dji_network.gpkg", layer="road_edges").set_index("id").rename_axis("asset_id")
    costs = edges["rehab_cost_min"] * edges["lanes"] / 1000
    return edges.assign(
        sector="transport",
        kind="road_" + edges["tag_highway"],
        is_paved=edges["paved"].astype(bool),
        unit_value_usd=costs,
    )


@pytest.fixture(scope="module")
def layers(folder):
    names = [path.name for path in folder.glob("inunriver*.tif")]
    (group,) = layer_groups(layers_from_names(names, source_id="aqueduct"))
    return group


@pytest.fixture(scope="module")
def covered(roads, folder, layers):
    return coverage(roads.geometry, read_grid(folder / layers["file"].iloc[0]))


@pytest.fixture(scope="module")
def depths(covered, folder, layers):
    return values_at([folder / file for file in layers["file"]], covered.grid, covered.touched_cells()[0])


def flooded_km(path, lines):
    """Length inside the cells deeper than the threshold, by intersecting with their outline."""
    with rasterio.open(path) as raster:
        depth, transform = raster.read(1), raster.transform
    rows, columns = np.nonzero(depth > THRESHOLD_M)
    west, north = transform @ (columns, rows)
    east, south = transform @ (columns + 1, rows + 1)
    wet = shapely.union_all(shapely.box(west, south, east, north))
    geod = Geod(ellps="WGS84")
    return sum(geod.geometry_length(line) for line in shapely.intersection(lines, wet)) / 1000


@pytest.mark.parametrize(("return_period", "published"), [(100, 124), (1000, 159)])
def test_length_under_water(covered, depths, layers, folder, roads, return_period, published):
    table = exposures(covered, layers, depths, threshold=THRESHOLD_M)
    layer = layers[layers["return_period_yr"] == return_period].iloc[0]
    ours = table.loc[table["layer_id"] == layer["layer_id"], "exposed_amount"].sum() / 1000
    assert ours == pytest.approx(flooded_km(folder / layer["file"], roads.geometry.to_numpy()), rel=1e-6)
    assert ours == pytest.approx(published, abs=1)  # published in whole km, measure of length not stated


def test_ead_of_the_three_worst_roads_by_hand(covered, depths, layers, roads):
    """Every rule, from the table of damages alone, with the sum written out."""
    damages = damages_table(roads, covered, layers, depths)
    worst = damages.groupby("asset_id")["damage_usd"].sum().nlargest(3).index
    probability = 1 / layers["return_period_yr"].to_numpy()
    for rule in RULES:
        result = expected_annual_damage(damages, rule=rule).set_index("asset_id")["ead_usd_per_yr"]
        for road in worst:
            rows = damages[damages["asset_id"] == road].sort_values("return_period_yr")
            damage, area = rows["damage_usd"].to_numpy(), 0.0
            for k in range(len(damage) - 1):
                p, q, a, b = probability[k], probability[k + 1], damage[k], damage[k + 1]
                slope = (a - b) / np.log(p / q)
                logarithmic = a * p - b * q - slope * (p - q)
                area += logarithmic if rule == "loglinear" else (p - q) * (a + b) / 2
            tail = {"trapezoid": 0.0, "triangle": 0.5}.get(rule, 1.0)
            assert result[road] == pytest.approx(area + tail * damage[-1] * probability[-1], rel=1e-12)
            assert result[road] > 0


def test_protection_takes_away_the_frequent_floods(covered, depths, layers, roads):
    damages = damages_table(roads, covered, layers, depths)
    totals = [
        expected_annual_damage(damages, protection_return_period_yr=standard)["ead_usd_per_yr"].sum()
        for standard in (None, 10.0, 50.0, 1000.0)
    ]
    assert totals == sorted(totals, reverse=True)
    rarest = damages[damages["return_period_yr"] == 1000]["damage_usd"].sum()
    assert totals[-1] == pytest.approx(rarest / 1000)
    by_series = expected_annual_damage(damages, protection_return_period_yr=pd.Series(10.0, index=roads.index))
    assert by_series["ead_usd_per_yr"].sum() == pytest.approx(totals[1])
    assert ead_weights(layers["return_period_yr"]).min() > 0
