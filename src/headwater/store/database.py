"""The forum's database: who may do what, what is being worked on, what was proposed.

SQLite in a file by default, PostgreSQL by address. Everything that must not be lost is here or in a folder of studies;
everything else can be computed again. Times are UTC in ISO 8601, so that they sort as text in every database.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Connection,
    Engine,
    ExceptionContext,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    create_engine,
    event,
    text,
)  # fmt: skip
from sqlalchemy.exc import DBAPIError

from headwater.errors import HeadwaterError, InputError, NoRoom, SourceError
from headwater.files import is_full, no_room
from headwater.permissions import ROLES
from headwater.words import _

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_MS = 15_000
"""How long a writer waits for another one before it gives up [ms]."""

SMALLEST_ROOM = 1 << 16
"""Room that SQLite needs to open a database [bytes]."""

POSTGRESQL_FULL = "'53100'"
"""Code of PostgreSQL for a full disk, as its driver shows it."""

RIGHTS = ("read", "edit")
JOB_STATES = ("queued", "running", "finished", "failed", "cancelled")
DRAFT_STATES = ("draft", "submitted", "returned", "published", "withdrawn")

tables = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _one_of(column: str, values: tuple[str, ...]) -> CheckConstraint:
    allowed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({allowed})", name=column)


def _moment(name: str, *, needed: bool = True) -> Column[str]:
    return Column(name, String(32), nullable=not needed)


def _user(name: str = "user_id", *, needed: bool = True) -> Column[str]:
    return Column(name, String(32), ForeignKey("users.user_id"), nullable=not needed)


users = Table(
    "users", tables,
    Column("user_id", String(32), primary_key=True),
    Column("name", String(80), nullable=False, unique=True),
    Column("shown_name", String(200), nullable=False),
    Column("email", String(320)),
    Column("password_hash", Text),
    Column("oidc_subject", String(512), unique=True),
    Column("role", String(16), nullable=False),
    Column("is_active", Boolean, nullable=False),
    _moment("created_at"),
    _one_of("role", ROLES),
)  # fmt: skip

sessions = Table(
    "sessions", tables,
    Column("token_hash", String(64), primary_key=True),
    _user(),
    Column("csrf", String(64), nullable=False),
    _moment("created_at"), _moment("seen_at"), _moment("expires_at"),
    Index("ix_sessions_user_id", "user_id"),
)  # fmt: skip

tokens = Table(
    "tokens", tables,
    Column("token_hash", String(64), primary_key=True),
    Column("token_id", String(32), nullable=False, unique=True),
    _user(),
    Column("title", String(200), nullable=False),
    Column("may_write", Boolean, nullable=False),
    _moment("created_at"), _moment("expires_at"), _moment("used_at", needed=False), _moment("revoked_at", needed=False),
)  # fmt: skip

attempts = Table(
    "attempts", tables,
    Column("attempt_id", Integer, primary_key=True, autoincrement=True),
    Column("name", String(80), nullable=False),
    Column("address", String(64), nullable=False),
    _moment("at"),
    Index("ix_attempts_at", "at"),
)  # fmt: skip

spent = Table(
    "spent", tables,
    Column("word_hash", String(64), primary_key=True),
    _moment("at"),
)  # fmt: skip

studies = Table(
    "studies", tables,
    Column("study_id", String(80), primary_key=True),
    _user("owner_id"),
    Column("is_public", Boolean, nullable=False),
    _moment("created_at"),
)  # fmt: skip

shares = Table(
    "shares", tables,
    Column("study_id", String(80), ForeignKey("studies.study_id"), primary_key=True),
    Column("user_id", String(32), ForeignKey("users.user_id"), primary_key=True),
    Column("access", String(8), nullable=False),
    _one_of("access", RIGHTS),
)  # fmt: skip

audit = Table(
    "audit", tables,
    Column("audit_id", Integer, primary_key=True, autoincrement=True),
    _moment("at"),
    _user(needed=False),
    Column("action", String(64), nullable=False),
    Column("what", String(200), nullable=False),
    Column("detail", Text, nullable=False),
    Index("ix_audit_at", "at"),
)  # fmt: skip

jobs = Table(
    "jobs", tables,
    Column("job_id", String(32), primary_key=True),
    Column("study_id", String(80), nullable=False),
    Column("step", String(32), nullable=False),
    Column("options", Text, nullable=False),
    _user(needed=False),
    Column("state", String(16), nullable=False),
    Column("is_cancelled", Boolean, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("worker", String(80)),
    Column("doing", String(400), nullable=False),
    Column("done", Integer, nullable=False),
    Column("total", Integer, nullable=False),
    Column("error", Text, nullable=False),
    _moment("created_at"), _moment("started_at", needed=False), _moment("beat_at", needed=False),
    _moment("ended_at", needed=False),
    _one_of("state", JOB_STATES),
    Index("ix_jobs_state", "state"), Index("ix_jobs_study_id", "study_id"),
)  # fmt: skip

edits = Table(
    "edits", tables,
    Column("edit_id", Integer, primary_key=True, autoincrement=True),
    Column("study_id", String(80), nullable=False),
    Column("name", String(80), nullable=False),
    Column("before_hash", String(64), nullable=False),
    Column("after_hash", String(64), nullable=False),
    Column("before", Text, nullable=False),
    Column("words", String(400), nullable=False),
    Column("is_undone", Boolean, nullable=False),
    _user(needed=False),
    _moment("at"),
    Index("ix_edits_study_id", "study_id"),
)  # fmt: skip

drafts = Table(
    "drafts", tables,
    Column("draft_id", String(32), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("record_id", String(120), nullable=False),
    Column("base_hash", String(64), nullable=False),
    Column("base", Text, nullable=False),
    Column("state", String(16), nullable=False),
    _user("author_id", needed=False),
    _moment("created_at"), _moment("changed_at"),
    _one_of("state", DRAFT_STATES),
    Index("ix_drafts_state", "state"), Index("ix_drafts_kind", "kind", "record_id"),
)  # fmt: skip

draft_versions = Table(
    "draft_versions", tables,
    Column("draft_id", String(32), ForeignKey("drafts.draft_id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("content", Text, nullable=False),
    Column("words", Text, nullable=False),
    _user(needed=False),
    _moment("at"),
)  # fmt: skip

reviews = Table(
    "reviews", tables,
    Column("review_id", Integer, primary_key=True, autoincrement=True),
    Column("draft_id", String(32), ForeignKey("drafts.draft_id"), nullable=False),
    Column("version", Integer, nullable=False),
    _user("reviewer_id", needed=False),
    Column("is_accepted", Boolean, nullable=False),
    Column("criteria", Text, nullable=False),
    Column("words", Text, nullable=False),
    _moment("at"),
    UniqueConstraint("draft_id", "version"),
)  # fmt: skip


def moment(at: datetime | None = None) -> str:
    """A time as the database keeps it: UTC, to the microsecond; now unless given.

    Examples
    --------
    >>> moment(datetime(2026, 1, 2, tzinfo=UTC))
    '2026-01-02T00:00:00.000000Z'
    """
    return (at or datetime.now(UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def open_database(address: str) -> Engine:
    """The database at an address, brought up to today's tables.

    Parameters
    ----------
    address
        `sqlite:///file.sqlite`, or `postgresql+pg8000://user:password@host/name`.

    Raises
    ------
    InputError
        If the address is of another kind of database.
    SourceError
        If it cannot be reached, is damaged, or was made by a later version.
    """
    if not address.startswith(("sqlite://", "postgresql+pg8000://")):
        text_ = _("«{address}» is not a database that Headwater knows; write sqlite:///FILE or postgresql+pg8000://…")
        raise InputError(text_.format(address=address.partition("://")[0]))
    engine = create_engine(address, pool_pre_ping=True)
    if engine.dialect.name == "sqlite":
        if engine.url.database:
            path = Path(engine.url.database)
            path.parent.mkdir(parents=True, exist_ok=True)
            with suppress(OSError):  # SQLite says what is wrong
                path.touch(mode=0o600)  # it holds hashes of passwords; what SQLite puts beside it is kept alike
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    event.listen(engine, "handle_error", _say_full)
    with _reached(engine):
        migrate(engine)
    return engine


@contextmanager
def _reached(engine: Engine) -> Iterator[None]:
    try:
        yield
    except HeadwaterError:
        engine.dispose()
        raise
    except DBAPIError as error:
        engine.dispose()
        place = engine.url.render_as_string(hide_password=True)
        text_ = _("The database {place} cannot be used: {reason}")
        raise SourceError(text_.format(place=place, reason=str(error.orig).splitlines()[0])) from error


def _say_full(context: ExceptionContext) -> NoRoom | None:
    """A database whose disk is full says so in words of its own: ours instead."""
    told, engine = context.original_exception, context.engine
    if engine is None:
        return None
    if engine.dialect.name == "sqlite":
        path = Path(engine.url.database or ".")
        return no_room(path) if is_full(told) or _has_no_room_for_its_index(told, path) else None
    if POSTGRESQL_FULL in str(told):
        text_ = _("The disk of the database {place} is full. Make room on it, then do this again; nothing was changed.")
        return NoRoom(text_.format(place=engine.url.render_as_string(hide_password=True)))
    return None


def _has_no_room_for_its_index(told: BaseException, path: Path) -> bool:
    """SQLite calls it a fault of the disk when the index of its log finds no room, as when a site starts."""
    is_of_disk = getattr(told, "sqlite_errorcode", 0) & 0xFF in {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN}
    return is_of_disk and shutil.disk_usage(path.parent).free < SMALLEST_ROOM


def migrate(engine: Engine) -> None:
    """Bring the tables up to today's, in one transaction: all of it or nothing.

    Raises
    ------
    SourceError
        If a later version of Headwater made the database.
    """
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    known = ScriptDirectory.from_config(config)
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(1213686865)"))  # one server at a time migrates
        current = MigrationContext.configure(connection).get_current_revision()
        if current is not None and current not in {script.revision for script in known.walk_revisions()}:
            raise SourceError(_("The database was made by a later version of Headwater; install that version"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def rows(connection: Connection, statement: Any) -> list[dict[str, Any]]:
    """Rows of a statement as mappings."""
    return [dict(row) for row in connection.execute(statement).mappings()]


def first(connection: Connection, statement: Any) -> dict[str, Any] | None:
    """The first row of a statement as a mapping, or None."""
    row = connection.execute(statement).mappings().first()
    return dict(row) if row is not None else None


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    """Readers do not wait for a writer, a write that was acknowledged survives, references hold."""
    connection.isolation_level = None  # we begin transactions ourselves
    cursor = connection.cursor()
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", f"busy_timeout = {BUSY_MS}"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
