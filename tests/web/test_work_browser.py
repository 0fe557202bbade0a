"""Work on a study in a real browser: upload, grid, conflict, job, keyboard, no JavaScript, phone, accessibility."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.test_worker import WORKER
from tests.web.driving import served, until, windows
from tests.web.work_site import open_site, work_app

from headwater import workshop
from headwater.forum import Forum
from headwater.library import Library
from headwater.permissions import EVERYONE_ALONE
from headwater.words import speaking, told

sync_api = pytest.importorskip(
    "playwright.sync_api", reason="Playwright is missing: uv sync --frozen --inexact --group browser --group dev"
)
axe_module = pytest.importorskip(
    "axe_playwright_python.sync_playwright",
    reason="axe is missing: uv sync --frozen --inexact --group browser --group dev",
)

pytestmark = pytest.mark.browser

PHONE, DESK = {"width": 320, "height": 640}, {"width": 1280, "height": 900}
TABLES = "studies/mine/tables"
BOTH = pytest.mark.parametrize("code", ["en", "zh"])
PAGES = {
    "new": "studies/new",
    "start": "studies/mine/start",
    "tables": TABLES,
    "spoilt-tables": "studies/spoilt/tables",
    "grid": f"{TABLES}/zones",
    "spoilt-grid": "studies/spoilt/tables/assets",
    "row": "studies/spoilt/tables/assets?row=3",
    "header": f"{TABLES}/study.toml",
    "empty": f"{TABLES}/demand",
    "packaged": "studies/toytown/tables/zones",
    "run": "studies/mine/run",
    "sharing": "studies/mine/sharing",
    "delete": "studies/mine/delete",
}


@pytest.fixture(scope="module")
def forum(tmp_path_factory: pytest.TempPathFactory) -> Forum:
    """A site for one person: Toytown, a copy, and a copy that is spoilt."""
    made = open_site(tmp_path_factory.mktemp("site") / "home")
    workshop.copy_study(made, EVERYONE_ALONE, "mine", "spoilt")
    path = made.home / "studies" / "spoilt" / "assets.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("transport", "trnsport").replace("POINT", "PINT", 2))
    return made


@pytest.fixture(scope="module")
def server(library: Library, forum: Forum) -> Iterator[str]:
    """The site on a free port; its address."""
    with served(work_app(library, forum)) as address:
        yield address


@pytest.fixture
def open_page(browser: Any, server: str) -> Iterator[Any]:
    """Opens a page of the site in a window of its own; fails if the browser complains about anything."""
    excused = ("status of 409", "status of 422", "status of 400")
    with windows(browser, excused=excused, viewport=DESK) as opened:
        yield lambda address, **options: opened(f"{server}{address}", **options)


def say(code: str, words: str) -> str:
    """What the site says in a language."""
    with speaking(code):
        return told(words)


def cell(page: Any, row: int, column: int) -> Any:
    return page.locator(f"[name='c.{row}.{column}']")


def take_back(page: Any, code: str = "en") -> None:
    """Undo the latest change that is no undoing itself."""
    with page.expect_navigation():
        page.click(f".changes button:not(:has-text('{say(code, 'Do again')}'))")
    assert page.url.endswith("done=undone")


def rows(forum: Forum, name: str = "zones") -> list[list[str]]:
    return workshop.read_table(forum, EVERYONE_ALONE, "mine", name).cells


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("code", ["en", "zh"])
@pytest.mark.parametrize("name", PAGES)
def test_no_page_has_an_accessibility_fault(open_page: Any, name: str, code: str, scheme: str) -> None:
    page = open_page(f"/{code}/{PAGES[name]}", color_scheme=scheme)
    page.evaluate("for (const group of document.querySelectorAll('details')) group.open = true")
    found = axe_module.Axe().run(page).response["violations"]
    assert [
        f"{fault['id']}: {node['html'][:160]} {node['failureSummary'][:200]}"
        for fault in found
        for node in fault["nodes"][:3]
    ] == []


@pytest.mark.parametrize("code", ["en", "zh"])
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


@BOTH
def test_a_spoilt_file_is_refused_with_its_faults_and_a_good_one_is_taken(
    open_page: Any, forum: Forum, tmp_path: Path, code: str
) -> None:
    content = (forum.home / "studies" / "mine" / "zones.csv").read_text(encoding="utf-8")
    spoilt, good = tmp_path / "assets.csv", tmp_path / "zones.csv"
    assets = (forum.home / "studies" / "mine" / "assets.csv").read_text(encoding="utf-8")
    spoilt.write_text(assets.replace("transport", "trnsport", 1), encoding="utf-8")
    good.write_text(content.replace("\n", "\n", 1), encoding="utf-8")
    page = open_page(f"/{code}/{TABLES}")
    page.set_input_files("#files", [str(spoilt), str(good)])
    page.click("form.send button")
    assert page.locator(".refused").inner_text().count("trnsport") == 1
    assert page.locator("#refused-title").inner_text() == say(code, "Nothing was changed: what you sent has faults")
    lines = content.splitlines()
    good.write_text("\n".join([*lines[:-1], lines[-1].replace(",", f",new {code} ", 1)]) + "\n", encoding="utf-8")
    page.set_input_files("#files", str(good))
    page.click("form.send button")
    assert "1" in page.locator(".note[role=status]").inner_text()
    assert rows(forum)[-1][1].startswith(f"new {code} ")


@BOTH
def test_the_grid_moves_by_keys_pastes_blocks_takes_back_and_warns(open_page: Any, forum: Forum, code: str) -> None:
    page = open_page(f"/{code}/{TABLES}/zones")
    before = rows(forum)
    cell(page, 0, 1).focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.name") == "c.1.1"
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.name").startswith("c.0.2")
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("document.activeElement.name") == "c.0.1"
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    page.keyboard.type("typed")
    page.keyboard.press("Enter")
    assert cell(page, 0, 1).input_value() == "typed"
    page.keyboard.press("Control+z")
    assert cell(page, 0, 1).input_value() == before[0][1]
    page.keyboard.press("Control+y")
    assert cell(page, 0, 1).input_value() == "typed"
    cell(page, len(before) - 1, 0).focus()
    page.evaluate(
        """() => { const data = new DataTransfer(); data.setData('text/plain', 'za\\tA\\nzb\\tB\\nzc\\tC\\n');
        const told = {clipboardData: data, bubbles: true, cancelable: true};
        document.activeElement.dispatchEvent(new ClipboardEvent('paste', told)); }"""
    )
    assert cell(page, len(before) - 1, 1).input_value() == "A"
    assert page.locator("[name='n.0.1']").input_value() == "B"
    assert page.locator("[name='n.1.1']").input_value() == "C"
    page.keyboard.press("Control+z")
    assert cell(page, len(before) - 1, 1).input_value() == before[-1][1]
    assert page.locator("[name='n.1.1']").count() == 0
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.evaluate("setTimeout(() => location.reload())")
    page.wait_for_timeout(300)
    assert asked == ["beforeunload"]
    assert cell(page, 0, 1).input_value() == "typed", "it stayed"
    assert rows(forum) == before, "nothing is saved before it is saved"
    page.click(".bar-end [value=save]")
    page.wait_for_url("**done=saved")
    assert rows(forum)[0][1] == "typed"
    take_back(page, code)
    assert rows(forum) == before


def test_a_row_is_copied_and_deleted_and_faults_show_in_their_cells(open_page: Any, forum: Forum) -> None:
    page = open_page(f"/en/{TABLES}/zones")
    before = rows(forum)
    page.click("#r-2 .dup")
    page.click("#r-3 .del")
    assert page.locator("[name='n.1.0']").input_value() == before[0][0]
    page.click(".bar-end [value=save]")
    page.wait_for_url("**done=saved")
    assert len(rows(forum)) == len(before)
    assert page.locator("td.is-bad .why-bad").first.inner_text().startswith("key appears more than once")
    take_back(page)
    assert rows(forum) == before


@pytest.mark.parametrize("has_script", [True, False])
def test_two_at_once_and_the_second_sees_both(open_page: Any, forum: Forum, has_script: bool) -> None:
    one, two = (open_page(f"/en/{TABLES}/zones", java_script_enabled=has_script) for _number in range(2))
    before = rows(forum)
    cell(one, 0, 1).fill("first")
    one.click(".bar-end [value=save]")
    cell(two, 0, 1).fill("second")
    cell(two, 1, 1).fill("beside")
    two.click(".bar-end [value=save]")
    assert "Nothing was overwritten" in two.locator("#conflict-title").inner_text()
    assert two.locator("td.mine").inner_text() == "second"
    assert two.locator("td.theirs").inner_text() == "first"
    assert rows(forum)[0][1] == "first"
    if has_script:
        assert axe_module.Axe().run(two).response["violations"] == []
    two.click(".bar-end [value=save]")
    two.wait_for_url("**done=saved")
    assert [row[1] for row in rows(forum)[:2]] == ["second", "beside"]
    for _number in range(2):
        take_back(two)
    assert rows(forum) == before


@BOTH
def test_a_job_shows_its_progress_is_stopped_and_goes_on(open_page: Any, forum: Forum, code: str) -> None:
    study = f"by-{code}"
    workshop.copy_study(forum, EVERYONE_ALONE, "toytown", study)
    page = open_page(f"/{code}/studies/{study}/run")
    page.click(f"button:has-text('{say(code, 'Compute')}')")
    page.wait_for_url(f"**/{code}/jobs/*")
    assert say(code, "Waiting for its turn") in page.locator(".big-state").inner_text()

    def shows(state: str) -> str:
        return f"document.querySelector('.big-state').textContent.includes('{say(code, state)}')"

    command = [sys.executable, "-c", WORKER, str(forum.home), str(forum.packaged)]
    process = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
    try:
        page.evaluate("window.kept = true")
        until(page, shows("Running now"), 60)
        if page.evaluate("window.htmx !== undefined"):
            assert page.evaluate("window.kept") is True, "the page was not loaded again"
        until(page, "document.querySelector('progress') !== null || document.querySelector('#resume') !== null", 60)
        assert axe_module.Axe().run(page).response["violations"] == []
        page.click("#cancel")
        until(page, shows("Stopped"), 60)
        page.click("#resume")
        page.wait_for_url(f"**/{code}/jobs/*")
        until(page, shows("Finished"), 120)
        assert page.locator(f"text={say(code, 'Read the results')}").is_visible()
        kept = page.locator("#job .facts dd").first.inner_text().split()
        assert kept[0] == kept[-1], "every result is there"
    finally:
        process.terminate()
        process.wait(20)


def test_keyboard_alone_changes_a_cell_and_saves_it(open_page: Any, forum: Forum) -> None:
    page, before = open_page(f"/en/{TABLES}/zones"), rows(forum)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == "c.0.0":
            break
        seen = page.evaluate("getComputedStyle(document.activeElement).outlineStyle !== 'none'")
        assert seen, page.evaluate("document.activeElement.outerHTML.slice(0, 100)")
    page.keyboard.press("Tab")
    page.keyboard.type("by keys")
    page.keyboard.press("Enter")
    page.keyboard.press("Control+s")
    page.wait_for_url("**done=saved")
    assert rows(forum)[0][1] == "by keys"
    page.focus(".changes button:not(:has-text('Do again'))")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert rows(forum) == before


def test_everything_works_without_javascript(open_page: Any, forum: Forum) -> None:
    page = open_page("/en/studies/new", java_script_enabled=False)
    page.fill("#study_id", "by-hand")
    page.select_option("#iso3", "MWI")
    page.click("text=Make the study")
    assert page.url.endswith("/en/studies/by-hand/start")
    page.click("text=Fill the tables")
    page.click(".holdings a:text-is('Sources')")
    page.fill("[name='n.0.0']", "census")
    page.fill("[name='n.0.1']", "Census")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.url.endswith("done=saved")
    assert page.locator("[name='c.0.0']").input_value() == "census"
    page.click("#r-2 .dup")
    assert page.locator("[name='n.0.0']").input_value() == "census"
    page.fill("[name='n.0.0']", "survey")
    page.check("[name='d.0']")
    page.click(".bar-end [value=save]")
    assert page.locator("[name='c.0.0']").input_value() == "survey"
    page.click("#r-2 .no a")
    page.fill("textarea >> nth=1", "A survey")
    page.click(".bar-end [value=save]")
    assert "row=2" in page.url
    page.click(".work-nav a:text-is('Compute')")
    page.click("text=See the faults")
    assert page.locator("#check").is_visible()
    forum.delete_study(EVERYONE_ALONE, "by-hand")
    page.goto(page.url.split("/en/")[0] + "/en/studies/toytown/run")
    page.click("button:has-text('Compute')")
    assert page.locator("noscript").count() == 1
    page.click("#cancel")
    assert "Stopped" in page.locator(".big-state").inner_text()
