"""Drawings of choices as SVG: a front between objectives, all of them side by side, graded cells, bars by class.

Each is a pure function from numbers to a string, drawn for a wide and a narrow page. Knows nothing of plans or futures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any

from headwater.reports.axes import BOLD, Plot, Writer, across_axis, value_axis
from headwater.reports.figures import LINE, NARROW, WIDE, Caption
from headwater.reports.numbers import SCALES, is_missing, number, percent
from headwater.reports.svg import fit, line, nice_ticks, path, picture, tag, text, text_width, wrap
from headwater.reports.timeline import side_name
from headwater.words import _, language

ALIKE = 1e-9
"""Part of their size by which values may differ and still stand at one place of an axis."""

INK = {1: "in t3", 2: "in t3", 3: "in", 4: "in t1", 5: "in t1"}
"""Class of words on each graded colour: dark on pale and pale on dark, on light paper and on dark."""


@dataclass(frozen=True)
class Dot:
    """A point of a scatter: where, its graded class (1-5, 0 for none), its label, and what it is: "point", "knee" or
    "plan"."""

    x: float
    y: float
    grade: int = 0
    label: str = ""
    kind: str = "point"


@dataclass(frozen=True)
class Axis:
    """What an axis measures, with its unit, whether less of it is better, and how its values are written."""

    title: str
    is_less: bool = False
    write: Writer = number


@dataclass(frozen=True)
class Thread:
    """A point over all objectives: its value on each axis (NaN for none), and its label where it stands out."""

    values: Sequence[float]
    label: str = ""


def front_chart(
    dots: Sequence[Dot],
    x: Axis,
    y: Axis,
    *,
    caption: Caption,
    grades: Sequence[str] = (),
    kinds: Sequence[tuple[str, str]] = (),
    grade_title: str = "",
    is_stepped: bool = False,
    width: int = WIDE,
    height: int = 380,
) -> str:
    """Points of a front over two objectives, a third as graded colour and size.

    Parameters
    ----------
    dots
        The points.
    x, y
        The two objectives.
    caption
        Name, title and description.
    grades
        Words for the graded classes, from 1.
    kinds
        What to say of kinds of dot in the legend: (kind, words).
    grade_title
        What the grades measure.
    is_stepped
        Whether a line joins the points: the best that can be had of `y` for each `x`.
    width, height
        Size of the drawing [px].

    Examples
    --------
    >>> axes = Axis("cost", is_less=True), Axis("benefit")
    >>> svg = front_chart([Dot(1, 2), Dot(2, 3, kind="knee", label="2")], *axes, caption=Caption("f", "Front"))
    >>> svg.count('class="area c3"'), svg.count('class="scale"')
    (2, 1)
    """
    titles = [text(0, 12 + LINE * i, row, css="muted") for i, row in enumerate(wrap(y.title, width / BOLD))]
    shapes = [(_shape(kind, 3), words) for kind, words in kinds]
    top, legend = _legend(shapes, width=width, top=6.0 + LINE * len(titles))
    if grade_title:
        rows = wrap(grade_title, width / BOLD)
        titles += [text(0, top + 12 + LINE * i, row, css="muted") for i, row in enumerate(rows)]
        shapes = [(_shape("point", i + 1), words) for i, words in enumerate(grades)]
        top, graded = _legend(shapes, width=width, top=top + 4 + LINE * len(rows))
        legend += graded
    y_ticks = _ticks([dot.y for dot in dots])
    x_ticks = _ticks([dot.x for dot in dots], count=5 if width > NARROW else 3)
    left = 10 + max(text_width(y.write(tick)) for tick in y_ticks)
    right = width - max(14.0, text_width(x.write(x_ticks[-1])) / 2 + 2)
    plot = Plot(left, top + 12, right, top + height - 50, y_ticks)
    across = Plot(left, plot.top, right, plot.bottom, x_ticks)
    places = [(across.x(dot.x), plot.y(dot.y)) for dot in dots]
    body = [value_axis(plot, y.write), across_axis(across, x.write)]
    if is_stepped:
        own = [p for p, dot in zip(places, dots, strict=True) if dot.kind != "plan"]
        body.append(tag("path", class_="curve s6 dash1", d=path(_staircase(sorted(own), x_is_less=x.is_less))))
    body += [_dot(dot, *place) for dot, place in sorted(zip(dots, places, strict=True), key=lambda p: p[0].label)]
    body.append(_labels(dots, places, plot))
    foot = wrap(x.title, width - 4)
    body += [
        text((left + width - 14) / 2 if len(foot) == 1 and text_width(x.title) < width - left - 14 else width / 2,
             plot.bottom + 36 + LINE * i, row, css="muted", anchor="middle")
        for i, row in enumerate(foot)
    ]  # fmt: skip
    return _drawn(caption, width, plot.bottom + 28 + LINE * len(foot), [*titles, legend, *body])


def threads_chart(axes: Sequence[Axis], threads: Sequence[Thread], *, caption: Caption, width: int = WIDE) -> str:
    """Every point over all objectives: parallel axes that lie flat, one below the other, better to the right.

    A thread joins the values of one point from axis to axis; where a value is missing it breaks. Each axis runs from
    the worst of its values to the best.

    Parameters
    ----------
    axes
        The objectives, top to bottom.
    threads
        The points; those with a label are drawn on top, in colour.
    caption
        Name, title and description.
    width
        Width of the drawing [px]; the height follows from the axes.

    Examples
    --------
    >>> axes = [Axis("benefit"), Axis("cost", is_less=True)]
    >>> svg = threads_chart(axes, [Thread([1, 5]), Thread([2, 9], "2")], caption=Caption("t", "All"))
    >>> svg.count('class="lines faint"'), svg.count('class="curve s1 dash1"')  # a thread, and one with its key
    (1, 2)
    """
    left, right, pitch = 16.0, width - 16.0, 64.0
    named = [thread for thread in threads if thread.label]
    keys = [tag("path", class_=f"curve {_colour(i)}", d="M-10 0h20") for i in range(len(named))]
    top, legend = _legend([(key, t.label) for key, t in zip(keys, named, strict=True)], width=width, top=0)
    scales = [_scale([thread.values[i] for thread in threads], axis) for i, axis in enumerate(axes)]
    titles = [wrap(axis.title, width / BOLD) for axis in axes]
    levels = list(accumulate((pitch + LINE * len(rows) for rows in titles), initial=top + 12 - pitch))[1:]

    def places(thread: Thread) -> list[list[tuple[float, float]]]:
        pieces: list[list[tuple[float, float]]] = [[]]
        for value, scale, level in zip(thread.values, scales, levels, strict=True):
            if is_missing(value):
                pieces.append([])
            else:
                share = 0.5 if scale[0] == scale[1] else (value - scale[0]) / (scale[1] - scale[0])
                pieces[-1].append((left + share * (right - left), level))
        return [piece for piece in pieces if piece]

    plain = [piece for thread in threads if not thread.label for piece in places(thread)]
    body = [tag("path", class_="lines faint", d=path(piece)) for piece in plain if len(piece) > 1]
    body += [line(left, level, right, level, css="base") for level in levels]
    body += [
        tag("path", class_=f"curve {_colour(i)}", d=path(piece))
        + "".join(tag("circle", class_=f"dot s{i % 6 + 1}", cx=x, cy=y, r=4.0) for x, y in piece)
        for i, thread in enumerate(named)
        for piece in places(thread)
    ]
    for axis, rows, (worst, best), level in zip(axes, titles, scales, levels, strict=True):
        body += [
            text(0, level - 12 - LINE * (len(rows) - 1 - i), row, css="over strong", full=axis.title)
            for i, row in enumerate(rows)
        ]
        body.append(text(left, level + 17, axis.write(worst), css="over muted", anchor="start"))
        body.append(text(right, level + 17, axis.write(best), css="over muted", anchor="end"))
    return _drawn(caption, width, levels[-1] + 26, [legend, *body])


def graded_table(
    rows: Sequence[str],
    columns: Sequence[str],
    values: Sequence[Sequence[float]],
    *,
    caption: Caption,
    write: Writer,
    width: int = WIDE,
    rule_after: int = 0,
) -> str:
    """A table of values, each cell coloured by its size: none pale, the largest strongest.

    Where names of columns do not fit over them they stand below, by letter.

    Parameters
    ----------
    rows, columns
        Names.
    values
        By row and column, zero or more; NaN for none, which stays uncoloured.
    caption
        Name, title and description.
    write
        How a value is written in its cell.
    width
        Width of the drawing [px]; the height follows from the rows.
    rule_after
        Rows after which a gap parts the table; 0 for none.

    Examples
    --------
    >>> svg = graded_table(["a"], ["x", "y"], [[0.0, 9.0]], caption=Caption("g", "Cells"), write=str)
    >>> 'class="area zero"' in svg, 'class="area c5"' in svg
    (True, True)
    """
    is_wide = width >= 500
    left = min(220.0, 14 + BOLD * max(text_width(name) for name in rows)) if is_wide else 0.0
    band = (width - left) / len(columns)
    heads = [wrap(name, (band - 4) / BOLD, lines=4) for name in columns]
    lettered = [
        i for i, head in enumerate(heads) if any(row.endswith("…") or BOLD * text_width(row) > band for row in head)
    ]
    for place, i in enumerate(lettered):
        heads[i] = [_letter(place)]
    deepest = max(len(head) for head in heads)
    top = 8.0 + LINE * deepest
    drawn = [
        text(left + (i + 0.5) * band, 12 + LINE * (j + deepest - len(head)), row, css="muted", anchor="middle",
             full=columns[i])
        for i, head in enumerate(heads)
        for j, row in enumerate(head)
    ]  # fmt: skip
    largest = max((v for row in values for v in row if not is_missing(v)), default=0.0)
    pitch = 30.0 if is_wide else 46.0
    y = top
    for i, (name, cells) in enumerate(zip(rows, values, strict=True)):
        y += 10 if rule_after and i == rule_after else 0
        drawn.append(side_name(name, left, y + 13) if is_wide else text(0, y + 12, fit(name, width / BOLD), full=name))
        for j, value in enumerate(cells):
            drawn.append(_cell(value, left + j * band, y + (0 if is_wide else 17), band, largest, write))
        y += pitch
    for place, i in enumerate(lettered):
        words = f"{_letter(place)}  {columns[i]}"
        drawn.append(text(0, y + 16 + LINE * 1.15 * place, fit(words, width), css="muted", full=words))
    y += 8 + LINE * 1.15 * len(lettered) if lettered else 0
    return _drawn(caption, width, y + 6, drawn)


def class_bars(
    rows: Sequence[tuple[str, float, int]],
    classes: Sequence[str],
    *,
    caption: Caption,
    css: Sequence[str],
    width: int = WIDE,
    write: Writer = percent,
) -> str:
    """Horizontal bars of shares (0-1), coloured by class, with their values.

    Parameters
    ----------
    rows
        (name, share, class), class counting from 0, top to bottom.
    classes
        Names of the classes.
    caption
        Name, title and description.
    css
        Class of the stylesheet for each class.
    width
        Width of the drawing [px]; the height follows from the rows.
    write
        How a share is written.

    Examples
    --------
    >>> svg = class_bars([("dike", 1.0, 0)], ["sure", "open"], caption=Caption("b", "Share"), css=["s1", "s2"])
    >>> svg.count('<rect class="bar s1"')  # a bar and its key
    2
    """
    is_wide = width >= 500
    keys = [tag("rect", class_=f"bar {colour}", x=-6, y=-6, width=12, height=12) for colour in css]
    entries = list(zip(keys, classes, strict=True))
    top, legend = _legend(entries, width=width, top=4)
    longest = max((text_width(name) for name, _share, _class in rows), default=0.0)
    left = min(260.0, 14 + BOLD * longest) if is_wide else 0.0
    room = 12 + BOLD * text_width(write(1.0))
    pitch, drawn = (32.0 if is_wide else 38.0), []
    for i, (name, share, group) in enumerate(rows):
        y = top + 4 + i * pitch
        drawn.append(side_name(name, left, y + 9) if is_wide else text(0, y + 12, fit(name, width / BOLD), full=name))
        y += 0 if is_wide else 16
        if is_missing(share):
            continue
        length = max((width - left - room) * share, 1.0)
        drawn.append(tag("rect", class_=f"bar {css[group]}", x=left, y=y + 2, width=length, height=14))
        drawn.append(text(left + length + 6, y + 13, write(share), css="value"))
    return _drawn(caption, width, top + 8 + pitch * len(rows), [legend, *drawn])


def grade(value: float, bounds: Sequence[float]) -> int:
    """Which class a value falls in, from 1; 0 where there is none.

    Examples
    --------
    >>> [grade(value, [0, 10, 20]) for value in (0, 10, 11, 20, float("nan"))]
    [1, 1, 2, 2, 0]
    """
    return 0 if is_missing(value) else max(1, sum(value > bound for bound in bounds[:-1]))


def shared_scale(values: Any) -> tuple[float, str]:
    """The large unit of the language that the largest of some values reaches, and its word.

    Examples
    --------
    >>> shared_scale([1.0, 2.5e6]), shared_scale([float("nan"), 10.0])
    ((1000000.0, 'million'), (1.0, ''))
    """
    largest = max((abs(float(value)) for value in values if not is_missing(value)), default=0.0)
    return next(((size, word.strip()) for size, word in SCALES[language()] if largest >= size), (1.0, ""))


def scaled_unit(word: str, unit_words: str) -> str:
    """A unit after a word for a large number.

    Examples
    --------
    >>> scaled_unit("million", "USD"), scaled_unit("", "people")
    ('million USD', 'people')
    """
    return _("{scale} {unit}").format(scale=word, unit=unit_words) if word and unit_words else word or unit_words


def _cell(value: float, x: float, y: float, band: float, largest: float, write: Writer) -> str:
    if is_missing(value):
        return text(x + band / 2, y + 19, write(value), css="muted", anchor="middle")
    step = 0 if value <= 0 or not largest else min(5, 1 + int(5 * value / largest * (1 - 1e-9)))
    css = f"c{step}" if step else "zero"
    box = tag("rect", class_=f"area {css}", x=x + 1, y=y, width=band - 2, height=26)
    words = write(value)
    return box + text(
        x + band / 2, y + 17, fit(words, band - 2), css=INK.get(step, "value"), anchor="middle", full=words
    )


def _letter(i: int) -> str:
    return chr(ord("A") + i) if i < 26 else str(i + 1)


def _ticks(values: Sequence[float], *, count: int = 5) -> list[float]:
    """Round numbers about the values; values that hardly differ get room on both sides."""
    known = [value for value in values if not is_missing(value)] or [0.0]
    low, high = min(known), max(known)
    size = max(abs(low), abs(high))
    if high - low <= ALIKE * max(size, 1.0):
        low, high = low - max(size, 1.0) / 10, high + max(size, 1.0) / 10
    return nice_ticks(low, high, count=count)


def _scale(values: Sequence[float], axis: Axis) -> tuple[float, float]:
    known = [value for value in values if not is_missing(value)] or [0.0]
    return (max(known), min(known)) if axis.is_less else (min(known), max(known))


def _shape(kind: str, grade: int) -> str:
    """A dot of a kind, centred on the origin."""
    if kind == "plan":
        return tag("path", class_="dot s2", d="M0 -7l7 7 -7 7 -7 -7z")
    dot = tag("circle", class_=f"area c{grade or 3}", cx=0, cy=0, r=3.4 + 0.8 * (grade or 3))
    ring = tag("circle", class_="scale", cx=0, cy=0, r=6.4 + 0.8 * (grade or 3))
    return dot + (ring if kind == "knee" else "")


def _dot(dot: Dot, x: float, y: float) -> str:
    return tag("g", _shape(dot.kind, dot.grade), transform=f"translate({x:.1f} {y:.1f})")


def _legend(entries: Sequence[tuple[str, str]], *, width: int, top: float) -> tuple[float, str]:
    """Shapes with their words in rows that wrap, and where they end."""
    x, y, drawn = 0.0, top + 12, ""
    for shape, words in entries:
        written = fit(words, width - 26)
        step = 24 + text_width(written) + 14
        if x and x + step - 14 > width:
            x, y = 0.0, y + 21
        drawn += tag("g", shape, transform=f"translate({x + 10:.1f} {y - 4:.1f})") + text(
            x + 24, y, written, full=words
        )
        x += step
    return (y + 12 if entries else top), drawn


def _colour(i: int) -> str:
    return f"s{i % 6 + 1} dash{i % 3 + 1}"


def _staircase(places: Sequence[tuple[float, float]], *, x_is_less: bool) -> list[tuple[float, float]]:
    """A line through points [px] that holds the best of one objective until the next point."""
    points = list(places[:1])
    for (x, y), (to_x, to_y) in pairwise(places):
        points += [(to_x, y) if x_is_less else (x, to_y), (to_x, to_y)]
    return points


def _labels(dots: Sequence[Dot], places: Sequence[tuple[float, float]], plot: Plot) -> str:
    """Names beside their dots: at the side where they touch no other name and the fewest dots."""
    taken: list[tuple[float, float, float, float]] = []
    drawn = ""
    for dot, (x, y) in zip(dots, places, strict=True):
        if not dot.label:
            continue
        room = text_width(dot.label) + 2
        sides = [(x + 13, y + 4, "start", x + 13), (x - 13, y + 4, "end", x - 13 - room),
                 (x, y - 14, "middle", x - room / 2), (x, y + 23, "middle", x - room / 2),
                 (x + 10, y - 11, "start", x + 10), (x + 10, y + 19, "start", x + 10),
                 (x + 6, y - 14, "end", x + 6 - room), (x + 6, y + 22, "end", x + 6 - room)]  # fmt: skip

        def cost(side: tuple[float, float, str, float], room: float = room) -> float:
            box = (side[3], side[1] - 11, side[3] + room, side[1] + 3)
            outside = box[0] < plot.left or box[2] > plot.right + 14 or box[1] < plot.top - 12 or box[3] > plot.bottom
            names = sum(_touch(box, other) for other in taken)
            covered = sum(_touch(box, (u - 5, v - 5, u + 5, v + 5)) for u, v in places)
            return 100 * outside + 20 * names + covered

        best = min(sides, key=cost)
        taken.append((best[3], best[1] - 11, best[3] + room, best[1] + 3))
        drawn += text(best[0], best[1], dot.label, css="over strong", anchor=best[2])
    return drawn


def _touch(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _drawn(caption: Caption, width: int, height: float, parts: Sequence[str]) -> str:
    return picture(
        *parts,
        width=width,
        height=height,
        name=f"{caption.name}-{width}",
        title=caption.title,
        description=caption.description or caption.title,
    )
