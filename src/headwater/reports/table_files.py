"""A table of text as a file for a spreadsheet: CSV and XLSX in which nothing is computed that was typed as text."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence

import xlsxwriter

from headwater.reports.spreadsheet import LONGEST, SAFE, STYLES
from headwater.sheets import guarded

_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,14})(?:\.\d{1,12})?\Z")


def table_csv(lines: Sequence[Sequence[str]]) -> bytes:
    """Lines, the header first, in UTF-8 with a mark, so that spreadsheets read Chinese; see `sheets.guarded`.

    Examples
    --------
    >>> table_csv([["a"], ["=1+1"], ["-5"]]).decode("utf-8-sig").split()
    ['a', "'=1+1", '-5']
    """
    page = io.StringIO()
    csv.writer(page, lineterminator="\r\n").writerows([[guarded(cell) for cell in line] for line in lines])
    return page.getvalue().encode("utf-8-sig")


def table_workbook(name: str, lines: Sequence[Sequence[str]]) -> bytes:
    """Lines, the header first, as the one sheet of a workbook: numbers as numbers, all else as text.

    A cell longer than a spreadsheet holds is cut.
    """
    page = io.BytesIO()
    with xlsxwriter.Workbook(page, {**SAFE, "in_memory": True}) as book:
        heading, text = book.add_format(STYLES["heading"]), book.add_format(STYLES["text"])
        sheet = book.add_worksheet(name[:31])
        for row, line in enumerate(lines):
            for column, cell in enumerate(line):
                if row and _NUMBER.match(cell):
                    sheet.write_number(row, column, float(cell))
                elif cell:
                    sheet.write_string(row, column, cell[:LONGEST], text if row else heading)
        sheet.set_column(0, max(len(lines[0]) - 1, 0), 18)
        sheet.freeze_panes(1, 1)
    return page.getvalue()
