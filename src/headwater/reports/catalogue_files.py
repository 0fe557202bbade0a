"""Every entry of the hub as files: one table in CSV, a workbook with a sheet for each kind, JSON with everything.

What a reader's spreadsheet might take for a formula is kept as text.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

import xlsxwriter

from headwater.reports.spreadsheet import LONGEST, SAFE, STYLES

RISKY = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet might compute."""

WIDTH = 28


def as_text(value: Any) -> str:
    """A field as one cell: texts by language stand apart, lists behind semicolons.

    Examples
    --------
    >>> as_text(["energy", "water"]), as_text([{"en": "Soon", "zh": "不久", "basis": "judgement"}])
    ('energy; water', 'Soon')
    """
    if isinstance(value, Mapping):
        return str(value.get("en") or "; ".join(as_text(item) for item in value.values()))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "; ".join(as_text(item) for item in value)
    return "" if value is None else str(value)


def guarded(cell: str) -> str:
    """A cell that no spreadsheet computes.

    Examples
    --------
    >>> guarded("=1+1"), guarded("Water")
    ("'=1+1", 'Water')
    """
    return f"'{cell}" if cell.startswith(RISKY) else cell


def catalogue_csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """One table of all rows: UTF-8 with a mark, so that spreadsheets read Chinese."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    page = io.StringIO()
    writer = csv.writer(page, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([[guarded(as_text(row.get(name))) for name in columns] for row in rows])
    return page.getvalue().encode("utf-8-sig")


def catalogue_workbook(sheets: Mapping[str, Sequence[Mapping[str, Any]]]) -> bytes:
    """A workbook with one sheet for each kind of entry."""
    page = io.BytesIO()
    with xlsxwriter.Workbook(page, {**SAFE, "in_memory": True}) as book:
        heading, text = book.add_format(STYLES["heading"]), book.add_format(STYLES["text"])
        for title, rows in sheets.items():
            sheet = book.add_worksheet(title[:31])
            columns = list(dict.fromkeys(name for row in rows for name in row))
            for column, name in enumerate(columns):
                sheet.write_string(0, column, name, heading)
                for line, row in enumerate(rows, start=1):
                    sheet.write_string(line, column, as_text(row.get(name))[:LONGEST], text)
            sheet.set_column(0, max(len(columns) - 1, 0), WIDTH)
            sheet.freeze_panes(1, 1)
            sheet.autofilter(0, 0, max(len(rows), 1), max(len(columns) - 1, 0))
    return page.getvalue()


def catalogue_json(entries: Sequence[Mapping[str, Any]]) -> bytes:
    """Everything that every entry says."""
    return (json.dumps(entries, ensure_ascii=False, indent=1) + "\n").encode()
