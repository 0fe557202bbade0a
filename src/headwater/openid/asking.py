"""Requests to a provider: JSON comes back, within limits of time and size. No redirect is followed."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from http.client import HTTPException, HTTPResponse
from typing import Any
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPHandler, HTTPSHandler, OpenerDirector, ProxyHandler, Request

from headwater.errors import SourceError
from headwater.openid.settings import LOOPBACK, is_trusted_address
from headwater.version import __version__

WHO = f"headwater/{__version__}"
TIMEOUT_S, DEADLINE_S = 5.0, 10.0
"""How long a provider may be silent, and may take for one answer [s]."""

MOST_BYTES = 256 * 1024
PIECE = 16 * 1024


def ask(
    address: str, *, form: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
) -> tuple[int, dict[str, Any]]:
    """Ask a provider; says the status and the JSON object that came, empty where an error came with something else.

    Parameters
    ----------
    address
        By TLS, or on this machine.
    form
        What to send; nothing is sent unless given.
    headers
        To send with it.

    Raises
    ------
    SourceError
        If nothing comes in time, too much comes, or it is not a JSON object; says which, and no secret.
    """
    if not is_trusted_address(address):
        raise SourceError("address")
    body = urlencode(form).encode() if form is not None else None
    request = Request(  # noqa: S310 (the scheme was looked at)
        address, data=body, headers={"User-Agent": WHO, "Accept": "application/json", **(headers or {})}
    )
    try:
        with _opener(address).open(request, timeout=TIMEOUT_S) as response:
            status, content = int(response.status), _content(response)
    except (OSError, HTTPException, ValueError) as error:
        raise SourceError(type(error).__name__) from error
    try:
        told = json.loads(content)
    except (ValueError, RecursionError):
        told = None
    if isinstance(told, dict):
        return status, told
    if status == 200:
        raise SourceError("json")
    return status, {}


def _opener(address: str) -> OpenerDirector:
    """What sends a request and brings back any answer as it is: it knows no redirects and no other protocols."""
    opener = OpenerDirector()
    is_here = urlsplit(address).hostname in LOOPBACK
    for handler in (ProxyHandler({} if is_here else None), HTTPHandler(), HTTPSHandler()):
        opener.add_handler(handler)
    return opener


def _content(response: HTTPResponse) -> bytes:
    """What came, piece by piece, so that a slow drip ends too.

    Raises
    ------
    SourceError
        If it is too much or takes too long.
    """
    until, content = time.monotonic() + DEADLINE_S, b""
    while piece := response.read1(PIECE):
        content += piece
        if len(content) > MOST_BYTES:
            raise SourceError("size")
        if time.monotonic() > until:
            raise SourceError("time")
    return content
