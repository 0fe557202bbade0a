"""Rasters: their grid, and the values of chosen cells.

Only blocks that hold a cell asked for are read, on threads, a window at a time, so memory is bounded by the answer.
No-data becomes NaN as it is read and is never seen again as a number.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from os import PathLike, cpu_count
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import rasterio
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError
from rasterio.enums import MaskFlags
from rasterio.errors import NotGeoreferencedWarning, RasterioError, RasterioIOError
from rasterio.windows import Window

from headwater.errors import Fault, InputError, PlaceError, SourceError
from headwater.geo.grid import Grid
from headwater.risk.hazards import layer_groups
from headwater.words import _

StrPath = str | PathLike[str]
Cells = npt.NDArray[np.int64]

WINDOW_CELLS = 4_000_000
"""Cells read at once by a thread, unless a single row of blocks holds more."""

SAME_PLACE = 1e-6
"""Two grids are one when their corners agree within this share of a cell."""


@dataclass(frozen=True)
class Rasters:
    """The rasters of a folder, by their paths in it. Holds no file open: it can be sent to another process.

    Attributes
    ----------
    folder
        The folder, as an absolute path.
    workers
        Threads; as many as processors by default.
    """

    folder: Path
    workers: int | None = None

    def grid(self, file: str) -> Grid:
        """The grid of a raster; see `read_grid`."""
        return read_grid(self.folder / file)

    def values(self, files: Sequence[str], grid: Grid, cells: Cells) -> npt.NDArray[np.float32]:
        """Values of chosen cells; see `values_at`."""
        return values_at([self.folder / file for file in files], grid, cells, workers=self.workers)


def read_grid(path: StrPath) -> Grid:
    """The grid of a raster.

    Raises
    ------
    InputError
        If the file does not exist or is not a raster.
    PlaceError
        If it has no coordinate reference system, one that is not known, or no position.
    """
    with _opened(path) as raster:
        return _grid_of(raster, path)


def values_at(
    paths: Sequence[StrPath], grid: Grid, cells: Cells, *, workers: int | None = None
) -> npt.NDArray[np.float32]:
    """Values of chosen cells in rasters that share a grid.

    Parameters
    ----------
    paths
        One raster per layer; its first band is read, with its scale and offset.
    grid
        The grid that all of them must have.
    cells
        Flat cell indices (row × width + column), any order.
    workers
        Threads; as many as processors by default.

    Returns
    -------
    values
        [layer, cell], NaN where there is no data. The values of a cell lie side by side in memory, as the kernels of
        damage and exposure read them.

    Raises
    ------
    InputError
        If a file does not exist or is not a raster, or a cell is not on the grid.
    PlaceError
        If a raster has another grid.
    SourceError
        If a raster cannot be read to the end.
    """
    cells = np.ascontiguousarray(cells, dtype=np.int64)
    if cells.size and not (cells.min() >= 0 and cells.max() < grid.size):
        raise InputError(
            _("Cells lie outside a grid of {rows} × {columns}.").format(rows=grid.height, columns=grid.width)
        )
    order = None if (cells[:-1] <= cells[1:]).all() else np.argsort(cells, kind="stable")
    wanted = cells if order is None else cells[order]
    by_cell = np.empty((len(cells), len(paths)), dtype=np.float32)
    with ThreadPoolExecutor(max_workers=workers or cpu_count()) as pool:
        running = [
            pool.submit(_fill, path, bands, wanted, grid.width, by_cell[:, layer])
            for layer, path in enumerate(paths)
            for bands in _shared_out(path, grid, wanted)
        ]
        for task in running:
            task.result()
    return (by_cell if order is None else _unsorted(by_cell, order)).T


class Band(NamedTuple):
    """Rows of cells read together, and which of the cells asked for lie in them."""

    first_row: int
    after_row: int
    first: int
    after: int


# --- opening ---------------------------------------------------------------------------------------------------------


def _opened(path: StrPath) -> Any:
    """An open raster; errors of the reader become ours."""
    name = Path(path).name
    if not Path(path).is_file():
        raise InputError(_("There is no raster {name}: put it there, or correct its name.").format(name=path))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            return rasterio.open(path, driver="GTiff")  # others name further files, and would fetch them
    except RasterioIOError as error:
        raise InputError(
            _("{name} is not a raster, whatever its name says: replace it with the file you mean.").format(name=name)
        ) from error


def _grid_of(raster: Any, path: StrPath) -> Grid:
    name = Path(path).name
    if raster.crs is None or not _is_on_earth(raster.crs):
        raise PlaceError(
            _("{name} has no known coordinate reference system: assign one, for example EPSG:4326.").format(name=name)
        )
    if raster.transform.is_identity:
        raise PlaceError(_("{name} does not say where it lies: it has no geotransform.").format(name=name))
    return Grid(raster.crs.to_string(), tuple(raster.transform)[:6], raster.width, raster.height)


def _is_on_earth(crs: Any) -> bool:
    try:
        known = CRS.from_user_input(crs.to_wkt())
    except (CRSError, RasterioError):
        return False
    return bool(known.is_geographic or known.is_projected)


def _check_same_grid(raster: Any, path: StrPath, grid: Grid) -> None:
    own = _grid_of(raster, path)
    if _same_grid(own, grid):
        return
    raise PlaceError(
        _(
            "{name} lies on another grid ({own}) than the layer it goes with ({other}): resample one of them, or keep "
            "them in separate studies."
        ).format(name=Path(path).name, own=_described(own), other=_described(grid))
    )


def _same_grid(one: Grid, other: Grid) -> bool:
    return one == other or (one.shape == other.shape and _same_crs(one, other) and _same_corners(one, other))


def _same_crs(one: Grid, other: Grid) -> bool:
    return one.crs == other.crs or CRS.from_user_input(one.crs).equals(CRS.from_user_input(other.crs))


def _same_corners(one: Grid, other: Grid) -> bool:
    """Whether every corner agrees within a small share of a cell."""
    columns, rows = np.array([0.0, one.width, 0, one.width]), np.array([0.0, 0, one.height, one.height])
    column, row = other.pixels(*one.places(columns, rows))
    return bool(np.abs(column - columns).max() < SAME_PLACE and np.abs(row - rows).max() < SAME_PLACE)


def _described(grid: Grid) -> str:
    crs = CRS.from_user_input(grid.crs).name
    return f"{grid.height} × {grid.width}, {crs}, {grid.transform[2]:g} {grid.transform[5]:g}"


# --- reading ---------------------------------------------------------------------------------------------------------


def _shared_out(path: StrPath, grid: Grid, cells: Cells) -> Iterator[list[Band]]:
    """The bands of a raster to read, dealt out so that threads stay busy and none opens the file for little."""
    with _opened(path) as raster:
        _check_same_grid(raster, path, grid)
        bands = list(_bands(cells, grid.width, raster.block_shapes[0]))
    parts = min(len(bands), 4 * (cpu_count() or 1))
    for part in range(parts):
        yield bands[part::parts]


def _bands(cells: Cells, width: int, block: tuple[int, int]) -> Iterator[Band]:
    """Rows of blocks that hold a cell asked for; neighbouring strips together, up to the size of a window."""
    height, is_strip = block[0], block[1] >= width
    together = max(1, WINDOW_CELLS // (width * height)) if is_strip else 1
    after_last = int(cells[-1]) // (width * height) + 1 if len(cells) else 0
    edges = np.searchsorted(cells, np.arange(after_last + 1) * (width * height))
    touched = np.flatnonzero(np.diff(edges)).tolist()
    start = 0
    for i in range(1, len(touched) + 1):
        if i == len(touched) or touched[i] != touched[i - 1] + 1 or i - start == together:
            one, after = touched[start], touched[i - 1] + 1
            yield Band(one * height, after * height, int(edges[one]), int(edges[after]))
            start = i


def _fill(path: StrPath, bands: list[Band], cells: Cells, width: int, values: npt.NDArray[np.float32]) -> None:
    """Put the values of the cells of these bands where they belong."""
    with _opened(path) as raster:
        try:
            for band in bands:
                row, column = np.divmod(cells[band.first : band.after], width)
                values[band.first : band.after] = _band_values(raster, band, row, column)
        except RasterioError as error:
            raise SourceError(
                _("{name} cannot be read to the end: it is damaged or cut short. Fetch it again.").format(
                    name=Path(path).name
                )
            ) from error


def _band_values(raster: Any, band: Band, row: Cells, column: Cells) -> npt.NDArray[np.float32]:
    """Values of cells of one band, by runs of blocks side by side that hold any of them."""
    across = raster.block_shapes[0][1]
    block = column // across
    touched = np.zeros(-(-raster.width // across), dtype=bool)
    touched[block] = True
    firsts = np.flatnonzero(touched & ~np.append(False, touched[:-1]))
    afters = np.flatnonzero(touched & ~np.append(touched[1:], False)) + 1
    after_row = min(band.after_row, raster.height)
    result = np.empty(len(row), dtype=np.float32)
    for first, after in _windows(firsts, afters, across * (after_row - band.first_row)):
        left, right = first * across, min(after * across, raster.width)
        window = Window(left, band.first_row, right - left, after_row - band.first_row)
        inside = slice(None) if len(row) and right - left == raster.width else (block >= first) & (block < after)
        result[inside] = _read(raster, window)[row[inside] - band.first_row, column[inside] - left]
    return result


def _windows(firsts: Cells, afters: Cells, block_cells: int) -> Iterator[tuple[int, int]]:
    """Runs of blocks, cut so that none is larger than a window."""
    longest = max(1, WINDOW_CELLS // block_cells)
    for first, after in zip(firsts.tolist(), afters.tolist(), strict=True):
        for start in range(first, after, longest):
            yield start, min(start + longest, after)


def _read(raster: Any, window: Window) -> npt.NDArray[np.float32]:
    """One window of the first band as real values, NaN where there is no data."""
    raw = raster.read(1, window=window)
    real = raw * raster.scales[0] + raster.offsets[0] if (raster.scales[0], raster.offsets[0]) != (1.0, 0.0) else raw
    with np.errstate(over="ignore"):  # a no-data value may be beyond single precision
        values: npt.NDArray[np.float32] = real.astype(np.float32)
    if raster.nodata is not None:
        values[raw == (np.float32(raster.nodata) if raw.dtype == np.float32 else raster.nodata)] = np.nan
    elif MaskFlags.per_dataset in raster.mask_flag_enums[0]:
        values[raster.read_masks(1, window=window) == 0] = np.nan
    return values


def _unsorted(by_cell: npt.NDArray[np.float32], order: Cells) -> npt.NDArray[np.float32]:
    result = np.empty_like(by_cell)
    result[order] = by_cell
    return result


# --- checking --------------------------------------------------------------------------------------------------------

SURVEYED_CELLS = 50_000_000
"""Values of larger rasters are not looked at when a study is checked."""

NOTHING_SEEN = {"minimum": np.nan, "maximum": np.nan, "mean": np.nan}
LIMITS = {"intensity": (0.0, np.inf), "annual_probability": (0.0, 1.0)}
"""Between which values a layer of each quantity lies."""


def is_within(file: str) -> bool:
    """Whether a path that a table names stays in the folder of the study.

    Examples
    --------
    >>> [is_within(file) for file in ("hazards/a.tif", "../other/a.tif", "/etc/passwd")]
    [True, False, False]
    """
    path = PurePosixPath(file.replace("\\", "/"))
    return ".." not in path.parts and not path.is_absolute() and not Path(file).is_absolute()


def survey(folder: Path, layers: pd.DataFrame) -> tuple[pd.DataFrame, list[Fault]]:
    """What the rasters of a table of hazard layers hold, and what is wrong with them.

    Returns
    -------
    layers
        The layers with the least, largest and mean value of each raster, a cell without data counted as 0 in the mean
        (NaN where nothing was looked at), and its box: west, south, east, north [degrees].
    faults
        Rasters that are absent, unreadable or without a place, on another grid than the layers they go with, or with
        values that their quantity cannot have.
    """
    found = layer_faults(folder, layers)
    if found or layers.empty:
        return layers, found
    files = [folder / str(file) for file in layers["file"]]
    grids = [read_grid(file) for file in files]
    with ThreadPoolExecutor() as pool:
        seen = list(pool.map(_values_seen, files))
    boxes = pd.DataFrame([_box(grid) for grid in grids], columns=["west", "south", "east", "north"])
    table = pd.concat([layers.reset_index(drop=True), boxes], axis=1)
    values = pd.DataFrame([NOTHING_SEEN if one is None else one for one in seen])
    found = [
        Fault(
            "hazard_layers",
            i + 2,
            "file",
            str(layers["file"].iloc[i]),
            _("cannot be read to the end"),
            _("fetch it again"),
        )
        for i, one in enumerate(seen)
        if one is None
    ]
    table = pd.concat([table, values], axis=1)
    return table, [*found, *_grid_faults(table, grids), *_range_faults(table)]


def layer_faults(folder: Path, layers: pd.DataFrame) -> list[Fault]:
    """What is wrong with the rasters that a table of hazard layers names: absent, unreadable, without a place."""
    found = []
    for i, file in enumerate(layers["file"]):
        if not is_within(str(file)):
            problem, remedy = _("lies outside the study"), _("put it into the folder of the study")
            found.append(Fault("hazard_layers", i + 2, "file", str(file), problem, remedy))
            continue
        try:
            read_grid(folder / str(file))
        except InputError as error:
            found.append(Fault("hazard_layers", i + 2, "file", str(file), str(error), _("then check the study again")))
    return found


def _grid_faults(layers: pd.DataFrame, grids: Sequence[Grid]) -> Iterator[Fault]:
    """Layers on another grid than the first of their group: they could not be laid over each other."""
    for group in layer_groups(layers):
        first, *others = group.index
        for i in sorted(others):
            file, other = str(layers.at[i, "file"]), str(layers.at[first, "file"])
            if not _same_grid(grids[i], grids[first]):
                problem = _("lies on another grid ({own}) than {other} ({its})").format(
                    own=_described(grids[i]), other=other, its=_described(grids[first])
                )
                remedy = _("resample one of them, or tell them apart in the column model")
                yield Fault("hazard_layers", int(i) + 2, "file", file, problem, remedy)


def _range_faults(layers: pd.DataFrame) -> Iterator[Fault]:
    """Layers with values that no such quantity has: most often a no-data value that the file does not declare."""
    for i, layer in enumerate(layers.to_dict("records")):
        low, high = LIMITS[layer["quantity"]]
        wrong = layer["minimum"] if layer["minimum"] < low else layer["maximum"]
        if not low <= wrong <= high and not np.isnan(wrong):
            problem = _("holds the value {value:g} (layer {layer}), which no {quantity} has").format(
                value=wrong, layer=layer["layer_id"], quantity=layer["quantity"]
            )
            remedy = _("declare this value as no data in the file, or correct the quantity")
            yield Fault("hazard_layers", i + 2, "file", str(layer["file"]), problem, remedy)


def _values_seen(path: StrPath) -> dict[str, float] | None:
    """Least, largest and mean value of a raster; None if it cannot be read to the end."""
    least, most, total = np.inf, -np.inf, 0.0
    with _opened(path) as raster:
        if raster.width * raster.height > SURVEYED_CELLS:
            return NOTHING_SEEN
        blocks = max(1, WINDOW_CELLS // (raster.width * raster.block_shapes[0][0]))
        rows = blocks * raster.block_shapes[0][0]
        try:
            for row in range(0, raster.height, rows):
                values = _read(raster, Window(0, row, raster.width, min(rows, raster.height - row)))
                known = values[~np.isnan(values)]
                least, most = min(least, known.min(initial=np.inf)), max(most, known.max(initial=-np.inf))
                total += float(known.sum(dtype=np.float64))
        except RasterioError:
            return None
        size = raster.width * raster.height
    return {"minimum": float(least), "maximum": float(most), "mean": total / size} if least <= most else NOTHING_SEEN


def _box(grid: Grid) -> tuple[float, float, float, float]:
    """West, south, east, north [degrees] of a grid; the whole globe where that cannot be told."""
    columns, rows = np.array([0.0, grid.width, 0, grid.width]), np.array([0.0, 0, grid.height, grid.height])
    x, y = grid.places(columns, rows)
    change = Transformer.from_crs(grid.crs, "EPSG:4326", always_xy=True)
    box = change.transform_bounds(x.min(), y.min(), x.max(), y.max())
    return box if np.isfinite(box).all() and box[0] <= box[2] else (-180.0, -90.0, 180.0, 90.0)
