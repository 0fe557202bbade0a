"""Pairs: what two options that hold failures off avoid together beyond what each does, and larger sets of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise

import numpy as np
import pandas as pd

from headwater.frames import with_columns
from headwater.journey import avoid, corridors
from headwater.journey.rerun import (
    SHARE_OF_ROUNDING,
    Base,
    Cases,
    Floats,
    Integers,
    Run,
    Sampled,
    Shields,
    cases,
    rerun,
    shields,
    standards,
    summed,
)

MOST_RUNS = 5_000_000
"""Pairs of changes within events that are run; where there are more, the first samples are taken that hold so many."""

PAIRS_PER_BLOCK = 100_000

PAIR = ["one", "other", "item"]


def of_standards(
    changes: pd.DataFrame, base: Base, options: pd.DataFrame, *, most_runs: int = MOST_RUNS, run: Run = map
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What options that hold failures off avoid together beyond what each does.

    Only events in which both of a pair turn a failure are run, with both turned; options that turn the same failures
    share the runs. Larger sets are those of `corridors`.

    Parameters
    ----------
    changes, options
        What options change, and table `options`.
    base
        What sampled events take from the system as it is.
    most_runs
        Runs of pairs at most; where there are more, the first samples are used that hold so many.
    run
        Maps a function over work items.

    Returns
    -------
    pairs
        one, other, item, amount.
    sets
        option_ids, item, amount: of three options and more.
    """
    plain = changes[~changes["option_id"].isin(avoid.changes_the_network(changes))]
    given = standards(plain, base)
    known = with_columns(options, ["option_id", "initial_cost_usd", "exclusive_group"]).set_index("option_id")
    costs, groups = known["initial_cost_usd"].astype("float64"), known["exclusive_group"]
    names = given["option_id"].unique()
    costs = costs.reindex(names).fillna(0.0)
    standard = given.groupby("option_id")["standard"].max().fillna(0.0)
    pairs, sets = [no_pairs()], [no_pairs().rename(columns={"one": "option_ids"}).drop(columns="other")]
    for sampled in base.sampled:
        held = shields(base, sampled, given)
        found = cases(base, sampled, held, run=run)
        gains = _pair_gains(base, sampled, found, held.layer.size, most_runs, run)
        parts = corridors.parts_of(held, groups)
        apart, joined = _of_owners(base, held, *gains, parts)
        pairs.append(apart)
        sets.append(joined)
        together, more = corridors.of_events(base, sampled, held, found, gains, run=run)
        sets.append(corridors.of_options(together, more, held, parts, costs, groups, standard, base.items))
    return _added(pairs, PAIR), _added(sets, ["option_ids", "item"])


def _added(parts: Sequence[pd.DataFrame], keys: list[str]) -> pd.DataFrame:
    """Tables of several hazards as one, amounts added up."""
    filled = [part for part in parts if len(part)]
    return pd.DataFrame(pd.concat(filled or parts[:1]).groupby(keys, as_index=False)["amount"].sum())


def no_pairs() -> pd.DataFrame:
    """No pair: one, other, item, amount."""
    return pd.DataFrame(columns=[*PAIR, "amount"]).astype({"amount": "float64"})


def _pair_gains(
    base: Base, sampled: Sampled, found: Cases, shield_count: int, most_runs: int, run: Run
) -> tuple[Integers, Floats]:
    """Pairs of shields (first · count + second) and what they give a year beyond each [pairs, items]."""
    after = np.searchsorted(found.event, found.event, side="right") - np.arange(found.event.size) - 1
    runs = np.cumsum(after)
    samples = base.samples
    if runs.size and runs[-1] > most_runs:
        samples = max(int(found.event[np.searchsorted(runs, most_runs)] // sampled.periods.size), 1)
    last = int(np.searchsorted(found.event, samples * sampled.periods.size))
    number = np.cumsum(after[:last]) // PAIRS_PER_BLOCK
    edges = [0, *(np.flatnonzero(np.diff(number)) + 1).tolist(), last]
    work = [(a, b) for a, b in pairwise(edges) if b > a]
    parts = list(run(partial(_pairs_in, base, sampled, found, after, shield_count), work))
    if not parts:
        return np.zeros(0, np.int64), np.zeros((0, len(base.items)))
    keys, sums = summed(np.concatenate([key for key, _gain in parts]), np.concatenate([gain for _key, gain in parts]))
    return keys, sums / samples


def _of_owners(
    base: Base, held: Shields, keys: Integers, gains: Floats, parts: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Pairs of shields as pairs of options (one, other, item, amount), or as parts of which any option will do.

    Options that hold the same failures off and exclude each other are alternatives of one part.
    """
    one, other = np.divmod(keys, max(held.layer.size, 1))
    group = parts["group"].reindex(np.arange(held.layer.size)).to_numpy(object)
    is_part = pd.notna(group)
    joined = is_part[one] & is_part[other]
    differs = joined & (group[one] != group[other])
    texts = parts["text"].reindex(np.arange(held.layer.size)).to_numpy(object)
    names = [
        corridors.SEPARATOR.join(sorted(pair)) for pair in zip(texts[one[differs]], texts[other[differs]], strict=True)
    ]
    sets = pd.DataFrame(gains[differs], columns=base.items).assign(option_ids=names)
    pairs = pd.DataFrame({"a": one, "b": other, "at": np.arange(keys.size)})[~joined]
    for side in ("a", "b"):
        pairs = pairs.merge(held.owners.rename(columns={"shield": side, "option_id": f"{side}_id"}), on=side)
    ends = np.sort(pairs[["a_id", "b_id"]].to_numpy(dtype=object), axis=1)
    amounts = pd.DataFrame(gains[pairs["at"].to_numpy(int)], columns=base.items)
    wide = amounts.assign(one=ends[:, 0], other=ends[:, 1])
    return (
        wide.melt(["one", "other"], var_name="item", value_name="amount"),
        sets.melt("option_ids", var_name="item", value_name="amount"),
    )


def _pairs_in(
    base: Base, sampled: Sampled, found: Cases, after: Integers, shield_count: int, block: tuple[int, int]
) -> tuple[Integers, Floats]:
    """Interactions within events, of some cases with all later ones of their events; by pair of shields, weighted."""
    start, stop = block
    count = after[start:stop]
    one = np.repeat(np.arange(start, stop), count)
    within = np.arange(one.size) - np.repeat(np.cumsum(count) - count, count)
    other = one + 1 + within
    event = found.event[one]
    begin = np.searchsorted(found.case, np.arange(found.event.size + 1))
    turned, case = [], []
    for side in (one, other):
        width = begin[side + 1] - begin[side]
        row = np.repeat(np.arange(side.size), width)
        case.append(row)
        turned.append(found.failure[np.repeat(begin[side] - np.cumsum(width) + width, width) + np.arange(row.size)])
    row = np.concatenate(case)
    order = np.argsort(row, kind="stable")
    lost = rerun(base.model, sampled, event, row[order], np.concatenate(turned)[order])
    without = sampled.losses[event]
    joint = without - lost - found.gain[one] - found.gain[other]
    joint[np.abs(joint) <= 2 * SHARE_OF_ROUNDING * np.abs(without)] = 0.0
    some = (joint != 0).any(axis=(1, 2))
    low, high = (f(found.shield[one[some]], found.shield[other[some]]) for f in (np.minimum, np.maximum))
    weight = sampled.weights[event[some] % sampled.periods.size, None]
    return summed(low * shield_count + high, weight * joint[some].reshape(-1, len(base.items)))
