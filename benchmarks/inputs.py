"""Inputs made from fixed seeds, once, under `benchmarks/data`: roads, buildings and rasters.

Roads wander as roads do: segments of some 75 m (OpenStreetMap's roads of Djibouti have 103 m) that mostly keep their
direction. Everything lies at the equator, where a degree is nearly the same length both ways, so that peers who measure
in degrees can be checked.
"""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import rasterio
import shapely

from benchmarks.harness import DATA

CRS = "EPSG:4326"
ARCSECOND = 1 / 3600


def roads(*, count: int = 100_000, vertices: int = 8, step: float = 2.5, cells: int = 3601) -> Path:
    """Lines on a grid of so many one-arcsecond cells from (0, 0) north-east; `step` is a segment's length [cells]."""
    path = DATA / f"roads_{count}_{vertices}_{step}_{cells}.parquet"
    if not path.exists():
        rng = np.random.default_rng(7)
        margin = vertices * step
        start = rng.uniform(margin, cells - margin, (count, 1, 2))
        heading = rng.uniform(0, 2 * np.pi, (count, 1)) + np.cumsum(rng.normal(0, 0.25, (count, vertices)), axis=1)
        steps = np.stack([np.cos(heading), np.sin(heading)], axis=-1) * rng.gamma(4, step / 4, (count, vertices, 1))
        lines = shapely.linestrings((start + np.cumsum(steps, axis=1)).clip(0.01, cells - 0.01) * ARCSECOND)
        _write(gpd.GeoDataFrame({"road_id": np.arange(count)}, geometry=lines, crs=CRS), path)
    return path


def buildings(*, count: int = 10_000, cells: int = 3601) -> Path:
    """Rectangles of some 12 m by 20 m, turned any way, on the same grid."""
    path = DATA / f"buildings_{count}_{cells}.parquet"
    if not path.exists():
        rng = np.random.default_rng(8)
        half = rng.uniform((0.1, 0.2), (0.3, 0.45), (count, 2))[:, None, :] * [(-1, -1), (1, -1), (1, 1), (-1, 1)]
        turn = rng.uniform(0, np.pi, (count, 1))
        x, y = half[..., 0], half[..., 1]
        turned = np.stack([x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)], axis=-1)
        corners = (turned + rng.uniform(2, cells - 2, (count, 1, 2))) * ARCSECOND
        _write(gpd.GeoDataFrame({"id": np.arange(count)}, geometry=shapely.polygons(corners), crs=CRS), path)
    return path


def first(path: Path, count: int) -> Path:
    """The first so many features of a file."""
    part = path.with_name(f"{path.stem}_first_{count}.parquet")
    if not part.exists():
        _write(gpd.read_parquet(path).iloc[:count], part)
    return part


def raster(*, cells: int = 3601, is_flood: bool = True) -> Path:
    """Depths in steps of a centimetre, in tiles of 256 by 256, deflated.

    A flood leaves four cells in five dry, as on the roads of Djibouti at a return period of 1,000 years. Otherwise
    every other cell has a value, as in a map of wind or ground, with the floating-point predictor: slow to decode.
    """
    path = DATA / f"{'flood' if is_flood else 'surface'}_{cells}.tif"
    if not path.exists():
        DATA.mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng(9)
        unfinished = path.with_suffix(".part.tif")
        transform = rasterio.Affine(ARCSECOND, 0, 0, 0, -ARCSECOND, cells * ARCSECOND)
        layout = {"tiled": True, "blockxsize": 256, "blockysize": 256, "compress": "deflate"}
        with rasterio.open(
            unfinished, "w", driver="GTiff", width=cells, height=cells, count=1, dtype="float32", crs=CRS,
            transform=transform, nodata=-9999.0, predictor=1 if is_flood else 3, zlevel=1, num_threads="all_cpus",
            bigtiff="if_safer", **layout,
        ) as file:  # fmt: skip
            for _index, window in file.block_windows(1):
                file.write(_depths(window, rng, 1.75 if is_flood else 0.0), 1, window=window)
        unfinished.rename(path)
    return path


def _depths(window: rasterio.windows.Window, rng: np.random.Generator, dry_below: float) -> np.ndarray:
    row = window.row_off + np.arange(window.height)[:, None]
    column = window.col_off + np.arange(window.width)
    ground = 2 * np.sin(row / 310) + 2 * np.cos(column / 270) + np.sin((row + column) / 57)
    depth = np.maximum(ground - dry_below + rng.normal(0, 0.05, ground.shape), 0)
    return np.round(depth, 2).astype(np.float32)


def _write(features: gpd.GeoDataFrame, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    features.to_parquet(unfinished)
    unfinished.rename(path)
