"""The copy in files in a real browser, opened from its folder with the network off: the search gives exactly what the
site's gives, entries open, languages change, the plan explorer moves; no accessibility faults.

Needs what `test_browser` needs, and skips with the reason where it is missing.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.catalogue.reference import CHINESE, ENGLISH
from tests.web.site import traded

from headwater.catalogue.text import parts, stem
from headwater.export_site import Exported, export_site
from headwater.forum import open_forum
from headwater.library import Library
from headwater.words import speaking

sync_api = pytest.importorskip(
    "playwright.sync_api", reason="Playwright is missing: uv sync --frozen --inexact --group browser --group dev"
)
axe_module = pytest.importorskip(
    "axe_playwright_python.sync_playwright",
    reason="axe is missing: uv sync --frozen --inexact --group browser --group dev",
)

pytestmark = pytest.mark.browser

MORE = (
    "bridges", "mangroves", "Evaluations", "évaluation", "the of", "of", "水 -电", '"climate risk" 气候', "life-cycles",
    "lifecycle", "cost–benefit", "CO₂", "U.N.", "1,000", "дороги", "Россия", "Estados Unidos", "المياه", '"', "-water",
    "flood; drought", "基础、设施", "InVEST模型", "ＧＩＳ", "plan's", "roads and bridges", "", "  ", "\x00", "a" * 2000,
)  # fmt: skip
"""Queries that are folded, cut, quoted or excluded in every way."""

SUFFIXES = ("s", "ed", "ing", "ly", "ness", "ization", "ful", "ies", "ation", "ously", "ying", "ment")


@pytest.fixture(scope="module")
def copy(library: Library, root: Path, toy_results: Path, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """The small hub and Toytown as files."""
    made = traded(root, toy_results, tmp_path_factory)
    home = tmp_path_factory.mktemp("site")
    shutil.copytree(made / "study", home / "packaged" / "toytown")
    shutil.copytree(made / "out", home / "results" / "toytown")
    forum = open_forum(home, packaged=home / "packaged")
    return export_site(library, tmp_path_factory.mktemp("stick") / "a copy", today="2026-11-28", forum=forum)


@pytest.fixture(scope="module")
def real_copy(real_library: Library, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """The hub that comes with Headwater as files."""
    return export_site(real_library, tmp_path_factory.mktemp("real") / "copy", today="2026-11-28")


@pytest.fixture
def open_file(browser: Any) -> Iterator[Any]:
    """Opens a file of a copy with the network off; fails if the browser complains, or asks for anything but files."""
    contexts: list[Any] = []
    complaints: list[str] = []

    def opened(copy: Exported, file: str, **options: Any) -> Any:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        context.set_offline(True)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "request",
            lambda asked: None if asked.url.startswith(("file://", "data:")) else complaints.append(asked.url),
        )
        page.on("requestfailed", lambda asked: complaints.append(asked.url))
        page.goto(f"{copy.folder.as_uri()}/{file}")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def until(page: Any, condition: str) -> None:
    """Wait until something holds in the page, or in the one that it leads to."""
    for _ in range(100):
        try:
            if page.evaluate(condition):
                return
        except sync_api.Error as error:
            if "navigation" not in str(error):
                raise
        page.wait_for_timeout(50)
    raise AssertionError(f"never: {condition}")


# --- the search ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["en", "zh"])
def test_the_search_gives_exactly_what_the_site_gives(
    open_file: Any, real_copy: Exported, real_library: Library, code: str
) -> None:
    page = open_file(real_copy, f"{code}/search.html")
    keys = list(real_library.records)
    for query in (*CHINESE, *ENGLISH, *MORE):
        with speaking(code):
            found = real_library.search(query[:300].replace("\x00", " ").strip(), limit=1000)
        wanted = [keys.index(hit.record.key) for hit in found.hits]
        rows = page.evaluate("([query, code]) => headwaterSearch(query, code)", [query, code])
        rows.sort(key=lambda row: (-row[1], row[0]))
        assert {place for place, _score in rows} == set(wanted), query
        assert [place for place, _score in rows] == wanted, query
        assert [score for _place, score in rows] == pytest.approx([hit.score for hit in found.hits]), query


def test_english_words_have_the_same_stems(open_file: Any, real_copy: Exported, real_library: Library) -> None:
    said = {part for record in real_library.records.values() for part in parts(str(record.fields)) if part.isascii()}
    words = sorted(part for part in said if part.isalpha() and part.islower())
    words += [word + suffix for word in words for suffix in SUFFIXES]
    page = open_file(real_copy, "en/search.html")
    stems = page.evaluate("(words) => words.map((word) => headwaterStem(word))", words)
    assert [(w, s) for w, s in zip(words, stems, strict=True) if s != stem(w, "en")] == []


def test_a_chinese_search_from_the_front_answers_and_its_entry_opens(open_file: Any, copy: Exported) -> None:
    page = open_file(copy, "index.html")
    page.get_by_role("link", name="中文").click()
    page.fill("input[name=q]", "道路洪水")
    page.keyboard.press("Enter")
    until(page, "document.querySelectorAll('#found .rows > li').length === 1")
    assert page.url.endswith("zh/search.html?q=%E9%81%93%E8%B7%AF%E6%B4%AA%E6%B0%B4")
    assert page.locator("#told").inner_text().startswith("1 个条目")
    page.locator("#found .rows a").click()
    assert page.locator("h1").inner_text().startswith("道路洪水模型")
    assert page.url.endswith("zh/tools/road-flood.html")


def test_filters_narrow_the_search_and_stand_in_the_address(open_file: Any, copy: Exported) -> None:
    page = open_file(copy, "en/search.html?q=model")
    total = page.locator("#found .rows > li").count()
    page.locator(".facets label", has_text="Energy").click()
    until(page, f"document.querySelectorAll('#found .rows > li').length < {total}")
    assert "sectors=energy" in page.url
    assert "Sector: Energy" in page.locator("#told").inner_text()
    narrowed = page.locator("#found .rows h3").all_inner_texts()
    page.reload()
    assert page.locator("#found .rows h3").all_inner_texts() == narrowed
    assert page.locator(".facets input:checked").get_attribute("value") == "energy"
    page.locator(".langs a").click()
    assert page.locator("#found .rows > li").count() == len(narrowed)
    assert "部门：能源" in page.locator("#told").inner_text()
    page.locator(".chip", has_text="能源").click()
    until(page, f"document.querySelectorAll('#found .rows > li').length === {total}")


def test_filtered_counts_are_those_of_the_site(open_file: Any, copy: Exported, library: Library) -> None:
    page = open_file(copy, "en/search.html?q=model&kind=tool")
    for facet in library.search("model", filters={"kind": ["tool"]}).facets:
        for value in facet.values:
            box = page.locator(f".facets input[name='{facet.name}'][value='{value.value_id}']")
            if box.count():
                label = page.locator(f"label:has(#f-{facet.name}-{value.value_id})")
                assert label.locator(".n").text_content() == str(value.count), (facet.name, value.value_id)


def test_a_search_that_finds_nothing_says_so(open_file: Any, copy: Exported) -> None:
    page = open_file(copy, "en/search.html?q=zzzz")
    assert page.locator("#found .note h2").inner_text() == "Nothing was found"
    page.fill("#q", "flood")
    until(page, "document.querySelectorAll('#found .rows h3').length > 0")


def test_what_is_searched_is_never_read_as_html(open_file: Any, copy: Exported) -> None:
    page = open_file(copy, "en/search.html?q=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E&kind=tool")
    assert page.locator("main img").count() == 0
    page.goto(f"{copy.folder.as_uri()}/en/search.html?q=alert")
    assert page.locator("#found .rows script").count() == 0
    assert "<script>" in page.locator("#found .rows").inner_text()


def test_more_is_shown_when_asked(open_file: Any, real_copy: Exported) -> None:
    page = open_file(real_copy, "en/search.html?q=infrastructure")
    assert page.locator("#found .rows > li").count() == 20
    page.get_by_role("button", name="Show more").click()
    assert page.locator("#found .rows > li").count() == 40
    assert page.evaluate("document.activeElement === document.querySelector('#found .rows > li:nth-child(21) a')")


def test_without_a_script_the_search_leads_to_the_lists(open_file: Any, copy: Exported) -> None:
    page = open_file(copy, "zh/search.html", java_script_enabled=False)
    page.locator("noscript a", has_text="术语表").click()
    page.get_by_role("link", name="致灾因子").click()
    assert page.locator("h1").inner_text() == "致灾因子"


# --- the plan explorer --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["en", "zh"])
def test_the_explorer_moves(open_file: Any, copy: Exported, code: str) -> None:
    page = open_file(copy, f"{code}/studies/toytown/plan-explorer.html")
    before = page.locator(".here h2").inner_text()
    last = page.locator("#place").get_attribute("max")
    page.locator("#place").focus()
    page.keyboard.press("End")
    until(page, f"document.querySelector('#place').value === '{last}' && location.href.includes('/point-')")
    there = page.locator(".here h2").inner_text()
    assert there != before
    here = page.url.rpartition("/")[2].removesuffix(".html")
    page.locator(f"svg a[data-move]:not([data-move='{here}'])").last.click()  # drawn last, and so on top
    until(page, f"document.querySelector('.here h2').innerText !== {there!r}")
    assert page.locator(".explored svg").count() > 1
    page.locator(".langs a").click()
    assert page.locator(".here h2").count() == 1


def test_the_explorer_finds_what_fits_within_a_bound(open_file: Any, copy: Exported) -> None:
    page = open_file(copy, "en/studies/toytown/plan-explorer.html")
    bounds = page.locator("#b-initial_cost_usd option").evaluate_all("all => all.map(one => one.value)")
    page.select_option("#b-initial_cost_usd", bounds[-1])
    until(page, "location.href.includes('/point-')")
    shown = page.evaluate(
        """() => { const front = JSON.parse(document.getElementById('front').textContent);
        const key = location.pathname.split('/').pop().replace('.html', '');
        return front.points.find((point) => point.key === key).v.initial_cost_usd; }"""
    )
    assert shown <= float(bounds[-1])


def test_the_explorer_moves_without_a_script(open_file: Any, copy: Exported) -> None:
    page = open_file(copy, "zh/studies/toytown/plan-explorer.html", java_script_enabled=False)
    page.locator("#points-list summary").click()
    page.locator("#points-list a[data-move='point-1']").click()
    assert page.locator(".here h2").inner_text().startswith("点 1")


def test_the_map_changes_its_layer_and_a_place_opens(open_file: Any, copy: Exported) -> None:
    page = open_file(copy, "en/studies/toytown/map.html")
    page.locator(".layers a", has_text="Criticality").click()
    assert page.locator("#layer-title").inner_text() == "Criticality"
    name = page.locator("#layer-list a").first.inner_text()
    page.locator("#layer-list a").first.click()
    assert page.locator("h1").inner_text() == name


# --- for everybody ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("code", "scheme"), [("en", "light"), ("zh", "dark")])
@pytest.mark.parametrize(
    "name",
    [
        "search.html?q=flood&kind=tool", "search.html?q=zzzz", "tools/road-flood.html", "wizard.html",
        "studies/toytown/plan-explorer.html", "studies/toytown/map.html", "studies/toytown/compare.html",
        "studies/toytown/choice.html", "../index.html",
    ],
)  # fmt: skip
def test_no_page_has_an_accessibility_fault(open_file: Any, copy: Exported, name: str, code: str, scheme: str) -> None:
    page = open_file(copy, f"{code}/{name}", color_scheme=scheme)
    page.evaluate("for (const group of document.querySelectorAll('details')) group.open = true")
    found = axe_module.Axe().run(page, options={"preload": False}).response["violations"]
    assert [f"{fault['id']}: {node['html'][:160]}" for fault in found for node in fault["nodes"][:3]] == []


@pytest.mark.parametrize("name", ["search.html?q=flood", "wizard.html", "studies/toytown/map.html", "../index.html"])
def test_no_page_scrolls_sideways_on_a_narrow_phone(open_file: Any, copy: Exported, name: str) -> None:
    page = open_file(copy, f"zh/{name}", viewport={"width": 320, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") == 0
