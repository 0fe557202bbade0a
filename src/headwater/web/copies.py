"""Pages as files: which addresses a copy holds, what their files are called, and how links lead from file to file.

File names are safe on every system a stick may be put in: letters, digits, points, hyphens, underscores and tildes,
lower case, no name that Windows keeps for itself, none too long. Knows nothing of disks.
"""

from __future__ import annotations

import base64
import hashlib
import html
import posixpath
import re
from collections.abc import Callable, Container, Iterator, Mapping
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from headwater.catalogue.records import FOLDERS
from headwater.words import LANGUAGES

LONGEST_NAME = 80
"""Characters of a file or folder name."""

DEVICES = frozenset(
    ("con", "prn", "aux", "nul", *(f"com{n}" for n in range(10)), *(f"lpt{n}" for n in range(10)))
)  # fmt: skip
"""Names that Windows keeps for itself, whatever their ending."""

_PLAIN = re.compile(r"[a-z0-9_][a-z0-9._-]*(?<!\.)\Z")
_LANGUAGE = "|".join(LANGUAGES)
_FOLDER = "|".join(FOLDERS.values())
_ID = r"[^/]+"
_STUDY = rf"/(?:{_LANGUAGE})/studies/{_ID}/"
PAGES = re.compile(
    rf"/(?:{_LANGUAGE})/(?:|about|search|wizard|gaps|gaps\.(?:csv|svg)|studies/|(?:{_FOLDER})(?:/{_ID})?)\Z"
    rf"|{_STUDY}(?:|map|places/.+|plan-explorer(?:/{_ID})?|compare|results/(?:{_ID})?|downloads/{_ID}|[a-z-]+)\Z"
    r"|/(?:static/.+|study-style\.[0-9a-f]+\.css|copy/[a-z-]+\.js|dump\.(?:csv|xlsx|json)|glossary\.jsonld)\Z"
)
"""Addresses without a query that a copy holds, if they answer."""

DRAWINGS = re.compile(rf"{_STUDY}(?:plan-explorer/{_ID}/map|[a-z-]+/figure-\d+)\Z")
"""Addresses of pages that are asked for their drawing, which is then put where a script of the site would put it."""

NOT_PAGES = re.compile(rf"{_STUDY}plan-explorer/step\Z|/(?:{_LANGUAGE})/studies/(?:new|compare)/")
QUERIES = (
    (re.compile(rf"/(?:{_LANGUAGE})/wizard\Z"), {"decision"}),
    (re.compile(rf"/(?:{_LANGUAGE})/gaps/tools\Z"), {"of"}),
    (re.compile(rf"{_STUDY}map\Z"), {"layer"}),
    (re.compile(rf"/(?:{_LANGUAGE})/(?:{_FOLDER})\Z"), {"page"}),
)
"""Addresses with a query that a copy holds as pages of their own, with the only parameters they may have."""

STUDIES = re.compile(rf"/(?:{_LANGUAGE})/studies\Z")
"""What a site leads on to the same address with a slash."""

SEARCH = re.compile(rf"/(?:{_LANGUAGE})/search\Z")
"""Where the query stays in the address, for a script to read."""

WITHOUT_QUERY = re.compile(rf"{_STUDY}(?:map|plan-explorer(?:/{_ID})?)\Z")
"""Where a link with another query leads to the page without one."""

CITATION = re.compile(rf"/(?:{_LANGUAGE})/(?:{_FOLDER})/{_ID}\.(?:bib|ris|csl\.json)\Z")
"""What is small, and so travels within the page."""

SAME_IN_ALL = re.compile(rf"/({_LANGUAGE})(/studies/{_ID}/results/{_ID}\.(?:csv|parquet))\Z")
"""Files that are the same in every language, and so are held once."""

ENDING = re.compile(r"\.[a-z0-9]{1,8}\Z")
_FILES = re.compile(
    rf"{_STUDY}(?:downloads/.+|results/{_ID}\.(?:csv|parquet))\Z|/{_ID}/gaps\.(?:csv|svg)\Z|/(?!(?:{_LANGUAGE})/).+"
)

_TAG = re.compile(
    r"<(a|link|script|img|form|div|p|button|input|span)"
    r'((?:\s+[^\s=>"\'/]+(?:="[^"]*")?)*)\s*>'
)
_ATTRIBUTE = re.compile(r'\s+([^\s=>"\'/]+)(?:="([^"]*)")?')
_LINKING = {"a": "href", "link": "href", "script": "src", "img": "src", "form": "action"}
_LIVE = re.compile(r"hx-.*|data-live|data-htmx|data-share")
_LAZY = re.compile(r'<div class="lazy" data-src="([^"]*)" data-part="drawn">.*?</div>', re.DOTALL)
_DRAWN = re.compile(r'<div class="(?:[^"]* )?drawn(?: [^"]*)?">')
_DIV = re.compile(r"<div\b|</div>")

Citation = Callable[[str], tuple[str, bytes] | None]
"""Media type and content of what travels within a page, by its address."""


def held(address: str) -> str:
    """The address of what a copy holds for a link; "" where it holds nothing for it.

    Examples
    --------
    >>> held("/en/tools/climada#why"), held("/en/search?q=water"), held("/en/sign-in"), held("https://example.org/")
    ('/en/tools/climada', '/en/search', '', '')
    >>> held("/zh/studies/ghana/results/front.csv"), held("/zh/studies/ghana/map?at=r_1")
    ('/en/studies/ghana/results/front.csv', '/zh/studies/ghana/map')
    """
    parts = urlsplit(address)
    if parts.scheme or parts.netloc or not parts.path.startswith("/") or NOT_PAGES.match(parts.path):
        return ""
    path = parts.path
    if parts.query and not SEARCH.match(path):
        names = {name for name, _value in parse_qsl(parts.query)}
        if any(pattern.match(path) and names == allowed for pattern, allowed in QUERIES):
            return f"{path}?{parts.query}"
        if not WITHOUT_QUERY.match(path):
            return ""
    if STUDIES.match(path):
        return f"{path}/"
    if CITATION.match(path) or not PAGES.match(path):
        return ""
    shared = SAME_IN_ALL.match(path)
    return f"/en{shared[2]}" if shared else path


def file_of(address: str) -> str:
    """The file that holds an address, in the folder of the copy.

    Examples
    --------
    >>> file_of("/zh/tools/climada"), file_of("/zh/"), file_of("/static/hub.0a1b.css")
    ('zh/tools/climada.html', 'zh/index.html', 'static/hub.0a1b.css')
    >>> file_of("/en/studies/ghana/places/W:1"), file_of("/en/studies/ghana/results/front.csv")
    ('en/studies/ghana/places/w_1~e22e701b.html', 'studies/ghana/results/front.csv')
    """
    parts = urlsplit(address)
    shared = SAME_IN_ALL.match(parts.path)
    path = shared[2] if shared else parts.path
    is_file = bool(_FILES.fullmatch(parts.path)) and bool(ENDING.search(path))
    folder, _slash, name = path.lstrip("/").rpartition("/")
    if not name:
        name = "index"
    if parts.query:
        name = "--".join([name, *(value for _name, value in parse_qsl(parts.query))])
    if is_file:
        stem, ending = name[: ENDING.search(name).start()], ENDING.search(name)[0]  # type: ignore[union-attr, index]
        named = f"{safe(unquote(stem))}{ending}"
    else:
        named = f"{safe(unquote(name))}.html"
    return "/".join([*(safe(unquote(piece)) for piece in folder.split("/") if piece), named])


def safe(name: str) -> str:
    """A name that every file system takes: itself, or one like it with a mark of what it was.

    Examples
    --------
    >>> safe("climada"), safe("W:1"), safe("con"), len(safe("x" * 300)) <= LONGEST_NAME
    ('climada', 'w_1~e22e701b', 'con~1143da2b', True)
    """
    if len(name) <= LONGEST_NAME and _PLAIN.match(name) and name.partition(".")[0] not in DEVICES:
        return name
    like = re.sub(r"[^a-z0-9._-]", "_", name.lower())[: LONGEST_NAME - 20].strip(".") or "_"
    return f"{like}~{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def links(page: str) -> Iterator[str]:
    """Every address that a page leads to or needs."""
    for tag in _TAG.finditer(page):
        wanted = _LINKING.get(tag[1])
        for name, value in _ATTRIBUTE.findall(tag[2]):
            if name in {wanted, "data-src"} and value:
                yield html.unescape(value)


def drawn(page: str) -> str:
    """The drawing of a page that holds one; "" where it holds none.

    Examples
    --------
    >>> drawn('<p>a</p><div class="drawn"><div>b</div></div><div>c</div>')
    '<div class="drawn"><div>b</div></div>'
    """
    begin = _DRAWN.search(page)
    if begin is None:
        return ""
    depth = 0
    for tag in _DIV.finditer(page, begin.start()):
        depth += 1 if tag[0] != "</div>" else -1
        if depth == 0:
            return page[begin.start() : tag.end()]
    return ""


def filled(page: str, drawings: Mapping[str, str]) -> str:
    """A page with the drawings in place that a script would fetch; the link stays where there is none."""

    def place(match: re.Match[str]) -> str:
        return drawings.get(html.unescape(match[1])) or match[0]

    return _LAZY.sub(place, page)


def rewritten(page: str, here: str, there: Container[str], citation: Citation) -> str:
    """A page whose links lead from its file to other files of the copy.

    A link to what the copy does not hold leads nowhere: its words stay. What a script of the site would fetch is taken
    out.

    Parameters
    ----------
    page
        HTML as the site's templates write it.
    here
        Its file.
    there
        Addresses that the copy holds.
    citation
        Gives what travels within the page.
    """
    folder = posixpath.dirname(here)

    def tag(match: re.Match[str]) -> str:
        name, wanted = match[1], _LINKING.get(match[1])
        attributes: dict[str, str | None] = {
            key: value if equals else None
            for key, equals, value in ((m[1], "=" in m[0], m[2]) for m in _ATTRIBUTE.finditer(match[2]))
            if not _LIVE.fullmatch(key)
        }
        target = html.unescape(attributes.get(wanted or "") or "")
        if wanted and target.startswith("/"):
            if name == "link" and attributes.get("rel") in {"alternate", "canonical"}:
                return ""
            _lead(attributes, wanted, target, folder, there, citation)
        said = (key if value is None else f'{key}="{value}"' for key, value in attributes.items())
        return f"<{' '.join([name, *said])}>"

    return _TAG.sub(tag, page)


def _lead(
    attributes: dict[str, str | None],
    wanted: str,
    target: str,
    folder: str,
    there: Container[str],
    citation: Citation,
) -> None:
    """Let the link of a tag lead to a file, carry what is small, or lead nowhere."""
    parts, address = urlsplit(target), held(target)
    if address in there:
        kept = f"?{parts.query}" if parts.query and SEARCH.match(parts.path) else ""
        to = relative(file_of(address), folder) + kept + (f"#{parts.fragment}" if parts.fragment else "")
        attributes[wanted] = html.escape(to)
        return
    carried = citation(parts.path) if CITATION.match(parts.path) else None
    if carried:
        media, content = carried
        attributes[wanted] = f"data:{media.partition(';')[0]};base64,{base64.b64encode(content).decode()}"
        attributes["download"] = html.escape(safe(unquote(posixpath.basename(parts.path))))
        return
    for name in (wanted, "rel", "hreflang", "download"):
        attributes.pop(name, None)


def relative(file: str, folder: str) -> str:
    """The way from a folder of the copy to a file, as a link.

    Examples
    --------
    >>> relative("zh/tools/x.html", "zh/cases"), relative("zh/index.html", "zh")
    ('../tools/x.html', 'index.html')
    """
    return quote(posixpath.relpath(file, folder or "."), safe="/~")
