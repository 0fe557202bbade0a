"""Interactions read from their table: which options are worth something together, and how much.

Ids become places once, all of them at a time; what follows is numbers.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from headwater.errors import Fault, TableError
from headwater.portfolio.given import COST, COUNT, SEPARATOR, as_texts, places_among, split_texts
from headwater.portfolio.rows import Floats, Integers, Joints, Mask
from headwater.schema import SHOWN_PER_RULE
from headwater.words import _

EITHER = "|"
"""Between options of an interaction of which any will do."""


def read_joints(
    interactions: pd.DataFrame | None,
    ids: pd.Index,
    known: pd.Series,
    given: Mapping[str, Floats],
    exclusive: Integers,
) -> tuple[Joints, dict[str, Floats]]:
    """Sets of options that interact, and what each adds to the items.

    Rows with the same options, in whatever order, share a set. Sets that no plan can hold whole are dropped: those with
    an option that is left out, or two of one exclusive group. Options of one part, joined by "|", must be of one
    exclusive group; those that are left out are left out of the part.
    """
    if interactions is None or interactions.empty:
        return _nothing(), {}
    texts = as_texts(interactions["option_ids"])
    item = places_among(as_texts(interactions["item"]), pa.array([*given, COST, COUNT], pa.large_string()))
    counted, is_read = item >= len(given), (item >= 0) & (item < len(given))
    if pc.any(pc.match_substring(texts, EITHER)).as_py():
        joints, which = _read_parts(interactions, ids, known, is_read, counted, exclusive)
    else:
        owner, members = split_texts(texts)
        among = places_among(members, as_texts(known))
        _check_interactions(interactions, owner, members, among < 0, counted)
        place = np.asarray(ids.get_indexer(pd.Index(known)), dtype=np.int64)[among]
        joints, which = _read_sets(owner, place, is_read, exclusive)
    amount = interactions["amount"].to_numpy(dtype=np.float64)
    amounts = {}
    for number, name in enumerate(given):
        mine = (item == number) & (which >= 0)
        if mine.any():
            amounts[name] = np.bincount(which[mine], amount[mine], minlength=len(joints)).astype(np.float64)
    return joints, amounts


def _nothing() -> Joints:
    none = np.zeros(0, dtype=np.int64)
    return Joints(np.zeros(1, dtype=np.int64), none, none)


# --- one option for each part -----------------------------------------------------------------------------------


def _read_sets(owner: Integers, place: Integers, is_read: Mask, exclusive: Integers) -> tuple[Joints, Integers]:
    """The sets, and for each row which is its own, or -1; `place` of members is -1 where they are left out."""
    width = int(place.max(initial=0)) + 2
    key = _distinct_keys(owner * width + place + 1)
    owner, place = key // width, key % width - 1
    kept = is_read.copy()
    kept[owner[place < 0]] = False
    kept[_sharing(owner, np.where(place >= 0, exclusive[place], -1) if len(exclusive) else place)] = False
    inside = kept[owner]
    which = np.full(len(is_read), -1, dtype=np.int64)
    if not inside.any():
        return _nothing(), which
    joints, rows, of_rows = _distinct(owner[inside], place[inside])
    which[rows] = of_rows
    return joints, which


def _sharing(owner: Integers, group: Integers) -> Integers:
    """Owners with two members of one group; group -1 is none."""
    inside = group >= 0
    width = int(group.max(initial=0)) + 1
    key = np.sort(owner[inside] * width + group[inside])
    return np.asarray(key[1:][key[1:] == key[:-1]] // width, dtype=np.int64)


def _distinct_keys(keys: Integers) -> Integers:
    """Sorted, each once."""
    keys = np.sort(keys)
    return np.asarray(keys[np.append(True, keys[1:] != keys[:-1])[: len(keys)]], dtype=np.int64)


def _distinct(owner: Integers, place: Integers) -> tuple[Joints, Integers, Integers]:
    """Distinct sets, by size and then by their options; the rows that have one, and which.

    `owner` is sorted, and so are the places of each owner.
    """
    first = np.flatnonzero(np.append(True, owner[1:] != owner[:-1]))
    sizes = np.diff(np.append(first, len(owner)))
    width = int(place.max()) + 1
    which = np.empty(len(first), dtype=np.int64)
    members, lengths, count = [], [], 0
    for size in np.flatnonzero(np.bincount(sizes)):
        same = np.flatnonzero(sizes == size)
        sets = place[first[same][:, None] + np.arange(size)]
        key = sets[:, 0]
        for k in range(1, size):
            key = (key if k == 1 else np.unique(key, return_inverse=True)[1]) * width + sets[:, k]
        _keys, example, which[same] = np.unique(key, return_index=True, return_inverse=True)
        which[same] += count
        members.append(sets[example].ravel())
        lengths.append(np.full(len(example), size))
        count += len(example)
    each = np.concatenate(lengths)
    begin = np.append(0, np.cumsum(each)).astype(np.int64)
    part = np.arange(begin[-1]) - np.repeat(begin[:-1], each)
    return Joints(begin, np.concatenate(members), part), owner[first], which


# --- parts that several options can play ------------------------------------------------------------------------


def _read_parts(
    table: pd.DataFrame, ids: pd.Index, known: pd.Series, is_read: Mask, counted: Mask, exclusive: Integers
) -> tuple[Joints, Integers]:
    """As `_read_sets`, where some parts name alternatives."""
    which, texts = pd.factorize(table["option_ids"])
    roles = pd.Series(texts).str.split(SEPARATOR).explode()
    slot = roles.groupby(level=0).cumcount()
    each = pd.DataFrame({"set": roles.index, "part": slot.to_numpy(), "option": roles.to_numpy()})
    each = each.assign(option=each["option"].str.split(EITHER)).explode("option", ignore_index=True)
    each["option"] = each["option"].str.strip()
    first_row = pd.Series(np.arange(len(table))).groupby(which).first().to_numpy()
    unknown = ~each["option"].isin(known).to_numpy(dtype=bool)
    _check_interactions(table, first_row[each["set"]], as_texts(each["option"]), unknown, counted)
    place = ids.get_indexer(pd.Index(each["option"])).astype(np.int64)
    group = np.where(place >= 0, exclusive[place], -1) if len(exclusive) else place
    each = each.assign(place=place, group=group)
    _check_parts(table, each, first_row)
    parts = each.groupby(["set", "part"])
    lost = set(each.loc[(parts["place"].transform("max") < 0).to_numpy(dtype=bool), "set"])
    there = each[(each["place"] >= 0) & ~each["set"].isin(lost)]
    twice = there[there["group"] >= 0].drop_duplicates(["set", "part", "group"])
    shared = set(twice.loc[twice.duplicated(["set", "group"]), "set"])
    there = there[there["set"].isin(set(which[is_read]) - shared)].drop_duplicates(["set", "part", "place"])
    there = there.sort_values(["set", "part", "place"])
    number = np.full(len(texts), -1, dtype=np.int64)
    if there.empty:
        return _nothing(), number[which]
    sets, sizes = np.unique(there["set"], return_counts=True)
    number[sets] = np.arange(len(sets))
    joints = Joints(
        np.append(0, np.cumsum(sizes)).astype(np.int64), there["place"].to_numpy(np.int64),
        there["part"].to_numpy(np.int64),
    )  # fmt: skip
    return joints, number[which]


def _check_parts(table: pd.DataFrame, each: pd.DataFrame, first_row: Integers) -> None:
    """Raise where alternatives do not exclude each other: it would not be known how many of them count."""
    there = each[each["place"] >= 0].groupby(["set", "part"])["group"].agg(["size", "min", "max"])
    wrong = there[(there["size"] > 1) & ((there["min"] < 0) | (there["min"] != there["max"]))].reset_index()
    found = [
        Fault(
            "interactions", int(i) + 2, "option_ids", str(table["option_ids"].iloc[i]),
            _("alternatives of one part do not exclude each other"), _("give them one exclusive_group"),
        )
        for i in first_row[wrong["set"]][:SHOWN_PER_RULE]
    ]  # fmt: skip
    if found:
        raise TableError(found)


# --- faults -----------------------------------------------------------------------------------------------------


def _check_interactions(
    table: pd.DataFrame, owner: Integers, members: pa.Array, is_unknown: Mask, counted: Mask
) -> None:
    """Raise where a member of a row is no option, or a row is of what options cost or count."""
    found = [
        Fault(
            "interactions", int(owner[i]) + 2, "option_ids", str(members[int(i)]), _("no such option"),
            _("add the option, or correct the value"),
        )
        for i in np.flatnonzero(is_unknown)[:SHOWN_PER_RULE]
    ]  # fmt: skip
    found += [
        Fault(
            "interactions", int(i) + 2, "item", str(table["item"].iloc[i]),
            _("what options cost or count together is not read"),
            _("give the works that cost less together as an option of their own"),
        )
        for i in np.flatnonzero(counted)[:SHOWN_PER_RULE]
    ]  # fmt: skip
    if found:
        raise TableError(found)
