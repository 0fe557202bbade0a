"""Lengths and areas on the ellipsoid from flat coordinates in degrees; compiled by numba.

Kernels as in `walk`: flat arrays in, results into an array that is given.
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call"
from __future__ import annotations

import math

from headwater.compiled import compiled

kernel = compiled(nogil=True, error_model="numpy", fastmath={"contract"})

RADIANS = math.pi / 180

NEAR = 0.1
"""How far in latitude [°] one place on the ellipsoid stands for its surroundings, by a series of third order."""

STEEP, WIDE = 2e-3, 0.05
"""Segments that go further than this in latitude or longitude [radians] are not measured by their chord."""

NO_AREA = 1e-12
"""Share of the box around a polygon below which its area is what rounding leaves of none."""

NOT_MEASURED = -1.0
UNUSABLE = math.nan


@kernel
def segment_metres(coords, parts, a, e2, longest, metres):
    """Geodesic length of each segment [m] by its chord, or NOT_MEASURED: beyond `longest`, by a pole, or no place.

    The arc is the chord c times 1 + c²/24R²: within 4e-9 of the geodesic up to 10 km.
    """
    for part in range(parts.size - 1):
        start, end = parts[part], parts[part + 1]
        while start < end - 1:
            stop = start + 1
            while stop < end - 1 and abs(coords[stop, 1] - coords[start, 1]) < NEAR:
                stop += 1
            _chords(coords[start : stop + 1], a, e2, longest, metres[start:stop])
            start = stop
        if start < end:
            metres[start] = 0.0


@kernel
def _chords(lonlat, a, e2, longest, metres):
    """Lengths of segments near the first coordinate, all in one stroke of the processor.

    `p` is the distance from the Earth's axis, `m` the radius of the meridian, both as series in latitude.
    """
    lat0 = lonlat[0, 1]
    sin, cos = math.sin(lat0 * RADIANS), math.cos(lat0 * RADIANS)
    w = 1 / (1 - e2 * sin * sin)
    root = math.sqrt(w)
    m0 = a * (1 - e2) * w * root
    m1, m2 = 3 * m0 * e2 * sin * cos * w, 1.5 * m0 * e2 * (cos * cos - sin * sin) * w
    p0, p1, p2, p3 = a * root * cos, -m0 * sin, -0.5 * (m0 * cos + m1 * sin), (m0 * sin - 2 * m1 * cos) / 6
    bend = 1 / (24 * a * a)
    for k in range(metres.size):
        lat, lat1 = lonlat[k, 1], lonlat[k + 1, 1]
        y, y1 = (lat - lat0) * RADIANS, (lat1 - lat0) * RADIANS
        dlon, dlat, middle = (lonlat[k + 1, 0] - lonlat[k, 0]) * RADIANS, y1 - y, 0.5 * (y + y1)
        north = (m0 + middle * (m1 + middle * m2)) * dlat
        p, q = p0 + y * (p1 + y * (p2 + y * p3)), p0 + y1 * (p1 + y1 * (p2 + y1 * p3))
        x2 = dlon * dlon
        east = dlon * (1 - x2 * (1 / 24 - x2 * (1 / 1920)))
        c2 = north * north * (1 - dlat * dlat * (1 / 12)) + p * q * east * east
        length = math.sqrt(c2) * (1 + c2 * bend)
        is_place = (abs(lat) <= 90) & (abs(lat1) <= 90)
        is_near = (abs(dlon) < WIDE) & (abs(dlat) < STEEP) & (length <= longest)
        metres[k] = length if is_place & is_near else NOT_MEASURED


@kernel
def feature_sums(values, parts, features, sums):
    """Sum of the values of each feature's coordinates."""
    for i in range(features.size - 1):
        total = 0.0
        for k in range(parts[features[i]], parts[features[i + 1]]):
            total += values[k]
        sums[i] = total


@kernel
def _authalic(sin, a, e2):
    x = e2 * sin * sin
    series = 1 + x * (2 / 3 + x * (3 / 5 + x * (4 / 7 + x * (5 / 9 + x * (6 / 11 + x * (7 / 13 + x * 8 / 15))))))
    return a * a * (1 - e2) * sin * series


@kernel
def _mean_authalic(lat0, lat1, a, e2):
    """Mean of the authalic function along a straight edge in longitude and latitude, by Gauss in three points."""
    steps = 1 + int(abs(lat1 - lat0) / 5)
    width = (lat1 - lat0) / steps
    total = 0.0
    for step in range(steps):
        middle = lat0 + (step + 0.5) * width
        offset = 0.5 * width * 0.7745966692414834  # √(3/5)
        total += 5 * _authalic(math.sin((middle - offset) * RADIANS), a, e2)
        total += 8 * _authalic(math.sin(middle * RADIANS), a, e2)
        total += 5 * _authalic(math.sin((middle + offset) * RADIANS), a, e2)
    return total / (18 * steps)


@kernel
def polygon_m2(coords, parts, features, is_shell, a, e2, may_wrap, areas):
    """Area of each polygon on the ellipsoid [m²], its edges straight in longitude and latitude; UNUSABLE if none."""
    for i in range(features.size - 1):
        total = 0.0
        west, east, south, north = math.inf, -math.inf, math.inf, -math.inf
        for part in range(features[i], features[i + 1]):
            ring = 0.0
            for k in range(parts[part], parts[part + 1] - 1):
                west, east = min(west, coords[k, 0]), max(east, coords[k, 0])
                south, north = min(south, coords[k, 1]), max(north, coords[k, 1])
                dlon = coords[k + 1, 0] - coords[k, 0]
                if not (abs(coords[k, 1]) <= 90 and abs(coords[k + 1, 1]) <= 90):
                    ring = UNUSABLE
                elif abs(dlon) > 180 and abs(dlon) != 360:
                    if not may_wrap:
                        ring = UNUSABLE
                    dlon -= math.copysign(360.0, dlon)
                ring += dlon * RADIANS * _mean_authalic(coords[k, 1], coords[k + 1, 1], a, e2)
            total += abs(ring) if is_shell[part] else -abs(ring)
        box = (east - west) * (north - south) * RADIANS * RADIANS * a * a
        areas[i] = 0.0 if total <= NO_AREA * box else total
