"""A regular grid laid over a map: which cell holds a place, and how large each cell is.

Any affine grid will do: north-up, south-up, rotated or sheared, in any coordinate reference system. Cells are
half-open: a cell owns the two edges at its start, in the directions in which columns and rows are counted, and not
the two at its end. Knows nothing of files or of what the cells hold.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyproj
from pyproj.exceptions import CRSError

from headwater.errors import PlaceError
from headwater.words import _

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

ON_EDGE = 1e-9
"""A coordinate closer than this to a cell edge [cells] is on it: what rounding leaves of a coordinate that is."""

LATTICE = 513
"""Nodes per axis at which the areal scale of a projection is computed; between them it is interpolated."""


@lru_cache(maxsize=64)
def known_crs(text: str) -> pyproj.CRS:
    """Coordinate reference system by EPSG code, WKT or PROJ string.

    Raises
    ------
    PlaceError
        If the text is empty, or PROJ does not know it.

    Examples
    --------
    >>> known_crs("EPSG:4326").name
    'WGS 84'
    """
    try:
        return pyproj.CRS.from_user_input(text)
    except CRSError as error:
        shown = text if len(text) <= 80 else text[:79] + "…"
        raise PlaceError(
            _("Coordinate reference system «{crs}» is not known. Give an EPSG code such as EPSG:4326.").format(
                crs=shown
            )
        ) from error


@dataclass(frozen=True)
class Grid:
    """Cells in rows and columns on a map.

    Attributes
    ----------
    crs
        Coordinate reference system: an EPSG code or WKT.
    transform
        a, b, c, d, e, f of x = a·column + b·row + c and y = d·column + e·row + f, where (0, 0) is the outer corner
        of the first cell; the order rasterio uses.
    width, height
        Columns and rows.

    Raises
    ------
    PlaceError
        If the grid has no cells, its cells have no area, or its coordinate reference system is not known.

    Examples
    --------
    >>> degrees = Grid("EPSG:4326", (1, 0, 0, 0, -1, 10), width=20, height=10)
    >>> degrees.cells([0.5, 19.5, 25], [9.5, 0.5, 5]).tolist()  # first, last, and outside
    [0, 199, -1]
    """

    crs: str
    transform: tuple[float, float, float, float, float, float]
    width: int
    height: int

    def __post_init__(self) -> None:
        known_crs(self.crs)
        if self.width < 1 or self.height < 1:
            raise PlaceError(
                _("A grid of {width} columns and {height} rows has no cells.").format(
                    width=self.width, height=self.height
                )
            )
        if len(self.transform) != 6 or not all(map(math.isfinite, self.transform)) or not self.cell_area:
            raise PlaceError(
                _("The transform {transform} of the grid gives cells without area.").format(
                    transform=tuple(self.transform)
                )
            )

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns, as a raster array has them."""
        return self.height, self.width

    @property
    def size(self) -> int:
        """Number of cells."""
        return self.height * self.width

    @property
    def cell_area(self) -> float:
        """Area of a cell in the plane of the map [unit of the map²]."""
        a, b, _c, d, e, _f = self.transform
        return abs(a * e - b * d)

    @property
    def is_axis_aligned(self) -> bool:
        """Whether rows run along y = constant and columns along x = constant."""
        return self.transform[1] == 0 and self.transform[3] == 0

    @property
    def is_geographic(self) -> bool:
        """Whether the map is in degrees of longitude and latitude."""
        return bool(known_crs(self.crs).is_geographic)

    @cached_property
    def to_pixel(self) -> Floats:
        """Six numbers p: column = p0·(x − p4) + p1·(y − p5), row = p2·(x − p4) + p3·(y − p5)."""
        a, b, c, d, e, f = map(float, self.transform)
        det = a * e - b * d
        return np.array([e / det, -b / det, -d / det, a / det, c, f])

    def pixels(self, x: npt.ArrayLike, y: npt.ArrayLike) -> tuple[Floats, Floats]:
        """Column and row of each place, with fractions; on an edge where rounding alone keeps it off."""
        p = self.to_pixel
        dx, dy = np.asarray(x, dtype=float) - p[4], np.asarray(y, dtype=float) - p[5]
        with np.errstate(invalid="ignore"):
            return _snapped(p[0] * dx + p[1] * dy), _snapped(p[2] * dx + p[3] * dy)

    def cells(self, x: npt.ArrayLike, y: npt.ArrayLike) -> Integers:
        """Flat index (row · width + column) of the cell that holds each place; −1 outside the grid."""
        column, row = self.pixels(x, y)
        with np.errstate(invalid="ignore"):
            inside = (column >= 0) & (column < self.width) & (row >= 0) & (row < self.height)
            flat = np.floor(np.where(inside, row, 0)) * self.width + np.floor(np.where(inside, column, 0))
        return np.where(inside, flat, -1).astype(np.int64)

    def centres(self, cells: npt.ArrayLike) -> tuple[Floats, Floats]:
        """Coordinates of the centre of each cell.

        Examples
        --------
        >>> x, y = Grid("EPSG:4326", (1, 0, 0, 0, -1, 10), width=20, height=10).centres([0, 21])
        >>> x.tolist(), y.tolist()
        ([0.5, 1.5], [9.5, 8.5])
        """
        row, column = np.divmod(np.asarray(cells, dtype=np.int64), self.width)
        return self.places(column + 0.5, row + 0.5)

    def places(
        self, column: npt.NDArray[np.floating[Any]], row: npt.NDArray[np.floating[Any]]
    ) -> tuple[Floats, Floats]:
        """Coordinates of positions given in columns and rows."""
        a, b, c, d, e, f = self.transform
        return a * column + b * row + c, d * column + e * row + f

    def cell_areas_m2(self, cells: npt.ArrayLike) -> Floats:
        """Area of each cell on the ellipsoid [m²].

        On a grid of meridians and parallels it is exact. On any other it is the cell's area in the plane over the
        areal scale of the map at the cell's centre.

        Source
        ------
        Snyder (1987), Map projections: a working manual, USGS Professional Paper 1395, eq. 3-12.
        https://pubs.er.usgs.gov/publication/pp1395

        Examples
        --------
        >>> degrees = Grid("EPSG:4326", (1, 0, 0, 0, -1, 90), width=360, height=180)
        >>> float((degrees.cell_areas_m2(range(0, degrees.size, 360)).sum() * 360 / 1e12).round(3))
        510.066
        """
        wanted = np.asarray(cells, dtype=np.int64)
        if self.is_geographic and self.is_axis_aligned:
            return self.row_areas_m2[wanted // self.width]
        if self.is_geographic:
            _x, latitude = self.centres(wanted)
            return self.cell_area * _m2_per_square_degree(latitude, *ellipsoid(known_crs(self.crs)))
        return self.cell_area / self._areal_scale(wanted)

    @cached_property
    def row_areas_m2(self) -> Floats:
        """Area of one cell of each row of a grid of meridians and parallels [m²]."""
        _x, edges = self.places(np.zeros(1), np.arange(self.height + 1.0))
        a, e2 = ellipsoid(known_crs(self.crs))
        zone = authalic(np.sin(np.radians(np.clip(edges, -90, 90))), a, e2)
        return np.abs(np.diff(zone)) * math.radians(abs(self.transform[0]))

    @cached_property
    def row_slopes(self) -> Floats:
        """How much more a square degree holds at the end of each row than at its start, over its mean.

        Along a row of meridians and parallels, the area below a height differs from the plane's by this much.
        """
        _x, middles = self.places(np.zeros(1), np.arange(self.height) + 0.5)
        _a, e2 = ellipsoid(known_crs(self.crs))
        phi = np.radians(np.clip(middles, -89.999999, 89.999999))
        sin, cos = np.sin(phi), np.cos(phi)
        relative = -sin / cos + 4 * e2 * sin * cos / (1 - e2 * sin**2)  # d ln(cos φ · (1 − e² sin² φ)⁻²) / dφ
        return relative * math.radians(self.transform[4])

    def _areal_scale(self, cells: Integers) -> Floats:
        """Areal scale of the map's projection at the centre of each cell, by a lattice over those asked for."""
        row, column = np.divmod(cells, self.width)
        if not cells.size:
            return np.ones(0)
        rows, columns = _nodes(row), _nodes(column)
        x, y = self.places(np.tile(columns, rows.size) + 0.5, np.repeat(rows, columns.size) + 0.5)
        crs = known_crs(self.crs)
        ellipsoid(crs)
        lon, lat = to_lonlat(crs).transform(x, y)
        scale = np.asarray(pyproj.Proj(crs).get_factors(lon, lat).areal_scale).reshape(rows.size, columns.size)
        return _bilinear(scale, _position(rows, row), _position(columns, column))


def ellipsoid(crs: pyproj.CRS) -> tuple[float, float]:
    """Semi-major axis [m] and squared eccentricity of the ellipsoid a reference system stands on.

    Raises
    ------
    PlaceError
        If it stands on none (a local engineering system).

    Examples
    --------
    >>> ellipsoid(known_crs("EPSG:4326"))[0]
    6378137.0
    """
    shape = crs.ellipsoid
    if shape is None or crs.geodetic_crs is None:
        raise PlaceError(
            _(
                "Coordinate reference system «{crs}» is tied to no place on Earth, so nothing in it can be measured."
            ).format(crs=crs.name)
        )
    return shape.semi_major_metre, 1 - (shape.semi_minor_metre / shape.semi_major_metre) ** 2


def to_lonlat(crs: pyproj.CRS) -> pyproj.Transformer:
    """Transformer from a reference system to longitude and latitude [°] on its own ellipsoid."""
    return _transformer(crs, crs.geodetic_crs)


def to_crs(crs: pyproj.CRS, other: pyproj.CRS) -> pyproj.Transformer:
    """Transformer between two reference systems, x before y."""
    return _transformer(crs, other)


@lru_cache(maxsize=64)
def _transformer(crs: pyproj.CRS, other: pyproj.CRS) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(crs, other, always_xy=True)


def authalic(sin_latitude: Floats, a: float, e2: float) -> Floats:
    """Area of the ellipsoid between the equator and a latitude, per radian of longitude [m²].

    a²(1 − e²) ∫ cos φ (1 − e² sin² φ)⁻² dφ, by its series in e² sin² φ to the seventh power: 1e-15 for the Earth.

    Examples
    --------
    >>> sphere = authalic(np.array([1.0]), 1.0, 0.0)
    >>> float(sphere[0] * 2 * 2)  # both hemispheres, in units of π
    4.0
    """
    x = e2 * sin_latitude**2
    series = 1 + x * (2 / 3 + x * (3 / 5 + x * (4 / 7 + x * (5 / 9 + x * (6 / 11 + x * (7 / 13 + x * 8 / 15))))))
    return a * a * (1 - e2) * sin_latitude * series


def _m2_per_square_degree(latitude: Floats, a: float, e2: float) -> Floats:
    phi = np.radians(latitude)
    per_radian = a * a * (1 - e2) * np.cos(phi) / (1 - e2 * np.sin(phi) ** 2) ** 2
    return per_radian * math.radians(1) ** 2


def _snapped(pixel: Floats) -> Floats:
    nearest = np.floor(pixel + 0.5)
    return np.where(np.abs(pixel - nearest) < ON_EDGE, nearest, pixel)


def _nodes(index: Integers) -> Floats:
    """Positions of the lattice along an axis: every index between the ends, or LATTICE of them."""
    first, last = int(index.min()), int(index.max())
    return np.linspace(first, last, min(LATTICE, last - first + 1), dtype=np.float64)


def _position(nodes: Floats, index: Integers) -> Floats:
    """Where each index lies between the nodes, counted in nodes."""
    span = nodes[-1] - nodes[0]
    return (index - nodes[0]) * ((nodes.size - 1) / span) if span else np.zeros(index.shape)


def _bilinear(table: Floats, row: Floats, column: Floats) -> Floats:
    """Values of a table between its nodes."""
    r = np.minimum(row.astype(np.int64), max(table.shape[0] - 2, 0))
    c = np.minimum(column.astype(np.int64), max(table.shape[1] - 2, 0))
    r1, c1 = np.minimum(r + 1, table.shape[0] - 1), np.minimum(c + 1, table.shape[1] - 1)
    v, u = row - r, column - c
    upper = table[r, c] * (1 - u) + table[r, c1] * u
    lower = table[r1, c] * (1 - u) + table[r1, c1] * u
    return np.asarray(upper * (1 - v) + lower * v)
