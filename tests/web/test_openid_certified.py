"""Sign-in through a provider that is not ours: node-oidc-provider, certified by the OpenID Foundation."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.web.driving import free_port, served

from headwater.forum import Forum, open_forum
from headwater.library import Library
from headwater.openid.provider import Provider
from headwater.openid.settings import BACK, Settings
from headwater.permissions import EVERYONE_ALONE
from headwater.web.app import create_app

pytest.importorskip("playwright.sync_api", reason="Playwright is missing; run: make test-browser")

pytestmark = pytest.mark.browser

CLIENT_ID, SECRET = "headwater & co", "a secret: of some+length"


@pytest.fixture(scope="module")
def base() -> str:
    """Where the site is going to answer."""
    return f"http://localhost:{free_port()}"


@pytest.fixture(scope="module")
def issuer(root: Path, base: str) -> Iterator[str]:
    """The provider's address."""
    modules = root / ".tools" / "openid" / "node_modules"
    if not shutil.which("node") or not (modules / "oidc-provider").exists():
        pytest.skip("node-oidc-provider is missing; with Node.js: make .tools/openid")
    command = ["node", root / "tests" / "oracles" / "openid_provider.mjs", modules, CLIENT_ID, SECRET, base + BACK]
    with subprocess.Popen(  # noqa: S603
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as running:
        assert running.stdout is not None
        yield running.stdout.readline().strip()
        running.kill()


@pytest.fixture(scope="module")
def forum(tmp_path_factory: pytest.TempPathFactory) -> Forum:
    """A site with an administrator."""
    made = open_forum(tmp_path_factory.mktemp("certified") / "home", is_alone=False)
    made.set_up(made.setup_code(), "admin", "correct horse battery")
    return made


@pytest.fixture(scope="module")
def site(library: Library, forum: Forum, base: str, issuer: str) -> Iterator[str]:
    """The site that believes the provider; its address."""
    provider = Provider(Settings(issuer, CLIENT_ID, SECRET, base, "Ministry of Works"))
    with served(create_app(library, forum=forum, base=base, provider=provider), port=int(base.rpartition(":")[2])):
        yield base


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A window that nobody has signed in with."""
    context = browser.new_context()
    yield context.new_page()
    context.close()


def people(forum: Forum) -> list[dict[str, Any]]:
    """Everybody with an account."""
    return forum.users(EVERYONE_ALONE)


def sign_in(page: Any, site: str, name: str) -> None:
    """Sign in at the provider's own page, and let it tell the site."""
    page.goto(f"{site}/en/sign-in")
    page.click("a:has-text('Sign in with Ministry of Works')")
    page.fill("input[name=login]", name)
    page.fill("input[name=password]", "any will do there")
    page.click("button[type=submit]")
    page.click("button[type=submit]")  # agree
    page.wait_for_url(f"{site}/en/account")


def test_who_comes_from_a_certified_provider_is_let_in_and_known_again(
    page: Any, browser: Any, site: str, forum: Forum
) -> None:
    sign_in(page, site, "ann")
    assert "ann of the ministry" in page.inner_text("main")
    for name in ("ann", "ben"):
        context = browser.new_context()
        sign_in(context.new_page(), site, name)
        context.close()
    vouched = [user["shown_name"] for user in people(forum) if user["is_vouched"]]
    assert sorted(vouched) == ["ann of the ministry", "ben of the ministry"]


def test_who_does_not_agree_there_comes_back_without_an_account(page: Any, site: str) -> None:
    page.goto(f"{site}/en/sign-in")
    page.click("a:has-text('Sign in with Ministry of Works')")
    page.click("a:has-text('Cancel')")
    page.wait_for_url(f"{site}/**")
    assert "sign-in" in page.url
    assert page.locator("a:has-text('Sign in with Ministry of Works')").count() == 1
