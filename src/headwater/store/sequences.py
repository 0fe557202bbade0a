"""The full text of the hub's file read back as rows of tokens, for whoever answers queries without SQLite.

What is read is the index that the search itself reads, so nothing can be found in one and not in the other.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

from headwater.errors import SourceError
from headwater.words import _

TABLES = ("words", "names")
"""Tables of full text in the file: the texts by language, and the names."""

Rows = Mapping[str, Sequence[Sequence[str]]]
"""By column: the tokens of each entry in the order of the text, entries by place."""


def read_sequences(path: Path, size: int) -> dict[str, Rows]:
    """Tokens of every entry by table and column.

    Parameters
    ----------
    path
        The hub's file.
    size
        How many entries it holds.

    Raises
    ------
    SourceError
        If the file is damaged.
    """
    address = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(address, uri=True)) as file:
            return {table: _read_table(file, table, size) for table in TABLES}
    except sqlite3.DatabaseError as error:
        message = _("The index {path} is damaged. Build it again: headwater hub build")
        raise SourceError(message.format(path=path)) from error


def _read_table(file: sqlite3.Connection, table: str, size: int) -> Rows:
    columns = [str(row[1]) for row in file.execute(f"PRAGMA table_info({table})")]
    found: dict[str, list[list[str]]] = {name: [[] for _place in range(size)] for name in columns}
    file.execute(f"CREATE VIRTUAL TABLE temp.{table}_said USING fts5vocab(main, {table}, 'instance')")
    rows = file.execute(f"SELECT term, doc, col FROM temp.{table}_said ORDER BY doc, col, offset")  # noqa: S608
    for term, place, column in rows:
        found[column][place].append(term)
    return found
