"""Accounts, sessions and tokens, in every kind of database."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.exc import IntegrityError

from headwater.errors import Conflict, InputError, NotAllowed, NotFound
from headwater.forum import Forum
from headwater.store import accounts
from headwater.store.database import moment, sessions, spent, tokens, users

PASSWORD = "correct horse battery"  # noqa: S105


def test_a_password_fits_its_account_only_and_is_never_kept(engine: Engine) -> None:
    with engine.begin() as c:
        ann = accounts.add_user(c, " Ann ", role="editor", password=PASSWORD)
        accounts.add_user(c, "bob", role="reader", password=PASSWORD + "!")
        assert accounts.password_fits(c, "ANN", PASSWORD) == ann
        assert accounts.password_fits(c, "bob", PASSWORD) is None
        assert accounts.password_fits(c, "nobody", PASSWORD) is None
        kept = c.execute(select(users.c.password_hash)).scalars().all()
    assert all(one.startswith("$argon2id$") and PASSWORD not in one for one in kept)
    assert len(set(kept)) == 2


@pytest.mark.parametrize("name", ["", "a", "two words", "x" * 81, "<script>", "../up"])
def test_a_name_has_a_form(engine: Engine, name: str) -> None:
    with engine.begin() as c, pytest.raises(InputError, match="2 to 80"):
        accounts.add_user(c, name, role="reader", password=PASSWORD)


def test_a_name_is_taken_once_and_passwords_are_long(engine: Engine) -> None:
    with engine.begin() as c:
        accounts.add_user(c, "ann", role="reader", password=PASSWORD)
        with pytest.raises(InputError, match="taken"):
            accounts.add_user(c, "Ann", role="reader", password=PASSWORD)
        with pytest.raises(InputError, match="10 to 500"):
            accounts.add_user(c, "bob", role="reader", password="short")  # noqa: S106
        with pytest.raises(InputError, match="reader, editor"):
            accounts.add_user(c, "bob", role="king", password=PASSWORD)


def test_a_session_is_known_by_its_secret_until_it_is_over(engine: Engine) -> None:
    with engine.begin() as c:
        ann = accounts.add_user(c, "ann", role="editor", password=PASSWORD)
        secret, other = accounts.start_session(c, ann), accounts.start_session(c, ann)
        assert secret != other
        found = accounts.read_session(c, secret)
        assert found is not None
        assert found[0] == ann
        assert len(found[1]) >= 24
        assert secret not in c.execute(select(sessions.c.token_hash)).scalars().all()
        now = datetime.now(UTC)
        assert accounts.read_session(c, secret, now=now + accounts.IDLE + timedelta(minutes=1)) is None
        assert accounts.read_session(c, "x" + secret) is None
        accounts.end_session(c, secret)
        assert accounts.read_session(c, secret) is None
        assert accounts.read_session(c, other) is not None


def test_a_changed_password_ends_sessions_and_a_closed_account_ends_everything(engine: Engine) -> None:
    with engine.begin() as c:
        accounts.add_user(c, "boss", role="admin", password=PASSWORD)
        ann = accounts.add_user(c, "ann", role="editor", password=PASSWORD)
        secret = accounts.start_session(c, ann)
        accounts.change_user(c, str(ann.user_id), password=PASSWORD * 2)
        assert accounts.read_session(c, secret) is None
        assert accounts.password_fits(c, "ann", PASSWORD) is None
        _id, token = accounts.make_token(c, ann, title="R", may_write=False, days=1)
        accounts.change_user(c, str(ann.user_id), is_active=False)
        assert accounts.read_token(c, token) is None
        assert accounts.password_fits(c, "ann", PASSWORD * 2) is None


def test_somebody_is_left_who_may_manage_accounts(engine: Engine) -> None:
    with engine.begin() as c:
        boss = accounts.add_user(c, "boss", role="admin", password=PASSWORD)
    for change in ({"role": "reader"}, {"is_active": False}):
        with pytest.raises(InputError, match="must be left"), engine.begin() as c:
            accounts.change_user(c, str(boss.user_id), **change)
    with engine.begin() as c:
        assert accounts.find_user(c, str(boss.user_id)).role == "admin"


def test_failures_slow_down_a_name_and_an_address_for_a_while(engine: Engine) -> None:
    with engine.begin() as c:
        for _try in range(accounts.FAILURES_OF_NAME):
            assert not accounts.is_throttled(c, "ann", "10.0.0.1")
            accounts.note_failure(c, "Ann", "10.0.0.1")
        assert accounts.is_throttled(c, "ann", "10.0.0.2")
        assert not accounts.is_throttled(c, "bob", "10.0.0.1")
        for i in range(accounts.FAILURES_OF_ADDRESS):
            accounts.note_failure(c, f"user{i}", "10.0.0.1")
        assert accounts.is_throttled(c, "bob", "10.0.0.1")
        later = datetime.now(UTC) + accounts.WINDOW + timedelta(minutes=1)
        assert not accounts.is_throttled(c, "ann", "10.0.0.1", now=later)


def test_a_token_may_be_revoked_by_its_holder_only(engine: Engine) -> None:
    with engine.begin() as c:
        ann = accounts.add_user(c, "ann", role="editor", password=PASSWORD)
        bob = accounts.add_user(c, "bob", role="editor", password=PASSWORD)
        token_id, secret = accounts.make_token(c, ann, title="R", may_write=True, days=30)
        assert accounts.read_token(c, secret) == (ann, True)
        assert secret not in c.execute(select(tokens.c.token_hash)).scalars().all()
        assert [row["title"] for row in accounts.list_tokens(c, ann)] == ["R"]
        with pytest.raises(NotFound):
            accounts.revoke_token(c, bob, token_id)
        accounts.revoke_token(c, ann, token_id)
        assert accounts.read_token(c, secret) is None
        with pytest.raises(InputError, match="730 days"):
            accounts.make_token(c, ann, title="R", may_write=True, days=0)


# --- sign-in through another site ---------------------------------------------------------------------------------


def test_a_word_is_used_once_and_forgotten_when_it_could_not_be_used_any_more(engine: Engine) -> None:
    with engine.begin() as c:
        accounts.use_up(c, "state")
        accounts.use_up(c, "another")
        assert "state" not in c.execute(select(spent.c.word_hash)).scalars().all()
    with pytest.raises(IntegrityError), engine.begin() as c:
        accounts.use_up(c, "state")
    with engine.begin() as c:
        c.execute(spent.update().values(at=moment(datetime.now(UTC) - accounts.WINDOW - timedelta(seconds=1))))
        accounts.use_up(c, "third")
        assert len(c.execute(select(spent)).all()) == 1


def test_a_word_that_many_use_at_once_is_used_by_one(engine: Engine, tmp_path: Path) -> None:
    forum = Forum(engine, tmp_path, is_alone=False)
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lambda _one: forum.use_once("state"), range(8))) == 1


def test_somebody_who_comes_in_many_times_at_once_gets_one_account(engine: Engine, tmp_path: Path) -> None:
    forum = Forum(engine, tmp_path, is_alone=False)
    with engine.begin() as c:
        accounts.add_user(c, "boss", role="admin", password=PASSWORD)

    def come(_one: int) -> str:
        return forum.signed_in_from_elsewhere(
            "https://a.example 1", name="ann@a.example", shown_name="Ann", email=None, address="t"
        )

    with ThreadPoolExecutor(8) as pool:
        secrets = list(pool.map(come, range(8)))
    held = [forum.session(secret) for secret in secrets]
    assert len({found[0].user_id for found in held if found is not None}) == 1
    assert all(held)
    with engine.begin() as c:
        assert accounts.count_users(c) == 2


def test_a_name_that_is_taken_gets_a_number(engine: Engine) -> None:
    with engine.begin() as c:
        for wanted in ("ann@a.example", "ann-2@a.example", "ann-3@a.example"):
            assert accounts.free_name(c, "Ann@a.example") == wanted
            accounts.add_user(c, wanted, role="reader")
        assert accounts.free_name(c, "ann") == "ann"


def test_a_subject_opens_one_account_and_no_closed_one(engine: Engine) -> None:
    with engine.begin() as c:
        boss = accounts.add_user(c, "boss", role="admin", password=PASSWORD)
        ann = accounts.add_user(c, "ann", role="reader", oidc_subject="a 1")
        assert accounts.user_of_subject(c, "a 1") == ann
        assert accounts.user_of_subject(c, "a 2") is None
        with pytest.raises(Conflict):
            accounts.link_subject(c, str(boss.user_id), "a 1")
        accounts.link_subject(c, str(ann.user_id), "a 1")
        secret = accounts.start_session(c, ann)
        accounts.link_subject(c, str(ann.user_id), None)
        assert accounts.read_session(c, secret) is None, "no way in was left, so nobody stays inside"
        accounts.link_subject(c, str(boss.user_id), "a 1")
        assert accounts.ways_in(c, str(boss.user_id)) == (True, True)
        assert accounts.user_of_subject(c, "a 1") == boss
        accounts.add_user(c, "cyd", role="admin", password=PASSWORD)
        accounts.change_user(c, str(boss.user_id), is_active=False)
        with pytest.raises(NotAllowed):
            accounts.user_of_subject(c, "a 1")
        with pytest.raises(NotFound):
            accounts.link_subject(c, "nobody", "a 3")


def test_failures_without_a_name_count_for_the_address_alone(engine: Engine) -> None:
    with engine.begin() as c:
        for _try in range(accounts.FAILURES_OF_ADDRESS):
            assert not accounts.is_throttled(c, None, "here")
            accounts.note_failure(c, "", "here")
        assert accounts.is_throttled(c, None, "here")
        assert not accounts.is_throttled(c, None, "there")
        assert not accounts.is_throttled(c, "ann", "there")
