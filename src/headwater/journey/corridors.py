"""Corridors: sets of three or more protected items that give people a service only when all of them hold.

A valley road of five stretches helps nobody until the last of them stays open. Which sets those are is read from the
events themselves: from everything that could be held open, whatever nobody would miss is left out, and then each zone
is asked what it could not do without. What a set is worth comes from running it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import combinations, product

import numpy as np
import numpy.typing as npt
import pandas as pd

from headwater.journey.rerun import (
    Base,
    Cases,
    Floats,
    Integers,
    Run,
    Sampled,
    Shields,
    cases,
    differences,
    rerun,
    summed,
)
from headwater.system.cascade import settle
from headwater.system.layers import Events

Flags = npt.NDArray[np.bool_]
Corridor = tuple[int, ...]
"""Shields of one layer, sorted."""

SEPARATOR, EITHER = ";", "|"
"""Between the parts of a set of options, and between options any of which will do for a part."""

LEAST, MOST_ITEMS = 3, 12
"""Items of a corridor: pairs are run by themselves, and a plan that needs more is put right when it is run whole."""

MOST_CORRIDORS = 150
"""Corridors run under a hazard: those that the most people depend on."""

MOST_ASKED = 50_000
"""Items of events that are left out one by one to ask who misses them; the first events are asked."""

MOST_COMBINATIONS = 64
"""Ways to build one corridor that are told apart. Where there are more, each item is built in the cheapest way that
holds the flood off, and all in the way that holds off the most."""


def of_events(
    base: Base, sampled: Sampled, known: Shields, found: Cases, pairs: tuple[Integers, Floats],
    *, most: int = MOST_CORRIDORS, run: Run = map,
) -> tuple[list[Corridor], Floats]:  # fmt: skip
    """Corridors under one hazard, and what each gives beyond its parts: pairs and corridors within it.

    Parameters
    ----------
    base, sampled
        The system as it is, and samples of the hazard.
    known, found
        What standards turn, and what each turn alone gains.
    pairs
        Pairs of shields (first · count of shields + second), sorted, and what they give beyond each [pairs, items].
    most
        Corridors at most: those that the most people depend on.
    run
        Maps a function over events.

    Returns
    -------
    corridors
        Shields of each.
    gains
        [corridors, items of `effects`] a year.
    """
    needed = _needed(base, sampled, found)
    ways: dict[Corridor, float] = {}
    for counted in run(partial(_asked, base, sampled, found, needed), _blocks_of_events(found, needed)):
        for corridor, people in counted.items():
            ways[corridor] = ways.get(corridor, 0.0) + people
    kept = sorted(ways, key=lambda corridor: (-ways[corridor], corridor))[:most]
    weights = {corridor: ways[corridor] for corridor in kept} | _largest(base, known, pairs, most)
    corridors = sorted({*kept, *_overlaps(weights, known, most)}, key=lambda one: (len(one), one))
    return corridors, _beyond_parts(base, sampled, known, found, pairs, corridors, run)


# --- which --------------------------------------------------------------------------------------------------------


def _needed(base: Base, sampled: Sampled, found: Cases) -> Flags:
    """Cases of which their event's people would miss something if all other needed ones were in place."""
    alive = np.ones(found.event.size, np.bool_)
    events, first, count = np.unique(found.event, return_index=True, return_counts=True)
    large = count >= LEAST
    events, first, count = events[large], first[large], count[large]
    most = _lost(base, sampled, found, events, alive)
    for step in range(int(count.max(initial=0))):
        on = count > step
        tried = first[on] + step
        alive[tried] = False
        less = _lost(base, sampled, found, events[on], alive)
        missed = (differences(less, most[on]) != 0) | (np.isnan(less) != np.isnan(most[on]))
        alive[tried] = missed.any(axis=(1, 2))
    return alive


def _lost(base: Base, sampled: Sampled, found: Cases, events: Integers, alive: Flags) -> Floats:
    """What events take where the cases that are alive are turned together."""
    place = np.searchsorted(events, found.event)
    inside = (place < events.size) & alive
    inside[inside] = events[place[inside]] == found.event[inside]
    row = inside[found.case]
    return rerun(base.model, sampled, events, place[found.case[row]], found.failure[row])


def _blocks_of_events(found: Cases, needed: Flags) -> list[Integers]:
    """Events with as many needed cases as make a corridor, dealt out."""
    events, count = np.unique(found.event[needed], return_counts=True)
    large = (count >= LEAST) & (np.cumsum(np.where(count >= LEAST, count, 0)) <= MOST_ASKED)
    events = events[large]
    return [block for block in np.array_split(events, max(events.size // 50, 1)) if block.size]


def _asked(base: Base, sampled: Sampled, found: Cases, needed: Flags, events: Integers) -> dict[Corridor, float]:
    """People a year who could not do without each corridor, in some events."""
    counted: dict[Corridor, float] = {}
    people = np.concatenate([layer.population for layer in base.model.system.layers])
    for event in events.tolist():
        here = np.arange(*np.searchsorted(found.event, [event, event + 1]))
        here = here[needed[here]]
        missing = _missing_without(base, sampled, found, event, here)
        weight = float(sampled.weights[event % sampled.periods.size]) / base.samples
        size = missing.sum(axis=0)
        zones = np.flatnonzero((size >= LEAST) & (size <= MOST_ITEMS))
        sets, number = np.unique(missing[:, zones], axis=1, return_inverse=True)
        amount = np.bincount(number.ravel(), people[zones], sets.shape[1])
        for column in range(sets.shape[1]):
            corridor = tuple(found.shield[here[sets[:, column]]].tolist())
            counted[corridor] = counted.get(corridor, 0.0) + weight * float(amount[column])
    return counted


def _missing_without(base: Base, sampled: Sampled, found: Cases, event: int, here: Integers) -> Flags:
    """Whether each zone misses its service once one of the cases is left out [cases, zones of all layers]."""
    with_all = _served(base, sampled, found, event, here)
    without = [_served(base, sampled, found, event, here[here != left]) for left in here]
    missing: Flags = np.logical_and(with_all, ~np.stack(without))
    return missing


def _served(base: Base, sampled: Sampled, found: Cases, event: int, turned: Integers) -> Flags:
    """Whether each zone is joined to a supplier at every step of an event [zones of all layers]."""
    events = sampled.events
    place = np.arange(events.indptr[event], events.indptr[event + 1])
    kept = sampled.let_through[place]
    ends = np.searchsorted(found.case, np.stack([turned, turned + 1]))
    flips = np.concatenate([found.failure[a:b] for a, b in ends.T]) if turned.size else np.zeros(0, np.int64)
    kept[np.unique(flips) - events.indptr[event]] ^= True
    place = place[kept]
    settled = settle(base.model.system, Events(np.array([0, place.size]), events.item[place], events.hours[place]))
    served = []
    for layer, reach in zip(base.model.system.layers, settled.reach, strict=True):
        always: Flags = np.append(reach, np.zeros((len(reach), 1), np.bool_), axis=1).min(axis=0)
        served.append(always[layer.zone_node])  # a zone that is joined to nothing is at the end
    return np.concatenate(served)


def _largest(base: Base, known: Shields, pairs: tuple[Integers, Floats], most: int) -> dict[Corridor, float]:
    """Pairs that give the most people a year more than their parts do."""
    keys, gains = pairs
    people = gains[:, [item.startswith("population") for item in base.items]].sum(axis=1)
    first = np.argsort(-people, kind="stable")[:most]
    one, other = np.divmod(keys[first], max(known.layer.size, 1))
    found = zip(one.tolist(), other.tolist(), people[first].tolist(), strict=True)
    return {(a, b): amount for a, b, amount in found if amount > 0}


def _overlaps(weights: dict[Corridor, float], known: Shields, most: int) -> list[Corridor]:
    """What two sets with a common part make up: people who could go by either are not to be counted twice."""
    made: dict[Corridor, float] = {}
    for one, other in combinations(sorted(weights), 2):
        both = tuple(sorted({*one, *other}))
        overlap = len(both) < len(one) + len(other) and known.layer[one[0]] == known.layer[other[0]]
        if overlap and len(both) <= MOST_ITEMS and both not in weights:
            made[both] = max(made.get(both, 0.0), min(weights[one], weights[other]))
    return sorted(made, key=lambda corridor: (-made[corridor], corridor))[:most]


# --- what they are worth ------------------------------------------------------------------------------------------


def _beyond_parts(
    base: Base, sampled: Sampled, known: Shields, found: Cases, pairs: tuple[Integers, Floats],
    corridors: Sequence[Corridor], run: Run,
) -> Floats:  # fmt: skip
    items = [np.unique(np.concatenate([known.item[known.shield == one] for one in corridor])) for corridor in corridors]
    if not items:
        return np.zeros((0, len(base.items)))
    whole = Shields(
        pd.DataFrame({"option_id": [], "shield": []}),
        np.array([known.layer[corridor[0]] for corridor in corridors], np.int64),
        np.repeat(np.arange(len(items)), [own.size for own in items]), np.concatenate(items),
    )  # fmt: skip
    more = _yearly(base, sampled, cases(base, sampled, whole, run=run), len(corridors))
    alone = _yearly(base, sampled, found, known.layer.size)
    keys, together = pairs
    for number, corridor in enumerate(corridors):
        members = np.array(corridor, np.int64)
        one, other = np.triu_indices(members.size, 1)
        key = members[one] * known.layer.size + members[other]
        inside = np.flatnonzero(np.isin(keys, key))
        smaller = [place for place, part in enumerate(corridors[:number]) if set(part) < set(corridor)]
        parts = alone[members].sum(axis=0) + together[inside].sum(axis=0) + more[smaller].sum(axis=0)
        left = more[number] - parts
        more[number] = np.where(np.abs(left) <= 1e-9 * np.abs(more[number]), 0.0, left)
    return more


def _yearly(base: Base, sampled: Sampled, found: Cases, count: int) -> Floats:
    """Gain of each shield a year [shields, items]."""
    weight = sampled.weights[found.event % sampled.periods.size, None] / base.samples
    shield, gain = summed(found.shield, weight * found.gain.reshape(-1, len(base.items)))
    total = np.zeros((count, len(base.items)))
    total[shield] = gain
    return total


# --- whose --------------------------------------------------------------------------------------------------------


def parts_of(known: Shields, groups: pd.Series) -> pd.DataFrame:
    """What each shield is as one part of a set: its options, any of which will do, and the group they exclude each
    other in; missing where they do not.

    Parameters
    ----------
    known
        Shields and their owners.
    groups
        Exclusive group of each option.
    """
    owners = known.owners.assign(group=known.owners["option_id"].map(groups)).sort_values(["shield", "option_id"])
    by_shield = owners.groupby("shield")
    first = by_shield["group"].first()
    differs = owners["group"].isna() | (owners["group"] != owners["shield"].map(first))
    group = first.where(~differs.groupby(owners["shield"]).any())
    text = by_shield["option_id"].agg(EITHER.join)
    return pd.DataFrame({"group": group.astype("object").where(group.notna(), None), "text": text})


def of_options(
    corridors: Sequence[Corridor], gains: Floats, known: Shields, parts: pd.DataFrame, costs: pd.Series,
    groups: pd.Series, standard: pd.Series, items: Sequence[str],
) -> pd.DataFrame:  # fmt: skip
    """Corridors as sets of options: option_ids, item, amount.

    Where the options of every item exclude each other, a corridor is one set of parts; else there is a set for each way
    to build it.

    Parameters
    ----------
    corridors, gains, known
        As from `of_events`.
    parts
        From `parts_of`.
    costs, groups, standard
        Cost [USD], exclusive group and highest standard [yr] of each option.
    items
        Items of `effects`.
    """
    owners = known.owners.sort_values(["shield", "option_id"]).groupby("shield")["option_id"].agg(list)
    rows = []
    for number, corridor in enumerate(corridors):
        own = parts.reindex(list(corridor))
        if own["group"].notna().all():
            if own["group"].is_unique:
                rows.append((SEPARATOR.join(sorted(own["text"])), number))
            continue
        rows += [
            (SEPARATOR.join(sorted(ways)), number)
            for ways in _ways([owners[shield] for shield in corridor], costs, standard)
            if _can_be_chosen(ways, groups)
        ]
    sets = pd.DataFrame(rows, columns=["option_ids", "number"])
    wide = pd.DataFrame(gains[sets["number"].to_numpy(int)], columns=list(items)).assign(option_ids=sets["option_ids"])
    return wide.melt("option_ids", var_name="item", value_name="amount")


def _ways(owners: Sequence[list[str]], costs: pd.Series, standard: pd.Series) -> list[tuple[str, ...]]:
    """Ways to build a corridor: every combination of options, or the cheapest and the most where there are too many."""
    if np.prod([float(len(each)) for each in owners]) <= MOST_COMBINATIONS:
        return list(product(*owners))
    able = [_worth_it(each, costs, standard) for each in owners]
    if np.prod([float(len(each)) for each in able]) <= MOST_COMBINATIONS:
        return list(product(*able))
    return list(dict.fromkeys([tuple(each[0] for each in able), tuple(each[-1] for each in able)]))


def _worth_it(owners: Sequence[str], costs: pd.Series, standard: pd.Series) -> list[str]:
    """Options of which none costs no more and holds off as much, the cheapest first."""
    kept: list[str] = []
    for option in sorted(owners, key=lambda one: (float(costs[one]), -float(standard[one]), one)):
        if all(standard[option] > standard[other] for other in kept):
            kept.append(option)
    return kept


def _can_be_chosen(ways: Sequence[str], groups: pd.Series) -> bool:
    own = groups.reindex(list(ways)).dropna()
    return len(set(ways)) == len(ways) and own.is_unique
