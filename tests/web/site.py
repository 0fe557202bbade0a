"""A site for tests of the pages of studies: Toytown with a front, without results, and with faults; and the finished
studies that come with Headwater where their results are in `out/`."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from fastapi import FastAPI
from tests.conftest import made_once

import headwater as hw
from headwater.forum import open_forum
from headwater.library import Library
from headwater.web.app import create_app
from headwater.web.studies import STUDY_PAGES

FINISHED = ("djibouti", "ghana", "mongolia")
TRADED = """maximise = "npv_usd"
trade_off = ["npv_usd", "ead_usd_per_yr", "initial_cost_usd"]

[timing]
start_years = [2025, 2035]

[[futures]]
id = "dear"
name.en = "Works cost three times as much"
name.zh = "造价为三倍"
factors.capital = 3.0

[[futures]]
id = "same"
name.en = "As assumed"
name.zh = "按假设"

[assumptions.front_points]
value = 6
source_id = "toytown"
"""


def traded(root: Path, toy_results: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Toytown with a front, a timeline and futures, run once: a folder with `study` and `out`."""

    def run(home: Path) -> None:
        shutil.copytree(root / "tests" / "toytown" / "study", home / "study")
        shutil.copytree(toy_results, home / "out")  # what does not differ need not be run again
        head = home / "study" / "study.toml"
        text = head.read_text(encoding="utf-8").replace('maximise = "npv_usd"\n', TRADED)
        head.write_text(text, encoding="utf-8")
        hw.open_study(home / "study", out=home / "out", workers=1).plan()

    return made_once(tmp_path_factory, "traded", run)


def finished(root: Path) -> list[str]:
    """Studies of the checkout whose results are in `out/`."""
    return [name for name in FINISHED if (root / "out" / name / "asset_results.provenance.json").is_file()]


def site(library: Library, home: Path, root: Path, made: Path, *, is_alone: bool = True) -> FastAPI:
    """The application over a site in a folder of its own.

    Parameters
    ----------
    library
        The hub.
    home
        Folder of the site.
    root
        The checkout.
    made
        From `traded`.
    is_alone
        Whether whoever asks needs no account.
    """
    packaged = home / "packaged"
    shutil.copytree(made / "study", packaged / "toytown")
    shutil.copytree(made / "study", packaged / "blank")
    shutil.copytree(made / "study", packaged / "spoilt")
    (packaged / "spoilt" / "zones.csv").write_text("zone_id,name\n1,<b>bold</b>\n", encoding="utf-8")
    shutil.copytree(made / "out", home / "results" / "toytown")
    for name in finished(root):
        (packaged / name).symlink_to(root / "studies" / name, target_is_directory=True)
        shutil.copytree(root / "out" / name, home / "results" / name, ignore=shutil.ignore_patterns("parts"))
    app = create_app(library, forum=open_forum(home, packaged=packaged, is_alone=is_alone))
    known = {route.path for route in app.router.routes if hasattr(route, "path")}
    app.router.routes[:0] = [route for route in STUDY_PAGES if route.path not in known]
    return app
