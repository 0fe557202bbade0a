"""The hub in a real browser: no accessibility faults, keyboard alone, no JavaScript, live filters, narrow windows.

Needs Playwright for Python (`make test-browser` brings it) and a Chromium: Debian's, or the one that
HEADWATER_CHROMIUM names. Skips with the reason where either is missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.web.driving import until, windows

sync_api = pytest.importorskip(
    "playwright.sync_api", reason="Playwright is missing: uv sync --frozen --inexact --group browser --group dev"
)
axe_module = pytest.importorskip(
    "axe_playwright_python.sync_playwright",
    reason="axe is missing: uv sync --frozen --inexact --group browser --group dev",
)

pytestmark = pytest.mark.browser

PAGES = {
    "home": "",
    "search": "search?q=flood&kind=tool",
    "nothing-found": "search?q=zzzz&sectors=energy",
    "tools": "tools",
    "glossary": "glossary",
    "principles": "principles",
    "tool": "tools/road-flood",
    "case": "cases/ghana-roads",
    "principle": "principles/evidence",
    "organisation": "organisations/un-body",
    "term": "glossary/hazard",
    "wizard": "wizard",
    "advice": "wizard?users=planner&sectors=transport&skills=programming",
    "choose": "compare?tool=guide",
    "compare": "compare?tool=guide&tool=road-flood&tool=old-model",
    "gaps": "gaps",
    "behind": "gaps/tools?of=dimensions:climate",
    "about": "about",
    "missing": "nothing",
}
PHONE, DESK = {"width": 320, "height": 640}, {"width": 1280, "height": 900}


@pytest.fixture
def open_page(browser: Any, server: str) -> Iterator[Any]:
    """Opens a page of the hub in a window of its own; fails if the browser complains about anything."""
    with windows(browser, excused=["404"], viewport=DESK) as opened:
        yield lambda address, **options: opened(f"{server}{address}", **options)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("code", ["en", "zh", "ar"])
@pytest.mark.parametrize("name", PAGES)
def test_no_page_has_an_accessibility_fault(open_page: Any, name: str, code: str, scheme: str) -> None:
    page = open_page(f"/{code}/{PAGES[name]}", color_scheme=scheme)
    page.evaluate("for (const group of document.querySelectorAll('details')) group.open = true")
    found = axe_module.Axe().run(page).response["violations"]
    said = [
        f"{fault['id']}: {node['html'][:160]} {node['failureSummary'][:200]}"
        for fault in found
        for node in fault["nodes"][:3]
    ]
    assert said == []


@pytest.mark.parametrize("code", ["en", "zh", "ar"])
@pytest.mark.parametrize("name", PAGES)
def test_no_page_scrolls_sideways_on_a_narrow_phone(open_page: Any, name: str, code: str) -> None:
    page = open_page(f"/{code}/{PAGES[name]}", viewport=PHONE)
    page.evaluate("for (const group of document.querySelectorAll('details')) group.open = true")
    wide = page.evaluate(
        """() => [document.documentElement.scrollWidth - innerWidth, ...[...document.querySelectorAll('body *')]
        .filter(e => !e.closest('.scroll, pre, .vh, .skip') && e.getBoundingClientRect().width > 0 &&
          (e.getBoundingClientRect().right > innerWidth + 1 || e.getBoundingClientRect().left < -1))
        .slice(0, 3).map(e => e.outerHTML.slice(0, 120))]"""
    )
    assert wide == [0]


def test_targets_are_large_enough_to_touch(open_page: Any) -> None:
    page = open_page("/en/search?q=flood&kind=tool", viewport={"width": 390, "height": 844})
    small = page.evaluate(
        """() => [...document.querySelectorAll('.nav a, .langs a, .btn, .chip, .pages a, .facets label, .foot a, '
        + 'summary, select')].map(e => [e.textContent.trim().slice(0, 30), e.getBoundingClientRect()])
        .filter(([_, box]) => box.width > 0 && box.height < 24).map(([words]) => words)"""
    )
    assert small == []


def test_keyboard_alone_finds_a_tool_and_reads_it(open_page: Any) -> None:
    page = open_page("/en/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.name") == "q"
    page.keyboard.type("road flood")
    page.keyboard.press("Enter")
    page.wait_for_url("**/en/search?**")
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "Road flood model":
            break
        shown = page.evaluate(
            "(() => { const e = document.activeElement, s = getComputedStyle(e), b = e.getBoundingClientRect(); "
            "return e === document.body || s.outlineStyle !== 'none' || b.width <= 1 "
            "|| getComputedStyle(e.nextElementSibling || e).outlineStyle !== 'none'; })()"
        )
        assert shown, "where the focus is can be seen"
    page.keyboard.press("Enter")
    page.wait_for_url("**/en/tools/road-flood")
    assert page.locator("h1").inner_text().startswith("Road flood model")


def test_keyboard_alone_goes_through_the_wizard_to_a_comparison(open_page: Any) -> None:
    page = open_page("/en/wizard")
    page.focus("input[name=sectors][value=transport]")
    page.keyboard.press("Space")
    page.focus("input[name=skills][value=none]")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.value") == "programming"
    page.focus("text=Show the tools that fit")
    page.keyboard.press("Enter")
    page.wait_for_url("**/en/wizard?**")
    page.focus("text=Put the chosen side by side")
    page.keyboard.press("Enter")
    page.wait_for_url("**/en/compare?**")
    assert page.locator("table.vs").count() >= 3


def test_everything_works_without_javascript(open_page: Any) -> None:
    page = open_page("/zh/search", java_script_enabled=False)
    page.check("#f-sectors-energy")
    page.click(".facets button")
    assert "sectors=energy" in page.url
    before = page.locator("#told").inner_text()
    page.fill("#q", "洪水")
    page.click(".seek button")
    assert "sectors=energy" in page.url
    assert page.locator("#told").inner_text() != before
    page.click("a.chip >> nth=0")
    page.click("text=能源系统模型")
    assert page.url.endswith("/zh/tools/energy-model")
    page.click(".langs a[hreflang=en]")
    assert page.locator("h1").inner_text() == "Energy system model"
    page.click("text=Compare with …")
    page.select_option("#add", "guide")
    page.click("text=Add >> nth=-1")
    assert page.locator("table.vs").count() >= 3
    page.click("a.chip >> nth=1")
    assert page.url.endswith("compare?tool=energy-model")


def test_no_script_is_fetched_before_it_is_needed_and_filters_then_answer_at_once(open_page: Any) -> None:
    page = open_page("/en/search")
    fetched = page.evaluate("performance.getEntriesByType('resource').map(e => e.name)")
    if not page.evaluate("document.querySelector('script[data-htmx]').dataset.htmx"):
        pytest.skip("htmx was not there when Headwater was built: pip install . with network")
    assert not [name for name in fetched if "vendor" in name]
    page.focus("#q")
    until(page, "window.htmx !== undefined", seconds=5)
    page.evaluate("window.kept = true")
    page.locator("#f-sectors-energy").focus()
    page.keyboard.press("Space")
    page.wait_for_url("**/en/search?sectors=energy")
    until(page, "document.querySelector('#told').textContent.includes('energy')", seconds=5)
    assert page.evaluate("window.kept") is True, "the page was not loaded again"
    assert page.evaluate("document.activeElement.id") == "f-sectors-energy", "the focus stays where it was"
    assert page.locator("#f-sectors-energy").is_checked()
    page.fill("#q", "zzzz")
    until(page, "document.querySelector('#told').textContent.startsWith('0')", seconds=5)
    page.go_back()
    page.wait_for_url("**/en/search?sectors=energy")


def test_a_filter_touched_before_the_script_came_still_counts(open_page: Any) -> None:
    page = open_page("/en/search")
    page.route("**/vendor/*", lambda route: (page.wait_for_timeout(300), route.continue_()))
    page.click("#f-sectors-energy")
    page.wait_for_url("**/en/search?sectors=energy")


@pytest.mark.parametrize("code", ["en", "ar"])
def test_print_shows_the_comparison_without_the_controls(open_page: Any, code: str) -> None:
    page = open_page(f"/{code}/compare?tool=guide&tool=road-flood")
    page.emulate_media(media="print")
    assert not page.locator("form.acts").is_visible()
    assert page.locator("table.vs >> nth=0").is_visible()
