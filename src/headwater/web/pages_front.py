"""The front of the hub: what it is for and where to begin; and how it is made."""

from __future__ import annotations

from typing import NamedTuple

from markupsafe import Markup
from starlette.responses import Response

from headwater.catalogue.facets import Facet
from headwater.catalogue.records import FOLDERS, KINDS, Record
from headwater.library import Library
from headwater.web.languages import _, said
from headwater.web.visits import Visit, render

SHOWN_NEW = 8
SHOWN_USERS = 8
SAMPLES = ("flood", "基于自然的解决方案", "road", "biodiversity", "融资")
"""Searches offered on the front page: short ones, in both languages."""


BEGUN_WITH = ("which-first", "climate-risk", "nature-solutions", "worth", "paying", "people")
"""Decisions that the front page offers to begin with."""


class Row(NamedTuple):
    """A value with how many tools have it."""

    value: str
    words: Markup
    means: Markup
    tools: int
    width: float


def kind_title(kind: str) -> Markup:
    """What entries of a kind are called, together."""
    return {
        "principle": _("Principles"),
        "tool": _("Tools"),
        "case": _("Cases"),
        "organisation": _("Organisations"),
        "term": _("Glossary"),
    }[kind]


def kind_name(kind: str) -> Markup:
    """What one entry of a kind is called."""
    return {
        "principle": _("Principle"),
        "tool": _("Tool"),
        "case": _("Case study"),
        "organisation": _("Organisation"),
        "term": _("Term"),
    }[kind]


def home(visit: Visit) -> Response:
    """The first page."""
    library = visit.library
    records = library.records.values()
    counted = {facet.name: facet for facet in library.search(kinds=["tool"], limit=0).facets}
    phases = rows(library, counted.get("phases"), "phases")
    upstream = {value_id for value_id, value in library.vocabularies.get("phases", {}).items() if value.upstream}
    decisions = next(
        (part.options for question in library.questions() for part in question.parts if part.name == "decision"), ()
    )
    tools = sum(record.kind == "tool" for record in records)
    return render(
        visit.request,
        "home.html",
        title=_("Headwater: sustainable infrastructure, planned upstream"),
        description=_(
            "Principles, tools and cases of sustainable infrastructure: which to use, when, why and how."
        ).striptags(),
        path="",
        samples=SAMPLES,
        decisions=[option for option in decisions if option.value_id in BEGUN_WITH],
        counts=[(kind_title(kind), FOLDERS[kind], sum(r.kind == kind for r in records)) for kind in KINDS],
        cycle=[
            (
                _("Upstream: before what is built, and where, is settled"),
                "up",
                [row for row in phases if row.value in upstream],
            ),
            (_("Downstream: after that"), "down", [row for row in phases if row.value not in upstream]),
        ],
        users=[row for row in rows(library, counted.get("users"), "users") if row.tools][:SHOWN_USERS] if tools else [],
        principles=sorted((r for r in records if r.kind == "principle"), key=lambda r: r.fields.get("number", 0)),
        newest=[(record, kind_name(record.kind)) for record in newest(library)],
    )


def rows(library: Library, facet: Facet | None, vocabulary: str) -> list[Row]:
    """Every value of a vocabulary in its order, with how many tools have it."""
    counts = {value.value_id: value.count for value in facet.values} if facet else {}
    most = max(counts.values(), default=0) or 1
    return [
        Row(
            value_id,
            said(value.title),
            said(value.means),
            counts.get(value_id, 0),
            round(100 * counts.get(value_id, 0) / most, 1),
        )
        for value_id, value in library.vocabularies.get(vocabulary, {}).items()
    ]


def newest(library: Library) -> list[Record]:
    """Tools and cases whose sources were read last; of the same day one kind beside the other."""
    days = library.reviewed_on
    by_kind = {
        kind: sorted((r for r in library.records.values() if r.kind == kind), key=lambda r: days[r.key], reverse=True)
        for kind in ("tool", "case")
    }
    half = SHOWN_NEW // 2
    cases = by_kind["case"][:half]
    return by_kind["tool"][: SHOWN_NEW - len(cases)] + cases


def about(visit: Visit) -> Response:
    """How the hub is made, what its marks mean, in which formats it can be had."""
    records = visit.library.records
    tool = next((record for record in records.values() if record.kind == "tool"), None)
    return render(
        visit.request,
        "about.html",
        title=_("About this hub"),
        description=_(
            "How entries are made and checked, what the marks of evidence mean, licences, formats and the API."
        ).striptags(),
        total=len(records),
        tool=tool,
    )
