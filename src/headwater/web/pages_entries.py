"""Pages of single entries: what each kind shows, in which order, with what every statement rests on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from markupsafe import Markup
from starlette.responses import Response

from headwater.catalogue import graph
from headwater.catalogue.facets import FACETS
from headwater.catalogue.records import FOLDERS, Record
from headwater.errors import NotFound
from headwater.library import Entry
from headwater.web import languages
from headwater.web.languages import _, plain, said
from headwater.web.pages_front import kind_name, kind_title
from headwater.web.pages_search import KIND_OF, meta_of
from headwater.web.visits import Visit, base_of, entry_link, first_sentence, link, render
from headwater.words import language, told

UNKNOWN = "unknown"

FACTS = {
    "tool": (
        "types", "sectors", "phases", "themes", "dimensions", "finance_view", "scales", "users", "data", "skills",
        "time", "cost", "is_open_source", "licence", "languages", "origin", "developed",
    ),
    "case": ("countries", "years", "sectors", "phases", "themes"),
    "organisation": ("type", "country"),
}  # fmt: skip
"""Fields that are shown as a table beside the text."""

VOCABULARY = {"type": "organisation_types"}
"""Vocabulary of a field, where it has another name."""

BLOCKS = {
    "tool": ("why", "how", "next"),
    "principle": ("intent", "criteria"),
    "case": ("context", "need", "done", "evidence", "lesson", "conditions"),
    "organisation": ("roles",),
    "term": ("notes",),
}
"""Statements of each kind, in order; when to use a tool, and when not, stand before them side by side."""

CITED = (("bib", "BibTeX"), ("ris", "RIS"), ("csl.json", "CSL-JSON"), ("jsonld", "JSON-LD"))
"""Formats that an entry can be had in, by the ending of its address."""


class Fact(NamedTuple):
    """One row of the table beside the text: a label, and words or links, with what they rest on."""

    label: Markup
    words: Markup
    links: Sequence[tuple[Markup, str]]
    basis: str


def entry(visit: Visit) -> Response:
    """The page of one entry."""
    kind, record_id = KIND_OF[visit.part("folder")], visit.part("entry_id")
    found = visit.library.entry(kind, record_id)
    record = found.record
    numbers = {source["id"]: number for number, source in enumerate(record.sources, start=1)}
    base = base_of(visit.request)
    return render(
        visit.request,
        "entry.html",
        title=plain(record.title),
        description=first_sentence(plain(record.summary)),
        path=f"{FOLDERS[kind]}/{record_id}",
        data=json_for_page(visit.library.linked(record.key, base=base)),
        record=record,
        kind=kind,
        kind_words=kind_name(kind),
        trail=[(kind_title(kind), link(FOLDERS[kind])), (said(record.title), "")],
        numbers=numbers,
        also=other_names(record),
        facts=facts(visit, record),
        use_when=record.fields.get("use_when", []),
        avoid_when=record.fields.get("avoid_when", []),
        blocks=[(name, heading(kind, name), record.fields[name]) for name in BLOCKS[kind] if record.fields.get(name)],
        tools={r.record_id: r for r in visit.library.records.values() if r.kind == "tool"} if kind == "tool" else {},
        links=related(found),
        similar=found.similar,
        meta=partial(meta_of, visit),
        reading=reading,
        checked=checked_words(record),
        bibtex=visit.library.cite(record.key, "bibtex", base=base),
        cited=[(words, f"{link(FOLDERS[kind])}/{record_id}.{ending}") for ending, words in CITED],
        permalink=f"{base}{entry_link(record)}",
        reviewed=visit.library.reviewed_on.get(record.key, ""),
    )


def json_for_page(said_: Mapping[str, Any]) -> Markup:
    """JSON that can stand in a page: nothing in it can end the element that holds it.

    Examples
    --------
    >>> json_for_page({"name": "</script>"})
    Markup('{"name": "\\\\u003c/script\\\\u003e"}')
    """
    text = json.dumps(said_, ensure_ascii=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 -- every character that HTML reads is escaped


def heading(kind: str, name: str) -> Markup:
    """Heading of a group of statements."""
    if kind == "principle" and name == "criteria":
        return _("What one would look for")
    return {
        "why": _("Why"),
        "how": _("How"),
        "next": _("What next"),
        "intent": _("What it calls for"),
        "context": _("The situation"),
        "need": _("What was needed"),
        "done": _("What was done"),
        "evidence": _("What came of it"),
        "lesson": _("What others can learn"),
        "conditions": _("What made it possible, and where it would not work"),
        "roles": _("What it does here"),
        "notes": _("How it is used"),
    }[name]


def label(name: str) -> Markup:
    """Label of a fact."""
    return {
        "types": _("Type"),
        "sectors": _("Sectors"),
        "phases": _("Phases"),
        "themes": _("Themes"),
        "dimensions": _("What it measures or guides"),
        "finance_view": _("View of finance"),
        "scales": _("Scale"),
        "users": _("Users"),
        "data": _("Data needed"),
        "skills": _("Skills needed"),
        "time": _("Time to a first result"),
        "cost": _("Cost"),
        "is_open_source": _("Open source"),
        "licence": _("Licence"),
        "languages": _("Languages"),
        "origin": _("Origin"),
        "developed": _("First published"),
        "countries": _("Where"),
        "years": _("Years"),
        "type": _("Type"),
        "country": _("Seat"),
        "organisations": _("Published by"),
    }[name]


def facts(visit: Visit, record: Record) -> list[Fact]:
    """Rows of the table beside the text; what is unknown says so."""
    basis = record.fields.get("basis", {})
    made = []
    if record.kind == "tool":
        named = [visit.library.records.get(f"organisation/{name}") for name in record.fields.get("organisations", [])]
        links = [(said(other.title), entry_link(other)) for other in named if other is not None]
        made.append(Fact(label("organisations"), _("unknown"), links, basis.get("organisations", "")))
    for name in FACTS.get(record.kind, ()):
        if name not in record.fields:
            continue
        given = record.fields[name]
        links = [
            words
            for value in (given if isinstance(given, list) else [given])
            if (words := _linked(visit, record.kind, name, value))
        ]
        if not links:
            continue
        made.append(Fact(label(name), Markup(""), links, basis.get(name, "")))
    return made


def _linked(visit: Visit, kind: str, name: str, value: Any) -> tuple[Markup, str] | None:
    """One value of a field in words, with the search for entries that share it."""
    if value == UNKNOWN:
        return _("unknown"), ""
    if name in {"years", "licence", "developed"}:
        return Markup.escape(value), ""
    filter_name = "countries" if name == "country" else name
    address = link("search", {"kind": kind, filter_name: value}) if filter_name in FACETS else ""
    if name in {"countries", "country", "origin"}:
        words = _("International") if value == "international" else Markup.escape(languages.country(value))
        return words, address
    if name == "languages":
        return Markup.escape(languages.tongue(value)), address
    if name == "is_open_source":
        return (_("yes") if value == "yes" else _("no")), address
    if name == "sectors" and value == "all":
        address = ""
    known = visit.library.vocabularies.get(VOCABULARY.get(name, name), {})
    return said(languages.of_vocabulary(known, value)), address


def related(found: Entry) -> list[tuple[str, Sequence[Record]]]:
    """Related entries by what they are to this one; who publishes a tool and what is like it stand elsewhere."""
    elsewhere = {told(graph.FORWARD["similar"]), told(graph.FORWARD["next"])}
    if found.record.kind == "tool":
        elsewhere.add(told(graph.BACKWARD["publishes"]))
    return [(words, records) for words, records in found.links.items() if records and words not in elsewhere]


def reading(source: Mapping[str, Any]) -> Markup:
    """What was seen of a source, and when."""
    ways = {
        "page": _("the page or publication was read"),
        "excerpt": _("a part of it was read"),
        "abstract": _("its abstract was read"),
        "repository": _("its code or documentation was read"),
        "metadata": _("its record in a registry was read"),
        "quoted": _("read as quoted elsewhere"),
        "none": _("not read"),
    }
    words = ways.get(source.get("read", "none"), ways["none"])
    return _("{what}, {day}").format(what=words, day=source["read_on"]) if source.get("read_on") else words


def checked_words(record: Record) -> Markup:
    """Whether the link of an entry answered, and when."""
    state = record.fields.get("checked", {})
    day = state.get("on", "")
    return {
        "ok": _("The link answered on {day}.").format(day=day),
        "moved": _("The link led elsewhere on {day}.").format(day=day),
        "dead": _("The link did not answer on {day}.").format(day=day),
    }.get(state.get("state", UNKNOWN), _("Whether the link answers has not been checked."))


def other_names(record: Record) -> list[str]:
    """Other names, in the current language or in English."""
    names = record.fields.get("also", {})
    return list(names.get(language(), names.get("en", [])))


def citation(visit: Visit) -> Response:
    """An entry in a format for reference managers or machines."""
    name, _dot, ending = visit.part("file").partition(".")
    kind = KIND_OF[visit.part("folder")]
    formats = {
        "bib": ("bibtex", "application/x-bibtex; charset=utf-8"),
        "ris": ("ris", "application/x-research-info-systems; charset=utf-8"),
        "csl.json": ("csl", "application/vnd.citationstyles.csl+json"),
    }
    base = base_of(visit.request)
    key = visit.library.entry(kind, name).record.key
    if ending == "jsonld":
        text = json.dumps(visit.library.linked(key, base=base), ensure_ascii=False, indent=1)
        return Response(text, media_type="application/ld+json")
    if ending not in formats:
        raise NotFound(
            _("An entry can be had as {known}.").format(known=", ".join(e for e, _words in CITED)).striptags()
        )
    format_, media = formats[ending]
    headers = {"content-disposition": f'inline; filename="{kind}-{name}.{ending}"'}
    return Response(visit.library.cite(key, format_, base=base), media_type=media, headers=headers)
