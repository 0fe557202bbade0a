"""A site with the finished studies that come with Headwater, and one without results, for tests of its pages."""

from __future__ import annotations

import shutil
from pathlib import Path

from fastapi import FastAPI

from headwater.forum import Forum, open_forum
from headwater.library import Library
from headwater.web.app import create_app
from headwater.web.studies import STUDY_PAGES

FINISHED = ("djibouti", "ghana", "mongolia")
"""Studies whose results are looked for in `out/`."""


def finished(root: Path) -> list[str]:
    """Studies whose results are there."""
    return [name for name in FINISHED if (root / "out" / name / "front.provenance.json").is_file()]


def site(library: Library, home: Path, root: Path, *, is_alone: bool = True) -> FastAPI:
    """The application over a site in a folder of its own, with the results that are there and one study without any."""
    studies = home / "packaged"
    studies.mkdir(parents=True, exist_ok=True)
    for name in FINISHED:
        (studies / name).symlink_to(root / "studies" / name, target_is_directory=True)
    shutil.copytree(root / "studies" / "mongolia", studies / "blank")
    for name in finished(root):
        shutil.copytree(root / "out" / name, home / "results" / name)
    forum: Forum = open_forum(home, packaged=studies, is_alone=is_alone)
    app = create_app(library, forum=forum)
    known = {route.path for route in app.router.routes if hasattr(route, "path")}
    app.router.routes[:0] = [route for route in STUDY_PAGES if route.path not in known]
    return app
