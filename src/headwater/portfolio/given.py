"""What a portfolio is asked to be, read from tables into arrays: values, budgets, rules, interactions, precedence.

Everything is checked here and nowhere else; what leaves this module is aligned with the options in sorted order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from headwater.errors import AssumptionError, Fault, TableError
from headwater.frames import with_columns
from headwater.portfolio.rows import Floats, Integers, Joints, Mask
from headwater.schema import SHOWN_PER_RULE, faults
from headwater.words import _, language

COST, COUNT = "initial_cost_usd", "options"
COLUMNS = [
    "option_id", COST, "exclusive_group", "requires_option_id", "together_group", "funding_source", "earliest_year"
]  # fmt: skip
RULE_COLUMNS = ["rule_id", "name", "rule", "item", "column", "value", "by_year", "amount"]
INTERACTION_COLUMNS = ["interaction_id", "item", "option_ids", "amount"]
SEPARATOR = ";"


@dataclass(frozen=True, eq=False)
class GivenRule:
    """A row of `plan_rules`, aligned with the options.

    Attributes
    ----------
    name
        In the current language.
    rule, item, amount
        As in the table.
    mask
        Which options count.
    until
        Number of periods, from the first, in which a start counts.
    """

    name: str
    rule: str
    item: str
    amount: float
    mask: Mask
    until: int

    @property
    def is_share(self) -> bool:
        """Whether the amount is a share of the total."""
        return self.rule == "at_least_share"

    @property
    def is_cost_limit(self) -> bool:
        """Whether it holds money within a limit, as a budget does."""
        return self.rule == "at_most" and self.item == COST

    @property
    def bounds(self) -> tuple[float, float]:
        """Least and most of what it counts; half a cent or a billionth of slack lets an exact fit survive rounding."""
        slack = 0.005 if self.item == COST else 1e-9 * abs(self.amount)
        if self.is_share:
            return 0.0, np.inf
        return (self.amount - slack, np.inf) if self.rule == "at_least" else (-np.inf, self.amount + slack)

    def among(self, kept: Mask) -> GivenRule:
        """The rule for some of the options."""
        return replace(self, mask=self.mask[kept])


# --- options ----------------------------------------------------------------------------------------------------


def check_given(options: pd.DataFrame, rules: pd.DataFrame | None, interactions: pd.DataFrame | None) -> None:
    """Raise if a table breaks its schema in a column that the portfolio reads; names every fault."""
    read = [c for c in COLUMNS if c in options.columns]
    found = [f for f in faults(options[read], "options") if f.column in COLUMNS]
    if "option_id" in options.columns:
        found += _unknown_requirements(options)
    if rules is not None:
        found += [f for f in faults(rules, "plan_rules") if f.column in RULE_COLUMNS]
    if interactions is not None:
        read = [c for c in INTERACTION_COLUMNS if c in interactions.columns]
        found += [f for f in faults(interactions[read], "interactions") if f.column in INTERACTION_COLUMNS]
    if not found:
        found = _circles(options)
    if found:
        raise TableError(found)


def split_ids(ids: pd.Series) -> pd.Series:
    """Ids between semicolons, one a row, under the position of the row they come from.

    Examples
    --------
    >>> split_ids(pd.Series(["a; b", None, "c"])).to_dict()
    {0: 'b', 2: 'c'}
    >>> split_ids(pd.Series(["a; b", None, "c"])).tolist()
    ['a', 'b', 'c']
    """
    texts = ids.astype("str").to_numpy(dtype=object)
    places = np.flatnonzero(ids.notna().to_numpy(dtype=bool))
    if not len(places):
        return pd.Series([], dtype="str", index=pd.Index([], dtype="int64"))
    whole = f" {SEPARATOR} ".join(texts[places])  # one text and one split: no loop over rows
    counts = pd.Series(texts[places], dtype="str").str.count(SEPARATOR).to_numpy(dtype=np.int64) + 1
    parts = pd.Series(whole.split(SEPARATOR), index=np.repeat(places, counts), dtype="str").str.strip()
    return parts[parts.ne("").to_numpy(dtype=bool)]


def required_pairs(table: pd.DataFrame) -> Integers:
    """Pairs (option, option that it requires) of places in a table indexed by option_id."""
    required = split_ids(table["requires_option_id"])
    pairs = np.column_stack([required.index.to_numpy(), table.index.get_indexer(pd.Index(required))])
    return np.unique(pairs.astype(np.int64), axis=0).reshape(-1, 2)


def _unknown_requirements(options: pd.DataFrame) -> list[Fault]:
    required = split_ids(with_columns(options, ["requires_option_id"])["requires_option_id"])
    known = pd.Index(options["option_id"].drop_duplicates())
    unknown = required[known.get_indexer(pd.Index(required)) < 0] if len(required) else required
    return [
        Fault(
            "options", int(i) + 2, "requires_option_id", str(value), _("no such option"),
            _("add the option, or correct the value"),
        )
        for i, value in zip(unknown.index, unknown.head(SHOWN_PER_RULE), strict=False)
    ]  # fmt: skip


def _circles(options: pd.DataFrame) -> list[Fault]:
    """Options that require each other in a circle: a fault for each circle."""
    table = with_columns(options, ["option_id", "requires_option_id"])
    table = table.set_index("option_id", drop=False)
    pairs = required_pairs(table)
    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(table), len(table)))
    labels = connected_components(graph, connection="strong")[1]
    inside = labels[pairs[:, 0]] == labels[pairs[:, 1]]
    found = []
    for label in np.unique(labels[pairs[inside, 0]])[:SHOWN_PER_RULE]:
        following = dict(pairs[inside & (labels[pairs[:, 0]] == label)][::-1].tolist())
        circle = _walk(following)
        names = " → ".join(str(table.index[i]) for i in [*circle, circle[0]])
        found.append(
            Fault(
                "options", circle[0] + 2, "requires_option_id", names, _("options require each other in a circle"),
                _("remove one of these requirements, or give the options one together_group"),
            )
        )  # fmt: skip
    return found


def _walk(following: Mapping[int, int]) -> list[int]:
    """The circle reached from the first place by going on and on, from its first place."""
    place, seen = min(following), []
    while place not in seen:
        seen.append(place)
        place = following[place]
    circle = seen[seen.index(place) :]
    first = circle.index(min(circle))
    return circle[first:] + circle[:first]


# --- values -----------------------------------------------------------------------------------------------------


def read_values(
    values: Mapping[str, pd.DataFrame | pd.Series | Floats], table: pd.DataFrame, years: Sequence[int]
) -> dict[str, Floats]:
    """Values of every item as [options, periods] arrays; blank where not known."""
    return {item: _read_item(item, amounts, table.index, years) for item, amounts in values.items()}


def _read_item(item: str, amounts: pd.DataFrame | pd.Series | Floats, ids: pd.Index, years: Sequence[int]) -> Floats:
    if item in (COST, COUNT):
        message = _("{item} is always counted; leave it out of the values.")
        raise AssumptionError(message.format(item=item))
    shape = (len(ids), len(years))
    if isinstance(amounts, pd.DataFrame | pd.Series) and not amounts.index.is_unique:
        raise AssumptionError(_("The values of {item} name an option more than once.").format(item=item))
    if isinstance(amounts, pd.DataFrame):
        found = [str(c) for c in amounts.columns]
        if found != [str(year) for year in years]:
            message = _("The values of {item} are for {found}; give a column for each start year: {years}.")
            known = ", ".join(map(str, years))
            raise AssumptionError(message.format(item=item, found=", ".join(found), years=known))
    try:
        if isinstance(amounts, pd.DataFrame | pd.Series):
            amounts = amounts.reindex(ids).to_numpy(dtype=np.float64, na_value=np.nan)
        array = np.asarray(amounts, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise AssumptionError(_("The values of {item} are not numbers.").format(item=item)) from error
    if array.ndim == 1 and len(array) == len(ids):
        array = np.repeat(array[:, None], len(years), axis=1)
    if array.shape != shape or np.isinf(array).any():
        message = _("The values of {item} are not {options} options by {periods} periods of finite numbers.")
        raise AssumptionError(message.format(item=item, options=shape[0], periods=shape[1]))
    return array


# --- budgets ----------------------------------------------------------------------------------------------------


def read_budgets(budgets: pd.DataFrame | None, years: Sequence[int], *, carries_over: bool) -> pd.DataFrame:
    """Limits on money: `source`, `start_year`, `cents` by that year or in it, `carries_over`; sorted."""
    columns = ["source", "start_year", "cents", "carries_over"]
    if budgets is None or budgets.empty:
        return pd.DataFrame(columns=columns).astype({"source": "str", "cents": "int64", "carries_over": "bool"})
    table = with_columns(budgets, ["source", "start_year", "amount_usd"])
    table = table.assign(source=table["source"].astype("object").where(table["source"].notna(), "").astype("str"))
    _check_budgets(table, years)
    table = table.assign(cents=np.rint(table["amount_usd"].to_numpy(dtype=np.float64) * 100).astype(np.int64))
    table = table.assign(start_year=pd.to_numeric(table["start_year"]).astype("float64"))
    lump = table[table["start_year"].isna()].assign(carries_over=False)
    dated = table[table["start_year"].notna()]
    parts = [lump]
    for source, lines in dated.groupby("source", sort=True):
        cents = lines.set_index("start_year")["cents"].reindex(list(map(float, years)), fill_value=0)
        cents = cents.cumsum() if carries_over else cents
        part = pd.DataFrame({"source": source, "start_year": cents.index, "cents": cents.to_numpy()})
        parts.append(part.assign(carries_over=carries_over))
    whole = pd.concat([part for part in parts if len(part)], ignore_index=True)
    return whole.sort_values(["source", "start_year"], na_position="first", ignore_index=True)[columns]


def _check_budgets(table: pd.DataFrame, years: Sequence[int]) -> None:
    amounts = pd.to_numeric(table["amount_usd"], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    bad = ~((amounts >= 0) & np.isfinite(amounts))
    found = [
        Fault(
            "budgets", int(i) + 2, "amount_usd", str(table["amount_usd"].iloc[i]), _("is not an amount of money"),
            _("give the budget as an amount of money, 0 or more"),
        )
        for i in np.flatnonzero(bad)[:SHOWN_PER_RULE]
    ]  # fmt: skip
    unknown = (table["start_year"].notna() & ~table["start_year"].isin(list(years))).to_numpy(dtype=bool)
    found += [
        Fault(
            "budgets", int(i) + 2, "start_year", str(table["start_year"].iloc[i]), _("no option starts in this year"),
            _("write one of {values}").format(values=", ".join(map(str, years))),
        )
        for i in np.flatnonzero(unknown)[:SHOWN_PER_RULE]
    ]  # fmt: skip
    found += [
        Fault(
            "budgets", int(i) + 2, "source + start_year", str(table["source"].iloc[i]),
            _("key appears more than once"), _("keep one row per key"),
        )
        for i in np.flatnonzero(table.duplicated(["source", "start_year"]))[:SHOWN_PER_RULE]
    ]  # fmt: skip
    if found:
        raise TableError(found)


# --- rules ------------------------------------------------------------------------------------------------------


def read_rules(
    rules: pd.DataFrame | None, table: pd.DataFrame, years: Sequence[int], given: Mapping[str, Floats]
) -> list[GivenRule]:
    """Rules aligned with the options, in the order of rule_id."""
    if rules is None or rules.empty:
        return []
    asked = with_columns(rules, [*RULE_COLUMNS, "name_zh"])
    _check_rules(asked, table, years, [*given, COST, COUNT])
    chinese = asked["name_zh"].notna() & (language() == "zh")
    asked = asked.assign(shown=asked["name"].where(~chinese, asked["name_zh"])).sort_values("rule_id")
    asked = asked.assign(by_year=asked["by_year"].astype("float64").fillna(years[-1]))
    return [
        GivenRule(
            str(row["shown"]), str(row["rule"]), str(row["item"]), float(row["amount"]),
            _matching(table, row["column"], row["value"]),
            int(np.searchsorted(years, row["by_year"], side="right")),
        )
        for row in asked.to_dict("records")
    ]  # fmt: skip


def _matching(table: pd.DataFrame, column: object, value: object) -> Mask:
    """Options whose column holds the value, as text or as a number."""
    if not isinstance(column, str):
        return np.ones(len(table), dtype=bool)
    cells = table[column]
    if pd.api.types.is_bool_dtype(cells):
        cells = cells.map({True: "true", False: "false"})
        value = str(value).lower()
    elif pd.api.types.is_numeric_dtype(cells):
        wanted = pd.to_numeric(str(value), errors="coerce")
        return np.asarray(cells.astype("float64") == wanted, dtype=bool)
    return (cells.notna() & (cells.astype("str") == str(value))).to_numpy(dtype=bool)


def _check_rules(asked: pd.DataFrame, table: pd.DataFrame, years: Sequence[int], items: Sequence[str]) -> None:
    def told(bad: pd.Series, column: str, problem: str, remedy: str) -> list[Fault]:
        return [
            Fault("plan_rules", int(i) + 2, column, str(asked[column].iloc[i]), problem, remedy)
            for i in np.flatnonzero(bad.to_numpy(dtype=bool))[:SHOWN_PER_RULE]
        ]

    known = _("write one of {values}")
    columns = [str(c) for c in table.columns]
    half = asked["column"].isna() != asked["value"].isna()
    early = asked["by_year"].notna() & (asked["by_year"].astype("Float64") < years[0]).fillna(False)
    share = (asked["rule"] == "at_least_share") & ~asked["amount"].between(0, 1)
    found = told(~asked["item"].isin(items), "item", _("no such item"), known.format(values=", ".join(items)))
    unknown = asked["column"].notna() & ~asked["column"].isin(columns)
    found += told(unknown, "column", _("the options have no such column"), known.format(values=", ".join(columns)))
    found += told(half, "value", _("a column without a value, or a value without a column"), _("give both or none"))
    years_known = known.format(values=", ".join(map(str, years)))
    found += told(early, "by_year", _("no option can start by this year"), years_known)
    found += told(share, "amount", _("is not a share"), _("give a share from 0 to 1"))
    if found:
        raise TableError(found)


# --- interactions -----------------------------------------------------------------------------------------------

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
    none = np.zeros(0, dtype=np.int64)
    nothing = Joints(np.zeros(1, dtype=np.int64), none, none), dict[str, Floats]()
    if interactions is None or interactions.empty:
        return nothing
    table = interactions.reset_index(drop=True)
    if table["option_ids"].str.contains(EITHER, regex=False).any():
        return _read_parts(table, ids, known, given, exclusive)
    members = split_ids(table["option_ids"])
    owner, place = members.index.to_numpy(dtype=np.int64), ids.get_indexer(pd.Index(members)).astype(np.int64)
    _check_interactions(table, members[place < 0], known)
    table = table[table["item"].isin(list(given)).to_numpy(dtype=bool)]
    dropped = np.ones(len(interactions), dtype=bool)
    dropped[table.index] = False
    dropped[owner[place < 0]] = True
    order = np.lexsort([place, owner])
    owner, place = owner[order], place[order]
    new = np.append(True, (owner[1:] != owner[:-1]) | (place[1:] != place[:-1]))[: len(owner)]
    owner, place = owner[new], place[new]
    dropped[_sharing(owner, np.where(place >= 0, exclusive[place], -1) if len(exclusive) else place)] = True
    kept = ~dropped[owner]
    owner, place = owner[kept], place[kept]
    if not len(owner):
        return nothing
    joints, rows, which = _distinct(owner, place)
    amount = interactions["amount"].to_numpy(dtype=np.float64)[rows]
    items = interactions["item"].to_numpy()[rows]
    found = [item for item in given if (items == item).any()]
    sums = {i: np.bincount(which[items == i], amount[items == i], minlength=len(joints)) for i in found}
    return joints, {item: np.asarray(each, dtype=np.float64) for item, each in sums.items()}


def _read_parts(
    table: pd.DataFrame, ids: pd.Index, known: pd.Series, given: Mapping[str, Floats], exclusive: Integers
) -> tuple[Joints, dict[str, Floats]]:
    """As `read_joints`, where some parts name alternatives."""
    which, texts = pd.factorize(table["option_ids"])
    roles = pd.Series(texts).str.split(";").explode()
    slot = roles.groupby(level=0).cumcount()
    each = pd.DataFrame({"set": roles.index, "part": slot.to_numpy(), "option": roles.to_numpy()})
    each = each.assign(option=each["option"].str.split(EITHER)).explode("option", ignore_index=True)
    each["option"] = each["option"].str.strip()
    first_row = pd.Series(np.arange(len(table))).groupby(which).first()
    _check_interactions(table, each["option"].set_axis(first_row.reindex(each["set"]).to_numpy()), known)
    place = ids.get_indexer(pd.Index(each["option"])).astype(np.int64)
    group = np.where(place >= 0, exclusive[place], -1) if len(exclusive) else place
    each = each.assign(place=place, group=group)
    _check_parts(table, each, first_row)
    parts = each.groupby(["set", "part"])
    lost = set(each.loc[(parts["place"].transform("max") < 0).to_numpy(dtype=bool), "set"])
    there = each[(each["place"] >= 0) & ~each["set"].isin(lost)]
    twice = there[there["group"] >= 0].drop_duplicates(["set", "part", "group"])
    shared = set(twice.loc[twice.duplicated(["set", "group"]), "set"])
    counted = set(which[table["item"].isin(list(given)).to_numpy(dtype=bool)])
    there = there[there["set"].isin(counted - shared)].drop_duplicates(["set", "part", "place"])
    there = there.sort_values(["set", "part", "place"])
    none = np.zeros(0, dtype=np.int64)
    if there.empty:
        return Joints(np.zeros(1, dtype=np.int64), none, none), {}
    sets, sizes = np.unique(there["set"], return_counts=True)
    number = pd.Series(np.arange(len(sets)), index=sets).reindex(which)
    joints = Joints(
        np.append(0, np.cumsum(sizes)).astype(np.int64), there["place"].to_numpy(np.int64),
        there["part"].to_numpy(np.int64),
    )  # fmt: skip
    amounts = {}
    for item in given:
        mine = (table["item"] == item).to_numpy(dtype=bool) & number.notna().to_numpy(dtype=bool)
        if mine.any():
            at = number[mine].to_numpy(dtype=np.int64)
            amount = table["amount"].to_numpy(dtype=np.float64)[mine]
            amounts[item] = np.asarray(np.bincount(at, amount, minlength=len(joints)), dtype=np.float64)
    return joints, amounts


def _check_parts(table: pd.DataFrame, each: pd.DataFrame, first_row: pd.Series) -> None:
    """Raise where alternatives do not exclude each other: it would not be known how many of them count."""
    there = each[each["place"] >= 0].groupby(["set", "part"])["group"].agg(["size", "min", "max"])
    wrong = there[(there["size"] > 1) & ((there["min"] < 0) | (there["min"] != there["max"]))].reset_index()
    rows = first_row.reindex(wrong["set"]).to_numpy(dtype=np.int64)[:SHOWN_PER_RULE]
    found = [
        Fault(
            "interactions", int(i) + 2, "option_ids", str(table["option_ids"].iloc[i]),
            _("alternatives of one part do not exclude each other"), _("give them one exclusive_group"),
        )
        for i in rows
    ]  # fmt: skip
    if found:
        raise TableError(found)


def _sharing(owner: Integers, group: Integers) -> Integers:
    """Owners with two members of one group; group -1 is none."""
    owner, group = owner[group >= 0], group[group >= 0]
    order = np.lexsort([group, owner])
    owner, group = owner[order], group[order]
    same: Mask = (owner[1:] == owner[:-1]) & (group[1:] == group[:-1])
    return np.asarray(owner[1:][same], dtype=np.int64)


def _distinct(owner: Integers, place: Integers) -> tuple[Joints, Integers, Integers]:
    """Distinct sets, by size and then by their options; the rows that have one, and which.

    `owner` is sorted, and so are the places of each owner.
    """
    rows, first, sizes = np.unique(owner, return_index=True, return_counts=True)
    which = np.empty(len(rows), dtype=np.int64)
    indptr, members, count = [np.zeros(1, dtype=np.int64)], [], 0
    for size in np.unique(sizes):
        same = np.flatnonzero(sizes == size)
        sets = place[first[same][:, None] + np.arange(size)]
        order = np.lexsort(sets.T[::-1])
        new = np.append(True, (sets[order][1:] != sets[order][:-1]).any(axis=1))
        which[same[order]] = count + np.cumsum(new) - 1
        members.append(sets[order][new].ravel())
        indptr.append(indptr[-1][-1] + size * np.arange(1, int(new.sum()) + 1))
        count += int(new.sum())
    begin, places = np.concatenate(indptr), np.concatenate(members)
    part = np.arange(len(places)) - np.repeat(begin[:-1], np.diff(begin))
    return Joints(begin, places, part), rows, which


def _check_interactions(table: pd.DataFrame, members: pd.Series, known: pd.Series) -> None:
    unknown = members[~members.isin(known).to_numpy(dtype=bool)].head(SHOWN_PER_RULE)
    found = [
        Fault(
            "interactions", int(i) + 2, "option_ids", str(value), _("no such option"),
            _("add the option, or correct the value"),
        )
        for i, value in zip(unknown.index, unknown, strict=True)
    ]  # fmt: skip
    counted = np.flatnonzero(table["item"].isin([COST, COUNT]).to_numpy(dtype=bool))[:SHOWN_PER_RULE]
    found += [
        Fault(
            "interactions", int(i) + 2, "item", str(table["item"].iloc[i]),
            _("what options cost or count together is not read"),
            _("give the works that cost less together as an option of their own"),
        )
        for i in counted
    ]  # fmt: skip
    if found:
        raise TableError(found)
