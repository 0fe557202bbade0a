"""Points, lines and polygons laid on a grid, one kind at a time: where `coverage` gets its entries.

Arrays in, arrays out: shapes are flat (`shapes.Ragged`), and nothing here knows tables.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyproj
import shapely

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
    Geometries,
    Ragged,
    densified,
    listed,
    ragged,
    transformed,
    unusable,
)
from headwater.words import _

PER_THREAD = 50_000
"""Coordinates below which another thread is not worth its start."""

BLOCKS_PER_THREAD = 3
"""Few, for small arrays cost more than large ones; more than one, for no two threads are equally fast."""


@dataclass(frozen=True)
class Block:
    """The entries of some features, one after the other: how many each has, cell and amount of each; and the totals."""

    counts: Integers
    cells: Integers
    amounts: Floats
    totals: Floats


def covered(geometries: Geometries, kind: int, crs: pyproj.CRS, grid: Grid, names: Any) -> Block:
    """The entries of features of one kind, in blocks side by side on threads.

    Threads and not numba's own: they cost nothing to compile, do not spin while they wait, and may be started from
    threads.
    """
    coordinates = np.cumsum(shapely.get_num_coordinates(geometries))
    workers = min(_processors(), 1 + int(coordinates[-1]) // PER_THREAD)
    wanted = np.linspace(0, coordinates[-1], workers * BLOCKS_PER_THREAD + 1 if workers > 1 else 2)[1:-1]
    bounds = np.unique([0, *np.searchsorted(coordinates, wanted), len(geometries)]).tolist()

    def block(first: int, last: int) -> Block:
        return _COVERED_BY_KIND[kind](ragged(geometries[first:last]), crs, grid, names[first:last])

    if len(bounds) == 2:
        return block(*bounds)
    with ThreadPoolExecutor(workers) as pool:
        blocks = list(pool.map(block, bounds[:-1], bounds[1:]))
    parts = ("counts", "cells", "amounts", "totals")
    return Block(*(np.concatenate([getattr(each, part) for each in blocks]) for part in parts))


def _processors() -> int:
    """Processors this process may use, which in a container is fewer than there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


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
    counts, cells, amounts, _ends = walked_lines(placed, metres, grid, with_ends=False)
    return Block(counts, cells, amounts, totals)


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


_COVERED_BY_KIND: dict[int, Callable[[Ragged, pyproj.CRS, Grid, Any], Block]] = {
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
) -> tuple[Integers, Integers, Floats, Any]:
    """Walk lines over the grid: number of pieces of each, their cells, metres and ends.

    With ends, pieces stay in the order of the walk; without, they are sorted and merged by cell.
    """
    room = _room(shapes, grid)
    counts = np.empty(len(shapes.features) - 1, dtype=np.int64)
    cells, amounts = np.empty(room, dtype=np.int64), np.empty(room)
    ends = np.empty((room, 4)) if with_ends else None
    used = walk.line_pieces(
        shapes.coords, shapes.parts, shapes.features, metres, grid.to_pixel, grid.width, grid.height,
        cells, amounts, counts, ends,
    )  # fmt: skip
    return counts, cells[:used], amounts[:used], None if ends is None else ends[:used]


def rasterised(
    shapes: Ragged, grid: Grid, slopes: Floats, row_amounts: Floats, names: Any
) -> tuple[Integers, Integers, Floats]:
    """Cover the grid by polygons: number of cells of each, the cells, and the share of each times its row's amount."""
    room = _room(shapes, grid)
    counts = np.empty(len(shapes.features) - 1, dtype=np.int64)
    entries = np.empty(room, dtype=np.int64), np.empty(room), np.empty(room)
    walk.polygon_edges(
        shapes.coords, shapes.parts, shapes.features, shapes.is_shell, grid.to_pixel, slopes, grid.width, grid.height,
        *entries, counts,
    )  # fmt: skip
    starts = offsets(counts)
    walk.polygon_cells(grid.width, row_amounts, starts, *entries, counts, np.empty(0, dtype=np.int64), np.empty(0))
    _refuse_twisted(shapes, counts < 0, names)
    cells, amounts = np.empty(counts.sum(), dtype=np.int64), np.empty(counts.sum())
    if cells.size:
        walk.polygon_cells(grid.width, row_amounts, starts, *entries, counts, cells, amounts)
    return counts, cells, amounts


def _room(shapes: Ragged, grid: Grid) -> int:
    """The most pieces there can be."""
    return int(walk.most_pieces(shapes.coords, shapes.parts, grid.to_pixel, grid.width, grid.height))


def _refuse_twisted(shapes: Ragged, is_twisted: npt.NDArray[np.bool_], names: Any) -> None:
    """Refuse polygons without ground, or that count some of it twice."""
    bad = np.flatnonzero(is_twisted)
    if bad.size:
        x, y = shapes.coords[shapes.starts[bad[0]]]
        raise PlaceError(
            _(
                "{names}: the outline crosses itself, encloses nothing, or its parts overlap "
                "(the first begins near ({x:.6g}, {y:.6g})), so its area is not defined. "
                "Repair it, for instance with shapely.make_valid."
            ).format(names=listed(names, bad), x=x, y=y)
        )


def _fit_totals(shapes: Ragged, grid: Grid, counts: Integers, amounts: Floats, totals: Floats) -> None:
    """Make the cells of a polygon that lies wholly within the grid add up to its area to the last bit.

    Before, they do so to about 1e-6: within a cell the area of a square degree is taken as linear.
    """
    low, high = _reach(shapes, grid)
    indptr = offsets(counts)
    within = np.zeros(len(counts))
    measure.feature_sums(amounts, np.arange(len(amounts) + 1), indptr, within)
    inside = (low >= 0).all(axis=1) & (high <= (grid.width, grid.height)).all(axis=1) & (within > 0)
    factor = np.ones(len(counts))
    factor[inside] = totals[inside] / within[inside]
    amounts *= np.repeat(factor, counts)


def _reach(shapes: Ragged, grid: Grid) -> tuple[Floats, Floats]:
    """First and last column and row that each feature reaches."""
    pixels = np.column_stack(grid.pixels(*shapes.coords.T))
    begins = shapes.starts[:-1]
    return np.minimum.reduceat(pixels, begins), np.maximum.reduceat(pixels, begins)


def offsets(counts: Integers) -> Integers:
    """Where each run begins, and where the last one ends."""
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts, dtype=np.int64)])
