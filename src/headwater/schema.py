"""Tables and their schemas.

One CSV in `schemas/` per table says what its columns are: type, unit, whether it is part of the key, whether it is
required, the rule its values obey, and what it means. The same CSV feeds this validator, the reference pages and the
empty templates. Nothing here reads a study: tables are handed in.
"""

from __future__ import annotations

import dataclasses
import difflib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from headwater.errors import Fault, NotFound, TableError
from headwater.words import _

SCHEMAS = Path(__file__).parent / "schemas"
SHOWN_PER_RULE = 5
"""Rows named per broken rule and column; the last one says how many more there are."""

TRUE, FALSE = {"true", "yes", "1"}, {"false", "no", "0"}


@cache
def table_names() -> tuple[str, ...]:
    """Names of all tables that have a schema, sorted."""
    return tuple(sorted(path.stem for path in SCHEMAS.glob("*.csv")))


@cache
def _schema(name: str) -> pd.DataFrame:
    path = SCHEMAS / f"{name}.csv"
    if not path.exists():
        near = difflib.get_close_matches(name, table_names())
        hint = _("did you mean {names}?").format(names=", ".join(near)) if near else ", ".join(table_names())
        raise NotFound(_("There is no table called {name}: {hint}").format(name=name, hint=hint))
    return pd.read_csv(path, dtype=str, keep_default_na=False).set_index("column", drop=False)


@cache
def _rows(name: str) -> dict[str, dict[str, str]]:
    """Schema of a table as plain words, column by column."""
    return {row["column"]: {str(c): str(v) for c, v in row.items()} for row in _schema(name).to_dict("records")}


def load_schema(name: str) -> pd.DataFrame:
    """Schema of a table: one row per column, indexed by column.

    Raises
    ------
    NotFound
        If no table has that name; offers the nearest.

    Examples
    --------
    >>> load_schema("damages").loc["damage_usd", "unit"]
    'USD'
    """
    return _schema(name).copy()


def key_columns(name: str) -> list[str]:
    """Columns that together name a row of the table.

    Examples
    --------
    >>> key_columns("effects")
    ['option_id', 'item']
    """
    schema = _schema(name)
    return list(schema.index[schema["key"] == "yes"])


def empty(name: str) -> pd.DataFrame:
    """A table with every column of the schema, typed, and no rows.

    Examples
    --------
    >>> empty("plans").columns.tolist()
    ['plan_id', 'option_id', 'start_year', 'initial_cost_usd', 'objective_value']
    """
    dtypes = {"string": "str", "integer": "Int64", "number": "float64", "boolean": "boolean", "date": "str"}
    schema = _schema(name)
    return pd.DataFrame({c: pd.Series(dtype=dtypes.get(t, "object")) for c, t in schema["type"].items()})


def with_optional(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """The table with every optional column of its schema; those it lacks hold missing values.

    Examples
    --------
    >>> with_optional(pd.DataFrame({"source_id": ["osm"]}), "sources").columns.tolist()
    ['source_id', 'url', 'vintage', 'caveat', 'caveat_zh']
    """
    schema, whole = _schema(name), empty(name)
    lacking = [c for c in schema.index if c not in table.columns and schema.at[c, "required"] != "yes"]
    return table.assign(**{column: whole[column].reindex(table.index) for column in lacking})


def parse(
    table: pd.DataFrame, name: str, *, file: str | None = None, stray: bool = True
) -> tuple[pd.DataFrame, list[Fault]]:
    """A table with its columns turned into the schema's types, and what could not be turned.

    Text is stripped, and blank text is missing. A value that cannot be read as its type becomes missing and gives a
    fault. Columns the schema does not know are kept and, with `stray`, give a fault when they look like a misspelt or
    differently scaled column.
    """
    schema = _schema(name)
    label = file or name
    parsed, found = table.copy(), []
    for column in [c for c in schema.index if c in table.columns]:
        kind = str(schema.at[column, "type"])
        values, bad = _PARSERS[kind](table[column])
        parsed[column] = values
        found += _row_faults(
            bad, table[column], label, column,
            _("is not a {kind}").format(kind=_kind_name(kind)), _remedy_for(kind),
        )  # fmt: skip
    found += list(_stray_columns(table, schema, label)) if stray else []
    return parsed, found


def faults(
    table: pd.DataFrame,
    name: str,
    *,
    file: str | None = None,
    others: Mapping[str, pd.DataFrame] | None = None,
    columns: Sequence[str] | None = None,
) -> list[Fault]:
    """Everything wrong with a table that is already typed: columns, missing values, keys, rules, references.

    Parameters
    ----------
    table
        The table, one row per key.
    name
        Its schema.
    file
        What to call it in messages; the schema's name by default.
    others
        Tables that references (`in sources.source_id`) are checked against; a reference to a table that is not given
        is not checked.
    columns
        Columns that are read, if not all are: the others may hold anything.
    """
    label = file or name
    read = {c: row for c, row in _rows(name).items() if columns is None or c in columns}
    found = [
        Fault(label, None, c, "", _("column is missing"), _missing_column_remedy(c, _schema(name), table))
        for c, row in read.items()
        if row["required"] == "yes" and c not in table.columns
    ]
    for column, row in read.items():
        if column in table.columns:
            found += _required_faults(table[column], row, label)
            for rule in filter(None, (part.strip() for part in row["rule"].split("; "))):
                found += _rule_faults(table[column], rule, label, column, others or {})
    return found + _key_faults(table, key_columns(name), label)


def value_faults(value: object, *, kind: str, rule: str, file: str, column: str) -> list[Fault]:
    """What is wrong with a single value, by the types and rules of the schemas."""
    parsed, bad = _PARSERS[kind](pd.Series([value]))
    if bad.any():
        problem = _("is not a {kind}").format(kind=_kind_name(kind))
        return [Fault(file, None, column, str(value), problem, _remedy_for(kind))]
    found = [
        f for r in filter(None, map(str.strip, rule.split("; "))) for f in _rule_faults(parsed, r, file, column, {})
    ]
    return [dataclasses.replace(fault, row=None) for fault in found]


def check(table: pd.DataFrame, name: str, *, others: Mapping[str, pd.DataFrame] | None = None) -> None:
    """Raise if a table breaks its schema.

    Raises
    ------
    TableError
        With every fault.

    Examples
    --------
    >>> check(pd.DataFrame({"source_id": ["hotosm"], "title": "Roads", "publisher": "HOT"}), "sources")
    Traceback (most recent call last):
    headwater.errors.TableError: ...missing → add the column licence (...)
    """
    found = faults(table, name, others=others)
    if found:
        raise TableError(found)


# --- types ------------------------------------------------------------------------------------------------------


def _text(column: pd.Series) -> pd.Series:
    text = column.astype("str").str.strip()
    return text.mask(column.isna() | (text == ""))


def _parse_string(column: pd.Series) -> tuple[pd.Series, pd.Series]:
    if pd.api.types.is_float_dtype(column) and (column.dropna() % 1 == 0).all():
        column = column.astype("Int64")
    return _text(column), pd.Series(False, index=column.index)


def _parse_number(column: pd.Series) -> tuple[pd.Series, pd.Series]:
    if pd.api.types.is_bool_dtype(column) or not pd.api.types.is_numeric_dtype(column):
        text = _text(column)
        numbers = pd.to_numeric(text, errors="coerce").astype("float64")
        return numbers, text.notna() & ~np.isfinite(numbers)
    numbers = column.astype("float64")
    return numbers, pd.Series(np.isinf(numbers), index=column.index)


def _parse_integer(column: pd.Series) -> tuple[pd.Series, pd.Series]:
    numbers, bad = _parse_number(column)
    bad = bad | (numbers.notna() & (numbers % 1 != 0))
    return numbers.mask(bad).astype("Int64"), bad


def _parse_boolean(column: pd.Series) -> tuple[pd.Series, pd.Series]:
    if pd.api.types.is_bool_dtype(column):
        return column.astype("boolean"), pd.Series(False, index=column.index)
    text = _text(column.astype("Int64") if pd.api.types.is_float_dtype(column) else column).str.lower()
    values = pd.Series(pd.NA, index=column.index, dtype="boolean")
    values = values.mask(text.isin(TRUE), True).mask(text.isin(FALSE), False)
    return values, text.notna() & values.isna()


def _parse_date(column: pd.Series) -> tuple[pd.Series, pd.Series]:
    text = _text(column)
    dates = pd.to_datetime(text, format="%Y-%m-%d", errors="coerce")
    return text.mask(dates.isna()), text.notna() & dates.isna()


def _parse_geometry(column: pd.Series) -> tuple[pd.Series, pd.Series]:
    if isinstance(column.dtype, gpd.array.GeometryDtype):
        return column, pd.Series(False, index=column.index)
    text = _text(column)
    with np.errstate(invalid="ignore"):  # coordinates that are not numbers are found by the check of the study
        shapes = gpd.GeoSeries.from_wkt(text, on_invalid="ignore")
    shapes.index = column.index
    return shapes, text.notna() & shapes.isna()


_PARSERS: dict[str, Callable[[pd.Series], tuple[pd.Series, pd.Series]]] = {
    "string": _parse_string,
    "number": _parse_number,
    "integer": _parse_integer,
    "boolean": _parse_boolean,
    "date": _parse_date,
    "geometry": _parse_geometry,
}


def _kind_name(kind: str) -> str:
    return {
        "number": _("finite number"),
        "integer": _("whole number"),
        "boolean": _("yes or no"),
        "date": _("date"),
        "geometry": _("geometry"),
        "string": _("text"),
    }[kind]


def _remedy_for(kind: str) -> str:
    return {
        "number": _("write digits with a point, no thousands separator and no unit"),
        "integer": _("write digits only"),
        "boolean": _("write yes or no"),
        "date": _("write the date as YYYY-MM-DD"),
        "geometry": _("write Well-Known Text, for example POINT (43.1 11.6)"),
        "string": _("write text"),
    }[kind]


# --- faults -----------------------------------------------------------------------------------------------------


def _row_faults(bad: pd.Series, values: pd.Series, file: str, column: str, problem: str, remedy: str) -> list[Fault]:
    """One fault per offending row, the first few by name and the rest counted in the last."""
    rows = np.flatnonzero(bad.to_numpy(dtype=bool))
    shown = [
        Fault(
            file,
            int(i) + 2,
            column,
            "" if pd.isna(values.iloc[i]) else str(values.iloc[i])[:80],
            problem,
            remedy,
        )
        for i in rows[:SHOWN_PER_RULE]
    ]
    if len(rows) > SHOWN_PER_RULE:
        more = _("{count} more rows have the same fault").format(count=len(rows) - SHOWN_PER_RULE)
        shown.append(Fault(file, None, column, "", more, remedy))
    return shown


def _required_faults(values: pd.Series, row: Mapping[str, str], file: str) -> list[Fault]:
    if row["required"] != "yes":
        return []
    problem, remedy = _("value is missing"), _("fill it in; this column may not be blank")
    return _row_faults(values.isna(), values, file, row["column"], problem, remedy)


def _key_faults(table: pd.DataFrame, keys: Sequence[str], file: str) -> list[Fault]:
    if not keys or any(key not in table.columns for key in keys):
        return []
    repeated = table.duplicated(list(keys), keep="first")
    if not repeated.any():
        return []
    rows = table.loc[repeated, list(keys)]
    words = [" · ".join("" if pd.isna(value) else str(value) for value in row) for row in rows.to_numpy()]
    named = pd.Series(words, index=rows.index, dtype="str").reindex(table.index)
    return _row_faults(
        repeated, named, file, " + ".join(keys), _("key appears more than once"), _("keep one row per key")
    )  # fmt: skip


def _rule_faults(column: pd.Series, rule: str, file: str, name: str, others: Mapping[str, pd.DataFrame]) -> list[Fault]:
    present = column.notna()
    if rule.startswith("in "):
        return _reference_faults(column, rule.removeprefix("in "), file, name, others)
    good, remedy = _obeys(column[present], rule)
    if good.all():
        return []
    bad = present.copy()
    bad[present] = ~good.to_numpy(dtype=bool)
    problem = _('breaks the rule "{rule}"').format(rule=rule)
    return _row_faults(bad, column, file, name, problem, remedy)


def _obeys(values: pd.Series, rule: str) -> tuple[pd.Series, str]:
    operator, _space, operand = rule.partition(" ")
    if rule.startswith("one of "):
        allowed = rule.removeprefix("one of ").split("|")
        return values.isin(allowed), _("write one of {values}").format(values=", ".join(allowed))
    if operator == "matches":
        pattern = re.compile(operand)
        return values.map(lambda v: bool(pattern.search(str(v)))).astype(bool), _(
            "write it in the form {pattern}"
        ).format(pattern=operand)
    compare: dict[str, Callable[[pd.Series, float], pd.Series]] = {
        ">": lambda v, x: v > x, ">=": lambda v, x: v >= x, "<": lambda v, x: v < x, "<=": lambda v, x: v <= x,
    }  # fmt: skip
    return compare[operator](values, float(operand)), _("give a value that obeys it")


def _reference_faults(
    column: pd.Series, target: str, file: str, name: str, others: Mapping[str, pd.DataFrame]
) -> list[Fault]:
    table, key = target.split(".")
    if table not in others or key not in others[table].columns:
        return []
    bad = column.notna() & ~column.isin(others[table][key])
    problem = _("is not in the table {table}").format(table=table)
    remedy = _("add a row with this {key} to {table}, or correct the value").format(key=key, table=table)
    return _row_faults(bad, column, file, name, problem, remedy)


def _stray_columns(table: pd.DataFrame, schema: pd.DataFrame, file: str) -> Iterator[Fault]:
    """Unknown columns that look like a known one: misspelt, or the same quantity in another unit."""
    for column in map(str, table.columns):
        if column in schema.index:
            continue
        near = _same_quantity(column, schema) or difflib.get_close_matches(column, schema.index, cutoff=0.85)
        near = [c for c in near if c not in table.columns]
        if near:
            unit = str(schema.at[near[0], "unit"])
            remedy = _("rename it {column}").format(column=near[0])
            if unit:
                remedy += _(", with values in {unit}").format(unit=unit)
            yield Fault(file, None, column, "", _("column is unknown, or in another unit"), remedy)


def _same_quantity(column: str, schema: pd.DataFrame) -> list[str]:
    """Known columns with a unit whose name starts with the same quantity (`length_km` → `length_m`)."""
    stem = column.split("_", maxsplit=1)[0]
    measured = schema.index[schema["unit"] != ""]
    return [
        c
        for c in measured
        if c.split("_")[0] == stem and "_" in column and c.rpartition("_")[0] == column.rpartition("_")[0]
    ]


def _missing_column_remedy(column: str, schema: pd.DataFrame, table: pd.DataFrame) -> str:
    near = difflib.get_close_matches(column, [str(c) for c in table.columns if c not in schema.index], n=1)
    if near:
        return _("rename {found} to {column}").format(found=near[0], column=column)
    return _("add the column {column} ({meaning})").format(column=column, meaning=schema.at[column, "description"])
