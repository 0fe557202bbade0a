"""A provider of OpenID Connect: where to send somebody, and whom it vouches for when they come back with a code.

Its description and keys are asked for when they are first needed and kept for an hour; keys earlier where a token names
one that is not known. While it is away nobody waits for it twice.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any
from urllib.parse import quote_plus, urlencode

from headwater.errors import NotAllowed, SourceError
from headwater.openid.asking import ask
from headwater.openid.claims import ALGORITHMS, Distrusted, Vouched, faults_of, is_let_in, key_for, profile_of
from headwater.openid.claims import vouched as vouched_by
from headwater.openid.settings import Settings, is_trusted_address, read_settings
from headwater.sources.links import is_public
from headwater.words import _

SCOPE = "openid email profile"
FRESH_S = 3600
KEYS_PAUSE_S = 10
"""How soon keys are asked for again because a token names one that is not known [s]."""

AWAY_S = 15
"""How long a provider that did not answer is taken to be away, without asking again [s]."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Begun:
    """A sign-in that has begun: where to send the browser, and what to keep until it is back."""

    address: str
    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True)
class Description:
    """What a provider says of itself, as far as it is used."""

    authorization: str
    token: str
    keys: str
    userinfo: str
    algorithms: frozenset[str]
    is_basic: bool
    says_issuer: bool


class Provider:
    """A provider, usable from every thread.

    Parameters
    ----------
    settings
        What the operator says of it.
    clock
        Seconds that only go on.
    """

    def __init__(self, settings: Settings, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.settings, self._clock, self._lock = settings, clock, Lock()
        self._described: tuple[float, Description] | None = None
        self._keys: tuple[float, list[Any]] | None = None
        self._away_until = float("-inf")

    @property
    def title(self) -> str:
        """What it is called on the button."""
        return self.settings.title

    def begin(self) -> Begun:
        """Begin a sign-in.

        Raises
        ------
        SourceError
            If the provider is away.
        """
        about = self._description()
        state, nonce, verifier = (secrets.token_urlsafe(32) for _part in range(3))
        asked = {
            "response_type": "code",
            "client_id": self.settings.client_id,
            "redirect_uri": self.settings.redirect_uri,
            "scope": SCOPE,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge(verifier),
            "code_challenge_method": "S256",
        }
        joint = "&" if "?" in about.authorization else "?"
        return Begun(about.authorization + joint + urlencode(asked), state, nonce, verifier)

    def vouch(self, answer: Mapping[str, str], *, nonce: str, verifier: str) -> Vouched:
        """Whom the provider vouches for.

        Parameters
        ----------
        answer
            What the browser came back with: `code`, or `error`; `iss`. Its state was looked at.
        nonce, verifier
            From `begin`.

        Raises
        ------
        NotAllowed
            If the provider, or this site, does not let them in, or what was sent is not believed.
        SourceError
            If the provider is away.
        """
        about = self._description()
        if (about.says_issuer or "iss" in answer) and answer.get("iss") != self.settings.issuer:
            raise self._distrusted("iss of the answer")
        if "error" in answer:
            self._raise_error(answer["error"])
        if not answer.get("code"):
            raise self._distrusted("answer: no code")
        tokens = self._exchange(about, answer["code"], verifier)
        try:
            claims = self._claims(about, str(tokens.get("id_token", "")))
        except Distrusted as error:
            raise self._distrusted(f"ID token: {error}") from error
        faults = faults_of(
            claims, issuer=self.settings.issuer, client_id=self.settings.client_id, nonce=nonce, now=time.time()
        )
        if faults:
            raise self._distrusted(f"ID token: {', '.join(faults)}")
        somebody = vouched_by(profile_of(claims, self._userinfo(about, tokens, claims)), issuer=self.settings.issuer)
        if not is_let_in(somebody.email, self.settings.domains):
            text = _("Only those whose e-mail address at {domains} is verified by {site} are let in here.")
            raise NotAllowed(text.format(domains=", ".join(sorted(self.settings.domains)), site=self.title))
        return somebody

    # --- what it says of itself ---

    def _description(self) -> Description:
        with self._lock:
            now = self._clock()
            if self._described is not None and now - self._described[0] < FRESH_S:
                return self._described[1]
            if now < self._away_until:
                raise self._away("")
            at = self.settings.issuer.rstrip("/") + "/.well-known/openid-configuration"
            try:
                status, told = ask(at)
                if status != 200:
                    raise SourceError(str(status))
                described = described_by(told, self.settings.issuer)
            except SourceError as error:
                self._away_until = self._clock() + AWAY_S
                raise self._away(f"description: {error}") from error
            self._described = (now, described)
            return described

    def _key(self, about: Description, header: Mapping[str, Any]) -> dict[str, Any]:
        """The key that a token's header points to; the keys are asked for again where it is not known."""
        with self._lock:
            now = self._clock()
            age = now - self._keys[0] if self._keys is not None else float("inf")
            found = key_for(header, self._keys[1]) if self._keys is not None and age < FRESH_S else None
            if found is None and age >= KEYS_PAUSE_S:
                try:
                    status, told = ask(about.keys)
                    keys = told.get("keys")
                    if status != 200 or not isinstance(keys, list):
                        raise SourceError(str(status))
                except SourceError as error:
                    self._described, self._away_until = None, self._clock() + AWAY_S
                    raise self._away(f"keys: {error}") from error
                self._keys = (now, keys)
                found = key_for(header, keys)
            if found is None:
                raise Distrusted("kid")
            return found

    # --- what it says of somebody ---

    def _exchange(self, about: Description, code: str, verifier: str) -> dict[str, Any]:
        """A code against tokens."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.settings.redirect_uri,
            "code_verifier": verifier,
        }
        headers = {}
        if about.is_basic:
            pair = f"{quote_plus(self.settings.client_id)}:{quote_plus(self.settings.secret)}"
            headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        else:
            form |= {"client_id": self.settings.client_id, "client_secret": self.settings.secret}
        try:
            status, told = ask(about.token, form=form, headers=headers)
        except SourceError as error:
            raise self._away(f"token: {error}") from error
        if status == 200:
            return told
        if told.get("error") == "invalid_grant":
            raise self._distrusted("token: invalid_grant")
        raise self._away(f"token: {status} {_word(told.get('error'))}")

    def _claims(self, about: Description, token: str) -> dict[str, Any]:
        """Claims of an ID token whose signature fits."""
        from joserfc import jws, jwt  # noqa: PLC0415 (comes with headwater[oidc])
        from joserfc.errors import JoseError  # noqa: PLC0415
        from joserfc.jwk import import_key  # noqa: PLC0415

        try:
            header = jws.extract_compact(token.encode()).headers()
            if header.get("alg") not in about.algorithms:
                raise Distrusted("alg")
            key = import_key(self._key(about, header))
            return dict(jwt.decode(token, key, algorithms=[str(header["alg"])]).claims)
        except (JoseError, ValueError, TypeError, KeyError, RecursionError) as error:
            raise Distrusted(type(error).__name__) from error

    def _userinfo(self, about: Description, tokens: Mapping[str, Any], claims: Mapping[str, Any]) -> dict[str, Any]:
        """What the provider says of somebody at another address, where the token does not say it."""
        access = tokens.get("access_token")
        if not about.userinfo or not isinstance(access, str) or {"email", "name"} <= set(claims):
            return {}
        if not (access.isascii() and access.isprintable()):
            raise self._distrusted("access token")
        try:
            status, told = ask(about.userinfo, headers={"Authorization": f"Bearer {access}"})
        except SourceError as error:
            raise self._away(f"userinfo: {error}") from error
        if status != 200:
            raise self._away(f"userinfo: {status}")
        if told.get("sub") != claims["sub"]:
            raise self._distrusted("userinfo: sub")
        return told

    # --- what goes wrong ---

    def _raise_error(self, error: str) -> None:
        """The provider sent somebody back with an error."""
        if error in {"server_error", "temporarily_unavailable"}:
            raise self._away(f"answer: {error}")
        log.warning("OpenID Connect: answer: %s", _word(error))
        raise NotAllowed(_("{site} did not let you in.").format(site=self.title))

    def _away(self, reason: str) -> SourceError:
        if reason:
            log.warning("OpenID Connect: %s", reason)
        text = _(
            "{site} does not answer as it should at the moment. Try again in a few minutes, or sign in with a password."
        )
        return SourceError(text.format(site=self.title))

    def _distrusted(self, reason: str) -> NotAllowed:
        log.warning("OpenID Connect: %s", reason)
        text = _(
            "What came from {site} could not be verified: nobody was signed in. If it happens again, tell whoever "
            "keeps this site."
        )
        return NotAllowed(text.format(site=self.title))


def open_provider(environ: Mapping[str, str], *, base: str) -> Provider | None:
    """The provider that the environment names; None where it names none. It is not asked anything yet.

    Raises
    ------
    InputError
        If the settings will not do; names every fault.
    """
    settings = read_settings(environ, base=base)
    return Provider(settings) if settings is not None else None


def challenge(verifier: str) -> str:
    """What is sent ahead of a verifier, by which the provider knows it again (PKCE, S256).

    Source
    ------
    RFC 7636, 4.2 and appendix B.

    Examples
    --------
    >>> challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
    'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'
    """
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def described_by(told: Mapping[str, Any], issuer: str) -> Description:
    """What a provider says of itself, checked.

    An issuer that lies in the public network may not send us into a private one.

    Raises
    ------
    SourceError
        Naming what is missing or wrong.
    """
    if told.get("issuer") != issuer:
        raise SourceError("issuer")
    found = {}
    is_outside = is_public(issuer)
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"):
        at = told.get(name)
        if at is None and name == "userinfo_endpoint":
            at = ""
        elif not isinstance(at, str) or not is_trusted_address(at) or (is_outside and not is_public(at)):
            raise SourceError(name)
        found[name] = at
    signed = told.get("id_token_signing_alg_values_supported")
    algorithms = frozenset(ALGORITHMS) & {str(one) for one in signed} if isinstance(signed, list) else {"RS256"}
    if not algorithms:
        raise SourceError("id_token_signing_alg_values_supported")
    ways = told.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    if "client_secret_basic" not in ways and "client_secret_post" not in ways:
        raise SourceError("token_endpoint_auth_methods_supported")
    return Description(
        authorization=found["authorization_endpoint"],
        token=found["token_endpoint"],
        keys=found["jwks_uri"],
        userinfo=found["userinfo_endpoint"],
        algorithms=frozenset(algorithms),
        is_basic="client_secret_basic" in ways,
        says_issuer=told.get("authorization_response_iss_parameter_supported") is True,
    )


def _word(error: object) -> str:
    """A provider's word for an error as far as it may stand in a log: nothing but letters."""
    return "".join(sign for sign in str(error or "")[:40] if sign.isalpha() or sign == "_")
