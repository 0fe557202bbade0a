"""Accounts on pages: signing in and out, who is refused what, forged requests, fixed sessions, too many tries."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

from starlette.routing import Route

from headwater.forum import Forum, open_forum
from headwater.library import Library
from headwater.permissions import ROLES
from headwater.store.accounts import FAILURES_OF_NAME
from headwater.web.app import SITE_PAGES, create_app
from headwater.web.signed import COOKIE, OPEN_TO_OTHERS

PASSWORD = "correct horse battery"  # noqa: S105
WORD = re.compile(r'name="csrf" value="([^"]+)"')


@pytest.fixture
def forum(tmp_path: Path) -> Forum:
    """A site with one account of each role."""
    made = open_forum(tmp_path / "home", is_alone=False)
    boss = made.set_up(made.setup_code(), "admin", PASSWORD)
    for role in ROLES[:-1]:
        made.add_user(boss, role, role=role, password=PASSWORD)
    return made


Browse = Callable[..., TestClient]


@pytest.fixture
def browse(library: Library, forum: Forum) -> Browse:
    """A browser, signed in where a name is given."""

    def opened(name: str | None = None) -> TestClient:
        client = TestClient(create_app(library, forum=forum), raise_server_exceptions=False, follow_redirects=False)
        if name:
            assert send(client, "/en/sign-in", name=name, password=PASSWORD).status_code == 303
        return client

    return opened


def word(client: TestClient, page: str = "/en/sign-in") -> str:
    """The word against forged requests, as a page carries it."""
    found = WORD.search(client.get(page, follow_redirects=True).text)
    return found.group(1) if found else ""


def send(client: TestClient, path: str, **fields: str):
    """Send a form as a page of the site does."""
    page = "/en/sign-in" if COOKIE not in client.cookies else "/en/account"
    return client.post(path, data={"csrf": word(client, page), **fields}, headers={"sec-fetch-site": "same-origin"})


# --- signing in and out -------------------------------------------------------------------------------------------


def test_the_first_account_needs_the_code_and_is_the_only_one_made_so(library: Library, tmp_path: Path) -> None:
    forum = open_forum(tmp_path / "home", is_alone=False)
    client = TestClient(create_app(library, forum=forum), follow_redirects=False)
    assert client.get("/en/sign-in").headers["location"] == "/en/set-up"
    wrong = client.post(
        "/en/set-up", data={"csrf": word(client, "/en/set-up"), "code": "x", "name": "ann", "password": PASSWORD}
    )
    assert wrong.status_code == 403
    right = {"csrf": word(client, "/en/set-up"), "code": forum.setup_code(), "name": "ann", "password": PASSWORD}
    assert client.post("/en/set-up", data=right).headers["location"] == "/en/users"
    again = TestClient(create_app(library, forum=forum), follow_redirects=False)
    assert again.get("/en/set-up").headers["location"] == "/en/sign-in"


def test_in_and_out(browse: Browse) -> None:
    client = browse("reader")
    assert "reader" in client.get("/en/account").text
    assert send(client, "/en/sign-out").status_code == 303
    assert client.get("/en/account").headers["location"].startswith("/en/sign-in")


def test_the_cookie_is_kept_from_scripts_and_other_sites(browse: Browse) -> None:
    client = browse()
    made = send(client, "/en/sign-in", name="reader", password=PASSWORD).headers["set-cookie"].lower()
    assert "httponly" in made
    assert "samesite=lax" in made
    secure = TestClient(client.app, base_url="https://testserver", follow_redirects=False)
    made = send(secure, "/en/sign-in", name="reader", password=PASSWORD).headers["set-cookie"].lower()
    assert "secure" in made


def test_a_session_that_was_there_before_is_never_taken_over(browse: Browse, forum: Forum) -> None:
    client = browse()
    client.cookies.set(COOKIE, "planted")
    page = client.get("/en/sign-in").text
    client.post("/en/sign-in", data={"csrf": WORD.search(page).group(1), "name": "reader", "password": PASSWORD})  # type: ignore[union-attr]
    secrets = [cookie.value for cookie in client.cookies.jar if cookie.name == COOKIE]
    assert forum.session("planted") is None
    assert any(forum.session(secret) for secret in secrets if secret)
    first = browse("editor")
    old = first.cookies[COOKIE]
    send(first, "/en/account/password", old=PASSWORD, password=PASSWORD * 2)
    assert forum.session(old) is None


def test_after_too_many_tries_even_the_right_password_waits(browse: Browse) -> None:
    client = browse()
    for _try in range(FAILURES_OF_NAME):
        assert send(client, "/en/sign-in", name="reader", password="wrong").status_code == 403  # noqa: S106
    late = send(client, "/en/sign-in", name="reader", password=PASSWORD)
    assert late.status_code == 403
    assert "quarter of an hour" in late.text
    assert send(client, "/en/sign-in", name="editor", password=PASSWORD).status_code == 303


def test_a_wrong_name_and_a_wrong_password_look_the_same(browse: Browse) -> None:
    pages = [send(browse(), "/en/sign-in", name=name, password="wrong wrong").text for name in ("reader", "nobody")]  # noqa: S106
    assert WORD.sub("", pages[0]).replace("reader", "") == WORD.sub("", pages[1]).replace("nobody", "")


@pytest.mark.parametrize(
    "on", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "\\\\evil"]
)
def test_nobody_is_led_elsewhere_after_signing_in(browse: Browse, on: str) -> None:
    done = send(browse(), "/en/sign-in", name="reader", password=PASSWORD, on=on)
    assert done.headers["location"] == "/en/account"


# --- who is refused what ------------------------------------------------------------------------------------------

WRITES = sorted({route.path for route in SITE_PAGES if "POST" in (route.methods or ())})


@pytest.mark.parametrize("path", WRITES)
def test_every_address_that_changes_something_wants_the_pages_word(browse: Browse, path: str) -> None:
    at = re.sub(r"\{[^}]+\}", "x", path.replace("{language}", "en"))
    client = browse("admin")
    refusals = {403, 404} if "study_id" in path or "job_id" in path else {403}  # that it exists is not told
    assert client.post(at, data={}).status_code in refusals
    assert client.post(at, data={"csrf": "wrong"}).status_code in refusals
    right = word(client, "/en/account")
    forged = {"origin": "https://evil.example"}
    assert client.post(at, data={"csrf": right}, headers=forged).status_code == 403
    assert client.post(at, data={"csrf": right}, headers={"sec-fetch-site": "cross-site"}).status_code == 403
    assert client.get(at).status_code != 500


def test_every_address_that_changes_something_is_guarded(library: Library, forum: Forum) -> None:
    """What is neither made by `posted` nor an API for tokens would not ask for the word at all."""
    app = create_app(library, forum=forum)
    for route in app.routes:
        methods = set(getattr(route, "methods", None) or ()) - {"GET", "HEAD", "OPTIONS"}
        if not methods or not isinstance(route, Route):
            continue
        guarded = getattr(route.endpoint, "changes_something", False) or route.path.startswith("/api/")
        assert guarded or route.path in OPEN_TO_OTHERS, route.path


@pytest.mark.parametrize("who", [None, "reader", "editor", "reviewer"])
def test_only_an_admin_keeps_accounts(browse: Browse, forum: Forum, who: str | None) -> None:
    client = browse(who)
    assert client.get("/en/users").status_code == 403
    assert client.get("/en/audit").status_code == 403
    assert send(client, "/en/users", name="new", role="admin", password=PASSWORD).status_code == 403
    somebody = next(row for row in forum.users(_admin(forum)) if row["name"] == "reader")
    assert send(client, f"/en/users/{somebody['user_id']}", role="admin").status_code == 403
    assert next(row for row in forum.users(_admin(forum)) if row["name"] == "reader")["role"] == "reader"


def _admin(forum: Forum):
    found = forum.session(forum.sign_in("admin", PASSWORD, address="t"))
    assert found is not None
    return found[0]


def test_an_admin_keeps_accounts_and_sees_what_was_done(browse: Browse, forum: Forum) -> None:
    client = browse("admin")
    assert send(client, "/en/users", name="new", role="editor", password=PASSWORD).status_code == 303
    new = next(row for row in forum.users(_admin(forum)) if row["name"] == "new")
    assert send(client, f"/en/users/{new['user_id']}", is_active="no").status_code == 303
    assert send(browse(), "/en/sign-in", name="new", password=PASSWORD).status_code == 403
    log = client.get("/en/audit").text
    assert "made an account" in log
    assert "user/new" in log
    assert PASSWORD not in log


def test_an_admin_cannot_lock_everybody_out(browse: Browse, forum: Forum) -> None:
    mine = next(row for row in forum.users(_admin(forum)) if row["name"] == "admin")
    assert send(browse("admin"), f"/en/users/{mine['user_id']}", role="reader").status_code == 400


def test_a_token_is_shown_once_and_belongs_to_its_holder(browse: Browse) -> None:
    client = browse("editor")
    made = send(client, "/en/account/tokens", title="<b>R</b>", days="30", may_write="yes")
    secret = re.search(r"hw_[A-Za-z0-9_-]+", made.text)
    assert secret is not None
    assert made.headers["cache-control"] == "no-store"
    page = client.get("/en/account").text
    assert secret.group() not in page
    assert "&lt;b&gt;R&lt;/b&gt;" in page
    token_id = re.search(r"tokens/([0-9a-f]+)/revoke", page).group(1)  # type: ignore[union-attr]
    assert send(browse("reader"), f"/en/account/tokens/{token_id}/revoke").status_code == 404
    assert send(client, f"/en/account/tokens/{token_id}/revoke").status_code == 303
    assert send(client, "/en/account/tokens", title="x", days="soon").status_code == 400


# --- whoever works alone ------------------------------------------------------------------------------------------


def test_whoever_works_alone_needs_no_account_under_a_name_of_this_machine(library: Library, tmp_path: Path) -> None:
    app = create_app(library, forum=open_forum(tmp_path / "home"))
    here = TestClient(app, base_url="http://127.0.0.1:8000")
    assert "alone on this machine" in here.get("/en/account").text
    assert here.get("/en/users").status_code == 200
    elsewhere = TestClient(app, base_url="http://evil.example")
    assert elsewhere.get("/en/users").status_code == 403, "a name of somebody else's that leads here"


def test_a_hub_alone_has_no_accounts(client: TestClient) -> None:
    for path in ("/en/sign-in", "/en/users", "/en/account"):
        assert client.get(path).status_code == 404


def test_how_the_site_is_doing_is_for_administrators(browse: Browse) -> None:
    assert browse("reviewer").get("/metrics").status_code == 403
    client = browse("admin")
    client.get("/en/account")
    text = client.get("/metrics").text
    assert 'headwater_requests_total{status="200"}' in text
    count = re.search(r"request_seconds_count (\d+)", text)
    most = re.search(r'bucket\{le="\+Inf"\} (\d+)', text)
    assert count is not None
    assert most is not None
    assert count.group(1) == most.group(1)
