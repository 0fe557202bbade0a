"""Sign-in through another site in a real browser: cookies, what it takes for another site, the page's own policy."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.web.driving import free_port, served, windows
from tests.web.openid_site import CLIENT_ID, SECRET, Site, running

from headwater.forum import open_forum
from headwater.library import Library
from headwater.openid.provider import Provider
from headwater.openid.settings import Settings
from headwater.web.app import create_app

sync_api = pytest.importorskip(
    "playwright.sync_api", reason="Playwright is missing: uv sync --frozen --inexact --group browser --group dev"
)
axe_module = pytest.importorskip(
    "axe_playwright_python.sync_playwright",
    reason="axe is missing: uv sync --frozen --inexact --group browser --group dev",
)

pytestmark = pytest.mark.browser

PHONE = {"width": 320, "height": 640}
PASSWORD = "correct horse battery"  # noqa: S105


@pytest.fixture(scope="module")
def provider() -> Iterator[Site]:
    """A provider: for the browser another site than the one under `localhost`."""
    with running() as site:
        yield site


@pytest.fixture(scope="module")
def server(library: Library, provider: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A site with accounts on a free port; its address."""
    forum = open_forum(tmp_path_factory.mktemp("site") / "home", is_alone=False)
    forum.set_up(forum.setup_code(), "admin", PASSWORD)
    port = free_port()
    base = f"http://localhost:{port}"
    vouching = Provider(Settings(provider.issuer, CLIENT_ID, SECRET, base, "Ministry of Works and Water"))
    with served(create_app(library, forum=forum, base=base, provider=vouching), port=port):
        yield base


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A phone's window; fails if the browser complains about anything."""
    with windows(browser, viewport=PHONE) as opened:
        yield opened()


def shot(page: Any, name: str) -> None:
    """A picture of the page, where HEADWATER_SHOTS names a folder for them."""
    if os.environ.get("HEADWATER_SHOTS"):
        page.screenshot(path=Path(os.environ["HEADWATER_SHOTS"]) / f"{name}.png", full_page=True)


def check_fits(page: Any) -> None:
    """Nothing is wider than a phone, and nothing stands in the way of those who do not see or point."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    found = axe_module.Axe().run(page).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []


@pytest.mark.parametrize(("code", "words"), [("en", "Sign in with Ministry"), ("zh", "通过 Ministry")])
def test_there_and_back_on_a_phone(page: Any, server: str, code: str, words: str) -> None:
    page.goto(f"{server}/{code}/sign-in")
    check_fits(page)
    shot(page, f"sign-in-{code}")
    page.click(f"a:has-text('{words}')")
    page.wait_for_url(f"{server}/{code}/account")
    check_fits(page)
    shot(page, f"account-vouched-{code}")
    assert "Ann Lee" in page.inner_text("main")
    kept = {cookie["name"]: cookie for cookie in page.context.cookies()}
    assert set(kept) == {"headwater"}, "what was kept on the way is gone"
    assert kept["headwater"]["httpOnly"]
    assert kept["headwater"]["sameSite"] == "Lax"


def test_an_account_is_linked_and_parted(page: Any, server: str, provider: Site) -> None:
    provider.person = {**provider.person, "sub": "the administrator's"}
    page.goto(f"{server}/en/sign-in")
    page.fill("#name", "admin")
    page.fill("#password", PASSWORD)
    page.click("main form button")
    page.fill("#elsewhere-password", PASSWORD)
    shot(page, "account-link-en")
    page.click("text=Link this account")
    check_fits(page)
    shot(page, "account-onward-en")
    page.click("a:has-text('Go on to Ministry')")
    page.wait_for_url(f"{server}/en/account?done=linked")
    check_fits(page)
    page.click("text=Part it from")
    page.wait_for_url(f"{server}/en/account?done=parted")
    assert page.locator("#elsewhere-password").count() == 1
