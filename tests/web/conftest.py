"""A small hub, served: in memory for requests, on a free port for a browser."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # starlette would rather have a successor of httpx that is not out yet
    from starlette.testclient import TestClient

from tests.web.driving import FLAGS, chromium, served
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
    with served(create_app(library)) as address:
        yield address


@pytest.fixture(scope="module")
def browser(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Chromium, with the flags that a module asks for."""
    with chromium(getattr(request.module, "FLAGS", FLAGS)) as running:
        yield running


@pytest.fixture(scope="session")
def real_library(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Library:
    """The hub that comes with Headwater, open."""
    return open_library(root / "content", index=tmp_path_factory.mktemp("real") / "library.sqlite")
