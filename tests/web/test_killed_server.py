"""A server killed with -9 while tables are saved: what it said is saved is there, and nothing is half written."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import random
import re
import shutil
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select
from tests.killed import Nursery, is_alive, nursery
from tests.web.hub import write_hub

from headwater import workshop
from headwater.files import is_draft
from headwater.forum import Forum, open_forum
from headwater.permissions import EVERYONE_ALONE
from headwater.sheets import sheet_bytes
from headwater.store.database import audit, edits, rows
from headwater.store.history import EMPTY

KILLS = 10
WORD = re.compile(r'name="csrf" value="([^"]+)"')
MARK = re.compile(r'name="mark" value="([0-9a-f]+)"')


@pytest.fixture
def forum(root: Path, tmp_path: Path) -> Forum:
    """A site for one person, with a copy of Toytown."""
    shutil.copytree(root / "tests" / "toytown" / "study", tmp_path / "packaged" / "toytown")
    made = open_forum(tmp_path / "home", packaged=tmp_path / "packaged")
    workshop.copy_study(made, EVERYONE_ALONE, "toytown", "mine")
    write_hub(tmp_path / "content")
    return made


@pytest.fixture(scope="module")
def born() -> Iterator[Nursery]:
    """Where servers come from that are killed."""
    with nursery() as made:
        yield made


@contextmanager
def served(born: Nursery, forum: Forum) -> Iterator[tuple[int, str]]:
    """`headwater serve`, answering: its process and its address; killed when the block ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = forum.home.parent
    process = born.start(
        "serve", "--home", forum.home, "--studies", folder / "packaged", "--port", port, "--no-work",
        "--content", folder / "content", "--index", folder / "library.sqlite",
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 90
        while True:
            try:
                assert httpx.get(f"http://127.0.0.1:{port}/health").status_code == 200
                break
            except httpx.TransportError:
                assert is_alive(process)
                assert time.monotonic() < deadline, "the server did not start"
                time.sleep(0.05)
        yield process, f"http://127.0.0.1:{port}"
    finally:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
        born.end()


class Editor(threading.Thread):
    """Saves one version after the other, by the API and by the page in turns, until nobody answers."""

    def __init__(self, address: str, first: int) -> None:
        super().__init__(daemon=True)
        self.address, self.number = address, first
        self.saved = {"zones": -1, "sources": -1}
        self.sent = dict(self.saved)

    def run(self) -> None:
        """Save."""
        with httpx.Client(base_url=self.address, timeout=30) as client:
            try:
                while True:
                    self._by_the_api(client, self.number)
                    self._by_the_page(client, self.number)
                    self.number += 1
            except httpx.TransportError:
                return

    def _by_the_api(self, client: httpx.Client, number: int) -> None:
        at = "/api/v1/studies/mine/tables/zones"
        read = client.get(at, params={"format": "csv"})
        columns, *lines = csv.reader(io.StringIO(read.text))
        for line in lines:
            line[columns.index("name")] = f"version {number}"
        self.sent["zones"] = number
        body = sheet_bytes([columns, *lines])
        done = client.put(at, content=body, headers={"if-match": read.headers["etag"], "content-type": "text/csv"})
        assert done.status_code == 200, done.text
        self.saved["zones"] = number

    def _by_the_page(self, client: httpx.Client, number: int) -> None:
        at = "/en/studies/mine/tables/sources"
        page = client.get(at).text
        csrf, mark = (found.search(page) for found in (WORD, MARK))
        assert csrf
        assert mark
        self.sent["sources"] = number
        done = client.post(at, data={"csrf": csrf[1], "mark": mark[1], "c.0.1": f"version {number}"})
        assert done.status_code == 303, done.text
        self.saved["sources"] = number


def versions(forum: Forum) -> dict[str, int]:
    """The version that each table is at; every row of the zones bears the same."""
    zones = workshop.read_table(forum, EVERYONE_ALONE, "mine", "zones")
    (name,) = {row[zones.columns.index("name")] for row in zones.cells}
    title = workshop.read_table(forum, EVERYONE_ALONE, "mine", "sources").cells[0][1]
    return {"zones": int(name.split()[1]), "sources": int(title.split()[1])}


@pytest.mark.slow
def test_ten_kills_of_a_server_while_tables_are_saved(born: Nursery, forum: Forum) -> None:
    chance, first, acknowledged, struck = random.Random(5), 0, 0, 0  # noqa: S311
    for _round in range(KILLS):
        with served(born, forum) as (process, address):
            editor = Editor(address, first)
            editor.start()
            while editor.saved["sources"] < first and editor.is_alive():
                time.sleep(0.01)
            time.sleep(chance.uniform(0, 0.5))
            os.kill(process, signal.SIGKILL)
            editor.join(30)
        found = versions(forum)
        for table, number in found.items():
            assert editor.saved[table] <= number <= editor.sent[table], (table, number, editor.saved, editor.sent)
        struck += editor.saved != editor.sent
        acknowledged += editor.saved["zones"] - first + 1
        assert workshop.soundness(forum, EVERYONE_ALONE, "mine").faults == [], "a stray file would be one"
        first = editor.number + 1
    assert acknowledged >= KILLS
    assert struck, "no kill came in the midst of a save"
    with forum.writing() as connection:
        known = rows(connection, select(edits).order_by(edits.c.edit_id))
        noted = rows(connection, select(audit).where(audit.c.action == "edit_table"))
    assert len(known) == len(noted) >= 2 * acknowledged - KILLS
    kept = forum.home / workshop.KEPT / "mine"
    for mark in {row[side] for row in known for side in ("before_hash", "after_hash")} - {EMPTY}:
        assert hashlib.sha256((kept / mark).read_bytes()).hexdigest() == mark
    with served(born, forum) as (_process, address):
        page = httpx.get(f"{address}/en/studies/mine/tables/zones")
        assert page.status_code == 200
        assert f"version {found['zones']}" in page.text
    names = [path.name for path in (forum.home / "studies" / "mine").iterdir() if not is_draft(path)]
    assert sorted(names) == sorted(path.name for path in (forum.home.parent / "packaged" / "toytown").iterdir())
