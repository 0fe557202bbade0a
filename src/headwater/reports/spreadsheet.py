"""Cells of a workbook: numbers as numbers, text as text, formulas with what they come to.

Text of a study is written as text whatever it begins with, never as a formula, a link or a number. Knows nothing of
what a cell means.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xlsxwriter.utility import xl_rowcol_to_cell

from headwater.reports.numbers import is_missing

SAFE = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
"""Options of a workbook in which text stays text."""

LONGEST = 32_767
"""Characters that a cell can hold."""

HEAD = {"bold": True, "bg_color": "#DCE6EC", "bottom": 1, "valign": "top"}
INPUT = {"bg_color": "#FFF6D5", "font_color": "#1F4E9E", "border": 1}

STYLES: dict[str, dict[str, Any]] = {
    "title": {"bold": True, "font_size": 15},
    "remark": {"italic": True, "font_color": "#555555"},
    "heading": {**HEAD, "text_wrap": True},
    "year": {**HEAD, "num_format": "0", "align": "right"},
    "text": {"valign": "top"},
    "long": {"text_wrap": True, "valign": "top"},
    "strong": {"bold": True, "valign": "top"},
    "money": {"num_format": "#,##0", "valign": "top", "align": "right"},
    "total": {"num_format": "#,##0", "bold": True, "top": 1},
    "whole": {"num_format": "0", "valign": "top", "align": "right"},
    "factor": {"num_format": "0.0000", "valign": "top"},
    "ratio": {"num_format": "0.00", "valign": "top", "align": "right"},
    "rate": {"num_format": "0.00%", "valign": "top", "align": "right"},
    "input_rate": {**INPUT, "num_format": "0.00%"},
    "input_factor": {**INPUT, "num_format": "0.00"},
}
"""How cells look."""


@dataclass(frozen=True)
class Paper:
    """A workbook being written, the looks of its cells, and the titles of its sheets by what is on them."""

    book: Any
    styles: Mapping[str, Any]
    titles: Mapping[str, str]

    def reference(self, sheet: str, row: int, column: int) -> str:
        """A cell of a sheet as a formula of another one names it."""
        cell = xl_rowcol_to_cell(row, column, row_abs=True, col_abs=True)
        return f"'{self.titles[sheet]}'!{cell}"


def new_sheet(paper: Paper, name: str) -> Any:
    """A new sheet, laid out for A4 across, with its title at the foot."""
    sheet = paper.book.add_worksheet(paper.titles[name])
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.set_footer("&L&A&R&P / &N")
    sheet.hide_gridlines(2)
    return sheet


def write(paper: Paper, sheet: Any, row: int, column: int, value: Any, style: str = "text") -> None:
    """A value as what it is; a missing one leaves its cell empty."""
    look = paper.styles[style]
    if isinstance(value, str):
        sheet.write_string(row, column, value[:LONGEST], look)
    elif is_missing(value):
        sheet.write_blank(row, column, None, look)
    else:
        sheet.write_number(row, column, float(value), look)


def formula(paper: Paper, sheet: Any, row: int, column: int, words: str, value: Any, style: str) -> None:
    """A formula of ours, with what it comes to now; text, or nothing, where it comes to that."""
    shown = value if isinstance(value, str) else "" if is_missing(value) else float(value)
    sheet.write_formula(row, column, words, paper.styles[style], shown)


def head(paper: Paper, sheet: Any, title: str, remarks: Sequence[str] = ()) -> None:
    """The title of a sheet and remarks below it."""
    write(paper, sheet, 0, 0, title, "title")
    for row, remark in enumerate(remarks, start=1):
        write(paper, sheet, row, 0, remark, "remark")


def headings(paper: Paper, sheet: Any, row: int, words: Iterable[str]) -> None:
    """The first row of a table."""
    for column, word in enumerate(words):
        write(paper, sheet, row, column, word, "heading")


def rows(paper: Paper, sheet: Any, row: int, values: Iterable[Sequence[Any]], styles: Sequence[str]) -> int:
    """Rows of a table; says in which row the next would go."""
    after = row
    for after, cells in enumerate(values, start=row + 1):
        for column, (value, style) in enumerate(zip(cells, styles, strict=True)):
            write(paper, sheet, after - 1, column, value, style)
    return after


def widths(sheet: Any, *characters: float) -> None:
    """Widths of the first columns."""
    for column, width in enumerate(characters):
        sheet.set_column(column, column, width)
