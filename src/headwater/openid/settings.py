"""What the operator says of the provider: its address, this site's name and secret there, who may come in.

Read from the environment when the site starts. Every fault is said at once; the secret is in no message.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from headwater.errors import InputError
from headwater.words import _

PREFIX = "HEADWATER_OIDC_"
ISSUER, CLIENT_ID, SECRET, SECRET_FILE, NAME, DOMAINS = (
    PREFIX + name for name in ("ISSUER", "CLIENT_ID", "SECRET", "SECRET_FILE", "NAME", "DOMAINS")
)
KNOWN = (ISSUER, CLIENT_ID, SECRET, SECRET_FILE, NAME, DOMAINS)
BACK = "/sign-in/vouched"
"""Where the provider sends people back to, below the site's address: to be entered at the provider."""

LONGEST = 250
"""Characters of an issuer: with the subject it must fit into the account's column."""

LONGEST_ENDPOINT = 2_000
SHORTEST_SECRET = 16
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_DOMAIN = re.compile(r"[^\s@,/]+\.[^\s@,/]+")


@dataclass(frozen=True)
class Settings:
    """What the operator says of the provider.

    Attributes
    ----------
    issuer
        Its address, as its own description gives it.
    client_id, secret
        What this site is called there, and how it proves it.
    base
        Address of this site, without a slash at its end.
    title
        What the provider is called on the button.
    domains
        Domains of e-mail that are let in; all where there is none.
    """

    issuer: str
    client_id: str
    secret: str = field(repr=False)
    base: str
    title: str
    domains: frozenset[str] = frozenset()

    @property
    def redirect_uri(self) -> str:
        """Where the provider sends people back to."""
        return self.base + BACK

    @property
    def is_safe(self) -> bool:
        """Whether browsers reach this site by TLS."""
        return self.base.startswith("https://")

    @property
    def seal(self) -> bytes:
        """Key of the seal on what a browser keeps while its owner is at the provider; the same in every server."""
        return hmac.digest(self.secret.encode(), b"headwater: on the way through another site", hashlib.sha256)


def read_settings(environ: Mapping[str, str], *, base: str) -> Settings | None:
    """What the environment says of a provider; None where it says nothing.

    Parameters
    ----------
    environ
        Variables `HEADWATER_OIDC_…`.
    base
        Address under which the site is known.

    Raises
    ------
    InputError
        Naming every fault.

    Examples
    --------
    >>> read_settings({}, base="") is None
    True
    >>> read_settings({"HEADWATER_OIDC_ISSUER": "http://login.example.org"}, base="https://plans.example.org")
    Traceback (most recent call last):
    headwater.errors.InputError: HEADWATER_OIDC_CLIENT_ID is missing.
    HEADWATER_OIDC_SECRET or HEADWATER_OIDC_SECRET_FILE is missing: give one of the two.
    HEADWATER_OIDC_ISSUER: «http://login.example.org» must be an https:// address without query or fragment...
    """
    given = {name: environ.get(name, "").strip() for name in KNOWN}
    unknown = sorted(name for name in environ if name.startswith(PREFIX) and name not in KNOWN)
    if not any(given.values()) and not unknown:
        return None
    text = _("{name} is no setting; there are {known}")
    faults = [text.format(name=name, known=", ".join(KNOWN)) for name in unknown]
    faults += [_("{name} is missing.").format(name=name) for name in (ISSUER, CLIENT_ID) if not given[name]]
    secret = _secret(given, faults)
    for name, address in ((ISSUER, given[ISSUER]), ("--base", base)):
        fits = is_trusted_address(address) and len(address) <= LONGEST and "?" not in address
        if (address or name == "--base") and not fits:
            text = _(
                "{name}: «{address}» must be an https:// address without query or fragment, or lie on this machine; "
                "sign-in through another site needs it."
            )
            faults.append(text.format(name=name, address=address))
    domains = frozenset(part.strip().casefold() for part in given[DOMAINS].split(",") if part.strip())
    wrong = sorted(domain for domain in domains if not _DOMAIN.fullmatch(domain))
    if wrong or (given[DOMAINS] and not domains):
        text = _("{name}: «{value}» is not a list of domains such as example.org,example.net.")
        faults.append(text.format(name=DOMAINS, value=given[DOMAINS]))
    if find_spec("joserfc") is None:
        faults.append(_("Sign-in through another site needs one package more: pip install 'headwater[oidc]'"))
    if faults:
        raise InputError("\n".join(faults))
    title = given[NAME] or str(urlsplit(given[ISSUER]).hostname)
    return Settings(given[ISSUER], given[CLIENT_ID], secret, base.rstrip("/"), title[:60], domains)


def is_trusted_address(address: str) -> bool:
    """Whether an address is one that secrets may be sent to: by TLS, or on this machine.

    Examples
    --------
    >>> [is_trusted_address(at) for at in ("https://a.example/x", "http://localhost:9", "http://a.example")]
    [True, True, False]
    >>> [is_trusted_address(at) for at in ("https://a.example/#x", "https://me@a.example", "https:a.example")]
    [False, False, False]
    """
    try:
        parts = urlsplit(address)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or parts.username is not None or len(address) > LONGEST_ENDPOINT or not address.isascii():
        return False
    if not address.isprintable() or any(sign in address for sign in ' \\#"<>'):
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK)


def _secret(given: Mapping[str, str], faults: list[str]) -> str:
    """The secret, from the environment or from a file; what is wrong with it is added to the faults."""
    if bool(given[SECRET]) == bool(given[SECRET_FILE]):
        text = (
            _("{one} and {other} are both given: give one of the two.")
            if given[SECRET]
            else _("{one} or {other} is missing: give one of the two.")
        )
        faults.append(text.format(one=SECRET, other=SECRET_FILE))
        return ""
    name, secret = SECRET, given[SECRET]
    if not secret:
        name = SECRET_FILE
        try:
            secret = Path(given[SECRET_FILE]).read_text(encoding="utf-8").strip()
        except (OSError, ValueError):
            text = _("{name}: the file «{file}» cannot be read.")
            faults.append(text.format(name=SECRET_FILE, file=given[SECRET_FILE]))
            return ""
    if len(secret) < SHORTEST_SECRET or not secret.isprintable():
        text = _("{name}: a secret is one line of at least {least} characters.")
        faults.append(text.format(name=name, least=SHORTEST_SECRET))
    return secret
