"""Finding entries: the search with its filters, and the lists of each kind."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import groupby
from operator import itemgetter
from string import ascii_uppercase
from typing import NamedTuple

from markupsafe import Markup
from starlette.responses import Response

from headwater.catalogue.excerpt import spans
from headwater.catalogue.facets import FACETS, SORTS, Facet, titles
from headwater.catalogue.query import parse_query
from headwater.catalogue.records import FOLDERS, Record
from headwater.catalogue.search import Hit, Results
from headwater.web import languages
from headwater.web.languages import _, plain, said
from headwater.web.pages_front import kind_name, kind_title
from headwater.web.visits import LONGEST_VALUE, Visit, grouped, link, render
from headwater.words import language

PAGE = 20
ROWS = 50
"""Entries on one page of a list, so that it stays light however many there are."""

LISTED = {"term": 150}
"""Entries on one page of a list where that is other than `ROWS`: a term is one line."""

LETTERED = frozenset({"term", "organisation"})
"""Kinds that are listed under letters."""

OPEN = ("kind", "types", "sectors", "phases")
"""Filters that are unfolded from the start."""

KIND_OF = {folder: kind for kind, folder in FOLDERS.items()}
Pairs = list[tuple[str, str]]


class Chip(NamedTuple):
    """A chosen filter, with the address of the search without it and how many entries that would find."""

    field: Markup
    words: Markup
    address: str
    total: int = 0


def search(visit: Visit) -> Response:
    """The search: a query, filters with live counts, results."""
    query = visit.value("q")
    filters = {name: visit.values(name) for name in FACETS if visit.values(name)}
    sort = visit.value("sort", "relevance")
    number = visit.page_number()
    results = visit.library.search(query, filters=filters, sort=sort, limit=PAGE, offset=(number - 1) * PAGE)
    last = max(1, math.ceil(results.total / PAGE))
    if number > last:
        number = last
        results = visit.library.search(query, filters=filters, sort=sort, limit=PAGE, offset=(number - 1) * PAGE)
    asked = parameters(query, filters, sort)
    chips = chosen(results, query, filters, sort)
    found = [
        (hit.record, kind_name(hit.record.kind), passage(hit, query), meta_of(visit, hit.record))
        for hit in results.hits
    ]
    response = render(
        visit.request,
        "search.html",
        title=results.words if query or filters else _("Search the hub"),
        index=not query and not filters and number == 1,
        query=query,
        is_cut=results.is_cut or len(visit.request.query_params.get("q", "")) > LONGEST_VALUE,
        results=results,
        found=found,
        facets=[facet for facet in results.facets if is_useful(facet)],
        opened=OPEN,
        chips=chips,
        looser=looser(visit, query, filters, sort) if not results.total else [],
        sorts=[(name, words) for name, words in sorts().items() if name in SORTS],
        sort=sort,
        number=number,
        first=(number - 1) * PAGE + 1,
        numbers=page_numbers(number, last),
        address=partial(page_address, asked),
        api=f"/api/v1/search?{_encoded(asked)}",
    )
    if visit.is_live:
        response.headers["hx-push-url"] = link("search", asked)
    return response


def _encoded(asked: Pairs) -> str:
    return link("search", [*asked, ("lang", language())]).partition("?")[2]


def parameters(query: str, filters: Mapping[str, Sequence[str]], sort: str) -> Pairs:
    """A search as the parameters of its address, without those that say nothing."""
    asked = [("q", query)] if query else []
    asked += [(name, value) for name in FACETS for value in filters.get(name, ())]
    return asked + ([("sort", sort)] if sort != "relevance" else [])


def page_address(asked: Pairs, number: int) -> str:
    """Address of one page of a search."""
    return link("search", [*asked, *([("page", str(number))] if number > 1 else [])])


def is_useful(facet: Facet) -> bool:
    """Whether a filter could change anything, or is chosen."""
    return len(facet.values) > 1 or any(value.selected for value in facet.values)


def chosen(results: Results, query: str, filters: Mapping[str, Sequence[str]], sort: str) -> list[Chip]:
    """Every filter that is chosen, each with the way to take it out; the query too."""
    made = (
        [Chip(_("Words"), Markup("“{}”").format(query), link("search", parameters("", filters, sort)))] if query else []
    )
    for facet in results.facets:
        for value in facet.values:
            if value.selected:
                rest = {
                    name: [v for v in values if (name, v) != (facet.name, value.value_id)]
                    for name, values in filters.items()
                }
                made.append(Chip(said(facet.title), said(value.title), link("search", parameters(query, rest, sort))))
    return made


def looser(visit: Visit, query: str, filters: Mapping[str, Sequence[str]], sort: str) -> list[Chip]:
    """Where nothing is found: what each search without one of its conditions would find, the most first."""
    tried = [(_("Words"), Markup("“{}”").format(query), "", dict(filters))] if query and filters else []
    for name in filters if query or len(filters) > 1 else ():
        title = said(titles(FACETS[name]))
        tried.append((title, title, query, {other: values for other, values in filters.items() if other != name}))
    made = [
        Chip(
            field,
            words,
            link("search", parameters(kept, rest, sort)),
            visit.library.search(kept, filters=rest, limit=0).total,
        )
        for field, words, kept, rest in tried
    ]
    return sorted((chip for chip in made if chip.total), key=lambda chip: -chip.total)


def sorts() -> dict[str, Markup]:
    """Orders of results, in words."""
    return {"relevance": _("Best match"), "title": _("Title"), "newest": _("Newest first")}


def passage(hit: Hit, query: str) -> Markup:
    """The passage in which the query was found, with the places marked."""
    words, code = languages.chosen(hit.excerpt)
    parts, at = [], 0
    for start, end in spans(words, parse_query(query), code) if query else []:
        parts += [Markup.escape(words[at:start]), Markup("<mark>{}</mark>").format(words[start:end])]
        at = end
    return languages.shown(Markup("").join([*parts, Markup.escape(words[at:])]), code)


def meta_of(visit: Visit, record: Record) -> list[Markup]:
    """What tells an entry from its neighbours in a list: type, place, year."""
    vocabularies, fields, made = visit.library.vocabularies, record.fields, []
    for name in ("types", "sectors") if record.kind in {"tool", "case"} else ():
        values = [
            said(languages.of_vocabulary(vocabularies.get(name, {}), value)) for value in fields.get(name, [])[:3]
        ]
        if values:
            made.append(languages.listed(values))
    if record.kind == "case":
        made = [Markup.escape(languages.country(code)) for code in fields.get("countries", [])[:3]] + made
    if record.kind == "organisation":
        made.append(said(languages.of_vocabulary(vocabularies.get("organisation_types", {}), fields.get("type", ""))))
    year = fields.get("developed", fields.get("years"))
    if year and year != "unknown":
        made.append(Markup.escape(str(year)))
    return made


def page_numbers(current: int, last: int) -> list[int | None]:
    """Numbers to offer, None where some are left out.

    Examples
    --------
    >>> page_numbers(6, 20)
    [1, None, 5, 6, 7, None, 20]
    >>> page_numbers(1, 3)
    [1, 2, 3]
    """
    wanted = sorted({1, last, *range(max(1, current - 1), min(last, current + 1) + 1)})
    made: list[int | None] = []
    for before, number in zip([0, *wanted], wanted, strict=False):
        if number - before == 2:
            made.append(number - 1)
        elif number - before > 2:
            made.append(None)
        made.append(number)
    return made


def index(visit: Visit) -> Response:
    """Every entry of one kind, in its order, a page at a time."""
    kind = KIND_OF[visit.request.url.path.rstrip("/").rpartition("/")[2]]
    listed = in_order([record for record in visit.library.records.values() if record.kind == kind], kind)
    size = LISTED.get(kind, ROWS)
    last = max(1, math.ceil(len(listed) / size))
    number = min(visit.page_number(), last)
    shown = listed[(number - 1) * size : number * size]
    title = kind_title(kind)
    return render(
        visit.request,
        "index.html",
        title=title if number == 1 else Markup("{} · {}").format(title, _("Page {number}").format(number=number)),
        index=number == 1,
        description=plain(_intro(kind)),
        path=FOLDERS[kind],
        kind=kind,
        heading=title,
        intro=_intro(kind),
        groups=[(letter, [record for _letter, record in rows]) for letter, rows in groupby(shown, itemgetter(0))],
        letters=letter_links(kind, [letter for letter, _record in listed], size) if kind in LETTERED else [],
        first=(number - 1) * size + 1,
        count=len(listed),
        number=number,
        numbers=page_numbers(number, last),
        address=partial(index_address, kind),
        links=_ways_in(visit, kind),
        meta=partial(meta_of, visit),
        other=_other_name,
    )


def in_order(records: Sequence[Record], kind: str) -> list[tuple[str, Record]]:
    """Entries of a kind as they are listed, each with the letter it stands under, or "" where letters are not shown."""
    if kind == "principle":
        return [("", record) for record in sorted(records, key=lambda record: record.fields.get("number", 0))]
    return [(letter if kind in LETTERED else "", record) for letter, rows in grouped(records) for record in rows]


def letter_links(kind: str, letters: Sequence[str], size: int) -> list[tuple[str, str]]:
    """Every letter with the place where it begins; "" where nothing begins with it.

    Examples
    --------
    >>> letter_links("term", ["A", "A", "C"], size=2)[:3]
    [('A', '/en/glossary#letter-A'), ('B', ''), ('C', '/en/glossary?page=2#letter-C')]
    """
    begins = {letter: index_address(kind, 1 + place // size) for place, letter in reversed(list(enumerate(letters)))}
    known = (*ascii_uppercase, *(["#"] if "#" in begins else []))
    return [(letter, f"{begins[letter]}#letter-{letter}" if letter in begins else "") for letter in known]


def index_address(kind: str, number: int) -> str:
    """Address of one page of the list of a kind.

    Examples
    --------
    >>> index_address("tool", 1), index_address("tool", 2)
    ('/en/tools', '/en/tools?page=2')
    """
    return link(FOLDERS[kind], {"page": number} if number > 1 else None)


def _intro(kind: str) -> Markup:
    return {
        "principle": _("Ten principles of good practice. Each says what it asks for, and what one would look for."),
        "tool": _(
            "Guidance, standards, ratings, models and software: when to use each, when not, why, how, and what next."
        ),
        "case": _("What was done somewhere: the need, what was done, what came of it, and what made it possible."),
        "organisation": _("Who publishes the tools, who acted in the cases, and who works together."),
        "term": _("The words of the field, in the usage of the United Nations where there is one."),
    }[kind]


def _ways_in(visit: Visit, kind: str) -> list[tuple[Markup, str, int]]:
    """Filters that divide a kind best."""
    name = {"tool": "types", "case": "sectors", "organisation": "type"}.get(kind)
    if name is None:
        return []
    facets = visit.library.search(kinds=[kind], limit=0).facets
    values = next((facet.values for facet in facets if facet.name == name), ())
    return [(said(v.title), link("search", {"kind": kind, name: v.value_id}), v.count) for v in values if v.count]


def _other_name(record: Record) -> tuple[str, str] | None:
    """The title in the other of the two full languages, where it differs."""
    other = "en" if language() == "zh" else "zh"
    words = record.title.get(other, "")
    return (words, languages.tag(other)) if words and words != plain(record.title) else None
