"""Readers of a site: so many at once, each walking from page to page as a browser would, with pauses to read.

A program of its own (`python -m benchmarks.readers < PLAN`), so that what it uses is not counted as the server's. It
speaks HTTP by itself: a client library would use more of the machine than the server does. Each reader has one
connection that is kept alive and an address of its own (as a proxy in front would pass it on); half of them read
Chinese, half English. A reader's browser holds style and scripts for good, asks anew for pages with the mark of what it
has, and leaves data alone for as long as the server said. A connection that the server closed while the reader read is
opened again, as browsers do.

Any answer but 200 and 304, one that is cut short, and a page whose end is missing, is an error.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import random
import re
import resource
import sys
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

MOST_PAUSES = 10
"""The longest pause, in mean pauses."""

NEEDED = re.compile(rb'(?:href|src)="(/(?:static|study-style)[^"]+\.(?:css|js|svg))"')
LAZY = re.compile(rb'data-src="([^"]+)"')
MOST_LAZY = 2
"""Drawings that come into view on a page."""

NOTHING: tuple[list[str], list[str]] = ([], [])

PATIENCE_S = 60.0
"""How long a reader waits for one answer [s]."""


@dataclass
class Told:
    """What the readers saw: milliseconds by kind of page, counts, errors; and what each page led to."""

    took_ms: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    statuses: Counter[int] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)
    reopened: int = 0
    received: int = 0
    pages: dict[str, tuple[list[str], list[str]]] = field(default_factory=dict)


class Browser:
    """One reader's browser: a connection, and what it holds."""

    def __init__(self, number: int, plan: dict[str, Any], told: Told) -> None:
        self.number, self.plan, self.told = number, plan, told
        self.code = ("en", "zh")[number % 2]
        self.stream: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self.held: dict[str, tuple[str, float]] = {}
        cookies = plan["cookies"]
        self.headers = (
            f"Host: {plan['host']}:{plan['port']}\r\nAccept-Encoding: gzip, deflate, br\r\n"
            f"X-Forwarded-For: 10.1.{number // 250}.{number % 250 + 1}\r\nAccept: text/html,*/*;q=0.8\r\n"
        )
        if number < len(cookies):
            self.headers += f"Cookie: headwater={cookies[number]}\r\n"

    async def open(self, kind: str, address: str) -> None:
        """One page with what it needs, as a browser fetches it."""
        needed, apart = await self.ask(kind, address)
        for one in needed:
            await self.ask("style and script", one)
        for one in apart[:MOST_LAZY]:
            await self.ask("drawing", one)

    async def ask(self, kind: str, address: str) -> tuple[list[str], list[str]]:
        """One request, unless the browser need not ask; says what the page needs, and its drawings that are apart."""
        mark, until = self.held.get(address, ("", 0.0))
        if until > time.monotonic():
            return NOTHING
        head = f"GET {address} HTTP/1.1\r\n{self.headers}" + (f"If-None-Match: {mark}\r\n" if mark else "") + "\r\n"
        began = time.perf_counter()
        try:
            status, headers, body = await asyncio.wait_for(self._answer(head.encode()), PATIENCE_S)
        except (OSError, EOFError, TimeoutError, ValueError) as error:
            self.told.errors.append(f"{address}: {type(error).__name__} {error}")
            await self.close()
            return NOTHING
        self.told.took_ms[kind].append((time.perf_counter() - began) * 1000)
        self.told.statuses[status] += 1
        self.told.received += len(body)
        if status not in {200, 304} or (status == 304 and not mark):
            self.told.errors.append(f"{address}: {status} {body[:120]!r}")
            return NOTHING
        lasts = re.search(r"max-age=(\d+)", headers.get("cache-control", ""))
        new = headers.get("etag", mark)
        self.held[address] = (new, time.monotonic() + int(lasts[1]) if lasts else 0.0)
        return NOTHING if status == 304 else self._read(address, new, headers, body)

    def _read(self, address: str, mark: str, headers: dict[str, str], body: bytes) -> tuple[list[str], list[str]]:
        """What a page leads to; it is unpacked and looked at the first time that anybody sees it as it is now."""
        key = f"{address} {mark}"
        if key not in self.told.pages:
            content = gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body
            is_page = "text/html" in headers.get("content-type", "")
            if not content or (is_page and not content.rstrip().endswith(b"</html>")):
                self.told.errors.append(f"{address}: its end is missing")
            found = (NEEDED, LAZY) if is_page else ()
            needed, apart = (
                ([one.decode() for one in pattern.findall(content)] for pattern in found) if found else NOTHING
            )
            self.told.pages[key] = (needed, apart)
        return self.told.pages[key]

    async def _answer(self, head: bytes) -> tuple[int, dict[str, str], bytes]:
        was_open = self.stream is not None
        try:
            return await self._exchange(head)
        except (ConnectionError, asyncio.IncompleteReadError):
            await self.close()
            if not was_open:
                raise
            self.told.reopened += 1  # closed by the server while we read the page: nothing was answered yet
            return await self._exchange(head)

    async def _exchange(self, head: bytes) -> tuple[int, dict[str, str], bytes]:
        if self.stream is None:
            self.stream = await asyncio.open_connection(self.plan["host"], self.plan["port"], limit=1 << 20)
        reader, writer = self.stream
        writer.write(head)
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {
            name.lower(): value.strip() for name, _colon, value in (line.partition(":") for line in lines if line)
        }
        status = int(first.split()[1])
        length = 0 if status == 304 else int(headers["content-length"])
        body = await reader.readexactly(length) if length else b""
        if headers.get("connection", "") == "close":
            await self.close()
        return status, headers, body

    async def close(self) -> None:
        """Close the connection."""
        if self.stream is not None:
            self.stream[1].close()
            self.stream = None


async def read(browser: Browser, until: float) -> None:
    """Walk from page to page until a moment, pausing to read."""
    plan, chance = browser.plan, random.Random(f"{browser.plan['seed']} {browser.number}")
    kinds, weights = zip(*((kind, of["weight"]) for kind, of in plan["mix"].items()), strict=True)
    mean = plan["pause_s"]

    async def pause() -> None:
        await asyncio.sleep(min(chance.expovariate(1 / mean), MOST_PAUSES * mean) if mean else 0)

    await pause()
    while time.monotonic() < until:
        kind = chance.choices(kinds, weights)[0]
        of = plan["mix"][kind]
        await browser.open(kind, chance.choice(of["addresses"]).replace("{code}", browser.code))
        for also in of.get("then", []):
            await browser.ask(also["kind"], chance.choice(also["addresses"]).replace("{code}", browser.code))
        await pause()
    await browser.close()


async def walk_all(browser: Browser) -> None:
    """Open every address of the mix once, in both languages: what a site that is up has been asked before."""
    for of in browser.plan["mix"].values():
        for code in ("en", "zh"):
            for address in of["addresses"]:
                await browser.open("warm", address.replace("{code}", code))
            for also in of.get("then", []):
                for address in also["addresses"]:
                    await browser.ask("warm", address.replace("{code}", code))


async def run(plan: dict[str, Any]) -> dict[str, Any]:
    """Let the readers read; say what they saw.

    Parameters
    ----------
    plan
        `host`, `port`, `readers`, `seconds`, `pause_s`, `mix`, `cookies`; `at_once` is an address that all ask for at
        one moment instead; `is_tour` lets one reader open everything once.
    """
    told = Told()
    browsers = [Browser(number, plan, told) for number in range(plan["readers"])]
    began = time.monotonic()
    if plan.get("is_tour"):
        await walk_all(browsers[0])
    elif plan.get("at_once"):
        await asyncio.gather(*(b.open("at once", plan["at_once"].replace("{code}", b.code)) for b in browsers))
    else:
        await asyncio.gather(*(read(browser, began + plan["seconds"]) for browser in browsers))
    seconds = time.monotonic() - began
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "took_ms": told.took_ms, "statuses": told.statuses, "errors": told.errors, "reopened": told.reopened,
        "received": told.received, "seconds": seconds, "cpu_s": used.ru_utime + used.ru_stime,
    }  # fmt: skip


if __name__ == "__main__":
    json.dump(asyncio.run(run(json.load(sys.stdin))), sys.stdout)
