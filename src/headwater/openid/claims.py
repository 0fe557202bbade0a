"""What a provider says of somebody, and whether it is believed: signature, addressee, age, and the word asked with.

Pure: keys and time are given. Only signatures that the holder of a private key can make are taken; a token without one,
or with one that whoever knows the public key or the client's secret could make, is refused.

Source
------
OpenID Connect Core 1.0, 3.1.3.7; RFC 8725, 3.1 to 3.3.
"""

from __future__ import annotations

import hmac
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from headwater.errors import NotAllowed

ALGORITHMS = {
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), "RSA"),
    **dict.fromkeys(("ES256", "ES384", "ES512"), "EC"),
}
"""Algorithms of signatures that are taken, with the kind of key of each."""

PUBLIC = {"RSA": ("n", "e"), "EC": ("crv", "x", "y")}
SHORTEST_MODULUS = 342
"""Characters of an RSA modulus of 2,048 bits in base64url."""

LEEWAY_S = 60
OLDEST_S = 600
"""How long ago a token may have been made [s]: it is fetched at once."""

LONGEST_SUBJECT = 255


class Distrusted(NotAllowed):
    """What was sent is not believed; names the claims or the rule, never a value."""


@dataclass(frozen=True)
class Vouched:
    """Somebody whom a provider vouches for.

    Attributes
    ----------
    subject
        Issuer and subject, parted by a space: the same person has the same one always, and nobody else has it.
    name, shown_name
        A name to make an account with, and to be called by.
    email
        Address that the provider has verified, or None.
    """

    subject: str
    name: str
    shown_name: str
    email: str | None


def key_for(header: Mapping[str, Any], keys: Iterable[Any]) -> dict[str, Any] | None:
    """The key that a token's header points to, its public part only; None where there is none, or more than one.

    Parameters
    ----------
    header
        Of the token; not verified yet.
    keys
        From the provider's set of keys.

    Raises
    ------
    Distrusted
        If the algorithm is not one of `ALGORITHMS`.

    Examples
    --------
    >>> keys = [{"kty": "EC", "kid": "1", "crv": "P-256", "x": "…", "y": "…", "d": "private"}]
    >>> key_for({"alg": "ES256", "kid": "1"}, keys)
    {'kty': 'EC', 'crv': 'P-256', 'x': '…', 'y': '…'}
    """
    algorithm, kid = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise Distrusted("alg")
    kind = ALGORITHMS[algorithm]
    fitting = [
        key
        for key in keys
        if isinstance(key, dict)
        and key.get("kty") == kind
        and (kid is None or key.get("kid") == kid)
        and key.get("use", "sig") == "sig"
        and key.get("alg", algorithm) == algorithm
        and all(isinstance(key.get(part), str) for part in PUBLIC[kind])
        and (kind != "RSA" or len(key["n"]) >= SHORTEST_MODULUS)
    ]
    if len(fitting) != 1:
        return None
    return {"kty": kind, **{part: fitting[0][part] for part in PUBLIC[kind]}}


def faults_of(
    claims: Mapping[str, Any], *, issuer: str, client_id: str, nonce: str, now: float, leeway_s: float = LEEWAY_S
) -> list[str]:
    """Names of the claims of a token that are not as they must be; none where all is well.

    Parameters
    ----------
    claims
        Of an ID token whose signature fits.
    issuer, client_id, nonce
        Who must have made it, for whom, and the word it was asked with.
    now
        Seconds since 1970.
    leeway_s
        How far two clocks may differ [s].

    Examples
    --------
    >>> claims = {"iss": "https://a", "sub": "1", "aud": "me", "exp": 400, "iat": 100, "nonce": "n"}
    >>> faults_of(claims, issuer="https://a", client_id="me", nonce="n", now=120)
    []
    >>> faults_of(claims | {"aud": ["me", "you"]}, issuer="https://a", client_id="me", nonce="x", now=900)
    ['aud', 'exp', 'iat', 'nonce']
    """
    aud = claims.get("aud")
    audience = [aud] if isinstance(aud, str) else aud if isinstance(aud, list) else []
    azp, subject, nonce_given = claims.get("azp"), claims.get("sub"), claims.get("nonce")
    expires, made = _seconds(claims.get("exp")), _seconds(claims.get("iat"))
    begins = _seconds(claims.get("nbf", 0))
    holds = {
        "iss": claims.get("iss") == issuer,
        "sub": _is_subject(subject),
        "aud": client_id in audience and (len(audience) == 1 or azp == client_id),
        "azp": azp is None or azp == client_id,
        "exp": expires is not None and now < expires + leeway_s,
        "iat": made is not None and now - OLDEST_S - leeway_s <= made <= now + leeway_s,
        "nbf": begins is not None and begins <= now + leeway_s,
        "nonce": isinstance(nonce_given, str) and hmac.compare_digest(nonce_given.encode(), nonce.encode()),
    }
    return [name for name, is_so in holds.items() if not is_so]


def profile_of(claims: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """What is said of somebody in the token and in a second answer; the token goes before.

    An address and whether it is verified are taken from one of the two, never half from each.

    Examples
    --------
    >>> profile_of({"email": "a@a.example"}, {"email": "b@b.example", "email_verified": True, "name": "B"})
    {'name': 'B', 'email': 'a@a.example'}
    """
    mailed = "email" in claims or "email_verified" in claims
    return {**{k: v for k, v in more.items() if not (mailed and k.startswith("email"))}, **claims}


def verified_email(profile: Mapping[str, Any]) -> str | None:
    """The e-mail address, where the provider says that it is verified and it has the form of one.

    Examples
    --------
    >>> verified_email({"email": "Ann@Example.org", "email_verified": True})
    'Ann@example.org'
    >>> verified_email({"email": "ann@example.org"}) is None
    True
    """
    email, verified = profile.get("email"), profile.get("email_verified")
    if not isinstance(email, str) or not (verified is True or verified == "true"):
        return None
    local, at, domain = email.strip().rpartition("@")
    if not (local and at and domain) or "@" in local or len(email) > 320 or not email.strip().isprintable():
        return None
    return f"{local}@{domain.casefold()}"


def is_let_in(email: str | None, domains: Iterable[str]) -> bool:
    """Whether a verified address lies in one of the domains; any, and none at all, where no domain is named.

    Examples
    --------
    >>> is_let_in("a@example.org", ["example.org"]), is_let_in("a@b.example.org", ["example.org"]), is_let_in(None, [])
    (True, False, True)
    """
    allowed = tuple(f"@{domain}" for domain in domains)
    return not allowed or (email is not None and email.endswith(allowed))


def account_name(profile: Mapping[str, Any], issuer: str) -> str:
    """A name for an account that says who vouches for it, so that nobody takes it for one that was made here.

    Examples
    --------
    >>> account_name({"preferred_username": "Ann Lee"}, "https://login.example.org/x")
    'ann-lee@login.example.org'
    >>> account_name({"email": "admin@example.org"}, "https://login.example.org"), account_name({}, "http://[::1]:9")
    ('admin@login.example.org', 'someone@1')
    """
    wanted = next((v for k in ("preferred_username", "email") if isinstance(v := profile.get(k), str) and v), "")
    local = unicodedata.normalize("NFKC", wanted[:200].partition("@")[0]).casefold()
    return f"{_plain(local)[:36] or 'someone'}@{_plain(urlsplit(issuer).hostname or '')[:36]}"


def shown_name(profile: Mapping[str, Any]) -> str:
    """What to call somebody: without control characters and marks of direction; "" where nothing is said.

    Examples
    --------
    >>> shown_name({"name": " Ann\\u202e Lee "})
    'Ann Lee'
    """
    given = next((v for k in ("name", "preferred_username") if isinstance(v := profile.get(k), str) and v.strip()), "")
    return "".join(letter for letter in given[:400] if unicodedata.category(letter)[0] != "C").strip()[:200]


def vouched(profile: Mapping[str, Any], *, issuer: str) -> Vouched:
    """Somebody whom a provider vouches for, from claims that were checked."""
    subject = f"{issuer} {profile['sub']}"
    return Vouched(subject, account_name(profile, issuer), shown_name(profile), verified_email(profile))


def _is_subject(subject: object) -> bool:
    if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT:
        return False
    return subject.isascii() and subject.isprintable()


def _seconds(value: object) -> float | None:
    """A time in a token; None where it is none."""
    return (
        float(value) if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e12 else None
    )


def _plain(words: str) -> str:
    return "".join(letter if letter.isalnum() or letter in ".-_+" else "-" for letter in words).strip("-.")
