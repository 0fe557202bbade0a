"""A made-up country, as large as wanted: roads, a power grid, water works, exchanges and towns.

Every figure is invented. It serves to run the whole job on something larger than Toytown, in several ways.
"""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
from rasterio import Affine
from shapely import LineString, Point

ORIGIN, STEP_DEG, SOURCE = (5.0, 1.0), 0.05, "national"
PERIODS = (10, 100, 1000)

HEADER = """
[study]
id = "national"
title.en = "A made-up country"
iso3 = "XXX"
currency = "USD"
price_year = 2025
base_year = 2025
horizon_year = 2050
crs = "EPSG:4326"

[assumptions]
discount_rate = {value = 0.05, basis = "judgement"}
default_speed_km_per_h = {value = 60, basis = "judgement"}
access_speed_km_per_h = {value = 20, basis = "judgement"}
max_access_m = {value = 5000, basis = "judgement"}
samples = {value = SAMPLES, basis = "judgement"}
failure_range_m = {value = 20000, basis = "judgement"}

[[services]]
id = "hospital"
facility_kinds = ["hospital"]
zone_kind = "settlement"

[[services]]
id = "electricity"
mode = "network"
sector = "energy"
unit = "MW"
facility_kinds = ["gas_power"]
link_kinds = ["power_line"]
zone_kind = "settlement"
max_distance_m = 10000
demand_per_person = 0.0001
basis = "judgement"

[[services]]
id = "water"
mode = "nearest"
sector = "water"
facility_kinds = ["water_works"]
zone_kind = "settlement"
max_distance_m = 60000
basis = "judgement"

[[services]]
id = "connectivity"
mode = "nearest"
sector = "digital"
facility_kinds = ["exchange"]
zone_kind = "settlement"
max_distance_m = 5000
basis = "judgement"
"""

RULES = [
    ("hospital_power", "social", "hospital", "electricity", 10_000, 6),
    ("works_power", "water", "water_works", "electricity", 10_000, 2),
    ("exchange_power", "digital", "exchange", "electricity", 10_000, 4),
    ("hospital_water", "social", "hospital", "water", 60_000, 24),
]


THRESHOLDS = [("transport", 0.2, 0.5, 1.0), ("energy", 0.5, 1.0, 2.0), ("water", 0.5, 1.0, 1.5)]


def write_national(folder: Path, *, side: int = 20, samples: int = 100, seed: int = 7) -> Path:
    """Write the study of a country of `side` times `side` towns; says where."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "study.toml").write_text(HEADER.replace("SAMPLES", str(samples)), encoding="utf-8")
    places = _places(side, rng)
    assets, links = _assets(places, side, rng), _links(places, side, rng)
    _frame([{"source_id": SOURCE, "title": "Made up", "publisher": "-", "licence": "-"}], "sources", folder)
    _frame(assets, "assets", folder)
    _frame(links, "links", folder)
    zones = [
        {"zone_id": f"z{i:05}", "name": f"Town {i}", "kind": "settlement", "geometry": Point(*at).wkt,
         "population": int(rng.pareto(1.2) * 2000 + 200), "is_urban": bool(rng.random() < 0.4), "source_id": SOURCE}
        for i, at in enumerate(places)
    ]  # fmt: skip
    _frame(zones, "zones", folder)
    names = ("rule_id", "applies_to_sector", "applies_to_kind", "service", "max_distance_m", "backup_h")
    _frame([dict(zip(names, rule, strict=True)) | {"basis": "judgement"} for rule in RULES], "dependency_rules", folder)
    _frame(
        [
            {"hazard": "river_flood", "sector": sector, "kind": "any", "fails_from": mode, "fails_from_low": low,
             "fails_from_high": high, "basis": "judgement"}
            for sector, low, mode, high in THRESHOLDS
        ],
        "fragility", folder,
    )  # fmt: skip
    _frame(
        [
            {"hazard": "any", "sector": sector, "kind": "any", "repair_h": hours, "repair_h_low": hours / 2,
             "repair_h_high": hours * 2, "basis": "judgement"}
            for sector, hours in (("transport", 24), ("energy", 48), ("water", 72), ("digital", 12), ("social", 96))
        ],
        "recovery", folder,
    )  # fmt: skip
    _floods(folder, side, rng)
    return folder


def _places(side: int, rng: np.random.Generator) -> np.ndarray:
    grid = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1).reshape(-1, 2)
    return np.asarray(ORIGIN + STEP_DEG * (grid + rng.uniform(-0.3, 0.3, grid.shape) + 0.5)).round(5)


def _assets(places: np.ndarray, side: int, rng: np.random.Generator) -> list[dict]:
    """A junction and a substation in every town; power stations, hospitals, water works and exchanges in some."""
    rows = []
    for i, at in enumerate(places):
        kinds = [("transport", "road_node", 1.0), ("energy", "substation", 1.0), ("energy", "gas_power", 0.03),
                 ("social", "hospital", 0.1), ("water", "water_works", 0.05), ("digital", "exchange", 0.9)]  # fmt: skip
        for sector, kind, chance in kinds:
            if i == 0 or rng.random() < chance:
                rows.append(
                    {"asset_id": f"{kind}_{i:05}", "name": f"{kind} {i}", "sector": sector, "kind": kind,
                     "geometry": Point(*at).wkt, "source_id": SOURCE,
                     "capacity": float(rng.uniform(100, 400)) if kind == "gas_power" else None,
                     "capacity_unit": "MW" if kind == "gas_power" else None}
                )  # fmt: skip
    return rows


def _links(places: np.ndarray, side: int, rng: np.random.Generator) -> list[dict]:
    """Roads to most neighbours; power lines along a sparser set, tree-like."""
    rows = []
    number = np.arange(side * side).reshape(side, side)
    pairs = [(number[:, :-1], number[:, 1:]), (number[:-1], number[1:])]
    kinds = (("road", "transport", "road_node", 0.8), ("power_line", "energy", "substation", 0.6))
    for a, b in ((int(a), int(b)) for one, other in pairs for a, b in zip(one.ravel(), other.ravel(), strict=True)):
        for kind, sector, node, chance in kinds:
            if rng.random() < chance:
                ends = {"from_asset_id": f"{node}_{a:05}", "to_asset_id": f"{node}_{b:05}"}
                line = LineString([places[a], places[b]]).wkt
                row = {"link_id": f"{kind}_{a:05}_{b:05}", "sector": sector, "kind": kind, "geometry": line}
                rows.append(row | ends | {"source_id": SOURCE})
    return rows


def _floods(folder: Path, side: int, rng: np.random.Generator) -> None:
    cells = side * 4
    height = rng.normal(size=(cells + 8, cells + 8))
    for _round in range(3):  # smooth by averaging neighbours
        height = sum(np.roll(height, shift, axis) for axis in (0, 1) for shift in (-2, -1, 0, 1, 2)) / 10
    height = (height[:cells, :cells] - height.mean()) / height.std()
    (folder / "hazards").mkdir(exist_ok=True)
    rows = []
    for period in PERIODS:
        depth = np.clip(height * 1.2 + np.log10(period) - 2.2, 0, None).astype("float32")
        name = f"hazards/flood_rp{period}.tif"
        transform = Affine(STEP_DEG / 4, 0, ORIGIN[0], 0, -STEP_DEG / 4, ORIGIN[1] + side * STEP_DEG)
        with rasterio.open(folder / name, "w", driver="GTiff", height=cells, width=cells, count=1, dtype="float32",
                           crs="EPSG:4326", transform=transform, nodata=-9999.0) as file:  # fmt: skip
            file.write(depth, 1)
        rows.append(
            {"layer_id": f"flood_rp{period}", "hazard": "river_flood", "quantity": "intensity", "unit": "m",
             "scenario": "historical", "model": "made_up", "epoch": 2020, "return_period_yr": period, "file": name,
             "source_id": SOURCE}
        )  # fmt: skip
    _frame(rows, "hazard_layers", folder)


def _frame(rows: list[dict], name: str, folder: Path) -> None:
    table = pd.DataFrame(rows)
    assert not isinstance(table, gpd.GeoDataFrame)
    table.to_csv(folder / f"{name}.csv", index=False)
