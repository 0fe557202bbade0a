"""One request for a page of a study: the study as it stands, who may see it, and what every such page shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import quote

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from headwater.forum import Forum
from headwater.permissions import may
from headwater.reading import Reading
from headwater.reports.document import CHAPTERS
from headwater.store.registry import Known
from headwater.study_views import state
from headwater.study_views.guidance import Bearing, bearings, cases_of
from headwater.web.languages import _, plain, said
from headwater.web.pages_accounts import forum_of
from headwater.web.pages_front import kind_name
from headwater.web.signature import user_of
from headwater.web.study_style import style
from headwater.web.visits import Page, Visit, link, page, render
from headwater.words import LANGUAGES, language

CHAPTER_NAMES = tuple(chapter.__name__.replace("_", "-") for chapter in CHAPTERS)


@dataclass(frozen=True)
class StudyVisit:
    """A request for a page of a study that this reader may see.

    Attributes
    ----------
    visit
        The request.
    forum
        The site.
    known
        The study in its register.
    reading
        The study as it stands.
    """

    visit: Visit
    forum: Forum
    known: Known
    reading: Reading

    @property
    def study_id(self) -> str:
        """Name of the study within the site."""
        return self.known.study_id

    @cached_property
    def job(self) -> Mapping[str, Any] | None:
        """The job that waits or runs for this study."""
        return state.at_work(self.forum.jobs(user_of(self.visit.request), self.study_id))

    @property
    def may_run(self) -> bool:
        """Whether this reader may have the study computed."""
        user = user_of(self.visit.request)
        return may(user, "create_study") if self.known.is_packaged else may(user, "run_study", self.known.access)

    def at(self, path: str = "", params: Mapping[str, Any] | Sequence[tuple[str, str]] | None = None) -> str:
        """Address of a page of this study in the current language."""
        return study_link(self.study_id, path, params)

    def guidance(self, chapter: str) -> tuple[list[Bearing], list[Any]]:
        """Entries of the hub that bear on a chapter, and cases tied to them."""
        library = self.visit.library
        found = bearings(library.records, chapter)
        return found, cases_of(library.records, library.index.links, found)


def study_link(study_id: str, path: str = "", params: Any = None) -> str:
    """Address of a page of a study in the current language.

    Examples
    --------
    >>> study_link("ghana", "map")
    '/en/studies/ghana/map'
    """
    return link(f"studies/{quote(study_id)}/{path}", params)


def opened(visit: Visit, action: str = "read_study") -> StudyVisit:
    """The study of an address, for whoever may see it.

    Raises
    ------
    NotFound
        If there is none, or none that this reader may know of.
    NotAllowed
        If they may read it, and not do this.
    """
    forum = forum_of(visit.request)
    known = forum.study(user_of(visit.request), visit.part("study_id"), action)
    return StudyVisit(visit, forum, known, visit.request.app.state.readings.open(known.folder, known.out))


def study_page(show: Page) -> Callable[[Request], Response]:
    """A function of a visit as an endpoint; studies speak the full languages only, others are led to English."""
    shown = page(show)

    def endpoint(request: Request) -> Response:
        code = request.path_params["language"]
        if code in LANGUAGES:
            return shown(request)
        rest = request.url.path.removeprefix(f"/{code}/")
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"/en/{rest}{query}", status_code=307)

    return endpoint


def study_route(path: str, show: Page) -> Route:
    """A route of a study's page: `path` follows the address of the study."""
    return Route(f"/{{language}}/studies/{{study_id}}/{path}", study_page(show))


SECTIONS = ("", "map", "plan-explorer", "compare", "results/")


def section_title(path: str) -> Markup:
    """Title of a part of a study's pages."""
    return {
        "": _("Overview"),
        "map": _("Map"),
        "plan-explorer": _("Plan explorer"),
        "compare": _("Compare plans"),
        "results/": _("All results"),
    }[path]


def render_study(
    study: StudyVisit, template: str, *, title: Markup | str, section: str = "", chapter: str = "", **context: Any
) -> HTMLResponse:
    """A template as a page of a study.

    Parameters
    ----------
    study
        The visit.
    template
        Name of the template.
    title
        Of the page.
    section
        Which of `SECTIONS` it belongs to.
    chapter
        The chapter it shows, or the page of guidance it takes.
    **context
        What the template shows beside.
    """
    header = study.reading.study.header
    name = said(header.title) if header.title else Markup.escape(study.study_id)
    found, cases = study.guidance(chapter) if chapter else ([], [])
    whole = title if not section and not chapter else Markup("{} · {}").format(title, plain(name))
    made = render(
        study.visit.request,
        template,
        title=whole,
        index=study.known.access.is_public and not study.visit.request.url.query,
        study_style=style().address,
        study=study,
        study_id=study.study_id,
        study_title=name,
        study_facts=state.facts(header),
        at=study.at,
        sections=[(path, section_title(path), study.at(path)) for path in SECTIONS],
        section=section,
        standing=state.standing(study.reading),
        job=study.job,
        may_run=study.may_run,
        faults=study.reading.faults,
        bears=found,
        kind_name=kind_name,
        bear_cases=cases,
        code=language(),
        **context,
    )
    if not study.known.access.is_public:
        made.headers["cache-control"] = "private, no-cache"
    return made
