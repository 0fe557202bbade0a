"""Pages of studies to read: the list, the overview in one screen, and each chapter of the report."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup
from starlette.responses import Response

from headwater.errors import NotFound
from headwater.permissions import may
from headwater.reading import Reading
from headwater.reports.content import Figure, Section
from headwater.reports.document import CHAPTER_TITLES
from headwater.study_views import downloads, places, points, sketches, state
from headwater.study_views.state import kept
from headwater.web.languages import _
from headwater.web.pages_accounts import forum_of
from headwater.web.signature import user_of
from headwater.web.study_style import style
from headwater.web.study_visits import CHAPTER_NAMES, StudyVisit, opened, render_study
from headwater.web.visits import Visit, render
from headwater.words import language, told

HEAVY = 2_600
"""Compressed bytes of a drawing beyond which it is fetched when it comes into view."""

MOST_DRAWN = 4_500
"""Compressed bytes of drawings that a page holds at once; the rest are fetched when they come into view."""


@dataclass(frozen=True)
class Piece:
    """A block of a chapter, with the address of its drawing where that is fetched apart (else ""), and its number."""

    block: Any
    apart: str
    number: int


def studies(visit: Visit) -> Response:
    """Every study that this reader may see."""
    forum, user = forum_of(visit.request), user_of(visit.request)
    cards = []
    for known in forum.studies(user):
        jobs = forum.jobs(user, known.study_id)
        cards.append((known, state.glance(known.folder, known.out), state.at_work(jobs)))
    return render(
        visit.request,
        "study_list.html",
        title=_("Studies"),
        description=_("Studies of countries: the system, what threatens it, whom it serves, the options and the plan."),
        study_style=style().address,
        cards=cards,
        may_create=may(user, "create_study"),
    )


def overview(visit: Visit) -> Response:
    """A study in one screen."""
    study = opened(visit)
    reading = study.reading
    has_content = not reading.faults
    return render_study(
        study,
        "study_overview.html",
        title=study.reading.study.title,
        chapter="answer",
        answer=reading.chapter("answer") if has_content else None,
        picture=key_map(reading) if has_content else "",
        chapters=chapter_list(study) if has_content else [],
        offers=downloads.offers(reading),
        has_front=has_content and bool(points.candidates(reading)),
        summary=reading.study.header.summary,
    )


def key_map(reading: Reading) -> Markup:
    """The system by sector, small."""
    return kept(reading, ("key map", language()), lambda: _key_map(reading))


def _key_map(reading: Reading) -> Markup:
    content = reading.content
    found = [sketches.Drawn(content.outline, "ground")] if content.outline is not None else []
    for name in places.layer_names(reading):
        if name.startswith("sector-"):
            shapes = places.feature_table(reading, name).geometry
            lines = shapes[shapes.geom_type.str.contains("Line")]
            dots = shapes[shapes.geom_type.str.contains("Point")] if lines.empty else shapes.iloc[:0]
            if name == "sector-social":
                continue
            found.append(sketches.Drawn(lines if len(lines) else dots, name, 3.5))
    return sketches.small_map(found, name="key-map", title=_("The system, by sector").striptags())


def chapter(visit: Visit) -> Response:
    """A chapter of the report."""
    study = opened(visit)
    name = visit.part("chapter")
    found = _chapter(study, name)
    order = CHAPTER_NAMES.index(name)
    listed = chapter_list(study)
    return render_study(
        study,
        "study_chapter.html",
        title=found.title,
        chapter=name,
        found=found,
        pieces=pieces(study, found),
        chapters=listed,
        previous=listed[order - 1] if order else None,
        following=listed[order + 1] if order + 1 < len(listed) else None,
    )


def figure(visit: Visit) -> Response:
    """One figure of a chapter, whole."""
    study = opened(visit)
    name = visit.part("chapter")
    found = _chapter(study, name)
    figures = [block for block in found.blocks if isinstance(block, Figure)]
    number = int(visit.part("number")) if visit.part("number").isdigit() else 0
    if not 1 <= number <= len(figures):
        raise NotFound(_("There is no such figure.").striptags())
    return render_study(
        study, "study_figure.html", title=figures[number - 1].title, chapter=name, found=found,
        piece=Piece(figures[number - 1], "", number),
    )  # fmt: skip


def _chapter(study: StudyVisit, name: str) -> Section:
    if name not in CHAPTER_NAMES:
        raise NotFound(_("There is no page at this address.").striptags())
    return study.reading.chapter(name)


def pieces(study: StudyVisit, found: Section) -> list[Piece]:
    """Blocks of a chapter, heavy drawings apart."""
    made, number, drawn = [], 0, 0
    for block in found.blocks:
        apart = ""
        if isinstance(block, Figure):
            number += 1
            weight = kept(
                study.reading,
                ("weight", found.name, number, language()),
                lambda b=block: _weight(b),  # type: ignore[misc]
            )
            if weight > HEAVY or drawn + weight > MOST_DRAWN:
                apart = study.at(f"{found.name}/figure-{number}")
            else:
                drawn += weight
        made.append(Piece(block, apart, number))
    return made


def _weight(block: Figure) -> int:
    return len(gzip.compress(f"{block.wide}{block.narrow}".encode(), 6))


def chapter_list(study: StudyVisit) -> Sequence[tuple[str, str, str]]:
    """Chapters: name, title, address."""
    return [(name, told(CHAPTER_TITLES[name]), study.at(name)) for name in CHAPTER_NAMES]
