"""The part of the report's stylesheet that its figures and tables need on a page, from the report's own file.

What the site styles itself (the page, headings, cards, notes, links) is left out, and so are the colours that both
name: those of the site hold. So a figure looks the same in a report and on a page, and is written down once.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from functools import cache

from starlette.requests import Request
from starlette.responses import Response

from headwater.errors import NotFound
from headwater.reports.document import TEMPLATES
from headwater.web.assets import FOREVER, STATIC, Asset
from headwater.words import _

OWN = re.compile(
    r"\s*(\*|html|body|a|a:focus.*|\.skip.*|\.head|\.page|\.foot.*|\.brand.*|\.wave|h1|h2|h3|:lang.*|\.facts.*|\.ordinal|"
    r"section.*|"
    r"\.lead|\.prose|\.contents.*|main|\.cards?.*|\.small.*|\.note.*|pre|code|td code|th code|details|summary|"
    r"table|caption|th|td|th\[scope.*|thead th|\.scroll.*|\.tag|td:last-child|th:last-child|\.node|@page|tr)\s*\Z"
)
"""Selectors that the site has rules of its own for."""

VARIABLE = re.compile(r"(--[a-z0-9-]+):[^;}]*")


def rules(css: str) -> list[tuple[str, str]]:
    """Rules of a stylesheet without nested rules but in @media: (selector or condition, what is in its braces).

    Examples
    --------
    >>> rules("a{b:c}@media print{d{e:f}}")
    [('a', 'b:c'), ('@media print', 'd{e:f}')]
    """
    found, depth, start, head = [], 0, 0, ""
    for i, character in enumerate(css):
        if character == "{":
            depth += 1
            if depth == 1:
                head, start = css[start:i].strip(), i + 1
        elif character == "}":
            depth -= 1
            if depth == 0:
                found.append((head, css[start:i].strip()))
                start = i + 1
    return found


def needed(css: str, named: frozenset[str]) -> str:
    """The rules of the report's stylesheet that its figures and tables need.

    Parameters
    ----------
    css
        The report's stylesheet.
    named
        Colours that the site names itself.

    Examples
    --------
    >>> needed(":root{--ink:red;--s1:blue}body{margin:0}.bar.s1,h1{fill:var(--s1)}", frozenset({"--ink"}))
    ':root{--s1:blue}.bar.s1{fill:var(--s1)}'
    """
    kept = []
    for head, body in rules(css):
        if head.startswith("@media"):
            inner = needed(body, named)
            if inner:
                kept.append(f"{head}{{{inner}}}")
        elif head == ":root":
            own = [m[0] for m in VARIABLE.finditer(body) if m[1] not in named]
            if own:
                kept.append(f":root{{{';'.join(own)}}}")
        else:
            wanted = [selector for selector in head.split(",") if not OWN.match(selector)]
            if wanted and not head.startswith("@"):
                kept.append(f"{','.join(wanted)}{{{body}}}")
    return "".join(kept)


@cache
def style() -> Asset:
    """The stylesheet of study pages: what figures need of the report's, then what the pages add."""
    hub = (STATIC / "hub.css").read_text(encoding="utf-8")
    named = frozenset(m[1] for m in VARIABLE.finditer(rules(hub)[0][1]))
    whole = re.sub(r"--s(?=\d)", "--k", (TEMPLATES / "report.css").read_text(encoding="utf-8"))  # --s1 is a size here
    report = needed(whole, named)
    content = (report + (STATIC / "studies.css").read_text(encoding="utf-8")).encode()
    mark = hashlib.sha256(content).hexdigest()[:10]
    return Asset(f"/study-style.{mark}.css", content, gzip.compress(content, 9, mtime=0), "text/css; charset=utf-8")


def serve_style(request: Request) -> Response:
    """The stylesheet at its address, which names its content and so never changes."""
    made = style()
    if request.url.path != made.address:
        raise NotFound(_("There is no such file."))
    headers = {"cache-control": FOREVER, "vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(made.compressed, media_type=made.media, headers={**headers, "content-encoding": "gzip"})
    return Response(made.content, media_type=made.media, headers=headers)
