"""Requests to a provider end: by time, by size, at the first redirect, at what is not JSON."""

from __future__ import annotations

import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from tests.web.openid_site import running

from headwater.errors import SourceError
from headwater.openid import asking, provider
from headwater.openid.asking import ask
from headwater.openid.provider import described_by


class _Awkward(BaseHTTPRequestHandler):
    def log_message(self, *_args: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Answer as the address says."""
        self.send_response(302 if self.path == "/moved" else 200)
        if self.path == "/moved":
            self.send_header("location", "/fine")
        self.end_headers()
        try:
            if self.path == "/silent":
                time.sleep(0.6)
            for _piece in range({"/large": 40, "/drip": 20}.get(self.path, 0)):
                self.wfile.write(b" " * (16 * 1024 if self.path == "/large" else 1))
                self.wfile.flush()
                time.sleep(0.05 if self.path == "/drip" else 0)
            deep = b"[" * 200_000
            self.wfile.write({"/list": b"[]", "/html": b"<html>", "/deep": deep}.get(self.path, b"{}"))
        except OSError:
            pass  # whoever asked has gone


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("silent", "TimeoutError"),
        ("large", "size"),
        ("drip", "time"),
        ("list", "json"),
        ("html", "json"),
        ("deep", "json"),
    ],
)
def test_what_does_not_come_in_time_and_form_is_refused(
    monkeypatch: pytest.MonkeyPatch, path: str, reason: str
) -> None:
    monkeypatch.setattr(asking, "TIMEOUT_S", 0.3)
    monkeypatch.setattr(asking, "DEADLINE_S", 0.4)
    with running(ThreadingHTTPServer(("127.0.0.1", 0), _Awkward)) as server:
        base = f"http://127.0.0.1:{server.server_address[1]}"
        assert ask(f"{base}/fine") == (200, {})
        with pytest.raises(SourceError, match=reason):
            ask(f"{base}/{path}")


def test_no_redirect_is_followed_and_no_other_protocol_spoken() -> None:
    with running(ThreadingHTTPServer(("127.0.0.1", 0), _Awkward)) as server:
        assert ask(f"http://127.0.0.1:{server.server_address[1]}/moved") == (302, {})
    for address in ("file:///etc/passwd", "http://10.0.0.1/", "ftp://127.0.0.1/"):
        with pytest.raises(SourceError, match="address"):
            ask(address)


def test_a_public_provider_cannot_send_us_into_a_private_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provider, "is_public", lambda at: "internal" not in at)
    told = {
        "issuer": "https://login.example.org",
        "authorization_endpoint": "https://login.example.org/a",
        "token_endpoint": "https://login.example.org/t",
        "jwks_uri": "https://login.example.org/k",
    }
    assert described_by(told, told["issuer"]).algorithms == {"RS256"}
    for name in ("token_endpoint", "jwks_uri", "userinfo_endpoint"):
        with pytest.raises(SourceError, match=name):
            described_by({**told, name: "https://internal.example.org/"}, told["issuer"])
        with pytest.raises(SourceError, match=name):
            described_by({**told, name: "http://login.example.org/"}, told["issuer"])
    with pytest.raises(SourceError, match="issuer"):
        described_by(told, "https://login.example.org/")
    with pytest.raises(SourceError, match="alg"):
        described_by({**told, "id_token_signing_alg_values_supported": ["HS256", "none"]}, told["issuer"])
    inside = {name: at.replace("login", "internal") for name, at in told.items()}
    assert described_by(inside, inside["issuer"]).token.startswith("https://internal")
