"""Pictures of six pages of the hub, in both languages, on a desk and on a phone, for the documentation.

    uv sync --frozen --inexact --group browser
    python docs/screenshots_hub.py [CONTENT]

Serves the hub from a free port of this machine and photographs the first screen of each page with Chromium (Debian's,
or the one that HEADWATER_CHROMIUM names). Pictures have 64 colours, so that they stay small.
"""

from __future__ import annotations

import os
import shutil
import socket
import struct
import sys
import tempfile
import threading
import time
import warnings
import zlib
from pathlib import Path

import numpy as np
import rasterio
import uvicorn
from playwright.sync_api import sync_playwright

from headwater.library import open_library
from headwater.web.app import create_app

PAGES = {
    "home": "",
    "search": "search?q={flood}&kind=tool",
    "tool": "tools/climada",
    "wizard": "wizard?users=planner&phases=strategic-planning&decision=climate-risk&skills=programming",
    "compare": "compare?tool=climada&tool=giri&tool=hdm-4",
    "gaps": "gaps#map-1",
}
"""Pages by the name of their picture."""

FLOOD = {"en": "flood", "zh": "洪水"}
WINDOWS = {1280: 900, 390: 844}
"""Height by width of the window [px]."""

COLOURS = 64
OUT = Path(__file__).parent / "images" / "hub"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


def main(content: Path | None = None) -> None:
    """Take every picture."""
    with tempfile.TemporaryDirectory() as folder:
        library = open_library(content, index=Path(folder) / "library.sqlite")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        server = uvicorn.Server(uvicorn.Config(create_app(library), host="127.0.0.1", port=port, log_level="error"))
        threading.Thread(target=server.run, daemon=True).start()
        while not server.started:
            time.sleep(0.05)
        OUT.mkdir(parents=True, exist_ok=True)
        photograph(f"http://127.0.0.1:{port}")
        server.should_exit = True


def photograph(base: str) -> None:
    """Every page in both languages and at both widths."""
    chromium = os.environ.get("HEADWATER_CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        for width, height in WINDOWS.items():
            page = browser.new_page(viewport={"width": width, "height": height}, color_scheme="light")
            for code, flood in FLOOD.items():
                for name, address in PAGES.items():
                    page.goto(f"{base}/{code}/{address.format(flood=flood)}")
                    target = OUT / f"{name}-{code}-{width}.png"
                    target.write_bytes(small(page.screenshot()))
                    print(f"{target.name}: {target.stat().st_size / 1000:.0f} KB")
        browser.close()


def small(png: bytes) -> bytes:
    """A picture in a few colours, common ones and such as are far from all others; each pixel in the nearest."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        with rasterio.MemoryFile(png) as file, file.open() as picture:
            red, green, blue = picture.read([1, 2, 3]).astype(np.int32)
    height, width = red.shape
    packed, index, counts = np.unique(red << 16 | green << 8 | blue, return_inverse=True, return_counts=True)
    colours = np.stack([packed >> 16, packed >> 8 & 255, packed & 255], axis=1)
    away, nearest = np.full(len(colours), np.inf), np.zeros(len(colours), np.intp)
    kept = np.zeros((COLOURS, 3), np.int64)
    for number in range(COLOURS):
        kept[number] = colours[(np.minimum(away, 765) * np.sqrt(counts)).argmax()]
        to_it = np.abs(colours - kept[number]).sum(axis=1)
        nearest[to_it < away] = number
        away = np.minimum(away, to_it)
    rows = nearest[index.ravel()].reshape(height, width).astype(np.uint8)
    raw = b"".join(b"\0" + row.tobytes() for row in rows)
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
        (b"PLTE", kept.astype(np.uint8).tobytes()),
        (b"IDAT", zlib.compress(raw, 9)),
        (b"IEND", b""),
    ]
    made = b"\x89PNG\r\n\x1a\n"
    for kind, data in parts:
        made += struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return made


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
