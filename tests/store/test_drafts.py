"""Drafts of entries: versions, states, reviews; on each kind of database."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine

from headwater.errors import Conflict, HeadwaterError, InputError, NotFound
from headwater.store import accounts, drafts

PASSWORD = "correct horse battery"  # noqa: S105


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    with engine.begin() as opened:
        yield opened


@pytest.fixture
def ann(connection: Connection) -> str:
    return str(accounts.add_user(connection, "ann", role="editor", password=PASSWORD, shown_name="Ann").user_id)


@pytest.fixture
def rob(connection: Connection) -> str:
    return str(accounts.add_user(connection, "rob", role="reviewer", password=PASSWORD).user_id)


def begun(connection: Connection, author: str | None, record_id: str = "pond", base: str = "") -> str:
    return drafts.add_draft(
        connection, "term", record_id, base=base, content="one 水\n", words="first", author_id=author
    )


def returned(connection: Connection, draft_id: str, rob: str, version: int = 1) -> None:
    found = {"own-words": {"is_met": False, "words": "照抄"}}
    drafts.end_review(connection, draft_id, version, is_accepted=False, reviewer_id=rob, criteria=found, words="No.")


def test_a_draft_is_kept_with_every_version(connection: Connection, ann: str) -> None:
    draft_id = begun(connection, ann, base="base\n")
    draft = drafts.read_draft(connection, draft_id)
    assert (draft["state"], draft["version"], draft["shown_name"], draft["base"]) == ("draft", 1, "Ann", "base\n")
    assert draft["base_hash"] == drafts.text_hash("base\n")
    assert drafts.save_version(connection, draft_id, "two\n", on=1, words="second", user_id=ann) == 2
    assert drafts.save_version(connection, draft_id, "two\n", on=2, words="again", user_id=ann) == 2, "the same text"
    assert [v["version"] for v in drafts.list_versions(connection, draft_id)] == [2, 1]
    assert drafts.read_version(connection, draft_id, 1)["content"] == "one 水\n"
    assert drafts.read_draft(connection, draft_id)["changed_at"] > draft["changed_at"]
    with pytest.raises(NotFound):
        drafts.read_version(connection, draft_id, 3)
    with pytest.raises(NotFound):
        drafts.read_draft(connection, "nothing")


def test_a_draft_takes_up_another_base(connection: Connection, ann: str) -> None:
    draft_id = begun(connection, ann, base="old\n")
    drafts.save_version(connection, draft_id, "one 水\n", on=1, words="", user_id=ann, base="new\n")
    draft = drafts.read_draft(connection, draft_id)
    assert (draft["base"], draft["base_hash"], draft["version"]) == ("new\n", drafts.text_hash("new\n"), 1)


def test_states_follow_each_other(connection: Connection, ann: str, rob: str) -> None:
    draft_id = begun(connection, ann)
    with pytest.raises(InputError, match="not been handed in"):
        returned(connection, draft_id, rob)
    drafts.submit_draft(connection, draft_id, 1)
    with pytest.raises(InputError, match="waits for review"):
        drafts.save_version(connection, draft_id, "two\n", on=1, words="", user_id=ann)
    with pytest.raises(InputError, match="waits for review"):
        drafts.submit_draft(connection, draft_id, 1)
    drafts.recall_draft(connection, draft_id)
    with pytest.raises(InputError):
        drafts.recall_draft(connection, draft_id)
    drafts.submit_draft(connection, draft_id, 1)
    with pytest.raises(Conflict):
        returned(connection, draft_id, rob, version=2)
    returned(connection, draft_id, rob)
    with pytest.raises(InputError, match="reviewed and returned"):
        drafts.submit_draft(connection, draft_id, 1)
    assert drafts.save_version(connection, draft_id, "two\n", on=1, words="", user_id=ann) == 2
    with pytest.raises(Conflict):
        drafts.submit_draft(connection, draft_id, 1)
    drafts.submit_draft(connection, draft_id, 2)
    drafts.end_review(connection, draft_id, 2, is_accepted=True, reviewer_id=rob, criteria={}, words="")
    for act in (
        lambda: drafts.submit_draft(connection, draft_id, 2),
        lambda: drafts.withdraw_draft(connection, draft_id),
        lambda: drafts.recall_draft(connection, draft_id),
        lambda: returned(connection, draft_id, rob, 2),
        lambda: drafts.save_version(connection, draft_id, "x\n", on=2, words="", user_id=ann),
    ):
        with pytest.raises(InputError, match="was published"):
            act()
    said = drafts.list_reviews(connection, draft_id)
    assert [(r["version"], r["is_accepted"], r["shown_name"]) for r in said] == [(2, True, "rob"), (1, False, "rob")]
    assert said[1]["criteria"] == {"own-words": {"is_met": False, "words": "照抄"}}


def test_lists_are_by_state_author_and_entry(connection: Connection, ann: str, rob: str) -> None:
    one, two, alone = begun(connection, ann), begun(connection, rob, "lake"), begun(connection, None, "pond")
    drafts.submit_draft(connection, two, 1)
    every = [row["draft_id"] for row in drafts.list_drafts(connection)]
    assert set(every) == {one, two, alone}
    assert every[0] == two, "what was changed last comes first"
    assert [r["draft_id"] for r in drafts.list_drafts(connection, states=("submitted",))] == [two]
    assert [r["draft_id"] for r in drafts.list_drafts(connection, of=(ann,))] == [one]
    assert [r["draft_id"] for r in drafts.list_drafts(connection, of=(None,))] == [alone]
    assert {r["draft_id"] for r in drafts.list_drafts(connection, key=("term", "pond"))} == {one, alone}
    assert len(drafts.list_drafts(connection, most=1)) == 1


def test_one_author_has_one_open_draft_of_an_entry(connection: Connection, ann: str, rob: str) -> None:
    draft_id = begun(connection, ann)
    with pytest.raises(Conflict):
        begun(connection, ann)
    begun(connection, rob)
    drafts.withdraw_draft(connection, draft_id)
    begun(connection, ann)


def test_there_are_limits(connection: Connection, ann: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drafts, "MOST_OPEN", 2)
    monkeypatch.setattr(drafts, "MOST_VERSIONS", 2)
    draft_id = begun(connection, ann)
    begun(connection, ann, "lake")
    with pytest.raises(InputError, match="open drafts"):
        begun(connection, ann, "sea")
    drafts.save_version(connection, draft_id, "two\n", on=1, words="", user_id=ann)
    with pytest.raises(InputError, match="versions"):
        drafts.save_version(connection, draft_id, "three\n", on=2, words="", user_id=ann)


def test_of_many_who_save_at_once_one_is_heard(engine: Engine) -> None:
    with engine.begin() as connection:
        draft_id = begun(connection, None)
    outcome: list[str] = []

    def saves(number: int) -> None:
        try:
            with engine.begin() as connection:
                drafts.save_version(connection, draft_id, f"{number}\n", on=1, words="", user_id=None)
            outcome.append("saved")
        except HeadwaterError as error:
            outcome.append(type(error).__name__)

    threads = [threading.Thread(target=saves, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcome) == ["Conflict"] * 7 + ["saved"]
    with engine.begin() as connection:
        assert drafts.read_draft(connection, draft_id)["version"] == 2
