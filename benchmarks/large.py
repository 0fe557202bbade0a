"""100,000 long roads × a raster of 20,000 × 20,000 cells: within 3 GB, and little more than decoding the raster.

The yardstick is the raster itself: the CPU time of reading every block of it with rasterio and doing nothing with it.
A ratio of 1 would be splitting and looking up for nothing; the aim is to stay above 1 / 1.5 = 0.67.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks import inputs
from benchmarks.coverage import extrapolated
from benchmarks.harness import compare_sides, measure

CELLS, ROADS = 20_000, 100_000
JOB = "100,000 roads to 12.5 M pieces on 20,000 x 20,000 cells, read, split and look up"

Work = Callable[[], Any]


def compare() -> Iterator[dict[str, Any]]:
    """Decoding alone, then exactextract."""
    roads = str(inputs.roads(count=ROADS, vertices=32, step=3.1, cells=CELLS))
    raster = str(inputs.raster(cells=CELLS, is_flood=False))
    us = measure("benchmarks.large:ours", repeats=3, roads=roads, raster=raster)
    memory = {"ours_above_empty_mb": round(us.peak_mb - us.empty_mb), "pieces": us.result["pieces"]}
    decoding = measure("benchmarks.large:decoding", repeats=3, raster=raster)
    yield compare_sides("large", "decoding alone", us, decoding, job=JOB, **memory)

    options = {"module": "large", "roads": roads, "raster": raster}
    them = extrapolated("exactextract", 500, 1500, ROADS, **options)
    if abs(them.result["depth"] / us.result["depth_of_first"] - 1) > 0.02:
        raise AssertionError(f"exactextract did another job: {them.result} against {us.result}")
    yield compare_sides("large", "exactextract", us, them, extrapolated=True, job=JOB, **memory)


def ours(*, roads: str, raster: str) -> Work:
    import geopandas as gpd
    import numpy as np

    from headwater.geo.coverage import coverage
    from headwater.store.rasters import read_grid, values_at

    def work(path: str = roads) -> dict[str, float]:
        lines = gpd.read_parquet(path, columns=["road_id", "geometry"]).set_index("road_id").geometry
        grid = read_grid(raster)
        pieces = coverage(lines, grid)
        cells, where = pieces.touched_cells()
        depth = values_at([raster], grid, cells)[0]
        part = slice(0, pieces.indptr[min(1500, len(lines))])
        shared = (depth[where[part]] * pieces.amounts[part]).sum() / pieces.amounts[part].sum()
        mean = float(np.dot(depth[where], pieces.amounts) / pieces.amounts.sum())
        return {"pieces": len(pieces.cells), "depth": mean, "depth_of_first": float(shared)}

    work(str(inputs.first(Path(roads), 100)))  # compiled kernels and imports, not the job
    return work


def decoding(*, raster: str) -> Work:
    import rasterio

    def work() -> int:
        blocks = 0
        with rasterio.open(raster) as file:
            for _index, window in file.block_windows(1):
                file.read(1, window=window)
                blocks += 1
        return blocks

    return work


def exactextract(*, roads: str, raster: str, count: int) -> Work:
    from benchmarks.coverage import exactextract_end_to_end

    return exactextract_end_to_end(roads=roads, raster=raster, count=count)
