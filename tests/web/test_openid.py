"""Sign-in through another site, the whole way: there with a real browser's cookies, at a real provider, and back."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import re
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import HTTPHandler, OpenerDirector

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

from joserfc import jwt
from tests.web.hub import write_hub
from tests.web.openid_site import CLIENT_ID, EC, OTHER_RSA, RSA, SECRET, Claims, Site, numbered, running

from headwater.cli import main
from headwater.forum import Forum, open_forum
from headwater.library import Library
from headwater.openid.provider import AWAY_S, FRESH_S, KEYS_PAUSE_S, Provider
from headwater.openid.settings import Settings
from headwater.permissions import User
from headwater.store.accounts import FAILURES_OF_ADDRESS, WINDOW
from headwater.web.app import create_app
from headwater.web.pages_openid import LONGEST_WAY_S, WAY
from headwater.web.signed import COOKIE, sealed

PASSWORD = "correct horse battery"  # noqa: S105
BASE = "http://localhost"
GO, BACK = "/en/sign-in/vouched", "/sign-in/vouched"
WORD = re.compile(r'name="csrf" value="([^"]+)"')


@pytest.fixture
def site() -> Iterator[Site]:
    """A provider."""
    with running() as made:
        yield made


@pytest.fixture
def forum(tmp_path: Path) -> Forum:
    """A site with an administrator and an editor whose address is the one that the provider knows."""
    made = open_forum(tmp_path / "home", is_alone=False)
    boss = made.set_up(made.setup_code(), "admin", PASSWORD)
    editor = made.add_user(boss, "ann@example.org", role="editor", password=PASSWORD)
    made.add_user(boss, "ann", role="reader", password=PASSWORD)
    with made.writing() as connection:
        connection.exec_driver_sql(f"UPDATE users SET email = 'ann@example.org' WHERE user_id = '{editor.user_id}'")  # noqa: S608
    return made


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock that tests move."""
    return Clock()


Browse = Callable[..., TestClient]


@pytest.fixture
def browse(library: Library, forum: Forum, site: Site, clock: Clock) -> Browse:
    """A browser of the site."""

    def opened(domains: tuple[str, ...] = (), base: str = BASE, **headers: str) -> TestClient:
        settings = Settings(site.issuer, CLIENT_ID, SECRET, base, "Ministry of Works", frozenset(domains))
        app = create_app(library, forum=forum, base=base, provider=Provider(settings, clock=clock))
        return TestClient(
            app, base_url=base, raise_server_exceptions=False, follow_redirects=False, headers=headers or None
        )

    return opened


def there(client: TestClient, go: str = GO) -> str:
    """Where the site sends a browser."""
    sent = client.get(go)
    assert sent.status_code == 303, sent.text
    return str(sent.headers["location"])


def at_provider(address: str) -> str:
    """Where the provider sends a browser back to."""
    opener = OpenerDirector()
    opener.add_handler(HTTPHandler())
    with opener.open(address, timeout=10) as answer:
        return str(answer.headers["location"])


def whole_way(client: TestClient, go: str = GO) -> Any:
    """There and back."""
    return client.get(at_provider(there(client, go)))


def people(forum: Forum) -> dict[str, dict[str, Any]]:
    """Every account by its name."""
    return {row["name"]: row for row in forum.users(User(None, "x", "x", "admin"))}


def log_of(forum: Forum) -> list[tuple[str, str, dict[str, Any]]]:
    """What was done, the newest first."""
    return [
        (row["action"], row["name"], json.loads(row["detail"]))
        for row in forum.audit_log(User(None, "x", "x", "admin"))
    ]


# --- the whole way ------------------------------------------------------------------------------------------------


def test_somebody_comes_in_as_a_reader_and_the_second_time_as_the_same(browse: Browse, forum: Forum) -> None:
    client = browse()
    assert "Sign in with Ministry of Works" in client.get("/en/sign-in").text
    done = whole_way(client)
    assert done.status_code == 303
    assert done.headers["location"] == "/en/account"
    assert "Ann Lee" in client.get("/en/account").text
    made = people(forum)["ann@127.0.0.1"]
    assert (made["role"], made["email"], made["shown_name"]) == ("reader", "ann@example.org", "Ann Lee")
    assert log_of(forum)[0] == ("sign_in", "ann@127.0.0.1", {"address": "testclient", "vouched": True})
    assert log_of(forum)[1][:2] == ("add_user", "ann@127.0.0.1")
    before = len(people(forum))
    assert whole_way(browse()).status_code == 303
    assert len(people(forum)) == before


def test_what_is_sent_and_kept_is_fresh_sealed_and_short_lived(browse: Browse) -> None:
    client = browse()
    sent = client.get(GO)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(sent.headers["location"]).query).items()}
    again = {name: values[0] for name, values in parse_qs(urlsplit(there(browse())).query).items()}
    for name in ("state", "nonce", "code_challenge"):
        assert len(asked[name]) >= 43
        assert asked[name] != again[name]
    assert asked["redirect_uri"] == f"{BASE}{BACK}"
    assert SECRET not in sent.headers["location"]
    cookie = sent.headers["set-cookie"].lower()
    for word in ("httponly", "samesite=lax", f"path={BACK}", f"max-age={LONGEST_WAY_S}"):
        assert word in cookie
    assert sent.headers["cache-control"] == "no-store"
    safe = browse(base="https://plans.example.org").get(GO)
    assert "; secure" in safe.headers["set-cookie"].lower()
    assert "plans.example.org" in safe.headers["location"]


def test_the_session_is_a_new_one(browse: Browse, forum: Forum) -> None:
    client = browse()
    client.cookies.set(COOKIE, "planted", domain="localhost.local")
    done = whole_way(client)
    made = re.search(rf"{COOKIE}=([^;]+)", done.headers["set-cookie"])
    assert made is not None
    assert made[1] != "planted"
    assert forum.session("planted") is None
    assert forum.session(made[1]) is not None
    held = forum.sign_in("ann", PASSWORD, address="t")
    other = browse()
    back = at_provider(there(other))
    other.cookies.set(COOKIE, held, domain="localhost.local")
    assert other.get(back).status_code == 303
    assert forum.session(held) is None, "the session that was there has ended"


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256"])
def test_each_kind_of_signature_is_known(browse: Browse, site: Site, algorithm: str) -> None:
    site.algorithm, site.signs_with = algorithm, EC if algorithm == "ES256" else RSA
    assert whole_way(browse()).status_code == 303


def test_a_client_may_prove_itself_in_the_form(browse: Browse, site: Site) -> None:
    site.about = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    assert whole_way(browse()).status_code == 303


def test_what_the_token_leaves_out_is_asked_elsewhere(browse: Browse, site: Site, forum: Forum) -> None:
    site.person = {"sub": "7"}
    site.told_elsewhere = {"sub": "7", "name": "Bo", "email": "bo@example.org", "email_verified": True}
    assert whole_way(browse(domains=("example.org",))).status_code == 303
    assert people(forum)["bo@127.0.0.1"]["shown_name"] == "Bo"
    site.told_elsewhere["sub"] = "8"
    assert whole_way(browse()).status_code == 403


# --- what is refused ----------------------------------------------------------------------------------------------


def refused(done: Any, forum: Forum, status: int = 403) -> str:
    """The page of somebody who was turned away: no session, no account, nothing that may not be shown."""
    assert done.status_code == status, done.text
    assert f"{COOKIE}=" not in done.headers.get("set-cookie", "")
    assert not any(name.endswith("@127.0.0.1") for name in people(forum))
    assert 'name="password"' in done.text, "the other way in goes on"
    assert 'role="alert"' in done.text
    assert done.headers["cache-control"] == "no-store"
    for word in (SECRET, "code=", "state="):
        assert word not in done.text
    return str(done.text)


def test_a_wrong_state_a_missing_one_and_two(browse: Browse, forum: Forum) -> None:
    for change in (
        lambda s: s.replace("state=", "state=x"),
        lambda s: s.replace("state=", "s="),
        lambda s: s + "&state=x",
    ):
        client = browse()
        back = at_provider(there(client))
        assert "did not begin here" in refused(client.get(change(back)), forum)


def test_another_browser_cannot_use_the_answer(browse: Browse, forum: Forum) -> None:
    """An answer of one's own, put under somebody else's mouse, signs nobody in."""
    back = at_provider(there(browse()))
    refused(browse().get(back), forum)
    victim = browse()
    there(victim)
    refused(victim.get(back), forum)


def test_a_state_is_used_once_whatever_came_of_it(browse: Browse, site: Site, forum: Forum) -> None:
    client = browse()
    back = at_provider(there(client))
    way = client.cookies[WAY]
    site.changes = {"aud": "other"}
    refused(client.get(back), forum)
    assert WAY not in client.cookies
    site.changes = {}
    client.cookies.set(WAY, way, domain="localhost.local", path=BACK)
    site.asked.clear()
    assert "used before" in refused(client.get(back), forum)
    assert "/token" not in site.asked, "the provider is not even asked"


def test_a_code_is_used_once(browse: Browse, forum: Forum) -> None:
    """A code of another sign-in: the provider knows the verifier of this one does not belong to it."""
    mine, other = browse(), browse()
    code = parse_qs(urlsplit(at_provider(there(other))).query)["code"][0]
    state = parse_qs(urlsplit(there(mine)).query)["state"][0]
    refused(mine.get(f"{BACK}?{urlencode({'state': state, 'code': code})}"), forum)


def test_what_the_browser_keeps_cannot_be_changed_and_is_over_in_time(browse: Browse, forum: Forum) -> None:
    client = browse()
    back = at_provider(there(client))
    way = client.cookies[WAY]
    text, _dot, mark = way.partition(".")
    values = json.loads(base64.urlsafe_b64decode(text))
    other = base64.urlsafe_b64encode(json.dumps({**values, "until": values["until"] + 1}).encode()).decode()
    key = client.app.state.provider.settings.seal  # type: ignore[attr-defined]
    for kept in (
        f"{other}.{mark}", f"{text}.", text, "x", "é.é", f"{text}.{'0' * 64}", "",
        sealed(values["values"], b"another key", until=time.time() + 60),
        sealed(values["values"], key, until=time.time() - 1),
    ):  # fmt: skip
        client.cookies.clear()
        done = client.get(back, headers={"cookie": f"{WAY}={kept}".encode()})
        refused(done, forum)
    done = client.get(back, headers={"cookie": f"{WAY}={way}"})
    assert done.status_code == 303


def _compact(header: Claims, claims: Claims, sign: Callable[[bytes], bytes]) -> str:
    def part(content: bytes) -> str:
        return base64.urlsafe_b64encode(content).decode().rstrip("=")

    signed = f"{part(json.dumps(header).encode())}.{part(json.dumps(claims).encode())}"
    return f"{signed}.{part(sign(signed.encode()))}"


def _with_hmac(key: bytes, **header: Any) -> Callable[[Claims], str]:
    return lambda claims: _compact(
        {"alg": "HS256", **header}, claims, lambda text: hmac.digest(key, text, hashlib.sha256)
    )


def _rs256(claims: Claims, key: Any = RSA, **header: Any) -> str:
    return jwt.encode({"alg": "RS256", "kid": "rsa-1", **header}, claims, key, algorithms=["RS256"])


def _tampered(claims: Claims) -> str:
    header, _claims, signature = _rs256({**claims, "sub": "somebody"}).split(".")
    return f"{header}.{_rs256(claims).split('.')[1]}.{signature}"


FORGED: dict[str, Callable[[Claims], str]] = {
    "alg none": lambda claims: _compact({"alg": "none"}, claims, lambda _text: b""),
    "alg None, in other letters": lambda claims: _compact({"alg": "nOnE", "kid": "rsa-1"}, claims, lambda _text: b""),
    "no alg": lambda claims: _compact({"kid": "rsa-1"}, claims, lambda _text: b"x"),
    "hs256 with the public key": _with_hmac(RSA.as_pem(private=False), kid="rsa-1"),
    "hs256 with the public key as JSON": _with_hmac(json.dumps(RSA.as_dict(private=False)).encode(), kid="rsa-1"),
    "hs256 with the secret": _with_hmac(SECRET.encode()),
    "another key under a known name": lambda claims: _rs256(claims, numbered(OTHER_RSA, "rsa-1")),
    "a key that is not there": lambda claims: _rs256(claims, OTHER_RSA, kid="rsa-2"),
    "its own key in the header": lambda claims: _rs256(claims, OTHER_RSA, jwk=OTHER_RSA.as_dict(private=False)),
    "the name of a key of another kind": lambda claims: _rs256(claims, kid="ec-1"),
    "an algorithm that is not offered": lambda claims: jwt.encode(
        {"alg": "RS512", "kid": "rsa-1"}, claims, RSA, algorithms=["RS512"]
    ),
    "claims of another token": _tampered,
    "a critical part that nobody knows": lambda claims: _compact(
        {"alg": "RS256", "kid": "rsa-1", "crit": ["x"], "x": 1}, claims, lambda _text: b"x" * 256
    ),
    "five parts": lambda claims: _rs256(claims) + ".x.y",
    "no token": lambda _claims: "",
    "junk": lambda _claims: "é.é.é",
    "a list": lambda _claims: _compact({"alg": "RS256"}, [], lambda _text: b""),  # type: ignore[arg-type]
    "deep": lambda _claims: base64.urlsafe_b64encode(b"[" * 90_000).decode() + ".x.y",
}


@pytest.mark.parametrize("forgery", FORGED)
def test_a_token_that_the_provider_did_not_sign_opens_nothing(
    browse: Browse, site: Site, forum: Forum, forgery: str, caplog: pytest.LogCaptureFixture
) -> None:
    site.token = FORGED[forgery]
    with caplog.at_level(logging.WARNING):
        assert "could not be verified" in refused(whole_way(browse()), forum)
    if forgery.startswith(("alg", "hs256", "an algorithm")):
        assert "ID token: alg" in caplog.text, "refused for its algorithm, before any key is looked at"


NOW = int(time.time())


@pytest.mark.parametrize(
    "changes",
    [
        {"nonce": "other"},
        {"nonce": None},
        {"aud": "other"},
        {"aud": [CLIENT_ID, "other"]},
        {"azp": "other"},
        {"iss": "https://evil.example"},
        {"exp": NOW - 3600},
        {"iat": NOW + 3600},
        {"iat": NOW - 7200},
        {"iat": None},
        {"sub": None},
    ],
)
def test_a_token_for_another_time_place_or_person_opens_nothing(
    browse: Browse, site: Site, forum: Forum, changes: Claims, caplog: pytest.LogCaptureFixture
) -> None:
    site.changes = changes
    with caplog.at_level(logging.WARNING):
        assert "could not be verified" in refused(whole_way(browse()), forum)
    assert next(iter(changes)) in caplog.text, "the operator is told why"
    assert SECRET not in caplog.text


def test_keys_that_were_changed_are_asked_for_again_but_not_for_every_token(
    browse: Browse, site: Site, clock: Clock, forum: Forum
) -> None:
    client = browse()
    assert whole_way(client).status_code == 303
    client.cookies.clear()
    site.keys, site.signs_with = [OTHER_RSA], OTHER_RSA
    assert whole_way(client).status_code == 403, "keys were asked for a moment ago"
    assert site.asked.count("/keys") == 1
    clock.now += KEYS_PAUSE_S
    assert whole_way(client).status_code == 303
    assert site.asked.count("/keys") == 2
    client.cookies.clear()
    site.keys = [EC]  # the key was withdrawn: what it signed is taken for an hour, not for ever
    clock.now += FRESH_S
    assert whole_way(client).status_code == 403


def test_the_description_is_kept_for_an_hour(browse: Browse, site: Site, clock: Clock) -> None:
    client = browse()
    for _time in range(3):
        there(client)
    assert site.asked.count("/.well-known/openid-configuration") == 1
    clock.now += FRESH_S
    there(client)
    assert site.asked.count("/.well-known/openid-configuration") == 2


# --- a provider that is away, or says no --------------------------------------------------------------------------


def test_a_provider_that_is_away_is_said_and_asked_again_after_a_while(
    browse: Browse, site: Site, clock: Clock, forum: Forum
) -> None:
    site.down = {"/.well-known/openid-configuration"}
    client = browse()
    for _time in range(3):
        assert "does not answer as it should" in refused(client.get(GO), forum, 503)
    assert len(site.asked) == 1, "nobody waits twice"
    page = client.get("/en/sign-in").text
    signed = client.post(
        "/en/sign-in", data={"csrf": WORD.search(page)[1], "name": "admin", "password": PASSWORD}  # type: ignore[index]
    )  # fmt: skip
    assert signed.status_code == 303
    client.cookies.clear()
    site.down, clock.now = set(), clock.now + AWAY_S
    assert whole_way(client).status_code == 303


def test_nobody_listens_at_all(browse: Browse, site: Site, forum: Forum) -> None:
    client = browse()
    back = at_provider(there(client))
    site.shutdown()
    site.server_close()
    refused(client.get(back), forum, 503)
    refused(browse().get(GO), forum, 503)


@pytest.mark.parametrize("path", ["/token", "/keys", "/userinfo"])
def test_a_part_of_the_provider_is_away(browse: Browse, site: Site, forum: Forum, path: str) -> None:
    site.person.pop("email")
    site.down = {path}
    refused(whole_way(browse()), forum, 503)


@pytest.mark.parametrize(
    "about",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "http://evil.example/token"},
        {"token_endpoint": None},
        {"jwks_uri": "file:///etc/passwd"},
        {"id_token_signing_alg_values_supported": ["HS256"]},
        {"token_endpoint_auth_methods_supported": ["private_key_jwt"]},
    ],
)
def test_a_description_that_will_not_do_is_not_followed(
    browse: Browse, site: Site, forum: Forum, about: Claims
) -> None:
    site.about = about
    refused(browse().get(GO), forum, 503)


def test_a_wrong_secret_is_the_operators_affair(
    browse: Browse, site: Site, forum: Forum, caplog: pytest.LogCaptureFixture
) -> None:
    client = browse()
    settings = Settings(site.issuer, CLIENT_ID, "not the right secret", BASE, "Ministry of Works")
    client.app.state.provider = Provider(settings)  # type: ignore[attr-defined]
    with caplog.at_level(logging.WARNING):
        refused(whole_way(client), forum, 503)
    assert "401 invalid_client" in caplog.text
    assert "not the right" not in caplog.text


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        ("access_denied", 403, "Ministry of Works did not let you in"),
        ("<script>", 403, "Ministry of Works did not let you in"),
        ("temporarily_unavailable", 503, "does not answer as it should"),
    ],
)
def test_an_error_of_the_provider_is_told(
    browse: Browse, site: Site, forum: Forum, error: str, status: int, said: str
) -> None:
    site.error = error
    page = refused(whole_way(browse()), forum, status)
    assert said in page
    assert "<script>" not in page


def test_an_answer_says_whose_it_is_where_the_provider_promises_so(browse: Browse, site: Site, forum: Forum) -> None:
    client = browse()
    refused(client.get(at_provider(there(client)) + "&iss=https%3A%2F%2Fevil.example"), forum)
    site.about = {"authorization_response_iss_parameter_supported": True}
    client = browse()
    refused(client.get(at_provider(there(client))), forum)
    back = at_provider(there(client))
    assert client.get(f"{back}&{urlencode({'iss': site.issuer})}").status_code == 303


def test_too_many_failures_from_one_address_wait(browse: Browse, site: Site, forum: Forum) -> None:
    for _time in range(FAILURES_OF_ADDRESS - 1):
        forum.note_failed("testclient")
    client, other = browse(), browse()
    back = at_provider(there(client))
    there(other)
    assert "did not begin here" in refused(browse().get(f"{BACK}?state=x&code=y"), forum)
    assert "did not begin here" in refused(other.get(f"{BACK}?state=x&code=y"), forum), "nobody was locked out by that"
    site.asked.clear()
    assert "quarter of an hour" in refused(client.get(back), forum)
    assert "quarter of an hour" in refused(browse().get(GO), forum)
    assert site.asked == []
    assert WINDOW.total_seconds() >= LONGEST_WAY_S, "a state that was used is remembered for as long as it could be"


# --- where to go on to --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("on", "to"),
    [
        ("/en/studies/new?x=1", "/en/studies/new?x=1"),
        ("https://evil.example/", "/en/account"),
        ("//evil.example", "/en/account"),
        ("/\\evil.example", "/en/account"),
        ("\\\\evil.example", "/en/account"),
        ("javascript:alert(1)", "/en/account"),
        ("", "/en/account"),
    ],
)
def test_nobody_is_led_elsewhere_afterwards(browse: Browse, on: str, to: str) -> None:
    done = whole_way(browse(), f"{GO}?{urlencode({'on': on})}")
    assert done.headers["location"] == to
    inside = browse()
    whole_way(inside)
    assert there(inside, f"{GO}?{urlencode({'on': on})}") == to


def test_a_tab_in_the_address_leads_nowhere_else(browse: Browse) -> None:
    to = whole_way(browse(), f"{GO}?on=/%09/evil.example").headers["location"]
    assert not re.match(r"[/\\\s]{2}", to)


def test_the_page_that_asked_for_a_sign_in_is_gone_on_to(browse: Browse) -> None:
    client = browse()
    page = client.get(client.get("/en/account").headers["location"]).text
    way = re.search(r'href="(/en/sign-in/vouched[^"]*)"', page)
    assert way is not None
    assert whole_way(client, way[1].replace("&amp;", "&")).headers["location"] == "/en/account"


# --- whose account ------------------------------------------------------------------------------------------------


def test_an_equal_address_or_name_takes_no_account_over(browse: Browse, forum: Forum, site: Site) -> None:
    before = people(forum)
    site.person["preferred_username"] = "ann@example.org"
    client = browse()
    whole_way(client)
    after = people(forum)
    assert set(after) - set(before) == {"ann@127.0.0.1"}
    assert all(after[name] == before[name] for name in before)
    site.person["sub"] = "another"
    whole_way(browse())
    assert set(people(forum)) - set(after) == {"ann-2@127.0.0.1"}, "another subject is another person"


def test_the_same_subject_of_another_issuer_is_another_person(browse: Browse, forum: Forum) -> None:
    whole_way(browse())
    with running() as other:
        settings = Settings(other.issuer, CLIENT_ID, SECRET, BASE, "Elsewhere")
        client = browse()
        client.app.state.provider = Provider(settings)  # type: ignore[attr-defined]
        whole_way(client)
    assert {"ann@127.0.0.1", "ann-2@127.0.0.1"} <= set(people(forum))


def test_a_closed_account_stays_closed(browse: Browse, forum: Forum) -> None:
    client = browse()
    whole_way(client)
    boss = User(None, "x", "x", "admin")
    forum.change_user(boss, people(forum)["ann@127.0.0.1"]["user_id"], is_active=False)
    assert client.get("/en/account").status_code == 303
    done = whole_way(browse())
    assert done.status_code == 403
    assert "may not be used any more" in done.text
    assert f"{COOKIE}=" not in done.headers.get("set-cookie", "")


def test_a_role_that_was_given_here_stays(browse: Browse, forum: Forum) -> None:
    whole_way(browse())
    boss = User(None, "x", "x", "admin")
    forum.change_user(boss, people(forum)["ann@127.0.0.1"]["user_id"], role="editor")
    client = browse()
    whole_way(client)
    assert people(forum)["ann@127.0.0.1"]["role"] == "editor"


@pytest.mark.parametrize(
    "person",
    [
        {"email_verified": False},
        {"email_verified": None},
        {"email": "ann@example.org.evil.example"},
        {"email": "ann@sub.example.org"},
        {"email": None, "email_verified": None},
    ],
)
def test_only_verified_addresses_of_a_domain_come_in_where_domains_are_named(
    browse: Browse, site: Site, forum: Forum, person: Claims
) -> None:
    site.changes = person
    site.told_elsewhere = {"sub": site.person["sub"], "email": "ann@example.org"}
    assert "example.org is verified by Ministry of Works" in refused(whole_way(browse(("example.org",))), forum)
    site.changes = {}
    assert whole_way(browse(("example.org",))).status_code == 303


def test_an_address_that_is_not_verified_is_not_kept(browse: Browse, site: Site, forum: Forum) -> None:
    site.person["email_verified"] = False
    whole_way(browse())
    assert people(forum)["ann@127.0.0.1"]["email"] is None


def test_nobody_comes_in_before_the_site_is_set_up(library: Library, site: Site, tmp_path: Path) -> None:
    settings = Settings(site.issuer, CLIENT_ID, SECRET, BASE, "x")
    fresh = open_forum(tmp_path / "fresh", is_alone=False)
    client = TestClient(
        create_app(library, forum=fresh, provider=Provider(settings)), base_url=BASE, follow_redirects=False
    )
    assert there(client) == "/en/set-up"
    assert fresh.needs_setup


# --- linking one's own account ------------------------------------------------------------------------------------


def signed_in(client: TestClient, name: str) -> TestClient:
    """A browser that is signed in by password."""
    word = WORD.search(client.get("/en/sign-in").text)[1]  # type: ignore[index]
    data = {"csrf": word, "name": name, "password": PASSWORD}
    assert client.post("/en/sign-in", data=data).status_code == 303
    return client


def send(client: TestClient, path: str, **fields: str) -> Any:
    """A form of the account's page."""
    word = WORD.search(client.get("/en/account").text)[1]  # type: ignore[index]
    return client.post(path, data={"csrf": word, **fields}, headers={"sec-fetch-site": "same-origin"})


def onward(page: str) -> str:
    """The way to the provider that a page shows."""
    found = re.search(r'href="(http://127[^"]+)"', page)
    assert found is not None
    return found[1].replace("&amp;", "&")


def test_one_links_ones_own_account_and_parts_it(browse: Browse, forum: Forum) -> None:
    client = signed_in(browse(), "ann@example.org")
    assert send(client, "/en/account/vouched", password="wrong wrong").status_code == 403  # noqa: S106
    page = send(client, "/en/account/vouched", password=PASSWORD)
    assert page.headers["cache-control"] == "no-store"
    assert client.get(at_provider(onward(page.text))).headers["location"] == "/en/account?done=linked"
    other = browse()
    whole_way(other)
    assert "Editor" in other.get("/en/account").text
    assert log_of(forum)[0][:2] == ("sign_in", "ann@example.org")
    assert ("link_account", "ann@example.org", {}) in log_of(forum)
    assert send(client, "/en/account/vouched/part").headers["location"] == "/en/account?done=parted"
    whole_way(browse())
    assert "ann@127.0.0.1" in people(forum)


def test_a_link_belongs_to_whoever_began_it(browse: Browse, forum: Forum) -> None:
    client = signed_in(browse(), "ann@example.org")
    back = at_provider(onward(send(client, "/en/account/vouched", password=PASSWORD).text))
    client.cookies.set(COOKIE, forum.sign_in("admin", PASSWORD, address="t"), domain="localhost.local")
    assert client.get(back).status_code == 403
    assert not any(row["is_vouched"] for row in people(forum).values())


def test_what_opens_one_account_opens_no_other(browse: Browse, forum: Forum) -> None:
    whole_way(browse())
    client = signed_in(browse(), "ann@example.org")
    back = at_provider(onward(send(client, "/en/account/vouched", password=PASSWORD).text))
    done = client.get(back)
    assert done.status_code == 409
    assert "Another account here" in done.text
    boss = signed_in(browse(), "admin")
    made = people(forum)["ann@127.0.0.1"]["user_id"]
    assert f"users/{made}/part" in boss.get("/en/users").text
    assert send(client, f"/en/users/{made}/part").status_code == 403
    assert send(boss, f"/en/users/{made}/part").status_code == 303
    back = at_provider(onward(send(client, "/en/account/vouched", password=PASSWORD).text))
    assert client.get(back).status_code == 303


def test_without_a_password_nobody_shuts_themselves_out(browse: Browse) -> None:
    client = browse()
    whole_way(client)
    page = client.get("/en/account").text
    assert "is linked with Ministry of Works" in page
    assert 'name="old"' not in page
    assert send(client, "/en/account/vouched/part").status_code == 403


# --- words, settings, and a site without it -----------------------------------------------------------------------


def test_the_way_speaks_the_readers_language(browse: Browse, site: Site) -> None:
    client = browse()
    assert "通过 Ministry of Works 登录" in client.get("/zh/sign-in").text
    site.error = "access_denied"
    page = whole_way(client, "/zh/sign-in/vouched")
    assert "Ministry of Works 未允许您登录" in page.text
    assert 'lang="zh-Hans"' in page.text
    site.error = ""
    assert whole_way(client, "/zh/sign-in/vouched").headers["location"] == "/zh/account"
    lost = browse().get(BACK, headers={"accept-language": "zh"})
    assert "请重新开始" in lost.text


def test_a_site_without_a_provider_has_no_such_way(library: Library, forum: Forum) -> None:
    client = TestClient(create_app(library, forum=forum), raise_server_exceptions=False, follow_redirects=False)
    assert client.get(GO).status_code == 404
    assert client.get(BACK).status_code == 404
    assert "vouched" not in client.get("/en/sign-in").text


@pytest.mark.parametrize(
    ("more", "environ", "said"),
    [
        (["--accounts"], {"HEADWATER_OIDC_ISSUER": "http://login.example.org"}, "must be an https:// address"),
        (
            ["--base", "https://plans.example.org"],
            {
                "HEADWATER_OIDC_ISSUER": "https://login.example.org",
                "HEADWATER_OIDC_CLIENT_ID": "x",
                "HEADWATER_OIDC_SECRET": SECRET,
            },
            "add --accounts",
        ),
    ],
)
def test_a_site_with_wrong_settings_does_not_start(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    root: Path,
    more: list[str],
    environ: dict[str, str],
    said: str,
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    home = ["--home", str(tmp_path / "home"), "--index", str(tmp_path / "index.sqlite")]
    monkeypatch.setattr("sys.argv", ["headwater", "serve", "--no-work", *home, *more])
    with pytest.raises(SystemExit) as over:
        main()
    assert over.value.code == 2
    told = capsys.readouterr()
    assert said in " ".join((told.out + told.err).split())
    assert SECRET not in told.out + told.err
    assert not (tmp_path / "home").exists()


def test_a_site_with_right_settings_starts_and_knows_its_provider(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, site: Site
) -> None:
    served: list[Any] = []
    monkeypatch.setattr("uvicorn.run", lambda app, **_options: served.append(app))
    (tmp_path / "secret").write_text(SECRET + "\n", encoding="utf-8")
    for name, value in {
        "ISSUER": site.issuer, "CLIENT_ID": CLIENT_ID, "SECRET_FILE": str(tmp_path / "secret"), "NAME": "Works",
    }.items():  # fmt: skip
        monkeypatch.setenv(f"HEADWATER_OIDC_{name}", value)
    content, index = str(write_hub(tmp_path / "content")), str(tmp_path / "index.sqlite")
    words = ["--accounts", "--no-work", "--base", BASE, "--home", str(tmp_path / "home"), "--content", content]
    monkeypatch.setattr("sys.argv", ["headwater", "serve", *words, "--index", index])
    with pytest.raises(SystemExit) as over:
        main()
    assert not over.value.code
    forum = open_forum(tmp_path / "home", is_alone=False)
    code = served[0].state.forum.setup_code()
    served[0].state.forum.set_up(code, "admin", PASSWORD)
    client = TestClient(served[0], base_url=BASE, follow_redirects=False)
    assert "Sign in with Works" in client.get("/en/sign-in").text
    assert whole_way(client).status_code == 303
    assert "ann@127.0.0.1" in people(forum)
