"""Two to four tools side by side: rows of fields, where they differ, and what only one of them has.

Cells are ready to be shown in the current language. Knows nothing of how a table is drawn.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from babel import Locale

from headwater.catalogue.fit import language_names, words_of
from headwater.catalogue.records import Record, fields_of
from headwater.catalogue.shapes import UNKNOWN
from headwater.catalogue.vocabulary import ALL, Vocabularies
from headwater.errors import InputError, NotFound
from headwater.words import _, language, later, pick, told

LEAST, MOST = 2, 4

SECTIONS = {
    later("The tool itself"): ("summary", "outcome", "types", "organisations"),
    later("When, why and how"): ("use_when", "avoid_when", "why", "how", "next"),
    later("What it covers"): (
        "phases", "sectors", "themes", "dimensions", "finance_view", "scales", "principles", "criteria",
    ),
    later("What it asks for"): ("users", "data", "skills", "time", "cost", "languages"),
    later("What it stands on"): ("is_open_source", "licence", "origin", "developed", "cases", "supersedes", "similar"),
}  # fmt: skip
"""Fields in the order in which they are compared."""

PROSE = ("text", "texts", "statements")
"""Types of fields that hold sentences; they always differ, and are not told apart."""

LISTS = ("values", "ids", "languages")
"""Types of fields of which a tool may have a value that no other has."""

ENTRIES = {"organisations": "organisation", "principles": "principle", "supersedes": "tool", "similar": "tool"}


@dataclass(frozen=True)
class Cell:
    """What one tool has in one row.

    Attributes
    ----------
    values
        Identifiers or plain values: what is compared. Empty where nothing is given.
    words
        The same as it is shown, one item a value; "unknown" or "none" in words where there is none.
    bases
        What each statement rests on; empty for other fields.
    is_known
        Whether the entry says anything.
    """

    values: tuple[str, ...]
    words: tuple[str, ...]
    bases: tuple[str, ...] = ()
    is_known: bool = True


@dataclass(frozen=True)
class Row:
    """One field of all tools.

    Attributes
    ----------
    section
        Heading that it stands under.
    field, title
        Its name, and what it is called.
    cells
        One a tool, in their order.
    differs
        Whether the tools differ in it; always False for sentences.
    is_prose
        Whether the cells hold sentences.
    """

    section: str
    field: str
    title: str
    cells: tuple[Cell, ...]
    differs: bool
    is_prose: bool


@dataclass(frozen=True)
class Alone:
    """What only one tool has: a field and the values, in words."""

    key: str
    field: str
    title: str
    words: tuple[str, ...]


@dataclass(frozen=True)
class Comparison:
    """Tools side by side: the tools, the rows, and what only one of them has."""

    tools: tuple[Record, ...]
    rows: tuple[Row, ...]
    alone: tuple[Alone, ...]


def compare(records: Mapping[str, Record], vocabularies: Vocabularies, names: Sequence[str]) -> Comparison:
    """Put tools side by side.

    Parameters
    ----------
    records
        Entries of the hub by key.
    vocabularies
        The words that entries are sorted by.
    names
        Two to four tools, by identifier (`climada`) or key (`tool/climada`).

    Returns
    -------
    comparison
        In the current language. Rows that no tool says anything in are left out. A tool for every sector has every
        sector, so nobody else has one alone.

    Raises
    ------
    InputError
        If there are fewer than two or more than four, or one is named twice.
    NotFound
        If there is no such tool; offers the nearest.
    """
    keys = [name if name.startswith("tool/") else f"tool/{name}" for name in names]
    if not LEAST <= len(keys) <= MOST:
        text = _("{least} to {most} tools can be put side by side, not {count}.")
        raise InputError(text.format(least=LEAST, most=MOST, count=len(keys)))
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise InputError(_("{names} is named twice; name each tool once.").format(names=", ".join(twice)))
    _check_known(records, keys)
    tools = tuple(records[key] for key in keys)
    rows = tuple(_rows(tools, records, vocabularies))
    return Comparison(tools, rows, tuple(_alone(tools, rows, vocabularies)))


def _check_known(records: Mapping[str, Record], keys: Sequence[str]) -> None:
    known = {key.partition("/")[2]: key for key in records if key.startswith("tool/")}
    lines = []
    for key in keys:
        if key not in records:
            near = get_close_matches(key.partition("/")[2], known, n=3)
            hint = " " + _("Did you mean {names}?").format(names=", ".join(near)) if near else ""
            lines.append(_("There is no tool called {name}.").format(name=key.partition("/")[2]) + hint)
    if lines:
        raise NotFound("\n".join(lines))


def _rows(tools: Sequence[Record], records: Mapping[str, Record], vocabularies: Vocabularies) -> Iterator[Row]:
    declared = fields_of("tool")
    for section, names in SECTIONS.items():
        for name in names:
            cells = tuple(_cell(tool, name, records, vocabularies) for tool in tools)
            if not any(cell.is_known for cell in cells):
                continue
            is_prose = name != "cases" and declared[name].type in PROSE
            title = _("Cases that used it") if name == "cases" else pick(declared[name].description)
            differs = not is_prose and len({frozenset(cell.values) for cell in cells}) > 1
            yield Row(told(section), name, title, cells, differs, is_prose)


def _cell(tool: Record, name: str, records: Mapping[str, Record], vocabularies: Vocabularies) -> Cell:
    if name == "cases":
        cases = [record for record in records.values() if record.kind == "case"]
        return _entries([case for case in cases if tool.record_id in case.fields.get("tools", ())])
    value, declared = tool.fields.get(name), fields_of("tool")[name]
    if name in ENTRIES:
        return _entries([records[key] for item in value or () if (key := f"{ENTRIES[name]}/{item}") in records])
    if value in (None, UNKNOWN, "", [], ()):
        return Cell((), (_("unknown") if value == UNKNOWN or declared.is_needed else "—",), is_known=False)
    if declared.type in PROSE:
        items = [value] if isinstance(value, Mapping) else value
        words = tuple(words_of(item) for item in items)
        bases = tuple(item.get("basis", "") for item in items) if declared.type == "statements" else ()
        return Cell(words, words, bases)
    values = tuple(map(str, value)) if isinstance(value, list | tuple) else (str(value),)
    return Cell(values, _shown(values, declared.type, vocabularies.get(declared.vocabulary, {})))


def _shown(values: Sequence[str], kind: str, known: Mapping[str, Any]) -> tuple[str, ...]:
    if kind in {"values", "value"}:
        return tuple(pick(known[value].title) if value in known else value for value in values)
    if kind == "yes_no":
        return tuple({"yes": _("yes"), "no": _("no")}.get(value, value) for value in values)
    if kind == "languages":
        return tuple(language_names([value]) for value in values)
    if kind == "country":
        names = {**Locale(language()).territories, "international": _("international")}
        return tuple(str(names.get(value, value)) for value in values)
    return tuple(values)


def _entries(entries: Sequence[Record]) -> Cell:
    ordered = sorted(entries, key=lambda record: record.record_id)
    if not ordered:
        return Cell((), ("—",), is_known=False)
    return Cell(tuple(record.record_id for record in ordered), tuple(pick(record.title) for record in ordered))


def _alone(tools: Sequence[Record], rows: Sequence[Row], vocabularies: Vocabularies) -> Iterator[Alone]:
    declared = fields_of("tool")
    for i, tool in enumerate(tools):
        for row in rows:
            if row.field != "cases" and declared[row.field].type not in LISTS:
                continue
            cell, rest = row.cells[i], [*row.cells[:i], *row.cells[i + 1 :]]
            others = {value for other in rest for value in _widened(other, row, vocabularies)}
            words = tuple(said for value, said in zip(cell.values, cell.words, strict=False) if value not in others)
            if words:
                yield Alone(tool.key, row.field, row.title, words)


def _widened(cell: Cell, row: Row, vocabularies: Vocabularies) -> Sequence[str]:
    """Values of a cell, every sector where it says all."""
    if row.field == "sectors" and ALL in cell.values:
        return list(vocabularies.get("sectors", {}))
    return cell.values
