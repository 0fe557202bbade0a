"""Take pictures of a report for the README, with headless Chromium where the machine has one.

    python docs/screenshots.py out/djibouti/report.en.html djibouti.en

writes `docs/images/djibouti.en-NAME.png` for the pictures named below. Not part of `make docs`: the pictures are
committed, and change only when somebody looks at the new ones.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

IMAGES = Path(__file__).parent / "images"
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
ALONE = "section[id]:not(#{section}), header {{ display: none }}"
"""Style that leaves one section of the report."""
MAP = ALONE + " #{section} > :not(:has(.map)) {{ display: none }}"
"""Style that leaves the maps of one section."""
PICTURES = {
    "answer": ("", "answer", 900),
    "risk": (ALONE, "risk", 900),
    "risk-map": (MAP, "risk", 900),
    "access-map": (MAP, "access", 900),
    "plan": (ALONE, "plan", 900),
}
"""Style, section and height [pixels] of each picture."""
WIDTH = 1280
MAX_BYTES = 200_000
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--hide-scrollbars",
)  # fmt: skip


def browser() -> str:
    """Path of the first Chromium found."""
    found = [path for name in NAMES if (path := shutil.which(name))]
    if not found:
        sys.exit(f"No browser found; looked for {', '.join(NAMES)}.")
    return found[0]


def take(report: Path, name: str, image: Path) -> None:
    """A picture of a part of the report as a reader sees it."""
    style, section, height = PICTURES[name]
    head = f"<style>{style.format(section=section)}</style></head>"
    page = report.read_text(encoding="utf-8").replace("</head>", head)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "report.html"
        copy.write_text(page, encoding="utf-8")
        size = f"--window-size={WIDTH},{height}"
        command = [browser(), *FLAGS, f"--user-data-dir={folder}", size, f"--screenshot={image}", copy.as_uri()]
        subprocess.run(command, check=True, timeout=60, capture_output=True)  # noqa: S603
    if image.stat().st_size > MAX_BYTES:
        sys.exit(f"{image} has {image.stat().st_size:,} bytes, more than {MAX_BYTES:,}.")


def main(report: Path, prefix: str, names: list[str]) -> None:
    """Take the pictures named, or all."""
    IMAGES.mkdir(exist_ok=True)
    for name in names or PICTURES:
        image = IMAGES / f"{prefix}-{name}.png"
        take(report, name, image)
        print(image)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(f"usage: python docs/screenshots.py REPORT.html PREFIX [{'|'.join(PICTURES)} ...]")
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
