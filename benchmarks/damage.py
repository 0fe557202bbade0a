"""From pieces of road and depths at nine return periods to expected annual damage, on ten curves.

Every side starts from the same figures, already in memory: the pieces of each road, their metres, and the depth on each
at nine return periods (looking depths up in rasters is part of the comparison `coverage`), and ten packaged curves.
There is no missing data, and only the mean of each curve is used, which makes the peers' work easier and not ours. Each
side returns the total expected annual damage, and they must agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.harness import compare_sides, measure

RETURN_PERIODS = [2, 5, 10, 25, 50, 100, 250, 500, 1000]
CURVES = ["F7.2", "F8.6", "JRC-ASIA", "F7.4-F7.5", "F1.2", "F2.1", "F14.1", "F15.1", "F18.1", "F21.6"]
PIECES, ROADS, WIDTH = 2_330_000, 100_000, 3_601
AGREE = 1e-6

LEVEL = {"flood plain": -0.5, "country": -4.0}
"""Typical level of the water above the roads, 0 being dry. On a flood plain 56 % of the pieces are wet at a return
period of 2 years and 98 % at 1,000; in a whole country 4 % and 24 %, much as in Djibouti."""

Work = Callable[[], float]


@dataclass
class Job:
    """The inputs: pieces by road, their metres and their depths by return period, and each road's curve and value."""

    indptr: np.ndarray
    amounts: np.ndarray
    depths: np.ndarray
    unit_value: np.ndarray
    curve: np.ndarray

    @property
    def road_of_piece(self) -> np.ndarray:
        return np.repeat(np.arange(len(self.indptr) - 1), np.diff(self.indptr))


def make_job(*, where: str, share: float = 1.0, seed: int = 20260101) -> Job:
    """Roads of some 23 pieces; each lies higher or lower, and its depths rise with the return period."""
    rng = np.random.default_rng(seed)
    roads = int(ROADS * share)
    lengths = rng.geometric(ROADS / PIECES, roads)
    indptr = np.append(0, np.cumsum(lengths))
    level = np.repeat(rng.gumbel(LEVEL[where], 1.2, roads), lengths) + rng.normal(0, 0.4, indptr[-1])
    depths = np.clip(level + 0.35 * np.log(np.array(RETURN_PERIODS))[:, None], 0, None).astype(np.float32)
    curve = rng.integers(0, len(CURVES), roads)
    return Job(indptr, rng.uniform(1, 120, indptr[-1]), depths, rng.uniform(50, 2000, roads), curve)


def curve_table() -> pd.DataFrame:
    from headwater.risk.curves import load_curves

    curves = load_curves()
    return curves[curves["curve_id"].isin(CURVES)].drop(columns=["damage_share_low", "damage_share_high"])


def total_ead(damage: np.ndarray) -> float:
    """Trapezoid and a flat tail over damage [return period, road]."""
    probability = 1 / np.array(RETURN_PERIODS)
    return float((-np.trapezoid(damage, probability, axis=0) + damage[-1] * probability[-1]).sum())


def ours(*, where: str, share: float = 1.0) -> Work:
    from headwater.geo.coverage import Coverage
    from headwater.geo.grid import Grid
    from headwater.geo.shapes import LINE
    from headwater.risk.curves import curve_set
    from headwater.risk.damage import damages
    from headwater.risk.expected import ead_weights

    job = make_job(where=where, share=share)
    roads = len(job.indptr) - 1
    coverage = Coverage(
        grid=Grid("EPSG:4326", (1 / 1200, 0, 0, 0, -1 / 1200, 3), WIDTH, WIDTH),
        asset_ids=pd.RangeIndex(roads),
        kinds=np.full(roads, LINE, dtype=np.int8),
        indptr=job.indptr,
        cells=np.arange(len(job.amounts)),
        amounts=job.amounts,
        total_amounts=np.add.reduceat(job.amounts, job.indptr[:-1]),
    )
    curves = curve_set(curve_table(), unit="m")
    names = pd.Series(pd.Categorical.from_codes(job.curve, CURVES))
    value = np.broadcast_to(job.unit_value, (3, roads))

    depths = np.asfortranarray(job.depths)  # as store.rasters.values_at hands them over
    job.depths = depths

    def work() -> float:
        damage = damages(coverage, depths, unit_values=value, curves=curves, curve_id=names).damage_usd[0]
        return float((damage.T @ ead_weights(RETURN_PERIODS)).sum())

    work()
    return work


def numpy_way(*, where: str, share: float = 1.0) -> Work:
    """Whole arrays: np.interp a curve at a time on the pieces it has, np.bincount by road, trapezoid."""
    job, points = make_job(where=where, share=share), dict(tuple(curve_table().groupby("curve_id")))
    road = job.road_of_piece
    pieces_of = [np.flatnonzero(job.curve[road] == k) for k in range(len(CURVES))]

    def work() -> float:
        damage = np.empty((len(RETURN_PERIODS), len(job.indptr) - 1))
        for layer, depth in enumerate(job.depths):
            fraction = np.empty(len(depth))
            for k, name in enumerate(CURVES):
                rows = pieces_of[k]
                fraction[rows] = np.interp(depth[rows], points[name]["intensity"], points[name]["damage_share"])
            damage[layer] = np.bincount(road, fraction * job.amounts, len(job.unit_value)) * job.unit_value
        return total_ead(damage)

    work()
    return work


def open_gira_way(*, where: str, share: float = 1.0) -> Work:
    """A table of pieces with a column per return period; per curve and column a new column, then a group-by."""
    job, points = make_job(where=where, share=share), dict(tuple(curve_table().groupby("curve_id")))
    road = job.road_of_piece
    table = pd.DataFrame({f"rp{rp}": job.depths[k] for k, rp in enumerate(RETURN_PERIODS)})
    table["road"], table["curve"] = road, np.array(CURVES)[job.curve[road]]
    table["value"] = job.amounts * job.unit_value[road]

    def work() -> float:
        costs = []
        for name, pieces in table.groupby("curve", sort=False):
            curve = points[name]
            cost = pieces[["road"]].copy()
            for rp in RETURN_PERIODS:
                fraction = np.interp(pieces[f"rp{rp}"], curve["intensity"], curve["damage_share"])
                cost[f"rp{rp}"] = fraction * pieces["value"]
            costs.append(cost)
        by_road = pd.concat(costs).groupby("road").sum()
        return total_ead(by_road.to_numpy().T)

    work()
    return work


def damagescanner_way(*, where: str, share: float = 1.0) -> Work:
    """A row-wise apply over roads, each with the list of its depths and metres, one hazard map after another."""
    job, points = make_job(where=where, share=share), dict(tuple(curve_table().groupby("curve_id")))
    spans = list(zip(job.indptr[:-1], job.indptr[1:], strict=True))
    roads = pd.DataFrame({"curve": np.array(CURVES)[job.curve], "value": job.unit_value})
    roads["metres"] = [job.amounts[a:b] for a, b in spans]
    maps = [[depth[a:b] for a, b in spans] for depth in job.depths]

    def damage_of(road: Any) -> float:
        curve = points[road["curve"]]
        share = np.interp(road["depths"], curve["intensity"].to_numpy(), curve["damage_share"].to_numpy())
        return float(np.sum(share * road["metres"]) * road["value"])

    def work() -> float:
        return total_ead(np.stack([roads.assign(depths=depths).apply(damage_of, axis=1) for depths in maps]))

    return work


PEERS = [
    ("numpy", numpy_way, "country", 1.0),
    ("numpy, flood plain", numpy_way, "flood plain", 1.0),
    ("open-gira's way", open_gira_way, "country", 1.0),
    ("DamageScanner's way", damagescanner_way, "country", 0.05),
]
JOB = "2.33 M pieces x 9 return periods x 10 curves"


def compare() -> Iterator[dict[str, Any]]:
    """One row per peer, each having done the same job."""
    us = {where: measure("benchmarks.damage:ours", repeats=5, where=where) for where in LEVEL}
    for name, side, where, share in PEERS:
        them = measure(f"benchmarks.damage:{side.__name__}", repeats=3, where=where, share=share)
        same = us[where] if share == 1 else measure("benchmarks.damage:ours", repeats=1, where=where, share=share)
        if abs(them.result / same.result - 1) > AGREE:
            raise AssertionError(f"{name} gives {them.result}, we give {same.result}")
        yield compare_sides("damage", name, us[where], them, scale=1 / share, job=f"{JOB}, {where}")
