"""Accounts in a real browser: signing in and out, sharing, another language; accessibility and phone width."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.web.driving import served, windows
from tests.web.work_site import PASSWORD, open_site, work_app

from headwater.forum import Forum
from headwater.library import Library

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is missing; run: make test-browser")
axe_module = pytest.importorskip(
    "axe_playwright_python.sync_playwright", reason="axe is missing; run: make test-browser"
)

pytestmark = pytest.mark.browser

PHONE, DESK = {"width": 320, "height": 640}, {"width": 1280, "height": 900}
TABLES = "studies/mine/tables"
PAGES = {
    "sign-in": ("", "sign-in"),
    "account": ("owner", "account"),
    "account-of-an-admin": ("boss", "account"),
    "users": ("boss", "users"),
    "log": ("boss", "audit"),
    "sharing": ("owner", "studies/mine/sharing"),
    "studies": ("viewer", "studies/"),
    "not-theirs": ("other", TABLES),
}
"""Pages: who looks, and where."""

BOTH = pytest.mark.parametrize("code", ["en", "zh"])


@pytest.fixture(scope="module")
def forum(tmp_path_factory: pytest.TempPathFactory) -> Forum:
    """A site with somebody for every role; the study `mine` is shared with three of them."""
    return open_site(tmp_path_factory.mktemp("accounts") / "home", is_alone=False)


@pytest.fixture(scope="module")
def server(library: Library, forum: Forum) -> Iterator[str]:
    """The site on a free port; its address."""
    with served(work_app(library, forum)) as address:
        yield address


@pytest.fixture
def open_page(browser: Any, server: str) -> Iterator[Any]:
    """Opens a page in a window of its own, signed in as somebody; fails if the browser complains about anything."""
    with windows(browser, excused=["status of 40"], viewport=DESK) as opened:

        def opened_by(who: str, address: str, **options: Any) -> Any:
            page = opened(f"{server}/en/sign-in" if who else "", **options)
            if who:
                sign_in(page, who)
            page.goto(f"{server}{address}")
            return page

        yield opened_by


def sign_in(page: Any, name: str, password: str = PASSWORD) -> None:
    page.fill("#name", name)
    page.fill("#password", password)
    page.click("main form button")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@BOTH
@pytest.mark.parametrize("name", PAGES)
def test_no_page_has_an_accessibility_fault(open_page: Any, name: str, code: str, scheme: str) -> None:
    who, address = PAGES[name]
    page = open_page(who, f"/{code}/{address}", color_scheme=scheme)
    found = axe_module.Axe().run(page).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []


@BOTH
@pytest.mark.parametrize("name", PAGES)
def test_no_page_scrolls_sideways_on_a_narrow_phone(open_page: Any, name: str, code: str) -> None:
    who, address = PAGES[name]
    page = open_page(who, f"/{code}/{address}", viewport=PHONE)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@BOTH
@pytest.mark.parametrize("has_script", [True, False], ids=["script", "no script"])
def test_one_signs_in_where_one_was_and_out_again(open_page: Any, server: str, code: str, has_script: bool) -> None:
    page = open_page("", f"/{code}/{TABLES}/zones", java_script_enabled=has_script)
    assert page.locator(".kicker").inner_text() == "404", "not told that it exists"
    page.click("main a[href*='/sign-in']")
    sign_in(page, "owner", "not the password")
    assert page.url.startswith(f"{server}/{code}/sign-in")
    assert page.locator("main [role=alert]").count() == 1
    assert page.input_value("#name") == "owner"
    sign_in(page, "owner")
    assert page.url == f"{server}/{code}/{TABLES}/zones"
    page.goto(f"{server}/{code}/account")
    page.click(f"form[action='/{code}/sign-out'] button")
    page.goto(f"{server}/{code}/{TABLES}/zones")
    assert page.locator(".kicker").inner_text() == "404"


@BOTH
def test_a_study_is_shared_named_by_name_and_taken_back(open_page: Any, server: str, code: str) -> None:
    owner = open_page("owner", f"/{code}/studies/mine/sharing")
    other = open_page("other", f"/{code}/studies/mine/tables/zones")
    assert other.locator("[name='c.0.0']").count() == 0, "not theirs yet"
    owner.fill("form.fields [name=name]", "other")
    owner.click("form.fields button")
    other.goto(f"{server}/{code}/studies/mine/tables/zones")
    assert other.locator("table").count() > 0
    assert other.locator(".bar-end [value=save]").count() == 0, "may read, not edit"
    row = owner.locator(".people li", has_text="other")
    for access, may_edit in (("edit", True), ("none", False)):
        row.locator("select").select_option(access)
        row.locator("button").click()
        other.goto(f"{server}/{code}/studies/mine/tables/zones")
        assert (other.locator(".bar-end [value=save]").count() == 1) is may_edit
    assert owner.locator(".people li", has_text="other").count() == 0
    other.goto(f"{server}/{code}/studies/")
    assert other.locator("a[href*='/studies/mine']").count() == 0, "nor is it told that it exists"


@BOTH
def test_a_study_is_opened_to_everybody_and_closed(open_page: Any, server: str, code: str) -> None:
    owner, anybody = open_page("owner", f"/{code}/studies/mine/sharing"), open_page("", f"/{code}/studies/")
    assert anybody.locator("a[href*='/studies/mine']").count() == 0
    owner.click("section:has(#public-title) button")
    anybody.reload()
    assert anybody.locator("a[href*='/studies/mine']").count() > 0
    owner.click("section:has(#public-title) button")
    anybody.reload()
    assert anybody.locator("a[href*='/studies/mine']").count() == 0


@BOTH
def test_an_administrator_makes_an_account_and_closes_it(open_page: Any, server: str, code: str) -> None:
    boss = open_page("boss", f"/{code}/users")
    boss.fill("form.fields [name=name]", f"new-{code}")
    boss.fill("form.fields [name=password]", PASSWORD)
    boss.check("form.fields [name=role][value=editor]")
    boss.click("form.fields button")
    assert boss.locator("main [role=status]").count() == 1
    new = open_page(f"new-{code}", f"/{code}/studies/new")
    assert new.locator("#study_id").count() == 1
    row = boss.locator("tbody tr", has_text=f"new-{code}")
    row.locator("[name=is_active]").select_option("no")
    row.locator("td:last-child button").click()
    new.goto(f"{server}/{code}/studies/new")
    assert new.locator("#study_id").count() == 0, "the session has ended"
    assert new.locator("header a[href*='/sign-in']").count() == 1


def test_another_language_is_the_same_page_for_the_same_person(open_page: Any, server: str) -> None:
    page = open_page("owner", "/en/search?q=flood&kind=term")
    page.click(".langs a[lang|=zh]")
    assert page.url == f"{server}/zh/search?q=flood&kind=term"
    assert page.get_attribute("html", "lang").startswith("zh")
    page.goto(f"{server}/zh/{TABLES}/zones")
    page.click(".langs a[lang|=en]")
    assert page.url == f"{server}/en/{TABLES}/zones", "still signed in"
    assert page.locator(".bar-end [value=save]").count() == 1
