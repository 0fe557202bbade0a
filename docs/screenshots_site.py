"""Pictures of fourteen pages of a site, in both languages, on a desk and on a phone.

    uv sync --frozen --inexact --group browser
    python docs/screenshots_site.py [FOLDER] [--whole]

Serves a site with accounts from a free port of this machine: the results of Djibouti from `out/djibouti` (`make demo`
makes them), a study of somebody's own with its tables and jobs. Photographs the first screen of each page, or with
`--whole` all of it, with Chromium (Debian's, or the one that HEADWATER_CHROMIUM names), into FOLDER, `site/pictures`
unless given.
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import uvicorn
from playwright.sync_api import sync_playwright
from screenshots_hub import WINDOWS, small

from headwater import workshop
from headwater.forum import Forum, open_forum
from headwater.library import open_library
from headwater.store import accounts, jobs
from headwater.web.app import create_app

ROOT = Path(__file__).parents[1]
STUDY = "djibouti"
PAGES = {
    "studies": "studies/",
    "overview": f"studies/{STUDY}/",
    "chapter": f"studies/{STUDY}/choice",
    "map": f"studies/{STUDY}/map",
    "explorer": f"studies/{STUDY}/plan-explorer",
    "compare": f"studies/{STUDY}/compare?with=point-1&with=point-4&with=point-8",
    "result": f"studies/{STUDY}/results/appraisals",
    "work": "studies/mine/tables",
    "grid": "studies/mine/tables/assets",
    "run": "studies/mine/run",
    "job": "jobs/{job}",
    "sharing": "studies/mine/sharing",
    "account": "account",
    "sign-in": "sign-in",
}
"""Pages by the name of their picture."""

CANVAS = frozenset({"map"})
"""Pages with a canvas, which a picture of the whole page would show before it is drawn anew."""

SIGNED_OUT = frozenset({"sign-in"})
FLAGS = [
    "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--enable-unsafe-swiftshader", "--use-gl=angle", "--use-angle=swiftshader",
]  # fmt: skip


def main(out: Path, *, is_whole: bool = False) -> None:
    """Take every picture."""
    if not (ROOT / "out" / STUDY / "asset_results.provenance.json").is_file():
        sys.exit(f"no results in out/{STUDY}: make demo")
    with tempfile.TemporaryDirectory() as folder:
        forum, secret, job = furnished(Path(folder) / "home")
        library = open_library(ROOT / "content", index=Path(folder) / "library.sqlite")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        config = uvicorn.Config(create_app(library, forum=forum), host="127.0.0.1", port=port, log_level="error")
        server = uvicorn.Server(config)
        threading.Thread(target=server.run, daemon=True).start()
        while not server.started:
            time.sleep(0.05)
        out.mkdir(parents=True, exist_ok=True)
        photograph(f"http://127.0.0.1:{port}", out, secret, job, is_whole=is_whole)
        server.should_exit = True


def furnished(home: Path) -> tuple[Forum, str, str]:
    """A site on which somebody works; their session, and the job that runs."""
    shutil.copytree(ROOT / "out" / STUDY, home / "results" / STUDY, ignore=shutil.ignore_patterns("parts"))
    forum = open_forum(home, packaged=ROOT / "studies", is_alone=False)
    password = secrets.token_urlsafe()
    with forum.writing() as connection:
        user = accounts.add_user(connection, "amina", role="editor", password=password, shown_name="Amina Warsame")
        accounts.add_user(connection, "li.wei", role="reader", password=password, shown_name="李伟")
    workshop.copy_study(forum, user, STUDY, "mine")
    forum.share_study(user, "mine", "li.wei", "edit")
    forum.make_token(user, "Figures for the ministry's dashboard", may_write=False, days=90)
    first = forum.run(user, "mine", "assess")
    with forum.writing() as connection:
        jobs.take_job(connection, "here")
        jobs.end_job(connection, first, "here", "finished")
    job = forum.run(user, "mine", "plan")
    with forum.writing() as connection:
        jobs.take_job(connection, "here")
        jobs.beat(connection, job, "here", doing="Futures", done=3, total=9)
        secret = accounts.start_session(connection, user)
    return forum, secret, job


def photograph(base: str, out: Path, secret: str, job: str, *, is_whole: bool) -> None:
    """Every page in both languages and at both widths."""
    chromium = os.environ.get("HEADWATER_CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        for width, height in WINDOWS.items():
            for is_signed in (True, False):
                context = browser.new_context(viewport={"width": width, "height": height}, color_scheme="light")
                if is_signed:
                    context.add_cookies([{"name": "headwater", "value": secret, "url": base}])
                page = context.new_page()
                for name, address in PAGES.items():
                    for code in ("en", "zh") if (name not in SIGNED_OUT) == is_signed else ():
                        page.goto(f"{base}/{code}/{address.format(job=job)}")
                        settle(page, name)
                        target = out / f"{name}-{code}-{width}.png"
                        target.write_bytes(small(page.screenshot(full_page=is_whole and name not in CANVAS)))
                        print(f"{target.name}: {target.stat().st_size / 1000:.0f} KB")
                context.close()
        browser.close()


def settle(page: Any, name: str) -> None:
    """Wait until what is drawn when it is seen is there."""
    page.wait_for_load_state("networkidle")
    if name == "map":
        for _ in range(100):
            if page.evaluate("!!document.getElementById('map').dataset.shown && studyMap.areTilesLoaded()"):
                break
            page.wait_for_timeout(100)
    page.wait_for_timeout(300)


if __name__ == "__main__":
    given = [word for word in sys.argv[1:] if not word.startswith("--")]
    main(Path(given[0]) if given else ROOT / "site" / "pictures", is_whole="--whole" in sys.argv)
