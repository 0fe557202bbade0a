"""Pages of sign-in through another site: the way there, the way back, and which account it opens.

What is kept while somebody is there lies in a sealed cookie of ten minutes: state, nonce, verifier, the language, and
the page to go on to. The state is used up when they come back, whatever comes of it. The way there is a link and not a
form, since the content security policy lets no form lead to another site.
"""

from __future__ import annotations

import secrets
import time

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from headwater.errors import Conflict, NotAllowed, NotFound, SourceError
from headwater.openid.claims import Vouched
from headwater.openid.provider import Begun, Provider
from headwater.openid.settings import BACK
from headwater.web import languages
from headwater.web.errors import status_of
from headwater.web.languages import _
from headwater.web.pages_accounts import account_page, address_of, after, forum_of, local, sign_in_page, text
from headwater.web.signature import needed_user, user_of
from headwater.web.signed import COOKIE, posted, sealed, sign, unsealed
from headwater.web.visits import Visit, link, page
from headwater.words import language, speaking

WAY = "headwater-way"
"""Cookie of what is kept while somebody is at the other site."""

LONGEST_WAY_S = 600


def provider_of(request: Request) -> Provider:
    """The site that people may sign in through.

    Raises
    ------
    NotFound
        If there is none.
    """
    provider = getattr(request.app.state, "provider", None)
    if not isinstance(provider, Provider):
        raise NotFound(_("There is no page at this address.").striptags())
    return provider


def go(visit: Visit) -> Response:
    """On to the other site."""
    request, on = visit.request, local(visit.value("on"))
    forum, provider = forum_of(request), provider_of(request)
    if forum.needs_setup:
        return RedirectResponse(link("set-up"), status_code=303)
    if user_of(request) is not None:
        return RedirectResponse(on or link("account"), status_code=303)
    try:
        forum.check_may_try(None, address_of(request))
        begun = provider.begin()
    except (NotAllowed, SourceError) as error:
        made = sign_in_page(request, on=on, message=str(error), status=status_of(error))
        made.headers["cache-control"] = "no-store"
        return made
    return _keep(RedirectResponse(begun.address, status_code=303), request, begun, on=on)


def come_back(request: Request) -> Response:
    """Back from the other site: signed in, linked, or told why not."""
    forum, provider = forum_of(request), provider_of(request)
    way = unsealed(request.cookies.get(WAY, ""), provider.settings.seal, now=time.time())
    code = way["language"] if way else languages.negotiated(request.headers.get("accept-language", ""))
    with speaking(code):
        try:
            forum.check_may_try(None, address_of(request))
            made = _arrive(request, way)
        except (NotAllowed, SourceError, Conflict) as error:
            made = _turned_away(request, way, error)
    made.delete_cookie(WAY, path=BACK, secure=provider.settings.is_safe, httponly=True, samesite="lax")
    made.headers["cache-control"] = "no-store"
    return made


def do_link(visit: Visit, form: FormData) -> Response:
    """Begin to link one's own account; the password is asked for, and the way there shown as a link."""
    request, user = visit.request, needed_user(visit.request)
    provider, address = provider_of(request), address_of(request)
    try:
        spare = forum_of(request).sign_in(user.name, text(form, "password", 1000), address=address)
        forum_of(request).sign_out(spare)
        begun = provider.begin()
    except (NotAllowed, SourceError) as error:
        return account_page(visit, message=str(error), status=status_of(error))
    return _keep(account_page(visit, onward=begun.address), request, begun, holder=str(user.user_id))


def do_part(visit: Visit, _form: FormData) -> Response:
    """Part one's own account from the other site."""
    user = needed_user(visit.request)
    forum_of(visit.request).part_from_elsewhere(user, str(user.user_id))
    return after("account", "parted")


def do_part_user(visit: Visit, _form: FormData) -> Response:
    """Part an account from the other site, for whoever keeps accounts."""
    forum_of(visit.request).part_from_elsewhere(needed_user(visit.request), visit.part("user_id"))
    return after("users", "parted")


def _arrive(request: Request, way: dict[str, str] | None) -> Response:
    forum, provider = forum_of(request), provider_of(request)
    answer = _answer(request)
    stale = _("This way in was used before, was open for too long, or did not begin here. Begin again.").striptags()
    if way is None:  # nothing was tried, and a page of somebody else's can send a browser here as often as it likes
        raise NotAllowed(stale)
    try:
        if not _is_same(answer.get("state", ""), way["state"]) or not forum.use_once(way["state"]):
            raise NotAllowed(stale)
        somebody = provider.vouch(answer, nonce=way["nonce"], verifier=way["verifier"])
        if way["holder"]:
            return _linked(request, somebody, way["holder"])
        secret = forum.signed_in_from_elsewhere(
            somebody.subject,
            name=somebody.name,
            shown_name=somebody.shown_name,
            email=somebody.email,
            address=address_of(request),
        )
    except NotAllowed:
        forum.note_failed(address_of(request))
        raise
    old = request.cookies.get(COOKIE)
    if old:
        forum.sign_out(old)  # a session that was there before is never taken over
    return sign(RedirectResponse(way["on"] or link("account"), status_code=303), request, secret)


def _linked(request: Request, somebody: Vouched, holder: str) -> Response:
    """Link the account of whoever began to; a session that is another's by now links nothing."""
    user = user_of(request)
    if user is None or user.user_id != holder:
        raise NotAllowed(_("Sign in to do this.").striptags())
    forum_of(request).link_elsewhere(user, somebody.subject)
    return after("account", "linked")


def _turned_away(request: Request, way: dict[str, str] | None, error: Exception) -> Response:
    """The page that somebody began on, with what went wrong; its links do not hold what the other site sent."""
    bare = Request({**request.scope, "query_string": b""}, request.receive)
    status = status_of(error)
    if way and way["holder"] and user_of(request) is not None:
        return account_page(Visit(bare, request.app.state.library), message=str(error), status=status)
    return sign_in_page(bare, on=way["on"] if way else "", message=str(error), status=status)


def _keep(response: Response, request: Request, begun: Begun, *, on: str = "", holder: str = "") -> Response:
    """Have the browser keep what is needed when it is back."""
    values = {
        "state": begun.state,
        "nonce": begun.nonce,
        "verifier": begun.verifier,
        "language": language(),
        "on": on,
        "holder": holder,
    }
    settings = provider_of(request).settings
    response.set_cookie(
        WAY,
        sealed(values, settings.seal, until=time.time() + LONGEST_WAY_S),
        max_age=LONGEST_WAY_S,
        path=BACK,
        secure=settings.is_safe,
        httponly=True,
        samesite="lax",
    )
    response.headers["cache-control"] = "no-store"
    return response


def _answer(request: Request) -> dict[str, str]:
    """What the browser brought back; a parameter that stands there twice is none."""
    given = request.query_params
    return {name: given[name] for name in ("state", "code", "error", "iss") if len(given.getlist(name)) == 1}


def _is_same(given: str, kept: str) -> bool:
    return secrets.compare_digest(given.encode(errors="replace"), kept.encode())


OPENID_PAGES = [
    Route("/{language}/sign-in/vouched", page(go)),
    Route(BACK, come_back),
    Route("/{language}/account/vouched", posted(do_link), methods=["POST"]),
    Route("/{language}/account/vouched/part", posted(do_part), methods=["POST"]),
    Route("/{language}/users/{user_id}/part", posted(do_part_user), methods=["POST"]),
]
"""Addresses of sign-in through another site."""
