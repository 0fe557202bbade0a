"""Shapes as flat arrays: what the kernels read, and what is refused before they do.

Knows shapely; refuses anything that is not a point, a line or a polygon (or several of one of these).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyproj
import shapely

from headwater.errors import PlaceError
from headwater.geo.grid import Floats, Integers
from headwater.words import _

Geometries = npt.NDArray[np.object_]

NO_SHAPE, POINT, LINE, POLYGON = -1, 0, 1, 2
"""Kinds of shape."""

_KIND_OF_TYPE = np.array([POINT, LINE, LINE, POLYGON, POINT, LINE, POLYGON, NO_SHAPE, NO_SHAPE], dtype=np.int8)
_COLLECTION = 7
_RING = 2

NAMED = 5
"""Features named in a message; the rest are counted."""


@dataclass(frozen=True)
class Ragged:
    """Features of one kind as flat coordinates.

    Attributes
    ----------
    coords
        x and y of every coordinate.
    parts
        Where each point, line or ring begins in `coords`, and the end of the last.
    features
        Where each feature begins in `parts`, and the end of the last.
    is_shell
        Whether each part is a polygon's outer ring, and not a hole.
    """

    coords: Floats
    parts: Integers
    features: Integers
    is_shell: npt.NDArray[np.bool_]

    @property
    def starts(self) -> Integers:
        """Where each feature begins in `coords`, and the end of the last."""
        return self.parts[self.features]

    def owners(self, coordinates: Integers) -> Integers:
        """Feature of each coordinate."""
        return np.searchsorted(self.starts, coordinates, side="right").astype(np.int64) - 1

    def at(self, coords: Floats) -> Ragged:
        """The same features with other coordinates."""
        return replace(self, coords=np.ascontiguousarray(coords, dtype=np.float64))


def kinds(geometries: Geometries, names: Any) -> npt.NDArray[np.int8]:
    """Kind of each geometry: POINT, LINE, POLYGON, or NO_SHAPE if it is empty or missing.

    Raises
    ------
    PlaceError
        If one is a geometry collection: it has no one measure.

    Examples
    --------
    >>> kinds(shapely.from_wkt(["POINT (1 2)", "MULTILINESTRING ((0 0, 1 1))", None]), "abc").tolist()
    [0, 1, -1]
    """
    types = shapely.get_type_id(geometries)
    if (types == _COLLECTION).any():
        raise PlaceError(
            _(
                "A geometry collection mixes points, lines and polygons and has no one measure: {names}. "
                "Give each of its parts a row of its own."
            ).format(names=listed(names, np.flatnonzero(types == _COLLECTION)))
        )
    found = _KIND_OF_TYPE[types]
    found[shapely.is_empty(geometries)] = NO_SHAPE
    return np.asarray(found)


def ragged(geometries: Geometries) -> Ragged:
    """Flat coordinates of geometries of one kind, none of them empty; heights are left out."""
    types = shapely.get_type_id(geometries)
    if (types == _RING).any():
        rings = types == _RING
        geometries = geometries.copy()
        geometries[rings] = [shapely.LineString(ring) for ring in geometries[rings]]
    if (types == LINE).all():  # a shapely LineString has type 1 too; this way is twice as fast
        parts = np.concatenate([[0], np.cumsum(shapely.get_num_coordinates(geometries), dtype=np.int64)])
        lines = np.arange(len(parts), dtype=np.int64)
        return Ragged(shapely.get_coordinates(geometries), parts, lines, np.zeros(len(parts) - 1, dtype=np.bool_))
    kind, coords, offsets = shapely.to_ragged_array(geometries, include_z=False, include_m=False)
    levels = [np.asarray(level, dtype=np.int64) for level in offsets]
    name = kind.name.removeprefix("MULTI")
    if name == "POINT":
        features = levels[0] if levels else np.arange(len(coords) + 1, dtype=np.int64)
        parts, shells = np.arange(len(coords) + 1, dtype=np.int64), np.zeros(len(coords), dtype=np.bool_)
    elif name == "LINESTRING":
        parts = levels[0]
        features = levels[1] if len(levels) > 1 else np.arange(len(parts), dtype=np.int64)
        shells = np.zeros(len(parts) - 1, dtype=np.bool_)
    else:
        parts, polygons = levels[0], levels[1]
        features = polygons[levels[2]] if len(levels) > 2 else polygons
        shells = np.zeros(len(parts) - 1, dtype=np.bool_)
        shells[polygons[:-1][np.diff(polygons) > 0]] = True
    return Ragged(np.ascontiguousarray(coords, dtype=np.float64), parts, features, shells)


def densified(shapes: Ragged, steps: Integers) -> tuple[Ragged, Integers]:
    """Shapes with more coordinates along their segments, and the coordinate each one follows.

    `steps` has, for each coordinate, into how many equal parts the segment that begins there is cut: 1 leaves it.
    """
    source = np.repeat(np.arange(len(steps)), steps)
    first = np.concatenate([[0], np.cumsum(steps)])
    share = (np.arange(len(source)) - first[source]) / steps[source]
    following = np.minimum(source + 1, len(steps) - 1)
    start = shapes.coords[source]
    coords = start + (shapes.coords[following] - start) * share[:, None]
    return replace(shapes, coords=np.ascontiguousarray(coords), parts=first[shapes.parts]), source


def transformed(shapes: Ragged, transformer: pyproj.Transformer, names: Any) -> Ragged:
    """Shapes in another coordinate reference system, vertex by vertex.

    Raises
    ------
    PlaceError
        If a vertex has no place there.
    """
    moved = shapes.at(np.column_stack(transformer.transform(shapes.coords[:, 0], shapes.coords[:, 1])))
    lost = np.flatnonzero(~np.isfinite(moved.coords).all(axis=1))
    if lost.size:
        x, y = shapes.coords[lost[0]]
        raise PlaceError(
            _(
                "{names}: coordinates such as ({x}, {y}) have no place in the other coordinate reference system. "
                "Is the coordinate reference system of the features the right one?"
            ).format(names=listed(names, np.unique(shapes.owners(lost))), x=x, y=y)
        )
    return moved


def unusable(shapes: Ragged, coordinate: int, features: Integers, names: Any) -> PlaceError:
    """The error for features that cannot be measured, from the first coordinate at fault."""
    x, y = shapes.coords[coordinate]
    who = listed(names, features)
    if not (np.isfinite(x) and np.isfinite(y)):
        return PlaceError(_("{names}: a coordinate is ({x}, {y}), which is no place.").format(names=who, x=x, y=y))
    if abs(y) > 90:
        return PlaceError(
            _(
                "{names}: latitude {y} at ({x}, {y}) is beyond the poles. "
                "Are longitude and latitude swapped, or are the coordinates in metres?"
            ).format(names=who, x=x, y=y)
        )
    return PlaceError(
        _(
            "{names}: the shape crosses the 180th meridian near ({x}, {y}). "
            "Cut it there into two parts, one on each side."
        ).format(names=who, x=x, y=y)
    )


def listed(names: Any, chosen: Integers) -> str:
    """The first few of the names chosen, and how many more there are."""
    shown = ", ".join(str(names[i]) for i in chosen[:NAMED])
    if len(chosen) > NAMED:
        shown += " " + _("… and {count} more").format(count=len(chosen) - NAMED)
    return shown
