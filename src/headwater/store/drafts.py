"""Proposals for the hub: drafts of entries, their versions and what reviewers said. Functions on a connection.

A draft is the text of one file of the content. Every version that was saved stays; a review is of one version. What may
follow what is held here; who may do it, and whether the text is any good, is decided elsewhere.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection, Select, func, insert, select, update

from headwater.errors import Conflict, InputError, NotFound
from headwater.store.database import draft_versions, drafts, first, moment, reviews, rows, users
from headwater.words import _

OPEN = ("draft", "submitted", "returned")
"""States of a draft that may still be published."""

EDITABLE = ("draft", "returned")
MOST_OPEN = 50
"""Open drafts that one person may have."""

MOST_VERSIONS = 300


def text_hash(text: str) -> str:
    """A mark of a file's text; "" of no text.

    Examples
    --------
    >>> text_hash(""), len(text_hash("Water"))
    ('', 64)
    """
    return hashlib.sha256(text.encode()).hexdigest() if text else ""


def add_draft(
    connection: Connection, kind: str, record_id: str, *, base: str, content: str, words: str, author_id: str | None
) -> str:
    """Begin a draft with its first version; says its name.

    Parameters
    ----------
    kind, record_id
        The entry that it makes or corrects.
    base
        Text of the entry's file from which the author began; "" for a new entry.
    content, words
        The first version, and what the author says of it.
    author_id
        Whose it is; None for whoever works alone.

    Raises
    ------
    Conflict
        If the author has an open draft of that entry already.
    InputError
        If the author has too many open drafts.
    """
    mine = list_drafts(connection, states=OPEN, of=(author_id,), most=MOST_OPEN + 1)
    if any((row["kind"], row["record_id"]) == (kind, record_id) for row in mine):
        raise Conflict(_("You have a draft of this entry already; go on with that one."))
    if len(mine) >= MOST_OPEN:
        raise InputError(_("You have {most} open drafts; withdraw some first.").format(most=MOST_OPEN))
    draft_id, now = secrets.token_hex(8), moment()
    row = {
        "draft_id": draft_id, "kind": kind, "record_id": record_id, "base_hash": text_hash(base), "base": base,
        "state": "draft", "author_id": author_id, "created_at": now, "changed_at": now,
    }  # fmt: skip
    connection.execute(insert(drafts).values(row))
    _add_version(connection, draft_id, 1, content, words, author_id)
    return draft_id


def read_draft(connection: Connection, draft_id: str, *, is_locked: bool = False) -> dict[str, Any]:
    """A draft as it stands, with its author's name and the number of its latest version.

    Parameters
    ----------
    draft_id
        Its name.
    is_locked
        Whether nobody else may change it until the transaction ends.

    Raises
    ------
    NotFound
        If there is none of that name.
    """
    if is_locked:
        connection.execute(select(drafts.c.draft_id).where(drafts.c.draft_id == draft_id).with_for_update())
    row = first(connection, _drafts().where(drafts.c.draft_id == draft_id))
    if row is None:
        raise NotFound(_("There is no draft {name}.").format(name=draft_id))
    return row


def list_drafts(
    connection: Connection,
    *,
    states: Collection[str] = (),
    of: tuple[str | None] | None = None,
    key: tuple[str, str] | None = None,
    most: int = 100,
) -> list[dict[str, Any]]:
    """Drafts, those changed last first, with their authors' names and the numbers of their latest versions.

    Parameters
    ----------
    states
        Only those in one of these states.
    of
        Only those of this one author (None is whoever works alone); everybody's unless given.
    key
        Only those of this entry, by kind and name.
    most
        How many at most.
    """
    wanted = _drafts().order_by(drafts.c.changed_at.desc(), drafts.c.draft_id).limit(most)
    if states:
        wanted = wanted.where(drafts.c.state.in_(states))
    if of is not None:
        wanted = wanted.where(drafts.c.author_id.is_(None) if of[0] is None else drafts.c.author_id == of[0])
    if key is not None:
        wanted = wanted.where(drafts.c.kind == key[0], drafts.c.record_id == key[1])
    return rows(connection, wanted)


def read_version(connection: Connection, draft_id: str, version: int) -> dict[str, Any]:
    """One version of a draft.

    Raises
    ------
    NotFound
        If there is none of that number.
    """
    wanted = select(draft_versions).where(draft_versions.c.draft_id == draft_id, draft_versions.c.version == version)
    row = first(connection, wanted)
    if row is None:
        raise NotFound(_("There is no version {number} of this draft.").format(number=version))
    return row


def list_versions(connection: Connection, draft_id: str) -> list[dict[str, Any]]:
    """Versions of a draft without their text, the latest first."""
    columns = [column for column in draft_versions.c if column.name != "content"]
    wanted = select(*columns, users.c.shown_name).join(users, users.c.user_id == draft_versions.c.user_id, isouter=True)
    wanted = wanted.where(draft_versions.c.draft_id == draft_id).order_by(draft_versions.c.version.desc())
    return rows(connection, wanted)


def list_reviews(connection: Connection, draft_id: str) -> list[dict[str, Any]]:
    """What reviewers said of a draft, the latest first; `criteria` is what they found by criterion."""
    wanted = select(reviews, users.c.shown_name).join(users, users.c.user_id == reviews.c.reviewer_id, isouter=True)
    wanted = wanted.where(reviews.c.draft_id == draft_id).order_by(reviews.c.review_id.desc())
    return [row | {"criteria": json.loads(row["criteria"])} for row in rows(connection, wanted)]


def save_version(
    connection: Connection,
    draft_id: str,
    content: str,
    *,
    on: int,
    words: str,
    user_id: str | None,
    base: str | None = None,
) -> int:
    """Save a new version; says its number. The same text again makes none.

    Parameters
    ----------
    draft_id, content, words, user_id
        As for `add_draft`.
    on
        Number of the version that the author began with.
    base
        Text of the entry's file, where the author has taken up what was published meanwhile.

    Raises
    ------
    Conflict
        If another version was saved meanwhile.
    InputError
        If it is being reviewed, or over; or has too many versions.
    """
    draft = read_draft(connection, draft_id, is_locked=True)
    if draft["state"] not in EDITABLE:
        raise _not_now(draft)
    if draft["version"] != on:
        raise Conflict(_("Another version of this draft was saved meanwhile."))
    changed: dict[str, Any] = {"changed_at": moment()}
    if base is not None:
        changed |= {"base": base, "base_hash": text_hash(base)}
    connection.execute(update(drafts).where(drafts.c.draft_id == draft_id).values(changed))
    if read_version(connection, draft_id, on)["content"] == content:
        return on
    if on >= MOST_VERSIONS:
        raise InputError(_("The draft has {most} versions; withdraw it and begin again.").format(most=MOST_VERSIONS))
    _add_version(connection, draft_id, on + 1, content, words, user_id)
    return on + 1


def submit_draft(connection: Connection, draft_id: str, version: int) -> None:
    """Hand a draft in for review.

    Raises
    ------
    Conflict
        If another version was saved meanwhile.
    InputError
        If it has been handed in, or is over; or was returned and has not been changed since.
    """
    draft = read_draft(connection, draft_id, is_locked=True)
    if draft["state"] not in EDITABLE:
        raise _not_now(draft)
    if draft["version"] != version:
        raise Conflict(_("Another version of this draft was saved meanwhile."))
    if any(review["version"] == version for review in list_reviews(connection, draft_id)):
        raise InputError(_("This version was reviewed and returned. Change what was asked for, then hand it in again."))
    _move(connection, draft, EDITABLE, "submitted")


def recall_draft(connection: Connection, draft_id: str) -> None:
    """Take a draft back that waits for review.

    Raises
    ------
    InputError
        If it does not wait.
    """
    _move(connection, read_draft(connection, draft_id, is_locked=True), ("submitted",), "draft")


def withdraw_draft(connection: Connection, draft_id: str) -> None:
    """End a draft that was not published.

    Raises
    ------
    InputError
        If it is over.
    """
    _move(connection, read_draft(connection, draft_id, is_locked=True), OPEN, "withdrawn")


def end_review(
    connection: Connection,
    draft_id: str,
    version: int,
    *,
    is_accepted: bool,
    reviewer_id: str | None,
    criteria: Mapping[str, Any],
    words: str,
) -> None:
    """Write down that a draft was accepted and published, or give it back to its author with reasons.

    Raises
    ------
    Conflict
        If another version was handed in meanwhile.
    InputError
        If it does not wait for review.
    """
    draft = read_draft(connection, draft_id, is_locked=True)
    _add_review(connection, draft, version, reviewer_id, criteria, words, is_accepted=is_accepted)
    _move(connection, draft, ("submitted",), "published" if is_accepted else "returned")


def _drafts() -> Select[Any]:
    latest = select(func.max(draft_versions.c.version)).where(draft_versions.c.draft_id == drafts.c.draft_id)
    return select(drafts, users.c.shown_name, latest.scalar_subquery().label("version")).join(
        users, users.c.user_id == drafts.c.author_id, isouter=True
    )


def _add_version(
    connection: Connection, draft_id: str, version: int, content: str, words: str, user_id: str | None
) -> None:
    row = {
        "draft_id": draft_id, "version": version, "content": content, "words": words[:2000], "user_id": user_id,
        "at": moment(),
    }  # fmt: skip
    connection.execute(insert(draft_versions).values(row))


def _add_review(
    connection: Connection,
    draft: Mapping[str, Any],
    version: int,
    reviewer_id: str | None,
    criteria: Mapping[str, Any],
    words: str,
    *,
    is_accepted: bool,
) -> None:
    if draft["state"] != "submitted":
        raise _not_now(draft)
    if draft["version"] != version:
        raise Conflict(_("Another version of this draft was handed in meanwhile. Read that one."))
    row = {
        "draft_id": draft["draft_id"], "version": version, "reviewer_id": reviewer_id, "is_accepted": is_accepted,
        "criteria": json.dumps(dict(criteria), ensure_ascii=False), "words": words, "at": moment(),
    }  # fmt: skip
    connection.execute(insert(reviews).values(row))


def _move(connection: Connection, draft: Mapping[str, Any], before: Collection[str], state: str) -> None:
    if draft["state"] not in before:
        raise _not_now(draft)
    mine = (drafts.c.draft_id == draft["draft_id"]) & drafts.c.state.in_(before)
    connection.execute(update(drafts).where(mine).values(state=state, changed_at=moment()))


def _not_now(draft: Mapping[str, Any]) -> InputError:
    return InputError(
        {
            "draft": _("The draft has not been handed in."),
            "submitted": _("The draft waits for review; take it back to change it."),
            "returned": _("The draft was returned and waits for its author."),
            "published": _("The draft was published; correct the entry to change it."),
            "withdrawn": _("The draft was withdrawn."),
        }[draft["state"]]
    )
