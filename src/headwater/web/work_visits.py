"""One request for a page of work on a study: who may do what there, and what every such page shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from markupsafe import Markup
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from headwater.errors import Fault, HeadwaterError
from headwater.forum import Forum
from headwater.permissions import User, may
from headwater.settings import FILE
from headwater.store.registry import Known
from headwater.store.studies import INPUT_TABLES, SUFFIXES, read_header
from headwater.web.languages import _, plain, said
from headwater.web.pages_accounts import forum_of
from headwater.web.signature import needed_user, user_of
from headwater.web.signed import MOST_FIELDS, posted
from headwater.web.visits import Page, Visit, link, page, render
from headwater.words import LANGUAGES, catalogue, language

NAMED = ("count", "name")
"""Names of what stands in messages about changes."""

PER_PAGE = 50
"""Rows of a table on one page."""


@dataclass(frozen=True)
class Work:
    """A request for a page of work on a study that this reader may see.

    Attributes
    ----------
    visit
        The request.
    forum
        The site.
    user
        Who asks; None for whoever is not signed in.
    known
        The study in its register.
    title
        What it is called.
    """

    visit: Visit
    forum: Forum
    user: User | None
    known: Known
    title: Markup

    @property
    def study_id(self) -> str:
        """Name of the study within the site."""
        return self.known.study_id

    @property
    def editor(self) -> User:
        """Whoever asks, signed in.

        Raises
        ------
        NotAllowed
            If nobody is.
        """
        return needed_user(self.visit.request)

    def may(self, action: str) -> bool:
        """Whether this reader may do something with the study; whoever may make studies may run the packaged ones."""
        if self.known.is_packaged:
            return action in {"read_study", "run_study"} and may(self.user, "create_study")
        return may(self.user, action, self.known.access)

    def at(self, path: str = "", params: Mapping[str, Any] | None = None) -> str:
        """Address of a page of the study in the current language."""
        return link(f"studies/{quote(self.study_id)}/{path}", params)


def at_work(visit: Visit, action: str = "read_study") -> Work:
    """The study of an address, for whoever may do something with it.

    Raises
    ------
    NotFound
        If there is none, or none that this reader may know of.
    NotAllowed
        If they may read it, and not do this.
    """
    forum, user = forum_of(visit.request), user_of(visit.request)
    known = forum.study(user, visit.part("study_id"), action)
    return Work(visit, forum, user, known, title_of(known))


def title_of(known: Known) -> Markup:
    """What a study is called: its title, or its name where its header cannot be read."""
    try:
        title = read_header(known.folder).title
    except HeadwaterError:
        title = {}
    return said(title) if any(title.values()) else Markup.escape(known.study_id)


def render_work(
    work: Work, template: str, *, title: Markup | str, section: str = "", status: int = 200, **context: Any
) -> HTMLResponse:
    """A template as a page of work on a study.

    Parameters
    ----------
    work
        The visit.
    template, title, status
        As for every page.
    section
        Which of the study's pages of work it is.
    **context
        What the template shows beside.
    """
    tabs = [("tables", _("Tables")), ("run", _("Compute"))]
    if work.may("share_study"):
        tabs.append(("sharing", _("Sharing")))
    made = render(
        work.visit.request,
        template,
        title=Markup("{} · {}").format(title, plain(work.title)),
        index=False,
        status=status,
        heading=title,
        work=work,
        study_title=work.title,
        tabs=[(work.at(path), words, path == section) for path, words in tabs],
        done=work.visit.value("done"),
        in_words=in_words,
        **context,
    )
    made.headers["cache-control"] = "private, no-store"
    return made


def in_words(words: str) -> str:
    """What was changed, as it was written down in English, in the current language.

    Examples
    --------
    >>> in_words("cells changed: 3; rows added: 1")
    'cells changed: 3; rows added: 1'
    """
    known, said = catalogue(language()), []
    for part in words.split("; "):
        head, _colon, tail = part.partition(": ")
        found = next(
            (known[f"{head}: {{{name}}}"].format(**{name: tail}) for name in NAMED if f"{head}: {{{name}}}" in known),
            "",
        )
        undone = known.get("Undone: {words}") if head == "Undone" else None
        said.append(undone.format(words=in_words(tail)) if undone else found or known.get(part, part))
    return "; ".join(said)


def of_table(file: str) -> str:
    """The table that a fault's file is, "study.toml" for the header, "" for anything else.

    Examples
    --------
    >>> of_table("assets.csv"), of_table("assets"), of_table("study.toml"), of_table("hazards/x.tif")
    ('assets', 'assets', 'study.toml', '')
    """
    if file == FILE:
        return FILE
    stem = next((file.removesuffix(suffix) for suffix in SUFFIXES if file.endswith(suffix)), file)
    return stem if stem in INPUT_TABLES else ""


def place_of(work: Work, fault: Fault) -> str:
    """Address at which a fault can be mended; "" where there is none."""
    table = of_table(fault.file)
    if not table or fault.row is None:
        return work.at(f"tables/{table}") if table else ""
    number = max((fault.row - 2) // PER_PAGE + 1, 1)
    return work.at(f"tables/{table}", {"page": number} if number > 1 else None) + f"#r-{fault.row}"


def gone(work: Work, path: str, **params: Any) -> RedirectResponse:
    """Go on to a page of the study after something was changed; reloading it changes nothing again."""
    given = {name: value for name, value in params.items() if value not in {None, ""}}
    return RedirectResponse(work.at(path, given or None), status_code=303)


def _in_full(show: Callable[[Request], Any]) -> Callable[[Request], Any]:
    """Pages of work speak the full languages only; others are led to English."""

    def endpoint(request: Request) -> Any:
        code = request.path_params["language"]
        if code in LANGUAGES:
            return show(request)
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"/en/{request.url.path.removeprefix(f'/{code}/')}{query}", status_code=307)

    return endpoint


def shown(path: str, show: Page) -> Route:
    """A route of a page of work."""
    return Route(f"/{{language}}/{path}", _in_full(page(show)))


def changing(
    path: str,
    handle: Callable[[Visit, FormData], Response],
    *,
    action: str = "",
    most_fields: int = MOST_FIELDS,
) -> Route:
    """A route that changes something: whether one may do `action` with the study is asked before the form is read."""

    def first(visit: Visit) -> None:
        needed_user(visit.request)
        if action:
            at_work(visit, action)

    return Route(f"/{{language}}/{path}", posted(handle, first=first, most_fields=most_fields), methods=["POST"])
