"""Connections of the server: no more than a limit, none that never asks, and all well again when they are gone."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn

from headwater.web import serving

ASKED = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"


async def answer(_scope: Any, _receive: Any, send: Any) -> None:
    """An application that says yes."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"3")]})
    await send({"type": "http.response.body", "body": b"yes"})


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A server that takes three connections, and waits half a second for the first word."""
    monkeypatch.setattr(serving, "MOST_CONNECTIONS", 3)
    monkeypatch.setattr(serving, "SILENCE_S", 0.5)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number = free.getsockname()[1]
    config = uvicorn.Config(
        answer, host="127.0.0.1", port=number, http=serving.Connection, ws="none", lifespan="off", log_level="error"
    )
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not running.started:
        assert time.monotonic() < deadline, "the server did not start"
        time.sleep(0.02)
    yield number
    running.should_exit = True
    thread.join(timeout=10)


def connected(port: int) -> socket.socket:
    """A connection that has waited long enough to be turned away."""
    made = socket.create_connection(("127.0.0.1", port), timeout=5)
    time.sleep(0.05)
    return made


def asked(connection: socket.socket) -> bytes:
    """What is answered; nothing where the connection was closed."""
    heard = b""
    try:
        connection.sendall(ASKED)
        while not heard.endswith(b"yes") and (more := connection.recv(4096)):
            heard += more
    except ConnectionError:
        return b""
    return heard


def test_a_connection_beyond_the_limit_is_closed_and_taken_when_another_goes(port: int) -> None:
    with connected(port) as first, connected(port) as second, connected(port) as third:
        assert all(asked(one).endswith(b"yes") for one in (first, second, third))
        with connected(port) as refused:
            assert asked(refused) == b""
        third.close()
        time.sleep(0.1)
        with connected(port) as taken:
            assert asked(taken).endswith(b"yes")


def test_a_connection_that_never_asks_is_closed(port: int) -> None:
    with connected(port) as silent, connected(port) as speaking:
        assert asked(speaking).endswith(b"yes")
        time.sleep(0.8)
        assert silent.recv(1) == b""
        assert asked(speaking).endswith(b"yes")
