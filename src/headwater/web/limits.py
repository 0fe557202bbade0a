"""How often one may ask the API: so many requests a minute, by token or by address. An ASGI layer."""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

PER_MINUTE = 600
"""Requests a minute for somebody without a token."""

PER_MINUTE_WITH_TOKEN = 3_000
MOST_KEPT = 20_000
"""Askers that are remembered; the one that asked longest ago is forgotten first."""

Refusal = Callable[[Request, int], Response]


class Buckets:
    """A bucket of requests for each asker, that fills as time goes by."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._kept, self._lock = clock, OrderedDict[str, tuple[float, float]](), Lock()

    def take(self, who: str, per_minute: int) -> float:
        """Take one request; says how many seconds to wait where none is left, else 0.

        Examples
        --------
        >>> buckets = Buckets(clock=lambda: 0.0)
        >>> [buckets.take("a", 2) for _ in range(3)], buckets.take("b", 2)
        ([0.0, 0.0, 30.0], 0.0)
        """
        now, rate = self._clock(), per_minute / 60
        with self._lock:
            left, at = self._kept.pop(who, (float(per_minute), now))
            left = min(float(per_minute), left + (now - at) * rate)
            wait = 0.0 if left >= 1 else (1 - left) / rate
            self._kept[who] = (left - 1 if not wait else left, now)
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        return wait


class Limits:
    """The layer: wraps an application."""

    def __init__(self, app: ASGIApp, refusal: Refusal, per_minute: int = PER_MINUTE) -> None:
        self.app, self.refusal, self.per_minute = app, refusal, per_minute
        self.buckets = Buckets()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http" or not scope["path"].startswith("/api/"):
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        token = request.headers.get("authorization", "")
        address = request.client.host if request.client else ""
        who = hashlib.sha256(token.encode()).hexdigest() if token else address
        wait = self.buckets.take(who, PER_MINUTE_WITH_TOKEN if token else self.per_minute)
        if wait:
            refused = self.refusal(request, 429)
            refused.headers["retry-after"] = str(int(wait) + 1)
            await refused(scope, receive, send)
            return
        await self.app(scope, receive, send)
