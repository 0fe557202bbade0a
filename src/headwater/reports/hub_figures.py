"""Pictures of the hub's map: how many tools stand where, shares of them, and when they were published.

Plain numbers and words go in, SVG comes out. Colours come from the stylesheet: a count in the heat map is of class
`cell h0` (none) to `h5` (most), its text `count` (`strong` on the darkest); bars are `bar s1`, `bar s2` and
`bar unknown`, on a `trough`. Each is drawn wide or narrow rather than shrunk. Knows nothing of tools.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from headwater.reports.axes import BOLD, Plot, legend_keys
from headwater.reports.figures import LINE, NARROW, WIDE, Caption
from headwater.reports.numbers import MISSING, is_missing, number, percent
from headwater.reports.svg import fit, line, nice_ticks, picture, tag, text, text_width, wrap
from headwater.words import _

__all__ = ["NARROW", "WIDE", "Caption", "Portion", "coverage_map", "portion_bars", "year_bars"]

LEVELS = 5
"""Shades of a count above zero."""

SPAN = 5
"""Years in one bar where a year each would be too thin."""

THIN = 7.0
"""Least width of a bar [px]."""


@dataclass(frozen=True)
class Portion:
    """A count out of a count: what it is called, and the two numbers."""

    label: str
    count: int
    of: int


def coverage_map(
    rows: Sequence[str],
    columns: Sequence[str],
    counts: Sequence[Sequence[int]] | np.ndarray,
    *,
    caption: Caption,
    general: Sequence[int] | None = None,
    general_title: str = "",
    width: int = WIDE,
) -> str:
    """Counts by row and column as shaded cells, each with its number.

    Parameters
    ----------
    rows, columns
        Names, top to bottom and left to right.
    counts
        A whole number for every row and column; zeros are outlined and not filled.
    caption
        Name, title and description.
    general, general_title
        Counts of a last column that stands apart, and its name; None for none.
    width
        Width of the drawing [px]; the height follows from the rows. Where the names of columns are too wide for their
        cells, columns have numbers and a key below.

    Examples
    --------
    >>> svg = coverage_map(["plan"], ["water", "energy"], [[0, 4]], caption=Caption("m", "Tools"))
    >>> svg.count('class="cell h0"'), svg.count('class="cell h5"')
    (1, 1)
    """
    table = np.asarray(counts, dtype=int).reshape(len(rows), len(columns))
    named = [*columns, *([general_title] if general is not None else [])]
    aside = 8.0 if general is not None else 0.0
    left = min(width * 0.42, 8 + max((text_width(row) for row in rows), default=0.0))
    step = (width - left - aside) / max(1, len(named))
    wrapped = [wrap(name, step - 4, lines=3) for name in named]
    is_numbered = any(row.endswith("…") for name in wrapped for row in name)
    heads = [[str(i + 1)] for i in range(len(named))] if is_numbered else wrapped
    top, height = 6.0 + LINE * max((len(head) for head in heads), default=1), 26.0 if width >= 500 else 24.0
    places = [left + i * step + (aside if i >= len(columns) else 0) for i in range(len(named))]
    parts = [
        text(
            places[i] + step / 2,
            top - 6 - LINE * (len(head) - 1 - j),
            words,
            css="muted",
            anchor="middle",
            full=named[i],
        )
        for i, head in enumerate(heads)
        for j, words in enumerate(head)
    ]
    most = int(max(table.max(initial=0), 1))
    for i, row in enumerate(rows):
        y = top + i * height
        parts.append(text(left - 6, y + height / 2 + 4, fit(row, left - 8), anchor="end", full=row))
        shown = [(int(n), most) for n in table[i]]
        shown += [(int(general[i]), int(max(*general, 1)))] if general is not None else []
        parts += [_cell(places[j], y, step, height, count, top_) for j, (count, top_) in enumerate(shown)]
    bottom = top + len(rows) * height
    if is_numbered:
        bottom, key = _key(named, bottom + 8, width)
        parts.append(key)
    return _drawn(caption, width, bottom + 4, parts)


def portion_bars(portions: Sequence[Portion], *, caption: Caption, width: int = WIDE) -> str:
    """One bar a portion, as long as its share of the whole, with the count beside it.

    Parameters
    ----------
    portions
        Top to bottom. One of nothing is drawn without a bar.
    caption
        Name, title and description.
    width
        Width of the drawing [px]; the height follows from the portions.

    Examples
    --------
    >>> svg = portion_bars([Portion("Climate", 3, 4), Portion("Economy", 0, 4)], caption=Caption("p", "Sides"))
    >>> "75% (3 of 4)" in svg, "0% (0 of 4)" in svg
    (True, True)
    """
    words = [_portion_words(one) for one in portions]
    room = 10 + BOLD * max((text_width(word) for word in words), default=0.0)
    is_wide = width >= 500
    left = min(width * 0.45, 14 + max((text_width(one.label) for one in portions), default=0.0)) if is_wide else 0.0
    y, parts = 4.0, []
    for one, word in zip(portions, words, strict=True):
        rows = wrap(one.label, (left - 8) if is_wide else width)
        share = one.count / one.of if one.of else 0.0
        at, high = (y, max(18.0, LINE * len(rows))) if is_wide else (y + LINE * len(rows) + 3, 18.0)
        x, anchor = (left - 8, "end") if is_wide else (0.0, "start")
        parts += [text(x, y + 13 + LINE * i, row, anchor=anchor, full=one.label) for i, row in enumerate(rows)]
        full = width - left - room
        parts.append(tag("rect", class_="trough", x=left, y=at, width=full, height=16))
        if share:
            parts.append(tag("rect", class_="bar s1", x=left, y=at, width=full * share, height=16))
        parts.append(text(left + full + 8, at + 12, word, css="value"))
        y = at + high + 8
    return _drawn(caption, width, y, parts)


def year_bars(
    years: Sequence[int],
    counts: Sequence[int],
    *,
    caption: Caption,
    part: Sequence[int] = (),
    names: tuple[str, str] = ("", ""),
    unknown: int = 0,
    width: int = WIDE,
    height: int = 220,
) -> str:
    """How many by year, years without any left empty, and those whose year is not known apart at the right.

    Parameters
    ----------
    years, counts
        Years, in any order, and how many in each.
    caption
        Name, title and description.
    part, names
        Of each year's count, a part that is drawn below the rest; and what the part and the rest are called.
    unknown
        How many have no year.
    width, height
        Size of the drawing [px]. Where a bar a year would be too thin, a bar stands for five years.

    Examples
    --------
    >>> svg = year_bars([2020, 2022], [1, 3], caption=Caption("y", "By year"), unknown=2)
    >>> svg.count('class="bar s2"'), svg.count('class="bar unknown"')
    (2, 1)
    """
    top, legend = legend_keys([name for name in names if name], width=width, top=4)
    first, last = (min(years), max(years)) if len(years) else (0, 0)
    aside = 66.0 if unknown else 0.0
    left = 30.0
    span = 1 if not len(years) or (width - left - aside) / (last - first + 1) >= THIN else SPAN
    bins = _binned(years, counts, part, span)
    plot = Plot(
        left, top + 16, width - aside - 4, height - 22.0,
        _whole_ticks(max([0, unknown, *(total for _start, total, _part in bins)])),
    )  # fmt: skip
    start = bins[0][0] if bins else first
    step = (plot.right - plot.left) / max(1, (bins[-1][0] - start) // span + 1 if bins else 1)
    parts = [legend, *_count_axis(plot)]
    for year, total, below in bins:
        x = plot.left + (year - start) / span * step
        parts += _stack(plot, x, step, total, below if part else 0)
        parts.append(_bar_title(plot, (x, step), total, year, span))
    parts += _year_labels(bins, plot, step, span)
    if unknown:
        x = width - aside + 14
        parts.append(
            tag("rect", class_="bar unknown", x=x, y=plot.y(unknown), width=40, height=plot.y(0) - plot.y(unknown))
        )
        parts.append(text(x + 20, plot.y(unknown) - 4, number(unknown), css="value", anchor="middle"))
        parts.append(text(width, plot.bottom + 16, fit(_("unknown"), aside), css="muted", anchor="end"))
    return _drawn(caption, width, height, parts)


# --- parts of them ------------------------------------------------------------------------------------------------


def _cell(x: float, y: float, step: float, height: float, count: int, most: int) -> str:
    level = 0 if count == 0 else max(1, -(-count * LEVELS // most))
    box = tag("rect", class_=f"cell h{level}", x=x + 1, y=y + 1, width=step - 2, height=height - 2, rx=2)
    css = "count strong" if level >= LEVELS - 1 else "count"
    return box + text(x + step / 2, y + height / 2 + 4, number(count), css=css, anchor="middle")


def _key(names: Sequence[str], top: float, width: int) -> tuple[float, str]:
    """Numbered names in as many columns as fit, and where they end."""
    words = [f"{i + 1} {name}" for i, name in enumerate(names)]
    wide = 16 + max(text_width(word) for word in words)
    across = max(1, int((width + 16) // wide))
    deep = -(-len(words) // across)
    drawn = "".join(
        text(i // deep * wide, top + 12 + (LINE + 2) * (i % deep), fit(word, width), css="muted", full=word)
        for i, word in enumerate(words)
    )
    return top + (LINE + 2) * deep + 2, drawn


def _portion_words(one: Portion) -> str:
    share = one.count / one.of if one.of else None
    return MISSING if is_missing(share) else _("{share} ({count} of {total})").format(
        share=percent(share), count=one.count, total=one.of
    )  # fmt: skip


def _binned(years: Sequence[int], counts: Sequence[int], part: Sequence[int], span: int) -> list[tuple[int, int, int]]:
    """(first year, count, part) of each bar, rising; bars without any are left out."""
    found: dict[int, list[int]] = {}
    for i, (year, count) in enumerate(zip(years, counts, strict=True)):
        both = found.setdefault(int(year) // span * span, [0, 0])
        both[0] += int(count)
        both[1] += int(part[i]) if len(part) else 0
    return [(start, total, below) for start, (total, below) in sorted(found.items())]


def _stack(plot: Plot, x: float, step: float, total: int, below: int) -> list[str]:
    drawn = []
    for css, low, high in (("bar s1", 0, below), ("bar s2", below, total)):
        if high > low:
            y = plot.y(high)
            drawn.append(tag("rect", class_=css, x=x + 1, y=y, width=step - 2, height=plot.y(low) - y))
    return drawn


def _bar_title(plot: Plot, across: tuple[float, float], total: int, year: int, span: int) -> str:
    """The count over a bar, where it fits, with the years as its tooltip."""
    x, step = across
    word = number(total)
    years = str(year) if span == 1 else f"{year}–{year + span - 1}"
    shown = word if BOLD * text_width(word) <= step + 4 else ""
    return text(x + step / 2, plot.y(total) - 4, shown, css="value", anchor="middle", full=f"{years}: {word}")


def _year_labels(bins: Sequence[tuple[int, int, int]], plot: Plot, step: float, span: int) -> list[str]:
    """Years below the axis: the first and every fifth or tenth that has room."""
    if not bins:
        return []
    start, last = bins[0][0], bins[-1][0]
    every = next(n for n in (1, 2, 5, 10, 20, 50, 100) if n >= span and step * n / span >= text_width("2000") + 8)
    return [
        text(
            plot.left + ((year - start) / span + 0.5) * step, plot.bottom + 16, str(year), css="muted", anchor="middle"
        )
        for year in range(start, last + 1, span)
        if year % every == 0
    ]


def _count_axis(plot: Plot) -> list[str]:
    drawn = []
    for tick in plot.ticks:
        drawn.append(line(plot.left, plot.y(tick), plot.right, plot.y(tick), css="base" if tick == 0 else "grid"))
        drawn.append(text(plot.left - 6, plot.y(tick) + 4, number(tick), css="muted", anchor="end"))
    return drawn


def _whole_ticks(greatest: int) -> list[float]:
    return sorted({float(round(tick)) for tick in nice_ticks(0, max(greatest, 2), count=4)})


def _drawn(caption: Caption, width: int, height: float, parts: Sequence[str]) -> str:
    return picture(
        *parts, width=width, height=height, name=f"{caption.name}-{width}", title=caption.title,
        description=caption.description or caption.title,
    )  # fmt: skip
