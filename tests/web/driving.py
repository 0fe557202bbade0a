"""What every test that drives a browser needs: an application on a free port, Chromium, windows, and patience."""

from __future__ import annotations

import os
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
DRAWING = (*(flag for flag in FLAGS if flag != "--disable-gpu"), "--enable-unsafe-swiftshader", "--use-gl=angle",
           "--use-angle=swiftshader")  # fmt: skip
"""Flags of a browser that draws maps without a graphics card."""


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def served(app: Any, *, port: int | None = None) -> Iterator[str]:
    """Serve an application from a thread; its address."""
    port = port or free_port()
    running = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", ws="none"))
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 60
    while not running.started:
        assert time.monotonic() < deadline, "the server did not start"
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}"
    running.should_exit = True
    thread.join(timeout=10)


@contextmanager
def chromium(flags: Sequence[str]) -> Iterator[Any]:
    """Chromium, without a window; skips where it is missing."""
    from playwright.sync_api import sync_playwright

    found = os.environ.get("HEADWATER_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if not found or not Path(found).exists():
        pytest.skip("Chromium is missing: apt-get install chromium, or set HEADWATER_CHROMIUM to its path")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=found, args=list(flags))
        yield running
        running.close()


@contextmanager
def windows(
    browser: Any, *, excused: Sequence[str] = (), levels: Sequence[str] = ("error", "warning"), **usual: Any
) -> Iterator[Callable[..., Any]]:
    """Opens addresses, each in a window of its own; fails in the end if the browser complained of what is not excused.

    Parameters
    ----------
    browser
        Chromium.
    excused
        Parts of complaints that are expected.
    levels
        What counts as a complaint.
    **usual
        Options of a window unless it is given others.
    """
    contexts: list[Any] = []
    complaints: list[str] = []

    def opened(address: str = "", **options: Any) -> Any:
        contexts.append(browser.new_context(**{**usual, **options}))
        page = contexts[-1].new_page()
        page.on("console", lambda said: complaints.append(said.text) if said.type in levels else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        if address:
            page.goto(address)
        return page

    yield opened
    for context in contexts:
        context.close()
    unexpected = [words for words in complaints if not any(part in words for part in excused)]
    assert unexpected == [], unexpected


def until(page: Any, condition: str, seconds: float = 10) -> None:
    """Wait until something holds in the page, whose policy forbids Playwright's own way of waiting."""
    for _ in range(int(seconds * 20)):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"never: {condition}")
