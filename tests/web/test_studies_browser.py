"""Pages of studies in a real browser: the map clicked through; the explorer moved, constrained, compared and shared;
reloads, keyboard alone, no JavaScript, phones; no accessibility faults.

Needs what `test_browser` needs, and skips with the reason where it is missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.web.driving import DRAWING, served, until, windows
from tests.web.site import finished, site, traded

from headwater.library import Library
from headwater.web.assets import assets

sync_api = pytest.importorskip(
    "playwright.sync_api", reason="Playwright is missing: uv sync --frozen --inexact --group browser --group dev"
)
axe_module = pytest.importorskip(
    "axe_playwright_python.sync_playwright",
    reason="axe is missing: uv sync --frozen --inexact --group browser --group dev",
)

pytestmark = pytest.mark.browser

FLAGS = DRAWING

PAGES = {
    "list": "",
    "overview": "toytown/",
    "no-results": "blank/",
    "faults": "spoilt/",
    "system": "toytown/system",
    "risk": "toytown/risk",
    "choice": "toytown/choice",
    "figure": "toytown/choice/figure-1",
    "map": "toytown/map",
    "place": "toytown/places/r_ab",
    "explorer": "toytown/plan-explorer",
    "bounded": "toytown/plan-explorer/point-1?b.initial_cost_usd=500000&pin=plan-low",
    "nothing-to-explore": "blank/plan-explorer",
    "point-map": "toytown/plan-explorer/point-1/map",
    "compare": "toytown/compare?with=point-1&with=plan-low&with=plan-high",
    "results": "toytown/results/",
    "result": "toytown/results/front",
    "no-result": "blank/results/front",
}
PHONE, DESK = {"width": 320, "height": 640}, {"width": 1280, "height": 900}


@pytest.fixture(scope="module")
def server(library: Library, root: Path, toy_results: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The site on a free port; its address."""
    made = traded(root, toy_results, tmp_path_factory)
    app = site(library, tmp_path_factory.mktemp("served"), root, made)
    with served(app) as address:
        yield address


@pytest.fixture
def open_page(browser: Any, server: str) -> Iterator[Any]:
    """Opens a page of the site in a window of its own; fails if the browser complains about anything."""
    with windows(browser, excused=["404"], levels=["error"], viewport=DESK) as opened:
        yield lambda address, **options: opened(f"{server}{address}", **options)


def here(page: Any) -> str:
    return str(page.locator(".here h2").inner_text())


def moving(page: Any) -> None:
    """Wait until the moving map shows its layer."""
    if "vendor/maplibre-gl.js" not in assets():
        pytest.skip("MapLibre is not there: it is taken from its package when Headwater is installed")
    until(page, "!!document.getElementById('map').dataset.shown")
    until(page, "window.studyMap.areTilesLoaded() && window.studyMap.isSourceLoaded('data')")


# --- for everybody ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("code", ["en", "zh"])
@pytest.mark.parametrize("name", PAGES)
def test_no_page_has_an_accessibility_fault(open_page: Any, name: str, code: str, scheme: str) -> None:
    page = open_page(f"/{code}/studies/{PAGES[name]}", color_scheme=scheme)
    if name == "map":
        moving(page)
    page.evaluate("for (const group of document.querySelectorAll('details')) group.open = true")
    page.wait_for_timeout(300)
    found = axe_module.Axe().run(page).response["violations"]
    said = [
        f"{fault['id']}: {node['html'][:160]} {node['failureSummary'][:240]}"
        for fault in found
        for node in fault["nodes"][:3]
    ]
    assert said == []


@pytest.mark.parametrize("code", ["en", "zh"])
@pytest.mark.parametrize("name", PAGES)
def test_no_page_scrolls_sideways_on_a_narrow_phone(open_page: Any, name: str, code: str) -> None:
    page = open_page(f"/{code}/studies/{PAGES[name]}", viewport=PHONE)
    page.evaluate("for (const group of document.querySelectorAll('details')) group.open = true")
    wide = page.evaluate(
        """() => [document.documentElement.scrollWidth - innerWidth, ...[...document.querySelectorAll('body *')]
        .filter(e => !e.closest('.scroll, pre, .vh, .skip, svg, #map') && e.getBoundingClientRect().width > 0 &&
          (e.getBoundingClientRect().right > innerWidth + 1 || e.getBoundingClientRect().left < -1))
        .slice(0, 3).map(e => e.outerHTML.slice(0, 120))]"""
    )
    assert wide == [0]


@pytest.mark.parametrize("page_name", ["overview", "explorer", "map", "compare"])
def test_targets_are_large_enough_to_touch(open_page: Any, page_name: str) -> None:
    page = open_page(f"/en/studies/{PAGES[page_name]}", viewport={"width": 390, "height": 844})
    small = page.evaluate(
        """() => [...document.querySelectorAll('.study-nav a, .btn, .chip, .layers label, .places a, select, summary, '
        + 'input[type=range], .files a, .chapters li')]
        .map(e => [e.textContent.trim().slice(0, 30), e.getBoundingClientRect()])
        .filter(([_, box]) => box.width > 0 && box.height < 24).map(([words]) => words)"""
    )
    assert small == []


# --- drawings that are fetched when they are seen -----------------------------------------------------------------


def test_a_heavy_drawing_comes_when_it_is_seen(open_page: Any) -> None:
    page = open_page("/en/studies/toytown/compare")
    page.locator(".maps").scroll_into_view_if_needed()
    until(
        page,
        "document.querySelectorAll('.maps .drawn > svg').length === document.querySelectorAll('.maps > li').length",
    )


def test_without_a_script_it_is_a_link_to_its_own_page(open_page: Any) -> None:
    page = open_page("/en/studies/toytown/compare", java_script_enabled=False)
    page.locator(".lazy a").first.click()
    assert page.locator(".drawn > svg").count() == 1
    page.get_by_role("link", name="Back to the plan explorer").click()
    assert here(page).startswith("Plan")


# --- the map ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["en", "zh"])
def test_a_click_on_the_map_tells_what_from_what_and_why(open_page: Any, code: str) -> None:
    page = open_page(f"/{code}/studies/toytown/map?layer=risk")
    moving(page)
    place = page.evaluate(
        """() => { const f = studyMap.querySourceFeatures('data').find(f => f.properties.id === 'r_ab');
        const c = f.geometry.coordinates, p = studyMap.project([(c[0][0] + c[1][0]) / 2, (c[0][1] + c[1][1]) / 2]);
        const box = document.getElementById('map').getBoundingClientRect(); return [box.x + p.x, box.y + p.y]; }"""
    )
    page.mouse.click(*place)
    until(page, "!!document.querySelector('#place h2')")
    assert page.locator("#place caption").count() >= 2
    assert "at=r_ab" in page.url
    assert page.locator("#place a[href$='/results/expected_damages']").count() == 1
    page.reload()
    moving(page)
    until(page, "!!document.querySelector('#place h2')")
    page.locator("#place a[href$='/results/expected_damages']").click()
    assert page.locator("h1").inner_text()
    assert page.locator("#origin").count() == 1


def test_a_layer_is_switched_and_the_list_and_legend_with_it(open_page: Any) -> None:
    page = open_page("/en/studies/toytown/map?layer=risk")
    moving(page)
    before = page.locator("#layer-keys").inner_text()
    page.locator(".layers label", has_text="Criticality").click()
    until(page, "document.getElementById('layer-title').dataset.layer === 'criticality'")
    until(page, "document.getElementById('map').dataset.shown.startsWith('criticality')")
    assert page.locator("#layer-keys").inner_text() != before
    assert "layer=criticality" in page.url
    page.reload()
    assert page.locator("#layer-title").inner_text() == "Criticality"


def test_more_detail_comes_with_zoom(open_page: Any) -> None:
    page = open_page("/en/studies/toytown/map?layer=risk")
    moving(page)
    page.evaluate("studyMap.jumpTo({ zoom: studyMap.getZoom() + 4 })")
    until(page, "document.getElementById('map').dataset.shown === 'risk 3'")


def test_the_list_of_the_map_works_by_keyboard(open_page: Any) -> None:
    page = open_page("/en/studies/toytown/map?layer=risk")
    moving(page)
    page.locator("#layer-list a").first.focus()
    page.keyboard.press("Enter")
    until(page, "document.activeElement.tagName === 'H2' && !!document.activeElement.closest('#place')")
    assert page.locator("#place h2").inner_text() == page.locator("#layer-list a").first.inner_text()


def test_the_map_without_a_script_is_a_drawing_and_a_list(open_page: Any) -> None:
    page = open_page("/zh/studies/toytown/map", java_script_enabled=False)
    assert page.locator("#layer-sketch svg").is_visible()
    page.locator("input[name=layer][value=criticality]").check()
    page.locator("#layers button").click()
    assert "layer=criticality" in page.url
    page.locator(".places a").first.click()
    assert page.locator("h1").inner_text()


# --- the explorer -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["en", "zh"])
def test_the_explorer_is_moved_constrained_compared_shared_and_reloaded(open_page: Any, code: str) -> None:
    page = open_page(f"/{code}/studies/toytown/plan-explorer")
    first = here(page)
    page.locator("#place").hover()
    until(page, "!!window.htmx")
    page.locator("#place").focus()
    page.keyboard.press("End")  # move
    until(page, f"document.querySelector('.here h2').innerText !== {first!r}")
    dearest = here(page)
    assert "/plan-explorer/point-" in page.url

    page.locator("#b-initial_cost_usd").select_option(index=2)  # constrain
    until(page, f"document.querySelector('.here h2').innerText !== {dearest!r}")
    until(page, "location.search.includes('b.initial_cost_usd')")
    bounded = here(page)
    assert page.locator("#points-list small.missing").count() > 0

    page.get_by_role("link", name={"en": "Pin to compare", "zh": "固定以便比较"}[code]).click()  # pin
    until(page, "location.search.includes('pin=point-')")
    page.locator("#points-list summary").click()
    page.locator("#points-list a[data-move=plan-high]").click()
    until(page, "location.pathname.endsWith('plan-high')")
    assert page.locator("#points-list").get_attribute("open") is not None

    shared = page.locator("[data-share]").get_attribute("data-share")  # share
    again = open_page(shared)
    assert here(again) == here(page)
    assert again.locator("#b-initial_cost_usd").input_value() == page.locator("#b-initial_cost_usd").input_value()
    page.reload()
    assert here(page) == here(again)

    page.locator("a.btn[href*='/compare?']").click()  # compare
    assert page.locator("thead th").count() == 2
    assert bounded.split("\n")[0].strip() in page.locator("thead").inner_text()


def test_a_point_of_the_drawing_is_followed(open_page: Any) -> None:
    page = open_page("/en/studies/toytown/plan-explorer")
    page.locator("#place").hover()
    until(page, "!!window.htmx")
    key = page.evaluate(
        """() => { const a = [...document.querySelectorAll('svg.front a')].find(a => !a.querySelector('.here'));
        a.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true })); return a.dataset.move; }"""
    )
    until(page, f"location.pathname.endsWith('{key}')")
    page.go_back()
    page.wait_for_timeout(1500)
    assert not page.url.endswith(key)
    assert here(page)


def test_the_explorer_works_by_keyboard_alone(open_page: Any) -> None:
    page = open_page("/en/studies/toytown/plan-explorer")
    first = here(page)
    page.locator("#w-npv_usd").focus()
    until(page, "!!window.htmx")
    page.keyboard.press("End")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Home")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Home")
    until(page, "location.search.includes('w.npv_usd=100')")
    until(page, "location.search.includes('w.initial_cost_usd=0')")
    assert page.evaluate("document.activeElement.id") == "w-initial_cost_usd"
    assert here(page)
    assert first


def test_the_explorer_works_without_a_script(open_page: Any) -> None:
    page = open_page("/zh/studies/toytown/plan-explorer", java_script_enabled=False)
    page.locator("#b-initial_cost_usd").select_option(index=2)
    page.locator("#wishes button").click()
    assert "b.initial_cost_usd=" in page.url
    page.locator("#place").fill("1")
    page.locator("#move button").click()
    assert "/plan-explorer/point-" in page.url
    assert "b.initial_cost_usd=" in page.url
    page.locator("#points-list summary").click()
    page.locator("#points-list a[data-move=plan-low]").click()
    assert page.url.partition("?")[0].endswith("plan-low")


def test_the_chapters_are_read_on_a_phone(open_page: Any) -> None:
    page = open_page("/zh/studies/toytown/", viewport={"width": 390, "height": 844})
    page.locator(".three .chapters a").first.click()
    titles = []
    for _ in range(4):
        titles.append(page.locator("h1").inner_text())
        assert not page.locator(".chapter-nav details").evaluate("e => e.open")
        page.locator(".turn a[rel=next]").click()
    assert len(set(titles)) == 4


def test_a_national_study_on_the_map(open_page: Any, root: Path) -> None:
    if "ghana" not in finished(root):
        pytest.skip("no results of Ghana in out/: run headwater plan studies/ghana")
    page = open_page("/zh/studies/ghana/map?layer=criticality")
    moving(page)
    page.locator("#layer-list a").first.click()
    until(page, "!!document.querySelector('#place h2')")
    assert page.locator("#place table").count() >= 1
