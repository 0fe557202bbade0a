"""Links, asked of a server on this machine."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from headwater.errors import SourceError
from headwater.sources.links import WHO, check_links, is_public

TODAY = date(2026, 11, 28)


class Site(BaseHTTPRequestHandler):
    asked: list[tuple[str, str, str]]

    def answer(self) -> None:
        self.asked.append((self.command, self.path, self.headers["User-Agent"]))
        status = {"/gone": 404, "/busy": 503, "/moved": 301, "/slash": 302, "/loop": 302, "/inside": 302}.get(
            self.path, 200
        )
        if self.path == "/get-only" and self.command == "HEAD":
            status = 405
        self.send_response(status)
        where = {"/moved": "/new", "/slash": "/slash/", "/loop": "/loop", "/inside": "http://10.0.0.1/"}.get(self.path)
        if where:
            self.send_header("Location", where)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_GET = answer  # noqa: N815 (names of the base class)

    def log_message(self, *_words: object) -> None:
        """Say nothing."""


@pytest.fixture
def site() -> Iterator[str]:
    Site.asked = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def check(site: str, *paths: str, cache: Path, today: date = TODAY) -> dict[str, str]:
    here = [site + path for path in paths]
    found = check_links(here, cache=cache, today=today, pause_s=0, may_ask=lambda url: url.startswith(site))
    return {url.removeprefix(site): answer.state for url, answer in found.items()}


def test_what_answers_moved_and_is_gone(site: str, tmp_path: Path) -> None:
    paths = ("/", "/gone", "/busy", "/moved", "/slash", "/loop", "/get-only", "/inside")
    assert check(site, *paths, cache=tmp_path / "links.json") == {
        "/": "ok", "/gone": "dead", "/busy": "unknown", "/moved": "moved", "/slash": "ok", "/loop": "unknown",
        "/get-only": "ok", "/inside": "unknown",
    }  # fmt: skip
    assert {who for _verb, _path, who in Site.asked} == {WHO}


def test_nobody_is_asked_twice_within_a_week(site: str, tmp_path: Path) -> None:
    cache = tmp_path / "links.json"
    check(site, "/", "/gone", "/busy", cache=cache)
    Site.asked.clear()
    check(site, "/", "/gone", cache=cache, today=date(2026, 12, 3))
    assert Site.asked == []
    check(site, "/busy", cache=cache)
    assert [path for _verb, path, _who in Site.asked] == ["/busy"], "an answer that says nothing is not kept"
    check(site, "/", cache=cache, today=date(2026, 12, 20))
    assert [path for _verb, path, _who in Site.asked] == ["/busy", "/"]


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://localhost/",
        "http://[::1]/",
        "http://10.1.2.3/",
        "http://169.254.169.254/latest",
        "ftp://example.org/",
        "https:///x",
    ],
)
def test_addresses_inside_are_never_asked(url: str) -> None:
    assert not is_public(url)


def test_an_address_inside_is_unknown_and_says_why(site: str, tmp_path: Path) -> None:
    found = check_links([f"{site}/"], cache=tmp_path / "links.json", today=TODAY)
    (answer,) = found.values()
    assert (answer.state, Site.asked) == ("unknown", [])
    assert "private network" in answer.detail


def test_a_spoilt_cache_is_said(tmp_path: Path) -> None:
    (tmp_path / "links.json").write_text("[1", encoding="utf-8")
    with pytest.raises(SourceError, match=r"links\.json"):
        check_links([], cache=tmp_path / "links.json", today=TODAY)
