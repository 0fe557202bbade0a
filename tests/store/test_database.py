"""The forum's tables: made, migrated and read in every kind of database."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, create_engine, inspect, text

from headwater.errors import InputError, SourceError
from headwater.store.database import migrate, open_database, tables


def test_migrations_lead_to_the_tables_that_the_code_knows(engine: Engine) -> None:
    assert set(tables.tables) <= set(inspect(engine).get_table_names())
    with engine.begin() as connection:
        assert compare_metadata(MigrationContext.configure(connection), tables) == []


def test_migrating_again_changes_nothing(engine: Engine) -> None:
    migrate(engine)
    with engine.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM alembic_version")).scalar_one() == 1


def test_a_database_of_a_later_version_is_left_alone(engine: Engine) -> None:
    with engine.begin() as connection:
        before = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    try:
        with pytest.raises(SourceError, match="later version"):
            migrate(engine)
    finally:
        with engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = :v"), {"v": before})


def test_a_migration_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'half.sqlite'}"
    blocked = create_engine(address)
    with blocked.begin() as connection:
        connection.execute(text("CREATE TABLE users (other INTEGER)"))
    with pytest.raises(SourceError, match="users"):
        open_database(address)
    assert inspect(create_engine(address)).get_table_names() == ["users"]


def test_other_databases_and_unreachable_ones_are_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="sqlite:///FILE"):
        open_database("mysql://root:secret@localhost/x")
    (tmp_path / "x.sqlite").write_text("not a database" * 100)
    with pytest.raises(SourceError, match="cannot be used"):
        open_database(f"sqlite:///{tmp_path / 'x.sqlite'}")
    with pytest.raises(SourceError) as refused:
        open_database("postgresql+pg8000://headwater:secret@127.0.0.1:9/none")
    assert "secret" not in str(refused.value)
