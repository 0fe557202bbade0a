"""Points, lines and polygons laid on a grid, one kind at a time: where `coverage` gets its entries.

Arrays in, arrays out: shapes are flat (`shapes.Ragged`), and nothing here knows tables.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyproj

from headwater.errors import PlaceError
from headwater.geo import measure, walk
from headwater.geo.distance import (
    CHORD_LIMIT_M,
    along_edges,
    as_lonlat,
    check_places,
    polygon_areas_m2,
    segment_lengths_m,
    summed,
)
from headwater.geo.grid import Floats, Grid, Integers, known_crs, to_crs
from headwater.geo.shapes import (
    LINE,
    POINT,
    POLYGON,
    Ragged,
    densified,
    in_ranges,
    listed,
    transformed,
    unusable,
)
from headwater.words import _


@dataclass(frozen=True)
class Block:
    counts: Integers
    cells: Integers
    amounts: Floats
    totals: Floats


def _covered_points(shapes: Ragged, crs: pyproj.CRS, grid: Grid, names: Any) -> Block:
    totals = np.diff(shapes.features).astype(float)
    check_places(as_lonlat(shapes, crs, names), names)
    placed = in_grid_crs(shapes, crs, grid, names)
    cells = grid.cells(*placed.coords.T)
    owner = np.repeat(np.arange(len(totals)), np.diff(shapes.features))[cells >= 0]
    cells = cells[cells >= 0]
    if (totals > 1).any():
        order = np.lexsort((cells, owner))
        owner, cells = owner[order], cells[order]
    fresh = np.ones(len(cells), dtype=np.bool_)
    fresh[1:] = (np.diff(cells) != 0) | (np.diff(owner) != 0)
    amounts = np.diff(np.append(np.flatnonzero(fresh), len(cells))).astype(float)
    return Block(np.bincount(owner[fresh], minlength=len(totals)), cells[fresh], amounts, totals)


def _covered_lines(shapes: Ragged, crs: pyproj.CRS, grid: Grid, names: Any) -> Block:
    placed, metres, totals = prepared_lines(shapes, crs, grid, names)
    starts, counts, cells, amounts, _ends = walked_lines(placed, metres, grid, with_ends=False)
    indptr = offsets(counts)
    if indptr[-1] < starts[-1]:
        walk.close_gaps(starts, counts, indptr, cells, amounts)
    return Block(counts, cells[: indptr[-1]], amounts[: indptr[-1]], totals)


def _covered_polygons(shapes: Ragged, crs: pyproj.CRS, grid: Grid, names: Any) -> Block:
    totals = polygon_areas_m2(shapes, crs, names)
    _refuse_twisted(shapes, totals <= 0, names)
    placed = in_grid_crs(shapes, crs, grid, names)
    if grid.is_geographic and grid.is_axis_aligned:
        counts, cells, amounts = rasterised(placed, grid, grid.row_slopes, grid.row_areas_m2, names)
    else:
        flat = np.zeros(grid.height)
        counts, cells, amounts = rasterised(placed, grid, flat, flat + 1, names)
        amounts *= grid.cell_areas_m2(cells)
    _fit_totals(placed, grid, counts, amounts, totals)
    return Block(counts, cells, amounts, totals)


COVERED_BY_KIND: dict[int, Callable[[Ragged, pyproj.CRS, Grid, Any], Block]] = {
    POINT: _covered_points,
    LINE: _covered_lines,
    POLYGON: _covered_polygons,
}


def prepared_lines(shapes: Ragged, crs: pyproj.CRS, grid: Grid, names: Any) -> tuple[Ragged, Floats, Floats]:
    """Lines in the grid's reference system, the metres of each segment, and of each line."""
    metres = segment_lengths_m(shapes, crs, names)
    totals = summed(metres, shapes)
    if metres.size and metres.max() > CHORD_LIMIT_M:
        shapes, metres = _in_steps(shapes, metres, crs, names)
    return in_grid_crs(shapes, crs, grid, names, dense=True), metres, totals


def _in_steps(shapes: Ragged, metres: Floats, crs: pyproj.CRS, names: Any) -> tuple[Ragged, Floats]:
    """Cut long segments into steps; each takes its part of the segment's geodesic by its own length."""
    steps = np.maximum(np.ceil(metres / CHORD_LIMIT_M), 1).astype(np.int64)
    dense, source = densified(shapes, steps)
    own = segment_lengths_m(dense, crs, names)
    whole = np.bincount(source, weights=own, minlength=len(metres))
    with np.errstate(invalid="ignore", divide="ignore"):
        factor = np.where(whole > 0, metres / whole, 0.0)
    return dense, own * factor[source]


def in_grid_crs(shapes: Ragged, crs: pyproj.CRS, grid: Grid, names: Any, *, dense: bool = False) -> Ragged:
    """Shapes in the grid's coordinate reference system."""
    other = known_crs(grid.crs)
    if crs == other or crs.equals(other, ignore_axis_order=True):
        return shapes
    is_ring = bool(shapes.is_shell.any())
    followed = along_edges(shapes, crs) if is_ring and not dense else shapes
    moved = transformed(followed, to_crs(crs, other), names)
    if other.is_geographic:
        jump = np.abs(np.diff(moved.coords[:, 0], append=moved.coords[-1:, 0])) > 180
        jump[moved.parts[1:] - 1] = False
        if jump.any():
            at = np.flatnonzero(jump)
            raise unusable(moved, int(at[0]), np.unique(moved.owners(at)), names)
    return moved


def walked_lines(
    shapes: Ragged, metres: Floats, grid: Grid, *, with_ends: bool
) -> tuple[Integers, Integers, Integers, Floats, Any]:
    """Walk lines over the grid: where each one's pieces begin, how many, their cells, metres and ends.

    With ends, pieces stay in the order of the walk; without, they are sorted and merged by cell.
    """
    starts = _room(shapes, grid)
    counts = np.zeros(len(starts) - 1, dtype=np.int64)
    cells, amounts = np.empty(starts[-1], dtype=np.int64), np.empty(starts[-1])
    ends = np.empty((starts[-1], 4)) if with_ends else None

    def step(first: int, last: int) -> None:
        walk.line_pieces(
            shapes.coords, shapes.parts, shapes.features, metres, grid.to_pixel, grid.width, grid.height,
            first, last, starts, cells, amounts, counts, ends,
        )  # fmt: skip
        if not with_ends:
            walk.merge_pieces(first, last, starts, counts, cells, amounts)

    in_ranges(step, shapes.starts)
    return starts, counts, cells, amounts, ends


def rasterised(
    shapes: Ragged, grid: Grid, slopes: Floats, row_amounts: Floats, names: Any
) -> tuple[Integers, Integers, Floats]:
    """Cover the grid by polygons: number of cells of each, the cells, and the share of each times its row's amount."""
    starts = _room(shapes, grid)
    entries, counts = np.zeros(len(starts) - 1, dtype=np.int64), np.zeros(len(starts) - 1, dtype=np.int64)
    edge_cells = np.empty(starts[-1], dtype=np.int64)
    covers, areas = np.empty(starts[-1]), np.empty(starts[-1])
    nowhere, nothing = np.empty(0, dtype=np.int64), np.empty(0)

    def find(first: int, last: int) -> None:
        walk.polygon_edges(
            shapes.coords, shapes.parts, shapes.features, shapes.is_shell, grid.to_pixel, slopes, grid.width,
            grid.height, first, last, starts, edge_cells, covers, areas, entries,
        )  # fmt: skip
        read(first, last, starts, nowhere, nothing)

    def read(first: int, last: int, indptr: Integers, cells: Integers, amounts: Floats) -> None:
        walk.polygon_cells(
            grid.width, row_amounts, first, last, starts, entries, edge_cells, covers, areas, indptr, cells, amounts,
            counts,
        )  # fmt: skip

    in_ranges(find, shapes.starts)
    _refuse_twisted(shapes, counts < 0, names)
    indptr = offsets(counts)
    cells, amounts = np.empty(indptr[-1], dtype=np.int64), np.empty(indptr[-1])
    if cells.size:
        in_ranges(lambda first, last: read(first, last, indptr, cells, amounts), indptr)
    return counts, cells, amounts


def _room(shapes: Ragged, grid: Grid) -> Integers:
    """Where to write the pieces of each feature: offsets with room for the most there can be."""
    counts = np.zeros(len(shapes.features) - 1, dtype=np.int64)
    in_ranges(
        lambda first, last: walk.most_pieces(
            shapes.coords, shapes.parts, shapes.features, grid.to_pixel, grid.width, grid.height, first, last, counts
        ),
        shapes.starts,
    )
    return offsets(counts)


def _refuse_twisted(shapes: Ragged, is_twisted: npt.NDArray[np.bool_], names: Any) -> None:
    """Refuse polygons without ground, or that count some of it twice."""
    bad = np.flatnonzero(is_twisted)
    if bad.size:
        x, y = shapes.coords[shapes.starts[bad[0]]]
        raise PlaceError(
            _(
                "{names}: the outline crosses itself, encloses nothing, or its parts overlap "
                "(the first begins near ({x:.6g}, {y:.6g})), so its area is not defined. Repair it, for instance with shapely.make_valid."
            ).format(names=listed(names, bad), x=x, y=y)
        )


def _fit_totals(shapes: Ragged, grid: Grid, counts: Integers, amounts: Floats, totals: Floats) -> None:
    """Make the cells of a polygon that lies wholly within the grid add up to its area to the last bit.

    Before, they do so to about 1e-6: within a cell the area of a square degree is taken as linear.
    """
    low, high = _reach(shapes, grid)
    indptr = offsets(counts)
    covered = np.zeros(len(counts))
    measure.feature_sums(amounts, np.arange(len(amounts) + 1), indptr, 0, len(counts), covered)
    inside = (low >= 0).all(axis=1) & (high <= (grid.width, grid.height)).all(axis=1) & (covered > 0)
    factor = np.ones(len(counts))
    factor[inside] = totals[inside] / covered[inside]
    amounts *= np.repeat(factor, counts)


def _reach(shapes: Ragged, grid: Grid) -> tuple[Floats, Floats]:
    """First and last column and row that each feature reaches."""
    pixels = np.column_stack(grid.pixels(*shapes.coords.T))
    begins = shapes.starts[:-1]
    return np.minimum.reduceat(pixels, begins), np.maximum.reduceat(pixels, begins)


def offsets(counts: Integers) -> Integers:
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts, dtype=np.int64)])
