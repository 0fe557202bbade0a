"""What the cells under each asset hold: sums, means, highest values, and how much of the asset has no data.

Values are given per touched cell, in the order of `Coverage.touched_cells()`, one layer or several. A cell without
data is NaN; it is kept apart from zero: it enters no sum, mean or maximum, and `share_without_data` says how much of
each asset it concerns. Knows nothing of what the values mean.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from headwater.errors import PlaceError
from headwater.geo.cells import summarise
from headwater.geo.coverage import Coverage
from headwater.geo.grid import Floats
from headwater.geo.shapes import LINE, NO_SHAPE, POINT, listed
from headwater.words import _

SUMMARIES = ("amount", "weighted", "maximum", "above")


def zonal_mean(coverage: Coverage, values: npt.ArrayLike) -> pd.Series | pd.DataFrame:
    """Mean value under each asset, weighted by the amount in each cell, over the part with data.

    Parameters
    ----------
    coverage
        Assets × cells.
    values
        One value per touched cell, or layers × touched cells; NaN where there is no data.

    Returns
    -------
    mean
        By asset_id: a Series for one layer, a DataFrame with a column per layer for several. NaN where the asset has
        no part with data.

    Raises
    ------
    PlaceError
        If the values are not one per touched cell.

    Examples
    --------
    One well under 3 m of water, two under none:

    >>> import geopandas as gpd
    >>> from headwater.geo import coverage, grid
    >>> wells = gpd.GeoSeries.from_wkt(["MULTIPOINT (0.2 0.5, 1.2 0.5, 1.8 0.5)"], index=["wells"], crs="EPSG:4326")
    >>> pieces = coverage.coverage(wells, grid.Grid("EPSG:4326", (1, 0, 0, 0, -1, 1), width=2, height=1))
    >>> float(zonal_mean(pieces, [3, 0])["wells"])
    1.0
    """
    amount, weighted, _maximum, _above = _summaries(coverage, values, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return _labelled(coverage, np.where(amount > 0, weighted / amount, np.nan), "mean")


def zonal_max(coverage: Coverage, values: npt.ArrayLike) -> pd.Series | pd.DataFrame:
    """Highest value in the cells that hold any of each asset; NaN where none has data.

    Takes and returns what `zonal_mean` does.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from headwater.geo import coverage, grid
    >>> wells = gpd.GeoSeries.from_wkt(["MULTIPOINT (0.2 0.5, 1.2 0.5, 1.8 0.5)"], index=["wells"], crs="EPSG:4326")
    >>> pieces = coverage.coverage(wells, grid.Grid("EPSG:4326", (1, 0, 0, 0, -1, 1), width=2, height=1))
    >>> float(zonal_max(pieces, [3, np.nan])["wells"])
    3.0
    """
    _amount, _weighted, maximum, _above = _summaries(coverage, values, 0.0)
    return _labelled(coverage, maximum, "max")


def zonal_sum(coverage: Coverage, values: npt.ArrayLike) -> pd.Series | pd.DataFrame:
    """Sum of what the cells hold (people, tonnes), each polygon taking its share of each cell's ground.

    Cells without data add nothing; see `share_without_data`. Points and lines have no share of a cell.

    Parameters
    ----------
    coverage
        Polygons × cells.
    values
        What each touched cell holds in all, or layers × touched cells; NaN where there is no data.

    Returns
    -------
    sum
        By asset_id, as in `zonal_mean`.

    Raises
    ------
    PlaceError
        If the values are not one per touched cell, or an asset is a point or a line.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from headwater.geo import coverage, grid
    >>> field = gpd.GeoSeries.from_wkt(["POLYGON ((0 0, 1.5 0, 1.5 1, 0 1, 0 0))"], index=["field"], crs="EPSG:4326")
    >>> pieces = coverage.coverage(field, grid.Grid("EPSG:4326", (1, 0, 0, 0, -1, 1), width=2, height=1))
    >>> float(zonal_sum(pieces, [100, 60])["field"].round(6))  # all of 100 people and half of 60
    130.0
    """
    not_ground = np.flatnonzero((coverage.kinds == POINT) | (coverage.kinds == LINE))
    if not_ground.size:
        raise PlaceError(
            _("Points and lines have no share of what a cell holds: {names}.").format(
                names=listed(coverage.asset_ids, not_ground)
            )
        )
    shares = coverage.amounts / coverage.grid.cell_areas_m2(coverage.cells)
    _amount, weighted, _maximum, _above = _summaries(coverage, values, 0.0, amounts=shares)
    return _labelled(coverage, weighted, "sum")


def amount_above(coverage: Coverage, values: npt.ArrayLike, *, threshold: float) -> pd.Series | pd.DataFrame:
    """Amount of each asset in cells whose value is above a threshold [count, m or m²].

    Takes and returns what `zonal_mean` does.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from headwater.geo import coverage, grid
    >>> wells = gpd.GeoSeries.from_wkt(["MULTIPOINT (0.2 0.5, 1.2 0.5, 1.8 0.5)"], index=["wells"], crs="EPSG:4326")
    >>> pieces = coverage.coverage(wells, grid.Grid("EPSG:4326", (1, 0, 0, 0, -1, 1), width=2, height=1))
    >>> float(amount_above(pieces, [3, 0], threshold=0.1)["wells"])
    1.0
    """
    _amount, _weighted, _maximum, above = _summaries(coverage, values, threshold)
    return _labelled(coverage, above, "amount_above")


def share_without_data(coverage: Coverage, values: npt.ArrayLike) -> pd.Series | pd.DataFrame:
    """Share of the part of each asset within the grid that lies in cells without data, 0 to 1.

    Takes and returns what `zonal_mean` does; NaN for an asset with nothing within the grid. What lies outside the
    grid is `Coverage.uncovered_share`.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from headwater.geo import coverage, grid
    >>> wells = gpd.GeoSeries.from_wkt(["MULTIPOINT (0.2 0.5, 1.2 0.5, 1.8 0.5)"], index=["wells"], crs="EPSG:4326")
    >>> pieces = coverage.coverage(wells, grid.Grid("EPSG:4326", (1, 0, 0, 0, -1, 1), width=2, height=1))
    >>> float(share_without_data(pieces, [3, np.nan])["wells"].round(3))
    0.667
    """
    amount, _weighted, maximum, _above = _summaries(coverage, values, 0.0)
    covered = coverage.covered_amounts[:, None]
    entries = np.diff(coverage.indptr)[:, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(covered > 0, np.clip(1 - amount / covered, 0, 1), np.isnan(maximum).astype(float))
    return _labelled(coverage, np.where(entries > 0, share, np.nan), "share_without_data")


def _summaries(
    coverage: Coverage, values: npt.ArrayLike, threshold: float, *, amounts: Floats | None = None
) -> tuple[Floats, Floats, Floats, Floats]:
    """Amount with data, Σ amount · value, highest value and amount above the threshold: assets × layers each."""
    cells, inverse = coverage.touched_cells()
    layers = np.ascontiguousarray(np.atleast_2d(np.asarray(values, dtype=np.float64)))
    if layers.ndim != 2 or layers.shape[1] != len(cells):
        raise PlaceError(
            _("There are {cells} touched cells and values of shape {shape}: give one value per touched cell.").format(
                cells=len(cells), shape=np.shape(values)
            )
        )
    out = np.zeros((len(SUMMARIES), len(coverage.asset_ids), len(layers)))
    weights = coverage.amounts if amounts is None else amounts
    summarise(coverage.indptr, inverse, weights, layers, float(threshold), out)
    without = coverage.kinds == NO_SHAPE
    out[:, without] = np.nan
    one = np.ndim(values) == 1
    amount, weighted, maximum, above = (table[:, 0:1] if one else table for table in out)
    return amount, weighted, maximum, above


def _labelled(coverage: Coverage, table: Floats, name: str) -> pd.Series | pd.DataFrame:
    if table.shape[1] == 1:
        return pd.Series(table[:, 0], index=coverage.asset_ids, name=name)
    return pd.DataFrame(table, index=coverage.asset_ids)
