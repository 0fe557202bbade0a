"""When what starts, as SVG: bars over the years for a few options, or a grid of start periods for many.

Below the bars, on the same scale, the money that has come and the money spent. Knows nothing of plans.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from headwater.reports.axes import BOLD, Plot, Writer, legend_keys
from headwater.reports.figures import LINE, WIDE, Caption
from headwater.reports.numbers import compact, is_missing
from headwater.reports.svg import fit, line, nice_ticks, path, picture, tag, text, text_width, wrap

PANEL = 96.0
"""Height of the panel of money [px]."""

START = 7.0
"""Width of the block that marks a start [px]."""


@dataclass(frozen=True)
class Span:
    """One option: what it is called, from when to when it serves, and words for what it costs."""

    name: str
    start: float
    end: float
    words: str = ""


@dataclass(frozen=True)
class Lane:
    """A group of options: its name, and for each start period an amount (NaN for none) and words for it."""

    name: str
    amounts: Sequence[float]
    words: Sequence[str]


@dataclass(frozen=True)
class Spending:
    """Money by start period, added up: what has come and what is spent, what it is called, and its unit."""

    come: Sequence[float]
    spent: Sequence[float]
    names: tuple[str, str]
    axis: str = ""


def span_chart(
    spans: Sequence[Span],
    stops: Sequence[int],
    *,
    caption: Caption,
    spending: Spending | None = None,
    width: int = WIDE,
    write: Writer = compact,
) -> str:
    """A bar for each option, from its start to the end of its service, over the years.

    Parameters
    ----------
    spans
        Options, top to bottom. A service that ends after the last year runs to the edge.
    stops
        Start years, rising, and last the horizon.
    caption
        Name, title and description.
    spending
        Money by start year; None for none.
    width
        Width of the drawing [px]; the height follows from the rows.
    write
        How an amount of money is written.

    Examples
    --------
    >>> svg = span_chart([Span("Drain", 2025, 2050)], [2025, 2030, 2050], caption=Caption("t", "When"))
    >>> svg.count('<rect class="bar s1"')
    1
    """
    is_wide = width >= 500
    pitch = 32 if is_wide else 40
    left = max(_name_room([span.name for span in spans]) if is_wide else 0.0, _money_room(spending, write))
    plot = Plot(left, 22, width - 2, 22 + pitch * len(spans), [stops[0], stops[-1]])
    rows = [_span(span, plot.top + i * pitch, plot, is_wide=is_wide) for i, span in enumerate(spans)]
    panel, bottom = _panel(spending, stops, plot, width, write)
    return _drawn(caption, width, bottom, [_years(stops, plot, plot.bottom), *rows, panel])


def period_chart(
    lanes: Sequence[Lane],
    stops: Sequence[int],
    *,
    caption: Caption,
    spending: Spending | None = None,
    axis: str = "",
    width: int = WIDE,
    write: Writer = compact,
) -> str:
    """Groups of options by the period they start in: a bar whose length is its amount, under its words.

    Columns are equally wide, whatever the years between start years; all bars share one scale.

    Parameters
    ----------
    lanes
        Groups, top to bottom.
    stops
        Start years, rising, and last the horizon.
    caption
        Name, title and description.
    spending
        Money by start year; None for none.
    axis
        What the words over the bars are.
    width
        Width of the drawing [px]; the height follows from the rows.
    write
        How an amount of money is written.

    Examples
    --------
    >>> lanes = [Lane("Drains", [2.0, float("nan")], ["4 · 2", ""])]
    >>> period_chart(lanes, [2025, 2030, 2050], caption=Caption("p", "When")).count('<rect class="bar s1"')
    1
    """
    is_wide = width >= 500
    left = max(_name_room([lane.name for lane in lanes]) if is_wide else 0.0, _money_room(spending, write))
    pitch, top = (38 if is_wide else 54), 40.0 if axis else 22.0
    plot = Plot(left, top, width - 2, top + pitch * len(lanes), list(range(len(stops))))
    largest = max((a for lane in lanes for a in lane.amounts if not is_missing(a)), default=0.0)
    rows = [_lane(lane, plot.top + i * pitch, plot, largest=largest, is_wide=is_wide) for i, lane in enumerate(lanes)]
    places = [plot.x(i) for i in range(len(stops) - 1)]
    grid = [line(x, plot.top, x, plot.bottom, css="grid") for x in places]
    years = [text(x, plot.top - 8, str(year), css="strong") for x, year in zip(places, stops, strict=False)]
    title = [text(0, 12, fit(axis, width), css="muted", full=axis)] if axis else []
    panel, bottom = _panel(spending, stops, plot, width, write, is_even=True)
    return _drawn(caption, width, bottom, [*title, *grid, *years, *rows, panel])


def _span(span: Span, top: float, plot: Plot, *, is_wide: bool) -> str:
    """A block at the start, a pale bar as long as the service lasts, and the words beside the block."""
    start, end = plot.x(span.start), plot.x(min(span.end, plot.ticks[-1]))
    y = top + (7 if is_wide else 20)
    name = (
        side_name(span.name, plot.left, top + 16)
        if is_wide
        else text(0, top + 13, fit(span.name, plot.right / BOLD), full=span.name)
    )
    block = tag("rect", class_="bar s1", x=start, y=y, width=START, height=18)
    service = tag("rect", class_="band s1", x=start + START, y=y, width=max(end - start - START, 0.0), height=18)
    room = text_width(span.words) * BOLD
    is_right = start + START + 5 + room <= plot.right
    words = text(
        start + START + 5 if is_right else start - 5, y + 13, span.words, css="value",
        anchor="start" if is_right else "end",
    )  # fmt: skip
    return line(0, top, plot.right, top, css="rule") + name + service + block + words


def side_name(name: str, left: float, middle: float) -> str:
    """A name to the left of a plot, in one line or two about a height.

    Examples
    --------
    >>> side_name("Drain", 100, 20)
    '<text x="90" y="24" text-anchor="end">Drain</text>'
    """
    rows = wrap(name, (left - 12) / BOLD)
    return "".join(
        text(left - 10, middle + 4 + LINE * (i - (len(rows) - 1) / 2), row, anchor="end",
             full=name if row.endswith("…") else "")
        for i, row in enumerate(rows)
    )  # fmt: skip


def _lane(lane: Lane, top: float, plot: Plot, *, largest: float, is_wide: bool) -> str:
    y = top + (4 if is_wide else 20)
    band = plot.x(1) - plot.x(0)
    if is_wide:
        drawn = side_name(lane.name, plot.left, top + 18)
    else:
        drawn = text(0, top + 14, fit(lane.name, plot.right / BOLD), css="strong", full=lane.name)
    for i, (amount, words) in enumerate(zip(lane.amounts, lane.words, strict=True)):
        x = plot.x(i) + 4
        if words:
            drawn += text(x, y + 12, fit(words, band - 6), css="value", full=words)
        if not is_missing(amount):
            length = max((band - 12) * amount / largest, 1.0) if largest else 1.0
            drawn += tag("rect", class_="bar s1", x=x, y=y + 17, width=length, height=9)
    return line(0, top, plot.right, top, css="rule") + drawn


def _panel(
    spending: Spending | None, stops: Sequence[int], plot: Plot, width: int, write: Writer, *, is_even: bool = False
) -> tuple[str, float]:
    """Two steps over the periods, money that has come and money spent; and where the drawing ends."""
    if spending is None:
        return "", plot.bottom + 6
    top, legend = legend_keys(list(spending.names), width=width, top=plot.bottom + 14)
    title = text(0, top + 12, fit(spending.axis, width), css="muted", full=spending.axis)
    ticks = nice_ticks(0.0, max([*spending.come, *spending.spent, 0.0]), count=3)
    own = Plot(plot.left, top + 24, plot.right, top + 24 + PANEL, ticks)
    places = [plot.x(i if is_even else year) for i, year in enumerate(stops)]
    values = "".join(
        line(own.left, own.y(tick), own.right, own.y(tick), css="base" if tick == 0 else "grid")
        + text(own.left - 6, own.y(tick) + 4, write(tick), css="muted", anchor="end")
        for tick in ticks
    )
    steps = "".join(
        tag("path", class_=f"curve s{i + 1} dash{i + 1}", d=path(_steps(amounts, places, own)))
        for i, amounts in enumerate((spending.come, spending.spent))
    )
    shown = places if is_even else _apart(places, stops)
    years = "".join(
        text(x, own.bottom + 16, str(year), css="muted", anchor=_end(i, len(stops)))
        for i, (x, year) in enumerate(zip(places, stops, strict=True))
        if x in shown
    )
    return legend + title + values + steps + years, own.bottom + 22


def _steps(amounts: Sequence[float], places: Sequence[float], plot: Plot) -> list[tuple[float, float]]:
    """A step at each start, level in between; it rises from zero at the first."""
    points = [(places[0], plot.y(0))]
    for amount, (x, to_x) in zip(amounts, pairwise(places), strict=True):
        points += [(x, plot.y(amount)), (to_x, plot.y(amount))]
    return points


def _years(stops: Sequence[int], plot: Plot, bottom: float) -> str:
    places = [plot.x(year) for year in stops]
    shown = _apart(places, stops)
    drawn = "".join(line(x, plot.top, x, bottom, css="grid") for x in places)
    return drawn + "".join(
        text(x, plot.top - 8, str(year), css="strong", anchor=_end(i, len(stops)))
        for i, (x, year) in enumerate(zip(places, stops, strict=True))
        if x in shown
    )


def _apart(places: Sequence[float], stops: Sequence[int]) -> set[float]:
    """The places whose years do not touch the one before; the last always stays."""
    kept = [places[-1]]
    for x, year in reversed(list(zip(places[:-1], stops[:-1], strict=True))):
        if x + BOLD * text_width(str(year)) + 6 < kept[-1] - (BOLD * text_width(str(year)) if len(kept) == 1 else 0):
            kept.append(x)
    return set(kept)


def _end(i: int, among: int) -> str:
    return "end" if i == among - 1 else "start"


def _name_room(names: Sequence[str]) -> float:
    return min(230.0, 16 + BOLD * max((text_width(name) for name in names), default=0.0))


def _money_room(spending: Spending | None, write: Writer) -> float:
    if spending is None:
        return 0.0
    ticks = nice_ticks(0.0, max([*spending.come, *spending.spent, 0.0]), count=3)
    return 10 + max(text_width(write(tick)) for tick in ticks)


def _drawn(caption: Caption, width: int, height: float, parts: Sequence[str]) -> str:
    return picture(
        *parts,
        width=width,
        height=height,
        name=f"{caption.name}-{width}",
        title=caption.title,
        description=caption.description or caption.title,
    )
