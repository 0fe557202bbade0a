"""From a hazard to what it stops: thresholds, times of repair, and samples of the items that fail together.

An item (asset or link) fails where the greatest intensity on it reaches its threshold. The threshold is known only
between bounds; where in between is left to a field of chance that neighbours share, drawn from a seed and the number
of the sample and nothing else, so that samples may be drawn in any order and in any pieces.

Knows hazards and items, and nothing of what items do for each other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from headwater.errors import Fault, InputError, TableError
from headwater.frames import with_columns
from headwater.geo.coverage import Coverage
from headwater.risk.chance import Draws, chances_at, draw, points_m, triangular
from headwater.risk.damage import Values, exposure_arrays
from headwater.schema import check
from headwater.system.layers import Events
from headwater.words import _

Floats = npt.NDArray[np.float64]
Words = npt.NDArray[np.uint64]

BOUNDS = ["low", "mode", "high"]
"""Columns of what is known between bounds: smallest, most likely, largest."""


@dataclass(frozen=True, eq=False)
class Chances:
    """What is known of each item under one hazard, and where its chance comes from.

    Attributes
    ----------
    threshold
        [items, low mode high]; intensity from which the item fails, in the unit of the layers; NaN for never.
    repair_h
        [items, low mode high]; until it works again once work begins [h]; NaN where not known.
    design_return_period_yr
        [items]; events more frequent than this are held off [yr]; NaN for none.
    points
        [items, 3]; place in a frame at the centre of the Earth [m]; NaN for an item without a place.
    keys
        uint64 [items]; number that stands for the name of the item.
    seed
        Seed of all samples.
    range_m
        Distance over which chance is shared [m]; 0 lets every item have its own.
    """

    threshold: Floats
    repair_h: Floats
    design_return_period_yr: Floats
    points: Floats
    keys: Words
    seed: int
    range_m: float


def build_chances(
    items: pd.DataFrame,
    *,
    hazard: str,
    fragility: pd.DataFrame,
    recovery: pd.DataFrame,
    seed: int,
    range_m: float,
) -> Chances:
    """What is known of items under one hazard, ready to be sampled.

    Parameters
    ----------
    items
        Indexed by item_id: sector, kind, design_return_period_yr [yr], and lon, lat of a point of each [degrees]. The
        position of an item is its number in samples.
    hazard
        The hazard.
    fragility, recovery
        Tables `fragility` and `recovery`.
    seed
        Seed, 0 or more. One seed gives every hazard, scenario and option the same chances, so that two of them differ
        by what sets them apart and not by luck.
    range_m
        Distance over which items fail alike [m].

    Returns
    -------
    chances
        In the order of `items`.

    Raises
    ------
    TableError
        If a table breaks its schema, or bounds are out of order.
    InputError
        If the seed or the distance is below 0.
    """
    if seed < 0 or not 0 <= range_m < math.inf:
        raise InputError(
            _("The seed ({seed}) and the distance over which items fail alike ({range_m} m) must be 0 or more.").format(
                seed=seed, range_m=f"{range_m:g}"
            )
        )
    place = with_columns(items, ["lon", "lat", "design_return_period_yr"]).to_numpy(dtype=float, na_value=np.nan)
    return Chances(
        threshold=thresholds(items, hazard=hazard, fragility=fragility).to_numpy(),
        repair_h=recovery_hours(items, hazard=hazard, recovery=recovery).to_numpy(),
        design_return_period_yr=place[:, 2].copy(),
        points=points_m(place[:, 0], place[:, 1]),
        keys=pd.util.hash_array(items.index.to_numpy(dtype=object), categorize=False),
        seed=int(seed),
        range_m=float(range_m),
    )


def thresholds(items: pd.DataFrame, *, hazard: str, fragility: pd.DataFrame) -> pd.DataFrame:
    """Intensity from which each item fails.

    The row for the kind of the item (`road_primary`) goes before that for the family before the underscore (`road`),
    and that before `any`. A bound that is not given is the value: no spread is claimed.

    Parameters
    ----------
    items
        Indexed by item_id: sector, kind.
    hazard
        The hazard.
    fragility
        Table `fragility`.

    Returns
    -------
    thresholds
        low, mode, high in the unit of the hazard's layers, on the index of `items`; missing where no row covers the
        item, which then never fails.

    Raises
    ------
    TableError
        If the table breaks its schema, or bounds are out of order.

    Examples
    --------
    >>> items = pd.DataFrame({"sector": "transport", "kind": ["road_primary", "rail"]}, index=["A1", "R1"])
    >>> roads = {"hazard": "river_flood", "sector": "transport", "kind": "road", "fails_from": 0.3}
    >>> fragility = pd.DataFrame([roads]).assign(basis="judgement")
    >>> thresholds(items, hazard="river_flood", fragility=fragility)["mode"].tolist()
    [0.3, nan]
    """
    check(fragility, "fragility")
    known = _bounded(fragility, ["fails_from_low", "fails_from", "fails_from_high"], name="fragility")
    return _chosen(items, known, [hazard])


def recovery_hours(items: pd.DataFrame, *, hazard: str, recovery: pd.DataFrame) -> pd.DataFrame:
    """How long each item needs until it works again, once work on it begins.

    A row for the hazard goes before one for any hazard; among these, kinds as in `thresholds`.

    Parameters
    ----------
    items
        Indexed by item_id: sector, kind.
    hazard
        The hazard.
    recovery
        Table `recovery`.

    Returns
    -------
    hours
        low, mode, high [h], on the index of `items`; missing where no row covers the item.

    Raises
    ------
    TableError
        If the table breaks its schema, or bounds are out of order.

    Examples
    --------
    >>> items = pd.DataFrame({"sector": ["energy"], "kind": ["substation"]}, index=["S1"])
    >>> hours = {"repair_h": [24.0, 72.0], "repair_h_low": [12.0, 48.0], "repair_h_high": [48.0, 96.0]}
    >>> recovery = pd.DataFrame({"hazard": ["any", "river_flood"], "sector": "energy", "kind": ["substation", "any"]})
    >>> recovery_hours(items, hazard="river_flood", recovery=recovery.assign(basis="judgement", **hours))
         low  mode  high
    S1  48.0  72.0  96.0
    """
    check(recovery, "recovery")
    known = _bounded(recovery, ["repair_h_low", "repair_h", "repair_h_high"], name="recovery")
    return _chosen(items, known, [hazard, "any"])


def intensities(coverage: Coverage, values: Values, *, item_ids: pd.Index | None = None) -> Floats:
    """Greatest intensity of each layer over the cells that each item touches.

    One flooded stretch closes a road and one flooded corner a plant, so what counts is the worst place on the item.

    Parameters
    ----------
    coverage
        Items × cells of the layers' grid.
    values
        Intensity by layer and touched cell (`coverage.touched_cells()`); NaN is no data.
    item_ids
        Items of the result; those of the coverage by default.

    Returns
    -------
    intensities
        [layers, items]; NaN where the item is not covered: not in the coverage, or without a cell that has data.

    Raises
    ------
    InputError
        If the values do not fit the coverage, or one is below 0.
    """
    if np.less(values, 0).any():
        raise InputError(
            _("An intensity is below 0 ({value}): declare this value as no data in the raster.").format(
                value=f"{np.nanmin(values):g}"
            )
        )
    greatest = exposure_arrays(coverage, values, threshold=0.0)[1]
    if item_ids is None:
        return np.ascontiguousarray(greatest)
    at = coverage.asset_ids.get_indexer(item_ids)
    found = np.full((len(values), len(item_ids)), np.nan)
    found[:, at >= 0] = greatest[:, at[at >= 0]]
    return found


def uncovered_share(chances: Chances, intensity: Floats) -> float:
    """Share of the items with a threshold that no layer covers; NaN if none has a threshold.

    Parameters
    ----------
    chances
        What is known of the items.
    intensity
        [layers, items], as from `intensities`.
    """
    known = ~np.isnan(chances.threshold[:, 1])
    uncovered = np.all(np.isnan(intensity), axis=0)
    return float(np.mean(uncovered[known])) if known.any() else math.nan


def sample_failures(
    chances: Chances, intensity: Floats, return_periods: npt.ArrayLike, *, start: int, stop: int
) -> Events:
    """Which items fail in each sample at each return period, and how long their repair takes.

    The threshold of an item in a sample is the quantile of its triangular distribution (low, mode, high) at the item's
    chance (see `chance.chances_at`). The item fails at a return period if the intensity is above 0 and reaches the
    threshold, compared in single precision as rasters hold it, and the return period is not below the item's design
    return period: events more frequent than that are held off, as in `expected.ead_weights`. All return periods of a
    sample share its chances: where the maps do not fall as events get rarer, a rarer event never stops less. Repair
    takes the quantile of (low, mode, high) at one chance for the whole sample: after a bad event everything is slow.

    Parameters
    ----------
    chances
        What is known of the items.
    intensity
        [layers, items], NaN where not covered: such items do not fail.
    return_periods
        [layers] [yr].
    start, stop
        Samples start to stop - 1.

    Returns
    -------
    events
        Sample by sample, and in each layer by layer: event (s - start) · layers + layer. Items rise within an event.
        Hours are infinite where the time of repair is not known.

    Raises
    ------
    InputError
        If the arrays do not fit each other.
    """
    periods = np.asarray(return_periods, dtype=float)
    count = len(chances.keys)
    if intensity.shape != (len(periods), count):
        raise InputError(
            _("Intensities must be given for each of {layers} return periods and {count} items.").format(
                layers=len(periods), count=count
            )
        )
    reached = np.where(periods[:, None] < chances.design_return_period_yr, np.nan, intensity).astype(np.float32)
    bounds = chances.threshold.astype(np.float32)
    can_fail = ((reached > 0) & (reached >= bounds[:, 0])).any(axis=0)
    exposed = np.flatnonzero(can_fail)
    reached, bounds = reached[:, exposed], bounds[exposed]
    in_doubt = ((reached >= bounds[:, 0]) & (reached < bounds[:, 2])).any(axis=0)
    drawn = draw(chances.seed, start=start, stop=stop)
    chance = np.full((stop - start, exposed.size), 0.5)
    chance[:, in_doubt] = _chance(chances, drawn, exposed[in_doubt])
    limit = triangular(chance, bounds.astype(np.float64))
    failed = (reached > 0) & (reached >= limit[:, None, :])
    sample, _layer, column = np.nonzero(failed)
    by_event = failed.reshape((stop - start) * len(periods), exposed.size)
    slow = triangular(drawn.shared[:, None], chances.repair_h[exposed])
    return _events(by_event, exposed[column], slow[sample, column])


def sample_drought_years(
    chances: Chances, probability: Floats, *, start: int, stop: int, hours: float = math.inf
) -> Events:
    """Which items are in drought in each sampled year: those whose chance is below their annual probability.

    Parameters
    ----------
    chances
        Place, seed and range are used; thresholds, repair and design are not.
    probability
        [items]; chance of a drought in a year [1]; NaN for items that no layer covers or that drought does not stop.
    start, stop
        Samples start to stop - 1.
    hours
        How long drought takes the items' capacity [h].

    Returns
    -------
    events
        One event per sampled year.

    Raises
    ------
    InputError
        If the probabilities do not fit the items, or are not between 0 and 1.
    """
    if probability.shape != chances.keys.shape or (probability < 0).any() or (probability > 1).any():
        raise InputError(
            _("Probabilities between 0 and 1 must be given for each of {count} items.").format(count=len(chances.keys))
        )
    exposed = np.flatnonzero(probability > 0)
    dry = _chance(chances, draw(chances.seed, start=start, stop=stop), exposed) < probability[exposed]
    item = exposed[np.nonzero(dry)[1]]
    return _events(dry, item, np.full(item.size, hours))


# --- tables and events -----------------------------------------------------------------------------------------------


def _chance(chances: Chances, drawn: Draws, items: npt.NDArray[np.integer]) -> Floats:
    """Chance of some items, by sample."""
    return chances_at(chances.points[items], drawn, range_m=chances.range_m, keys=chances.keys[items])


def _bounded(table: pd.DataFrame, columns: Sequence[str], *, name: str) -> pd.DataFrame:
    """hazard, sector, kind, low, mode, high; a bound that is not given is the value."""
    values = with_columns(table, list(columns)).astype(float)
    mode = values[columns[1]]
    bounds = pd.DataFrame({bound: values[column].fillna(mode) for bound, column in zip(BOUNDS, columns, strict=True)})
    bad = (bounds["low"] > bounds["mode"]) | (bounds["mode"] > bounds["high"])
    problem, remedy = _("is not between its low and its high bound"), _("correct the value or its bounds")
    found = [
        Fault(name, int(i) + 2, columns[1], f"{mode.iloc[i]:g}", problem, remedy)
        for i in np.flatnonzero(bad.to_numpy())
    ]
    if found:
        raise TableError(found)
    return pd.concat([table[["hazard", "sector", "kind"]], bounds], axis=1)


def _chosen(items: pd.DataFrame, known: pd.DataFrame, hazards: Sequence[str]) -> pd.DataFrame:
    """Bounds of the most exact row for each item: by hazard, then by kind, its family, any kind."""
    row = np.full(len(items), -1)
    at = pd.MultiIndex.from_frame(known[["hazard", "sector", "kind"]].astype(object))
    sector, kind = (items[column].astype(object).to_numpy() for column in ("sector", "kind"))
    family = items["kind"].astype("str").str.partition("_")[0].astype(object).to_numpy()
    for hazard in hazards:
        for wanted in (kind, family, np.full(len(items), "any", object)):
            keys = pd.MultiIndex.from_arrays([np.full(len(items), hazard, object), sector, wanted])
            row = np.where(row < 0, at.get_indexer(keys), row)
    values = np.concatenate([known[BOUNDS].to_numpy(dtype=float), np.full((1, 3), np.nan)])
    return pd.DataFrame(values[row], index=items.index, columns=BOUNDS)


def _events(failed: npt.NDArray[np.bool_], item: npt.NDArray[np.integer], hours: Floats) -> Events:
    """Failures by event, in the order of `failed` [events, columns]."""
    indptr = np.concatenate([[0], np.cumsum(failed.sum(axis=1))]).astype(np.int64)
    return Events(indptr, item.astype(np.int32), np.where(np.isnan(hours), np.inf, hours))
