"""Contributing to the hub: propose an entry or correct one, have it reviewed, publish it. Functions of a site.

The façade beside `forum`: asks it who may, and writes down what was done. A draft is the text of one file of the
content and is checked as `headwater hub check` checks files; it may be saved with faults and not handed in with them.
Nobody reviews their own draft, but for whoever works alone on their own machine. What is published is written beside
the content that comes with Headwater (`overlay`), and shows at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from headwater.catalogue import review
from headwater.catalogue.differences import DiffRow, compare_texts
from headwater.catalogue.records import KINDS
from headwater.catalogue.review import Finding
from headwater.catalogue.shapes import IDENTIFIER
from headwater.errors import Conflict, InputError, NotAllowed, NotFound, TableError
from headwater.examination import LARGEST, Examined, as_published, cleaned_text, examine, previewed
from headwater.forum import Forum
from headwater.library import Library
from headwater.overlay import (
    Change,
    change_of,
    changed_here,
    export_content,
    exported,
    let_go,
    place_of,
    published_text,
    put_back,
    put_in_place,
    with_overlay,
)
from headwater.permissions import User, check_allowed, has_role, may
from headwater.store import drafts, history
from headwater.words import _

LONGEST_NAME = 80
SEEN_BY_REVIEWERS = ("submitted", "returned", "published")


@dataclass(frozen=True)
class Draft:
    """A draft as it stands.

    Attributes
    ----------
    draft_id, kind, record_id, state
        Its name, the entry that it makes or corrects, and one of `store.database.DRAFT_STATES`.
    version, text
        Number of the latest version, and its text.
    base
        Text of the entry's file from which the author began; "" for a new entry.
    author_id, author
        Whose it is, and what they are called; None for whoever works alone.
    created_at, changed_at
        When it was begun, and when it was last changed.
    """

    draft_id: str
    kind: str
    record_id: str
    state: str
    version: int
    text: str
    base: str
    author_id: str | None
    author: str | None
    created_at: str
    changed_at: str

    @property
    def place(self) -> str:
        """File of the entry within the content."""
        return place_of(self.kind, self.record_id)

    @property
    def is_new(self) -> bool:
        """Whether it makes an entry and does not correct one."""
        return not self.base


# --- reading ------------------------------------------------------------------------------------------------------


def my_drafts(forum: Forum, user: User, *, most: int = 100) -> list[Draft]:
    """One's own drafts, those changed last first; withdrawn ones are left out."""
    states = (*drafts.OPEN, "published")
    with forum.engine.begin() as connection:
        found = drafts.list_drafts(connection, states=states, of=(user.user_id,), most=most)
        return [_whole(connection, row) for row in found]


def waiting_drafts(forum: Forum, user: User, *, most: int = 100) -> list[Draft]:
    """Drafts that wait for this reviewer."""
    check_allowed(user, "review_entry")
    with forum.engine.begin() as connection:
        found = drafts.list_drafts(connection, states=("submitted",), most=most)
        return [_whole(connection, row) for row in found if _may_review(forum, user, row)]


def published_lately(forum: Forum, *, most: int = 20) -> list[Draft]:
    """What was published last, for anybody."""
    with forum.engine.begin() as connection:
        return [_whole(connection, row) for row in drafts.list_drafts(connection, states=("published",), most=most)]


def draft_of(forum: Forum, user: User, kind: str, record_id: str) -> Draft | None:
    """One's own open draft of an entry."""
    with forum.engine.begin() as connection:
        found = drafts.list_drafts(connection, states=drafts.OPEN, of=(user.user_id,), key=(kind, record_id))
        return _whole(connection, found[0]) if found else None


def others_at_work(forum: Forum, user: User, kind: str, record_id: str) -> int:
    """How many other people have an open draft of an entry."""
    with forum.engine.begin() as connection:
        found = drafts.list_drafts(connection, states=drafts.OPEN, key=(kind, record_id))
        return sum(row["author_id"] != user.user_id for row in found)


def read_draft(forum: Forum, user: User, draft_id: str) -> Draft:
    """A draft, for its author, and for reviewers once it was handed in.

    Raises
    ------
    NotFound
        If there is none, or none that this user may know of.
    """
    with forum.engine.begin() as connection:
        return _seen(connection, user, draft_id)


def read_history(forum: Forum, user: User, draft_id: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Versions of a draft and reviews of them, the latest first of each."""
    with forum.engine.begin() as connection:
        _seen(connection, user, draft_id)
        return drafts.list_versions(connection, draft_id), drafts.list_reviews(connection, draft_id)


def compare_versions(
    forum: Forum, library: Library, user: User, draft_id: str, old: str = "published", new: str = ""
) -> list[DiffRow]:
    """How two texts of a draft differ: `base`, `published`, or the number of a version; the latest unless given.

    Raises
    ------
    NotFound
        If there is no such draft or version.
    """
    with forum.engine.begin() as connection:
        draft = _seen(connection, user, draft_id)
        sides = [_side(connection, forum, library, draft, name) for name in (old, new or str(draft.version))]
    return compare_texts(*sides)


def is_behind(forum: Forum, library: Library, draft: Draft) -> bool:
    """Whether the entry was changed since the author began: the draft cannot be published as it is."""
    return published_text(library, forum, draft.place) != draft.base


# --- the author ---------------------------------------------------------------------------------------------------


def propose(
    forum: Forum, library: Library, user: User, kind: str, record_id: str, text: str, *, words: str = ""
) -> str:
    """Begin a draft of a new entry, or of a correction where the entry exists; says the draft's name.

    Parameters
    ----------
    kind, record_id
        The entry.
    text
        Its file. It may have faults.
    words
        What the author says of it.

    Raises
    ------
    NotAllowed
        If the user may not propose entries.
    InputError
        If the kind or the name will not do, or the text is too long.
    Conflict
        If the user has an open draft of that entry.
    """
    check_allowed(user, "propose_entry")
    if kind not in KINDS:
        raise InputError(
            _("There is no kind of entry {name}; there are {known}").format(name=kind, known=", ".join(KINDS))
        )
    if not IDENTIFIER.match(record_id) or len(record_id) > LONGEST_NAME:
        text_ = _("«{name}» cannot name an entry: use lower case letters, digits and hyphens, {most} at most")
        raise InputError(text_.format(name=record_id[:LONGEST_NAME], most=LONGEST_NAME))
    said = cleaned_text(text)
    with forum.writing() as connection:
        base = published_text(library, forum, place_of(kind, record_id))
        draft_id = drafts.add_draft(
            connection, kind, record_id, base=base, content=said, words=words, author_id=user.user_id
        )
        forum.note(connection, user, "propose_entry", f"draft/{draft_id}", {"entry": f"{kind}/{record_id}"})
    return draft_id


def save(
    forum: Forum,
    library: Library,
    user: User,
    draft_id: str,
    text: str,
    *,
    on: int,
    words: str = "",
    takes_up: bool = False,
) -> int:
    """Save another version of one's own draft; says its number.

    Parameters
    ----------
    draft_id, text, words
        The draft, the file, and what the author says of this version.
    on
        Number of the version that the author began with.
    takes_up
        Whether the text takes up what was published meanwhile: today's entry is then what it began from.

    Raises
    ------
    NotAllowed
        If it is somebody else's.
    Conflict
        If another version was saved meanwhile.
    InputError
        If it is being reviewed, or over; or the text is too long.
    """
    said = cleaned_text(text)
    with forum.writing() as connection:
        draft = _own(connection, user, draft_id)
        base = published_text(library, forum, draft.place) if takes_up else None
        version = drafts.save_version(connection, draft_id, said, on=on, words=words, user_id=user.user_id, base=base)
        forum.note(connection, user, "propose_entry", f"draft/{draft_id}", {"version": version})
    return version


def submit(forum: Forum, library: Library, user: User, draft_id: str, version: int) -> None:
    """Hand one's own draft in for review.

    Raises
    ------
    TableError
        If it has faults; names every one.
    Conflict
        If another version was saved meanwhile, or the entry was changed since the draft was begun.
    InputError
        If nothing was changed, or it was handed in before.
    """
    with_overlay(library, forum)
    with forum.writing() as connection:
        draft = _own(connection, user, draft_id)
        _check_current(forum, library, draft)
        if draft.text == draft.base:
            raise InputError(_("Nothing differs from the entry as it is published."))
        _check_sound(examine(forum, library, draft.kind, draft.record_id, draft.text, base=draft.base))
        drafts.submit_draft(connection, draft_id, version)
        forum.note(connection, user, "propose_entry", f"draft/{draft_id}", {"version": version, "state": "submitted"})


def recall(forum: Forum, user: User, draft_id: str) -> None:
    """Take one's own draft back from those that wait for review."""
    with forum.writing() as connection:
        _own(connection, user, draft_id)
        drafts.recall_draft(connection, draft_id)
        forum.note(connection, user, "withdraw_entry", f"draft/{draft_id}", {"state": "draft"})


def withdraw(forum: Forum, user: User, draft_id: str) -> None:
    """End one's own draft; an admin may end anybody's."""
    with forum.writing() as connection:
        draft = _seen(connection, user, draft_id)
        if not has_role(user, "admin"):
            draft = _own(connection, user, draft_id)
        drafts.withdraw_draft(connection, draft.draft_id)
        forum.note(connection, user, "withdraw_entry", f"draft/{draft_id}")


# --- the reviewer -------------------------------------------------------------------------------------------------


def may_review(forum: Forum, user: User | None, draft: Draft) -> bool:
    """Whether somebody may review a draft: a reviewer, and not its author."""
    return _may_review(forum, user, {"author_id": draft.author_id})


def send_back(
    forum: Forum, user: User, draft_id: str, version: int, findings: Mapping[str, Finding], words: str
) -> None:
    """Return a draft to its author with reasons.

    Raises
    ------
    NotAllowed
        If the user is no reviewer, or the author.
    InputError
        If no reason is given, or the draft does not wait for review.
    Conflict
        If another version was handed in meanwhile.
    """
    check_allowed(user, "review_entry")
    review.check_return(findings, words)
    with forum.writing() as connection:
        draft = _reviewed(connection, forum, user, draft_id)
        drafts.end_review(
            connection, draft_id, version, is_accepted=False, reviewer_id=user.user_id, criteria=_plain(findings),
            words=words[: review.LONGEST_WORDS],
        )  # fmt: skip
        said = {"version": version, "is_accepted": False, "entry": f"{draft.kind}/{draft.record_id}"}
        forum.note(connection, user, "review_entry", f"draft/{draft_id}", said)


def publish(
    forum: Forum, library: Library, user: User, draft_id: str, version: int, findings: Mapping[str, Finding], words: str
) -> None:
    """Accept a draft and publish it: its file is written beside the content, and the library made anew.

    All of it or nothing: the file stands as it did before where anything fails. The translation is marked as made from
    this English if the reviewer found that the languages agree, and else keeps the mark it had.

    Raises
    ------
    NotAllowed
        If the user may not publish, or is the author.
    InputError
        If a criterion was not looked at or is not met, or the draft does not wait for review.
    Conflict
        If another version was handed in meanwhile, or the entry was changed since the draft was begun.
    TableError
        If the draft has faults by now.
    """
    check_allowed(user, "publish_entry")
    review.check_acceptance(findings)
    aside: Path | None = None
    try:
        with forum.writing() as connection:
            history.wait_for_others(connection, "content")
            draft = _reviewed(connection, forum, user, draft_id)
            with_overlay(library, forum)
            examined = examine(forum, library, draft.kind, draft.record_id, draft.text, base=draft.base)
            _check_sound(examined)
            text = as_published(draft.kind, draft.text, examined, base=draft.base, agrees=findings[review.AGREE].is_met)
            _check_current(forum, library, draft, or_=text)
            drafts.end_review(
                connection, draft_id, version, is_accepted=True, reviewer_id=user.user_id, criteria=_plain(findings),
                words=words[: review.LONGEST_WORDS],
            )  # fmt: skip
            texts = {draft.place: text, **examined.companions}
            said = {"entry": f"{draft.kind}/{draft.record_id}", "version": version, "files": list(texts)}
            forum.note(connection, user, "review_entry", f"draft/{draft_id}", {"version": version, "is_accepted": True})
            forum.note(connection, user, "publish_entry", f"draft/{draft_id}", said)
            aside = put_in_place(library, forum, texts)
    except BaseException:
        if aside is not None:
            put_back(forum, aside)
        raise
    let_go(aside)
    with_overlay(library, forum)


# --- what these share ---------------------------------------------------------------------------------------------


def _whole(connection: Connection, row: Mapping[str, Any]) -> Draft:
    text = drafts.read_version(connection, row["draft_id"], row["version"])["content"]
    return Draft(
        row["draft_id"], row["kind"], row["record_id"], row["state"], row["version"], text, row["base"],
        row["author_id"], row["shown_name"], row["created_at"], row["changed_at"],
    )  # fmt: skip


def _seen(connection: Connection, user: User | None, draft_id: str) -> Draft:
    row = drafts.read_draft(connection, draft_id)
    is_seen = user is not None and (
        row["author_id"] == user.user_id
        or has_role(user, "admin")
        or (may(user, "review_entry") and row["state"] in SEEN_BY_REVIEWERS)
    )
    if not is_seen:
        raise NotFound(_("There is no draft {name}.").format(name=draft_id))
    return _whole(connection, row)


def _own(connection: Connection, user: User, draft_id: str) -> Draft:
    check_allowed(user, "propose_entry")
    draft = _seen(connection, user, draft_id)
    if draft.author_id != user.user_id:
        raise NotAllowed(_("Only its author changes a draft."))
    return draft


def _may_review(forum: Forum, user: User | None, row: Mapping[str, Any]) -> bool:
    return may(user, "review_entry") and (forum.is_alone or (user is not None and row["author_id"] != user.user_id))


def _reviewed(connection: Connection, forum: Forum, user: User, draft_id: str) -> Draft:
    draft = _seen(connection, user, draft_id)
    if not may_review(forum, user, draft):
        raise NotAllowed(_("Nobody reviews their own draft; another reviewer has to look at it."))
    return draft


def _check_current(forum: Forum, library: Library, draft: Draft, *, or_: str | None = None) -> None:
    if published_text(library, forum, draft.place) not in {draft.base, or_}:
        raise Conflict(_("The entry was changed since this draft was begun. Its author has to take that up first."))


def _check_sound(examined: Examined) -> None:
    if examined.faults:
        raise TableError(examined.faults)


def _side(connection: Connection, forum: Forum, library: Library, draft: Draft, name: str) -> str:
    if name == "published":
        return published_text(library, forum, draft.place)
    if name == "base":
        return draft.base
    if not (name.isascii() and name.isdigit() and len(name) < 8):
        raise NotFound(_("There is no version {number} of this draft.").format(number=name))
    return str(drafts.read_version(connection, draft.draft_id, int(name))["content"])


def _plain(findings: Mapping[str, Finding]) -> dict[str, Any]:
    return {
        name: {"is_met": f.is_met, "words": f.words.strip()[: review.LONGEST_WORDS]} for name, f in findings.items()
    }


__all__ = [
    "LARGEST", "Change", "Draft", "Examined", "Finding", "change_of", "changed_here", "compare_versions", "draft_of",
    "examine", "export_content", "exported", "is_behind", "may_review", "my_drafts", "others_at_work", "place_of",
    "previewed", "propose", "publish", "published_lately", "published_text", "read_draft", "read_history", "recall",
    "save", "send_back", "submit", "waiting_drafts", "withdraw",
]  # fmt: skip
