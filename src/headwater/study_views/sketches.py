"""Small drawings for pages: a map with only the detail that its size can show, and a front whose points are links.

Colours come from the stylesheet of the report by class, so that they are dark on light paper and light on dark.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import geopandas as gpd
import numpy as np
import shapely
from markupsafe import Markup

from headwater.reports.axes import Plot, across_axis, value_axis
from headwater.reports.choice import Objective
from headwater.reports.maps import View, view
from headwater.reports.numbers import number
from headwater.reports.svg import fit, nice_ticks, picture, tag, text, text_width
from headwater.words import _

SIMPLER_PX = 0.9
"""Detail that a small map leaves out [px]."""

UNSEEN_PX = 6.0
"""Length of a line that a point must help to be seen [px]."""

KM_PER_DEGREE = 111.195
FINEST = 10.0
"""Pixels are counted in parts of this size."""


@dataclass(frozen=True)
class Drawn:
    """Features of a small map that are drawn alike: a class of the stylesheet, and the size of points [px].

    `is_pointed` puts a point on lines that are too short to be seen.
    """

    features: gpd.GeoSeries
    css: str
    size: float = 4.0
    is_pointed: bool = False


def small_map(layers: Sequence[Drawn], *, name: str, title: str, width: int = 340) -> Markup:
    """A map of a few kilobytes: lines joined where they meet, everything simplified to about a pixel.

    Parameters
    ----------
    layers
        What to draw, lowest first, in degrees; empty ones are left out.
    name, title
        Unique in the page; for who cannot see it.
    width
        Width at most [px].

    Returns
    -------
    svg
        "" where there is nothing to draw.

    Examples
    --------
    >>> road = gpd.GeoSeries.from_wkt(["LINESTRING (0 0, 1 1)", "LINESTRING (1 1, 2 2)"], crs=4326)
    >>> str(small_map([Drawn(road, "c1")], name="m", title="Roads")).count("M")  # the road, joined, and the scale
    2
    """
    there = [layer for layer in layers if len(layer.features)]
    if not there:
        return Markup("")
    seen = view(np.vstack([layer.features.total_bounds for layer in there]), width=width)
    parts = [part for layer in there for part in _drawn(layer, seen)]
    svg = picture(*parts, width=seen.width, height=seen.height + 24, name=name, title=title, description=title)
    return Markup(svg.replace("</svg>", _scale(seen) + "</svg>"))  # noqa: S704 -- our own SVG, escaped where it is drawn


def _drawn(layer: Drawn, seen: View) -> list[str]:
    shapes = shapely.get_parts(shapely.get_parts(layer.features.to_numpy()))
    moved = shapely.transform(shapes, seen.pixels)
    kinds = shapely.get_type_id(moved)
    made = []
    rings = shapely.get_rings(moved[kinds == 3])
    if len(rings):
        shown = [data for ring in shapely.simplify(rings, SIMPLER_PX) if (data := _relative(ring))]
        made.append(tag("path", class_=f"area {layer.css}", d="z".join(shown) + "z"))
    lines = moved[(kinds == 1) | (kinds == 2)]
    if len(lines):
        joined = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(lines)))
        shown = [data for line in shapely.simplify(joined, SIMPLER_PX) if (data := _relative(line))]
        made.append(tag("path", class_=f"lines {layer.css}", d="".join(shown)))
    spots = moved[kinds == 0]
    if layer.is_pointed and len(lines):
        spots = np.concatenate([spots, shapely.centroid(lines[shapely.length(lines) < UNSEEN_PX])])
    points = np.unique(np.round(shapely.get_coordinates(spots)).astype(int), axis=0)
    if len(points):
        data = "".join(f"M{x} {y}h0" for x, y in points)
        made.append(tag("path", class_=f"points {layer.css}", stroke_width=layer.size, d=data))
    return made


def _relative(line: shapely.Geometry) -> str:
    """A line in tenths of a pixel: where it begins, then steps; "" where it is shorter than one can see."""
    places = np.round(shapely.get_coordinates(line) * FINEST).astype(int)
    steps = np.diff(places, axis=0)
    steps = steps[(steps != 0).any(axis=1)]
    if not len(steps):
        return ""
    start = " ".join(_tenths(value) for value in places[0])
    rest = "".join(f"{'' if i == 0 or x < 0 else ' '}{_tenths(x)}{'' if y < 0 else ' '}{_tenths(y)}"
                   for i, (x, y) in enumerate(steps))  # fmt: skip
    return f"M{start}l{rest}"


def _tenths(value: int) -> str:
    return f"{value / FINEST:g}"


def _scale(seen: View) -> str:
    km_per_px = KM_PER_DEGREE / seen.scale
    longest = seen.width * km_per_px / 3
    power = 10.0 ** math.floor(math.log10(longest))
    length = next(m * power for m in (5, 2, 1) if m * power <= longest)
    end, y = 8 + length / km_per_px, seen.height + 14
    bar = tag("path", class_="scale", d=f"M8 {y - 5:.0f}v5H{end:.0f}v-5")
    return bar + text(end + 6, y, _("{number} km").format(number=number(length)), css="map-text")


@dataclass(frozen=True)
class Place:
    """A point of a front, or a plan, in a drawing: its key, where, what to say of it, where it leads, what it is.

    `kind` is "point", "knee", "plan"; `is_here` marks the one that is looked at, `is_out` one that a bound leaves out.
    """

    key: str
    x: float
    y: float
    words: str
    link: str
    kind: str = "point"
    is_here: bool = False
    is_out: bool = False


def front_sketch(places: Sequence[Place], x: Objective, y: Objective, *, width: int = 560, height: int = 340) -> Markup:
    """Points over two objectives, each a link to itself. A list of the same links must stand beside it.

    Parameters
    ----------
    places
        Points and plans.
    x, y
        The objectives across and up.
    width, height
        Of the drawing [px].
    """
    y_ticks = nice_ticks(min(p.y for p in places), max(p.y for p in places), count=4)
    x_ticks = nice_ticks(min(p.x for p in places), max(p.x for p in places), count=4 if width > 400 else 3)
    left = 10 + max(text_width(y.write(tick)) for tick in y_ticks)
    right = width - max(12.0, text_width(x.write(x_ticks[-1])) / 2 + 2)
    plot = Plot(left, 28, right, height - 44, y_ticks)
    across = Plot(left, 28, right, height - 44, x_ticks)
    body = [text(0, 12, fit(y.title, width - 4), css="muted", full=y.title)]
    body += [value_axis(plot, y.write), across_axis(across, x.write)]
    body.append(text(width - 4, height - 6, fit(x.title, width - 8), css="muted", anchor="end", full=x.title))
    for place in sorted(places, key=lambda p: (p.is_here, p.kind)):
        shape = _mark(place) + f"<title>{escape(place.words)}</title>"
        moved = f"translate({across.x(place.x):.1f} {plot.y(place.y):.1f})"
        link = escape(place.link)
        body.append(f'<a href="{link}" tabindex="-1" data-move="{escape(place.key)}" transform="{moved}">{shape}</a>')
    svg = f'<svg class="front" viewBox="0 0 {width} {height}" width="{width}" height="{height}" aria-hidden="true">'
    return Markup(svg + "".join(body) + "</svg>")  # noqa: S704 -- our own SVG, escaped above


def _mark(place: Place) -> str:
    css = "here" if place.is_here else "off" if place.is_out else ""
    reach = tag("circle", class_="reach", r=11)
    if place.kind == "plan":
        return reach + tag("path", class_=f"dot s2 {css}".strip(), d="M0 -7l7 7 -7 7 -7 -7z")
    ring = tag("circle", class_="scale", r=9) if place.kind == "knee" else ""
    return reach + tag("circle", class_=f"dot s1 {css}".strip(), r=5.5) + ring


def reach_bar(share: float, *, best: str) -> Markup:
    """How far along the range of an objective a point is, from its worst (0) to its best (1)."""
    filled = max(0.0, min(1.0, share)) * 100
    return Markup(
        '<svg class="reach-bar" viewBox="0 0 100 6" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<rect class="track" width="100" height="6"/><rect class="filled" width="{}" height="6"/></svg>'
    ).format(best, f"{filled:.0f}")
