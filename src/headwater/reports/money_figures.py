"""Charts of money as SVG: flows by year above and below zero, spans along a line of values, and a distribution.

Pure functions from numbers to a string, like those of `figures`. Costs hang below zero or reach to its left; a value
that is missing is left out, never drawn as zero. Knows nothing of plans, parties or risks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from headwater.reports.axes import BOLD, Plot, Series, Writer, across_axis, legend_keys, tick_labels, value_axis
from headwater.reports.figures import WIDE, Caption
from headwater.reports.numbers import compact, is_missing, percent, years
from headwater.reports.svg import fit, line, nice_ticks, picture, tag, text, text_width, wrap

OUT = ("t6", "t5", "t4", "bar s6")
"""Colours of money that goes out: warm, the last for what is left over."""

IN = ("t1", "t2", "t3", "bar s6")
"""Colours of money that comes in: cool, the last for what is left over."""

COST, GAIN, TOTAL = "t5", "t2", "node"
"""Colours of one cost, one gain, and what they come to."""

LINE = 15
"""Height of a line of type [px]."""

GRAPH = 300
"""Height of a graph by year [px]."""


@dataclass(frozen=True)
class Span:
    """A bar from one value to another; bars of one row in different lanes stand one below the other."""

    start: float
    end: float
    css: str
    lane: int = 0
    is_thin: bool = False


@dataclass(frozen=True)
class SpanRow:
    """A row of spans under its name, with its value in words at the right, and dots on it."""

    label: str
    spans: Sequence[Span]
    words: str = ""
    dots: Sequence[float] = ()


def flow_bars(
    year: Sequence[int],
    series: Sequence[Series],
    *,
    css: Sequence[str],
    caption: Caption,
    net: Series | None = None,
    axis: str = "",
    width: int = WIDE,
    write: Writer = compact,
) -> str:
    """Bars by year, stacked up from zero where money comes in and down where it goes out, with a mark at the net.

    Parameters
    ----------
    year
        Years, increasing.
    series
        Money by year, in above zero, out below; NaN where there is none.
    css
        Colour of each series.
    caption
        Name, title and description.
    net
        Marked over the bars, in ink.
    axis
        What is measured, with its unit.
    width
        Width of the drawing [px].
    write
        How a value is written.

    Examples
    --------
    >>> money = [Series("works", [-10.0, 0.0]), Series("saved", [0.0, 6.0])]
    >>> svg = flow_bars([2025, 2026], money, css=["t6", "t1"], caption=Caption("f", "Money by year"))
    >>> svg.count('<rect class="part t')
    2
    """
    names, colours = [s.name for s in series], list(css)
    if net is not None:
        names, colours = [*names, net.name], [*colours, TOTAL]
    top, legend = legend_keys(names, width=width, top=22 if axis else 6, css=colours, always=True)
    lows, highs = _stacked(series, len(year))
    if net is not None:
        known = [v for v in net.values if not is_missing(v)]
        lows, highs = [*lows, *known], [*highs, *known]
    ticks = nice_ticks(min([0.0, *lows]), max([0.0, *highs]))
    left = 10 + max(text_width(write(tick)) for tick in ticks)
    plot = Plot(left, top + 10, width - 16, GRAPH + (top if width < WIDE else 0) - 24, ticks)
    band = (plot.right - plot.left) / max(1, len(year))
    across = [plot.left + (i + 0.5) * band for i in range(len(year))]
    thick = min(40.0, max(2.0, band * 0.78))
    marks = _stacks(series, colours, across, thick, plot)
    titles = [text(0, 12, fit(axis, width), css="muted", full=axis)] if axis else []
    drawn = [*titles, legend, value_axis(plot, write), *marks]
    if net is not None:
        points = [(x, plot.y(v)) for x, v in zip(across, net.values, strict=True) if not is_missing(v)]
        drawn += [tag("rect", class_=TOTAL, x=x - band / 2, y=y - 1.2, width=band, height=2.4) for x, y in points]
    drawn.append(tick_labels(list(year), across, plot.bottom + 17, years))
    return _drawn(caption, width, plot.bottom + 24, drawn)


def span_rows(
    rows: Sequence[SpanRow],
    *,
    caption: Caption,
    axis: str = "",
    keys: Sequence[str] = (),
    css: Sequence[str] = (),
    reference: float | None = None,
    width: int = WIDE,
    write: Writer = compact,
) -> str:
    """Rows of bars along one line of values with zero on it: a waterfall, gains against costs, or swings about a value.

    Parameters
    ----------
    rows
        Top to bottom.
    caption
        Name, title and description.
    axis
        What is measured, with its unit.
    keys, css
        Names and colours of the kinds of bars, for the legend.
    reference
        A value that a line marks through all rows.
    width
        Width of the drawing [px]; the height follows from the rows.
    write
        How a value is written.

    Examples
    --------
    >>> row = SpanRow("Government", [Span(-5.0, 0.0, "t5"), Span(0.0, 2.0, "t2")], "−3")
    >>> span_rows([row], caption=Caption("s", "Who pays")).count('<rect class="part')
    2
    """
    top, legend = legend_keys(keys, width=width, top=22 if axis else 4, css=css, always=bool(keys))
    values = [v for row in rows for span in row.spans for v in (span.start, span.end)]
    values += [v for row in rows for v in row.dots] + ([] if reference is None else [reference])
    values = [v for v in values if not is_missing(v)]
    ticks = nice_ticks(min([0.0, *values]), max([0.0, *values]), count=5 if width >= 500 else 3)
    edge = [4 + max(8.0, text_width(write(tick)) / 2) for tick in (ticks[0], ticks[-1])]
    names = [wrap(row.label, width - 16 - BOLD * text_width(row.words)) for row in rows]
    lanes = [1 + max((span.lane for span in row.spans), default=0) for row in rows]
    pitch = [LINE * len(name) + 12 + _lane(n) * n for name, n in zip(names, lanes, strict=True)]
    tops = list(accumulate(pitch, initial=top + 4))
    plot = Plot(edge[0], top + 4, width - edge[1], tops[-1], ticks)
    drawn = [_span_row(row, names[i], tops[i], lanes[i], plot, width) for i, row in enumerate(rows)]
    if reference is not None:
        drawn.append(line(plot.x(reference), plot.top, plot.x(reference), plot.bottom, css="base"))
    titles = [text(0, 12, fit(axis, width), css="muted", full=axis)] if axis else []
    return _drawn(caption, width, plot.bottom + 24, [*titles, legend, across_axis(plot, write), *drawn])


def waterfall(steps: Sequence[tuple[str, float, str]], total: str) -> list[SpanRow]:
    """Rows of a waterfall: each step begins where the one before it ended; the last row is what they come to.

    Parameters
    ----------
    steps
        (name, amount, amount in words), in order.
    total
        Name of the last row.

    Examples
    --------
    >>> [span.end for row in waterfall([("a", -4.0, ""), ("b", 9.0, "")], "net") for span in row.spans]
    [-4.0, 5.0, 5.0]
    """
    ends = list(accumulate((amount for _name, amount, _words in steps), initial=0.0))
    rows = [
        SpanRow(name, [Span(ends[i], ends[i + 1], COST if amount < 0 else GAIN)], words)
        for i, (name, amount, words) in enumerate(steps)
    ]
    return [*rows, SpanRow(total, [Span(0.0, ends[-1], TOTAL)])]


def histogram(
    edges: Sequence[float],
    shares: Sequence[float],
    *,
    caption: Caption,
    axis: str = "",
    x_axis: str = "",
    width: int = WIDE,
    height: int = 240,
    write: Writer = compact,
) -> str:
    """A distribution: bars from edge to edge, those below zero in the colour of costs, and a line at zero.

    Parameters
    ----------
    edges
        Bounds of the bars, increasing, one more than there are bars.
    shares
        Share (0-1) of each bar.
    caption
        Name, title and description.
    axis, x_axis
        What is measured up and across.
    width, height
        Size of the drawing [px].
    write
        How a value across is written.

    Examples
    --------
    >>> svg = histogram([-1.0, 0.0, 1.0], [0.25, 0.75], caption=Caption("h", "How sure"))
    >>> svg.count('<rect class="part t5"'), svg.count('<rect class="part t2"')
    (1, 1)
    """
    top = 22 if axis else 6
    ticks = nice_ticks(0.0, max(shares, default=1.0), count=4)
    left = 10 + max(text_width(percent(tick)) for tick in ticks)
    up = Plot(left, top + 8, width - 24, height - (44 if x_axis else 26), ticks)
    along = Plot(left, up.top, up.right, up.bottom, [edges[0], edges[-1]])
    bars = [
        tag("rect", class_=f"part {COST if high <= 0 else GAIN}", x=along.x(low), y=up.y(share),
            width=along.x(high) - along.x(low), height=up.bottom - up.y(share))
        for low, high, share in zip(edges, edges[1:], shares, strict=False)
        if share > 0
    ]  # fmt: skip
    marks = [t for t in nice_ticks(edges[0], edges[-1], count=5 if width >= 500 else 3) if edges[0] <= t <= edges[-1]]
    zero = [line(along.x(0), up.top, along.x(0), up.bottom, css="whisker")] if edges[0] <= 0 <= edges[-1] else []
    titles = [text(0, 12, fit(axis, width), css="muted", full=axis)] if axis else []
    if x_axis:
        middle = (left + up.right) / 2
        words = fit(x_axis, 2 * min(middle, width - middle))
        titles.append(text(middle, height - 6, words, css="muted", anchor="middle", full=x_axis))
    labels = tick_labels(marks, [along.x(mark) for mark in marks], up.bottom + 17, write)
    return _drawn(caption, width, height, [*titles, value_axis(up, percent), *bars, *zero, labels])


def _drawn(caption: Caption, width: int, height: float, parts: Sequence[str]) -> str:
    return picture(
        *parts, width=width, height=height, name=f"{caption.name}-{width}", title=caption.title,
        description=caption.description or caption.title,
    )  # fmt: skip


def _stacked(series: Sequence[Series], count: int) -> tuple[list[float], list[float]]:
    """Where the stacks of each year end, below and above zero."""
    columns = [[s.values[j] for s in series if not is_missing(s.values[j])] for j in range(count)]
    return [sum(v for v in c if v < 0) for c in columns], [sum(v for v in c if v > 0) for c in columns]


def _stacks(
    series: Sequence[Series], css: Sequence[str], across: Sequence[float], thick: float, plot: Plot
) -> list[str]:
    drawn = []
    for j, x in enumerate(across):
        up = down = 0.0
        for s, colour in zip(series, css, strict=False):
            value = s.values[j]
            if is_missing(value) or value == 0:
                continue
            start = up if value > 0 else down
            end = start + value
            up, down = (end, down) if value > 0 else (up, end)
            y, height = plot.y(max(start, end)), abs(plot.y(start) - plot.y(end))
            if height >= 0.05:
                drawn.append(
                    tag("rect", class_=f"part {colour}", x=x - thick / 2, y=y, width=thick, height=height,
                        stroke_width=0.5)
                )  # fmt: skip
    return drawn


def _lane(lanes: int) -> int:
    return 16 if lanes == 1 else 11


def _span_row(row: SpanRow, name: Sequence[str], top: float, lanes: int, plot: Plot, width: int) -> str:
    whole = row.label if name and name[-1].endswith("…") else ""
    drawn = line(0, top, width, top, css="rule")
    for i, words in enumerate(name):
        drawn += text(0, top + 13 + LINE * i, words, css="over", full=whole)
    if row.words:
        drawn += text(width, top + 13, row.words, css="over value", anchor="end")
    first, high = top + LINE * len(name) + 4, _lane(lanes)
    for span in row.spans:
        if is_missing(span.start) or is_missing(span.end):
            continue
        left, right = sorted((plot.x(span.start), plot.x(span.end)))
        y, tall = first + span.lane * high, high - 2
        if span.is_thin:
            y, tall = y + tall / 2 - 2, 4
        drawn += tag("rect", class_=f"part {span.css}", x=left, y=y, width=max(right - left, 0.8), height=tall)
    middle = first + (high * lanes - 2) / 2
    return drawn + "".join(tag("circle", class_="node", cx=plot.x(v), cy=middle, r=3.6) for v in row.dots)
