"""Accounts: who there is, how they prove it, and how long that lasts.

Passwords are kept as Argon2 hashes; sessions and tokens as SHA-256 of secrets that only their holders have. Failures to
sign in slow the next ones down, by name and by address.
"""

from __future__ import annotations

import hashlib
import itertools
import secrets
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, delete, func, insert, select, update

from headwater.errors import Conflict, InputError, NotAllowed, NotFound
from headwater.permissions import ROLES, User
from headwater.store.database import attempts, first, moment, rows, sessions, spent, tokens, users
from headwater.words import _

SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 500
IDLE = timedelta(hours=12)
LONGEST_SESSION = timedelta(days=14)
WINDOW = timedelta(minutes=15)
FAILURES_OF_NAME, FAILURES_OF_ADDRESS = 8, 40
"""Failures within `WINDOW` after which no more is tried, for one name and from one address."""
SEEN_EVERY = timedelta(minutes=1)
"""How often the use of a session is written down."""

_hasher = PasswordHasher()


@cache
def _nobodys_hash() -> str:
    """A hash to compare with when there is no such account, so that the answer takes as long."""
    return _hasher.hash(secrets.token_urlsafe())


def hash_password(password: str) -> str:
    """A password as it is kept.

    Raises
    ------
    InputError
        If it is too short or too long.
    """
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        text = _("A password has {least} to {most} characters.")
        raise InputError(text.format(least=SHORTEST_PASSWORD, most=LONGEST_PASSWORD))
    return _hasher.hash(password)


def add_user(
    connection: Connection,
    name: str,
    *,
    role: str,
    password: str | None = None,
    shown_name: str = "",
    email: str | None = None,
    oidc_subject: str | None = None,
) -> User:
    """Make an account.

    Raises
    ------
    InputError
        If the name is taken or of the wrong form, the role unknown, or the password too short.
    """
    plain = _name(name)
    if role not in ROLES:
        raise InputError(_("There is no role {name}; there are {known}").format(name=role, known=", ".join(ROLES)))
    if first(connection, select(users.c.user_id).where(users.c.name == plain)):
        raise InputError(_("The name {name} is taken.").format(name=plain))
    user = User(secrets.token_hex(16), plain, shown_name.strip()[:200] or plain, role)
    row = {
        "user_id": user.user_id,
        "name": plain,
        "shown_name": user.shown_name,
        "email": email,
        "role": role,
        "is_active": True,
        "password_hash": hash_password(password) if password is not None else None,
        "oidc_subject": oidc_subject,
        "created_at": moment(),
    }
    connection.execute(insert(users).values(row))
    return user


def list_users(connection: Connection) -> list[dict[str, Any]]:
    """Every account, without its secrets."""
    shown = [c for c in users.c if c.name not in {"password_hash", "oidc_subject"}]
    is_vouched = users.c.oidc_subject.is_not(None).label("is_vouched")
    return rows(connection, select(*shown, is_vouched).order_by(users.c.name))


def count_users(connection: Connection) -> int:
    """How many accounts there are."""
    return int(connection.execute(select(func.count()).select_from(users)).scalar_one())


def find_user(connection: Connection, user_id: str) -> User:
    """An account that may be used.

    Raises
    ------
    NotFound
        If there is none.
    """
    row = first(connection, select(users).where(users.c.user_id == user_id, users.c.is_active))
    if row is None:
        raise NotFound(_("There is no such account."))
    return _user(row)


def change_user(
    connection: Connection,
    user_id: str,
    *,
    role: str | None = None,
    is_active: bool | None = None,
    password: str | None = None,
) -> None:
    """Change an account's role, whether it may be used, or its password; sessions and tokens end where it matters.

    Raises
    ------
    NotFound
        If there is no such account.
    InputError
        If nobody would be left who may manage accounts, or the password is too short.
    """
    row = first(connection, select(users).where(users.c.user_id == user_id))
    if row is None:
        raise NotFound(_("There is no such account."))
    changes: dict[str, Any] = {}
    if role is not None:
        if role not in ROLES:
            raise InputError(_("There is no role {name}; there are {known}").format(name=role, known=", ".join(ROLES)))
        changes["role"] = role
    if is_active is not None:
        changes["is_active"] = is_active
    if password is not None:
        changes["password_hash"] = hash_password(password)
    if not changes:
        return
    connection.execute(update(users).where(users.c.user_id == user_id).values(changes))
    admins = select(func.count()).select_from(users).where(users.c.role == "admin", users.c.is_active)
    if row["role"] == "admin" and not connection.execute(admins).scalar_one():
        raise InputError(_("Somebody must be left who may manage accounts."))
    if password is not None or is_active is False:
        connection.execute(delete(sessions).where(sessions.c.user_id == user_id))
    if is_active is False:
        connection.execute(update(tokens).where(tokens.c.user_id == user_id).values(revoked_at=moment()))


def is_throttled(connection: Connection, name: str | None, address: str, *, now: datetime | None = None) -> bool:
    """Whether too many tries have failed lately for a name, where there is one, or from an address."""
    since = moment((now or datetime.now(UTC)) - WINDOW)

    def failed(condition: Any) -> int:
        counted = select(func.count()).select_from(attempts).where(attempts.c.at >= since, condition)
        return int(connection.execute(counted).scalar_one())

    by_name = failed(attempts.c.name == name.strip().casefold()[:80]) if name is not None else 0
    return by_name >= FAILURES_OF_NAME or failed(attempts.c.address == address[:64]) >= FAILURES_OF_ADDRESS


def password_fits(connection: Connection, name: str, password: str) -> User | None:
    """Whose password it is; None where the name or the password is wrong. Takes as long either way."""
    row = first(connection, select(users).where(users.c.name == name.strip().casefold(), users.c.is_active))
    kept = (row or {}).get("password_hash") or _nobodys_hash()
    try:
        _hasher.verify(kept, password[:LONGEST_PASSWORD])
    except (VerificationError, InvalidHashError):
        return None
    if row is None or row["password_hash"] is None:
        return None
    if _hasher.check_needs_rehash(kept):
        connection.execute(
            update(users).where(users.c.user_id == row["user_id"]).values(password_hash=_hasher.hash(password))
        )
    return _user(row)


def note_failure(connection: Connection, name: str, address: str) -> None:
    """Remember that somebody failed to sign in; what is older than the window is forgotten."""
    connection.execute(delete(attempts).where(attempts.c.at < moment(datetime.now(UTC) - WINDOW)))
    connection.execute(insert(attempts).values(name=name.strip().casefold()[:80], address=address[:64], at=moment()))


def start_session(connection: Connection, user: User) -> str:
    """Begin a session; says the secret that only its holder has. An earlier secret is never taken over."""
    now, secret = datetime.now(UTC), secrets.token_urlsafe(32)
    row = {
        "token_hash": _hash(secret),
        "user_id": user.user_id,
        "csrf": secrets.token_urlsafe(24),
        "created_at": moment(now),
        "seen_at": moment(now),
        "expires_at": moment(now + LONGEST_SESSION),
    }
    connection.execute(delete(sessions).where(sessions.c.expires_at < moment(now)))
    connection.execute(insert(sessions).values(row))
    return secret


def read_session(connection: Connection, secret: str, *, now: datetime | None = None) -> tuple[User, str] | None:
    """Who holds a session, and its word against forged requests; None where it is unknown or over."""
    at = now or datetime.now(UTC)
    wanted = select(sessions.c.csrf, sessions.c.expires_at, sessions.c.seen_at, users).join(
        users, users.c.user_id == sessions.c.user_id
    )
    row = first(connection, wanted.where(sessions.c.token_hash == _hash(secret), users.c.is_active))
    if row is None or row["expires_at"] < moment(at) or row["seen_at"] < moment(at - IDLE):
        return None
    return _user(row), str(row["csrf"])


def touch_session(connection: Connection, secret: str) -> None:
    """Write down that a session is in use, at most once a minute."""
    now = datetime.now(UTC)
    stale = (sessions.c.token_hash == _hash(secret)) & (sessions.c.seen_at < moment(now - SEEN_EVERY))
    connection.execute(update(sessions).where(stale).values(seen_at=moment(now)))


def end_session(connection: Connection, secret: str) -> None:
    """End a session."""
    connection.execute(delete(sessions).where(sessions.c.token_hash == _hash(secret)))


def make_token(connection: Connection, user: User, *, title: str, may_write: bool, days: int) -> tuple[str, str]:
    """Make a token for programs; says its id and its secret, which is shown this once.

    Raises
    ------
    InputError
        If it has no title, or would live for less than a day or more than two years.
    """
    if not title.strip() or not 1 <= days <= 730:
        raise InputError(_("A token has a title, and lives for 1 to 730 days."))
    now, secret, token_id = datetime.now(UTC), "hw_" + secrets.token_urlsafe(32), secrets.token_hex(8)
    row = {
        "token_hash": _hash(secret),
        "token_id": token_id,
        "user_id": user.user_id,
        "title": title.strip()[:200],
        "may_write": may_write,
        "created_at": moment(now),
        "expires_at": moment(now + timedelta(days=days)),
    }
    connection.execute(insert(tokens).values(row))
    return token_id, secret


def read_token(connection: Connection, secret: str) -> tuple[User, bool] | None:
    """Who holds a token, and whether it may write; None where it is unknown, over or revoked."""
    wanted = select(tokens.c.may_write, tokens.c.expires_at, users).join(users, users.c.user_id == tokens.c.user_id)
    valid = (tokens.c.token_hash == _hash(secret)) & tokens.c.revoked_at.is_(None) & users.c.is_active
    row = first(connection, wanted.where(valid))
    if row is None or row["expires_at"] < moment():
        return None
    return _user(row), bool(row["may_write"])


def list_tokens(connection: Connection, user: User) -> list[dict[str, Any]]:
    """A user's tokens, without their secrets."""
    shown = [c for c in tokens.c if c.name not in {"token_hash", "user_id"}]
    return rows(connection, select(*shown).where(tokens.c.user_id == user.user_id).order_by(tokens.c.created_at))


def revoke_token(connection: Connection, user: User, token_id: str) -> None:
    """End a token of one's own.

    Raises
    ------
    NotFound
        If one has no such token.
    """
    own = (tokens.c.token_id == token_id) & (tokens.c.user_id == user.user_id)
    done = connection.execute(update(tokens).where(own, tokens.c.revoked_at.is_(None)).values(revoked_at=moment()))
    if not done.rowcount:
        raise NotFound(_("There is no such token."))


def user_of_subject(connection: Connection, subject: str) -> User | None:
    """The account of somebody whom another site vouches for; None where there is none.

    Raises
    ------
    NotAllowed
        If it is closed.
    """
    row = first(connection, select(users).where(users.c.oidc_subject == subject))
    if row is not None and not row["is_active"]:
        raise NotAllowed(_("This account may not be used any more."))
    return _user(row) if row is not None else None


def free_name(connection: Connection, name: str) -> str:
    """A name, or the nearest to it that nobody has: `ann@example.org`, then `ann-2@example.org`."""
    plain = _name(name)
    local, at, host = plain.partition("@")

    def is_free(wanted: str) -> bool:
        return first(connection, select(users.c.user_id).where(users.c.name == wanted)) is None

    numbered = (f"{local}-{count}{at}{host}" for count in itertools.count(2))
    return next(wanted for wanted in itertools.chain([plain], numbered) if is_free(wanted))


def ways_in(connection: Connection, user_id: str) -> tuple[bool, bool]:
    """Whether an account has a password, and whether another site vouches for its holder."""
    row = first(connection, select(users).where(users.c.user_id == user_id))
    return (False, False) if row is None else (row["password_hash"] is not None, row["oidc_subject"] is not None)


def link_subject(connection: Connection, user_id: str, subject: str | None) -> None:
    """Have another site vouch for an account's holder, or no more; sessions end where no other way in is left.

    Raises
    ------
    Conflict
        If it vouches for them under another account.
    NotFound
        If there is no such account.
    """
    row = first(connection, select(users).where(users.c.user_id == user_id))
    if row is None:
        raise NotFound(_("There is no such account."))
    holder = first(connection, select(users.c.user_id).where(users.c.oidc_subject == subject)) if subject else None
    if holder is not None and holder["user_id"] != user_id:
        raise Conflict(_("Another account here is signed in to in this way. Whoever keeps this site can part the two."))
    connection.execute(update(users).where(users.c.user_id == user_id).values(oidc_subject=subject))
    if subject is None and row["password_hash"] is None:
        connection.execute(delete(sessions).where(sessions.c.user_id == user_id))


def use_up(connection: Connection, word: str) -> None:
    """Use a word that may be used once; words older than `WINDOW` are forgotten.

    Raises
    ------
    IntegrityError
        If it was used before.
    """
    connection.execute(delete(spent).where(spent.c.at < moment(datetime.now(UTC) - WINDOW)))
    connection.execute(insert(spent).values(word_hash=_hash(word), at=moment()))


def _user(row: dict[str, Any]) -> User:
    return User(str(row["user_id"]), str(row["name"]), str(row["shown_name"]), str(row["role"]))


def _name(name: str) -> str:
    plain = name.strip().casefold()
    if not 2 <= len(plain) <= 80 or not all(letter.isalnum() or letter in ".-_@+" for letter in plain):
        raise InputError(_("A name has 2 to 80 letters, digits, dots, hyphens or @."))
    return plain


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
