"""The pen: escaped SVG elements, the width of text, and round numbers for axes.

Colours and type sizes live in the stylesheet of the report, under the class names written here, so that one drawing
serves light, dark and paper. Knows nothing of charts or maps.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from html import escape
from itertools import pairwise

TEXT_PX = 12.0
"""Type size of every chart [px], at which widths are estimated."""

_NARROW = frozenset("iljtfrI.,:;|'!()[]/ -·")
_WIDE = frozenset("mwMW%@")


def tag(name: str, *children: str, **attributes: object) -> str:
    """One SVG element; attributes are escaped, children are taken as SVG.

    A trailing underscore is dropped from a name (`class_`), other underscores become hyphens, None is left out.

    Examples
    --------
    >>> tag("rect", class_="bar", x=1.04, height=20.0)
    '<rect class="bar" x="1" height="20"/>'
    """
    pairs = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_plain(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    body = "".join(children)
    return f"<{name}{pairs}>{body}</{name}>" if body else f"<{name}{pairs}/>"


def text(x: float, y: float, words: str, *, css: str = "", anchor: str = "start", full: str = "") -> str:
    """A line of text; `full` becomes a tooltip where `words` were shortened.

    Examples
    --------
    >>> text(1, 2, "a < b")
    '<text x="1" y="2">a &lt; b</text>'
    """
    title = f"<title>{escape(full)}</title>" if full and full != words else ""
    return tag(
        "text",
        escape(words) + title,
        x=x,
        y=y,
        class_=css or None,
        text_anchor=None if anchor == "start" else anchor,
    )


def line(x1: float, y1: float, x2: float, y2: float, *, css: str) -> str:
    """A straight line."""
    return tag("line", class_=css, x1=x1, y1=y1, x2=x2, y2=y2)


def picture(*children: str, width: float, height: float, name: str, title: str, description: str) -> str:
    """A whole drawing that a screen reader announces by its title and description.

    Parameters
    ----------
    children
        SVG elements.
    width, height
        Size of the drawing [px].
    name
        Identifier, unique within the page.
    title, description
        What it shows, in a phrase and in a sentence.
    """
    return tag(
        "svg",
        f'<title id="{escape(name)}-t">{escape(title)}</title>',
        f'<desc id="{escape(name)}-d">{escape(description)}</desc>',
        *children,
        viewBox=f"0 0 {_plain(width)} {_plain(height)}",
        width=width,
        height=height,
        role="img",
        aria_labelledby=f"{name}-t {name}-d",
    )


def text_width(words: str, *, size: float = TEXT_PX) -> float:
    """Width of a line of text, estimated on the generous side [px].

    Examples
    --------
    >>> text_width("水水"), text_width("abc") < text_width("ABC")
    (24.0, True)
    """
    return sum(_advance(letter) for letter in words) * size


def fit(words: str, width: float, *, size: float = TEXT_PX) -> str:
    """The words, cut with an ellipsis where they are wider than `width` [px].

    Examples
    --------
    >>> fit("short", 100), fit("水力发电站", 40)
    ('short', '水力…')
    """
    if text_width(words, size=size) <= width:
        return words
    kept = ""
    for letter in words:
        if text_width(kept + letter + "…", size=size) > width:
            break
        kept += letter
    return kept.rstrip() + "…"


def wrap(words: str, width: float, *, lines: int = 2, size: float = TEXT_PX) -> list[str]:
    """The words in at most so many lines of a width [px], the last cut with an ellipsis.

    Breaks at spaces, and between Chinese characters.

    Examples
    --------
    >>> wrap("raise the road", 50)
    ['raise', 'the road']
    """
    rows = [""]
    for piece in _pieces(words):
        if text_width((rows[-1] + piece).rstrip(), size=size) <= width or not rows[-1].strip():
            rows[-1] += piece
        else:
            rows.append(piece.lstrip())
    if len(rows) > lines:
        rows[lines - 1 :] = ["".join(rows[lines - 1 :])]
    return [fit(row.strip(), width, size=size) for row in rows]


def nice_ticks(low: float, high: float, *, count: int = 5) -> list[float]:
    """Round numbers (1, 2, 2.5 or 5 times a power of ten) that span a range.

    Parameters
    ----------
    low, high
        The range; the first tick is not above `low`, the last not below `high`.
    count
        Intervals wanted, about.

    Examples
    --------
    >>> nice_ticks(0, 159)
    [0.0, 50.0, 100.0, 150.0, 200.0]
    """
    if not high > low:
        high = low + (abs(low) or 1)
    rough = (high - low) / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next((m * power for m in (1, 2, 2.5, 5, 10) if m * power >= rough * 0.999), 10 * power)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(i * step, 12) for i in range(first, last + 1)]


def path(points: Sequence[tuple[float, float]]) -> str:
    """Path data through points, to a tenth of a pixel, in relative steps.

    Examples
    --------
    >>> path([(0, 0), (10, 5), (10.04, 5), (20, 5)])
    'M0 0l10 5 10 0'
    """
    grid = [(round(10 * x), round(10 * y)) for x, y in points]
    steps = [(x - u, y - v) for (u, v), (x, y) in pairwise(grid) if (x, y) != (u, v)]
    start = f"M{_plain(grid[0][0] / 10)} {_plain(grid[0][1] / 10)}"
    return start + ("l" + " ".join(f"{_plain(x / 10)} {_plain(y / 10)}" for x, y in steps) if steps else "")


def _plain(value: object) -> str:
    return f"{round(value, 1) + 0.0:.10g}" if isinstance(value, float) else str(value)


def _advance(letter: str) -> float:
    if unicodedata.east_asian_width(letter) in "WF":
        return 1.0
    if letter in _NARROW:
        return 0.36
    if letter in _WIDE:
        return 0.9
    return 0.7 if letter.isupper() else 0.58


def _pieces(words: str) -> list[str]:
    """Words with the space after them; each wide character by itself."""
    pieces = [""]
    for letter in words:
        pieces[-1] += letter
        if letter == " " or unicodedata.east_asian_width(letter) in "WF":
            pieces.append("")
    return [piece for piece in pieces if piece]
