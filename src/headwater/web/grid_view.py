"""A page of a table as a form shows it: columns with their meaning, cells with their faults. Knows no request."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from headwater import schema
from headwater.errors import Fault
from headwater.sheets import Edits
from headwater.store.history import Sheet
from headwater.web.languages import _
from headwater.web.work_visits import PER_PAGE
from headwater.words import language

LONGEST_CELL = 160
"""Characters of a cell that the grid edits; a longer one, or one with line ends, is edited with its row alone."""

BLANK_ROWS = 3
PAGE_OF_ROW = PER_PAGE
SIZES = (5, 26)
"""Least and most width of an input [characters]."""


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    number, name
        Its place from 0, and its name.
    kind, unit, means, rule
        What it holds, in words; "" where the schema does not know it.
    is_key, is_needed
        Whether rows are told apart by it, and whether a blank is a fault.
    choices
        Values that it may have, where they are few.
    size
        Width of its inputs.
    faults
        What is wrong with all of it.
    """

    number: int
    name: str
    kind: str
    unit: str
    means: str
    rule: str
    is_key: bool
    is_needed: bool
    choices: Sequence[str]
    size: int
    faults: Sequence[Fault]


@dataclass(frozen=True)
class Cell:
    """A cell: its field in the form, its text, whether it is too long for the grid, and its faults."""

    field: str
    text: str
    column: Column
    is_long: bool
    faults: Sequence[Fault]
    is_changed: bool = False


@dataclass(frozen=True)
class Line:
    """A row: its number as a spreadsheet counts (0 for one to be added), its place from 0, and its cells."""

    number: int
    place: int
    cells: Sequence[Cell]
    is_deleted: bool = False

    @property
    def faults(self) -> int:
        """How many cells have faults."""
        return sum(bool(cell.faults) for cell in self.cells)


@dataclass(frozen=True)
class Grid:
    """A page of a table.

    Attributes
    ----------
    columns, lines
        What is shown.
    added, blank
        Rows to be added: those that hold text, and one empty one as a pattern for more.
    general
        Faults of the whole table.
    missing
        Columns that the table may have and has not, each with what it means.
    number, numbers
        Which page this is, and the numbers to offer, None for a gap.
    total
        Rows of the table.
    alone
        The number of the row that is shown alone, or 0.
    """

    columns: Sequence[Column]
    lines: Sequence[Line]
    added: Sequence[Line]
    blank: Line
    general: Sequence[Fault]
    missing: Sequence[tuple[str, str]]
    number: int
    numbers: Sequence[int | None]
    total: int
    alone: int


def grid(
    sheet: Sheet, faults: Sequence[Fault], *, edits: Edits | None = None, number: int = 1, alone: int | None = None,
    touched: bool = False,
) -> Grid:  # fmt: skip
    """A page of a table.

    Parameters
    ----------
    sheet
        The table.
    faults
        What the check says of it.
    edits
        What somebody typed and has not saved.
    number
        Which page, from 1; the last where there are fewer.
    alone
        The row to show alone.
    touched
        Whether to show the rows that were typed in instead of a page.
    """
    edits = edits or Edits()
    pages = max((len(sheet.cells) - 1) // PER_PAGE + 1, 1)
    number = min(number, pages)
    places: Iterable[int] = range((number - 1) * PER_PAGE, min(number * PER_PAGE, len(sheet.cells)))
    if touched:
        places = sorted({row for row, _column in edits.cells} | edits.deleted)
    elif alone is not None:
        places = [alone]
    shown = list(places)
    by_cell: dict[tuple[int, str], list[Fault]] = {}
    for fault in faults:
        if fault.row is not None:
            for name in fault.column.split(" + "):
                by_cell.setdefault((fault.row - 2, name), []).append(fault)
    columns = _columns(sheet, [sheet.cells[place] for place in shown], faults)
    lines = [
        Line(
            place + 2,
            place,
            _cells(columns, sheet.cells[place], place, edits, by_cell, alone is not None),
            place in edits.deleted,
        )
        for place in shown
    ]
    added = [
        Line(
            0, place, [Cell(f"n.{place}.{c.number}", text, c, False, ()) for c, text in zip(columns, row, strict=False)]
        )
        for place, row in enumerate(edits.rows)
    ]
    first = len(added)
    blank = Line(0, first, [Cell(f"n.{first}.{c.number}", "", c, False, ()) for c in columns])
    known = schema.load_schema(sheet.name)
    missing = [(str(name), _means(known, str(name))) for name in known.index if name not in sheet.columns]
    general = [
        fault for fault in faults
        if (fault.row is None and fault.column not in sheet.columns)
        or (fault.row is not None and not set(fault.column.split(" + ")) <= set(sheet.columns))
    ]  # fmt: skip
    row = 0 if alone is None else alone + 2
    return Grid(columns, lines, added, blank, general, missing, number, _numbers(number, pages), len(sheet.cells), row)


def _columns(sheet: Sheet, rows: Sequence[Sequence[str]], faults: Sequence[Fault]) -> list[Column]:
    known = schema.load_schema(sheet.name)
    made = []
    for number, name in enumerate(sheet.columns):
        longest = max((len(row[number]) for row in rows), default=0)
        of_all = [fault for fault in faults if fault.row is None and fault.column == name]
        size = min(max(longest + 1, len(name) * 2 // 3, SIZES[0]), SIZES[1])
        if name not in known.index:
            means = _("Headwater does not know this column; it is kept and not used.").striptags()
            made.append(Column(number, name, "", "", means, "", False, False, (), size, of_all))
            continue
        row = known.loc[name]
        rule, kind = str(row["rule"]), str(row["type"])
        choices = (
            rule.removeprefix("one of ").split("|")
            if rule.startswith("one of ")
            else ["yes", "no"]
            if kind == "boolean"
            else []
        )
        made.append(
            Column(
                number,
                name,
                _kind(kind),
                str(row["unit"]),
                _means(known, name),
                _rule(rule),
                bool(row["key"] == "yes"),
                bool(row["required"] == "yes"),
                choices,
                size,
                of_all,
            )
        )
    return made


def _cells(
    columns: Sequence[Column], row: Sequence[str], place: int, edits: Edits,
    faults: dict[tuple[int, str], list[Fault]], is_alone: bool,
) -> list[Cell]:  # fmt: skip
    made = []
    for column in columns:
        before = row[column.number]
        text = edits.cells.get((place, column.number), before)
        is_long = not is_alone and (len(before) > LONGEST_CELL or "\n" in before or "\r" in before)
        found = faults.get((place, column.name), [])
        changed = text.replace("\r\n", "\n") != before.replace("\r\n", "\n")
        made.append(Cell(f"c.{place}.{column.number}", text, column, is_long and not changed, found, changed))
    return made


def _means(known: object, name: str) -> str:
    column = "description_zh" if language() == "zh" else "description"
    return str(known.at[name, column])  # type: ignore[attr-defined]


def _kind(kind: str) -> str:
    words = {
        "number": _("number"), "integer": _("whole number"), "boolean": _("yes or no"), "date": _("date, YYYY-MM-DD"),
        "geometry": _("geometry as Well-Known Text"), "string": _("text"),
    }  # fmt: skip
    return words[kind].striptags()


def _rule(rule: str) -> str:
    """A rule of the schema in words; "" for one of a few values, which are offered."""
    told = []
    for part in filter(None, rule.split("; ")):
        operator, _space, operand = part.partition(" ")
        if operator in {">", ">=", "<", "<="}:
            sign = {">=": "≥", "<=": "≤"}.get(operator, operator)
            told.append(f"{sign} {operand}")
        elif operator == "in":
            told.append(_("one of the table {table}").striptags().format(table=operand.partition(".")[0]))
        elif operator == "matches":
            told.append(_("in the form {pattern}").striptags().format(pattern=operand))
        else:
            told.append(part.replace("|", ", ").replace("one of ", ""))
    return "; ".join(told)


def _numbers(current: int, last: int) -> list[int | None]:
    """Numbers of pages to offer: the first, the last, those around this one.

    Examples
    --------
    >>> _numbers(5, 9), _numbers(1, 2)
    ([1, None, 4, 5, 6, None, 9], [1, 2])
    """
    wanted = sorted({number for number in (1, current - 1, current, current + 1, last) if 1 <= number <= last})
    made: list[int | None] = []
    for number in wanted:
        if made and number - (made[-1] or 0) > 1:
            made.append(None)
        made.append(number)
    return made
