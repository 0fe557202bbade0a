"""Reruns: sampled events once more, with some failures held off that were let through, and what that changes.

Every item is sampled as if nothing protected it. The standards of a system let some of these failures through and hold
the others off, so an option that raises one changes some events and no other: only these are run again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from headwater.journey.disrupt import SAMPLES_PER_BLOCK, Hazard, Model, blocks, repaired
from headwater.journey.objectives import LOSSES
from headwater.risk.failure import sample_drought_years, sample_failures
from headwater.system.cascade import cascade
from headwater.system.layers import Events

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

Run = Callable[..., Iterable]
"""Maps a function over work items."""

PROTECTION = "design_return_period_yr"

SHARE_OF_ROUNDING = 1e-9
"""A difference of no more than this share of an event's loss is rounding."""

CASES_PER_RUN, FAILURES_PER_RUN = 8192, 2_000_000


@dataclass(frozen=True, eq=False)
class Sampled:
    """Samples of one hazard, with nothing held off.

    Attributes
    ----------
    periods, weights
        [layers]; return period [yr], infinite for sampled years, and what a loss counts for in a year [1/yr].
    events
        What fails where nothing is protected: sample by sample, and in each layer by layer.
    covered
        [items]; whether the hazard is known on the item and something is known of when it fails.
    let_through
        [failures]; whether the system as it is does not hold the failure off.
    losses
        [events, services, `LOSSES`]; what each event takes from the system as it is.
    """

    periods: Floats
    weights: Floats
    events: Events
    covered: Flags
    let_through: Flags
    losses: Floats

    @property
    def event(self) -> Integers:
        """Event of each failure."""
        return np.repeat(np.arange(self.events.count), np.diff(self.events.indptr))


@dataclass(frozen=True, eq=False)
class Base:
    """The system as it is, and what sampled events take from it.

    Attributes
    ----------
    model
        The system of systems.
    standard
        [items]; return period that each is designed for [yr], missing for none.
    samples
        Samples of each hazard: the first of those that the study draws.
    sampled
        One per hazard.
    """

    model: Model
    standard: Floats
    samples: int
    sampled: tuple[Sampled, ...]

    @property
    def items(self) -> list[str]:
        """Items of `effects`, in the order of the last two axes of losses."""
        return [f"{loss}.{service}" for service in self.model.services for loss in LOSSES]

    @property
    def units(self) -> dict[str, str]:
        """Unit of each item."""
        return {item: LOSSES[item.partition(".")[0]] for item in self.items}


# --- samples ------------------------------------------------------------------------------------------------------


def prepare(model: Model, hazards: Sequence[Hazard], *, samples: int | None = None, run: Run = map) -> Base:
    """Samples of hazards, and what they take from a system.

    Parameters
    ----------
    model
        The system of systems; with a priority where there are repair crews.
    hazards
        Hazards on its items, those of the case that is planned for.
    samples
        How many; those of the model by default. The first so many of them are used, whatever their number.
    run
        Maps a function over blocks of samples.
    """
    count = model.samples if samples is None else min(samples, model.samples)
    quiet = replace(model, system=_without_journeys(model))
    standard = model.items[PROTECTION].to_numpy(dtype=float, na_value=np.nan)
    return Base(quiet, standard, count, tuple(_sampled(quiet, hazard, standard, count, run) for hazard in hazards))


def yearly(base: Base) -> Floats:
    """Loss of each sampled year over all hazards [samples, services, `LOSSES`]: what a `LossModel` gives."""
    total = np.zeros((base.samples, len(base.model.services), len(LOSSES)))
    for one in base.sampled:
        by_layer = one.losses.reshape(base.samples, one.weights.size, *total.shape[1:])
        total += np.einsum("l,nlsi->nsi", one.weights, by_layer)
    return total


def _without_journeys(model: Model) -> Any:
    """The system where nobody is asked how much longer a way is: neither loss depends on it, and it takes long."""
    system = model.system
    return replace(system, layers=tuple(replace(layer, travels=False) for layer in system.layers))


def _sampled(model: Model, hazard: Hazard, standard: Floats, samples: int, run: Run) -> Sampled:
    if hazard.is_yearly:
        periods, covered = np.array([np.inf]), ~np.isnan(hazard.intensity[0])
    else:
        periods = hazard.layers["return_period_yr"].to_numpy(dtype=float)
        covered = ~np.isnan(hazard.chances.threshold[:, 1]) & ~np.isnan(hazard.intensity).all(axis=0)
    bare = replace(hazard, chances=replace(hazard.chances, design_return_period_yr=np.full(standard.size, np.nan)))
    parts = list(run(partial(_draw, model, bare), blocks(samples, SAMPLES_PER_BLOCK)))
    events = _joined(parts)
    layer = np.repeat(np.arange(events.count), np.diff(events.indptr)) % periods.size
    let_through = ~(periods[layer] < standard[events.item])
    one = Sampled(periods, hazard.weights, events, covered, let_through, np.zeros(0))
    none = np.zeros(0, np.int64)
    return replace(one, losses=rerun(model, one, np.arange(events.count), none, none, run=run))


def _draw(model: Model, hazard: Hazard, block: tuple[int, int]) -> Events:
    start, stop = block
    if hazard.is_yearly:
        return sample_drought_years(
            hazard.chances, hazard.intensity[0], start=start, stop=stop, hours=model.drought_loss_h
        )
    periods = hazard.layers["return_period_yr"].to_numpy(dtype=float)
    return sample_failures(hazard.chances, hazard.intensity, periods, start=start, stop=stop)


def _joined(parts: Sequence[Events]) -> Events:
    shift = np.cumsum([0, *[part.item.size for part in parts]])
    indptr = [part.indptr[:-1] + by for part, by in zip(parts, shift, strict=False)]
    return Events(
        np.concatenate([*indptr, shift[-1:]]).astype(np.int64), np.concatenate([part.item for part in parts]),
        np.concatenate([part.hours for part in parts]),
    )  # fmt: skip


# --- events run again ---------------------------------------------------------------------------------------------


def rerun(
    model: Model, sampled: Sampled, event: Integers, case: Integers, failure: Integers,
    *, run: Run = map,
) -> Floats:  # fmt: skip
    """What events take once some of their failures are held off that were let through, or let through that were not.

    Parameters
    ----------
    model
        The system of systems.
    sampled
        Samples of a hazard.
    event
        [cases]; event that each case is made from.
    case, failure
        One pair for each failure that a case turns: the number of the case, ascending, and of the failure in
        `sampled.events`.
    run
        Maps a function over blocks of cases.

    Returns
    -------
    losses
        [cases, services, `LOSSES`].
    """
    parts = list(run(partial(_rerun_block, model, sampled, event, case, failure), _chunks(sampled, event)))
    return np.concatenate(parts) if parts else np.zeros((0, len(model.services), len(LOSSES)))


def _chunks(sampled: Sampled, event: Integers) -> list[tuple[int, int]]:
    """Blocks of cases that fit into memory."""
    size = np.diff(sampled.events.indptr)[event]
    number = np.cumsum(size) // FAILURES_PER_RUN + np.arange(event.size) // CASES_PER_RUN
    edges = [0, *(np.flatnonzero(np.diff(number)) + 1).tolist(), event.size]
    return [(start, stop) for start, stop in pairwise(edges) if stop > start]


def _rerun_block(
    model: Model, sampled: Sampled, event: Integers, case: Integers, failure: Integers, block: tuple[int, int]
) -> Floats:
    start, stop = block
    first, last = np.searchsorted(case, block)
    events, mine = sampled.events, event[start:stop]
    size = np.diff(events.indptr)[mine]
    begin = np.concatenate([[0], np.cumsum(size)])
    position = np.arange(begin[-1]) + np.repeat(events.indptr[mine] - begin[:-1], size)
    kept = sampled.let_through[position]
    row = case[first:last] - start
    turned = begin[row] + failure[first:last] - events.indptr[mine[row]]
    kept[turned] = ~kept[turned]
    position = position[kept]
    sums = np.concatenate([[0], np.cumsum(kept)])
    return losses(model, Events(sums[begin].astype(np.int64), events.item[position], events.hours[position]))


def losses(model: Model, events: Events) -> Floats:
    """People and person-hours that events take, dependencies counted [events, services, `LOSSES`]."""
    outcome = cascade(model.system, repaired(model, events)[1], weights=np.zeros(events.count))
    found = {"population_without_per_yr": outcome.people_without, "user_hours_lost_per_yr": outcome.user_hours}
    return np.stack([found[name] for name in LOSSES], axis=-1)


# --- which failures options turn ----------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Shields:
    """Sets of items of which standards turn the failures in one layer of a hazard; options with the same set share it.

    Attributes
    ----------
    owners
        option_id, shield: which shields an option has, sorted.
    layer
        [shields].
    shield, item
        The items of each shield, sorted by shield.
    """

    owners: pd.DataFrame
    layer: Integers
    shield: Integers
    item: Integers


def standards(changes: pd.DataFrame, base: Base) -> pd.DataFrame:
    """Standards that options set: option_id, item (its number) and standard [yr], missing where it is taken away."""
    rows = changes[(changes["action"] == "set") & (changes["column"] == PROTECTION)]
    item = base.model.items.index.get_indexer(pd.Index(rows["row_id"]))
    value = pd.to_numeric(rows["value"].astype("str").str.strip(), errors="coerce")  # blank takes protection away
    table = pd.DataFrame({"option_id": rows["option_id"].to_numpy(object), "item": item, "standard": value.to_numpy()})
    return table[table["item"] >= 0].sort_values(["option_id", "item"], ignore_index=True)


def shields(base: Base, sampled: Sampled, given: pd.DataFrame) -> Shields:
    """What standards turn in the layers of a hazard.

    Parameters
    ----------
    base
        The system as it is.
    sampled
        Samples of a hazard.
    given
        option_id, item, standard.
    """
    item = given["item"].to_numpy(np.int64)
    was = sampled.periods < base.standard[item][:, None]
    row, layer = np.nonzero(was != (sampled.periods < given["standard"].to_numpy(float)[:, None]))
    turns = pd.DataFrame({"option_id": given["option_id"].to_numpy(object)[row], "layer": layer, "item": item[row]})
    sets = turns.groupby(["option_id", "layer"])["item"].agg(tuple).reset_index()
    number, distinct = pd.factorize(pd.MultiIndex.from_frame(sets[["layer", "item"]]), sort=False)
    width = [len(items) for _layer, items in distinct]
    return Shields(
        pd.DataFrame({"option_id": sets["option_id"], "shield": number}),
        np.array([layer for layer, _items in distinct], np.int64),
        np.repeat(np.arange(len(width)), width),
        np.array([each for _layer, items in distinct for each in items], np.int64),
    )


@dataclass(frozen=True, eq=False)
class Cases:
    """Events that shields change, one case for each event and shield, sorted by both.

    Attributes
    ----------
    event, shield
        [cases].
    case, failure
        The failures that each case turns.
    gain
        [cases, services, `LOSSES`]; what the event takes from the system as it is, less what it takes now.
    """

    event: Integers
    shield: Integers
    case: Integers
    failure: Integers
    gain: Floats


def cases(base: Base, sampled: Sampled, known: Shields, *, run: Run = map) -> Cases:
    """Events that shields change, and what that gains."""
    event, item = sampled.event, sampled.events.item
    layer = event % sampled.periods.size
    wide = len(base.standard)
    key = known.layer[known.shield] * wide + known.item
    order = np.argsort(key, kind="stable")
    of_failure = layer * wide + item
    left, right = (np.searchsorted(key[order], of_failure, side=side) for side in ("left", "right"))
    count = right - left
    failure = np.repeat(np.arange(item.size), count)
    within = np.arange(failure.size) - np.repeat(np.cumsum(count) - count, count)
    shield = known.shield[order][np.repeat(left, count) + within]
    many = max(known.layer.size, 1)
    pair, case = np.unique(event[failure] * many + shield, return_inverse=True)
    by_case = np.argsort(case, kind="stable")
    case, failure = case[by_case], failure[by_case]
    at = pair // many
    gain = differences(sampled.losses[at], rerun(base.model, sampled, at, case, failure, run=run))
    return Cases(at, pair % many, case, failure, gain)


def differences(without: Floats, with_them: Floats) -> Floats:
    """Gains; what is rounding is none."""
    gain = without - with_them
    gain[np.abs(gain) <= SHARE_OF_ROUNDING * np.abs(without)] = 0.0
    return gain


def owned(shield: Integers, owners: pd.DataFrame) -> tuple[npt.NDArray[Any], Integers]:
    """Owners of some shields: option_id, and the position in `shield`, for every pair."""
    pairs = pd.DataFrame({"shield": shield, "at": np.arange(shield.size)}).merge(owners, on="shield", sort=False)
    return pairs["option_id"].to_numpy(object), pairs["at"].to_numpy(np.int64)


def summed(key: Integers, values: Floats) -> tuple[Integers, Floats]:
    """Distinct keys, rising, and sums of rows of values by key, in the order of the rows.

    Examples
    --------
    >>> keys, sums = summed(np.array([7, 3, 7]), np.array([[1.0], [2.0], [4.0]]))
    >>> keys.tolist(), sums.tolist()
    ([3, 7], [[2.0], [5.0]])
    """
    if not key.size:
        return key, values
    order = np.argsort(key, kind="stable")
    distinct, first = np.unique(key[order], return_index=True)
    return distinct, np.add.reduceat(values[order], first, axis=0)
