"""Pages over a slow line in a real browser: 400 kbit/s with 200 ms on the way, nothing fetched before.

How many bytes of content travel, and how many with the heads of answers; when the page can be read (it has shown words,
and all of it is there); when the map can be moved. Needs what `test_browser` needs, and skips with the reason where it
is missing. The figures are printed with `-s`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from tests.web.driving import DRAWING, served
from tests.web.site import finished, site, traded

from headwater.library import Library
from headwater.web.assets import assets

sync_api = pytest.importorskip(
    "playwright.sync_api", reason="Playwright is missing: uv sync --frozen --inexact --group browser --group dev"
)

pytestmark = pytest.mark.browser

FLAGS = DRAWING

LINE = {"offline": False, "latency": 200, "downloadThroughput": 50_000, "uploadThroughput": 50_000}
"""Bytes a second and milliseconds."""

LIGHT, WITH_MAP = 25_000, 350_000
"""Bytes of content that may travel at a first load: without a map, and with one."""

READABLE_S, MOVABLE_S = 5.0, 15.0
PAGES = {
    "hub front": "",
    "list of tools": "tools",
    "entry": "tools/climada",
    "study overview": "studies/{study}/",
    "plan explorer": "studies/{study}/plan-explorer",
}


@dataclass
class Line:
    """What has travelled over a line: bytes of every answer by its address, of heads, and what is still on its way."""

    bytes: dict[str, int] = field(default_factory=dict)
    heads: int = 0
    waiting: dict[str, str] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """Bytes of all answers, heads and content."""
        return sum(self.bytes.values())

    @property
    def content(self) -> int:
        """Bytes of the content of all answers."""
        return self.total - self.heads

    def __str__(self) -> str:
        return f"{self.content / 1000:.1f} kB ({self.total / 1000:.1f} with heads) in {len(self.bytes)} answers"


@pytest.fixture(scope="module")
def study(root: Path) -> str:
    """A national study where its results are there, else Toytown."""
    return next(iter(finished(root)), "toytown")


@pytest.fixture(scope="module")
def server(
    real_library: Library, study: str, root: Path, toy_results: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The site on a free port; its address."""
    made = traded(root, toy_results, tmp_path_factory)
    app = site(real_library, tmp_path_factory.mktemp("slow"), root, made)
    with served(app) as address:
        for code in ("en", "zh"):  # a site that is up has been read before: the line is measured, not the first reading
            for page in (*PAGES.values(), "studies/{study}/map"):
                with urlopen(f"{address}/{code}/{page.format(study=study)}") as answer:  # noqa: S310 (our own server)
                    assert answer.status == 200
        yield address


@pytest.fixture
def open_slowly(browser: Any, server: str) -> Iterator[Callable[[str], tuple[Any, Line]]]:
    """Opens a page over a slow line in a browser that has seen nothing yet."""
    contexts: list[Any] = []

    def opened(address: str) -> tuple[Any, Line]:
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        contexts.append(context)
        page, line = context.new_page(), Line()
        session = context.new_cdp_session(page)
        session.send("Network.enable")
        session.send("Network.emulateNetworkConditions", LINE)
        session.on("Network.requestWillBeSent", lambda e: line.waiting.update({e["requestId"]: e["request"]["url"]}))
        session.on("Network.responseReceived", lambda e: _begun(line, e["response"]))
        session.on("Network.loadingFinished", lambda e: _travelled(line, e))
        page.goto(f"{server}{address}", wait_until="load")
        return page, line

    yield opened
    for context in contexts:
        context.close()


def _begun(line: Line, response: Any) -> None:
    if response["url"].startswith("http"):
        line.heads += int(response["encodedDataLength"])


def _travelled(line: Line, event: Any) -> None:
    address = line.waiting.pop(event["requestId"], "")
    if address.startswith("http"):
        line.bytes[address] = line.bytes.get(address, 0) + int(event["encodedDataLength"])


def until_quiet(page: Any, line: Line) -> None:
    """Wait until nothing has travelled for a second: what a page fetches when seen is a part of its first load."""
    before = -1
    while before != line.total or any(address.startswith("http") for address in line.waiting.values()):
        before = line.total
        page.wait_for_timeout(1000)


def readable_s(page: Any) -> tuple[float, float]:
    """When the first words were seen, and when the whole page could be read [s]."""
    for _ in range(200):
        if page.evaluate("performance.getEntriesByName('first-contentful-paint').length"):
            break
        page.wait_for_timeout(50)
    painted, whole = page.evaluate(
        """() => [performance.getEntriesByName('first-contentful-paint')[0].startTime,
        performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd]"""
    )
    return painted / 1000, max(painted, whole) / 1000


def test_the_line_is_slow(open_slowly: Callable[[str], tuple[Any, Line]]) -> None:
    """Otherwise the other tests here say nothing."""
    page, line = open_slowly("/en/about")
    took = page.evaluate(
        """async () => { const began = performance.now(); await (await fetch('/glossary.jsonld')).blob();
        return (performance.now() - began) / 1000; }"""
    )
    page.wait_for_timeout(200)
    size = next(size for address, size in line.bytes.items() if address.endswith("/glossary.jsonld"))
    assert size > 20_000
    assert took > size / 50_000


@pytest.mark.parametrize("code", ["en", "zh"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_light_and_soon_readable(
    open_slowly: Callable[[str], tuple[Any, Line]],
    study: str,
    name: str,
    code: str,
    record_property: Callable[[str, object], None],
) -> None:
    page, line = open_slowly(f"/{code}/{PAGES[name].format(study=study)}")
    until_quiet(page, line)
    painted, whole = readable_s(page)
    told = f"{line}, words after {painted:.1f} s, whole after {whole:.1f} s"
    record_property(f"{name} {code}", told)
    print(f"\n{name} ({study}, {code}): {told}")
    assert page.locator("h1").inner_text()
    assert line.content <= LIGHT, line.bytes
    assert whole <= READABLE_S


@pytest.mark.parametrize("code", ["en", "zh"])
def test_a_map_is_soon_readable_and_then_moves(
    open_slowly: Callable[[str], tuple[Any, Line]],
    study: str,
    code: str,
    record_property: Callable[[str, object], None],
) -> None:
    if "vendor/maplibre-gl.js" not in assets():
        pytest.skip("MapLibre is not there: it is taken from its package when Headwater is installed")
    page, line = open_slowly(f"/{code}/studies/{study}/map")
    painted, whole = readable_s(page)
    assert page.locator("#layer-list a").count()
    assert page.locator("#layer-sketch svg, #map canvas").count()
    movable = moving_s(page)
    until_quiet(page, line)
    told = f"{line}, words after {painted:.1f} s, drawing and list after {whole:.1f} s, moves after {movable:.1f} s"
    record_property(f"map {code}", told)
    print(f"\nmap ({study}, {code}): {told}")
    assert line.content <= WITH_MAP, line.bytes
    assert whole <= READABLE_S
    assert movable <= MOVABLE_S


def moving_s(page: Any) -> float:
    """When the map shows its layer and can be moved [s]."""
    for _ in range(600):
        shown = page.evaluate(
            """() => document.getElementById('map').dataset.shown && window.studyMap.areTilesLoaded()
            && window.studyMap.isSourceLoaded('data') ? performance.now() / 1000 : 0"""
        )
        if shown:
            return float(shown)
        page.wait_for_timeout(50)
    raise AssertionError("the map never moved")
