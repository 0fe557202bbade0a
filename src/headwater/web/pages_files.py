"""What other systems read: feeds, the site map, harvesting, descriptions, everything as one file; and the assets."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response

from headwater.errors import NotFound
from headwater.library import DUMPS
from headwater.version import __version__
from headwater.web import languages
from headwater.web.assets import FOREVER, by_address
from headwater.web.visits import base_of
from headwater.words import LANGUAGES, _, speaking

LD = "application/ld+json"


def front_door(request: Request) -> Response:
    """The address of the hub without a language: on to the reader's."""
    code = languages.negotiated(request.headers.get("accept-language", ""))
    headers = {"vary": "Accept-Language", "cache-control": "no-cache"}
    return RedirectResponse(f"/{code}/", status_code=307, headers=headers)


def static(request: Request) -> Response:
    """A static file; ready compressed where the reader takes it."""
    asset = by_address().get(request.url.path)
    if asset is None:
        raise NotFound(_("There is no such file."))
    headers = {"cache-control": FOREVER, "vary": "Accept-Encoding", "etag": f'"{asset.address.split(".")[-2]}"'}
    if request.headers.get("if-none-match") == headers["etag"]:
        return Response(status_code=304, headers=headers)
    if asset.compressed and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(asset.compressed, media_type=asset.media, headers={**headers, "content-encoding": "gzip"})
    return Response(asset.content, media_type=asset.media, headers=headers)


def health(request: Request) -> Response:
    """Whether the hub answers, and what it holds."""
    library = request.app.state.library
    return JSONResponse(
        {"status": "ok", "version": __version__, "entries": len(library.records)}, headers={"cache-control": "no-store"}
    )


def feed(request: Request) -> Response:
    """What is new, as RSS."""
    code = request.path_params["language"]
    if code not in languages.KNOWN:
        raise NotFound(_("There is no such feed."))
    with speaking(code):
        return Response(request.app.state.library.feed(base=base_of(request)), media_type="application/rss+xml")


def sitemap(request: Request) -> Response:
    """Every page, for search engines."""
    return Response(request.app.state.library.sitemap(base=base_of(request)), media_type="application/xml")


def robots(request: Request) -> Response:
    """What search engines may read: every page, but not every search."""
    hidden = "".join(f"Disallow: /{code}/{path}?\n" for code in LANGUAGES for path in ("search", "wizard", "compare"))
    return PlainTextResponse(f"User-agent: *\n{hidden}Disallow: /api/\n\nSitemap: {base_of(request)}/sitemap.xml\n")


async def harvest(request: Request) -> Response:
    """OAI-PMH 2.0: a request in the address, or sent as a form."""
    asked = (await request.body()).decode("ascii", "replace") if request.method == "POST" else request.url.query
    pairs = parse_qsl(asked, keep_blank_values=True)
    said = await run_in_threadpool(request.app.state.library.oai, pairs, base=base_of(request))
    return Response(said, media_type="text/xml")


def dcat(request: Request) -> Response:
    """The catalogue described as a data set."""
    return Response(
        json.dumps(request.app.state.library.dcat(base=base_of(request)), ensure_ascii=False), media_type=LD
    )


def glossary(request: Request) -> Response:
    """All terms as SKOS."""
    return Response(
        json.dumps(request.app.state.library.glossary(base=base_of(request)), ensure_ascii=False), media_type=LD
    )


def dump(request: Request) -> Response:
    """Everything as one file."""
    format_ = request.path_params["format"]
    if format_ not in DUMPS:
        raise NotFound(_("Everything can be had as {known}.").format(known=", ".join(DUMPS)))
    headers = {"content-disposition": f'attachment; filename="headwater-hub.{format_}"'}
    return Response(request.app.state.library.dump(format_), media_type=DUMPS[format_], headers=headers)
