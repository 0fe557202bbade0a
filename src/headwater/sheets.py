"""Tables as text that people edit: what they changed, on the version that they saw and on one that moved on.

Pure: rows and cells of text go in and come out. Knows nothing of files, of who edits, or of what a cell means.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

RISKY = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet might compute."""

Row = Sequence[str]


@dataclass(frozen=True)
class Edits:
    """What somebody did to a table, told by the rows and columns of the version that they saw.

    Attributes
    ----------
    cells
        New text of cells, by row and column, both counted from 0.
    deleted
        Rows to take away.
    added
        Rows to add at the end, each with a cell for every column; those without any text are left out.
    columns
        Columns to add at the right, empty.
    """

    cells: Mapping[tuple[int, int], str] = field(default_factory=dict)
    deleted: frozenset[int] = frozenset()
    added: Sequence[Row] = ()
    columns: Sequence[str] = ()

    @property
    def rows(self) -> list[Row]:
        """Rows to add that hold any text."""
        return [row for row in self.added if any(cell.strip() for cell in row)]


@dataclass(frozen=True)
class Clash:
    """A cell that two people changed to different things, or one changed and the other took away.

    Attributes
    ----------
    row
        What names the row.
    column
        The column; "" for a whole row.
    before, mine, theirs
        What stood there, what one wants there, and what stands there now; None for a row that is gone.
    """

    row: str
    column: str
    before: str
    mine: str | None
    theirs: str | None


def edited(columns: Row, rows: Sequence[Row], edits: Edits) -> tuple[list[str], list[list[str]]]:
    """A table with what somebody did to it.

    Examples
    --------
    >>> edited(["a", "b"], [["1", "2"], ["3", "4"]], Edits({(0, 1): "9"}, frozenset({1}), [["5", "6"], ["", " "]]))
    (['a', 'b'], [['1', '9'], ['5', '6']])
    """
    made = [list(row) for row in rows]
    for (row, column), text in edits.cells.items():
        made[row][column] = text
    made = [row for number, row in enumerate(made) if number not in edits.deleted]
    made += [list(row) for row in edits.rows]
    new = [name for name in edits.columns if name and name not in columns]
    return [*columns, *new], [row + [""] * len(new) for row in made]


def real(rows: Sequence[Row], edits: Edits) -> Edits:
    """What somebody did without what changes nothing: cells that say what they said, cells of rows that go.

    Line ends are those that stood there: browsers write them in their own way.

    Examples
    --------
    >>> real([["1", "x"]], Edits({(0, 0): "1", (0, 1): "y"})).cells
    {(0, 1): 'y'}
    """
    cells = {}
    for (row, column), text in edits.cells.items():
        if 0 <= row < len(rows) and 0 <= column < len(rows[row]) and row not in edits.deleted:
            plain = text.replace("\r\n", "\n")
            if plain != rows[row][column].replace("\r\n", "\n"):
                cells[row, column] = plain
    deleted = frozenset(row for row in edits.deleted if 0 <= row < len(rows))
    return Edits(cells, deleted, edits.rows, tuple(edits.columns))


def moved(
    columns: Row, rows: Sequence[Row], edits: Edits, *, now_columns: Row, now_rows: Sequence[Row], keys: Sequence[str]
) -> tuple[Edits, list[Clash]]:
    """What somebody did to one version of a table, told by the rows and columns of another; and where it clashes.

    Rows are found again by their key where it names one row in both versions, else by all their text, else by their
    place. A row that was changed here and taken away there becomes a row to add. Edits are taken to be `real`.

    Parameters
    ----------
    columns, rows
        The version that was edited.
    edits
        What was done to it.
    now_columns, now_rows
        The other version.
    keys
        Columns that together name a row.

    Examples
    --------
    >>> mine, clashes = moved(
    ...     ["id", "x"], [["a", "1"], ["b", "2"]], Edits({(1, 1): "5"}),
    ...     now_columns=["id", "x"], now_rows=[["c", "0"], ["b", "3"]], keys=["id"],
    ... )
    >>> mine.cells, [(clash.row, clash.before, clash.mine, clash.theirs) for clash in clashes]
    ({(1, 1): '5'}, [('b', '2', '5', '3')])
    """
    found = _places(columns, rows, now_columns, now_rows, keys)
    at = {column: now_columns.index(name) for column, name in enumerate(columns) if name in now_columns}
    clashes: list[Clash] = []
    cells: dict[tuple[int, int], str] = {}
    added = [[*_in_columns(row, columns, now_columns)] for row in edits.rows]
    gone: set[int] = set()
    for (row, column), text in edits.cells.items():
        name, place = row_name(columns, rows[row], keys), found.get(row)
        before = rows[row][column]
        if place is None:
            gone.add(row)
        elif column not in at:
            clashes.append(Clash(name, columns[column], before, text, None))
        else:
            theirs = now_rows[place][at[column]]
            cells[place, at[column]] = text
            if theirs not in {before, text}:
                clashes.append(Clash(name, columns[column], before, text, theirs))
    for row in sorted(gone):
        changed = list(rows[row])
        for (other, column), text in edits.cells.items():
            if other == row:
                changed[column] = text
        added.append(_in_columns(changed, columns, now_columns))
        clashes.append(Clash(row_name(columns, rows[row], keys), "", _joined(rows[row]), _joined(changed), None))
    deleted = set()
    for row in sorted(edits.deleted):
        place = found.get(row)
        if place is not None:
            deleted.add(place)
            there = _in_columns(now_rows[place], now_columns, columns)
            if there != list(rows[row]):
                name = row_name(columns, rows[row], keys)
                clashes.append(Clash(name, "", _joined(rows[row]), None, _joined(there)))
    return Edits(cells, frozenset(deleted), added, edits.columns), clashes


def row_name(columns: Row, row: Row, keys: Sequence[str]) -> str:
    """What names a row: its key, or its first cell.

    Examples
    --------
    >>> row_name(["x", "id"], ["1", "a"], ["id"])
    'a'
    """
    named = [row[columns.index(key)] for key in keys if key in columns]
    return " · ".join(named) or (row[0] if row else "")


def differences(
    columns: Row, rows: Sequence[Row], now_columns: Row, now_rows: Sequence[Row], *, keys: Sequence[str]
) -> dict[str, int]:
    """How two versions of a table differ: rows added and deleted, and cells changed in rows that both have.

    Examples
    --------
    >>> differences(["id", "x"], [["a", "1"], ["b", "2"]], ["id", "x"], [["a", "9"], ["c", "3"]], keys=["id"])
    {'cells': 1, 'added': 1, 'deleted': 1}
    """
    found = _places(columns, rows, now_columns, now_rows, keys)
    cells = sum(
        a != b
        for row, place in found.items()
        for a, b in zip(_in_columns(rows[row], columns, now_columns), now_rows[place], strict=True)
    )
    return {"cells": cells, "added": len(now_rows) - len(found), "deleted": len(rows) - len(found)}


def sheet_bytes(lines: Iterable[Row]) -> bytes:
    """Lines of a table, the header first, as the bytes of its file.

    Examples
    --------
    >>> sheet_bytes([["a", "b"], ["1", "x, y"]])
    b'a,b\\n1,"x, y"\\n'
    """
    page = io.StringIO()
    csv.writer(page, lineterminator="\n").writerows(lines)
    return page.getvalue().encode()


def guarded(cell: str) -> str:
    """A cell of a CSV file that no spreadsheet computes; numbers stay numbers.

    Examples
    --------
    >>> guarded("=1+1"), guarded("-5"), guarded("-1e3"), guarded("-x"), guarded("Water")
    ("'=1+1", '-5', '-1e3', "'-x", 'Water')
    """
    return f"'{cell}" if cell.startswith(RISKY) and not _is_number(cell) else cell


def unguarded(cell: str) -> str:
    """A cell as it was before it was guarded.

    Examples
    --------
    >>> unguarded("'=1+1"), unguarded("'t Hooft")
    ('=1+1', "'t Hooft")
    """
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(RISKY) else cell


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return "_" not in cell and cell[-1:].isalnum()


def _places(
    columns: Row, rows: Sequence[Row], now_columns: Row, now_rows: Sequence[Row], keys: Sequence[str]
) -> dict[int, int]:
    """Where each row of one version is in another."""
    if keys and all(key in columns and key in now_columns for key in keys):
        mine = [tuple(row[columns.index(key)] for key in keys) for row in rows]
        theirs = [tuple(row[now_columns.index(key)] for key in keys) for row in now_rows]
    else:
        mine, theirs = [tuple(row) for row in rows], [tuple(row) for row in now_rows]
    once, once_there = Counter(mine), Counter(theirs)
    there = {key: place for place, key in enumerate(theirs)}
    found = {row: there[key] for row, key in enumerate(mine) if once[key] == 1 == once_there[key]}
    free = set(range(len(now_rows))) - set(found.values())
    same = {row for row in set(range(len(rows))) - set(found) if row in free and list(rows[row]) == list(now_rows[row])}
    found |= {row: row for row in same}
    if len(rows) == len(now_rows):
        found |= {
            row: row for row in set(range(len(rows))) - set(found) if row in free - same and mine[row] == theirs[row]
        }
    return found


def _in_columns(row: Row, columns: Row, wanted: Row) -> list[str]:
    cells = dict(zip(columns, row, strict=True))
    return [cells.get(name, "") for name in wanted]


def _joined(row: Row) -> str:
    return " · ".join(cell[:40] for cell in row if cell)[:300]
