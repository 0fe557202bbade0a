"""What charts share: series, the rectangle they are drawn in, axes, tick labels, keys and the shapes of dots."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from headwater.reports.numbers import is_missing
from headwater.reports.svg import fit, line, path, tag, text, text_width

BOLD = 1.12
"""How much wider bold type is."""

Writer = Callable[[float], str]
"""How a value is written."""


@dataclass(frozen=True)
class Series:
    """Values of one thing, in the order of the categories or of the horizontal axis; `low` and `high` optional."""

    name: str
    values: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()


@dataclass(frozen=True)
class Plot:
    """A rectangle of the drawing, and the range of values its height or width stands for."""

    left: float
    top: float
    right: float
    bottom: float
    ticks: Sequence[float] = field(default_factory=list)

    def y(self, value: float) -> float:
        low, high = self.ticks[0], self.ticks[-1]
        return self.bottom - (value - low) / (high - low) * (self.bottom - self.top)

    def x(self, value: float) -> float:
        low, high = self.ticks[0], self.ticks[-1]
        return self.left + (value - low) / (high - low) * (self.right - self.left)


def marker(group: int, x: float, y: float, *, size: float = 4.5) -> str:
    """A dot whose shape, as well as its colour, tells its group: circle, diamond, square, triangle.

    Examples
    --------
    >>> marker(0, 5, 5)
    '<circle class="dot s1" cx="5" cy="5" r="4.5"/>'
    """
    css = f"dot s{group % 6 + 1}"
    if group % 4 == 0:
        return tag("circle", class_=css, cx=x, cy=y, r=size)
    if group % 4 == 2:
        return tag("rect", class_=css, x=x - size + 0.5, y=y - size + 0.5, width=2 * size - 1, height=2 * size - 1)
    reach = size * 1.25
    corners = {
        1: [(x, y - reach), (x + reach, y), (x, y + reach), (x - reach, y)],
        3: [(x, y - reach), (x + reach, y + size), (x - reach, y + size)],
    }[group % 4]
    return tag("path", class_=css, d=path(corners) + "z")


def greatest(series: Sequence[Series]) -> float:
    """The largest value or bound of any series."""
    values = [v for s in series for v in (*s.values, *s.high) if not is_missing(v)]
    return max([*values, 0.0]) or 1.0


def smallest(series: Sequence[Series]) -> float:
    """The smallest value or bound of any series, or 0."""
    return min([v for s in series for v in (*s.values, *s.low) if not is_missing(v)], default=0.0)


def too_wide(categories: Sequence[str], width: int) -> bool:
    """Whether the labels of the categories need more room than the width gives."""
    room = (width - 60) / max(1, len(categories)) - 4
    return any(text_width(words) > label_room(categories, i, room + 4) for i, words in enumerate(categories))


def label_room(categories: Sequence[str], i: int, band: float) -> float:
    """Width for a label under a bar: its band, and what short neighbours leave of theirs."""
    beside = [text_width(words) for words in [*categories[max(0, i - 1) : i], *categories[i + 1 : i + 2]]]
    return max(band - 4, 2 * band - max(beside, default=band) - 6)


def legend_keys(
    names: Sequence[str],
    *,
    width: int,
    top: float,
    css: Sequence[str] = (),
    shapes: bool = False,
    always: bool = False,
) -> tuple[float, str]:
    """Keys in rows that wrap, and where they end; nothing for a single name unless asked."""
    if len(names) < 2 and not always:
        return top, ""
    x, y, drawn = 0.0, top + 10, ""
    for i, name in enumerate(names):
        words = fit(name, width - 20)
        step = 18 + text_width(words) + 16
        if x and x + step - 16 > width:
            x, y = 0.0, y + 18
        colour = css[i] if css else f"s{i % 6 + 1}"
        box = tag("rect", class_=f"key {colour}", x=x, y=y - 9, width=11, height=11)
        drawn += (marker(i, x + 6, y - 4) if shapes else box) + text(x + 17, y, words, full=name)
        x += step
    return y + 12, drawn


def value_axis(plot: Plot, write: Writer) -> str:
    """Ticks, grid lines and labels of the values."""
    lines = [
        line(plot.left, plot.y(tick), plot.right, plot.y(tick), css="base" if tick == 0 else "grid")
        for tick in plot.ticks
    ]
    labels = [text(plot.left - 6, plot.y(tick) + 4, write(tick), css="muted", anchor="end") for tick in plot.ticks]
    return "".join(lines + labels)


def across_axis(plot: Plot, write: Writer) -> str:
    """Ticks, grid lines and labels of values that run across."""
    lines = [
        line(plot.x(tick), plot.top, plot.x(tick), plot.bottom, css="base" if tick == 0 else "grid")
        for tick in plot.ticks
    ]
    across = [plot.x(tick) for tick in plot.ticks]
    return "".join(lines) + tick_labels(plot.ticks, across, plot.bottom + 17, write)


def tick_labels(x: Sequence[float], across: Sequence[float], y: float, write: Writer) -> str:
    """Labels below an axis, dropping those that would touch the one before; the last always stays."""
    shown: list[tuple[float, str]] = []
    for value, place in reversed(list(zip(x, across, strict=True))):
        words = write(value)
        if not shown or place + text_width(words) / 2 + 5 < shown[-1][0] - text_width(shown[-1][1]) / 2:
            shown.append((place, words))
    return "".join(text(place, y, words, css="muted", anchor="middle") for place, words in shown)


def fits(series: Sequence[Series], write: Writer, room: float) -> bool:
    """Whether every value can be written over its bar: all are, or none."""
    return all(BOLD * text_width(write(v)) <= room + 4 for s in series for v in s.values if not is_missing(v))


def bounds_at(series: Series, j: int) -> tuple[float, float] | None:
    """Low and high of a series at `j`, or None where they are not known."""
    if j >= len(series.low) or j >= len(series.high):
        return None
    low, high = series.low[j], series.high[j]
    return None if is_missing(low) or is_missing(high) or high == low else (low, high)


def positions(x: Sequence[float], plot: Plot, *, is_log: bool) -> list[float]:
    """Where values stand across the plot, on a straight or a logarithmic scale."""
    places = [math.log10(value) for value in x] if is_log else list(x)
    low, high = min(places), max(places)
    if low == high:
        return [(plot.left + plot.right) / 2 for _place in places]
    inset = 14
    across = plot.right - plot.left - 2 * inset
    return [plot.left + inset + (place - low) / (high - low) * across for place in places]
