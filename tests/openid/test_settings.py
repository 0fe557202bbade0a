"""What the operator says of a provider: every fault at once, and no secret in any message."""

from __future__ import annotations

from pathlib import Path

import pytest

from headwater.errors import InputError
from headwater.openid import settings
from headwater.openid.settings import is_trusted_address, read_settings

SECRET = "s3cr3t-s3cr3t-s3cr3t"  # noqa: S105
BASE = "https://plans.example.org/"
GIVEN = {
    "HEADWATER_OIDC_ISSUER": "https://login.example.org/realms/a",
    "HEADWATER_OIDC_CLIENT_ID": "headwater",
    "HEADWATER_OIDC_SECRET": SECRET,
}


def test_settings_are_read_and_the_secret_is_not_shown() -> None:
    made = read_settings({**GIVEN, "HEADWATER_OIDC_DOMAINS": " Example.org, b.example "}, base=BASE)
    assert made is not None
    assert made.redirect_uri == "https://plans.example.org/sign-in/vouched"
    assert made.title == "login.example.org"
    assert made.domains == {"example.org", "b.example"}
    assert made.secret == SECRET
    assert SECRET not in repr(made)
    assert SECRET.encode() not in made.seal


def test_the_secret_may_lie_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(SECRET + "\n", encoding="utf-8")
    given = {**GIVEN, "HEADWATER_OIDC_SECRET": "", "HEADWATER_OIDC_SECRET_FILE": str(file)}
    made = read_settings(given, base=BASE)
    assert made is not None
    assert made.secret == SECRET


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"HEADWATER_OIDC_ISSUER": ""}, "HEADWATER_OIDC_ISSUER is missing"),
        ({"HEADWATER_OIDC_CLIENT_ID": " "}, "HEADWATER_OIDC_CLIENT_ID is missing"),
        ({"HEADWATER_OIDC_SECRET": ""}, "HEADWATER_OIDC_SECRET or HEADWATER_OIDC_SECRET_FILE is missing"),
        ({"HEADWATER_OIDC_SECRET_FILE": "/x"}, "both given"),
        ({"HEADWATER_OIDC_SECRET": "", "HEADWATER_OIDC_SECRET_FILE": "/nowhere/x"}, "/nowhere/x» cannot be read"),
        ({"HEADWATER_OIDC_SECRET": "short-secret"}, "at least 16"),
        ({"HEADWATER_OIDC_ISSUER": "http://login.example.org"}, "must be an https"),
        ({"HEADWATER_OIDC_ISSUER": "https://login.example.org/?x=1"}, "must be an https"),
        ({"HEADWATER_OIDC_ISSUER": "https://login.example.org/" + "x" * 250}, "must be an https"),
        ({"HEADWATER_OIDC_DOMAINS": "example.org, @x"}, "not a list of domains"),
        ({"HEADWATER_OIDC_DOMAINS": ","}, "not a list of domains"),
        ({"HEADWATER_OIDC_DOMAIN": "example.org"}, "HEADWATER_OIDC_DOMAIN is no setting"),
    ],
)
def test_wrong_settings_are_said_without_the_secret(changed: dict[str, str], said: str) -> None:
    with pytest.raises(InputError, match=said) as refused:
        read_settings({**GIVEN, **changed}, base=BASE)
    assert SECRET not in str(refused.value)
    assert "short-secret" not in str(refused.value)


def test_every_fault_is_said_at_once() -> None:
    with pytest.raises(InputError) as refused:
        read_settings({"HEADWATER_OIDC_NAME": "Ministry"}, base="")
    assert len(str(refused.value).splitlines()) == 4


def test_without_the_package_the_site_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "find_spec", lambda _name: None)
    with pytest.raises(InputError, match=r"headwater\[oidc\]"):
        read_settings(GIVEN, base=BASE)


@pytest.mark.parametrize(
    "address",
    ["", "file:///etc/passwd", "ftp://a.example", "https://", "https://a.example:x", "https://[::1",
     "https://a b.example", "https://a.example\\@b.example", "http://127.0.0.1.example", "https://a.example/\n", "https://ä.example"],
)  # fmt: skip
def test_secrets_are_sent_by_tls_or_on_this_machine_only(address: str) -> None:
    assert not is_trusted_address(address)
    assert is_trusted_address("http://[::1]:8000/x")
