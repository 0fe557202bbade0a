"""Together: what options give in one another's company that they do not give alone, and what that leaves unsaid.

Two roads in a row help nobody until both stay open; two ways to one town are worth little more than either. Pairs are
run through the models; what more than two options do together is found when a plan is run whole, and becomes a
correction for the options of that plan.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from itertools import combinations
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from headwater.frames import with_columns
from headwater.journey import avoid, propose
from headwater.journey.corridors import EITHER, SEPARATOR
from headwater.journey.objectives import LOSSES
from headwater.journey.pairs import MOST_RUNS, PAIR, no_pairs, of_standards
from headwater.journey.propose import System
from headwater.journey.rerun import Base, Run
from headwater.schema import empty, load_schema
from headwater.settings import Service

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

MOST_ROWS = 2000
"""Interactions kept of each item: those of the largest amounts."""

NOTHING = 1e-6
"""Share of what two options give alone and together below which their interaction counts as none."""

EQUAL = 1e-9
"""Share of an amount by which a sum and the models may differ and agree."""

LONG = 3
"""Options in the name of an interaction at most."""

Effects = Callable[[pd.DataFrame], pd.DataFrame]
"""From a table `changes` to the table `effects` of its options, each alone."""


class Found(NamedTuple):
    """Interactions, and what was left out.

    Attributes
    ----------
    interactions
        Table `interactions`.
    dropped
        item, interactions, amount: how many were left out because there were too many, and the sum of their absolute
        amounts.
    """

    interactions: pd.DataFrame
    dropped: pd.DataFrame


def interactions(
    system: System,
    changes: pd.DataFrame,
    options: pd.DataFrame,
    effects: pd.DataFrame,
    *,
    losses: tuple[Base, avoid.LossModel] | None = None,
    service: tuple[propose.ServiceModel, pd.Series] | None = None,
    damage: tuple[propose.DamageModel, pd.DataFrame] | None = None,
    services: Sequence[Service] = (),
    most: int = MOST_ROWS,
    most_runs: int = MOST_RUNS,
    run: Run = map,
) -> Found:
    """Pairs of options that together give more, or less, than the sum of what they give alone.

    Three sorts of pairs are run: options that hold failures off in the same events (losses of services); options that
    change the network (losses of services and criticality), each pair through the whole model; and options on the same
    asset or link that do not exclude each other (damage). What a new road and a protected one do together, and what
    three do that no two of them do, comes from plans that are run whole: see `correction`.

    Parameters
    ----------
    system, changes, options
        The system as it is, what options change in it, and table `options`: pairs of one exclusive group are left out.
    effects
        What each option gives alone; a pair of which one is not known has no interaction.
    losses, service, damage
        A model, and what it says without any option; None where the study has nothing to run it on.
    services
        Services of the study, as in `avoid.effects`.
    most
        Interactions kept of each item.
    most_runs
        As in `of_standards`.
    run
        Maps a function over work items.

    Returns
    -------
    found
        Interactions, sorted by item and name, and what was left out.
    """
    parts, sets = [no_pairs()], pd.DataFrame(columns=["option_ids", "item", "amount"])
    if losses is not None:
        base, loss_model = losses
        pairs, sets = of_standards(changes, base, options, most_runs=most_runs, run=run)
        parts.append(_allowed(pairs, options, changes))
        far = avoid.out_of_reach(system, changes, base, services) if services else []
        slow = set(avoid.changes_the_network(changes)) - set(far)
        avoided = partial(avoid.effects, system, base=base, model=loss_model, run=run)
        parts.append(of_models(changes, _allowed(_all_pairs(slow), options, changes), effects, avoided))
    if service is not None:

        def reached(joined: pd.DataFrame) -> pd.DataFrame:
            return propose.service_effects(system, joined, service[1], service[0], run=run)

        pairs = _allowed(_all_pairs(propose.network_options(changes)), options, changes)
        parts.append(of_models(changes, pairs, effects, reached))
    if damage is not None:

        def unharmed(joined: pd.DataFrame) -> pd.DataFrame:
            return propose.damage_effects(system, joined, damage[1], damage[0], run=run)

        pairs = _allowed(_pairs_on_one_row(changes), options, changes)
        parts.append(of_models(changes, pairs, effects, unharmed))
    pairs = pd.concat([part for part in parts if len(part)] or parts, ignore_index=True)
    return _kept(_some(pairs, effects), sets, _units(effects), most)


def of_models(changes: pd.DataFrame, pairs: pd.DataFrame, effects: pd.DataFrame, together: Effects) -> pd.DataFrame:
    """What pairs of options give beyond what each does, by running both as if they were one: one, other, item, amount.

    Parameters
    ----------
    changes
        What options change.
    pairs
        one, other.
    effects
        What each gives alone.
    together
        Effects of a table of changes.
    """
    if pairs.empty:
        return no_pairs()
    named = pairs[["one", "other"]].assign(joint_id=pairs["one"] + SEPARATOR + pairs["other"])
    sides = [named.merge(changes, left_on=side, right_on="option_id") for side in ("one", "other")]
    joined = pd.concat(sides, ignore_index=True).assign(option_id=lambda rows: rows["joint_id"])
    found = together(joined[changes.columns].drop_duplicates(["option_id", "table", "row_id", "column"]))
    table = found[["option_id", "item", "amount"]].merge(named, left_on="option_id", right_on="joint_id")
    alone = effects.set_index(["option_id", "item"])["amount"]
    one, other = (
        alone.reindex(pd.MultiIndex.from_frame(table[[side, "item"]])).to_numpy(float) for side in ("one", "other")
    )
    more = table["amount"].to_numpy(float) - one - other
    most = np.max(np.abs([table["amount"].to_numpy(float), one, other]), axis=0)
    return table.assign(amount=np.where(np.abs(more) <= NOTHING * most, 0.0, more))[[*PAIR, "amount"]]


def _all_pairs(options: Collection[str]) -> pd.DataFrame:
    return pd.DataFrame(list(combinations(sorted(options), 2)), columns=["one", "other"], dtype="object")


def _pairs_on_one_row(changes: pd.DataFrame) -> pd.DataFrame:
    rows = changes[["option_id", "table", "row_id"]].drop_duplicates()
    both = rows.merge(rows, on=["table", "row_id"], suffixes=("", "_other"))
    both = both[both["option_id"] < both["option_id_other"]]
    pairs = both[["option_id", "option_id_other"]].drop_duplicates()
    return pairs.set_axis(["one", "other"], axis=1).sort_values(["one", "other"], ignore_index=True)


def _allowed(pairs: pd.DataFrame, options: pd.DataFrame, changes: pd.DataFrame) -> pd.DataFrame:
    """Pairs that can both be chosen: not of one exclusive group, and not at odds over a cell or a row."""
    group = with_columns(options, ["option_id", "exclusive_group"]).set_index("option_id")["exclusive_group"]
    one, other = pairs["one"].map(group), pairs["other"].map(group)
    pairs = pairs[~(one.notna() & (one == other))]
    rows = changes[["option_id", "table", "row_id", "action", "column"]].assign(value=_plain(changes["value"]))
    both = pairs[["one", "other"]].drop_duplicates().merge(rows, left_on="one", right_on="option_id")
    both = both.merge(
        rows, left_on=["other", "table", "row_id"], right_on=["option_id", "table", "row_id"], suffixes=("", "_other")
    )
    is_lost = (both["action"] == "remove") != (both["action_other"] == "remove")
    differs = (both["column"] == both["column_other"]) & (both["value"] != both["value_other"])
    at_odds = pd.MultiIndex.from_frame(both.loc[is_lost | differs, ["one", "other"]])
    return pairs[~pd.MultiIndex.from_frame(pairs[["one", "other"]]).isin(at_odds)].reset_index(drop=True)


def _plain(values: pd.Series) -> pd.Series:
    """Values as text, numbers written alike."""
    text = values.astype("str").fillna("").str.strip()
    return pd.to_numeric(text, errors="coerce").astype("object").fillna(text).astype("str")


def _some(pairs: pd.DataFrame, effects: pd.DataFrame) -> pd.DataFrame:
    """Pairs that come to something beside what each option gives, which must be known."""
    alone = effects.set_index(["option_id", "item"])["amount"]
    sides = [pd.MultiIndex.from_frame(pairs[[side, "item"]]) for side in ("one", "other")]
    scale = np.max(np.abs([alone.reindex(side).to_numpy(float) for side in sides]), axis=0)
    names = pairs["one"] + SEPARATOR + pairs["other"]
    return pd.DataFrame(pairs.assign(option_ids=names)[pairs["amount"].abs() > NOTHING * scale])


def _kept(pairs: pd.DataFrame, sets: pd.DataFrame, units: Mapping[str, str], most: int) -> Found:
    """The largest interactions of each item as a table, and a count of the others."""
    columns = ["option_ids", "item", "amount"]
    filled = [table[columns] for table in (pairs, sets) if len(table)]
    every = pd.concat(filled or [pairs[columns]], ignore_index=True)
    every = every.assign(size=every["amount"].abs())
    every = every[every["size"] > 0].sort_values(["item", "size", "option_ids"], ascending=[True, False, True])
    is_kept = every.groupby("item").cumcount() < most
    left = every[~is_kept].groupby("item", as_index=False).agg(interactions=("size", "size"), amount=("size", "sum"))
    kept = every[is_kept].sort_values(["item", "option_ids"], ignore_index=True)
    names = kept["option_ids"].map(_name)
    return Found(_table(names, kept["option_ids"], kept["item"], kept["amount"], units, origin="model"), left)


def _units(effects: pd.DataFrame) -> dict[str, str]:
    return dict(zip(effects["item"], effects["unit"], strict=True))


def _table(
    names: pd.Series, option_ids: pd.Series, items: pd.Series, amounts: pd.Series, units: Mapping[str, str],
    *, origin: str, plan_id: str | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Table `interactions`."""
    table = pd.DataFrame({"interaction_id": names, "item": items, "option_ids": option_ids, "amount": amounts})
    table = table.assign(unit=table["item"].map(units), origin=origin, plan_id=plan_id)
    return with_columns(table, list(load_schema("interactions").index)) if len(table) else empty("interactions")


# --- corrections --------------------------------------------------------------------------------------------------


def clusters(option_ids: Collection[str], known: pd.DataFrame) -> list[list[str]]:
    """Options in groups between which no interaction is known, each sorted, the first names first.

    Parameters
    ----------
    option_ids
        The options.
    known
        Table `interactions`; those of which not all options are among these are passed over.

    Examples
    --------
    >>> clusters(["a", "b", "c", "d"], pd.DataFrame({"option_ids": ["a;c", "d;e"]}))
    [['a', 'c'], ['b'], ['d']]
    """
    names = sorted(set(option_ids))
    number = {name: place for place, name in enumerate(names)}
    distinct = pd.Series(known["option_ids"].unique(), dtype="object")
    sets = distinct[in_place(distinct, names).to_numpy(dtype=bool)]
    inside = [
        [number[name] for part in members.split(SEPARATOR) for name in part.split(EITHER) if name in number]
        for members in sets
    ]
    tail = np.array([members[0] for members in inside for _other in members[1:]], np.int64)
    head = np.array([other for members in inside for other in members[1:]], np.int64)
    graph = coo_array((np.ones(tail.size), (tail, head)), shape=(len(names), len(names)))
    label = connected_components(graph, directed=False)[1]
    groups = pd.Series(names, dtype="object").groupby(label).agg(list)
    return sorted(groups.tolist())


def in_place(option_ids: pd.Series, chosen: Collection[str]) -> pd.Series:
    """Whether each set of options is in place: of every part, one that is chosen.

    Examples
    --------
    >>> in_place(pd.Series(["a|b;c", "a;c"]), ["b", "c"]).tolist()
    [True, False]
    """
    there = set(chosen)
    known: dict[str, bool] = {}
    for members in option_ids.unique():
        parts = str(members).split(SEPARATOR)
        known[members] = all(not there.isdisjoint(part.split(EITHER)) for part in parts)
    return option_ids.map(known).astype("bool")


def run_parts(
    option_ids: Collection[str],
    known: pd.DataFrame,
    whole: Callable[[Sequence[str]], Mapping[str, float]],
    total: Callable[[Sequence[str]], Mapping[str, float]],
) -> list[tuple[Sequence[str], Mapping[str, float], Mapping[str, float]]]:
    """The parts of a plan between which no interaction is known, each run by itself, for `correction`.

    Parameters
    ----------
    option_ids
        Options in place.
    known
        Table `interactions`.
    whole, total
        From options in place to what the models say of them together, and to what their effects and known interactions
        come to.
    """
    found = [members for members in clusters(option_ids, known) if len(members) > 1]
    return [(members, whole(members), total(members)) for members in found] if len(found) > 1 else []


def correction(
    option_ids: Collection[str],
    truth: Mapping[str, float],
    summed: Mapping[str, float],
    known: pd.DataFrame,
    *,
    units: Mapping[str, str] | None = None,
    parts: Sequence[tuple[Sequence[str], Mapping[str, float], Mapping[str, float]]] = (),
    among: Collection[str] | None = None,
    plan_id: str | None = None,
) -> pd.DataFrame:
    """Joint terms with which the sum over exactly these options is what the models say of them together.

    Each part of the plan that was run by itself is corrected by itself, so that other plans that hold the part are
    corrected too. What is then still missing is put on all the options that could have a part in it.

    Parameters
    ----------
    option_ids
        Options in place.
    truth
        What the models say of them together, by item; items that are not known are left alone.
    summed
        What their effects and known interactions come to, by item.
    known
        Table `interactions`: those that are summed.
    units
        Unit of each item; by default those that known interactions, and items of losses, damage and access have.
    parts
        Options, truth and sum of parts that share no option: see `clusters`.
    among
        Options that could interact; all by default.
    plan_id
        Plan that was run.

    Returns
    -------
    interactions
        Table of that name, origin correction; empty where sum and truth agree.

    Examples
    --------
    Three roads in a row, each of which alone helps nobody:

    >>> known = pd.DataFrame({"option_ids": [], "item": [], "unit": []}, dtype="object")
    >>> row = correction(["c", "a", "b"], {"people": 90.0}, {"people": 0.0}, known, units={"people": "people"})
    >>> row[["item", "option_ids", "amount", "origin"]].values.tolist()
    [['people', 'a;b;c', 90.0, 'correction']]
    """
    rows: list[tuple[str, str, float]] = []
    summed = dict(summed)
    for members, own_truth, own_sum in parts:
        more = {item: _missing(own_truth.get(item, np.nan), own_sum.get(item, 0.0)) for item in truth}
        rows += [(SEPARATOR.join(sorted(members)), item, amount) for item, amount in more.items() if amount]
        summed = {item: summed.get(item, 0.0) + amount for item, amount in more.items()}
    able = sorted(set(option_ids) if among is None else set(option_ids) & set(among)) or sorted(set(option_ids))
    rest = {item: _missing(amount, summed.get(item, 0.0)) for item, amount in truth.items()}
    rows += [(SEPARATOR.join(able), item, amount) for item, amount in rest.items() if amount]
    table = pd.DataFrame(rows, columns=["option_ids", "item", "amount"])
    table = pd.DataFrame(table.groupby(["option_ids", "item"], as_index=False)["amount"].sum())
    names = "correction:" + table["option_ids"].map(_name)
    of_item = dict(zip(known["item"], known["unit"], strict=True)) if units is None else {}
    wanted = {item: _unit(item) for item in truth} | of_item if units is None else units
    return _table(
        names, table["option_ids"], table["item"], table["amount"], wanted, origin="correction", plan_id=plan_id
    )


def _missing(truth: float, summed: float) -> float:
    """What a sum lacks of the truth; nothing where they agree, or the truth is not known."""
    more = truth - summed
    return 0.0 if np.isnan(more) or abs(more) <= EQUAL * max(abs(truth), abs(summed)) else float(more)


def _unit(item: str) -> str:
    """Unit of an item of `effects` that the models give."""
    given = {propose.EAD[0]: "USD/yr", **propose.SERVICE_ITEMS}
    return given.get(item) or LOSSES.get(item.partition(".")[0], "1")


def _name(option_ids: str) -> str:
    """Name of an interaction: its options, or a number that stands for them where they are many."""
    if option_ids.count(SEPARATOR) < LONG:
        return option_ids
    return "set_" + hashlib.blake2b(option_ids.encode(), digest_size=8).hexdigest()
