"""100,000 roads on a grid of 3,601 × 3,601 cells, and 10,000 buildings on the same.

*Table*: features in memory to the table of pieces, one row per feature and cell with the amount in it. *End to end*:
read the features (GeoParquet) and the raster (GeoTIFF), split, look up the depth on every piece. Peers that would take
too long are given two parts of the job; what a feature costs them is taken from the difference, so that their fixed
cost (opening the raster) is not scaled up.

Peers give lengths in degrees, or no length; the check is on what all of them give: the mean depth along the roads.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks import inputs
from benchmarks.harness import Measurement, compare_sides, measure

ROADS = 100_000
AGREE = 0.01
"""Share by which mean depths may differ: peers weigh pieces by degrees."""

Work = Callable[[], Any]


def compare() -> Iterator[dict[str, Any]]:
    """One row per peer and job."""
    yield from _table()
    yield from _end_to_end()
    yield from _buildings()


def _table() -> Iterator[dict[str, Any]]:
    roads = str(inputs.roads())
    us = measure("benchmarks.coverage:ours_table", repeats=7, roads=roads)
    for peer, side, few, many in (("snail, C++ core", "snail_core", 2000, 20_000), ("snail", "snail_public", 50, 150)):
        them = extrapolated(side, few, many, ROADS, roads=roads)
        _agree(peer, them.result["pieces"] / us.result["pieces"], within=0.1)  # a sample of the roads
        yield compare_sides(
            "coverage", peer, us, them, extrapolated=True, job="100,000 roads to 2.33 M pieces, table", **_memory(us)
        )


def _end_to_end() -> Iterator[dict[str, Any]]:
    roads, raster = str(inputs.roads()), str(inputs.raster())
    us = measure("benchmarks.coverage:ours_end_to_end", repeats=5, roads=roads, raster=raster)
    job = "100,000 roads, read, split and look up"
    them = measure("benchmarks.coverage:exactextract_end_to_end", repeats=1, roads=roads, raster=raster)
    _agree("exactextract", them.result["depth"] / us.result["depth"])
    yield compare_sides("coverage", "exactextract", us, them, job=job, **_memory(us))
    if find_spec("damagescanner") is None:
        print("coverage: DamageScanner is left out, it has no release for this Python", file=sys.stderr)
        return
    them = extrapolated("damagescanner_end_to_end", 500, 2000, ROADS, roads=roads, raster=raster)
    _agree("DamageScanner", them.result["depth"] / us.result["depth"], within=0.1)  # a sample, and its own lengths
    yield compare_sides("coverage", "DamageScanner", us, them, extrapolated=True, job=job, **_memory(us))


def _buildings() -> Iterator[dict[str, Any]]:
    options = {"buildings": str(inputs.buildings()), "raster": str(inputs.raster())}
    us = measure("benchmarks.coverage:ours_buildings", repeats=7, **options)
    for peer, side in (
        ("exactextract, buildings", "exactextract_buildings"),
        ("rasterstats, buildings", "rasterstats"),
    ):
        them = measure(f"benchmarks.coverage:{side}", repeats=1, **options)
        if "depth" in them.result:
            _agree(peer, them.result["depth"] / us.result["depth"])
        yield compare_sides("coverage", peer, us, them, job="10,000 buildings, zonal mean, table", **_memory(us))


def extrapolated(
    side: str, few: int, many: int, whole: int, *, module: str = "coverage", **options: Any
) -> Measurement:
    """A side measured on two parts of the job and taken to the whole: fixed cost once, cost per feature for each."""
    small = measure(f"benchmarks.{module}:{side}", repeats=1, count=few, **options)
    large = measure(f"benchmarks.{module}:{side}", repeats=1, count=many, **options)
    each = (large.cpu_s - small.cpu_s) / (many - few)
    result = dict(large.result)
    if "pieces" in result:
        result["pieces"] *= whole / many
    return replace(large, cpu_s=large.cpu_s + each * (whole - many), result=result)


def _agree(peer: str, ratio: float, *, within: float = 2 * AGREE) -> None:
    if abs(ratio - 1) > within:
        raise AssertionError(f"{peer} did another job: {ratio:.4f} of ours")


def _memory(us: Measurement) -> dict[str, int]:
    return {"ours_above_empty_mb": round(us.peak_mb - us.empty_mb)}


# ----- sides


def ours_table(*, roads: str) -> Work:
    import geopandas as gpd

    from headwater.geo.coverage import coverage
    from headwater.geo.grid import Grid

    lines = gpd.read_parquet(roads).set_index("road_id").geometry
    cell = inputs.ARCSECOND
    grid = Grid("EPSG:4326", (cell, 0, 0, 0, -cell, 3601 * cell), 3601, 3601)

    def work() -> dict[str, float]:
        return {"pieces": len(coverage(lines, grid).cells)}

    work()
    return work


def ours_end_to_end(*, roads: str, raster: str) -> Work:
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
        return {"depth": float(np.dot(depth[where], pieces.amounts) / pieces.amounts.sum())}

    work(str(inputs.first(Path(roads), 1000)))  # compiled kernels and imports, not the job
    return work


def ours_buildings(*, buildings: str, raster: str) -> Work:
    import geopandas as gpd
    import numpy as np

    from headwater.geo.coverage import coverage
    from headwater.geo.zonal import zonal_mean
    from headwater.store.rasters import read_grid

    shapes, grid, depths = gpd.read_parquet(buildings).geometry, read_grid(raster), _in_memory(raster).ravel()

    def work() -> dict[str, float]:
        pieces = coverage(shapes, grid)
        cells, _where = pieces.touched_cells()
        return {"depth": float(np.mean(zonal_mean(pieces, depths[cells])))}

    work()
    return work


def snail_core(*, roads: str, count: int) -> Work:
    """The compiled functions alone, without snail's tables: split each road; ask each piece its length and its cell.

    The length is the amount in the table; snail's own loop asks for it too, to drop the empty pieces it may return.
    """
    import geopandas as gpd
    from snail.core.intersections import get_cell_indices, split_linestring

    lines = gpd.read_parquet(roads).geometry.to_numpy()[:count]
    cell = inputs.ARCSECOND
    transform = [cell, 0.0, 0.0, 0.0, -cell, 3601 * cell]

    def work() -> dict[str, float]:
        table = []
        for line in lines:
            for piece in split_linestring(line, 3601, 3601, transform):
                length = piece.length
                if length > 0:
                    table.append((*get_cell_indices(piece, 3601, 3601, transform), length))
        return {"pieces": len(table)}

    return work


def snail_public(*, roads: str, count: int) -> Work:
    import geopandas as gpd
    from snail.intersection import GridDefinition, apply_indices, split_linestrings

    lines = gpd.read_parquet(roads).iloc[:count]
    cell = inputs.ARCSECOND
    grid = GridDefinition("EPSG:4326", 3601, 3601, (cell, 0.0, 0.0, 0.0, -cell, 3601 * cell))

    def work() -> dict[str, float]:
        return {"pieces": len(apply_indices(split_linestrings(lines, grid), grid))}

    return work


def exactextract_end_to_end(*, roads: str, raster: str, count: int | None = None) -> Work:
    import geopandas as gpd
    import numpy as np
    from exactextract import exact_extract

    def work() -> dict[str, float]:
        lines = gpd.read_parquet(roads).iloc[:count]
        found = exact_extract(raster, lines, ["cell_id", "coverage", "values"], output="pandas")
        lengths = np.concatenate(found["coverage"].to_numpy())
        depth = np.concatenate(found["values"].to_numpy()) * lengths
        return {"depth": float(depth.sum() / lengths.sum())}

    return work


def damagescanner_end_to_end(*, roads: str, raster: str, count: int) -> Work:
    import numpy as np
    from damagescanner.vector import VectorExposure

    part = inputs.first(Path(roads), count)

    def work() -> dict[str, float]:
        found = VectorExposure(Path(raster), part, disable_progress=True)[0]
        lengths = np.concatenate(found["coverage"].to_numpy())
        depth = np.concatenate(found["values"].to_numpy()) * lengths
        return {"depth": float(depth.sum() / lengths.sum())}

    return work


def exactextract_buildings(*, buildings: str, raster: str) -> Work:
    import geopandas as gpd
    from exactextract import exact_extract
    from exactextract.raster import NumPyRasterSource

    shapes, end = gpd.read_parquet(buildings), 3601 * inputs.ARCSECOND
    depths = NumPyRasterSource(_in_memory(raster), 0, 0, end, end, srs_wkt=shapes.crs.to_wkt())

    def work() -> dict[str, float]:
        return {"depth": float(exact_extract(depths, shapes, ["mean"], output="pandas")["mean"].mean())}

    return work


def rasterstats(*, buildings: str, raster: str) -> Work:
    """It samples cell centres, so it has nothing to say of most buildings: its answer is not compared."""
    import geopandas as gpd
    from affine import Affine
    from rasterstats import zonal_stats

    shapes, depths, cell = gpd.read_parquet(buildings), _in_memory(raster), inputs.ARCSECOND
    transform = Affine(cell, 0, 0, 0, -cell, 3601 * cell)

    def work() -> dict[str, float]:
        found = zonal_stats(shapes, depths, affine=transform, stats=["mean"], nodata=-9999)
        return {"silent": sum(stats["mean"] is None for stats in found)}

    return work


def _in_memory(raster: str) -> Any:
    import rasterio

    with rasterio.open(raster) as file:
        return file.read(1)
