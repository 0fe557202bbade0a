"""What a portfolio is asked to be, read from tables into arrays: values, budgets, rules, precedence.

Everything is checked here and nowhere else; what leaves this module is aligned with the options in sorted order.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from headwater.errors import AssumptionError, Fault, TableError
from headwater.frames import with_columns
from headwater.portfolio.rows import Floats, Integers, Mask
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
    found = faults(options, "options", columns=COLUMNS)
    if "option_id" in options.columns:
        found += _unknown_requirements(options)
    if rules is not None:
        found += faults(rules, "plan_rules", columns=RULE_COLUMNS)
    if interactions is not None:
        found += faults(interactions, "interactions", columns=INTERACTION_COLUMNS)
    if not found:
        found = _circles(options)
    if found:
        raise TableError(found)


def as_texts(column: pd.Series | pd.Index) -> pa.Array:
    """A column as one array of texts."""
    texts = pa.array(column.astype("str").array, type=pa.large_string())
    return texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts


def split_texts(texts: pa.Array) -> tuple[Integers, pa.Array]:
    """Ids between semicolons: the place of the text that each is from, and the ids."""
    parts = pc.split_pattern(texts, SEPARATOR)
    places, ids = pc.list_parent_indices(parts), pc.utf8_trim_whitespace(pc.list_flatten(parts))
    there = pc.not_equal(ids, "")
    if not pc.all(there).as_py():
        places, ids = places.filter(there), ids.filter(there)
    return places.to_numpy(), ids


def places_among(texts: pa.Array, known: pa.Array) -> Integers:
    """Place of each text among those known, or -1."""
    return np.asarray(pc.fill_null(pc.index_in(texts, value_set=known), -1), dtype=np.int64)


def split_ids(ids: pd.Series) -> pd.Series:
    """Ids between semicolons, one a row, under the position of the row they come from.

    Examples
    --------
    >>> split_ids(pd.Series(["a; b", None, "c"])).to_dict()
    {0: 'b', 2: 'c'}
    >>> split_ids(pd.Series(["a; b", None, "c"])).tolist()
    ['a', 'b', 'c']
    """
    places, parts = split_texts(as_texts(ids))
    return pd.Series(parts, index=places, dtype="str")


def required_pairs(table: pd.DataFrame) -> Integers:
    """Pairs (option, option that it requires) of places in a table indexed by option_id."""
    places, required = split_texts(as_texts(table["requires_option_id"]))
    pairs = np.unique(places * len(table) + places_among(required, as_texts(table.index)))
    return np.column_stack(np.divmod(pairs, max(len(table), 1)))


def _unknown_requirements(options: pd.DataFrame) -> list[Fault]:
    places, required = split_texts(as_texts(with_columns(options, ["requires_option_id"])["requires_option_id"]))
    unknown = np.flatnonzero(places_among(required, as_texts(options["option_id"])) < 0)[:SHOWN_PER_RULE]
    return [
        Fault(
            "options", int(places[i]) + 2, "requires_option_id", str(required[int(i)]), _("no such option"),
            _("add the option, or correct the value"),
        )
        for i in unknown
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
    cents = np.rint(table["amount_usd"].to_numpy(dtype=np.float64) * 100).astype(np.int64).tolist()
    dates = pd.to_numeric(table["start_year"]).to_numpy(dtype=np.float64, na_value=np.nan).tolist()
    lines = list(zip(table["source"], dates, cents, strict=True))
    rows = [(source, date, amount, False) for source, date, amount in lines if math.isnan(date)]
    for source in {source for source, date, _amount in lines if not math.isnan(date)}:
        new = {date: amount for of, date, amount in lines if of == source}
        each = np.array([new.get(float(year), 0) for year in years])
        money = (each.cumsum() if carries_over else each).tolist()
        rows += [(source, float(year), amount, carries_over) for year, amount in zip(years, money, strict=True)]
    rows.sort(key=lambda row: (row[0], -math.inf if math.isnan(row[1]) else row[1]))
    return pd.DataFrame(rows, columns=columns).astype({"source": "str", "cents": "int64", "carries_over": "bool"})


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
    cells = {column: _cells(table[column]) for column in asked["column"].dropna().unique()}
    every = np.ones(len(table), dtype=bool)
    return [
        GivenRule(
            str(row["shown"]), str(row["rule"]), str(row["item"]), float(row["amount"]),
            _matching(table, cells, row["column"], row["value"]) if row["column"] in cells else every,
            int(np.searchsorted(years, row["by_year"], side="right")),
        )
        for row in asked.to_dict("records")
    ]  # fmt: skip


def _cells(column: pd.Series) -> Floats | pa.Array:
    """What options hold in a column, as numbers or as texts."""
    if pd.api.types.is_bool_dtype(column):
        return as_texts(column.map({True: "true", False: "false"}))
    return column.to_numpy(np.float64, na_value=np.nan) if pd.api.types.is_numeric_dtype(column) else as_texts(column)


def _matching(table: pd.DataFrame, cells: Mapping[str, Floats | pa.Array], column: str, value: object) -> Mask:
    """Options whose column holds the value, as text or as a number."""
    if isinstance(cells[column], np.ndarray):
        return np.asarray(cells[column] == pd.to_numeric(str(value), errors="coerce"))
    text = str(value).lower() if pd.api.types.is_bool_dtype(table[column]) else str(value)
    return np.asarray(pc.fill_null(pc.equal(cells[column], text), False), dtype=bool)


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
