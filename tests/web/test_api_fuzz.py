"""The API is what its description says, for whatever may be sent to it: tried by schemathesis with a fixed seed."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI

from headwater import workshop
from headwater.forum import Forum, open_forum
from headwater.library import Library
from headwater.web import limits
from headwater.web.app import create_app

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("schemathesis") is None, reason="make .venv/fuzz installs schemathesis"
    ),
]

PASSWORD = "correct horse battery"  # noqa: S105
CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance",
    "negative_data_rejection", "unsupported_method",
)  # fmt: skip
SEED, EXAMPLES = 20260101, 8
KNOWN = """
[parameters]
study_id = "mine"

[[operations]]
include-path-regex = "/results/|/front|/give-up"
parameters = { study_id = "toytown", name = "expected_damages" }
"""
"""Names of what there is: by chance nobody would guess them, and every answer would be that there is nothing."""


@pytest.fixture
def forum(root: Path, toy_results: Path, tmp_path: Path) -> Forum:
    """A site with Toytown and its results, a copy that may be changed, and an administrator."""
    shutil.copytree(root / "tests" / "toytown" / "study", tmp_path / "packaged" / "toytown")
    shutil.copytree(toy_results, tmp_path / "home" / "results" / "toytown")
    made = open_forum(tmp_path / "home", packaged=tmp_path / "packaged", is_alone=False)
    boss = made.set_up(made.setup_code(), "boss", PASSWORD)
    workshop.copy_study(made, boss, "toytown", "mine")
    return made


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """An application, answering; its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    running = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="critical", ws="none"))
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    while not running.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}"
    running.should_exit = True
    thread.join(timeout=10)


@pytest.fixture
def address(library: Library, forum: Forum, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The site, served without a limit on how often one may ask."""
    monkeypatch.setattr(limits.Buckets, "take", lambda *_asked: 0.0)
    with served(create_app(library, forum=forum)) as where:
        yield where


def tried(address: str, folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """Try every operation that a description names."""
    (folder / "known.toml").write_text(KNOWN, encoding="utf-8")
    command = [
        str(Path(sys.executable).with_name("st")), "--config-file", "known.toml", "run", address,
        "--checks", ",".join(CHECKS), "--phases", "examples,coverage,fuzzing", "--max-examples", str(EXAMPLES),
        "--seed", str(SEED), "--generation-deterministic", "--workers", "1", "--suppress-health-check", "all",
        "--no-color", "--warnings", "off", "--continue-on-failure", *more,
    ]  # fmt: skip
    without_proxies = {name: words for name, words in os.environ.items() if "PROXY" not in name.upper()}
    return subprocess.run(  # noqa: S603
        command, cwd=folder, capture_output=True, text=True, timeout=300, check=False, env=without_proxies
    )


@pytest.mark.parametrize("who", ["nobody", "admin"])
def test_the_api_is_what_its_description_says(forum: Forum, address: str, tmp_path: Path, who: str) -> None:
    token = []
    if who == "admin":
        session = forum.session(forum.sign_in("boss", PASSWORD, address="t"))
        assert session
        secret = forum.make_token(session[0], "t", may_write=True, days=1)
        token = ["--header", f"Authorization: Bearer {secret}"]
    told = tried(f"{address}/api/v1/openapi.json", tmp_path, *token)
    assert told.returncode == 0, told.stdout[-20_000:] + told.stderr[-2_000:]
    assert "22/22" in told.stdout, "every operation was tried"


def test_an_api_that_is_not_what_it_says_is_found_out(tmp_path: Path) -> None:
    app = FastAPI()

    @app.get("/broken")
    def broken(number: int) -> dict[str, int]:
        return {"half": 10 // (number - number // 2 * 2)}  # of even numbers there is no half

    with served(app) as address:
        told = tried(f"{address}/openapi.json", tmp_path)
    assert told.returncode == 1
    assert "Server error" in told.stdout
