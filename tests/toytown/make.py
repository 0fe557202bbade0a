"""Write Toytown's rasters: `python tests/toytown/make.py` gives the committed files again, cell for cell."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import rasterio
from rasterio import Affine

HAZARDS = Path(__file__).parent / "study" / "hazards"
NODATA = -9999.0
NO = NODATA

FLOOD_RP10 = [
    [0, 0, 0, 0, 0, NO],
    [0, 0, 0, 0, 0, NO],
    [0, 0, 1, 0, 0, 0],
    [0, 0, 1, 0, 0, 0],
]
FLOOD_RP100 = [
    [2, 0, 0, 0, 0, NO],
    [0, 0, 1, 1, 0, NO],
    [0, 1, 2, 1, 0, 1],
    [0, 1, 2, 1, 0, 0],
]
DROUGHT = [
    [0.02, NO],
    [0.05, 0.10],
]
"""Cells from north to south and west to east; the north-west corner is 5° E, 1.04° N."""


def deeper(depths: list[list[float]]) -> list[list[float]]:
    """The same flood with another metre of water wherever there is water."""
    return [[depth + 1 if depth > 0 else depth for depth in row] for row in depths]


def write_raster(name: str, cells: list[list[float]], *, width: float, height: float) -> None:
    """One band of 32-bit floats in EPSG:4326, cells `width` by `height` degrees."""
    values = np.array(cells, dtype="float32")
    with rasterio.open(
        HAZARDS / name,
        "w",
        driver="GTiff",
        height=values.shape[0],
        width=values.shape[1],
        count=1,
        dtype="float32",
        crs="EPSG:4326",
        transform=Affine(width, 0.0, 5.0, 0.0, -height, 1.04),
        nodata=NODATA,
    ) as file:
        file.write(values, 1)


def main() -> None:
    HAZARDS.mkdir(parents=True, exist_ok=True)
    for period, depths in ((10, FLOOD_RP10), (100, FLOOD_RP100)):
        write_raster(f"river_flood_2000_historical_rp{period}.tif", depths, width=0.01, height=0.01)
        write_raster(f"river_flood_2050_rcp8p5_rp{period}.tif", deeper(depths), width=0.01, height=0.01)
    write_raster("drought_2050_rcp8p5.tif", DROUGHT, width=0.03, height=0.02)


if __name__ == "__main__":
    main()
