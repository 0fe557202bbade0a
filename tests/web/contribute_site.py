"""A site for tests of contribution: a small hub of its own, and somebody for every role."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from fastapi import FastAPI
from tests.web.hub import SOURCE, said, text, write_hub

from headwater.catalogue.review import criteria
from headwater.contribution import Finding
from headwater.forum import Forum, open_forum
from headwater.library import Library, open_library
from headwater.permissions import User
from headwater.store import accounts
from headwater.web.app import create_app

PASSWORD = "correct horse battery"  # noqa: S105
ROLES = {
    "writer": "editor", "other": "editor", "critic": "reviewer", "second": "reviewer", "reader": "reader",
    "boss": "admin",
}  # fmt: skip
"""Accounts by role."""

MET = {name: Finding(True) for name in criteria()}
"""What a reviewer finds of a draft that is as it should be."""


def term(en: str = "Pond", zh: str = "池塘", **changes: Any) -> str:
    """The file of a term without a fault."""
    fields = {
        "title": text(en, zh), "summary": text(f"What a {en.lower()} is.", f"{zh}的含义。"), "checked": "unknown",
        "notes": said("Often *confused*.", "常被*混淆*。"), "sources": [SOURCE], **changes,
    }  # fmt: skip
    return f"---\n{yaml.safe_dump(fields, allow_unicode=True, sort_keys=False)}---\n"


def open_hub(folder: Path, home: Path) -> Library:
    """A small hub with what is published on the site of `home`."""
    return open_library(write_hub(folder / "content"), index=folder / "library.sqlite", overlay=home / "content")


def open_site(home: Path, *, is_alone: bool = True) -> tuple[Forum, dict[str, User]]:
    """A site; with accounts, somebody for every role."""
    forum = open_forum(home, is_alone=is_alone)
    people: dict[str, User] = {}
    if not is_alone:
        with forum.writing() as connection:
            people = {
                name: accounts.add_user(connection, name, role=role, password=PASSWORD) for name, role in ROLES.items()
            }
    return forum, people


def contribute_app(library: Library, forum: Forum) -> FastAPI:
    """The application over a site, with the pages of contribution."""
    return create_app(library, forum=forum)
