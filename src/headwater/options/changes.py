"""Options applied to the system: the tables as they would be with the chosen options in place.

Knows the schemas of the tables it changes, and nothing of hazards, costs or what a change is good for.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Collection, Iterable, Mapping, Sequence

import geopandas as gpd
import numpy as np
import pandas as pd

from headwater.errors import Fault, TableError
from headwater.frames import with_columns
from headwater.schema import SHOWN_PER_RULE, check, empty, faults, key_columns, load_schema, parse
from headwater.words import _

DEFAULTS: Mapping[str, float] = {"damage_scale": 1.0, "damage_offset": 0.0}
"""Columns any asset or link may be given, and what they are where nobody has set them: the damage share is multiplied
by the first, then the second is added, and the result never falls below zero."""

CELL = ["table", "row_id", "column"]
ENDS = ("from_asset_id", "to_asset_id")


def apply_changes(
    tables: Mapping[str, pd.DataFrame], changes: pd.DataFrame, option_ids: Collection[str]
) -> dict[str, pd.DataFrame]:
    """The tables with the chosen options in place.

    A change with action `set` gives one cell of an existing row a new value, `add` gives one cell of a new row,
    `remove` takes a row away. Values are read as the type of their column; a blank value empties the cell. Geometry
    is Well-Known Text in the coordinate reference system of the table. Several options may touch the same cell only if
    they agree. Rows keep their order and new ones follow, sorted by key; the index of a changed table is renumbered.

    Parameters
    ----------
    tables
        Tables `assets`, `links` by name, keyed by a column. They stay as they are.
    changes
        Table `changes`: what each option does.
    option_ids
        The options in place; none gives the tables unchanged. An option that changes nothing has no effect that a
        model could find, so naming one is a fault.

    Returns
    -------
    tables
        New tables by the same names. Those that change have the columns `damage_scale` [1] and `damage_offset` [1]
        filled with 1 and 0 where an option sets them on some rows only.

    Raises
    ------
    TableError
        If an option, table, row or column is unknown, a value is not of its column's type or breaks its rule, two
        options contradict each other, a new row lacks a required column, or a link loses its end. Names every fault.

    Examples
    --------
    >>> roads = pd.DataFrame({"link_id": ["a", "b"], "lanes": [2, 2]})
    >>> widen = pd.DataFrame(
    ...     {"option_id": "w", "table": "links", "row_id": ["b"], "action": "set", "column": "lanes", "value": "4"}
    ... )
    >>> apply_changes({"links": roads}, widen, ["w"])["links"]["lanes"].tolist()
    [2, 4]
    """
    check(changes, "changes")
    chosen = with_columns(changes, load_schema("changes").index.tolist()).assign(position=np.arange(len(changes)))
    chosen = chosen[chosen["option_id"].isin(list(option_ids))].reset_index(drop=True)
    found = _unknown_options(changes, option_ids) + _place_faults(chosen, tables) + _conflicts(chosen)
    if found:
        raise TableError(found)
    cells, found = _parsed_cells(chosen)
    changed = {name: _changed(table, name, chosen[chosen["table"] == name], cells) for name, table in tables.items()}
    found = found or _incomplete_rows(chosen, changed) + _dangling_links(chosen, changed)
    if found:
        raise TableError(found)
    return changed


def batches(changes: pd.DataFrame) -> pd.Series:
    """Options grouped so that no two of a group touch the same row.

    Where the damage to a row depends on that row alone, the options of one batch can share a model run and each still
    gets its own effect exactly: the sum over the rows it touches. Where rows act on each other (a network, a service),
    that does not hold and each option needs its own run. Each option takes the first batch that none of its rows is
    in, those that touch most rows first.

    Parameters
    ----------
    changes
        Table `changes`.

    Returns
    -------
    batch
        Series of integers from 0, indexed by sorted option_id.

    Examples
    --------
    >>> wall_and_drain = pd.DataFrame({"option_id": ["w", "d", "e"], "table": "links", "row_id": ["a", "a", "b"]})
    >>> batches(wall_and_drain).to_dict()
    {'d': 0, 'e': 0, 'w': 1}
    """
    touched = changes[["option_id", "table", "row_id"]].drop_duplicates()
    row = touched.groupby(["table", "row_id"]).ngroup().to_numpy()
    rows_of = pd.Series(row).groupby(touched["option_id"].to_numpy()).agg(list)
    order = rows_of.map(len).sort_values(ascending=False, kind="stable").index
    batch = dict(zip(order, _first_free(rows_of[order]), strict=True))
    return pd.Series([batch[o] for o in rows_of.index], rows_of.index, dtype="int64", name="batch").rename_axis(
        "option_id"
    )


def _first_free(rows_of: Iterable[Sequence[int]]) -> list[int]:
    """Smallest number per option that none of its rows has had; the numbers a row has had are the bits of an int."""
    had: dict[int, int] = {}
    numbers = []
    for rows in rows_of:
        used = 0
        for row in rows:
            used |= had.get(row, 0)
        free = ~used & (used + 1)
        for row in rows:
            had[row] = had.get(row, 0) | free
        numbers.append(free.bit_length() - 1)
    return numbers


# --- values -----------------------------------------------------------------------------------------------------


def _parsed_cells(chosen: pd.DataFrame) -> tuple[dict[tuple[str, str], pd.Series], list[Fault]]:
    """Values per (table, column), typed and indexed by row_id, and what cannot be read or breaks a rule."""
    cells: dict[tuple[str, str], pd.Series] = {}
    found: list[Fault] = []
    given = chosen[chosen["action"] != "remove"]
    for (table, column), group in given.groupby(["table", "column"], sort=True):
        schema = "measures" if column in DEFAULTS else str(table)
        values, bad = parse(pd.DataFrame({column: group["value"]}), schema, file="changes", stray=False)
        bad += faults(values, schema, file="changes")
        positions = group["position"].to_numpy()
        found += [_moved(fault, positions) for fault in bad if fault.column == column]
        typed = values[str(column)].set_axis(group["row_id"])
        cells[str(table), str(column)] = typed[~typed.index.duplicated()]
    return cells, found


def _moved(fault: Fault, positions: np.ndarray) -> Fault:
    """A fault of a row of a selection, told by its row in the whole table."""
    return fault if fault.row is None else dataclasses.replace(fault, row=int(positions[fault.row - 2]) + 2)


# --- application ------------------------------------------------------------------------------------------------


def _changed(
    table: pd.DataFrame, name: str, chosen: pd.DataFrame, cells: Mapping[tuple[str, str], pd.Series]
) -> pd.DataFrame:
    if chosen.empty:
        return table.copy()
    key = key_columns(name)[0]
    removed = chosen.loc[chosen["action"] == "remove", "row_id"]
    added = sorted(set(chosen.loc[chosen["action"] == "add", "row_id"]))
    kept = table.loc[~table[key].isin(removed)]
    grown = kept.set_index(key).reindex(pd.Index([*kept[key], *added], name=key))
    for (_table, column), values in cells.items():
        if _table == name:
            grown[column] = _with_values(grown, column, values)
    grown = grown.reset_index()
    order = [*table.columns, *(c for c in grown.columns if c not in table.columns)]
    return _as_before(grown[order], table, name)


def _with_values(table: pd.DataFrame, column: str, values: pd.Series) -> pd.Series:
    """The column with the values in place; a column the table lacks starts empty, or at its default."""
    if column == "geometry":
        return _with_shapes(table, values)
    if column in table.columns:
        old = table[column].astype(values.dtype)
    else:
        old = pd.Series(DEFAULTS.get(column), index=table.index, dtype=values.dtype)
    if column in DEFAULTS:
        old, values = old.fillna(DEFAULTS[column]), values.fillna(DEFAULTS[column])
    new = old.copy()
    new.loc[values.index] = values
    return new


def _with_shapes(table: pd.DataFrame, shapes: pd.Series) -> pd.Series:
    crs = table.crs if isinstance(table, gpd.GeoDataFrame) else None
    old = table["geometry"] if "geometry" in table.columns else pd.Series(index=table.index, dtype="object")
    new = old.astype("object")
    new.loc[shapes.index] = shapes.astype("object")
    placed: pd.Series = gpd.GeoSeries(new, index=table.index, crs=crs)
    return placed


def _as_before(table: pd.DataFrame, before: pd.DataFrame, name: str) -> pd.DataFrame:
    """Columns back to the types they had, or the schema's where that type cannot hold a new missing value."""
    typed = empty(name).dtypes
    types = {}
    for column in [c for c in before.columns if c != "geometry" and table[c].dtype != before[c].dtype]:
        holds = not isinstance(before[column].dtype, np.dtype) or before[column].dtype.kind not in "iub"
        types[column] = before[column].dtype if holds or table[column].notna().all() else typed[column]
    return table.astype(types)


# --- faults -----------------------------------------------------------------------------------------------------


def _rows(chosen: pd.DataFrame, bad: pd.Series, column: str, problem: str, remedy: str) -> list[Fault]:
    """One fault per offending change, the first few by name and the rest counted in the last."""
    rows = chosen[bad.to_numpy(dtype=bool)]
    found = [
        Fault("changes", int(position) + 2, column, str(value), problem, remedy)
        for position, value in rows[["position", column]].head(SHOWN_PER_RULE).itertuples(index=False)
    ]
    if len(rows) > SHOWN_PER_RULE:
        more = _("{count} more rows have the same fault").format(count=len(rows) - SHOWN_PER_RULE)
        found.append(Fault("changes", None, column, "", more, remedy))
    return found


def _unknown_options(changes: pd.DataFrame, option_ids: Collection[str]) -> list[Fault]:
    known = set(changes["option_id"])
    return [
        Fault("changes", None, "option_id", str(option), _("changes nothing"), _nearest(str(option), known))
        for option in sorted(set(option_ids) - known)
    ]


def _nearest(name: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1)
    if near:
        return _("did you mean {names}?").format(names=near[0])
    return _("add its rows to the table changes, or leave it out")


def _place_faults(chosen: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> list[Fault]:
    """Changes to a table, a row or a column that does not exist, and new rows that exist already."""
    absent = ~chosen["table"].isin(list(tables))
    found = _rows(chosen, absent, "table", _("the table was not given"), _("give the table, or remove the change"))
    taken = {row for name, table in tables.items() for row in table[key_columns(name)[0]]}
    for name, table in tables.items():
        mine = chosen[chosen["table"] == name]
        found += _row_faults(mine, set(table[key_columns(name)[0]]), taken)
        found += _column_faults(mine, name)
    return found


def _row_faults(mine: pd.DataFrame, existing: Collection[str], taken: Collection[str]) -> list[Fault]:
    added = mine.loc[mine["action"] == "add", "row_id"]
    known = mine["row_id"].isin([*existing, *added])
    remedy = _("correct the row_id, or add the row with the action add")
    found = _rows(mine, (mine["action"] != "add") & ~known, "row_id", _("no such row"), remedy)
    again = (mine["action"] == "add") & mine["row_id"].isin(list(taken))
    problem = _("the row to add exists already, among assets or links")
    return found + _rows(mine, again, "row_id", problem, _("choose another row_id, or use the action set"))


def _column_faults(mine: pd.DataFrame, name: str) -> list[Fault]:
    key = key_columns(name)[0]
    known = [*load_schema(name).index.drop(key), *DEFAULTS]
    needs_column = mine["action"] != "remove"
    unknown = needs_column & ~mine["column"].isin(known)
    remedy = _("write one of {values}").format(values=", ".join(known))
    found = _rows(mine, unknown, "column", _("no such column that can be set"), remedy)
    idle = ~needs_column & mine["column"].notna()
    return found + _rows(mine, idle, "column", _("a row is removed whole"), _("leave the column blank"))


def _conflicts(chosen: pd.DataFrame) -> list[Fault]:
    """Cells that two options set differently, and rows that one removes and another sets."""
    given = chosen[chosen["action"] != "remove"]
    values = given["value"].astype("str").fillna("").str.strip()
    values = pd.to_numeric(values, errors="coerce").astype("object").fillna(values)
    differ = values.groupby([given[c] for c in CELL]).transform("nunique") > 1
    found = _named(given[differ], CELL, _("options set this cell differently: {options}"))
    place = ["table", "row_id"]
    removed = chosen.loc[chosen["action"] == "remove", place].drop_duplicates()
    lost = given.merge(removed, on=place)
    who = chosen.merge(lost[place].drop_duplicates(), on=place)
    return found + _named(who, place, _("one option removes this row and another sets it: {options}"))


def _named(changes: pd.DataFrame, place: list[str], problem: str) -> list[Fault]:
    """One fault per place, naming the options at odds."""
    remedy = _("choose one of them, or give them the same exclusive_group")
    return [
        Fault(
            "changes", int(group["position"].min()) + 2, "value", " · ".join(map(str, where)),
            problem.format(options=", ".join(sorted(set(group["option_id"])))), remedy,
        )
        for where, group in changes.groupby(place, sort=True)
    ]  # fmt: skip


def _incomplete_rows(chosen: pd.DataFrame, changed: Mapping[str, pd.DataFrame]) -> list[Fault]:
    """New rows that lack a column the schema requires."""
    found = []
    for name, group in chosen[chosen["action"] == "add"].groupby("table"):
        schema, key = load_schema(str(name)), key_columns(str(name))[0]
        required = [c for c in schema.index[schema["required"] == "yes"] if c != key]
        rows = changed[str(name)].set_index(key).reindex(columns=required).loc[sorted(set(group["row_id"]))]
        missing = pd.DataFrame(rows.isna()).reset_index(names="row_id").melt("row_id", var_name="column")
        found += [
            Fault("changes", None, column, row_id, _("the new row lacks a value"), _("add a row that gives it"))
            for row_id, column, is_missing in missing.itertuples(index=False)
            if is_missing
        ]
    return found


def _dangling_links(chosen: pd.DataFrame, changed: Mapping[str, pd.DataFrame]) -> list[Fault]:
    """Links left without the asset at one end, because a chosen option removes it."""
    removed = chosen[(chosen["action"] == "remove") & (chosen["table"] == "assets")]
    links = changed.get("links")
    if links is None or removed.empty:
        return []
    ends = links.reindex(columns=["link_id", *ENDS]).melt("link_id", var_name="end", value_name="row_id")
    lost = ends.merge(removed[["row_id", "option_id"]].drop_duplicates("row_id"), on="row_id")
    problem = _("option {option} removes the asset at its end")
    return [
        Fault("links", None, end, link, problem.format(option=option), _("remove the link too, or set its other end"))
        for link, end, _row, option in lost.itertuples(index=False)
    ]
