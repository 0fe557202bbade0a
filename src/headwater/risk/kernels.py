"""The two loops over coverage × layers: damage, and exposure.

Compiled once and cached. Each asset is one iteration, so threads share nothing; a layer's intensity is looked up,
turned into a share and summed without any array of pieces × layers in between.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import prange

from headwater.compiled import compiled
from headwater.geo.coverage import SHORTFALL
from headwater.risk.curves import CurveSet
from headwater.turns import in_turn

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Array = npt.NDArray[Any]

MOST_STEPS = 1_024
ON_STEP = 1e-8
"""A curve whose points all lie on equal steps, to within this share of a step, is read without a search."""


class CurveTable(NamedTuple):
    """Curves laid out for `damage_kernel`.

    Attributes
    ----------
    nodes
        Damage share at each node: rows mean, low, high. The nodes of a curve are equal steps over its range, or its
        own points where these fit no equal steps; and one more, so that the last has a next.
    intensity
        Intensity at each node; infinite at that one more.
    first, after
        Where each curve's nodes begin, and where they end without that one more.
    bottom, top
        Range of intensity of each curve.
    per_unit
        Steps per unit of intensity; 0 for a curve that must be searched.
    has_band
        Whether a curve has bounds apart from its mean.
    """

    nodes: Floats
    intensity: Floats
    first: Integers
    after: Integers
    bottom: Floats
    top: Floats
    per_unit: Floats
    has_band: npt.NDArray[np.bool_]


def curve_table(curves: CurveSet) -> CurveTable:
    """Curves for `damage_kernel`."""
    spans = list(zip(curves.indptr[:-1], curves.indptr[1:], strict=True))
    points = [(curves.intensity[a:b], curves.shares[:, a:b]) for a, b in spans]
    steps = np.array([_steps(x) for x, _shares in points], dtype=np.int64)
    nodes = [np.linspace(x[0], x[-1], n + 1) if n else x for (x, _shares), n in zip(points, steps, strict=True)]
    size = np.array([len(x) + 1 for x in nodes], dtype=np.int64)
    first = np.cumsum(size) - size
    bottom, top = curves.intensity[curves.indptr[:-1]], curves.intensity[curves.indptr[1:] - 1]
    shares = [_at(at, x, y) for at, (x, y) in zip(nodes, points, strict=True)]
    return CurveTable(
        nodes=np.ascontiguousarray(np.concatenate([np.empty((3, 0)), *shares], axis=1)),
        intensity=np.concatenate([np.empty(0), *(np.append(x, np.inf) for x in nodes)]),
        first=first,
        after=first + size - 1,
        bottom=bottom,
        top=top,
        per_unit=steps / (top - bottom),
        has_band=np.array([(y != y[0]).any() for _x, y in points], dtype=bool),
    )


def _steps(x: Floats) -> int:
    """The fewest equal steps on which all points lie; 0 if there are none."""
    place = (x - x[0]) / (x[-1] - x[0])
    counts = np.arange(math.ceil(1 / np.diff(place).min() - 0.5), MOST_STEPS + 1)
    at = counts[:, None] * place
    fits = (np.abs(at - np.rint(at)) < ON_STEP).all(axis=1)
    return int(counts[fits.argmax()]) if fits.any() else 0


def _at(nodes: Floats, x: Floats, shares: Floats) -> Floats:
    """Shares at the nodes of a curve, and the last once more."""
    inner = np.stack([np.interp(nodes, x, bound) for bound in shares])
    return np.concatenate([inner, inner[:, -1:]], axis=1)


@compiled()
def _searched(v: float, intensity: Floats, first: int, after: int) -> Any:
    """Last node at or below an intensity inside the curve, by halving."""
    low, high = first, after - 1
    while low < high:
        middle = (low + high + 1) // 2
        if intensity[middle] <= v:
            low = middle
        else:
            high = middle - 1
    return low


@compiled(error_model="numpy", fastmath={"contract", "nsz", "nnan"})
def _add_plain(
    here: Array, amount: float, nodes: Floats, first: int, bottom: float, top: float, per_unit: float, mean: Floats
) -> None:
    """Add share × amount of every layer, on a curve of equal steps, where no layer lacks data."""
    for layer in range(len(mean)):
        steps = (min(max(np.float64(here[layer]), bottom), top) - bottom) * per_unit
        step = np.int64(steps)
        node = np.uint64(first + step)
        start = nodes[0, node]
        mean[layer] += amount * (start + (steps - step) * (nodes[0, node + np.uint64(1)] - start))


@compiled()
def _add_any(
    here: Array, amount: float, curves: CurveTable, code: int, scale: float, offset: float, damage: Floats, gaps: Floats
) -> bool:
    """Add share × amount of every layer for each bound, or amount to `gaps` where a layer lacks data; whether one does.

    A measure never damages what was not damaged without it.
    """
    found = False
    for layer in range(len(gaps)):
        v = np.float64(here[layer])
        if np.isnan(v):
            gaps[layer] += amount
            found = True
            continue
        v = min(max(v, curves.bottom[code]), curves.top[code])
        if curves.per_unit[code] > 0.0:
            steps = (v - curves.bottom[code]) * curves.per_unit[code]
            node, beyond = curves.first[code] + int(steps), steps - int(steps)
        else:
            node = _searched(v, curves.intensity, curves.first[code], curves.after[code])
            beyond = (v - curves.intensity[node]) / (curves.intensity[node + 1] - curves.intensity[node])
        for bound in range(3):
            start = curves.nodes[bound, node]
            share = start + beyond * (curves.nodes[bound, node + 1] - start)
            if share > 0.0:
                damage[bound, layer] += amount * min(max(share * scale + offset, 0.0), 1.0)
    return found


@compiled(inline="always")
def _is_harmless(values: Array, harmless: float) -> bool:
    """Whether no layer's intensity is above what does no harm, and none lacks data."""
    above = False
    for layer in range(len(values)):
        above |= not values[layer] <= harmless
    return not above


@compiled(inline="always")
def _has_gap(values: Array) -> bool:
    """Whether a layer lacks data."""
    gap = False
    for layer in range(len(values)):
        gap |= np.isnan(values[layer])
    return gap


@compiled()
def _has_data(first: int, after: int, positions: Array, values: Array, layer: int) -> bool:
    """Whether any cell of an asset has data in a layer."""
    found = False
    for j in range(first, after):
        found |= not np.isnan(values[positions[j], layer])
    return found


@compiled()
def _uncovered(covered: float, total: float, has_data: bool) -> float:
    """Share of an asset outside the grid or on cells without data; without extent, whether it is there at all."""
    if np.isnan(total):
        return np.nan
    if total > 0.0:
        share = 1.0 - covered / total if has_data else 1.0
        return 0.0 if share < SHORTFALL else min(share, 1.0)
    return 0.0 if has_data else 1.0


@in_turn
@compiled(parallel=True, error_model="numpy", fastmath={"contract", "nsz"})
def damage_kernel(
    indptr: Array,
    positions: Array,
    amounts: Array,
    totals: Floats,
    values: Array,
    codes: Array,
    curves: CurveTable,
    scale: Floats,
    offset: Floats,
    unit_values: Floats,
    damage: Floats,
    uncovered: Floats,
) -> None:
    """Value × sum over cells of share × amount into `damage` [asset, bound, layer], and `uncovered` [asset, layer].

    `values` is [cell, layer], so that one look at memory serves all layers. Damage is missing where no cell has data
    and where the asset has no curve (code below 0).
    """
    for a in prange(len(codes)):
        code = max(codes[a], 0)
        first, per_unit = curves.first[code], curves.per_unit[code]
        bottom, top = curves.bottom[code], curves.top[code]
        harmless = values.dtype.type(bottom)
        if harmless > bottom or curves.nodes[2, first] > 0.0:
            harmless = values.dtype.type(-np.inf)
        is_plain = scale[a] == 1.0 and offset[a] == 0.0 and not curves.has_band[code] and per_unit > 0.0
        mean, missing = damage[a, 0], uncovered[a]
        damage[a] = 0.0
        missing[:] = 0.0
        reached = 0.0
        gaps = False
        for j in range(np.uint64(indptr[a]), np.uint64(indptr[a + 1])):
            here, amount = values[np.uint64(positions[j])], amounts[j]
            reached += amount
            if _is_harmless(here, harmless):
                continue
            if is_plain and not _has_gap(here):
                _add_plain(here, amount, curves.nodes, first, bottom, top, per_unit, mean)
            else:
                gaps |= _add_any(here, amount, curves, code, scale[a], offset[a], damage[a], missing)
        if is_plain:
            damage[a, 1] = mean
            damage[a, 2] = mean
        has_data = indptr[a + 1] > indptr[a]
        whole = _uncovered(reached, totals[a], has_data)
        for layer in range(values.shape[1]):
            share = whole
            if gaps:
                has_data = _has_data(indptr[a], indptr[a + 1], positions, values, layer)
                share = _uncovered(reached - missing[layer], totals[a], has_data)
            uncovered[a, layer] = share
            for bound in range(3):
                damage[a, bound, layer] *= unit_values[bound, a] if has_data and codes[a] >= 0 else np.nan


ABOVE, GREATEST, MEAN, UNCOVERED = range(4)
"""What `exposure_kernel` gives: amount above the threshold, greatest and mean intensity, uncovered share."""


@in_turn
@compiled(parallel=True)
def exposure_kernel(
    indptr: Array,
    positions: Array,
    amounts: Array,
    totals: Floats,
    values: Array,
    threshold: float,
    exposure: Floats,
) -> None:
    """Exposure of each asset under each layer into `exposure` [asset, ABOVE to UNCOVERED, layer].

    `values` is [cell, layer]. All but the uncovered share are missing where no cell has data. The mean is by amount,
    or over cells for an asset without extent.
    """
    for a in prange(len(totals)):
        for layer in range(values.shape[1]):
            above = covered = weighted = plain = 0.0
            cells = 0
            top = -np.inf
            for j in range(indptr[a], indptr[a + 1]):
                v = np.float64(values[positions[j], layer])
                if np.isnan(v):
                    continue
                cells += 1
                plain += v
                covered += amounts[j]
                weighted += v * amounts[j]
                top = max(top, v)
                if v > threshold:
                    above += amounts[j]
            exposure[a, UNCOVERED, layer] = _uncovered(covered, totals[a], cells > 0)
            exposure[a, :UNCOVERED, layer] = np.nan
            if cells > 0:
                exposure[a, ABOVE, layer] = above
                exposure[a, GREATEST, layer] = top
                exposure[a, MEAN, layer] = weighted / covered if covered > 0.0 else plain / cells
