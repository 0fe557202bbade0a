"""Who asks: sessions, tokens, and the proof that a request was meant.

An ASGI layer finds out who asks and refuses what another site made a browser send. Forms are read by `posted`, which
wants the page's own word (`csrf`) besides; every address that changes something is made with it. Programs sign with a
token, which no browser sends by itself, and need no such word.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from headwater.errors import NotAllowed, NotFound
from headwater.forum import Forum
from headwater.permissions import EVERYONE_ALONE
from headwater.web import languages
from headwater.web.signature import Signature, signature_of
from headwater.web.visits import Visit
from headwater.words import _, speaking

COOKIE = "headwater"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
OPEN_TO_OTHERS = frozenset({"/oai"})
"""Addresses that other sites may send to: they change nothing."""

LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost", "::1", "testserver"})
"""Names under which whoever works alone may ask; another name may lead here from a page of somebody else's."""

MOST_FIELDS, MOST_FILES = 2_000, 40


Refusal = Callable[[Request, str], Response]


class Signed:
    """The layer: wraps an application."""

    def __init__(self, app: ASGIApp, forum: Forum | None, refusal: Refusal) -> None:
        self.app, self.forum, self.refusal = app, forum, refusal
        self._word = secrets.token_urlsafe(24)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            self._check_host(request)
            signature = await run_in_threadpool(self._signature, request)
            _check_meant(request, signature)
        except NotAllowed as error:
            await self.refusal(request, str(error))(scope, receive, send)
            return
        request.state.signature = signature
        await self.app(scope, receive, send)

    def _check_host(self, request: Request) -> None:
        """Whoever works alone is asked for under a name of this machine only."""
        if self.forum is not None and self.forum.is_alone and request.url.hostname not in LOCAL_HOSTS:
            raise NotAllowed(
                _("This site serves one person on one machine. Start it with --accounts to let others in.")
            )

    def _signature(self, request: Request) -> Signature:
        if self.forum is None:
            return Signature()
        given = request.headers.get("authorization", "")
        if given[:7].lower() == "bearer ":
            holder = self.forum.token_holder(given[7:].strip())
            if holder is None:
                raise NotAllowed(_("The token is not known, is over, or was revoked."))
            return Signature(holder[0], "", by_token=True, may_write=holder[1])
        if self.forum.is_alone:
            return Signature(EVERYONE_ALONE, self._word)
        found = self.forum.session(request.cookies.get(COOKIE, "")) if COOKIE in request.cookies else None
        return Signature(*found) if found else Signature(None, self._word)


def _check_meant(request: Request, signature: Signature) -> None:
    """Raise where another site made a browser send something that changes things, or a token may only read."""
    if request.method in SAFE:
        return
    if signature.by_token:
        if not signature.may_write:
            raise NotAllowed(_("This token may only read."))
        return
    if request.url.path in OPEN_TO_OTHERS:
        return
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    is_ours = (
        site in {"same-origin", "none"}
        if site
        else origin is None or urlsplit(origin).netloc == request.headers.get("host")
    )
    if not is_ours:
        raise NotAllowed(_("This came from another site. Open the page here and send it again."))


def check_word(request: Request, form: FormData) -> None:
    """Raise unless a form carries the word of the page that it stood on.

    Raises
    ------
    NotAllowed
        Saying to open the page anew.
    """
    word = signature_of(request).csrf
    given = str(form.get("csrf") or request.headers.get("x-csrf-token") or "")
    if not word or not secrets.compare_digest(given.encode(), word.encode()):
        raise NotAllowed(
            _("The page was open for too long, or this came from another site. Open the page again and send once more.")
        )


Posting = Callable[[Visit, FormData], Response]


def posted(
    handle: Posting, *, first: Callable[[Visit], object] | None = None, most_fields: int = MOST_FIELDS
) -> Callable[[Request], Awaitable[Response]]:
    """A function of a visit and a form as an endpoint for POST: the form is read and its word checked before it runs.

    Parameters
    ----------
    handle
        The function.
    first
        Raises where this reader may not do it at all: asked before anything that is sent is read.
    most_fields
        Fields that a form may have.
    """

    @wraps(handle)
    async def endpoint(request: Request) -> Response:
        code = request.path_params["language"]
        if code not in languages.KNOWN:
            raise NotFound(_("There is no page at this address."))
        visit = Visit(request, request.app.state.library)
        if first is not None:
            await run_in_threadpool(_asked, code, first, visit)
        async with request.form(max_fields=most_fields, max_files=MOST_FILES) as form:
            with speaking(code):
                check_word(request, form)
                return await run_in_threadpool(_spoken, code, handle, visit, form)

    endpoint.changes_something = True  # type: ignore[attr-defined]
    return endpoint


def _asked(code: str, first: Callable[[Visit], object], visit: Visit) -> None:
    with speaking(code):
        first(visit)


def _spoken(code: str, handle: Posting, visit: Visit, form: FormData) -> Response:
    with speaking(code):
        return handle(visit, form)


def sealed(values: Mapping[str, str], key: bytes, *, until: float) -> str:
    """Values as a browser may keep them for us: it can read them, and change nothing without being found out.

    Parameters
    ----------
    values
        What is kept.
    key
        What only this site knows.
    until
        When they are no longer taken [seconds since 1970].

    Examples
    --------
    >>> kept = sealed({"on": "/en/"}, b"key", until=100)
    >>> unsealed(kept, b"key", now=99), unsealed(kept, b"key", now=100), unsealed(kept, b"other", now=99)
    ({'on': '/en/'}, None, None)
    """
    words = json.dumps({"until": until, "values": dict(values)}, separators=(",", ":")).encode()
    text = base64.urlsafe_b64encode(words).decode()
    return f"{text}.{hmac.new(key, text.encode(), hashlib.sha256).hexdigest()}"


def unsealed(kept: str, key: bytes, *, now: float) -> dict[str, str] | None:
    """Values that `sealed` made; None where they were changed, are over, or are none."""
    text, _dot, mark = kept.partition(".")
    right = hmac.new(key, text.encode(errors="replace"), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(right.encode(), mark.encode(errors="replace")):
        return None
    told = json.loads(base64.urlsafe_b64decode(text))
    return {str(name): str(value) for name, value in told["values"].items()} if now < told["until"] else None


def sign(response: Response, request: Request, secret: str) -> Response:
    """Give a session to a reader's browser: no script sees it, no other site sends it."""
    response.set_cookie(
        COOKIE,
        secret,
        max_age=14 * 24 * 3600,
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )
    return response


def unsign(response: Response, request: Request) -> Response:
    """Take the session from a reader's browser."""
    response.delete_cookie(COOKIE, path="/", secure=request.url.scheme == "https", httponly=True, samesite="lax")
    return response
