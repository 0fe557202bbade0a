"""Choosing a tool: the wizard, and tools side by side. Everything asked is in the address, so it can be shared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from markupsafe import Markup
from starlette.responses import Response

from headwater.catalogue.compare import LEAST, MOST, Cell, Comparison, Row
from headwater.catalogue.navigator import Question
from headwater.catalogue.records import Record
from headwater.web.languages import _, collation, listed, plain, told
from headwater.web.visits import Visit, entry_link, link, render

SHOWN = 8
"""Tools that the wizard shows in full; the rest stand in a list."""

Pairs = list[tuple[str, str]]
ENTRIES = {
    "organisations": "organisation",
    "principles": "principle",
    "supersedes": "tool",
    "similar": "tool",
    "cases": "case",
}
"""Fields of a comparison whose values are entries, with their kind."""


def wizard(visit: Visit) -> Response:
    """Which tool, when and why: the questions, and once some are answered the tools with the reasons."""
    library = visit.library
    questions: Sequence[Question] = library.questions()
    parts = [part for question in questions for part in question.parts]
    answers = {part.name: visit.values(part.name) for part in parts if visit.values(part.name)}
    answers = {name: [value for value in values if value != "unknown"] for name, values in answers.items()}
    answers = {name: values for name, values in answers.items() if values}
    advice = library.recommend(answers) if answers else None
    asked = [(name, value) for name, values in answers.items() for value in values]
    return render(
        visit.request,
        "wizard.html",
        title=_("Which tool, when and why?"),
        description=_(
            "Answer six questions; get tools ranked with reasons, cautions and what was left out."
        ).striptags(),
        index=not answers,
        questions=questions,
        answers=answers,
        advice=advice,
        answered=[row for row, part in zip(advice.told, parts, strict=False) if part.name in answers] if advice else [],
        shown=advice.suggestions[:SHOWN] if advice else [],
        rest=advice.suggestions[SHOWN:] if advice else [],
        lifted=lambda miss: link("wizard", _lifted(answers, miss.part, miss.lift)),
        api="/api/v1/recommend?" + link("wizard", asked).partition("?")[2],
        sent=bool(visit.request.url.query),
    )


def _lifted(answers: Mapping[str, Sequence[str]], part: str, lift: Sequence[str]) -> Pairs:
    """Answers with those to one part exchanged."""
    return [(name, value) for name, values in {**answers, part: list(lift)}.items() for value in values]


class Shown(NamedTuple):
    """One cell of a comparison: items of words, each with an address or none, and what it rests on."""

    items: Sequence[tuple[Markup, str, str]]
    is_known: bool


def compare(visit: Visit) -> Response:
    """Tools side by side; with fewer than two, the choice of them."""
    names = [name.removeprefix("tool/") for name in visit.values("tool")]
    tools = {record.record_id: record for record in visit.library.records.values() if record.kind == "tool"}
    if len(names) == 1 and names[0] not in tools:
        visit.library.entry("tool", names[0])  # says what is near
    comparison: Comparison | None = visit.library.compare(names) if len(names) >= LEAST else None
    chosen = [tools[name] for name in names if name in tools]
    rest = sorted(
        (record for name, record in tools.items() if name not in names),
        key=lambda record: collation(plain(record.title)),
    )
    near = visit.library.entry("tool", names[0]).similar if len(names) == 1 else []
    return render(
        visit.request,
        "compare.html",
        title=_("Tools side by side") if not chosen else " · ".join(plain(record.title) for record in chosen),
        index=not names,
        heading=_("Tools side by side"),
        chosen=chosen,
        rest=rest if len(names) < MOST else [],
        near=near,
        without=lambda name: link("compare", [("tool", other) for other in names if other != name]),
        also=lambda record: link("compare", [("tool", other) for other in (*names, record.record_id)]),
        comparison=comparison,
        sections=_sections(visit, comparison) if comparison else [],
        alone=_alone(comparison) if comparison else [],
        most=MOST,
        api="/api/v1/compare?" + link("compare", [("tool", name) for name in names]).partition("?")[2],
    )


def _sections(visit: Visit, comparison: Comparison) -> list[tuple[Markup, list[tuple[Row, list[Shown]]]]]:
    """Rows under their headings, with cells ready to be shown."""
    found: dict[str, list[tuple[Row, list[Shown]]]] = {}
    for row in comparison.rows:
        cells = [_shown(visit, row, cell, tool) for cell, tool in zip(row.cells, comparison.tools, strict=True)]
        found.setdefault(row.section, []).append((row, cells))
    return [(told(section), rows) for section, rows in found.items()]


def _shown(visit: Visit, row: Row, cell: Cell, tool: Record) -> Shown:
    kind = ENTRIES.get(row.field, "")
    bases = cell.bases or ("",) * len(cell.words)
    values = cell.values if len(cell.values) == len(cell.words) else ("",) * len(cell.words)
    items = []
    for words, value, basis in zip(cell.words, values, bases, strict=False):
        other = visit.library.records.get(f"{kind}/{value}") if kind else None
        items.append((told(words), entry_link(other) if other else "", _mark(basis, tool)))
    return Shown(items, cell.is_known)


def _mark(basis: str, tool: Record) -> str:
    """What a statement rests on: the number of a source of its entry, or the basis itself."""
    numbers = {source["id"]: str(number) for number, source in enumerate(tool.sources, start=1)}
    return numbers.get(basis, basis)


def _alone(comparison: Comparison) -> list[tuple[Record, list[tuple[Markup, Markup]]]]:
    """What only one tool has, tool by tool."""
    found = []
    for tool in comparison.tools:
        rows = [
            (told(one.title), listed([told(words) for words in one.words]))
            for one in comparison.alone
            if one.key == tool.key
        ]
        if rows:
            found.append((tool, rows))
    return found
