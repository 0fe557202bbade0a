"""A small provider of OpenID Connect on a free port, strict as a real one is; each of its answers can be made wrong."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

CLIENT_ID = "headwater & co"
SECRET = "a secret: of some+length"  # noqa: S105
Claims = dict[str, Any]


def numbered(key: Any, kid: str) -> Any:
    """A key by a name."""
    return type(key).import_key({**key.as_dict(private=True), "kid": kid, "use": "sig"})


RSA, OTHER_RSA = (numbered(RSAKey.generate_key(2048, private=True), kid) for kid in ("rsa-1", "rsa-2"))
EC = numbered(ECKey.generate_key("P-256", private=True), "ec-1")


class Site(ThreadingHTTPServer):
    """The provider. Whoever comes is `person`; attributes say what it does wrong."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.person: Claims = {
            "sub": "248289761001",
            "name": "Ann Lee",
            "preferred_username": "ann",
            "email": "ann@example.org",
            "email_verified": True,
        }
        self.keys: list[Any] = [RSA, EC]
        self.signs_with, self.algorithm = RSA, "RS256"
        self.changes: Claims = {}
        self.token: Callable[[Claims], str] | None = None
        self.about: Claims = {}
        self.gives: Claims = {}
        self.told_elsewhere: Claims | None = None
        self.error = ""
        self.down: set[str] = set()
        self.codes: dict[str, Claims] = {}
        self.asked: list[str] = []

    @property
    def issuer(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def description(self) -> Claims:
        """What it says of itself."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize?policy=1",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "id_token_signing_alg_values_supported": ["RS256", "ES256", "PS256", "HS256", "none"],
            **self.about,
        }

    def signed(self, claims: Claims) -> str:
        """An ID token."""
        if self.token is not None:
            return self.token(claims)
        header = {"alg": self.algorithm, "kid": self.signs_with.kid}
        return jwt.encode(header, claims, self.signs_with, algorithms=[self.algorithm])


class _Answering(BaseHTTPRequestHandler):
    server: Site

    def log_message(self, *_args: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """A description, keys, the sign-in, or what is told of somebody."""
        path, site = urlsplit(self.path).path, self.server
        site.asked.append(path)
        if path in site.down:
            self._json(500, {"error": "server_error"})
        elif path == "/.well-known/openid-configuration":
            self._json(200, site.description())
        elif path == "/keys":
            self._json(200, {"keys": [key.as_dict(private=False) for key in site.keys]})
        elif path == "/userinfo":
            held = self.headers.get("authorization", "").removeprefix("Bearer ")
            self._json(200 if held == "for-userinfo" else 401, site.told_elsewhere or {})
        elif path == "/authorize":
            self._authorize({name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()})
        else:
            self._json(404, {})

    def _authorize(self, asked: dict[str, str]) -> None:
        site = self.server
        assert asked["policy"] == "1"
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT_ID
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        assert len(asked["state"]) >= 32
        assert len(asked["nonce"]) >= 32
        answer = {"state": asked["state"]}
        if site.error:
            answer["error"] = site.error
        else:
            answer["code"] = secrets.token_urlsafe(16)
            site.codes[answer["code"]] = asked
        self.send_response(302)
        self.send_header("location", f"{asked['redirect_uri']}?{urlencode(answer)}")
        self.end_headers()

    def do_POST(self) -> None:
        """A code against tokens: once, to the client that has the secret and the verifier."""
        site = self.server
        site.asked.append("/token")
        form = {
            name: values[0]
            for name, values in parse_qs(self.rfile.read(int(self.headers["content-length"])).decode()).items()
        }
        if "/token" in site.down:
            self._json(503, {})
            return
        kind, _space, held = self.headers.get("authorization", "").partition(" ")
        pair = base64.b64decode(held).decode() if kind == "Basic" else ""
        given = (
            [unquote_plus(part) for part in pair.split(":")]
            if pair
            else [form.get("client_id"), form.get("client_secret")]
        )
        if given != [CLIENT_ID, SECRET]:
            self._json(401, {"error": "invalid_client"})
            return
        asked = site.codes.pop(form["code"], None)
        proof = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).decode().rstrip("=")
        if asked is None or proof != asked["code_challenge"] or form["redirect_uri"] != asked["redirect_uri"]:
            self._json(400, {"error": "invalid_grant"})
            return
        now = int(time.time())
        made = {"iss": site.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": asked["nonce"]}
        claims = {name: value for name, value in {**made, **site.person, **site.changes}.items() if value is not None}
        answer = {"access_token": "for-userinfo", "token_type": "Bearer", "id_token": site.signed(claims)}
        self._json(200, {**answer, **site.gives})

    def _json(self, status: int, told: Claims) -> None:
        content = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def running(server: ThreadingHTTPServer | None = None) -> Iterator[Any]:
    """A provider that answers until the block is over."""
    site = server or Site()
    thread = threading.Thread(target=site.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        site.shutdown()
        site.server_close()
        thread.join(timeout=5)
