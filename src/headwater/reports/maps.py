"""Maps as SVG: lines, points and areas on an equirectangular projection, true to scale at the middle latitude.

Every feature of one class is one path, simplified to a third of a pixel, so a national network takes tens of
kilobytes. Colours and line widths come from the stylesheet by class. Knows nothing of what the features are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from headwater.errors import PlaceError
from headwater.reports.figures import WIDE, Caption
from headwater.reports.numbers import number
from headwater.reports.svg import line, path, picture, tag, text, text_width
from headwater.words import _

KM_PER_DEGREE = 111.195
"""Length of a degree of a great circle on a sphere of radius 6,371.0088 km (2 pi r / 360)."""

TALLEST = 620.0
"""Height beyond which a map is scaled down [px]."""

SIMPLER_PX = 0.35
"""Detail left out of a line [px]."""

FOOT = 34.0
"""Strip below the map that holds the scale bar [px]."""


@dataclass(frozen=True)
class Layer:
    """Features drawn alike: a geometry of any type each, with its CRS, and the class that styles them.

    `size` is the diameter of points [px].
    """

    features: gpd.GeoSeries
    css: str
    size: float = 5.0


@dataclass(frozen=True)
class View:
    """Degrees to pixels: x = (lon - west) * cos(middle latitude) * scale, y = (north - lat) * scale."""

    west: float
    north: float
    stretch: float
    scale: float
    width: float
    height: float

    def pixels(self, lon_lat: np.ndarray) -> np.ndarray:
        """Coordinates [px] of (n, 2) longitudes and latitudes."""
        x = (lon_lat[:, 0] - self.west) * self.stretch * self.scale
        return np.column_stack([x, (self.north - lon_lat[:, 1]) * self.scale])


def degrees(features: gpd.GeoSeries) -> gpd.GeoSeries:
    """The features that have a place, in longitude and latitude.

    Parameters
    ----------
    features
        Geometries; missing and empty ones are left out.

    Raises
    ------
    PlaceError
        If there are geometries without a coordinate reference system.
    """
    placed = features[has_place(features)]
    if placed.empty:
        return gpd.GeoSeries(placed.values, index=placed.index, crs=4326)
    if placed.crs is None:
        raise PlaceError(
            _(
                "A map cannot be drawn: the geometry of {count} features has no CRS. Set one, for example EPSG:4326."
            ).format(count=len(placed))
        )
    return placed.to_crs(4326)


def has_place(features: pd.Series) -> pd.Series:
    """Whether each feature has a geometry that is neither missing nor empty.

    Examples
    --------
    >>> has_place(gpd.GeoSeries([None, shapely.Point(), shapely.Point(1, 1)])).tolist()
    [False, False, True]
    """
    shapes = features.to_numpy(dtype=object)
    return pd.Series(~shapely.is_missing(shapes) & ~shapely.is_empty(shapes), index=features.index)


def class_breaks(values: pd.Series, *, count: int = 5) -> list[float]:
    """Round lower bounds of classes that tell the few large values of a skewed quantity apart.

    The bounds are the 0, 40, 70, 90 and 97 % points of the positive values (evenly spread for another count), each
    rounded down to 1, 2 or 5 times a power of ten.

    Parameters
    ----------
    values
        Any numbers; zeros and missing values are in no class.
    count
        Classes at most.

    Examples
    --------
    >>> class_breaks(pd.Series([0, 1, 2, 3, 5, 8, 40, 900]), count=3)
    [1.0, 2.0, 200.0]
    """
    positive = values[values > 0].to_numpy(dtype=float)
    if not len(positive):
        return []
    shares = [0, 0.4, 0.7, 0.9, 0.97] if count == 5 else np.linspace(0, 0.9, count)
    return sorted({_rounded_down(value) for value in np.quantile(positive, shares)})


def graded(values: pd.Series, breaks: Sequence[float]) -> pd.Series:
    """Class of each value: 0 for zero, 1, 2, ... upwards from the first break, -1 for a missing value.

    Parameters
    ----------
    values
        Numbers.
    breaks
        Lower bounds of the classes, increasing.

    Examples
    --------
    >>> graded(pd.Series([0, 1, 30, None]), [1, 10]).tolist()
    [0, 1, 2, -1]
    """
    classes = pd.Series(np.searchsorted(breaks, values.to_numpy(dtype=float), side="right"), index=values.index)
    classes[(values <= 0).to_numpy(dtype=bool, na_value=False)] = 0
    classes[values.isna()] = -1
    return classes


def map_svg(
    layers: Sequence[Layer],
    *,
    caption: Caption,
    marks: gpd.GeoSeries | None = None,
    width: int = WIDE,
) -> str:
    """A map of layers, drawn in order, with a scale bar, an arrow to the north and numbered marks.

    Parameters
    ----------
    layers
        What to draw, lowest first. Features without geometry are left out.
    caption
        Name, title and description.
    marks
        Features to point out by a number, counting from 1 in their order.
    width
        Width of the drawing at most [px]; the height follows from the extent.

    Returns
    -------
    svg
        "" where no layer has anything to draw.

    Raises
    ------
    PlaceError
        If a layer has geometries without a coordinate reference system.

    Examples
    --------
    >>> road = gpd.GeoSeries.from_wkt(["LINESTRING (0 0, 1 1)"], crs=4326)
    >>> map_svg([Layer(road, "road")], caption=Caption("m", "Roads")).count('class="lines road"')
    1
    """
    placed = [Layer(degrees(layer.features), layer.css, layer.size) for layer in layers]
    placed = [layer for layer in placed if not layer.features.empty]
    if not placed:
        return ""
    seen = view(np.vstack([layer.features.total_bounds for layer in placed]), width=width)
    drawn = [shape for layer in placed for shape in _layer(layer, seen)]
    numbers = _numbered(degrees(marks), seen) if marks is not None else ""
    return picture(
        *drawn,
        numbers,
        _scale_bar(seen),
        width=seen.width,
        height=seen.height + FOOT,
        name=caption.name,
        title=caption.title,
        description=caption.description or caption.title,
    )


def view(bounds: np.ndarray, *, width: float) -> View:
    """The view that holds several extents with a margin.

    Parameters
    ----------
    bounds
        (n, 4) west, south, east, north [degrees].
    width
        Width at most [px]; less where the map would be taller than `TALLEST`.

    Examples
    --------
    >>> round(float(view(np.array([[0.0, -1.0, 2.0, 1.0]]), width=600).scale), 2)  # 2.2 degrees in 600 px
    272.73
    """
    west, south = bounds[:, :2].min(axis=0)
    east, north = bounds[:, 2:].max(axis=0)
    stretch = math.cos(math.radians((south + north) / 2))
    margin = 0.05 * max((east - west) * stretch, north - south, 0.01)
    across, up = (east - west) * stretch + 2 * margin, north - south + 2 * margin
    scale = min(width / across, TALLEST / up)
    return View(west - margin / stretch, north + margin, stretch, scale, across * scale, up * scale)


def _rounded_down(value: float) -> float:
    power = 10.0 ** math.floor(math.log10(value) + 1e-12)
    return next(round(m * power, 12) for m in (5, 2, 1) if m * power <= value * (1 + 1e-9))


def _layer(layer: Layer, seen: View) -> list[str]:
    """Paths of one layer: its areas, its lines, its points, each as one element."""
    shapes = shapely.get_parts(layer.features.to_numpy())
    shapes = shapely.get_parts(shapes)  # a collection may hold multi-geometries
    moved = shapely.transform(shapes, seen.pixels)
    kinds = shapely.get_type_id(moved)
    points = shapely.get_coordinates(moved[kinds == 0])
    lines = _simpler(moved[(kinds == 1) | (kinds == 2)])
    rings = _simpler(shapely.get_rings(moved[kinds == 3]))
    drawn = []
    if len(rings):
        drawn.append(tag("path", class_=f"area {layer.css}", d="".join(f"{data}z" for data in rings)))
    if len(lines):
        drawn.append(tag("path", class_=f"lines {layer.css}", d="".join(lines)))
    if len(points):
        data = "".join(f"M{round(x, 1):g} {round(y, 1):g}h0" for x, y in points)
        drawn.append(tag("path", class_=f"points {layer.css}", stroke_width=layer.size, d=data))
    return drawn


def _simpler(shapes: np.ndarray) -> list[str]:
    """Path data of lines or rings, with less detail than the eye sees."""
    simple = shapely.simplify(shapes, SIMPLER_PX, preserve_topology=False)
    return [path([(x, y) for x, y in shapely.get_coordinates(shape)]) for shape in simple if not shape.is_empty]


def _scale_bar(seen: View) -> str:
    km_per_px = KM_PER_DEGREE / seen.scale
    length = _rounded_down(seen.width * km_per_px / 4)
    end, y = 8 + length / km_per_px, seen.height + 18
    words = _("{number} km").format(number=number(length))
    bar = tag("path", class_="scale", d=f"M8 {y - 5:.1f}v5H{end:.1f}v-5")
    x = seen.width - 16
    arrow = tag("path", class_="north", d=path([(x, y - 14), (x + 5, y), (x, y - 4), (x - 5, y)]) + "z")
    letter = text(x - 10, y, _("N"), css="map-text", anchor="end")
    return bar + text(end + 6, y, words, css="map-text") + arrow + letter


def _numbered(marks: gpd.GeoSeries, seen: View) -> str:
    """Numbers in discs beside the features, moved off each other, each with a line to its place."""
    places: list[tuple[float, float]] = []
    lines, discs = "", ""
    for i, shape in enumerate(marks):
        x, y = seen.pixels(np.array([_middle(shape).coords[0]]))[0]
        u, v = _free_place(x, y, places, seen)
        places.append((u, v))
        words = str(i + 1)
        lines += line(x, y, u, v, css="leader")
        discs += tag("circle", class_="disc", cx=u, cy=v, r=9.0 + text_width(words) / 8)
        discs += text(u, v + 4, words, css="disc-text", anchor="middle")
    return lines + discs


def _middle(shape: shapely.Geometry) -> shapely.Point:
    if shape.length and not shape.area:
        longest = max(shapely.get_parts(shape), key=lambda part: part.length)
        return longest.interpolate(0.5, normalized=True)
    return shape.representative_point()


def _free_place(x: float, y: float, taken: Sequence[tuple[float, float]], seen: View) -> tuple[float, float]:
    """The nearest place about a point where a disc touches no other and stays on the map."""
    for reach in (20, 34, 48, 64):
        for turn in range(12):
            u = x + reach * math.cos(turn * math.pi / 6 - math.pi / 4)
            v = y + reach * math.sin(turn * math.pi / 6 - math.pi / 4)
            is_inside = 12 < u < seen.width - 12 and 12 < v < seen.height - 12
            if is_inside and all(math.hypot(u - a, v - b) > 24 for a, b in taken):
                return u, v
    return x, y


def interval_names(breaks: Sequence[float], *, write: Callable[[float], str] = number) -> list[str]:
    """Words for the classes of `graded`, from the first upwards.

    Examples
    --------
    >>> interval_names([1, 10])
    ['under 10', '10 or more']
    """
    inner = [f"{write(low)} – {write(high)}" for low, high in pairwise(breaks)]
    inner[:1] = [_("under {number}").format(number=write(high)) for high in breaks[1:2]]
    return [*inner, _("{number} or more").format(number=write(breaks[-1]))] if len(breaks) else []
