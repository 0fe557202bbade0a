"""How the site is doing, for whoever watches it: requests by status, how long they took, jobs by state, memory.

In the text format of Prometheus, at `/metrics`, for an administrator's token or whoever works alone.
"""

from __future__ import annotations

import resource
import sys
import time
from collections import Counter
from threading import Lock

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from headwater.forum import Forum
from headwater.permissions import check_allowed
from headwater.version import __version__
from headwater.web.signature import user_of

BOUNDS_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the classes that times of answers are counted in [s]."""


class Counts:
    """Counts since the server was started."""

    def __init__(self) -> None:
        self.statuses: Counter[int] = Counter()
        self.within: Counter[float] = Counter()
        self.seconds = 0.0
        self.started = time.time()
        self._lock = Lock()

    def add(self, status: int, seconds: float) -> None:
        """Count one answer."""
        with self._lock:
            self.statuses[status] += 1
            self.seconds += seconds
            for bound in BOUNDS_S:
                if seconds <= bound:
                    self.within[bound] += 1


class Counted:
    """The layer: wraps an application and counts its answers."""

    def __init__(self, app: ASGIApp, counts: Counts) -> None:
        self.app, self.counts = app, counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500

        async def told(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, told)
        finally:
            self.counts.add(status, time.perf_counter() - began)


def metrics(request: Request) -> Response:
    """The figures, as text."""
    check_allowed(user_of(request), "read_metrics")
    forum: Forum = request.app.state.forum
    return PlainTextResponse(
        figures(request.app.state.counts, forum.job_counts()), media_type="text/plain; version=0.0.4"
    )


def figures(counts: Counts, jobs: dict[str, int]) -> str:
    """Counts in the text format of Prometheus.

    Parameters
    ----------
    counts
        Answers since the server was started.
    jobs
        Jobs by state.
    """
    total = sum(counts.statuses.values())
    lines = [
        f'headwater_info{{version="{__version__}"}} 1',
        f"headwater_uptime_seconds {time.time() - counts.started:.0f}",
    ]
    lines += [f'headwater_requests_total{{status="{status}"}} {n}' for status, n in sorted(counts.statuses.items())]
    lines += [f'headwater_request_seconds_bucket{{le="{bound}"}} {counts.within[bound]}' for bound in BOUNDS_S]
    lines += [f'headwater_request_seconds_bucket{{le="+Inf"}} {total}', f"headwater_request_seconds_count {total}"]
    lines += [f"headwater_request_seconds_sum {counts.seconds:.6f}"]
    lines += [f'headwater_jobs{{state="{state}"}} {n}' for state, n in sorted(jobs.items())]
    lines += [f"headwater_memory_peak_bytes {_peak_bytes()}"]
    return "\n".join(lines) + "\n"


def _peak_bytes() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
