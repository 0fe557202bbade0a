"""Whether addresses on the web still answer.

Asks each once, one at a time per host with a pause between, says who asks, and remembers the answers: an address that
was asked within the last days is not asked again. Addresses that lead into the machine's own or a private network are
never asked: what is to be checked may have been written by anybody.
"""

from __future__ import annotations

import ipaddress
import json
import socket
import time
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from http.client import HTTPException
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from headwater.errors import SourceError
from headwater.files import write_atomically
from headwater.words import _

WHO = "headwater-hub-check/0.1 (link check of an open catalogue; one request per address and week)"
PAUSE_S, TIMEOUT_S = 1.0, 20.0
FRESH_DAYS = 7
MOST_REDIRECTS = 5
HOSTS_AT_ONCE = 8
ASK_ANOTHER_WAY = frozenset({400, 403, 404, 405, 406, 501})
"""Answers to HEAD after which GET is tried: many servers know only GET."""
GONE = frozenset({404, 410})
SILENT = frozenset({401, 403, 429, 503})
"""Answers that say nothing about whether the page exists."""


@dataclass(frozen=True)
class Answer:
    """What came of asking an address.

    Attributes
    ----------
    state
        `ok`, `moved` (answers at another address), `dead`, or `unknown` (refused, overloaded, or out of reach).
    on
        Day it was asked, YYYY-MM-DD.
    detail
        Status, the new address, or the reason.
    """

    state: str
    on: str
    detail: str


def check_links(
    addresses: Iterable[str],
    *,
    cache: Path,
    today: date,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
    pause_s: float = PAUSE_S,
    may_ask: Callable[[str], bool] | None = None,
) -> dict[str, Answer]:
    """State of every address: from the cache where it is fresh, else by asking.

    Parameters
    ----------
    addresses
        Addresses on the web.
    cache
        JSON file that remembers answers; made if it is missing, written after every host.
    today
        Day of the check.
    progress
        Told how many of how many are done.
    pause_s
        Seconds between two requests to one host.
    may_ask
        Whether an address may be asked at all; only those outside private networks by default.

    Raises
    ------
    SourceError
        If the cache cannot be read as one.
    """
    known = _remembered(cache)
    oldest = (today - timedelta(days=FRESH_DAYS)).isoformat()
    wanted = list(dict.fromkeys(addresses))
    answers = {
        url: known[url] for url in wanted if url in known and known[url].on >= oldest and known[url].state != "unknown"
    }
    by_host: defaultdict[str, list[str]] = defaultdict(list)
    for url in wanted:
        if url not in answers:
            by_host[urlsplit(url).netloc].append(url)
    allowed = may_ask or is_public
    with ThreadPoolExecutor(HOSTS_AT_ONCE) as pool:
        jobs = [pool.submit(_ask_host, urls, today, pause_s, allowed) for urls in by_host.values()]
        for job in jobs:
            answers |= job.result()
            _remember(cache, known | answers)
            progress(len(answers), len(wanted))
    return {url: answers[url] for url in wanted}


def is_public(url: str) -> bool:
    """Whether every address that a name stands for lies outside private and local networks.

    Examples
    --------
    >>> is_public("http://127.0.0.1/"), is_public("http://10.0.0.8/"), is_public("file:///etc/passwd")
    (False, False, False)
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return False
    try:
        found = socket.getaddrinfo(parts.hostname, parts.port or 443, proto=socket.IPPROTO_TCP)
    except (OSError, UnicodeError, ValueError):
        return False
    return bool(found) and all(ipaddress.ip_address(str(item[4][0])).is_global for item in found)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Redirects are followed by us, so that each step is looked at before it is taken."""

    def redirect_request(self, *_args: object) -> None:
        """Follow none."""


_opener = urllib.request.build_opener(_NoRedirect, urllib.request.ProxyHandler())


def _ask_host(urls: list[str], today: date, pause_s: float, allowed: Callable[[str], bool]) -> dict[str, Answer]:
    answers = {}
    for i, url in enumerate(urls):
        if i:
            time.sleep(pause_s)
        answers[url] = _ask(url, today, allowed)
    return answers


def _ask(url: str, today: date, allowed: Callable[[str], bool]) -> Answer:
    on, at = today.isoformat(), url
    for _step in range(MOST_REDIRECTS + 1):
        if not allowed(at):
            return Answer("unknown", on, _("not asked: the name leads nowhere, or into a private network"))
        try:
            status, where = _status(at, "HEAD")
            if status in ASK_ANOTHER_WAY:
                status, where = _status(at, "GET")
        except (OSError, HTTPException, ValueError) as error:
            return Answer("unknown", on, f"{type(error).__name__}: {error}")
        if 300 <= status < 400 and where:
            at = urljoin(at, where)
            continue
        if status in GONE:
            return Answer("dead", on, str(status))
        if status in SILENT or status >= 400:
            return Answer("unknown", on, str(status))
        return Answer("ok", on, str(status)) if _same(at, url) else Answer("moved", on, at)
    return Answer("unknown", on, _("redirected too often"))


def _status(url: str, method: str) -> tuple[int, str]:
    request = urllib.request.Request(url, method=method, headers={"User-Agent": WHO, "Accept": "*/*"})  # noqa: S310
    try:
        with _opener.open(request, timeout=TIMEOUT_S) as response:
            return int(response.status), ""
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers.get("Location", "")


def _same(one: str, other: str) -> bool:
    """Whether two addresses differ in no more than protocol, `www.` and a slash at the end."""
    a, b = (urlsplit(url) for url in (one, other))
    hosts = [(part.hostname or "").removeprefix("www.") for part in (a, b)]
    return hosts[0] == hosts[1] and a.path.rstrip("/") == b.path.rstrip("/")


def _remembered(cache: Path) -> dict[str, Answer]:
    if not cache.exists():
        return {}
    try:
        rows: Mapping[str, Mapping[str, str]] = json.loads(cache.read_text(encoding="utf-8"))
        return {url: Answer(**row) for url, row in rows.items()}
    except (ValueError, TypeError, AttributeError) as error:
        text = _("{file} is not a cache of link checks; delete it and check again")
        raise SourceError(text.format(file=cache)) from error


def _remember(cache: Path, answers: Mapping[str, Answer]) -> None:
    rows = {url: asdict(answer) for url, answer in sorted(answers.items())}
    write_atomically(cache, lambda draft: draft.write_text(json.dumps(rows, indent=1), encoding="utf-8"))
