"""Charts as SVG, drawn on the server: bars, curves, dots with their spread, ranked bars, shares of a whole.

Each is a pure function from numbers to a string. Type is 12 px at the width drawn, so a chart is drawn once wide and
once narrow rather than shrunk. A value that is missing is left out, never drawn as zero; what lies between low and
high is drawn wherever it is known. Knows nothing of infrastructure.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from headwater.reports.axes import (
    BOLD,
    Plot,
    Series,
    Writer,
    across_axis,
    bounds_at,
    fits,
    greatest,
    label_room,
    legend_keys,
    marker,
    positions,
    smallest,
    tick_labels,
    too_wide,
    value_axis,
)
from headwater.reports.numbers import compact, is_missing, percent
from headwater.reports.svg import fit, line, nice_ticks, path, picture, tag, text, text_width, wrap

WIDE, NARROW = 680, 340
"""Widths at which charts are drawn [px]: beside a column of text, and on a phone."""

LINE = 14
"""Height of a line of type [px]."""


@dataclass(frozen=True)
class DotRow:
    """One row of a dot chart: (group, value) pairs, `group` counting from 0."""

    label: str
    dots: Sequence[tuple[int, float]]


@dataclass(frozen=True)
class Caption:
    """What a drawing is called: `name` unique in the page, a title, and a sentence for who cannot see it."""

    name: str
    title: str
    description: str = ""


def bar_chart(
    categories: Sequence[str],
    series: Sequence[Series],
    *,
    caption: Caption,
    axis: str = "",
    category_axis: str = "",
    width: int = WIDE,
    height: int = 300,
    write: Writer = compact,
) -> str:
    """Vertical bars by category, one bar for each series, with whiskers from low to high.

    Parameters
    ----------
    categories
        Labels along the bottom, in order.
    series
        One or more; each with a value for every category, NaN where there is none.
    caption
        Name, title and description.
    axis, category_axis
        What is measured, with its unit; what the categories are.
    width, height
        Size of the drawing [px].
    write
        How a value is written.

    Examples
    --------
    >>> svg = bar_chart(["10", "100"], [Series("road", [50.0, 100.0])], caption=Caption("b", "Flooded"))
    >>> svg.count('<rect class="bar s1"')
    2
    """
    top, legend = legend_keys([s.name for s in series], width=width, top=22 if axis else 6)
    ticks = nice_ticks(min(0.0, smallest(series)), greatest(series))
    foot = (38 if too_wide(categories, width) else 22) + (20 if category_axis else 0)
    left = 8 + max(text_width(write(tick)) for tick in ticks)
    plot = Plot(left, top + 18, width - 4, height - foot, ticks)
    band = (plot.right - plot.left) / max(1, len(categories))
    thick = min(92.0, band * 0.84 / len(series)) if len(series) > 1 else min(64.0, band * 0.72)
    pen = write if fits(series, write, thick if len(series) > 1 else band) else None
    marks = [_bars_of(i, s, len(series), plot, (band, thick), pen) for i, s in enumerate(series)]
    labels = [
        text(plot.left + (i + 0.5) * band, plot.bottom + 16 + 14 * j, row, anchor="middle", full=words)
        for i, words in enumerate(categories)
        for j, row in enumerate(wrap(words, label_room(categories, i, band)))
    ]
    titles = [text(0, 12, fit(axis, width), css="muted", full=axis)] if axis else []
    if category_axis:
        middle = (plot.left + plot.right) / 2
        titles.append(text(middle, height - 5, fit(category_axis, width), css="muted", anchor="middle"))
    return _drawn(caption, width, height, [*titles, legend, value_axis(plot, write), *marks, *labels])


def curve_chart(
    x: Sequence[float],
    series: Sequence[Series],
    *,
    caption: Caption,
    axis: str = "",
    x_axis: str = "",
    is_log: bool = True,
    width: int = WIDE,
    height: int = 300,
    write: Writer = compact,
    write_x: Writer = compact,
    is_direct: bool = True,
) -> str:
    """Curves through points, with a band from low to high, over a logarithmic or a linear axis.

    Parameters
    ----------
    x
        Positions, increasing; positive where the axis is logarithmic. Each is a tick where there is room.
    series
        One or more; each with a value for every position.
    caption
        Name, title and description.
    axis, x_axis
        What is measured along each axis, with its unit.
    is_log
        Whether the horizontal axis is logarithmic.
    width, height
        Size of the drawing [px].
    write, write_x
        How values are written along each axis.
    is_direct
        Whether curves are named at their ends where there is room; otherwise in a legend above, as for curves that
        end in one point.

    Examples
    --------
    >>> svg = curve_chart([10.0, 100.0], [Series("road", [1.0, 2.0])], caption=Caption("c", "Damage"))
    >>> svg.count("<circle")
    2
    """
    is_direct = is_direct and width >= 500 and len(series) > 1
    named = [] if is_direct or len(series) == 1 else [s.name for s in series]
    top, legend = legend_keys(named, width=width, top=22 if axis else 6)
    ticks = nice_ticks(min(0.0, smallest(series)), greatest(series))
    left = 8 + max(text_width(write(tick)) for tick in ticks)
    right = width - (min(170.0, 16 + max(text_width(s.name) for s in series)) if is_direct else 16)
    plot = Plot(left, top + 10, right, height - (42 if x_axis else 24), ticks)
    across = positions(x, plot, is_log=is_log)
    drawn = [
        value_axis(plot, write),
        *[_curve(i, s, across, plot) for i, s in enumerate(series)],
        tick_labels(x, across, plot.bottom + 17, write_x),
    ]
    if is_direct:
        drawn.append(_end_labels(series, across, plot, width))
    titles = [text(0, 12, fit(axis, width), css="muted", full=axis)] if axis else []
    if x_axis:
        titles.append(text((left + right) / 2, height - 6, x_axis, css="muted", anchor="middle"))
    return _drawn(caption, width, height, [*titles, legend, *drawn])


def dot_chart(
    rows: Sequence[DotRow],
    groups: Sequence[str],
    *,
    caption: Caption,
    axis: str = "",
    width: int = WIDE,
    write: Writer = percent,
) -> str:
    """Rows of dots, one dot a value, with a bar behind each group from its least to its greatest.

    Parameters
    ----------
    rows
        What is compared, top to bottom.
    groups
        Names of the groups, each with its own colour and shape.
    caption
        Name, title and description.
    axis
        What is measured, with its unit.
    width
        Width of the drawing [px]; the height follows from the rows.
    write
        How a value is written.

    Examples
    --------
    >>> row = DotRow("Akosombo", [(0, 0.01), (0, 0.03), (1, 0.02)])
    >>> dot_chart([row], ["2030", "2080"], caption=Caption("d", "Drought")).count('class="spread')
    1
    """
    top, legend = legend_keys(groups, width=width, top=22 if axis else 6, shapes=True)
    values = [value for row in rows for _group, value in row.dots if not is_missing(value)]
    is_wide = width >= 500
    left = min(220.0, 14 + max((text_width(row.label) for row in rows), default=0)) if is_wide else 16.0
    pitch = (10 + 9 * len(groups)) if is_wide else (22 + 9 * len(groups))
    plot = Plot(
        left,
        top + 4,
        width - 24,
        top + 4 + pitch * len(rows),
        nice_ticks(0, max(values, default=1), count=5 if is_wide else 3),
    )
    marks = [_dot_row(row, plot.top + i * pitch, pitch, plot, is_wide, len(groups)) for i, row in enumerate(rows)]
    titles = [text(0, 12, fit(axis, width), css="muted", full=axis)] if axis else []
    return _drawn(caption, width, plot.bottom + 24, [*titles, legend, across_axis(plot, write), *marks])


def ranked_bars(
    labels: Sequence[str],
    series: Series,
    *,
    caption: Caption,
    axis: str = "",
    width: int = WIDE,
    write: Writer = compact,
    css: str = "s1",
) -> str:
    """Horizontal bars in the order given, each under its name, with its value and a whisker from low to high.

    Parameters
    ----------
    labels
        Names, top to bottom.
    series
        Their values.
    caption
        Name, title and description.
    axis
        What is measured, with its unit.
    width
        Width of the drawing [px]; the height follows from the rows.
    write
        How a value is written.
    css
        Class that gives the colour.

    Examples
    --------
    >>> svg = ranked_bars(["a", "b"], Series("people", [2.0, 1.0]), caption=Caption("r", "Cut off"))
    >>> svg.count('<rect class="bar s1"')
    2
    """
    top = 22.0 if axis else 4.0
    room = 14 + max((BOLD * text_width(write(v)) for v in series.values if not is_missing(v)), default=20)
    names = [wrap(label, width) for label in labels]
    tops = list(accumulate((24 + LINE * len(name) for name in names), initial=top))
    plot = Plot(4.0, top, width - room, tops[-1], [0.0, greatest([series])])
    rows = [
        _ranked_row(i, names[i], series, plot, top=tops[i], full=label, write=write, css=css)
        for i, label in enumerate(labels)
    ]
    titles = [text(0, 12, fit(axis, width), css="muted", full=axis)] if axis else []
    return _drawn(caption, width, plot.bottom + 4, [*titles, *rows])


def share_bars(
    rows: Sequence[tuple[str, Sequence[float]]],
    parts: Sequence[str],
    *,
    caption: Caption,
    css: Sequence[str] = (),
    width: int = WIDE,
    write: Writer = percent,
) -> str:
    """Bars of equal length, each cut into the shares of its parts.

    Parameters
    ----------
    rows
        (label, amounts), an amount for every part. A row that adds up to nothing is drawn empty.
    parts
        Names of the parts, left to right.
    caption
        Name, title and description.
    css
        Class of each part; by default the graded classes `q1`, `q2`, ...
    width
        Width of the drawing [px]; the height follows from the rows.
    write
        How a share (0-1) is written inside its part, where it fits.

    Examples
    --------
    >>> svg = share_bars([("hospital", [3, 1])], ["reached", "not"], caption=Caption("s", "Access"))
    >>> "75%" in svg, "25%" in svg
    (True, True)
    """
    colours = list(css) or [f"q{i + 1}" for i in range(len(parts))]
    top, legend = legend_keys(parts, width=width, top=4, css=colours, always=True)
    pitch = 50
    bars = [
        _share_row(label, amounts, top + i * pitch, width, colours, write) for i, (label, amounts) in enumerate(rows)
    ]
    return _drawn(caption, width, top + pitch * len(rows) + 4, [legend, *bars])


def _drawn(caption: Caption, width: int, height: float, parts: Sequence[str]) -> str:
    return picture(
        *parts,
        width=width,
        height=height,
        name=f"{caption.name}-{width}",
        title=caption.title,
        description=caption.description or caption.title,
    )


def _bars_of(i: int, series: Series, among: int, plot: Plot, sizes: tuple[float, float], write: Writer | None) -> str:
    (band, thick), drawn = sizes, ""
    for j, value in enumerate(series.values):
        if is_missing(value):
            continue
        x = plot.left + (j + 0.5) * band + (i - among / 2) * thick
        y = plot.y(value)
        drawn += tag(
            "rect", class_=f"bar s{i % 6 + 1}", x=x, y=min(y, plot.y(0)), width=thick - 2, height=abs(plot.y(0) - y)
        )
        drawn += _whisker_up(series, j, x + thick / 2 - 1, plot)
        if write is not None:
            drawn += text(x + thick / 2 - 1, _peak(series, j, plot) - 5, write(value), css="value", anchor="middle")
    return drawn


def _peak(series: Series, j: int, plot: Plot) -> float:
    span = bounds_at(series, j)
    return plot.y(max(series.values[j], span[1] if span else -math.inf))


def _whisker_up(series: Series, j: int, x: float, plot: Plot) -> str:
    span = bounds_at(series, j)
    if span is None:
        return ""
    low, high = plot.y(span[0]), plot.y(span[1])
    stem = line(x, low, x, high, css="whisker")
    return stem + "".join(line(x - 4, y, x + 4, y, css="whisker") for y in (low, high))


def _curve(i: int, series: Series, across: Sequence[float], plot: Plot) -> str:
    css = f"s{i % 6 + 1}"
    spans = [(x, bounds_at(series, j)) for j, x in enumerate(across)]
    known = [(x, span) for x, span in spans if span is not None]
    drawn = ""
    if len(known) > 1:
        edge = [(x, plot.y(high)) for x, (_low, high) in known]
        edge += [(x, plot.y(low)) for x, (low, _high) in reversed(known)]
        drawn += tag("path", class_=f"band {css}", d=path(edge) + "z")
    points = [(x, plot.y(v)) for x, v in zip(across, series.values, strict=True) if not is_missing(v)]
    if len(points) > 1:
        drawn += tag("path", class_=f"curve {css} dash{i % 3 + 1}", d=path(points))
    return drawn + "".join(tag("circle", class_=f"dot {css}", cx=x, cy=y, r=3.5) for x, y in points)


def _end_labels(series: Sequence[Series], across: Sequence[float], plot: Plot, width: int) -> str:
    """Names at the ends of the curves, pushed apart where they would touch."""
    ends = []
    for i, s in enumerate(series):
        known = [j for j, value in enumerate(s.values) if not is_missing(value)]
        if known:
            ends.append((plot.y(s.values[known[-1]]) + 4, i, across[known[-1]]))
    drawn, last = "", -math.inf
    for y, i, x in sorted(ends):
        last = max(y, last + 15)
        words = fit(series[i].name, width - x - 10)
        drawn += text(x + 10, last, words, css=f"label s{i % 6 + 1}", full=series[i].name)
    return drawn


def _dot_row(row: DotRow, top: float, pitch: float, plot: Plot, is_wide: bool, groups: int) -> str:
    base = top + (pitch if is_wide else pitch + 13) / 2
    label = (
        text(plot.left - 8, base + 4, fit(row.label, plot.left - 10), anchor="end", full=row.label)
        if is_wide
        else text(0, top + 13, fit(row.label, plot.right), css="over", full=row.label)
    )
    drawn = line(plot.left, top, plot.right, top, css="rule") + label
    for group in range(groups):
        values = [v for g, v in row.dots if g == group and not is_missing(v)]
        y = base + (group - (groups - 1) / 2) * 9
        if values and max(values) > min(values):
            drawn += line(plot.x(min(values)), y, plot.x(max(values)), y, css=f"spread s{group % 6 + 1}")
        drawn += "".join(marker(group, plot.x(v), y, size=3.8) for v in values)
    return drawn


def _ranked_row(
    i: int, name: Sequence[str], series: Series, plot: Plot, *, top: float, full: str, write: Writer, css: str
) -> str:
    y = top + 5 + LINE * len(name)
    whole = full if name[-1].endswith("…") else ""
    drawn = "".join(text(0, top + 13 + LINE * j, row, full=whole) for j, row in enumerate(name))
    value = series.values[i]
    if is_missing(value):
        return drawn + text(plot.left + 4, y + 11, write(value), css="muted")
    drawn += tag("rect", class_=f"bar {css}", x=plot.left, y=y, width=max(plot.x(value) - plot.left, 0.5), height=14)
    span, end = bounds_at(series, i), plot.x(value)
    if span:
        end = max(end, plot.x(span[1]))
        drawn += line(plot.x(span[0]), y + 7, plot.x(span[1]), y + 7, css="whisker")
        drawn += "".join(line(plot.x(v), y + 3, plot.x(v), y + 11, css="whisker") for v in span)
    return drawn + text(end + 6, y + 11, write(value), css="value")


def _share_row(label: str, amounts: Sequence[float], top: float, width: int, css: Sequence[str], write: Writer) -> str:
    whole = sum(amount for amount in amounts if not is_missing(amount))
    drawn, x = text(0, top + 14, fit(label, width / BOLD), css="strong", full=label), 0.0
    for amount, colour in zip(amounts, css, strict=True):
        if is_missing(amount) or not whole or amount <= 0:
            continue
        share, length = amount / whole, amount / whole * width
        words = write(share)
        drawn += tag("rect", class_=f"part {colour}", x=x, y=top + 20, width=length, height=24)
        if text_width(words) + 6 <= length:
            drawn += text(x + length / 2, top + 36, words, css=f"in {colour}", anchor="middle")
        x += length
    return drawn or ""
