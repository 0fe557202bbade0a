"""Where points of a front may still be: search regions that shrink with every point found.

Everything is in directions where more is better. A region is the set of points above a corner in every objective;
the regions together hold every point that no known point is as good as. Knows numbers only, neither plans nor solver.

Source
------
Klamroth, Lacour & Vanderpooten (2015), On the representation of the search region in multi-objective optimization,
European Journal of Operational Research 245(3), 767-778. doi:10.1016/j.ejor.2015.03.031. Their local upper bounds,
for minimising, are the corners here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from headwater.portfolio.rows import Floats, Mask

TOLERANCE = 1e-9
"""By how much, relatively, a corner must exceed a proved bound to be ruled out by it."""
PART = 0.5
"""Part of a step by which values must differ to count as different."""


@dataclass(frozen=True, eq=False)
class Proofs:
    """What solving has proved: in the box above `lower`, no point has a larger sum of `weights` than `most`.

    Attributes
    ----------
    lower, weights
        [proofs, objectives]
    most
        [proofs]; minus infinity where the box is empty.
    """

    lower: Floats
    weights: Floats
    most: Floats

    def with_one(self, lower: Floats, weights: Floats, most: float) -> Proofs:
        """These and one more."""
        return Proofs(
            np.vstack([self.lower, lower]), np.vstack([self.weights, weights]), np.append(self.most, most)
        )  # fmt: skip

    def last(self) -> Proofs:
        """The newest."""
        return Proofs(self.lower[-1:], self.weights[-1:], self.most[-1:])


@dataclass(frozen=True, eq=False)
class Regions:
    """Search regions and what bounds them.

    Attributes
    ----------
    corners
        [regions, objectives]; a point in the region exceeds its corner. Minus infinity where nothing is known.
    proofs
        Used to rule regions out.
    step
        Least difference of each objective.
    least, most
        No point is below or above, [objectives].
    """

    corners: Floats
    proofs: Proofs
    step: Floats
    least: Floats
    most: Floats


def whole_space(step: Floats, least: Floats, most: Floats) -> Regions:
    """One region: everything."""
    count = len(step)
    none = np.zeros((0, count))
    return Regions(np.full((1, count), -np.inf), Proofs(none, none, np.zeros(0)), step, least, most)


def first_inside(regions: Regions, corners: Floats) -> Floats:
    """The lowest values that a point of each region can have."""
    return np.asarray(np.where(np.isfinite(corners), corners + regions.step, regions.least), dtype=np.float64)


def without(regions: Regions, point: Floats) -> Regions:
    """The regions after a point is found: those that hold it are split, and parts that others hold are dropped.

    Examples
    --------
    >>> space = whole_space(np.ones(2), np.zeros(2), np.full(2, 9.0))
    >>> without(space, np.array([3.0, 4.0])).corners.tolist()
    [[3.0, -inf], [-inf, 4.0]]
    """
    old = regions.corners
    holds = (old < point - PART * regions.step).all(axis=1)
    split, kept = old[holds], old[~holds]
    if not len(split):
        return regions
    count = len(point)
    parts = np.repeat(split[:, None, :], count, axis=1)
    parts[:, np.arange(count), np.arange(count)] = point
    parts = np.unique(parts.reshape(-1, count), axis=0)[::-1]
    every = np.vstack([kept, parts])
    # a part is held by another region if that one's corner is nowhere higher; equal ones are already one
    parts = parts[_reaches(parts, every).sum(axis=1) == 1]
    parts = parts[~ruled_out(regions, parts, regions.proofs)]
    return replace(regions, corners=np.vstack([kept, parts]))


def with_proof(regions: Regions, lower: Floats, weights: Floats, most: float) -> Regions:
    """The regions after a solve: those that it shows to be empty are dropped."""
    proofs = regions.proofs.with_one(lower, weights, most)
    left = regions.corners[~ruled_out(regions, regions.corners, proofs.last())]
    return replace(regions, corners=left, proofs=proofs)


def ruled_out(regions: Regions, corners: Floats, proofs: Proofs) -> Mask:
    """Whether no point can be in the region of each corner."""
    low = first_inside(regions, corners)
    beyond = (low > regions.most + PART * regions.step).any(axis=1)
    inside = _reaches(low, proofs.lower)
    slack = TOLERANCE * (1 + np.abs(np.where(np.isfinite(proofs.most), proofs.most, 0.0)))
    too_good = low @ proofs.weights.T > proofs.most + slack
    return np.asarray(beyond | (inside & too_good).any(axis=1))


def _reaches(some: Floats, others: Floats) -> Mask:
    """[some, others]: whether one is nowhere below the other; objective by objective, to save memory."""
    result = np.ones((len(some), len(others)), dtype=bool)
    for mine, theirs in zip(some.T, others.T, strict=True):
        result &= mine[:, None] >= theirs
    return result


def tops(regions: Regions, points: Floats) -> Floats:
    """How high points of each region may be expected to reach: as far as the points that define it.

    A region's corner takes each of its values from a known point that is inside the region in all other objectives.
    With two objectives no point can be higher than those; with more this only measures the size of a region.
    """
    count = points.shape[1]
    reach = np.full((len(regions.corners), count), -np.inf)
    for i in range(count):
        level = points[None, :, i] == regions.corners[:, i, None]
        above = np.delete(points[None, :, :] > regions.corners[:, None, :], i, axis=2).all(axis=2)
        defining = np.where((level & above)[:, :, None], points[None, :, :], np.inf).min(axis=1)
        defining[:, i] = np.inf
        reach = np.maximum(reach, np.where(np.isfinite(defining), defining, -np.inf))
    return np.where(np.isfinite(reach), np.minimum(reach, regions.most), regions.most)
