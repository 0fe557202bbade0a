"""How much of each asset lies in each cell of a grid: the sparse matrix that every hazard layer on it shares.

A point counts 1, a line its geodesic metres, a polygon its square metres on the ellipsoid. Split once per grid, look
up many layers. Knows nothing of what the cells hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from headwater.errors import PlaceError
from headwater.geo import cells as marked
from headwater.geo import measure
from headwater.geo.distance import crs_of
from headwater.geo.grid import Floats, Grid, Integers
from headwater.geo.pieces import (
    Block,
    covered,
    in_grid_crs,
    offsets,
    prepared_lines,
    rasterised,
    walked_lines,
)
from headwater.geo.shapes import LINE, NO_SHAPE, POINT, POLYGON, Geometries, kinds, listed, ragged
from headwater.words import _

UNITS = {POINT: "count", LINE: "m", POLYGON: "m2"}
"""Unit of the amounts of each kind of shape."""

SHORTFALL = 1e-9
"""Share of an asset that rounding, and not the edge of the grid, leaves uncovered."""


@dataclass(frozen=True, eq=False)
class Coverage:
    """Assets × cells, each entry the amount of the asset in the cell; rows compressed.

    The entries of asset i are `indptr[i]` to `indptr[i + 1]` of `cells` and `amounts`. It takes 16 bytes an entry.

    Attributes
    ----------
    grid
        The grid.
    asset_ids
        Index of the assets, in the order given.
    kinds
        `shapes.POINT`, `LINE` or `POLYGON`; `NO_SHAPE` for an asset without a place.
    indptr
        Where each asset's entries begin, and the end of the last.
    cells
        Flat index (row · width + column), sorted and unique within an asset.
    amounts
        Count, metres or square metres.
    total_amounts
        The whole asset, within the grid or not; NaN for an asset without a place.
    """

    grid: Grid
    asset_ids: pd.Index
    kinds: npt.NDArray[np.int8]
    indptr: Integers
    cells: Integers
    amounts: Floats
    total_amounts: Floats

    @property
    def amount_units(self) -> npt.NDArray[np.object_]:
        """Unit of each asset's amounts: count, m, m2, or None."""
        return np.array([UNITS.get(kind) for kind in range(NO_SHAPE, POLYGON + 1)], dtype=object)[self.kinds + 1]

    @property
    def uncovered_share(self) -> pd.Series:
        """Share of each asset outside the grid, 0 to 1, by asset_id; NaN for an asset without a place.

        An asset without length or area is uncovered if it lies outside, and covered if not.
        """
        total, covered = self.total_amounts, self.covered_amounts
        with np.errstate(invalid="ignore", divide="ignore"):
            share = np.where(total > 0, 1 - covered / total, np.where(np.diff(self.indptr) > 0, 0.0, 1.0))
        share = np.where(share < SHORTFALL, 0.0, np.minimum(share, 1.0))
        share[self.kinds == NO_SHAPE] = np.nan
        return pd.Series(share, index=self.asset_ids, name="uncovered_share")

    @property
    def covered_amounts(self) -> Floats:
        """Amount of each asset within the grid."""
        sums = np.zeros(len(self.asset_ids))
        whole = np.arange(len(self.amounts) + 1, dtype=np.int64)
        measure.feature_sums(self.amounts, whole, self.indptr, sums)
        return sums

    def touched_cells(self) -> tuple[Integers, npt.NDArray[np.int32]]:
        """The cells that hold any asset, sorted, and for each entry the position of its cell among them."""
        return self._touched

    @cached_property
    def _touched(self) -> tuple[Integers, npt.NDArray[np.int32]]:
        words = self.grid.size // 64 + 1
        if words > 4 * self.cells.size + 65_536:  # a bitmap of the grid would cost more than a sort
            sorted_cells, position = np.unique(self.cells, return_inverse=True)
            return sorted_cells, position.astype(np.int32)
        marks = np.zeros(words, dtype=np.uint64)
        marked.mark_cells(self.cells, marks)
        before = np.empty(words, dtype=np.int32)
        unique = np.empty(marked.count_marks(marks, before), dtype=np.int64)
        marked.marked_cells(marks, unique)
        inverse = np.empty(self.cells.size, dtype=np.int32)
        marked.rank_cells(self.cells, marks, before, inverse)
        return unique, inverse

    def to_frame(self) -> pd.DataFrame:
        """Table `coverage`: asset_id, cell, row, col, amount; one row per entry."""
        row, col = np.divmod(self.cells, self.grid.width)
        asset_id = self.asset_ids.repeat(np.diff(self.indptr))
        return pd.DataFrame({"asset_id": asset_id, "cell": self.cells, "row": row, "col": col, "amount": self.amounts})


def coverage(features: gpd.GeoSeries, grid: Grid) -> Coverage:
    """How much of each feature lies in each cell of a grid.

    Points count; lines are cut where they cross from cell to cell, each piece taking its share of its segment's
    geodesic length (the segment itself if it is at most 10 km, else its nearest 10 km); polygons are covered exactly,
    not by sampling. Parts of one feature that share a cell are one entry. A cell owns the edges at its start: what
    lies exactly between two cells is counted once. What lies outside the grid is in `total_amounts` and in no cell.

    Features in another coordinate reference system than the grid's are moved vertex by vertex, long segments first
    cut into steps (lines 10 km, polygon edges 500 m); they are measured in their own.

    Parameters
    ----------
    features
        Points, lines, polygons, or several of one of these, in any coordinate reference system, indexed by asset_id.
        Empty and missing geometries are kept, without entries. Polygons must be valid.
    grid
        Any affine grid.

    Returns
    -------
    coverage
        Amounts by asset and cell [count, m or m²], assets in the order given.

    Raises
    ------
    PlaceError
        If the features have no coordinate reference system, mix kinds in a geometry collection, have coordinates that
        are no place on Earth, jump across the 180th meridian, or are polygons that cross themselves.

    Examples
    --------
    >>> road = gpd.GeoSeries.from_wkt(["LINESTRING (0.5 0.5, 2 0.5)"], index=["road"], crs="EPSG:4326")
    >>> pieces = coverage(road, Grid("EPSG:4326", (1, 0, 0, 0, -1, 1), width=2, height=1))
    >>> pieces.to_frame()[["asset_id", "row", "col", "amount"]].round(0)
      asset_id  row  col    amount
    0     road    0    0   55658.0
    1     road    0    1  111315.0
    """
    crs = crs_of(features)
    geometries, names = np.asarray(features.array), features.index
    found = kinds(geometries, names)
    blocks = [
        (rows, covered(_chosen(geometries, rows), kind, crs, grid, _chosen(names, rows)))
        for kind in (POINT, LINE, POLYGON)
        if (rows := np.flatnonzero(found == kind)).size
    ]
    return _assembled(grid, names, found, blocks)


def split_lines(lines: gpd.GeoSeries, grid: Grid) -> gpd.GeoDataFrame:
    """The pieces into which a grid cuts lines, with their geometry, for maps.

    Unlike in `coverage`, a line that comes back to a cell has a piece for each visit. Segments longer than 10 km get
    vertices on the way.

    Parameters
    ----------
    lines
        Lines in any coordinate reference system, indexed by asset_id.
    grid
        Any affine grid.

    Returns
    -------
    pieces
        asset_id, cell, row, col, length_m [m] and geometry in the grid's coordinate reference system; along each
        line, line by line.

    Raises
    ------
    PlaceError
        As `coverage`; and if a feature is not a line.

    Examples
    --------
    >>> street = gpd.GeoSeries.from_wkt(["LINESTRING (0.96 0.5, 1.02 0.5)"], index=["street"], crs="EPSG:4326")
    >>> split_lines(street, Grid("EPSG:4326", (1, 0, 0, 0, -1, 1), width=2, height=1)).geometry.to_wkt().tolist()
    ['LINESTRING (0.96 0.5, 1 0.5)', 'LINESTRING (1 0.5, 1.02 0.5)']
    """
    crs, geometries, names = crs_of(lines), np.asarray(lines.array), lines.index
    found = kinds(geometries, names)
    if np.isin(found, (POINT, POLYGON)).any():
        wrong = np.flatnonzero(np.isin(found, (POINT, POLYGON)))
        raise PlaceError(_("Only lines can be cut into pieces: {names}.").format(names=listed(names, wrong)))
    rows = np.flatnonzero(found == LINE)
    shapes, metres, _total = prepared_lines(ragged(geometries[rows]), crs, grid, names[rows])
    counts, cells, lengths, ends = walked_lines(shapes, metres, grid, with_ends=True)
    row, col = np.divmod(cells, grid.width)
    table = {"asset_id": names[rows].repeat(counts), "cell": cells, "row": row, "col": col, "length_m": lengths}
    return gpd.GeoDataFrame(table, geometry=_piece_geometries(shapes.coords, ends), crs=grid.crs)


def cell_shares(polygons: gpd.GeoSeries, grid: Grid) -> pd.DataFrame:
    """Share of each cell that each polygon covers, in the plane of the map.

    `coverage` gives square metres; this is its plain geometry, exact to rounding for any valid polygon.

    Returns
    -------
    shares
        asset_id, cell, share (0–1]; cells without are absent.

    Raises
    ------
    PlaceError
        As `coverage`; and if a feature is not a polygon.

    Examples
    --------
    >>> field = gpd.GeoSeries.from_wkt(["POLYGON ((0 0, 1.5 0, 0 1, 0 0))"], index=["field"], crs="EPSG:4326")
    >>> cell_shares(field, Grid("EPSG:4326", (1, 0, 0, 0, -1, 1), width=2, height=1))["share"].round(4).tolist()
    [0.6667, 0.0833]
    """
    crs, geometries, names = crs_of(polygons), np.asarray(polygons.array), polygons.index
    found = kinds(geometries, names)
    if np.isin(found, (POINT, LINE)).any():
        wrong = np.flatnonzero(np.isin(found, (POINT, LINE)))
        raise PlaceError(_("Only polygons cover shares of cells: {names}.").format(names=listed(names, wrong)))
    rows = np.flatnonzero(found == POLYGON)
    shapes = in_grid_crs(ragged(geometries[rows]), crs, grid, names[rows])
    flat = np.zeros(grid.height)
    counts, cells, shares = rasterised(shapes, grid, flat, flat + 1, names[rows])
    return pd.DataFrame({"asset_id": names[rows].repeat(counts), "cell": cells, "share": shares})


def _piece_geometries(coords: Floats, ends: Floats) -> Geometries:
    """Lines from where each piece begins, over the vertices between, to where it ends."""
    first, last = ends[:, 0].astype(np.int64), ends[:, 2].astype(np.int64)
    counts = 2 + last - first
    begins = offsets(counts)[:-1]
    piece = np.repeat(np.arange(len(ends)), counts)
    vertices = coords[(np.repeat(first - begins, counts) + np.arange(counts.sum()))]
    for at, segment, share in ((begins, first, ends[:, 1]), (begins + counts - 1, last, ends[:, 3])):
        start, end = coords[segment], coords[segment + 1]
        vertices[at] = np.where(share[:, None] == 1, end, start + (end - start) * share[:, None])
    lines: Geometries = shapely.linestrings(vertices, indices=piece)
    return lines


def _assembled(
    grid: Grid, names: pd.Index, found: npt.NDArray[np.int8], blocks: list[tuple[Integers, Block]]
) -> Coverage:
    """One coverage of the blocks of each kind, features back in the order given."""
    counts, totals = np.zeros(len(names), dtype=np.int64), np.full(len(names), np.nan)
    for rows, block in blocks:
        counts[rows], totals[rows] = block.counts, block.totals
    indptr = offsets(counts)
    if len(blocks) == 1:
        cells, amounts = blocks[0][1].cells, blocks[0][1].amounts
    else:
        cells, amounts = np.empty(indptr[-1], dtype=np.int64), np.empty(indptr[-1])
        for rows, block in blocks:
            shift = indptr[rows] - offsets(block.counts)[:-1]
            target = np.arange(len(block.cells)) + np.repeat(shift, block.counts)
            cells[target], amounts[target] = block.cells, block.amounts
    return Coverage(grid, names, found, indptr, cells, amounts, totals)


def _chosen(values: Any, rows: Integers) -> Any:
    """The chosen rows, without a copy where that is all of them."""
    return values if len(rows) == len(values) else values[rows]
