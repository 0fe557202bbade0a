"""What is believed of a token: by hand."""

from __future__ import annotations

from typing import Any

import pytest

from headwater.openid.claims import (
    Distrusted,
    account_name,
    faults_of,
    is_let_in,
    key_for,
    profile_of,
    shown_name,
    verified_email,
)

NOW = 1_000_000.0
GOOD: dict[str, Any] = {"iss": "https://a", "sub": "1", "aud": "me", "exp": NOW + 300, "iat": NOW, "nonce": "n"}


def faults(**changes: Any) -> list[str]:
    claims = {name: value for name, value in {**GOOD, **changes}.items() if value is not None}
    return faults_of(claims, issuer="https://a", client_id="me", nonce="n", now=NOW)


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({}, []),
        ({"aud": ["me"]}, []),
        ({"aud": ["me", "you"], "azp": "me"}, []),
        ({"aud": ["me", "you"]}, ["aud"]),
        ({"aud": ["you"], "azp": "me"}, ["aud"]),
        ({"aud": "me too"}, ["aud"]),
        ({"aud": {"me": 1}}, ["aud"]),
        ({"aud": None}, ["aud"]),
        ({"azp": "you"}, ["azp"]),
        ({"iss": "https://a/"}, ["iss"]),
        ({"iss": None}, ["iss"]),
        ({"exp": NOW - 59}, []),
        ({"exp": NOW - 60}, ["exp"]),
        ({"exp": None}, ["exp"]),
        ({"exp": True}, ["exp"]),
        ({"exp": "9999999"}, ["exp"]),
        ({"exp": float("nan")}, ["exp"]),
        ({"iat": NOW + 60}, []),
        ({"iat": NOW + 61}, ["iat"]),
        ({"iat": NOW - 661}, ["iat"]),
        ({"iat": None}, ["iat"]),
        ({"nbf": NOW + 61}, ["nbf"]),
        ({"nbf": NOW}, []),
        ({"nonce": "m"}, ["nonce"]),
        ({"nonce": None}, ["nonce"]),
        ({"nonce": ["n"]}, ["nonce"]),
        ({"sub": ""}, ["sub"]),
        ({"sub": 1}, ["sub"]),
        ({"sub": "x" * 256}, ["sub"]),
        ({"sub": "a\nb"}, ["sub"]),
        ({"sub": None}, ["sub"]),
    ],
)
def test_each_claim_must_hold(changes: dict[str, Any], wrong: list[str]) -> None:
    assert faults(**changes) == wrong


RSA = {"kty": "RSA", "kid": "1", "n": "n" * 342, "e": "AQAB"}


@pytest.mark.parametrize("algorithm", ["none", "None", "", "HS256", "HS512", "RS1", None, 5, ["RS256"]])
def test_only_signatures_of_a_private_key_are_taken(algorithm: object) -> None:
    with pytest.raises(Distrusted, match="alg"):
        key_for({"alg": algorithm, "kid": "1"}, [RSA])


@pytest.mark.parametrize(
    "changes",
    [
        {"kid": "2"},
        {"use": "enc"},
        {"alg": "PS256"},
        {"kty": "oct", "k": "x"},
        {"kty": "EC"},
        {"n": "n" * 171},
        {"n": 5},
    ],
)
def test_a_key_that_does_not_fit_is_not_used(changes: dict[str, Any]) -> None:
    assert key_for({"alg": "RS256", "kid": "1"}, [RSA]) == {"kty": "RSA", "n": "n" * 342, "e": "AQAB"}
    assert key_for({"alg": "RS256", "kid": "1"}, [{**RSA, **changes}]) is None


def test_a_token_that_names_no_key_is_read_with_the_only_one_there_is() -> None:
    assert key_for({"alg": "RS256"}, [RSA, {"kty": "EC"}, "junk"]) is not None
    assert key_for({"alg": "RS256"}, [RSA, {**RSA, "kid": "2"}]) is None


def test_an_address_counts_when_it_is_verified_and_is_not_pieced_together() -> None:
    assert verified_email({"email": "a@b.example", "email_verified": "true"}) == "a@b.example"
    for verified in (False, "false", None, 1, "yes"):
        assert verified_email({"email": "a@b.example", "email_verified": verified}) is None
    for email in ("", "a", "@b.example", "a@", "a@evil.example@b.example", "a\n@b.example", 7, "x" * 320 + "@b"):
        assert verified_email({"email": email, "email_verified": True}) is None
    mixed = profile_of({"email_verified": True}, {"email": "boss@b.example", "email_verified": False})
    assert verified_email(mixed) is None


def test_a_domain_is_the_whole_of_what_follows_the_at() -> None:
    assert is_let_in("a@b.example", {"b.example"})
    for email in ("a@eb.example", "a@x.b.example", "b.example", None):
        assert not is_let_in(email, {"b.example"})


@pytest.mark.parametrize(
    "wanted", ["admin", "ADMIN@evil.example", "<b>", "../..", "x" * 500, "李安", "", 7, "\u202eann"]
)
def test_a_name_says_who_vouches_and_fits_an_account(wanted: object) -> None:
    name = account_name({"preferred_username": wanted}, "https://" + "l" * 60 + ".example")
    assert name.endswith("@" + "l" * 36)
    assert 38 <= len(name) <= 73
    assert all(letter.isalnum() or letter in ".-_@+" for letter in name)


def test_what_somebody_is_called_has_no_hidden_marks() -> None:
    assert shown_name({"name": "Ann\x00 \u202eLee\n"}) == "Ann Lee"
    assert shown_name({"name": 7, "preferred_username": "ann"}) == "ann"
