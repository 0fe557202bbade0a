"""The web application: a list of routes over the façades, and what every answer goes through."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.convertors import StringConvertor, register_url_convertor
from starlette.middleware import Middleware
from starlette.routing import Route

from headwater.catalogue.records import FOLDERS
from headwater.forum import Forum
from headwater.library import Library
from headwater.openid.provider import Provider
from headwater.reading import Readings
from headwater.version import __version__
from headwater.web import (
    api,
    api_studies,
    errors,
    pages_advice,
    pages_entries,
    pages_files,
    pages_front,
    pages_gaps,
    pages_search,
)
from headwater.web.delivery import Delivery
from headwater.web.limits import Limits
from headwater.web.metrics import Counted, Counts, metrics
from headwater.web.pages_accounts import ACCOUNT_PAGES
from headwater.web.pages_contribute import CONTRIBUTE_BODIES, CONTRIBUTE_PAGES
from headwater.web.pages_openid import OPENID_PAGES
from headwater.web.pages_work import LARGEST_BODIES, WORK_PAGES
from headwater.web.signed import Signed
from headwater.web.studies import STUDY_PAGES
from headwater.web.visits import page


class _Folder(StringConvertor):
    """A folder of entries in an address."""

    regex = "|".join(FOLDERS.values())


class _Citation(StringConvertor):
    """An entry with the ending of a format."""

    regex = r"[^/]+\.(?:bib|ris|csl\.json|jsonld)"


register_url_convertor("folder", _Folder())
register_url_convertor("citation", _Citation())

PAGES = [
    Route("/{language}/", page(pages_front.home)),
    Route("/{language}/about", page(pages_front.about)),
    Route("/{language}/search", page(pages_search.search)),
    Route("/{language}/wizard", page(pages_advice.wizard)),
    Route("/{language}/compare", page(pages_advice.compare)),
    Route("/{language}/gaps", page(pages_gaps.gaps)),
    Route("/{language}/gaps/tools", page(pages_gaps.tools_behind)),
    Route("/{language}/gaps.csv", page(pages_gaps.download)),
    Route("/{language}/gaps.svg", page(pages_gaps.picture)),
    *(Route(f"/{{language}}/{folder}", page(pages_search.index)) for folder in FOLDERS.values()),
    Route("/{language}/{folder:folder}/{file:citation}", page(pages_entries.citation)),
    Route("/{language}/{folder:folder}/{entry_id}", page(pages_entries.entry)),
]
"""Pages for readers, each in every language."""

FILES = [
    Route("/", pages_files.front_door),
    Route("/static/{path:path}", pages_files.static),
    Route("/health", pages_files.health),
    Route("/robots.txt", pages_files.robots),
    Route("/sitemap.xml", pages_files.sitemap),
    Route("/feed-{language}.xml", pages_files.feed),
    Route("/oai", pages_files.harvest, methods=["GET", "POST"]),
    Route("/dcat.jsonld", pages_files.dcat),
    Route("/glossary.jsonld", pages_files.glossary),
    Route("/dump.{format}", pages_files.dump),
]
"""What other systems read."""


LARGEST_TABLE = 50 * 1024 * 1024
"""Bytes of a table that a program may send."""

LARGEST = {**LARGEST_BODIES, **CONTRIBUTE_BODIES, r"/api/v1/studies/.+": LARGEST_TABLE}
"""What an address that begins so may be sent [bytes]."""

SITE_PAGES = [
    Route("/metrics", metrics), *ACCOUNT_PAGES, *OPENID_PAGES, *WORK_PAGES, *CONTRIBUTE_PAGES, *STUDY_PAGES
]  # fmt: skip
"""Pages of a site with studies and accounts; a hub alone has none of them."""


def create_app(
    library: Library, *, forum: Forum | None = None, base: str = "", provider: Provider | None = None
) -> FastAPI:
    """The application over an open library and, where there is one, a site.

    Parameters
    ----------
    library
        From `headwater.open_library`.
    forum
        From `headwater.forum.open_forum`; without it the pages are those of the hub alone.
    base
        Address under which the hub is known, for identifiers and links in files; that of each request unless given.
    provider
        Site that people may sign in through, from `headwater.openid.provider.open_provider`.
    """
    counts = Counts()
    app = FastAPI(
        title="Headwater",
        version=__version__,
        description="The hub on sustainable infrastructure: principles, tools, cases, organisations and terms.",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        middleware=[
            Middleware(Counted, counts=counts),
            Middleware(Delivery, refusal=errors.refused, largest_body=LARGEST),
            Middleware(Limits, refusal=errors.refused),
            Middleware(Signed, forum=forum, refusal=errors.not_meant),
        ],
        exception_handlers=dict(errors.HANDLERS),
    )
    app.state.library, app.state.forum, app.state.readings = library, forum, Readings()
    app.state.counts = counts
    app.state.base, app.state.provider = base.rstrip("/"), provider
    app.include_router(api.router)
    if forum is not None:
        app.include_router(api_studies.router)
    app.router.routes += [*FILES, *(SITE_PAGES if forum is not None else []), *PAGES]
    return app
