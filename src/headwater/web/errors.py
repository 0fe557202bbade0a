"""What went wrong, as an answer: one table from type to status, a page in the reader's language, JSON for programs.

A traceback never leaves the machine.
"""

from __future__ import annotations

import logging
import re
import tempfile
from pathlib import Path
from typing import Any

from fastapi.exceptions import RequestValidationError
from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Match

from headwater.catalogue.records import FOLDERS
from headwater.errors import (
    Conflict,
    HeadwaterError,
    InputError,
    NoRoom,
    NotAllowed,
    NotFound,
    SchedulerError,
    SolveError,
    SourceError,
    TableError,
)
from headwater.files import is_full, no_room
from headwater.web import languages
from headwater.web.languages import _, said
from headwater.web.visits import entry_link, render
from headwater.words import speaking

_KEY = re.compile(rf"(?:{'|'.join(FOLDERS)})/[a-z0-9-]+")

STATUS: dict[type[Exception], int] = {
    TableError: 422,
    Conflict: 409,
    InputError: 400,
    NotFound: 404,
    NotAllowed: 403,
    SourceError: 503,
    SchedulerError: 503,
    NoRoom: 507,
    SolveError: 422,
    HeadwaterError: 500,
}
"""Status by type of error; the first type in the error's ancestry that is listed wins."""


def status_of(error: Exception) -> int:
    """Status for an error; 500 for one that nobody foresaw.

    Examples
    --------
    >>> status_of(NotFound("tool/x")), status_of(ZeroDivisionError())
    (404, 500)
    """
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def titles(status: int) -> tuple[str, str]:
    """What a status means to a reader, and what to do."""
    known = {
        400: (_("We could not understand the request"), _("Check the address, or start from the search.")),
        403: (_("This is not open to you"), _("If you should be able to see it, ask whoever keeps this hub.")),
        404: (
            _("There is nothing here"),
            _("The address may be old or mistyped. Search, or choose from the list below."),
        ),
        405: (_("This page cannot be used in that way"), _("Open it in a browser, or read about the API.")),
        409: (
            _("Somebody else changed it meanwhile"),
            _("Nothing was overwritten. Read it again, then make your change."),
        ),
        413: (_("That is too large to send"), _("Send less at once.")),
        414: (_("The address is too long"), _("Shorten the search, or take out some filters.")),
        422: (_("Something in the request is not right"), _("What is wrong is listed below.")),
        429: (_("Too many requests"), _("Wait a minute, then go on.")),
        500: (
            _("Something went wrong on our side"),
            _("It has been written down. Try again; if it happens again, tell us what you did."),
        ),
        503: (_("This is out of reach for the moment"), _("Try again in a few minutes.")),
        507: (
            _("The disk of this site is full"),
            _("Nothing was changed. Tell whoever keeps the site to make room on its disk, then send it again."),
        ),
    }
    return known.get(status) or known[500 if status >= 500 else 400]


def answer(request: Request, status: int, message: str = "") -> Response:
    """The answer to a request that failed: JSON under `/api`, a page elsewhere.

    Parameters
    ----------
    request
        What was asked.
    status
        HTTP status.
    message
        What is wrong, for the reader.
    """
    with speaking(_language(request)):
        title, remedy = titles(status)
        if request.url.path.startswith("/api/"):
            said = {"status": status, "error": languages.plain(title), "message": message or languages.plain(remedy)}
            return JSONResponse(said, status_code=status, headers={"cache-control": "no-store"})
        lines = [_with_links(request, line) for line in message.split("\n")] if message else []
        made = render(
            request, "error.html", title=title, status=status, path="", index=False, remedy=remedy, lines=lines,
            number=status,
        )  # fmt: skip
        made.headers["cache-control"] = "no-store"
        return made


def _with_links(request: Request, message: str) -> Markup:
    """A message in which the entries that it names can be followed."""
    records, made, at = request.app.state.library.records, Markup(""), 0
    for match in _KEY.finditer(message):
        record = records.get(match[0])
        if record is not None:
            made += Markup('{}<a href="{}">{}</a>').format(
                message[at : match.start()], entry_link(record), said(record.title)
            )
            at = match.end()
    return made + message[at:]


def not_meant(request: Request, message: str) -> Response:
    """The answer to a request of somebody who is not let in, or that another site made a browser send."""
    return answer(request, 403, message)


def refused(request: Request, status: int) -> Response:
    """The answer to a request that is refused before it is read."""
    return answer(request, status)


def of_ours(request: Request, error: Exception) -> Response:
    """An error that Headwater raised on purpose: its message is for the reader, unless it is the machine's affair."""
    status = status_of(error)
    if isinstance(error, NoRoom):
        logging.getLogger(__name__).error("%s", error)  # names the disk to whoever keeps it
    return answer(request, status, "" if status >= 500 else str(error))


def of_http(request: Request, error: Exception) -> Response:
    """An error of the protocol: no such page, a method that is not allowed."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    made = answer(request, status)
    for name, value in (getattr(error, "headers", None) or {}).items():
        made.headers[name] = value
    if status == 405:
        made.headers["allow"] = ", ".join(_methods_here(request))
    return made


def _methods_here(request: Request) -> list[str]:
    """Every method that some route of the address takes; the router itself names those of the first only."""
    scope = {**request.scope, "path": request.url.path}
    matching = (route for route in request.app.routes if route.matches(scope)[0] != Match.NONE)
    return sorted({method for route in matching for method in getattr(route, "methods", None) or ()})


def of_system(request: Request, error: Exception) -> Response:
    """An error of the system: a disk that is full is known, the others nobody foresaw."""
    if not is_full(error):
        raise error
    return of_ours(request, no_room(Path(tempfile.gettempdir())))


def of_parameters(request: Request, error: Exception) -> Response:
    """Parameters of the API that are not what they should be: every fault at once."""
    faults = error.errors() if isinstance(error, RequestValidationError) else []
    lines = [f"{'.'.join(str(part) for part in fault['loc'][1:])}: {fault['msg']}" for fault in faults]
    return answer(request, 422, "\n".join(lines))


def of_anything(request: Request, error: Exception) -> Response:  # noqa: ARG001 -- it goes to the log, not to the reader
    """An error that nobody foresaw."""
    return answer(request, 500)


HANDLERS: dict[int | type[Exception], Any] = {
    HeadwaterError: of_ours,
    HTTPException: of_http,
    RequestValidationError: of_parameters,
    OSError: of_system,
    Exception: of_anything,
}
"""What answers for each type of error."""


def _language(request: Request) -> str:
    """The language of the address, or one that the reader accepts."""
    code = request.url.path.lstrip("/").partition("/")[0]
    if code in languages.KNOWN:
        return code
    asked = request.query_params.get("lang", "")
    return asked if asked in languages.KNOWN else languages.negotiated(request.headers.get("accept-language", ""))
