"""How many tools stand where: counts by phase, sector, theme and type, and by any two fields, with the tools behind.

A tool for every sector is general: it is counted apart and never fills the field of one sector. Arrays are small and
exact. Knows counting only; what a count means is `gaps`'.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from headwater.catalogue.records import Record, fields_of
from headwater.catalogue.shapes import UNKNOWN
from headwater.catalogue.vocabulary import ALL, Vocabularies
from headwater.errors import InputError
from headwater.words import _, pick

FACETS = (
    "types", "sectors", "phases", "themes", "dimensions", "finance_view", "scales", "users", "data", "skills", "time",
    "cost",
)  # fmt: skip
"""Fields of tools that can be counted against each other."""

NONE = "none-given"
"""Value that stands for tools which give none, so that nobody is lost."""

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Coverage:
    """Counts of tools by phase, sector, theme and type.

    Attributes
    ----------
    phases, sectors, themes, types
        Values along the axes; `sectors` without "all"; the last theme stands for tools without a theme.
    specific
        Tools made for a sector, by (phase, sector, theme, type). A tool with two phases counts in both.
    general
        Tools for every sector, by (phase, theme, type).
    """

    phases: tuple[str, ...]
    sectors: tuple[str, ...]
    themes: tuple[str, ...]
    types: tuple[str, ...]
    specific: Counts
    general: Counts


@dataclass(frozen=True, eq=False)
class Matrix:
    """Counts of tools by two fields.

    Attributes
    ----------
    row_field, column_field
        The two fields.
    row_ids, column_ids, row_titles, column_titles
        Values along the axes, and what they are called in the current language.
    counts
        Tools by row and column. Where a field is `sectors`, only tools made for the sector.
    general
        Where a field is `sectors`: tools for every sector, by the value of the other field; else None.
    keys
        The tools behind each count, by row and column.
    general_keys
        The tools behind each general count.
    """

    row_field: str
    column_field: str
    row_ids: tuple[str, ...]
    column_ids: tuple[str, ...]
    row_titles: tuple[str, ...]
    column_titles: tuple[str, ...]
    counts: Counts
    general: Counts | None
    keys: tuple[tuple[tuple[str, ...], ...], ...]
    general_keys: tuple[tuple[str, ...], ...]


def coverage(records: Mapping[str, Record], vocabularies: Vocabularies) -> Coverage:
    """Count tools by phase, sector, theme and type.

    Because tools have several values, sums over an axis count some tools more than once: use `matrix` for two fields.

    Parameters
    ----------
    records
        Entries of the hub by key.
    vocabularies
        The words that entries are sorted by.
    """
    tools = tools_of(records)
    values = {name: _axis(name, vocabularies) for name in ("phases", "sectors", "themes", "types")}
    values["themes"] = (*values["themes"], NONE)
    phases, sectors, themes, types = (_incidence(tools, name, values[name]) for name in values)
    general = np.array([is_general(tool) for tool in tools], dtype=np.int64)
    return Coverage(
        values["phases"], values["sectors"], values["themes"], values["types"],
        np.einsum("n,np,ns,nt,ny->psty", 1 - general, phases, sectors, themes, types),
        np.einsum("n,np,nt,ny->pty", general, phases, themes, types),
    )  # fmt: skip


def matrix(records: Mapping[str, Record], vocabularies: Vocabularies, rows: str, columns: str) -> Matrix:
    """Count tools by two fields.

    Parameters
    ----------
    records
        Entries of the hub by key.
    vocabularies
        The words that entries are sorted by.
    rows, columns
        Fields of `FACETS`; not the same twice. Tools that give no value, or an unknown one, have a row or a column of
        their own where there are any.

    Raises
    ------
    InputError
        If there is no such field to count by.
    """
    for name in (rows, columns):
        if name not in FACETS:
            text = _("Tools cannot be counted by {name}; they can by {known}.")
            raise InputError(text.format(name=name, known=", ".join(FACETS)))
    if rows == columns:
        raise InputError(_("Rows and columns are both {name}; choose two different fields.").format(name=rows))
    tools = tools_of(records)
    specific = [tool for tool in tools if not is_general(tool)] if "sectors" in {rows, columns} else tools
    row_ids, column_ids = _used(rows, tools, vocabularies), _used(columns, tools, vocabularies)
    keys = tuple(tuple(_having(specific, {rows: row, columns: column}) for column in column_ids) for row in row_ids)
    other = {rows: columns, columns: rows}.get("sectors")
    ids = row_ids if other == rows else column_ids
    everywhere = tuple(_having([t for t in tools if is_general(t)], {other: value}) for value in ids) if other else ()
    return Matrix(
        rows, columns, row_ids, column_ids,
        tuple(value_title(rows, value, vocabularies) for value in row_ids),
        tuple(value_title(columns, value, vocabularies) for value in column_ids),
        np.array([[len(cell) for cell in row] for row in keys], dtype=np.int64).reshape(len(row_ids), len(column_ids)),
        np.array([len(cell) for cell in everywhere], dtype=np.int64) if other else None,
        keys, everywhere,
    )  # fmt: skip


def tools_of(records: Mapping[str, Record]) -> list[Record]:
    """Tools, by key."""
    return sorted((record for record in records.values() if record.kind == "tool"), key=lambda record: record.key)


def is_general(tool: Record) -> bool:
    """Whether a tool is for every sector."""
    return ALL in tool.fields.get("sectors", ())


def values_of(tool: Record, name: str) -> tuple[str, ...]:
    """Values that a tool has of a field; `NONE` alone where it gives none."""
    given = tool.fields.get(name)
    values = (str(given),) if isinstance(given, str) else tuple(given or ())
    return values or (NONE,)


def value_title(name: str, value: str, vocabularies: Vocabularies) -> str:
    """What a value is called, in the current language."""
    if value == NONE:
        return _("none given")
    if value == UNKNOWN:
        return _("unknown")
    return pick(vocabularies[name][value].title) if value in vocabularies.get(name, {}) else value


def keys_of(tools: Iterable[Record]) -> tuple[str, ...]:
    """Keys of tools, in order."""
    return tuple(sorted(tool.key for tool in tools))


def _axis(name: str, vocabularies: Vocabularies) -> tuple[str, ...]:
    return tuple(value for value in vocabularies[fields_of("tool")[name].vocabulary] if value != ALL)


def _used(name: str, tools: Sequence[Record], vocabularies: Vocabularies) -> tuple[str, ...]:
    """Values of a field: all of the vocabulary, then what else tools have."""
    axis = _axis(name, vocabularies)
    more = {value for tool in tools for value in values_of(tool, name)} - {*axis, ALL}
    return (*axis, *sorted(more))


def _incidence(tools: Sequence[Record], name: str, values: Sequence[str]) -> Counts:
    """Whether each tool has each value: tools by values."""
    rows = [[int(value in values_of(tool, name)) for value in values] for tool in tools]
    return np.array(rows, dtype=np.int64).reshape(len(tools), len(values))


def _having(tools: Sequence[Record], wanted: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(tool.key for tool in tools if all(value in values_of(tool, name) for name, value in wanted.items()))
