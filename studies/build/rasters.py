"""Hazard rasters of a pack: windows of the source, value for value, in a small encoding."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import rasterio
import shapely
from rasterio.features import geometry_mask, geometry_window
from rasterio.windows import Window

from headwater.risk.hazards import layers_from_names

FLOAT_PREDICTOR = 3
TILE = 256


def reencode(source: Path, target: Path) -> None:
    """The same raster, deflated with the floating-point predictor; values, nodata and grid unchanged."""
    with rasterio.open(source) as raster:
        _write(target, raster.read(1), crs=raster.crs, transform=raster.transform, nodata=raster.nodata)


def clip(source: Path, target: Path, area: shapely.Geometry) -> int:
    """The window of all cells that touch the area, with the values as they are; NaN is declared as nodata.

    Returns
    -------
    cells
        Cells that touch the area and hold a value.
    """
    with rasterio.open(source) as raster:
        window = geometry_window(raster, [area])
        values, transform = raster.read(1, window=window), raster.window_transform(window)
        touched = ~geometry_mask([area], values.shape, transform, all_touched=True)
        rows, columns = np.flatnonzero(touched.any(axis=1)), np.flatnonzero(touched.any(axis=0))
        inner = Window(columns[0], rows[0], np.ptp(columns) + 1, np.ptp(rows) + 1)
        values = values[inner.toslices()]
        _write(target, values, crs=raster.crs, transform=rasterio.windows.transform(inner, transform), nodata=np.nan)
        return int((touched[inner.toslices()] & ~np.isnan(values)).sum())


def _write(target: Path, values: np.ndarray, *, crs: object, transform: object, nodata: float | None) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    tiles = {"tiled": True, "blockxsize": TILE, "blockysize": TILE} if min(values.shape) * 2 > TILE else {}
    with rasterio.open(
        target, "w", driver="GTiff", height=values.shape[0], width=values.shape[1], count=1, dtype="float32", crs=crs,
        transform=transform, nodata=nodata, compress="deflate", predictor=FLOAT_PREDICTOR, zlevel=9, **tiles,
    ) as raster:  # fmt: skip
        raster.write(values, 1)


# --- drought ---------------------------------------------------------------------------------------------------------

DROUGHT = "world-drought-isimip"


def drought_layers(data: Path, folder: Path, area: shapely.Geometry) -> pd.DataFrame:
    """Annual probabilities of extreme drought over an area, as rasters in the folder and rows of `hazard_layers`."""
    sources = sorted((data / DROUGHT).glob("*.tif"))
    for source in sources:
        clip(source, folder / "hazards" / source.name, area)
    return layers_from_names([f"hazards/{source.name}" for source in sources], source_id="isimip_drought")
