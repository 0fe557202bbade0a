"""A site for tests of work: Toytown packaged, a copy of it that may be changed, and somebody for every role."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.middleware import Middleware

from headwater import workshop
from headwater.forum import Forum, open_forum
from headwater.library import Library
from headwater.permissions import EVERYONE_ALONE, User
from headwater.store import accounts
from headwater.web import errors
from headwater.web.app import create_app
from headwater.web.delivery import Delivery
from headwater.web.pages_work import LARGEST_BODIES, WORK_PAGES

PASSWORD = "correct horse battery"  # noqa: S105
TOYTOWN = Path(__file__).parents[1] / "toytown" / "study"
ROLES = {
    "owner": "editor", "reader": "reader", "sharer": "editor", "viewer": "editor", "other": "editor", "boss": "admin",
    "critic": "reviewer", "told": "reader",
}  # fmt: skip
"""Accounts: `sharer` and `told` were given "edit" of the study `mine`, `viewer` "read"; `told` is only a reader."""


def open_site(home: Path, *, is_alone: bool = True) -> Forum:
    """A site with Toytown packaged and its copy `mine`; with accounts, `mine` belongs to `owner`."""
    packaged = home.parent / "packaged"
    if not packaged.exists():
        shutil.copytree(TOYTOWN, packaged / "toytown")
    forum = open_forum(home, packaged=packaged, is_alone=is_alone)
    people: dict[str, User] = {}
    if not is_alone:
        with forum.writing() as connection:
            people = {
                name: accounts.add_user(connection, name, role=role, password=PASSWORD) for name, role in ROLES.items()
            }
    owner = people.get("owner", EVERYONE_ALONE) if not is_alone else EVERYONE_ALONE
    workshop.copy_study(forum, owner, "toytown", "mine")
    if not is_alone:
        for name, access in (("sharer", "edit"), ("told", "edit"), ("viewer", "read")):
            forum.share_study(owner, "mine", name, access)
    return forum


def work_app(library: Library, forum: Forum) -> FastAPI:
    """The application over a site, with the pages of work."""
    app = create_app(library, forum=forum)
    known = {route.path for route in app.router.routes if hasattr(route, "path")}
    if "/{language}/studies/{study_id}/sharing" not in known:
        app.router.routes[:0] = WORK_PAGES
        place = next(i for i, layer in enumerate(app.user_middleware) if layer.cls is Delivery)
        app.user_middleware[place] = Middleware(Delivery, refusal=errors.refused, largest_body=LARGEST_BODIES)
    return app


def word(page: Any) -> str:
    """The word against forged requests that a page carries."""
    return str(page.text.split('name="csrf" value="')[1].split('"')[0])
