"""Who may do what: four roles, and what a study's owner lets others do. One table, asked by every door.

A role includes the ones before it. Whoever works alone on their own machine is `EVERYONE_ALONE`: an admin without an
account.
"""

from __future__ import annotations

from dataclasses import dataclass

from headwater.errors import NotAllowed
from headwater.words import _

ROLES = ("reader", "editor", "reviewer", "admin")

NEEDS = {
    "read_hub": None,
    "read_public_study": None,
    "read_account": "reader",
    "make_token": "reader",
    "create_study": "editor",
    "propose_entry": "editor",
    "review_entry": "reviewer",
    "publish_entry": "reviewer",
    "export_content": "reviewer",
    "manage_users": "admin",
    "read_audit": "admin",
    "read_metrics": "admin",
}
"""The least role for each action; None is anybody. What is done to a study is decided by `OF_STUDY`."""

OF_STUDY = {
    "read_study": "read",
    "edit_study": "edit",
    "run_study": "edit",
    "share_study": "own",
    "delete_study": "own",
}
"""What an action on a study needs of one: to be let read it, to be let edit it (as an editor at least), or to own it.
"""


@dataclass(frozen=True)
class User:
    """Somebody who is signed in.

    Attributes
    ----------
    user_id
        Identifier; None for whoever works alone without an account.
    name, shown_name
        To sign in with, and to be called by.
    role
        One of `ROLES`.
    """

    user_id: str | None
    name: str
    shown_name: str
    role: str


EVERYONE_ALONE = User(None, "local", "local", "admin")


@dataclass(frozen=True)
class StudyAccess:
    """What a study's owner has settled: who owns it, whether anybody may read it, and what this user was given."""

    owner_id: str | None
    is_public: bool
    given: str | None = None


def has_role(user: User | None, role: str) -> bool:
    """Whether somebody has a role or one that includes it.

    Examples
    --------
    >>> has_role(User("1", "a", "A", "reviewer"), "editor"), has_role(None, "reader")
    (True, False)
    """
    return user is not None and ROLES.index(user.role) >= ROLES.index(role)


def may(user: User | None, action: str, study: StudyAccess | None = None) -> bool:
    """Whether somebody, or nobody in particular, may do something.

    Parameters
    ----------
    user
        Who; None for whoever is not signed in.
    action
        A key of `NEEDS` or `OF_STUDY`.
    study
        What the study's owner has settled, for what is done to a study.

    Raises
    ------
    KeyError
        If there is no such action: a mistake of ours, never of a user's.

    Examples
    --------
    >>> reader = User("1", "a", "A", "reader")
    >>> may(reader, "read_study", StudyAccess("2", True)), may(reader, "edit_study", StudyAccess("2", True, "edit"))
    (True, False)
    """
    if action in OF_STUDY:
        return _may_with_study(user, OF_STUDY[action], study or StudyAccess(None, False))
    needed = NEEDS[action]
    return needed is None or has_role(user, needed)


def check_allowed(user: User | None, action: str, study: StudyAccess | None = None) -> None:
    """Raise unless somebody may do something.

    Raises
    ------
    NotAllowed
        Saying what is needed.
    """
    if may(user, action, study):
        return
    if user is None:
        raise NotAllowed(_("Sign in to do this."))
    raise NotAllowed(_("{name} may not do this; ask whoever keeps this site.").format(name=user.shown_name))


def _may_with_study(user: User | None, needed: str, study: StudyAccess) -> bool:
    owns = user is not None and (
        has_role(user, "admin") or (user.user_id is not None and user.user_id == study.owner_id)
    )
    if needed == "own":
        return owns and has_role(user, "editor")
    if needed == "edit":
        return has_role(user, "editor") and (owns or study.given == "edit")
    return study.is_public or owns or (user is not None and study.given in {"read", "edit"})
