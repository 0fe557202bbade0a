"""Who may do what: every role for every action, written out."""

from __future__ import annotations

import pytest

from headwater.errors import NotAllowed
from headwater.permissions import EVERYONE_ALONE, NEEDS, OF_STUDY, ROLES, StudyAccess, User, check_allowed, may

PEOPLE = {None: None, **{role: User(role, role, role, role) for role in ROLES}}
ALLOWED = {
    "read_hub": {None, *ROLES},
    "read_public_study": {None, *ROLES},
    "read_account": set(ROLES),
    "make_token": set(ROLES),
    "create_study": {"editor", "reviewer", "admin"},
    "propose_entry": {"editor", "reviewer", "admin"},
    "review_entry": {"reviewer", "admin"},
    "publish_entry": {"reviewer", "admin"},
    "export_content": {"reviewer", "admin"},
    "manage_users": {"admin"},
    "read_audit": {"admin"},
    "read_metrics": {"admin"},
}


@pytest.mark.parametrize("action", NEEDS)
def test_each_action_is_for_those_roles_and_no_others(action: str) -> None:
    assert {role for role, user in PEOPLE.items() if may(user, action)} == ALLOWED[action]


OF_OTHERS = {"read_study": set(), "edit_study": set(), "run_study": set(), "share_study": set(), "delete_study": set()}


@pytest.mark.parametrize(
    ("access", "allowed"),
    [
        (StudyAccess("other", False), {}),
        (StudyAccess("other", True), {"read_study": {None, *ROLES}}),
        (StudyAccess("other", False, "read"), {"read_study": set(ROLES)}),
        (
            StudyAccess("other", False, "edit"),
            {"read_study": set(ROLES), "edit_study": {"editor", "reviewer"}, "run_study": {"editor", "reviewer"}},
        ),
    ],
)
def test_a_study_of_others_is_for_whom_its_owner_says(access: StudyAccess, allowed: dict[str, set]) -> None:
    for action in OF_STUDY:
        found = {role for role, user in PEOPLE.items() if may(user, action, access)}
        assert found == allowed.get(action, set()) | {"admin"}, action


def test_an_owner_does_everything_with_a_study_unless_they_are_only_readers_now() -> None:
    for role in ROLES:
        done = {action for action in OF_STUDY if may(PEOPLE[role], action, StudyAccess(role, False))}
        assert done == ({"read_study"} if role == "reader" else set(OF_STUDY))


def test_whoever_works_alone_does_everything() -> None:
    assert all(may(EVERYONE_ALONE, action) for action in NEEDS)
    assert all(may(EVERYONE_ALONE, action, StudyAccess("x", False)) for action in OF_STUDY)


def test_a_refusal_says_what_to_do() -> None:
    with pytest.raises(NotAllowed, match="Sign in"):
        check_allowed(None, "create_study")
    with pytest.raises(NotAllowed, match="may not"):
        check_allowed(PEOPLE["reader"], "create_study")


def test_an_action_that_is_not_known_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError):
        may(EVERYONE_ALONE, "fly")
