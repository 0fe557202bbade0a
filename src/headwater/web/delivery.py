"""What every answer goes through: limits on what is asked, security headers, compression, and "you have it already".

An ASGI layer that knows nothing of pages. Answers of known length are held, marked with a hash of their content and
compressed; streams pass as they are.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Callable, Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LONGEST_QUERY = 8_192
"""Bytes of a query string; more is refused."""

LONGEST_PATH = 2_048
LARGEST_BODY = 65_536
"""Bytes of what a reader may send; the hub takes only small requests."""

LARGEST_HELD = 8_000_000
SMALLEST_COMPRESSED = 400
COMPRESSIBLE = ("text/", "application/json", "application/xml", "application/ld+json", "image/svg+xml")

SECURITY = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "strict-origin-when-cross-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
"""Sent with every answer but style and scripts. No script or style may stand in a page itself."""

OF_FILES = ("x-content-type-options", "cross-origin-resource-policy")
"""What style and scripts are sent with: browsers heed the rest for pages only, and it would be half of a small file."""

FILES = ("/static/", "/study-style.")
"""How addresses of style and scripts begin."""

Refusal = Callable[[Request, int], Response]
"""Makes the answer to a request that is refused with a status."""


class Delivery:
    """The layer: wraps an application.

    Parameters
    ----------
    app
        What is wrapped.
    refusal
        Answers a request that is refused.
    largest_body
        Bytes that a reader may send, by a pattern that the beginning of the address has; `LARGEST_BODY` where none
        fits.
    """

    def __init__(self, app: ASGIApp, refusal: Refusal, largest_body: Mapping[str, int] | None = None) -> None:
        self.app, self.refusal = app, refusal
        self.largest_body = {re.compile(pattern): size for pattern, size in (largest_body or {}).items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        outgoing = _Outgoing(scope, send)
        path = str(scope.get("path", ""))
        largest = next((size for begin, size in self.largest_body.items() if begin.match(path)), LARGEST_BODY)
        status = _refused(scope, largest)
        if status:
            request = Request(scope, receive)
            await self.refusal(request, status)(scope, receive, outgoing.send)
            return
        await self.app(scope, _Incoming(receive, largest).receive, outgoing.send)


def _refused(scope: Scope, largest: int) -> int:
    """Status to refuse a request with before reading it; 0 to go on."""
    if len(scope.get("query_string", b"")) > LONGEST_QUERY or len(scope.get("raw_path") or b"") > LONGEST_PATH:
        return 414
    length = Headers(scope=scope).get("content-length", "0")
    if not length.isdigit():
        return 400
    return 413 if int(length) > largest else 0


class _Incoming:
    """What a reader sends, refused as soon as it is more than the limit."""

    def __init__(self, receive: Receive, largest: int) -> None:
        self._receive, self.largest, self.taken = receive, largest, 0

    async def receive(self) -> Message:
        message = await self._receive()
        self.taken += len(message.get("body", b""))
        if self.taken > self.largest:
            raise HTTPException(413)
        return message


class _Outgoing:
    """What goes back: headers added, content held, marked and compressed."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self.request, self._send = Headers(scope=scope), send
        self.method = scope["method"]
        self.is_file = str(scope.get("path", "")).startswith(FILES)
        self.start: Message | None = None
        self.body = b""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name in OF_FILES if self.is_file and message["status"] in {200, 304} else SECURITY:
                headers.setdefault(name, SECURITY[name])
            length = headers.get("content-length", "")
            if not length.isdigit() or int(length) > LARGEST_HELD or "content-encoding" in headers:
                await self._send(message)
                return
            self.start = message
            return
        if self.start is None or message["type"] != "http.response.body":
            await self._send(message)
            return
        self.body += message.get("body", b"")
        if not message.get("more_body", False):
            await self._finish(self.start)

    async def _finish(self, start: Message) -> None:
        headers = MutableHeaders(scope=start)
        body = self.body
        if start["status"] == 200 and self.method in {"GET", "HEAD"} and body:
            mark = f'W/"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
            headers.setdefault("etag", mark)
            headers.setdefault("cache-control", "no-cache")
            if _has(self.request.get("if-none-match", ""), headers["etag"]):
                start["status"], body = 304, b""
                del headers["content-length"]
                headers.raw[:] = [pair for pair in headers.raw if pair[0] != b"content-type"]
        media = headers.get("content-type", "")
        if body and media.startswith(COMPRESSIBLE):
            headers.add_vary_header("Accept-Encoding")
            if len(body) >= SMALLEST_COMPRESSED and _takes_gzip(self.request.get("accept-encoding", "")):
                body = gzip.compress(body, 6, mtime=0)
                headers["content-encoding"] = "gzip"
        if start["status"] != 304:
            headers["content-length"] = str(len(body))
        await self._send(start)
        await self._send({"type": "http.response.body", "body": b"" if self.method == "HEAD" else body})


def _has(asked: str, mark: str) -> bool:
    """Whether a reader already holds what bears a mark."""
    held = {part.strip().removeprefix("W/") for part in asked.split(",")}
    return mark.removeprefix("W/") in held or "*" in held


def _takes_gzip(accepted: str) -> bool:
    """Whether a reader takes gzip.

    Examples
    --------
    >>> _takes_gzip("br, gzip"), _takes_gzip("gzip;q=0"), _takes_gzip("")
    (True, False, False)
    """
    for part in accepted.lower().split(","):
        name, _semicolon, weight = part.strip().partition(";")
        if name.strip() in {"gzip", "*"}:
            return weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False
