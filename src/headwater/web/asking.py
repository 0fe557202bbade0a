"""An application asked without a network or a server: one request, one answer, in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from anyio.from_thread import start_blocking_portal
from starlette.types import ASGIApp, Message


@dataclass(frozen=True)
class Answer:
    """What an application answered: HTTP status, headers by name in lower case, and the body."""

    status: int
    headers: dict[str, str]
    body: bytes


@contextmanager
def asking(app: ASGIApp) -> Iterator[Callable[[str], Answer]]:
    """A function that asks an application for an address by GET; a fault of the application's own is raised.

    The application runs in a thread of its own, so that it can be asked from anywhere, a notebook too.
    """
    with start_blocking_portal() as portal:
        yield lambda address: portal.call(_asked, app, address)


async def _asked(app: ASGIApp, address: str) -> Answer:
    parts = urlsplit(address)
    raw = quote(parts.path, safe="/%~")
    scope: dict[str, Any] = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": unquote(raw), "raw_path": raw.encode(), "query_string": parts.query.encode(), "root_path": "",
        "headers": [(b"host", b"localhost")], "client": ("127.0.0.1", 1), "server": ("localhost", 80), "state": {},
    }  # fmt: skip
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in sent[0].get("headers", [])}
    return Answer(sent[0]["status"], headers, b"".join(message.get("body", b"") for message in sent[1:]))
