"""Toytown obeys the schemas, its rasters are those of make.py, and its README counts right."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely

from headwater.schema import faults, parse

TABLES = [
    "sources", "assets", "links", "zones", "hazard_layers", "hazard_classes", "curves", "curve_register",
    "curve_choices", "measures", "options", "changes",
]  # fmt: skip


@pytest.fixture
def toytown(root: Path) -> Path:
    return root / "tests" / "toytown"


@pytest.fixture
def tables(toytown: Path) -> dict[str, pd.DataFrame]:
    read = {name: parse(pd.read_csv(toytown / "study" / f"{name}.csv", dtype=str), name) for name in TABLES}
    assert not [fault for _table, found in read.values() for fault in found]
    return {name: table for name, (table, _found) in read.items()}


@pytest.mark.parametrize("name", TABLES)
def test_tables_obey_their_schemas(tables: dict[str, pd.DataFrame], name: str) -> None:
    assert len(tables[name])
    assert faults(tables[name], name, others=tables) == []


def test_every_source_is_declared_synthetic(tables: dict[str, pd.DataFrame]) -> None:
    assert tables["sources"]["publisher"].tolist() == ["Headwater developers"]
    assert tables["sources"]["caveat"].str.startswith("Synthetic").all()


def test_people_of_the_district_are_those_of_its_settlements(tables: dict[str, pd.DataFrame]) -> None:
    zones = tables["zones"].set_index("zone_id")
    parts = zones[zones["parent_zone_id"] == "toy"]
    for column in ("population", "population_female", "population_male"):
        assert parts[column].sum() == zones.at["toy", column]
    assert (zones["population_female"] + zones["population_male"]).equals(zones["population"])


def test_rasters_are_those_of_the_script(
    toytown: Path, tables: dict[str, pd.DataFrame], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    script = runpy.run_path(str(toytown / "make.py"))
    monkeypatch.setitem(script["main"].__globals__, "HAZARDS", tmp_path)
    script["main"]()
    files = sorted(Path(name).name for name in tables["hazard_layers"]["file"])
    assert sorted(path.name for path in tmp_path.iterdir()) == files
    assert sorted(path.name for path in (toytown / "study" / "hazards").glob("*.tif")) == files
    for name in files:
        with rasterio.open(tmp_path / name) as made, rasterio.open(toytown / "study" / "hazards" / name) as kept:
            assert (made.transform, made.crs, made.nodata) == (kept.transform, kept.crs, kept.nodata)
            np.testing.assert_array_equal(made.read(), kept.read())


@pytest.mark.parametrize(
    ("name", "rare", "frequent"),
    [
        ("r_ab", 0.1, 0.025), ("r_bc_1", 0.1, 0.025), ("r_bc_2", 0.1, 0.05), ("r_bd", 0.175, 0.075),
        ("r_de", 0.075, 0), ("r_fg", 0.025, 0), ("r_dd", 0.1, 0), ("reservoir", 0.15, 0), ("pipeline", 0.15, 0.05),
        ("pump", 0.1, 0), ("hospital", 0, 0), ("depot", 0, 0),
    ],
)  # fmt: skip
def test_shares_of_the_readme(
    toytown: Path, tables: dict[str, pd.DataFrame], name: str, rare: float, frequent: float
) -> None:
    """By brute force: the mean depth over thousands of points on the asset, times a tenth per metre."""
    rows = pd.concat([tables["assets"].set_index("asset_id"), tables["links"].set_index("link_id")])
    points = dense_points(rows.at[name, "geometry"])
    for period, share in ((100, rare), (10, frequent)):
        with rasterio.open(toytown / "study" / "hazards" / f"river_flood_2000_historical_rp{period}.tif") as file:
            column, row = ~file.transform @ points.T
            depths = file.read(1)[np.floor(row).astype(int), np.floor(column).astype(int)]
        assert (depths >= 0).all()
        assert 0.1 * depths.mean() == pytest.approx(share, abs=0.001)


def dense_points(shape: shapely.Geometry) -> np.ndarray:
    """Points spread evenly over a shape."""
    if shape.geom_type == "Point":
        return shapely.get_coordinates(shape)
    if "Line" in shape.geom_type:
        share = (np.arange(5000) + 0.5) / 5000
        return np.vstack(
            [shapely.get_coordinates(shapely.line_interpolate_point(p, share, normalized=True)) for p in shape.geoms]
            if shape.geom_type == "MultiLineString"
            else [shapely.get_coordinates(shapely.line_interpolate_point(shape, share, normalized=True))]
        )
    west, south, east, north = shape.bounds
    lon, lat = np.meshgrid(np.linspace(west, east, 301)[:-1] + 1e-5, np.linspace(south, north, 201)[:-1] + 1e-5)
    inside = shapely.contains_xy(shape, lon.ravel(), lat.ravel())
    return np.column_stack([lon.ravel(), lat.ravel()])[inside]
