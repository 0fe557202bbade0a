"""One request for a page: its language, what was asked, and how a template becomes an answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import jinja2
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from headwater.catalogue.records import FOLDERS, Record
from headwater.errors import NotFound
from headwater.library import Library
from headwater.web import languages, markdown
from headwater.web.assets import asset
from headwater.web.languages import _, plain, said
from headwater.web.signature import signature_of
from headwater.words import LANGUAGES, language, speaking

LONGEST_VALUE = 300
"""Characters of one parameter that are read."""

MOST_VALUES = 60
"""Values of one parameter that are read."""

_CONTROLS = dict.fromkeys((*range(32), 127, *range(128, 160), 8232, 8233), " ")


@dataclass(frozen=True)
class Visit:
    """A request for a page, while its language is spoken.

    Attributes
    ----------
    request
        What was asked.
    library
        The hub.
    """

    request: Request
    library: Library

    def values(self, name: str) -> list[str]:
        """Every value of a parameter, cleaned, none twice, none empty."""
        given = (cleaned(value) for value in self.request.query_params.getlist(name)[:MOST_VALUES])
        return list(dict.fromkeys(value for value in given if value))

    def value(self, name: str, default: str = "") -> str:
        """The last value of a parameter."""
        return next(iter(reversed(self.values(name))), default)

    def part(self, name: str) -> str:
        """A part of the address."""
        return cleaned(str(self.request.path_params.get(name, "")))

    def page_number(self) -> int:
        """Which page of a long list."""
        given = self.value("page", "1")
        return max(1, min(int(given), 100_000)) if given.isascii() and given.isdigit() and len(given) < 7 else 1

    @property
    def is_live(self) -> bool:
        """Whether a script asks for a part of the page."""
        return self.request.headers.get("hx-request") == "true"


def cleaned(value: str) -> str:
    """What a reader typed without control characters and no longer than is read.

    Examples
    --------
    >>> cleaned("  flood\\x00 risk ")
    'flood  risk'
    """
    return value[:LONGEST_VALUE].translate(_CONTROLS).strip()


def base_of(request: Request) -> str:
    """Address of the hub without a slash at its end: as it was set up, or as it was asked for; in a copy ""."""
    set_up = getattr(request.app.state, "base", "")
    return set_up or ("" if copy_of(request) else str(request.base_url).rstrip("/"))


def copy_of(request: Request) -> Mapping[str, Any] | None:
    """What pages say of the copy in files that they are made for; None where they are served."""
    found: Mapping[str, Any] | None = getattr(request.app.state, "copy", None)
    return found


Page = Callable[[Visit], Response]


def page(show: Page) -> Callable[[Request], Response]:
    """A function of a visit as an endpoint: the language of the address is spoken while it runs."""

    def endpoint(request: Request) -> Response:
        code = request.path_params["language"]
        if code not in languages.KNOWN:
            raise NotFound(_("There is no page at this address.").striptags())
        with speaking(code):
            return show(Visit(request, request.app.state.library))

    return endpoint


def link(path: str, params: Mapping[str, Any] | Sequence[tuple[str, str]] | None = None, *, code: str = "") -> str:
    """Address of a page in the current language, or in another.

    Examples
    --------
    >>> link("search", {"q": "水", "phases": ["finance", "procurement"]})
    '/en/search?q=%E6%B0%B4&phases=finance&phases=procurement'
    """
    address = f"/{code or language()}/{path}"
    return f"{address}?{urlencode(params, doseq=True)}" if params else address


def entry_link(record: Record) -> str:
    """Address of an entry's page in the current language."""
    return link(f"{FOLDERS[record.kind]}/{quote(record.record_id)}")


def external(url: str) -> str:
    """An address outside the hub, if it is one that may be followed."""
    return url if url.startswith(("https://", "http://")) else ""


def statement(item: Mapping[str, str]) -> Markup:
    """A statement of the content: inline Markdown, marked where it is not translated."""
    words, code = languages.chosen(item)
    return languages.shown(markdown.inline(words), code)


def inline(words: str) -> Markup:
    """Words that a façade has put in the current language, with inline Markdown."""
    return languages.told_markdown(words, markdown.inline(words))


def body(text: Mapping[str, str]) -> Markup:
    """A longer text of the content in Markdown."""
    words, code = languages.chosen(text)
    html = markdown.blocks(words)
    if code == language():
        return html
    return Markup('<div lang="{}" dir="{}">{}</div>').format(languages.tag(code), languages.direction(code), html)


@cache
def environment() -> jinja2.Environment:
    """Templates and what they may call."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals.update(
        _=_, said=said, told=languages.told, plain=plain, link=link, entry_link=entry_link, asset=asset,
        external=external, statement=statement, inline=inline, body=body, country=languages.country,
        tongue=languages.tongue, tag=languages.tag, direction=languages.direction, language=language, FOLDERS=FOLDERS,
    )  # fmt: skip
    made.filters["plain"] = plain
    return made


def render(
    request: Request,
    template: str,
    *,
    title: Markup | str,
    status: int = 200,
    description: str = "",
    path: str | None = None,
    index: bool = True,
    data: Markup | str = "",
    **context: Any,
) -> HTMLResponse:
    """A template as an answer, in the current language.

    Parameters
    ----------
    request
        What was asked.
    template
        Name of the template.
    title
        Of the page.
    status
        Of the answer.
    description
        One line about the page for search engines.
    path
        Address within a language, for links to other languages; that of the request unless given.
    index
        Whether search engines should list it.
    data
        JSON-LD about what the page shows.
    **context
        What the template shows.
    """
    code = language()
    if path is None:
        path = request.url.path.removeprefix(f"/{code}").lstrip("/")
    query = request.url.query
    offered = LANGUAGES if copy_of(request) else languages.offered()
    others = [(other, name, f"/{other}/{path}" + (f"?{query}" if query else "")) for other, name in offered.items()]
    base = base_of(request)
    context |= {
        "page_title": plain(title),
        "description": description,
        "others": others,
        "alternates": [(languages.tag(other), f"{base}/{other}/{path}") for other in LANGUAGES],
        "canonical": f"{base}/{code}/{path}",
        "index": index and code in LANGUAGES and status == 200 and not copy_of(request),
        "partly": code not in LANGUAGES,
        "here": path.partition("/")[0],
        "data": data,
        **_asking(request),
    }
    html = environment().get_template(template).render(context)
    return HTMLResponse(html, status_code=status, headers={"content-language": languages.tag(code)})


def _asking(request: Request) -> dict[str, Any]:
    """What every page shows of who asks: nothing where the hub stands alone. A copy in files asks nobody."""
    signature, forum, copy = signature_of(request), getattr(request.app.state, "forum", None), copy_of(request)
    return {
        "asks": signature.user,
        "csrf": signature.csrf,
        "sign_in": link("sign-in", {"on": on} if (on := _return_to(request)) else None),
        "has_studies": forum is not None,
        "has_accounts": forum is not None and not forum.is_alone and not copy,
        "is_static": copy is not None,
        "copy": copy,
    }


def _return_to(request: Request) -> str:
    """Where somebody who signs in goes on: the page they are on; "" from the front and the pages of signing in."""
    path, query = request.url.path, request.url.query
    _language, _slash, inner = path.lstrip("/").partition("/")
    if request.method != "GET" or inner.partition("/")[0] in {"", "sign-in", "set-up"}:
        return ""
    return f"{path}?{query}" if query and len(path) + len(query) < LONGEST_VALUE else path


def first_sentence(words: str, most: int = 160) -> str:
    """The beginning of a text for a search engine's list.

    Examples
    --------
    >>> first_sentence("Short. And more.", most=10)
    'Short.'
    """
    if len(words) <= most:
        return words
    cut = words[:most]
    for stop in ("。", ". ", "；", "; ", "，", ", ", " "):
        if stop in cut:
            return cut[: cut.rindex(stop) + 1].strip()
    return cut


def grouped(records: Iterable[Record]) -> list[tuple[str, list[Record]]]:
    """Entries under the letter they begin with in the current language, in its order."""
    rows = sorted(records, key=lambda record: languages.collation(plain(record.title)))
    found: dict[str, list[Record]] = {}
    for record in rows:
        found.setdefault(languages.initial(plain(record.title)), []).append(record)
    return list(found.items())
