"""Tables as HTML: a caption, headed columns, numbers aligned, missing values marked and explained.

Knows nothing of what the columns mean: it is told how to write each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from markupsafe import Markup, escape

from headwater.reports.numbers import MISSING, currency_name, is_missing, rounded
from headwater.words import _


@dataclass(frozen=True)
class Column:
    """A column to show: its key in the table, its heading, how a value is written, and whether it is a number
    or a sentence.

    `write` gives plain text, or Markup where it vouches for its HTML; a table itself cannot hold Markup, for pandas
    turns it into plain text.
    """

    key: str
    heading: str
    write: Callable[[Any], str] | None = None
    is_number: bool = False
    is_long: bool = False


def html_table(table: pd.DataFrame, columns: Sequence[Column], *, caption: str) -> Markup:
    """A table in HTML, one row for each row given; the first column heads its row.

    Columns that the table does not have are left out.

    Parameters
    ----------
    table
        Rows, in the order to show.
    columns
        What to show of them, left to right.
    caption
        What the table holds.

    Examples
    --------
    >>> "<th scope=\\"row\\">a &lt; b</th>" in html_table(
    ...     pd.DataFrame({"name": ["a < b"]}), [Column("name", "Name")], caption="Names"
    ... )
    True
    """
    shown = [column for column in columns if column.key in table]
    heads = Markup("").join(
        Markup('<th scope="col"{}>{}</th>').format(_css(column), column.heading) for column in shown
    )
    rows = [_row(values, shown) for values in zip(*(table[column.key] for column in shown), strict=True)]
    return Markup(
        '<div class="scroll" role="region" tabindex="0" aria-label="{caption}">'
        "<table><caption><span>{caption}</span></caption>"
        "<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    ).format(caption=caption, heads=heads, rows=Markup("").join(rows))


def money_column(key: str, heading: str, currency: str) -> Column:
    """A column of money: the currency stands in the heading, the amounts are rounded to three figures.

    Examples
    --------
    >>> money_column("cost_usd", "Cost", "USD").heading
    'Cost (USD)'
    """
    name = _("{heading} ({unit})").format(heading=heading, unit=currency_name(currency))
    return Column(key, name, rounded, is_number=True)


def folded(summary: str, html: Markup) -> Markup:
    """A piece of HTML that the reader opens; left out on paper.

    Examples
    --------
    >>> folded("Every case", Markup("<p>1</p>"))
    Markup('<details><summary>Every case</summary><p>1</p></details>')
    """
    return Markup("<details><summary>{}</summary>{}</details>").format(summary, html)


def cell(value: Any, write: Callable[[Any], str] | None = None) -> Markup:
    """What a value looks like in a table; a dash that says so where there is none.

    Examples
    --------
    >>> cell(float("nan"))
    Markup('<span class="missing" title="no value">—</span>')
    """
    if _is_blank(value):
        return Markup('<span class="missing" title="{}">{}</span>').format(_("no value"), MISSING)
    return escape(write(value) if write else value)


def code(value: Any) -> Markup:
    """An identifier, set as code.

    Examples
    --------
    >>> code("road_12")
    Markup('<code>road_12</code>')
    """
    return Markup("<code>{}</code>").format(value)


def _is_blank(value: Any) -> bool:
    if isinstance(value, str | Markup):
        return not value.strip()
    return value is None or (not isinstance(value, list | tuple | dict) and is_missing(value))


def _css(column: Column) -> Markup:
    if column.is_number:
        return Markup(' class="num"')
    return Markup(' class="long"') if column.is_long else Markup("")


def _row(values: Sequence[Any], columns: Sequence[Column]) -> Markup:
    head = Markup('<th scope="row">{}</th>').format(cell(values[0], columns[0].write))
    rest = [
        Markup("<td{}>{}</td>").format(_css(column), cell(value, column.write))
        for value, column in zip(values[1:], columns[1:], strict=True)
    ]
    return Markup("<tr>{}{}</tr>").format(head, Markup("").join(rest))
