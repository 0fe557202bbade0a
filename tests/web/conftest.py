"""A small hub, served: in memory for requests, on a free port for a browser."""

from __future__ import annotations

import socket
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # starlette would rather have a successor of httpx that is not out yet
    from starlette.testclient import TestClient

import uvicorn
from tests.web.hub import write_hub

from headwater.library import Library, open_library
from headwater.web.app import create_app


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """The small hub, open."""
    folder = tmp_path_factory.mktemp("hub")
    return open_library(write_hub(folder / "content"), index=folder / "library.sqlite")


@pytest.fixture(scope="session")
def client(library: Library) -> TestClient:
    """A reader of the small hub, who is told of a fault by its page."""
    return TestClient(create_app(library), raise_server_exceptions=False, follow_redirects=False)


@pytest.fixture(scope="session")
def server(library: Library) -> Iterator[str]:
    """The small hub on a free port; its address."""
    yield from serve(library)


def serve(library: Library) -> Iterator[str]:
    """Serve a hub from a thread until the test is over."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    running = uvicorn.Server(
        uvicorn.Config(create_app(library), host="127.0.0.1", port=port, log_level="error", ws="none")
    )
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not running.started:
        assert time.monotonic() < deadline, "the server did not start"
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}"
    running.should_exit = True
    thread.join(timeout=10)


@pytest.fixture(scope="session")
def real_library(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Library:
    """The hub that comes with Headwater, open."""
    return open_library(root / "content", index=tmp_path_factory.mktemp("real") / "library.sqlite")
